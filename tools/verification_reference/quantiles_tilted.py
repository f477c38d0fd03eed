"""Quantiles of tilted laws by integrals in FLINT's numbers: to a hundred digits, no more."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from flint import arb, ctx
from mpmath import mp
from quantiles import Near, Quantile

#: Bits of the first steps, and of the last: differences of differences leave 40 digits of them.
ROUGH, BITS = 100, 340


def normal_inverse_gaussian(near: Near, u: Any, alpha: Any, tilt: Any, loc: Any, scale: Any) -> Any:
    z, near["start"] = solved(u, alpha, tilt, near.get("start"), mp.dps)
    return loc + scale * z


@cache
def solved(u: Any, alpha: Any, tilt: Any, start: Any, _: int) -> tuple[Any, float]:
    """Return z, and arcsinh z, by Newton's method on the logarithm of the smaller tail."""
    if tilt == 0 and 2 * u == 1:
        return mp.mpf(0), 0.0
    with ctx.workprec(2000):
        target, upper = ball(min(u, 1 - u)), 2 * u > 1
        a, tau = ball(alpha), ball(tilt)
        log_target, root = target.log(), (1 - tau * tau).sqrt()
    t = start
    if t is None:  # Chernoff's bound: farther out
        size = 2 * (-log_target / (2 * a * root)).sqrt().asinh()
        t = (tau.atanh() + (size if upper else -size)).mid()
    for bits in (ROUGH, BITS):
        with ctx.workprec(bits):
            step = arb(1)
            while abs(step) > arb(2) ** (8 - bits // 2) * max(abs(t), arb(2) ** (-bits // 4)):
                tail, density = tail_and_density(t, a, tau, upper)
                step = (log_target - tail.log()) * tail / density
                step = (-step if upper else step).max(arb(-5)).min(arb(5))
                t = (t + step).mid()
    with ctx.workprec(BITS):
        return number(t.sinh()), t


def tail_and_density(t: Any, alpha: Any, tilt: Any, upper: bool) -> tuple[Any, Any]:
    """Return P(Z > z), or P(Z ≤ z), and the density of t, by Fourier's inversion.

    The path through φ = arctan z is that of steepest descent, and the pole at ρ = arcsin τ: with
    s = α sin(φ + iw) − ατ, the integral of exp(K(s) − sz)/s has a real exponent.
    """
    z = t.sinh()
    side = 1 if (z / (1 + z * z).sqrt() - tilt).mid() >= 0 else -1
    phi, rho, x = (side * z).atan(), (side * tilt).asin(), alpha * t.cosh()
    delta, sigma = phi - rho, phi + rho
    nats = arb(0.7 * ctx.prec + 20)
    step = min(arb.pi() ** 2 / (nats + 2), 2 * arb.pi() / (2 * nats * x).sqrt()).mid()
    total = bessel = arb(0)
    k, term = 0, arb(1)
    while k < 8 or abs(term) > abs(total) * arb(2) ** (-ctx.prec):
        cosh = ((k + 0.5) * step).cosh()
        weight = (-x * (cosh - 1)).exp()
        term = weight * cosh
        bessel += term
        total += weight * (delta.sin() / (cosh - delta.cos()) - sigma.sin() / (cosh + sigma.cos()))
        k += 1
    poles = residue(delta, x, step) - residue(arb.pi() - abs(sigma), x, step) * (
        1 if sigma > 0 else -1
    )
    level = (-x * (1 - delta.cos())).exp()
    outer = level * (total * step / (2 * arb.pi()) + poles)
    tail = outer if upper == (side > 0) else 1 - outer
    return tail, alpha / arb.pi() * bessel * step * level


def residue(pole: Any, x: Any, step: Any) -> Any:
    """Return what the midpoint rule leaves out of a pole beside the path."""
    if pole > 1.57 or pole.sin() * x * step > 6.28:
        return arb(0)
    return (x * (1 - pole.cos())).exp() / ((2 * arb.pi() * pole / step).exp() + 1)


def ball(value: Any) -> Any:
    """Return mpmath's number as FLINT's."""
    sign, mantissa, exponent, _ = value._mpf_
    return arb(-int(mantissa) if sign else int(mantissa)) * arb(2) ** int(exponent)


def number(value: Any) -> Any:
    """Return FLINT's number as mpmath's."""
    mantissa, exponent = value.mid().man_exp()
    return mp.ldexp(int(mantissa), int(exponent))


def with_tilt(alpha: float, place: float, *rest: float) -> tuple[float, ...]:
    """Parameters with a tilt between −1 and 1, made of any number."""
    return alpha, place / (1.0 + math.fabs(place)), *rest


DISTRIBUTIONS = {
    "normal-inverse-gaussian": Quantile(
        normal_inverse_gaussian,
        {"alpha": "shape", "tilt": "loc", "loc": "loc", "scale": "scale"},
        made=with_tilt,
    ),
}
