"""Zeta functions of s > 1, Riemann's and Hurwitz's, and their partial sums.

By Euler & Maclaurin's formula: the first 20 terms are added, the rest is an integral and its
corrections. No two large terms cancel, and what is small keeps its digits.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np

from reparam._typing import Array

__all__ = ["log_hurwitz", "log_zeta", "mean_log", "partial_sum"]

#: Terms that are added, and corrections: at s = 1 the next is below 1e-20.
_TERMS, _CORRECTIONS = 20, 8


@cache
def _coefficients() -> tuple[float, ...]:
    """Return B_2j/(2j)! for j from 1 on."""
    bernoulli, factorial = [Fraction(1)], 1
    found = []
    for n in range(1, 2 * _CORRECTIONS + 1):
        row, total = 1, Fraction(0)
        for k, each in enumerate(bernoulli):
            total += row * each
            row = row * (n + 1 - k) // (k + 1)
        bernoulli.append(-total / (n + 1))
        factorial *= n
        if n % 2 == 0:
            found.append(float(bernoulli[n] / factorial))
    return tuple(found)


def _corrections(s: Array, n: Array) -> tuple[Array, Array]:
    """Return Σ B_2j/(2j)! (s)_(2j−1) n^(1−2j), and −∂/∂s of it."""
    total = slope = np.zeros_like(s + n)
    rising, growth = s / n, 1.0 / s  # (s)_(2j−1) n^(1−2j), and the derivative of its logarithm
    for j, coefficient in enumerate(_coefficients(), 1):
        total, slope = total + coefficient * rising, slope - coefficient * rising * growth
        for i in (2 * j - 1, 2 * j):
            rising, growth = rising * ((s + i) / n), growth + 1.0 / (s + i)
    return total, slope


def log_hurwitz(s: Array, a: Array) -> Array:
    """Return ln ζ(s, a) = ln Σ (a + n)^−s over n ≥ 0, for s > 1 and a ≥ 1."""
    s, a = np.broadcast_arrays(s, a)
    total = np.zeros(s.shape)
    for n in range(_TERMS):
        total = total + np.exp(-s * np.log1p(n / a))
    weight, last = np.exp(-s * np.log1p(_TERMS / a)), a + _TERMS
    rest = last / (s - 1.0) + 0.5 + _corrections(s, last)[0]
    return np.log(total + np.where(weight > 0.0, weight * rest, 0.0)) - s * np.log(a)


def log_zeta(s: Array) -> Array:
    """Return ln ζ(s), also where ζ(s) rounds to 1."""
    return np.log1p(np.exp(log_hurwitz(s, np.full(np.shape(s), 2.0))))


def mean_log(s: Array) -> Array:
    """Return −ζ′(s)/ζ(s): the mean of ln k with probabilities k^−s/ζ(s)."""
    s = np.asarray(s)
    total = np.zeros(s.shape)
    for n in range(2, _TERMS):
        total = total + np.log(n) * np.exp(-s * np.log(n))
    last, log_last = np.full(s.shape, float(_TERMS)), np.log(_TERMS)
    weight = np.exp(-s * log_last)
    corrections, slope = _corrections(s, last)
    rest = last * (log_last + 1.0 / (s - 1.0)) / (s - 1.0) + (0.5 + corrections) * log_last + slope
    return (total + np.where(weight > 0.0, weight * rest, 0.0)) * np.exp(-log_zeta(s))


def partial_sum(s: Array, k: Array) -> Array:
    """Return Σ n^−s over 1 ≤ n ≤ k."""
    s, k = np.broadcast_arrays(s, k)
    total = np.zeros(s.shape)
    for n in range(1, _TERMS):
        total = total + np.where(n <= k, np.exp(-s * np.log(n)), 0.0)
    far = np.maximum(k, _TERMS)
    log_first, log_last = np.log(_TERMS), np.log(far)
    first, last = np.exp(-s * log_first), np.exp(-s * log_last)
    between = _TERMS * first * (-np.expm1((1.0 - s) * (log_last - log_first)) / (s - 1.0))
    bent = first * _corrections(s, np.full(s.shape, float(_TERMS)))[0]
    bent = bent - np.where(last > 0.0, last * _corrections(s, far)[0], 0.0)
    bent = np.where(first > 0.0, bent, 0.0)
    return np.where(k < _TERMS, total, total + between + 0.5 * (first + last) + bent)
