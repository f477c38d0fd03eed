"""Statistics that rarely fail by chance, and say how rarely.

Every test gets a share of the run's probability of a false alarm; shares add up (Bonferroni). So
far out in a tail the normal approximation is not good where summands are skewed. Counts have exact
tails. Means are judged by their empirical likelihood, and linear functions of spacings by their
generating function: the tails of both have the right exponent.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array

__all__ = [
    "FALSE_ALARM",
    "binomial_tails",
    "critical_value",
    "dkw_bound",
    "is_summable",
    "mean_score",
    "serial_score",
    "spacings_score",
    "standard_error",
]

#: The probability, at most, that a run on right targets fails by chance.
FALSE_ALARM = 1e-9
#: The relative error of elements that are equal up to rounding.
_ROUNDING = 1e-14
#: Standard errors up to which nothing needs to be known better.
_NEAR = 4.0
#: Steps, at most, towards the maximum of a concave function, and a slope taken as 0, relative to
#: the sum of its terms' sizes. (Steps are small near the ends, too.)
_STEPS, _FLAT = 200, 1e-9
#: Shares of ones with which a series of two values has many of both.
_BALANCED = 0.2


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


def is_summable(x: Array) -> bool:
    """Whether a sum can be trusted: no few elements dominate the sum of squares.

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


def standard_error(x: Array, *, most: float | None = None, slack: float = 0.0) -> float:
    """Return the standard error of a mean of independent elements."""
    most = float(np.max(np.abs(x))) if most is None else most
    return math.hypot(float(np.std(x)) / math.sqrt(x.size), most / x.size) + slack


def mean_score(x: Array, *, most: float | None = None, slack: float = 0.0) -> float:
    """Return how far a mean is from 0, in standard errors.

    The smaller of z and the signed root of the empirical likelihood ratio (Owen 1988), as if one
    more element of the other sign had come up (Chen, Variyath & Abraham 2008). With skewed elements
    z is too large, too often, by orders of magnitude. The likelihood's root is not: its error
    exponent is the right one (Kitamura 2001). What makes up for a mean may be too rare to have come
    up, which is what the one more is for.

    Parameters
    ----------
    x
        Independent elements.
    most
        The size of one more element; that of the largest by default.
    slack
        What is added to the standard error.
    """
    most = float(np.max(np.abs(x))) if most is None else most
    mean, error = float(np.mean(x)), standard_error(x, most=most, slack=slack)
    if error == 0.0:
        return math.copysign(math.inf, mean) if mean else 0.0
    z = mean / error
    if abs(z) <= _NEAR:
        return z
    root = _likelihood_root(np.append(x - z * slack, -math.copysign(most, mean)))
    return math.copysign(min(abs(z), root), mean)


def _likelihood_root(x: Array) -> float:
    """Return √(2 maxₗ Σ ln(1 + l·x)): infinite if all x have the same sign."""
    least, most = float(np.min(x)), float(np.max(x))
    if not least < 0.0 < most:
        return math.inf
    start = float(np.mean(x) / np.mean(np.square(x)))
    multiplier = _multiplier(x, np.ones_like(x), -1.0 / most, -1.0 / least, start)
    return math.sqrt(max(0.0, 2.0 * float(np.sum(np.log1p(multiplier * x)))))


def _multiplier(x: Array, counts: Array, low: float, high: float, start: float) -> float:
    """Return the l between both ends at which Σ counts ln(1 + l·x), which is concave, is largest.

    By Newton's method, and by halves where that leaves the bracket.
    """
    multiplier = start
    for _ in range(_STEPS):
        if not low < multiplier < high:
            multiplier = 0.5 * (low + high)
        terms = x / (1.0 + multiplier * x)
        slope, curvature = float(np.sum(counts * terms)), float(np.sum(counts * np.square(terms)))
        if abs(slope) <= _FLAT * float(np.sum(counts * np.abs(terms))):
            break
        low, high = (multiplier, high) if slope > 0.0 else (low, multiplier)
        multiplier += slope / curvature
    return multiplier


def spacings_score(weights: Array, deviations: Array, counts: Array) -> float:
    """Return how far a linear function of spacings is from its mean, in standard errors.

    Shares of probability between order statistics of n draws have a Dirichlet distribution, whose
    parameters are how many ranks apart they are. With gamma variates g_j for the shares,
    P(Σ w_j d_j ≥ t) = P(Σ c_j g_j ≥ 0), c = w − w̄ − t, which is exp(−r²/2) at most, Chernoff's
    bound inf_s Π (1 − s c_j)^(−a_j). The signed root r has the tail of a standard normal variate,
    except for a factor near 1 (Lugannani & Rice 1980).

    Parameters
    ----------
    weights
        One for each share.
    deviations
        The shares less their expectations.
    counts
        The Dirichlet distribution's parameters.
    """
    total = float(np.sum(weights * deviations))
    if total < 0.0:
        return -spacings_score(-weights, deviations, counts)
    c = weights - float(np.sum(weights * counts) / np.sum(counts)) - total
    most = float(np.max(c))
    if not total > 0.0:
        return 0.0
    if not most > 0.0:
        return math.inf
    s = _multiplier(-c, counts, 0.0, 1.0 / most, 0.5 / most)
    return math.sqrt(max(0.0, 2.0 * float(np.sum(counts * np.log1p(-s * c)))))


def serial_score(ones: NDArray[np.bool_], lag: int) -> float:
    """Return how often elements so far apart agree, in standard errors, if the order is random.

    Of `n` elements, p n of which are ones, in a circle: Σ (b_i − p)(b_{i+lag} − p) has the mean
    −n p(1 − p)/(n − 1) and the variance n p²(1 − p)², except for terms of order 1. With few ones or
    few others there is nothing to tell: 0.
    """
    n, count = ones.size, np.count_nonzero
    p = count(ones) / n
    if not _BALANCED < p < 1.0 - _BALANCED:
        return 0.0
    together = count(ones[lag:] & ones[:-lag]) + count(ones[:lag] & ones[-lag:])
    variance = p * (1.0 - p)
    return (together - n * p * p + variance) / (math.sqrt(n) * variance)
