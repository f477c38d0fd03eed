"""Would a compiler make the kernels faster? One of them by NumPy and by Numba, side by side.

``python benchmarks/compiled.py``, with Numba installed. The kernel is the gamma derivative above
the mean for moderate shapes: thirteen nodes, an exponential at each.
"""

from __future__ import annotations

import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np

from reparam.engine.blocks import evaluate
from reparam.engine.operands import operand
from reparam.special import _gamma_integrals
from reparam.special._rules import GAMMA_ABOVE_TWO

N, ROUNDS = 1_000_000, 9


def by_numpy(x: np.ndarray, log_x: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Evaluate the kernel as the library does: in blocks, on all cores."""

    def kernel(*block: np.ndarray) -> np.ndarray:
        return _gamma_integrals._above(*block, rule=GAMMA_ABOVE_TWO)[1]

    operands = [operand(array, x.shape) for array in (x, log_x, alpha)]
    return evaluate(kernel, operands, x.shape)[0]


def by_numba() -> Callable[..., np.ndarray]:
    """Return the same kernel as loops over nodes and elements, compiled for all cores."""
    import numba
    from scipy.special import digamma

    node, weight = np.array(GAMMA_ABOVE_TWO)
    growth = np.expm1(node)

    @numba.njit(parallel=True, fastmath=True, error_model="numpy")
    def kernel(x: Any, alpha: Any, distance: Any, out: Any) -> None:
        for i in numba.prange(x.size):
            mass = first = 0.0
            for j in range(node.size):
                density = math.exp(alpha[i] * node[j] - x[i] * growth[j]) * weight[j]
                mass += density
                first += density * node[j]
            out[i] = distance[i] * mass + first

    def function(x: np.ndarray, log_x: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        out = np.empty_like(x)
        kernel(x, alpha, log_x - digamma(alpha), out)
        return out

    return function


def nanoseconds(call: Callable[[], Any]) -> float:
    """Return the median time of a call, a draw."""
    spent = []
    for _ in range(ROUNDS):
        time.sleep(0.05)
        start = time.perf_counter()
        call()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent) / N * 1e9


def main() -> None:
    """Print time to import and compile, and time a draw."""
    if not find_spec("numba"):
        sys.exit("numba is not installed: nothing to compare with (pip install numba)")
    x = 2.0 + 3.0 * np.random.default_rng(1).random(N)
    arguments = x, np.log(x), np.full(N, 2.0)
    start = time.perf_counter()
    import numba  # noqa: F401

    imported = time.perf_counter()
    compiled = by_numba()
    result = compiled(*arguments)
    ready = time.perf_counter()
    assert np.allclose(result, by_numpy(*arguments), rtol=1e-12)
    print(f"NumPy {np.__version__}, Numba {version('numba')}, {os.cpu_count()} cores")
    print(f"Numba: import {imported - start:.2f} s, compile {ready - imported:.2f} s")
    print(f"NumPy {nanoseconds(lambda: by_numpy(*arguments)):.1f} ns per draw")
    print(f"Numba {nanoseconds(lambda: compiled(*arguments)):.1f} ns per draw")


if __name__ == "__main__":
    main()
