"""Numbers that callers pass, as float64 arrays: what is not made of real numbers is refused."""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.errors import ParameterError, ReparamError, ShapeError

__all__ = ["FLOAT64", "MAX_DIMENSIONS", "as_real_array", "check_dimensions", "need_exact"]

#: How many dimensions arrays may have: NumPy's arrays have up to 64, and its broadcasting 32.
MAX_DIMENSIONS = 32

#: The only dtype of that name in the machine's byte order: compared by identity, which is faster.
FLOAT64 = np.dtype(np.float64)

#: Up to here float64 has all integers.
_ALL_INTEGERS = 2.0**53


def check_dimensions(what: str, shape: tuple[int, ...]) -> None:
    """Refuse shapes of more dimensions than can be broadcast."""
    if len(shape) > MAX_DIMENSIONS:
        raise ShapeError(
            f"{what} has {len(shape)} dimensions, and at most {MAX_DIMENSIONS} are possible;"
            " reshape it"
        )


def as_real_array(name: str, value: ArrayLike) -> Array:
    """Return `value` as a float64 array, refusing what is not made of real numbers.

    Real numbers are those of Python's tower (``numbers.Real``: integers of any size, fractions) and
    decimals. Booleans, text and masked values are not.
    """
    plain = _plain(value)
    if plain is not None:
        return plain
    try:
        if _made_of_numbers(name, value):
            array = np.asarray(value)
            check_dimensions(name, array.shape)
            if array.dtype.kind == "O":
                each = [_as_float(name, entry) for entry in array.ravel().tolist()]
                return np.array(each, np.float64).reshape(array.shape)
            if array.dtype.kind in "fiu":
                return np.asarray(array, dtype=np.float64)
    except ReparamError:
        raise
    except (TypeError, ValueError):
        pass
    raise ParameterError(f"{name}={_brief(value)} is not a real number or an array of real numbers")


def need_exact(name: str, value: object, array: Array) -> None:
    """Refuse integers that float64 does not have, and that `array` has rounded.

    Raises
    ------
    ParameterError
        If there is one.
    """
    if not np.any(np.abs(array) >= _ALL_INTEGERS):
        return
    for each in np.asarray(value).ravel().tolist():
        if isinstance(each, int) and float(each) != each:
            raise ParameterError(
                f"{name}={each} is an integer that float64 does not have: it has all up to 2**53;"
                f" pass {float(each)!r} if that is what is meant"
            )


def _plain(value: object) -> Array | None:
    """Return a value that is a float64 array, or a float, without further ado; else None."""
    if type(value) is np.ndarray and value.dtype is FLOAT64 and value.ndim <= MAX_DIMENSIONS:
        return value
    return np.array(value) if type(value) is float else None


def _made_of_numbers(name: str, value: Any, depth: int = 0) -> bool:
    """Return whether `value` may be numbers, with no boolean and nothing masked inside lists.

    NumPy would make 1.0 of True beside a number, and use the number under a mask.
    """
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise ParameterError(
            f"{name} has {value.size - value.count()} of {value.size} values masked;"
            " leave them out (compressed()) or replace them (filled(number))"
        )
    if not isinstance(value, list | tuple):
        return not isinstance(value, bool) and getattr(value, "dtype", None) != np.bool_
    kinds = set(map(type, value))
    if kinds <= {int, float}:
        return True
    return depth < MAX_DIMENSIONS and all(
        _made_of_numbers(name, entry, depth + 1) for entry in value
    )


def _as_float(name: str, number: object) -> float:
    """Return the nearest float64, for a number that NumPy has no type for."""
    if isinstance(number, bool) or not isinstance(number, Real | Decimal):
        raise TypeError
    try:
        return float(number)
    except OverflowError:
        raise ParameterError(
            f"{name}={_brief(number)} is too large for float64, which ends at 1.8e308;"
            " pass a smaller number"
        ) from None


def _brief(value: object) -> str:
    """Return the text of a value for a message, cut off if it is long."""
    try:
        text = repr(value)
    except Exception:  # Python does not print an integer of 5,000 digits
        return f"<{type(value).__name__}>"
    return text if len(text) <= 200 else f"{text[:120]}…{text[-40:]}"
