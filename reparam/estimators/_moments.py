"""Means and variances of terms, block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reparam._typing import Array

__all__ = ["Moments", "moments"]


@dataclass(frozen=True)
class Moments:
    """The mean of so many terms a parameter, and the sum of their squares about it.

    Centred sums don't cancel as Σx² − (Σx)²/n does where the mean is large.
    """

    count: int
    mean: Array
    squares: Array

    def __add__(self, other: Moments) -> Moments:
        """Return the moments of both together (Chan, Golub & LeVeque 1983)."""
        count = self.count + other.count
        gap, share = other.mean - self.mean, other.count / count
        return Moments(
            count,
            self.mean + share * gap,
            self.squares + other.squares + self.count * share * gap * gap,
        )


def moments(terms: Sequence[Array]) -> Moments:
    """Return the moments of one array of terms a parameter, of equal sizes."""
    size = terms[0].size
    means, squares = np.empty(len(terms)), np.empty(len(terms))
    for k, term in enumerate(terms):
        means[k] = mean = term.sum() / size
        rest = term - mean
        # not BLAS: its sums depend on how many threads it has
        squares[k] = np.einsum("i,i", rest, rest)
    return Moments(size, means, squares)
