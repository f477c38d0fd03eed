"""The exp-gamma (log-gamma) distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import LocationScale
from reparam.base.tails import Tail
from reparam.conversions import Conversion, times
from reparam.domains import POSITIVE, REAL
from reparam.engine.noise import NORMAL, UNIFORM
from reparam.families import log_gamma_draws
from reparam.parameters import Parameter
from reparam.special import gamma
from reparam.special._accurate import LARGEST

__all__ = ["ExpGamma"]

#: Below it e^z underflows, and ln p(z) is αz − ln Γ(α).
_TINY = -600.0


class ExpGamma(LocationScale):
    """The exp-gamma (log-gamma) distribution: of ln x with x ~ Gamma(α), moved and scaled.

    p(y) = exp(αz − e^z)/(Γ(α) σ) with z = (y − μ)/σ: α = 1 is Gumbel's distribution of minima. No
    draw underflows, however small the shape. With σ = 1, e^y has the rate e^−μ.
    """

    name = "exp-gamma"
    aliases = ("log-gamma",)
    concentration: Parameter = Parameter(
        "α", POSITIVE, 1.0, (0.1, 100.0), ("alpha", "c", "shape"), "Shape"
    )
    loc: Parameter = Parameter(
        "μ",
        REAL,
        0.0,
        (-3.0, 3.0),
        ("mu",),
        "Location",
        conversions={
            "log_rate": times(-1.0, "*(-1)"),
            "rate": Conversion("-log({0})", lambda rate: -np.log(rate)),
        },
    )
    scale: Parameter = Parameter("σ", POSITIVE, 1.0, (0.1, 10.0), ("sigma",), "Scale")
    about = About(
        density="p(y) = exp(αz − e^z) / (Γ(α) σ),  z = (y − μ)/σ",
        transform="y = μ + σ z,  z = log P⁻¹(α, u),  P the regularized incomplete gamma function",
        derivatives={"concentration": "−σ (∂P(α, e^z)/∂α) / p(z)", "loc": "1", "scale": "z"},
        source="Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions, ch. 17",
        scipy="loggamma(concentration, loc, scale)",
    )
    _tails = (Tail(growth="1"), Tail(growth="inf"))
    path = "field"
    _substreams = (NORMAL, UNIFORM)

    @staticmethod
    def _standard_sampler(z: Array, u: Array, concentration: Array) -> tuple[Array, ...]:
        return (log_gamma_draws(z, u, concentration),)

    @staticmethod
    def _standard_icdf(u: Array, concentration: Array) -> Array:
        return gamma.quantile_logs(u, 1.0 - u, concentration)[1]

    @staticmethod
    def _standard_isf(v: Array, concentration: Array) -> Array:
        return gamma.quantile_logs(1.0 - v, v, concentration)[1]

    @staticmethod
    def _standard_pathwise(z: Array, concentration: Array) -> tuple[Array, ...]:
        return (gamma.log_pathwise(np.clip(z, -LARGEST, 709.0), concentration),)

    @staticmethod
    def _standard_cdf(z: Array, concentration: Array) -> Array:
        return np.asarray(gamma.log_point_cdf(np.exp(z), z, concentration))

    @staticmethod
    def _standard_sf(z: Array, concentration: Array) -> Array:
        return np.asarray(gamma.log_point_sf(np.exp(z), z, concentration))

    @staticmethod
    def _standard_log_cdf(z: Array, concentration: Array) -> Array:
        return np.asarray(gamma.log_cdf(np.exp(z), z, concentration))

    @staticmethod
    def _standard_log_sf(z: Array, concentration: Array) -> Array:
        return np.asarray(gamma.log_sf(np.exp(z), z, concentration))

    @staticmethod
    def _standard_log_prob(z: Array, concentration: Array) -> Array:
        from scipy.special import gammaln

        inner = gamma.log_weight(np.exp(np.clip(z, _TINY, 709.0)), concentration)
        far = concentration * z - gammaln(concentration)
        return np.select([z < _TINY, z > 709.0], [far, -np.exp(z)], inner)

    @staticmethod
    def _standard_score(z: Array, concentration: Array) -> tuple[Array, ...]:
        x = np.exp(z)
        return concentration - x, np.asarray(gamma.centred_log(x, z, concentration))

    @staticmethod
    def _standard_moments(concentration: Array) -> tuple[Array, Array, Array]:
        from scipy.special import digamma, polygamma

        return (
            digamma(concentration),
            polygamma(1, concentration),
            np.asarray(gamma.log_entropy(concentration)),
        )
