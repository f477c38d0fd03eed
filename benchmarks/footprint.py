"""What the library takes: lines per folder, processor time to start, memory of 10⁸ draws.

``python benchmarks/footprint.py [--n 1e8] [--rounds 5]`` prints three tables. Starts are processes
of their own, timed by what the system counts for them of a processor: medians over the rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import reparam

PACKAGE = Path(reparam.__file__).parent
#: Modules that are tables of numbers.
TABLES = {"_rules.py", "_expansions.py"}

#: What is started: by ``python -c``, or as the command line.
STARTS = {
    "python -c pass": ["-c", "pass"],
    "import numpy": ["-c", "import numpy"],
    "import reparam": ["-c", "import reparam"],
    "Gaussian().rsample(3)": ["-c", "import reparam; reparam.Gaussian().rsample(3)"],
    "Gamma(2.0).rsample(3)": ["-c", "import reparam; reparam.Gamma(2.0).rsample(3)"],
    "reparam --help": ["-m", "reparam", "--help"],
    "reparam sample": ["-m", "reparam", "sample", "--seed", "1"],
    "reparam list": ["-m", "reparam", "list"],
}


def lines() -> None:
    """Print modules, lines and the longest module of each folder, without tables of numbers."""
    sizes: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for path in PACKAGE.rglob("*.py"):
        if path.name not in TABLES:
            folder = path.relative_to(PACKAGE).parts[0] if path.parent != PACKAGE else "."
            sizes[folder].append((len(path.read_bytes().splitlines()), path.name))
    print(f"{'folder':<15} {'modules':>7} {'lines':>7}  longest")
    for folder, found in sorted(sizes.items()):
        longest, name = max(found)
        print(f"{folder:<15} {len(found):>7} {sum(n for n, _ in found):>7}  {name} {longest}")
    everything = [n for found in sizes.values() for n, _ in found]
    print(f"{'all':<15} {len(everything):>7} {sum(everything):>7}")


def took(arguments: list[str], folder: str) -> tuple[float, float]:
    """Return milliseconds of processor time and peak memory in MB of a Python process."""
    process = subprocess.Popen([sys.executable, *arguments], cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(arguments)} failed")
    return 1e3 * (usage.ru_utime + usage.ru_stime), usage.ru_maxrss / 1024


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=float, default=1e8)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    lines()
    with TemporaryDirectory() as folder:
        print(f"\n{'start':<22} {'ms':>6} {'MB':>5}")
        for name, arguments in STARTS.items():
            turns = [took(arguments, folder) for _ in range(options.rounds + 1)][1:]
            spent = statistics.median(ms for ms, _ in turns)
            print(f"{name:<22} {spent:>6.0f} {max(mb for _, mb in turns):>5.0f}")
        print(f"\n{'sample --out y.npy':<22} {'ms':>6} {'MB':>5}")
        for n in (1e6, options.n):
            sample = ["-m", "reparam", "sample", "-n", str(int(n)), "--seed", "1"]
            spent, memory = took([*sample, "--out", "y.npy"], folder)
            print(f"{'-n ' + format(n, '.0e'):<22} {spent:>6.0f} {memory:>5.0f}")


if __name__ == "__main__":
    main()
