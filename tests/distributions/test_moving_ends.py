"""Log-uniform and triangular distributions: wide and narrow intervals, both ends, the peak."""

import math

import numpy as np
import pytest
from exact import close
from mpmath import mp, mpf

import reparam as rp

HUGE = np.finfo(np.float64).max


def test_log_uniform_whose_quotient_of_ends_overflows():
    d = rp.LogUniform(5e-324, HUGE)
    u = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    with mp.workdps(50):
        exact = [mpf(5e-324) ** (1 - mpf(x)) * mpf(HUGE) ** mpf(x) for x in u[1:-1]]
    close(d.icdf(u[1:-1]), exact, 1e-13)
    assert d.icdf(u[[0, -1]]).tolist() == [5e-324, HUGE]
    np.testing.assert_allclose(d.cdf(d.icdf(u)), u, rtol=1e-15)


@pytest.mark.parametrize("width", [1e-12, 1e-6, 0.3, 6.0, 7.0, 1e3])
def test_moments_of_log_uniforms_of_any_width(width):
    low, high = 3.0, 3.0 * (1.0 + width)
    d = rp.LogUniform(low, high)
    with mp.workdps(80):
        a, b = mpf(low), mpf(high)
        r = mp.log(b / a)
        mean = (b - a) / r
        exact = [mean, (b**2 - a**2) / (2 * r) - mean**2, mp.log(a * b) / 2 + mp.log(r)]
    close([d.mean, d.variance, d.entropy], exact, 1e-14)


def test_triangular_next_to_its_ends_and_its_peak():
    d = rp.Triangular(-1.0, 2.0, 0.0)
    draw = d.transform(1e-200)
    assert draw.value == -1.0
    assert draw.jacobian()["peak"] == pytest.approx(0.5 * math.sqrt(3e-200), rel=1e-15)
    assert d.isf(1e-200) == 2.0
    # quantiles next to a peak at 0 have digits of their own
    u = 1.0 / 3.0 + 1e-12
    with mp.workdps(50):
        exact = 2 - mp.sqrt((1 - mpf(u)) * 3 * 2)
    assert d.icdf(u) == pytest.approx(float(exact), rel=1e-4)
    below = d.pathwise(-1e-300)
    assert {k: float(v) for k, v in d.pathwise(0.0).items()} == pytest.approx(below, rel=1e-15)
    assert below == pytest.approx({"low": 1 / 3, "high": 1 / 6, "peak": 0.5}, rel=1e-15)


def test_triangular_is_symmetric():
    d, mirrored = rp.Triangular(-1.0, 3.0, 0.5), rp.Triangular(-3.0, 1.0, -0.5)
    y = np.array([-1.0 + 1e-9, -0.3, 0.5, 2.0, 3.0 - 1e-9])
    np.testing.assert_allclose(d.cdf(y), mirrored.sf(-y), rtol=1e-15)
    np.testing.assert_allclose(d.log_cdf(y), mirrored.log_sf(-y), rtol=1e-15)
    np.testing.assert_allclose(d.log_prob(y), mirrored.log_prob(-y), rtol=1e-14)
    slopes, others = d.pathwise(y), mirrored.pathwise(-y)
    for name, other in (("low", "high"), ("high", "low"), ("peak", "peak")):
        np.testing.assert_allclose(slopes[name], others[other], rtol=1e-14)


def test_triangular_whose_width_overflows():
    d = rp.Triangular(-HUGE, HUGE, 0.0)
    assert d.icdf([0.0, 0.125, 0.5, 0.875, 1.0]) == pytest.approx(
        [-HUGE, -0.5 * HUGE, 0.0, 0.5 * HUGE, HUGE], rel=1e-15
    )
    assert d.cdf(0.5 * HUGE) == 0.875
    assert d.entropy == pytest.approx(0.5 + math.log(HUGE), rel=1e-15)


def test_triangular_wants_its_parameters_in_order():
    with pytest.raises(rp.ReparamError, match=r"peak=2 is not below high=1; pass peak < high"):
        rp.Triangular(0.0, 1.0, 2.0)
    assert rp.get("triang") is rp.Triangular
    assert rp.get("loguniform") is rp.LogUniform
