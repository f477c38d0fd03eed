"""Means, variances and skewness of terms, block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reparam._typing import Array

__all__ = ["Moments", "moments"]


@dataclass(frozen=True)
class Moments:
    """The mean of so many terms a parameter, and the sums of squares and cubes about it.

    Centred sums don't cancel as Σx² − (Σx)²/n does where the mean is large.
    """

    count: int
    mean: Array
    squares: Array
    cubes: Array

    def __add__(self, other: Moments) -> Moments:
        """Return the moments of both together (Chan, Golub & LeVeque 1983; Pébay 2008)."""
        count = self.count + other.count
        gap, share = other.mean - self.mean, other.count / count
        between = self.count * share * gap * gap
        crossed = other.squares - share * (self.squares + other.squares)
        return Moments(
            count,
            self.mean + share * gap,
            self.squares + other.squares + between,
            self.cubes + other.cubes + gap * (3.0 * crossed + (1.0 - 2.0 * share) * between),
        )

    @property
    def skewness(self) -> Array:
        """The third moment about the mean in units of the second: 0 if nothing varies."""
        spread = np.sqrt(self.squares / self.count)
        with np.errstate(all="ignore"):
            # cubes of tiny or huge terms may underflow or overflow
            skewness = self.cubes / self.count / spread / spread / spread
        return np.where(np.isfinite(skewness), skewness, 0.0)


def moments(terms: Sequence[Array]) -> Moments:
    """Return the moments of one array of terms a parameter, of equal sizes."""
    size = terms[0].size
    means, squares, cubes = np.empty((3, len(terms)))
    for k, term in enumerate(terms):
        means[k] = mean = term.sum() / size
        rest = term - mean
        square = rest * rest
        squares[k] = square.sum()
        # not BLAS: its sums depend on how many threads it has
        cubes[k] = np.einsum("i,i", square, rest)
    return Moments(size, means, squares, cubes)
