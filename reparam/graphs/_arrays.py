"""Nodes that take arrays as a whole: sums, scalar products, entries, and entries that draws choose.

They are evaluated on *rows*: the first axis is that of draws, of length 1 where a value depends on
none, and the others are the node's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.engine.shapes import broadcast_shapes
from reparam.errors import GraphError, ShapeError
from reparam.graphs._layout import Layout

__all__ = ["Blend", "Chosen", "Dot", "Item", "OfArrays", "Sum"]

#: A part of an index: a number, or a slice.
Part: TypeAlias = "int | slice"


@dataclass(frozen=True)
class _OfOne:
    """What is made of one node."""

    name: str
    argument: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The node."""
        return (self.argument,)

    def mixed(self, layout: Layout) -> tuple[str, ...]:
        """Return the arguments of which an element of the result depends on several elements."""
        return (self.argument,)


@dataclass(frozen=True)
class Sum(_OfOne):
    """The sum of a node over its elements: one number per draw."""

    def value(self, rows: Array) -> Array:
        """Return the sums."""
        return np.asarray(rows.sum(axis=tuple(range(1, rows.ndim))))

    def pull(self, upstream: Array, rows: Array) -> tuple[Callable[[], Array], ...]:
        """Return, for each argument, what computes the derivative in it."""
        ones = upstream.reshape(len(upstream), *(1,) * (rows.ndim - 1))
        return (lambda: np.broadcast_to(ones, (len(upstream), *rows.shape[1:])),)


@dataclass(frozen=True)
class Dot:
    """Σ_k a_k b_k over the last axes: the other axes broadcast."""

    name: str
    arguments: tuple[str, ...]

    def mixed(self, layout: Layout) -> tuple[str, ...]:
        """Return the arguments of which an element of the result depends on several elements."""
        return self.arguments

    def value(self, a: Array, b: Array) -> Array:
        """Return the products."""
        if a.ndim == 1 or b.ndim == 1 or a.shape[-1] != b.shape[-1]:
            raise ShapeError(
                f"the vectors of dot have shapes {a.shape[1:]} and {b.shape[1:]}; make their last"
                " axes equally long"
            )
        a, b = _alike(a, b)
        broadcast_shapes(**{self.arguments[0]: a.shape[1:-1], self.arguments[1]: b.shape[1:-1]})
        # not by a BLAS, whose sums depend on how many rows there are
        return np.asarray(np.einsum("...k,...k->...", a, b))

    def pull(self, upstream: Array, a: Array, b: Array) -> tuple[Callable[[], Array], ...]:
        """Return, for each argument, what computes the derivative in it."""
        first, second = _alike(a, b)
        return (
            lambda: _product(upstream, second, first.shape).reshape(len(upstream), *a.shape[1:]),
            lambda: _product(upstream, first, second.shape).reshape(len(upstream), *b.shape[1:]),
        )


@dataclass(frozen=True)
class Item(_OfOne):
    """An entry of a node, or a slice: ``w[0]``, ``w[1:]``, ``L[0, 1]``."""

    index: tuple[Part, ...]

    def value(self, rows: Array) -> Array:
        """Return the entries."""
        shape = rows.shape[1:]
        if len(self.index) > len(shape):
            raise ShapeError(
                f"{self.argument} has shape {shape}, and {len(self.index)} indices; leave some out"
            )
        for part, length in zip(self.index, shape, strict=False):
            if isinstance(part, int) and not -length <= part < length:
                raise ShapeError(
                    f"{self.argument} has shape {shape}, and no entry {part}; numbers begin with 0"
                )
        return rows[(slice(None), *self.index)]

    def pull(self, upstream: Array, rows: Array) -> tuple[Callable[[], Array], ...]:
        """Return, for each argument, what computes the derivative in it."""

        def into() -> Array:
            whole = np.zeros((len(upstream), *rows.shape[1:]))
            whole[(slice(None), *self.index)] = upstream
            return whole

        return (into,)


@dataclass(frozen=True)
class Chosen:
    """The entry that an integer, such as a draw, selects along the first axis: ``mu[k]``."""

    name: str
    base: str
    index: str

    @property
    def arguments(self) -> tuple[str, str]:
        """The node, and the integer."""
        return self.base, self.index

    def mixed(self, layout: Layout) -> tuple[str, ...]:
        """Return the arguments of which an element of the result depends on several elements."""
        return self.arguments if len(layout.shapes[self.base]) > 1 else (self.base,)

    def value(self, base: Array, index: Array) -> Array:
        """Return the entries."""
        return base[self._places(base, index)]

    def pull(self, upstream: Array, base: Array, index: Array) -> tuple[Callable[[], Array], ...]:
        """Return, for each argument, what computes the derivative in it."""

        def into() -> Array:
            whole = np.zeros((len(upstream), *base.shape[1:]))
            np.add.at(whole, self._places(whole, index), upstream)
            return whole

        return into, lambda: np.zeros((len(upstream), *index.shape[1:]))

    def _places(self, base: Array, index: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the index of rows, and of entries."""
        if base.ndim == 1:
            raise ShapeError(f"{self.base} is a number, and has no entries; leave the index out")
        length = base.shape[1]
        inside = (index >= 0.0) & (index < length) & (index == np.floor(index))
        if not np.all(inside):
            which = float(index[~inside][0])
            raise GraphError(
                f"{self.base} has {length} entries, and the index is {which:g}; take an integer"
                f" from 0 to {length - 1}"
            )
        count = max(len(base), len(index))
        rows = np.arange(count) if len(base) > 1 else np.zeros(count, dtype=np.intp)
        return rows.reshape(-1, *(1,) * (index.ndim - 1)), index.astype(np.intp)


@dataclass(frozen=True)
class Blend:
    """Σ_k x_k b_k over the first axis of b and the last of x: an entry that a soft choice blends.

    With the indicator of k for x it is b_k. Without b it is the number Σ_k k x_k.
    """

    name: str
    weights: str
    base: str = ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The weights, and the node."""
        return (self.weights, self.base) if self.base else (self.weights,)

    def mixed(self, layout: Layout) -> tuple[str, ...]:
        """Return the arguments of which an element of the result depends on several elements."""
        return self.arguments

    def value(self, weights: Array, *base: Array) -> Array:
        """Return the blends."""
        (own,) = base or (_numbers(weights),)
        if own.ndim == 1 or own.shape[1] != weights.shape[-1]:
            raise ShapeError(
                f"{self.base} has shape {own.shape[1:]}, and there are {weights.shape[-1]}"
                " categories; make its first axis as long"
            )
        flat, columns = _flat(weights), _columns(own)
        found = np.einsum("nik,nkj->nij", flat, columns)
        shape = (len(found), *weights.shape[1:-1], *own.shape[2:])
        return np.asarray(found.reshape(shape))

    def pull(
        self, upstream: Array, weights: Array, *base: Array
    ) -> tuple[Callable[[], Array], ...]:
        """Return, for each argument, what computes the derivative in it."""
        (own,) = base or (_numbers(weights),)
        flat, columns = _flat(weights), _columns(own)
        g = upstream.reshape(len(upstream), flat.shape[1], columns.shape[2])

        def into_weights() -> Array:
            found = np.einsum("nij,nkj->nik", g, columns)
            return np.asarray(found.reshape(len(g), *weights.shape[1:]))

        def into_base() -> Array:
            found = np.einsum("nij,nik->nkj", g, flat)
            return np.asarray(found.reshape(len(g), *own.shape[1:]))

        return (into_weights, into_base) if base else (into_weights,)


OfArrays: TypeAlias = Sum | Dot | Item | Chosen | Blend


def _numbers(weights: Array) -> Array:
    """Return the numbers of categories, as rows."""
    return np.arange(float(weights.shape[-1]))[np.newaxis]


def _columns(base: Array) -> Array:
    """Return rows of matrices with one column for each element beside the first axis."""
    return base.reshape(len(base), base.shape[1], math.prod(base.shape[2:]))


def _flat(weights: Array) -> Array:
    """Return rows of matrices with one row for each element beside the last axis."""
    return weights.reshape(len(weights), math.prod(weights.shape[1:-1]), weights.shape[-1])


def _alike(a: Array, b: Array) -> tuple[Array, Array]:
    """Return rows with as many axes."""
    most = max(a.ndim, b.ndim)
    first, second = (
        rows.reshape(len(rows), *(1,) * (most - rows.ndim), *rows.shape[1:]) for rows in (a, b)
    )
    return first, second


def _product(upstream: Array, other: Array, shape: tuple[int, ...]) -> Array:
    """Return upstream times vectors, summed over axes that vectors of that shape lack."""
    letters = "abcdefghijklmnopqrstuvwxy"[: upstream.ndim]
    kept = [c for k, c in enumerate(letters) if not k or shape[k] > 1]
    return np.asarray(np.einsum(f"{letters},{letters}z->{''.join(kept)}z", upstream, other))
