"""Arguments of formulas, taken a block at a time."""

from __future__ import annotations

import math
import threading
from typing import Any, Protocol, TypeAlias

import numpy as np

from reparam._typing import Array

__all__ = ["Constant", "Endless", "Operand", "batch_operand", "operand"]


class Endless(Protocol):
    """An endless stream that a formula's argument can be taken from, a block at a time."""

    def take(self, start: int, stop: int) -> Any:
        """Return the elements ``start:stop``: a few blocks at most."""
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


class _Rows:
    """Rows of one vector, laid out for each block: never as many as a result has."""

    def __init__(self, value: Array) -> None:
        self._value = value

    def take(self, start: int, stop: int) -> Array:
        """Return that many rows."""
        rows = np.empty((stop - start, *self._value.shape))
        rows[...] = self._value
        return rows


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
        return values if len(shape) == 1 else values.reshape(-1)
    if event and values.ndim <= len(event):
        return _Rows(np.broadcast_to(values, event))
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
            return np.float64(values.item()) if values.ndim else values[()]
        if values.shape == shape:
            return values if len(shape) == 1 else values.reshape(-1)
    elif math.prod(values.shape[: values.ndim - len(event)]) == 1:
        return Constant(values.reshape(event))
    if shape[len(shape) - len(batch) :] != batch:
        batch = shape
    return _Cycle(values, batch, event, first)
