"""Make ``reparam/verification/reference/*.csv``: ``python tools/verification_reference``.

Needs mpmath, and python-flint for laws by integrals: some minutes for all, or the distributions
that are named as arguments.

Derivatives are central differences of the quantile itself, in more than a hundred digits. All
is computed twice, in different precision and with different steps, and written only if both round
to the same double.

The columns are the parameters, ``noise``, ``value`` and for each parameter ``d_`` and its name:
∂y/∂θ. For each of the latter ``c_`` and its name is Σ |x ∂/∂x| over noise and parameters x: times
2⁻⁵³ that is what rounding these makes of it, which no computation in doubles can be blamed for. Of
F's derivatives, which are a difference, it is that and the subtrahend y/d, which rounds, too.

Vectors have columns ``noise[0]``, ``noise[1]``, … instead, and ``entry``: a row is of that entry.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from rows import DISTRIBUTIONS, columns, points, row

FOLDER = Path(__file__).parents[2] / "reparam" / "verification" / "reference"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or DISTRIBUTIONS:
        rows = [row(name, point, number) for number, point in enumerate(points(name))]
        with (FOLDER / f"{name}.csv").open("w", newline="", encoding="utf-8") as out:
            table = csv.writer(out, lineterminator="\n")
            table.writerow(columns(name))
            table.writerows(rows)
        print(f"{name}: {len(rows)} rows", flush=True)


if __name__ == "__main__":
    main()
