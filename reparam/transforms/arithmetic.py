"""Functions of distributions, and what operators make of them, in SciPy's spelling."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.distribution import Distribution
from reparam.base.operators import OPERATIONS
from reparam.base.reparameterized import Reparameterized
from reparam.errors import ParameterError, did_you_mean, spelled
from reparam.real_arrays import as_real_array
from reparam.transforms.folded import Folded
from reparam.transforms.maps import MAPS, Affine, Exp, Log, Map, Power, Reciprocal
from reparam.transforms.maps.formula import formula
from reparam.transforms.transformed import Transformed

__all__ = ["abs", "exp", "log", "transformed"]


def exp(d: Reparameterized) -> Reparameterized:
    """Return the distribution of e^x, with x from `d`.

    Examples
    --------
    >>> import reparam as rp
    >>> rp.exp(rp.Gaussian(scale=0.5))
    Transformed(Gaussian(loc=0.0, scale=0.5), Exp())
    """
    return _undone(d, Log) or Transformed(d, Exp())


def log(d: Reparameterized) -> Reparameterized:
    """Return the distribution of ln x, with positive x from `d`.

    Examples
    --------
    >>> import reparam as rp
    >>> draw = rp.log(rp.Gamma(alpha=1e-3)).rsample(2, rng=1)
    >>> draw.value.round(3)  # where x itself underflows
    array([ -202.971, -1202.478])
    """
    return _undone(d, Exp) or Transformed(d, Log())


def abs(d: Reparameterized) -> Folded:
    """Return the distribution of the absolute value of x, with x from `d`.

    Examples
    --------
    >>> import reparam as rp
    >>> rp.abs(rp.Gaussian()).icdf(0.5).round(6)
    np.float64(0.67449)
    """
    return Folded(d)


def transformed(d: Reparameterized, map: Map | str, /, **parameters: ArrayLike) -> Reparameterized:
    """Return the distribution of T(x), with x from `d` and T monotone.

    Parameters
    ----------
    d
        The distribution of x.
    map
        A map; the name of one, such as ``"tanh"``; or a formula of y, the value to be mapped, such
        as ``"sinh(y)"``, in the language of :class:`reparam.Expression`.
    **parameters
        Values of the map's parameters: of the other names in a formula.

    Raises
    ------
    ParameterError
        If T can't be shown to be strictly monotone where `d` has values.

    Examples
    --------
    >>> import reparam as rp
    >>> d = rp.transformed(rp.Gaussian(), "a*sinh(y)", a=2.0)
    >>> d
    Transformed(Gaussian(loc=0.0, scale=1.0), formula('a*sinh(y)', a=2.0))
    >>> d.icdf(0.9).round(6)
    np.float64(3.324618)
    """
    if isinstance(map, Map):
        return Transformed(d, map.replace(parameters) if parameters else map)
    if spelled(map) == "abs" and not parameters:
        return Folded(d)
    if map.isidentifier() and map != "y":
        if spelled(map) not in MAPS:
            near = did_you_mean(map, [*MAPS, "abs"])
            raise ParameterError(
                f"no map is called {map!r}{near} (there are {', '.join([*MAPS, 'abs'])}); pass"
                ' one of these, or a formula of y, such as "sinh(y)"'
            )
        return Transformed(d, MAPS[spelled(map)](**parameters))
    return Transformed(d, formula(map, **parameters))


def _undone(d: Reparameterized, inverse: type[Map]) -> Reparameterized | None:
    """Return the base of a distribution that the inverse map has made, so that it is undone."""
    if isinstance(d, Transformed) and not d._is_by_quantile and isinstance(d.map, inverse):
        return d.base
    return None


# Operators ----------------------------------------------------------------------------------------


def _affine(d: Reparameterized, loc: Array | float, scale: Array | float) -> Transformed:
    """Return the distribution of loc + scale · x: of an affine map of x, one map."""
    if isinstance(d, Transformed) and not d._is_by_quantile and isinstance(d.map, Affine):
        return Transformed(d.base, Affine(loc + scale * d.map.loc, scale * d.map.scale))
    return Transformed(d, Affine(loc, scale))


def _parted(left: Any, right: Any, sign: str) -> tuple[Any, Array, bool] | None:
    """Return the distribution, the number, and whether the distribution is on the left."""
    if isinstance(left, Distribution) and isinstance(right, Distribution):
        raise ParameterError(
            f"{left!r} {sign} {right!r} has two draws in it, and a map takes one; draw from both"
            " and combine the values, or write a graph (reparam.Graph)"
        )
    on_left = isinstance(left, Distribution)
    d, number = (left, right) if on_left else (right, left)
    if not isinstance(number, Real | np.ndarray | np.generic | list | tuple):
        return None
    return d, as_real_array("the operand", number), on_left  # type: ignore[arg-type]


def _add(left: Any, right: Any) -> Any:
    parts = _parted(left, right, "+")
    return NotImplemented if parts is None else _affine(parts[0], parts[1], 1.0)


def _subtract(left: Any, right: Any) -> Any:
    if (parts := _parted(left, right, "-")) is None:
        return NotImplemented
    d, number, on_left = parts
    return _affine(d, -number, 1.0) if on_left else _affine(d, number, -1.0)


def _multiply(left: Any, right: Any) -> Any:
    parts = _parted(left, right, "*")
    return NotImplemented if parts is None else _affine(parts[0], 0.0, parts[1])


def _divide(left: Any, right: Any) -> Any:
    if (parts := _parted(left, right, "/")) is None:
        return NotImplemented
    d, number, on_left = parts
    if on_left:
        if np.any(number == 0.0):
            raise ParameterError(f"{d!r} / 0 is not finite; divide by a number that is not 0")
        return _affine(d, 0.0, 1.0 / number)
    inverse = Transformed(d, Reciprocal())
    return inverse if np.all(number == 1.0) and number.ndim == 0 else _affine(inverse, 0.0, number)


def _power(left: Any, right: Any) -> Any:
    if (parts := _parted(left, right, "**")) is None:
        return NotImplemented
    d, number, on_left = parts
    if not on_left:
        if not np.all(number > 0.0):
            raise ParameterError(
                f"{left!r} ** {d!r} has a base that is not positive; pass a positive number"
            )
        return Transformed(_affine(d, 0.0, np.log(number)), Exp())
    if np.any(d.support[0] < 0.0):
        if number.ndim == 0 and number % 2.0 == 1.0 and number > 0.0:
            return Transformed(d, formula(f"y**{int(number)}"))
        raise ParameterError(
            f"{d!r} has values below 0, where its power {number} is not monotone, or not real;"
            " use the power of its absolute value, abs(d), or a truncated one"
        )
    return Transformed(d, Power(number))


OPERATIONS.update(
    {
        "+": _add,
        "-": _subtract,
        "*": _multiply,
        "/": _divide,
        "**": _power,
        "abs": lambda d, _: Folded(d),
    }
)
