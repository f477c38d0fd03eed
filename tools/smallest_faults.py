"""Measure how rare a branch, and how small a region, ``reparam verify`` finds; and other faults.

``python tools/smallest_faults.py quick 20`` prints for each fault, from large to small, how many of
so many seeds find it, until none does; with ``--kinds``, how many find faults of one size.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

import misused  # noqa: E402 - from the tests' folder
import noisy  # noqa: E402
import single  # noqa: E402
from strangers import Normal  # noqa: E402

from reparam.verification.evidence.context import LEVELS  # noqa: E402
from reparam.verification.results import Outcome  # noqa: E402
from reparam.verification.run.checking import run_check  # noqa: E402
from reparam.verification.targets.resolving import resolve  # noqa: E402

#: Shares of draws, or of a range on its logarithmic scale.
SHARES = (0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 5e-3, 2e-3, 1e-3, 5e-4, 2e-4, 1e-4)


class Faulty(Normal):
    """Wrong in a share of draws, or of scales."""

    share = 0.0

    def is_here(self, scale: float) -> bool:
        """Whether a scale is in the region."""
        place = np.log(scale / 0.1) / np.log(100.0)
        return bool(0.6 < place < 0.6 + self.share)


class Branch(Faulty):
    """Gradients of the wrong sign in a branch that is taken at random."""

    def rsample(self, n: int, *, rng: Any, loc: float, scale: float) -> Any:
        """Return draws and gradients."""
        z, wrong = rng.standard_normal(n), rng.random(n) < self.share
        return loc + scale * z, {"loc": np.ones(n), "scale": np.where(wrong, -z, z)}


class Tail(Faulty):
    """Gradients off by 10 % in the upper tail."""

    def gradients(self, z: Any, loc: float, scale: float) -> Any:
        """Return the gradients of draws from their noise."""
        return {"loc": np.ones(z.size), "scale": z * np.where(z > -ndtri(self.share), 1.1, 1.0)}


class Region(Faulty):
    """Gradients off by 10 % for some scales."""

    def gradients(self, z: Any, loc: float, scale: float) -> Any:
        """Return the gradients of draws from their noise."""
        return {"loc": np.ones(z.size), "scale": z * (1.1 if self.is_here(scale) else 1.0)}


class Spread(Faulty):
    """Draws off by 10 % for some scales."""

    def rsample(self, n: int, *, rng: Any, loc: float, scale: float) -> Any:
        """Return draws and gradients."""
        z = rng.standard_normal(n) * (1.1 if self.is_here(scale) else 1.0)
        return loc + scale * z, {"loc": np.ones(n), "scale": z}


FAULTS = {
    Branch: ("expectation", "derivative"),
    Tail: ("derivative", "expectation"),
    Region: ("edges",),
    Spread: ("edges",),
}


class LaggedByOne(misused.Lagged):
    """A tenth of the draw before."""

    lag = 1


#: What is wrong, the witness that finds it, and the precision that is asked for.
KINDS = {
    "wrong sign, noise of 3 standard deviations": (noisy.WrongSignInLessNoise, "expectation"),
    "gradients times noise of mean 0": (noisy.TimesNoise, "expectation"),
    "wrong sign for half of the draws, in noise": (noisy.WrongSignWhereNoisy, "expectation"),
    "noise in place of gradients": (noisy.NoiseAlone, "expectation"),
    "wrong sign, noise of 300 standard deviations": (noisy.WrongSignInNoise, "expectation"),
    "draws from a copy of `rng`": (misused.FromACopy, "distribution"),
    "ten streams": (misused.TenStreams, "distribution"),
    "a hundred streams": (misused.AHundredStreams, "distribution"),
    "stratified, undeclared": (misused.Stratified, "distribution"),
    "32 strata, undeclared": (misused.StratifiedCoarsely, "distribution"),
    "antithetic and shuffled, undeclared": (misused.Shuffled, "distribution"),
    "a tenth of the draw before": (LaggedByOne, "distribution"),
    "a tenth of the draw 7 before": (misused.LaggedBySeven, "distribution"),
    "a tenth of the draw 64 before": (misused.Lagged, "distribution"),
    "float32, gradients off by 1 %": (single.WrongByOnePercent, "derivative", "float32"),
    "values rounded to float32 in float64": (single.RoundedValues, "distribution"),
    "gradients rounded to float32 in float64": (single.RoundedGradients, "derivative"),
}


def caught(
    thing: Any, witness: str, level: str, seeds: int, dtype: str = "float64"
) -> tuple[int, int]:
    """Return how many seeds find that a thing is wrong, and how many more are inconclusive."""
    outcomes = [
        run_check(
            resolve(thing, dtype=dtype), witness, LEVELS[level], seed=seed, alpha=1e-10
        ).outcome
        for seed in range(seeds)
    ]
    return outcomes.count(Outcome.FAILS), outcomes.count(Outcome.INCONCLUSIVE)


def found(fault: type[Faulty], level: str, seeds: int) -> Iterator[tuple[float, int]]:
    """Yield each share, and how many seeds find the fault, until none does."""
    for share in SHARES:
        faulty = type(fault.__name__, (fault,), {"share": share})
        count = sum(
            any(
                run_check(faulty, witness, LEVELS[level], seed=seed, alpha=1e-10).outcome
                is Outcome.FAILS
                for witness in FAULTS[fault]
            )
            for seed in range(seeds)
        )
        yield share, count
        if not count:
            return


def main() -> None:
    level, seeds = sys.argv[1], int(sys.argv[2])
    for what, (thing, witness, *dtype) in KINDS.items() if "--kinds" in sys.argv else ():
        fails, unsure = caught(thing, witness, level, seeds, *dtype)
        print(f"{level} | {what} | {fails} of {seeds}; {unsure} inconclusive", flush=True)
    if "--kinds" in sys.argv:
        return
    for fault in FAULTS:
        text = ", ".join(f"{share:g}: {count}" for share, count in found(fault, level, seeds))
        print(f"{level}, {fault.__doc__} {text}", flush=True)


if __name__ == "__main__":
    main()
