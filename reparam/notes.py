"""What a report of an expectation has beside its numbers: the sentences, and where values are NaN.

Notes are data: the library returns them, and the command line prints them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array

__all__ = ["Undefined", "UndefinedDraws", "infinite_variance", "misses_jumps"]


def infinite_variance(who: str, names: Sequence[str]) -> str:
    """Return the note that standard errors don't hold."""
    verb = "have" if who.endswith("s") else "has"
    return f"{who} {verb} infinite variance in {', '.join(names)}: no standard error holds"


def misses_jumps(who: Sequence[str], names: Sequence[str], why: str) -> str:
    """Return the note that derivatives along the path are not those of the expectation."""
    verb = "misses" if len(who) == 1 else "miss"
    return f"{', '.join(who)} {verb} part of the derivative in {', '.join(names)}: {why}"


@dataclass(frozen=True)
class Undefined:
    """How many draws have no finite value of something, and where these are.

    Attributes
    ----------
    what
        What is so, in words: ``"J is NaN"``.
    count, total
        How many draws, and of how many.
    first
        The number of the first such draw.
    ranges
        By name, the least and the greatest value of what is drawn, over these draws.
    """

    what: str
    count: int = 0
    total: int = 0
    first: int = 0
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, what: str, mask: NDArray[np.bool_], start: int, drawn: Mapping[str, Array]
    ) -> Undefined:
        """Return those of some draws.

        Parameters
        ----------
        what
            What is so.
        mask
            Where: draws, and the elements of each.
        start
            The number of the first draw.
        drawn
            By name, what is drawn; arrays that broadcast to the mask's shape.
        """
        rows = _rows(mask)
        count = int(np.count_nonzero(rows))
        if not count:
            return cls(what, total=len(mask))
        ranges = {}
        for name, values in drawn.items():
            there = np.broadcast_to(values, mask.shape)[mask]
            ranges[name] = (float(there.min()), float(there.max()))
        return cls(what, count, len(mask), start + int(np.argmax(rows)), ranges)

    def __add__(self, other: Undefined) -> Undefined:
        """Return those of the draws of both, of which `other` has the later ones."""
        if not (self.count and other.count):
            some = self if self.count else other
            return replace(some, total=self.total + other.total)
        ranges = {
            name: (min(low, other.ranges[name][0]), max(high, other.ranges[name][1]))
            for name, (low, high) in self.ranges.items()
        }
        total = self.total + other.total
        return Undefined(self.what, self.count + other.count, total, self.first, ranges)

    def notes(self) -> Iterator[str]:
        """Yield the note, if there is such a draw."""
        if self.count:
            where = ", ".join(
                f"{name} = {low:.4g}" if low == high else f"{name} from {low:.4g} to {high:.4g}"
                for name, (low, high) in self.ranges.items()
            )
            yield (
                f"{self.what} in {self.count} of {self.total} draws, first in draw {self.first}"
                f"{f', at {where}' if where else ''}"
            )


@dataclass(frozen=True)
class UndefinedDraws:
    """Draws of a graph in which the loss or a derivative is not finite, one entry a kind."""

    entries: tuple[Undefined, ...] = ()

    @classmethod
    def of(
        cls, start: int, loss: Array, gradient: Mapping[str, Array], drawn: Mapping[str, Array]
    ) -> UndefinedDraws:
        """Return those of some draws.

        Parameters
        ----------
        start
            The number of the first draw.
        loss
            The loss, element by element.
        gradient
            Its derivatives by name.
        drawn
            By name, what is drawn, of shapes that broadcast to the loss's.
        """
        none = np.zeros(loss.shape, dtype=np.bool_)
        usual = bool(np.isfinite(loss.sum()))  # else it may overflow: look at each
        nan, infinite = (none, none) if usual else (np.isnan(loss), np.isinf(loss))
        entries = [
            Undefined.of("the loss is NaN", nan, start, drawn),
            Undefined.of("the loss is infinite", infinite, start, drawn),
        ]
        known = _rows(nan)
        for name, entry in gradient.items():
            what = f"∂J/∂{name} is NaN"
            rows = _rows(np.isnan(entry)) & ~known
            single = loss.size == len(loss)  # of several elements it isn't known which
            where = {key: np.ravel(of) for key, of in drawn.items()} if single else {}
            entries.append(Undefined.of(what, rows, start, where))
        return cls(tuple(entries))

    def __add__(self, other: UndefinedDraws) -> UndefinedDraws:
        """Return those of the draws of both, of which `other` has the later ones."""
        pairs = zip(self.entries, other.entries, strict=True)
        return UndefinedDraws(tuple(one + another for one, another in pairs))

    def notes(self) -> Iterator[str]:
        """Yield the notes."""
        for entry in self.entries:
            yield from entry.notes()


def _rows(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return in which rows a mask is true anywhere."""
    return np.asarray(mask.any(axis=tuple(range(1, mask.ndim))))
