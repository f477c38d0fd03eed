"""Where matrices lie: real matrices, triangles, cones."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.domains import POSITIVE, REAL, Interval
from reparam.regions._region import ROUNDING, Dims, Number, Region, along_rows

__all__ = [
    "Correlation",
    "CorrelationCholesky",
    "LowerTriangular",
    "PositiveDefinite",
    "RealMatrix",
]

#: How far below 0 the eigenvalues of a correlation matrix less the identity may be.
_DEFINITE = 1.0 - 1e-6
#: How much of √(a_ii a_jj) entries of a symmetric matrix may differ from their mirror images.
_ASYMMETRY = 1e-10
#: The binary logarithm of some units of rounding.
_LOG_ROUNDING = -46


@dataclass(frozen=True, slots=True)
class RealMatrix(Region):
    """The matrices of real numbers."""

    dims: Dims = ("N", "K")
    rank: ClassVar[int] = 2
    what: ClassVar[str] = "real matrices"
    brief: ClassVar[str] = "ℝ^(N×K)"
    one: ClassVar[str] = "a real matrix"
    free: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class LowerTriangular(Region):
    """The lower triangular matrices with a positive diagonal; derivatives are lower triangular."""

    dims: Dims = ("K", "K")
    rank: ClassVar[int] = 2
    what: ClassVar[str] = "lower triangular matrices with a positive diagonal"
    brief: ClassVar[str] = "tril"
    one: ClassVar[str] = "a lower triangular matrix with a positive diagonal"
    wanted: ClassVar[str] = "a lower triangular {} with a positive diagonal"

    def outside(self, values: Array, theta: Mapping[str, Any] | None = None) -> NDArray[np.bool_]:
        """Return which matrices are not 0 above the diagonal, or not positive on it."""
        diagonal = np.diagonal(values, axis1=-2, axis2=-1)
        wrong = ~np.all(np.isfinite(values), axis=(-2, -1)) | ~np.all(diagonal > 0.0, axis=-1)
        return np.asarray(wrong | np.any(np.triu(values, 1) != 0.0, axis=(-2, -1)))

    def problem(self, value: Array) -> str:
        """Return the first entry that is wrong."""
        above, diagonal = np.triu(value, 1) != 0.0, np.diagonal(value)
        if not np.all(np.isfinite(value)):
            return "it has an entry that is not finite"
        if np.any(above):
            i, j = np.unravel_index(int(np.argmax(above)), value.shape)
            return f"entry [{i}, {j}], above the diagonal, is {value[i, j]:g}"
        k = int(np.argmin(diagonal > 0.0))
        return f"entry [{k}, {k}], on the diagonal, is {diagonal[k]:g}"

    def member(self, numbers: Array) -> Array:
        """Return the numbers below the diagonal, and e to half of those on it."""
        n = np.arange(numbers.shape[-1])
        matrix = np.tril(numbers, -1)
        matrix[..., n, n] = np.exp(0.5 * numbers[..., n, n])
        return matrix

    def initial(self, shape: tuple[int, ...], default: float) -> Array:
        """Return that multiple of the identity."""
        return default * np.eye(shape[-1])

    def projected(self, derivative: Array, value: Array) -> Array:
        """Return the lower triangle."""
        return np.tril(derivative)

    def number(self, at: tuple[int, ...], shape: tuple[int, ...]) -> Number | None:
        """Return that the diagonal is positive."""
        return _of_triangle(at, Number(REAL, (-1.0, 1.0)), Number(POSITIVE, (0.5, 2.0)))


@dataclass(frozen=True, slots=True)
class PositiveDefinite(Region):
    """The symmetric positive definite matrices.

    A derivative D is symmetric, with dL = Σ_ij D_ij dΣ_ij for symmetric dΣ: what moves entry
    (i, j), and (j, i) with it, moves L by D_ij + D_ji.
    """

    dims: Dims = ("K", "K")
    rank: ClassVar[int] = 2
    what: ClassVar[str] = "symmetric positive definite matrices"
    brief: ClassVar[str] = "spd"
    one: ClassVar[str] = "a symmetric positive definite matrix"
    wanted: ClassVar[str] = "a symmetric positive definite {}"

    def outside(self, values: Array, theta: Mapping[str, Any] | None = None) -> NDArray[np.bool_]:
        """Return which matrices are not symmetric (rounding apart), or not positive definite."""
        own = np.eye(values.shape[-1])
        lost = ~np.all(np.isfinite(values), axis=(-2, -1))
        finite = np.where(lost[..., np.newaxis, np.newaxis], own, values)
        off = lost | np.any(_asymmetry(finite) > 0.0, axis=(-2, -1))
        symmetric = np.where(off[..., np.newaxis, np.newaxis], own, finite)
        with suppress(np.linalg.LinAlgError):  # most often all of them are
            np.linalg.cholesky(symmetric)
            return np.asarray(off)
        flat = symmetric.reshape(-1, *own.shape)
        sure = 2.0 ** min(2 * len(own) + _LOG_ROUNDING, 0)  # with 4^K rounding grows at most
        pivots = _least_pivots(flat, sure)
        bad = pivots < 0.0
        for index in np.flatnonzero(~(np.abs(pivots) > sure)):
            bad[index] = _bad_minor(flat[index]) > 0
        return np.asarray(off | bad.reshape(off.shape))

    def problem(self, value: Array) -> str:
        """Return the entry that has no mirror image, or the leading minor that isn't positive."""
        if not np.all(np.isfinite(value)):
            return "it has an entry that is not finite"
        if (pair := _asymmetric(value)) is not None:
            i, j = pair
            return f"entries [{i}, {j}] and [{j}, {i}] are {value[i, j]:g} and {value[j, i]:g}"
        order = _bad_minor(value)
        minor = float(np.linalg.det(value[:order, :order]))
        return f"its leading minor of order {order} is not positive ({minor:.3g})"

    def member(self, numbers: Array) -> Array:
        """Return L Lᵀ for a lower triangular L."""
        factor = LowerTriangular().member(numbers)
        return np.asarray(factor @ np.swapaxes(factor, -1, -2))

    def initial(self, shape: tuple[int, ...], default: float) -> Array:
        """Return that multiple of the identity."""
        return default * np.eye(shape[-1])

    def projected(self, derivative: Array, value: Array) -> Array:
        """Return the symmetric part."""
        return 0.5 * (derivative + np.swapaxes(derivative, -1, -2))

    def number(self, at: tuple[int, ...], shape: tuple[int, ...]) -> Number | None:
        """Return where entries are so small that all matrices of them are positive definite."""
        most = 0.5 / max(shape[-1] - 1, 1)
        off = Number(Interval(-most, most), (-0.6 * most, 0.6 * most))
        return _of_triangle(at, off, Number(Interval(0.5, 1e3), (0.7, 2.0)))

    def number_of(self, at: tuple[int, ...], value: Array) -> Number | None:
        """Return where the matrix stays positive definite: while a 2 × 2 determinant is positive.

        With P the inverse, det(Σ + t (e_i e_jᵀ + e_j e_iᵀ))/det Σ = (1 + t P_ij)² − t² P_ii P_jj.
        """
        if self.number(at, value.shape) is None:
            return None
        (i, j), inverse = at[-2:], np.linalg.inv(value[at[:-2]])
        own, across = np.sqrt(inverse[i, i] * inverse[j, j]), inverse[i, j]
        centre, below = value[at], 1.0 / (own if i == j else own + across)
        above = np.inf if i == j else 1.0 / (own - across)
        typical = centre - 0.5 * below, centre + 0.5 * min(below, above)
        return Number(Interval(centre - below, centre + above), typical)

    def charted(self, numbers: Array) -> Array:
        """Return the symmetric matrix with these entries below the diagonal and on it."""
        return np.asarray(numbers + np.swapaxes(np.tril(numbers, -1), -1, -2))

    def in_numbers(self, derivative: Array, numbers: Array) -> Array:
        """Return twice the derivative below the diagonal: both entries move."""
        return np.asarray(np.tril(derivative) + np.tril(derivative, -1))


@dataclass(frozen=True, slots=True)
class Correlation(PositiveDefinite):
    """The correlation matrices: symmetric, positive definite, with ones on the diagonal.

    Derivatives are symmetric, with zeros on the diagonal.
    """

    low: float | str = -1.0
    high: float | str = 1.0
    what: ClassVar[str] = "correlation matrices"
    wanted: ClassVar[str] = "a symmetric positive definite {} with ones on the diagonal"

    def outside(self, values: Array, theta: Mapping[str, Any] | None = None) -> NDArray[np.bool_]:
        """Return which matrices are outside, or have another diagonal, rounding apart."""
        off = np.abs(np.diagonal(values, axis1=-2, axis2=-1) - 1.0)
        indefinite = PositiveDefinite.outside(self, values, theta)
        return np.asarray(indefinite | ~np.all(off <= ROUNDING, axis=-1))

    def problem(self, value: Array) -> str:
        """Return the entry of the diagonal that isn't 1, or what else is wrong."""
        if PositiveDefinite.outside(self, value):
            return PositiveDefinite.problem(self, value)
        diagonal = np.diagonal(value)
        k = int(np.argmax(np.abs(diagonal - 1.0)))
        return f"entry [{k}, {k}], on the diagonal, is {diagonal[k]:g}"

    def member(self, numbers: Array) -> Array:
        """Return L Lᵀ for a lower triangular L whose rows have length 1."""
        factor = CorrelationCholesky().member(numbers)
        return np.asarray(factor @ np.swapaxes(factor, -1, -2))

    def initial(self, shape: tuple[int, ...], default: float) -> Array:
        """Return the identity."""
        return np.eye(shape[-1])

    def projected(self, derivative: Array, value: Array) -> Array:
        """Return the symmetric part, without the diagonal."""
        whole = 0.5 * (derivative + np.swapaxes(derivative, -1, -2))
        n = np.arange(whole.shape[-1])
        whole[..., n, n] = 0.0
        return np.asarray(whole)

    def number(self, at: tuple[int, ...], shape: tuple[int, ...]) -> Number | None:
        """Return that typical entries are so small that the matrix is positive definite."""
        most = 0.7 / max(shape[-1] - 1, 1)
        return _of_triangle(at, Number(Interval(-1.0, 1.0), (-most, most)), None)

    def charted(self, numbers: Array) -> Array:
        """Return the matrix with these entries below the diagonal, less if it were indefinite."""
        lower = np.tril(numbers, -1)
        off = lower + np.swapaxes(lower, -1, -2)
        least = np.linalg.eigvalsh(off)[..., :1, np.newaxis]
        shrunk = off * (_DEFINITE / np.maximum(-least, _DEFINITE))
        return np.asarray(shrunk + np.eye(numbers.shape[-1]))


@dataclass(frozen=True, slots=True)
class CorrelationCholesky(Region):
    """The Cholesky factors of correlation matrices: lower triangular, with rows of length 1."""

    low: float | str = -1.0
    high: float | str = 1.0
    dims: Dims = ("K", "K")
    rank: ClassVar[int] = 2
    what: ClassVar[str] = "Cholesky factors of correlation matrices"
    brief: ClassVar[str] = "tril"
    one: ClassVar[str] = "the Cholesky factor of a correlation matrix"
    wanted: ClassVar[str] = "a lower triangular {} whose rows have length 1, the diagonal positive"

    def outside(self, values: Array, theta: Mapping[str, Any] | None = None) -> NDArray[np.bool_]:
        """Return which matrices are not lower triangular with rows of length 1."""
        off = np.abs(np.linalg.norm(values, axis=-1) - 1.0)
        return np.asarray(LowerTriangular().outside(values) | ~np.all(off <= ROUNDING, axis=-1))

    def problem(self, value: Array) -> str:
        """Return the first entry that is wrong, or the row."""
        if LowerTriangular().outside(value):
            return LowerTriangular().problem(value)
        lengths = np.linalg.norm(value, axis=-1)
        k = int(np.argmax(np.abs(lengths - 1.0)))
        return f"row {k} has length {lengths[k]:g}"

    def member(self, numbers: Array) -> Array:
        """Return a lower triangular matrix whose rows are divided by their lengths."""
        return self.retracted(LowerTriangular().member(numbers))

    def initial(self, shape: tuple[int, ...], default: float) -> Array:
        """Return the identity."""
        return np.eye(shape[-1])

    def projected(self, derivative: Array, value: Array) -> Array:
        """Return the lower triangle, each row less what is along the factor's row."""
        lower = np.tril(derivative)
        along = np.sum(lower * value, axis=-1, keepdims=True)
        return np.asarray(lower - along * value)

    def retracted(self, value: Array) -> Array:
        """Return the matrix with rows divided by their lengths."""
        return np.asarray(value / np.linalg.norm(value, axis=-1, keepdims=True))

    def number(self, at: tuple[int, ...], shape: tuple[int, ...]) -> Number | None:
        """Return that any rows with a positive end stand for their direction."""
        if at[-2:] == (0, 0):  # 1, whatever it is
            return None
        return _of_triangle(at, Number(REAL, (-1.0, 1.0)), Number(POSITIVE, (0.5, 2.0)))

    def charted(self, numbers: Array) -> Array:
        """Return rows divided by their lengths: the first is (1, 0, …)."""
        return self.retracted(_with_first(numbers))

    def in_numbers(self, derivative: Array, numbers: Array) -> Array:
        """Return derivatives in rows of any length."""
        return along_rows(self, derivative, _with_first(numbers))


def _of_triangle(at: tuple[int, ...], below: Number, diagonal: Number | None) -> Number | None:
    """Return the one below the diagonal or that on it; there is none above."""
    i, j = at[-2:]
    return None if i < j else diagonal if i == j else below


def _with_first(numbers: Array) -> Array:
    found = numbers.copy()
    found[..., 0, 0] = 1.0
    return found


def _asymmetric(matrix: Array) -> tuple[int, int] | None:
    """Return the place of the entry that differs most from its mirror image, if one does."""
    off = _asymmetry(matrix)
    if np.all(off <= 0.0):
        return None
    i, j = np.unravel_index(int(np.argmax(off)), matrix.shape)
    return int(i), int(j)


def _asymmetry(matrix: Array) -> Array:
    """Return how far entries of finite matrices are from their mirror images, rounding apart."""
    size = np.sqrt(np.abs(np.diagonal(matrix, axis1=-2, axis2=-1)))
    scale = size[..., :, np.newaxis] * size[..., np.newaxis, :]
    return np.asarray(np.abs(matrix - np.swapaxes(matrix, -1, -2)) - _ASYMMETRY * scale)


def _least_pivots(matrices: Array, sure: float) -> Array:
    """Return the least pivot of each symmetric matrix, in units of the diagonal.

    If one isn't surely positive, those that come after it don't count.
    """
    rest = np.tril(matrices)  # all that LAPACK reads
    rest += np.swapaxes(np.tril(matrices, -1), -2, -1)
    least = np.full(len(matrices), np.inf)
    with np.errstate(all="ignore"):
        for k in range(matrices.shape[-1]):
            pivot = rest[:, k, k]
            size = np.abs(matrices[:, k, k])
            own = np.where(pivot == 0.0, 0.0, pivot / np.where(size > 0.0, size, 1.0))
            least = np.where(least > sure, np.minimum(least, own), least)
            column = rest[:, k + 1 :, k] / pivot[:, np.newaxis]
            rest[:, k + 1 :, k + 1 :] -= column[:, :, np.newaxis] * rest[:, np.newaxis, k, k + 1 :]
    return least


def _bad_minor(matrix: Array) -> int:
    """Return the order of the first leading minor that is not positive: 0 if all are."""
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        pass
    else:
        return 0 if np.all(np.isfinite(matrix)) else 1
    from scipy.linalg.lapack import dpotrf

    return int(dpotrf(matrix, lower=1)[1]) or len(matrix)
