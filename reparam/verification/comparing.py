"""From arrays of claims and references to comparisons; what a witness is given to work with."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array, ArrayLike
from reparam.noise import NORMAL, Noise
from reparam.verification.numerics import beside
from reparam.verification.results import Comparison, Outcome
from reparam.verification.targets import Registered, Sample, Target, parameter_sets

__all__ = [
    "LEVELS",
    "Context",
    "Level",
    "NotApplicable",
    "Tally",
    "beside",
    "failure",
    "noise_grid",
    "not_numbers",
    "rounding_of_one",
    "unit_grid",
]

#: Probabilities of tails that are not looked at in formulas which are not ours.
_FAR = 1e-6
#: Units in the last place of 1 that probabilities by formulas which are not ours may be off.
_ULPS = 8.0
#: A reference whose error is more than this share of it tells nothing.
_TELLING = 1e-3


@dataclass(frozen=True)
class Level:
    """How much a run looks at: parameter sets, points each, draws each."""

    sets: int
    points: int
    draws: int


LEVELS: Mapping[str, Level] = {
    "quick": Level(2, 24, 2**16),
    "default": Level(4, 64, 2**20),
    "thorough": Level(24, 256, 2**22),
}


class NotApplicable(Exception):  # noqa: N818 - a reason, no error
    """A witness has nothing to look at: the message says why."""


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
        """Probabilities, central, random and in both tails: far out only in formulas of ours.

        In the far tails somebody else's numbers may have lost digits by rights.
        """
        u = unit_grid(self.level.points, self.seed)
        return u if _is_ours(self.target) else u[(u > _FAR) & (u < 1.0 - _FAR)]

    @property
    def noise_points(self) -> Array:
        """Noise of the target's kind: central, random and in both tails.

        Of vectors rows, each of whose entries may be any of these.
        """
        if self.target.noise is None:
            raise NotApplicable("it has no transform of given noise")
        noise = noise_grid(self.target.noise, self.level.points, self.seed)
        if not self.target.length:
            return noise
        rng = np.random.default_rng([self.seed, 2])
        return np.stack([rng.permutation(noise) for _ in range(self.target.length)], axis=-1)


def unit_grid(n: int, seed: int) -> Array:
    """Return n probabilities: half of them random, a quarter in each tail down to 1e-15."""
    tail = np.geomspace(1e-15, 0.1, n // 4)
    middle = np.random.default_rng([seed, 1]).uniform(0.01, 0.99, n - 2 * len(tail))
    return np.concatenate([tail, middle, 1.0 - tail[::-1]])


def noise_grid(noise: Noise, n: int, seed: int) -> Array:
    """Return n points of noise: random ones, and some far in each tail."""
    u = unit_grid(n, seed)
    if noise is not NORMAL:
        return u
    from scipy.special import ndtri

    return np.asarray(ndtri(u))


@dataclass
class Tally:
    """One statement, compared at one parameter set after the other.

    >>> tally = Tally("y")
    >>> tally.add({"loc": 0.0}, [1.0, 2.0], [1.0, 2.5], rtol=0.1, y=[1.0, 2.0])
    >>> print(*tally.result())
    y at loc=0, y=2: got 2, expected 2.5 (0.7 digits)
    """

    what: str
    unit: str = "relative"
    note: str = ""
    doubt: str = ""
    _worst: Comparison | None = None
    _points: int = 0
    _unsure: int = 0
    _vague: Comparison | None = field(default=None, repr=False)

    def add(
        self,
        theta: Mapping[str, float],
        got: ArrayLike,
        expected: ArrayLike,
        *,
        rtol: float = 0.0,
        atol: ArrayLike = 0.0,
        uncertainty: ArrayLike = 0.0,
        size: ArrayLike = 0.0,
        **where: ArrayLike,
    ) -> None:
        """Compare: |got − expected| ≤ rtol·max(|expected|, size) + atol + 10·uncertainty.

        Parameters
        ----------
        theta
            The parameters.
        got, expected
            What the target says, and the reference. NaN agrees with nothing; a reference that is
            NaN, or as uncertain as large, tells nothing.
        rtol, atol, uncertainty
            The error allowed, and the reference's own.
        size
            What relative errors are relative to, if that is more than the reference: of a sum whose
            terms cancel, the sum of their absolute values.
        **where
            Beside the parameters, what identifies a point in the report.
        """
        arrays = np.broadcast_arrays(
            *map(np.asarray, (got, expected, atol, uncertainty, size, *where.values()))
        )
        got, expected, atol, uncertainty, size, *places = (
            array.astype(np.float64).ravel() for array in arrays
        )
        if not got.size:
            return
        with np.errstate(all="ignore"):
            size = np.fmax(np.abs(expected), size)
            allowed = rtol * size + atol + 10.0 * uncertainty
            error = np.where(got == expected, 0.0, np.abs(got - expected))
            error = np.where(np.isnan(error), np.inf, error)
            telling = 10.0 * uncertainty <= np.maximum(_TELLING * size, atol)
            unsure = np.isnan(expected) | ~telling
            # what is wrong beyond any doubt is wrong, however uncertain the reference
            unsure &= ~(np.isnan(got) & np.isfinite(expected))
            severity = np.where(error == 0.0, 0.0, error / np.maximum(allowed, 1e-300))
        self._points += got.size
        self._unsure += int(np.sum(unsure))
        candidates = np.where(unsure, -1.0, severity)
        worst = int(np.argmax(candidates))
        # where a slack of its own makes up for it, what is next to 0 counts as that much larger
        size = np.maximum(size, atol / rtol) if rtol else size
        found = self._comparison(
            theta, got, expected, error, allowed, size, dict(zip(where, places, strict=True)), worst
        )
        if candidates[worst] < 0.0:
            self._vague = self._vague or found
        elif self._worst is None or found.severity > self._worst.severity:
            self._worst = found

    def _comparison(
        self,
        theta: Mapping[str, float],
        got: Array,
        expected: Array,
        error: Array,
        allowed: Array,
        size: Array,
        where: Mapping[str, Array],
        at: int,
    ) -> Comparison:
        relative = self.unit == "relative" and expected[at] != 0.0 and np.isfinite(expected[at])
        scale = float(size[at]) if relative else 1.0
        return Comparison(
            what=self.what,
            outcome=Outcome.HOLDS
            if error[at] == 0.0 or error[at] <= allowed[at]
            else Outcome.FAILS,
            error=float(error[at]) / scale,
            bound=float(allowed[at]) / scale,
            unit=self.unit if relative or self.unit != "relative" else "absolute",
            point={**theta, **{name: float(values[at]) for name, values in where.items()}},
            got=float(got[at]),
            expected=float(expected[at]),
            note=self.note,
        )

    def result(self) -> Iterator[Comparison]:
        """Yield the comparison, if there was any: inconclusive if most points told nothing."""
        worst = self._worst or self._vague
        if worst is None:
            return
        worst = replace(worst, points=self._points)
        if worst.outcome is not Outcome.FAILS and 2 * self._unsure > self._points:
            note = f"the reference is too uncertain at {self._unsure} of {self._points} points"
            note += f": {self.doubt}" if self.doubt else ""
            worst = replace(worst, outcome=Outcome.INCONCLUSIVE, note=note)
        elif self._worst is None:
            worst = replace(worst, outcome=Outcome.INCONCLUSIVE, note=worst.note or self.doubt)
        yield worst


def rounding_of_one(target: Target) -> float:
    """Return the absolute error that probabilities may have.

    Ours have none. Somebody else's may be differences, such as 1 − e^−x; where there is no ``sf``
    the upper tail is one.
    """
    return 0.0 if _is_ours(target) else _ULPS * float(np.finfo(np.float64).eps)


def _is_ours(target: Target) -> bool:
    return isinstance(target, Registered)


def failure(what: str, theta: Mapping[str, float], note: str) -> Comparison:
    """Return a comparison that fails for a reason that is no number."""
    return Comparison(
        what=what,
        outcome=Outcome.FAILS,
        error=math.nan,
        bound=math.nan,
        unit="absolute",
        point=dict(theta),
        points=1,
        note=note,
    )


def not_numbers(
    theta: Mapping[str, float], sample: Sample, exact: Mapping[str, Array]
) -> Iterator[Comparison]:
    """Yield a failure for draws that are no numbers, and for gradients where −F_θ/p is one."""
    here = {"values": np.isnan(sample.value)} | {
        f"∂y/∂{name}": ~np.isfinite(gradient) & np.isfinite(sample.value) & np.isfinite(exact[name])
        for name, gradient in sample.gradients.items()
    }
    for what, lost in here.items():
        if count := int(np.sum(lost)):
            yield failure(what, theta, f"{count} of {lost.size} draws: NaN or infinite")
