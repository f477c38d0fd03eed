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

#: Functions that SciPy integrates, and how far off it is.
INTEGRATED = {("norminvgauss", "sf"): 3e-9}

NAMES = [name for name in rp.names() if rp.get(name).about.scipy]


def has_formula(family, function):
    """Whether a class of SciPy's has a formula for its moments, entropy or quantile."""
    names = {"entropy": ("_entropy",), "ppf": ("_ppf",)}.get(function, ("_stats", "_munp"))
    generic = stats.rv_continuous if issubclass(family, stats.rv_continuous) else stats.rv_discrete
    return any(getattr(family, name) is not getattr(generic, name) for name in names)


@pytest.fixture(params=NAMES)
def both(request):
    """A distribution with many parameter sets, and scipy's."""
    d = typical(rp.get(request.param), 40, seed=1)
    return d, in_scipy(d)


def test_statistics(both):
    d, reference = both
    for ours, theirs in (("mean", "mean"), ("variance", "var"), ("entropy", "entropy")):
        if not has_formula(type(reference.dist), theirs):
            continue  # it integrates
        actual, expected = getattr(d, ours), getattr(reference, theirs)()
        finite = np.isfinite(actual)  # conventions differ about what does not exist
        assert np.any(finite) or not np.any(np.isfinite(expected)), ours
        np.testing.assert_allclose(actual[finite], expected[finite], rtol=1e-8, err_msg=ours)


def test_functions_of_a_value_and_quantiles(both):
    d, reference = both
    u = np.linspace(0.02, 0.98, 24)[:, np.newaxis]  # at ½ may be a step: rounding decides
    y = d.icdf(u)
    if has_formula(type(reference.dist), "ppf"):  # else it searches its cdf, which is compared
        y = reference.ppf(u)
        np.testing.assert_allclose(d.icdf(u), y, rtol=1e-8, atol=1e-290)
    here = (np.abs(y) > 1e-100) & (y != 1.0)
    density = "logpdf" if hasattr(reference.dist, "logpdf") else "logpmf"
    for ours, theirs in (("log_prob", density), ("cdf", "cdf"), ("sf", "sf")):
        actual, expected = getattr(d, ours)(y)[here], getattr(reference, theirs)(y)[here]
        allowed = INTEGRATED.get((reference.dist.name, theirs), 1e-9)
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=allowed, err_msg=ours)


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - set(NAMES)))
def test_scipy_lacks_what_has_no_spelling(name):
    cls = rp.get(name)
    theirs = {each for each in dir(stats) if isinstance(getattr(stats, each), GENERIC)}
    spellings = {re.sub("[-_]", "", each) for each in (name, *cls.aliases)}
    assert not spellings & theirs, "declare about.scipy"
