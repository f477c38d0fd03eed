"""Checks of arguments that several functions take."""

from __future__ import annotations

import operator
import sys

from reparam.base.distribution import Distribution
from reparam.errors import CountError, ParameterError

__all__ = ["draw_count", "instance"]


def draw_count(n: object, least: int = 0) -> int:
    """Return how many draws `n` asks for.

    Parameters
    ----------
    n
        What was passed.
    least
        The smallest number that makes sense: 0, or 2 where there is to be a standard error.

    Raises
    ------
    CountError
        If it is not an integer, less than that, or so large that draws can't be numbered.

    Examples
    --------
    >>> draw_count(1000)
    1000
    >>> draw_count(1e5, least=2)
    Traceback (most recent call last):
    reparam.errors.CountError: n=100000.0 is not an integer; pass an integer of at least 2
    """
    remedy = f"pass an integer of at least {least}" if least else "pass a non-negative integer"
    try:
        count = -1 if isinstance(n, bool) else operator.index(n)  # type: ignore[arg-type]
    except TypeError:
        raise CountError(f"n={n!r} is not an integer; {remedy}") from None
    if isinstance(n, bool):
        raise CountError(f"n={n!r} is not a number of draws; {remedy}")
    if count < least:
        why = "draws give no standard error" if least == 2 else "is too few"
        raise CountError(f"n={n!r} {why}; {remedy}")
    if count > sys.maxsize:
        raise CountError(f"n is larger than 2**63 - 1, and draws have no higher numbers; {remedy}")
    return count


def instance(label: str, value: object) -> Distribution:
    """Return a distribution that was passed.

    Parameters
    ----------
    label
        The argument's name.
    value
        What was passed.

    Raises
    ------
    ParameterError
        If it is a name, a class, or something else.
    """
    if isinstance(value, Distribution):
        return value
    if isinstance(value, str):
        shown, made = repr(value), f"reparam.get({value!r})()"
    elif isinstance(value, type) and issubclass(value, Distribution):
        shown, made = f"the class {value.__name__}", f"{value.__name__}()"
    else:
        shown, made = f"of type {type(value).__name__}", "reparam.Gaussian()"
    raise ParameterError(f"{label} is {shown} and not a distribution; pass one, such as {made}")
