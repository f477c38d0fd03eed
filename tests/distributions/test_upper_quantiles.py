"""Quantiles of the upper tail, where 1 − v has no digits left."""

import math
from functools import partial

import mpmath
import numpy as np
import pytest

import reparam as rp

#: Tail probabilities, from all but 1 to all but the smallest number.
TAILS = np.array([1.0 - 2.0**-53, 0.99, 0.5, 0.3, 1e-3, 1e-17, 1e-60, 1e-300])


def excess(upper_tail, v, y):
    return upper_tail(y) / mpmath.mpf(v) - 1


def against(upper_tail, d, v, rtol):
    """Compare isf with the root of the upper tail at 50 digits, found from what isf gives."""
    with mpmath.workdps(50):
        for tail in v:
            y = d.isf(tail)
            root = mpmath.findroot(partial(excess, upper_tail, float(tail)), mpmath.mpf(float(y)))
            assert abs(y / root - 1) < rtol, (d, tail, y, root)


def test_gaussian():
    d = rp.Gaussian(loc=0.0, scale=3.0)
    against(lambda t: mpmath.ncdf(-t / 3), d, TAILS[TAILS != 0.5], 1e-15)


def test_exponential_and_logistic():
    against(lambda t: mpmath.exp(-2 * t), rp.Exponential(2.0), TAILS, 4e-16)
    against(lambda t: 1 / (1 + mpmath.exp(t)), rp.Logistic(), TAILS[TAILS != 0.5], 4e-16)


@pytest.mark.parametrize("alpha", [0.3, 2.5, 40.0])
def test_gamma(alpha):
    def upper(t):
        return mpmath.gammainc(alpha, t, mpmath.inf, regularized=True)

    against(upper, rp.Gamma(alpha, 1.0), TAILS[1:], 2e-15)


def test_inverse_gamma_and_chi():
    for v in TAILS:
        assert rp.InverseGamma(2.5).isf(v) == pytest.approx(1.0 / rp.Gamma(2.5).icdf(v), rel=4e-16)
        squared = rp.ChiSquare(7.0).isf(v)
        assert rp.Chi(7.0).isf(v) == pytest.approx(math.sqrt(squared), rel=4e-16)


@pytest.mark.parametrize(("alpha", "beta"), [(0.4, 0.7), (3.0, 2.0), (50.0, 200.0)])
def test_mirrored_beta(alpha, beta):
    v = TAILS[:-2]  # below, odds of 1e-400 underflow
    lower = rp.Beta(beta, alpha).transform(v[1:]).complement
    np.testing.assert_allclose(rp.Beta(alpha, beta).isf(v[1:]), lower, rtol=1e-15)
    f, mirrored = rp.F(alpha, beta).isf(v), rp.F(beta, alpha).icdf(v)
    np.testing.assert_allclose(f, 1.0 / mirrored, rtol=1e-14)
    prime, other = rp.BetaPrime(alpha, beta).isf(v), rp.BetaPrime(beta, alpha).icdf(v)
    np.testing.assert_allclose(prime, 1.0 / other, rtol=1e-14)


@pytest.mark.parametrize(
    "d", [rp.Gaussian(), rp.Laplace(), rp.Logistic(), rp.StudentT(2.5)], ids=repr
)
def test_symmetric_laws_mirror_the_lower_tail(d):
    np.testing.assert_array_equal(d.isf(TAILS), -d.icdf(TAILS))


def test_relaxed_bernoulli():
    d, mirrored = rp.RelaxedBernoulli(0.7, 1.5), rp.RelaxedBernoulli(0.7, -1.5)
    lower = mirrored.transform(TAILS[1:]).complement
    np.testing.assert_allclose(d.isf(TAILS[1:]), lower, rtol=1e-15)


class Gumbel(rp.LocationScale):
    """A location-scale law that is not symmetric, and has no formula for the upper quantile."""

    name = "gumbel-of-tests"
    loc = rp.Parameter("μ", rp.Interval(-math.inf, math.inf), 0.0, (-3.0, 3.0))
    scale = rp.Parameter("β", rp.Interval(0.0, math.inf), 1.0, (0.1, 10.0))
    about = rp.About(density="")
    _standard_icdf = staticmethod(lambda u: -np.log(-np.log(u)))
    _standard_cdf = staticmethod(lambda z: np.exp(-np.exp(-z)))
    _standard_sf = staticmethod(lambda z: -np.expm1(-np.exp(-z)))
    _standard_log_prob = staticmethod(lambda z: -z - np.exp(-z))
    _standard_score = staticmethod(lambda z: (np.expm1(-z),))
    _standard_moments = staticmethod(lambda: (np.euler_gamma, math.pi**2 / 6.0, 1.0))


def test_law_that_is_not_symmetric_is_inverted_numerically():
    v = np.array([0.9, 0.5, 1e-3, 1e-20, 1e-100])
    np.testing.assert_allclose(
        Gumbel(1.0, 2.0).isf(v), 1.0 - 2.0 * np.log(-np.log1p(-v)), rtol=1e-10
    )


def test_probabilities_broadcast_and_others_are_nan():
    d = rp.Exponential([1.0, 2.0])
    assert d.isf([[0.5], [0.25], [0.1]]).shape == (3, 2)
    assert np.isnan(d.isf([-0.1, np.nan])).all()
    assert d.isf([0.0, 1.0]).tolist() == [np.inf, 0.0]


def test_vectors_have_none():
    with pytest.raises(rp.ReparamError, match="no quantile"):
        rp.Concrete().isf(0.5)


@pytest.mark.parametrize(
    "d", [rp.Poisson(3.0), rp.Binomial(20.0, 0.3), rp.Geometric(0.1)], ids=repr
)
def test_of_counts_it_is_the_first_whose_upper_tail_is_small(d):
    v = np.array([1e-300, 1e-20, 0.01, 0.5, 0.99])
    y = d.isf(v)
    assert np.all(d.sf(y) <= v)
    assert np.all((d.sf(y - 1.0) > v) | (y == d.support[0]))
    np.testing.assert_array_equal(d.isf([0.0, 1.0, np.nan, 2.0]), [*d.support[::-1], *[np.nan] * 2])
