"""``reparam sample -n 1e8 --out y.npy`` beside NumPy writing the same count of normals in blocks.

``python benchmarks/cli.py [--n 1e8] [--rounds 5]``. Both are processes of their own, in turns, and
wait until the disk has the file; the figures are medians over the rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

BY_NUMPY = """
import os, sys
import numpy as np

n, generator = int(sys.argv[1]), np.random.default_rng(1)
with open("y.npy", "wb") as out:
    np.lib.format.write_array_header_1_0(
        out, {"descr": "<f8", "fortran_order": False, "shape": (n,)}
    )
    for start in range(0, n, 2**20):
        out.write(generator.standard_normal(min(2**20, n - start)).data)
    out.flush()
    os.fsync(out.fileno())
"""


def measure(command: list[str], folder: str) -> tuple[float, float]:
    """Return seconds and peak memory in MB of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    spent = time.perf_counter() - start
    if status:
        sys.exit(f"{' '.join(command[:3])} failed")
    Path(folder, "y.npy").unlink()
    return spent, usage.ru_maxrss / 1024


def main() -> None:
    """Print time and memory of both."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=float, default=1e8)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    n = int(options.n)
    sample = ["sample", "-n", str(n), "--seed", "1", "--out", "y.npy"]
    commands = {
        "reparam": [sys.executable, "-m", "reparam", *sample],
        "numpy": [sys.executable, "-c", BY_NUMPY, str(n)],
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    with TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            for name, command in commands.items():
                found[name].append(measure(command, folder))
    seconds = {name: statistics.median(s for s, _ in pairs) for name, pairs in found.items()}
    for name, pairs in found.items():
        print(f"{name:<8} {seconds[name]:6.2f} s  {max(mb for _, mb in pairs):6.0f} MB")
    print(f"reparam / numpy: {seconds['reparam'] / seconds['numpy']:.2f}")


if __name__ == "__main__":
    main()
