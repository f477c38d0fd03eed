"""Estimators from the score: J(y) ∂ log p(y)/∂θ, less what has the mean 0."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.reparameterized import Reparameterized
from reparam.engine.noise import BLOCK, Stream
from reparam.errors import EstimatorError, ReparamError
from reparam.estimators._estimator import Estimator
from reparam.estimators._problem import Path, Problem
from reparam.moments import Moments, moments

__all__ = [
    "BATCH",
    "DECAY",
    "GROUP",
    "ControlVariate",
    "LeaveOneOut",
    "MovingAverage",
    "Score",
    "by_groups",
    "crossed",
]

#: Draws that share a baseline: they have each other's objectives, or a third of them another's.
#: Blocks are whole groups, and whole mini-batches.
GROUP = 4096

#: How many parameters there may be for a whole block of draws at a time.
_FEW = 16

#: Why a parameter that moves an endpoint of the support is left out.
_UNSEEN = "the score doesn't see the probability that goes through it"

#: Draws of a mini-batch of the moving average, and the weight that the average keeps over one.
BATCH, DECAY = 256, 0.9


class Score(Estimator):
    """J(y) ∂ log p(y)/∂θ: the score function, or REINFORCE (Williams 1992)."""

    name = "score"
    formula = "J(y) ∂ log p(y)/∂θ"
    tails = "score"
    takes_vectors = True

    def __init__(self, problem: Problem, draws: int, root: np.random.SeedSequence) -> None:
        super().__init__(problem, draws, root)
        self._take = _drawn(problem, root)
        self._kept = [place for place, name in enumerate(problem.names) if name in self.names]
        # so that no more numbers are kept than of a few parameters
        groups = BLOCK // GROUP * _FEW // len(problem.names)
        self.together = min(BLOCK, GROUP * max(1, groups))

    @classmethod
    def obstacle(cls, problem: Problem) -> ReparamError | None:
        """Return why it doesn't apply to a problem: every parameter moves an endpoint."""
        refused = cls.refusals(problem)
        if len(refused) < len(problem.names):
            return None
        return EstimatorError(
            f"{', '.join(refused)} of {problem.distribution.name}"
            f" {'moves' if len(refused) == 1 else 'move'} an endpoint of the support: {_UNSEEN};"
            " use pathwise"
        )

    @classmethod
    def refusals(cls, problem: Problem) -> dict[str, str]:
        """Return the parameters that move an endpoint of the support, each with the reason."""
        moving = problem.distribution.moving
        return {
            name: f"{name} moves an endpoint of the support: {_UNSEEN}"
            for name in problem.names
            if name in moving
        }

    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return the terms of those draws."""
        values, scores = self._drawn(start, stop)
        return [self._centred(values, score) * score for score in scores]

    def _drawn(self, start: int, stop: int) -> tuple[Array, list[Array]]:
        """Return J(y) and the scores of those draws."""
        y, *extras = self._take(start, stop)
        scores = self.problem.score_of_draws(y, *extras)
        return self.problem.objective.value(y), [scores[place] for place in self._kept]

    def _centred(self, values: Array, score: Array) -> Array:
        """Return J less a baseline that doesn't depend on the draw itself."""
        return values


class LeaveOneOut(Score):
    """The score function, with the mean over the group's other draws as the baseline.

    Being independent of the draw, it leaves the expectation as it is (Mnih & Rezende 2016,
    "Variational inference for Monte Carlo objectives").
    """

    name = "score-loo"
    formula = f"(J(y) − mean of the others of {GROUP}) ∂ log p(y)/∂θ"

    def sizes(self, draws: int) -> tuple[int, int]:
        """Return the number of draws: one more than asked for if one were left alone."""
        draws += draws % GROUP == 1
        return draws, draws

    def _centred(self, values: Array, score: Array) -> Array:
        return by_groups(_less_the_others, values)


class ControlVariate(LeaveOneOut):
    """The score function less c times the score, with the c of least variance for a parameter.

    It is c = E[J s²]/E[s²], s the score, and is estimated from another third of the group: so c is
    independent of the draw, and the expectation stays what it is.
    """

    name = "score-optimal"
    formula = f"(J(y) − c) ∂ log p(y)/∂θ, c from another third of {GROUP} for each θ"

    def _centred(self, values: Array, score: Array) -> Array:
        return by_groups(_less_the_best, values, score)


def _drawn(
    problem: Problem, root: np.random.SeedSequence
) -> Callable[[int, int], tuple[Array, ...]]:
    """Return a function of start and stop: these draws of a stream, with auxiliary arrays."""
    distribution = problem.distribution
    if isinstance(distribution, Reparameterized):
        return Path(problem).drawn(root)
    stream = Stream(root)
    return lambda start, stop: (distribution._sample((stop - start,), stream, start),)


def by_groups(centred: Callable[..., Array], *arrays: Array) -> Array:
    """Apply a function of rows to groups of draws, the last of which may be smaller."""
    size = arrays[0].size
    whole, result = size // GROUP * GROUP, np.empty(size)
    for start, stop in ((0, whole), (whole, size)):
        if start < stop:
            rows = (-1, min(GROUP, stop - start))
            parts = (array[start:stop].reshape(rows) for array in arrays)
            result[start:stop] = centred(*parts).ravel()
    return result


def _less_the_others(values: Array) -> Array:
    """J_i − mean of J_j for j ≠ i is n/(n−1) (J_i − mean of all)."""
    size = values.shape[1]
    result: Array = (values - values.mean(axis=1, keepdims=True)) * (size / (size - 1.0))
    return result


def crossed(size: int) -> Iterator[tuple[slice, slice]]:
    """Yield the thirds of a group, each with the one before it, to fit what is subtracted from it.

    Then all terms are uncorrelated: of two, one is fitted without the other's third. With halves,
    each would be fitted to the other, and standard errors of small residuals were too small.
    """
    ends = [size * k // 3 for k in range(4)]
    thirds = [slice(*pair) for pair in pairwise(ends)]
    yield from zip(thirds, thirds[-1:] + thirds[:-1], strict=True)


def _less_the_best(values: Array, score: Array) -> Array:
    squares = score * score
    result = np.empty_like(values)
    for here, there in crossed(values.shape[1]):
        weight = squares[:, there].sum(axis=1, keepdims=True)
        best = (values[:, there] * squares[:, there]).sum(axis=1, keepdims=True)
        best /= np.where(weight == 0.0, 1.0, weight)
        result[:, here] = values[:, here] - best
    return result


class MovingAverage(Score):
    r"""The score function, with an average over earlier mini-batches as the baseline.

    The baseline of mini-batch t is B_t = U_t/(1 − γ^t), with U_{t+1} = γ U_t + (1 − γ) times the
    mean of J over mini-batch t: weights fall by γ from one to the next and add up to 1. The first
    has the baseline 0.

    Within a block, B_t is a known number plus another times the U that the block starts with, and
    so are the terms, a + U d. A block is summed up, on any thread, as the moments of a and d.
    """

    name = "score-average"
    formula = f"(J(y) − average of earlier mini-batches of {BATCH}, decay {DECAY}) ∂ log p(y)/∂θ"

    def __init__(self, problem: Problem, draws: int, root: np.random.SeedSequence) -> None:
        super().__init__(problem, draws, root)
        self._carried = 0.0

    def summary(self, start: int, stop: int) -> tuple[Moments, float, float, Array]:
        """Return the moments of a and d, how U goes on, and Σ a d, Σ a² d and Σ a d².

        The sums are about the means, and in units of the norms.
        """
        values, scores = self._drawn(start, stop)
        size = stop - start
        batches = -(-size // BATCH)
        means = np.array([values[k : k + BATCH].mean() for k in range(0, size, BATCH)])
        steps = np.arange(batches)
        faded = DECAY ** steps.astype(np.float64)
        weight = 1.0 - DECAY ** (start // BATCH + steps).astype(np.float64)
        weight = np.divide(1.0, weight, out=np.zeros(batches), where=weight > 0.0)
        # ages[t, j]: what mini-batch j counts for in U_t
        ages = steps[:, np.newaxis] - steps - 1.0
        ages = np.where(ages >= 0.0, (1.0 - DECAY) * DECAY ** np.maximum(ages, 0.0), 0.0)
        own = (ages * means).sum(axis=1)
        fixed = values - np.repeat(own * weight, BATCH)[:size]
        moving = np.repeat(-faded * weight, BATCH)[:size]
        terms = [fixed * score for score in scores]
        slopes = [moving * score for score in scores]
        both = moments([*terms, *slopes])
        count = len(scores)
        products = np.empty((3, count))
        for k, (term, slope) in enumerate(zip(terms, slopes, strict=True)):
            a, d = (
                (x - both.mean[i]) / (both.norm[i] or 1.0)
                for x, i in ((term, k), (slope, count + k))
            )
            product = a * d
            cubic = (np.einsum("i,i", product, other) for other in (a, d))
            products[:, k] = product.sum(), *cubic
        carried = DECAY * own[-1] + (1.0 - DECAY) * means[-1]
        return both, float(DECAY * faded[-1]), float(carried), products

    def condensed(self, summaries: Sequence[Any]) -> Any:
        """Return all summaries: the terms need the U of the blocks before."""
        return summaries

    def absorbed(self, condensed: Any) -> Moments:
        """Return the moments of a + U d of a span, and go on to the next span's U."""
        return reduce(operator.add, map(self._continued, condensed))

    def _continued(self, summary: tuple[Moments, float, float, Array]) -> Moments:
        both, fade, carried, products = summary
        count, u = len(both.mean) // 2, self._carried
        self._carried = fade * u + carried
        assert both.cubes is not None
        (mean_a, mean_d), (a, d), (a3, d3) = (
            (array[:count], array[count:]) for array in (both.mean, both.norm, both.cubes)
        )
        ad, a2d, ad2 = products
        with np.errstate(all="ignore"):
            unit = np.maximum(np.maximum(a, np.abs(u) * d), np.finfo(float).tiny)
            x, z = a / unit, u * (d / unit)
            norm = unit * np.sqrt(np.maximum(x * x + 2.0 * x * z * ad + z * z, 0.0))
            cubes = a3 + u * (3.0 * a * a * d * a2d + u * (3.0 * a * d * d * ad2 + u * d3))
            return Moments(both.count, mean_a + u * mean_d, norm, cubes)
