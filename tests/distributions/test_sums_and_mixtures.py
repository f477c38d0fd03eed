"""The exponentially modified Gaussian and the horseshoe: tails by other routes, limits, seams."""

import numpy as np
import pytest
from mpmath import mp, mpf

import reparam as rp

#: Rates of the exponential part beside a standard normal one.
RATES = [1e-5, 0.3, 2.0 - 1e-15, 7.0, 1e6]


def modified(x, k, upper):
    """A tail by the textbook's difference, in digits that survive it."""
    x, k = mpf(x), mpf(k)
    part = mp.exp(k * k / 2 - k * x) * mp.erfc((k - x) / mp.sqrt(2)) / 2
    own = mp.erfc((x if upper else -x) / mp.sqrt(2)) / 2
    return own + part if upper else own - part


@pytest.mark.parametrize("k", RATES)
def test_tails_of_a_modified_gaussian(k):
    d = rp.ExGaussian(rate=k)
    x = np.array([-20.0, -1.0, -1e-9, 0.0, 1e-9, 1.0, np.nextafter(1.0, 2.0), 3.0, 20.0])
    x = np.concatenate([x, np.nextafter(0.5 * k, [-np.inf, np.inf]), [0.1 / k, 5.0 / k]])
    x = x[x < 1e3]  # further out rounding of k − x moves the tail
    with mp.workdps(250):
        for upper, tail, log in ((0, d.cdf, d.log_cdf), (1, d.sf, d.log_sf)):
            exact = [modified(at, k, upper) for at in x.tolist()]
            np.testing.assert_allclose(tail(x), np.float64(exact), rtol=2e-13)
            logs = np.float64([mp.log(each) for each in exact])
            np.testing.assert_allclose(log(x), logs, rtol=2e-13)


def test_a_modified_gaussian_is_nearly_either_part():
    u = np.array([1e-5, 0.3, 0.9])
    np.testing.assert_allclose(rp.ExGaussian(rate=1e12).icdf(u), rp.Gaussian().icdf(u), rtol=1e-11)
    steep = rp.ExGaussian(scale=1e-300, rate=2.0)
    np.testing.assert_allclose(steep.icdf(u), rp.Exponential(rate=2.0).icdf(u), rtol=1e-14)
    np.testing.assert_allclose(steep.entropy, rp.Exponential(rate=2.0).entropy, rtol=1e-12)


def test_tails_of_the_horseshoe_are_those_of_the_mixture():
    """P(|Y| > y) = (2/π) ∫ erfc(at)/(1 + t²) dt with a = y/√2, on both sides of a = 1."""
    y = np.sqrt(2.0) * np.array([1e-3, 0.3, 1.0 - 1e-15, 1.0 + 1e-15, 2.0, 40.0])
    with mp.workdps(25):
        exact = []
        for a in (mpf(at) / mp.sqrt(2) for at in y.tolist()):
            edges = [0, *(mpf(4) ** j for j in range(-4, 8) if mpf(4) ** j < 8 / a), 8 / a]
            exact.append(mp.quad(lambda t, a=a: mp.erfc(a * t) / (1 + t * t), edges) / mp.pi)
    np.testing.assert_allclose(rp.Horseshoe().sf(y), np.float64(exact), rtol=1e-14)
    np.testing.assert_allclose(rp.Horseshoe().isf(np.float64(exact)), y, rtol=1e-13)
