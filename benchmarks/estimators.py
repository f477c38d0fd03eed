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
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from scipy.special import digamma

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

#: Estimators that go to a wrong value in it.
BIASED = ["relaxed", "hard-concrete", "straight-through", "gumbel-rao"]

#: Of Dirichlet distributions.
CONCENTRATIONS = [0.1, 1.0, 10.0, 100.0]
#: Boosts B of rejection sampling: the gamma draws are of shape α + B.
BOOSTS = [1, 4]

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


class Closed(NamedTuple):
    """A variance of a draw that is worked out on paper."""

    paper: str
    law: rp.Distribution
    objective: str
    parameter: str
    estimator: str
    formula: str
    value: float


def closed() -> Iterator[Closed]:
    """Yield variances in cases of the papers, of Gaussian draws with μ = σ = 1 and d = μ − k."""
    gaussian = partial(Closed, "Mohamed et al. (2020)", rp.Gaussian(1.0, 1.0))
    d = 4.0
    square = partial(gaussian, "(y + 3)**2")
    yield square("loc", "pathwise", "4σ²", 4.0)
    yield square("scale", "pathwise", "4d² + 8σ²", 4.0 * d**2 + 8.0)
    yield square("loc", "score", "d⁴/σ² + 14d² + 15σ²", d**4 + 14.0 * d**2 + 15.0)
    formula = "2d⁴/σ² + 60d² + 74σ²"
    yield square("scale", "score", formula, 2.0 * d**4 + 60.0 * d**2 + 74.0)
    formula = "4d² (4/π − 1)"
    yield square("loc", "measure-valued", formula, 4.0 * d**2 * (4.0 / np.pi - 1.0))
    # p(y) exp(−2y²) is a Gaussian density with mean and variance 1/5, times that mass
    mass, slope = np.exp(-0.4) / np.sqrt(5.0), 2.0 * np.exp(-1.0 / 3.0) / 27.0**0.5
    peak = partial(gaussian, "exp(-y**2)", "loc")
    value = 4.0 * mass * (1.0 / 25.0 + 1.0 / 5.0) - slope**2
    yield peak("pathwise", "4 E[y² e^(−2y²)] − g²", value)
    value = mass * (16.0 / 25.0 + 1.0 / 5.0) - slope**2
    yield peak("score", "E[(y − μ)² e^(−2y²)]/σ⁴ − g²", value)
    for k, objective in ((1.0, "cos(y)"), (5.0, "cos(5*y)")):
        slope = k * np.exp(-0.5 * k**2) * np.sin(k)
        damped = np.exp(-2.0 * k**2) * np.cos(2.0 * k)
        wave = partial(gaussian, objective, "loc")
        value = 0.5 * k**2 * (1.0 - damped) - slope**2
        yield wave("pathwise", "k² (1 − w)/2 − g²,  w = e^(−2k²σ²) cos 2kμ", value)
        value = 0.5 * (1.0 + (1.0 - 4.0 * k**2) * damped) - slope**2
        yield wave("score", "(1 + (1 − 4k²σ²) w)/(2σ²) − g²", value)
    for p in PROBABILITIES:
        coin = partial(Closed, "Tucker et al. (2017)", rp.Bernoulli(p), "(y - 0.45)**2", "probs")
        value = 0.45**4 / (1.0 - p) + 0.55**4 / p - 0.01
        yield coin("score", "0.45⁴/(1 − p) + 0.55⁴/p − g²", value)
    share = partial(Closed, "Jankowiak & Obermeyer (2018)", rp.Beta(1.0, 1.0), "y", "alpha")
    yield share("pathwise", "E[y² ln² y] − g² = 2/27 − 1/16", 2.0 / 27.0 - 1.0 / 16.0)
    yield share("score", "E[y² (1 + ln y)²] − g² = 5/27 − 1/16", 5.0 / 27.0 - 1.0 / 16.0)


def published(n: int = 1_000_000) -> str:
    """Return variances on paper beside measured ones."""
    rows = []
    for case in closed():
        found = estimate(case.law, case.objective, n, estimators=case.estimator, rng=1)
        measured = found[case.estimator, case.parameter].variance
        cells = [case.paper, f"`{case.law!r}`", f"`{case.objective}`", case.parameter]
        cells += [case.estimator, case.formula, f"{case.value:.4g}", f"{measured:.4g}"]
        rows.append(cells)
    header = ["case of", "y", "J", "∂/∂", "estimator", "variance", "on paper", "measured"]
    return markdown(header, rows, 6)


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


def descent(n: int = 1_000_000) -> str:
    """Return where gradient descent in p ends in the toy problem, by estimators that are biased.

    That is where the estimator's expectation changes its sign.
    """
    rows = []
    for name in BIASED:
        low, high = 1e-3, 0.5
        for _ in range(12):
            p = 0.5 * (low + high)
            rises = estimate(rp.Bernoulli(p), "(y - 0.45)**2", n, estimators=name, rng=1)
            low, high = (low, p) if rises[name, "probs"].value > 0.0 else (p, high)
        loss = 0.45**2 + 0.1 * high
        rows.append([f"`{name}`", f"{high:.2f}", f"{loss:.4f}"])
    rows.append(["unbiased", "0.00", f"{0.45**2:.4f}"])
    return markdown(["", "p", "loss"], rows, 1)


def dirichlet(n: int = 100_000) -> str:
    """Return variances of terms of ∂E[y_0]/∂α_0 by several routes, for K equal concentrations."""
    rows = []
    for entries in (2, 10):
        for alpha in CONCENTRATIONS:
            law = rp.Dirichlet(np.full(entries, alpha))
            draw = law.rsample(n, rng=1)
            by_path = draw.jacobian()["concentration"][:, 0, 0]
            gammas = rp.Gamma(alpha).rsample((n, entries), rng=1)
            slope = gammas.jacobian()["alpha"][:, 0] / gammas.value[:, 0]
            share = _first(gammas.value)
            by_gammas = share * (1.0 - share) * slope
            by_score = draw.value[:, 0] * law.score(draw.value)["concentration"][:, 0]
            routes = [by_path, by_gammas, *(rejection(alpha, entries, b, n) for b in BOOSTS)]
            cells = [f"{np.var(terms):.2g}" for terms in (*routes, by_score)]
            rows.append([f"{entries}", f"{alpha:g}", *cells])
    boosts = [f"rejection, B = {boost}" for boost in BOOSTS]
    return markdown(["entries", "α", "path", "gamma variates' path", *boosts, "score"], rows, 2)


def _first(x: np.ndarray) -> np.ndarray:
    """Return y_0 of y = x/Σx."""
    return np.asarray(x[:, 0] / x.sum(axis=1))


def rejection(alpha: float, entries: int, boost: int, n: int) -> np.ndarray:
    """Return terms of the same gradient by rejection sampling variational inference.

    Of accepted proposals ε of Marsaglia & Tsang, h(ε, a) ~ Gamma(a) with a = α + B, and
    x = h Π u_i^(1/(α+i−1)). The path goes along x at fixed ε and u; the correction is J times
    d/da [log q(h; a) + log ∂h/∂ε] (Naesseth, Ruiz, Linderman & Blei 2017, equations 5 and 12).
    """
    rng, a = np.random.default_rng(1), alpha + boost
    c = a - 1.0 / 3.0
    epsilon = np.concatenate([_accepted(rng, c, n * entries // 2) for _ in range(2)])
    v = epsilon / (3.0 * np.sqrt(c))
    log_h = np.log(c) + 3.0 * np.log1p(v)
    powers = alpha + np.arange(boost)
    logs = np.log1p(-rng.random((n, entries, boost)))
    x = np.exp(log_h.reshape(n, entries) + np.sum(logs / powers, axis=-1))
    v, h = v[::entries], np.exp(log_h[::entries])  # of the first entries
    slope = 1.0 / c - 1.5 * v / (1.0 + v) / c  # ∂ ln h/∂a
    share = _first(x)
    path = share * (1.0 - share) * (slope - np.sum(logs[:, 0] / powers**2, axis=-1))
    of_density = np.log(h) + (a - 1.0 - h) * slope - digamma(a)
    correction = of_density + 0.5 / c - v / (1.0 + v) / c
    return path + share * correction


def _accepted(rng: np.random.Generator, c: float, count: int) -> np.ndarray:
    """Return accepted ε for Gamma(c + ⅓): u < exp(ε²/2) v³ e^(c − c v³) with v = 1 + ε/√(9c)."""
    found = np.empty(0)
    while found.size < count:
        epsilon = rng.normal(size=2 * count)
        cube = np.maximum(1.0 + epsilon / (3.0 * np.sqrt(c)), 1e-100) ** 3
        bound = 0.5 * epsilon**2 + c * (1.0 - cube + np.log(cube))
        found = np.append(found, epsilon[np.log1p(-rng.random(epsilon.size)) < bound])
    return found[:count]


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
    "published": published,
    "toy": toy,
    "descent": descent,
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
