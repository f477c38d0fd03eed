"""Estimators for few values: by Gumbel noise, by pairs of coins, and by the trapezoidal rule.

With η_k = ln p(k), ∂η_k/∂θ is the score of value k. So one table of scores serves all parameters
of all distributions of few values: logits, probabilities and weights alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.engine.noise import BLOCK, UNIFORM, Stream, Substream
from reparam.errors import EstimatorError, ReparamError
from reparam.estimators._estimator import Estimator
from reparam.estimators._problem import Problem
from reparam.estimators._score import GROUP, by_groups, crossed

__all__ = ["Arm", "DisArm", "GumbelRao", "HardConcrete", "Rebar", "ReinMax"]

#: Values that a distribution may have at most: each draw takes noise for each of them.
_MOST = 256

#: Conditional draws of Gumbel noise per draw of a value.
CONDITIONAL = 10

#: Two controls are one if the square of their correlation is this near to 1.
_SINGULAR = 1e-10

#: The interval that hard concrete stretches (0, 1) to: the γ and ζ of Louizos et al.
STRETCHED = (-0.1, 1.1)


class _OfFew(Estimator):
    """An estimator that has a table of all values, their probabilities and their scores."""

    #: How many values a distribution may have.
    most = _MOST
    #: Whether J is differentiated.
    sloped = True

    def __init__(self, problem: Problem, draws: int, root: np.random.SeedSequence) -> None:
        super().__init__(problem, draws, root)
        law = problem.distribution
        low, high = (float(end) for end in law.support)
        self._numbers = np.arange(low, high + 1.0)
        self._log_p = law.log_prob(self._numbers)
        self._p = np.exp(self._log_p)
        with np.errstate(all="ignore"):
            self._scores = np.array(problem.score(self._numbers))
        each = self._each()
        self._noise = Substream(Stream(root), UNIFORM, event=(each,))
        self.together = max(1, BLOCK // each)

    @classmethod
    def obstacle(cls, problem: Problem) -> ReparamError | None:
        """Return why it can't serve a problem."""
        law = problem.distribution
        low, high = (float(end) for end in law.support)
        if not isinstance(law, Discrete) or high - low >= cls.most:
            return EstimatorError(
                f"{cls.name} is for discrete distributions of at most {cls.most} values, and the"
                f" support of {law.name} is {law._support}; use {problem.instead}"
            )
        return problem.needs_slope(cls.name) if cls.sloped else None

    def _each(self) -> int:
        """Return how many uniform numbers a term takes."""
        return 1

    def _slopes(self, x: Array, relaxed: Array, inner: Array | float = 1.0) -> Array:
        """Return τ ∂ỹ/∂θ for ỹ = Σ k x_k, x = softmax(z/τ) and ∂z_k/∂η_k, one row per parameter."""
        weights = x * (self._numbers - relaxed[..., np.newaxis]) * inner
        return np.moveaxis(weights @ self._scores.T, -1, 0)

    def _softened(self, z: Array) -> tuple[Array, Array]:
        """Return x = softmax(z/τ) and Σ k x_k."""
        z = (z - z.max(axis=-1, keepdims=True)) / self.problem.temperature
        x = np.exp(z)
        x /= x.sum(axis=-1, keepdims=True)
        return x, x @ self._numbers

    def _given(self, top: Array, noise: Array) -> Array:
        """Return η + Gumbel variates, given which of them is the greatest.

        With exponential variates e, the greatest is −ln e_b and another one −ln(e_j/p_j + e_b)
        (Maddison, Tarlow & Minka 2014, "A* sampling").
        """
        waits = -np.log(noise)
        own = np.arange(self._numbers.size) == top[..., np.newaxis]
        first = np.sum(np.where(own, waits, 0.0), axis=-1, keepdims=True)
        result: Array = -np.log(np.where(own, 0.0, waits / self._p) + first)
        return result


class ReinMax(_OfFew):
    """Straight-through to second order: exact in the mean where J is a quadratic polynomial.

    The difference of J between two categories is that of the trapezoidal rule, ½ (J′(j) + J′(k))
    times their distance (Liu, Dong, Liu, Yu & Gao 2023, "Bridging discrete and backpropagation:
    straight-through and beyond", algorithm 2 at temperature 1).
    """

    name = "reinmax"
    formula = "J′(y) ∂/∂θ of 2 E[k] at ½ (p + [k = y]) − ½ E[k] at p"
    biased = True

    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return the terms of those draws."""
        u = self._noise.take(start, stop).ravel()
        law = self.problem.distribution
        assert isinstance(law, Discrete)
        y = law._quantile(u, 1.0 - u, *self.problem.theta)
        half = 0.5 * (self._p + np.eye(self._numbers.size))
        table = 2.0 * self._slopes(half, half @ self._numbers)
        table -= 0.5 * self._slopes(self._p, np.asarray(self._p @ self._numbers))[:, np.newaxis]
        return list(self.problem.objective.slope(y) * table[:, (y - self._numbers[0]).astype(int)])


class GumbelRao(_OfFew):
    """Straight-through with the mean of ∂ỹ/∂θ over conditional Gumbel noise, given y.

    Its bias is that of straight-through, its variance smaller (Paulus, Maddison & Krause 2021,
    "Rao-Blackwellizing the straight-through Gumbel-softmax gradient estimator").
    """

    name = "gumbel-rao"
    formula = f"J′(y) times the mean of {CONDITIONAL} ∂ỹ/∂θ, given y"
    biased = True
    tempered = True

    def _each(self) -> int:
        return 1 + CONDITIONAL * self._numbers.size

    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return the terms of those draws."""
        noise = self._noise.take(start, stop).reshape(stop - start, -1)
        law, u = self.problem.distribution, noise[:, 0]
        assert isinstance(law, Discrete)
        y = law._quantile(u, 1.0 - u, *self.problem.theta)
        rest = noise[:, 1:].reshape(len(y), CONDITIONAL, -1)
        z = self._given((y - self._numbers[0])[:, np.newaxis], rest)
        slopes = self._slopes(*self._softened(z)).mean(axis=-1) / self.problem.temperature
        return list(self.problem.objective.slope(y) * slopes)


class Rebar(_OfFew):
    """The score function with a relaxation as control variate, corrected along two paths.

    Unbiased. z = η + Gumbel noise makes y and, by softmax, ỹ. As a function of θ at fixed noise it
    has ∂z_k/∂η_k = 1, and given y, at fixed conditional noise, 1 − exp(z_k − max z): the two
    noises are coupled so that z is the same. The baseline b and the factor c are those of
    least squares in another third of the group (Tucker, Mnih, Maddison, Lawson & Sohl-Dickstein
    2017, "REBAR: low-variance, unbiased gradient estimates for discrete latent variable models").
    """

    name = "rebar"
    formula = "(J(y) − c J(ỹ) − b) ∂ log p(y)/∂θ + c J′(ỹ) (∂ỹ/∂θ − ∂ỹ/∂θ given y)"
    tempered = True

    def __init__(self, problem: Problem, draws: int, root: np.random.SeedSequence) -> None:
        super().__init__(problem, draws, root)
        self.together = max(GROUP, self.together // GROUP * GROUP)

    def _each(self) -> int:
        return self._numbers.size

    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return the terms of those draws."""
        noise = self._noise.take(start, stop).reshape(stop - start, -1)
        loss = self.problem.objective
        z = self._log_p - np.log(-np.log(noise))
        top = z.argmax(axis=-1)
        x, relaxed = self._softened(z)
        between = np.exp(z - z.max(axis=-1, keepdims=True))
        gains = self._slopes(x, relaxed, between) * (loss.slope(relaxed) / self.problem.temperature)
        values, controls = loss.value(self._numbers[top]), loss.value(relaxed)
        return [
            by_groups(_less_the_best, values * score[top], score[top], controls * score[top] - gain)
            for score, gain in zip(self._scores, gains, strict=True)
        ]


def _less_the_best(terms: Array, first: Array, second: Array) -> Array:
    """Subtract multiples of two terms of mean 0: those of least squares in another third."""
    result = np.empty_like(terms)
    for here, there in crossed(terms.shape[1]):
        a, b, t = first[:, there], second[:, there], terms[:, there]
        aa, ab, bb, at, bt = (
            np.sum(x * y, axis=1, keepdims=True)
            for x, y in ((a, a), (a, b), (b, b), (a, t), (b, t))
        )
        free = aa * bb - ab * ab
        free = np.where(free > _SINGULAR * aa * bb, free, np.inf)  # with the first alone
        by_second = (aa * bt - ab * at) / free
        by_first = (at - ab * by_second) / np.where(aa == 0.0, np.inf, aa)
        result[:, here] = terms[:, here] - by_first * first[:, here] - by_second * second[:, here]
    return result


class _OfTwo(_OfFew):
    """An estimator for two values, with p the probability of the greater one."""

    most = 2

    def _uniform(self, start: int, stop: int) -> Array:
        return self._noise.take(start, stop).ravel()

    def _by_logit(self, terms: Array) -> list[Array]:
        """Return terms of ∂/∂ ln(p/(1 − p)) as those of ∂/∂θ."""
        return list(np.multiply.outer(self._scores[:, 1] - self._scores[:, 0], terms))


class HardConcrete(_OfTwo):
    """A relaxation that is 0 or 1 with positive probability: stretched, and clipped to [0, 1].

    Biased: it estimates the gradient of E[J(ỹ)] (Louizos, Welling & Kingma 2018, "Learning sparse
    neural networks through L0 regularization", section 2.2).
    """

    name = "hard-concrete"
    formula = "J′(ỹ) ∂ỹ/∂θ,  ỹ a relaxation of y, stretched to (−0.1, 1.1) and clipped"
    biased = True
    tempered = True

    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return the terms of those draws."""
        u, heat = self._uniform(start, stop), self.problem.temperature
        low, high = STRETCHED
        z = (self._log_p[1] - self._log_p[0] + np.log(u) - np.log1p(-u)) / heat
        inner = 1.0 / (1.0 + np.exp(-z))
        stretched = low + (high - low) * inner
        slope = (high - low) * inner / (1.0 + np.exp(z)) / heat
        slope = np.where((stretched > 0.0) & (stretched < 1.0), slope, 0.0)
        relaxed = self._numbers[0] + np.clip(stretched, 0.0, 1.0)
        return self._by_logit(self.problem.objective.slope(relaxed) * slope)


class Arm(_OfTwo):
    """The difference of J at the values that u and 1 − u make, times u − ½.

    Unbiased (Yin & Zhou 2019, "ARM: augment-REINFORCE-merge gradient for stochastic binary
    networks").
    """

    name = "arm"
    formula = "(J(y of 1 − u) − J(y of u)) (u − ½) ∂logit/∂θ"
    sloped = False

    def sizes(self, draws: int) -> tuple[int, int]:
        """Return the numbers of draws and of pairs, of which there are at least two."""
        pairs = max(2, -(-draws // 2))
        return 2 * pairs, pairs

    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return the terms of those pairs."""
        u = self._uniform(start, stop)
        mirrored, here = 1.0 - u < self._p[1], u < self._p[1]
        low, high = self.problem.objective.value(self._numbers)
        sign = mirrored.astype(np.float64) - here.astype(np.float64)
        return self._by_logit((high - low) * sign * self._weight(u))

    def _weight(self, u: Array) -> Array:
        """Return what the difference counts for, given that the values differ."""
        return u - 0.5


class DisArm(Arm):
    """ARM with the mean of its weight, given the two values.

    Unbiased, with a smaller variance (Dong, Mnih & Tucker 2020, "DisARM: an antithetic gradient
    estimator for binary latent variables").
    """

    name = "disarm"
    formula = "½ (J(y of 1 − u) − J(y of u)) max(p, 1 − p) ∂logit/∂θ, signed"

    def _weight(self, u: Array) -> Array:
        return np.copysign(0.5 * float(self._p.max()), u - 0.5)
