"""The Gaussian (normal) distribution."""

from __future__ import annotations

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import LocationScale
from reparam.base.tails import Tail
from reparam.conversions import RECIPROCAL_ROOT, ROOT
from reparam.domains import POSITIVE, REAL
from reparam.engine.noise import NORMAL
from reparam.parameters import Parameter
from reparam.special import normal
from reparam.special.normal import HALF_LOG_TWO_PI

__all__ = ["Gaussian"]


class Gaussian(LocationScale):
    """The Gaussian (normal) distribution.

    p(y) = exp(−z²/2) / (σ√(2π)) with z = (y − μ)/σ, reparameterized as y = μ + σ z with standard
    normal z (Kingma & Welling 2014, "Auto-encoding variational Bayes", section 2.4).
    """

    name = "gaussian"
    aliases = ("normal", "norm")
    noise = NORMAL
    _symmetric = True
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu", "mean"), "Mean")
    scale: Parameter = Parameter(
        "σ",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("sigma", "std"),
        "Standard deviation",
        conversions={"variance": ROOT, "var": ROOT, "precision": RECIPROCAL_ROOT},
    )
    about = About(
        density="p(y) = exp(−(y − μ)² / 2σ²) / (σ √(2π))",
        transform="y = μ + σ z,  z ~ N(0, 1)",
        derivatives={"loc": "1", "scale": "z"},
        source="Kingma & Welling (2014), Auto-encoding variational Bayes, section 2.4",
        scipy="norm(loc, scale)",
    )
    _tails = (Tail(growth="2"), Tail(growth="2"))

    _standard_icdf = staticmethod(normal.icdf)
    _standard_cdf = staticmethod(normal.cdf)
    _standard_sf = staticmethod(normal.sf)
    _standard_log_cdf = staticmethod(normal.log_cdf)

    @staticmethod
    def _standard_log_prob(z: Array) -> Array:
        return -0.5 * z * z - HALF_LOG_TWO_PI

    @staticmethod
    def _standard_score(z: Array) -> tuple[Array, ...]:
        return (-z,)

    @staticmethod
    def _standard_moments() -> tuple[float, float, float]:
        return 0.0, 1.0, HALF_LOG_TWO_PI + 0.5
