"""Errors of this library and its peers at the points of the reference tables.

``python benchmarks/accuracy.py [--markdown | --page]``

Derivatives are compared with values of two independent computations that agree to 30 digits,
quantiles with exact ones; see ``tests/helpers/reference``. SciPy, PyTorch and JAX take part where
they have the function, and the last two if they are installed. ``--markdown`` prints what
docs/accuracy.md holds, ``--page`` writes it there. The figures of this library are those of NumPy's
kernels, which are the same on every processor.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

import reference
from reference import Table, error, excess, ledger, product

from reparam.special import beta, gamma, student

PAGE = Path(__file__).parents[1] / "docs" / "accuracy.md"
BEGIN, END = "<!-- made by benchmarks/accuracy.py -->\n", "<!-- end -->\n"
LIBRARIES = {"reparam": "reparam", "scipy": "SciPy", "torch": "PyTorch", "jax": "JAX"}

#: A row's ``side``, for readers.
SYMBOLS = {"y": "y", "yc": "1 − y", "lny": "ln y", "lnyc": "ln(1 − y)"}

Call = Callable[[Table], Any]


class Quantity(NamedTuple):
    """What is compared: the points, how errors are measured, and each library's function."""

    title: str
    table: Table
    measure: Callable[[Table, np.ndarray], np.ndarray]
    calls: dict[str, Call]


# Points ---------------------------------------------------------------------------------------


def at_y(name: str) -> Table:
    """Return the points given as y; those given as 1 − y as y of the mirrored distribution.

    So that x is exact and 1 − x correctly rounded, for every library.
    """
    table = reference.load(name)
    mirrored = [_mirrored(row) for row in table.rows if row["side"] == "yc"]
    return Table(name, [row for row in table.rows if row["side"] == "y"] + mirrored)


def _mirrored(row: dict[str, str]) -> dict[str, str]:
    def negated(text: str) -> str:
        return text[1:] if text.startswith("-") else f"-{text}"

    return row | {
        "alpha": row["beta"],
        "beta": row["alpha"],
        "D_alpha": negated(row["D_beta"]),
        "D_beta": negated(row["D_alpha"]),
        "cdf": row["sf"],
        "sf": row["cdf"],
        "u": "",
    }


def at_u(name: str) -> Table:
    """Return the points found from a probability, as y."""
    return reference.load(name).where(lambda row: row["side"] == "y" and row["u"] != "")


def regions(table: Table) -> Iterator[tuple[str, str, np.ndarray]]:
    """Name parts of the domain, and the points that they hold."""
    shapes = np.stack(table.theta)
    small, large = shapes.min(axis=0) < 1.0, shapes.max(axis=0) > 1e3
    tail = np.minimum(table["cdf"], table["sf"]) < 1e-3
    for size, chosen in (
        ("some below 1", small),
        ("1 to 1000", ~small & ~large),
        ("from 1, some above 1000", ~small & large),
    ):
        yield size, "centre", chosen & ~tail
        yield size, "tails", chosen & tail


# Libraries ------------------------------------------------------------------------------------


def slope(name: str) -> Callable[[Table, np.ndarray], np.ndarray]:
    """Measure ∂y/∂θ."""

    def measure(t: Table, values: np.ndarray) -> np.ndarray:
        factors = [t.point, t.exact(f"D_{name}")]
        if t.name == "beta":
            factors.append(reference.complement(t.point))
        return error(values, product(*factors))

    return measure


def quantile(t: Table, values: np.ndarray) -> np.ndarray:
    """Measure quantiles in multiples of the unavoidable error."""
    scale = t["quantile"] * (1.0 - t["quantile"]) if t.name == "beta" else t["quantile"]
    return excess(t, values, t.exact("quantile"), scale)


def from_nearer_end(lower: Callable[..., Any], upper: Callable[..., Any]) -> Call:
    """Invert with the smaller of u and 1 − u, as SciPy's users can."""

    def call(t: Table) -> np.ndarray:
        u = t["u"]
        low = u <= 0.5
        tail = np.where(low, u, 1.0 - u)
        return np.where(low, lower(tail, *t.theta), upper(tail, *t.theta))

    return call


def quantities(peers: list[str]) -> list[Quantity]:
    """Return what is compared, with the libraries named."""
    from scipy import special

    calls: dict[str, dict[str, Call]] = {
        "gamma": {"reparam": lambda t: gamma.pathwise(t["point"], *t.theta)},
        "cdf": {"reparam": lambda t: gamma.cdf_derivative(t["point"], *t.theta)},
        "alpha": {"reparam": lambda t: beta.pathwise(t["point"], *t.theta)[0]},
        "beta": {"reparam": lambda t: beta.pathwise(t["point"], *t.theta)[1]},
    }
    if "torch" in peers:
        import torch

        calls["gamma"]["torch"] = lambda t: torch._standard_gamma_grad(
            *map(torch.tensor, (*t.theta, t["point"]))
        ).numpy()

        def dirichlet(t: Table) -> np.ndarray:
            x, shapes = t["point"], torch.tensor(np.stack(t.theta, -1))
            both = torch.tensor(np.stack([x, 1.0 - x], -1))
            total = shapes.sum(-1, keepdim=True).expand_as(shapes)
            return torch._dirichlet_grad(both, shapes, total).numpy()

        calls["alpha"]["torch"] = lambda t: dirichlet(t)[:, 0] * (1.0 - t["point"])
        calls["beta"]["torch"] = lambda t: -dirichlet(t)[:, 1] * t["point"]
    if "jax" in peers:
        import jax

        jax.config.update("jax_enable_x64", True)
        calls["gamma"]["jax"] = lambda t: np.asarray(
            jax.lax.random_gamma_grad(*t.theta, t["point"])
        )
        calls["cdf"]["jax"] = lambda t: np.asarray(jax.lax.igamma_grad_a(*t.theta, t["point"]))
    gammas, betas, ts = map(at_y, reference.PARAMETERS)
    return [
        Quantity("Gamma: ∂y/∂α", gammas, slope("alpha"), calls["gamma"]),
        Quantity(
            "Gamma: ∂P(α, y)/∂α",
            gammas,
            lambda t, values: error(values, t.exact("F_alpha")),
            calls["cdf"],
        ),
        Quantity("Beta: ∂y/∂α", betas, slope("alpha"), calls["alpha"]),
        Quantity("Beta: ∂y/∂β", betas, slope("beta"), calls["beta"]),
        Quantity(
            "Student's t: ∂t/∂ν",
            ts,
            slope("df"),
            {"reparam": lambda t: student.pathwise(t["point"], *t.theta)},
        ),
        Quantity(
            "Gamma: quantile",
            at_u("gamma"),
            quantile,
            {
                "reparam": lambda t: gamma.quantile(t["u"], *t.theta),
                "scipy": from_nearer_end(
                    lambda u, a: special.gammaincinv(a, u), lambda u, a: special.gammainccinv(a, u)
                ),
            },
        ),
        Quantity(
            "Beta: quantile",
            at_u("beta"),
            quantile,
            {
                "reparam": lambda t: beta.quantile(t["u"], *t.theta)[0],
                "scipy": from_nearer_end(
                    lambda u, a, b: special.betaincinv(a, b, u),
                    lambda u, a, b: special.betainccinv(a, b, u),
                ),
            },
        ),
        Quantity(
            "Student's t: quantile",
            at_u("student_t"),
            quantile,
            {
                "reparam": lambda t: student.quantile(t["u"], *t.theta),
                "scipy": from_nearer_end(
                    lambda u, nu: special.stdtrit(nu, u), lambda u, nu: -special.stdtrit(nu, u)
                ),
            },
        ),
    ]


# The report -----------------------------------------------------------------------------------


class Region(NamedTuple):
    """A line of the report: median, 90 % and worst error of each library, in part of a domain."""

    shapes: str
    place: str
    points: int
    errors: dict[str, tuple[float, float, float]]


def compare(quantity: Quantity) -> list[Region]:
    """Return a quantity's lines."""
    with np.errstate(all="ignore"):
        errors = {
            library: quantity.measure(quantity.table, np.asarray(call(quantity.table)))
            for library, call in quantity.calls.items()
        }
    measured = ~np.isnan(errors["reparam"])
    return [
        Region(
            shapes,
            place,
            int(np.sum(chosen & measured)),
            {library: _summary(found[chosen & measured]) for library, found in errors.items()},
        )
        for shapes, place, chosen in regions(quantity.table)
    ]


def _summary(errors: np.ndarray) -> tuple[float, float, float]:
    ordered = np.sort(errors)  # percentiles without interpolation: some errors are infinite
    return tuple(float(ordered[int(q * (ordered.size - 1))]) for q in (0.5, 0.9, 1.0))


def cell(summary: tuple[float, float, float] | None) -> str:
    """Return three figures as text, or a dash."""
    if summary is None:
        return "–"
    return " / ".join("NaN" if np.isinf(figure) else f"{figure:.2g}" for figure in summary)


def lines(rows: list[list[str]], markdown: bool) -> Iterator[str]:
    """Lay a table out, its first row the header."""
    if markdown:
        for number, row in enumerate(rows):
            yield f"| {' | '.join(row)} |"
            if number == 0:
                yield "|" + " --- |" * len(row)
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{entry:<{width}}" for entry, width in zip(row, widths, strict=True))


def worst_points() -> list[list[str]]:
    """Return for each of our functions the point of its largest error."""
    rows = [["function", "error", "bar", "parameters", "at"]]
    for name, parameters in reference.PARAMETERS.items():
        worst: dict[str, reference.Finding] = {}
        for finding in reference.findings(reference.load(name)):
            known = worst.setdefault(finding.function, finding)
            if finding.error > known.error:
                worst[finding.function] = finding
        for function, (_, row, size) in worst.items():
            theta = ", ".join(f"{parameter} = {row[parameter]}" for parameter in parameters)
            unit = ledger.promise(function)
            at = row["point"] if unit.bar < 1.0 else row["u"]
            symbol = SYMBOLS[row["side"]] if unit.bar < 1.0 else "u"
            stated = f"{size:.2g}" + (" (above the bar)" if size > unit.bar else "")
            rows.append([function, stated, f"{unit.bar:g}", theta, f"{symbol} = {at}"])
    return rows


def versions(peers: list[str]) -> str:
    """Return what was compared, and on what."""
    names = ["reparam", "numpy", "scipy", *peers]
    found = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{found}; Python {platform.python_version()}, {platform.machine()}."


def counts() -> str:
    """Return how many points there are."""
    rows = [row for name in reference.PARAMETERS for row in reference.load(name).rows]
    seams = sum(row["kind"] == "seam" for row in rows)
    return f"{len(rows) - seams:,} points of the sweep, {seams:,} at regime boundaries."


def report(peers: list[str], markdown: bool) -> Iterator[str]:
    """Return the report's lines."""
    yield versions(peers)
    yield counts()
    for quantity in quantities(peers):
        yield from ("", f"### {quantity.title}" if markdown else quantity.title, "")
        names = list(quantity.calls)
        rows = [["shapes", "where", "points", *(LIBRARIES[name] for name in names)]]
        for region in compare(quantity):
            entries = [cell(region.errors.get(name)) for name in names]
            rows.append([region.shapes, region.place, str(region.points), *entries])
        yield from lines(rows, markdown)
    yield from ("", "### Our worst points" if markdown else "Our worst points", "")
    yield from lines(worst_points(), markdown)


def main() -> None:
    """Print the report, or write it to the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    parser.add_argument("--page", action="store_true", help="write it to docs/accuracy.md")
    options = parser.parse_args()
    os.environ["REPARAM_KERNELS"] = "numpy"
    peers = []
    for name in ("torch", "jax"):
        if find_spec(name):
            peers.append(name)
        else:
            print(f"{name} is not installed: left out (pip install {name})", file=sys.stderr)
    text = "\n".join(report(peers, options.markdown or options.page)) + "\n"
    if not options.page:
        print(text, end="")
        return
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
