"""The Wishart distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.conversions import INVERSE
from reparam.domains import POSITIVE
from reparam.families import BartlettFamily
from reparam.families.entries import Marginals
from reparam.families.matrices import matrix
from reparam.parameters import Parameter
from reparam.regions import LowerTriangular, PositiveDefinite
from reparam.special.matrices import (
    cholesky,
    diagonal,
    inverse,
    lower_factor,
    multiplied,
    pairs,
    scalars,
    solve,
    solve_transposed,
    transposed,
)

__all__ = ["Wishart"]


class Wishart(Marginals, BartlettFamily):
    """The Wishart distribution, of symmetric positive definite matrices.

    It is that of the sum Σ x xᵀ of ν independent vectors x ~ N(0, V), if ν is an integer:
    p(y) = det(y)^((ν−d−1)/2) exp(−tr(V⁻¹y)/2) / (2^(νd/2) det(V)^(ν/2) Γ_d(ν/2)), with any
    ν > d − 1.
    The scale is V = L Lᵀ, given as `scale_tril` or as
    `covariance_matrix`, that of x.
    """

    name = "wishart"
    df: Parameter = Parameter(
        "ν",
        POSITIVE,
        3.0,
        (3.0, 30.0),
        ("nu", "dof", "degrees_of_freedom", "concentration"),
        "Degrees of freedom",
    )
    scale_tril: Parameter = matrix(
        "L", LowerTriangular(), (), "Cholesky factor of the scale, d × d,"
    )
    covariance_matrix: Parameter = matrix(
        *("V", PositiveDefinite(), ("scale_matrix",), "Scale, d × d,"),
        conversions={"rate_matrix": INVERSE, "precision_matrix": INVERSE},
    )
    about = About(
        density="p(y) = |y|^((ν−d−1)/2) exp(−tr(V⁻¹y)/2) / (2^(νd/2) |V|^(ν/2) Γ_d(ν/2)),"
        "  V = L Lᵀ",
        transform="y = L A Aᵀ Lᵀ,  A lower triangular,  a_ij ~ N(0, 1),  a_ii² ~ χ²(ν − i + 1)",
        derivatives={
            "df": "L (A′Aᵀ + A A′ᵀ) Lᵀ,  A′ diagonal,  a′_ii = (∂a_ii²/∂ν) / (2 a_ii)",
            "scale_tril": "E A Aᵀ Lᵀ + L A Aᵀ Eᵀ for each unit matrix E = ∂L",
            "covariance_matrix": "by ∂L = L Φ(L⁻¹ ∂V L⁻ᵀ),  Φ: lower triangle, diagonal halved",
        },
        source="Bartlett (1933), On the theory of statistical regression;"
        " Smith & Hocking (1972), Algorithm AS 53; Murray (2016), Differentiation of the Cholesky"
        " decomposition",
    )
    _ascending = False

    def _of_entries(self, chosen: list[int]) -> Wishart:
        df, tril = self._ready
        return Wishart(df, scale_tril=lower_factor(tril[..., chosen, :]))

    @staticmethod
    def _right(a: Array) -> Array:
        return a

    @staticmethod
    def _left_speeds(a: Array, t: Array, tril: Array) -> Array:
        return tril * diagonal(a)[..., np.newaxis, :]

    @staticmethod
    def _times_speeds(x: Array, a: Array, m: Array) -> Array:
        return x

    @staticmethod
    def _standard(t: Array, tril: Array) -> Array:
        return solve(tril, t)

    @staticmethod
    def _powers(d: int) -> Array:
        return np.arange(float(d)) - (d + 1.0)

    @staticmethod
    def _score_in_tril(a: Array, df: Array, tril: Array) -> Array:
        excess = multiplied(a, transposed(a)) - scalars(df) * np.eye(a.shape[-1])
        return solve_transposed(tril, excess)

    def _stein_score(self, y: Array, df: Array, tril: Array) -> Array:
        """((ν − d − 1) y⁻¹ − V⁻¹)/2: symmetric, as a derivative in a symmetric matrix."""
        of_value, of_scale = inverse(cholesky(y)), inverse(tril)
        precision = multiplied(transposed(of_scale), of_scale)
        power = scalars(df - y.shape[-1] - 1.0)
        own = multiplied(transposed(of_value), of_value)
        return np.asarray(0.5 * (power * own - precision))

    def _mean(self, df: Array, tril: Array) -> Array:
        return np.asarray(scalars(df) * tril @ transposed(tril))

    def _variance(self, df: Array, tril: Array) -> Array:
        whole = tril @ transposed(tril)
        own = diagonal(whole)
        both = own[..., :, np.newaxis] * own[..., np.newaxis, :]
        return np.asarray(scalars(df) * (whole * whole + both))

    def _covariance(self, df: Array, tril: Array) -> Array:
        straight, crossed = pairs(tril @ transposed(tril))
        return np.asarray(scalars(scalars(df)) * (straight + crossed))
