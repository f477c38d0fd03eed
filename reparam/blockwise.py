"""Evaluation of elementwise formulas block by block, on several threads.

A kernel is a function of float64 arrays that works element by element. It is called on one or a
few blocks, small enough for the processor's cache, by one of several threads: NumPy's ufuncs and
bit generators release the interpreter's lock.
What comes out does not depend on the number of threads: blocks start at multiples of
:data:`~reparam.noise.BLOCK`, and sums are combined in block order.
"""

from __future__ import annotations

import math
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np

from reparam._typing import Array
from reparam.errors import ReparamError, ShapeError, TooLargeError
from reparam.noise import BLOCK
from reparam.parameters import MAX_DIMENSIONS, check_dimensions

__all__ = [
    "Constant",
    "Operand",
    "allocated",
    "batch_operand",
    "broadcast_shapes",
    "check_memory",
    "evaluate",
    "in_order",
    "operand",
    "summed_to",
    "thread_count",
    "threads",
    "total",
]

S = TypeVar("S")
T = TypeVar("T")

#: How many blocks a thread evaluates together, if there are enough. Each operation on an array
#: needs the interpreter's lock for a moment; on few elements the threads would mostly wait for it.
SPAN = 2

_REMEDY = "ask for fewer at a time (reparam.sampling.stream draws chunk by chunk)"

#: Results of at most so many bytes are not compared with the machine's memory.
_SMALL = 2**26

# The C library's malloc gives a large block back to the operating system when it is freed, and
# getting it again costs a page fault every few thousand bytes: more than most of the arithmetic
# here. glibc's threshold follows the largest block freed, up to 32 MiB (mallopt(3)): freeing one
# of nearly that size, never touched, lets later arrays be reused.
np.empty(2**25 - 2**16, np.uint8)


class Endless(Protocol):
    """An endless stream that a formula's argument can be taken from, a block at a time."""

    def take(self, start: int, stop: int) -> Any:
        """Return the elements ``start:stop``: at most :data:`SPAN` blocks."""
        ...


#: What a formula's argument is taken from: an array with one number per element, a number for all
#: elements, or a stream.
Operand: TypeAlias = "Array | np.float64 | Endless"


class Constant:
    """One vector for every element."""

    def __init__(self, value: Array) -> None:
        self._value = value[()]

    def take(self, start: int, stop: int) -> Array:
        """Return the vector."""
        return self._value


class _Flat:
    """Values that are laid out one after another when they are first needed.

    That can be a copy as large as a result, so results are allocated before it is made.
    """

    def __init__(self, values: Array, shape: tuple[int, ...], event: tuple[int, ...]) -> None:
        self._values, self._shape, self._event = values, shape, event
        self._lock, self._laid_out = threading.Lock(), False

    def flat(self) -> Array:
        """Return the values, one number or vector per row."""
        if self._laid_out:
            return self._values
        with self._lock:
            if not self._laid_out:
                whole = np.broadcast_to(self._values, self._shape + self._event)
                self._values = whole.reshape(math.prod(self._shape), *self._event)
                self._laid_out = True
        return self._values


class _Elements(_Flat):
    """One number, or vector, per element: element i of the stream is entry i − `first`."""

    def __init__(
        self, values: Array, shape: tuple[int, ...], event: tuple[int, ...], first: int
    ) -> None:
        super().__init__(values, shape, event)
        self._first = first

    def take(self, start: int, stop: int) -> Array:
        return self.flat()[start - self._first : stop - self._first]


class _Cycle(_Flat):
    """A batch repeated for ever: element i is entry i − `first` modulo the batch's size."""

    def __init__(
        self, values: Array, batch: tuple[int, ...], event: tuple[int, ...], first: int
    ) -> None:
        super().__init__(values, batch, event)
        self._period, self._first = math.prod(batch), first

    def take(self, start: int, stop: int) -> Array:
        flat = self.flat()
        offset = (start - self._first) % self._period
        end = offset + stop - start
        if end > len(flat):
            if self._period >= stop - start:
                return np.concatenate([flat[offset:], flat[: end - len(flat)]])
            # lay a short batch out as long as the block; the next ones find it so
            longer = (self._period + stop - start, *flat.shape[1:])
            flat = self._values = np.resize(flat[: self._period], longer)
        return flat[offset:end]


def operand(
    values: Array, shape: tuple[int, ...], first: int = 0, event: tuple[int, ...] = ()
) -> Operand:
    """Return `values`, one for each element of a result of that shape, as an operand.

    Parameters
    ----------
    values
        An array whose shape broadcasts to `shape`, followed by `event`.
    shape
        The shape of the result.
    first
        The number, in an endless stream, of the result's first element.
    event
        The shape of one value: a vector's, or that of a number.
    """
    if values.shape == shape and not event:
        return values.reshape(-1)
    return _Elements(values, shape, event, first)


def batch_operand(
    values: Array,
    batch: tuple[int, ...],
    shape: tuple[int, ...],
    event: tuple[int, ...] = (),
    first: int = 0,
) -> Operand:
    """Return a parameter's `values`, the same for each draw of a batch, as an operand.

    Parameters
    ----------
    values
        An array whose shape broadcasts to `batch`, followed by `event`.
    batch
        The batch shape.
    shape
        The shape of the result; if it doesn't end with the batch shape, `values` broadcasts to it.
    event
        The shape of one value: a vector's, or that of a number.
    first
        The number, in an endless stream, of the result's first element.
    """
    if not event:
        if values.size == 1:
            return np.float64(values.item())
        if values.shape == shape:
            return values.reshape(-1)
    elif math.prod(values.shape[: values.ndim - len(event)]) == 1:
        return Constant(values.reshape(event))
    if shape[len(shape) - len(batch) :] != batch:
        batch = shape
    return _Cycle(values, batch, event, first)


def broadcast_shapes(**shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that all broadcast to; the error names each argument and its shape."""
    known = set(shapes.values())
    if len(known) == 1 and len(first := known.pop()) <= MAX_DIMENSIONS:
        return first
    for name, shape in shapes.items():
        check_dimensions(name, shape)
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        described = ", ".join(f"{name} has shape {shape}" for name, shape in shapes.items())
        columns = zip_longest(*(reversed(shape) for shape in shapes.values()), fillvalue=1)
        if all(len({*sizes} - {1}) < 2 for sizes in columns):  # larger than NumPy can number
            raise TooLargeError(f"{described}: that makes too many elements; {_REMEDY}") from None
        raise ShapeError(
            f"{described}: these don't broadcast together; make trailing dimensions equal, or 1"
        ) from None


def allocated(shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """Return arrays of these shapes, not filled in.

    Raises
    ------
    ShapeError
        If one has too many dimensions.
    TooLargeError
        If there is no memory for them.
    """
    check_memory(shapes)
    try:
        return [np.empty(shape) for shape in shapes]
    except (MemoryError, ValueError):  # a ValueError: larger than NumPy can number
        raise _too_large(shapes) from None


def check_memory(shapes: Sequence[tuple[int, ...]]) -> None:
    """Refuse arrays of these shapes, before any work, if they are larger than the memory.

    Systems that promise memory before they have it (Linux does) end the process when it runs out.
    """
    for shape in shapes:
        check_dimensions("the result", shape)
    size = 8 * sum(map(math.prod, shapes))
    if size > _SMALL and size > _memory():
        raise _too_large(shapes)


def _too_large(shapes: Sequence[tuple[int, ...]]) -> TooLargeError:
    """Return the error that there is no memory for arrays of these shapes."""
    arrays = " and ".join(f"an array of shape {shape}" for shape in dict.fromkeys(shapes))
    size = 8e-9 * float(sum(map(math.prod, shapes)))
    return TooLargeError(f"{arrays} would take {size:.3g} GB, more than there is memory; {_REMEDY}")


def _memory() -> int:
    """Return how many bytes can be had, or the most that an array can have if that is unknown."""
    with suppress(OSError, LookupError, ValueError):  # Linux
        lines = (line.partition(":") for line in Path("/proc/meminfo").read_text().splitlines())
        kilobytes = {name: int(rest.split()[0]) for name, _, rest in lines}
        return 1024 * (kilobytes["MemAvailable"] + kilobytes["SwapFree"])
    with suppress(AttributeError, OSError, ValueError):  # macOS; Windows does not overcommit
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return sys.maxsize


#: How many threads to use, where :func:`threads` says so.
_wanted: ContextVar[int | None] = ContextVar("_wanted", default=None)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Use that many threads within a ``with`` statement.

    Examples
    --------
    >>> import reparam as rp
    >>> with rp.threads(1):
    ...     draw = rp.Gaussian().rsample(1_000_000, rng=1)
    """
    if count < 1:
        raise ReparamError(f"{count} threads can't work; pass a positive integer")
    before = _wanted.set(count)
    try:
        yield
    finally:
        _wanted.reset(before)


def thread_count() -> int:
    """Return how many threads to use.

    That is what :func:`threads` says, or ``REPARAM_NUM_THREADS``, or one per available core.
    """
    if (wanted := _wanted.get()) is not None:
        return wanted
    text = os.environ.get("REPARAM_NUM_THREADS", "")
    if not text:
        affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
        return len(affinity(0)) if affinity else os.cpu_count() or 1
    if not text.isdecimal() or int(text) < 1:
        raise ReparamError(f"REPARAM_NUM_THREADS={text} is not a positive integer; set or unset it")
    return int(text)


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    """Return threads that are kept: to start one costs as much as a hundred thousand sums."""
    return ThreadPoolExecutor(workers, thread_name_prefix="reparam")


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


class _State(threading.local):
    """Whether this thread is one of several already, at work on something larger."""

    nested = False


_state = _State()


def in_order(function: Callable[[S], T], items: Sequence[S]) -> Iterator[T]:
    """Yield ``function(item)`` for each item, in order; several threads work a few items ahead.

    What a function evaluates block by block stays on its thread: to wait there for other threads,
    all of which wait likewise, would never end.
    """
    workers = min(thread_count(), len(items))
    if workers < 2:
        yield from map(function, items)
        return

    def alone(item: S) -> T:
        _state.nested = True
        try:
            return function(item)
        finally:
            _state.nested = False

    pool, coming = _pool(workers), deque[Future[T]]()
    try:
        for item in items:
            coming.append(pool.submit(alone, item))
            if len(coming) > 2 * workers:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:
        for future in coming:
            future.cancel()


def evaluate(
    formula: Callable[..., Any],
    operands: Sequence[Operand],
    shape: tuple[int, ...],
    *,
    events: Sequence[tuple[int, ...]] = ((),),
    sums: Sequence[bool] = (),
    first: int = 0,
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
    # as many numbers in a block of vectors as in one of numbers
    width = max(1, BLOCK // max(1, *map(math.prod, events)))
    if 0 < size <= width - first % width:
        with np.errstate(all="ignore"):
            inputs = [
                item if isinstance(item, _DIRECT) else item.take(first, first + size)
                for item in operands
            ]
            values = formula(*inputs)
        outputs = values if isinstance(values, tuple) else (values,)
        return [
            _sum(value, size, event) if summed else _owned(value, inputs, size, event, shape)
            for value, summed, event in zip(outputs, sums, events, strict=True)
        ]
    wholes = iter(
        allocated([shape + e for summed, e in zip(sums, events, strict=True) if not summed])
    )
    blocks = _blocks(first, size, width)
    results: list[Any] = [
        [None] * len(blocks) if summed else next(wholes).reshape(size, *event)
        for summed, event in zip(sums, events, strict=True)
    ]
    workers = 1 if _state.nested else min(thread_count(), len(blocks))
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
                        each = np.ndim(value) > len(event)
                        part = value[low - start : high - start] if each else value
                        result[index + offset] = _sum(part, high - low, event)

    helpers = [_pool(workers - 1).submit(work) for _ in range(workers - 1)]
    try:
        work()
    finally:
        for helper in helpers:
            helper.result()
    return [
        np.sum(result, axis=0) if summed else result.reshape(shape + event)
        for result, summed, event in zip(results, sums, events, strict=True)
    ]


#: Operands that are arguments themselves.
_DIRECT = (np.ndarray, np.float64)


def _taken(item: Operand, start: int, stop: int, first: int) -> Any:
    """Return the elements ``start:stop`` of an operand of which `first` is the first."""
    if isinstance(item, np.ndarray):
        return item[start - first : stop - first]
    return item if isinstance(item, np.float64) else item.take(start, stop)


def _sum(value: Any, size: int, event: tuple[int, ...]) -> Array:
    """Return the sum of so many elements, all the same if there is but one."""
    array = np.asarray(value, np.float64)
    if array.ndim > len(event):
        return np.asarray(np.add.reduce(array, axis=0))
    return np.asarray(size * np.broadcast_to(array, event))


def _owned(
    value: Any, inputs: Sequence[Any], size: int, event: tuple[int, ...], shape: tuple[int, ...]
) -> Array:
    """Return a formula's output as an array of its own, of the result's shape."""
    whole = (size, *event)
    if (
        isinstance(value, np.ndarray)
        and value.shape == whole
        and value.flags.owndata
        and value.flags.c_contiguous
        and value.dtype == np.float64
        and not any(value is item for item in inputs)
    ):
        return value.reshape(shape + event)
    result = np.empty(whole)
    result[...] = value
    return result.reshape(shape + event)


def total(values: Array) -> Array:
    """Return the sum of all values, with the bits that :func:`evaluate` gives it."""
    return np.asarray(np.sum(_sums(values.ravel(), _blocks(0, values.size))))


def summed_to(array: Array, shape: tuple[int, ...]) -> Array:
    """Sum over the dimensions in which `shape` was broadcast to the array's shape."""
    if array.shape == shape:
        return array
    lead = array.ndim - len(shape)
    stretched = [lead + k for k, size in enumerate(shape) if size == 1 != array.shape[lead + k]]
    return np.asarray(array.sum(axis=(*range(lead), *stretched))).reshape(shape)


def _blocks(first: int, size: int, block: int = BLOCK) -> list[tuple[int, int]]:
    """Return where the blocks of so many elements of a stream start and stop."""
    edges = [first, *range((first // block + 1) * block, first + size, block), first + size]
    return list(pairwise(edges)) if size else []


def _sums(values: Array, blocks: Sequence[tuple[int, int]]) -> list[Any]:
    """Return the sum of each block, the first of which starts with the values."""
    return [values[low - blocks[0][0] : high - blocks[0][0]].sum() for low, high in blocks]
