"""Log-normal, logit-normal, tanh-normal: moments, extremes and rounding, against mpmath."""

import math

import mpmath
import numpy as np
import pytest
import scipy.stats
from mpmath import mp, mpf

import reparam as rp

#: Seams of the rules (σ = 1, 4, 16, and half of these), and both ends of what they must cover.
CASES = [
    *((50.0, 1e-3), (-0.3, math.nextafter(1.0, 2.0)), (3.0, 4.0)),
    *((-50.0, 16.0), (-50.0, math.nextafter(16.0, 17.0)), (1e-9, 2.0), (0.5, 1000.0)),
]


def close(got, exact, rtol):
    assert abs(mpf(float(got)) - exact) <= rtol * abs(exact), (got, mpmath.nstr(exact, 17))


def test_moments_do_not_depend_on_neighbours():
    loc, scale = np.array([c[0] for c in CASES]), np.array([c[1] for c in CASES])
    for cls in (rp.LogitNormal, rp.TanhNormal, rp.LogNormal):
        whole = cls(loc, scale)
        for i in range(len(CASES)):
            one = cls(loc[i], scale[i])
            assert (whole.mean[i], whole.variance[i]) == (one.mean, one.variance)


@pytest.mark.parametrize(
    ("loc", "scale"),
    [(0.0, 1.0), (-1400.0, 38.0), (800.0, 1e-300), (400.0, 1e-170), (0.3, 1e-9), (5.0, 15.0)],
)
def test_variance_of_the_log_normal_neither_cancels_nor_overflows_before_it_must(loc, scale):
    with mp.workdps(400):
        m, s = mpf(loc), mpf(scale)
        exact = mpmath.expm1(s * s) * mpmath.exp(2 * m + s * s)
        forced = 2.0**-53 * (2 * abs(loc) + 4 * scale**2)
        close(rp.LogNormal(loc, scale).variance, exact, 1e-13 + 20 * forced)
    assert rp.LogNormal(0.0, 40.0).variance == np.inf


def test_log_normal_is_scipys():
    d, other = rp.LogNormal(0.4, 0.7), scipy.stats.lognorm(0.7, scale=math.exp(0.4))
    y = np.array([1e-3, 0.5, 2.0, 40.0])
    np.testing.assert_allclose(d.log_prob(y), other.logpdf(y), rtol=1e-13)
    np.testing.assert_allclose(d.entropy, other.entropy(), rtol=1e-14)


def test_far_tails_in_logarithms():
    """ln F where F is 1e-400000, of all three at the same ln y, logit y and artanh y."""
    x = -1000.0
    expected = rp.Gaussian(0.0, 0.5).log_cdf(x / 2.0)
    assert rp.LogNormal(0.0, 0.5).log_cdf(math.exp(-500.0)) == pytest.approx(expected, rel=1e-13)
    assert rp.LogitNormal(0.0, 0.5).log_cdf(math.exp(-500.0)) == pytest.approx(expected, rel=1e-13)
    y = 1.0 - 2.0**-53
    far = rp.Gaussian(0.0, 1e-3).log_sf(math.atanh(y))
    assert rp.TanhNormal(0.0, 1e-3).log_sf(y) == pytest.approx(far, rel=1e-12)
    assert far < -1e8


def test_squashed_draws_keep_their_digits():
    """Policies whose actions round to ±1: derivatives, 1 − y and its logarithm are those of x."""
    draw = rp.TanhNormal(loc=25.0, scale=2.0).transform([-1.0, 0.5, 4.0])
    assert np.all(draw.value == 1.0)
    x = np.array([23.0, 26.0, 33.0])
    np.testing.assert_allclose(draw.complement, 2.0 * np.exp(-2.0 * x), rtol=1e-13)
    np.testing.assert_allclose(draw.log_complement, math.log(2.0) - 2.0 * x, rtol=1e-14)
    np.testing.assert_allclose(draw.jacobian()["loc"], 4.0 * np.exp(-2.0 * x), rtol=1e-13)
    np.testing.assert_allclose(draw.jacobian(of="log_complement")["loc"], -2.0)


def test_derivatives_of_overflowing_draws_are_those_of_the_logarithm():
    draw = rp.LogNormal(loc=800.0, scale=2.0).transform([1.0])
    assert draw.value == np.inf
    assert (draw.log_value, draw.jacobian(of="log_value")["scale"]) == (802.0, 1.0)


def test_names_and_messages():
    assert rp.get("lognormal") is rp.get("lognorm") is rp.LogNormal
    assert rp.get("squashed_normal") is rp.TanhNormal
    assert repr(rp.LogitNormal(1.0)) == "LogitNormal(loc=1.0, scale=1.0)"
    with pytest.raises(rp.ReparamError, match="scale=-1 is not in"):
        rp.TanhNormal(scale=-1.0)


def test_they_are_the_compositions():
    for d, base in (
        (rp.LogNormal(0.3, 0.8), rp.exp(rp.Gaussian(0.3, 0.8))),
        (rp.LogitNormal(0.3, 0.8), rp.transformed(rp.Gaussian(0.3, 0.8), "sigmoid")),
        (rp.TanhNormal(0.3, 0.8), rp.transformed(rp.Gaussian(0.3, 0.8), "tanh")),
    ):
        one, other = d.rsample(100, rng=1), base.rsample(100, rng=1)
        np.testing.assert_array_equal(one.value, other.value)
        for name, entry in one.jacobian().items():
            np.testing.assert_array_equal(entry, other.jacobian()[f"base.{name}"])
        np.testing.assert_array_equal(d.log_prob(one.value), base.log_prob(one.value))
