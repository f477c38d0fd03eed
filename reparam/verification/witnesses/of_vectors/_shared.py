"""How vectors are named in reports, and whether they are where they belong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.regions import Simplex
from reparam.verification.evidence.comparing import Tally, results
from reparam.verification.evidence.context import Context
from reparam.verification.results import Comparison
from reparam.verification.targets.vectors import Vectors

__all__ = ["ROUNDED", "SMALL", "Inside", "has_digits", "places", "row_of", "target_of"]

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


class Inside:
    """Comparisons of values with the support: on the simplex, of entries and of their sum."""

    def __init__(self, target: Vectors, what: str) -> None:
        self._target, self._is_simplex = target, isinstance(target.region, Simplex)
        inside = "[0, 1]" if self._is_simplex else "the support"
        self._entries = Tally(f"entries of {what} in {inside}", "absolute")
        self._sum = Tally(f"sum of {what}", "absolute")

    def add(self, theta: Mapping[str, float], y: Array) -> None:
        """Add values."""
        if self._is_simplex:
            self._entries.add(theta, y, np.clip(y, 0.0, 1.0), y=y)
            self._sum.add(theta, np.sum(y, axis=-1), 1.0, atol=_SUM * 2.0**-52, **row_of(y))
        else:
            outside = self._target.outside(theta, y).astype(np.float64)
            self._entries.add(theta, outside, 0.0, **row_of(y))

    def add_extremes(self, theta: Mapping[str, float], y: Array) -> None:
        """Add values: on the simplex the least and the greatest, and the sum that is most off 1."""
        if self._is_simplex:
            off = np.argmax(np.abs(np.sum(y, axis=-1) - 1.0))  # NaN is the greatest, and the least
            y = y[[np.argmin(y) // y.shape[-1], np.argmax(y) // y.shape[-1], off]]
        self.add(theta, y)

    def result(self) -> Iterator[Comparison]:
        """Yield the results."""
        yield from results(self._entries, self._sum)


def has_digits(target: Vectors, y: Array) -> NDArray[np.bool_]:
    """Return which vectors on the simplex have entries all of which have their digits."""
    if isinstance(target.region, Simplex):
        return np.asarray(np.all(y > SMALL, axis=-1))
    return np.asarray(np.all(np.isfinite(y), axis=-1))
