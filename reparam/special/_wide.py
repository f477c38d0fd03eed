"""Numbers as accurate as float64 whose exponents have no ends, for formulas as they are written.

A sum of products and quotients of parameters may be of a usual size where one product by itself
over- or underflows. Given ``Wide`` arrays, a formula is computed with float64's mantissas and with
exponents of 64 bits: they take part in NumPy's functions as arrays do (NEP 13 and NEP 18).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from reparam._typing import Array

__all__ = ["Wide"]

#: The exponent of 0, far below that of any result.
_NOTHING = -(2**40)
#: Exponents up to which functions are computed in float64; odd functions are linear below it.
_USUAL = 400
#: ln 2 as the sum of a short number and a small one (Cody & Waite 1980).
_LN2, _LN2_REST = 0.693147180369123816490, 1.90821492927058770002e-10


class Wide(NDArrayOperatorsMixin):
    """An array of numbers m 2^k with ½ ≤ |m| < 1, or m = 0, infinite or NaN.

    Parameters
    ----------
    values
        The numbers, or their mantissas.
    exponent
        Powers of 2 that they are multiplied with.
    """

    def __init__(self, values: Any, exponent: Any = 0) -> None:
        self.mantissa, own = np.frexp(np.asarray(values, dtype=np.float64))
        usual = np.isfinite(self.mantissa) & (self.mantissa != 0.0)
        exponent = np.where(usual, own + np.asarray(exponent, dtype=np.int64), _NOTHING)
        self.exponent = np.where(np.isfinite(self.mantissa), exponent, 0)

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape."""
        return self.mantissa.shape

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(_scaled(self.mantissa, self.exponent), dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if options.pop("out", inputs[:1])[0] is not inputs[0] or options or method != "__call__":
            return NotImplemented  # of `out`, x += y alone is known, for which x is a new array
        arguments = [each if isinstance(each, Wide) else Wide(each) for each in inputs]
        if ufunc in _COMPARISONS:
            return ufunc(*_aligned(*arguments)[0])
        if ufunc in _OF_MANTISSAS:
            return ufunc(arguments[0].mantissa)
        if ufunc in _RULES:
            return _RULES[ufunc](*arguments)
        if ufunc.__name__ in _ODD:
            return _odd(ufunc, *arguments)
        return Wide(ufunc(*(np.asarray(each) for each in arguments)))

    def __array_function__(
        self, function: Callable[..., Any], types: Any, arguments: Any, options: Any
    ) -> Any:
        rule = _FUNCTIONS.get(function)
        return NotImplemented if rule is None else rule(*arguments, **options)


def _scaled(values: Array, exponent: NDArray[Any]) -> Array:
    """Return values times powers of 2, 0 or infinite where float64 has no such numbers."""
    return np.asarray(np.ldexp(values, np.clip(exponent, -5000, 5000).astype(np.intc)))


def _aligned(x: Wide, y: Wide) -> tuple[tuple[Array, Array], NDArray[Any]]:
    """Return mantissas with the greater of two exponents, and that exponent."""
    exponent = np.maximum(x.exponent, y.exponent)
    first, second = (_scaled(each.mantissa, each.exponent - exponent) for each in (x, y))
    return (first, second), exponent


def _sum(x: Wide, y: Wide) -> Wide:
    (first, second), exponent = _aligned(x, y)
    return Wide(first + second, exponent)


def _negative(x: Wide) -> Wide:
    return Wide(-x.mantissa, x.exponent)


def _product(x: Wide, y: Wide) -> Wide:
    return Wide(x.mantissa * y.mantissa, x.exponent + y.exponent)


def _quotient(x: Wide, y: Wide) -> Wide:
    return Wide(x.mantissa / y.mantissa, x.exponent - y.exponent)


def _odd(function: Callable[[Array], Array], x: Wide) -> Wide:
    """Apply a function that is 0 at 0, and linear there."""
    small = x.exponent < -_USUAL
    near = function(np.ldexp(x.mantissa, -_USUAL))
    values = np.where(small, near, function(np.asarray(x)))
    return Wide(values, np.where(small, x.exponent + _USUAL, 0))


def _log(x: Wide) -> Wide:
    usual = np.abs(x.exponent) < _USUAL
    far = np.log(x.mantissa) + x.exponent * math.log(2.0)
    return Wide(np.where(usual, np.log(np.asarray(x)), far))


def _log1p(x: Wide) -> Wide:
    return _where(x.exponent > _USUAL, _log(x), _odd(np.log1p, x))


def _exp(x: Wide) -> Wide:
    power = np.clip(np.asarray(x), -1e9, 1e9)
    exponent = np.rint(power / math.log(2.0))
    return Wide(np.exp((power - exponent * _LN2) - exponent * _LN2_REST), exponent)


def _power(x: Wide, y: Wide) -> Wide:
    power = np.asarray(y)
    exponent = x.exponent * power
    whole = np.floor(exponent)
    return Wide(x.mantissa**power * 2.0 ** (exponent - whole), whole.astype(np.int64))


def _where(condition: Any, x: Any, y: Any) -> Wide:
    x, y = (each if isinstance(each, Wide) else Wide(each) for each in (x, y))
    mantissa = np.where(condition, x.mantissa, y.mantissa)
    return Wide(mantissa, np.where(condition, x.exponent, y.exponent))


def _select(conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0.0) -> Any:
    result = default
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        result = _where(condition, choice, result)
    return result


_COMPARISONS = {np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal}
#: Names of functions that are 0 at 0 and linear there.
_ODD = {"expm1", "tanh", "erf"}
_OF_MANTISSAS = {np.isfinite, np.isinf, np.isnan, np.sign}
_RULES: dict[np.ufunc, Callable[..., Any]] = {
    np.add: _sum,
    np.subtract: lambda x, y: _sum(x, _negative(y)),
    np.multiply: _product,
    np.divide: _quotient,
    np.negative: _negative,
    np.power: _power,
    np.square: lambda x: _product(x, x),
    np.absolute: lambda x: Wide(np.abs(x.mantissa), x.exponent),
    np.maximum: lambda x, y: _where((x > y) | np.isnan(x), x, y),
    np.minimum: lambda x, y: _where((x < y) | np.isnan(x), x, y),
    np.fmin: lambda x, y: _where((x < y) | np.isnan(y), x, y),
    np.frexp: lambda x: (x.mantissa, x.exponent),
    np.exp: _exp,
    np.log: _log,
    np.log1p: _log1p,
}
_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.where: _where,
    np.select: _select,
    np.shape: lambda x: x.shape,
    np.zeros_like: lambda x: Wide(np.zeros(x.shape)),
    np.ones_like: lambda x: Wide(np.ones(x.shape)),
    np.broadcast_arrays: lambda *arrays: arrays,  # members of one batch, all of one shape
}
