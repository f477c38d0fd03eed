"""Quantiles of counts: by approximations where these determine them, otherwise by the cdf.

Each approximation here has a bound of its error. It determines the quantile of an element if the
bound leaves a single integer. Elsewhere the cdf itself decides. The result is that of a search by
the cdf alone, which costs tens of evaluations of an incomplete gamma or beta function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special import normal
from reparam.special._count_search import Bracket, rounded_up, smallest

__all__ = ["Counts", "bracket", "long_tailed", "mirrored", "rounded_up", "smallest"]

#: How many elements are bracketed at a time: few, so that a core's cache holds the arrays.
_PIECE = 2**14


class Counts(NamedTuple):
    """A distribution of Panjer's class: p(k+1)/p(k) = (a + b k)/(k + 1) for all k ≥ 0.

    It is Poisson's if b = 0, binomial if b < 0 and negative binomial if b > 0. With V = κ₂,
    s = κ₃/V and c = (s² − 1)/4 the cumulants are κ₄ = V (1 + 6c), κ₅ = V s (1 + 12c) and
    κ₆ = V (1 + 30c + 120c²).

    Parameters
    ----------
    log_first
        ln p(0).
    a, b
        Coefficients of the recurrence.
    mean, variance
        κ₁ and κ₂.
    s, c
        Ratios of cumulants: 1 and 0 for Poisson's.
    """

    log_first: Array
    a: Array
    b: Array
    mean: Array
    variance: Array
    s: Array
    c: Array


#: A bracket from (u, v, counts, high, *theta).
Guess: TypeAlias = Callable[..., Bracket]


def bracket(
    u: Array,
    v: Array,
    counts: Counts,
    high: Array | float,
    theta: Sequence[Array] = (),
    otherwise: Guess | None = None,
) -> Bracket:
    """Return brackets of quantiles, most of which hold a single integer.

    Parameters
    ----------
    u, v
        Flat arrays: probabilities between 0 and 1, and their complements.
    counts
        The distribution: scalars, or arrays with one number per element.
    high
        The greatest count.
    theta
        Parameters for `otherwise`.
    otherwise
        The approximation for distributions that are neither near 0 nor bell-shaped, of
        (u, v, counts, high, *theta).
    """
    guesses = (_of_sums, _of_cumulants, otherwise or _of_cumulants)
    choice = np.where(_is_short(counts), 0, np.where(_is_bell(counts), 1, 2))
    inputs: tuple[Any, ...] = (*counts, high, *theta)
    if not choice.ndim and not choice:  # from a table, at once
        return _of_sums(u, v, counts, high)
    result = Bracket(*(np.empty(u.shape) for _ in Bracket._fields))

    def fill(guess: Guess, some: Any) -> None:
        arrays = [value[some] if np.ndim(value) else value for value in inputs]
        guessed = guess(u[some], v[some], Counts(*arrays[:7]), *arrays[7:])
        for whole, part in zip(result, guessed, strict=True):
            whole[some] = part

    for start in range(0, u.size, _PIECE):
        piece = slice(start, min(start + _PIECE, u.size))
        if not choice.ndim:
            fill(guesses[int(choice)], piece)
            continue
        for number, guess in enumerate(guesses):
            members = np.flatnonzero(choice[piece] == number)
            if members.size:
                whole_piece = members.size == piece.stop - start
                fill(guess, piece if whole_piece else start + members)
    return result


def mirrored(bracket: Bracket, total: Array, there: NDArray[np.bool_]) -> Bracket:
    """Return the brackets of quantiles of n − Y for those of Y, at some elements.

    They exclude nothing where float64 does not have n − y.
    """
    most = np.broadcast_to(total, bracket.above.shape)
    exact = most <= 2.0**53
    below = np.where(exact, most - (bracket.above + 1.0), -1.0)
    above = np.where(exact, most - (bracket.below + 1.0), most)
    other = Bracket(below, above, most - bracket.start)
    return Bracket(*(np.where(there, *pair) for pair in zip(other, bracket, strict=True)))


# Sums of probabilities ----------------------------------------------------------------------------

#: Up to this mean and this variance each element adds up probabilities from 0: less work than the
#: other guesses. The most of them lies 6 standard deviations above the largest mean.
_SHORT, _NARROW, _MOST = 256.0, 2.0**14, 1024

#: The same where a table of the sums serves all elements.
_LONG, _WIDE, _TABLE = 2048.0, 2.0**18, 8192

#: Below this ln p(0) a sum from 0 would underflow.
_LEAST = -600.0

#: A bound of the relative error of a sum: of 8192 terms, each with three roundings more than the
#: one before it, of p(0), and of the cdf that the sum stands for.
_SUM_ERROR = 5e-12


#: The share of unfinished sums at which the finished ones are set aside.
_REMAINING = 0.3

#: After how many steps an addition stops if it changes no sum.
_OFTEN = 32


def _is_short(counts: Counts) -> NDArray[np.bool_]:
    """Return where sums of a few probabilities from 0 determine most quantiles."""
    most, widest = (_SHORT, _NARROW) if any(map(np.ndim, counts)) else (_LONG, _WIDE)
    short = (counts.mean <= most) & (counts.variance <= widest) & (counts.log_first >= _LEAST)
    return np.asarray(short & ~((counts.mean > 10.0) & _is_bell(counts)))


def _of_sums(u: Array, v: Array, counts: Counts, high: Array | float, *_: Array) -> Bracket:
    """Count the sums p(0) + … + p(k) that are below u."""
    if any(map(np.ndim, counts)):
        k, total = _added(u, *(np.broadcast_to(value, u.shape) for value in counts[:3]))
    else:
        k, total = _looked_up(u, counts)
    above = np.where(total * (1.0 - _SUM_ERROR) >= u, np.minimum(k, high), high)
    return Bracket(k - 1.0, above, k)


def _added(u: Array, log_first: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Return how many sums are surely below u, and the next sum, adding term by term."""
    count, result = np.empty(u.shape), np.empty(u.shape)
    least: Array = u * (1.0 - _SUM_ERROR)
    term: Array = np.exp(log_first)
    total, steps = term.copy(), np.zeros(u.shape)
    members, linear = np.arange(u.size), np.any(b)
    for k in range(_MOST):
        below = total < least
        left = np.count_nonzero(below)
        if left < _REMAINING * below.size:
            count[members], result[members] = steps, total
            if not left:
                return count, result
            kept = np.flatnonzero(below)
            members = members[kept]
            least, a, b, term, total, steps = (
                array[kept] for array in (least, a, b, term, total, steps)
            )
            steps += 1.0
        else:
            steps += below
            term *= below  # a sum that has reached u stays
        term *= a + b * float(k) if linear else a
        term *= 1.0 / (k + 1.0)
        total += term
        if k % _OFTEN == 0 and not np.any(total + term > total):
            break  # u is as near to 1 as sums are
    count[members], result[members] = steps, total
    return count, result


def _looked_up(u: Array, counts: Counts) -> tuple[Array, Array]:
    """Return how many sums are surely below u, and the next sum, from a table for all."""
    reach = float(counts.mean + 16.0 * np.sqrt(counts.variance)) + 32.0
    k = np.arange(float(min(int(reach), _TABLE)))
    ratios = np.maximum(counts.a + counts.b * k, 0.0) / (k + 1.0)
    sums = np.cumsum(np.exp(counts.log_first) * np.append(1.0, np.cumprod(ratios)))
    count = np.searchsorted(sums / (1.0 - _SUM_ERROR), u)
    return count.astype(np.float64), sums[np.minimum(count, k.size)]


# Cornish & Fisher's expansion ---------------------------------------------------------------------

#: Up to this max(1, s²)/V a distribution is bell-shaped, and the expansion's bound holds.
_BELL = 0.1

#: Largest scale of the bound: beyond it most brackets would hold several integers.
_COARSE = 0.3

#: The bound of the error, in units of the first term left out: twice the largest found by
#: comparison with exact values, at w between −10 and 10.
_CUMULANT_ERROR = 0.005

#: The relative errors of a cumulative function, and of the arithmetic here.
_CDF_ERROR, _ROUNDING = 4e-13, 1e-15


def _left_out(variance: Array, s: Array) -> Array:
    """Return the scale of the expansion's first term that is left out."""
    size = np.maximum(1.0, np.abs(s))
    ratio = size * size / variance
    return np.asarray(size * ratio * ratio)


def _is_bell(counts: Counts) -> NDArray[np.bool_]:
    """Return where the expansion determines most quantiles."""
    ratio = np.maximum(1.0, counts.s * counts.s) / counts.variance
    return np.asarray((ratio <= _BELL) & (_left_out(counts.variance, counts.s) <= _COARSE))


def _of_cumulants(u: Array, v: Array, counts: Counts, high: Array | float, *_: Array) -> Bracket:
    """Expand the smooth quantile, which takes the value k + ½ at F(k).

    It is Cornish & Fisher's expansion (1960) to the order V^(−3/2), with Sheppard's corrections of
    the cumulants for the lattice. Giles (2016, "Algorithm 955: approximation of the inverse Poisson
    cumulative distribution function") has it for Poisson's, and the idea to leave the rest to
    the cdf.
    """
    mean, variance, s, c = counts.mean, counts.variance, counts.s, counts.c
    w = normal.icdf(np.minimum(u, v))
    np.negative(w, out=w, where=v < u)
    square, sd = w * w, np.sqrt(variance)
    first, second = 1.0 / sd, 1.0 / variance
    third = first * second
    # x − mean = E(w²) + w O(w²)
    even = (2.0 - c) * (s / 540.0) * second
    even = even * square + (s / 6.0 + (14.0 - 7.0 * c) * (s / 1620.0) * second)
    even = even * square + (4.0 * c - 8.0) * (s / 405.0) * second - s / 6.0
    odd = (c * c - 13.0 * c - 5.75) / 4320.0 * third
    middle = (c - 0.5) / 36.0 * first + (256.0 * c * c - 403.0 * c - 137.0) / 38880.0 * third
    odd = odd * square + middle
    lowest = (7.0 * c + 1.0) / -36.0 * first
    lowest = lowest + (-433.0 * c * c + 1354.0 * c + 671.0) / 38880.0 * third
    moved = even + w * (odd * square + lowest + sd)
    growth = 1.0 + square
    error = (_CUMULANT_ERROR * _left_out(variance, s)) * growth * growth * growth
    error += _ROUNDING * (mean + np.abs(moved)) + _CDF_ERROR * sd
    error[square > 100.0] = np.inf
    return rounded_up(moved + (mean - 0.5), error, 0.0, high)


# Long tails ---------------------------------------------------------------------------------------

#: The bound of the error of Wise's approximation, in units of its next term: twice the largest
#: found by comparison with exact values.
_WISE_ERROR = 0.01

#: The relative error of the gamma quantile, and of the cdf, as one of the count.
_QUANTILE_ERROR = 2e-13


def long_tailed(
    u: Array, v: Array, _: Counts, high: Array | float, total: Array, probs: Array
) -> Bracket:
    """Return brackets of the negative binomial quantiles, from those of the gamma distribution.

    With L = −ln(1 − p) and N = k + (r + 1)/2, F(k) is that of gamma at y = N L, up to a term of the
    order of N⁻² (Wise 1950, "The incomplete beta function as a contour integral and a quickly
    converging series for its inverse"). The term is (r − 1) y (y + r + 1)/(24 N²).
    """
    from reparam.special.gamma import quantile_logs

    shape = np.broadcast_to(total, u.shape)
    y, log_y = quantile_logs(u, v, shape)
    rate = -np.log1p(-probs)
    n = np.where(y > 1e-290, y / rate, np.exp(log_y - np.log(rate)))
    reach = y + total + 1.0
    least = 0.5 * (total + 1.0)  # of N: where the term exceeds it, its bound is large, too
    shift = np.clip((total - 1.0) * reach / (24.0 * n), -least, least)
    error = _WISE_ERROR * np.abs(total - 1.0) * (reach / n) ** 3 + _QUANTILE_ERROR * (n + 1.0)
    return rounded_up(n + shift - least, error, 0.0, high)
