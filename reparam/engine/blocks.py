"""Evaluation of elementwise formulas block by block, on several threads.

A formula is a function of float64 arrays that works element by element. It is called on one or a
few blocks, small enough for the processor's cache, by one of several threads: NumPy's ufuncs and
bit generators release the interpreter's lock.
What comes out does not depend on the number of threads: blocks start at multiples of
:data:`~reparam.engine.noise.BLOCK`, and sums are combined in block order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.engine.noise import BLOCK, draws_together
from reparam.engine.operands import Operand
from reparam.engine.outer import Outer
from reparam.engine.shapes import allocated, check_memory
from reparam.engine.threads import available, pool
from reparam.real_arrays import FLOAT64, MAX_DIMENSIONS

__all__ = ["elements_per_block", "evaluate", "total"]

#: How many blocks a thread evaluates together, if there are enough. Each operation on an array
#: needs the interpreter's lock for a moment; on few elements the threads would mostly wait for it.
SPAN = 2

#: Operands that are arguments of formulas already, if all elements are.
_READY = np.ndarray, np.float64

#: The numbers of a row whose sum NumPy takes as long for as for a few.
_LONG = 256

# The C library's malloc gives a large block back to the operating system when it is freed, and
# getting it again costs a page fault every few thousand bytes: more than most of the arithmetic
# here. glibc's threshold follows the largest block freed, up to 32 MiB (mallopt(3)): freeing one
# of nearly that size, never touched, lets later arrays be reused.
np.empty(2**25 - 2**16, np.uint8)


def evaluate(
    formula: Callable[..., Any],
    operands: Sequence[Operand],
    shape: tuple[int, ...],
    *,
    events: Sequence[tuple[int, ...]] = ((),),
    sums: Sequence[bool] = (),
    first: int = 0,
    each: int = 0,
) -> list[Array]:
    """Evaluate a formula over operands, and return its outputs.

    Parameters
    ----------
    formula
        Called with one block of each operand; returns one output, or a tuple of them, each of a
        block or of one element alone. A parameter that is the same for all elements is passed
        as a scalar.
    operands
        Where the formula's arguments are taken from.
    shape
        The shape of the result.
    events
        For each output the shape of one element: of numbers, ().
    sums
        For each output, whether to add its elements up instead of storing them.
    first
        The number of the first element in the operands' streams.
    each
        How many numbers an element is made of: by default as many as the longest output has.

    Returns
    -------
    list of ndarray
        For each output an array of that shape, followed by an element's; or a sum of an element's
        shape.
    """
    sums = tuple(sums) or (False,) * len(events)
    size = math.prod(shape)
    if len(shape) > MAX_DIMENSIONS // 2:
        check_memory([shape + event for event in events])
    width = elements_per_block(events, each) if each or any(events) else BLOCK
    if 0 < size <= width - first % width:
        values = _of_one_block(formula, operands, first, size)
        outputs = values if isinstance(values, tuple) else (values,)
        # by identity; noise was made for this call, and nobody else has it
        taken, found = {*map(id, operands)}, []
        for value, summed, event in zip(outputs, sums, events, strict=True):
            if summed:
                found.append(_sum(value, size, event))
            else:
                found.append(_owned(value, id(value) in taken, size, event, shape))
                taken.add(id(value))
        return found
    wholes = iter(
        allocated([shape + e for summed, e in zip(sums, events, strict=True) if not summed])
    )
    blocks = _blocks(first, size, width)
    results: list[Any] = [
        [None] * len(blocks) if summed else next(wholes).reshape(size, *event)
        for summed, event in zip(sums, events, strict=True)
    ]
    workers = available(len(blocks))
    span = max(1, min(SPAN, len(blocks) // max(workers, 1)))
    pending = iter(range(0, len(blocks), span))  # shared: a thread that is done takes the next

    def work() -> None:
        with np.errstate(all="ignore"):
            for index in pending:
                members = blocks[index : index + span]
                start, stop = members[0][0], members[-1][1]
                values = formula(*(_taken(item, start, stop, first) for item in operands))
                outputs = values if isinstance(values, tuple) else (values,)
                for result, value, summed, event in zip(
                    results, outputs, sums, events, strict=True
                ):
                    if not summed:
                        result[start - first : stop - first] = value
                        continue
                    for offset, (low, high) in enumerate(members):  # by blocks, however many
                        by_row = isinstance(value, Outer) or np.ndim(value) > len(event)
                        part = value[low - start : high - start] if by_row else value
                        result[index + offset] = _sum(part, high - low, event)

    helpers = [pool(workers - 1).submit(work) for _ in range(workers - 1)]
    try:
        work()
    finally:
        for helper in helpers:
            helper.result()
    return [
        (np.sum(result, axis=0) if result else np.zeros(event))
        if summed
        else result.reshape(shape + event)
        for result, summed, event in zip(results, sums, events, strict=True)
    ]


# NumPy enters this state in half of the time that a with statement takes
@np.errstate(all="ignore")
def _of_one_block(
    formula: Callable[..., Any], operands: Sequence[Operand], first: int, size: int
) -> Any:
    """Return a formula's outputs for elements that one block holds."""
    stop = first + size
    inputs = [i if isinstance(i, _READY) else i.take(first, stop) for i in operands]
    return formula(*inputs)


def elements_per_block(events: Sequence[tuple[int, ...]], each: int = 0) -> int:
    """Return how many elements a block has: as many numbers of vectors as of numbers.

    Parameters
    ----------
    events
        For each output the shape of one element.
    each
        How many numbers an element is made of: by default as many as the longest output has.
    """
    return draws_together(each or max(map(math.prod, events))) if any(events) else BLOCK


def _taken(item: Operand, start: int, stop: int, first: int) -> Any:
    """Return the elements ``start:stop`` of an operand of which `first` is the first."""
    if isinstance(item, np.ndarray):
        return item[start - first : stop - first]
    return item if isinstance(item, np.float64) else item.take(start, stop)


def _sum(value: Any, size: int, event: tuple[int, ...]) -> Array:
    """Return the sum of ``size`` elements, all equal if ``value`` is a single one."""
    if isinstance(value, Outer):
        return value.sum()
    array = np.asarray(value, np.float64)
    if array.ndim > len(event):
        return _sum_of_rows(array) if event else np.asarray(np.add.reduce(array))
    return np.asarray(size * (np.broadcast_to(array, event) if array.shape != event else array))


def _sum_of_rows(array: Array) -> Array:
    """Return the sum of rows; NumPy adds up a few long ones faster than many short ones."""
    joined = _LONG // max(1, math.prod(array.shape[1:]))
    if array.ndim == 1 or joined < 2 or len(array) < _LONG or not array.flags.c_contiguous:
        return np.asarray(np.add.reduce(array, axis=0))
    whole = len(array) // joined * joined
    longer = array[:whole].reshape(-1, joined, *array.shape[1:])
    total = np.add.reduce(np.add.reduce(longer, axis=0), axis=0)
    return np.asarray(total + np.add.reduce(array[whole:], axis=0))


def _owned(
    value: Any, is_taken: bool, size: int, event: tuple[int, ...], shape: tuple[int, ...]
) -> Array:
    """Return a formula's output as an array of its own, and of that shape."""
    whole = (size, *event)
    if not is_taken and type(value) is np.ndarray and value.shape == whole:
        flags = value.flags
        if flags.owndata and flags.c_contiguous and value.dtype is FLOAT64:
            return value if shape == whole else value.reshape(shape + event)
    result = np.empty(whole)
    result[...] = value
    return result.reshape(shape + event)


def total(values: Array) -> Array:
    """Return the sum of all values, with the bits that :func:`evaluate` gives it."""
    flat = values.ravel()
    return np.asarray(np.sum([flat[low:high].sum() for low, high in _blocks(0, flat.size)]))


def _blocks(first: int, size: int, block: int = BLOCK) -> list[tuple[int, int]]:
    """Return where the blocks of this many elements of a stream start and stop."""
    edges = [first, *range((first // block + 1) * block, first + size, block), first + size]
    return list(pairwise(edges)) if size else []
