"""The Nakagami distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.positive import Scaled
from reparam.base.tails import Tail
from reparam.conversions import ROOT
from reparam.domains import POSITIVE
from reparam.engine.noise import NORMAL, UNIFORM
from reparam.families import gamma_draws
from reparam.parameters import Parameter
from reparam.special import gamma, nakagami
from reparam.special.log_gamma import log_half_step
from reparam.special.polygamma import delta

__all__ = ["Nakagami"]


class Nakagami(Scaled):
    """The Nakagami distribution: of s √(x/m) with x ~ Gamma(m), so that E[y²] = s².

    p(y) = 2 m^m z^(2m−1) exp(−m z²)/(Γ(m) s) for y > 0, with z = y/s: Rayleigh's for m = 1,
    half-normal for m = ½.
    """

    name = "nakagami"
    concentration: Parameter = Parameter(
        "m", POSITIVE, 1.0, (0.2, 100.0), ("m", "nu", "shape"), "Shape"
    )
    scale: Parameter = Parameter(
        "s",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("s",),
        "Scale: root of the mean square",
        conversions={"spread": ROOT, "omega": ROOT},
    )
    about = About(
        density="p(y) = 2 m^m z^(2m−1) exp(−m z²) / (Γ(m) s),  z = y/s",
        transform="y = s √(x/m),  x = P⁻¹(m, u),  P the regularized incomplete gamma function",
        derivatives={
            "concentration": "−½ (y/x) (∂P(m, x)/∂m) / p(x) − y / 2m",
            "scale": "y / s",
        },
        source="Nakagami (1960), The m-distribution, a general formula of intensity distribution of"
        " rapid fading",
        scipy="nakagami(concentration, scale=scale)",
    )
    _tails = (Tail(power="2*concentration"), Tail(growth="2"))

    path = "field"
    _substreams = (NORMAL, UNIFORM)

    @staticmethod
    def _standard_sampler(z: Array, u: Array, m: Array) -> Array:
        return _root(*gamma_draws(z, u, m), m)

    @staticmethod
    def _standard_quantile(u: Array, v: Array, m: Array) -> Array:
        return _root(*gamma.quantile_logs(u, v, m), m)

    @staticmethod
    def _standard_pathwise(z: Array, m: Array) -> tuple[Array, ...]:
        return (
            np.where(z == 0.0, 0.0, 0.5 * z * nakagami.log_pathwise(z * z, 2.0 * np.log(z), m)),
        )

    @staticmethod
    def _standard_cdf(z: Array, m: Array) -> Array:
        return np.asarray(gamma.log_point_cdf(*_base(z, m), m))

    @staticmethod
    def _standard_sf(z: Array, m: Array) -> Array:
        return np.asarray(gamma.log_point_sf(*_base(z, m), m))

    @staticmethod
    def _standard_log_cdf(z: Array, m: Array) -> Array:
        return np.asarray(gamma.log_cdf(*_base(z, m), m))

    @staticmethod
    def _standard_log_sf(z: Array, m: Array) -> Array:
        return np.asarray(gamma.log_sf(*_base(z, m), m))

    @staticmethod
    def _standard_log_prob(z: Array, m: Array) -> Array:
        from scipy.special import gammaln, xlogy

        x, _ = _base(z, m)
        inner = gamma.log_weight(x, m) + math.log(2.0) - np.log(z)
        near_zero = m * np.log(m) - gammaln(m) + math.log(2.0) + xlogy(2.0 * m - 1.0, z)
        return np.select([x < 1e-290, x == np.inf], [near_zero, -np.inf], inner)

    @staticmethod
    def _standard_slope(z: Array, m: Array) -> Array:
        rising = 2.0 * m - 1.0
        return np.where(rising == 0.0, 0.0, rising / z) - 2.0 * m * z

    @staticmethod
    def _standard_shape_score(z: Array, m: Array) -> tuple[Array, ...]:
        return (delta(m) - nakagami.square_excess(z),)

    @staticmethod
    def _standard_excess(z: Array, m: Array) -> Array:
        return 2.0 * m * ((1.0 - z) * (1.0 + z))

    @staticmethod
    def _standard_moments(m: Array) -> tuple[Array, Array, Array]:
        log = log_half_step(m)
        entropy = np.asarray(gamma.log_entropy(m)) - math.log(2.0) - 0.5 * delta(m)
        return np.exp(log), -np.expm1(2.0 * log), entropy


def _root(x: Array, log_x: Array, m: Array) -> Array:
    """Return √(x/m), also where x or m underflows."""
    normal = (x > 1e-290) & (m > 1e-290)
    return np.where(normal, np.sqrt(x / m), np.exp(0.5 * (log_x - np.log(m))))


def _base(z: Array, m: Array) -> tuple[Array, Array]:
    """Return x = m z² and ln x."""
    x = m * z * z
    logs = np.log(m) + 2.0 * np.log(z)
    return x, np.where((x > 1e-290) & (x < np.inf), np.log(x), logs)
