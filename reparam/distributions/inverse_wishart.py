"""The inverse Wishart distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
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

__all__ = ["InverseWishart"]


class InverseWishart(Marginals, BartlettFamily):
    """The inverse Wishart distribution, of symmetric positive definite matrices.

    It is that of y = x⁻¹ with x ~ Wishart(ν, Ψ⁻¹), ν > d − 1:
    p(y) = det(Ψ)^(ν/2) det(y)^(−(ν+d+1)/2) exp(−tr(Ψ y⁻¹)/2) / (2^(νd/2) Γ_d(ν/2)). The scale is
    Ψ = L Lᵀ, given as `scale_tril` or as `scale`.
    """

    name = "inverse-wishart"
    aliases = ("invwishart",)
    df: Parameter = Parameter(
        "ν", POSITIVE, 7.0, (7.0, 40.0), ("nu", "dof", "degrees_of_freedom"), "Degrees of freedom"
    )
    scale_tril: Parameter = matrix(
        "L", LowerTriangular(), (), "Cholesky factor of the scale, d × d,"
    )
    scale: Parameter = matrix("Ψ", PositiveDefinite(), ("psi", "scale_matrix"), "Scale, d × d,")
    about = About(
        density="p(y) = |Ψ|^(ν/2) |y|^(−(ν+d+1)/2) exp(−tr(Ψ y⁻¹)/2) / (2^(νd/2) Γ_d(ν/2)),"
        "  Ψ = L Lᵀ",
        transform="y = T Tᵀ,  T = L A⁻¹,  A lower triangular,  a_ij ~ N(0, 1),"
        "  a_ii² ~ χ²(ν − d + i)",
        derivatives={
            "df": "∂T Tᵀ + T ∂Tᵀ,  ∂T = −T A′ A⁻¹,  A′ diagonal,  a′_ii = (∂a_ii²/∂ν) / (2 a_ii)",
            "scale_tril": "E A⁻¹ Tᵀ + T A⁻ᵀ Eᵀ for each unit matrix E = ∂L",
            "scale": "by ∂L = L Φ(L⁻¹ ∂Ψ L⁻ᵀ),  Φ the lower triangle with halved diagonal",
        },
        source="Smith & Hocking (1972), Algorithm AS 53: Wishart variate generator;"
        " Murray (2016), Differentiation of the Cholesky decomposition",
    )
    _ascending = True
    _alternatives = (("scale_tril", "scale"),)

    def _of_entries(self, chosen: list[int]) -> InverseWishart:
        df, tril = self._ready
        others = tril.shape[-1] - len(chosen)
        return InverseWishart(df - others, scale_tril=lower_factor(tril[..., chosen, :]))

    @staticmethod
    def _right(a: Array) -> Array:
        # tiny a_ii make one column of the inverse huge, and no differences of infinities
        return inverse(a)

    @staticmethod
    def _left_speeds(a: Array, t: Array, tril: Array) -> Array:
        return -t

    @staticmethod
    def _times_speeds(x: Array, a: Array, m: Array) -> Array:
        return multiplied(x, transposed(m) * diagonal(a)[..., np.newaxis, :])

    @staticmethod
    def _standard(t: Array, tril: Array) -> Array:
        return solve(t, tril)

    @staticmethod
    def _powers(d: int) -> Array:
        return 2.0 * d - np.arange(float(d))

    @staticmethod
    def _score_in_tril(a: Array, df: Array, tril: Array) -> Array:
        excess = multiplied(transposed(a), a) - scalars(df) * np.eye(a.shape[-1])
        return -solve_transposed(tril, excess)

    def _stein_score(self, y: Array, df: Array, tril: Array) -> Array:
        """(y⁻¹ Ψ y⁻¹ − (ν + d + 1) y⁻¹)/2: symmetric, as a derivative in a symmetric matrix."""
        of_value = inverse(cholesky(y))
        standard = multiplied(transposed(of_value), multiplied(of_value, tril))
        precision = multiplied(transposed(of_value), of_value)
        power = scalars(df + y.shape[-1] + 1.0)
        return np.asarray(0.5 * (multiplied(standard, transposed(standard)) - power * precision))

    def _mean(self, df: Array, tril: Array) -> Array:
        d = tril.shape[-1]
        more = scalars(df - d - 1.0)
        infinite = np.where(np.eye(d, dtype=bool), np.inf, np.nan)
        return np.where(more > 0.0, tril @ transposed(tril) / more, infinite)

    def _variance(self, df: Array, tril: Array) -> Array:
        whole, more = tril @ transposed(tril), scalars(df - tril.shape[-1] - 1.0)
        own = diagonal(whole)
        both = own[..., :, np.newaxis] * own[..., np.newaxis, :]
        both = whole * whole * ((more + 2.0) / more) + both
        variance = both / ((more + 1.0) * more * (more - 2.0))
        return np.select([more > 2.0, more > 0.0], [variance, np.inf], np.nan)

    def _covariance(self, df: Array, tril: Array) -> Array:
        whole, more = tril @ transposed(tril), scalars(scalars(df - tril.shape[-1] - 1.0))
        straight, crossed = pairs(whole)
        both = whole[..., :, :, np.newaxis, np.newaxis] * whole[..., np.newaxis, np.newaxis, :, :]
        terms = both * (2.0 / more) + straight + crossed
        finite = terms / ((more + 1.0) * more * (more - 2.0))
        d = whole.shape[-1]
        own = np.eye(d * d, dtype=bool).reshape(d, d, d, d)
        infinite = np.where(own & (more > 0.0), np.inf, np.nan)
        return np.where(more > 2.0, finite, infinite)
