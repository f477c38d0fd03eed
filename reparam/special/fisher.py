"""The F distribution: derivatives of ln y in half its degrees of freedom a and b, and its score.

y = (b/a) x/(1 − x) with x ~ Beta(a, b). The derivatives are those of logit x, less 1/a and more
1/b, which all but cancels for large a and b. So they are integrals of the score in F's own terms:

    ∂ log p/∂a = c − g(r),   r = x/m,   m = a/(a+b),   c = δ(a) − δ(a+b),   g(r) = r − 1 − ln r,

small terms for large a, and r − 1 = b (y − 1)/(b + a y) is exact next to the mean; in b the same
with ρ = (1 − x)/(1 − m). On the scale of ln y, with p its density and t below x,

    E_a = ∂ln y/∂a = −(1/p(x)) ∫_{−∞} (c − g) p,

which changes sign twice: E is integrated from the nearer endpoint, and its own root is between
them. From p = (p′ + (a+b) t p)/a and (r − 1) p = −p′/a, integrated by parts,

    −a E_a = c_a − g(r) − (1−x)/a + ∫ ((a+b) (c_a − g) − (1−t)/a) t p/p(x)
    −a E_b = c_b − g(ρ) − x/b     + ∫ ((a+b) (c_b − g) + (1−t)/b) t p/p(x)

where t p decays for small a, too. Above y = 1 it is the mirror image: 1/y has df exchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import bend, log1pmx
from reparam.special._beta_integrals import derivatives
from reparam.special._elementwise import column, elementwise, integrate, select, weighted
from reparam.special._panels import FINE, PANEL_NODES, panels
from reparam.special._point import Point, from_logit
from reparam.special.along_paths import bends, scale_of
from reparam.special.bregman import log_quotient
from reparam.special.polygamma import delta_step

__all__ = ["log_pathwise", "log_pathwise2", "score"]

#: Weights below e to minus this are nothing, also where the score has grown beside them.
_CUTOFF = 46.0
#: Newton steps to the end of the integrand.
_STEPS = 4
#: A longer plateau before the integrand falls needs panels of its own.
_LEVEL = 1.6
#: From this sum of shapes on the exponent is taken relative to its linear part.
_PRECISE = 1e4
#: Second derivatives are made of differences E_a + 1/a − 1/a if both shapes are below it.
_SUBTRACTED = 8.0


def _excess(d: Array, log: Array) -> Array:
    """Return g(1 + d) = d − ln(1 + d), given ln(1 + d) that is accurate where d is not small."""
    return np.where(np.abs(d) < 0.3, -log1pmx(np.clip(d, -0.3, 0.3)), d - log)


def _point(y: Array, logit: Array, a: Array, b: Array) -> Point:
    """Return x and 1 − x from y, or from logit x where the odds over- or underflow."""
    ratio = a / b
    odds = y * ratio
    usual = (np.minimum(odds, ratio) > 1e-290) & (np.maximum(odds, ratio) < 1e290)
    point = from_logit(np.broadcast_to(logit, y.shape))
    x, rest = odds / (1.0 + odds), 1.0 / (1.0 + odds)
    return Point(np.where(usual, x, point.x), np.where(usual, rest, point.rest), point.logit)


def _over_means(y: Array, point: Point, a: Array, b: Array) -> tuple[Array, Array]:
    """Return r − 1 and ρ − 1."""
    apart, above = y - 1.0, y > 1.0
    inverse = np.where(above, apart / y, 0.0)  # 1 − 1/y
    inverse = np.where(y == np.inf, 1.0, inverse)
    ratio = b / a
    return (
        np.where(above, (point.x * ratio) * inverse, point.rest * apart),
        np.where(above, -point.x * inverse, -(point.rest / ratio) * apart),
    )


def _logs_over_means(point: Point, d: Array, e: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Return ln r and ln ρ, from d = r − 1 and e = ρ − 1 where these are small."""
    log_x, log_rest = point.logs
    ratio = a / b
    return (
        np.where(np.abs(d) < 0.5, np.log1p(np.maximum(d, -0.5)), log_x + np.log1p(1.0 / ratio)),
        np.where(np.abs(e) < 0.5, np.log1p(np.maximum(e, -0.5)), log_rest + np.log1p(ratio)),
    )


@elementwise(outputs=2)
def score(y: Array, logit: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Return ∂ log p/∂a and ∂ log p/∂b at y, whose logit x is given, too."""
    point = _point(y, logit, a, b)
    d, e = _over_means(y, point, a, b)
    log_r, log_rho = _logs_over_means(point, d, e, a, b)
    first, second = delta_step(a, b), delta_step(b, a)
    return first - _excess(d, log_r), second - _excess(e, log_rho)


# Below y = 1: each returns E_a and E_b -----------------------------------------------------------


def _moved(
    s: Array, base: Array, tail: Array, total: Array, slope: Array, *, high: bool, precise: bool
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
    logit: Array,
    d: Array,
    e: Array,
    a: Array,
    b: Array,
    *,
    high: bool,
    precise: bool,
    long: bool,
) -> tuple[Array, Array]:
    point = Point(x, rest, logit)
    log_r, log_rho = _logs_over_means(point, d, e, a, b)
    first, second = delta_step(a, b), delta_step(b, a)
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
    size = PANEL_NODES if long else len(FINE[0])

    def integrals(_: Array, length: Array, plateau: Array, *pieces: Array) -> tuple[Array, ...]:
        x, rest, base, tail, total, slope, d, e, log_r, log_rho, first, second, a, b = pieces
        if long:
            nodes, weights = panels(plateau, length)
        else:
            nodes, weights = column(FINE[0]), np.array(FINE[1])
        fallen, grown, exponent = moved(nodes * length, base, tail, total, slope)
        mass = np.exp(exponent)
        over = d + (1.0 + d) * np.expm1(-fallen)
        other = e + (1.0 + e) * np.expm1(grown)
        beyond = rest * np.exp(grown)  # 1 − t
        carry = x * (a + b)  # which may underflow where the logarithms are infinite
        in_a = carry * (first - _excess(over, log_r - fallen)) - x * (beyond / a)
        in_b = carry * (second - _excess(other, log_rho + grown)) + x * (beyond / b)
        return weighted(mass * in_a, weights) * length, weighted(mass * in_b, weights) * length

    arrays = length, -np.log(rate), x, rest, base, tail, total, slope, d, e, log_r, log_rho
    in_a, in_b = integrate(integrals, size, 1, *arrays, first, second, a, b)
    start, other = first - _excess(d, log_r) - rest / a, second - _excess(e, log_rho) - x / b
    return -(start + in_a) / a, -(other + in_b) / a


_FORMULAS = tuple(
    partial(_below, high=high, precise=precise, long=long)
    for long, high in ((False, False), (False, True), (True, True))
    for precise in (False, True)
)


def _integrated(y: Array, point: Point, a: Array, b: Array) -> tuple[Array, Array]:
    """Return E_a and E_b where the greater shape is at least 1."""
    a, b = np.broadcast_to(a, y.shape), np.broadcast_to(b, y.shape)
    above = y > 1.0

    def nearer(below: Array, mirrored: Array) -> Array:
        return np.where(above, mirrored, below)

    d, e = _over_means(y, point, a, b)
    x, rest = nearer(point.x, point.rest), nearer(point.rest, point.x)
    own, other = nearer(a, b), nearer(b, a)
    high = x > 0.62
    long = high & (-np.log((own + other + 1.0) * rest) > _LEVEL)
    choice = 2 * (high.astype(np.int8) + long) + (own + other > _PRECISE)
    arrays = x, rest, nearer(point.logit, -point.logit), nearer(d, e), nearer(e, d), own, other
    first, second = select(choice, _FORMULAS, *arrays, outputs=2)
    return nearer(first, -second), nearer(second, -first)


def _log_derivatives(y: Array, point: Point, a: Array, b: Array) -> tuple[Array, Array]:
    """Return E_a and E_b; in a shape below 1 the difference does not cancel."""
    first, second = _integrated(y, point, a, b)
    if np.any(np.minimum(a, b) < 1.0):
        in_a, in_b = derivatives(point, a, b)
        # of the least shapes both terms are infinite, the first one by far
        in_a = np.where(in_a == np.inf, in_a, in_a - 1.0 / a)
        in_b = np.where(in_b == -np.inf, in_b, in_b + 1.0 / b)
        first, second = np.where(a < 1.0, in_a, first), np.where(b < 1.0, in_b, second)
    return first, second


@elementwise(outputs=2)
def log_pathwise(y: Array, logit: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Return ∂ln y/∂a and ∂ln y/∂b at fixed u, with a = df1/2 and b = df2/2.

    Parameters
    ----------
    y
        The point.
    logit
        ln(a y/b): also where y or a/b over- or underflows.
    a, b
        Half the degrees of freedom, positive.
    """
    return _log_derivatives(y, _point(y, logit, a, b), a, b)


@elementwise(outputs=5)
def log_pathwise2(y: Array, logit: Array, a: Array, b: Array) -> tuple[Array, ...]:
    """Return the same two, then ∂²ln y/∂a², ∂²ln y/∂a∂b and ∂²ln y/∂b²: by differences.

    Parameters
    ----------
    y, logit, a, b
        As :func:`log_pathwise` takes them.
    """
    choice = np.broadcast_to(np.maximum(a, b) < _SUBTRACTED, y.shape).astype(np.int8)
    entries: tuple[Array, ...] = select(choice, _SECOND, y, logit, a, b, outputs=5)
    return entries


def _second(
    y: Array, logit: Array, a: Array, b: Array, *, first: Callable[..., tuple[Array, Array]]
) -> tuple[Array, ...]:
    log_y = np.where((y > 1e-290) & (y < 1e290), np.log(y), logit - log_quotient(a, b))

    def speeds(_: Any, at: Array, a: Array, b: Array) -> tuple[Array, Array]:
        moved = np.exp(at)
        return first(moved, _point(moved, at + log_quotient(a, b), a, b), a, b)

    room = scale_of(log_y)
    (twice, mixed), (other,) = bends(speeds, log_y, [a, b], [a, b], [a, b], room, smooth=True)
    return (*first(y, _point(y, logit, a, b), a, b), twice, mixed, other)


def _subtracted(y: Array, point: Point, a: Array, b: Array) -> tuple[Array, Array]:
    """Return E_a and E_b as differences, a twentieth of the work."""
    in_a, in_b = derivatives(point, a, b)
    return in_a - 1.0 / a, in_b + 1.0 / b


_SECOND = partial(_second, first=_log_derivatives), partial(_second, first=_subtracted)
