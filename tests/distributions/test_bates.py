"""Bates's distribution: the textbook's alternating sum in many digits, for few and for many n."""

import numpy as np
import pytest
from exact import assert_exact
from mpmath import mp

import reparam as rp


def powers(s, n, power):
    terms = ((-1) ** j * mp.binomial(n, j) * (s - j) ** power for j in range(int(s) + 1))
    return mp.fsum(terms) / mp.factorial(power)


@pytest.mark.parametrize("n", [1, 2, 3, 20, 50, 100])
def test_tails_density_and_slope(n):
    d = rp.Bates(n)
    for y in (1e-3, 0.9 / n, 0.3, 0.5 - 2.0**-40, 0.75):
        s = min(y, 1.0 - y)

        def small(y):
            return powers(n * y, n, n)

        def log_density(y):
            return mp.log(n * powers(n * y, n, n - 1))

        def slope(y):
            return n * powers(n * y, n - 1, n - 2) / powers(n * y, n, n - 1) if n > 1 else 0

        own = "cdf" if y < 0.5 else "sf"
        if n * np.log(s) > -300.0:
            assert_exact(getattr(d, own)(y), small, s, digits=120, what=own)
            inverse = getattr(d, {"cdf": "icdf", "sf": "isf"}[own])(getattr(d, own)(y))
            np.testing.assert_allclose(inverse, y, rtol=1e-13)
        assert_exact(getattr(d, f"log_{own}")(y), lambda y: mp.log(small(y)), s, digits=120)
        assert_exact(d.log_prob(y), log_density, s, digits=120, what="log p")
        if 1 < n * s < n / 3:
            # M′ is that of n − 1, at s less at s − 1
            def full(y):
                less = powers(n * y - 1, n - 1, n - 2)
                return slope(y) - n * less / powers(n * y, n, n - 1)

            assert_exact(abs(d.stein_score(y)), full, s, digits=120, what="slope")


def test_derivatives_move_with_the_ends():
    d = rp.Bates(n=[1, 4, 40], low=[-1.0, 0.0, 1e6], high=[2.0, 3.0, 1e6 + 1e-3])
    draw = d.rsample(500, rng=3)
    together = draw.jvp(low=1.0, high=1.0)
    np.testing.assert_allclose(together, 1.0, rtol=1e-15)
    u = draw.noise
    np.testing.assert_allclose(draw.jacobian()["high"], rp.Bates([1, 4, 40]).icdf(u), rtol=1e-14)
    assert set(draw.jacobian()) == {"low", "high"}


def test_sum_has_the_law_of_irwin_and_hall():
    from scipy import stats

    if not hasattr(stats, "irwinhall"):
        pytest.skip("SciPy before 1.15")
    y, n = np.array([0.1, 1.7, 2.5, 4.0]), 5
    sums, exact = n * rp.Bates(n), stats.irwinhall(n)
    np.testing.assert_allclose(sums.cdf(y), exact.cdf(y), rtol=1e-12)
    np.testing.assert_allclose(sums.log_prob(y), exact.logpdf(y), rtol=1e-12)


def test_as_triangular_and_uniform():
    y = np.array([-0.9, 0.3, 1.9])
    triangle, flat = rp.Triangular(-1.0, 2.0, 0.5), rp.Uniform(-1.0, 2.0)
    for name in ("cdf", "log_sf", "log_prob", "stein_score"):
        for other, n in ((flat, 1), (triangle, 2)):
            found = getattr(rp.Bates(n, -1.0, 2.0), name)(y)
            np.testing.assert_allclose(found, getattr(other, name)(y), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(rp.Bates(2, -1.0, 2.0).entropy, triangle.entropy, rtol=1e-15)
    near_gaussian = 0.5 * np.log(2.0 * np.pi * np.e / 1200.0)
    np.testing.assert_allclose(rp.Bates(100).entropy, near_gaussian, atol=1e-5)
