"""The noncentral χ² distribution: special cases and seams."""

from __future__ import annotations

import numpy as np
from scipy import special

import reparam as rp


def test_one_degree_of_freedom_is_the_square_of_a_gaussian():
    root, y = np.array([0.03, 1.0, 4.0]), np.array([[1e-8], [0.5], [9.0], [30.0]])
    d = rp.NoncentralChiSquare(1.0, root**2)
    above = special.ndtr(root - np.sqrt(y)) + special.ndtr(-root - np.sqrt(y))
    np.testing.assert_allclose(d.sf(y), above, rtol=2e-13)
    z = root * np.sqrt(y)
    density = np.exp(-0.5 * (y + root**2)) * np.cosh(z) / np.sqrt(2.0 * np.pi * y)
    np.testing.assert_allclose(np.exp(d.log_prob(y)), density, rtol=2e-13)
    np.testing.assert_allclose(
        d.pathwise(y)["noncentrality"], np.sqrt(y) / root * np.tanh(z), rtol=2e-14
    )


def test_small_noncentrality_is_chi_square():
    df, y = np.array([1e-3, 0.5, 7.0, 300.0]), np.array([[1e-9], [0.7], [40.0], [600.0]])
    d, limit = rp.NoncentralChiSquare(df, 1e-40), rp.ChiSquare(df)
    for name in ("log_cdf", "log_sf", "log_prob", "stein_score"):
        np.testing.assert_allclose(
            getattr(d, name)(y), getattr(limit, name)(y), rtol=2e-13, atol=1e-300
        )
    np.testing.assert_allclose(d.pathwise(y)["df"], limit.pathwise(y)["df"], rtol=2e-13)
    np.testing.assert_allclose(d.score(y)["df"], limit.score(y)["df"], rtol=2e-13, atol=1e-15)


def test_adding_two_degrees_of_freedom():
    """∂F/∂λ = −p(y; ν + 2), and p(y; ν + 2)/p(y; ν) = ∂y/∂λ: also across the least shape."""
    y = np.array([[1e-160], [1.0], [80.0]])
    df, lam = np.array([[9.0, 10.0, 0.1, 9.99999]]), np.array([[3.0, 200.0, 7.0, 1e-9]])
    d, more = rp.NoncentralChiSquare(df, lam), rp.NoncentralChiSquare(df + 2.0, lam)
    ratio = np.exp(more.log_prob(y) - d.log_prob(y))
    np.testing.assert_allclose(d.pathwise(y)["noncentrality"], ratio, rtol=3e-13)
