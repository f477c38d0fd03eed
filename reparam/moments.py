"""Means and variances of terms that come block by block, and their standard errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reparam._typing import Array

__all__ = ["Moments", "moments"]

#: Beyond these, squares lose digits.
_SMALL, _LARGE = 1e-140, 1e140


@dataclass(frozen=True)
class Moments:
    """Number and mean of terms, and sums of squares and cubes about it, element by element.

    Centred sums don't cancel as Σx² − (Σx)²/n does where the mean is large. That of the squares
    is kept as its root, so that neither tiny nor huge terms get out of range.

    Attributes
    ----------
    count
        How many terms there are.
    mean
        Their mean x̄.
    norm
        √Σ(x − x̄)².
    cubes
        Σ(x − x̄)³, or None.
    """

    count: int
    mean: Array
    norm: Array
    cubes: Array | None = None

    @classmethod
    def of(cls, x: Array, *, cubes: bool = False) -> Moments:
        """Return those of terms along the first axis.

        Parameters
        ----------
        x
            The terms: at least one.
        cubes
            Whether to add up cubes, too.
        """
        with np.errstate(all="ignore"):
            mean = x.sum(axis=0) / len(x)
            rest = x - mean
            square = np.square(rest, out=None if cubes else rest)
            norm = np.sqrt(square.sum(axis=0))
            # not BLAS: its sums depend on how many threads it has
            third = np.einsum("i...,i...->...", square, rest) if cubes else None
            usual = (norm > _SMALL) & (norm < _LARGE)
            if not np.all(usual):
                norm = np.where(usual, norm, _scaled_norm(x - mean))[()]
            return cls(len(x), mean, norm, third)

    def __add__(self, other: Moments) -> Moments:
        """Return the moments of both together (Chan, Golub & LeVeque 1983; Pébay 2008)."""
        count = self.count + other.count
        share = other.count / count
        with np.errstate(all="ignore"):  # infinite terms make NaN
            gap = other.mean - self.mean
            between = math.sqrt(self.count * share) * gap
            third = None
            if self.cubes is not None and other.cubes is not None:
                own, its = np.square(self.norm), np.square(other.norm)
                crossed = 3.0 * (its - share * (own + its)) + (1.0 - 2.0 * share) * between**2
                third = self.cubes + other.cubes + gap * crossed
            norm = np.hypot(np.hypot(self.norm, other.norm), between)
            return Moments(count, self.mean + share * gap, norm, third)

    @property
    def deviation(self) -> Array:
        """The standard deviation of a term; NaN for fewer than two."""
        return self.norm / math.sqrt(self.count - 1) if self.count > 1 else self._unknown

    @property
    def standard_error(self) -> Array:
        """Of the mean; NaN for fewer than two terms."""
        return self.deviation / math.sqrt(self.count) if self.count > 1 else self._unknown

    @property
    def skewness(self) -> Array:
        """The third moment about the mean in units of the second: 0 if nothing varies."""
        if self.cubes is None:
            return self._unknown
        spread = self.norm / math.sqrt(self.count)
        with np.errstate(all="ignore"):
            # cubes of tiny or huge terms may underflow or overflow
            skewness = self.cubes / self.count / spread / spread / spread
        return np.where(np.isfinite(skewness), skewness, 0.0)

    @property
    def _unknown(self) -> Array:
        return np.full_like(self.mean, np.nan)[()]


def moments(terms: Sequence[Array]) -> Moments:
    """Return the moments, cubes too, of several rows of terms of the same length: arrays of them.

    Parameters
    ----------
    terms
        The rows.
    """
    parts = [Moments.of(term, cubes=True) for term in terms]
    columns = ([getattr(part, name) for part in parts] for name in ("mean", "norm", "cubes"))
    return Moments(len(terms[0]), *map(np.array, columns))


def _scaled_norm(rest: Array) -> Array:
    """Return √Σ rest², the squares of which may be out of range."""
    largest = np.abs(rest).max(axis=0)
    unit = np.where((largest > 0.0) & (largest < np.inf), largest, 1.0)
    return np.asarray(unit * np.sqrt(np.square(rest / unit).sum(axis=0)))
