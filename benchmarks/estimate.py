"""∂/∂θ E[y²] of a Gaussian from streams of draws, this library and its peers in one run.

``python benchmarks/estimate.py [--n 1e8] [--rounds 3] [--skip jax] [--profile]``

Each estimates both derivatives pathwise, in float64 and constant memory. This library does what
``reparam estimate`` does, with standard errors; the others add up the gradients of blocks, sampled,
squared and back-propagated, in blocks of the size that suits them best. Libraries take turns; the
figures are medians, in nanoseconds a draw on all cores, and the peak memory of a process that does
nothing else.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import platform
import pstats
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

LOC, SCALE = 0.5, 1.5

#: Sizes of blocks that the peers are tried with.
SIZES = [2**12, 2**14, 2**16, 2**18, 2**20]

#: Runs over that many draws.
Run = Callable[[int], Any]


def cores() -> int:
    """Return how many processors there are for this process."""
    return len(os.sched_getaffinity(0))


def ours() -> dict[int, Run]:
    """Return the run of this library, whose blocks have one size."""
    import numpy as np

    import reparam as rp
    from reparam.estimators._objective import Objective
    from reparam.estimators._pathwise import Pathwise
    from reparam.estimators._problem import Problem

    problem = Problem(rp.Gaussian(LOC, SCALE), Objective.of("y**2"), 0.5)
    return {2**16: lambda n: Pathwise(problem, n, np.random.SeedSequence(1)).summed().mean}


def torch_runs() -> dict[int, Run]:
    """Return the runs of PyTorch by block size."""
    import torch

    torch.set_num_threads(cores())
    theta = [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (LOC, SCALE)]

    def run(n: int, size: int) -> Any:
        for leaf in theta:
            leaf.grad = None
        for _ in range(-(-n // size)):
            y = torch.distributions.Normal(*theta, validate_args=False).rsample((size,))
            (y**2).sum().backward()
        return [float(leaf.grad) / (-(-n // size) * size) for leaf in theta]

    return {size: lambda n, size=size: run(n, size) for size in SIZES}


def jax_runs() -> dict[int, Run]:
    """Return the runs of JAX by block size: the loop over blocks is compiled, too."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def make(size: int) -> Run:
        def loss(theta: Any, key: Any) -> Any:
            return ((theta[0] + theta[1] * jax.random.normal(key, (size,))) ** 2).sum()

        @jax.jit
        def run(blocks: Any) -> Any:
            key, theta = jax.random.key(1), jnp.array([LOC, SCALE])

            def step(k: Any, total: Any) -> Any:
                return total + jax.grad(loss)(theta, jax.random.fold_in(key, k))

            return jax.lax.fori_loop(0, blocks, step, jnp.zeros(2))

        return lambda n: jax.block_until_ready(run(-(-n // size))) / (-(-n // size) * size)

    return {size: make(size) for size in SIZES}


LIBRARIES = {"reparam": ours, "torch": torch_runs, "jax": jax_runs}


def seconds(run: Run, n: int) -> float:
    """Return how long a run takes."""
    start = time.perf_counter()
    run(n)
    return time.perf_counter() - start


def quickest(runs: dict[int, Run], n: int) -> tuple[int, Run]:
    """Return the block size that is quickest for a few draws, and the run with it."""
    if len(runs) > 1:
        for run in runs.values():
            run(2**20)
        best = min(runs, key=lambda size: min(seconds(runs[size], n // 50) for _ in range(3)))
    else:
        (best,) = runs
        runs[best](2**20)
    return best, runs[best]


def peak_megabytes(library: str, size: int, n: int) -> float:
    """Return the peak memory of a process that makes one run."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import estimate;"
        f"estimate.LIBRARIES[{library!r}]()[{size}]({n});"
        # not getrusage, which starts from the parent's
        "print(next(row.split()[1] for row in open('/proc/self/status') if 'VmHWM' in row))"
    )
    here = str(Path(__file__).resolve().parent)
    done = subprocess.run(
        [sys.executable, "-c", code, here], check=True, capture_output=True, text=True
    )
    return float(done.stdout) / 1024


def profile(n: int) -> None:
    """Print where this library's time goes, on one thread."""
    os.environ["REPARAM_NUM_THREADS"] = "1"
    (run,) = ours().values()
    run(2**20)
    with cProfile.Profile() as profiler:
        run(n)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(12)


def main() -> None:
    """Run what the options ask for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=float, default=1e8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--skip", default="", help="a library to leave out")
    parser.add_argument("--profile", action="store_true", help="where the time goes instead")
    options = parser.parse_args()
    n = int(options.n)
    if options.profile:
        profile(n)
        return
    names = [
        name
        for name in LIBRARIES
        if name == "reparam" or (find_spec(name) and name not in options.skip.split(","))
    ]
    print(
        ", ".join(f"{name} {version(name)}" for name in [*names, "numpy"])
        + f", Python {platform.python_version()}, {cores()} cores, n = {n:,}"
    )
    chosen = {name: quickest(LIBRARIES[name](), n) for name in names}
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name, (_, run) in chosen.items():
            time.sleep(0.05)
            times[name].append(seconds(run, n) / n * 1e9)
    print(
        f"{'':<10}{'block':>10}{'ns per draw':>12}{'× reparam':>12}{'peak MB':>10}{'estimates':>22}"
    )
    base = statistics.median(times["reparam"])
    for name, (size, run) in chosen.items():
        each = statistics.median(times[name])
        found = " ".join(f"{float(value):.4f}" for value in run(min(n, 10**7)))
        peak = peak_megabytes(name, size, n)
        print(f"{name:<10}{size:>10,}{each:>12.1f}{each / base:>12.1f}{peak:>10.0f}{found:>22}")


if __name__ == "__main__":
    main()
