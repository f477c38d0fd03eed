"""The multivariate Student t distribution."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.reparameterized import Marginal
from reparam.distributions.student_t import StudentT
from reparam.domains import REAL
from reparam.engine.noise import NORMAL, UNIFORM
from reparam.engine.outer import Outer
from reparam.families._gamma_draws import log_gamma_draws
from reparam.families.elliptical import Elliptical, conditioned
from reparam.families.entries import Conditionals
from reparam.families.matrices import matrix
from reparam.parameters import Parameter, degrees_of_freedom
from reparam.regions import LowerTriangular, PositiveDefinite
from reparam.special import gamma
from reparam.special._accurate import log1pmx
from reparam.special.log_gamma import log_half_step
from reparam.special.matrices import apply, lower_factor, scalars, transposed
from reparam.special.normal import LOG_TWO_PI
from reparam.special.polygamma import delta_step, digamma_difference

__all__ = ["MultivariateStudentT"]

#: ln of the largest 1/√g that draws are made of.
_FURTHEST = 650.0


class MultivariateStudentT(Conditionals, Elliptical):
    """The multivariate Student t distribution, of vectors.

    y = μ + A z/√g with K standard normal z, A Aᵀ = Σ and ν g chi-square with ν degrees of freedom.
    Pass one of `scale_tril`, which is A, and `scale_matrix`, Σ: the covariance is Σ ν/(ν − 2). The
    derivative in ν is that of g along its quantile path (Figurnov, Mohamed & Mnih 2018). df=inf is
    the Gaussian, and taken as 1e300.
    """

    name = "multivariate-student-t"
    aliases = ("multivariate-t", "mvt")
    df: Parameter = degrees_of_freedom("ν", 5.0, (2.5, 50.0), ("nu", "dof"))
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu",), "Location", dims=("K",))
    scale_tril: Parameter = matrix(
        "L", LowerTriangular(), ("cholesky",), "Cholesky factor of the scale matrix"
    )
    scale_matrix: Parameter = matrix("Σ", PositiveDefinite(), ("shape",), "Scale matrix")
    about = About(
        density="p(y) = Γ((ν + K)/2) (1 + (y − μ)ᵀ Σ⁻¹ (y − μ)/ν)^(−(ν + K)/2)"
        " / (Γ(ν/2) (νπ)^(K/2) √det Σ)",
        transform="y = μ + A z/√g,  z ~ N(0, I),  νg ~ χ²(ν),  A Aᵀ = Σ",
        derivatives={
            "df": "−½ (y − μ) ∂ln g/∂ν",
            "loc": "I",
            "scale_tril": "dy = dL z/√g",
            "scale_matrix": "dy = L Φ(L⁻¹ dΣ L⁻ᵀ) z/√g,  Φ: lower triangle, half of the diagonal",
        },
        source="Murray (2016), Differentiation of the Cholesky decomposition; Figurnov, Mohamed &"
        " Mnih (2018), Implicit reparameterization gradients",
    )
    mechanism = "implicit"
    noise = NORMAL
    path: ClassVar[Literal["map", "field"]] = "field"
    _substreams = (NORMAL, (NORMAL, ()), (UNIFORM, ()))
    _leading = ((), ("K",))
    _alternatives = (("scale_tril", "scale_matrix"),)
    # x = z/√g, and ln of the gamma variate νg/2
    _extras = 2
    _extra_dims = (("K",), ())

    def _of_entries(self, chosen: list[int]) -> MultivariateStudentT:
        df, loc, a, _ = self._ready
        factor = lower_factor(a[..., chosen, :])
        return MultivariateStudentT(df, loc[..., chosen], scale_tril=factor)

    def _given(self, known: list[int], rest: list[int], given: Array) -> MultivariateStudentT:
        df, loc, a, _ = self._ready
        x, mean, factor = conditioned(loc, a, known, rest, given)
        # one degree of freedom more per known entry; the scale grows with their distance from loc
        more = df + len(known)
        grown = np.sqrt((df + np.sum(x * x, axis=-1)) / more)
        return MultivariateStudentT(more, mean, scale_tril=scalars(grown) * factor)

    @staticmethod
    def _transform(
        z: Array, first: Array, second: Array, df: Array, loc: Array, a: Array, b: Array
    ) -> tuple[Array, ...]:
        log_gamma = log_gamma_draws(first, second, 0.5 * df)
        # no further than numbers whose products with A are numbers
        log_scale = np.minimum(-0.5 * (log_gamma - np.log(0.5 * df)), _FURTHEST)
        x = z * np.exp(log_scale)[..., np.newaxis]
        return apply(a, x, loc), x, log_gamma

    @staticmethod
    def _pull(
        upstream: Array, y: Array, x: Array, log_gamma: Array, *theta: Any
    ) -> tuple[Any, ...]:
        df, _, a, _ = theta
        along = np.einsum("...k,...k->...", upstream, apply(a, x))
        return along * _slope(log_gamma, df), upstream, Outer(upstream, x)

    @staticmethod
    def _push(
        tangents: tuple[Any, ...], y: Array, x: Array, log_gamma: Array, *theta: Any
    ) -> Array:
        df, _, a, _ = theta
        in_df = np.asarray(tangents[0] * _slope(log_gamma, df))[..., np.newaxis]
        return np.asarray(tangents[1] + apply(tangents[2], x) + in_df * apply(a, x))

    @classmethod
    def _log_prob(cls, y: Array, df: Array, loc: Array, a: Array, b: Array) -> Array:
        w, k = apply(b, y - loc), y.shape[-1]
        squares = np.einsum("...k,...k->...", w, w)
        level = _log_constant(df, k) - 0.5 * k * LOG_TWO_PI - cls._log_scale(a)
        return np.asarray(level - 0.5 * (df + k) * np.log1p(squares / df))

    @staticmethod
    def _score(y: Array, df: Array, loc: Array, a: Array, b: Array) -> tuple[Array, ...]:
        w, back, k = apply(b, y - loc), transposed(b), y.shape[-1]
        squares = np.einsum("...k,...k->...", w, w)
        ratio = squares / df
        share = 1.0 / (1.0 + df / squares)
        # share + ln(1 − share), which cancels if the share is small, and is rounded if it is near 1
        lost = np.where(ratio < 1.0, log1pmx(-share), share - np.log1p(ratio))
        in_df = _constant_slope(df, k) + 0.5 * (lost + share * k / df)
        weight = ((df + k) / (df + squares))[..., np.newaxis]
        slope = weight * apply(back, w)
        return in_df, slope, slope[..., :, np.newaxis] * w[..., np.newaxis, :] - back

    @staticmethod
    def _stein_score(y: Array, df: Array, loc: Array, a: Array, b: Array) -> Array:
        w = apply(b, y - loc)
        squares = np.einsum("...k,...k->...", w, w)
        weight = ((df + y.shape[-1]) / (df + squares))[..., np.newaxis]
        return np.asarray(-weight * apply(transposed(b), w))

    @staticmethod
    def _mean(df: Array, loc: Array, a: Array, b: Array) -> Array:
        return np.where(np.asarray(df)[..., np.newaxis] > 1.0, loc, np.nan)

    @staticmethod
    def _variance(df: Array, loc: Array, a: Array, b: Array) -> Array:
        return np.asarray(_inflation(df)[..., np.newaxis] * np.sum(a * a, axis=-1))

    @staticmethod
    def _covariance(df: Array, loc: Array, a: Array, b: Array) -> Array:
        squared = a @ transposed(a)
        factor = _inflation(df)[..., np.newaxis, np.newaxis]
        return np.where((squared == 0.0) & np.isinf(factor), np.nan, factor * squared)

    @classmethod
    def _entropy(cls, df: Array, loc: Array, a: Array, b: Array) -> Array:
        k = a.shape[-1]
        level = _log_constant(df, k) - 0.5 * k * LOG_TWO_PI - cls._log_scale(a)
        spread = digamma_difference(0.5 * np.asarray(df), np.asarray(0.5 * k))
        return np.asarray(0.5 * (df + k) * spread - level)

    def _marginals(self, df: Array, loc: Array, given: Array) -> tuple[Marginal, ...]:
        return self._projections(lambda at, width: StudentT(df, at, width), loc)


def _slope(log_gamma: Array, df: Array) -> Array:
    """Return −½ ∂ln g/∂ν, g = 2γ/ν with a gamma variate γ of shape ν/2."""
    return np.asarray(-0.5 * (0.5 * gamma.log_pathwise(log_gamma, 0.5 * df) - 1.0 / df))


def _log_constant(df: Array, k: int) -> Array:
    """Return ln Γ((ν + K)/2) − ln Γ(ν/2) − (K/2) ln(ν/2), in steps that don't cancel."""
    total = log_half_step(0.5 * np.asarray(df)) if k % 2 else np.zeros(np.shape(df))
    for step in range(k % 2, k, 2):
        total = total + np.log1p(step / df)
    return np.asarray(total)


def _constant_slope(df: Array, k: int) -> Array:
    """Return the derivative of that in ν."""
    df = np.asarray(df)
    total = np.zeros(df.shape)
    if k % 2:  # ½ (ψ(α + ½) − ψ(α) − 1/2α), α = ν/2, with δ = ln − ψ
        total = 0.5 * (log1pmx(1.0 / df) + delta_step(0.5 * df, np.asarray(0.5)))
    for step in range(k % 2, k, 2):
        total = total - step / df / (df + step)
    return np.asarray(total)


def _inflation(df: Array) -> Array:
    """Return ν/(ν − 2): infinite for ν from 1 to 2, NaN below."""
    df = np.asarray(df)
    finite = df / np.where(df > 2.0, df - 2.0, np.nan)
    return np.where(df > 2.0, finite, np.where(df > 1.0, np.inf, np.nan))
