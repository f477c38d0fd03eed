"""Distributions that are a power of a gamma draw, or made of the odds of a beta draw.

One kernel serves each family. A member declares how its parameters enter: the shapes, a scale, and
the derivatives of both; draws, quantiles, derivatives, density, score and entropy follow.

Draws come from an exact rejection sampler that takes a fixed count of random numbers, noise given
to ``transform`` goes through the quantile, and both are differentiated on the quantile path. Beside
its value a draw keeps ln x (or logit x) of the underlying gamma (beta) draw, on which nothing
underflows or rounds to 1: with tiny shapes a value may be 0 (or 1), its derivative is then 0 as
well, and ``log_value`` and its derivative stay finite.
"""

from reparam.families._base import PositiveFamily, Slopes
from reparam.families._gamma_draws import gamma_draws, log_gamma_draws
from reparam.families.bartlett import BartlettFamily
from reparam.families.beta import Bends, BetaFamily, OddsOfBeta, beta_draws
from reparam.families.gamma import PowerOfGamma

__all__ = [
    "BartlettFamily",
    "Bends",
    "BetaFamily",
    "OddsOfBeta",
    "PositiveFamily",
    "PowerOfGamma",
    "Slopes",
    "beta_draws",
    "gamma_draws",
    "log_gamma_draws",
]
