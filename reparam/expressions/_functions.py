"""The table of functions and operators: what each computes, and its derivatives.

Formulas are elementwise. They are called with floating-point warnings off.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

import numpy as np

from reparam._typing import Array
from reparam.special import logistic

__all__ = [
    "AND",
    "COMPARISONS",
    "CONSTANTS",
    "FUNCTIONS",
    "NEGATIVE",
    "NOT",
    "OPERATORS",
    "OR",
    "POWER",
    "Apply",
    "Composition",
    "Function",
    "Row",
    "Selection",
    "constant_power",
]

Formula: TypeAlias = Callable[..., Any]

#: Puts a row and the slots of its arguments on a tape, and returns the slot of the result.
Apply: TypeAlias = "Callable[[Selection, int, int], int]"


@dataclass(frozen=True)
class Function:
    """An elementwise function.

    Attributes
    ----------
    name
        What it is called in text.
    arity
        How many arguments it takes.
    value
        Formula of the arguments.
    partials
        For each argument the derivative in it, a formula of the value and the arguments. None of
        them for what is constant between jumps: a comparison, the sign, x⁰.
    condition
        Whether the value is true or false.
    """

    name: str
    arity: int
    value: Formula
    partials: tuple[Formula, ...] = ()
    condition: bool = False


@dataclass(frozen=True)
class Selection:
    """A function that hands on one of its arguments, and with it that argument's derivative.

    It isn't written as a sum of derivatives times 0 or 1, since the derivative of an argument that
    was not selected may be infinite, and 0·∞ is not 0.

    Attributes
    ----------
    name, arity, value
        As for :class:`Function`; an arity of 0 is two or more.
    chosen
        The positions of the arguments that can be selected; None for all of them.
    masks
        Formula of the value and the arguments: for each of those the mask of where it is selected.
        The second of two may be left out, if that is where the first is not. Where several are
        selected, being equal, they share the derivative evenly.
    """

    name: str
    arity: int
    value: Formula
    chosen: tuple[int, ...] | None
    masks: Callable[..., tuple[Any, ...]]

    def positions(self, count: int) -> Sequence[int]:
        """Return the positions that can be selected among this many arguments."""
        return range(count) if self.chosen is None else self.chosen


@dataclass(frozen=True)
class Composition:
    """A function made of others.

    Attributes
    ----------
    name
        What it is called in text.
    arity
        How many arguments it takes.
    build
        Puts what it is made of on a tape: called with an :data:`Apply` and the arguments' slots.
    """

    name: str
    arity: int
    build: Callable[..., int]


Row: TypeAlias = Function | Selection | Composition


def _exp_of_minus_square(x: Array) -> Any:
    """e^−x²; the square of x rounded to sixteenths is exact, and the rest small (Cody 1969)."""
    x = np.clip(x, -40.0, 40.0)
    near = np.rint(16.0 * x) / 16.0
    return np.exp(-near * near) * np.exp((near - x) * (near + x))


def _erf(x: Array) -> Any:
    from scipy.special import erf

    return erf(x)


def _gammaln(x: Array) -> Any:
    from scipy.special import gammaln

    return gammaln(x)


def _digamma(x: Array) -> Any:
    from scipy.special import digamma

    return digamma(x)


def _trigamma(x: Array) -> Any:
    """ψ′(x) = ζ(2, x); for x < 0, where SciPy adds up −x terms, by reflection (DLMF 5.15.6)."""
    from scipy.special import zeta

    if not np.any(x < 0.0):
        return zeta(2.0, x)
    reflected = np.square(np.pi / np.sin(np.pi * (x - np.rint(x))))
    side = zeta(2.0, np.where(x < 0.0, 1.0 - x, x))
    return np.where(x < 0.0, reflected - side, side)


#: Powers that need no logarithm.
_SHORTCUTS: dict[float, Formula] = {
    -2.0: lambda x: 1.0 / np.square(x),
    -1.0: lambda x: 1.0 / x,
    -0.5: lambda x: 1.0 / np.sqrt(x + 0.0),
    0.5: lambda x: np.sqrt(x + 0.0),  # (−0)^½ is +0
    1.0: np.positive,
    2.0: np.square,
    3.0: lambda x: x * np.square(x),
}


def _power(x: Array, p: Any) -> Any:
    """x^p, the same for an exponent wherever it stands.

    NumPy has shortcuts too, for an exponent that is a number, and not for one in an array.
    """
    if np.ndim(p) == 0:
        shortcut = _SHORTCUTS.get(float(p))
        return shortcut(x) if shortcut else np.power(x, p)
    power = np.power(x, p)
    for exponent, shortcut in _SHORTCUTS.items():
        if np.any(taken := p == exponent):
            power = np.where(taken, shortcut(x), power)
    return power


def constant_power(p: float) -> Function:
    """Return the row of x^p for a number p."""

    def partial(value: Array, x: Array) -> Any:
        return np.float64(p) * (x if p == 2.0 else _power(x, p - 1.0))

    partials = (partial,) if p else ()  # x⁰ is 1 everywhere
    return Function(f"**{p!r}", 1, lambda x: _power(x, p), partials)


def _power_in_base(value: Array, x: Array, p: Array) -> Any:
    return np.where(p == 0.0, 0.0, p * _power(x, p - 1.0))  # not 0·0^−1


def _power_in_exponent(value: Array, x: Array, p: Array) -> Any:
    vanishes = (value == 0.0) & (x >= 0.0)  # 0^p is 0 for all p > 0, and x^p ln x → 0 with x^p
    return np.where(vanishes, 0.0, value * np.log(x))


def _attained(value: Array, *arguments: Array) -> tuple[Any, ...]:
    masks = tuple(argument == value for argument in arguments)
    if len(masks) == 2 and not np.any(masks[0] == masks[1]):  # neither equal nor NaN
        return masks[:1]
    return masks


def _extreme(name: str, ufunc: np.ufunc, arity: int) -> Selection:
    """Return the row of a maximum or minimum."""
    return Selection(name, arity, lambda *arguments: reduce(ufunc, arguments), None, _attained)


MAX, MIN = _extreme("max", np.maximum, 0), _extreme("min", np.minimum, 0)


def _clip(apply: Apply, x: int, low: int, high: int) -> int:
    return apply(MIN, apply(MAX, x, low), high)


CONSTANTS = {"pi": math.pi, "e": math.e}

#: Everything that can be called, by name.
FUNCTIONS: dict[str, Row] = {
    row.name: row
    for row in (
        Function("exp", 1, np.exp, (lambda v, x: v,)),
        Function("expm1", 1, np.expm1, (lambda v, x: np.exp(x),)),
        Function("log", 1, np.log, (lambda v, x: 1.0 / np.abs(x),)),  # +∞ at −0 too
        Function("log1p", 1, np.log1p, (lambda v, x: 1.0 / (1.0 + x),)),
        Function("sqrt", 1, np.sqrt, (lambda v, x: 0.5 / (v + 0.0),)),
        Function("square", 1, np.square, (lambda v, x: 2.0 * x,)),
        Function("sin", 1, np.sin, (lambda v, x: np.cos(x),)),
        Function("cos", 1, np.cos, (lambda v, x: -np.sin(x),)),
        Function("tan", 1, np.tan, (lambda v, x: 1.0 + np.square(v),)),
        Function("arcsin", 1, np.arcsin, (lambda v, x: 1.0 / np.sqrt((1.0 - x) * (1.0 + x)),)),
        Function("arccos", 1, np.arccos, (lambda v, x: -1.0 / np.sqrt((1.0 - x) * (1.0 + x)),)),
        Function("arctan", 1, np.arctan, (lambda v, x: 1.0 / (1.0 + np.square(x)),)),
        Function("sinh", 1, np.sinh, (lambda v, x: np.cosh(x),)),
        Function("cosh", 1, np.cosh, (lambda v, x: np.sinh(x),)),
        Function("tanh", 1, np.tanh, (lambda v, x: 4.0 * logistic.slope(2.0 * x),)),
        Function("arcsinh", 1, np.arcsinh, (lambda v, x: 1.0 / np.hypot(1.0, x),)),
        Function(
            "arccosh", 1, np.arccosh, (lambda v, x: 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0)),)
        ),
        Function("arctanh", 1, np.arctanh, (lambda v, x: 1.0 / ((1.0 - x) * (1.0 + x)),)),
        Function("sigmoid", 1, logistic.sigmoid, (lambda v, x: logistic.slope(x),)),
        Function("softplus", 1, logistic.softplus, (lambda v, x: logistic.sigmoid(x),)),
        Function(
            "logaddexp",
            2,
            np.logaddexp,
            (lambda v, a, b: logistic.sigmoid(a - b), lambda v, a, b: logistic.sigmoid(b - a)),
        ),
        Function(
            "erf", 1, _erf, (lambda v, x: 2.0 / math.sqrt(math.pi) * _exp_of_minus_square(x),)
        ),
        Function("gammaln", 1, _gammaln, (lambda v, x: _digamma(x),)),
        Function("digamma", 1, _digamma, (lambda v, x: _trigamma(x),)),
        Function("abs", 1, np.abs, (lambda v, x: np.sign(x),)),
        Function("sign", 1, np.sign),
        Selection("relu", 1, lambda x: np.maximum(x, 0.0), (0,), lambda v, x: (x > 0.0,)),
        MAX,
        MIN,
        _extreme("maximum", np.maximum, 2),
        _extreme("minimum", np.minimum, 2),
        Composition("clip", 3, _clip),
        Selection("where", 3, np.where, (1, 2), lambda v, condition, a, b: (condition,)),
    )
}

_ONE, _MINUS_ONE = np.float64(1.0), np.float64(-1.0)

NEGATIVE = Function("-", 1, np.negative, (lambda v, x: _MINUS_ONE,))
POWER = Function("**", 2, _power, (_power_in_base, _power_in_exponent))

#: The operators between two numbers, by the name of their class in :mod:`ast`.
OPERATORS = {
    "Add": Function("+", 2, np.add, (lambda v, a, b: _ONE, lambda v, a, b: _ONE)),
    "Sub": Function("-", 2, np.subtract, (lambda v, a, b: _ONE, lambda v, a, b: _MINUS_ONE)),
    "Mult": Function("*", 2, np.multiply, (lambda v, a, b: b, lambda v, a, b: a)),
    "Div": Function("/", 2, np.divide, (lambda v, a, b: 1.0 / b, lambda v, a, b: -v / b)),
    "Pow": POWER,
}

#: The comparisons, by the name of their class in :mod:`ast`.
COMPARISONS = {
    "Lt": Function("<", 2, np.less, condition=True),
    "LtE": Function("<=", 2, np.less_equal, condition=True),
    "Gt": Function(">", 2, np.greater, condition=True),
    "GtE": Function(">=", 2, np.greater_equal, condition=True),
    "Eq": Function("==", 2, np.equal, condition=True),
    "NotEq": Function("!=", 2, np.not_equal, condition=True),
}
AND = Function("and", 2, np.logical_and, condition=True)
OR = Function("or", 2, np.logical_or, condition=True)
NOT = Function("not", 1, np.logical_not, condition=True)
