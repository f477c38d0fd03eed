"""Estimators from the path: J′(y) ∂y/∂θ, with random, mirrored or quasi-random noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.engine.noise import BLOCK, NORMAL, UNIFORM, Stream, Substream
from reparam.errors import ReparamError
from reparam.estimators._estimator import Estimator
from reparam.estimators._objective import SMALL
from reparam.estimators._problem import Path, Problem
from reparam.special import normal

__all__ = ["REPLICATES", "Antithetic", "Pathwise", "QuasiMonteCarlo"]

#: How many independent scramblings there are.
REPLICATES = 32

#: Draws of vectors that are together have as many numbers as blocks of draws of this many numbers.
_FEW = 16

#: The lane that scramblings are seeded from.
_LANE = int.from_bytes(b"qmc", "big")


class Pathwise(Estimator):
    """J′(y) ∂y/∂θ, the derivative of J(f(z; θ)) at fixed z."""

    name = "pathwise"
    formula = "J′(y) ∂y/∂θ"
    tails = "path"
    takes_vectors = True

    def __init__(self, problem: Problem, draws: int, root: np.random.SeedSequence) -> None:
        super().__init__(problem, draws, root)
        self.path = Path(problem)
        self._take = self.path.drawn(root)
        if problem.of_vectors:  # as many numbers as of a few parameters
            self.together = max(1, BLOCK * _FEW // self.path.size)

    @classmethod
    def obstacle(cls, problem: Problem) -> ReparamError | None:
        """Return why it can't serve a problem."""
        return problem.needs_path(cls.name)

    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return the terms of those draws."""
        return self._products(*self._take(start, stop))

    def _products(self, *out: Array) -> list[Array]:
        """Return J′(y) ∂y/∂θ by parameter, from values and auxiliary arrays.

        Where that is not finite, next to the ends of float64 and beyond, it is dJ/dln y ∂ln y/∂θ,
        if draws have ln y.
        """
        if self.problem.of_vectors:
            return self.path.pulled(self.problem.objective.slope(out[0]), *out)
        y, slopes = self.path.differentiated(*out)
        upstream = self.problem.objective.slope(y)
        products = [
            upstream if isinstance(slope, float) and slope == 1.0 else upstream * slope
            for slope in slopes
        ]
        if not self.path.has_logs or all(np.all(np.isfinite(product)) for product in products):
            return products
        lost = np.flatnonzero((y < SMALL) | (y > 1.0 / SMALL))
        log_y, log_slopes = self.path.in_logs(*(array[lost] for array in out))
        upstream = self.problem.objective.log_slope(log_y)
        for product, slope in zip(products, log_slopes, strict=True):
            there = ~np.isfinite(product[lost])
            product[lost[there]] = (upstream * slope)[there]
        return products


class Antithetic(Pathwise):
    """The mean of J′(y) ∂y/∂θ over a pair of draws, from noise and its mirror image.

    That is −z of z, or 1 − u of u (Hammersley & Morton 1956).
    """

    name = "antithetic"
    formula = "the mean of J′(y) ∂y/∂θ over the noise z and −z, or u and 1 − u"
    tails = "pair"

    def __init__(self, problem: Problem, draws: int, root: np.random.SeedSequence) -> None:
        super().__init__(problem, draws, root)
        stream = Stream(root)
        self._noise = [
            Substream(stream, kind, number, event)
            for number, (kind, event) in enumerate(self.path.noises)
        ]

    def sizes(self, draws: int) -> tuple[int, int]:
        """Return the numbers of draws and of pairs, of which there are at least two."""
        pairs = max(2, -(-draws // 2))
        return 2 * pairs, pairs

    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return the means of those pairs."""
        noise = [each.take(start, stop) for each in self._noise]
        mirrored = [
            -each if kind is NORMAL else np.minimum(1.0 - each, 1.0 - 2.0**-53)
            for each, (kind, _) in zip(noise, self.path.noises, strict=True)
        ]
        here = self._products(*self.path.replayed(*noise))
        there = self._products(*self.path.replayed(*mirrored))
        return [0.5 * (first + second) for first, second in zip(here, there, strict=True)]


class QuasiMonteCarlo(Pathwise):
    """The mean of J′(y) ∂y/∂θ over scrambled Sobol' noise, for several independent scramblings.

    In one dimension 2^m points of the sequence lie in 2^m equal parts of (0, 1), one in each, and
    scrambling them (Owen 1995, "Randomly permuted (t, m, s)-nets and (t, s)-sequences") makes each
    uniform in its part, independently of the others: so they are drawn. The scrambling of
    ``scipy.stats.qmc.Sobol``, linear with a shift, lets all points sit at related places of
    their parts, and standard errors from few replicates miss what that does.
    """

    name = "qmc"
    formula = f"the mean of J′(y) ∂y/∂θ over scrambled Sobol' noise, one of {REPLICATES}"
    together = span = 1
    takes_vectors = False

    def sizes(self, draws: int) -> tuple[int, int]:
        """Return the numbers of draws and of replicates, of a power of 2 of points each."""
        points = -(-draws // REPLICATES)
        return REPLICATES * 2 ** (points - 1).bit_length(), REPLICATES

    def terms(self, start: int, stop: int) -> Sequence[Array]:
        """Return the means over those replicates, of which there is one."""
        generator = Stream(self.root).generator(start, _LANE)
        points = self.draws // self.units
        total: Any = 0.0
        for first in range(0, points, BLOCK):
            noise = self._noise(generator, first, min(first + BLOCK, points), points)
            products = self._products(*self.path.replayed(noise))
            total = total + np.array([product.sum() for product in products])
        return list((total / points)[:, np.newaxis])

    def _noise(self, generator: np.random.Generator, start: int, stop: int, points: int) -> Array:
        """Return noise of the kind that is taken, from parts ``start:stop`` of this many."""
        u = np.empty(stop - start)
        UNIFORM.fill(generator, u)
        u += np.arange(start, stop)
        u /= points
        np.minimum(u, 1.0 - 2.0**-53, out=u)
        return normal.icdf(u) if self.path.noise is NORMAL else u
