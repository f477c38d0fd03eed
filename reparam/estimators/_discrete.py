"""Estimators for discrete distributions alone: all values, and relaxations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reparam._typing import Array, Mapped
from reparam.distributions.concrete import Concrete
from reparam.distributions.relaxed_bernoulli import RelaxedBernoulli
from reparam.domains import Integers
from reparam.engine.noise import BLOCK, UNIFORM, Stream, Substream
from reparam.errors import EstimatorError, ReparamError
from reparam.estimators._estimator import Estimator
from reparam.estimators._exact import MOST_VALUES
from reparam.estimators._problem import Problem
from reparam.moments import Moments

__all__ = ["Enumeration", "Relaxed", "StraightThrough"]


class Enumeration(Estimator):
    """Σ J(y) ∂p(y)/∂θ over a finite support: the gradient itself."""

    name = "enumeration"
    formula = "Σ J(y) ∂p(y)/∂θ over all values"
    exact = True

    @classmethod
    def obstacle(cls, problem: Problem) -> ReparamError | None:
        """Return why it can't serve a problem."""
        distribution = problem.distribution
        low, high = (float(end) for end in distribution.support)
        if isinstance(distribution._support, Integers) and high - low < MOST_VALUES:
            return None
        return EstimatorError(
            f"the support of {distribution.name} is {distribution._support}, and at most"
            f" {MOST_VALUES:,} values can be enumerated; use {problem.instead}"
        )

    def sizes(self, draws: int) -> tuple[int, int]:
        """Return the number of values."""
        low, high = (int(end) for end in self.problem.distribution.support)
        return high - low + 1, high - low + 1

    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return J(y) ∂p(y)/∂θ of those values."""
        y, weight = self._weighted(start, stop)
        return [weight * score for score in self.problem.score(y)]

    def _weighted(self, start: int, stop: int) -> tuple[Array, Array]:
        """Return those values, and J(y) p(y)."""
        distribution = self.problem.distribution
        y = float(distribution.support[0]) + np.arange(start, stop, dtype=np.float64)
        return y, self.problem.objective.value(y) * np.exp(distribution.log_prob(y))

    def summed(
        self, on_terms: Callable[[int], None] | None = None, mapped: Mapped | None = None
    ) -> Moments:
        """Return the sum of all terms, without variance."""
        with np.errstate(all="ignore"):
            starts = range(0, self.units, self.together)
            parts = (self._weighted(k, min(k + self.together, self.units)) for k in starts)
            total = np.sum([self.problem.score_sums(*part)[0] for part in parts], axis=0)
        nothing = np.zeros_like(total)
        return Moments(self.units, total, nothing, nothing)


def _of_bernoulli(
    law: Any, u: Array, temperature: float, given: float
) -> tuple[Array, Array, tuple[Array, ...]]:
    """Return ỹ of the relaxed Bernoulli distribution, y = [ỹ > ½] and ∂ỹ/∂θ."""
    point = law._success(given)
    theta = np.asarray(temperature), point.logit
    relaxed, logit = RelaxedBernoulli._transform(u, *theta)
    _, slope = RelaxedBernoulli._jacobian(relaxed, logit, *theta)
    hard = np.where(logit > 0.0, 1.0, 0.0)  # also where ỹ rounds to ½
    return relaxed, hard, (slope if law._choice == ("logits",) else slope / (point.x * point.rest),)


def _of_categorical(
    law: Any, u: Array, temperature: float, given: Array
) -> tuple[Array, Array, tuple[Array, ...]]:
    """Return ỹ = Σ k x_k of x from the Concrete distribution, y = argmax x and ∂ỹ/∂θ.

    x relaxes the indicator of the category, and ỹ is the category's number with x for
    probabilities.
    """
    logits = given if law._choice == ("logits",) else np.log(given)
    theta = np.asarray(temperature), logits
    x, log_ratio = Concrete._transform(u.reshape(-1, logits.size), *theta)
    numbers = np.arange(float(logits.size))
    _, slopes = Concrete._pull(np.broadcast_to(numbers, x.shape), x, log_ratio, *theta)
    hard = np.argmax(log_ratio, axis=-1).astype(np.float64)
    if law._choice == ("probs",):
        slopes = slopes / given
    return np.einsum("ik,k->i", x, numbers), hard, tuple(slopes.T)


def _of_indicator(
    law: Any, u: Array, temperature: float, given: Array
) -> tuple[Array, Array, Callable[[Array], Array]]:
    """Return the relaxed indicator x, the indicator of its greatest entry, and Σ J′ ∂x/∂θ of J′."""
    in_logits = law._choice == ("logits",)
    logits = given if in_logits else np.log(given)
    theta = np.asarray(temperature), logits
    x, log_ratio = Concrete._transform(u.reshape(-1, logits.size), *theta)
    hard = np.where(log_ratio == 0.0, 1.0, 0.0)  # less the greatest

    def pulled(upstream: Array) -> Array:
        slopes: Array = Concrete._pull(upstream, x, log_ratio, *theta)[1]
        return np.asarray((slopes if in_logits else slopes / given).T)

    return x, hard, pulled


#: By distribution: itself, uniform noise, as many numbers as there are in θ for each value,
#: temperature and θ to relaxed values, values and ∂ỹ/∂θ.
RELAXATIONS: dict[str, Callable[..., tuple[Array, Array, tuple[Array, ...]]]] = {
    "bernoulli": _of_bernoulli,
    "categorical": _of_categorical,
}


#: What is relaxed as a vector.
_INDICATORS = "one-hot-categorical"


class Relaxed(Estimator):
    """J′(ỹ) ∂ỹ/∂θ, with ỹ from a continuous distribution near the discrete one.

    It estimates the gradient of E[J(ỹ)]: biased, less so at low temperature, where its variance
    grows.
    """

    name = "relaxed"
    formula = "J′(ỹ) ∂ỹ/∂θ,  ỹ a relaxation of y"
    biased = True
    takes_vectors = True
    tempered = True

    def __init__(self, problem: Problem, draws: int, root: np.random.SeedSequence) -> None:
        super().__init__(problem, draws, root)
        self._each = sum(value.size for value in problem.distribution._theta)
        self._noise = Substream(Stream(root), UNIFORM, event=(self._each,))
        self.together = max(1, BLOCK // self._each)  # as many numbers as of other noise

    @classmethod
    def obstacle(cls, problem: Problem) -> ReparamError | None:
        """Return why it can't serve a problem."""
        if problem.distribution.name in (*RELAXATIONS, _INDICATORS):
            return problem.needs_slope(cls.name)
        return EstimatorError(
            f"there is no relaxation of {problem.distribution.name} (there are those of"
            f" {', '.join((*RELAXATIONS, _INDICATORS))}); use {problem.instead}"
        )

    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return the terms of those draws."""
        u = self._noise.take(start, stop).ravel()
        law, temperature = self.problem.distribution, self.problem.temperature
        if self.problem.of_vectors:
            relaxed, hard, pulled = _of_indicator(law, u, temperature, *self.problem.theta)
            return list(pulled(self.problem.objective.slope(self._where(relaxed, hard))))
        relaxation = RELAXATIONS[law.name]
        relaxed, hard, slopes = relaxation(law, u, temperature, *self.problem.theta)
        upstream = self.problem.objective.slope(self._where(relaxed, hard))
        return [upstream * slope for slope in slopes]

    def _where(self, relaxed: Array, hard: Any) -> Array:
        """Return where the objective is differentiated."""
        return relaxed


class StraightThrough(Relaxed):
    """J′(y) ∂ỹ/∂θ: the objective sees the discrete y, the derivative goes through the relaxed ỹ.

    Biased, and not the gradient of anything (Bengio, Léonard & Courville 2013; Jang, Gu & Poole
    2017, "Categorical reparameterization with Gumbel-softmax", section 2.2).
    """

    name = "straight-through"
    formula = "J′(y) ∂ỹ/∂θ,  ỹ a relaxation of y"

    def _where(self, relaxed: Array, hard: Any) -> Array:
        values: Array = hard
        return values
