"""Parameters that stand for each other: a class declares several, an instance has one."""

import inspect
import pickle

import numpy as np
import pytest

import reparam as rp
from reparam.domains import POSITIVE
from reparam.errors import UnknownParameterError


class Decay(rp.InverseCDF):
    """An exponential distribution by its rate or its mean life."""

    name = "decay"
    rate: rp.Parameter = rp.Parameter("λ", POSITIVE, 1.0, (0.1, 10.0), ("hazard",))
    life: rp.Parameter = rp.Parameter("τ", POSITIVE, 1.0, (0.1, 10.0), ("mean_life",))
    _alternatives = (("rate", "life"),)
    _support = POSITIVE

    @classmethod
    def _rate(cls, given):
        return given if cls._choice == ("rate",) else 1.0 / given

    @classmethod
    def _icdf(cls, u, given):
        return -np.log1p(-u) / cls._rate(given)

    @classmethod
    def _pathwise(cls, y, given):
        return (-y / given if cls._choice == ("rate",) else y / given,)

    @classmethod
    def _log_prob(cls, y, given):
        rate = cls._rate(given)
        return np.log(rate) - rate * y


class Slow(Decay):
    """A class of an author's, below one that has several forms."""

    name = "slow"


@pytest.mark.parametrize("cls", [Decay, Slow])
def test_an_instance_has_the_parameter_that_was_given(cls):
    by_rate, by_life = cls(2.0), cls(mean_life=[0.5, 0.25])
    assert repr(by_rate) == f"{cls.__name__}(rate=2.0)"
    assert repr(by_life) == f"{cls.__name__}(life=[0.5, 0.25])"
    assert isinstance(by_life, cls)
    assert (list(by_rate.parameters), list(by_life.parameters)) == (["rate"], ["life"])
    assert list(by_life.score(1.0)) == list(by_life.rsample(2, rng=1).jacobian()) == ["life"]
    np.testing.assert_array_equal(by_rate.icdf(0.3), by_life.icdf(0.3)[0])
    assert by_life.rsample(rng=1).jvp(life=1.0).shape == (2,)
    assert by_life.replace(life=3.0).life == 3.0
    assert repr(pickle.loads(pickle.dumps(by_life))) == repr(by_life)
    assert type(by_life)().life == 1.0


def test_the_class_knows_all_by_name_and_has_the_first():
    assert list(Decay.parameters) == ["rate"]
    assert Decay.parameters.canonical("mean_life") == "life"
    assert str(inspect.signature(Decay)) == "(rate=1.0, *, life=None)"
    assert "instead of rate" in Decay.__doc__
    assert Decay(rate=None, life=2.0)["life"] == 2.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Decay(rate=1.0, life=1.0), "Decay got rate and life, which stand for each other"),
        (lambda: Decay(1.0, life=1.0), "Decay got rate and life"),
        (lambda: Decay(life=1.0)["rate"], "Decay has no parameter 'rate'"),
        (lambda: Decay(half=1.0), r"has no parameter 'half' \(it has rate, life\)"),
    ],
)
def test_messages(make, message):
    with pytest.raises(UnknownParameterError, match=message):
        make()


def test_what_was_not_given_is_not_there():
    with pytest.raises(AttributeError, match=r"Decay\(rate=1.0\) has no life; it was made with"):
        _ = Decay().life


def test_another_one_may_take_the_place_of_the_one_that_there_is():
    """By path or alias, of trees below, too."""
    d = Decay(rate=2.0)
    assert repr(d.replace(mean_life=3.0)) == "Decay(life=3.0)"
    assert repr(d.replace(life=3.0).replace(hazard=5.0)) == "Decay(rate=5.0)"
    mixture = rp.Mixture([d, rp.Exponential()], logits=[0.0, 1.0])
    truncated = rp.Truncated(mixture, low=1.0).by_quantile()
    changed = truncated.replace({"weights": [0.5, 0.5], "base.components[0].life": 2.0})
    assert isinstance(changed, type(truncated))
    assert changed["base.weights"].tolist() == [0.5, 0.5]
    assert changed["base.components[0].life"] == 2.0
    assert changed["base.components[1].rate"] == 1.0
    with pytest.raises(UnknownParameterError, match="got rate and life, which stand for each o"):
        d.replace(rate=1.0, life=1.0)
    with pytest.raises(UnknownParameterError, match="got 'life' twice"):
        d.replace({"life": 1.0, "mean_life": 1.0})
    with pytest.raises(UnknownParameterError, match="no parameter 'life'"):
        d.rsample(2, rng=1).jvp(life=1.0)
