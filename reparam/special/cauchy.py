"""Elementary functions of z² where z² may overflow: what the Cauchy density is made of."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array

__all__ = ["excess", "log_one_plus_square", "slope"]


def log_one_plus_square(z: Array) -> Array:
    """Return ln(1 + z²)."""
    size = np.abs(z)
    return np.where(size < 1e8, np.log1p(size * size), 2.0 * np.log(size))


def slope(z: Array) -> Array:
    """Return −2z/(1 + z²): ∂ log p/∂z."""
    return np.where(np.abs(z) < 1.0, -2.0 * z / (1.0 + z * z), -2.0 / (z + 1.0 / z))


def excess(z: Array) -> Array:
    """Return (1 − z²)/(1 + z²) = −tanh ln |z|, 1 + z ∂ log p/∂z: without cancellation at ±1."""
    return -np.tanh(np.log(np.abs(z)))
