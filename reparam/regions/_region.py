"""What all regions share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.domains import Interval

__all__ = ["ROUNDING", "Dims", "Number", "Region", "along_rows", "name_and_number"]

#: The axes of one value: names of lengths, ``"K"``, such a name plus or minus an integer,
#: ``"K + 1"``, or lengths.
Dims: TypeAlias = tuple[str | int, ...]


#: How far rounding, to float32 at most, may move what sums to 1.
ROUNDING = 1e-6


class Number(NamedTuple):
    """Where a number lies that an array has at one place, and its typical range."""

    domain: Interval
    typical: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Region(Interval):
    """A set of vectors or matrices. As an interval, it is that of each entry.

    Derivatives in a parameter of a region are *tangent*: they are zero where an entry is fixed,
    and dL = Σ D·dθ holds for every change dθ that stays in the region.
    """

    low: float | str = -math.inf
    high: float | str = math.inf
    dims: Dims = ("K",)
    rank: ClassVar[int] = 1
    #: In words; in a table; and a member, after "is" or "is not".
    what: ClassVar[str] = "vectors"
    brief: ClassVar[str] = "vectors"
    one: ClassVar[str] = "a vector"
    #: What to pass, with a place for the parameter's name.
    wanted: ClassVar[str] = "finite {}"
    #: Whether every value inside the interval is in the region: entries are independent.
    free: ClassVar[bool] = False

    def __str__(self) -> str:
        return self.what

    def outside(self, values: Array, theta: Mapping[str, Any] | None = None) -> NDArray[np.bool_]:
        """Return which values, in the last axes, are outside; those with NaN are.

        Parameters
        ----------
        values
            Vectors or matrices.
        theta
            The law's parameters by name, of a support that depends on them.
        """
        within = ~np.isnan(values) & (values >= self.low) & (values <= self.high)  # type: ignore[operator]
        return np.asarray(~np.all(within, axis=self._axes))

    def problem(self, value: Array) -> str:
        """Return what is wrong with one value that is outside."""
        return "it has an entry that is not finite" if not np.all(np.isfinite(value)) else ""

    @property
    def remedy(self) -> str:
        """What to do about a value outside, as an imperative."""
        return self.wanted

    @property
    def misses(self) -> tuple[float, ...]:
        """Numbers that are just not inside: none, since values are not numbers."""
        return ()

    def member(self, numbers: Array) -> Array:
        """Return members, one for each array of real numbers of a member's shape."""
        return numbers

    def initial(self, shape: tuple[int, ...], default: float) -> Array:
        """Return the member that stands for `default` in each entry."""
        return np.full(shape, default)

    def projected(self, derivative: Array, value: Array) -> Array:
        """Return the tangent derivative, from one in each entry as if entries were independent."""
        return derivative

    def retracted(self, value: Array) -> Array:
        """Return the member next to a value that a tangent step away from a member led to."""
        return value

    # Members as numbers that move one by one, for verification: some of the entries of an array,
    # from which ``charted`` makes a member.

    def number(self, at: tuple[int, ...], shape: tuple[int, ...]) -> Number | None:
        """Return where the number at a place lies; None of an entry that others determine."""
        return Number(Interval(self.low, self.high), (-1.0, 1.0))

    def number_of(self, at: tuple[int, ...], value: Array) -> Number | None:
        """Return where the number at a place of a member lies, while all others stay."""
        return self.number(at, value.shape)

    def charted(self, numbers: Array) -> Array:
        """Return the member that numbers stand for, from an array with 0 at other places."""
        return self.retracted(numbers)

    def in_numbers(self, derivative: Array, numbers: Array) -> Array:
        """Return derivatives in the numbers from the tangent one in a member."""
        return derivative

    @property
    def _axes(self) -> tuple[int, ...]:
        return tuple(range(-self.rank, 0))


def along_rows(region: Region, derivative: Array, numbers: Array) -> Array:
    """Return derivatives in vectors of any length from those in their directions."""
    tangent = region.projected(derivative, region.retracted(numbers))
    return np.asarray(tangent / np.linalg.norm(numbers, axis=-1, keepdims=True))


@cache
def name_and_number(axis: str) -> tuple[str, int]:
    """Return the parts of the length of an axis, such as K and −1 of "K − 1"."""
    name, sign, number = axis.replace("−", "-").replace("-", "+-").partition("+")
    return name.strip(), int(number.replace(" ", "")) if sign else 0
