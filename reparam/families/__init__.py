"""Distributions that are a power of a gamma draw, or made of the odds of a beta draw.

One kernel serves each family. A member declares how its parameters enter: the shapes, a scale, and
the derivatives of both; draws, quantiles, derivatives, density, score and entropy follow.

With scalar parameters draws are polynomials of normal noise that stand for the quantile; tiny
shapes, where there are none, and array parameters draw from NumPy's exact rejection samplers. Noise
given to ``transform`` goes through the quantile itself. All are differentiated on the quantile
path. Beside its value a draw keeps ln x (or logit x) of the underlying gamma (beta) draw, or the
noise that tells it, on which nothing underflows or rounds to 1: with tiny shapes a value may be 0
(or 1), its derivative is then 0 as well, and ``log_value`` and its derivative stay finite.
"""

from reparam.families._base import Slopes
from reparam.families.beta import BetaFamily, OddsOfBeta
from reparam.families.gamma import PowerOfGamma, gamma_draws

__all__ = ["BetaFamily", "OddsOfBeta", "PowerOfGamma", "Slopes", "gamma_draws"]
