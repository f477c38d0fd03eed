"""Evaluation of a tape: forwards for the value, backwards for the derivatives.

A tape lists what is computed, each call of earlier slots. Everything is elementwise, derivatives
too: ∂value/∂slot is carried from the result back to the names (reverse mode), so that all of them
cost a few times the value, however many names there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from reparam.expressions._functions import Function, Selection
from reparam.expressions._masks import Arrival, Masks

__all__ = ["Call", "Tape"]

_ONE = np.float64(1.0)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of earlier slots."""

    row: Function | Selection
    arguments: tuple[int, ...]


@dataclass(frozen=True)
class Tape:
    """What a formula computes.

    Attributes
    ----------
    names
        The names whose values it takes, which are in slots 0, 1, …
    slots
        For each slot a name, a number or a :class:`Call`.
    root
        The slot of the result.
    """

    names: tuple[str, ...]
    slots: tuple[Any, ...]
    root: int

    def value(self, inputs: Sequence[Any]) -> tuple[Any]:
        """Return the value: a number or an array of its own.

        Intermediate results are dropped after their last use.
        """
        values = [*inputs, *self.slots[len(inputs) :]]
        for slot, call, last in self._calls:
            values[slot] = call.row.value(*[values[j] for j in call.arguments])
            for j in last:
                values[j] = None
        value = values[self.root]
        return (value if self._computed else np.copy(value),)

    def gradient(self, inputs: Sequence[Any], wanted: Sequence[int]) -> tuple[Any, ...]:
        """Return the value, and its derivatives in the names of the numbers `wanted`.

        Each is a number, or an array of its own that broadcasts to the value's shape.
        """
        values = [*inputs, *self.slots[len(inputs) :]]
        for slot, call, _ in self._calls:
            values[slot] = call.row.value(*[values[j] for j in call.arguments])
        value = values[self.root]
        results = [value, *self._derivatives(values, wanted)]
        if np.any(unknown := np.isnan(value)):
            results[1:] = [np.where(unknown, np.nan, derivative) for derivative in results[1:]]
        taken = {id(item) for slot, item in enumerate(values) if slot != self.root}
        if not self._computed:
            taken.add(id(value))
        for position, result in enumerate(results):
            if id(result) in taken:
                results[position] = np.copy(result)
            taken.add(id(result))
        return tuple(results)

    def _derivatives(self, values: Sequence[Any], wanted: Sequence[int]) -> list[Any]:
        """Return the derivatives, given the values of all slots."""
        bits, masks = sum(1 << number for number in wanted), Masks()
        arrivals: list[list[Arrival]] = [[] for _ in values]
        arrivals[self.root].append((_ONE, ()))
        for slot, call, _ in reversed(self._calls):
            if not arrivals[slot]:
                continue
            adjoint, path = arrival = masks.meet(slot, arrivals[slot])
            row, arguments = call.row, [values[j] for j in call.arguments]
            if isinstance(row, Selection):
                parted = masks.part(slot, row, arrival, values[slot], arguments)
            for order, (position, target) in enumerate(_moving(call)):
                if not self._depends[target] & bits:
                    continue
                if isinstance(row, Selection):
                    arrivals[target].append(parted[order])
                else:
                    partial = row.partials[position](values[slot], *arguments)
                    arrivals[target].append((_product(adjoint, partial), path))
        return [masks.together(arrivals[number]) for number in wanted]

    @property
    def _computed(self) -> bool:
        """Whether the result is computed, and not a name or a number."""
        return isinstance(self.slots[self.root], Call)

    @cached_property
    def _calls(self) -> list[tuple[int, Call, list[int]]]:
        """What is computed, in order: its slot, the call, and the results that it uses last."""
        needed, calls = {self.root}, []
        for slot in range(self.root, -1, -1):
            call = self.slots[slot]
            if slot in needed and isinstance(call, Call):
                computed = {j for j in call.arguments if isinstance(self.slots[j], Call)}
                calls.append((slot, call, sorted(computed - needed)))
                needed.update(call.arguments)
        return calls[::-1]

    @cached_property
    def _depends(self) -> list[int]:
        """For each slot the numbers of the names it has derivatives in, as a set of bits."""
        depends: list[int] = []
        for slot, item in enumerate(self.slots):
            bits = 1 << slot if isinstance(item, str) else 0
            if isinstance(item, Call):
                for _, j in _moving(item):
                    bits |= depends[j]
            depends.append(bits)
        return depends


def _moving(call: Call) -> list[tuple[int, int]]:
    """Return the positions and slots of the arguments that a call has a derivative in."""
    row, slots = call.row, call.arguments
    if isinstance(row, Selection):
        return [(position, slots[position]) for position in row.positions(len(slots))]
    return list(enumerate(slots[: len(row.partials)]))


def _product(adjoint: Any, partial: Any) -> Any:
    """Return the product, without computing a multiplication by the number 1."""
    if isinstance(partial, np.float64) and partial == 1.0:
        return adjoint
    if isinstance(adjoint, np.float64) and adjoint == 1.0:
        return partial
    return adjoint * partial
