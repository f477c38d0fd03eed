"""The noncentral χ² distribution and Rice's: special cases and seams."""

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


def test_far_upper_tails_follow_those_of_a_bessel_function():
    """ln p is nearly √(λx) − (x + λ)/2 there, and ∂x/∂ν ½ ln(x/λ) (1 + √(λ/x))."""
    df, lam = 2.0, 3.0
    d, x = rp.NoncentralChiSquare(df, lam), np.array([1e14, 1e20, 1e50, 1e150, 1e200, 1e250, 1e300])
    paths = d.pathwise(x)
    np.testing.assert_allclose(d.log_sf(x), np.sqrt(lam * x) - 0.5 * x, rtol=1e-12)
    np.testing.assert_allclose(paths["noncentrality"], np.sqrt(x / lam), rtol=1e-6)
    slope = 0.5 * np.log(x / lam) * (1.0 + np.sqrt(lam / x))
    np.testing.assert_allclose(paths["df"], slope, rtol=1e-12)


def test_distributions_of_huge_parameters_are_gaussians():
    df, lam = np.array([1e160, 2.0, 1e101]), np.array([3.0, 1e160, 1e250])
    d = rp.NoncentralChiSquare(df, lam)
    as_gaussian = rp.Gaussian(d.mean, np.sqrt(d.variance))
    y = as_gaussian.mean * (1.0 + np.array([[-1e-3], [-1e-15], [0.0], [1e-15], [1e-3]]))
    for name in ("log_cdf", "log_sf", "log_prob"):
        np.testing.assert_allclose(getattr(d, name)(y), getattr(as_gaussian, name)(y), rtol=1e-12)
    np.testing.assert_array_equal(d.icdf([[1e-300], [0.5], [0.9]]), np.tile(d.mean, (3, 1)))
    for slope in d.pathwise(y).values():
        np.testing.assert_array_equal(slope, 1.0)


def test_quantiles_of_large_parameters_are_linear_in_a_gaussian():
    lam, u = np.array([0.99e20, 1.01e20, 1e31, 1e60]), np.array([[1e-300], [0.3], [1.0 - 1e-9]])
    for d in (rp.NoncentralChiSquare(3.0, lam), rp.NoncentralChiSquare(lam, 3.0)):
        expected = rp.Gaussian(d.mean, np.sqrt(d.variance)).icdf(u)
        np.testing.assert_allclose(d.icdf(u), expected, rtol=1e-14)


def test_rice_is_the_root_of_a_noncentral_chi_square():
    b, y = np.array([1e-3, 1.0, 9.999, 10.0, 30.0]), np.array([[1e-200], [0.4], [12.0], [31.0]])
    d, square = rp.Rice(b, 1.0), rp.NoncentralChiSquare(2.0, b**2)
    np.testing.assert_allclose(d.log_cdf(y[1:]), square.log_cdf(y[1:] ** 2), rtol=1e-13)
    np.testing.assert_allclose(
        d.log_prob(y[1:]), square.log_prob(y[1:] ** 2) + np.log(2.0 * y[1:]), rtol=2e-12
    )
    np.testing.assert_allclose(d.log_cdf(1e-200), np.log(0.5) - 0.5 * b**2 + 2.0 * np.log(1e-200))
    np.testing.assert_allclose(d.variance[2], d.variance[3], rtol=2e-5)
    np.testing.assert_allclose(d.entropy[2], d.entropy[3], rtol=1e-6)


def test_rice_far_away_is_a_gaussian():
    b = np.array([1e9, 0.99e17, 1.01e17, 1e160])
    d, as_gaussian = rp.Rice(b, 1.0), rp.Gaussian(b, 1.0)
    for y in (b, b - np.maximum(np.spacing(b), 1.0), 0.5 * b):
        for name in ("log_cdf", "log_prob"):
            expected = getattr(as_gaussian, name)(y)
            np.testing.assert_allclose(getattr(d, name)(y)[[0, 3]], expected[[0, 3]], rtol=1e-8)
    np.testing.assert_allclose(d.icdf([[1e-300], [0.3]]), as_gaussian.icdf([[1e-300], [0.3]]))
    np.testing.assert_allclose(d.entropy, as_gaussian.entropy, rtol=1e-14)
    np.testing.assert_array_equal(d.variance, 1.0)
    np.testing.assert_allclose(d.score(b)["scale"], -1.5, rtol=1e-14)
    np.testing.assert_allclose(d.stein_score(b), 0.5 / b, rtol=1e-14)
