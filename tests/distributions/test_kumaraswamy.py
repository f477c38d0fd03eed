"""Kumaraswamy's distribution: values that round to 0 and to 1, moments that cancel."""

import math

import numpy as np
import pytest
from exact import close
from mpmath import mp, mpf

import reparam as rp

#: Shapes of which values round to 1, or underflow, and moderate ones.
SHAPES = [(1e-6, 2.0), (2.0, 1e-2), (1e8, 1e8), (0.5, 1e8), (3.0, 2.0), (1e-2, 1e-2)]


def logarithms(u, a, b):
    """Return ln y and ln(1 − y), from ln(1 − u)."""
    t = -mp.log1p(-mpf(u)) / mpf(b)
    log = mp.log(-mp.expm1(-t)) / mpf(a)
    return log, mp.log1p(-mp.exp(log))


@pytest.mark.parametrize(("a", "b"), SHAPES)
@pytest.mark.parametrize("u", [1e-300, 1e-10, 0.5, 1.0 - 2.0**-53])
def test_views_of_values_that_round(a, b, u):
    draw = rp.Kumaraswamy(a, b).transform(u)
    with mp.workdps(2500):
        log, log_rest = logarithms(u, a, b)
        for view, exact in (("log_value", log), ("log_complement", log_rest)):
            if abs(exact) > mpf(10) ** -300:
                close(getattr(draw, view), [exact], 1e-13)


@pytest.mark.parametrize(("a", "b"), SHAPES[1:])
@pytest.mark.parametrize("view", ["log_value", "complement", "log_complement"])
def test_derivatives_of_views(a, b, view):
    draw = rp.Kumaraswamy(a, b).transform(0.3)

    def of(a, b):
        log, log_rest = logarithms(0.3, a, b)
        return {"log_value": log, "complement": mp.exp(log_rest), "log_complement": log_rest}[view]

    with mp.workdps(2_500):
        h, slopes = mpf(10) ** -800, draw.jacobian(of=view)
        a, b = mpf(a), mpf(b)
        for name, exact in (
            ("concentration1", (of(a + h, b) - of(a - h, b)) / (2 * h)),
            ("concentration0", (of(a, b + h) - of(a, b - h)) / (2 * h)),
        ):
            if abs(exact) > mpf(10) ** -300:
                close(slopes[name], [exact], 1e-13)


@pytest.mark.parametrize(
    ("a", "b"), [*SHAPES[1:], (1e8, 1e-6), (1e8, 2.0), (1e15, 3.0), (1.0, 1.0), (0.1, 40.0)]
)
def test_moments_that_cancel(a, b):
    d = rp.Kumaraswamy(a, b)
    with mp.workdps(80):
        first, second = (mpf(b) * mp.beta(1 + n / mpf(a), mpf(b)) for n in (1, 2))
        exact = second - first**2
        close(d.mean, [first], 1e-13)
        assert exact > 0
        close(d.variance, [exact], 1e-13)


@pytest.mark.parametrize(
    ("a", "b"), [(1.0 + 1e-6, 1.0 - 1e-7), (1.0 + 1e-9, 1.0), (0.7, 1.3), (1e-6, 1e-3), (1e8, 1e8)]
)
def test_entropy_next_to_the_uniform_distribution_and_far_away(a, b):
    with mp.workdps(60):
        harmonic = mp.digamma(mpf(b) + 1) + mp.euler
        exact = 1 - 1 / mpf(b) + (1 - 1 / mpf(a)) * harmonic - mp.log(mpf(a) * mpf(b))
    close(rp.Kumaraswamy(a, b).entropy, [exact], 1e-13)


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (2.0, 1.0), (1.0, 3.0), (0.5, 0.5), (2.0, 3.0)])
def test_limits_at_the_ends(a, b):
    d, near = rp.Kumaraswamy(a, b), np.array([1e-12, 1.0 - 2.0**-40])
    for function in (d.log_prob, d.stein_score):
        for end, close_by in zip(function([0.0, 1.0]), function(near), strict=True):
            if np.isfinite(end):
                assert end == pytest.approx(close_by, rel=1e-5, abs=1e-5)
            else:
                assert np.sign(end) == np.sign(close_by)
                assert abs(close_by) > 5.0
    assert np.all(np.isnan(d.log_prob(np.nan)))


def test_uniform_and_power_function_are_special_cases():
    y = np.linspace(0.05, 0.95, 10)
    np.testing.assert_allclose(rp.Kumaraswamy().cdf(y), y, rtol=1e-15)
    np.testing.assert_allclose(rp.Kumaraswamy(3.0).cdf(y), y**3, rtol=1e-14)
    np.testing.assert_allclose(rp.Kumaraswamy(1.0, 3.0).log_prob(y), rp.Beta(1.0, 3.0).log_prob(y))


def test_tails_that_underflow():
    d = rp.Kumaraswamy(1e5, 2.0)
    assert d.cdf(0.9) == 0.0
    assert d.log_cdf(0.9) == pytest.approx(math.log(2.0) + 1e5 * math.log(0.9), rel=1e-14)
    assert rp.Kumaraswamy(2.0, 1e5).log_sf(0.9) == pytest.approx(1e5 * math.log1p(-0.81), rel=1e-14)
