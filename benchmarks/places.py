"""Time what else spends its time in kernels: with NumPy's, and with each of the compiled ones.

``python benchmarks/places.py``: estimators, gradients, graphs, divergences, fits and verification
of gamma, beta and Student's t. Milliseconds of processor time, one thread a process, medians of
five calls in turns, and how many times as long NumPy's kernels take as the fastest ones.
"""

from __future__ import annotations

import os
import resource
import statistics
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from by_kernels import KERNELS, kernels

import reparam as rp

ROUNDS = 5
N = 100_000
GRAPH = """
a ~ gamma(exp(alpha), 1)
p ~ beta(2, exp(b))
t ~ student-t(exp(df), 0, 1)
loss = (a*p + tanh(t))**2
"""


def places() -> dict[str, Callable[[], Any]]:
    """Return what is timed."""
    graph = rp.Graph(GRAPH).at(alpha=0.5, b=1.0, df=1.5)
    student = rp.StudentT(4.0)
    return {
        "estimate(Gamma, pathwise)": lambda: rp.estimate(
            rp.Gamma(2.0, 1.0), "y**2", N, estimators=["pathwise"], rng=1
        ),
        "estimate(Beta, pathwise)": lambda: rp.estimate(
            rp.Beta(2.0, 3.0), "y**2", N, estimators=["pathwise"], rng=1
        ),
        "jacobian of StudentT draws": lambda: student.rsample(N, rng=1).jacobian(),
        "Graph.expectation": lambda: graph.expectation(N, rng=1),
        "kl(Logistic, StudentT), sampled": lambda: rp.kl(rp.Logistic(), student, n=N, rng=1),
        "fit of the graph, 100 steps": lambda: rp.fit(graph, steps=100, rng=1),
        "verify(gamma, quick)": lambda: rp.verify("gamma", level="quick", seed=1),
    }


def spent() -> float:
    """Return the processor time of this process and of those that it waited for, in seconds."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def main() -> None:
    """Print a table."""
    os.environ["REPARAM_NUM_THREADS"] = "1"
    print(f"reparam {version('reparam')}, numpy {version('numpy')}, n = {N:,}")
    print(f"{'ms':<34}" + "".join(f"{name:>10}" for name in KERNELS) + f"{'ratio':>8}")
    for name, call in places().items():
        times: dict[str, list[float]] = {kernel: [] for kernel in KERNELS}
        for number in range(ROUNDS + 1):
            for kernel, found in times.items():
                with kernels(kernel):
                    start = spent()
                    call()
                    if number:  # the first turn imports
                        found.append(1e3 * (spent() - start))
        medians = [statistics.median(found) for found in times.values()]
        cells = "".join(f"{each:>10.1f}" for each in medians)
        print(f"{name:<34}{cells}{medians[-1] / medians[0]:>8.1f}", flush=True)


if __name__ == "__main__":
    main()
