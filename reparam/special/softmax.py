"""Logarithms of probabilities from logits."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array

__all__ = ["log_shares", "log_softmax"]


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
    greatest = np.argmax(logits, axis=-1)[..., np.newaxis]
    shifted = logits - np.take_along_axis(logits, greatest, axis=-1)
    others = np.exp(shifted)
    np.put_along_axis(others, greatest, 0.0, axis=-1)
    return np.asarray(shifted - np.log1p(np.sum(others, axis=-1, keepdims=True)))


def log_shares(weights: Array) -> Array:
    """Return ln(w/Σw) along the last axis, for weights of any size, some of which may be 0."""
    weights = np.asarray(weights)
    greatest = np.max(weights, axis=-1, keepdims=True)
    return log_softmax(np.log(weights / greatest))
