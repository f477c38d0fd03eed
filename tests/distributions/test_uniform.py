"""The uniform distribution: ends that move with the parameters."""

import math

import mpmath
import numpy as np
import pytest

import reparam as rp
from reparam.errors import EstimatorError, ParameterError, UnknownParameterError
from reparam.estimators import estimate
from reparam.special._accurate import LARGEST
from reparam.verification.evidence.context import LEVELS
from reparam.verification.results import Outcome
from reparam.verification.run.checking import run_check


def test_names_of_other_libraries():
    assert repr(rp.Uniform(loc=-1.0)) == repr(rp.Uniform(a=-1.0)) == "Uniform(low=-1.0, high=1.0)"
    with pytest.raises(UnknownParameterError, match=r"pass high=low \+ scale"):
        rp.Uniform(loc=1.0, scale=2.0)


def test_ends_in_the_wrong_order_are_an_error_that_names_both():
    with pytest.raises(ParameterError, match=r"low=2 is not below high=1; pass low < high"):
        rp.Uniform(2.0, 1.0)
    with pytest.raises(ParameterError, match=r"low\[1\]=1 is not below high\[1\]=1"):
        rp.Uniform([0.0, 1.0], 1.0)


def test_draws_and_derivatives_are_those_of_the_line_between_the_ends():
    draw = rp.Uniform(-1.0, 3.0).transform([0.25, 0.5, 1.0 - 2.0**-53])
    assert draw.value.tolist() == [0.0, 1.0, np.nextafter(3.0, 0.0)]
    assert draw.jacobian()["low"].tolist() == [0.75, 0.5, 2.0**-53]
    assert draw.jacobian()["high"].tolist() == [0.25, 0.5, 1.0 - 2.0**-53]


@pytest.mark.parametrize(
    ("low", "high"),
    [(-1.0, 3.0), (1e8, 1e8 + 1e-6), (-1e-300, 5e-324), (1.0, 1.0 + 2.0**-52), (-1e16, 3.0)],
)
def test_quantiles_are_the_exact_ones_rounded_like_the_ends(low, high):
    d = rp.Uniform(low, high)
    u = np.array([2.0**-54, 1e-10, 0.3, 0.5, 0.7, 1.0 - 2.0**-53])
    unit = np.maximum(np.spacing(max(abs(low), abs(high))), 5e-324)
    with mpmath.workdps(60):
        a, b = mpmath.mpf(low), mpmath.mpf(high)
        for p in u:
            exact = a + (b - a) * mpmath.mpf(float(p))
            assert abs(d.icdf(p) - exact) <= unit
            assert abs(d.isf(p) - (b - (b - a) * mpmath.mpf(float(p)))) <= unit
    assert np.all((d.icdf(u) >= low) & (d.icdf(u) <= high))


def test_derivatives_of_draws_keep_digits_that_values_lose():
    draw = rp.Uniform(1e8, 1e8 + 1e-6).rsample(1000, rng=1)
    np.testing.assert_array_equal(draw.jacobian()["high"], draw.noise)
    assert len(np.unique(draw.value)) < 100


def test_widths_that_overflow():
    d = rp.Uniform(-LARGEST, LARGEST)
    assert d.icdf([0.0, 0.5, 1.0]).tolist() == [-LARGEST, 0.0, LARGEST]
    assert d.cdf([-LARGEST, 0.0, LARGEST]).tolist() == [0.0, 0.5, 1.0]
    assert d.sf(0.5 * LARGEST) == 0.25
    assert d.mean == 0.0
    assert d.entropy == pytest.approx(math.log(2.0) + math.log(LARGEST), rel=1e-15)
    assert d.log_prob(0.0) == -d.entropy
    assert all(np.all(np.isfinite(entry)) for entry in d.rsample(9, rng=1).jacobian().values())


def test_moving_ends_are_declared():
    assert rp.Uniform().moving == ("low", "high")
    assert rp.Exponential().moving == rp.Categorical().moving == rp.Binomial().moving == ()


def test_a_wrong_score_is_caught_though_its_expectation_is_not_0():
    class Wrong(rp.Uniform):
        name = "wrong"

        @staticmethod
        def _score(y, low, high):
            slope = 0.0 * y + (1.0 + 1e-5) / (high - low)
            return slope, -slope

    check = run_check(Wrong, "score", LEVELS["default"], seed=1, alpha=1e-9)
    assert check.outcome is Outcome.FAILS


# Kullback-Leibler divergences


def numerical(p, q, **moved):
    """Return KL(p‖q) for other parameters of p by the midpoint rule."""
    p = p.replace(moved)
    y = p.icdf((np.arange(200_001) + 0.5) / 200_001)
    return np.mean(p.log_prob(y) - q.log_prob(y))


def differences(p, q, h=1e-5):
    return {
        name: (numerical(p, q, **{name: p[name] + h}) - numerical(p, q, **{name: p[name] - h}))
        / (2.0 * h)
        for name in p.parameters
    }


def test_kl_of_uniforms():
    found = rp.kl(rp.Uniform(0.0, 1.0), rp.Uniform([-1.0, 0.5], 2.0))
    assert found.value.tolist() == [pytest.approx(math.log(3.0), rel=1e-15), np.inf]
    assert found.gradient_p["low"][0] == 1.0
    assert found.gradient_p["high"][0] == -1.0
    assert found.gradient_q["low"][0] == pytest.approx(-1.0 / 3.0)
    assert found.gradient_q["high"][0] == pytest.approx(1.0 / 3.0)
    assert np.isnan(found.gradient_p["low"][1])


def test_kl_of_uniforms_that_are_almost_the_same():
    near = rp.kl(rp.Uniform(0.0, 1.0), rp.Uniform(0.0, 1.0 + 2.0**-52))
    assert near.value == pytest.approx(2.0**-52, rel=1e-15)
    assert rp.kl(rp.Uniform(0.0, 1.0), rp.Uniform(-LARGEST, LARGEST)).value == pytest.approx(
        math.log(2.0) + math.log(LARGEST)
    )


def test_kl_from_a_gaussian_is_a_closed_form():
    p, q = rp.Uniform(-0.5, 1.5), rp.Gaussian(0.3, 0.7)
    found = rp.kl(p, q)
    assert found.method == "closed form"
    assert found.value == pytest.approx(numerical(p, q), rel=1e-9)
    for name, slope in differences(p, q).items():
        assert found.gradient_p[name] == pytest.approx(slope, rel=1e-7)
    h = 1e-6
    for name in q.parameters:
        moved = [rp.kl(p, q.replace({name: q[name] + k * h})).value for k in (1, -1)]
        assert found.gradient_q[name] == pytest.approx((moved[0] - moved[1]) / (2 * h), rel=1e-8)


@pytest.mark.parametrize(
    "q", [rp.Logistic(0.3, 0.7), rp.Weibull(1.5, 2.0), rp.StudentT(3.0)], ids=repr
)
def test_estimated_gradients_see_what_goes_through_the_ends(q):
    p = rp.Uniform(0.2, 1.5)
    found = rp.kl(p, q, rng=1)
    assert found.method == "Monte Carlo"
    for name, slope in differences(p, q).items():
        assert found.gradient_p[name] == pytest.approx(
            slope, abs=5.0 * found.standard_error.gradient_p[name]
        )


# Estimators


#: E[φ] for y ~ Uniform(−1, 2).
EXPECTED = {
    "y**2": 1.0,
    "exp(y)": (math.exp(2.0) - math.exp(-1.0)) / 3.0,
    "where(y > 0.5, y, 0)": 0.625,
}


@pytest.mark.parametrize("objective", EXPECTED)
def test_exact_derivatives_include_what_goes_through_the_ends(objective):
    found = estimate(rp.Uniform(-1.0, 2.0), objective, 1000, rng=1)
    at = rp.Expression(objective)
    mean, first, last = EXPECTED[objective], at.value({"y": -1.0}), at.value({"y": 2.0})
    for name, exact in (("low", (mean - first) / 3.0), ("high", (last - mean) / 3.0)):
        assert found["measure-valued", name].exact == pytest.approx(exact, rel=1e-12, abs=1e-14)


def test_estimators_by_the_score_say_why_they_are_left_out():
    found = estimate(rp.Uniform(), "y**2", 1000, estimators="all", rng=1)
    for name in ("score", "score-loo", "score-optimal", "score-average"):
        assert "low, high of uniform move an endpoint of the support" in found.left_out[name]
    with pytest.raises(EstimatorError, match="use pathwise"):
        estimate(rp.Uniform(), "y**2", 1000, estimators="score")


def test_measure_valued_derivative_of_an_objective_that_jumps():
    found = estimate(rp.Uniform(), "where(y > 0.3, 1, 0)", 100_000, rng=1)
    for name, exact in (("low", 0.7), ("high", 0.3)):
        row = found["measure-valued", name]
        assert row.exact == pytest.approx(exact, abs=1e-12)
        assert row.value == pytest.approx(exact, abs=5.0 * row.standard_error)
        assert found["pathwise", name].biased
        assert math.isnan(row.variance_ratio)


def test_gradients_of_a_graph_see_both_ends():
    graph = rp.Graph("z ~ uniform(low=a, high=a + w)\nloss = z**2")
    found = graph.at(a=-0.5, w=1.5).expectation(100_000, rng=1)
    for name, exact in (("a", 0.5), ("w", 0.5)):
        error = found.standard_error.gradient[name]
        assert found.gradient[name] == pytest.approx(exact, abs=5.0 * error)
