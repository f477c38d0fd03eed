"""Quantiles of stable distributions, in FLINT's balls without their radii."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

from flint import arb, ctx, fmpz
from mpmath import mp, mpf
from quantiles import MARGIN, Near, Quantile

sys.path.insert(0, str(Path(__file__).parents[1]))

from stable_tails import integrals


def to_arb(x: Any) -> Any:
    """Return the ball of no radius next to a number of more bits."""
    sign, mantissa, exponent, _ = mpf(x)._mpf_
    value = arb(fmpz(int(mantissa))) * arb(2) ** int(exponent)
    return (-value if sign else value).mid()


def to_mpf(x: Any) -> Any:
    mantissa, exponent = x.mid().man_exp()
    return mp.ldexp(mpf(int(mantissa)), int(exponent))


def start(target: Any, alpha: Any, skew: Any) -> Any:
    """Return about the z with P(Z > z) = target, far out: there the tail is a power."""
    size = mp.gamma(alpha) * mp.sin(mp.pi * alpha / 2) * (1 + skew) / mp.pi
    return (size / target) ** (1 / alpha) - 1


#: Solutions, which neither location nor scale changes.
_SOLVED: dict[tuple[Any, ...], Any] = {}


def solved(near: Near, u: Any, alpha: Any, skew: Any) -> Any:
    """Return the quantile: that of the smaller tail, by Newton's method on its logarithm."""
    sign, target = (-1, u) if 2 * u <= 1 else (1, 1 - u)
    z = sign * near["z"] if "z" in near else start(target, alpha, sign * skew)
    saved = ctx.prec
    try:
        ctx.prec = int((mp.dps - MARGIN) * 3.33) + 80
        at, a, b, goal = map(to_arb, (z, alpha, sign * skew, mp.log(target)))
        step, reach = arb(math.inf), arb(1)
        # the next step would be about the square of the last
        while not abs(step) < reach * arb(10) ** -((mp.dps - MARGIN) // 2 + 5):
            tail, density = integrals(at, a, b)
            if not density.is_finite():
                raise ArithmeticError(f"no integral at {float(at)}")
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
