"""Values: against tables computed in high precision, and against the cdf."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from typing import Any, cast

import numpy as np

from reparam._typing import Array
from reparam.engine.noise import NORMAL
from reparam.verification.evidence.comparing import Tallies, beside
from reparam.verification.evidence.context import Case, Context
from reparam.verification.refusals import NotApplicable
from reparam.verification.results import Comparison
from reparam.verification.witnesses._vectors import SMALL, add_inside, places, row_of, target_of

__all__ = ["reference_table", "transform"]

#: Units of unavoidable error that a tabulated value, and a derivative, may be off. One unit is
#: 2⁻⁵³ of the exact number, for its own rounding, and of what rounding noise and parameters makes
#: of it (the table's ``c_`` columns). The library's worst over the tables are 3.3 and 43.
_VALUE_UNITS, _SLOPE_UNITS = 4.0, 64.0
#: Units of values of tables whose quantiles invert a sum over some 80 nodes of exponentials: its
#: rounding, which differs between processors, makes 4.6 units of Stable's and 4.2 of the other's.
_VALUE_UNITS_OF = {"normal-inverse-gaussian": 6.0, "stable": 6.0}
#: Units in the last place that quantiles may be off: third-party ones, and next to an end.
_UNITS = 16.0
#: The least upper tail probabilities whose quantiles are looked at.
_FARTHEST = 1e-20, 1e-100
#: The relative error of both tail probabilities beside what rounding the value makes of them: the
#: library's worst are a tenth of it.
_TAILS = 2e-13
#: What vectors of a batch, and of the noise of draws, may be off by.
_BATCH = 1e-13


def transform(context: Context) -> Iterator[Comparison]:
    """Compare y with reference tables, and the probabilities that F has there with u.

    The same of the quantile functions, where there are any. Vectors are compared with each other.
    """
    target = context.target
    invertible = "icdf" in target.formulas
    if target.length:
        noise = context.noise_points  # it needs a transform
        yield from _tabulated(context)
        yield from _of_vectors(context, noise)
        yield from _repeated(context)
        return
    if not (target.strict or invertible):
        raise NotApplicable("its path from noise to values is its own; draws are compared instead")
    yield from _tabulated(context)
    if target.strict and target.rises is not None:
        noise = context.noise_points
        u, complement = noise, 1.0 - noise
        if target.noise is NORMAL:
            from scipy.special import ndtr

            u, complement = ndtr(noise), ndtr(-noise)
        if not target.rises:
            u, complement = complement, u

        def value(case: Case) -> Array:
            return target.transform(noise, **case.theta).value

        yield from _inverse(context, "y", value, u, complement, z=noise)
    u, v = context.probabilities, np.append(context.probabilities, _FARTHEST)
    if invertible:
        yield from _inverse(context, "F⁻¹(u)", lambda at: at.formulas.icdf(u), u, 1.0 - u, u=u)
    if "isf" in target.formulas:
        yield from _inverse(context, "isf(v)", lambda at: at.formulas.isf(v), 1.0 - v, v, v=v)


def _inverse(
    context: Context,
    what: str,
    value: Callable[[Case], Array],
    below: Array,
    above: Array,
    **where: Any,
) -> Iterator[Comparison]:
    """Compare the probabilities below and above values with those that they were made of."""
    found, strict = Tallies(), context.target.strict
    for case in context.cases():
        y, law = np.asarray(value(case)), case.law
        ulp = np.spacing(np.abs(y) + abs(case.theta.get("loc", 0.0)))
        below_y, above_y = law.cdf(y), law.sf(y)
        moved = 4.0 * ulp * np.exp(law.log_prob(y))  # by rounding the value
        away = _UNITS * np.spacing(np.abs(y))
        # next to where numbers end, or the support does, there may be much in a few steps
        wide = np.minimum(np.abs(y - law.support[0]), np.abs(law.support[1] - y)) <= away
        wide |= not strict
        for side in (-1.0, 1.0):
            for at, here in ((beside(y, side * np.inf), True), (y + side * away, wide)):
                change = np.fmax(np.abs(law.cdf(at) - below_y), np.abs(law.sf(at) - above_y))
                moved = np.where(here, np.fmax(moved, change), moved)
        moved += context.target.rounding
        found[f"F({what})"].add(case.theta, below_y, below, rtol=_TAILS, atol=moved, **where)
        found[f"1 − F({what})"].add(case.theta, above_y, above, rtol=_TAILS, atol=moved, **where)
    yield from found.result()


def _tabulated(context: Context) -> Iterator[Comparison]:
    """Compare with the table, if there is one."""
    target, table = context.target, reference_table(context.target.reference or "")
    if table is None or not set(target.parameters) <= set(table):
        return
    columns = [name for name in table if name.startswith("noise")]
    if len(columns) != (target.width or 1):
        return
    theta = {name: table[name] for name in target.parameters}
    where = {name.replace("noise", "z"): table[name] for name in columns}
    noise, own = table[columns[0]], cast(Any, ...)
    if target.length:
        noise = np.stack([table[name] for name in columns], axis=-1)
        where["entry"] = table["entry"]
        own = np.arange(len(noise)), table["entry"].astype(np.int64)
    sample = target.transform(noise, **theta)
    units_of_value = _VALUE_UNITS_OF.get(target.reference or "", _VALUE_UNITS)
    claims = {"y": ("value", sample.value[own], units_of_value)}
    if "icdf" in target.formulas and target.noise is not NORMAL:
        quantile = target.formulas["icdf"](noise, **theta)
        claims["F⁻¹(u)"] = ("value", quantile, units_of_value)
    for name, gradient in sample.gradients.items():
        claims[f"∂y/∂{name}"] = (f"d_{name}", gradient[own], _SLOPE_UNITS)
    found = Tallies()
    for what, (column, claimed, units) in claims.items():
        exact = table[column]
        unit = 2.0**-53 * (np.abs(exact) + table[f"c_{column}"]) + 2.0**-1074
        found[f"{what}, tabulated"].add({**theta, **where}, claimed, exact, atol=units * unit)
    yield from found.result()


def reference_table(name: str) -> Mapping[str, Array] | None:
    """Return the reference table of a distribution: columns by name, or None.

    The columns are the parameters, ``noise``, ``value`` and for each parameter ``d_`` and its
    name: ∂y/∂θ, all correctly rounded. For each of the latter ``c_`` and its name is its
    conditioning: Σ |x ∂/∂x| over noise and parameters x. Of vectors there are ``noise[0]``,
    ``noise[1]``, …, and ``entry``, of which value and derivatives are.
    ``tools/verification_reference`` makes the tables.
    """
    path = resources.files("reparam.verification") / "reference" / f"{name}.csv"
    if not path.is_file():
        return None
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    columns = np.array([[float(cell) for cell in row] for row in rows[1:]]).T
    return dict(zip(rows[0], columns, strict=True))


def _of_vectors(context: Context, noise: Array) -> Iterator[Comparison]:
    """Compare entries with the simplex, ln y with its view, and a batch with its members.

    A batch of unlike parameters makes of noise what each of them does alone.
    """
    target, found, sets = target_of(context), Tallies(), context.sets()
    for theta in sets:
        y = target.transform(noise, **theta).value
        if not target.is_of_matrices:  # in the tails of noise these round to singular ones
            add_inside(found, target, theta, y, "y")
        if "log_value" in target.views:
            known = target.view("log_value", noise, **theta).value
            log_y = np.where(y > SMALL, np.log(y), known)  # what underflows says nothing
            # rounding y to the last place moves ln y by that
            where = places(context, noise, "z")
            found["ln y, by its view"].add(theta, known, log_y, rtol=1e-14, atol=1e-15, **where)
    rows = noise[: len(sets)]
    batch = {name: np.array([theta[name] for theta in sets]) for name in sets[0]}
    together = target.transform(rows, **batch)
    for at, theta in enumerate(sets):
        alone, where = target.transform(rows[at], **theta), row_of(rows[at], "z")
        value, slope = (found[f"{what} of a batch of parameters"] for what in ("y", "∂y/∂θ"))
        value.add(theta, together.value[at], alone.value, rtol=_BATCH, **where)
        for name, gradient in together.gradients.items():
            slope.add(theta, gradient[at], alone.gradients[name], rtol=_BATCH, **where)
    yield from found.result()


def _repeated(context: Context) -> Iterator[Comparison]:
    """Compare draws of each way, and their gradients, with those of their own noise.

    A mistake on one way to a derivative is seen however small it is.
    """
    target, found = target_of(context), Tallies()
    for way in target.ways:
        for theta in context.sets():
            drawn, again = target.repeated(theta, context.level.points, context.seed, way)
            where = places(context, again.value, "y")
            value = found[f"y of draws ({way}), by transform of their noise"]
            value.add(theta, drawn.value, again.value, rtol=_BATCH, **where)
            for name, expected in again.gradients.items():
                slope = found[f"∂y/∂{name} of draws ({way}), likewise"]
                slope.add(theta, drawn.gradients[name], expected, rtol=_BATCH, **where)
    yield from found.result()
