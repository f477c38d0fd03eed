"""Steps of closed forms, each of which takes NumPy several passes over arrays: the same bits."""

from __future__ import annotations

import numpy as np

from reparam._kernels import active
from reparam._typing import Array

__all__ = ["lesser_tail", "opened", "placed", "signed"]


def opened(u: Array) -> Array:
    """Return fresh u in [0, 1), made 2⁻⁵⁴ where it is 0."""
    if compiled := active():
        compiled.open(u)
        return u
    return np.maximum(u, 2.0**-54, out=u)


def lesser_tail(u: Array) -> Array:
    """Return min(u, 1 − u)."""
    w = np.empty(np.shape(u))
    if (compiled := active()) and _is_plain(u):
        compiled.lesser(u, w)
        return w
    np.subtract(1.0, u, out=w)
    return np.minimum(u, w, out=w)


def signed(z: Array, u: Array) -> Array:
    """Return fresh z with the sign of u − ½."""
    if (compiled := active()) and _is_plain(u):
        compiled.sign(u, z)
        return z
    return np.copysign(z, u - 0.5, out=z)


def placed(z: Array, loc: Array, scale: Array) -> Array:
    """Return loc + scale · z."""
    if (compiled := active()) and type(z) is np.ndarray and z.ndim == 1:
        y = np.empty(z.size)
        if compiled.place(z, loc, scale, y):
            return y
    y = scale * z
    y += loc
    return y


def _is_plain(values: Array) -> bool:
    """Return whether an array's numbers are one after another."""
    return type(values) is np.ndarray and values.flags.c_contiguous
