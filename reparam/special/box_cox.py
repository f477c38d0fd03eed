"""The map of Box and Cox, z = (e^(ξt) − 1)/ξ, which is t for ξ = 0, and its relatives."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import LARGEST, bend

__all__ = ["bent", "inverse", "stretched", "stretched_slope"]

#: Below this ξt and ξz have lost digits, and z = t to the last bit.
_TINY = 1e-290


def stretched(t: Array, concentration: Array) -> Array:
    """Return z = (e^(ξt) − 1)/ξ."""
    x = np.where(concentration == 0.0, 0.0, concentration * t)
    z = np.expm1(x) / concentration
    # where e^x alone overflows
    far = np.copysign(np.exp(x - np.log(np.abs(concentration))), concentration)
    return np.where(np.abs(x) < _TINY, t, np.where(x > 700.0, far, z))


def inverse(z: Array, concentration: Array) -> tuple[Array, Array, Array]:
    """Return t with z = (e^(ξt) − 1)/ξ, ξt and 1 + ξz, which is 0 at and beyond the end of z."""
    product = np.maximum(np.where(concentration == 0.0, 0.0, concentration * z), -1.0)
    end = -1.0 / concentration
    beyond = np.where(concentration < 0.0, z >= end, (concentration > 0.0) & (z <= end))
    product = np.where(beyond, -1.0, product)
    of_logs = np.log(np.abs(concentration)) + np.log(np.abs(z))
    x = np.where(product < np.inf, np.log1p(product), of_logs)
    return np.where(np.abs(product) < _TINY, z, x / concentration), x, 1.0 + product


def stretched_slope(t: Array, x: Array, concentration: Array) -> Array:
    """Return ∂z/∂ξ = (1 + x e^x − e^x)/ξ² at fixed t, x = ξt: of which e^x cancels for small x."""
    small = np.where(np.abs(x) < 1.0, x, 1.0)
    near = t * t * np.exp(small) * bent(small)
    growth = np.exp(x)
    rising = np.where(growth == 0.0, 0.0, (x - 1.0) * growth)
    return np.where(np.abs(x) < 1.0, near, (1.0 + rising) / concentration / concentration)


def bent(x: Array) -> Array:
    """Return (e^−x − 1 + x)/x², ½ for x = 0."""
    safe = np.where(np.abs(x) < 1e-100, 1e-100, x)
    return np.where(np.isinf(x) & (x < 0.0), LARGEST, bend(-safe) / safe / safe)
