"""Time of an estimate by one worker of dask and by two: pairs of runs, which take turns.

``python benchmarks/cluster.py [--draws 1e8] [--pairs 5]``

Workers are processes with one thread, on this machine. Elapsed time means something where cores are
idle. The processor time of a worker, the mean of two, is what the run would take where they are;
that of the scheduler and the client comes on top if there is no third core for them. The results of
all runs have the same bits.
"""

from __future__ import annotations

import argparse
import os
import time
from importlib.metadata import version
from typing import Any, NamedTuple

from dask import config
from distributed import Client, LocalCluster

import reparam as rp
from reparam.dask import estimate

#: Of workers: without dask's MALLOC_TRIM_THRESHOLD_, and BLAS with one thread.
_ENVIRONMENT = {"OMP_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1, "MKL_NUM_THREADS": 1}


class Run(NamedTuple):
    """Seconds of a run: by the clock, of a worker's processor, and of dask's; and its result."""

    elapsed: float
    worker: float
    dask: float
    value: float


def run(client: Client, draws: int) -> Run:
    """Estimate ∂/∂α E[ln y] of a gamma distribution."""
    before, own = client.run(time.process_time), time.process_time()
    start = time.perf_counter()
    found = estimate(rp.Gamma(alpha=2.0), "log(y)", draws, estimators="pathwise", rng=1)
    elapsed, own = time.perf_counter() - start, time.process_time() - own
    spent = [after - before[worker] for worker, after in client.run(time.process_time).items()]
    return Run(elapsed, sum(spent) / len(spent), own, found["pathwise", "alpha"].value)


def workers(count: int) -> Any:
    """Start workers with one thread each."""
    options = {"threads_per_worker": 1, "dashboard_address": ":0"}
    with config.set({"distributed.nanny.pre-spawn-environ": _ENVIRONMENT}):
        return LocalCluster(n_workers=count, **options)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=float, default=1e8, help="draws of a run (1e8)")
    parser.add_argument("--pairs", type=int, default=5, help="how many pairs of runs (5)")
    given = parser.parse_args()
    draws = int(given.draws)
    pairs = []
    with workers(1) as one, workers(2) as two:
        for number in range(1 + given.pairs):
            pair = []
            for cluster in (one, two):
                with Client(cluster) as client:
                    pair.append(run(client, draws if number else draws // 10))
            pairs.append(pair)
    timed = pairs[1:]  # workers import the library in the first
    if len({found.value for pair in timed for found in pair}) > 1:
        raise SystemExit("one worker and two found different values")
    load = os.getloadavg()[0]
    print(f"dask {version('dask')}, {draws:,} draws, {os.cpu_count()} cores, load {load:.1f}\n")
    print("| best of all runs | one worker | two workers | ratio |")
    print("| --- | --: | --: | --: |")
    best = [Run(*map(min, zip(*(pair[k] for pair in timed), strict=True))) for k in (0, 1)]
    rows = {
        "elapsed": [run.elapsed for run in best],
        "processor time of a worker": [run.worker for run in best],
        "the same and that of scheduler and client": [run.worker + run.dask for run in best],
    }
    for title, (one_worker, two_workers) in rows.items():
        ratio = one_worker / two_workers
        print(f"| {title} | {one_worker:.2f} s | {two_workers:.2f} s | {ratio:.2f} |")


if __name__ == "__main__":
    main()
