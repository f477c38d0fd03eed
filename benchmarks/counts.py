"""Draws of counts, each the quantile of one uniform number, beside NumPy's own samplers.

``python benchmarks/counts.py`` prints a table. Times are medians of turns that alternate between
the two, in one run; NumPy's use one core, and one generator for all draws.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import reparam as rp

SIZES, ROUNDS = (100, 1_000_000), 7


def cases(n: int) -> Iterator[tuple[str, rp.Discrete, Callable[[], Any]]]:
    """Yield what is drawn, n draws of it, and NumPy's way."""
    numpy = np.random.default_rng(1)
    spread = 1.0 + 1e-3 * np.linspace(0.0, 1.0, n)
    for rate in (1e-3, 1.0, 10.0, 1e3, 1e6):
        rates = rate * spread
        yield f"poisson({rate:g})", rp.Poisson(rate), lambda rate=rate: numpy.poisson(rate, n)
        yield (
            f"poisson({rate:g}), per element",
            rp.Poisson(rates),
            lambda rates=rates: numpy.poisson(rates),
        )
    for total, p in ((10, 0.3), (1000, 0.5)):
        probs = p / spread
        yield (
            f"binomial({total}, {p}), per element",
            rp.Binomial(total, probs),
            lambda total=total, probs=probs: numpy.binomial(total, probs),
        )
    for r, p in ((5.0, 0.5), (5.0, 0.01)):
        probs = p / spread
        yield (
            f"negative-binomial({r:g}, {p}), per element",
            rp.NegativeBinomial(r, probs),
            lambda r=r, probs=probs: numpy.negative_binomial(r, probs),
        )


def seconds(function: Callable[[], Any]) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    """Print nanoseconds per draw."""
    cores = len(os.sched_getaffinity(0))
    print(f"reparam {rp.__version__}, numpy {np.__version__}, {cores} cores; ns per draw")
    print(f"{'':<40}{'n':>10}{'reparam':>10}{'numpy':>10}{'ratio':>8}")
    for n in SIZES:
        for label, d, theirs in cases(n):
            shape = () if d.batch_shape else n
            pairs = [
                (seconds(lambda d=d, shape=shape: d.sample(shape, rng=1)), seconds(theirs))
                for _ in range(ROUNDS + 1)
            ][1:]
            ours, other = (1e9 / n * statistics.median(times) for times in zip(*pairs, strict=True))
            print(f"{label:<40}{n:>10,}{ours:>10.1f}{other:>10.1f}{ours / other:>8.1f}")


if __name__ == "__main__":
    main()
