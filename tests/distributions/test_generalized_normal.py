"""The generalized normal distribution: next to its centre, far out, for tiny and huge powers."""

import numpy as np
import pytest
from exact import assert_exact, slope
from mpmath import mp, mpf

import reparam as rp
from reparam.errors import UnknownParameterError

#: The power at which ∂z/∂β has a zero at the centre: ψ(1 + 1/β) = 0.
TURN = 2.166226
POWERS = [0.05, 0.5, 1.0, 2.0, TURN, 7.5, 1e3, 1e4]
every_power = pytest.mark.parametrize("power", POWERS)
DIGITS = 60


def outside(size, power):
    """P(|Z| > size): by the integral where it is small, else by the series of P."""
    x, alpha = size**power, 1 / power
    if x > alpha + 1:
        return mp.gammainc(alpha, x, mp.inf, regularized=True)
    return 1 - inside(size, power)


def inside(size, power):
    """P(|Z| ≤ size) = z e^(−x) Σ x^k/(α + 1)_k/Γ(α + 1), whose terms are positive."""
    x, alpha = size**power, 1 / power
    if x > 60:
        return 1 - mp.gammainc(alpha, x, mp.inf, regularized=True)
    total, term, k = mpf(0), mpf(1), 0
    while term > mpf(10) ** -(mp.dps + 5) * total:
        total += term
        k += 1
        term *= x / (alpha + k)
    return total * size * mp.exp(-x) / mp.gamma(1 + alpha)


def density(size, power):
    return mp.exp(-(size**power)) / (2 * mp.gamma(1 + 1 / power))


def path(z, power):
    """−F_β/p, from the middle out where that is the smaller part."""
    size = abs(z)
    part, sign = (inside, -1) if inside(size, power) < 0.5 else (outside, 1)
    moved = sign * slope(part, (size, power), 1) / (2 * density(size, power))
    return moved if z > 0 else -moved


def log_tail(z, power):
    """ln P(Z > z)."""
    tail = outside(abs(z), power) / 2
    return mp.log(tail) if z > 0 else mp.log1p(-tail)


def quantile(start):
    """The size with P(|Z| > size) = t, by Newton's method on the logarithm."""

    def formula(t, power):
        log, at = mp.log(t), mp.log(mpf(start))
        for _ in range(40):
            size = mp.exp(at)
            tail = outside(size, power)
            if tail > 0.5:
                step = (1 - t - inside(size, power)) / (2 * density(size, power) * size)
            else:
                step = (mp.log(tail) - log) * tail / (2 * density(size, power) * size)
            at += step
            if abs(step) < mpf(10) ** -(mp.dps // 2 + 5):
                break
        return mp.exp(at)

    return formula


@every_power
@pytest.mark.parametrize("part", [1e-300, 1e-9, 0.02, 0.5, 1.0, 1.5, 30.0, 700.0])
def test_functions_of_a_value(power, part):
    """Values z = ±x^(1/β), or for the smallest parts that part of 1."""
    d = rp.GeneralizedNormal(power)
    z = part if part < 1e-3 else part ** (1.0 / power)
    for y in (z, -z):
        assert_exact(d.log_sf(y), log_tail, y, power, digits=DIGITS, what="log_sf")
        assert_exact(d.log_cdf(-y), log_tail, y, power, digits=DIGITS, what="log_cdf")
        assert_exact(d.cdf(-y), lambda *x: mp.exp(log_tail(*x)), y, power, digits=DIGITS)
        assert_exact(d.pathwise(y)["power"], path, y, power, digits=DIGITS, what="∂z/∂β")

        def log_density(y, power):
            return mp.log(density(abs(y), power))

        assert_exact(d.log_prob(y), log_density, y, power, digits=DIGITS, what="log p")

        def score(y, power):
            alpha = 1 / power
            return alpha**2 * mp.psi(0, 1 + alpha) - abs(y) ** power * mp.log(abs(y))

        assert_exact(d.score(y)["power"], score, y, power, digits=DIGITS, what="score")


@every_power
@pytest.mark.parametrize("u", [1e-300, 1e-12, 0.1, 0.25, 0.4999, 0.5 - 2.0**-54])
def test_quantiles_and_derivatives_of_draws(power, u):
    d = rp.GeneralizedNormal(power)
    draw, size = d.transform(u), -float(d.icdf(u))
    solved = quantile(size)
    assert draw.value == -size
    assert d.isf(u) == size
    assert_exact(size, lambda u, power: solved(2 * u, power), u, power, digits=DIGITS)

    def along(u, power):
        return path(-solved(2 * u, power), power)

    assert_exact(draw.jacobian()["power"], along, u, power, digits=DIGITS, what="∂z/∂β")


def test_powers_1_and_2_are_laplace_and_gaussian():
    u = np.linspace(0.01, 0.99, 21)
    for power, other in ((1.0, rp.Laplace()), (2.0, rp.Gaussian(scale=np.sqrt(0.5)))):
        d = rp.GeneralizedNormal(power)
        np.testing.assert_allclose(d.icdf(u), other.icdf(u), rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose(d.log_prob(u), other.log_prob(u), rtol=1e-13)
        np.testing.assert_allclose(d.stein_score(u), other.stein_score(u), rtol=1e-13)
        np.testing.assert_allclose(d.entropy, other.entropy, rtol=1e-14)
        np.testing.assert_allclose(d.variance, other.variance, rtol=1e-14)


def test_large_powers_are_nearly_uniform():
    d, uniform = rp.GeneralizedNormal(1e12), rp.Uniform(-1.0, 1.0)
    u = np.linspace(0.01, 0.99, 21)
    np.testing.assert_allclose(d.icdf(u), uniform.icdf(u), rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(d.entropy, uniform.entropy, rtol=1e-10)
    value = d.sample(1000, rng=1)
    assert np.all(np.abs(value) < 1.0)


def test_derivative_of_a_draw_next_to_1_of_a_large_power():
    """There z^β has lost what ln x has kept."""
    d, u = rp.GeneralizedNormal(1e6), 1e-200
    draw = d.transform(u)
    solved = quantile(-float(draw.value))
    found = draw.jacobian()["power"]
    assert_exact(found, lambda u, b: path(-solved(2 * u, b), b), u, 1e6, digits=DIGITS)


def test_at_the_centre():
    for power in (0.5, 1.0, 2.0, 9.0):
        d = rp.GeneralizedNormal(power)
        assert d.cdf(0.0) == d.sf(0.0) == 0.5
        assert d.icdf(0.5) == 0.0
        assert d.pathwise(0.0) == {"power": 0.0, "loc": 1.0, "scale": 0.0}
        assert d.stein_score(0.0) == 0.0


def test_standard_deviation_is_converted():
    with pytest.raises(UnknownParameterError, match="scale=") as caught:
        rp.GeneralizedNormal(power=3.0, std=2.0)
    formula = rp.GeneralizedNormal.scale.conversions["std"].formula.format("std")
    assert formula in str(caught.value)
    scale = rp.Expression(formula).value({"std": np.array(2.0), "power": np.array(3.0)})
    np.testing.assert_allclose(rp.GeneralizedNormal(3.0, scale=scale).variance, 4.0, rtol=1e-14)
