"""Maps given as formulas, proved to be monotone."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, ClassVar, Self

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base import numerical
from reparam.base.second_order import Triangle
from reparam.base.tree import _text
from reparam.domains import REAL
from reparam.errors import ExpressionError, UnknownParameterError, did_you_mean
from reparam.expressions import Expression
from reparam.parameters import Parameter
from reparam.special._accurate import LARGEST
from reparam.transforms.maps._map import Map
from reparam.transforms.maps._proof import direction

__all__ = ["Formula", "formula"]

#: What first steps of differences are relative to where x is smaller, if it is regular there.
_STEP = 0.25

#: Where a formula has no value at an endpoint that is infinite, it is looked at here instead.
_FAR = (LARGEST, 1e150, 1e100, 1e50, 1e15)

#: And next to one that is finite, at these distances relative to it, or to 1.
_NEAR = (5e-324, 1e-300, 1e-100, 1e-15)


class Formula(Map):
    """T(y) by a formula in the language of :class:`reparam.Expression`: of y and parameters.

    Made by :func:`formula`. Its derivatives are exact, and it is inverted by halving intervals, to
    the last digit; second derivatives, which scores take, are differences of the first.
    """

    name = "formula"
    formula = "T(y)"
    expression: ClassVar[Expression]
    #: 1 or −1: set where it is proved to rise, or fall.
    _sign: ClassVar[float] = 0.0

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (str(self.expression), dict(self._parts))

    def __repr__(self) -> str:
        inner = "".join(f", {name}={_text(part)}" for name, part in self._parts.items())
        return f"formula({str(self.expression)!r}{inner})"

    def _inputs(self, x: Array, phi: tuple[Array, ...]) -> dict[str, Any]:
        return {**dict(zip(self._fields, phi, strict=True)), "y": x}

    def _proved(self, low: Any, high: Any, what: str) -> Self:
        ends = np.broadcast_arrays(low, high, *self._theta)
        low, high, *values = (np.array(each, np.float64).ravel() for each in ends)
        by_name = dict(zip(self._fields, values, strict=True))
        rows = np.unique(np.stack([low, high, *values]), axis=1)
        low, high, *values = rows
        by_name = dict(zip(self._fields, values, strict=True))
        proved = copy.copy(self)
        proved.__dict__["_sign"] = direction(self.expression, low, high, by_name, what)
        return proved

    def _value(self, x: Array, *phi: Array) -> Array:
        return self.expression.value(self._inputs(x, phi))

    def _gradient(self, x: Array, phi: tuple[Array, ...], names: list[str]) -> list[Array]:
        found = self.expression.gradient(self._inputs(x, phi), names)[1]
        return [found[name] for name in names]

    def _inverse(self, y: Array, *phi: Array) -> Array:
        return self._inverse_between(y, -np.inf, np.inf, *phi)

    def _inverse_between(self, y: Array, low: Any, high: Any, *phi: Array) -> Array:
        shape = np.broadcast_shapes(np.shape(y), np.shape(low), np.shape(high), *map(np.shape, phi))
        y, low, high, *leaves = (np.broadcast_to(e, shape).ravel() for e in (y, low, high, *phi))

        def excess(x: Array, row: Array) -> Array:
            at = row.astype(np.intp)
            value = self._value(x, *(leaf[at] for leaf in leaves))
            return np.asarray(self._sign * (value - y[at]))

        # other than `numerical.roots.within` this finds ends that are values, and a formula costs
        # less than interpolation
        x = numerical.halved(excess, low, high, np.arange(y.size, dtype=np.float64))
        return np.where(np.isnan(y), np.nan, x).reshape(shape)

    def _slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return self._gradient(x, phi, ["y"])[0]

    def _log_slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.log(np.abs(self._slope(x, y, *phi)))

    def _bend(self, x: Array, y: Array, *phi: Array) -> Array:
        return self._differentiated(lambda x, *phi: self._log_slope(x, x, *phi), x, phi)

    def _differentiated(
        self, function: Callable[..., Array], x: Array, phi: tuple[Array, ...]
    ) -> Array:
        """Return the derivative of a function of x and φ in x, by differences."""
        shape, x, leaves = numerical.as_rows(x, phi, tuple(self._own.values()))
        ends = np.full(x.shape, -np.inf), np.full(x.shape, np.inf)
        found = numerical.in_values(function, x, leaves, *ends, size=_STEP)
        if np.any(lost := ~np.isfinite(found)):
            few = [leaf[lost] for leaf in leaves]
            found[lost] = numerical.in_values(function, x[lost], few, *(e[lost] for e in ends))
        return np.asarray(found.reshape(shape))

    def _partials(self, x: Array, y: Array, *phi: Array) -> tuple[Any, ...]:
        return tuple(self._gradient(x, phi, list(self._fields)))

    def _parameter_bends(self, x: Array, y: Array, *phi: Array) -> Triangle:
        rows = (
            numerical.in_parameters(
                lambda x, *phi, k=k: self._partials(x, x, *phi)[k], x, phi, [*self._own.values()]
            )[k:]
            for k in range(len(phi))
        )
        return tuple(rows)

    def _flows(self, x: Array, y: Array, *phi: Array) -> tuple[Any, ...]:
        slope, *partials = self._gradient(x, phi, ["y", *self._fields])
        return tuple(partial / slope for partial in partials)

    def _flow_slopes(self, x: Array, y: Array, *phi: Array) -> tuple[Any, ...]:
        return tuple(
            self._differentiated(lambda x, *phi, k=k: self._flows(x, x, *phi)[k], x, phi)
            for k in range(len(phi))
        )

    def _falls(self, *phi: Array) -> bool:
        return self._sign < 0.0

    def _image(self, low: Any, high: Any, *phi: Array) -> tuple[Any, Any]:
        first, last = self._limit(low, 1.0, phi), self._limit(high, -1.0, phi)
        return (last, first) if self._sign < 0.0 else (first, last)

    def _limit(self, end: Any, inwards: float, phi: tuple[Array, ...]) -> Array:
        """Return T at an endpoint, or where it has no value there, next to it."""
        end = np.asarray(end)
        value = np.asarray(self._value(end, *phi))
        for far, near in zip(_FAR, (*_NEAR, 1e-8), strict=True):
            if not np.any(lost := np.isnan(value)):
                break
            size = np.where(end == 0.0, 1.0, np.abs(end))
            beside = np.where(np.isinf(end), -inwards * far, end + inwards * near * size)
            value = np.where(lost, self._value(beside, *phi), value)
        return value


def formula(text: str, /, **parameters: ArrayLike) -> Formula:
    """Return a map given by a formula of y, the value to be mapped.

    Parameters
    ----------
    text
        The formula, such as ``"a*sinh(y)"``, in the language of :class:`reparam.Expression`.
    **parameters
        Values of all other names in it.

    Raises
    ------
    ExpressionError
        If the text is not a formula of y.
    UnknownParameterError
        If a value is missing, or there is no such name.
    """
    expression = Expression(text)
    own = tuple(name for name in expression.names if name != "y")
    if "y" not in expression.names:
        raise ExpressionError(
            f"{text!r} has no y in it; write a formula of y, the value to be mapped, such as"
            " sinh(y)"
        )
    for name in own:
        if hasattr(Formula, name) or name.startswith("_"):
            raise ExpressionError(
                f"{text!r} has a parameter called {name}, which means something else; rename it"
            )
        if name not in parameters:
            given = ", ".join(parameters) or "none"
            raise UnknownParameterError(
                f"{text!r} needs a value for {name}{did_you_mean(name, parameters)} (values are"
                f" given for: {given}); pass one, such as {name}=1.0"
            )
    for name in parameters:
        if name not in own:
            raise UnknownParameterError(
                f"{text!r} has no parameter {name!r}{did_you_mean(name, own)} (it has"
                f" {', '.join(own) or 'none'})"
            )
    return _class_of(text, own)(**parameters)


@lru_cache(maxsize=256)
def _class_of(text: str, names: tuple[str, ...]) -> type[Formula]:
    """Return the class of maps by a formula: its parameters are the names."""
    declared = {
        name: Parameter(name, REAL, 1.0, (0.5, 2.0), (), "Parameter of the formula")
        for name in names
    }
    return type("Formula", (Formula,), {"expression": Expression(text), **declared})


def _remade(text: str, values: Mapping[str, Any]) -> Formula:
    return formula(text, **values)
