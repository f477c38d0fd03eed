"""Where vectors and matrices lie: real vectors, the simplex, the sphere, triangles, cones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.domains import POSITIVE, REAL, Interval

__all__ = [
    "Correlation",
    "CorrelationCholesky",
    "CountVector",
    "Dims",
    "LowerTriangular",
    "Number",
    "PositiveDefinite",
    "PositiveVector",
    "RealMatrix",
    "RealVector",
    "Region",
    "Simplex",
    "UnitVector",
]

#: The axes of one value: names of lengths, ``"K"``, such a name plus or minus an integer,
#: ``"K + 1"``, or lengths.
Dims: TypeAlias = tuple[str | int, ...]

#: How far rounding, to float32 at most, may move what sums to 1.
_ROUNDING = 1e-6
#: How far below 0 the eigenvalues of a correlation matrix less the identity may be.
_DEFINITE = 1.0 - 1e-6
#: How much of √(a_ii a_jj) entries of a symmetric matrix may differ from their mirror images.
_ASYMMETRY = 1e-10


class Number(NamedTuple):
    """Where a number lies that an array has at one place, and its typical range."""

    domain: Interval
    typical: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Region(Interval):
    """A set of vectors or matrices. As an interval, it is that of each entry.

    Derivatives in a parameter of a region are *tangent*: they are zero where an entry is fixed,
    and dL = Σ D·dθ holds for every change dθ that stays in the region.
    """

    low: float | str = -math.inf
    high: float | str = math.inf
    dims: Dims = ("K",)
    rank: ClassVar[int] = 1
    #: In words; in a table; and a member, after "is" or "is not".
    what: ClassVar[str] = "vectors"
    brief: ClassVar[str] = "vectors"
    one: ClassVar[str] = "a vector"
    #: What to pass, with a place for the parameter's name.
    wanted: ClassVar[str] = "finite {}"
    #: Whether every value inside the interval is in the region: entries are independent.
    free: ClassVar[bool] = False

    def __str__(self) -> str:
        return self.what

    def outside(self, values: Array, theta: Mapping[str, Any] | None = None) -> NDArray[np.bool_]:
        """Return which values, in the last axes, are outside; those with NaN are.

        Parameters
        ----------
        values
            Vectors or matrices.
        theta
            The law's parameters by name, of a support that depends on them.
        """
        within = ~np.isnan(values) & (values >= self.low) & (values <= self.high)  # type: ignore[operator]
        return np.asarray(~np.all(within, axis=self._axes))

    def problem(self, value: Array) -> str:
        """Return what is wrong with one value that is outside."""
        return "it has an entry that is not finite" if not np.all(np.isfinite(value)) else ""

    @property
    def remedy(self) -> str:
        """What to do about a value outside, as an imperative."""
        return self.wanted

    @property
    def misses(self) -> tuple[float, ...]:
        """Numbers that are just not inside: none, since values are not numbers."""
        return ()

    def member(self, numbers: Array) -> Array:
        """Return members, one for each array of real numbers of a member's shape."""
        return numbers

    def initial(self, shape: tuple[int, ...], default: float) -> Array:
        """Return the member that stands for `default` in each entry."""
        return np.full(shape, default)

    def projected(self, derivative: Array, value: Array) -> Array:
        """Return the tangent derivative, from one in each entry as if entries were independent."""
        return derivative

    def retracted(self, value: Array) -> Array:
        """Return the member next to a value that a tangent step away from a member led to."""
        return value

    # Members as numbers that move one by one, for verification: some of the entries of an array,
    # from which ``charted`` makes a member.

    def number(self, at: tuple[int, ...], shape: tuple[int, ...]) -> Number | None:
        """Return where the number at a place lies; None of an entry that others determine."""
        return Number(Interval(self.low, self.high), (-1.0, 1.0))

    def charted(self, numbers: Array) -> Array:
        """Return the member that numbers stand for, from an array with 0 at other places."""
        return self.retracted(numbers)

    def in_numbers(self, derivative: Array, numbers: Array) -> Array:
        """Return derivatives in the numbers from the tangent one in a member."""
        return derivative

    @property
    def _axes(self) -> tuple[int, ...]:
        return tuple(range(-self.rank, 0))


@dataclass(frozen=True, slots=True)
class RealVector(Region):
    """The vectors of real numbers.

    >>> print(RealVector())
    real vectors
    """

    what: ClassVar[str] = "real vectors"
    brief: ClassVar[str] = "ℝ^K"
    one: ClassVar[str] = "a real vector"
    free: ClassVar[bool] = True


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
class PositiveVector(Region):
    """The vectors of positive numbers."""

    low: float | str = 0.0
    what: ClassVar[str] = "positive vectors"
    brief: ClassVar[str] = "ℝ⁺^K"
    one: ClassVar[str] = "a positive vector"
    wanted: ClassVar[str] = "positive {}"
    free: ClassVar[bool] = True

    def member(self, numbers: Array) -> Array:
        """Return e to the numbers."""
        return np.asarray(np.exp(numbers))


@dataclass(frozen=True, slots=True)
class Simplex(Region):
    """The vectors of positive numbers that sum to 1.

    >>> print(Simplex())
    simplex
    >>> Simplex().outside(np.array([[0.5, 0.5], [0.5, 0.6]]))
    array([False,  True])
    """

    low: float | str = 0.0
    high: float | str = 1.0
    what: ClassVar[str] = "simplex"
    brief: ClassVar[str] = "simplex"
    one: ClassVar[str] = "on the simplex"
    wanted: ClassVar[str] = "{} that are not negative and sum to 1"

    def outside(self, values: Array, theta: Mapping[str, Any] | None = None) -> NDArray[np.bool_]:
        """Return which vectors are outside, the boundary and rounding (to float32) apart."""
        off = ~(np.abs(np.sum(values, axis=-1) - 1.0) <= _ROUNDING)
        return np.asarray(off | np.any(values < 0.0, axis=-1))

    def problem(self, value: Array) -> str:
        """Return the sum, or the entry that is negative."""
        if np.any(value < 0.0):
            return f"entry {int(np.argmin(value))} is {np.min(value):g}"
        return f"the entries sum to {np.sum(value):g}"

    def member(self, numbers: Array) -> Array:
        """Return the softmax."""
        weights = np.exp(numbers - np.max(numbers, axis=-1, keepdims=True))
        return np.asarray(weights / np.sum(weights, axis=-1, keepdims=True))

    def initial(self, shape: tuple[int, ...], default: float) -> Array:
        """Return equal shares."""
        return np.full(shape, 1.0 / shape[-1])

    def projected(self, derivative: Array, value: Array) -> Array:
        """Return the derivative less its mean: steps sum to 0."""
        return np.asarray(derivative - np.mean(derivative, axis=-1, keepdims=True))

    def number(self, at: tuple[int, ...], shape: tuple[int, ...]) -> Number:
        """Return that weights are positive."""
        return Number(POSITIVE, (0.3, 1.0))

    def charted(self, numbers: Array) -> Array:
        """Return weights, divided by their sum."""
        return np.asarray(numbers / np.sum(numbers, axis=-1, keepdims=True))

    def in_numbers(self, derivative: Array, numbers: Array) -> Array:
        """Return derivatives in the weights."""
        total = np.sum(numbers, axis=-1, keepdims=True)
        mean = np.sum(derivative * numbers, axis=-1, keepdims=True) / total
        return np.asarray((derivative - mean) / total)


@dataclass(frozen=True, slots=True)
class CountVector(Region):
    """The vectors of counts, integers from 0 on, with the sum of a parameter of that name, or 1.

    >>> print(CountVector(total="total_count"))
    counts with sum total_count
    """

    low: float | str = 0.0
    high: float | str = math.inf
    total: str = ""
    wanted: ClassVar[str] = "{} that are non-negative integers"

    def __str__(self) -> str:
        return f"counts with sum {self.total or 1}"

    def outside(self, values: Array, theta: Mapping[str, Any] | None = None) -> NDArray[np.bool_]:
        """Return which vectors have another entry, or another sum."""
        total = (theta or {}).get(self.total, 1.0)
        wrong = ~(np.sum(values, axis=-1) == total)
        return np.asarray(wrong | np.any((values < 0.0) | (np.floor(values) != values), axis=-1))

    def initial(self, shape: tuple[int, ...], default: float) -> Array:
        """Return zeros."""
        return np.zeros(shape)


@dataclass(frozen=True, slots=True)
class UnitVector(Region):
    """The vectors of length 1: the sphere."""

    low: float | str = -1.0
    high: float | str = 1.0
    what: ClassVar[str] = "unit vectors"
    brief: ClassVar[str] = "sphere"
    one: ClassVar[str] = "a unit vector"
    wanted: ClassVar[str] = "{} divided by its length"

    def outside(self, values: Array, theta: Mapping[str, Any] | None = None) -> NDArray[np.bool_]:
        """Return which vectors don't have length 1, rounding (to float32) apart."""
        return np.asarray(~(np.abs(np.linalg.norm(values, axis=-1) - 1.0) <= _ROUNDING))

    def problem(self, value: Array) -> str:
        """Return the length."""
        return f"its length is {np.linalg.norm(value):g}"

    def member(self, numbers: Array) -> Array:
        """Return the numbers, divided by their length; the first unit vector if all are 0."""
        most = np.max(np.abs(numbers), axis=-1, keepdims=True)  # squares might under- or overflow
        scaled = numbers / np.where(most == 0.0, 1.0, most)
        return self.retracted(np.where(most == 0.0, self.initial(numbers.shape, 0.0), scaled))

    def initial(self, shape: tuple[int, ...], default: float) -> Array:
        """Return the first unit vector."""
        vector = np.zeros(shape)
        vector[..., 0] = 1.0
        return vector

    def projected(self, derivative: Array, value: Array) -> Array:
        """Return the part that is orthogonal to the vector."""
        along = np.sum(derivative * value, axis=-1, keepdims=True)
        return np.asarray(derivative - along * value)

    def retracted(self, value: Array) -> Array:
        """Return the vector of length 1 in that direction."""
        return np.asarray(value / np.linalg.norm(value, axis=-1, keepdims=True))

    def number(self, at: tuple[int, ...], shape: tuple[int, ...]) -> Number:
        """Return that any numbers stand for their direction."""
        return Number(REAL, (-1.0, 1.0))

    def in_numbers(self, derivative: Array, numbers: Array) -> Array:
        """Return derivatives in a vector of any length."""
        return _along_rows(self, derivative, numbers)


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
        bad = np.array([_bad_minor(matrix) > 0 for matrix in flat], np.bool_)
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
        return np.asarray(indefinite | ~np.all(off <= _ROUNDING, axis=-1))

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
        return np.asarray(LowerTriangular().outside(values) | ~np.all(off <= _ROUNDING, axis=-1))

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
        return _along_rows(self, derivative, _with_first(numbers))


def _along_rows(region: Region, derivative: Array, numbers: Array) -> Array:
    """Return derivatives in vectors of any length from those in their directions."""
    tangent = region.projected(derivative, region.retracted(numbers))
    return np.asarray(tangent / np.linalg.norm(numbers, axis=-1, keepdims=True))


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
