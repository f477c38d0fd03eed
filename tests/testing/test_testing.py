"""The conformance suite notices what is wrong, and says what, where and by how much."""

import re

import numpy as np
import pytest

import reparam as rp
from reparam import testing
from reparam.base.distribution import View
from reparam.base.draw import Draw
from reparam.domains import POSITIVE
from reparam.parameters import Parameter
from reparam.verification.witnesses import DEFAULTS

PROPERTIES = {prop.__name__: prop for prop in testing.PROPERTIES}


def broken(base, **formulas):
    """Return a distribution with some of its formulas replaced."""
    static = {
        name: staticmethod(formula) if callable(formula) else formula
        for name, formula in formulas.items()
    }
    return type(f"Broken{base.__name__}", (base,), static)


def without(base, name):
    about = base.about
    return rp.About(**{**vars(about), name: ""})


def dependent(u, rate):
    """A quantile that looks at its neighbours."""
    return -np.log1p(-u) / rate * (1.0 + 1e-14 * np.size(u))


def constant(z, u, *theta):
    """A sampler that draws the same for all seeds and all parameters."""
    return np.full(z.size, 0.5), np.full(z.size, np.log(0.5))


def neighbourly(z, u, alpha, rate):
    """A sampler whose draws depend on the other draws' parameters."""
    return rp.Gamma._sampler(z, u, np.mean(alpha), rate)


def rounded(self, sums):
    """Return sums that have lost their digits."""
    return {name: np.float32(each) for name, each in rp.Beta._from_sums(self, sums).items()}


CASES = {
    "declares_itself": [
        broken(rp.Laplace, name="Laplace"),
        broken(rp.Laplace, about=without(rp.Laplace, "source")),
        broken(rp.Laplace, about=without(rp.Laplace, "derivatives")),
        broken(rp.Laplace, scale=Parameter("b", POSITIVE, -1.0, (0.1, 10.0), (), "Scale")),
        broken(rp.Laplace, scale=Parameter("b", POSITIVE, 1.0, (0.0, 10.0), (), "Scale")),
        broken(rp.Laplace, scale=Parameter("b", POSITIVE, 1.0, (0.1, 10.0), ("mu",), "Scale")),
        broken(rp.Laplace, scale=Parameter("b", POSITIVE, 1.0, (0.1, 10.0))),
    ],
    "draws_replay": [
        broken(rp.StudentT, _standard_cdf=lambda z, df: rp.StudentT._standard_cdf(1.00001 * z, df)),
        broken(rp.Exponential, _transform=lambda u, rate: (-np.log1p(-u) / rate + np.size(u),)),
    ],
    "draws_hold_still": [broken(rp.Gamma, _sampler=neighbourly)],
    "draws_repeat": [broken(rp.Gamma, _sampler=constant)],
    "lies_in_support": [
        broken(rp.Exponential, _icdf=lambda u, rate: np.log(u) / rate),
        broken(rp.Exponential, _icdf=lambda u, rate: 1e-300 - np.log1p(-u) / rate),
    ],
    "products_agree": [type("BrokenBeta", (rp.Beta,), {"_from_sums": rounded})],
    "passes_transform": [
        broken(rp.Exponential, _sf=lambda y, rate: np.exp(-rate * y) * (1.0 + 1e-9)),
        broken(rp.Exponential, _icdf=lambda u, rate: -np.log(1.0 - u) / rate),
        broken(rp.Exponential, _cdf=lambda y, rate: 1.0 - np.exp(-rate * y)),
        type(
            "BrokenExponential",
            (rp.Exponential,),
            {"isf": lambda self, v: rp.Exponential.isf(self, v) * (1.0 + 1e-12)},
        ),
    ],
    "passes_derivative": [
        broken(rp.Exponential, _pathwise=lambda y, rate: (-y / rate * 1.0001,)),
        broken(
            rp.Beta,
            _views={"log_value": View("_log_value", "_log_complement_jacobian")},
        ),
    ],
    "passes_identity": [
        broken(rp.Exponential, _sf=lambda y, rate: 1.0 + np.expm1(-rate * y)),
        broken(rp.Laplace, _standard_sf=lambda z: 1.0 - rp.Laplace._standard_cdf(z)),
        broken(rp.Beta, _pathwise=lambda y, alpha, beta: (y / alpha, -y / beta)),
        broken(rp.Exponential, _pathwise=lambda y, rate: (-y / rate * 1.0001,)),
        broken(rp.StudentT, _standard_pathwise=lambda z, df: (-z / df,)),
        broken(rp.Laplace, _standard_log_prob=lambda z: -np.abs(z)),
        broken(rp.Exponential, _log_prob=lambda y, rate: np.log(rate) - rate * y + 1e-4),
    ],
    "passes_score": [
        broken(rp.Exponential, _score=lambda y, rate: (1.0 / rate + y,)),
        broken(rp.Laplace, _standard_score=lambda z: (np.sign(z),)),
    ],
    "passes_distribution": [
        broken(rp.Exponential, _cdf=lambda y, rate: -np.expm1(-1.1 * rate * y)),
        broken(rp.Gamma, _sampler=constant),
    ],
    "passes_expectation": [
        broken(rp.Exponential, _pathwise=lambda y, rate: (-y / rate * 1.01,)),
    ],
    "passes_edges": [
        broken(
            rp.Exponential,
            _log_prob=lambda y, rate: np.where(rate * y < 30.0, np.log(rate) - rate * y, np.nan),
        ),
        broken(rp.Exponential, _pathwise=lambda y, rate: (np.where(y < 1e-9, 0.0, -y / rate),)),
    ],
    "passes_continuity": [
        broken(rp.Exponential, _icdf=lambda u, rate: -np.log1p(-u) / np.round(rate, 1)),
        broken(rp.Exponential, _icdf=lambda u, rate: -np.log1p(-u) / rate + (rate > 1.05)),
    ],
    "elements_are_independent": [broken(rp.Exponential, _icdf=dependent)],
    "passes_moments": [
        broken(rp.Exponential, _mean=lambda rate: 1.0 / rate + 1e-5),
        broken(rp.Exponential, _variance=lambda rate: 1.0 / rate**2 * (1.0 + 1e-5)),
        broken(rp.Exponential, _entropy=lambda rate: 1.0 + np.log(rate)),
    ],
}


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        pytest.param(name, cls, id=f"{name}-{number}")
        for name, classes in CASES.items()
        for number, cls in enumerate(classes)
    ],
)
def test_property_notices(name, cls):
    with pytest.raises(AssertionError, match=f"^{cls.name}: "):
        PROPERTIES[name](cls)


def test_products_of_derived_quantities_are_looked_at(monkeypatch):
    def doubled(draw, upstream, of="value", *, vjp=Draw.vjp):
        return vjp(draw, upstream if of == "value" else 2.0 * upstream, of)

    monkeypatch.setattr(Draw, "vjp", doubled)
    with pytest.raises(AssertionError, match=r"^beta: the vjp of log_value in alpha at .*: got"):
        PROPERTIES["products_agree"](rp.Beta)


def test_failure_says_which_distribution_where_and_by_how_much():
    cls = broken(rp.Exponential, _mean=lambda rate: 1.0 / rate + 1e-5)
    with pytest.raises(AssertionError) as caught:
        PROPERTIES["passes_moments"](cls)
    assert re.fullmatch(
        r"exponential: moments: mean at rate=\S+: got 0\.\d+, expected 0\.\d+ \(4\.\d digits\)",
        str(caught.value),
    )


def test_failure_names_the_worst_point():
    cls = broken(rp.Exponential, _pathwise=lambda y, rate: (-y / rate + (rate > 2.0),))
    with pytest.raises(AssertionError, match=r"∂y/∂rate at rate=[2-9]\.\d+, z=.*: got"):
        PROPERTIES["passes_derivative"](cls)


def test_typical_parameters_are_the_defaults_and_then_more():
    d = testing.typical(rp.Gamma, 5)
    assert d.batch_shape == (5,)
    assert (d.alpha[0], d.rate[0]) == (1.0, 1.0)
    for name, parameter in rp.Gamma.parameters.items():
        low, high = parameter.typical
        assert np.all((getattr(d, name) >= low) & (getattr(d, name) <= high))
    np.testing.assert_array_equal(d.alpha, testing.typical(rp.Gamma, 5).alpha)
    assert np.all(d.alpha[1:] != testing.typical(rp.Gamma, 5, seed=1).alpha[1:])


def test_properties_are_the_contract_and_the_witnesses():
    assert [name for name in PROPERTIES if name.startswith("passes_")] == [
        f"passes_{witness}" for witness in DEFAULTS
    ]
    assert PROPERTIES["passes_score"].__doc__.startswith("Compare ∂ log p/∂θ against")


class Shrunk:
    """A Laplace sampler with gradients that are too small."""

    distribution = "laplace"

    def rsample(self, n, *, rng, loc, scale):
        z = rng.laplace(size=n)
        return loc + scale * z, {"loc": np.ones(n), "scale": 0.9 * z}


def test_check_says_what_is_wrong():
    testing.check(Shrunk(), level="quick", witnesses=["distribution"])
    with pytest.raises(AssertionError) as caught:
        testing.check(Shrunk(), level="quick", witnesses=["distribution", "derivative"], loc=2.0)
    *sentences, asked = str(caught.value).splitlines()
    assert asked == "level quick, seed 0"
    for sentence in sentences:
        assert re.match(r"Shrunk: derivative: ∂y/∂scale.* at loc=2, scale=.*: got", sentence)


def test_check_needs_something_to_look_at():
    with pytest.raises(AssertionError, match=r"^nothing was compared\n.*: score: it has no score"):
        testing.check(Shrunk(), level="quick", witnesses=["score"])


def test_check_passes_what_holds():
    testing.check("laplace", level="quick", witnesses=["derivative", "identity"], seed=5)
    testing.check(rp.Gamma(2.0, 3.0), level="quick", witnesses="transform")


class RaisesLater:
    """∂y/∂scale of given noise has the wrong sign, and there are no draws at all."""

    distribution, noise = "gaussian", "normal"

    def transform(self, z, loc, scale):
        return loc + scale * z, {"loc": 1.0, "scale": -z}

    def rsample(self, n, **_):
        raise RuntimeError("no draws today")


def test_check_tells_what_was_found_and_what_was_raised_then():
    with pytest.raises(AssertionError) as caught:
        testing.check(RaisesLater(), level="quick", witnesses="derivative")
    first, second, *_ = str(caught.value).splitlines()
    assert "RaisesLater: derivative: it raised RuntimeError: no draws today" in first
    assert "∂y/∂scale at loc=0" in second


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"level": "deep"}, "no level is called 'deep'"),
        ({"witnesses": ["scores"]}, "no witness is called 'scores'; did you mean 'score'"),
        ({"witnesses": "scores"}, "no witness is called 'scores'; did you mean 'score'"),
        ({"witnesses": []}, "no witness is left to ask"),
        ({"seed": -1}, "seed -1 is not a non-negative integer"),
        ({"rtol": 2.0}, "rtol 2.0 is not a number between 0 and 1"),
        ({"rate": 2.0}, "no parameter 'rate'"),
    ],
)
def test_check_refuses_what_makes_no_sense(options, error):
    with pytest.raises(rp.ReparamError, match=error):
        testing.check("laplace", **options)
