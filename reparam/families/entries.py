"""Entries of vectors that are chosen by number."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.distribution import Distribution
from reparam.errors import ShapeError
from reparam.real_arrays import as_real_array

__all__ = ["places", "split", "with_rest"]


def places(distribution: Distribution, entries: Sequence[int], axis: int = 0) -> list[int]:
    """Return numbers of entries along an axis, from 0, of which none repeats."""
    size = distribution.event_shape[axis]
    found = [operator.index(k) for k in entries]
    if not found or len({*found}) < len(found) or not {*found} <= {*range(size)}:
        raise ShapeError(
            f"entries={found} are not different numbers from 0 to {size - 1}; pass some, such"
            " as [0]"
        )
    return found


def split(
    distribution: Distribution, entries: Sequence[int], values: ArrayLike
) -> tuple[list[int], list[int], Array]:
    """Return numbers of entries that are known, those of the others, and the known values."""
    known = places(distribution, entries)
    rest = [k for k in range(distribution.event_shape[0]) if k not in known]
    if not rest:
        raise ShapeError(
            f"all {len(known)} entries of {distribution.name} are given; leave some of them out"
        )
    given = as_real_array("values", values)
    if given.shape[-1:] != (len(known),):
        raise ShapeError(
            f"values has shape {given.shape} and there are {len(known)} entries; pass an array"
            f" whose last axis has length {len(known)}"
        )
    return known, rest, given


def with_rest(weights: Array, chosen: Sequence[int], add: np.ufunc = np.add) -> Array:
    """Return some entries along the last axis, and what all others add up to, if there are any."""
    kept = weights[..., chosen]
    if len(chosen) == weights.shape[-1]:
        return kept
    rest = add.reduce(np.delete(weights, chosen, axis=-1), axis=-1, keepdims=True)
    return np.concatenate([kept, rest], axis=-1)
