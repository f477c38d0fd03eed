"""The Lévy distribution: both tails, next to its end and far out."""

import numpy as np
import pytest
from exact import close
from mpmath import mp, mpf

import reparam as rp


def test_quantiles_and_logarithms_of_tails():
    d, v = rp.Levy(), np.array([1e-300, 1e-100, 1e-9, 0.3, 0.9])
    with mp.workdps(400):
        upper = [1 / (2 * mp.erfinv(mpf(p)) ** 2) for p in v]
    close(d.isf(v[1:]), upper[1:], 1e-14)
    np.testing.assert_allclose(d.icdf(v[2:]), d.isf(1.0 - v[2:]), rtol=1e-7)
    assert d.log_cdf(1e-100) == pytest.approx(-5e99, rel=1e-14)
    assert d.log_sf(1e200) == pytest.approx(0.5 * np.log(2.0 / np.pi) - 100.0 * np.log(10.0))


def test_limits_at_both_ends():
    d = rp.Levy(1.0, 2.0)
    assert d.support == (1.0, np.inf)
    assert d.log_prob([1.0, np.inf]).tolist() == [-np.inf, -np.inf]
    assert (d.cdf(1.0), d.sf(1.0), d.cdf(np.inf), d.sf(np.inf)) == (0.0, 1.0, 1.0, 0.0)
    assert d.stein_score(1.0) == np.inf
    assert (d.mean, d.variance) == (np.inf, np.inf)


def test_it_is_stable():
    # (y₁ + … + y_n)/n² has the distribution of each, so that a sum of two has the scale 4
    y = rp.Levy().sample((2, 20_000), rng=1).sum(axis=0)
    u = np.sort(rp.Levy(0.0, 4.0).cdf(y))
    # exceeded with probability 2 exp(−2 · 20,000 · 0.023²) = 1.3e-9 (Massart 1990)
    assert np.max(np.abs(u - (np.arange(u.size) + 0.5) / u.size)) < 0.023
