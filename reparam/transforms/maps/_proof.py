"""Whether a formula is strictly monotone on an interval: a proof by interval arithmetic.

The interval is cut until the sign of the derivative is certain on each piece. Where the derivative
touches 0, as that of y³ does, pieces shrink to nothing and its sign holds with equality.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.errors import ParameterError
from reparam.expressions import Expression
from reparam.parameters import shown

__all__ = ["direction"]

#: How often a piece is halved, and how many open pieces there may be.
_ROUNDS, _MOST = 48, 2**13


def direction(
    expression: Expression, low: Array, high: Array, values: Mapping[str, Array], what: str
) -> float:
    """Return 1 if a formula of y rises between the endpoints of all rows, −1 if it falls.

    Parameters
    ----------
    expression
        The formula.
    low, high
        Where y lies, for each row.
    values
        Of the other names, for each row.
    what
        What has values there, for messages.

    Raises
    ------
    ParameterError
        If it isn't monotone, or can't be shown to be.
    """
    row, left, right = np.arange(low.size), low.copy(), high.copy()
    cuts: list[tuple[Array, Any]] = []
    sign = 0.0

    def ranges(first: Array, last: Array, rows: Any) -> tuple[Array, Array]:
        own = {name: (value[rows], value[rows]) for name, value in values.items()}
        return expression.slope_range("y", {**own, "y": (first, last)})

    for number in range(_ROUNDS + 1):
        least, most = ranges(left, right, row)
        rises, falls = least > 0.0, most < 0.0
        if np.any(flat := (least == 0.0) & (most == 0.0)):
            raise _refusal(expression, what, f"is constant between {_ends(left, right, flat)}")
        if np.any(other := falls if sign > 0.0 else rises if sign < 0.0 else rises & False):
            raise _refusal(expression, what, _both(sign, left, right, other))
        if np.any(rises) and np.any(falls):
            problem = f"rises between {_ends(left, right, rises)} and "
            raise _refusal(expression, what, problem + _both(1.0, left, right, falls, also=False))
        sign = sign or float(np.any(rises)) - float(np.any(falls))
        rest = ~(rises | falls)
        if not np.any(rest):
            break
        if number == _ROUNDS or rest.sum() > _MOST:
            touches = (least >= 0.0) if sign > 0.0 else (most <= 0.0) if sign < 0.0 else ~rest
            if np.any(hidden := rest & ~touches):
                problem = (
                    "can't be shown to be monotone: the sign of its derivative is open between"
                )
                raise _refusal(expression, what, f"{problem} {_ends(left, right, hidden)}")
            break
        left, right, row = left[rest], right[rest], row[rest]
        middle = _middle(left, right)
        cut = (middle > left) & (middle < right)  # else no number is between the endpoints
        cuts.append((middle[cut], row[cut]))
        left, right, row = (
            np.concatenate([left, middle[cut]]),
            np.concatenate([np.where(cut, middle, right), right[cut]]),
            np.concatenate([row, row[cut]]),
        )
    for place, rows in cuts:  # ends of pieces count as not attained: there it must not jump
        around = np.nextafter(place, -np.inf), np.nextafter(place, np.inf)
        least, most = ranges(*around, rows)
        if np.any(jumps := (least == -np.inf) & (most == np.inf)):
            where = shown(float(place[jumps][0]))
            raise _refusal(expression, what, f"jumps, or isn't defined, at {where}")
    return sign


def _middle(left: Array, right: Array) -> Array:
    """Return numbers between: on a logarithmic scale where the endpoints are of different sizes."""
    with np.errstate(all="ignore"):
        mean = 0.5 * left + 0.5 * right
        size = np.minimum(np.abs(left), np.abs(right)), np.maximum(np.abs(left), np.abs(right))
        geometric = np.copysign(np.sqrt(size[0]) * np.sqrt(size[1]), mean)
    endless = np.copysign(np.maximum(4.0 * size[0], 1.0), np.where(np.isinf(right), right, left))
    from_zero = np.where(left == 0.0, 0.25 * right, 0.25 * left)
    return np.select(
        [
            (left < 0.0) & (right > 0.0),
            np.isinf(size[1]),
            size[0] == 0.0,
            size[1] > 16.0 * size[0],
        ],
        [np.zeros(left.shape), endless, from_zero, geometric],
        mean,
    )


def _ends(left: Array, right: Array, chosen: NDArray[np.bool_]) -> str:
    """Return the endpoints of the first run of pieces that join, among those chosen."""
    order = np.argsort(left[chosen])
    left, right = left[chosen][order], right[chosen][order]
    end = right[0]
    for start, stop in zip(left[1:], right[1:], strict=True):
        if start > end:
            break
        end = max(end, stop)
    return f"{shown(float(left[0]))} and {shown(float(end))}"


def _both(
    sign: float, left: Array, right: Array, other: NDArray[np.bool_], *, also: bool = True
) -> str:
    """Return that it falls on some pieces, or rises, while elsewhere it does not."""
    verb, elsewhere = ("falls", "rises") if sign > 0.0 else ("rises", "falls")
    return f"{verb} between {_ends(left, right, other)}" + f" and {elsewhere} elsewhere" * also


def _refusal(expression: Expression, what: str, problem: str) -> ParameterError:
    return ParameterError(
        f"{str(expression)!r} {problem}, where {what} has values; pass a formula that rises, or"
        " falls, throughout, or another base, such as one truncated to where it does"
    )
