"""Which elements a derivative counts for.

What a selection (where, max, …) did not select must not count, and its derivative may be infinite,
so that multiplying by 0 doesn't do. Instead each derivative carries the *path* it came by, masks
and the sides of them that it is on, and counts for the elements there only: what it is elsewhere
means nothing. Where paths meet, ``np.where`` puts derivatives together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from reparam.expressions._functions import Selection

__all__ = ["Arrival", "Masks"]

#: A mask's key, and the side of it: true or false.
Step: TypeAlias = tuple[tuple[int, str], bool]
Path: TypeAlias = tuple[Step, ...]

#: A derivative, array or number, and the path that it came by.
Arrival: TypeAlias = tuple[Any, Path]


class Masks:
    """The masks of one evaluation, and how derivatives part and meet."""

    def __init__(self) -> None:
        self._masks: dict[tuple[int, str], Any] = {}

    def part(
        self, slot: int, row: Selection, arrival: Arrival, value: Any, arguments: Sequence[Any]
    ) -> list[Arrival]:
        """Return what arrives at each argument that a selection can select."""
        adjoint, path = arrival
        masks = row.masks(value, *arguments)
        keys = [(slot, f"selected {position}") for position in range(len(masks))]
        self._masks.update(zip(keys, masks, strict=True))
        if len(masks) > 1:
            adjoint = adjoint / sum(mask.astype(np.float64) for mask in masks)
        sides = [(key, True) for key in keys]
        if len(masks) == 1 < len(row.positions(len(arguments))):
            sides.append((keys[0], False))
        return [(adjoint, (*path, side)) for side in sides]

    def meet(self, slot: int, arrivals: Sequence[Arrival]) -> Arrival:
        """Return the sum of the derivatives that arrive at a slot, and its path.

        If they came by several paths, elements on none of them have the sum 0, which the next step
        may multiply by infinity: those on any become a mask.
        """
        first, *others = (path for _, path in arrivals)
        shared = next(
            (
                k
                for k, step in enumerate(first)
                if any(path[k : k + 1] != (step,) for path in others)
            ),
            len(first),
        )
        reached = self._reached(arrivals, shared)
        if reached is True:
            return self._sum(arrivals, shared), first[:shared]
        self._masks[slot, "reached"] = reached
        return self._sum(arrivals, shared), (*first[:shared], ((slot, "reached"), True))

    def together(self, arrivals: Sequence[Arrival]) -> Any:
        """Return the sum of the derivatives that arrive at a name: zero off their paths."""
        return self._sum(arrivals, 0)

    def _sum(self, arrivals: Sequence[Arrival], depth: int) -> Any:
        """Return the sum for elements on the first `depth` steps, which the paths share."""
        terms = [adjoint for adjoint, path in arrivals if len(path) == depth]
        for mask, yes, no in self._sides(arrivals, depth):
            terms.append(np.where(mask, self._sum(yes, depth + 1), self._sum(no, depth + 1)))
        total = terms[0] if terms else np.float64(0.0)
        for term in terms[1:]:
            total = total + term
        return total

    def _reached(self, arrivals: Sequence[Arrival], depth: int) -> Any:
        """Return which elements are on any path: a mask, or True or False for all of them."""
        if any(len(path) == depth for _, path in arrivals):
            return True
        reached: Any = False
        for mask, yes, no in self._sides(arrivals, depth):
            on_yes, on_no = self._reached(yes, depth + 1), self._reached(no, depth + 1)
            if on_yes is True and on_no is True:
                return True
            reached = reached | np.where(mask, on_yes, on_no)
        return reached

    def _sides(
        self, arrivals: Sequence[Arrival], depth: int
    ) -> Iterator[tuple[Any, list[Arrival], list[Arrival]]]:
        """Yield each mask that is next on a path, and what came by either side of it."""
        sides: dict[tuple[int, str], tuple[list[Arrival], list[Arrival]]] = {}
        for arrival in arrivals:
            if len(path := arrival[1]) > depth:
                key, side = path[depth]
                sides.setdefault(key, ([], []))[not side].append(arrival)
        for key, (yes, no) in sides.items():
            yield self._masks[key], yes, no
