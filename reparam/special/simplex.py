"""Vectors of shares: sums of others, and covariances."""

from __future__ import annotations

from functools import reduce

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array

__all__ = ["along", "covariance", "in_shares", "index_of_greatest", "of_others"]

#: Up to this many entries NumPy adds in order, too, and takes 10 times as long along the last axis.
_FEW = 7


def along(operation: np.ufunc, terms: Array) -> Array:
    """Return the sum of terms along the last axis, which stays, or what another ufunc makes."""
    size = terms.shape[-1]
    if 0 < size <= _FEW:
        return np.asarray(reduce(operation, (terms[..., k : k + 1] for k in range(size))))
    return np.asarray(operation.reduce(terms, axis=-1, keepdims=True))


def index_of_greatest(terms: Array) -> NDArray[np.intp]:
    """Return where the first of the greatest terms is along the last axis, which stays."""
    size = terms.shape[-1]
    if not 0 < size <= _FEW:
        return np.asarray(np.argmax(terms, axis=-1))[..., np.newaxis]
    best, index = terms[..., :1], np.zeros((*terms.shape[:-1], 1), np.intp)
    for k in range(1, size):
        term = terms[..., k : k + 1]
        np.putmask(index, term > best, k)
        best = np.maximum(best, term)
    return index


def of_others(terms: Array) -> Array:
    """Return for each of some positive terms, along the last axis, the sum of all others.

    Where a term is more than half of the whole sum, so that their difference cancels, the others
    are added up instead. Takes time linear in their number.
    """
    size = terms.shape[-1]
    if size <= _FEW:
        sums = np.empty(terms.shape)
        before: Array | float = 0.0
        for k in range(size):
            sums[..., k] = before
            before = before + terms[..., k]
        after: Array | float = 0.0
        for k in reversed(range(size)):
            sums[..., k] += after
            after = after + terms[..., k]
        return sums
    greatest = index_of_greatest(terms)
    rest = along(np.add, terms) - terms
    others = np.array(terms)
    np.put_along_axis(others, greatest, 0.0, axis=-1)
    np.put_along_axis(rest, greatest, along(np.add, others), axis=-1)
    return np.asarray(rest)


def in_shares(in_logs: Array, y: Array, degree: float | None = None) -> Array:
    """Return the derivatives of f(w/Σw) in weights w at w = y, from those of f in ln y.

    With c_i = ∂f/∂ln y_i, as if entries were independent, that is c_i/y_i − Σ_k c_k. In the
    greatest entry it is c_i (1 − y_i)/y_i − Σ_{k≠i} c_k with 1 − y_i the sum of the other entries,
    so that nothing cancels next to a corner.

    Parameters
    ----------
    in_logs
        The derivatives c.
    y
        The shares, whose sum is 1 up to rounding.
    degree
        Σ_k c_k, where f is a constant more for each unit of ln Σw.
    """
    whole = along(np.add, y)
    own = np.where(in_logs == 0.0, 0.0, in_logs / y)
    if degree is not None:
        return np.asarray(own - degree / whole)
    found, greatest = np.asarray(own - along(np.add, in_logs) / whole), index_of_greatest(y)
    rest, others = (np.array(each) for each in (in_logs, y))
    for each in (rest, others):
        np.put_along_axis(each, greatest, 0.0, axis=-1)
    there = np.take_along_axis(own, greatest, axis=-1) * along(np.add, others)
    np.put_along_axis(found, greatest, (there - along(np.add, rest)) / whole, axis=-1)
    return found


def covariance(mean: Array, variance: Array, factor: Array | float) -> Array:
    """Return the matrices with those variances on the diagonal, and −m_i m_j times a factor off it.

    Parameters
    ----------
    mean, variance
        Along the last axis.
    factor
        One number, or one per vector.
    """
    outer = mean[..., :, np.newaxis] * mean[..., np.newaxis, :]
    own = np.eye(mean.shape[-1], dtype=bool)
    factor = np.asarray(factor)[..., np.newaxis, np.newaxis]
    return np.where(own, variance[..., np.newaxis], -factor * outer)
