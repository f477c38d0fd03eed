"""The Maxwell distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.positive import Scaled
from reparam.base.tails import Tail
from reparam.conversions import times
from reparam.domains import POSITIVE
from reparam.parameters import Parameter
from reparam.special import gamma as of_gamma
from reparam.special.normal import HALF_LOG_TWO_PI

__all__ = ["Maxwell"]

_FACTOR = math.sqrt(2.0 / math.pi)
_LOG_FACTOR = 0.5 * math.log(2.0 / math.pi)
_MEAN = math.sqrt(8.0 / math.pi)
_VARIANCE = 3.0 - 8.0 / math.pi
#: The cdf is a series up to here, F = 0.46, and 1 less the upper tail above.
_MIDDLE = 1.5
#: How many terms of it there are: the last one is below 1e-20 of the sum at 1.5.
_TERMS = 20


class Maxwell(Scaled):
    """The Maxwell (or Maxwell-Boltzmann) distribution: of the length of three Gaussians around 0.

    p(y) = √(2/π) y² exp(−y²/2σ²)/σ³ for y > 0: y = σ √(2x), x ~ Gamma(3/2). σ is the standard
    deviation of these Gaussians, not of y.
    """

    name = "maxwell"
    aliases = ("maxwell-boltzmann",)
    scale: Parameter = Parameter(
        "σ",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("sigma", "a"),
        "Scale",
        conversions={
            "mean": times(1.0 / _MEAN, "/sqrt(8/pi)"),
            "std": times(1.0 / math.sqrt(_VARIANCE), "/sqrt(3 - 8/pi)"),
        },
    )
    about = About(
        density="p(y) = √(2/π) y² exp(−y² / 2σ²) / σ³",
        transform="y = σ √(2 P⁻¹(3/2, u)),  P the regularized incomplete gamma function",
        derivatives={"scale": "y / σ"},
        source="Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions, ch. 18",
        scipy="maxwell(scale=scale)",
    )
    _tails = (Tail(power="3"), Tail(growth="2"))

    @staticmethod
    def _standard_quantile(u: Array, v: Array) -> Array:
        # from the gamma quantile, whose logarithm loses digits far out, by one step of Newton's
        log_x = of_gamma.quantile_logs(u, v, np.full_like(u, 1.5))[1]
        z = np.exp(0.5 * (log_x + math.log(2.0)))
        excess = np.where(u < v, Maxwell._standard_cdf(z) - u, v - Maxwell._standard_sf(z))
        step = excess / np.exp(Maxwell._standard_log_prob(z))
        return np.where(np.abs(step) < 1e-6 * z, z - step, z)

    @staticmethod
    def _standard_cdf(z: Array) -> Array:
        near = np.minimum(z, _MIDDLE)
        lower = near * near * near * (_FACTOR / 3.0) * _series(near)
        return np.where(z < _MIDDLE, lower, 1.0 - Maxwell._standard_sf(z))

    @staticmethod
    def _standard_sf(z: Array) -> Array:
        from scipy.special import erfc

        return np.asarray(
            erfc(math.sqrt(0.5) * z) + _FACTOR * np.minimum(z, 1e9) * np.exp(-0.5 * z * z)
        )

    @staticmethod
    def _standard_log_cdf(z: Array) -> Array:
        near = np.minimum(z, _MIDDLE)
        log_series = np.log(_series(near)) + (_LOG_FACTOR - math.log(3.0))
        lower = 3.0 * np.log(near) + log_series
        return np.where(z < _MIDDLE, lower, np.log1p(-Maxwell._standard_sf(z)))

    @staticmethod
    def _standard_log_sf(z: Array) -> Array:
        from scipy.special import erfcx

        far = np.log(erfcx(math.sqrt(0.5) * z) + _FACTOR * z) - 0.5 * z * z
        return np.where(z < _MIDDLE, np.log1p(-Maxwell._standard_cdf(z)), far)

    @staticmethod
    def _standard_log_prob(z: Array) -> Array:
        z = np.minimum(z, 1e200)  # where it is infinite, its logarithm is, too
        return _LOG_FACTOR + 2.0 * np.log(z) - 0.5 * z * z

    @staticmethod
    def _standard_slope(z: Array) -> Array:
        return 2.0 / z - z

    @staticmethod
    def _standard_excess(z: Array) -> Array:
        return 3.0 - z * z

    @staticmethod
    def _standard_moments() -> tuple[float, float, float]:
        return _MEAN, _VARIANCE, np.euler_gamma + HALF_LOG_TWO_PI - 0.5


def _series(z: Array) -> Array:
    """Return F(z)/(z³ √(2/π)/3) = e^(−z²/2) (1 + z²/5 + z⁴/(5·7) + …)."""
    square = z * z
    total = np.ones_like(z)
    for n in range(_TERMS, 0, -1):
        total = 1.0 + total * square / (2 * n + 3)
    return total * np.exp(-0.5 * square)
