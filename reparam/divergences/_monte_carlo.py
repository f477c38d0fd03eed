"""KL(p‖q) and its gradients by Monte Carlo, with standard errors, in one pass over the draws."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from reparam import sampling
from reparam._typing import Array, RNGLike
from reparam.distribution import Distribution
from reparam.divergences._registry import Terms
from reparam.mechanisms import LocationScale
from reparam.noise import seed_sequence

__all__ = ["estimate"]

#: What ``score`` returns.
Scores: TypeAlias = dict[str, Array]


class _Sums:
    """Sums over draws of x and x², less a centre.

    The centre is the mean over the first block: it keeps the sum of squares from cancelling.
    """

    def __init__(self) -> None:
        self.count = 0
        self.centre: Array = np.zeros(())
        self.total: Array = np.zeros(())
        self.squares: Array = np.zeros(())

    def add(self, x: Array) -> Array:
        """Take a block of draws, the first axis; return it less the centre."""
        if not self.count:
            self.centre = x.mean(axis=0)
        x = x - self.centre
        self.count += len(x)
        self.total = self.total + x.sum(axis=0)
        self.squares = self.squares + np.square(x).sum(axis=0)
        return x

    @property
    def offset(self) -> Array:
        """The mean, less the centre."""
        return self.total / self.count

    @property
    def mean(self) -> Array:
        return self.centre + self.offset

    @property
    def standard_error(self) -> Array:
        """Of the mean."""
        rest = np.maximum(self.squares - self.total * self.offset, 0.0)
        return np.sqrt(rest / (self.count - 1.0) / self.count)


class _Covariance:
    """The covariance of l = log p/q with a score s, whose mean is 0."""

    def __init__(self) -> None:
        self.sums = [np.zeros(())] * 5

    def add(self, log_ratio: Array, s: Array) -> None:
        """Take a block of l, less its centre, and of s."""
        first, second = log_ratio * s, s * s
        terms = (s, first, second, log_ratio * second, first * first)
        self.sums = [total + term.sum(axis=0) for total, term in zip(self.sums, terms, strict=True)]

    def result(self, of_l: _Sums) -> tuple[Array, Array]:
        """Return the sample covariance Σ (l − mean) s/(n − 1), and its standard error."""
        s, ls, ss, lss, llss = self.sums
        n, offset = of_l.count, of_l.offset
        covariance = (ls - offset * s) / (n - 1.0)
        squares = llss - 2.0 * offset * lss + offset * offset * ss  # Σ ((l − mean) s)²
        variance = np.maximum(squares / n - covariance * covariance, 0.0)
        return covariance, np.sqrt(variance / (n - 1.0))


def estimate(
    p: Distribution, q: Distribution, n: int, rng: RNGLike, shape: tuple[int, ...]
) -> tuple[Terms, Terms]:
    """Return the estimates, and their standard errors."""
    of_l = _Sums()
    of_p = _gradient_in_p(p, q)
    of_q = [_Sums() for _ in q.parameters.differentiable]
    for y in _blocks(p, n, rng, shape):
        log_ratio = of_l.add(p.log_prob(y) - q.log_prob(y))
        in_q = q.score(y)
        of_p.add(y, log_ratio, p.score(y), in_q)
        for sums, score in zip(of_q, in_q.values(), strict=True):
            sums.add(-score)
    in_p = of_p.results(of_l)
    return (
        (of_l.mean, tuple(value for value, _ in in_p), tuple(sums.mean for sums in of_q)),
        (
            of_l.standard_error,
            tuple(error for _, error in in_p),
            tuple(sums.standard_error for sums in of_q),
        ),
    )


class _Score:
    """The gradient in p's parameters from its scores, for any p and q."""

    def __init__(self, p: Distribution) -> None:
        self.covariances = [_Covariance() for _ in p.parameters.differentiable]

    def add(self, y: Array, log_ratio: Array, in_p: Scores, in_q: Scores) -> None:
        for covariance, score in zip(self.covariances, in_p.values(), strict=True):
            covariance.add(log_ratio, score)

    def results(self, of_l: _Sums) -> list[tuple[Array, Array]]:
        return [covariance.result(of_l) for covariance in self.covariances]


class _Pathwise:
    """E_p[(∂log p/∂y − ∂log q/∂y) ∂y/∂θ], where both are location-scale: ∂/∂y is −∂/∂loc."""

    def __init__(self, p: LocationScale, q: LocationScale) -> None:
        self.p = p
        self.locations = list(p.parameters)[-2], list(q.parameters)[-2]
        self.sums = [_Sums() for _ in p.parameters]

    def add(self, y: Array, log_ratio: Array, in_p: Scores, in_q: Scores) -> None:
        slope = in_q[self.locations[1]] - in_p[self.locations[0]]
        for sums, derivative in zip(self.sums, self.p.pathwise(y).values(), strict=True):
            sums.add(slope * derivative)

    def results(self, of_l: _Sums) -> list[tuple[Array, Array]]:
        return [(sums.mean, sums.standard_error) for sums in self.sums]


def _gradient_in_p(p: Distribution, q: Distribution) -> _Score | _Pathwise:
    if isinstance(p, LocationScale) and isinstance(q, LocationScale):
        return _Pathwise(p, q)
    return _Score(p)


def _blocks(p: Distribution, n: int, rng: RNGLike, shape: tuple[int, ...]) -> Iterator[Array]:
    """Yield the draws of ``p.sample(n, rng=rng)``, block by block, to broadcast with the batch."""
    lead = (1,) * (len(shape) - len(p.batch_shape))
    seed = seed_sequence(rng)
    for piece in sampling.chunks(range(n), shape):
        for y in sampling.values(p, piece, rng=seed):
            yield y.reshape(len(y), *lead, *p.batch_shape)
