"""Statistics that rarely fail by chance, and say how rarely.

Every test gets a share of the run's probability of a false alarm; shares add up (Bonferroni).
"""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array

__all__ = [
    "FALSE_ALARM",
    "binomial_tails",
    "critical_value",
    "dkw_bound",
    "is_summable",
    "standard_score",
]

#: The probability, at most, that a run on right targets fails by chance.
FALSE_ALARM = 1e-9
#: The relative error of elements that are equal but for rounding.
_ROUNDING = 1e-14


def dkw_bound(n: int, alpha: float) -> float:
    """Return what sup |Fₙ − F| exceeds with probability at most `alpha`, for n draws.

    The Dvoretzky-Kiefer-Wolfowitz inequality with Massart's constant (Massart 1990), which holds
    for every n and every F.
    """
    return math.sqrt(math.log(2.0 / alpha) / (2.0 * n))


def critical_value(alpha: float) -> float:
    """Return what |z| exceeds with probability `alpha`, for a standard normal z."""
    from scipy.special import ndtri

    return float(-ndtri(0.5 * alpha))


def binomial_tails(successes: Array, n: int, p: Array) -> Array:
    """Return the two-sided probability, at most, of so extreme a count of n trials (exact)."""
    from scipy.special import bdtr, bdtrc

    below, above = bdtr(successes, n, p), bdtrc(successes - 1.0, n, p)
    above = np.where(successes > 0.0, above, 1.0)
    return np.asarray(np.minimum(1.0, 2.0 * np.minimum(below, above)))


def standard_score(x: Array) -> float:
    """Return mean/standard error of the mean: standard normal for large n, if the mean is 0."""
    spread = float(np.std(x))
    mean = float(np.mean(x))
    if spread == 0.0:
        return 0.0 if mean == 0.0 else math.copysign(math.inf, mean)
    return mean / spread * math.sqrt(x.size)


def is_summable(x: Array) -> bool:
    """Whether the central limit can be trusted: no few elements dominate the sum of squares.

    Not if there is no variance but that of rounding: what varies may be too rare to have come up.
    """
    with np.errstate(over="ignore"):
        squares = np.square(x - np.mean(x))
        total, floor = (
            np.sum(squares),
            x.size * np.square(_ROUNDING * np.max(np.abs(x), initial=0.0)),
        )
    largest = np.max(squares, initial=0.0)
    return bool(np.isfinite(total) and total > floor and largest <= 0.01 * total)
