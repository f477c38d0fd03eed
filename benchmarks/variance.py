"""How the variance of gradient estimators depends on the objective, as a table.

``python benchmarks/variance.py [--n 1e6] [--page]`` prints it, or writes it into
``docs/estimators.md``. The distribution is a Gaussian with μ = σ = 1 and the objectives are y²
and cos(k y), those of Mohamed, Rosca, Figurnov & Mnih (2020), "Monte Carlo gradient estimation in
machine learning", section 3. The seed is fixed, so that the figures are the same each time.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import reparam as rp
from reparam.estimators import estimate

OBJECTIVES = ["y**2", "cos(0.5*y)", "cos(y)", "cos(2*y)", "cos(5*y)", "cos(10*y)", "cos(20*y)"]
ESTIMATORS = ["pathwise", "score", "score-loo", "score-optimal", "measure-valued"]

PAGE = Path(__file__).resolve().parent.parent / "docs/estimators.md"
MARKERS = re.compile(r"(<!-- table: benchmarks/variance.py -->\n).*?(<!-- end of table -->)", re.S)


def table(n: int) -> str:
    """Return the variance of a draw by objective, parameter and estimator, in Markdown."""
    lines = [["objective", "∂/∂", *ESTIMATORS], ["---"] * 2 + ["---:"] * len(ESTIMATORS)]
    for objective in OBJECTIVES:
        found = estimate(rp.Gaussian(1.0, 1.0), objective, n, estimators=ESTIMATORS, rng=1)
        for parameter in ("loc", "scale"):
            cells = [f"{found[name, parameter].variance:.2g}" for name in ESTIMATORS]
            lines.append([f"`{objective}`", parameter, *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Print the table, or write it into the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=float, default=1e6)
    parser.add_argument("--page", action="store_true", help="write it into the page instead")
    options = parser.parse_args()
    made = table(int(options.n))
    if options.page:
        text = PAGE.read_text("utf-8")
        PAGE.write_text(
            MARKERS.sub(lambda found: f"{found[1]}\n{made}\n\n{found[2]}", text), "utf-8"
        )
    else:
        print(made)


if __name__ == "__main__":
    main()
