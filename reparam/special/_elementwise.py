"""How kernels are called: elementwise over anything that broadcasts, one regime an element.

A kernel works on flat arrays. Each element is computed by the regime chosen for it from its own
values, in pieces that fit the processor's cache, so that it never depends on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array, ArrayLike

__all__ = ["Regime", "Rule", "column", "elementwise", "integrate", "select", "summed"]

#: Nodes and weights of a quadrature rule.
Rule: TypeAlias = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class Regime:
    """One way to compute a kernel, where it is the right one.

    Attributes
    ----------
    formula
        Elementwise on flat arrays and scalars; returns an array or a tuple of them.
    piece
        How many elements to give it at a time: many, since every operation holds the
        interpreter's lock for a moment, in which another thread can't go on.
    """

    formula: Callable[..., Any]
    piece: int = 2**15


def elementwise(outputs: int = 1) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a kernel of flat arrays a function of anything that broadcasts.

    An argument of size one stays a scalar, so that what depends on it alone is computed once.
    The first argument never does.
    """

    def decorate(kernel: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(kernel)
        def function(*arguments: ArrayLike) -> Any:
            arrays = [np.asarray(argument, dtype=np.float64) for argument in arguments]
            shape = np.broadcast_shapes(*(array.shape for array in arrays))
            flat = [
                array.reshape(())[()]
                if array.size == 1 and position
                else np.broadcast_to(array, shape).ravel()
                for position, array in enumerate(arrays)
            ]
            with np.errstate(all="ignore"):
                results = kernel(*flat)
            if outputs == 1:
                return results.reshape(shape)[()]
            return tuple(result.reshape(shape)[()] for result in results)

        return function

    return decorate


def select(
    choice: NDArray[np.integer[Any]],
    regimes: Sequence[Regime],
    *arrays: Array,
    outputs: int = 1,
) -> Any:
    """Evaluate for each element the regime that `choice` numbers.

    Parameters
    ----------
    choice
        The number of each element's regime.
    regimes
        What it numbers.
    *arrays
        The formulas' arguments: flat arrays as long as `choice`, or scalars.
    outputs
        How many arrays a formula returns: a tuple of them, or one by itself.
    """
    size = choice.size
    results = tuple(np.empty(size) for _ in range(outputs))

    def fill(regime: Regime, members: NDArray[np.integer[Any]] | None) -> None:
        total = size if members is None else members.size
        for start in range(0, total, regime.piece):
            piece: Any = slice(start, start + regime.piece)
            if members is not None:
                piece = members[piece]
            values = regime.formula(
                *(array[piece] if np.ndim(array) else array for array in arrays)
            )
            if not isinstance(values, tuple):
                values = (values,)
            for result, value in zip(results, values, strict=True):
                result[piece] = value

    counts = np.bincount(choice, minlength=len(regimes))
    most = int(counts.argmax())
    if counts[most] > 0.9 * size:  # the few others are overwritten: cheaper than to leave them out
        fill(regimes[most], None)
        counts[most] = 0
    for number in np.flatnonzero(counts).tolist():
        fill(regimes[number], np.flatnonzero(choice == number))
    return results[0] if outputs == 1 else results


def integrate(
    integrals: Callable[..., tuple[Array, ...]], width: int, *arrays: Array
) -> tuple[Array, ...]:
    """Evaluate integrals over arrays of (nodes, elements), so many elements at a time.

    Parameters
    ----------
    integrals
        Returns one flat array an integral.
    width
        How many elements to give it at a time: few, since with a row a node they are many times
        as much.
    *arrays
        Its arguments: flat arrays, at least the first one, or scalars.
    """
    parts = [
        integrals(*(array[k : k + width] if np.ndim(array) else array for array in arrays))
        for k in range(0, max(arrays[0].size, 1), width)
    ]
    if len(parts) == 1:
        return parts[0]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def column(values: Sequence[float]) -> Array:
    """Return the values as a column, to combine with a row of elements."""
    return np.array(values)[:, np.newaxis]


def summed(rows: Array) -> Array:
    """Sum each column by halving.

    The rounding errors are those of log₂ of the number of rows, and the order of the additions
    is the same for one column as for many (NumPy's differs).
    """
    count = len(rows)
    half = count // 2
    total = rows[: count - half].copy()
    total[:half] += rows[count - half :]
    count -= half
    while count > 1:
        half = count // 2
        total[:half] += total[count - half : count]
        count -= half
    return total[0]
