"""Time a training step: construct, sample, back-propagate, with parameters new in each call.

Beside it PyTorch, if it is installed, does the same: ``T(*p).rsample().sum().backward()`` with
``validate_args`` off and float64 leaf tensors. Microseconds a call, medians of 60 calls, the
libraries in turn, this one with compiled kernels (where there are any) and with NumPy's.
``python benchmarks/small_calls.py``. With ``--cpu`` processor time of one thread is counted: on a
machine that does other work, too.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
from by_kernels import KERNELS, kernels

import reparam as rp

CALLS = 60
CLOCK = time.process_time if "--cpu" in sys.argv else time.perf_counter
SIZES = (1, 10, 100, 1_000, 10_000)

#: By distribution: PyTorch's name, and a range for each parameter.
LAWS: dict[str, tuple[str, tuple[tuple[float, float], ...]]] = {
    "Gaussian": ("Normal", ((-2.0, 2.0), (0.5, 2.0))),
    "Laplace": ("Laplace", ((-2.0, 2.0), (0.5, 2.0))),
    "Exponential": ("Exponential", ((0.5, 2.0),)),
    "Gamma": ("Gamma", ((0.5, 5.0), (0.5, 2.0))),
    "Beta": ("Beta", ((0.5, 5.0), (0.5, 5.0))),
    "StudentT": ("StudentT", ((1.0, 10.0), (-2.0, 2.0), (0.5, 2.0))),
}


def median(step: Callable[[int], Any]) -> float:
    """Return the median time of calls, in microseconds."""
    step(0)
    times = []
    for call in range(CALLS):
        start = CLOCK()
        step(call)
        times.append(CLOCK() - start)
    return 1e6 * float(np.median(times))


def parameters(law: str, shape: tuple[int, ...], constant: bool) -> list[list[np.ndarray]]:
    """Return the parameters of each call."""
    rng = np.random.default_rng(0)
    sets = [[rng.uniform(low, high, shape) for low, high in LAWS[law][1]] for _ in range(CALLS)]
    return [sets[0]] * CALLS if constant else sets


def ours(law: str, n: int, each: bool, constant: bool) -> float:
    """Return the time of this library's call."""
    cls = getattr(rp, law)
    sets = parameters(law, (n,) if each else (), constant)
    if not each:
        sets = [list(map(float, theta)) for theta in sets]
    sample = () if each else (n,)
    return median(lambda call: cls(*sets[call]).rsample(sample).vjp(1.0))


def theirs(law: str, n: int, each: bool, constant: bool) -> float | None:
    """Return the time of PyTorch's call, or None without PyTorch."""
    try:
        import torch
    except ImportError:
        return None
    if "--cpu" in sys.argv:
        torch.set_num_threads(1)
    make = getattr(torch.distributions, LAWS[law][0])
    sets = [
        [torch.tensor(entry, dtype=torch.float64, requires_grad=True) for entry in theta]
        for theta in parameters(law, (n,) if each else (), constant)
    ]
    sample = () if each else (n,)
    return median(
        lambda call: make(*sets[call], validate_args=False).rsample(sample).sum().backward()
    )


def main() -> None:
    """Print a table."""
    libraries = [f"{name} {version(name)}" for name in ("reparam", "numpy")]
    if "torch" in sys.modules or theirs("Gaussian", 1, True, True) is not None:
        libraries.append(f"torch {version('torch')}")
    print(", ".join(libraries))
    paths = list(dict.fromkeys((KERNELS[0], "numpy")))
    title = f"µs per call: {'/'.join(paths)}/PyTorch"
    print(f"{title:36}" + "".join(f"{f'n = {n}':>23}" for n in SIZES))
    for law in LAWS:
        for each, constant in ((True, False), (True, True), (False, False), (False, True)):
            cells = []
            for n in SIZES:
                times = []
                for path in paths:
                    with kernels(path):
                        times.append(ours(law, n, each, constant))
                other = theirs(law, n, each, constant)
                cell = "/".join(f"{time:.0f}" for time in times)
                cells.append(cell + (f"/{other:.0f} = {times[0] / other:.1f}" if other else ""))
            kind = f"{'per element' if each else 'scalar'}, {'constant' if constant else 'new'}"
            print(f"{f'{law}, {kind}':36}" + "".join(f"{cell:>23}" for cell in cells))


if __name__ == "__main__":
    main()
