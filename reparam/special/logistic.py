"""The logistic function σ(x) = 1/(1 + e^−x), its slope, logarithm and inverse, in both tails."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.special.steps import lesser_tail, signed

__all__ = ["log_slope", "logit", "sigmoid", "slope", "softplus"]


def sigmoid(z: Array) -> Array:
    """Return σ(z), with exponentials that don't overflow, down to the smallest double."""
    tail = np.exp(-np.abs(z))
    return np.asarray(np.where(z < 0.0, tail, 1.0) / (1.0 + tail))


def slope(z: Array) -> Array:
    """Return σ(z) σ(−z), to full relative accuracy in both tails, where 1 − σ(z) cancels."""
    tail = np.exp(-np.abs(z))
    return np.asarray(tail / np.square(1.0 + tail))


def log_slope(z: Array) -> Array:
    """Return ln(σ(z) σ(−z)), also where the product underflows."""
    size = np.abs(z)
    return np.asarray(-size - 2.0 * np.log1p(np.exp(-size)))


def softplus(z: Array) -> Array:
    """Return ln(1 + e^z) = −ln σ(−z)."""
    return np.asarray(np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z))))


def logit(u: Array) -> Array:
    """Return ln(u/(1 − u)), to a few ulp next to 0, ½ and 1."""
    # log((1 − w)/w) = log1p((1 − 2w)/w) for the smaller tail w: 1 − 2w is exact near w = ½,
    # where log(u/(1 − u)) would cancel. The quotient overflows for w below 2⁻¹⁰²⁴.
    w = lesser_tail(u)
    z = -2.0 * w
    z += 1.0
    z /= w
    np.log1p(z, out=z)
    if np.any(tiny := w < 2.0**-1000):
        z = np.where(tiny, -np.log(w), z)
    return signed(z, u)
