"""Ranges of a formula and of its derivative over intervals, by interval arithmetic.

Each slot of a tape has a range of values and one of derivatives in one name (Moore, Kearfott &
Cloud 2009, "Introduction to Interval Analysis", chapters 5 and 6). Ranges are widened by more than
rounding makes of their ends, except where these are 0. Where a function jumps, or isn't defined,
its range is everything, so that nothing follows from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.expressions._functions import Function, Selection
from reparam.expressions._tape import Call, Tape
from reparam.special import logistic
from reparam.special._accurate import LARGEST

__all__ = ["Range", "slope_range"]

#: More than the relative error of any function of the table.
_ROUNDING = 2.0**-46

#: The least positive number.
_LEAST = 5e-324

#: Where ln Γ has its minimum over x > 0, and the minimum.
_GAMMA_AT, _GAMMA = 1.4616321449683623, -0.12148629053584961


class Range(NamedTuple):
    """Intervals: arrays of their ends."""

    low: Array
    high: Array


def slope_range(tape: Tape, ranges: Sequence[Range], wrt: int) -> tuple[Range, Range]:
    """Return ranges of the value, and of its derivative in the name of number `wrt`.

    Parameters
    ----------
    tape
        The formula.
    ranges
        For each name the intervals that it lies in, all of one shape.
    wrt
        Which name.
    """
    shape = ranges[wrt].low.shape
    values, slopes = [*ranges], [_constant(0.0, shape)] * len(ranges)
    slopes[wrt] = _constant(1.0, shape)
    for item in tape.slots[len(ranges) :]:
        if not isinstance(item, Call):
            values.append(_constant(float(item), shape))
            slopes.append(_constant(0.0, shape))
            continue
        arguments = [values[j] for j in item.arguments]
        moving = [slopes[j] for j in item.arguments]
        value, slope = _called(item.row, arguments, moving)
        values.append(value)
        slopes.append(slope)
    return values[tape.root], slopes[tape.root]


def _constant(number: float, shape: tuple[int, ...]) -> Range:
    return Range(np.full(shape, number), np.full(shape, number))


def _called(
    row: Function | Selection, arguments: list[Range], moving: list[Range]
) -> tuple[Range, Range]:
    """Return the ranges of a call, from those of its arguments and their derivatives."""
    if row.name in _SELECTIONS:
        return _SELECTIONS[row.name](arguments, moving)
    value, partials, fails = _ruled(row, arguments)
    slope = _constant(0.0, value.low.shape)
    for partial, own in zip(partials, moving, strict=False):
        slope = _sum(slope, _product(partial, own))
    unknown = fails & _any_moves(moving)
    return _where(fails, _EVERYTHING, value), _where(unknown, _EVERYTHING, slope)


_EVERYTHING = Range(np.array(-np.inf), np.array(np.inf))


def _any_moves(moving: list[Range]) -> NDArray[np.bool_]:
    return np.asarray(
        np.logical_or.reduce([(own.low != 0.0) | (own.high != 0.0) for own in moving])
    )


def _where(mask: Any, one: Range, other: Range) -> Range:
    return Range(np.where(mask, one.low, other.low), np.where(mask, one.high, other.high))


# Arithmetic ---------------------------------------------------------------------------------------


def _widened(low: Any, high: Any, least: float = -np.inf, most: float = np.inf) -> Range:
    """Return an interval that contains the exact one, within bounds that the function has.

    A function whose least value is 0 does not attain it: what underflows to 0 is more.
    """
    low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
    low = np.where(np.isnan(low), -np.inf, low - _ROUNDING * np.abs(np.nan_to_num(low)))
    high = np.where(np.isnan(high), np.inf, high + _ROUNDING * np.abs(np.nan_to_num(high)))
    low, high = np.minimum(low, LARGEST), np.maximum(high, -LARGEST)  # what overflows is less
    if least == 0.0:
        high = np.maximum(high, _LEAST)
    return Range(np.maximum(low, least), np.minimum(high, most))


def _sum(a: Range, b: Range) -> Range:
    return _widened(a.low + b.low, a.high + b.high)


def _product(a: Range, b: Range) -> Range:
    down, up = zip(*(_times(x, y) for x in a for y in b), strict=True)
    return _widened(np.minimum.reduce(down), np.maximum.reduce(up))


def _times(x: Array, y: Array) -> tuple[Array, Array]:
    """Return x y rounded down and up from 0, 0 if a factor is 0: infinite endpoints are open."""
    product = x * y
    nothing = (x == 0.0) | (y == 0.0)
    lost = (product == 0.0) & ~nothing
    sign = np.sign(x) * np.sign(y)
    product = np.where(nothing, 0.0, product)
    return (
        np.where(lost & (sign < 0.0), -_LEAST, product),
        np.where(lost & (sign > 0.0), _LEAST, product),
    )


def _negative(a: Range) -> Range:
    return Range(-a.high, -a.low)


def _inverse(a: Range) -> tuple[Range, NDArray[np.bool_]]:
    """Return 1/a, and where a has both signs: an endpoint that is 0 is not attained."""
    both = (a.low < 0.0) & (a.high > 0.0) | (a.low == 0.0) & (a.high == 0.0)
    low = np.where(a.high == 0.0, -np.inf, 1.0 / a.high)
    high = np.where(a.low == 0.0, np.inf, 1.0 / a.low)
    return _widened(low, high), both


def _power(a: Range, exponent: float) -> tuple[Range, NDArray[np.bool_]]:
    """Return a^p for a number p, and where it is not defined throughout, or jumps."""
    whole, never = exponent == int(exponent), np.zeros(a.low.shape, np.bool_)
    if exponent == 0.0:
        return _constant(1.0, a.low.shape), never
    if exponent < 0.0:
        positive, fails = _power(a, -exponent)
        inverse, both = _inverse(positive)
        return inverse, fails | both | (a.low < 0.0) & (a.high > 0.0)
    if not whole:
        low, high = (np.power(np.maximum(end, 0.0), exponent) for end in a)
        return _widened(low, high, 0.0), a.low < 0.0
    low, high = np.power(a.low, exponent), np.power(a.high, exponent)
    if exponent % 2.0 == 1.0:
        return _widened(low, high), never
    inside = (a.low <= 0.0) & (a.high >= 0.0)
    least = np.where(inside, 0.0, np.minimum(low, high))
    return _widened(least, np.maximum(low, high), 0.0), never


def _scaled(a: Range, factor: float) -> Range:
    ends = factor * a.low, factor * a.high
    return _widened(np.minimum(*ends), np.maximum(*ends))


# Functions ----------------------------------------------------------------------------------------

Ruled = tuple[Range, tuple[Range, ...], Any]


def _ruled(row: Function | Selection, arguments: list[Range]) -> Ruled:
    """Return the range of a function, of its partial derivatives, and where these are unknown."""
    name, a = row.name, arguments[0]
    if name.startswith("**") and len(name) > 2:
        exponent = float(name[2:])
        value, fails = _power(a, exponent)
        rest, also = _power(a, exponent - 1.0)
        return value, (_scaled(rest, exponent),), fails | also & (exponent < 1.0) & (a.low < 0.0)
    if len(arguments) == 2:
        return _BINARY[name](a, arguments[1]) if name in _BINARY else _UNKNOWN(a)
    if name in _UNARY:
        return _UNARY[name](a)
    return _UNKNOWN(a)


def _UNKNOWN(a: Range) -> Ruled:  # noqa: N802 - a row of the table
    return _where(True, _EVERYTHING, a), (_where(True, _EVERYTHING, a),), np.True_


def _rising(
    value: Callable[[Array], Any],
    slope: Callable[[Range], Range],
    least: float = -np.inf,
    most: float = np.inf,
    domain: tuple[float, float] = (-np.inf, np.inf),
) -> Callable[[Range], Ruled]:
    """Return the rule of an increasing function."""

    def rule(a: Range) -> Ruled:
        fails = (a.low < domain[0]) | (a.high > domain[1])
        low, high = (np.clip(end, *domain) for end in a)
        inside = Range(low, high)
        return _widened(value(low), value(high), least, most), (slope(inside),), fails

    return rule


def _of_size(
    formula: Callable[[Array], Any], falls: bool, least: float = 0.0, most: float = np.inf
) -> Callable[[Range], Range]:
    """Return the range of a positive even function that falls, or rises, with |x|."""

    def rule(a: Range) -> Range:
        large = np.maximum(np.abs(a.low), np.abs(a.high))
        small = np.where((a.low <= 0.0) & (a.high >= 0.0), 0.0, np.minimum(*map(np.abs, a)))
        ends = formula(large), formula(small)
        return _widened(*(ends if falls else ends[::-1]), least, most)

    return rule


def _sine(a: Range) -> Range:
    """Return the range of sin, from the multiples of π/2 inside."""
    low, high = np.sin(a.low), np.sin(a.high)

    def holds(shift: float) -> NDArray[np.bool_]:
        """Whether one of π/2 + 2πk, shifted, lies inside."""
        first = np.ceil((a.low - shift - 1e-9) / (2.0 * math.pi))
        return np.asarray(first * 2.0 * math.pi + shift <= a.high + 1e-9)

    vast = ~(np.maximum(np.abs(a.low), np.abs(a.high)) < 1e6)
    up, down = vast | holds(0.5 * math.pi), vast | holds(-0.5 * math.pi)
    found = _widened(np.minimum(low, high) - 1e-9, np.maximum(low, high) + 1e-9, -1.0, 1.0)
    return Range(np.where(down, -1.0, found.low), np.where(up, 1.0, found.high))


def _cosine(a: Range) -> Range:
    return _sine(Range(a.low + 0.5 * math.pi, a.high + 0.5 * math.pi))


def _tangent(a: Range) -> Ruled:
    low, high = np.floor(a.low / math.pi + 0.5), np.floor(a.high / math.pi + 0.5)
    value = _widened(np.tan(a.low), np.tan(a.high))
    square, _ = _power(value, 2.0)
    return value, (_sum(_constant(1.0, a.low.shape), square),), ~(low == high)


def _log_gamma(a: Range) -> Ruled:
    from scipy.special import gammaln

    ends = [gammaln(np.maximum(end, 0.0)) for end in a]
    inside = (a.low <= _GAMMA_AT) & (a.high >= _GAMMA_AT)
    value = _widened(np.where(inside, _GAMMA, np.minimum(*ends)), np.maximum(*ends))
    slope = _widened(_digamma(a.low), _digamma(a.high))
    return value, (slope,), a.low < 0.0


def _trigamma(a: Range) -> Range:
    from scipy.special import zeta

    low, high = (zeta(2.0, np.maximum(end, 5e-324)) for end in (a.high, a.low))
    return _widened(low, high, 0.0)


def _digamma(x: Array) -> Any:
    from scipy.special import digamma

    return digamma(np.maximum(x, 5e-324))


def _erf(x: Array) -> Any:
    from scipy.special import erf

    return erf(x)


def _logaddexp(a: Range, b: Range) -> Ruled:
    value = _widened(np.logaddexp(a.low, b.low), np.logaddexp(a.high, b.high))
    first = _widened(logistic.sigmoid(a.low - b.high), logistic.sigmoid(a.high - b.low), 0.0, 1.0)
    second = _widened(logistic.sigmoid(b.low - a.high), logistic.sigmoid(b.high - a.low), 0.0, 1.0)
    return value, (first, second), np.False_


def _quotient(a: Range, b: Range) -> Ruled:
    inverse, fails = _inverse(b)
    value = _product(a, inverse)
    return value, (inverse, _negative(_product(value, inverse))), fails


def _general_power(a: Range, p: Range) -> Ruled:
    """a^p of a positive a: e^(p ln a)."""
    log = _widened(np.log(np.maximum(a.low, 0.0)), np.log(np.maximum(a.high, 0.0)))
    exponent = _product(p, log)
    value = _widened(np.exp(exponent.low), np.exp(exponent.high), 0.0)
    less = _product(_sum(p, _constant(-1.0, a.low.shape)), log)
    rest = _widened(np.exp(less.low), np.exp(less.high), 0.0)
    return value, (_product(p, rest), _product(value, log)), a.low < 0.0


def _one(a: Range) -> Range:
    return _constant(1.0, a.low.shape)


def _exp(a: Range) -> Range:
    return _widened(np.exp(a.low), np.exp(a.high), 0.0)


def _arc_slope(x: Array) -> Any:
    return 1.0 / np.sqrt((1.0 - x) * (1.0 + x))


def _falling(rule: Callable[[Range], Ruled]) -> Callable[[Range], Ruled]:
    """Return the rule of minus a function."""

    def negated(a: Range) -> Ruled:
        value, (slope,), fails = rule(a)
        return _negative(value), (_negative(slope),), fails

    return negated


_UNARY: dict[str, Callable[[Range], Ruled]] = {
    "-": lambda a: (_negative(a), (_constant(-1.0, a.low.shape),), np.False_),
    "exp": _rising(np.exp, _exp, 0.0),
    "expm1": _rising(np.expm1, _exp, -1.0),
    "log": _rising(np.log, lambda a: _inverse(a)[0], domain=(0.0, np.inf)),
    "log1p": _rising(
        np.log1p, lambda a: _inverse(Range(1.0 + a.low, 1.0 + a.high))[0], domain=(-1.0, np.inf)
    ),
    "sqrt": _rising(np.sqrt, lambda a: _scaled(_power(a, -0.5)[0], 0.5), 0.0, domain=(0.0, np.inf)),
    "square": lambda a: (_power(a, 2.0)[0], (_scaled(a, 2.0),), np.False_),
    "sin": lambda a: (_sine(a), (_cosine(a),), np.False_),
    "cos": lambda a: (_cosine(a), (_negative(_sine(a)),), np.False_),
    "tan": _tangent,
    "arcsin": _rising(np.arcsin, _of_size(_arc_slope, False), domain=(-1.0, 1.0)),
    "arccos": _falling(
        _rising(lambda x: -np.arccos(x), _of_size(_arc_slope, False), domain=(-1.0, 1.0))
    ),
    "arctan": _rising(np.arctan, _of_size(lambda x: 1.0 / (1.0 + x * x), True)),
    "sinh": _rising(np.sinh, _of_size(np.cosh, False, 1.0)),
    "cosh": lambda a: (
        _of_size(np.cosh, False, 1.0)(a),
        (_widened(np.sinh(a.low), np.sinh(a.high)),),
        np.False_,
    ),
    "tanh": _rising(
        np.tanh, _of_size(lambda x: 4.0 * logistic.slope(2.0 * x), True, 0.0, 1.0), -1.0, 1.0
    ),
    "arcsinh": _rising(np.arcsinh, _of_size(lambda x: 1.0 / np.hypot(1.0, x), True)),
    "arccosh": _rising(
        np.arccosh,
        _of_size(lambda x: 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0)), True),
        0.0,
        domain=(1.0, np.inf),
    ),
    "arctanh": _rising(
        np.arctanh, _of_size(lambda x: 1.0 / ((1.0 - x) * (1.0 + x)), False), domain=(-1.0, 1.0)
    ),
    "sigmoid": _rising(logistic.sigmoid, _of_size(logistic.slope, True, 0.0, 0.25), 0.0, 1.0),
    "softplus": _rising(
        logistic.softplus,
        lambda a: _widened(logistic.sigmoid(a.low), logistic.sigmoid(a.high), 0.0, 1.0),
        0.0,
    ),
    "erf": _rising(
        _erf, _of_size(lambda x: 2.0 / math.sqrt(math.pi) * np.exp(-x * x), True), -1.0, 1.0
    ),
    "gammaln": _log_gamma,
    "digamma": _rising(_digamma, _trigamma, domain=(0.0, np.inf)),
    "sign": lambda a: (
        Range(np.sign(a.low), np.sign(a.high)),
        (),
        np.sign(a.low) != np.sign(a.high),
    ),
    "not": lambda a: (Range(1.0 - a.high, 1.0 - a.low), (), np.False_),
}

Certain = Callable[[Range, Range], NDArray[np.bool_]]


def _comparison(surely: Certain, never: Certain) -> Callable[[Range, Range], Ruled]:
    """Return the rule of a comparison: 1 where it is certain to hold, 0 where not to."""

    def rule(a: Range, b: Range) -> Ruled:
        certain, excluded = (each(a, b).astype(np.float64) for each in (surely, never))
        return Range(certain, 1.0 - excluded), (), np.False_

    return rule


_BINARY: dict[str, Callable[[Range, Range], Ruled]] = {
    "+": lambda a, b: (_sum(a, b), (_one(a), _one(a)), np.False_),
    "-": lambda a, b: (
        _sum(a, _negative(b)),
        (_one(a), _negative(_one(a))),
        np.False_,
    ),
    "*": lambda a, b: (_product(a, b), (b, a), np.False_),
    "/": _quotient,
    "**": _general_power,
    "logaddexp": _logaddexp,
    "and": lambda a, b: (
        Range(np.minimum(a.low, b.low), np.minimum(a.high, b.high)),
        (),
        np.False_,
    ),
    "or": lambda a, b: (
        Range(np.maximum(a.low, b.low), np.maximum(a.high, b.high)),
        (),
        np.False_,
    ),
    **{
        name: _comparison(surely, never)
        for name, surely, never in (
            ("<", lambda a, b: a.high < b.low, lambda a, b: a.low >= b.high),
            ("<=", lambda a, b: a.high <= b.low, lambda a, b: a.low > b.high),
            (">", lambda a, b: a.low > b.high, lambda a, b: a.high <= b.low),
            (">=", lambda a, b: a.low >= b.high, lambda a, b: a.high < b.low),
            ("==", lambda a, b: a.low > a.high, lambda a, b: (a.high < b.low) | (b.high < a.low)),
            ("!=", lambda a, b: (a.high < b.low) | (b.high < a.low), lambda a, b: a.low > a.high),
        )
    },
}


# Selections: what can't be selected doesn't count -------------------------------------------------


def _hull(a: Range, b: Range) -> Range:
    return Range(np.minimum(a.low, b.low), np.maximum(a.high, b.high))


def _larger(arguments: list[Range], moving: list[Range]) -> tuple[Range, Range]:
    value, slope = arguments[0], moving[0]
    for other, own in zip(arguments[1:], moving[1:], strict=True):
        chosen = _where(value.low >= other.high, slope, _hull(slope, own))
        slope = _where(other.low >= value.high, own, chosen)
        value = Range(np.maximum(value.low, other.low), np.maximum(value.high, other.high))
    return value, slope


def _smaller(arguments: list[Range], moving: list[Range]) -> tuple[Range, Range]:
    value, slope = _larger([_negative(a) for a in arguments], [_negative(m) for m in moving])
    return _negative(value), _negative(slope)


def _relu(arguments: list[Range], moving: list[Range]) -> tuple[Range, Range]:
    nothing = _constant(0.0, arguments[0].low.shape)
    return _larger([arguments[0], nothing], [moving[0], nothing])


def _absolute(arguments: list[Range], moving: list[Range]) -> tuple[Range, Range]:
    (a,), (own,) = arguments, moving
    return _larger([a, _negative(a)], [own, _negative(own)])


def _chosen(arguments: list[Range], moving: list[Range]) -> tuple[Range, Range]:
    condition, one, other = arguments
    yes, no = condition.low > 0.5, condition.high < 0.5

    def either(a: Range, b: Range) -> Range:
        return _where(yes, a, _where(no, b, _EVERYTHING))

    return either(one, other), either(moving[1], moving[2])


_SELECTIONS: dict[str, Callable[[list[Range], list[Range]], tuple[Range, Range]]] = {
    "max": _larger,
    "maximum": _larger,
    "min": _smaller,
    "minimum": _smaller,
    "relu": _relu,
    "abs": _absolute,
    "where": _chosen,
}
