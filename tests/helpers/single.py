"""Samplers in single precision, and samplers that round to it on the way."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy.special import ndtr
from strangers import Normal


class AsGiven(Normal):
    """In the precision of its parameters."""

    slope = 1.0

    def rsample(self, n, *, rng, loc, scale):
        z = rng.standard_normal(n).astype(np.result_type(scale))
        slope = z * np.result_type(scale).type(self.slope)
        return loc + scale * z, {"loc": np.ones_like(z), "scale": slope}

    def cdf(self, y, loc, scale):
        return ndtr((y - loc) / scale)


class Exponential:
    """By its transform, of uniform numbers in single precision."""

    distribution = "exponential"
    noise = "uniform"

    def rsample(self, n, *, rng, rate):
        u = np.maximum(rng.random(n, dtype=np.float32), np.float32(2.0**-26))
        return self.transform(u.astype(np.result_type(rate)), rate=rate)

    def transform(self, u, rate):
        y = -np.log1p(-u) / rate
        return y, {"rate": -y / rate}


class WrongByOnePercent(AsGiven):
    slope = 1.01


class WrongSign(AsGiven):
    slope = -1.0


class Gumbel:
    parameters: ClassVar = {"loc": (-3.0, 3.0), "scale": (0.1, 10.0)}

    def rsample(self, n, *, rng, loc, scale):
        z = -np.log(rng.standard_exponential(n)).astype(np.result_type(scale))
        return loc + scale * z, {"loc": np.ones_like(z), "scale": z}

    def log_prob(self, y, loc, scale):
        z = (y - loc) / scale
        return -z - np.exp(-z) - np.log(scale)


# Rounding in double precision -----------------------------------------------------------------


class RoundedValues(Normal):
    def rsample(self, n, *, rng, loc, scale):
        y, slopes = super().rsample(n, rng=rng, loc=loc, scale=scale)
        return y.astype(np.float32).astype(np.float64), slopes


class RoundedNoise(Normal):
    def z(self, n, rng):
        return rng.standard_normal(n, dtype=np.float32).astype(np.float64)


class RoundedGradients(Normal):
    def gradients(self, z, loc, scale):
        return {"loc": np.ones(z.size), "scale": z.astype(np.float32).astype(np.float64)}


RIGHT = [AsGiven, Exponential, Gumbel]
WRONG = [WrongByOnePercent, WrongSign]
ROUNDED = {
    RoundedValues: "distribution",
    RoundedNoise: "derivative",
    RoundedGradients: "derivative",
}
