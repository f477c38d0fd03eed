"""Values: against tables computed in high precision, and against the cdf."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from importlib import resources

import numpy as np

from reparam._typing import Array
from reparam.noise import NORMAL
from reparam.verification.comparing import Context, NotApplicable, Tally
from reparam.verification.results import Comparison
from reparam.verification.targets import Registered

__all__ = ["reference_table", "transform"]

#: Units in the last place that a tabulated value or derivative may be off.
_ULPS = 16.0


def transform(context: Context) -> Iterator[Comparison]:
    """Compare y with reference tables, and the probabilities that F has there with u."""
    target = context.target
    if not isinstance(target, Registered):
        raise NotApplicable("its path from noise to values is its own; draws are compared instead")
    yield from _tabulated(context)
    cdf, sf = Tally("F(y)"), Tally("1 − F(y)")
    noise = context.noise_points
    u, complement = noise, 1.0 - noise
    if target.noise is NORMAL:
        from scipy.special import ndtr

        u, complement = ndtr(noise), ndtr(-noise)
    for theta in context.sets():
        y = target.transform(noise, **theta).value
        law = target.law(theta, context.seed)
        ulp = np.spacing(np.abs(y) + abs(theta.get("loc", 0.0)))
        with np.errstate(all="ignore"):
            moved = 4.0 * ulp * np.exp(law.log_prob(y))  # by rounding the value
        cdf.add(theta, law.cdf(y), u, rtol=1e-12, atol=moved, z=noise)
        sf.add(theta, law.sf(y), complement, rtol=1e-12, atol=moved, z=noise)
    yield from cdf.result()
    yield from sf.result()


def _tabulated(context: Context) -> Iterator[Comparison]:
    """Compare with the table, if there is one."""
    target = context.target
    table = reference_table(target.reference or "")
    if table is None or set(table) < set(target.parameters):
        return
    theta = {name: table[name] for name in target.parameters}
    sample = target.transform(table["noise"], **theta)
    where = {**theta, "z": table["noise"]}
    value = Tally("y, tabulated")
    eps = np.finfo(np.float64).eps
    slack = _ULPS * eps * np.abs(theta.get("loc", np.float64(0.0)))
    value.add({}, sample.value, table["value"], rtol=_ULPS * eps, atol=slack, **where)
    yield from value.result()
    for name, gradient in sample.gradients.items():
        tally = Tally(f"∂y/∂{name}, tabulated")
        tally.add({}, gradient, table[f"d_{name}"], rtol=1e-13, **where)
        yield from tally.result()


def reference_table(name: str) -> Mapping[str, Array] | None:
    """Return the reference table of a distribution: columns by name, or None.

    The columns are the parameters, ``noise``, ``value`` and for each parameter ``d_`` and its
    name: ∂y/∂θ. The latter are correctly rounded from at least 30 digits.
    """
    path = resources.files("reparam.verification") / "reference" / f"{name}.csv"
    if not path.is_file():
        return None
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    columns = np.array([[float(cell) for cell in row] for row in rows[1:]]).T
    return dict(zip(rows[0], columns, strict=True))
