"""Objectives: a function J of the draw, and its slope J′."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.errors import EstimatorError, ExpressionError
from reparam.expressions import Expression

__all__ = ["SMALL", "Objective", "ObjectiveLike", "Sloped"]

Function: TypeAlias = Callable[[Array], Any]


class Sloped(Protocol):
    """An object that is an objective: two functions of an array, elementwise."""

    def value(self, y: Array) -> Any:
        """J(y)."""

    def slope(self, y: Array) -> Any:
        """J′(y)."""


#: What :meth:`Objective.of` understands.
ObjectiveLike: TypeAlias = (
    "Objective | Expression | str | Function | tuple[Function, Function | None] | Sloped"
)

#: Below it, and above its inverse, objectives are taken for powers. Squares of both are numbers.
SMALL = 1e-150

#: Powers this near to a whole number are that number, up to rounding.
_WHOLE = 1e-9


@dataclass(frozen=True)
class Objective:
    """A function J of the draw, draw by draw, and its slope.

    Attributes
    ----------
    text
        How it is shown.
    function
        J of an array, called from several threads.
    derivative
        J′ of an array, of the same shape; None if there is none.
    rank
        How many of the last axes are those of one draw: 0 of a number.
    """

    text: str
    function: Function
    derivative: Function | None = None
    rank: int = 0

    @classmethod
    def of(
        cls, given: ObjectiveLike, at: Array | None = None, of: Distribution | None = None
    ) -> Objective:
        """Return the objective that text, an expression, a function or an object stands for.

        Parameters
        ----------
        given
            Text or an :class:`~reparam.Expression` with one name, for the draw; a function J; a
            pair of functions (J, J′), of which the second may be None; or an object with methods
            ``value`` and ``slope``.
        at
            Several draws, to try functions with: those that fail with an array, or return other
            values than for its elements, are called once per number. Without draws, functions are
            taken for elementwise.
        of
            What is drawn, if that is vectors or matrices: ``y[0]*y[1]`` and ``sum(y)`` are formulas
            of these, and functions are called with one draw if they don't take several.

        Raises
        ------
        ExpressionError
            If the text is not a formula, or has several names.
        EstimatorError
            If it is nothing of that kind.

        Examples
        --------
        >>> import numpy as np
        >>> square = Objective.of("y**2")
        >>> square.slope(np.array([1.0, 3.0]))
        array([2., 6.])
        """
        if of is not None:
            return _of_vectors(given, of, at)
        match given:
            case Objective():
                return given
            case str():
                return _of_expression(Expression(given))
            case Expression():
                return _of_expression(given)
            case (function, derivative) if callable(function) and (
                derivative is None or callable(derivative)
            ):
                text = getattr(function, "__name__", "J")
                return cls(
                    text, _of_arrays(function, at), derivative and _of_arrays(derivative, at)
                )
        value, slope = getattr(given, "value", None), getattr(given, "slope", None)
        if callable(value) and callable(slope):
            return cls(type(given).__name__, value, slope)
        if callable(given) and not isinstance(given, type):
            return cls.of((given, None), at)
        raise EstimatorError(
            f"objective {given!r} is not a formula or a function; pass text such as 'y**2', a"
            " function J, or a pair of functions (J, J′)"
        )

    def value(self, y: Array) -> Array:
        """Return J(y)."""
        return self._checked(self.function(y), y, "value")

    def slope(self, y: Array) -> Array:
        """Return J′(y)."""
        if self.derivative is None:
            raise EstimatorError(f"objective {self.text} has no slope; pass a pair (J, J′)")
        return self._checked(self.derivative(y), y, "slope")

    def log_slope(self, log_y: Array) -> Array:
        """Return dJ/dln y, also of y beyond the range of float64.

        Beyond 10^±150 J′(y) y is taken to go on like the power of y that it is there: of ln y it is
        1, of 1/y it vanishes.
        """
        far = -math.log(SMALL)
        ends = np.copysign(far, log_y), np.copysign(far + 1.0, log_y)
        first, second = (self.slope(np.exp(end)) * np.exp(end) for end in ends)
        power = np.log(second / first) / (ends[1] - ends[0])
        whole = np.rint(power)
        power = np.where(np.abs(power - whole) < _WHOLE, whole, power)
        return np.where(first == 0.0, 0.0, first * np.exp(power * (log_y - ends[0])))

    def _checked(self, result: Any, y: Array, what: str) -> Array:
        array = np.asarray(result, dtype=np.float64)
        shape = y.shape if what == "slope" else y.shape[: y.ndim - self.rank]
        if array.shape == shape:
            return array
        if array.ndim == 0:
            return np.broadcast_to(array, shape)
        wanted = f"an array of shape {shape}" if self.rank else "one number per draw"
        raise EstimatorError(
            f"the {what} of objective {self.text} has shape {array.shape} for draws of shape"
            f" {y.shape}; return {wanted}"
        )


def _of_arrays(function: Callable[..., Any], at: Array | None) -> Function:
    """Return the function of arrays that a function is, or that calls it once per number."""
    if at is None:
        return function

    def single(y: np.float64) -> float:
        try:
            return float(function(y))
        except OverflowError:  # as NumPy's functions have it
            return math.inf
        except (ValueError, ZeroDivisionError):
            return math.nan

    def one_by_one(y: Array) -> Array:
        return np.array([single(value) for value in y.ravel()]).reshape(y.shape)

    with np.errstate(all="ignore"):
        try:
            whole = np.asarray(function(at), dtype=np.float64)
        except (TypeError, ValueError):
            return one_by_one  # such as math.log(y), and 'if y > 0'
        try:
            alone = one_by_one(at)
        except Exception:
            return function  # it needs an array
    fits = whole.shape in ((), at.shape)
    return function if not fits or np.allclose(whole, alone, equal_nan=True) else one_by_one


def _of_vectors(given: ObjectiveLike, law: Distribution, at: Array | None) -> Objective:
    """Return the objective of draws of vectors or matrices."""
    from reparam.graphs._function import OfDraws

    rank = len(law.event_shape)
    match given:
        case str() | Expression():
            formula = OfDraws(str(given), law)
            return Objective(str(given), formula.value, formula.slope, rank)
        case (function, derivative) if callable(function) and (
            derivative is None or callable(derivative)
        ):
            text = getattr(function, "__name__", "J")
            slope = derivative and _of_draws(derivative, at, law.event_shape)
            return Objective(text, _of_draws(function, at, ()), slope, rank)
    return (
        replace(Objective.of(given), rank=rank)
        if not callable(given)
        else _of_vectors((given, None), law, at)
    )


def _of_draws(function: Callable[..., Any], at: Array | None, event: tuple[int, ...]) -> Function:
    """Return the function of several draws that a function is, or that calls it once per draw."""
    if at is None:
        return function

    def one_by_one(y: Array) -> Array:
        found = [np.asarray(function(each), dtype=np.float64) for each in y]
        return np.array(found).reshape(len(y), *event)

    with np.errstate(all="ignore"):
        try:
            alone = one_by_one(at)
        except Exception:
            return function  # it needs several
        try:
            whole = np.asarray(function(at), dtype=np.float64)
        except Exception:
            return one_by_one
    fits = whole.shape == alone.shape and np.allclose(whole, alone, equal_nan=True)
    return function if fits else one_by_one


def _of_expression(expression: Expression) -> Objective:
    names = expression.names
    if len(names) > 1:
        raise ExpressionError(
            f"objective {expression.text!r} has the names {', '.join(names)} and the draw is all"
            " there is to put in; leave one name and write numbers for the others"
        )
    if not names:
        return Objective(expression.text, lambda y: expression.value({}), lambda y: np.float64(0.0))
    (name,) = names
    return Objective(
        expression.text,
        lambda y: expression.value({name: y}),
        lambda y: expression.gradient({name: y}, name)[1][name],
    )
