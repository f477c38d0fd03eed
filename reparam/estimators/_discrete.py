"""Estimators for discrete distributions alone: all values, and relaxations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.errors import EstimatorError, ReparamError
from reparam.estimators._estimator import Estimator
from reparam.estimators._moments import Moments
from reparam.estimators._problem import Problem
from reparam.noise import UNIFORM, Stream
from reparam.parameters import Integers

__all__ = ["Enumeration", "Relaxed", "StraightThrough"]

#: How many values are enumerated at most.
_MOST = 2**24


class Enumeration(Estimator):
    """Σ φ(y) ∂p(y)/∂θ over a finite support: the gradient itself."""

    name = "enumeration"
    formula = "Σ φ(y) ∂p(y)/∂θ over all values"
    exact = True

    @classmethod
    def obstacle(cls, problem: Problem) -> ReparamError | None:
        """Return why it can't serve a problem."""
        distribution = problem.distribution
        low, high = (float(end) for end in distribution.support)
        if isinstance(distribution._support, Integers) and high - low < _MOST:
            return None
        return EstimatorError(
            f"the support of {distribution.name} is {distribution._support}, and at most {_MOST:,}"
            " values can be enumerated; use score-loo"
        )

    def sizes(self, draws: int) -> tuple[int, int]:
        """Return the number of values."""
        low, high = (int(end) for end in self.problem.distribution.support)
        return high - low + 1, high - low + 1

    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return φ(y) ∂p(y)/∂θ of those values."""
        distribution = self.problem.distribution
        y = float(distribution.support[0]) + np.arange(start, stop, dtype=np.float64)
        weight = self.problem.objective.value(y) * np.exp(distribution.log_prob(y))
        return [weight * score for score in self.problem.score(y)]

    def summed(self) -> Moments:
        """Return the sum of all terms, without variance."""
        mean = super().summed().mean
        return Moments(self.units, mean * self.units, np.zeros_like(mean))


def _binary_concrete(
    u: Array, temperature: float, probs: float
) -> tuple[Array, Array, tuple[Array, ...]]:
    """Return ỹ = σ((logit p + logit u)/τ), y = [ỹ > ½] and ∂ỹ/∂p.

    The binary Concrete distribution (Maddison, Mnih & Teh 2017, appendix B).
    """
    logit = np.log(probs) - np.log1p(-probs) + np.log(u) - np.log1p(-u)
    x = logit / temperature
    tail = np.exp(-np.abs(x))
    relaxed = np.where(x < 0.0, tail, 1.0) / (1.0 + tail)
    slope = tail / np.square(1.0 + tail) / (temperature * probs * (1.0 - probs))
    return relaxed, np.where(logit > 0.0, 1.0, 0.0), (slope,)


def _concrete(
    u: Array, temperature: float, logits: Array
) -> tuple[Array, Array, tuple[Array, ...]]:
    """Return ỹ = Σ k x_k of x = softmax((η + g)/τ), g Gumbel; y = argmax (η + g) and ∂ỹ/∂η.

    x is of the Concrete distribution (Maddison, Mnih & Teh 2017), a relaxation of the indicator
    of the category, and ỹ the category's number with x for probabilities.
    """
    perturbed = logits - np.log(-np.log(u.reshape(-1, logits.size)))
    hard = np.argmax(perturbed, axis=1)
    x = np.exp((perturbed - perturbed.max(axis=1, keepdims=True)) / temperature)
    x /= x.sum(axis=1, keepdims=True)
    numbers = np.arange(float(logits.size))
    relaxed = (x * numbers).sum(axis=1)
    slopes = x * (numbers - relaxed[:, np.newaxis]) / temperature
    return relaxed, hard.astype(np.float64), tuple(slopes.T)


#: By distribution: uniform noise, as many numbers as there are in θ for each value, temperature and
#: θ to relaxed values, values and ∂ỹ/∂θ.
RELAXATIONS: dict[str, Callable[..., tuple[Array, Array, tuple[Array, ...]]]] = {
    "bernoulli": _binary_concrete,
    "categorical": _concrete,
}


class Relaxed(Estimator):
    """φ′(ỹ) ∂ỹ/∂θ, with ỹ from a continuous distribution near the discrete one.

    It estimates the gradient of E[φ(ỹ)]: biased, less so at low temperature, where its variance
    grows.
    """

    name = "relaxed"
    formula = "φ′(ỹ) ∂ỹ/∂θ,  ỹ a relaxation of y"
    biased = True

    def __init__(self, problem: Problem, draws: int, root: np.random.SeedSequence) -> None:
        super().__init__(problem, draws, root)
        self._stream = Stream(UNIFORM, root)
        self._relaxed = RELAXATIONS[problem.distribution.name]

    @classmethod
    def obstacle(cls, problem: Problem) -> ReparamError | None:
        """Return why it can't serve a problem."""
        if problem.distribution.name in RELAXATIONS:
            return problem.needs_slope(cls.name)
        return EstimatorError(
            f"there is no relaxation of {problem.distribution.name} (there are those of"
            f" {', '.join(RELAXATIONS)}); use score-loo"
        )

    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return the terms of those draws."""
        each = sum(value.size for value in self.problem.distribution._theta)
        u = self._stream.take(each * start, each * stop)
        relaxed, hard, slopes = self._relaxed(u, self.problem.temperature, *self.problem.theta)
        upstream = self.problem.objective.slope(self._where(relaxed, hard))
        return [upstream * slope for slope in slopes]

    def _where(self, relaxed: Array, hard: Any) -> Array:
        """Return where the objective is differentiated."""
        return relaxed


class StraightThrough(Relaxed):
    """φ′(y) ∂ỹ/∂θ: the objective sees the discrete y, the derivative goes through the relaxed ỹ.

    Biased, and not the gradient of anything (Bengio, Léonard & Courville 2013; Jang, Gu & Poole
    2017, "Categorical reparameterization with Gumbel-softmax", section 2.2).
    """

    name = "straight-through"
    formula = "φ′(y) ∂ỹ/∂θ,  ỹ a relaxation of y"

    def _where(self, relaxed: Array, hard: Any) -> Array:
        values: Array = hard
        return values
