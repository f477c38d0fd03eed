"""The standard stable distribution: integrals along a path through the complex plane.

In the S0 form of Nolan, with ε = α − 1, S + iC = i exp(−iπε/2) and γ = 1 + β, the characteristic
function at t = −iw and exp(−itz) are together exp(h(w)), where

    h(w) = −w (z + β G(w)) + γ (S + iC) w^α,   G(w) = (w^ε − C)/S,

and G is 2 ln w/π at α = 1: nothing is singular there. Integrals over w, along any path from 0 to
where the exponential has vanished, give everything about the upper side:

    P(Z > z) = Im ∫ e^h dw/w / π,   p(z) = Im ∫ e^h dw / π,   −∂P(Z ≤ z)/∂θ = Im ∫ e^h h_θ dw/w / π.

The path follows the real axis as long as h is nearly real and falls: there only the imaginary part
γ C w^α contributes, from which tails like a power have their digits. It then leaves along the curve
of steepest descent, on which h falls by a real q, to which w is found by Halley's method. Where z
is in the middle of a law that is nearly Gaussian, the first part is a slanted ray instead.
The lower side is the upper one of −z and −β.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial.chebyshev import chebder, chebval, chebvander
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._elementwise import column, integrate, weighted
from reparam.special._stable_integrands import (
    HALF_PI,
    LEAST,
    Factor,
    constants,
    expm1,
    exponential,
    in_tail,
    powers,
    turn,
)

__all__ = ["upper_side"]

#: The imaginary part of h at which the path leaves the real axis.
_PHASE = 1.0
#: By how much h falls along the steepest descent, and about how much along the real axis.
_FALL, _FAR = 42.0, 50.0
#: Below this ln w the point where h is least on the real axis is too near the pole at 0.
_NEAR_POLE = -0.7
#: h is nowhere as large as this on the ray, and where rounding gives more, the largest ln w.
_RISE, _LAST = 10.0, 30.0
#: The angle of the slanted ray.
_SLANT = 1.2
#: Nodes and weights along the curve, in fractions of its length.
_NODE, _WEIGHT = (0.5 * (1.0 + leggauss(32)[0]), 0.5 * leggauss(32)[1])
#: Where the curve is followed, beside its start: between these it is a polynomial.
_STOP = 0.5 - 0.5 * np.cos(np.pi * np.arange(1, 6) / 5)


def _interpolants() -> tuple[Array, Array]:
    """Return matrices that take a polynomial of value 0 at 0 from stops to nodes, and its slope."""
    degree = _STOP.size
    stops, nodes = 2.0 * np.array([0.0, *_STOP]) - 1.0, 2.0 * _NODE - 1.0
    coefficients = np.linalg.inv(chebvander(stops, degree))
    slopes = 2.0 * chebval(nodes, chebder(np.eye(degree + 1))).T
    return (chebvander(nodes, degree) @ coefficients)[:, 1:], (slopes @ coefficients)[:, 1:]


_TO_NODES, _TO_SLOPES = _interpolants()
#: How many elements are integrated together. NumPy multiplies complex arrays of 256 KiB or more in
#: place if it may, and rounds differently then: values would depend on how many there are.
_TOGETHER = 240
#: How many elements are looked at together at all, for the same reason.
_AT_ONCE = 2**13
#: At corners where h is below this, the integral from there on is not looked at.
_DEEP = -1e9


def _rule(nodes: int, power: int) -> tuple[Array, Array]:
    """Return ln x and weights dx/x on (0, 1), of Gauss's rule in y = x^(1/power), of even length.

    In y, what is a series in x and x^(1/α) is smooth enough. Nodes near 0 have all digits, by the
    recurrence of differences of Legendre polynomials in t = 2y.
    """
    t = 1.0 - leggauss(nodes)[0][nodes // 2 :]
    for _ in range(3):
        last, now, rise = np.ones(t.shape), 1.0 - t, -t
        for k in range(1, nodes):
            rise = (k * rise - (2 * k + 1) * t * now) / (k + 1)
            last, now = now, now + rise
        t = t + now * t * (2.0 - t) / (nodes * (last - (1.0 - t) * now))
    weight = t * (2.0 - t) / (nodes * last) ** 2
    y = np.concatenate([0.5 * t, 1.0 - 0.5 * t])
    return power * np.log(y), power * np.concatenate([weight, weight]) / y


#: Rules for α below ½, below 1, and from there on.
_BORDERS = np.array([0.5, 1.0])
_RULES = [_rule(64, 5), _rule(56, 6), _rule(44, 6)]


# The path ---------------------------------------------------------------------------------------


class _Path(NamedTuple):
    """Of elements: the ray, and where the path leaves it.

    On it h = w (a + b (w^ε − 1)/ε + c w^ε) of the size of w: a, b, c are `first`, `second`, `jump`.
    """

    z: Array
    alpha: Array
    skew: Array
    angle: Array
    #: ln |w| at the corner, and where the first part ends, if e^h vanishes before.
    corner: Array
    end: Array
    first: Array
    second: Array
    jump: Array
    #: Whether the corner is where h is least on the real axis.
    least: NDArray[np.bool_]
    #: ln γC.
    log_jump: Array

    def taken(self, rows: NDArray[np.integer[Any]]) -> _Path:
        """Return the path of some elements."""
        return _Path(*(each[rows] for each in self))


def _path(z: Array, alpha: Array, skew: Array) -> _Path:
    e, s, c, ratio, one = constants(alpha)
    grown = 1.0 + skew
    log_jump = np.log(grown * c)
    log_phase = (math.log(_PHASE) - log_jump) / alpha
    # h is least on the real axis where w^ε is 1 and this
    below = alpha * (grown * s * s - skew)
    excess = z * s + skew * (e + 2.0 * np.sin(0.5 * HALF_PI * e) ** 2) - alpha * grown * s * s
    log_least = np.log1p(np.maximum(excess / below, -1.0)) / e
    log_least = np.where(below > 0.0, log_least, np.inf)
    slanted = (log_phase > log_least) & (log_least < _NEAR_POLE)
    corner = np.where(slanted, np.minimum(log_phase, 0.0), np.minimum(log_phase, log_least))
    corner = np.clip(corner, -705.0, 600.0)
    angle = np.where(slanted, _SLANT, 0.0)
    rotated, turned = np.exp(1j * angle), np.expm1(1j * e * angle)
    first = -rotated * (z + skew * (one + ratio * (turned / e)))
    second = -rotated * skew * ratio * (1.0 + turned)
    jump = rotated * grown * (s + 1j * c) * (1.0 + turned)
    path = _Path(
        z, alpha, skew, angle, corner, corner, first, second, jump, corner == log_least, log_jump
    )
    # where the density is not analytic, w times what is left of z may be all rounding
    lost = _on_ray(path, corner)[3] > _RISE
    path = path._replace(corner=np.where(lost, np.minimum(corner, _LAST), corner))
    return path._replace(end=_ended(path))


def _on_ray(path: _Path, log: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Return |w|^ε − 1, |w|^ε, which is tiny where that is nearly −1, |w|, and both parts of h."""
    e = path.alpha - 1.0
    e = np.where(np.abs(e) < LEAST, LEAST, e)
    w, power, grown = np.exp(log), np.expm1(e * log), np.exp(e * log)
    ratio = power / e
    real = w * (path.first.real + path.second.real * ratio + path.jump.real * grown)
    imaginary = w * (path.first.imag + path.second.imag * ratio + path.jump.imag * grown)
    return power, grown, w, real, imaginary


def _ended(path: _Path) -> Array:
    """Return ln |w| beyond which e^h doesn't matter on the ray, or the corner."""
    log = path.corner
    for _ in range(25):
        before, fall = log, -_on_ray(path, log)[3]
        back = log - 0.7 * np.log(np.clip(fall, 1.0, 1e300) / _FAR)
        nearer = (fall < _FAR - 5.0) & (log < path.corner)
        log = np.select([fall > _FAR + 10.0, nearer], [back, np.minimum(back, path.corner)], log)
        if np.array_equal(log, before):
            break
    return log


def _along_ray(path: _Path, height: Array, factors: Sequence[Factor]) -> tuple[Array, ...]:
    """Return Im ∫ exp(h − height) f dw/w from 0 to the end, for each factor f."""
    found = tuple(np.empty(path.z.shape) for _ in factors)
    slanted, choice = path.angle != 0.0, np.digitize(path.alpha, _BORDERS)
    for number, (nodes, weights) in enumerate(_RULES):
        for which in (False, True):
            members = np.flatnonzero((choice == number) & (slanted == which))
            part = _of_rule(nodes, weights, factors)
            for start in range(0, members.size, _TOGETHER):
                rows = members[start : start + _TOGETHER]
                given: tuple[Any, ...] = path.taken(rows)
                values = integrate(part, nodes.size, 1, *given, height[rows])
                for result, value in zip(found, values, strict=True):
                    result[rows] = value
    return found


def _of_rule(
    nodes: Array, weights: Array, factors: Sequence[Factor]
) -> Callable[..., tuple[Array, ...]]:
    """Return what makes integrals along rays that are all slanted, or all real."""

    def integrals(_: Array, *given: Any) -> tuple[Array, ...]:
        path, height = _Path(*given[:-1]), given[-1]
        slanted = path.angle.any()
        # in the middle of a nearly Gaussian law, terms of order w count
        order = np.minimum(path.alpha, 1.0) if slanted else path.alpha
        log = path.end + column(nodes) / order
        power, lift, w, real, imaginary = _on_ray(path, log)
        size = np.exp(np.minimum(real - height, 700.0)) / order
        versine, sine = turn(imaginary)
        sine, cosine = size * sine, size * (1.0 - versine)
        at: tuple[Any, ...] = log, power, lift, w, np.exp(path.end)
        if slanted:
            angle = 1j * path.angle
            less, turned = powers(constants(path.alpha)[0] * angle)
            at = log + angle, power * turned + less, lift * turned, w * np.exp(angle), at[-1]
        found = []
        for factor in factors:
            value = factor(path.alpha, path.skew)(*at)
            total = sine * np.real(value)
            if np.iscomplexobj(value):
                total += cosine * value.imag
            found.append(weighted(total, weights))
        return tuple(found)

    return integrals


def _downhill(path: _Path, factors: Sequence[Factor]) -> tuple[Array, ...]:
    """Return ∫ exp(h − h(corner)) f dw/w from the corner on, for each factor f.

    With d = ln w less that of the corner, h − h(corner) = s (e^d − 1) + b (x − (e^d − 1)) with
    x = e^d (e^εd − 1)/ε, which keeps its digits where s, the slope w h′ at the corner, vanishes.
    """
    alpha, skew = path.alpha, path.skew
    e, s, c, ratio, one = constants(alpha)
    log = path.corner + 1j * path.angle
    w, power, lifted = np.exp(log), np.expm1(e * log), np.exp(alpha * log)
    jump = (1.0 + skew) * (s + 1j * c) * lifted
    fall = skew * ratio * lifted
    slope = -w * (path.z + skew * (ratio * power / e + one)) - fall + alpha * jump
    slope = np.where(path.least, 1j * alpha * jump.imag, slope)  # without what is left of rounding
    bend = e * jump - fall
    curved = slope + alpha * bend
    # q = l v + m (cosh v − 1) up to v = length: ln w moves about as v does
    linear = np.abs(slope)
    more = np.maximum(np.abs(curved), np.maximum(linear, 1e-300))
    length = np.minimum(_FALL / linear, 2.0 * np.arcsinh(np.sqrt(0.5 * _FALL / more)))
    for _ in range(8):
        over = linear * length + 2.0 * more * np.sinh(0.5 * length) ** 2 - _FALL
        length = length - over / (linear + more * np.sinh(length))
    d = speed = turn = np.zeros(log.shape, dtype=complex)
    stops, before = [], 0.0
    for stop in _STOP.tolist():
        v, gap = stop * length, (stop - before) * length
        q = linear * v + 2.0 * more * np.sinh(0.5 * v) ** 2
        if before:
            d = d + gap * (speed + 0.5 * gap * turn)
        else:
            d = _first_step(slope / more, 0.5 * curved / more, q / more)
        for _ in range(2):
            grown, x, first, second = _curve(d, e, alpha, slope, bend)
            step = (slope * grown + bend * (x - grown) + q) / first
            d = d - step / (1.0 - 0.5 * step * second / first)
        speed = -(linear + more * np.sinh(v)) / first
        turn = -(more * np.cosh(v) + second * speed * speed) / first
        stops.append(d)
        before = stop
    lift = np.exp(e * log)
    rows = (log, power, lift, w, slope, bend, path.end, alpha, skew)
    return _along_curve(factors, np.stack(stops), *rows)


def _along_curve(factors: Sequence[Factor], stops: Any, *rows: Array) -> tuple[Any, ...]:
    """Return the integrals along the curve through the stops, some elements at a time."""
    size, found = stops.shape[1], []
    for start in range(0, size, _TOGETHER):
        piece = slice(start, start + _TOGETHER)
        log, power, lift, w, slope, bend, end, alpha, skew = (row[piece] for row in rows)
        d, speed = _followed(stops[:, piece], _TO_NODES), _followed(stops[:, piece], _TO_SLOPES)
        e = constants(alpha)[0]
        grown, raised = expm1(d), expm1(e * d)
        x = (1.0 + grown) * (raised / e)
        speed *= exponential(slope * grown + bend * (x - grown))
        raised *= lift
        at = log + d, power + raised, lift + raised, w * (1.0 + grown), np.exp(end)
        values = (speed * factor(alpha, skew)(*at) for factor in factors)
        found.append([_summed(value) for value in values])
    return tuple(map(np.concatenate, zip(*found, strict=True)))


def _followed(stops: Any, matrix: Array) -> Any:
    """Return a matrix times the stops: the same whatever the number of elements."""
    total = column(matrix[:, 0]) * stops[0]
    for k in range(1, len(stops)):
        total += column(matrix[:, k]) * stops[k]
    return total


def _summed(values: Any) -> Any:
    total = _WEIGHT[0] * values[0]
    for k in range(1, len(values)):
        total += _WEIGHT[k] * values[k]
    return total


def _curve(d: Any, e: Array, alpha: Array, slope: Any, bend: Any) -> tuple[Any, Any, Any, Any]:
    """Return e^d − 1, x, and both derivatives of h − h(corner) in d."""
    grown = expm1(d)
    x = (1.0 + grown) * (expm1(e * d) / e)
    first = slope * (1.0 + grown) + alpha * bend * x
    return grown, x, first, first + alpha * bend * (1.0 + grown + (alpha - 1.0) * x)


def _first_step(slope: Any, half_bend: Any, q: Array) -> Any:
    """Return the root d of slope d + half_bend d² = −q that is downhill, or upwards from a pass."""
    root = np.sqrt(slope * slope - 4.0 * half_bend * q)
    root = np.where((root * np.conj(slope)).real < 0.0, -root, root)
    near, other = -2.0 * q / (slope + root), -2.0 * q / (slope - root)
    flat = np.abs(slope) < 0.1 * np.sqrt(q * np.abs(half_bend))
    return np.where(flat & (other.imag > near.imag), other, near)


def upper_side(
    z: Array, alpha: Array, skew: Array, *factors: Factor
) -> tuple[Array, Array, tuple[Array, ...]]:
    """Return logarithms of a scale of e^h and one of w, and integrals relative to these."""
    if z.size > _AT_ONCE:
        pieces = [slice(start, start + _AT_ONCE) for start in range(0, z.size, _AT_ONCE)]
        parts = [upper_side(z[p], alpha[p], skew[p], *factors) for p in pieces]
        heights, scales, each = zip(*parts, strict=True)
        joined = tuple(map(np.concatenate, zip(*each, strict=True)))
        return np.concatenate(heights), np.concatenate(scales), joined
    path = _path(z, alpha, skew)
    *_, real, imaginary = _on_ray(path, path.corner)
    corner = real + 1j * imaginary
    height = np.maximum(path.log_jump + alpha * path.end, corner.real)
    height = np.where(path.angle != 0.0, 0.0, height)
    found = _along_ray(path, height, factors)
    deep = corner.real < _DEEP
    rows = np.flatnonzero((corner.real - height > -45.0) & ~deep)
    if rows.size:
        rest = np.exp(corner[rows] - height[rows])
        for result, part in zip(found, _downhill(path.taken(rows), factors), strict=True):
            result[rows] += (rest * part).imag
    if (rows := np.flatnonzero(deep & (height == corner.real))).size:
        # next to the corner alone e^h is not nothing beside its value there
        log, e = path.corner[rows], constants(alpha[rows])[0]
        at = log, np.expm1(e * log), np.exp(e * log), np.exp(log), np.exp(path.end[rows])
        for result, factor in zip(found, factors, strict=True):
            result[rows] += np.real(factor(alpha[rows], skew[rows])(*at))
    if factors[0] is in_tail:
        found[0][...] += path.angle
    return height, path.end, tuple(part / math.pi for part in found)
