"""The skew normal distribution: both tails, from the Gaussian to the half-normal."""

import math

import numpy as np
import pytest
from exact import assert_exact, slope
from mpmath import mp, mpf

import reparam as rp
from reparam.errors import UnknownParameterError

SHAPES = [0.0, 1e-6, 0.5, -1.0, 3.0, -50.0, 1e6]
every_shape = pytest.mark.parametrize("alpha", SHAPES)
#: Distances r = |z| √(1 + α²), where the thin tail falls like exp(−r²/2); at 1 the method changes.
DISTANCES = [1e-2, 1.0 - 1e-15, 1.0 + 1e-15, 3.0, 37.0]
DIGITS = 40


def beyond(q, a):
    """P(Z < −q) = 2 P(Z₁ > q, Z₂ > a Z₁): in polar coordinates the integral over a wedge's angle.

    It is (1/π) ∫ exp(−q²/(2 sin² φ)) dφ up to arctan(1/a), in pieces that grow from there to the
    middle, and on to where exp(−q²/(2 φ²)) is nothing.
    """
    if a < 0:
        return mp.erfc(q / mp.sqrt(2)) - beyond(q, -a)
    angle = mp.acot(a)
    apart = [mpf(0), angle / (2 + q * q * (1 + a * a))]
    while 2 * apart[-1] < angle / 2:
        apart.append(2 * apart[-1])
    edges = [angle - gap for gap in apart]
    while edges[-1] > q / 20:
        edges.append(edges[-1] / 2)

    def fallen(part):
        return mp.exp(q * q * ((1 + a * a) - 1 / mp.sin(part) ** 2) / 2)

    integral = mp.quad(fallen, edges[::-1], method="gauss-legendre")
    return mp.exp(-q * q * (1 + a * a) / 2) * integral / mp.pi


def lower(z, alpha):
    if z < 0:
        return beyond(-z, alpha)
    return mp.erf(z / mp.sqrt(2)) + beyond(z, alpha)


def upper(z, alpha):
    return lower(-z, -alpha)


def log_lower(z, alpha):
    tail = lower(z, alpha)
    return mp.log(tail) if tail < 0.5 else mp.log1p(-upper(z, alpha))


def density(z, alpha):
    return mp.npdf(z) * mp.erfc(-alpha * z / mp.sqrt(2))


def path(z, alpha):
    """−F_α/p: the density's derivative in α is 2 t φ(t) φ(αt), with an elementary integral."""
    square = 1 + alpha * alpha
    return mp.exp(-z * z * square / 2) / (mp.pi * square) / density(z, alpha)


def quantile(start):
    """Solve P(Z ≤ z) = u, by Newton's method on the logarithm of the lower tail, or the upper."""

    def formula(u, alpha):
        z, sign = mpf(float(start)), 1 if u <= 0.5 else -1
        tail, goal = (lower, u) if sign > 0 else (upper, 1 - u)
        for _ in range(6):
            found = tail(z, alpha)
            step = sign * mp.log(goal / found) * found / density(z, alpha)
            z += step
            if abs(step) < mpf(10) ** -22 * abs(z):
                break
        return z

    return formula


@pytest.mark.parametrize("alpha", [0.0, 0.5, -50.0, 1e6])
@pytest.mark.parametrize("distance", DISTANCES)
def test_both_tails_and_their_logarithms(alpha, distance):
    d = rp.SkewNormal(alpha)
    for z in (distance / math.hypot(1.0, alpha), -distance / math.hypot(1.0, alpha)):
        for name, formula in (("cdf", lower), ("sf", upper), ("log_cdf", log_lower)):
            found = getattr(d, name)(z)
            assert_exact(found, formula, z, alpha, digits=DIGITS, what=name)
        assert_exact(d.log_sf(-z), lambda z, a: log_lower(z, -a), z, alpha, digits=DIGITS)


@every_shape
@pytest.mark.parametrize("distance", [-37.0, -3.0, -0.3, 0.0, 1e-9, 1.0, 3.0])
def test_derivatives_and_scores(alpha, distance):
    d, z = rp.SkewNormal(alpha), distance / math.hypot(1.0, alpha)
    if z:
        assert_exact(d.pathwise(z)["alpha"], path, z, alpha, digits=60, what="∂z/∂α")

    def log_density(z, alpha):
        return mp.log(density(z, alpha))

    assert_exact(d.log_prob(z), log_density, z, alpha, digits=60, what="log p")
    inputs = (z, alpha)  # ln Φ(αz) may be as small as 1e-300
    found = d.score(z)["alpha"]
    assert_exact(found, lambda *x: slope(log_density, x, 1), *inputs, digits=1100, what="score")
    assert_exact(d.stein_score(z), lambda *x: slope(log_density, x, 0), *inputs, digits=1100)


@pytest.mark.parametrize("alpha", [-1.0, 0.0, 3.0])
@pytest.mark.parametrize("z", [-2.0, 0.1, 2.5])
def test_derivative_by_differences_of_the_cdf(alpha, z):
    with mp.workdps(60):
        wanted = -slope(lower, (z, alpha), 1) / density(mpf(z), mpf(alpha))
        np.testing.assert_allclose(rp.SkewNormal(alpha).pathwise(z)["alpha"], float(wanted), 1e-13)


@pytest.mark.parametrize("alpha", [0.0, 1e-6, -1.0, -50.0, 1e6])
@pytest.mark.parametrize("u", [1e-300, 0.3, 0.5, 1.0 - 2.0**-53])
def test_quantiles(alpha, u):
    d = rp.SkewNormal(alpha)
    found = d.icdf(u)
    assert d.isf(u) == -rp.SkewNormal(-alpha).icdf(u)
    if alpha or u != 0.5:
        assert_exact(found, quantile(found), u, alpha, digits=DIGITS, what="icdf")


@pytest.mark.parametrize("alpha", [0.5, 1e4])
@pytest.mark.parametrize("off", [1e-12, 1e-3])
def test_quantiles_next_to_0(alpha, off):
    def near(u, alpha):
        """Solve arctan(1/α)/π + ∫₀ᶻ p = u."""
        z = mpf(float(found))
        for _ in range(4):
            rest = mp.quad(lambda t: density(t, alpha), [0, z])
            z += (u - mp.acot(alpha) / mp.pi - rest) / density(z, alpha)
        return z

    d = rp.SkewNormal(alpha)
    for sign in (1.0, -1.0):
        u = float(math.atan2(1.0, alpha) / math.pi * (1.0 + sign * off))
        found = d.icdf(u)
        assert_exact(found, near, u, alpha, digits=DIGITS, what="icdf")


@pytest.mark.parametrize("alpha", [0.0, 1e-3, -0.5, 1.0, 7.0, -1e3, 1e6])
def test_entropy(alpha):
    def entropy(alpha):
        unit = max(abs(alpha), 1)

        def inner(t):
            below = mp.ncdf(alpha * t / unit)
            return mp.exp(-((t / unit) ** 2) / 2) * below * mp.log(below)

        expected = mp.quad(inner, range(-13, 14, 2)) * mp.sqrt(2 / mp.pi) / unit
        return mp.log(mp.pi * mp.e / 2) / 2 - expected

    assert_exact(rp.SkewNormal(alpha).entropy, entropy, alpha, digits=30, what="entropy")


def test_no_skew_is_gaussian():
    d, gaussian = rp.SkewNormal(0.0, 1.0, 2.0), rp.Gaussian(1.0, 2.0)
    u = np.linspace(0.01, 0.99, 21)
    np.testing.assert_allclose(d.icdf(u), gaussian.icdf(u), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(d.log_prob(u), gaussian.log_prob(u), rtol=1e-14)
    np.testing.assert_allclose(d.entropy, gaussian.entropy, rtol=1e-15)


def test_draws_of_both_signs_mirror_each_other():
    right, left = (rp.SkewNormal(alpha).rsample(2000, rng=1) for alpha in (1e6, -1e6))
    assert np.mean(right.value > 0.0) > 0.99
    assert np.mean(left.value < 0.0) > 0.99
    for draw in (right, left):
        exact = draw.distribution.pathwise(draw.value)["alpha"]
        np.testing.assert_allclose(draw.jacobian()["alpha"], exact, rtol=1e-12)


def test_tails_beyond_the_range_of_floats():
    d = rp.SkewNormal([2.0, 1e6])
    np.testing.assert_allclose(d.log_cdf(-1e3)[0], -2.5e6, rtol=1e-4)
    np.testing.assert_allclose(d.log_cdf(-1.0)[1], -5e11, rtol=1e-9)
    np.testing.assert_allclose(d.log_sf(1e3), -5e5, rtol=1e-4)
    assert np.all(np.isfinite(d.log_prob(-1e100)))


def test_precision_is_converted():
    with pytest.raises(UnknownParameterError, match=r"scale=1/sqrt\(tau\)"):
        rp.SkewNormal(tau=4.0)
