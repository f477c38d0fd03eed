"""Estimators from differences of J between integers: to the next one, or to another draw."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.engine.noise import UNIFORM, Stream, Substream
from reparam.errors import EstimatorError, ReparamError
from reparam.estimators._estimator import Estimator
from reparam.estimators._problem import Problem
from reparam.estimators._score import Score

__all__ = ["Smoothed", "UnorderedSet"]

#: How many numbers the table of weights may have.
_MOST = 2**22

#: The probabilities of both tails beyond the table: no draw lies there, and no sum misses it.
_BEYOND = 1e-40


class Smoothed(Estimator):
    """J(y + 1) − J(y) times −F_θ(y)/p(y): smoothed perturbation analysis.

    ∂E[J(y)]/∂θ = −Σ F_θ(k) (J(k + 1) − J(k)) by summation by parts. The weight is the ∂y/∂θ of a
    continuous distribution, with the difference in the place of J′ (Gong & Ho 1987, "Smoothed
    (conditional) perturbation analysis of discrete event dynamical systems"; Arya, Schauer, Schäfer
    & Rackauckas 2022, "Automatic differentiation of programs with discrete randomness").
    """

    name = "smoothed"
    formula = "−F_θ(y)/p(y) (J(y + 1) − J(y))"

    def __init__(self, problem: Problem, draws: int, root: np.random.SeedSequence) -> None:
        super().__init__(problem, draws, root)
        self._stream = Stream(root)
        self._last = float(problem.distribution.support[1])
        self._first, self._weights = _weights(problem)

    @classmethod
    def obstacle(cls, problem: Problem) -> ReparamError | None:
        """Return why it can't serve a problem."""
        law = problem.distribution
        if not isinstance(law, Discrete):
            return EstimatorError(
                f"{cls.name} is for discrete distributions; use {problem.instead} for {law.name}"
            )
        low, high = _range(law)
        if not (high - low + 1.0) * len(problem.names) <= _MOST:
            return EstimatorError(
                f"{cls.name} needs −F_θ(y)/p(y) at all values of {law.name}, and these are more"
                f" than {_MOST:,}; use {problem.instead}"
            )
        with np.errstate(all="ignore"):
            inner = law.log_prob(np.arange(low, high + 1.0))
        if np.any(np.isneginf(inner)):
            return EstimatorError(
                f"{cls.name} doesn't see what passes through values without probability, such as"
                f" {low + np.flatnonzero(np.isneginf(inner))[0]:g}; use {problem.instead}"
            )
        return None

    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return the terms of those draws."""
        y = self.problem.distribution._sample((stop - start,), self._stream, start)
        loss = self.problem.objective.value
        step = loss(np.minimum(y + 1.0, self._last)) - loss(y)
        return list(self._weights[:, (y - self._first).astype(np.intp)] * step)


def _range(law: Discrete) -> tuple[float, float]:
    """Return the least and the greatest value that matters."""
    low, high = (float(end) for end in law.support)
    first = low if math.isfinite(low) else float(law.icdf(_BEYOND))
    return first, min(high, float(law.isf(_BEYOND)))


def _weights(problem: Problem) -> tuple[float, Array]:
    """Return the least value and −F_θ/p from it on, a row per parameter.

    F_θ is Σ p s of the values up to y, or less the sum of those above: whichever tail is smaller.
    """
    law = problem.distribution
    assert isinstance(law, Discrete)
    first, last = _range(law)
    y = np.arange(first, last + 1.0)
    with np.errstate(all="ignore"):
        p = np.exp(law.log_prob(y))
        terms = p * np.array(problem.score(y))
        terms = np.where(p > 0.0, terms, 0.0)
        below = np.cumsum(terms, axis=1)
        above = np.zeros_like(terms)
        above[:, :-1] = np.cumsum(terms[:, :0:-1], axis=1)[:, ::-1]
        sums = np.where(np.cumsum(p) < 0.5, below, -above)
        return first, np.where(p > 0.0, -sums / p, 0.0)


class UnorderedSet(Score):
    """Two different draws, in no order, each the other's baseline.

    With k = 2 the unordered set estimator of draws without replacement, such as Gumbel's top k, is
    (J(a) − J(b)) (s(a) − s(b)) / (1/(1 − p(a)) + 1/(1 − p(b))), s the score (Kool, van Hoof &
    Welling 2020, "Estimating gradients for discrete random variables by sampling without
    replacement"). Unbiased: over all pairs it adds up to the covariance of J and s.
    """

    name = "unordered-set"
    formula = "(J(a) − J(b)) (s(a) − s(b)) / (1/(1 − p(a)) + 1/(1 − p(b))), a ≠ b"
    takes_vectors = False

    def __init__(self, problem: Problem, draws: int, root: np.random.SeedSequence) -> None:
        super().__init__(problem, draws, root)
        self._second = Substream(Stream(root), UNIFORM, 1)

    @classmethod
    def obstacle(cls, problem: Problem) -> ReparamError | None:
        """Return why it can't serve a problem."""
        law = problem.distribution
        if isinstance(law, Discrete) and law.support[0] < law.support[1]:
            return super().obstacle(problem)
        return EstimatorError(
            f"{cls.name} is for discrete distributions of at least two values; use"
            f" {problem.instead} for {law.name}"
        )

    def sizes(self, draws: int) -> tuple[int, int]:
        """Return the numbers of draws and of pairs, of which there are at least two."""
        pairs = max(2, -(-draws // 2))
        return 2 * pairs, pairs

    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return the terms of those pairs."""
        (first,) = self._take(start, stop)
        others = self._others(first)
        # the quantile of what is left of (0, 1) without the first draw's part
        share = self._second.take(start, stop) * (others[0] + others[1])
        lower = share < others[0]
        u = np.where(lower, share, 1.0 - (share - others[0]))
        v = np.where(lower, 1.0 - share, share - others[0])
        law = self.problem.distribution
        assert isinstance(law, Discrete)
        second = law._quantile(u, np.maximum(v, np.finfo(float).tiny), *self.problem.theta)
        second = np.where(second == first, first + np.where(lower, -1.0, 1.0), second)
        loss, rest = self.problem.objective.value, -np.expm1(law.log_prob(second))
        scale = (loss(first) - loss(second)) / (1.0 / np.add(*others) + 1.0 / rest)
        ours, theirs = self.problem.score(first), self.problem.score(second)
        return [scale * (ours[k] - theirs[k]) for k in self._kept]

    def _others(self, y: Array) -> tuple[Array, Array]:
        """Return the probabilities of all values below y, and above."""
        law, low = self.problem.distribution, float(self.problem.distribution.support[0])
        below = np.where(y > low, law.cdf(np.maximum(y - 1.0, low)), 0.0)
        return below, law.sf(y)
