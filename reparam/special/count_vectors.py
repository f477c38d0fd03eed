"""Probabilities of vectors of counts, without cancellation, draws and entropies.

Both logarithms of probabilities are Loader's (2000, "Fast and accurate computation of binomial
probabilities"), with more than two outcomes: divergences K(x, y) = x ln(x/y) − x + y ≥ 0 add up.
"""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import log1mexp
from reparam.special.bregman import generalized_kl
from reparam.special.counts import stirling
from reparam.special.normal import HALF_LOG_TWO_PI
from reparam.special.simplex import of_others

__all__ = [
    "MOST",
    "dirichlet_multinomial",
    "dirichlet_multinomial_entropy",
    "multinomial",
    "multinomial_entropy",
]


#: Up to this many counts, the expectation of each is added up.
MOST = 2**17


def multinomial(y: Array, total: Array, log_p: Array) -> Array:
    """Return ln(n! Π p_i^y_i/y_i!).

    Parameters
    ----------
    y, log_p
        Counts whose sum is n, and logarithms of probabilities, along the last axis.
    total
        n > 0.
    """
    tilts = np.sum(_tilt(y, _column(total), log_p), axis=-1)
    # by themselves, since these cancel where one category has all
    return np.asarray((_factorial(total) - np.sum(_factorial(y), axis=-1)) - tilts)


def dirichlet_multinomial(y: Array, total: Array, alpha: Array) -> Array:
    """Return ln of E[n! Π p_i^y_i/y_i!], p ~ Dirichlet(α).

    With m = (y + α)/(n + α₀) it is a multinomial probability of m, −Σ K(α_i, α₀ m_i) of it, and
    what Stirling's approximation lacks.
    """
    sum_ = np.sum(alpha, axis=-1)
    n, whole = _column(total), _column(sum_)
    mean = (y + alpha) / (n + whole)
    tilts = generalized_kl(y, n * mean) + generalized_kl(alpha, whole * mean)
    counts = _factorial(total) - np.sum(_factorial(y), axis=-1)
    errors = _missing(total, sum_) - np.sum(_missing(y, alpha), axis=-1)
    return np.asarray((counts + errors) - np.sum(tilts, axis=-1))


def _missing(y: Array, alpha: Array) -> Array:
    """Return ½ ln(1 + y/α) and the difference of Stirling's errors at α and α + y."""
    return np.asarray(0.5 * np.log1p(y / alpha) + stirling(alpha) - stirling(alpha + y))


def _factorial(y: Array) -> Array:
    """Return ln y! − y ln y + y."""
    some = np.maximum(y, 1.0)
    large = stirling(some) + 0.5 * np.log(some) + HALF_LOG_TWO_PI
    return np.where(y == 0.0, 0.0, large)


def _tilt(y: Array, total: Array, log_p: Array) -> Array:
    """Return K(y, n p) of a probability that may be 0, or underflow."""
    p = np.exp(log_p)
    lost = p < 1e-290
    usual = generalized_kl(y, total * np.where(lost, 1.0, p))
    far = y * (np.log(np.maximum(y, 1.0)) - np.log(total) - log_p) - y
    return np.where(lost, np.where(y == 0.0, 0.0, far), usual)


def _column(each: Array) -> Array:
    return np.asarray(each)[..., np.newaxis]


# Entropies: expectations of each entry's terms, over its own distribution -------------------------


def multinomial_entropy(total: Array, log_p: Array) -> Array:
    """Return −E ln p(y): over each count, which is binomial, its terms are added up.

    Far from 0 that is the trapezoidal rule on a lattice, a third of a standard deviation wide at
    most: exponentially accurate.
    """
    n, log_p = np.broadcast_arrays(_column(total), log_p)
    result = np.empty(n.shape)
    for at in np.ndindex(n.shape):
        size, log = np.asarray(n[at]), np.asarray(log_p[at])
        logs = np.stack([log, log1mexp(log)])
        k, step = _lattice(float(size), float(log))
        mass = step * np.exp(multinomial(np.stack([k, size - k], axis=-1), size, logs))
        result[at] = _expected(mass, _tilt(k, size, log) + _factorial(k))
    return np.asarray(np.sum(result, axis=-1) - _factorial(total))


def _lattice(n: float, log_p: float) -> tuple[Array, float]:
    """Return the counts of a binomial distribution that matter, and how far apart they are."""
    mean = n * math.exp(log_p)
    sd = math.sqrt(mean * -math.expm1(log_p))
    reach, step = 14.0 * sd + 30.0, max(1.0, math.floor(sd / 3.0))
    low, high = max(0.0, math.floor(mean - reach)), min(n, mean + reach)
    return np.arange(low, high + 0.5, step), step


def dirichlet_multinomial_entropy(total: Array, alpha: Array) -> Array:
    """Return −E ln p(y): over each count, which is beta-binomial, its terms are added up.

    NaN where there are more than `MOST` counts.
    """
    whole = np.sum(alpha, axis=-1, keepdims=True)
    arrays = np.broadcast_arrays(_column(total), alpha, of_others(alpha), whole)
    result = np.full(arrays[0].shape, np.nan)
    for at in np.ndindex(result.shape):
        n, own, rest, all_ = (np.asarray(array[at]) for array in arrays)
        if n > MOST:
            continue
        k = np.arange(float(n) + 1.0)
        pairs = np.stack([k, n - k], axis=-1)
        mass = np.exp(dirichlet_multinomial(pairs, n, np.stack([own, rest])))
        mean = (k + own) / (n + all_)
        tilts = generalized_kl(k, n * mean) + generalized_kl(own, all_ * mean)
        result[at] = _expected(mass, tilts + _factorial(k) + _missing(k, own))
    constant = _factorial(total) + _missing(total, whole[..., 0])
    return np.asarray(np.sum(result, axis=-1) - constant)


def _expected(mass: Array, terms: Array) -> Array:
    """Return Σ p t, to which nothing adds that has no probability."""
    return np.asarray(np.sum(np.where(mass > 0.0, mass * terms, 0.0)))
