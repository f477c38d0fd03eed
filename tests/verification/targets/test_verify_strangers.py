"""Samplers of strangers: what is right holds, and what is wrong is told for what it is."""

import numpy as np
import pytest
from strangers import RIGHT, WRONG, Names2, NoisyWrongSign, Normal

import reparam as rp
from reparam.verification.evidence.context import LEVELS, Context
from reparam.verification.results import Outcome
from reparam.verification.run.checking import run_check
from reparam.verification.targets.resolving import resolve
from reparam.verification.witnesses import NAMES
from reparam.verification.witnesses.edges import corners

pytestmark = pytest.mark.long

QUICK = LEVELS["quick"]


def checked(target, witness, seed=1):
    return run_check(target, witness, QUICK, seed=seed, alpha=1e-10)


@pytest.mark.parametrize("witness", NAMES)
@pytest.mark.parametrize("sampler", RIGHT)
def test_what_is_right_holds(sampler, witness):
    check = checked(sampler, witness)
    assert check.outcome in (Outcome.HOLDS, Outcome.SKIPPED), str(check)


@pytest.mark.parametrize(("sampler", "witness", "words"), WRONG)
def test_what_is_wrong_is_told(sampler, witness, words):
    check = checked(sampler, witness)
    assert check.outcome is Outcome.FAILS
    assert words in "\n".join([check.reason, *map(str, check.comparisons)])


def test_gradients_that_no_mean_can_judge_are_inconclusive():
    check = checked(NoisyWrongSign, "expectation")
    assert check.outcome is Outcome.INCONCLUSIVE
    assert "scatter" in check.worst.note


class WrongNames(Names2):
    def rsample(self, n, *, rng, **theta):
        values, gradients = super().rsample(n, rng=rng, **theta)
        return values, {**gradients, "y": -gradients["y"]}


def test_parameters_keep_their_names_in_findings():
    worst = checked(WrongNames, "derivative").worst
    assert worst.got == -1.0
    assert worst.what.startswith("∂y/∂y")
    assert list(worst.point) == ["y", "within", "y'"]
    assert -1.0 <= worst.point["y"] <= 1.0


class OneForAll(rp.Gamma):
    """A batch of parameters that takes the first set for all."""

    def rsample(self, shape=(), *, rng=None):
        if not self.batch_shape:
            return super().rsample(shape, rng=rng)
        first = rp.Gamma(self.alpha.flat[0], self.rate.flat[0])
        return first.rsample(self.batch_shape, rng=rng)


@pytest.mark.parametrize("witness", ["derivative", "distribution"])
def test_batches_of_unlike_parameters_are_looked_at(witness):
    check = checked(OneForAll, witness)
    assert check.outcome is Outcome.FAILS
    assert "unlike parameters" in str(check)


class LateMistake(rp.Gamma):
    """Right up to the end of the first block of random numbers."""

    def rsample(self, shape=(), *, rng=None):
        draw = super().rsample(shape, rng=rng)
        slopes = draw.jacobian()
        wrong = np.arange(draw.value.size).reshape(draw.value.shape) >= 2**16
        slopes["alpha"] = np.where(wrong, -1.0, 1.0) * slopes["alpha"]
        return type("Draw", (), {"value": draw.value, "jacobian": lambda self: slopes})()


def test_draws_of_all_blocks_are_looked_at():
    check = run_check(LateMistake, "expectation", LEVELS["default"], seed=1, alpha=1e-10)
    assert check.outcome is Outcome.FAILS


# Corners -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 13])
def test_each_parameter_is_as_often_at_either_end(count):
    def rsample(self, n, *, rng, **theta):
        raise AssertionError("no draws are needed for corners")

    names = [f"p{k}" for k in range(count)]
    thing = type(
        "Many",
        (),
        {
            "parameters": dict.fromkeys(names, (1.0, 4.0)),
            "rsample": rsample,
            "cdf": staticmethod(lambda y, **theta: y),
        },
    )
    found = list(corners(Context(resolve(thing), QUICK, 1, 1e-10)))
    assert 3 <= len(found) <= 9
    for name in names:
        values, counts = np.unique([theta[name] for theta in found], return_counts=True)
        assert values.tolist() == [1.0, 2.0, 4.0]
        assert np.ptp(counts) == 0


def test_corners_stay_in_the_domain():
    share = rp.Parameter("p", rp.domains.UNIT, 0.5, (0.1, 0.9))
    made = type("Shares", (Normal,), {"parameters": {"loc": share, "scale": (0.1, 10.0)}})
    found = list(corners(Context(resolve(made), QUICK, 1, 1e-10), 1e3))
    shares = sorted({theta["loc"] for theta in found})
    np.testing.assert_allclose(shares, [1e-4, 0.5, 1.0 - 1e-4])
