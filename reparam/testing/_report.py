"""What a failed property says: which distribution, where, what it got and what it expected."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized

__all__ = ["Distributions", "agree", "check", "is_nan", "refuses"]

Distributions = type[Reparameterized]


def check(subject: Distribution | type[Distribution], condition: object, problem: str) -> None:
    """Raise an AssertionError that names the distribution and the problem, unless it holds."""
    if not condition:
        raise AssertionError(f"{subject.name}: {problem}")


def is_nan(d: Distribution, what: str, values: Array) -> None:
    """Raise an AssertionError unless all values are NaN."""
    check(d, np.all(np.isnan(values)), f"{what} is {values}, expected NaN")


def refuses(
    subject: Distribution | type[Distribution],
    kind: type[Exception],
    call: Callable[..., object],
    *args: object,
    **kwargs: object,
) -> None:
    """Raise an AssertionError unless a call raises that kind of exception."""
    try:
        call(*args, **kwargs)
    except kind:
        return
    shown = ", ".join([*map(repr, args), *(f"{name}={value!r}" for name, value in kwargs.items())])
    check(subject, False, f"expected {kind.__name__} from {call.__name__}({shown}), got no error")


def agree(
    d: Distribution,
    what: str,
    actual: Array,
    expected: ArrayLike,
    *,
    rtol: float = 0.0,
    atol: ArrayLike = 0.0,
    **where: ArrayLike,
) -> None:
    """Raise an AssertionError unless |actual − expected| ≤ atol + rtol·|expected| everywhere.

    NaN agrees with nothing. All arrays broadcast with the distribution's parameters: these, and
    what is given as `where`, identify the worst point in the message.
    """
    actual, expected, atol = np.broadcast_arrays(actual, expected, atol)
    if not actual.size:
        return
    with np.errstate(invalid="ignore"):  # an infinity less itself
        allowed = atol + rtol * np.abs(expected)
        excess = np.abs(actual - expected) - allowed
    excess = np.where(np.isnan(excess), np.inf, excess)
    excess = np.where(actual == expected, -np.inf, excess)
    worst = np.unravel_index(np.argmax(excess), excess.shape)
    point = {**{name: getattr(d, name) for name in d.parameters}, **where}
    place = ", ".join(
        f"{name}={_entry(np.asarray(value), excess.shape, worst)}" for name, value in point.items()
    )
    check(
        d,
        excess[worst] <= 0.0,
        f"{what} at {place}: got {float(actual[worst])!r}, expected {float(expected[worst])!r}"
        f" within {allowed[worst]:.3g}",
    )


def _entry(values: Array, shape: tuple[int, ...], index: tuple[np.intp, ...]) -> object:
    """Return the value that belongs to an entry of a result; all of them if it is their sum."""
    try:
        return np.broadcast_to(values, shape)[index].item()
    except ValueError:
        return values.tolist()
