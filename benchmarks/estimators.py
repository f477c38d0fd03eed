"""How gradient estimators compare, as tables: variance by objective, coverage of intervals.

``python benchmarks/estimators.py`` prints them; with ``--page`` it writes them into
``docs/estimators.md``.

The variances are those of a draw from a Gaussian with μ = σ = 1, for (y − k)², exp(−ky²) and
cos(ky), the objectives of Mohamed, Rosca, Figurnov & Mnih (2020), "Monte Carlo gradient estimation
in machine learning", section 3; and from a Bernoulli distribution for (y − 0.45)², that of Tucker
et al. (2017), "REBAR", section 5.1. The coverage is how many of 1,000 intervals hold the exact
value; where terms are skewed, of 2,000 with the correction for it and without. Seeds are fixed, so
that the figures are the same each time.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np

import reparam as rp
from reparam.estimators import ESTIMATORS, TEMPERATURE, Estimate, Objective, estimate
from reparam.estimators import _estimate as module
from reparam.estimators._problem import Problem
from reparam.notation import concise

OBJECTIVES = [
    *("y**2", "(y - 3)**2", "(y + 3)**2"),
    *("exp(-0.1*y**2)", "exp(-y**2)", "exp(-10*y**2)"),
    *("cos(0.5*y)", "cos(y)", "cos(2*y)", "cos(5*y)", "cos(10*y)", "cos(20*y)"),
]
#: Of Bernoulli variables in the toy problem of Tucker et al.
PROBABILITIES = [0.1, 0.5, 0.9]

#: Of Dirichlet distributions.
CONCENTRATIONS = [0.1, 1.0, 10.0, 100.0]

COMPARED = ["pathwise", "score", "score-loo", "score-optimal", "measure-valued"]

#: Intervals of 95 % that are made, and draws of each.
RUNS, DRAWS = 1_000, 10_000

CONTINUOUS: list[tuple[rp.Distribution, str]] = [
    (rp.Gaussian(0.5, 1.2), "tanh(y)"),
    (rp.Gaussian(0.5, 1.2), "y**2"),
    (rp.Gaussian(0.5, 1.2), "exp(y)"),
    (rp.Exponential(1.5), "cos(3*y)"),
]
DISCRETE: list[tuple[rp.Distribution, str]] = [
    (rp.Bernoulli(0.3), "exp(y)"),
    (rp.Categorical([0.0, 1.0, 2.0]), "cos(y)"),
    (rp.Binomial(12.0, 0.35), "y**2"),
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


def toy(n: int = 1_000_000) -> str:
    """Return variances and biases for Bernoulli variables and (y − 0.45)²."""
    columns = [
        estimate(rp.Bernoulli(p), "(y - 0.45)**2", n, estimators="all", rng=1)
        for p in PROBABILITIES
    ]
    rows = []
    for name in dict.fromkeys(row.estimator for row in columns[0]):
        found = [column[name, "probs"] for column in columns]
        cells = [f"{row.variance:.2g}" for row in found]
        cells += [concise(row.bias, row.standard_error) if row.biased else "0" for row in found]
        rows.append([f"`{name}`", *cells])
    header = [f"{what}, p = {p}" for what in ("variance", "bias") for p in PROBABILITIES]
    return markdown(["", *header], rows, 1)


def dirichlet(n: int = 100_000) -> str:
    """Return the variance of terms of ∂E[Σ y²]/∂α_0 by three routes, for K equal concentrations."""
    rows = []
    for entries in (2, 10):
        for alpha in CONCENTRATIONS:
            law = rp.Dirichlet(np.full(entries, alpha))
            draw = law.rsample(n, rng=1)
            y = draw.value
            by_path = np.einsum("ij,ij->i", 2.0 * y, draw.jacobian()["concentration"][..., 0])
            gammas = rp.Gamma(alpha).rsample((n, entries), rng=1)
            total = gammas.value.sum(axis=1)
            shares = gammas.value / total[:, np.newaxis]
            step = shares[:, 0] - np.square(shares).sum(axis=1)
            by_gammas = 2.0 * step * gammas.jacobian()["alpha"][:, 0] / total
            by_score = np.square(y).sum(axis=1) * law.score(y)["concentration"][:, 0]
            cells = [f"{np.var(terms):.2g}" for terms in (by_path, by_gammas, by_score)]
            rows.append([f"{entries}", f"{alpha:g}", *cells])
    return markdown(["entries", "α", "path", "gamma variates' path", "score"], rows, 2)


def holds(row: Estimate) -> bool:
    """Whether an interval of 95 % holds the exact value."""
    low, high = row.interval()
    return low <= row.exact <= high


def coverage(cases: list[tuple[rp.Distribution, str]]) -> str:
    """Return how many intervals in a hundred hold the exact value, in the first parameters."""
    unbiased = [name for name, cls in ESTIMATORS.items() if not (cls.biased or cls.exact)]
    rows, columns = [], set()
    for distribution, objective in cases:
        once = estimate(distribution, objective, 100, estimators=[*unbiased, "all"], rng=0)
        names = list(dict.fromkeys(row.estimator for row in once if row.estimator in unbiased))
        held: Counter[tuple[str, str]] = Counter()
        constant = set()  # no variance: nothing to cover
        with known_exactly(distribution, objective):
            for seed in range(RUNS):
                for row in estimate(distribution, objective, DRAWS, estimators=names, rng=seed):
                    if not row.standard_error:
                        constant.add((row.estimator, row.parameter))
                    held[row.estimator, row.parameter] += holds(row)
        columns |= set(names)
        for parameter in dict.fromkeys(parameter for _, parameter in held):
            cells = {
                name: "exact"
                if (name, parameter) in constant
                else f"{held[name, parameter] / RUNS:.1%}"
                for name in names
            }
            rows.append((f"{type(distribution).__name__}, `{objective}`", parameter, cells))
    kept = [name for name in unbiased if name in columns]
    lines = [[law, name, *(cells.get(k, "") for k in kept)] for law, name, cells in rows]
    return markdown(["", "∂/∂", *kept], lines, 2)


@contextmanager
def known_exactly(distribution: rp.Distribution, objective: str) -> Iterator[None]:
    """Integrate once for all runs of a case: exact values and tails don't depend on draws."""
    problem = Problem(distribution, Objective.of(objective), TEMPERATURE)
    truth = module.exact(problem)
    with (
        patch.object(module, "exact", lambda _: truth),
        patch.object(module, "infinite_moments", lambda *_: {}),
    ):
        yield


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


TABLES = {
    "variance": variance,
    "toy": toy,
    "dirichlet": dirichlet,
    "coverage": partial(coverage, CONTINUOUS),
    "coverage_discrete": partial(coverage, DISCRETE),
    "skewness": skewness,
}


def main() -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--page", action="store_true", help="write them into the page instead")
    parser.add_argument("tables", nargs="*", help="which; default: all")
    asked = parser.parse_args()
    made = {name: make() for name, make in TABLES.items() if name in (asked.tables or TABLES)}
    if asked.page:
        text = MARKERS.sub(
            lambda found: (
                f"{found[1]}\n{made[found[2]]}\n\n{found[3]}" if found[2] in made else found[0]
            ),
            PAGE.read_text("utf-8"),
        )
        PAGE.write_text(text, "utf-8")
    else:
        print("\n\n".join(made.values()))


if __name__ == "__main__":
    main()
