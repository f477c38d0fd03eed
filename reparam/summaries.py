"""Summaries of streams of draws, in one pass: moments of all, quantiles of all or of the first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from reparam._typing import Array
from reparam.sampling import CHUNK

__all__ = ["Summary", "summarize"]


@dataclass(frozen=True, eq=False)
class Summary:
    """What a stream of draws comes to, by element of a draw.

    Attributes
    ----------
    count
        The number of draws.
    mean, standard_deviation
        Of all draws, from sums that are combined in the order of the blocks; NaN of too few.
    minimum, maximum
        Of all draws; NaN of none.
    kept
        The first draws, of shape draws + draw shape: all, if there is room for them.
    """

    count: int
    mean: Array
    standard_deviation: Array
    minimum: Array
    maximum: Array
    kept: Array

    @property
    def exact(self) -> bool:
        """Whether quantiles are those of all draws, because all of them were kept."""
        return len(self.kept) == self.count

    def quantile(self, probabilities: Sequence[float]) -> Array:
        """Return quantiles of the draws that were kept, interpolated between neighbours.

        Draws are independent, so the first ones are as good a sample as any. With m of them the
        quantile of u has a standard error of √(u (1 − u)/m) in probability.

        Parameters
        ----------
        probabilities
            k numbers between 0 and 1.

        Returns
        -------
        ndarray
            Of shape (k,) + draw shape; NaN of no draws.
        """
        if not len(self.kept):
            return np.full((len(probabilities), *self.kept.shape[1:]), np.nan)
        with np.errstate(invalid="ignore"):  # between two infinite draws
            return np.asarray(np.quantile(self.kept, probabilities, axis=0))


def summarize(
    blocks: Iterable[Array], draw_shape: tuple[int, ...] = (), most: int = CHUNK
) -> Summary:
    """Return the summary of a stream, of which it holds one block and the draws that it keeps.

    Means and sums of squares of blocks are merged as in Chan, Golub & LeVeque (1983), "Algorithms
    for computing the sample variance", *The American Statistician* 37, section 3.

    Parameters
    ----------
    blocks
        Draws, each block of shape draws + draw shape, such as from
        :func:`reparam.sampling.values`.
    draw_shape
        The shape of a draw.
    most
        How many numbers to keep for quantiles: the first ones.

    Returns
    -------
    Summary
        Of all the draws.

    Examples
    --------
    >>> import reparam as rp
    >>> draws = rp.sampling.values(rp.Exponential(), range(3_000_000), rng=1)
    >>> summary = summarize(draws)
    >>> print(f"{summary.count} {summary.mean:.2f} {summary.standard_deviation:.2f}")
    3000000 1.00 1.00
    >>> summary.exact, len(summary.kept)
    (False, 1048576)
    """
    # deviations from the first block's mean lose no digits of draws that are far from 0
    pivot = np.zeros(draw_shape)
    count, mean, squares = 0, np.zeros(draw_shape), np.zeros(draw_shape)
    minimum, maximum = np.full(draw_shape, np.nan), np.full(draw_shape, np.nan)
    room = most // max(1, math.prod(draw_shape))
    kept: list[Array] = []
    with np.errstate(over="ignore", invalid="ignore"):  # of infinite draws, or squares beyond them
        for block in blocks:
            size = len(block)
            if not size:
                continue
            if room:
                kept.append(block[:room].copy())
                room -= len(kept[-1])
            minimum = np.fmin(minimum, block.min(axis=0))
            maximum = np.fmax(maximum, block.max(axis=0))
            if not count:
                first = block.mean(axis=0)
                pivot = np.where(np.isfinite(first), first, 0.0)
            shifted = block - pivot
            its_mean = shifted.mean(axis=0)
            its_squares = np.square(shifted - its_mean).sum(axis=0)
            step, total = its_mean - mean, count + size
            merged = mean + step * (size / total)
            mean = np.where(np.isfinite(merged), merged, mean + its_mean)
            squares = squares + its_squares + step**2 * (count * (size / total))
            count = total
        deviation = np.sqrt(squares / (count - 1)) if count > 1 else np.full(draw_shape, np.nan)
        mean = pivot + mean if count else np.full(draw_shape, np.nan)
    sample = np.concatenate(kept) if kept else np.empty((0, *draw_shape))
    return Summary(count, mean[()], np.asarray(deviation)[()], minimum[()], maximum[()], sample)
