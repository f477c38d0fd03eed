"""How gradient estimators compare, as tables: variance by objective, coverage of intervals.

``python benchmarks/estimators.py`` prints them; with ``--page`` it writes them into
``docs/estimators.md``.

The variances are those of a draw from a Gaussian with μ = σ = 1, for y² and for cos(ky), which is
an objective of Mohamed, Rosca, Figurnov & Mnih (2020), "Monte Carlo gradient estimation in machine
learning", section 3. The coverage is how many of 400 intervals hold the exact value; where terms
are skewed, of 2,000 with the correction for it and without. Seeds are fixed, so that the figures
are the same each time.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import reparam as rp
from reparam.estimators import ESTIMATORS, Estimate, estimate

OBJECTIVES = ["y**2", "cos(0.5*y)", "cos(y)", "cos(2*y)", "cos(5*y)", "cos(10*y)", "cos(20*y)"]
COMPARED = ["pathwise", "score", "score-loo", "score-optimal", "measure-valued"]

#: Intervals of 95 % that are made, and draws of each.
RUNS, DRAWS = 400, 10_000

COVERED = [
    (rp.Gaussian(0.5, 1.2), "tanh(y)"),
    (rp.Gaussian(0.5, 1.2), "y**2"),
    (rp.Gaussian(0.5, 1.2), "exp(y)"),
    (rp.Exponential(1.5), "cos(3*y)"),
    (rp.Poisson(3.0), "sqrt(y + 1)"),
]

#: Where terms are skewed: estimators, draws of an interval, and how many of these.
SKEWED = [(name, n) for name in ("pathwise", "score") for n in (1_000, 10_000)]
SKEWED += [("qmc", n) for n in (2**10, 2**14, 2**17)]
MANY = 2_000

PAGE = Path(__file__).resolve().parent.parent / "docs/estimators.md"
MARKERS = re.compile(
    r"(<!-- table: benchmarks/estimators.py (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL
)


def markdown(header: list[str], rows: list[list[str]], texts: int) -> str:
    """Return a table, of which so many columns are texts."""
    rule = ["---"] * texts + ["---:"] * (len(header) - texts)
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, rule, *rows])


def variance(n: int = 1_000_000) -> str:
    """Return the variance of a draw by objective, parameter and estimator."""
    rows = []
    for objective in OBJECTIVES:
        found = estimate(rp.Gaussian(1.0, 1.0), objective, n, estimators=COMPARED, rng=1)
        for parameter in ("loc", "scale"):
            cells = [f"{found[name, parameter].variance:.2g}" for name in COMPARED]
            rows.append([f"`{objective}`", parameter, *cells])
    return markdown(["objective", "∂/∂", *COMPARED], rows, 2)


def holds(row: Estimate) -> bool:
    """Whether an interval of 95 % holds the exact value."""
    low, high = row.interval()
    return low <= row.exact <= high


def coverage() -> str:
    """Return how many intervals in a hundred hold the exact value."""
    names = [name for name, cls in ESTIMATORS.items() if not (cls.biased or cls.exact)]
    rows = []
    for distribution, objective in COVERED:
        held: Counter[tuple[str, str]] = Counter()
        constant = set()  # no variance: nothing to cover
        for seed in range(RUNS):
            for row in estimate(distribution, objective, DRAWS, estimators="all", rng=seed):
                if not row.standard_error:
                    constant.add((row.estimator, row.parameter))
                held[row.estimator, row.parameter] += holds(row)
        for parameter in distribution.parameters.differentiable:
            keys = [(name, parameter) for name in names]
            cells = [
                "exact" if key in constant else f"{held[key] / RUNS:.1%}" if key in held else ""
                for key in keys
            ]
            rows.append([f"{type(distribution).__name__}, `{objective}`", parameter, *cells])
    return markdown(["", "∂/∂", *names], rows, 2)


def skewness() -> str:
    """Return how many intervals in a hundred hold ∂E[exp(y)]/∂σ, corrected for skewness or not."""
    rows = []
    for name, n in SKEWED:
        corrected = plain = 0
        for seed in range(MANY):
            found = estimate(rp.Gaussian(0.5, 1.2), "exp(y)", n, estimators=name, rng=seed)
            row = found[name, "scale"]
            corrected += holds(row)
            plain += holds(replace(row, skewness=0.0))
        rows.append([f"`{name}`", f"{n:,}", f"{plain / MANY:.1%}", f"{corrected / MANY:.1%}"])
    return markdown(["", "draws", "Student's t", "corrected"], rows, 1)


def main() -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--page", action="store_true", help="write them into the page instead")
    made = {"variance": variance(), "coverage": coverage(), "skewness": skewness()}
    if parser.parse_args().page:
        text = MARKERS.sub(
            lambda found: f"{found[1]}\n{made[found[2]]}\n\n{found[3]}", PAGE.read_text("utf-8")
        )
        PAGE.write_text(text, "utf-8")
    else:
        print("\n\n".join(made.values()))


if __name__ == "__main__":
    main()
