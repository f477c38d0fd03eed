"""The von Mises distribution: both tails, next to μ and to μ ± π, and its limits."""

import math

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import stats

import reparam as rp
from reparam.special.circular import log_mean_exp, mean_deficit

#: Angles and concentrations: next to 0 and to ±π, on both sides of cos z = A, and in far tails.
POINTS = [
    (1e-9, 1e-6),
    (1e-9, 2.0),
    (1e-9, 1e8),
    (0.3, 0.01),
    (-1.5707, 1e-6),
    (-1.5709, 1e-6),
    (0.84, 1.0),
    (0.9, 1.0),
    (2.0, 3.0),
    (-3.0, 24.9),
    (-3.0, 25.1),
    (3.1415926535, 0.5),
    (math.pi, 0.5),
    (-3.14159, 200.0),
    (1e-4, 1e8),
    (-0.004, 1e8),
    (0.3, 1e4),
]


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(30):
        yield


def bessel(order, kappa):
    """e^−κ I(κ), for κ beyond 10⁴ by Hankel's expansion."""
    if kappa < 1e4:
        return mp.besseli(order, kappa) * mp.exp(-kappa)
    total = term = mpf(1)
    for k in range(1, 40):
        term *= -mpf(4 * order**2 - (2 * k - 1) ** 2) / (8 * k * kappa)
        total += term
    return total / mp.sqrt(2 * mp.pi * kappa)


def resultant(kappa):
    return bessel(1, kappa) / bessel(0, kappa)


def integral(kappa, z, factor=lambda t: 1):
    """∫ factor(t) p(t)/p(z) dt from z to π, z > 0, by quadrature."""
    width = 1 / (kappa * mp.sin(z) + mp.sqrt(kappa) + 1)
    edges = [z, *(z + width * 2**k for k in range(9) if z + width * 2**k < mp.pi), mp.pi]

    def weight(t):
        return factor(t) * mp.exp(-2 * kappa * mp.sin((t - z) / 2) * mp.sin((t + z) / 2))

    return mp.quad(weight, edges)


def log_density(z, kappa):
    return -2 * kappa * mp.sin(z / 2) ** 2 - mp.log(2 * mp.pi * bessel(0, kappa))


def close(found, right, inputs=1.0):
    """Compare: to 1e-13, or 20 times what half an ulp of the inputs makes of the value."""
    assert abs(mpf(float(found)) / right - 1) < max(1e-13, 20 * 2.0**-53 * float(abs(inputs)))


@pytest.mark.parametrize("point", POINTS)
def test_tails_and_their_logarithms(point):
    z, kappa = map(mpf, point)
    d = rp.VonMises(0.0, point[1])
    log_tail = log_density(z, kappa) + mp.log(integral(kappa, abs(z)))
    condition = abs(z) * mp.exp(log_density(z, kappa) - log_tail)
    if abs(point[0]) == math.pi:  # the nearest double to an end is the end
        assert (d.cdf(point[0]), d.sf(point[0]), d.log_sf(point[0])) == (1.0, 0.0, -math.inf)
        return
    small, large = (d.sf, d.cdf) if z > 0 else (d.cdf, d.sf)
    log_small, log_large = (d.log_sf, d.log_cdf) if z > 0 else (d.log_cdf, d.log_sf)
    close(log_small(point[0]), log_tail, condition / log_tail)
    if log_tail > -700:
        close(small(point[0]), mp.exp(log_tail), condition)
        close(log_large(point[0]), mp.log1p(-mp.exp(log_tail)), condition)
    close(large(point[0]), 1 - mp.exp(log_tail))


@pytest.mark.parametrize("point", POINTS)
def test_derivative_in_the_concentration(point):
    """∂z/∂κ = ∫ (cos t − A) p(t)/p(z) dt from z to π, of the sign that z doesn't have."""
    z, kappa = map(mpf, point)
    found = rp.VonMises(0.0, point[1]).pathwise(point[0])
    assert found["loc"] == 1.0
    if abs(point[0]) == math.pi:
        assert found["concentration"] == 0.0
        return
    mean = resultant(kappa)
    right = integral(kappa, abs(z), lambda t: mp.cos(t) - mean)
    close(found["concentration"], right if z > 0 else -right, abs(z) / (mp.pi - abs(z)))


@pytest.mark.parametrize("point", POINTS)
def test_density_and_scores(point):
    z, kappa = map(mpf, point)
    d = rp.VonMises(0.0, point[1])
    close(d.log_prob(point[0]), log_density(z, kappa))
    score = d.score(point[0])
    in_kappa = mp.cos(z) - resultant(kappa)
    close(score["concentration"], in_kappa, z * mp.sin(z) / in_kappa)
    if abs(point[0]) != math.pi:
        condition = z / mp.tan(z)
        close(score["loc"], kappa * mp.sin(z), condition)
        close(d.stein_score(point[0]), -kappa * mp.sin(z), condition)


@pytest.mark.parametrize("kappa", [1e-300, 1e-6, 0.3, 17.0, 24.9, 25.1, 1e4, 1e8, 1e300])
def test_resultant_length_and_entropy(kappa):
    exact = mpf(kappa)
    with mp.workdps(350):
        deficit = 1 - resultant(exact)
        log_mean = mp.log(bessel(0, exact))
    close(mean_deficit(kappa), deficit)
    assert abs(log_mean_exp(kappa) - log_mean) < 2e-15 * max(1, abs(log_mean))
    entropy = mp.log(2 * mp.pi) + log_mean + exact * deficit
    assert abs(rp.VonMises(1.0, kappa).entropy - entropy) < 4e-15 * max(1, abs(log_mean))


@pytest.mark.parametrize("kappa", [1e-6, 0.3, 2.0, 24.9, 1e3, 1e8])
def test_variance_on_the_line(kappa):
    exact, zero = mpf(kappa), mpf(0)
    second = integral(exact, zero, lambda t: t**2) / integral(exact, zero)
    close(rp.VonMises(1.0, kappa).variance, second)


@pytest.mark.parametrize("u", [1e-300, 1e-10, 0.1, 0.4999999, 0.7, 1.0 - 2.0**-53])
@pytest.mark.parametrize("kappa", [1e-6, 3.0, 40.0, 1e8])
def test_draws_keep_the_digits_of_the_distance_from_the_ends(u, kappa):
    """The derivative of a draw is that at its exact quantile, not at its rounded value."""
    exact, beyond = mpf(kappa), min(mpf(u), 1 - mpf(u))
    draw = rp.VonMises(0.0, kappa).transform(u)
    with mp.workdps(350):
        rest = mp.pi - abs(mpf(float(draw.value)))
        if rest < 1e-6:
            rest = beyond / mp.exp(log_density(mp.pi, exact))
    for _ in range(3):
        with mp.workdps(350):
            z = mp.pi - rest
        if rest < 1e-20:  # F is linear there
            tail = beyond
            break
        tail = mp.exp(log_density(z, exact)) * integral(exact, z)
        rest *= mp.exp(mp.log(beyond / tail) * integral(exact, z) / rest)
    sign = 1 if u > 0.5 else -1
    condition = beyond * mp.exp(-log_density(z, exact))
    close(draw.value, sign * z, condition / z)
    mean = resultant(exact)
    slope = integral(exact, z, lambda t: mp.cos(t) - mean) if rest > 1e-20 else -(1 + mean) * rest
    close(draw.jacobian()["concentration"], sign * slope, 1.0 + kappa * abs(mp.sin(z)) * condition)


def test_quantiles_at_the_edges():
    for kappa in (1e-6, 1.0, 700.0, 1e8):
        d = rp.VonMises(0.5, kappa)
        assert d.icdf([0.0, 0.5, 1.0]).tolist() == [0.5 - math.pi, 0.5, 0.5 + math.pi]
        least = d.icdf([5e-324, 1e-320, 1e-310])
        assert np.all((least >= 0.5 - math.pi) & (least < 0.5))
    v = np.array([1e-300, 1e-100, 1e-20, 0.1])
    for kappa in (2e3, 1e5, 1e8):
        d = rp.VonMises(0.0, kappa)
        np.testing.assert_allclose(d.sf(d.isf(v)), v, rtol=1e-12)


def test_limits_of_the_concentration():
    u = np.array([1e-9, 0.01, 0.3, 0.5, 0.9])
    even = rp.VonMises(0.0, 1e-12)
    np.testing.assert_allclose(even.icdf(u), math.pi * (2.0 * u - 1.0), atol=1e-11)
    np.testing.assert_allclose(even.entropy, math.log(2.0 * math.pi), rtol=1e-15)
    narrow = rp.VonMises(0.0, 1e16)
    np.testing.assert_allclose(narrow.icdf(u) * 1e8, stats.norm.ppf(u), rtol=1e-13, atol=1e-15)
    # z = x/√κ, so that ∂z/∂κ = −z/2κ
    slope = narrow.pathwise(3e-8)["concentration"]
    np.testing.assert_allclose(slope, -3e-8 / 2e16, rtol=1e-14)


def test_the_distribution_rotates_with_loc():
    """Values are not taken modulo 2π: draws at one seed move with μ, and so do the ends."""
    still, moved = (rp.VonMises(loc, 0.4).rsample(1000, rng=1).value for loc in (0.0, 40.0))
    np.testing.assert_allclose(moved - 40.0, still, atol=1e-14)
    assert np.ptp(still) > 6.0
    d = rp.VonMises(40.0, 0.4)
    assert d.support == (40.0 - math.pi, 40.0 + math.pi)
    assert d.moving == ("loc",)
    assert d.log_prob(40.0 + 2.0 * math.pi) == -math.inf
    assert str(type(d)._support) == "loc ± π"


def test_angles_are_moved_into_the_support_as_documented():
    d, angle = rp.VonMises(2.0, 3.0), np.linspace(-9.0, 9.0, 50)
    y = 2.0 + np.remainder(angle - 2.0 + np.pi, 2 * np.pi) - np.pi
    expected = stats.vonmises.logpdf(angle, 3.0, loc=2.0)
    np.testing.assert_allclose(d.log_prob(y), expected, rtol=1e-12)


def test_mean_direction_of_draws():
    y = rp.VonMises(2.5, 3.0).sample(200_000, rng=1)
    mean = np.exp(1j * y).mean()
    # standard errors are below 0.002
    assert np.angle(mean) == pytest.approx(2.5, abs=0.01)
    assert 1.0 - abs(mean) == pytest.approx(float(mean_deficit(3.0)), abs=0.01)


@pytest.mark.parametrize("kappa", [1e-9, 0.3, 3.0, 50.0, 1e8, 1e300])
def test_draws_follow_the_distribution(kappa):
    """sup |Fₙ − F| of 200,000 draws: a right sampler fails with probability 1e-9."""
    n = 200_000
    d = rp.VonMises(0.0, kappa)
    u = np.sort(d.cdf(d.sample(n, rng=3)))
    bound = np.sqrt(np.log(2.0 / 1e-9) / (2.0 * n))  # Dvoretzky, Kiefer & Wolfowitz
    assert np.max(np.abs(u - (np.arange(n) + 0.5) / n)) < bound


def test_gradients_of_a_periodic_loss():
    """∂E[cos y]/∂μ = −A sin μ and ∂E[cos y]/∂κ = A′ cos μ, A′ = 1 − A/κ − A²."""
    d, n = rp.VonMises(1.0, 2.0), 400_000
    draw = d.rsample(n, rng=2)
    found = draw.vjp(-np.sin(draw.value) / n)
    mean = float(resultant(mpf(2)))
    # standard errors are 0.001 and 0.0002
    assert found["loc"] == pytest.approx(-mean * math.sin(1.0), abs=0.006)
    slope = (1.0 - mean / 2.0 - mean**2) * math.cos(1.0)
    assert found["concentration"] == pytest.approx(slope, abs=0.0015)
