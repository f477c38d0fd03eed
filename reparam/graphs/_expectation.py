"""E[J] and its gradient, estimated from many draws, and how far off the estimates may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from reparam._typing import Array
from reparam.moments import Moments
from reparam.notes import UndefinedDraws

__all__ = ["Expectation", "ExpectationStandardError", "summary"]


@dataclass(frozen=True, eq=False)
class ExpectationStandardError:
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
    standard_error: ExpectationStandardError
    _undefined: UndefinedDraws = field(repr=False)
    _analysis: Callable[[], tuple[str, ...]] = field(repr=False)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What the numbers don't show, one sentence each; computed on first use.

        How many draws have a loss or a derivative that is NaN or infinite, and where; in which
        inputs the gradient misses something, because the loss jumps; and which variances are
        infinite, so that standard errors don't hold.
        """
        return (*self._undefined.notes(), *self._analysis())


def summary(
    of_loss: Moments,
    of_gradient: Mapping[str, Moments],
    undefined: UndefinedDraws,
    analysis: Callable[[], tuple[str, ...]],
) -> Expectation:
    """Return moments as an expectation, with what notes are made of."""
    return Expectation(
        of_loss.count,
        of_loss.mean,
        {name: moments.mean for name, moments in of_gradient.items()},
        ExpectationStandardError(
            of_loss.standard_error,
            {name: moments.standard_error for name, moments in of_gradient.items()},
        ),
        undefined,
        analysis,
    )
