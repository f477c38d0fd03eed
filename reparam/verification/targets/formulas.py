"""Call user-supplied formulas on arrays, and report what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from inspect import signature
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.errors import InputError
from reparam.importing import origin
from reparam.verification.refusals import Faulty

__all__ = ["by_parameter", "for_arrays", "need_arguments", "one_by_one", "real_array"]

#: Formulas that are of one value for each parameter.
_SLOPES = ("score", "pathwise")


def need_arguments(
    owner: str, methods: Mapping[str, Callable[..., Any]], parameters: Iterable[str]
) -> None:
    """Raise unless methods of the protocol can be called with these parameters.

    Raises InputError if one lacks an argument, or needs another.
    """
    theta = dict.fromkeys(parameters, 0.0)
    for name, method in methods.items():
        first, named = {"rsample": ("n", {"rng": None})}.get(name, ("y", {}))
        try:
            takes = signature(method)
        except (TypeError, ValueError):  # some of compiled functions have none
            continue
        try:
            takes.bind(None, **named, **theta)
        except TypeError as error:
            call = ", ".join([first, *(f"{key}=…" for key in (*named, *theta))])
            raise InputError(
                f"{owner}: {name} is called as {name}({call}), but takes {takes}: {error}"
            ) from None


def for_arrays(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a formula that takes arrays, of values and of one of the parameters, that broadcast.

    One that takes no arrays of parameters is called once for each of their values. What it returns
    is broadcast.

    Parameters
    ----------
    name
        What it is: ``"cdf"``, say.
    method
        A function of values and of parameters by name.

    Raises Faulty by the formula returned, if it can't take an array of values, or what it returns
    is of no use: of another shape, no real numbers, or of single precision, whose rounding errors
    are larger than what is looked for.

    Examples
    --------
    >>> import math
    >>> cdf = for_arrays("cdf", lambda y, rate: y * rate if rate < 1.0 else y)  # no arrays of rates
    >>> cdf(np.array([0.5, 1.0]), rate=np.array([[0.5], [2.0]])).tolist()
    [[0.25, 0.5], [0.5, 1.0]]
    """

    def formula(at: Array, /, **theta: Any) -> Any:
        values = np.asarray(at, dtype=np.float64).view()
        values.flags.writeable = False
        shape = np.broadcast_shapes(values.shape, *map(np.shape, theta.values()))
        try:
            result = method(values, **theta)
            return (
                by_parameter(name, result, shape)
                if name in _SLOPES
                else (_broadcast(name, result, shape))
            )
        except Faulty:
            raise
        except Exception as error:
            if not any(map(np.ndim, theta.values())):
                where = ", ".join(f"{key}={value:g}" for key, value in theta.items())
                raise Faulty(
                    f"{name} raised {type(error).__name__}, called with an array of values and"
                    f" {where}: {error}{origin(error)}"
                ) from error
        return one_by_one(formula, values, theta, shape)

    return formula


def one_by_one(
    formula: Callable[..., Any], values: Array, theta: Mapping[str, Any], shape: tuple[int, ...]
) -> Any:
    """Return what a formula, of an array of values, says if it is called for each parameter set.

    That is an array, or a dict of arrays.
    """
    places = np.broadcast_to(values, shape).ravel()
    columns = np.stack([np.broadcast_to(each, shape).ravel() for each in theta.values()])
    sets, which = np.unique(columns, axis=1, return_inverse=True)
    parts: list[tuple[Any, Any]] = []
    for number, column in enumerate(sets.T):
        here = np.flatnonzero(which.ravel() == number)
        one = dict(zip(theta, map(float, column), strict=True))
        parts.append((here, formula(places[here], **one)))
    first = parts[0][1]
    if isinstance(first, Mapping):
        return {key: _joined([(here, part[key]) for here, part in parts], shape) for key in first}
    return _joined(parts, shape)


def _joined(parts: list[tuple[Any, Array]], shape: tuple[int, ...]) -> Array:
    result = np.empty(shape, parts[0][1].dtype)
    for here, part in parts:
        result.reshape(-1)[here] = part
    return result


def _broadcast(name: str, result: Any, shape: tuple[int, ...]) -> Array:
    array = real_array(f"what {name} returned", result)
    if array.dtype == np.float32:
        raise Faulty(
            f"{name} returned float32, whose rounding errors are larger than what is looked for;"
            " compute it in float64"
        )
    try:
        return np.broadcast_to(array.astype(np.float64), shape)
    except ValueError:
        raise Faulty(
            f"{name} returned an array of shape {array.shape} for values and parameters of shape"
            f" {shape}"
        ) from None


def by_parameter(name: str, result: Any, shape: tuple[int, ...]) -> dict[str, Array]:
    """Return what a formula of one value for each parameter returned."""
    if not isinstance(result, Mapping):
        raise Faulty(f"{name} returned {type(result).__name__}, not a dict by parameter")
    return {str(key): _broadcast(f"{name} for {key}", each, shape) for key, each in result.items()}


def real_array(what: str, value: Any) -> Array:
    """Return real numbers as an array, of single or double precision.

    Raises Faulty if it is something else.
    """
    try:
        array = np.asarray(value)
    except Exception as error:  # what a user-supplied array raises
        raise Faulty(f"{what} is not an array: {type(error).__name__}: {error}") from error
    if array.dtype == np.float16:
        raise Faulty(f"{what} has type float16, of three digits; verify it in float32 or float64")
    if array.dtype.kind not in "fiu":
        raise Faulty(f"{what} has type {array.dtype}, not real numbers")
    return array
