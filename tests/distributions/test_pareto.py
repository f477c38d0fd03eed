"""The Pareto distribution: a scale that moves the lower end, moments that need light tails."""

import math

import numpy as np
import pytest
from exact import close
from mpmath import mp, mpf

import reparam as rp
from reparam.estimators import estimate


def test_the_scale_is_the_lower_end():
    d = rp.Pareto([0.5, 2.0], 3.0)
    assert d.moving == ("scale",)
    assert d.support[0].tolist() == [0.5, 2.0]
    assert d.cdf(d.scale).tolist() == [0.0, 0.0]
    assert d.log_prob(0.4999).tolist() == [-np.inf, -np.inf]
    assert np.all(d.rsample(1000, rng=1).value >= d.scale)
    found = estimate(rp.Pareto(), "log(y)", 1000, estimators="all", rng=1)
    assert "scale moves an endpoint of the support" in " ".join(found.left_out.values())


def test_functions_next_to_the_end():
    y = 2.0 * (1.0 + np.array([2.0**-52, 1e-10, 1e-5]))
    with mp.workdps(50):
        w = [mpf(3.5) * mp.log(mpf(v) / 2) for v in y]
    d = rp.Pareto(2.0, 3.5)
    close(d.cdf(y), [-mp.expm1(-x) for x in w])
    close(d.log_sf(y), [-x for x in w])
    close(d.log_cdf(y), [mp.log(-mp.expm1(-x)) for x in w])


def test_quantiles_of_the_upper_tail():
    with mp.workdps(50):
        close(rp.Pareto(2.0, 3.0).isf(1e-300), [2 * mpf(1e-300) ** (-mpf(1) / 3)], 1e-13)
    draw = rp.Pareto(2.0, 1e-3).transform(1.0 - 1e-10)
    assert draw.value == np.inf
    assert draw.log_value == pytest.approx(math.log(2.0) - 1e3 * math.log(1e-10), rel=1e-8)


def test_moments_of_heavy_tails_are_infinite():
    d = rp.Pareto(2.0, [0.5, 1.0, 1.5, 2.0, 4.0])
    assert d.mean.tolist() == [np.inf, np.inf, 6.0, 4.0, pytest.approx(8.0 / 3.0, rel=1e-15)]
    assert d.variance[:4].tolist() == [np.inf] * 4
    assert d.variance[4] == pytest.approx(8.0 / 9.0, rel=1e-15)


def test_logarithm_is_exponential():
    d, y = rp.Pareto(2.0, 3.0), np.array([2.5, 4.0, 1e200])
    np.testing.assert_allclose(d.sf(y), rp.Exponential(3.0).sf(np.log(y / 2.0)), rtol=1e-12)
    assert d.entropy == pytest.approx(math.log(2.0 / 3.0) + 1.0 / 3.0 + 1.0, rel=1e-15)
