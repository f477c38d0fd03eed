"""The hyperbolic secant distribution: quantiles next to the median, and both tails."""

import math

import numpy as np
import pytest
from exact import close
from mpmath import mp, mpf

import reparam as rp

U = np.array(
    [1e-300, 0.1, 0.25 - 2.0**-54, 0.25, 0.5 - 2.0**-54, 0.5 + 2.0**-53, 0.9, 1 - 2.0**-53]
)


def test_quantiles():
    with mp.workdps(400):
        exact = [mp.log(mp.tan(mp.pi * mpf(u) / 2)) for u in U]
    close(rp.SoftLaplace().icdf(U), exact, 1e-15)
    assert rp.SoftLaplace().icdf([0.0, 0.5, 1.0]).tolist() == [-np.inf, 0.0, np.inf]


def test_logarithms_where_exponentials_overflow():
    d = rp.SoftLaplace()
    z = np.array([-1e5, -20.0 - 2.0**-48, -20.0, 20.0, 36.0, 1e5])
    with mp.workdps(50):
        exact = [mp.log(2 * mp.atan(mp.exp(mpf(t))) / mp.pi) for t in z[:3]]
    close(d.log_cdf(z[:3]), exact, 1e-15)
    close(d.log_sf(-z[:3]), exact, 1e-15)
    assert d.log_cdf(36.0) == pytest.approx(-2.0 / math.pi * math.exp(-36.0), rel=1e-14)
    assert d.log_prob(1e5) == pytest.approx(math.log(2.0 / math.pi) - 1e5, rel=1e-15)


def test_names_of_other_libraries():
    assert rp.get("hypsecant") is rp.SoftLaplace
    with pytest.raises(TypeError, match=r"2/pi"):
        rp.SoftLaplace(std=1.0)
