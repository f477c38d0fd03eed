"""The logistic function σ(x) = 1/(1 + e^−x), its slope, logarithm and inverse, in both tails."""

from __future__ import annotations

from typing import Any

import numpy as np

from reparam._typing import Array

__all__ = ["log_slope", "logit", "sigmoid", "slope", "softplus"]


def sigmoid(x: Array) -> Any:
    """Return σ(x), with exponentials that don't overflow, down to the smallest double."""
    tail = np.exp(-np.abs(x))
    return np.where(x < 0.0, tail, 1.0) / (1.0 + tail)


def slope(x: Array) -> Any:
    """Return σ(x) σ(−x), to full relative accuracy in both tails, where 1 − σ(x) cancels."""
    tail = np.exp(-np.abs(x))
    return tail / np.square(1.0 + tail)


def log_slope(x: Array) -> Any:
    """Return ln(σ(x) σ(−x)), also where the product underflows."""
    size = np.abs(x)
    return -size - 2.0 * np.log1p(np.exp(-size))


def softplus(x: Array) -> Any:
    """Return ln(1 + e^x) = −ln σ(−x)."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def logit(u: Array) -> Array:
    """Return ln(u/(1 − u)), to a few ulp next to 0, ½ and 1."""
    # log((1 − w)/w) = log1p((1 − 2w)/w) for the smaller tail w: 1 − 2w is exact near w = ½,
    # where log(u/(1 − u)) would cancel. The quotient overflows for w below 2⁻¹⁰²⁴.
    w = np.subtract(1.0, u)
    w = np.asarray(np.minimum(u, w))
    z = -2.0 * w
    z += 1.0
    z /= w
    z = np.log1p(z)
    if np.any(tiny := w < 2.0**-1000):
        z = np.where(tiny, -np.log(w), z)
    return np.copysign(z, u - 0.5)
