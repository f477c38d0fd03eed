"""The matrix Gaussian distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.reparameterized import Reparameterized
from reparam.domains import REAL, Interval
from reparam.engine.noise import NORMAL
from reparam.families.elliptical import Elliptical
from reparam.families.entries import places
from reparam.families.matrices import matrix
from reparam.parameters import Parameter
from reparam.regions import LowerTriangular, RealMatrix
from reparam.special.matrices import inverse, lower_factor, transposed
from reparam.special.normal import LOG_TWO_PI

__all__ = ["MatrixGaussian"]


class MatrixGaussian(Reparameterized):
    """The matrix Gaussian (normal) distribution, of N × K matrices.

    Y = M + A Z Bᵀ with standard normal Z: rows have the covariance A Aᵀ, columns B Bᵀ.
    """

    name = "matrix-gaussian"
    aliases = ("matrix-normal",)
    loc: Parameter = Parameter("M", REAL, 0.0, (-3.0, 3.0), ("mu", "mean"), "Mean", dims=("N", "K"))
    scale_tril_row: Parameter = matrix(
        "A",
        LowerTriangular(),
        ("row_factor",),
        "Cholesky factor of the covariance of rows",
        dims=("N", "N"),
    )
    scale_tril_column: Parameter = matrix(
        "B", LowerTriangular(), ("column_factor",), "Cholesky factor of the covariance of columns"
    )
    about = About(
        density="p(Y) = exp(−½ ‖A⁻¹ (Y − M) B⁻ᵀ‖²) / ((2π)^(NK/2) det(A)^K det(B)^N)",
        transform="Y = M + A Z Bᵀ,  Z ~ N(0, I)",
        derivatives={
            "loc": "I",
            "scale_tril_row": "dY = dA Z Bᵀ",
            "scale_tril_column": "dY = A Z dBᵀ",
        },
        source="Gupta & Nagar (1999), Matrix variate distributions, chapter 2",
    )
    mechanism = "location-scale"
    noise = NORMAL
    _support: ClassVar[Interval] = RealMatrix()
    _extras = 1  # Z
    _prepared_dims = (("N", "K"), ("N", "N"), ("K", "K"), ("N", "N"), ("K", "K"))
    _functions_of_others = 2

    def marginal(self, rows: Sequence[int], columns: Sequence[int]) -> MatrixGaussian:
        """Return the distribution of some rows and columns.

        Parameters
        ----------
        rows, columns
            Which, in any order.

        Examples
        --------
        >>> import reparam as rp
        >>> d = rp.MatrixGaussian([[0.0, 1.0]], [[2.0]], [[1.0, 0.0], [3.0, 4.0]])
        >>> d.marginal([0], [1])
        MatrixGaussian(loc=[[1.0]], scale_tril_row=[[2.0]], scale_tril_column=[[5.0]])
        """
        first, second = places(self, rows), places(self, columns, axis=1)
        loc, a, b = (np.asarray(each) for each in self._theta)
        factors = lower_factor(a[..., first, :]), lower_factor(b[..., second, :])
        return MatrixGaussian(loc[..., first, :][..., second], *factors)

    def _prepared(self, *theta: Any) -> tuple[Array, ...]:
        return (*theta, inverse(theta[1]), inverse(theta[2]))

    def _pulled_back(self, entries: Sequence[Array], *theta_and_prepared: Any) -> tuple[Any, ...]:
        return entries[0], np.tril(entries[1]), np.tril(entries[2])

    def _pushed_on(self, tangents: Sequence[Array], *theta_and_prepared: Any) -> tuple[Any, ...]:
        return tangents[0], np.tril(tangents[1]), np.tril(tangents[2])

    @staticmethod
    def _transform(z: Array, loc: Array, a: Array, b: Array, *_: Any) -> tuple[Array, ...]:
        return loc + _product(a, z, transposed(b)), z

    @staticmethod
    def _pull(upstream: Array, y: Array, z: Array, *theta: Any) -> tuple[Any, ...]:
        _, a, b, *_ = theta
        rows = _product(upstream, b, transposed(z))
        return upstream, rows, _product(transposed(upstream), a, z)

    @staticmethod
    def _push(tangents: tuple[Any, ...], y: Array, z: Array, *theta: Any) -> Array:
        _, a, b, *_ = theta
        moved = _product(tangents[1], z, transposed(b)) + _product(a, z, transposed(tangents[2]))
        return np.asarray(tangents[0] + moved)

    @staticmethod
    def _pull_along(
        upstream: Array, tangents: Any, y: Array, z: Array, *theta: Any
    ) -> tuple[Any, ...]:
        _, in_rows, in_columns = tangents
        rows = _product(upstream, in_columns, transposed(z))
        return np.zeros_like(z), rows, _product(transposed(upstream), in_rows, z)

    @staticmethod
    def _log_prob(y: Array, *theta: Any) -> Array:
        w = _whitened(y, *theta)
        return np.asarray(-0.5 * np.sum(w * w, axis=(-2, -1)) - _level(*theta))

    @staticmethod
    def _score(y: Array, *theta: Any) -> tuple[Array, ...]:
        w = _whitened(y, *theta)
        back, across = transposed(theta[3]), transposed(theta[4])
        slope = _product(back, w, theta[4])
        n, k = y.shape[-2:]
        in_rows = _product(back, w, transposed(w)) - k * back
        in_columns = _product(across, transposed(w), w) - n * across
        return slope, in_rows, in_columns

    @staticmethod
    def _stein_score(y: Array, *theta: Any) -> Array:
        return -_product(transposed(theta[3]), _whitened(y, *theta), theta[4])

    @staticmethod
    def _mean(*theta: Any) -> Array:
        return np.asarray(theta[0])

    @staticmethod
    def _variance(loc: Array, a: Array, b: Array, *_: Any) -> Array:
        rows, columns = (np.sum(each * each, axis=-1) for each in (a, b))
        return np.asarray(rows[..., :, np.newaxis] * columns[..., np.newaxis, :])

    @staticmethod
    def _covariance(loc: Array, a: Array, b: Array, *_: Any) -> Array:
        rows, columns = (each @ transposed(each) for each in (a, b))
        return np.asarray(np.einsum("...ik,...jl->...ijkl", rows, columns))

    @staticmethod
    def _entropy(*theta: Any) -> Array:
        size = math.prod(theta[0].shape[-2:])
        return np.asarray(0.5 * size + _level(*theta))


def _product(first: Array, second: Array, third: Array) -> Array:
    """Return the product of three matrices, in one order for any number of rows."""
    inner = np.einsum("...ij,...jk->...ik", first, second)
    return np.asarray(np.einsum("...ij,...jk->...ik", inner, third))


def _whitened(y: Array, *theta: Any) -> Array:
    """Return A⁻¹ (Y − M) B⁻ᵀ."""
    return _product(theta[3], y - theta[0], transposed(theta[4]))


def _level(*theta: Any) -> Array:
    """Return −ln p at M."""
    loc, a, b, *_ = theta
    n, k = loc.shape[-2:]
    scales = k * Elliptical._log_scale(a) + n * Elliptical._log_scale(b)
    return np.asarray(0.5 * n * k * LOG_TWO_PI + scales)
