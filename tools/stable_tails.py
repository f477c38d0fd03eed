"""Tails and densities of stable distributions in Nolan's S0, in FLINT's balls."""

from __future__ import annotations

import math
from typing import Any

from flint import acb, arb, ctx

__all__ = ["integrals"]

#: Terms of the series, at most.
_MOST_TERMS = 1000


def direction(z: float, alpha: float, skew: float) -> float:
    """The angle of a ray on which the integrand falls, for z ≥ 0."""
    if abs(alpha - 1.0) < 0.05:  # t and t^α hardly differ: neither decides alone
        return -0.8 if skew > 0.0 else 0.0
    tangent = math.tan(0.5 * math.pi * alpha)
    turn = math.atan(skew * tangent)
    low, high = (turn - 0.5 * math.pi) / alpha, (turn + 0.5 * math.pi) / alpha
    if alpha > 1.0:
        return 0.6 * max(low, -0.5 * math.pi)
    if z + skew * tangent > 0.0:
        return 0.5 * (max(low, -0.5 * math.pi) + min(high, 0.0))
    return 0.5 * (max(low, 0.0) + min(high, 0.5 * math.pi))


def integrals(z: Any, alpha: Any, skew: Any) -> tuple[Any, Any]:
    """P(Z > z) and p(z) as balls, to about the bits of precision."""
    if z < 0:
        below, density = integrals(-z, alpha, -skew)
        return 1 - below, density
    goal = bits = ctx.prec
    while True:
        with ctx.workprec(bits):
            found = series(z, alpha, skew) or along_ray(z, alpha, skew)
        lost = goal - 20 - min(part.rel_accuracy_bits() for part in found)
        if lost <= 0 or bits > 4 * goal or not all(part.is_finite() for part in found):
            return found
        bits += min(lost, goal) + 20


def series(z: Any, alpha: Any, skew: Any) -> tuple[Any, Any] | None:
    """Bergström's series of powers of x = z + β tan(πα/2), where so few terms suffice.

    It is that of exp(−c t^α), integrated term by term: convergent for α < 1, asymptotic above.
    """
    tangent, i = (arb.pi() * alpha / 2).tan(), acb(0, 1)
    x, c = z + skew * tangent, 1 - i * skew * tangent
    if not x > 0:
        return None
    tail, density, quarter, before = arb(0), arb(0), -i * arb.pi() / 2, arb(math.inf)
    for k in range(1, _MOST_TERMS):
        power = (k * ((-c).log() - alpha * x.log()) + quarter * (alpha * k + 1)).exp()
        term = power * (alpha * k).gamma() / arb(k + 1).gamma() / arb.pi()
        tail, density = tail + term.real, density + alpha * k * term.real / x
        size = abs(term).mid() * k
        if size < abs(tail).mid() * arb(2) ** -(ctx.prec + 10):
            error = 1 + arb(0, 1) * arb(2) ** -ctx.prec
            return tail * error, density * error
        if size > 2 * before:
            return None
        before = size
    return None


def along_ray(z: Any, alpha: Any, skew: Any) -> tuple[Any, Any]:
    """∫ exp(−t^α − iβ tan(πα/2) (t − t^α) − itz) dt/t, and without 1/t, along a ray.

    In u with ln t = u − e^−u, so that the integrand falls doubly exponentially at both ends.
    """
    nats = 0.7 * ctx.prec
    phi = direction(float(z), float(alpha), float(skew))
    size = int(max(0.0, float(abs(z).log().mid())))
    least = min(float(alpha), 1.0)
    low = -int(math.log((nats + size + 5.0) / least)) - 2
    high = int(math.log(3.0 * nats) / least) + 3
    tangent, i = (arb.pi() * alpha / 2).tan(), acb(0, 1)
    turned, per_unit = (i * phi).exp(), int(nats / 4.0) + 20
    of_power = (i * skew * tangent - 1) * (i * phi * alpha).exp()
    of_t = -i * (z + skew * tangent) * turned

    def means(first: Any) -> tuple[Any, Any]:
        """The sums over every node from the first one on, as integrals of ln t."""
        tail, density = acb(0), acb(0)
        for k in range(low * per_unit, high * per_unit + 1):
            u = (k + first) / per_unit
            fall = (-u).exp()
            log = u - fall - size
            t = log.exp()
            exponent = of_power * (alpha * log).exp() + of_t * t
            if exponent.real.mid() > -nats - 10:
                term = exponent.exp() * (1 + fall)
                tail += term
                density += term * t
            elif log > -size:
                break
        return tail.imag / per_unit, (density * turned).real / per_unit

    tail, density = means(arb(0))
    while per_unit < 4.0 * nats:
        others = means(arb(1) / 2)
        apart = abs(tail - others[0]) + abs(density - others[1])
        tail, density, per_unit = (tail + others[0]) / 2, (density + others[1]) / 2, 2 * per_unit
        # the error of both together is about the square of that of either
        if apart < arb(2) ** (20 - ctx.prec // 2):
            error = arb(0, 1) * arb(-nats).exp() * 16
            tail = arb(1) / 2 + (phi + tail) / arb.pi()
            return tail + error, density / arb.pi() + error
    return arb("nan"), arb("nan")
