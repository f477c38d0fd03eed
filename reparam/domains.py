"""Where values and parameters lie: intervals, integers, the simplex."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reparam._kernels import active
from reparam._typing import Array

__all__ = [
    "EXTENDED",
    "POSITIVE",
    "REAL",
    "UNIT",
    "Arc",
    "Domain",
    "Integers",
    "Interval",
    "Simplex",
    "within",
]


def within(values: Array, low: float, high: float) -> bool:
    """Return whether all values are plainly inside an open interval: False may mean nothing."""
    if compiled := active():
        return bool(compiled.inside(values, low, high))
    if values.ndim == 0:
        return bool(low < values < high)
    if low == -math.inf and high == math.inf:
        return bool(np.logical_and.reduce(np.isfinite(values), axis=None)) and values.size > 0
    least = np.minimum.reduce(values, axis=None, initial=math.inf)
    most = np.maximum.reduce(values, axis=None, initial=-math.inf)
    return bool(low < least and most < high) and values.size > 0


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of the real line, open or closed; an end is a number or a parameter's name.

    >>> print(Interval(0.0, math.inf), EXTENDED)
    (0, inf) [-inf, inf]
    >>> 0.0 in Interval(0.0, 1.0), math.inf in EXTENDED
    (False, True)
    """

    low: float | str
    high: float | str
    closed: bool = False
    #: How many axes a value has: 0 of a number.
    rank: ClassVar[int] = 0

    def __str__(self) -> str:
        left, right = "[]" if self.closed else "()"
        return f"{left}{_end(self.low)}, {_end(self.high)}{right}"

    def __contains__(self, value: float) -> bool:
        low, high = self.low, self.high
        assert not isinstance(low, str)
        assert not isinstance(high, str)
        return bool(low <= value <= high if self.closed else low < value < high)

    def ends(self, values: Mapping[str, Array]) -> tuple[Array | float, Array | float]:
        """Return both ends, a parameter's name replaced by its value."""
        low, high = (
            values[end] if isinstance(end, str) else float(end) for end in (self.low, self.high)
        )
        return low, high

    @property
    def moved_by(self) -> tuple[str, ...]:
        """The parameters that move an end."""
        return tuple(end for end in (self.low, self.high) if isinstance(end, str))

    def plainly_holds(self, values: Array) -> bool:
        """Whether two cheap reductions show that all values are inside: False may mean nothing."""
        low, high = self.low, self.high
        assert not isinstance(low, str)
        assert not isinstance(high, str)
        return within(values, low, high)

    def first_outside(self, values: Array) -> int | None:
        """Return the flat index of the first value not inside (NaN never is), or None.

        The common case costs two reductions that NaN survives, and no temporary.
        """
        if values.size == 0:
            return None
        low, high = self.ends({})
        below = np.less_equal if self.closed else np.less
        if below(low, values.min()) and below(values.max(), high):
            return None
        return int(np.argmin(below(low, values) & below(values, high)))

    @property
    def remedy(self) -> str:
        """What to do about a value outside, as an imperative."""
        match (self.low, self.high):
            case (0.0, math.inf):
                return "a positive {}"
            case (low, high) if low == -math.inf and high == math.inf:
                return "a {} that is not NaN" if self.closed else "a finite {}"
            case _:
                between = "from {} to {}" if self.closed else "strictly between {} and {}"
                return f"a {{}} {between.format(_end(self.low), _end(self.high))}"

    @property
    def misses(self) -> tuple[float, ...]:
        """Numbers that are just not inside, if both ends are numbers."""
        low, high = float(self.low), float(self.high)
        if not self.closed:
            return low, high
        beyond = math.nextafter(low, -math.inf), math.nextafter(high, math.inf)
        return tuple(number for number in beyond if number not in self)


def _end(end: float | str) -> str:
    return end if isinstance(end, str) else f"{end:g}"


@dataclass(frozen=True, slots=True)
class Integers:
    """The integers from one to another, both included unless infinite.

    An end is a number or the name of a parameter; or, if `entries` names a vector parameter, the
    upper end is the last index of it, and `high` says so in words.

    >>> print(Integers(0, 1), Integers(1, math.inf), Integers(0, "total"))
    {0, 1} {1, 2, …} {0, …, total}
    >>> 2.5 in Integers(0, 5)
    False
    """

    low: float
    high: float | str
    entries: str = ""
    rank: ClassVar[int] = 0

    def __str__(self) -> str:
        if self.high == math.inf:
            return f"{{{self.low:g}, {self.low + 1:g}, …}}"
        between = ", " if self.high == self.low + 1 else ", …, "
        return f"{{{self.low:g}{between}{_end(self.high)}}}"

    def __contains__(self, value: float) -> bool:
        return self.first_outside(np.array([value])) is None

    def ends(self, values: Mapping[str, Array]) -> tuple[Array | float, Array | float]:
        """Return both ends, a parameter's name replaced by its value."""
        if self.entries:
            return float(self.low), float(values[self.entries].shape[-1] - 1)
        high = values[self.high] if isinstance(self.high, str) else float(self.high)
        return float(self.low), high

    @property
    def moved_by(self) -> tuple[str, ...]:
        """The parameters that move an end."""
        return (self.high,) if isinstance(self.high, str) else ()

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
            case _:
                return f"an integer {{}} from {_end(self.low)} to {_end(self.high)}"

    @property
    def misses(self) -> tuple[float, ...]:
        """Numbers that are just not one of them, if both ends are numbers."""
        high = float(self.high)
        return self.low - 1.0, self.low + 0.5, high if high == math.inf else high + 1.0


@dataclass(frozen=True, slots=True)
class Simplex(Interval):
    """The vectors of positive numbers that sum to 1, with as many entries as a vector parameter.

    As an interval it is that of each entry.

    >>> print(Simplex(entries="logits"))
    simplex
    """

    low: float | str = 0.0
    high: float | str = 1.0
    entries: str = ""
    rank: ClassVar[int] = 1

    def __str__(self) -> str:
        return "simplex"

    def outside(self, values: Array) -> NDArray[np.bool_]:
        """Return which vectors are outside, the boundary and rounding (to float32) apart."""
        off = np.abs(np.sum(values, axis=-1) - 1.0) > 1e-6
        return np.asarray(off | np.any(values < 0.0, axis=-1))


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
        """Return both ends, to the nearest doubles."""
        middle = values[self.middle]
        return middle - math.pi, middle + math.pi

    @property
    def moved_by(self) -> tuple[str, ...]:
        """The parameter that moves both ends."""
        return (self.middle,)


#: Where values or a parameter lie.
Domain: TypeAlias = Interval | Integers


REAL = Interval(-math.inf, math.inf)
#: The real numbers and both infinities.
EXTENDED = Interval(-math.inf, math.inf, closed=True)
POSITIVE = Interval(0.0, math.inf)
UNIT = Interval(0.0, 1.0)
