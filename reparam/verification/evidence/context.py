"""What a witness is given to work with: a target, and how much to look at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.verification.numerics.calculus import quantiles
from reparam.verification.refusals import NotApplicable
from reparam.verification.targets.target import Target, noise_of

__all__ = ["LEVELS", "Context", "Level", "parameter_sets", "unit_grid"]

#: How far out in tails formulas and transforms are looked at: those of strict targets, and others.
_LEAST, _FAR = 1e-15, 1e-6
#: Draws between which most quantiles are.
_DRAWS = 1024
#: How many draws at either end are always kept.
_OUTERMOST = 8
#: Closer to an end than this, numbers lose digits.
_CLOSEST = 1e-290


@dataclass(frozen=True)
class Level:
    """How much a run looks at: parameter sets, points each, draws each.

    Of `many` sets little is looked at. A check makes as many draws at all sets as take this many
    seconds, if that is fewer.
    """

    sets: int
    points: int
    draws: int
    seconds: float = math.inf
    many: int = 32


LEVELS: Mapping[str, Level] = {
    "quick": Level(2, 24, 2**16, 5.0, 32),
    "default": Level(4, 64, 2**19, 15.0, 128),
    "thorough": Level(24, 256, 2**22, 300.0, 512),
}


@dataclass(frozen=True)
class Context:
    """What a witness works with.

    Attributes
    ----------
    target
        What is verified.
    level
        How much to look at.
    seed
        Where all random choices come from.
    alpha
        The probability of a false alarm that the witness may use up.
    rtol
        The relative error allowed where the reference is exact; None for what the precision of
        the target's values calls for.
    """

    target: Target
    level: Level
    seed: int
    alpha: float
    rtol: float | None = None

    def sets(self) -> list[dict[str, float]]:
        """Return the parameter sets to look at."""
        return list(parameter_sets(self.target, self.level.sets, self.seed))

    def thin(self, value: NDArray[np.floating], most: int) -> NDArray[np.integer]:
        """Return places of `most` draws, or all: the outermost, and others at random, in order."""
        n = value.size
        if n <= most:
            return np.arange(n)
        rng = np.random.default_rng([self.seed, 3])
        outer = np.argpartition(value, (_OUTERMOST, n - 1 - _OUTERMOST))
        outer = np.concatenate([outer[:_OUTERMOST], outer[n - _OUTERMOST :]])
        return np.union1d(outer, rng.choice(n, most - outer.size, replace=False))

    def seeded(self, purpose: str, number: int = 0) -> int:
        """Return a seed of 32 bits that no other purpose, number or run shares, but by chance."""
        key = [self.seed, crc32(purpose.encode()), number]
        return int(np.random.SeedSequence(key).generate_state(1)[0])

    def turns(self) -> Iterator[tuple[str, list[tuple[int, dict[str, float]]]]]:
        """Yield the target's ways of drawing, each with its share of the numbered sets.

        Each has the defaults; over the others they take turns.
        """
        (defaults, *others), ways = enumerate(self.sets()), self.target.ways
        for number, way in enumerate(ways):
            yield way, [defaults, *others[number :: len(ways)]]

    def tolerance(self, values: NDArray[np.floating]) -> float:
        """Return the relative error allowed for gradients of such values."""
        if self.rtol is not None:
            return self.rtol
        return 1e-7 if values.dtype == np.float64 else 1e-3

    @property
    def probabilities(self) -> Array:
        """Probabilities, central, random and in both tails: far out only of what is ours.

        In the far tails third-party numbers may have lost digits to rounding.
        """
        least = _LEAST if self.target.strict else _FAR
        return unit_grid(self.level.points, self.seed, least)

    def points(self, theta: Mapping[str, float]) -> tuple[Array, Array]:
        """Return values to look at, quantiles inside the support, and how far its ends are."""
        target, law, u = self.target, self.target.law(theta, self.seed), self.probabilities
        if "icdf" in target.formulas:
            y = np.asarray(target.formulas["icdf"](u, **theta))
        else:
            draws = np.sort(target.values(theta, _DRAWS, self.seed).astype(np.float64))
            y = quantiles(law.cdf, law.sf, u, draws[np.isfinite(draws)])
        low, high = law.support
        with np.errstate(invalid="ignore"):
            room = np.minimum(y - low, high - y)
        ends = [abs(float(end)) for end in (low, high) if np.isfinite(end)]
        there = np.isfinite(y) & (room > max(1e-9 * max(ends, default=0.0), _CLOSEST))
        return y[there], room[there]

    @property
    def noise_points(self) -> Array:
        """Noise of the target's kind: central, random and in both tails.

        Of vectors rows, each of whose entries may be any of these.
        """
        if self.target.noise is None:
            raise NotApplicable("it has no transform of given noise")
        noise = noise_of(self.target.noise, self.probabilities)
        if not self.target.length:
            return noise
        rng = np.random.default_rng([self.seed, 2])
        return np.stack([rng.permutation(noise) for _ in range(self.target.width)], axis=-1)


def unit_grid(n: int, seed: int, least: float = _LEAST) -> Array:
    """Return n probabilities: half of them random, a quarter in each tail down to the least."""
    tail = np.geomspace(least, 0.1, n // 4)
    middle = np.random.default_rng([seed, 1]).uniform(0.01, 0.99, n - 2 * len(tail))
    return np.concatenate([tail, middle, 1.0 - tail[::-1]])


def parameter_sets(target: Target, n: int, seed: int) -> Iterator[dict[str, float]]:
    """Yield n parameter sets to look at: the defaults, then random ones.

    Random ones are a Latin hypercube in the declared typical ranges (McKay, Beckman & Conover
    1979), on a logarithmic scale where the range is of positive numbers: of n − 1 values that a
    parameter takes, each lies in another of n − 1 equal parts. Values in ``target.fixed`` stand.
    """
    free = [name for name in target.parameters if name not in target.fixed]
    rng = np.random.default_rng(seed)
    yield {name: target.fixed.get(name, p.default) for name, p in target.parameters.items()}
    parts = n - 1 if free else 0
    shares = {name: (rng.permutation(parts) + rng.random(parts)) / parts for name in free}
    for k in range(parts):
        yield {
            name: target.fixed[name]
            if name in target.fixed
            else float(p.typical_at(shares[name][k]))
            for name, p in target.parameters.items()
        }
