"""Entries of vectors that are chosen by number."""

from __future__ import annotations

import operator
from collections.abc import Sequence

from reparam.base.distribution import Distribution
from reparam.errors import ShapeError

__all__ = ["places"]


def places(distribution: Distribution, entries: Sequence[int]) -> list[int]:
    """Return numbers of entries, from 0, of which none repeats."""
    size = distribution.event_shape[0]
    found = [operator.index(k) for k in entries]
    if not found or len({*found}) < len(found) or not {*found} <= {*range(size)}:
        raise ShapeError(
            f"entries={found} are not different numbers from 0 to {size - 1}; pass some, such"
            " as [0]"
        )
    return found
