"""An independent implementation says the same: scipy.stats, to what it is good for."""

import re

import numpy as np
import pytest
from facts import in_scipy
from scipy import stats

import reparam as rp
from reparam.registry import BUILT_IN
from reparam.testing import typical

#: What is a univariate distribution in scipy.stats.
GENERIC = stats.rv_continuous | stats.rv_discrete

NAMES = [name for name in rp.names() if rp.get(name).about.scipy]


def has_formula(family, statistic):
    """Whether a class of SciPy's has a formula for its moments, or its entropy."""
    names = ("_entropy",) if statistic == "entropy" else ("_stats", "_munp")
    generic = stats.rv_continuous if issubclass(family, stats.rv_continuous) else stats.rv_discrete
    return any(getattr(family, name) is not getattr(generic, name) for name in names)


@pytest.fixture(params=NAMES)
def both(request):
    """A distribution with many parameter sets, and scipy's."""
    d = typical(rp.get(request.param), 40, seed=1)
    return d, in_scipy(d)


@pytest.mark.parametrize(
    ("ours", "theirs"), [("mean", "mean"), ("variance", "var"), ("entropy", "entropy")]
)
def test_statistics(both, ours, theirs):
    d, reference = both
    if not has_formula(type(reference.dist), theirs):
        pytest.skip("scipy has no formula, and integrates")
    actual, expected = getattr(d, ours), getattr(reference, theirs)()
    finite = np.isfinite(actual)  # conventions differ about what does not exist
    assert np.any(finite) or not np.any(np.isfinite(expected))
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


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - set(NAMES)))
def test_scipy_lacks_what_has_no_spelling(name):
    cls = rp.get(name)
    theirs = {each for each in dir(stats) if isinstance(getattr(stats, each), GENERIC)}
    spellings = {re.sub("[-_]", "", each) for each in (name, *cls.aliases)}
    assert not spellings & theirs, "declare about.scipy"
