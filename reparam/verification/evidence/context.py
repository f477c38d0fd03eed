"""What a witness is given to work with: a target, and how much to look at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.verification.laws.law import Formula, Law
from reparam.verification.numerics.calculus import derivative_in, quantiles
from reparam.verification.refusals import NotApplicable
from reparam.verification.targets.target import Target, noise_of

__all__ = ["LEVELS", "Case", "Context", "Level", "parameter_sets", "unit_grid"]

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
    """What a witness works with."""

    #: What is verified.
    target: Target
    #: How much to look at.
    level: Level
    #: Where all random choices come from.
    seed: int
    #: The probability of a false alarm that the witness may use up.
    alpha: float
    #: The relative error allowed where the reference is exact; None for what the precision of the
    #: target's values calls for.
    rtol: float | None = None

    def sets(self) -> list[dict[str, float]]:
        """Return the parameter sets to look at."""
        return list(parameter_sets(self.target, self.level.sets, self.seed))

    def cases(self) -> list[Case]:
        """Return the target at each of these."""
        return [Case(self, theta) for theta in self.sets()]

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

    def turns(self) -> list[tuple[str, list[tuple[int, dict[str, float]]]]]:
        """Return the target's ways of drawing, each with its share of the numbered sets.

        Each has the defaults; over the others they take turns.
        """
        (defaults, *others), ways = enumerate(self.sets()), self.target.ways
        return [(way, [defaults, *others[at :: len(ways)]]) for at, way in enumerate(ways)]

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


@dataclass(frozen=True)
class Case:
    """The target at one parameter set."""

    context: Context
    theta: dict[str, float]

    @property
    def target(self) -> Target:
        """What is verified."""
        return self.context.target

    @cached_property
    def law(self) -> Law:
        """The law that draws should follow."""
        return self.target.law(self.theta, self.context.seed)

    @cached_property
    def _formulas(self) -> Mapping[str, Formula]:
        """The target's formulas; 1 − F is a difference if it has no formula."""
        own = self.target.formulas
        return {"sf": lambda y, /, **theta: 1.0 - own["cdf"](y, **theta), **own}

    @cached_property
    def formulas(self) -> Any:
        """The target's formulas, by attribute: functions of values alone."""
        return SimpleNamespace(
            **{name: partial(each, **self.theta) for name, each in self._formulas.items()}
        )

    def values(self, n: int) -> Array:
        """Return n draws."""
        return self.target.values(self.theta, n, self.context.seed)

    def slope(
        self,
        name: str,
        formula: str,
        y: Array,
        shape: tuple[int, ...] | None = None,
        floor: float | Array = 0.0,
    ) -> tuple[Array, Array]:
        """Return a formula's derivative in a parameter by differences at y, and its error.

        They are of y's shape, unless another one is given.
        """
        f = partial(self._formulas[formula], y)
        parameters, shape = self.target.parameters, y.shape if shape is None else shape
        return derivative_in(name, f, self.theta, parameters, shape=shape, floor=floor)

    @cached_property
    def points(self) -> tuple[Array, Array]:
        """Values to look at, quantiles inside the support, and how far its ends are."""
        law, u = self.law, self.context.probabilities
        if "icdf" in self.target.formulas:
            y = np.asarray(self.formulas.icdf(u))
        else:
            draws = np.sort(self.values(_DRAWS).astype(np.float64))
            y = quantiles(law.cdf, law.sf, u, draws[np.isfinite(draws)])
        low, high = law.support
        with np.errstate(invalid="ignore"):
            room = np.minimum(y - low, high - y)
        ends = [abs(float(end)) for end in (low, high) if np.isfinite(end)]
        there = np.isfinite(y) & (room > max(1e-9 * max(ends, default=0.0), _CLOSEST))
        return y[there], room[there]


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
