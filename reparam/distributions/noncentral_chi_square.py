"""The noncentral chi-square distribution."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import Implicit
from reparam.base.tails import Tail
from reparam.distributions.poisson import Poisson
from reparam.domains import POSITIVE
from reparam.engine.noise import NORMAL, UNIFORM, Noise
from reparam.families import gamma_draws
from reparam.parameters import Parameter
from reparam.special import noncentral as special

__all__ = ["NoncentralChiSquare"]


class NoncentralChiSquare(Implicit):
    """The noncentral χ² distribution: of a sum of squares of ν Gaussians whose means are not 0.

    p(y) = ½ e^(−(y+λ)/2) (y/λ)^((μ−1)/2) I_(μ−1)(√(λy)) with μ = ν/2 and λ the sum of the squared
    means: of x ~ χ²(ν + 2N) with Poisson N of mean λ/2, so that ν need not be an integer.
    """

    name = "noncentral-chi-square"
    aliases = ("noncentral-chi2", "ncx2")
    df: Parameter = Parameter("ν", POSITIVE, 2.0, (0.5, 10.0), ("nu", "k"), "Degrees of freedom")
    noncentrality: Parameter = Parameter(
        "λ", POSITIVE, 1.0, (0.2, 10.0), ("nc", "lam", "lambda"), "Noncentrality"
    )
    about = About(
        density="p(y) = ½ exp(−(y + λ)/2) (y/λ)^((μ−1)/2) I_(μ−1)(√(λ y)),  μ = ν/2",
        transform="y = F⁻¹(u; ν, λ)",
        derivatives={
            "df": "−(∂F/∂ν) / p(y),  one contour integral over another",
            "noncentrality": "√(y/λ) I_μ(√(λ y)) / I_(μ−1)(√(λ y))",
        },
        source="Gil, Segura & Temme (2014), Algorithm 939: computation of the Marcum Q-function",
        scipy="ncx2(df, noncentrality)",
    )
    _support = POSITIVE
    _tails = (Tail(power="df/2"), Tail(growth="1"))
    path = "field"
    _substreams: ClassVar[tuple[Noise, ...]] = (UNIFORM, NORMAL, UNIFORM)

    @staticmethod
    def _sampler(
        w: Array, z: Array, u: Array, df: Array, noncentrality: Array
    ) -> tuple[Array, ...]:
        more = Poisson._quantile(w, 1.0 - w, 0.5 * noncentrality)
        x, _ = gamma_draws(z, u, 0.5 * df + more)
        return (2.0 * x,)

    @staticmethod
    def _icdf(u: Array, df: Array, noncentrality: Array) -> Array:
        return np.asarray(special.quantile(u, 1.0 - u, noncentrality, 0.5 * df))

    @staticmethod
    def _isf(v: Array, df: Array, noncentrality: Array) -> Array:
        return np.asarray(special.quantile(1.0 - v, v, noncentrality, 0.5 * df))

    @staticmethod
    def _pathwise(y: Array, df: Array, noncentrality: Array) -> tuple[Array, ...]:
        in_noncentrality, in_df = special.means(y, noncentrality, 0.5 * df)
        return in_df, in_noncentrality

    @staticmethod
    def _cdf(y: Array, df: Array, noncentrality: Array) -> Array:
        return np.exp(NoncentralChiSquare._log_cdf(y, df, noncentrality))

    @staticmethod
    def _sf(y: Array, df: Array, noncentrality: Array) -> Array:
        return np.exp(NoncentralChiSquare._log_sf(y, df, noncentrality))

    @staticmethod
    def _log_cdf(y: Array, df: Array, noncentrality: Array) -> Array:
        return np.asarray(special.log_tail(y, noncentrality, 0.5 * df, 0.0))

    @staticmethod
    def _log_sf(y: Array, df: Array, noncentrality: Array) -> Array:
        return np.asarray(special.log_tail(y, noncentrality, 0.5 * df, 1.0))

    @staticmethod
    def _log_prob(y: Array, df: Array, noncentrality: Array) -> Array:
        return np.asarray(special.log_density(y, noncentrality, 0.5 * df))

    @staticmethod
    def _stein_score(y: Array, df: Array, noncentrality: Array) -> Array:
        inside = np.clip(y, 1e-300, 1e300)
        slope = special.ratio(inside, noncentrality, 0.5 * df) / inside
        power = np.where(df == 2.0, 0.0, (0.5 * df - 1.0) / y)
        return np.asarray(power + 0.5 * (noncentrality * slope - 1.0))

    @staticmethod
    def _score(y: Array, df: Array, noncentrality: Array) -> tuple[Array, ...]:
        in_noncentrality, in_df = special.scores(y, noncentrality, 0.5 * df)
        return in_df, in_noncentrality

    @staticmethod
    def _mean(df: Array, noncentrality: Array) -> Array:
        return df + noncentrality

    @staticmethod
    def _variance(df: Array, noncentrality: Array) -> Array:
        return 2.0 * df + 4.0 * noncentrality
