"""The shares κ²/(1 + κ²) and 1/(1 + κ²) of two sides, and what is made of them."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array

__all__ = ["difference", "log_of", "log_width", "logs", "parts", "shares"]


def shares(ratio: Array) -> tuple[Array, Array]:
    """Return κ²/(1 + κ²) and 1/(1 + κ²)."""
    square, inverse = ratio * ratio, 1.0 / ratio
    return 1.0 / (1.0 + inverse * inverse), 1.0 / (1.0 + square)


def logs(ratio: Array) -> tuple[Array, Array]:
    """Return the logarithms of both shares."""
    log, small = np.log(ratio), np.minimum(ratio, 1.0 / ratio)
    both = np.log1p(small * small)
    return 2.0 * np.minimum(log, 0.0) - both, -2.0 * np.maximum(log, 0.0) - both


def difference(ratio: Array) -> Array:
    """Return (κ² − 1)/(κ² + 1) = tanh(ln κ), from the tangent of half of it."""
    half = (ratio - 1.0) / (ratio + 1.0)
    return 2.0 * half / (1.0 + half * half)


def log_width(ratio: Array) -> Array:
    """Return ln(κ + 1/κ)."""
    small = np.minimum(ratio, 1.0 / ratio)
    return np.asarray(np.abs(np.log(ratio)) + np.log1p(small * small))


def parts(t: Array, rest: Array, side: Array, other: Array) -> tuple[Array, Array]:
    """Return which parts of its side's probability lie beyond and within a quantile.

    For a tail t = 1 − rest the first is t/side on that tail's side, and rest/other on the other.
    Where the smaller of t and rest is not the one in it, that has the digits.
    """
    own, small = t <= side, t < 0.5
    beyond = np.where(own, t, rest) / np.where(own, side, other)
    short = np.where(own, (other - rest) / side, (side - t) / other)
    beyond = np.where(own == small, beyond, 1.0 + short)
    gap = np.where(own, (side - t) / side, (other - rest) / other)
    within = np.where(own == small, gap, -short)
    return np.clip(beyond, 0.0, 1.0), np.clip(within, 0.0, 1.0)


def log_of(tail: Array, other: Array) -> Array:
    """Return the log of a tail, by the other one where it is next to 1."""
    return np.where(tail > 0.5, np.log1p(-other), np.log(tail))
