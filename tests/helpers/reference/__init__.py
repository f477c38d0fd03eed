"""Reference values of shape derivatives, cdfs and quantiles, and the library's distance from them.

A table (``gamma.csv``, ``beta.csv``, ``student_t.csv``, and ``seams_*.csv`` beside them) has one
point a row. ``point`` is a double, taken as that exact number: y itself or, as ``side`` says,
1 − y (``yc``), ln y (``lny``) or ln(1 − y) (``lnyc``), whichever is the exact one. With λ = ln y
(gamma), logit y (beta) or ln |t| (Student's t):

``u``, ``quantile``
    A probability, and its exact quantile in the form that ``side`` names; ``point`` is the nearest
    double. Both are empty where the point was not found from a probability.
``D_θ``
    ∂λ/∂θ at fixed u, at the point.
``F_θ``, ``cdf``, ``sf``
    ∂F/∂θ at fixed y, F and 1 − F, at the point.
``kind``, ``number``
    What the point stands for, and its number in the sweep it was taken from.

``tools/shape_reference`` makes the tables.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable
from decimal import Context, Decimal, localcontext
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

import reparam as rp
from reparam.special import beta, gamma, student

FOLDER = Path(__file__).parent
PARAMETERS = {"gamma": ("alpha",), "beta": ("alpha", "beta"), "student_t": ("df",)}
#: Enough digits for the tables' values to be exact, and their products nearly.
_EXACT = Context(prec=50, Emin=-(10**9), Emax=10**9)
#: A reference value below this has no relative error in doubles.
_SMALLEST = 1e-290

Exact = list[Decimal]


class Table:
    """Rows of a table, and its columns as doubles or as the exact decimals they hold."""

    def __init__(self, name: str, rows: list[dict[str, str]]) -> None:
        self.name, self.rows = name, rows

    def __getitem__(self, column: str) -> np.ndarray:
        return np.array([float(row[column]) for row in self.rows])

    @property
    def theta(self) -> list[np.ndarray]:
        """The parameters."""
        return [self[name] for name in PARAMETERS[self.name]]

    @property
    def point(self) -> Exact:
        """The points, exactly."""
        return [Decimal(value) for value in self["point"].tolist()]

    def exact(self, column: str) -> Exact:
        """Return a column of reference values."""
        return [Decimal(row[column]) for row in self.rows]

    def where(self, keep: Callable[[dict[str, str]], bool]) -> Table:
        """Return the rows to keep."""
        return Table(self.name, [row for row in self.rows if keep(row)])


@cache
def load(name: str, folder: Path = FOLDER) -> Table:
    """Return all the rows of a distribution: its table, and its points at seams."""
    rows: list[dict[str, str]] = []
    for path in sorted(folder.glob(f"*{name}.csv")):
        with path.open(newline="", encoding="utf-8") as lines:
            rows += csv.DictReader(lines)
    return Table(name, rows)


# Measures -------------------------------------------------------------------------------------


def product(*columns: Exact) -> Exact:
    """Return products, row by row."""
    result, *others = columns
    with localcontext(_EXACT):
        for column in others:
            result = [a * b for a, b in zip(result, column, strict=True)]
    return result


def complement(values: Exact) -> Exact:
    """Return 1 − each."""
    with localcontext(_EXACT):
        return [1 - value for value in values]


def error(values: np.ndarray, exact: Exact, unit: np.ndarray | float = 0.0) -> np.ndarray:
    """Return |values − exact| in units of the exact value, or of another unit.

    NaN where the exact value is too small for a relative error, infinite where `values` is NaN.
    """
    size = np.abs(np.array(list(map(float, exact))))
    with localcontext(_EXACT):
        distance = [
            float(abs(Decimal(value) - reference))
            for value, reference in zip(values.tolist(), exact, strict=True)
        ]
    with np.errstate(all="ignore"):
        result = np.nan_to_num(distance / np.where(unit > 0.0, unit, size), nan=np.inf)
    return np.where(size > _SMALLEST, result, np.nan)


def excess(table: Table, values: np.ndarray, exact: Exact, scale: np.ndarray | float) -> np.ndarray:
    """Return a quantile's errors as multiples of those that no quantile in doubles can avoid.

    That is what rounding u, each parameter and the result itself makes of it, each by half an ulp:
    2⁻⁵³ of its size, the most that rounding to nearest can do. A factor of 4 is two wrong bits.

    Parameters
    ----------
    table
        Where.
    values, exact
        Quantiles, and what they should be.
    scale
        The quantile's derivative in λ.
    """
    names = PARAMETERS[table.name]
    first, second = table.exact(f"D_{names[0]}"), table.exact(f"F_{names[0]}")
    slope = np.array([float(abs(d / f)) for d, f in zip(first, second, strict=True)])  # dλ/du
    least = slope * table["u"]
    for name in names:
        least += np.abs(table[f"D_{name}"]) * table[name]
    own = np.abs(np.array(list(map(float, exact))))
    return error(values, exact, 2.0**-53 * (np.abs(scale) * least + own))


# What is measured: for each side of a table, functions and their errors --------------------------

Errors = dict[str, np.ndarray]


def gamma_at_y(t: Table) -> Errors:
    y, (alpha,) = t["point"], t.theta
    slope = product(t.point, t.exact("D_alpha"))
    return {
        "gamma.pathwise": error(gamma.pathwise(y, alpha), slope),
        "Gamma.pathwise": error(rp.Gamma(alpha, 1.0).pathwise(y)["alpha"], slope),
        "gamma.cdf_derivative": error(gamma.cdf_derivative(y, alpha), t.exact("F_alpha")),
        "gamma.cdf": error(gamma.cdf(y, alpha), t.exact("cdf")),
        "gamma.sf": error(gamma.sf(y, alpha), t.exact("sf")),
    }


def gamma_at_log(t: Table) -> Errors:
    h = gamma.log_pathwise(t["point"], *t.theta)
    return {"gamma.log_pathwise": error(h, t.exact("D_alpha"))}


def gamma_quantile(t: Table) -> Errors:
    y = gamma.quantile(t["u"], *t.theta)
    return {"gamma.quantile": excess(t, y, t.exact("quantile"), t["quantile"])}


def gamma_log_quantile(t: Table) -> Errors:
    log = gamma.log_quantile(t["u"], *t.theta)
    return {"gamma.log_quantile": excess(t, log, t.exact("quantile"), 1.0)}


def beta_at_y(t: Table) -> Errors:
    return _beta_at(t, t["point"], t.theta, rp.Beta(*t.theta).pathwise(t["point"]))


def beta_at_rest(t: Table) -> Errors:
    """At 1 − y: y is as near to 1 as can be, but its mirror image is Beta(β, α) at 1 − y."""
    alpha, beta_ = t.theta
    mirrored = rp.Beta(beta_, alpha).pathwise(t["point"])
    public = {"alpha": -mirrored["beta"], "beta": -mirrored["alpha"]}
    return _beta_at(t, t["point"], (beta_, alpha), public, -1)


def _beta_at(
    t: Table, x: np.ndarray, shapes: Iterable[np.ndarray], public: Errors, sign: int = 1
) -> Errors:
    errors = {}
    slopes, derivatives = (
        beta.pathwise(x, *shapes)[::sign],
        beta.cdf_derivatives(x, *shapes)[::sign],
    )
    for i, name in enumerate(PARAMETERS["beta"]):
        exact = product(t.point, complement(t.point), t.exact(f"D_{name}"))
        errors |= {
            f"beta.pathwise {name}": error(sign * slopes[i], exact),
            f"Beta.pathwise {name}": error(public[name], exact),
            f"beta.cdf_derivatives {name}": error(sign * derivatives[i], t.exact(f"F_{name}")),
        }
    return errors


def beta_at_log(t: Table) -> Errors:
    return _beta_at_logit(t, t["point"])


def beta_at_log_rest(t: Table) -> Errors:
    return _beta_at_logit(t, -t["point"])


def _beta_at_logit(t: Table, logit: np.ndarray) -> Errors:
    slopes = beta.logit_pathwise(logit, *t.theta)
    return {
        f"beta.logit_pathwise {name}": error(slope, t.exact(f"D_{name}"))
        for name, slope in zip(PARAMETERS["beta"], slopes, strict=True)
    }


def beta_quantile(t: Table) -> Errors:
    return _beta_quantile(t, *beta.quantile(t["u"], *t.theta))


def beta_quantile_rest(t: Table) -> Errors:
    return _beta_quantile(t, *beta.quantile(t["u"], *t.theta)[::-1])


def _beta_quantile(t: Table, smaller: np.ndarray, larger: np.ndarray) -> Errors:
    exact = t.exact("quantile")
    scale = t["quantile"] * (1.0 - t["quantile"])
    return {
        "beta.quantile smaller": excess(t, smaller, exact, scale),
        "beta.quantile larger": excess(t, larger, complement(exact), scale),
    }


def beta_log_quantile(t: Table) -> Errors:
    log = rp.Beta(*t.theta).transform(t["u"]).log_value
    return {"Beta.log_value": excess(t, log, t.exact("quantile"), 1.0)}


def beta_log_quantile_rest(t: Table) -> Errors:
    log = rp.Beta(*t.theta).transform(t["u"]).log_complement
    return {"Beta.log_complement": excess(t, log, t.exact("quantile"), 1.0)}


def student_at_t(t: Table) -> Errors:
    slope = product(t.point, t.exact("D_df"))
    public = rp.StudentT(t["df"], 0.0, 1.0).pathwise(t["point"])["df"]
    return {
        "student.pathwise": error(student.pathwise(t["point"], t["df"]), slope),
        "StudentT.pathwise": error(public, slope),
    }


def student_quantile(t: Table) -> Errors:
    values = student.quantile(t["u"], t["df"])
    return {"student.quantile": excess(t, values, t.exact("quantile"), t["quantile"])}


#: By table and side: what is measured at the points, and what at the probabilities.
MEASURES = {
    ("gamma", "y"): (gamma_at_y, gamma_quantile),
    ("gamma", "lny"): (gamma_at_log, gamma_log_quantile),
    ("beta", "y"): (beta_at_y, beta_quantile),
    ("beta", "yc"): (beta_at_rest, beta_quantile_rest),
    ("beta", "lny"): (beta_at_log, beta_log_quantile),
    ("beta", "lnyc"): (beta_at_log_rest, beta_log_quantile_rest),
    ("student_t", "y"): (student_at_t, student_quantile),
}


class Finding(NamedTuple):
    """The error of a function at a row of a table."""

    function: str
    row: dict[str, str]
    error: float


def findings(table: Table, *, quantiles: bool = True) -> list[Finding]:
    """Return the errors of all functions on a table, or of all but quantiles."""
    found = []
    for (name, side), (at_point, at_u) in MEASURES.items():
        if name != table.name:
            continue
        points = table.where(lambda row, side=side: row["side"] == side)
        given_u = points.where(lambda row: row["u"] != "")
        for measure, part in ((at_point, points), (at_u, given_u)):
            if part.rows and (quantiles or measure is at_point):
                for function, errors in measure(part).items():
                    found += [
                        Finding(function, row, value)
                        for row, value in zip(part.rows, errors.tolist(), strict=True)
                        if not math.isnan(value)
                    ]
    return found
