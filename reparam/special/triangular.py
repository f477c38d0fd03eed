"""Lower triangular matrices, one or one per row: products, solutions, Cholesky factors."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array

__all__ = [
    "cholesky_pull",
    "diagonal",
    "diagonally",
    "inverse",
    "lower",
    "matrices",
    "outer",
    "solve",
    "solve_transposed",
    "transposed",
]


def matrices(numbers: Array) -> Array:
    """Return a number, or one per row, so that it multiplies matrices."""
    return np.asarray(numbers)[..., np.newaxis, np.newaxis]


def diagonally(entries: Array) -> Array:
    """Return diagonal matrices, given their diagonals as a last axis."""
    own = np.eye(entries.shape[-1], dtype=bool)
    return np.where(own, entries[..., np.newaxis], 0.0)


def transposed(matrix: Array) -> Array:
    """Return the transposes."""
    return np.swapaxes(matrix, -1, -2)


def diagonal(matrix: Array) -> Array:
    """Return the diagonals, as a last axis."""
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def lower(matrix: Array) -> Array:
    """Return the lower triangles, the diagonal included."""
    return np.where(np.tri(matrix.shape[-1], dtype=bool), matrix, 0.0)


def outer(vectors: Array) -> Array:
    """Return x xᵀ."""
    return np.asarray(vectors[..., :, np.newaxis] * vectors[..., np.newaxis, :])


def solve(factor: Array, right: Array) -> Array:
    """Return L⁻¹ B for lower triangular L, by forward substitution.

    Parameters
    ----------
    factor, right
        L and B; axes before the last two broadcast.
    """
    result = np.empty(np.broadcast_shapes(factor.shape[:-2], right.shape[:-2]) + right.shape[-2:])
    for i in range(factor.shape[-1]):
        known = factor[..., i, np.newaxis, :i] @ result[..., :i, :]
        result[..., i, :] = (right[..., i, :] - known[..., 0, :]) / factor[..., i, i, np.newaxis]
    return result


def solve_transposed(factor: Array, right: Array) -> Array:
    """Return L⁻ᵀ B for lower triangular L, by back substitution.

    Parameters
    ----------
    factor, right
        L and B; axes before the last two broadcast.
    """
    flipped = transposed(factor[..., ::-1, ::-1])
    return solve(flipped, right[..., ::-1, :])[..., ::-1, :]


def inverse(factor: Array) -> Array:
    """Return L⁻¹."""
    return solve(factor, np.eye(factor.shape[-1]))


def cholesky_pull(factor: Array, upstream: Array) -> Array:
    """Return ∂J/∂V for V = L Lᵀ, from ∂J/∂L: symmetric, with dJ = Σ_ij (∂J/∂V)_ij dV_ij.

    It is ½ L⁻ᵀ (P + Pᵀ) L⁻¹ with P the lower triangle of Lᵀ ∂J/∂L, its diagonal halved
    (Murray 2016, "Differentiation of the Cholesky decomposition", equation 10).

    Parameters
    ----------
    factor, upstream
        L, and ∂J/∂L, whose upper triangle is not read; axes before the last two broadcast.
    """
    inner = lower(transposed(factor) @ lower(upstream))
    back = inverse(factor)
    whole = transposed(back) @ (inner + transposed(inner) - diagonally(diagonal(inner))) @ back
    return np.asarray(0.25 * (whole + transposed(whole)))
