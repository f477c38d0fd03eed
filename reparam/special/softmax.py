"""Probabilities from logits: logarithms, and derivatives."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.special.simplex import index_of_greatest

__all__ = ["log_shares", "log_softmax", "pull_log_softmax", "pull_softmax", "pull_softmax_along"]


def log_softmax(logits: Array) -> Array:
    """Return ln softmax(η) along the last axis, for finite logits of any size.

    The greatest entry comes by log1p of the others, which may be tiny.

    Parameters
    ----------
    logits
        η; entries may be −inf, as long as one is not.

    Returns
    -------
    ndarray
        Of the same shape.
    """
    greatest = index_of_greatest(logits)
    shifted = logits - np.take_along_axis(logits, greatest, axis=-1)
    others = np.exp(shifted)
    np.put_along_axis(others, greatest, 0.0, axis=-1)
    return np.asarray(shifted - np.log1p(np.sum(others, axis=-1, keepdims=True)))


def log_shares(weights: Array) -> Array:
    """Return ln(w/Σw) along the last axis, for weights of any size, some of which may be 0."""
    weights = np.asarray(weights)
    greatest = np.max(weights, axis=-1, keepdims=True)
    return log_softmax(np.log(weights / greatest))


def pull_softmax(upstream: Array, y: Array, logits: Array) -> Array:
    """Return Σ_i upstream_i ∂y_i/∂η of y = softmax(η), given y and η less any number.

    ∂L/∂η_j = y_j (c_j − Σ_k y_k c_k) for upstream c, from which any number may be taken: without
    that of the greatest entry 1 − y is not needed, which would cancel.
    """
    greatest = index_of_greatest(logits)
    c = upstream - np.take_along_axis(upstream, greatest, axis=-1)
    return np.asarray(y * (c - np.einsum("...k,...k->...", y, c)[..., np.newaxis]))


def pull_softmax_along(upstream: Array, moved: Array, y: Array, logits: Array) -> Array:
    """Return the derivative of :func:`pull_softmax` as η moves."""
    greatest = index_of_greatest(logits)
    c = upstream - np.take_along_axis(upstream, greatest, axis=-1)
    in_y = pull_softmax(moved, y, logits)  # as ∂y_i/∂η_j is symmetric
    mean, change = (np.einsum("...k,...k->...", each, c)[..., np.newaxis] for each in (y, in_y))
    return np.asarray(in_y * (c - mean) - y * change)


def pull_log_softmax(upstream: Array, y: Array, logits: Array) -> Array:
    """Return Σ_i upstream_i ∂ln y_i/∂η.

    ∂L/∂η_j = c_j − y_j Σ_k c_k: for the greatest entry with the sum of the others, 1 − y_j.
    """
    greatest = index_of_greatest(logits)
    chosen = np.arange(logits.shape[-1]) == greatest
    c = np.where(chosen, 0.0, upstream)
    pulled = upstream - y * np.sum(upstream, axis=-1, keepdims=True)
    others = np.sum(np.where(chosen, 0.0, y), axis=-1, keepdims=True)
    there = upstream * others - y * np.sum(c, axis=-1, keepdims=True)
    return np.asarray(np.where(chosen, there, pulled))
