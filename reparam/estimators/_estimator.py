"""What an estimator is: terms, block by block, whose mean is the gradient."""

from __future__ import annotations

import abc
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from itertools import islice
from typing import Any, ClassVar

import numpy as np

from reparam._typing import Array, Mapped
from reparam.engine.noise import BLOCK
from reparam.engine.threads import in_order
from reparam.errors import ReparamError
from reparam.estimators._problem import Problem
from reparam.moments import Moments, moments

__all__ = ["Estimator"]


class Estimator(abc.ABC):
    """An estimator of ∂/∂θ E[J(y)], on one stream of draws.

    Terms are independent, or uncorrelated, so that their variance gives the standard error. A
    subclass writes :meth:`terms`.

    Parameters
    ----------
    problem
        What is estimated.
    draws
        How many draws at least: some estimators take them by pairs, or by powers of 2.
    root
        The seed.
    """

    name: ClassVar[str]
    #: What its terms are, for the reader.
    formula: ClassVar[str]
    #: Whether its expectation is something else than the gradient.
    biased: ClassVar[bool] = False
    #: Whether it depends on the temperature.
    tempered: ClassVar[bool] = False
    #: Whether it is the gradient itself, and no estimate.
    exact: ClassVar[bool] = False
    #: Whether terms are J′(y) ∂y/∂θ ("path"), J(y) ∂ log p/∂θ ("score"), or have the tails of J.
    tails: ClassVar[str] = "value"
    #: Whether draws may be vectors or matrices.
    takes_vectors: ClassVar[bool] = False
    #: How many terms are made by one task.
    together: int = BLOCK
    #: How many tasks' summaries are condensed into one before these are added up: a fixed tree.
    span: ClassVar[int] = 64

    def __init__(self, problem: Problem, draws: int, root: np.random.SeedSequence) -> None:
        self.problem, self.root = problem, root
        self.draws, self.units = self.sizes(draws)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problem, self.draws, self.root)

    @classmethod
    @abc.abstractmethod
    def obstacle(cls, problem: Problem) -> ReparamError | None:
        """Return why it can't serve a problem: the error to raise; None if it can."""

    @classmethod
    def refusals(cls, problem: Problem) -> dict[str, str]:
        """Return the parameters that it can't serve, each with the reason."""
        return {}

    def sizes(self, draws: int) -> tuple[int, int]:
        """Return how many draws it takes, if asked for n, and how many terms they make."""
        return draws, draws

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that it has terms for, in order."""
        refused = self.refusals(self.problem)
        return tuple(name for name in self.problem.names if name not in refused)

    @abc.abstractmethod
    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return the terms ``start:stop``, at most :attr:`together`, one array per parameter."""

    def summary(self, start: int, stop: int) -> Any:
        """Return what is kept of the terms ``start:stop``; called on any thread."""
        return moments(self.terms(start, stop))

    def condensed(self, summaries: Sequence[Any]) -> Any:
        """Return what is kept of a span's summaries; called anywhere."""
        return reduce(operator.add, summaries)

    def absorbed(self, condensed: Any) -> Moments:
        """Return the moments that a span stands for; called in the order of the stream."""
        assert isinstance(condensed, Moments)
        return condensed

    def summed(
        self, on_terms: Callable[[int], None] | None = None, mapped: Mapped | None = None
    ) -> Moments:
        """Return the moments of all terms, added in their order.

        Parameters
        ----------
        on_terms
            Called with the number of terms that are made, now and then.
        mapped
            Applies a function to the starts of spans, such as on other machines; it need not keep
            more than some results at a time. Default: this process, by its threads.
        """
        spans: Iterator[Any]
        if mapped is None:
            pieces = range(0, self.units, self.together)
            summaries = self._counted(in_order(self._piece, pieces), self.together, on_terms)
            groups = iter(lambda: list(islice(summaries, self.span)), [])
            spans = map(self.condensed, groups)
        else:
            length = self.span * self.together
            spans = mapped(self._spanned, range(0, self.units, length))
            spans = self._counted(spans, length, on_terms)
        return reduce(operator.add, map(self.absorbed, spans))

    def _counted(
        self, parts: Iterable[Any], length: int, on_terms: Callable[[int], None] | None
    ) -> Iterator[Any]:
        """Yield parts, and how many terms they are together."""
        for number, part in enumerate(parts, start=1):
            if on_terms:
                on_terms(min(number * length, self.units))
            yield part

    def _spanned(self, start: int) -> Any:
        stop = min(start + self.span * self.together, self.units)
        return self.condensed([*in_order(self._piece, range(start, stop, self.together))])

    def _piece(self, start: int) -> Any:
        with np.errstate(all="ignore"):
            return self.summary(start, min(start + self.together, self.units))
