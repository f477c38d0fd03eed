"""The Weibull distribution: shapes so small that values overflow, so large that they coincide."""

import math

import numpy as np
import pytest
from exact import close
from mpmath import mp, mpf

import reparam as rp

SHAPES = np.array([0.004, 0.02, 0.5, 1.0, 1.0 + 2.0**-40, 3.0, 1e4, 1e8, 1e12, 1e200])


def test_variance_of_large_shapes_does_not_cancel():
    with mp.workdps(500):
        s = [1 / mpf(k) for k in SHAPES]
        exact = [mp.gamma(1 + 2 * x) - mp.gamma(1 + x) ** 2 for x in s]
        mean = [mp.gamma(1 + x) for x in s]
    where = np.array([mpf(10) ** -300 < value < mpf(10) ** 300 for value in exact])
    d = rp.Weibull(1.0, SHAPES[where])
    close(d.variance, [value for value, here in zip(exact, where, strict=True) if here], 1e-12)
    d = rp.Weibull(1.0, SHAPES[1:])
    close(d.mean, mean[1:], 1e-12)


def test_variance_of_large_scales_and_shapes():
    assert rp.Weibull(1e200, 1e200).variance == pytest.approx(math.pi**2 / 6.0, rel=1e-15)


def test_moments_that_overflow():
    assert rp.Weibull(1.0, 1e-3).mean == np.inf
    with mp.workdps(50):
        exact = mpf("1e-300") * mp.gamma(1 + 1 / mpf(0.004))
    assert rp.Weibull(1e-300, 0.004).mean == pytest.approx(float(exact), rel=1e-12)


def test_logarithms_of_values_that_over_and_underflow():
    draw = rp.Weibull(2.0, 1e-6).transform([1e-10, 1.0 - 1e-10])
    assert draw.value.tolist() == [0.0, np.inf]
    with mp.workdps(50):
        noise = [mpf(1e-10), mpf(1.0 - 1e-10)]
        exact = [mp.log(2) + mp.log(-mp.log1p(-u)) / mpf(1e-6) for u in noise]
        slopes = [-mp.log(-mp.log1p(-u)) / mpf(1e-6) ** 2 for u in noise]
    close(draw.log_value, exact)
    close(draw.jacobian(of="log_value")["concentration"], slopes)
    assert draw.jacobian()["concentration"][0] == 0.0


@pytest.mark.parametrize(
    ("concentration", "log_prob", "slope"),
    [(0.5, np.inf, -np.inf), (1.0, -math.log(2.0), -0.5), (1.5, -np.inf, np.inf)],
)
def test_limits_at_zero(concentration, log_prob, slope):
    d = rp.Weibull(2.0, concentration)
    assert d.log_prob(0.0) == pytest.approx(log_prob, rel=1e-15)
    assert d.stein_score(0.0) == slope
    assert d.log_prob(np.inf) == -np.inf
    assert d.pathwise(0.0) == {"scale": 0.0, "concentration": 0.0}


def test_tails_that_underflow():
    d = rp.Weibull(1.0, 3.0)
    assert d.log_sf(1e100) == pytest.approx(-1e300, rel=1e-13)
    assert d.log_cdf(1e-100) == pytest.approx(-300.0 * math.log(10.0), rel=1e-15)
    assert d.stein_score(1e110) == pytest.approx(-3e220, rel=1e-12)


def test_exponential_is_a_special_case():
    y = np.linspace(0.0, 9.0, 10)
    d, exponential = rp.Weibull(0.5), rp.Exponential(2.0)
    np.testing.assert_allclose(d.log_prob(y), exponential.log_prob(y), rtol=1e-14)
    np.testing.assert_allclose(d.sf(y), exponential.sf(y), rtol=1e-14)
    assert (d.mean, d.variance) == (0.5, pytest.approx(0.25, rel=1e-15))


def test_names_of_other_libraries():
    assert rp.get("weibull_min") is rp.Weibull
    assert repr(rp.Weibull(lam=2.0, c=3.0)) == "Weibull(scale=2.0, concentration=3.0)"
