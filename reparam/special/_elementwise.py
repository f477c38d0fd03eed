"""How kernels are called: elementwise over anything that broadcasts, one regime an element.

A kernel works on flat arrays. Each element is computed by the regime chosen for it from its own
values, in pieces that fit the processor's cache, so that it never depends on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reparam._kernels import active
from reparam._typing import Array, ArrayLike
from reparam.real_arrays import FLOAT64

__all__ = ["Rule", "column", "elementwise", "integrate", "members", "select", "weighted"]

#: How many numbers a scratch array has: a few such arrays fit a core's cache. Fewer would make
#: operations so short that threads mostly wait for the interpreter's lock.
_CACHED = 5 * 2**13

#: How many elements a formula is given at a time: many, since every operation needs the
#: interpreter's lock for a moment, which another thread may hold.
_PIECE = 2**17

#: How many terms of a sum are added one after the other.
_IN_ORDER = 20

#: Nodes and weights of a quadrature rule.
Rule: TypeAlias = tuple[tuple[float, ...], tuple[float, ...]]


def elementwise(
    outputs: int = 1, *, quiet: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a kernel of flat arrays a function of anything that broadcasts.

    An argument of size one stays a scalar, so that what depends on it alone is computed once.
    The first argument never does.

    Parameters
    ----------
    outputs
        How many arrays the kernel returns.
    quiet
        Whether the kernel sees to it that NumPy warns of nothing.
    """

    def decorate(kernel: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(kernel)
        def function(*arguments: ArrayLike) -> Any:
            compiled = active()
            if compiled.lines(*arguments) if compiled else _flat(arguments):
                if quiet:
                    return kernel(*arguments)
                with np.errstate(all="ignore"):
                    return kernel(*arguments)
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


def _flat(arguments: tuple[Any, ...]) -> bool:
    """Return whether arguments are a flat array and others like it, or numbers: the usual case."""
    first = arguments[0]
    if type(first) is not np.ndarray or first.ndim != 1:
        return False
    shape = first.shape
    for each in arguments:
        if type(each) is np.ndarray:
            if each.shape != shape or each.dtype is not FLOAT64 or not each.flags.c_contiguous:
                return False
        elif type(each) is not np.float64:
            return False
    return True


def members(array: Array, at: NDArray[np.integer[Any]]) -> Array:
    """Return some elements of a flat array, or a scalar as it is."""
    return array[at] if np.ndim(array) else array


def select(
    choice: NDArray[np.integer[Any]],
    formulas: Sequence[Callable[..., Any]],
    *arrays: Array,
    outputs: int = 1,
) -> Any:
    """Evaluate for each element the formula that `choice` numbers.

    Parameters
    ----------
    choice
        The number of each element's formula.
    formulas
        What it numbers: elementwise, of flat arrays and scalars.
    *arrays
        Their arguments: flat arrays as long as `choice`, or scalars. An array that repeats one
        number without a copy stays a scalar, so that what depends on it alone is computed once.
    outputs
        How many arrays a formula returns: a tuple of them, or one by itself.
    """
    size = choice.size
    if size > 1:  # the first one never does
        rest = (a[0] if np.ndim(a) and a.strides == (0,) else a for a in arrays[1:])
        arrays = arrays[0], *rest
    results = tuple(np.empty(size) for _ in range(outputs))

    def fill(formula: Callable[..., Any], members: NDArray[np.integer[Any]] | None) -> None:
        total = size if members is None else members.size
        for start in range(0, total, _PIECE):
            piece: Any = slice(start, start + _PIECE)
            if members is not None:
                piece = members[piece]
            values = formula(*(array[piece] if np.ndim(array) else array for array in arrays))
            if not isinstance(values, tuple):
                values = (values,)
            for result, value in zip(results, values, strict=True):
                result[piece] = value

    counts = np.bincount(choice, minlength=len(formulas))
    most = int(counts.argmax())
    if counts[most] > 0.9 * size:  # the few others are overwritten: cheaper than to leave them out
        fill(formulas[most], None)
        counts[most] = 0
    for number in np.flatnonzero(counts).tolist():
        fill(formulas[number], np.flatnonzero(choice == number))
    return results[0] if outputs == 1 else results


def integrate(
    integrals: Callable[..., tuple[Array, ...]],
    nodes: int,
    scratch: int,
    *arrays: Array,
) -> tuple[Array, ...]:
    """Evaluate integrals over arrays of (nodes, elements), some elements at a time.

    Parameters
    ----------
    integrals
        Called with `scratch` uninitialized arrays of that shape, to save making new ones, and
        then the pieces of `arrays`. Returns one flat array an integral.
    nodes
        How many nodes there are.
    scratch
        How many scratch arrays to pass.
    *arrays
        Its arguments: flat arrays, at least the first one, or scalars.
    """
    size, width = arrays[0].size, _CACHED // nodes
    if size == 1:  # a sum along single numbers would be made in another order
        arrays = tuple(np.repeat(array, 2) if np.ndim(array) else array for array in arrays)
    rows = np.empty((scratch, nodes * min(width, max(size, 2))))
    parts = [
        integrals(
            *rows[:, : nodes * min(width, arrays[0].size - start)].reshape(scratch, nodes, -1),
            *(array[start : start + width] if np.ndim(array) else array for array in arrays),
        )
        for start in range(0, max(size, 1), width)
    ]
    results = parts[0] if len(parts) == 1 else tuple(map(np.concatenate, zip(*parts, strict=True)))
    return tuple(result[:1] for result in results) if size == 1 else results


def column(values: ArrayLike) -> Array:
    """Return the values as a column, to combine with a row of elements."""
    return np.asarray(values, dtype=np.float64)[:, np.newaxis]


def weighted(rows: Array, weights: Array) -> Array:
    """Return Σ_j weights_j rows_j, the weights being a flat array or one like `rows`.

    Up to 20 terms are added in order, whatever the number of elements (but one); more are halved,
    so that rounding errors don't pile up.
    """
    count = len(rows)
    if count > _IN_ORDER:
        half = count // 2
        return weighted(rows[:half], weights[:half]) + weighted(rows[half:], weights[half:])
    subscripts = "jn,jn->n" if weights.ndim > 1 else "jn,j->n"
    return np.asarray(np.einsum(subscripts, rows, weights))
