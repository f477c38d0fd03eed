"""Points of the sphere about a mean direction μ: y = cos θ μ + sin θ v, with v tangent at μ.

A point is kept as its *half tangent*, tan(θ/2) v: its stereographic projection from −μ, which has
its digits where y rounds to μ. Vectors are along the last axis.
"""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array

__all__ = [
    "LARGEST",
    "along_mean",
    "frame",
    "half_tangent",
    "log_area",
    "moved",
    "placed",
    "products",
    "pulled",
    "separation",
    "tangents",
    "uniform_half_tangent",
    "unit",
]

#: Larger tan(θ/2) are not distinguished: θ is π to 150 digits.
LARGEST = 1e150


def products(a: Array, b: Array) -> Array:
    """Return the inner product of each pair of vectors."""
    return np.asarray(np.einsum("...k,...k->...", a, b))


def unit(vector: Array) -> Array:
    """Return each vector divided by its length."""
    length = np.sqrt(products(vector, vector))
    return np.asarray(vector / length[..., np.newaxis])


def log_area(dim: int) -> float:
    """Return the logarithm of the area of the unit sphere in `dim` dimensions."""
    return math.log(2.0) + 0.5 * dim * math.log(math.pi) - math.lgamma(0.5 * dim)


def tangents(vector: Array, mean: Array) -> Array:
    """Return what of each vector is orthogonal to μ: also if it is next to ±μ, or long."""
    rest = products(vector, mean)[..., np.newaxis] * mean
    np.subtract(vector, rest, out=rest)
    rest -= products(rest, mean)[..., np.newaxis] * mean
    return np.asarray(rest)


def frame(vector: Array, mean: Array) -> tuple[Array, Array]:
    """Return the length of K − 1 numbers, and the tangent at μ whose direction they are.

    The tangent is H (0, w) for their direction w and the reflection H that takes the first axis to
    μ or to −μ, whichever is farther from it: so nothing cancels. If all are 0, it is any tangent.
    """
    length = np.sqrt(products(vector, vector))
    if np.any(none := length == 0.0):
        vector = np.where(none[..., np.newaxis], np.eye(vector.shape[-1])[0], vector)
    direction = vector / np.where(none, 1.0, length)[..., np.newaxis]
    first = mean[..., 0]
    rest = np.copysign(1.0, first)[..., np.newaxis] * mean[..., 1:]
    along = products(direction, rest)
    tangent = np.empty((*direction.shape[:-1], mean.shape[-1]))
    tangent[..., 0] = -along
    shift = along / (1.0 + np.abs(first))
    np.subtract(direction, shift[..., np.newaxis] * rest, out=tangent[..., 1:])
    return length, tangent


def half_tangent(along: Array, across: Array) -> Array:
    """Return tan(θ/2) of a vector with these parts along μ and across it: 1 if both are 0."""
    total = np.hypot(along, across) + np.abs(along)
    g = np.where(along > 0.0, across / total, total / across)
    return np.minimum(np.where(total > 0.0, g, 1.0), LARGEST)


def uniform_half_tangent(u: Array, v: Array, dim: int) -> Array:
    """Return tan(θ/2) of a uniform direction, of two uniform numbers.

    cos θ = √(1 − v^(2/(d − 2))) cos(2πu) (Ulrich 1984, Computer generation of distributions on the
    m-sphere).
    """
    log = 2.0 * np.log(v) / (dim - 2.0) if dim > 2 else np.full_like(v, -np.inf)
    long, angle = np.sqrt(-np.expm1(log)), 2.0 * math.pi * u
    sine = np.hypot(long * np.sin(angle), np.exp(0.5 * log))
    cosine = long * np.cos(angle)
    short = sine / (1.0 + np.abs(cosine))
    return np.asarray(np.where(cosine > 0.0, short, 1.0 / short))


def placed(g: Array, tangent: Array, mean: Array) -> tuple[Array, Array]:
    """Return y and its half tangent, of tan(θ/2) and v."""
    cosine, twice = (1.0 - g * g) / (1.0 + g * g), 2.0 / (1.0 + g * g)
    half = g[..., np.newaxis] * tangent
    value = twice[..., np.newaxis] * half
    value += cosine[..., np.newaxis] * mean
    return value, half


def moved(half: Array, mean: Array) -> tuple[Array, Array]:
    """Return tan(θ/2), and ∂y/∂θ = cos θ v − sin θ μ."""
    g = np.sqrt(products(half, half))
    tangent = half / np.where(g > 0.0, g, 1.0)[..., np.newaxis]
    square = g * g
    sine, cosine = 2.0 * g / (1.0 + square), (1.0 - square) / (1.0 + square)
    return g, cosine[..., np.newaxis] * tangent - sine[..., np.newaxis] * mean


def pulled(upstream: Array, y: Array, mean: Array) -> Array:
    """Return Σ upstream ∂y/∂μ on the path of rotations, dy = dμ (μᵀy) − μ (dμᵀy).

    That is the velocity, at y, of the rotation in the plane of μ and dμ. It is orthogonal to μ.
    """
    along, cosine = products(upstream, mean), products(y, mean)
    return np.asarray(cosine[..., np.newaxis] * upstream - along[..., np.newaxis] * y)


def separation(y: Array, mean: Array) -> tuple[Array, Array, Array]:
    """Return sin²(θ/2), cos²(θ/2) and what of y is orthogonal to μ, for unit vectors."""
    apart, total = y - mean, y + mean
    near = products(y, mean) > 0.0
    across = tangents(np.where(near[..., np.newaxis], apart, total), mean)
    return 0.25 * products(apart, apart), 0.25 * products(total, total), across


def along_mean(mean: Array, along: Array, across: Array) -> Array:
    """Return the matrix that has one eigenvalue along μ, and another across it."""
    outer = mean[..., :, np.newaxis] * mean[..., np.newaxis, :]
    identity = np.eye(mean.shape[-1])
    across, difference = np.asarray(across), np.asarray(along - across)
    return across[..., np.newaxis, np.newaxis] * identity + (
        difference[..., np.newaxis, np.newaxis] * outer
    )
