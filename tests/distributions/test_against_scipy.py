"""An independent implementation says the same: scipy.stats, to what it is good for."""

import numpy as np
import pytest
from scipy import stats

import reparam as rp
from reparam.registry import BUILT_IN
from reparam.testing import typical

#: How scipy.stats spells each distribution, given ours.
SPELLINGS = {
    "beta": lambda d: stats.beta(d.alpha, d.beta),
    "beta-prime": lambda d: stats.betaprime(d.alpha, d.beta),
    "chi": lambda d: stats.chi(d.df),
    "chi-square": lambda d: stats.chi2(d.df),
    "exponential": lambda d: stats.expon(scale=1.0 / d.rate),
    "f": lambda d: stats.f(d.df1, d.df2),
    "gamma": lambda d: stats.gamma(d.alpha, scale=1.0 / d.rate),
    "gaussian": lambda d: stats.norm(d.loc, d.scale),
    "inverse-gamma": lambda d: stats.invgamma(d.alpha, scale=d.scale),
    "laplace": lambda d: stats.laplace(d.loc, d.scale),
    "logistic": lambda d: stats.logistic(d.loc, d.scale),
    "student-t": lambda d: stats.t(d.df, d.loc, d.scale),
    "uniform": lambda d: stats.uniform(d.low, d.high - d.low),
    "bernoulli": lambda d: stats.bernoulli(d.probs),
    "binomial": lambda d: stats.binom(d.total, d.probs),
    "geometric": lambda d: stats.geom(d.probs),
    "negative-binomial": lambda d: stats.nbinom(d.total, d.probs),
    "poisson": lambda d: stats.poisson(d.rate),
}


#: Distributions that SciPy doesn't have; tests of their own compare them with mpmath.
SCIPY_LACKS = {"relaxed-bernoulli"}


@pytest.fixture(params=SPELLINGS)
def both(request):
    """A distribution with many parameter sets, and scipy's."""
    d = typical(rp.get(request.param), 40, seed=1)
    return d, SPELLINGS[request.param](d)


@pytest.mark.parametrize(
    ("ours", "theirs"), [("mean", "mean"), ("variance", "var"), ("entropy", "entropy")]
)
def test_statistics(both, ours, theirs):
    d, reference = both
    generic = (stats.rv_continuous._entropy, stats.rv_discrete._entropy)
    if theirs == "entropy" and type(reference.dist)._entropy in generic:
        pytest.skip("scipy has no formula, and integrates with a warning")
    actual, expected = getattr(d, ours), getattr(reference, theirs)()
    finite = np.isfinite(actual)  # conventions differ about what does not exist
    assert np.any(finite)
    np.testing.assert_allclose(actual[finite], expected[finite], rtol=1e-8)


@pytest.mark.parametrize(
    ("ours", "theirs"), [("log_prob", ("logpdf", "logpmf")), ("cdf", ("cdf",)), ("sf", ("sf",))]
)
def test_functions_of_a_value(both, ours, theirs):
    d, reference = both
    theirs = next(name for name in theirs if hasattr(reference.dist, name))
    y = reference.ppf(np.linspace(0.02, 0.98, 25)[:, np.newaxis])
    here = (np.abs(y) > 1e-100) & (y != 1.0)
    actual, expected = getattr(d, ours)(y)[here], getattr(reference, theirs)(y)[here]
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-9)


def test_quantiles(both):
    d, reference = both
    u = np.linspace(0.02, 0.98, 24)[:, np.newaxis]  # at ½ may be a step: rounding decides
    np.testing.assert_allclose(d.icdf(u), reference.ppf(u), rtol=1e-8, atol=1e-290)


def test_every_built_in_of_numbers_has_a_spelling():
    vectors = {name for name in BUILT_IN if any(p.vector for p in rp.get(name).parameters.values())}
    assert set(SPELLINGS) == set(BUILT_IN) - vectors - SCIPY_LACKS
