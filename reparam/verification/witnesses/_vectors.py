"""What witnesses share of vectors: how they are named in reports, and where they belong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.regions import Simplex
from reparam.verification.evidence.comparing import Tallies
from reparam.verification.evidence.context import Case, Context
from reparam.verification.evidence.integers import every
from reparam.verification.refusals import NotApplicable
from reparam.verification.targets.vectors import Vectors

__all__ = [
    "ROUNDED",
    "SMALL",
    "add_inside",
    "all_counts",
    "extremes",
    "has_digits",
    "places",
    "row_of",
    "target_of",
]

#: What entries may be off by, in units of 2⁻⁵², when they are summed.
_SUM = 8.0
#: Entries below this have lost digits, or their density does.
SMALL = 1e-300
#: What rounding may leave of differences that cancel.
ROUNDED = 1e-13


def places(context: Context, rows: Array, name: str) -> dict[str, Any]:
    """Return what identifies the entries of vectors in a report: which, and the row it is of."""
    if not context.target.length:
        return {name: rows}
    return {"entry": np.arange(context.target.length), **row_of(rows[:, np.newaxis], name)}


def row_of(rows: Array, name: str = "y") -> dict[str, Any]:
    """Return the entries of rows, by name."""
    return {f"{name}[{k}]": rows[..., k] for k in range(rows.shape[-1])}


def target_of(context: Context) -> Vectors:
    """Return the target, which is one of vectors."""
    return cast(Vectors, context.target)


def add_inside(
    found: Tallies, target: Vectors, theta: Mapping[str, float], y: Array, what: str
) -> None:
    """Compare values with the support: on the simplex, entries and their sum."""
    if not isinstance(target.region, Simplex):
        outside = target.outside(theta, y).astype(np.float64)
        entries = found.of(f"entries of {what} in the support", "absolute")
        entries.add(theta, outside, 0.0, **row_of(y))
        return
    entries = found.of(f"entries of {what} in [0, 1]", "absolute")
    entries.add(theta, y, np.clip(y, 0.0, 1.0), y=y)
    total = found.of(f"sum of {what}", "absolute")
    total.add(theta, np.sum(y, axis=-1), 1.0, atol=_SUM * 2.0**-52, **row_of(y))


def extremes(target: Vectors, y: Array) -> Array:
    """Return rows: on the simplex of the least and the greatest entry, and the sum most off 1."""
    if not isinstance(target.region, Simplex):
        return y
    off = np.argmax(np.abs(np.sum(y, axis=-1) - 1.0))  # NaN is the greatest, and the least
    return y[[np.argmin(y) // y.shape[-1], np.argmax(y) // y.shape[-1], off]]


def has_digits(target: Vectors, y: Array) -> NDArray[np.bool_]:
    """Return which vectors on the simplex have entries all of which have their digits."""
    there = y > SMALL if isinstance(target.region, Simplex) else np.isfinite(y)
    return np.asarray(np.all(there, axis=-1))


def all_counts(case: Case) -> tuple[Array, Array]:
    """Return all vectors of counts, and their probabilities.

    Raises NotApplicable if they are too many.
    """
    y, are_all = every(case)
    if not are_all:
        raise NotApplicable(
            "its vectors of counts are too many to sum over; keep their sum at a small number"
        )
    return y, np.exp(case.formulas.log_prob(y))
