"""Quantiles of stable distributions: Fourier's integral along a ray, in FLINT's midpoints.

By the trapezoidal rule in u, of t = exp(u − e^−u) as far as the integrand oscillates: every step
that is halved doubles the digits.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from flint import acb, arb, ctx, fmpz
from mpmath import mp, mpf
from quantiles import MARGIN, Near, Quantile


def to_arb(x: Any) -> Any:
    sign, mantissa, exponent, _ = mpf(x)._mpf_
    value = arb(fmpz(int(mantissa))) * arb(2) ** int(exponent)
    return -value if sign else value


def to_mpf(x: Any) -> Any:
    mantissa, exponent = x.mid().man_exp()
    return mp.ldexp(mpf(int(mantissa)), int(exponent))


@cache
def nodes(per_unit: int, low: int, high: int, _precision: int) -> list[tuple[Any, Any]]:
    """Return ln t and its weight at each node between `low` and `high`."""
    found = []
    for k in range(low * per_unit, high * per_unit + 1):
        u = arb(k) / per_unit
        fall = (-u).exp()
        found.append(((u - fall).mid(), ((1 + fall) / per_unit).mid()))
    return found


def direction(z: float, alpha: float, skew: float) -> float:
    """Return the angle of a ray on which the integrand falls."""
    tangent = math.tan(0.5 * math.pi * alpha)
    turn = math.atan(skew * tangent)
    low, high = (turn - 0.5 * math.pi) / alpha, (turn + 0.5 * math.pi) / alpha
    if alpha > 1.0:
        return 0.6 * (max(low, -0.5 * math.pi) if z > 0 else min(high, 0.5 * math.pi))
    if z + skew * tangent > 0.0:
        return 0.5 * (max(low, -0.5 * math.pi) + min(high, 0.0))
    return 0.5 * (max(low, 0.0) + min(high, 0.5 * math.pi))


def upper_tail(z: Any, alpha: Any, skew: Any, nats: float) -> tuple[Any, Any]:
    """Return P(Z > z) and p(z), with an error of about e^−nats."""
    phi = direction(float(z), float(alpha), float(skew))
    size = int(max(0.0, float(abs(z).log().mid())))
    low = -int(math.log((nats + size + 5) / min(float(alpha), 1.0))) - 2
    high = int(math.log(nats * 3) / min(float(alpha), 1.0)) + 3
    tangent, i = (arb.pi() * alpha / 2).tan(), acb(0, 1)
    rotated = (i * phi).exp()
    # the exponent −t^α − iβ tan(πα/2) (t − t^α) − i t z, of t^α and of t
    of_power = (i * skew * tangent - 1) * (i * phi * alpha).exp()
    of_t = -i * (z + skew * tangent) * rotated
    tail, density = acb(0), acb(0)
    for log, weight in nodes(int(nats / 1.3) + 20, low, high, ctx.prec):
        log = log - size
        t = log.exp()
        exponent = of_power * (alpha * log).exp() + of_t * t
        if exponent.real.mid() > -nats - 10:
            term = exponent.exp() * weight
            tail += term
            density += term * t
        elif log > -size:
            break
    return arb(1) / 2 + (phi + tail.imag) / arb.pi(), (density * rotated).real / arb.pi()


def start(target: Any, alpha: Any, skew: Any) -> Any:
    """Return about the z with P(Z > z) = target, far out: there the tail is a power."""
    size = mp.gamma(alpha) * mp.sin(mp.pi * alpha / 2) * (1 + skew) / mp.pi
    return (size / target) ** (1 / alpha) - 1


#: Solutions, which neither location nor scale changes.
_SOLVED: dict[tuple[Any, ...], Any] = {}


def solved(near: Near, u: Any, alpha: Any, skew: Any) -> Any:
    """Return the quantile: that of the smaller tail, by Newton's method on its logarithm."""
    sign, target = (-1, u) if 2 * u <= 1 else (1, 1 - u)
    digits = mp.dps - MARGIN + int(max(0, -mp.log10(target))) + 10
    z = sign * near["z"] if "z" in near else start(target, alpha, sign * skew)
    saved = ctx.prec
    try:
        ctx.prec = int(digits * 3.33) + 80
        at, a, b, goal = map(to_arb, (z, alpha, sign * skew, mp.log(target)))
        step, reach = arb(math.inf), arb(1)
        # the next step would be about the square of the last
        while not abs(step) < reach * arb(10) ** -((mp.dps - MARGIN) // 2 + 5):
            tail, density = upper_tail(at, a, b, digits * math.log(10))
            reach = 1 + abs(at)
            step = ((tail.log() - goal) * tail / density).mid()
            step = max(min(step, reach), -reach)
            at = (at + step).mid()
        return sign * to_mpf(at)
    finally:
        ctx.prec = saved


def stable(near: Near, u: Any, alpha: Any, skew: Any, loc: Any, scale: Any) -> Any:
    key = u, alpha, skew, mp.dps
    if key not in _SOLVED:
        _SOLVED[key] = solved(near, u, alpha, skew)
    near["z"] = _SOLVED[key]
    return loc + scale * near["z"]


def shapes(stability: float, skew: float, *rest: float) -> tuple[float, ...]:
    """Return parameters, of positive numbers in place of the first two."""
    return 0.5 + 1.45 * stability / (1.0 + stability), (skew - 1.0) / (skew + 1.0), *rest


DISTRIBUTIONS = {
    "stable": Quantile(
        stable,
        {"stability": "shape", "skew": "shape", "loc": "loc", "scale": "scale"},
        made=shapes,
    )
}
