"""What rounding makes of values, parameters and steps is not called wrong, and mistakes are."""

import numpy as np
import pytest

import reparam as rp
from reparam.verification.evidence.context import LEVELS, Level
from reparam.verification.numerics.calculus import beside, differentiate, integral, moved
from reparam.verification.numerics.statistics import is_summable
from reparam.verification.results import Outcome
from reparam.verification.run.checking import run_check
from reparam.verification.targets.resolving import resolve

ONE_SET = Level(1, LEVELS["default"].points, 2**16)


def check(spec, witness, **fixed):
    return run_check(resolve(spec, fixed), witness, ONE_SET, seed=5, alpha=1e-12)


@pytest.mark.parametrize(
    ("name", "fixed"),
    [
        ("gaussian", {"loc": 1e8, "scale": 1.0}),
        ("logistic", {"loc": -1e6, "scale": 1e-4}),
        ("beta", {"alpha": 0.01, "beta": 0.01}),
        ("gamma", {"alpha": 1e-3, "rate": 1.0}),
        ("inverse-gamma", {"alpha": 0.05, "scale": 5.0}),
        ("relaxed-bernoulli", {"temperature": 0.3, "logits": 0.0}),
        ("student-t", {"df": 0.3, "loc": 2.0, "scale": 0.2}),
        ("f", {"df1": 1e5, "df2": 0.01}),
        ("categorical", {"logits[0]": 28.0, "logits[1]": 0.0, "logits[2]": 0.0}),
        ("binomial", {"total": 323498, "probs": 0.133775}),
        ("poisson", {"rate": 1e9}),
    ],
)
@pytest.mark.parametrize("witness", ["identity", "score", "distribution"])
def test_rounding_is_not_wrong(name, fixed, witness):
    assert check(name, witness, **fixed).outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    ("name", "fixed"),
    [
        ("student-t", {"df": 1e4, "loc": 7.6e5, "scale": 0.01}),
        ("relaxed-bernoulli", {"temperature": 0.004, "logits": 31.0}),
    ],
)
def test_rounding_makes_no_step_function(name, fixed):
    assert check(name, "continuity", **fixed).outcome is Outcome.HOLDS


def test_values_where_numbers_end_have_their_probability():
    fixed = {"temperature": 2.0, "logits": 54.0}
    assert check("relaxed-bernoulli", "transform", **fixed).outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    ("name", "witness", "fixed"),
    [
        ("laplace", "identity", {"loc": 1e12, "scale": 1e-3}),
        ("laplace", "score", {"loc": 1e12, "scale": 1e-3}),
        ("geometric", "score", {"probs": 1e-18}),
    ],
)
def test_too_few_digits_are_inconclusive_and_why(name, witness, fixed):
    found = check(name, witness, **fixed)
    assert found.outcome is Outcome.INCONCLUSIVE
    told = [each for each in found.comparisons if each.outcome is Outcome.INCONCLUSIVE]
    assert told
    assert all(each.note for each in told)


def test_a_mean_of_scores_that_rounding_moves_is_left_to_the_other_tests():
    found = check("relaxed-bernoulli", "distribution", temperature=0.01, logits=0.0)
    assert found.outcome is Outcome.HOLDS
    told = [each.what for each in found.comparisons]
    assert not any(what.startswith("mean ∂ log p") for what in told)
    assert any(what.startswith("sup |Fₙ − F| of draws") for what in told)


class OffScore(rp.Gaussian):
    def score(self, value):
        return {name: 1.0001 * each for name, each in super().score(value).items()}


class OffDensity(rp.Gaussian):
    def log_prob(self, value):
        return super().log_prob(value) + 1e-4


class OffPath(rp.Gaussian):
    def pathwise(self, value):
        return {name: 1.0001 * each for name, each in super().pathwise(value).items()}


class OffDraws(rp.Beta):
    """Draws that underflow are lost."""

    def sample(self, shape=(), *, rng=None):
        y = super().sample(shape, rng=rng)
        return np.where(y < 1e-200, 0.0, y)


class OffTail(rp.Beta):
    def score(self, value):
        right = super().score(value)
        return {**right, "alpha": right["alpha"] + 1e-3}


@pytest.mark.parametrize(
    ("cls", "witness", "fixed"),
    [
        (OffScore, "score", {"loc": 1e8, "scale": 1.0}),
        (OffDensity, "identity", {"loc": 1e8, "scale": 1.0}),
        (OffPath, "identity", {"loc": 1e8, "scale": 1.0}),
        (OffDraws, "distribution", {"alpha": 0.01, "beta": 0.01}),
        (OffTail, "score", {"alpha": 0.01, "beta": 0.01}),
    ],
)
def test_mistakes_are_found_beside_rounding(cls, witness, fixed):
    assert check(cls, witness, **fixed).outcome is Outcome.FAILS


# Differentiation ----------------------------------------------------------------------------------


@pytest.mark.parametrize("centre", [0.0, 0.3, 1e4, 1e8, -1e12])
@pytest.mark.parametrize("first_step", [1e-2, 1.0, 1e7])
def test_errors_of_derivatives_are_honest(centre, first_step):
    x = centre + np.linspace(-3.0, 3.0, 41)
    z = x - centre
    cases = {
        "tanh": (np.tanh, 1.0 / np.cosh(z) ** 2),
        "abs": (lambda t: np.abs(t - 0.37) * t, np.sign(z - 0.37) * (2.0 * z - 0.37)),
        "level": (lambda t: 1e3 + t**2 - 1e3, 2.0 * z),
        "flat": (lambda t: 0.0 * t + 1.0, 0.0 * z),
    }
    for name, (f, exact) in cases.items():
        slope, error = differentiate(
            lambda at, f=f: f(at - centre), x, np.full(x.shape, first_step)
        )
        known = np.isfinite(error)
        assert np.all(np.abs(slope - exact)[known] <= 10.0 * error[known]), name
        if abs(centre) < 1e11:
            assert np.mean(error < 1e-6) > 0.9, name


def test_steps_beyond_all_that_a_function_does_tell_nothing():
    """At large steps |x| has a slope of 0 that agrees with itself, and no step is short enough."""
    x = np.array([1e12 + 2.0**-13])
    _, error = differentiate(lambda t: 1e3 * np.abs(t - 1e12), x, np.array([1e7]))
    assert error[0] > 100.0


def test_integrals_next_to_kinks_say_what_they_are_off():
    start, end = np.zeros(200), np.ones(200)
    kink = np.geomspace(1e-6, 0.5, 200)
    value, error = integral(lambda t: np.maximum(t, kink), start, end)
    off = np.abs(value - 0.5 * (1.0 + kink**2))
    assert np.all(off <= 10.0 * error + 1e-15)


# Neighbours ---------------------------------------------------------------------------------------


def test_numbers_beside():
    y = np.array([1.0, -1.0, 0.0, 1e-310, -1e-310, np.inf, -np.inf, 1e308])
    up, down = beside(y, np.inf), beside(y, -np.inf)
    assert np.all(up >= y)
    assert np.all(down <= y)
    assert up[0] - 1.0 == 2.0**-52
    assert 0.0 == down[3] == up[4] < up[2] == up[3] == -down[4] < 1e-290
    assert up[5] == up[7] == np.inf > down[5] == down[7] == -up[6] > 1e290


def test_numbers_beside_those_of_single_precision():
    y = np.array([1.0, 0.0, np.inf], dtype=np.float32)
    assert beside(y, np.inf)[0] == 1.0 + 2.0**-23
    assert 1e-38 < beside(y, np.inf)[1] < 1e-25
    assert 1e25 < beside(y, -np.inf)[2] < 1e38


def test_moved_by_rounding():
    y = np.array([1.0, 1e8])
    np.testing.assert_allclose(
        moved(np.sqrt, y, np.sqrt(y)), 0.5 * np.spacing(y) / np.sqrt(y), rtol=1.0
    )
    # where a function ends it has no neighbours
    assert moved(lambda t: np.where(t == 1.0, t, np.nan), y[:1], y[:1]) == 0.0


def test_what_does_not_vary_is_not_summable():
    rare = np.zeros(10_000)
    assert not is_summable(rare)
    assert not is_summable(rare + 1e-13 + 1e-29 * np.random.default_rng(0).normal(size=10_000))
    rare[:50] = 1.0
    assert not is_summable(rare)
    rare[:200] = 1.0
    assert is_summable(rare)
    assert not is_summable(np.array([1e200, -1e200]))
