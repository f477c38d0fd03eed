"""Products, inverses and derivatives of triangular matrices, one matrix for all rows or one each.

The products of matrices and vectors are sums in one order, so that a row never depends on how
many there are: a BLAS sums in another order for another number of rows.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from reparam._kernels import active
from reparam._typing import Array

__all__ = [
    "apply",
    "cholesky",
    "cholesky_pullback",
    "cholesky_pullback_along",
    "cholesky_push",
    "diagonal",
    "diagonally",
    "inverse",
    "lower_factor",
    "multiplied",
    "pairs",
    "scalars",
    "solve",
    "solve_transposed",
    "transposed",
]


#: Rows that are inverted one after another, and so many at least are multiplied together.
_FEW = 16

#: Multiplications of a product of two matrices that OpenBLAS leaves to one thread.
_ALONE = 2**18


def transposed(matrix: Array) -> Array:
    """Return the transposes of matrices."""
    return np.swapaxes(matrix, -1, -2)


def diagonal(matrix: Array) -> Array:
    """Return the diagonals of matrices, as a last axis."""
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def diagonally(entries: Array) -> Array:
    """Return diagonal matrices, given their diagonals as a last axis."""
    own = np.eye(entries.shape[-1], dtype=bool)
    return np.where(own, entries[..., np.newaxis], 0.0)


def scalars(numbers: Array) -> Array:
    """Return a number, or one per row, so that it multiplies matrices."""
    return np.asarray(numbers)[..., np.newaxis, np.newaxis]


def multiplied(*factors: Array) -> Array:
    """Return the product of matrices, in order: of large ones by pieces that wake no BLAS threads.

    The threads here work on stacks of them already, for which BLAS's own would wait, and then spin.
    """
    return reduce(_multiplied, factors)


def _multiplied(left: Array, right: Array) -> Array:
    rows = _ALONE // (right.shape[-2] * right.shape[-1])
    if left.shape[-2] <= rows or rows < _FEW:
        return np.asarray(left @ right)
    starts = range(0, left.shape[-2], rows)
    return np.concatenate([left[..., i : i + rows, :] @ right for i in starts], axis=-2)


def apply(matrix: Array, x: Array, offset: Array | None = None) -> Array:
    """Return A x, or A x + b, for each row x.

    Parameters
    ----------
    matrix, offset
        A and b, the same for all rows or one for each.
    x
        The rows.
    """
    compiled = active()
    if compiled is not None and x.ndim == 2:
        leads = matrix.shape[:-2], () if offset is None else offset.shape[:-1]
        if all(lead in {(), x.shape[:1]} for lead in leads):
            arguments = (
                each if each is None else np.ascontiguousarray(each, np.float64)
                for each in (matrix, x, offset)
            )
            y = np.empty((len(x), matrix.shape[-2]))
            compiled.product(*arguments, y)
            return y
    product = np.einsum("...jk,...k->...j", matrix, x)
    return np.asarray(product if offset is None else offset + product)


def cholesky(matrix: Array) -> Array:
    """Return the lower triangular L with L Lᵀ = A, of which the mean with its transpose counts."""
    return np.asarray(np.linalg.cholesky(0.5 * (matrix + transposed(matrix))), np.float64)


def lower_factor(matrix: Array) -> Array:
    """Return the lower triangular L with L Lᵀ = A Aᵀ: A itself, or by QR, which squares nothing."""
    if matrix.shape[-2] == matrix.shape[-1] and not np.any(np.triu(matrix, 1)):
        return matrix
    upper = np.linalg.qr(transposed(matrix), mode="r")
    sign = np.sign(np.diagonal(upper, axis1=-2, axis2=-1))
    return np.tril(transposed(upper * sign[..., np.newaxis]))


def pairs(matrix: Array) -> tuple[Array, Array]:
    """Return A_ik A_jl and A_il A_jk, by i, j, k and l."""
    straight = np.einsum("...ik,...jl->...ijkl", matrix, matrix)
    return straight, np.swapaxes(straight, -1, -2)


def inverse(factor: Array) -> Array:
    """Return the inverse of a lower triangular matrix.

    That of [[A, 0], [C, D]] is [[A⁻¹, 0], [−D⁻¹ C A⁻¹, D⁻¹]]; of a few rows by substitution.
    """
    size = factor.shape[-1]
    found = np.zeros(factor.shape)
    if size > _FEW:
        half = size // 2
        first, second = inverse(factor[..., :half, :half]), inverse(factor[..., half:, half:])
        found[..., :half, :half], found[..., half:, half:] = first, second
        found[..., half:, :half] = multiplied(-second, multiplied(factor[..., half:, :half], first))
        return found
    for i in range(size):
        pivot = factor[..., i, i]
        found[..., i, i] = 1.0 / pivot
        if i:
            row = np.einsum("...j,...jk->...k", factor[..., i, :i], found[..., :i, :i])
            found[..., i, :i] = -row / pivot[..., np.newaxis]
    return found


def solve(factor: Array, right: Array) -> Array:
    """Return L⁻¹ B for lower triangular L, by forward substitution."""
    lead = np.broadcast_shapes(factor.shape[:-2], right.shape[:-2])
    result = np.empty(lead + right.shape[-2:])
    for i in range(factor.shape[-1]):
        known = factor[..., i, np.newaxis, :i] @ result[..., :i, :]
        result[..., i, :] = (right[..., i, :] - known[..., 0, :]) / factor[..., i, i, np.newaxis]
    return result


def solve_transposed(factor: Array, right: Array) -> Array:
    """Return L⁻ᵀ B for lower triangular L, by back substitution."""
    flipped = transposed(factor[..., ::-1, ::-1])
    return solve(flipped, right[..., ::-1, :])[..., ::-1, :]


def cholesky_pullback(derivative: Array, factor: Array, inverse_factor: Array) -> Array:
    """Return the symmetric ∂/∂Σ from ∂/∂L, L Lᵀ = Σ: ½(S + Sᵀ), S = L⁻ᵀ Φ(Lᵀ ∂/∂L) L⁻¹.

    Φ takes the lower triangle, with half of the diagonal (Murray 2016, "Differentiation of the
    Cholesky decomposition", section 4).
    """
    inner = _lower_half(multiplied(transposed(factor), np.tril(derivative)))
    whole = multiplied(transposed(inverse_factor), inner, inverse_factor)
    return np.asarray(0.5 * (whole + transposed(whole)))


def cholesky_pullback_along(
    derivative: Array, moved: Array, factor: Array, inverse_factor: Array
) -> Array:
    """Return the derivative of :func:`cholesky_pullback` as L moves."""
    lower, back = np.tril(derivative), multiplied(-inverse_factor, moved, inverse_factor)
    inner = _lower_half(multiplied(transposed(factor), lower))
    turned = multiplied(transposed(back), inner, inverse_factor)
    turned = turned + multiplied(transposed(inverse_factor), inner, back)
    change = _lower_half(multiplied(transposed(moved), lower))
    whole = turned + multiplied(transposed(inverse_factor), change, inverse_factor)
    return np.asarray(0.5 * (whole + transposed(whole)))


def cholesky_push(tangent: Array, factor: Array, inverse_factor: Array) -> Array:
    """Return dL from a symmetric dΣ: L Φ(L⁻¹ dΣ L⁻ᵀ) (Murray 2016, section 3)."""
    symmetric = 0.5 * (tangent + transposed(tangent))
    inner = multiplied(inverse_factor, symmetric, transposed(inverse_factor))
    return multiplied(factor, _lower_half(inner))


def _lower_half(matrix: Array) -> Array:
    """Return the lower triangle, with half of the diagonal."""
    half = np.tril(matrix)
    n = np.arange(matrix.shape[-1])
    half[..., n, n] *= 0.5
    return half
