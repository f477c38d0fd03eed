"""The von Mises-Fisher law's angle against mpmath: moments, ∂θ/∂κ, and the divergence."""

import itertools

import numpy as np
import pytest
from mpmath import mp, mpf

from reparam.special import von_mises_fisher as special

#: Dimensions and concentrations: from nearly uniform to nearly normal.
CASES = [(2, 1e-6), (2, 39.0), (3, 7.0), (4, 1e8), (10, 0.3), (20, 60.0), (100, 1e-3), (100, 1e8)]
#: sin²(θ/2), in units of its mean.
SHARES = (1e-6, 1.0 - 1e-9, 1.001, 1.9)


def scaled_bessel(order, kappa):
    """e^−κ I(κ): for large κ by Hankel's expansion."""
    if kappa < 1e4:
        return mp.besseli(order, kappa) * mp.exp(-kappa)
    total = term = mpf(1)
    for k in range(1, 200):
        term *= -(4 * order**2 - (2 * k - 1) ** 2) / (8 * k * kappa)
        total += term
        if abs(term) < mp.eps * abs(total):
            break
    return total / mp.sqrt(2 * mp.pi * kappa)


def exact_moments(kappa, dim):
    kappa, order = mpf(kappa), mpf(dim) / 2 - 1
    zero, one = scaled_bessel(order, kappa), scaled_bessel(order + 1, kappa)
    log = mp.log(zero) + (order + 1) * mp.log(2 * mp.pi) - order * mp.log(kappa)
    mean = one / zero
    return log, mean, 1 - mean, 1 - mean**2 - (dim - 1) * mean / kappa


def exact_pathwise(g, kappa, dim):
    """−F_κ/p: the integral of (B − 2 sin²(s/2)) p(s)/p(θ) from the nearer end."""
    g, kappa, power = mpf(g), mpf(kappa), dim - 2
    theta, x = 2 * mp.atan(g), g * g / (1 + g * g)
    deficit = exact_moments(kappa, dim)[2]

    def log_ratio(s):
        rise = power * mp.log(mp.sin(s) / mp.sin(theta)) if power else 0
        return 2 * kappa * (x - mp.sin(s / 2) ** 2) + rise

    slope = abs(kappa * mp.sin(theta) - power * mp.cot(theta))
    step = 1 / (slope + mp.sqrt(kappa + power + 1))
    sign, end = (1, mp.pi) if 2 * x > deficit else (-1, mpf(0))
    edges = [theta]
    while edges[-1] != end and (len(edges) == 1 or log_ratio(edges[-1]) > -70):
        farther = edges[-1] + sign * step * mpf(1.3) ** len(edges)
        edges.append(farther if sign * (end - farther) > 0 else end)
    # −|∂θ/∂κ| either way
    return -abs(mp.quad(lambda s: (deficit - 2 * mp.sin(s / 2) ** 2) * mp.exp(log_ratio(s)), edges))


def worst(found, exact):
    return max(abs(float(mpf(float(f)) / e - 1)) for f, e in zip(found, exact, strict=True))


@pytest.mark.parametrize(("dim", "kappa"), CASES)
def test_moments(dim, kappa):
    found = special.moments(np.array([kappa]), dim)
    with mp.workdps(60):
        assert worst([each[0] for each in found], exact_moments(kappa, dim)) < 1e-13


@pytest.mark.parametrize(("dim", "kappa"), CASES)
def test_derivative_in_concentration(dim, kappa):
    mean = 0.5 * special.mean_deficit(kappa, dim)
    x = np.minimum(np.array(SHARES) * mean, 1.0 - 1e-9)
    g = np.sqrt(x / (1.0 - x))
    found = special.pathwise(g, kappa, dim)
    assert np.all(found < 0.0)
    with mp.workdps(25):
        assert worst(found, [exact_pathwise(each, kappa, dim) for each in g]) < 5e-14


@pytest.mark.long
def test_derivative_in_concentration_anywhere():
    rng = np.random.default_rng(5)
    for dim in (2, 3, 5, 8, 20, 50, 100, 300, 1000):
        kappa = 10.0 ** rng.uniform(-6, 8, 4)
        share = np.exp(rng.normal(0.0, 2.0 / np.sqrt(dim), 4))
        x = np.minimum(0.5 * special.mean_deficit(kappa, dim) * share, 1.0 - 1e-4)
        g = np.sqrt(x / (1.0 - x))
        with mp.workdps(40):
            exact = [exact_pathwise(*each, dim) for each in zip(g, kappa, strict=True)]
            assert worst(special.pathwise(g, kappa, dim), exact) < 5e-14


def test_derivative_in_three_dimensions():
    """w = 1 − cos θ is an exponential variate with rate κ, cut off at 2."""
    rng = np.random.default_rng(3)
    kappa = 10.0 ** rng.uniform(-6, 8, 300)
    w = 2.0 * rng.random(300) * np.minimum(1.0, 20.0 / kappa)
    g = np.sqrt(w / (2.0 - w))
    with mp.workdps(60):
        exact = []
        for each, k in zip(g, kappa, strict=True):
            s, k = mpf(each) ** 2, mpf(k)
            v, far = 2 * s / (1 + s), mp.exp(-2 * k)
            gone, all_gone = -mp.expm1(-k * v), -mp.expm1(-2 * k)
            # −F_κ/p for F = (1 − e^−κw)/(1 − e^−2κ), over dw/dθ = sin θ
            slope = (v * mp.exp(-k * v) - 2 * gone * far / all_gone) / (k * mp.exp(-k * v))
            exact.append(-slope / (2 * mpf(each) / (1 + s)))
        assert worst(special.pathwise(g, kappa, 3), exact) < 2e-14


def test_ends():
    """0 at both ends, where the law's quantiles 0 and 1 stay; each element by itself."""
    g = np.array([0.0, np.inf, 1e-300, 1e300])
    for dim in (2, 3, 7):
        found = special.pathwise(g, 2.0, dim)
        assert found[0] == 0.0
        assert np.all(np.abs(found) < 1e-140)
    assert np.all(np.isfinite(special.moments(np.array([5e-324, 1e-300, 1e300, 1.7e308]), 5)))
    g, kappa = np.geomspace(1e-3, 1e3, 999), np.geomspace(1e3, 1e-3, 999)
    alone = [special.pathwise(g[k : k + 1], kappa[k], 4)[0] for k in (0, 500, 998)]
    assert np.array_equal(special.pathwise(g, kappa, 4)[[0, 500, 998]], alone)


def test_divergence():
    pairs = [(1e-6, 2e-6), (1e-6, 1e8), (3.0, 3.0000001), (160.0, 100.0), (1.0, 0.1)]
    pairs.append((1e8, 1.0001e8))
    with mp.workdps(60):
        for dim, (p, q) in itertools.product((2, 3, 20), pairs):
            one, other = exact_moments(p, dim), exact_moments(q, dim)
            exact = other[0] - one[0] + one[2] * (mpf(q) - mpf(p))
            found = special.divergence(np.array([p]), np.array([q]), dim)
            assert worst(np.ravel(found), [exact, other[1] - one[1]]) < 1e-13
