"""The Rice distribution."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.positive import Scaled
from reparam.base.tails import Tail
from reparam.conversions import Conversion
from reparam.domains import POSITIVE
from reparam.engine.noise import NORMAL, Noise
from reparam.parameters import Parameter
from reparam.special import rice as special
from reparam.special._accurate import LARGEST

__all__ = ["Rice"]


class Rice(Scaled):
    """The Rice distribution: of the length of two independent Gaussians, one of them around b σ.

    p(y) = (z/σ) exp(−(z² + b²)/2) I₀(b z) for y > 0, with z = y/σ: of the amplitude of a signal b σ
    in noise, and Rayleigh's for b → 0. Draws are such lengths; derivatives are those of the
    quantile path, the mean of a length's own derivative at fixed y.
    """

    name = "rice"
    aliases = ("rician",)
    distance: Parameter = Parameter(
        "b",
        POSITIVE,
        1.0,
        (0.1, 3.0),
        ("b",),
        "Distance of the Gaussians' mean from 0, in units of σ",
        conversions={"nu": Conversion("{0}/scale")},
    )
    scale: Parameter = Parameter(
        "σ", POSITIVE, 1.0, (0.1, 10.0), ("sigma",), "Standard deviation of the Gaussians"
    )
    about = About(
        density="p(y) = (z/σ) exp(−(z² + b²)/2) I₀(b z),  z = y/σ",
        transform="y = σ z,  z = F⁻¹(u; b)",
        derivatives={"distance": "σ I₁(b z) / I₀(b z)", "scale": "y / σ"},
        source="Rice (1945), Mathematical analysis of random noise, section 3.10",
        scipy="rice(distance, scale=scale)",
    )
    _tails = (Tail(power="2"), Tail(growth="2"))
    mechanism: ClassVar[str] = "implicit"
    path = "field"
    _substreams: ClassVar[tuple[Noise, ...]] = (NORMAL, NORMAL)

    @staticmethod
    def _standard_sampler(first: Array, second: Array, b: Array) -> Array:
        return np.hypot(b + first, second)

    @staticmethod
    def _standard_quantile(u: Array, v: Array, b: Array) -> Array:
        return np.asarray(special.quantile(u, v, b))

    @staticmethod
    def _standard_pathwise(z: Array, b: Array) -> tuple[Array, ...]:
        return (special.mean_cosine(b * z),)

    @staticmethod
    def _standard_cdf(z: Array, b: Array) -> Array:
        return np.exp(Rice._standard_log_cdf(z, b))

    @staticmethod
    def _standard_sf(z: Array, b: Array) -> Array:
        return np.exp(Rice._standard_log_sf(z, b))

    @staticmethod
    def _standard_log_cdf(z: Array, b: Array) -> Array:
        return np.asarray(special.log_tail(z, b, 0.0))

    @staticmethod
    def _standard_log_sf(z: Array, b: Array) -> Array:
        return np.asarray(special.log_tail(z, b, 1.0))

    @staticmethod
    def _standard_log_prob(z: Array, b: Array) -> Array:
        return np.asarray(special.log_density(z, b))

    @staticmethod
    def _standard_slope(z: Array, b: Array) -> Array:
        return np.asarray(1.0 / z - (z - b) - special.pulls(z, b)[0])

    @staticmethod
    def _standard_excess(z: Array, b: Array) -> Array:
        z = np.minimum(z, LARGEST)
        return np.asarray(2.0 - z * ((z - b) + special.pulls(z, b)[0]))

    @staticmethod
    def _standard_shape_score(z: Array, b: Array) -> tuple[Array, ...]:
        z = np.minimum(z, LARGEST)
        far = (z - b) - special.pulls(z, b)[1]
        return (np.where(b * z < 1.0, z * special.mean_cosine(b * z) - b, far),)

    @staticmethod
    def _standard_moments(b: Array) -> tuple[Array, Array, Array]:
        excess = special.mean_excess(b)
        return b + excess, 2.0 - excess * excess - 2.0 * (excess * b), special.entropy(b)
