"""Values: against tables computed in high precision, and against the cdf."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import resources
from typing import Any, cast

import numpy as np

from reparam._typing import Array
from reparam.engine.noise import NORMAL
from reparam.verification.evidence.comparing import Tally, beside, results
from reparam.verification.evidence.context import Context
from reparam.verification.refusals import NotApplicable
from reparam.verification.results import Comparison
from reparam.verification.targets.target import Target

__all__ = ["reference_table", "tabulated", "transform"]

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


def transform(context: Context) -> Iterator[Comparison]:
    """Compare y with reference tables, and the probabilities that F has there with u.

    The same of the quantile functions, where there are any.
    """
    target = context.target
    invertible = "icdf" in target.formulas
    if not (target.strict or invertible):
        raise NotApplicable("its path from noise to values is its own; draws are compared instead")
    yield from tabulated(context)
    if target.strict and target.rises is not None:
        noise = context.noise_points
        u, complement = noise, 1.0 - noise
        if target.noise is NORMAL:
            from scipy.special import ndtr

            u, complement = ndtr(noise), ndtr(-noise)
        if not target.rises:
            u, complement = complement, u

        def value(theta: Mapping[str, float]) -> Array:
            return target.transform(noise, **theta).value

        yield from _inverse(context, "y", value, u, complement, z=noise)
    u, v = context.probabilities, np.append(context.probabilities, _FARTHEST)
    if invertible:
        lower = partial(_quantile, target, "icdf", u)
        yield from _inverse(context, "F⁻¹(u)", lower, u, 1.0 - u, u=u)
    if "isf" in target.formulas:
        upper = partial(_quantile, target, "isf", v)
        yield from _inverse(context, "isf(v)", upper, 1.0 - v, v, v=v)


def _quantile(target: Target, name: str, at: Array, theta: Mapping[str, float]) -> Array:
    return np.asarray(target.formulas[name](at, **theta))


def _inverse(
    context: Context,
    what: str,
    value: Callable[[Mapping[str, float]], Array],
    below: Array,
    above: Array,
    **where: Any,
) -> Iterator[Comparison]:
    """Compare the probabilities below and above values with those that they were made of."""
    cdf, sf = Tally(f"F({what})"), Tally(f"1 − F({what})")
    for theta in context.sets():
        y, law = value(theta), context.target.law(theta, context.seed)
        ulp = np.spacing(np.abs(y) + abs(theta.get("loc", 0.0)))
        below_y, above_y = law.cdf(y), law.sf(y)
        with np.errstate(all="ignore"):
            moved = 4.0 * ulp * np.exp(law.log_prob(y))  # by rounding the value
            away = _UNITS * np.spacing(np.abs(y))
            # next to where numbers end, or the support does, there may be much in a few steps
            wide = np.minimum(np.abs(y - law.support[0]), np.abs(law.support[1] - y)) <= away
            wide |= not context.target.strict
            for side in (-1.0, 1.0):
                for at, here in ((beside(y, side * np.inf), True), (y + side * away, wide)):
                    change = np.fmax(np.abs(law.cdf(at) - below_y), np.abs(law.sf(at) - above_y))
                    moved = np.where(here, np.fmax(moved, change), moved)
        moved += context.target.rounding
        cdf.add(theta, below_y, below, rtol=_TAILS, atol=moved, **where)
        sf.add(theta, above_y, above, rtol=_TAILS, atol=moved, **where)
    yield from results(cdf, sf)


def tabulated(context: Context) -> Iterator[Comparison]:
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
    for what, (column, claimed, units) in claims.items():
        exact = table[column]
        with np.errstate(over="ignore"):
            unit = 2.0**-53 * (np.abs(exact) + table[f"c_{column}"]) + 2.0**-1074
        tally = Tally(f"{what}, tabulated")
        tally.add({**theta, **where}, claimed, exact, atol=units * unit)
        yield from tally.result()


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
