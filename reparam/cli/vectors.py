"""Draws of vectors and matrices as columns: ``y_0``, ``y_1``, …, ``y_0_1`` of matrices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized

__all__ = ["columns", "entries", "is_wide", "noise_width", "parted"]

#: Formats that hold arrays of any shape.
_ARRAYS = "npy", "npz", "zarr"


def is_wide(distribution: Distribution, format: str, with_noise: bool) -> bool:
    """Return whether each entry of a draw has a column of its own.

    Formats of arrays have one array, unless noise has another shape.
    """
    alike = [event for _, event in distribution._noises()] == [distribution.event_shape]
    return format not in _ARRAYS or (with_noise and not alike)


def noise_width(distribution: Distribution) -> int:
    """Return how many numbers of noise a draw is made of."""
    return sum(math.prod(event) for _, event in distribution._noises())


def parted(distribution: Reparameterized, noise: Array) -> tuple[Array, ...]:
    """Return the arrays of noise that a draw is made of, from all its numbers on the last axis."""
    if not distribution.event_shape:
        return (noise,)
    arrays, at = [], 0
    for _, event in distribution._noises():
        size = math.prod(event)
        part = noise[..., at : at + size]
        arrays.append(part.reshape(part.shape[:-1] + event))
        at += size
    return tuple(arrays)


def columns(distribution: Distribution, with_noise: bool = False) -> list[str]:
    """Return the names of columns, noise first: all its numbers, one after another."""
    noise = [f"noise_{k}" for k in range(noise_width(distribution))] if with_noise else []
    shape = distribution.event_shape
    return [*noise, *("_".join(map(str, ("y", *at))) for at in np.ndindex(*shape))]


def entries(distribution: Distribution, block: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Return the columns of draws, ``y``, and perhaps of ``noise``, an array or several."""
    noise = block.get("noise")
    parts = [] if noise is None else [*noise] if isinstance(noise, tuple) else [noise]
    events = [event for _, event in distribution._noises()] if parts else []
    parts, events = [*parts, block["y"]], [*events, distribution.event_shape]
    flat = [
        part.reshape(*part.shape[: part.ndim - len(event)], -1)
        for part, event in zip(parts, events, strict=True)
    ]
    every = np.concatenate(flat, axis=-1)
    names = columns(distribution, noise is not None)
    return {name: every[..., k] for k, name in enumerate(names)}
