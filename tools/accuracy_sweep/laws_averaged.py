"""Laws that are averages over a variance, in FLINT's balls, by the trapezoidal rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from flint import arb, ctx
from laws import Law
from laws_skewed import location_and_scale, placed

#: Bits of quantiles and of differences, of which the latter have more than a hundred.
BITS = 240


class Averaged(Law):
    """A law whose tails are sums of so many terms that more bits than these would take minutes."""

    def quantile(self, u: Any, v: Any, start: float, *theta: Any) -> Any:
        """λ where F is u = 1 − v."""
        with ctx.workprec(min(ctx.prec, BITS)):
            return super().quantile(u, v, start, *theta)

    def slope(self, i: int, at: Any, *theta: Any) -> Any:
        """∂λ/∂θ_i at a fixed quantile."""
        with ctx.workprec(min(ctx.prec, BITS)):
            return super().slope(i, at, *theta)


def summed(term: Callable[[Any], Any], start: Any, steepness: Any) -> Any:
    """∫ of a positive function that is analytic for |Im s| < π/2, and its own error.

    It falls like exp(−x cosh(s − start)) or more slowly, and grows to the sides like exp(x (1 − cos
    Im s)), for an x that is at most the steepness.
    """
    bits = ctx.prec
    nats = arb(0.7 * bits + 20)
    step = min(arb.pi() ** 2 / (nats + 2), 2 * arb.pi() / (2 * nats * steepness).sqrt()).mid()
    total = term(start)
    for side in (-1, 1):
        k, found = 1, total
        while found > total * arb(2) ** -(bits + 10) or k < 8:
            found = term(start + side * k * step)
            total += abs(found)
            k += 1
    return step * total * (1 + arb(0, 1) * arb(2) ** (8 - bits))


def inverse_gaussian_tail(z: Any, alpha: Any, tilt: Any, sign: int) -> Any:
    """P(Z > z), or P(Z < z), over ln v of the variance: v has mean 1/γ, and Z | v mean α τ v."""
    z, tilt = sign * z, sign * tilt
    root = (1 - tilt * tilt).sqrt()
    if (z * root - tilt).mid() < 0:
        return 1 - inverse_gaussian_tail(z, alpha, tilt, -1)
    rate, reach = alpha * root, (1 + z * z).sqrt()

    def term(s: Any) -> Any:
        v = s.exp()
        beyond = ((z - alpha * tilt * v) / (2 * v).sqrt()).erfc() / 2
        return beyond * (-((rate * v - 1) ** 2) / (2 * v) - s / 2).exp()

    start = (reach / alpha).log().mid()
    return summed(term, start, alpha * reach) / (2 * arb.pi()).sqrt()


def inverse_gaussian_log_density(z: Any, alpha: Any, tilt: Any) -> Any:
    square = 1 + z * z
    x = alpha * square.sqrt()
    scaled = x.bessel_k(1, scaled=True).log() - x
    level = alpha * ((1 - tilt * tilt).sqrt() + tilt * z)
    return (alpha / arb.pi()).log() + scaled - square.log() / 2 + level


def inverse_gaussian_entropy(alpha: Any, tilt: Any) -> Any:
    """−∫ p ln p in arcsinh z, of ln p less than it can be at most, in fewer bits."""
    with ctx.workprec(ctx.prec // 3):
        return entropy_in_few_bits(alpha, tilt)


def entropy_in_few_bits(alpha: Any, tilt: Any) -> Any:
    root = (1 - tilt * tilt).sqrt()
    most = (alpha / arb.pi() * alpha.bessel_k(1, scaled=True)).log() + 1

    def term(s: Any) -> Any:
        z = s.sinh()
        log = inverse_gaussian_log_density(z, alpha, tilt)
        return (most - log) * log.exp() * s.cosh()

    start = (tilt / root).asinh().mid()
    return summed(term, start, alpha * root) - most


def inverse_gaussian_theta(rng: np.random.Generator) -> list[float]:
    """A third are typical, others integers and halves, or anything."""
    kinds = 10.0 ** rng.uniform(-0.5, 1), rng.integers(1, 16) / 2, 10.0 ** rng.uniform(-6, 8)
    tilts = rng.uniform(-0.8, 0.8), np.tanh(3.0 * rng.normal()), 10.0 ** rng.uniform(-16, -1), 0.0
    return [float(rng.choice(kinds)), float(rng.choice(tilts)), *location_and_scale(rng)]


LAWS = {
    "normal-inverse-gaussian": placed(
        lambda z, alpha, tilt: inverse_gaussian_tail(z, alpha, tilt, -1),
        lambda z, alpha, tilt: inverse_gaussian_tail(z, alpha, tilt, 1),
        inverse_gaussian_log_density,
        (
            lambda alpha, tilt: tilt / (1 - tilt * tilt).sqrt(),
            lambda alpha, tilt: (1 - tilt * tilt) ** -1.5 / alpha,
            inverse_gaussian_entropy,
        ),
        inverse_gaussian_theta,
        kind=Averaged,
    ),
}
