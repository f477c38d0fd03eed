"""The Gumbel distribution: a tail that falls doubly exponentially, and one that does not."""

import math

import numpy as np
from exact import close
from mpmath import mp, mpf

import reparam as rp
from reparam.special._accurate import LARGEST

Z = np.array([-700.0, -20.0, -1.0, 0.0, 1e-300, 1.0, 30.0, 39.9, 40.1, 700.0])


def test_quantiles_of_both_tails():
    u = np.array([1e-300, 1e-5, 0.4, 0.9, 1.0 - 1e-10, 1.0 - 2.0**-53])
    v = np.array([1e-300, 1e-17, 1e-5, 0.5])
    with mp.workdps(400):
        close(rp.Gumbel().icdf(u), [-mp.log(-mp.log(mpf(p))) for p in u])
        close(rp.Gumbel().isf(v), [-mp.log(-mp.log1p(-mpf(p))) for p in v])


def test_logarithms_of_tails_that_underflow():
    d = rp.Gumbel()
    with mp.workdps(700):
        close(d.log_cdf(Z), [-mp.exp(-mpf(z)) for z in Z], 1e-13)
        upper = Z[Z > -5.0]
        close(d.log_sf(upper), [mp.log(-mp.expm1(-mp.exp(-mpf(z)))) for z in upper])
    assert d.cdf(-10.0) == 0.0 > d.log_cdf(-10.0)
    assert d.log_sf(1e6) == -1e6


def test_an_infinite_standard_value_has_no_density():
    d = rp.Gumbel(scale=5e-324)
    assert d.log_prob([-LARGEST, LARGEST]).tolist() == [-math.inf, -math.inf]
    assert not np.any(np.isnan(d.score([-1.0, 1.0])["scale"]))


def test_moments():
    d = rp.Gumbel(1.0, 2.0)
    assert d.mean == 1.0 + 2.0 * np.euler_gamma
    assert d.entropy == math.log(2.0) + 1.0 + np.euler_gamma
    assert math.isclose(d.variance, 4.0 * math.pi**2 / 6.0, rel_tol=1e-15)


def test_largest_of_many_exponential_variables():
    y = np.linspace(-1.0, 4.0, 6)
    largest = rp.Exponential().cdf(y + math.log(1e6)) ** 1e6
    np.testing.assert_allclose(rp.Gumbel().cdf(y), largest, rtol=1e-5)
