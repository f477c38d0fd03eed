"""E[J] and its gradient, estimated from many draws, and how far off the estimates may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reparam._typing import Array

__all__ = ["Expectation", "Moments", "StandardError", "summary"]


@dataclass(frozen=True, eq=False)
class StandardError:
    """The standard errors of an expectation and its gradient; NaN for fewer than two draws.

    Attributes
    ----------
    value
        Of the value.
    gradient
        Of the gradient, by name.
    """

    value: Array
    gradient: dict[str, Array]


@dataclass(frozen=True, eq=False)
class Expectation:
    """An estimate of E[J] and of its gradient, means over independent draws.

    Attributes
    ----------
    draws
        How many draws there were.
    value
        The mean of J, the sum of the loss over the batch.
    gradient
        The mean of ∂J/∂name by name, of the shape of what has that name.
    standard_error
        Of both: s/√n, with s² the sample variance of the draws.
    """

    draws: int
    value: Array
    gradient: dict[str, Array]
    standard_error: StandardError


@dataclass(frozen=True)
class Moments:
    """The count, the mean and Σ (x − mean)² of draws.

    Pieces are put together without cancellation (Chan, Golub & LeVeque 1983, "Algorithms for
    computing the sample variance").
    """

    count: int
    mean: Array
    squares: Array

    @classmethod
    def of(cls, x: Array) -> Moments:
        """Return those of draws along the first axis."""
        mean = x.mean(axis=0)
        rest = x - mean
        np.square(rest, out=rest)
        return cls(len(x), mean, rest.sum(axis=0))

    def __add__(self, other: Moments) -> Moments:
        count = self.count + other.count
        with np.errstate(all="ignore"):  # infinite losses make NaN
            step = other.mean - self.mean
            between = np.square(step) * (self.count * other.count / count)
            mean = self.mean + step * (other.count / count)
            return Moments(count, mean, self.squares + other.squares + between)

    @property
    def standard_error(self) -> Array:
        """Of the mean."""
        if self.count < 2:
            return np.full_like(self.mean, np.nan)[()]
        return np.sqrt(self.squares / (self.count - 1) / self.count)


def summary(of_loss: Moments, of_gradient: Mapping[str, Moments]) -> Expectation:
    """Return moments as an expectation."""
    return Expectation(
        of_loss.count,
        of_loss.mean,
        {name: moments.mean for name, moments in of_gradient.items()},
        StandardError(
            of_loss.standard_error,
            {name: moments.standard_error for name, moments in of_gradient.items()},
        ),
    )
