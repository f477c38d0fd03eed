"""Sums along the last axis."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array

__all__ = ["of_others"]


def of_others(terms: Array) -> Array:
    """Return for each of some positive terms, along the last axis, the sum of all others.

    Where a term is more than half of the whole sum, so that their difference cancels, the others
    are added up instead. Takes time linear in their number.
    """
    greatest = np.argmax(terms, axis=-1)[..., np.newaxis]
    rest = np.sum(terms, axis=-1, keepdims=True) - terms
    others = np.array(terms)
    np.put_along_axis(others, greatest, 0.0, axis=-1)
    np.put_along_axis(rest, greatest, np.sum(others, axis=-1, keepdims=True), axis=-1)
    return rest
