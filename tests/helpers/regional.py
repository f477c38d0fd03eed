"""Samplers that are wrong for some parameters only: for scales between 2 and 3, of 0.1 to 10."""

from __future__ import annotations

import numpy as np
from strangers import Normal


def there(scale):
    return 2.0 < scale < 3.0


class Gradient(Normal):
    """∂y/∂scale, by 10 %."""

    def gradients(self, z, loc, scale):
        return {"loc": np.ones(z.size), "scale": z * (1.1 if there(scale) else 1.0)}


class GradientOfLoc(Normal):
    def gradients(self, z, loc, scale):
        return {"loc": np.full(z.size, 0.9 if there(scale) else 1.0), "scale": z}


class GradientByDensity(Gradient):
    """Beside a log density alone."""

    cdf = None


class GradientInTheUpperHalf(Normal):
    def gradients(self, z, loc, scale):
        return {"loc": np.ones(z.size), "scale": z * np.where((z > 0.0) & there(scale), 1.1, 1.0)}


class NoisyGradient(Normal):
    """By 10 %, beside noise."""

    def rsample(self, n, *, rng, loc, scale):
        z = rng.standard_normal(n)
        noise = 1.0 + 0.3 * rng.standard_normal(n)
        slopes = {"loc": noise, "scale": z * noise * (1.1 if there(scale) else 1.0)}
        return loc + scale * z, slopes


class Wide(Normal):
    """Draws, by 10 %, with the gradients that belong to them."""

    def rsample(self, n, *, rng, loc, scale):
        z = rng.standard_normal(n)
        slope = 1.1 if there(scale) else 1.0
        return loc + scale * slope * z, {"loc": np.ones(n), "scale": slope * z}


class WideByDensity(Wide):
    cdf = None


class Moved(Normal):
    def rsample(self, n, *, rng, loc, scale):
        z = rng.standard_normal(n) + (0.1 if there(scale) else 0.0)
        return loc + scale * z, {"loc": np.ones(n), "scale": z}


REGIONAL = [
    *(Gradient, GradientOfLoc, GradientByDensity, GradientInTheUpperHalf, NoisyGradient),
    *(Wide, WideByDensity, Moved),
]
