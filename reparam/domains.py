"""Where numbers lie: intervals, integers, the circle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reparam._kernels import active
from reparam._typing import Array

__all__ = [
    "BELOW_INFINITY",
    "CLOSED_UNIT",
    "EXTENDED",
    "NON_NEGATIVE",
    "POSITIVE",
    "REAL",
    "UNIT",
    "Arc",
    "Domain",
    "Integers",
    "Interval",
    "within",
]


def within(values: Array, low: float, high: float) -> bool:
    """Return whether all values are plainly inside an open interval: False may mean nothing."""
    if compiled := active():
        found: bool = compiled.inside(values, low, high)
        return found
    if values.ndim == 0:
        return bool(low < values < high)
    if low == -math.inf and high == math.inf:
        return bool(np.logical_and.reduce(np.isfinite(values), axis=None)) and values.size > 0
    least = np.minimum.reduce(values, axis=None, initial=math.inf)
    most = np.maximum.reduce(values, axis=None, initial=-math.inf)
    return bool(low < least and most < high) and values.size > 0


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of the real line; an endpoint is a number or a parameter's name.

    It is open, closed, or closed at one of its endpoints.

    >>> print(Interval(0.0, math.inf), EXTENDED, Interval(0.0, 1.0, closed="high"))
    (0, inf) [-inf, inf] (0, 1]
    >>> 0.0 in Interval(0.0, 1.0), math.inf in EXTENDED
    (False, True)
    """

    low: float | str
    high: float | str
    closed: bool | Literal["low", "high"] = False
    #: How many axes a value has: 0 of a number.
    rank: ClassVar[int] = 0

    def __str__(self) -> str:
        with_low, with_high = self._with_ends
        return f"{'(['[with_low]}{_end(self.low)}, {_end(self.high)}{')]'[with_high]}"

    def __contains__(self, value: float) -> bool:
        return bool(self._holds(np.asarray(value)))

    @property
    def _with_ends(self) -> tuple[bool, bool]:
        """Whether the lower and the upper endpoint belong to it."""
        return self.closed in (True, "low"), self.closed in (True, "high")

    def _holds(self, values: Array) -> NDArray[np.bool_]:
        low, high = self.ends({})
        with_low, with_high = self._with_ends
        above = low <= values if with_low else low < values
        return np.asarray(above & (values <= high if with_high else values < high))

    def ends(self, values: Mapping[str, Array]) -> tuple[Array | float, Array | float]:
        """Return both endpoints, a parameter's name replaced by its value."""
        low, high = (
            values[end] if isinstance(end, str) else float(end) for end in (self.low, self.high)
        )
        return low, high

    @property
    def moved_by(self) -> tuple[str, ...]:
        """The parameters that move an endpoint."""
        return tuple(end for end in (self.low, self.high) if isinstance(end, str))

    def plainly_holds(self, values: Array) -> bool:
        """Whether two cheap reductions show that all values are inside: False may mean nothing."""
        return within(values, self.low, self.high)  # type: ignore[arg-type]

    def first_outside(self, values: Array) -> int | None:
        """Return the flat index of the first value not inside (NaN never is), or None.

        The common case costs two reductions that NaN survives, and no temporary.
        """
        if values.size == 0:
            return None
        if np.all(self._holds(np.stack([values.min(), values.max()]))):
            return None
        return int(np.argmin(self._holds(values)))

    @property
    def remedy(self) -> str:
        """What to do about a value outside, as an imperative."""
        with_low, with_high = self._with_ends
        match (self.low, self.high):
            case (0.0, math.inf):
                size = "a non-negative {}" if with_low else "a positive {}"
                return size + (", or inf" if with_high else "")
            case (low, high) if low == -math.inf and high == math.inf:
                if with_low and with_high:
                    return "a {} that is not NaN"
                return (
                    "a {} below inf"
                    if with_low
                    else "a {} above -inf"
                    if with_high
                    else ("a finite {}")
                )
            case (low, high) if with_low == with_high:
                between = "from {} to {}" if with_low else "strictly between {} and {}"
                return f"a {{}} {between.format(_end(low), _end(high))}"
            case (low, high):
                least = f"of at least {_end(low)}" if with_low else f"above {_end(low)}"
                most = f"at most {_end(high)}" if with_high else f"below {_end(high)}"
                return f"a {{}} {least} and {most}"

    @property
    def misses(self) -> tuple[float, ...]:
        """Numbers that are just not inside, if both endpoints are numbers."""
        low, high = float(self.low), float(self.high)
        with_low, with_high = self._with_ends
        beyond = (
            math.nextafter(low, -math.inf) if with_low else low,
            math.nextafter(high, math.inf) if with_high else high,
        )
        return tuple(number for number in beyond if number not in self)


def _end(end: float | str) -> str:
    return end if isinstance(end, str) else f"{end:g}"


@dataclass(frozen=True, slots=True)
class Integers:
    """The integers from one to another, both included unless infinite.

    An endpoint is a number or the name of a parameter; or, if `entries` names an axis of vector
    parameters, the upper endpoint is the last index of it, and `high` describes it in words.

    >>> print(Integers(0, 1), Integers(1, math.inf), Integers(0, "total"))
    {0, 1} {1, 2, …} {0, …, total}
    >>> 2.5 in Integers(0, 5)
    False
    """

    low: float | str
    high: float | str
    entries: str = ""
    rank: ClassVar[int] = 0

    def __str__(self) -> str:
        if self.low == -math.inf:
            return "{…, 0, 1, …}"
        if isinstance(self.low, str):
            return f"{{{self.low}, …, {_end(self.high)}}}"
        if self.high == math.inf:
            return f"{{{self.low:g}, {self.low + 1:g}, …}}"
        between = ", " if self.high == self.low + 1 else ", …, "
        return f"{{{self.low:g}{between}{_end(self.high)}}}"

    def __contains__(self, value: float) -> bool:
        return self.first_outside(np.array([value])) is None

    def ends(self, values: Mapping[str, Array]) -> tuple[Array | float, Array | float]:
        """Return both endpoints, a parameter's name replaced by its value."""
        low, high = (
            values[end] if isinstance(end, str) else float(end) for end in (self.low, self.high)
        )
        return low, high

    @property
    def moved_by(self) -> tuple[str, ...]:
        """The parameters that move an endpoint."""
        return tuple(end for end in (self.low, self.high) if isinstance(end, str))

    def plainly_holds(self, values: Array) -> bool:
        """Return False, which means nothing."""
        return False

    def first_outside(self, values: Array) -> int | None:
        """Return the flat index of the first value that is not one of them, or None."""
        low, high = self.ends({})
        there = (low <= values) & (values <= high) & (np.floor(values) == values)
        there &= np.isfinite(values)
        return None if np.all(there) else int(np.argmin(there))

    @property
    def remedy(self) -> str:
        """What to do about a value that is not one of them, as an imperative."""
        match (self.low, self.high):
            case (0, math.inf):
                return "a non-negative integer {}"
            case (1, math.inf):
                return "a positive integer {}"
            case (low, math.inf) if low == -math.inf:
                return "an integer {}"
            case _:
                return f"an integer {{}} from {_end(self.low)} to {_end(self.high)}"

    @property
    def misses(self) -> tuple[float, ...]:
        """Numbers that are just not one of them, if both endpoints are numbers."""
        low, high = float(self.low), float(self.high)
        inside = low if math.isfinite(low) else 0.0
        return low - 1.0, inside + 0.5, high if high == math.inf else high + 1.0


@dataclass(frozen=True, slots=True)
class Arc(Interval):
    """The interval of length 2π around a parameter: the circle, cut opposite to it.

    >>> print(Arc(middle="loc"))
    loc ± π
    """

    low: float | str = ""
    high: float | str = ""
    middle: str = ""

    def __str__(self) -> str:
        return f"{self.middle} ± π"

    def ends(self, values: Mapping[str, Array]) -> tuple[Array | float, Array | float]:
        """Return both endpoints, to the nearest doubles."""
        middle = values[self.middle]
        return middle - math.pi, middle + math.pi

    @property
    def moved_by(self) -> tuple[str, ...]:
        """The parameter that moves both endpoints."""
        return (self.middle,)


#: Where values or a parameter lie.
Domain: TypeAlias = Interval | Integers


REAL = Interval(-math.inf, math.inf)
#: The real numbers and both infinities.
EXTENDED = Interval(-math.inf, math.inf, closed=True)
POSITIVE = Interval(0.0, math.inf)
NON_NEGATIVE = Interval(0.0, math.inf, closed="low")
UNIT = Interval(0.0, 1.0)
CLOSED_UNIT = Interval(0.0, 1.0, closed=True)
#: The real numbers and −∞: logarithms of what may be 0.
BELOW_INFINITY = Interval(-math.inf, math.inf, closed="low")
