"""Measure-valued derivatives: ∂p/∂θ = c (p₊ − p₋), of which both parts are drawn, coupled.

The decompositions are those of Mohamed, Rosca, Figurnov & Mnih (2020), "Monte Carlo gradient
estimation in machine learning", JMLR 21(132), section 6 and table 1; those of the uniform
distribution, whose ∂p/∂θ has mass at an endpoint, are p and that end. Each draw of p₋ is made from
that of p₊, so that the difference of the objectives varies little (section 6.4).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any, TypeAlias

import numpy as np

from reparam._typing import Array
from reparam.engine.noise import BLOCK, UNIFORM, Stream
from reparam.errors import EstimatorError, ReparamError
from reparam.estimators._estimator import Estimator
from reparam.estimators._problem import Problem

__all__ = ["MeasureValued"]

#: A number -> a generator at the start of a block of that substream.
Lanes: TypeAlias = Callable[[int], np.random.Generator]
#: c, and this many draws of p₊ and of p₋, from generators and the parameters.
Parts: TypeAlias = tuple[Any, Array, Array]
Decomposition: TypeAlias = Callable[..., Parts]


def _gaussian_loc(lanes: Lanes, size: int, loc: float, scale: float) -> Parts:
    """Rayleigh distances to both sides: the same one."""
    distance = scale * np.sqrt(2.0 * lanes(0).standard_exponential(size))
    return 1.0 / (scale * math.sqrt(2.0 * math.pi)), loc + distance, loc - distance


def _gaussian_scale(lanes: Lanes, size: int, loc: float, scale: float) -> Parts:
    """A double-sided Maxwell variate m, and m u, which is normal for uniform u."""
    maxwell = scale * np.sqrt(2.0 * lanes(0).standard_gamma(1.5, size))
    u = 2.0 * lanes(1).random(size) - 1.0
    return 1.0 / scale, loc + np.copysign(maxwell, u), loc + maxwell * u


def _exponential_rate(lanes: Lanes, size: int, rate: float) -> Parts:
    """Exponential, and Erlang with one more exponential added."""
    first = lanes(0).standard_exponential(size) / rate
    return 1.0 / rate, first, first + lanes(1).standard_exponential(size) / rate


def _gamma_rate(lanes: Lanes, size: int, alpha: float, rate: float) -> Parts:
    """Gamma(α), and Gamma(α + 1), which is that with an exponential added."""
    first = lanes(0).standard_gamma(alpha, size) / rate
    return alpha / rate, first, first + lanes(1).standard_exponential(size) / rate


def _poisson_rate(lanes: Lanes, size: int, rate: float) -> Parts:
    """Y + 1, and Y."""
    from reparam.distributions.poisson import Poisson

    u = np.empty(size)
    UNIFORM.fill(lanes(0), u)
    y = Poisson._quantile(u, 1.0 - u, np.asarray(rate))
    return 1.0, y + 1.0, y


def _of_binomial(lanes: Lanes, size: int, law: Any, factor: Array) -> Parts:
    """Y + 1 and Y, of one trial less: c is n ∂p/∂θ."""
    total, given = (np.asarray(value) for value in law._theta)
    y, u = np.zeros(size), np.empty(size)
    UNIFORM.fill(lanes(0), u)
    if total > 1.0:
        y = law._quantile(u, 1.0 - u, total - 1.0, given)
    return factor, y + 1.0, y


def _of_table(lanes: Lanes, size: int, y: Array, change: Array) -> Parts:
    """The values of which ∂p/∂θ is positive and those of which it is negative, by one uniform.

    That is the Hahn-Jordan decomposition: of ∂p/∂η_k, k itself and all others by their shares.
    """
    u = lanes(0).random(size)
    parts = [np.cumsum(np.maximum(sign * change, 0.0)) for sign in (1.0, -1.0)]
    if parts[0][-1] == 0.0:
        return 0.0, np.full(size, y[0]), np.full(size, y[0])
    above, below = (y[np.searchsorted(part, u * part[-1], side="right")] for part in parts)
    return parts[0][-1], above, below


def _uniform_low(lanes: Lanes, size: int, low: float, high: float) -> Parts:
    """Uniform, and the lower endpoint."""
    y = lanes(0).uniform(low, high, size)
    return 1.0 / (high - low), y, np.full(size, low)


def _uniform_high(lanes: Lanes, size: int, low: float, high: float) -> Parts:
    """The upper endpoint, and uniform."""
    y = lanes(0).uniform(low, high, size)
    return 1.0 / (high - low), np.full(size, high), y


#: By distribution and parameter: a decomposition, or why there is none here.
DECOMPOSITIONS: dict[str, dict[str, Decomposition | str]] = {
    "gaussian": {"loc": _gaussian_loc, "scale": _gaussian_scale},
    "exponential": {"rate": _exponential_rate},
    "gamma": {
        "alpha": "the parts of ∂p/∂alpha, p (ln y − E ln y) where it is positive and where it is"
        " negative, have no exact sampler here",
        "rate": _gamma_rate,
    },
    "poisson": {"rate": _poisson_rate},
    "uniform": {"low": _uniform_low, "high": _uniform_high},
}

#: Distributions of few values, of which ∂p/∂θ is a table.
TABLES = ("bernoulli", "categorical")

#: Lanes that a decomposition may use.
_LANES = 4


class MeasureValued(Estimator):
    """c (J(y₊) − J(y₋)): needs no slope and no score, but draws of its own per parameter."""

    name = "measure-valued"
    formula = "c (J(y₊) − J(y₋)),  ∂p/∂θ = c (p₊ − p₋)"

    def __init__(self, problem: Problem, draws: int, root: np.random.SeedSequence) -> None:
        super().__init__(problem, draws, root)
        self._stream = Stream(root)

    @classmethod
    def obstacle(cls, problem: Problem) -> ReparamError | None:
        """Return why it can't serve a problem."""
        distribution = problem.distribution
        served = [*DECOMPOSITIONS, "binomial", *TABLES]
        if distribution.name in served:
            return None
        known = ", ".join(served)
        return EstimatorError(
            f"there is no decomposition of ∂p/∂θ for {distribution.name} (there are those of"
            f" {known}); use {problem.instead}"
        )

    @classmethod
    def refusals(cls, problem: Problem) -> dict[str, str]:
        """Return the parameters without a decomposition, each with the reason."""
        parts = DECOMPOSITIONS.get(problem.distribution.name, {})
        return {name: part for name, part in parts.items() if isinstance(part, str)}

    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return the terms of those pairs of draws."""
        loss = self.problem.objective.value
        result = []
        for order, decomposition in enumerate(self._decompositions):
            lanes = partial(self._lane, start // BLOCK, _LANES * order)
            factor, above, below = decomposition(lanes, stop - start)
            result.append(factor * (loss(above) - loss(below)))
        return result

    @cached_property
    def _decompositions(self) -> list[Callable[[Lanes, int], Parts]]:
        """One for each of :attr:`names`, with the parameters put in."""
        distribution, theta = self.problem.distribution, self.problem.theta
        if distribution.name in TABLES:
            low, high = (float(end) for end in distribution.support)
            y = np.arange(low, high + 1.0)
            p = np.exp(distribution.log_prob(y))
            changes = [p * score for score in self.problem.score(y)]
            return [partial(_of_table, y=y, change=change) for change in changes]
        if distribution.name == "binomial":  # whose score at n is n/p ∂p/∂θ
            total = np.asarray(distribution.support[1], dtype=np.float64)
            factor = distribution.mean / total * self.problem.score(total)[0]
            return [partial(_of_binomial, law=distribution, factor=factor)]
        parts = (DECOMPOSITIONS[distribution.name][name] for name in self.names)
        return [_put_in(part, theta) for part in parts if callable(part)]

    def _lane(self, block: int, first: int, number: int) -> np.random.Generator:
        return self._stream.generator(block, first + number)


def _put_in(part: Decomposition, theta: tuple[Any, ...]) -> Callable[[Lanes, int], Parts]:
    return lambda lanes, size: part(lanes, size, *theta)
