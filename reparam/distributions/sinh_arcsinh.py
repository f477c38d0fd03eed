"""The sinh-arcsinh distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.reshaped import Reshaped
from reparam.base.tails import Tail
from reparam.distributions.gaussian import Gaussian
from reparam.domains import POSITIVE, REAL
from reparam.engine.noise import NORMAL
from reparam.parameters import Parameter
from reparam.special import sinh_arcsinh as special
from reparam.special._accurate import LARGEST

__all__ = ["SinhArcsinh"]


class SinhArcsinh(Reshaped):
    """The sinh-arcsinh distribution of Jones and Pewsey: a Gaussian with other tails, and skewed.

    y = μ + σ c sinh(w) with w = (arsinh x + ε) τ and standard normal x. The factor
    c = 2/sinh(τ arsinh 2) is TensorFlow Probability's: without skewness z = 2 is 2 for each τ, the
    weight of the tails, whose 1 is the Gaussian's. A positive ε makes y larger.
    """

    name = "sinh-arcsinh"
    noise = NORMAL
    skewness: Parameter = Parameter("ε", REAL, 0.0, (-1.0, 1.0), ("epsilon",), "Skewness")
    tailweight: Parameter = Parameter(
        "τ", POSITIVE, 1.0, (0.5, 2.0), ("tau",), "Weight of the tails"
    )
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu",), "Location")
    scale: Parameter = Parameter("σ", POSITIVE, 1.0, (0.1, 10.0), ("sigma",), "Scale")
    about = About(
        density="p(y) = φ(x) √(1 + x²) / (c σ τ cosh w),  w = arsinh(z/c),  x = sinh(w/τ − ε)",
        transform="y = μ + σ z,  z = c sinh w,  w = (arsinh x + ε) τ,  x ~ N(0, 1)",
        derivatives={
            "skewness": "σ c τ cosh w",
            "tailweight": "σ c (w cosh w − τ a coth(τ a) sinh w) / τ,  a = arsinh 2",
            "loc": "1",
            "scale": "z",
        },
        source="Jones & Pewsey (2009), Sinh-arcsinh distributions, Biometrika 96",
    )
    _tails = (Tail(growth="2/tailweight"), Tail(growth="2/tailweight"))
    _of_standard = Gaussian

    @staticmethod
    def _map(x: Array, skewness: Array, tailweight: Array) -> Array:
        tailweight = special.modest(tailweight)
        w = (np.arcsinh(x) + skewness) * tailweight
        return special.scaled_sinh(w, special.log_factor(tailweight))

    @staticmethod
    def _map_inverse(z: Array, skewness: Array, tailweight: Array) -> Array:
        tailweight = special.modest(tailweight)
        return np.sinh(special.place(z, tailweight) / tailweight - skewness)

    @staticmethod
    def _map_log_slope(x: Array, z: Array, skewness: Array, tailweight: Array) -> Array:
        tailweight = special.modest(tailweight)
        of_w = special.log_factor(tailweight) + special.log_cosh(special.place(z, tailweight))
        return of_w + np.log(tailweight) - special.log_root(x)

    @staticmethod
    def _map_partials(x: Array, z: Array, skewness: Array, tailweight: Array) -> tuple[Array, ...]:
        # c cosh w (w − tanh w − k tanh w)/τ, k = a τ coth(a τ) − 1
        tailweight = special.modest(tailweight)
        w = special.place(z, tailweight)
        gap = special.less_tanh(w) - np.tanh(w) * special.coth_excess(tailweight)
        size = np.hypot(special.factor(tailweight), z)
        return tailweight * size, size * (gap / tailweight)

    @staticmethod
    def _standard_score(z: Array, skewness: Array, tailweight: Array) -> tuple[Array, ...]:
        tailweight = special.modest(tailweight)
        w, k = special.place(z, tailweight), special.coth_excess(tailweight)
        cube, steep = special.cube(w / tailweight - skewness), np.tanh(w)
        size = np.minimum(np.hypot(special.factor(tailweight), z), LARGEST)
        slope = -(cube / tailweight + steep) / size
        gap = special.less_tanh(w) - steep * k
        bent = (steep * steep - k / np.cosh(w) ** 2) / tailweight
        moved = np.where(
            (cube == 0.0) | (gap == 0.0), 0.0, (cube / tailweight) * (gap / tailweight)
        )
        return slope, cube, moved - bent

    @staticmethod
    def _standard_excess(z: Array, slope: Array, skewness: Array, tailweight: Array) -> Array:
        tailweight = special.modest(tailweight)
        w = special.place(z, tailweight)
        cube = special.cube(w / tailweight - skewness)
        falling = np.where(w == 0.0, 0.0, np.tanh(w) * (cube / tailweight))
        return 1.0 / np.cosh(w) ** 2 - falling

    @staticmethod
    def _standard_moments(skewness: Array, tailweight: Array) -> tuple[Array, Array, Array]:
        skewness, tailweight = np.broadcast_arrays(skewness, special.modest(tailweight))
        mean, variance, log_cosh = special.moments(skewness, tailweight)
        of_slope = special.log_factor(tailweight) + np.log(tailweight) + log_cosh
        entropy = Gaussian._standard_moments()[2] + of_slope - special.MEAN_LOG_ROOT
        return mean, variance, entropy
