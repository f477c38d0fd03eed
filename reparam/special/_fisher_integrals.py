"""Derivatives of the logarithm of an F variate y in half its degrees of freedom a and b.

y = (b/a) x/(1 − x) with x ~ Beta(a, b), N = a + b, and its density on the scale of ln y is p. With
the mean m = a/N of x, and t for x below it, r = t/m and ρ = (1 − t)/(1 − m),

    p ∝ r^a ρ^b,    ∂ log p/∂ln y = −a (r − 1) = b (ρ − 1),    ∂ log p/∂a = S_a = c_a − g(r),
    S_b = c_b − g(ρ),    g(r) = r − 1 − ln r,    c_a = δ(a) − δ(N),    c_b = δ(b) − δ(N),

small terms for large shapes, and r − 1 = b (y − 1)/(b + a y) is exact next to the mean. Where u
stays ln y moves at E_i = −∫ S_i p/p(x). S changes its sign twice: it is integrated from the nearer
endpoint, and E's own root is between them. By parts, from p′ = (a − N t) p and (r − 1) p = −p′/a,

    −a E_i = h_i + ∫₀^∞ q_i ω ds,    ω = N t p(t)/p(x),    logit t = logit x − s,
    h_a = S_a(x) − (1−x)/a,    q_a = S_a − (1−t)/(aN),
    h_b = S_b(x) − x/b,        q_b = S_b + (1−t)/(bN),

where ω decays for small a, too. Above y = 1 it is the mirror image: 1/y has a and b exchanged. With
a < 1 and a small x, even above y = 1, t^(a−1) is integrated from 0 without cancellation, where
ω in the mirror image has a plateau.

Second derivatives are those of both sides along the path, on which t moves like x, at the speed
E_j, and s stays: D_j = ∂_j + E_j ∂/∂ln y. With Δ for a value at t less that at x,

    −a E_ij − [j = a] E_i = D_j h_i + ∫ (D_j q_i + q_i D_j ln ω) ω ds,
    D_j ln ω = ∂_j ln(N t) + (1−t) E_j + Δ S_j + E_j Δ(∂ log p/∂ln y),
    ∂_j r = −r w_j,    ∂_j ρ = −ρ w_j,    w_a = (r − 1)/N,    w_b = (ρ − 1)/N.

For a → ∞ ln y is a smooth function of 1/a, of which both E_aa and −2 E_a/a are a part that cancels
in their difference, (∂²ln y/∂(1/a)²)/a⁴: that is what is computed. It is the above with
S_aa + 2 S_a/a in place of S_aa = ∂S_a/∂a, of which on paper all larger terms are gone:

    S_aa + 2 S_a/a = c_a′ + 2 c_a/a − (b/N) (r − 1)²/a − (2/a) (g(r) − (r − 1)²/2).

For a < 1 the derivatives are those of a y, whose score is S_a = ln t − ψ(a) + ψ(N). Then

    h_a = ln x − ψ(a+1) + ψ(N),    q_a = ln t − ψ(a+1) + ψ(N+1),

and for b < 1 those of y/b, with S_b = ln(1−t) − ψ(b) + ψ(N), h_b = S_b(x) and q_b = S_b + 1/N. If
a < 1, ln(1−t) p is not integrated by parts, so that all terms are proportional to a as a → 0:

    h_b = ψ(N) − ψ(b) = ξ, less a/b for b ≥ 1,    q_b = ξ − a/N + (a/N) (1 + ln(1−t)/t),

and E_ab is E_b differentiated in a, and not E_a in b.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import bend, log1pmx, log1pmx_rest
from reparam.special._elementwise import column, integrate, select, weighted
from reparam.special._panels import FINE
from reparam.special._point import Point
from reparam.special.bregman import log_quotient, trigamma_excess
from reparam.special.polygamma import (
    delta,
    delta_step,
    delta_step_bend,
    digamma_difference,
    digamma_lag,
    trigamma_excess_step,
)

__all__ = ["derivatives", "excess", "logs_over_means", "over_means"]

#: Weights below e to minus this are nothing, also where the score has grown beside them.
_CUTOFF = 46.0
#: Newton steps to the end of the integrand.
_STEPS = 4
#: Up to this x (N+1), or (1−x) (N+1), a tail is nearly a power of it if its shape is below 1.
_POWER = 0.2
#: From this sum of shapes on the exponent is taken relative to its linear part.
_PRECISE = 1e4
#: Less is 0: its square underflows.
_TINY = 1e-200
#: Up to here a series takes the place of a difference.
_NEAR = 0.3


def excess(d: Array, log: Array) -> Array:
    """Return g(1 + d) = d − ln(1 + d), given ln(1 + d) that is accurate where d is not small."""
    return np.where(np.abs(d) < _NEAR, -log1pmx(np.clip(d, -_NEAR, _NEAR)), d - log)


def over_means(y: Array, point: Point, a: Array, b: Array) -> tuple[Array, Array]:
    """Return r − 1 and ρ − 1 at x."""
    apart, above = y - 1.0, y > 1.0
    inverse = np.where(above, apart / y, 0.0)  # 1 − 1/y
    inverse = np.where(y == np.inf, 1.0, inverse)
    ratio = b / a
    return (
        np.where(above, (point.x * ratio) * inverse, point.rest * apart),
        np.where(above, -point.x * inverse, -(point.rest / ratio) * apart),
    )


def logs_over_means(point: Point, d: Array, e: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Return ln r and ln ρ, from d = r − 1 and e = ρ − 1 where these are small."""
    log_x, log_rest = point.logs
    log = log_quotient(a, b)
    return (
        np.where(np.abs(d) < 0.5, np.log1p(np.maximum(d, -0.5)), log_x + np.logaddexp(0.0, -log)),
        np.where(np.abs(e) < 0.5, np.log1p(np.maximum(e, -0.5)), log_rest + np.logaddexp(0.0, log)),
    )


_UNUSED: Array = np.zeros(())


class _Shapes(NamedTuple):
    """The shapes and what depends on them alone, as far as it is needed."""

    a: Array
    b: Array
    total: Array
    #: c_a, or c_a − 1/a for a < 1
    c_a: Array
    c_b: Array
    #: c_a′ + 2 c_a/a, or ψ′(a+1) − ψ′(N+1) for a < 1
    bend_a: Array = _UNUSED
    #: c_b′ + 2 c_b/b, or ψ′(b) − ψ′(N) for b < 1
    bend_b: Array = _UNUSED
    #: ∂c_a/∂b = ∂c_b/∂a = ψ′(N) − 1/N
    cross: Array = _UNUSED
    #: ξ = ψ(N) − ψ(b), ξ − a/N and ψ′(N) − ξ/a for a < 1
    rise: Array = _UNUSED
    beyond: Array = _UNUSED
    lag: Array = _UNUSED


def _shapes(a: Array, b: Array, large: bool, large_b: bool, second: bool) -> _Shapes:
    from scipy.special import digamma

    total = a + b
    c_a = delta_step(a, b) if large else np.log(a) - digamma(a + 1.0) - delta(total)
    c_b = delta_step(b, a)
    found = _Shapes(a, b, total, c_a, c_b)
    if not large:
        beyond = c_b - log1pmx(-a / total)
        found = found._replace(rise=digamma_difference(b, a), beyond=beyond)
    if not second:
        return found
    if large:
        bend_a = delta_step_bend(a, b, c_a)
    else:
        bend_a = trigamma_excess_step(a + 1.0, b) + b / (a + 1.0) / (total + 1.0)
    if not large_b:
        bend_b = trigamma_excess_step(b, a) + a / b / total
    else:
        bend_b = delta_step_bend(b, a, c_b)
        bend_b = bend_b if large else bend_b - 2.0 / b * _log1pmx_rest(-a / total)
    lag = _UNUSED if large else digamma_lag(b, a)
    return found._replace(bend_a=bend_a, bend_b=bend_b, cross=trigamma_excess(total), lag=lag)


def _log1pmx_rest(r: Array) -> Array:
    """Return log(1 + r) − r + r²/2."""
    near = log1pmx_rest(np.maximum(r, -_NEAR))
    return np.where(r > -_NEAR, near, np.log1p(r) - r + 0.5 * r * r)


class _Place(NamedTuple):
    """x, or t below it."""

    x: Array
    rest: Array
    #: r − 1 and ρ − 1, and the logarithms of r and ρ
    d: Array
    e: Array
    log_r: Array
    log_rho: Array


def _bent(c: Array, d: Array, log: Array, own: Array, other: Array, total: Array) -> Array:
    """Return S_aa + 2 S_a/a, from c_a′ + 2 c_a/a."""
    small = np.clip(d, -_NEAR, _NEAR)
    near = (2.0 * log1pmx_rest(small) - (other / total) * small * small) / own
    return c + np.where(np.abs(d) < _NEAR, near, d * d / total - 2.0 * (d - log) / own)


# Below y = 1. `large` and `large_b` are whether a ≥ 1 and b ≥ 1. ----------------------------------


def _start(at: _Place, of: _Shapes, large: bool, large_b: bool, second: bool) -> tuple[Array, ...]:
    """Return h_a, h_b, their slopes in ln y, and of second order what does not depend on E."""
    a, b, total = of.a, of.b, of.total
    if large:
        score = of.c_a - excess(at.d, at.log_r)
        h_a, slope_a = score - at.rest / a, at.rest * (at.x / a - at.d)
    else:
        h_a, slope_a = of.c_a + at.log_r, at.rest
    if not large:
        h_b = of.beyond - a / b * (a / total) if large_b else of.rise
        slope_b = np.zeros_like(at.x)
    elif large_b:
        h_b = of.c_b - excess(at.e, at.log_rho) - at.x / b
        slope_b = at.x * (at.e - at.rest / b)
    else:
        h_b, slope_b = of.c_b + at.log_rho, -at.x
    if not second:
        return h_a, h_b
    if large:
        twice = _bent(of.bend_a, at.d, at.log_r, a, b, total)
        twice = twice - score / a + at.x / a * (at.rest / a)
        moved = at.d * at.e / total - at.x / a * (at.rest / b) if large_b else -at.d / total
        mixed = of.cross + moved
    else:
        twice, mixed = 1.0 / total / total - of.bend_a, of.lag
    if not large_b:
        twice_b = -of.bend_b
    elif large:
        twice_b = _bent(of.bend_b, at.e, at.log_rho, b, a, total) - (at.x / b) ** 2
    else:
        twice_b = of.bend_b - a * (a / b / total) ** 2
    crossing = slope_a if large else _UNUSED
    return h_a, h_b, slope_a, slope_b, crossing, twice, mixed, twice_b


def _integrands(
    at: _Place,
    of: _Shapes,
    fallen: tuple[Array, Array],
    grown: tuple[Array, Array],
    pull: Array,
    large: bool,
    large_b: bool,
    second: bool,
) -> tuple[Array, ...]:
    """Return q_a, q_b, what E_a and E_b are multiplied by, and of second order the rest.

    Parameters
    ----------
    at
        t.
    of
        The shapes.
    fallen, grown
        −ln(t/x) and ln((1−t)/(1−x)), each with Δ S_a or Δ S_b.
    pull
        Δ ∂ log p/∂ln y.
    large, large_b, second
        As :func:`_below` takes them.
    """
    a, b, total = of.a, of.b, of.total
    inverse = 1.0 / total
    if large:
        share = at.rest / a * inverse
        q_a = of.c_a - excess(at.d, at.log_r) - share
    else:
        q_a = of.c_a + inverse + at.log_r
    if not large:
        ratio, lost = a * inverse, log1pmx(-at.x) / np.maximum(at.x, _TINY)
        q_b = of.beyond + ratio * lost
    elif large_b:
        part = (1.0 + at.e) * inverse * inverse
        q_b = of.c_b - excess(at.e, at.log_rho) + part
    else:
        q_b = of.c_b + inverse + at.log_rho
    if not second:
        return q_a, q_b
    # ∂ ln ω at fixed s, except what E is multiplied by
    along_a = fallen[1] - at.d * inverse if large else inverse - fallen[0]
    along_b = grown[1] - at.e * inverse if large_b else inverse + grown[0]
    if large:
        slope_a = at.x * share - at.d * at.rest
        twice = _bent(of.bend_a, at.d, at.log_r, a, b, total) - share * (at.rest / a - inverse)
        if large_b:
            mixed = at.d * at.e * inverse - share * (1.0 / b - (2.0 + at.e) * inverse)
        else:
            mixed = (share - at.d) * inverse
        mixed = of.cross + mixed + q_a * along_b
    else:
        slope_a, twice = at.rest, -of.bend_a
        mixed = of.lag + of.rise * inverse - fallen[0] * q_b
    if not large:
        slope_b = -ratio * (at.x + at.rest * lost)
        if large_b:
            further = -_log1pmx_rest(-at.x) / np.maximum(at.x, _TINY)
            bent = 0.5 * at.x * (at.x - ratio) - (3.0 - at.x - b * inverse) * further
            twice_b = of.bend_b + ratio / b * bent
        else:
            twice_b = -of.bend_b - ratio * inverse * (lost - 1.0)
    elif large_b:
        slope_b = at.x * (at.e - part)
        twice_b = _bent(of.bend_b, at.e, at.log_rho, b, a, total)
        twice_b = twice_b + part * (2.0 * a / b - at.e) * inverse
    else:
        slope_b, twice_b = -at.x, -of.bend_b - inverse * inverse
    carried = at.rest + pull
    slope_a = slope_a + q_a * carried
    return (
        q_a,
        q_b,
        slope_a,
        slope_b + q_b * carried,
        slope_a if large else of.beyond - of.rise * at.x + pull * q_b,
        twice + q_a * along_a,
        mixed,
        twice_b + q_b * along_b,
    )


def _moved(
    s: Array, base: Array, tail: Array, total: Array, slope: Array, high: bool, precise: bool
) -> tuple[Array, Array, Array]:
    """Return −ln(t/x), ln((1−t)/(1−x)) and the exponent of t p, at logit t = logit x − s.

    Both logarithms are positive. As in ``_beta_integrals``, for x > 0.62 all is in terms of 1 − x.
    """
    sign = 1.0 if high else -1.0
    step = base * np.expm1(sign * s)
    log = np.log1p(step)
    exponent = tail * s - total * log
    if precise:
        near = -slope * s - total * (base * bend(sign * s) + log1pmx(step))
        exponent = np.where(step < 0.5, near, exponent)
    return (log, s - log, exponent) if high else (s + log, -log, exponent)


def _below(
    x: Array,
    rest: Array,
    d: Array,
    e: Array,
    log_r: Array,
    log_rho: Array,
    a: Array,
    b: Array,
    *,
    second: bool,
    large: bool,
    large_b: bool,
    high: bool,
    precise: bool,
) -> tuple[Array, ...]:
    """Return the derivatives that :func:`derivatives` does, at y ≤ 1.

    Parameters
    ----------
    x, rest, d, e, log_r, log_rho
        The :class:`_Place`.
    a, b
        The shapes.
    second
        Whether to return second derivatives, too.
    large, large_b
        Whether a ≥ 1 and b ≥ 1.
    high, precise
        Whether x > 0.62, and N > 1e4.
    """
    at, of = _Place(x, rest, d, e, log_r, log_rho), _shapes(a, b, large, large_b, second)
    total, slope = a + b + 1.0, rest - a * d
    base, tail = (rest, b) if high else (x, -1.0 - a)
    moved = partial(_moved, high=high, precise=precise)
    width = np.sqrt(2.0 * _CUTOFF * x * rest) * np.sqrt(total)
    length = 2.0 * _CUTOFF / (slope + np.hypot(slope, width))
    rate = total * rest
    if high:  # where the exponent grows like rate (e^s − 1) − b s
        guess = np.log1p((_CUTOFF + b * np.log1p(_CUTOFF / rate)) / rate)
        length = np.where(rate < _CUTOFF, guess, length)
    for _ in range(_STEPS):
        fallen, _, exponent = moved(length, base, tail, total, slope)
        tangent = slope - total * (x * np.expm1(-fallen))
        length = np.maximum(length + (exponent + _CUTOFF) / tangent, 0.1 * length)
    nodes, weights = column(FINE[0]), np.array(FINE[1])

    def integrals(_: Array, length: Array, slope: Array, *pieces: Array) -> tuple[Array, ...]:
        at, of = _Place(*pieces[:6]), _Shapes(*pieces[6:])
        base, tail = (at.rest, of.b) if high else (at.x, -1.0 - of.a)
        fallen, grown, exponent = moved(nodes * length, base, tail, of.total + 1.0, slope)
        loss, gain = np.expm1(-fallen), np.expm1(grown)
        weight = of.total * at.x  # which may underflow where the logarithms are infinite
        below = _Place(
            at.x * (1.0 + loss),
            at.rest * (1.0 + gain),
            at.d + (1.0 + at.d) * loss,
            at.e + (1.0 + at.e) * gain,
            at.log_r - fallen,
            at.log_rho + grown,
        )
        found = _integrands(
            below,
            of,
            (fallen, -bend(-fallen) - at.d * loss),
            (grown, -bend(grown) - at.e * gain),
            -weight * loss,
            large,
            large_b,
            second,
        )
        mass = weight * np.exp(exponent)
        return tuple(weighted(mass * each, weights) * length for each in found)

    inside = integrate(integrals, nodes.size, 1, length, slope, *at, *of)
    start = _start(at, of, large, large_b, second)
    first_a, first_b, *others = (one + other for one, other in zip(start, inside, strict=True))
    in_a, in_b = -first_a / a, -first_b / a
    if not second:
        return in_a, in_b
    slope_a, slope_b, crossing, twice, mixed, twice_b = others
    if not large:
        twice = twice + in_a
    return (
        in_a,
        in_b,
        -(twice + in_a * slope_a) / a,
        -(mixed + (in_b if large else in_a) * crossing) / a,
        -(twice_b + in_b * slope_b) / a,
    )


# On both sides ------------------------------------------------------------------------------------

#: Formulas in the order in which :func:`derivatives` numbers them, for first and second order.
_FIRST, _SECOND = (
    tuple(
        partial(_below, second=second, large=large, large_b=large_b, high=high, precise=precise)
        for large, large_b, high, precise in product((False, True), repeat=4)
    )
    for second in (False, True)
)


def derivatives(
    y: Array, point: Point, a: Array, b: Array, *, second: bool = False
) -> tuple[Array, ...]:
    """Return the first derivatives of ln n in a and b, where n = y · (a if a < 1)/(b if b < 1).

    Parameters
    ----------
    y, point
        The F variate, and x.
    a, b
        The shapes.
    second
        Whether to return three more: in a twice, in a and b, and in b twice. In a shape from 1 on,
        ∂²/∂a² + (2/a) ∂/∂a takes the place of ∂²/∂a².
    """
    a, b = np.broadcast_to(a, y.shape), np.broadcast_to(b, y.shape)
    small, small_rest = (share * (a + b + 1.0) < _POWER for share in (point.x, point.rest))
    above = (y > 1.0) & ~(small & (a < 1.0)) | small_rest & (b < 1.0)

    def nearer(below: Array, mirrored: Array) -> Array:
        return np.where(above, mirrored, below)

    def both(first: Array, other: Array) -> tuple[Array, Array]:
        return nearer(first, other), nearer(other, first)

    over = over_means(y, point, a, b)
    logs = logs_over_means(point, *over, a, b)
    x, rest = both(point.x, point.rest)
    own, other = both(a, b)
    flags = own >= 1.0, other >= 1.0, x > 0.62, own + other > _PRECISE
    choice = np.zeros(y.size, dtype=np.int8)
    for flag in flags:
        choice = 2 * choice + flag
    formulas, outputs = (_SECOND, 5) if second else (_FIRST, 2)
    arrays = x, rest, *both(*over), *both(*logs), own, other
    found = select(choice, formulas, *arrays, outputs=outputs)
    in_a, in_b, *rows = found
    entries = nearer(in_a, -in_b), nearer(in_b, -in_a)
    if not second:
        return entries
    twice, mixed, twice_b = rows
    return (*entries, nearer(twice, -twice_b), nearer(mixed, -mixed), nearer(twice_b, -twice))
