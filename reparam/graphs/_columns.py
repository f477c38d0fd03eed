"""Draws of a graph as columns of equal shape, streamed, with E[J] and its gradient at the end."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.engine.shapes import summed_to
from reparam.engine.threads import in_order
from reparam.errors import GraphError, ShapeError
from reparam.graphs._estimation import combined, expectation, of_loss, undefined
from reparam.graphs._evaluator import ONE, Evaluator, Source
from reparam.graphs._expectation import Expectation
from reparam.graphs._terms import LOSS
from reparam.moments import Moments

__all__ = ["Columns"]


@dataclass
class Columns:
    """Values, the loss J, and ∂J/∂· of every draw and input: a row for each draw.

    If the loss is a number, each element of a draw or an input has columns of its own, such as
    ``w_0_1`` and ``dJ_dw[0][1]``. Otherwise there is a row for each element of the loss: a value
    that several of these share is repeated, and the derivative in it is that of one of them.

    The draws are gone through once, by :meth:`blocks` or by :meth:`expectation`.

    Attributes
    ----------
    model
        The graph with the values of its inputs.
    draws
        The numbers of the draws.
    source
        What makes them.
    labels
        What inputs are called in columns, where that is not their name.
    fixed
        The inputs that nothing is differentiated in.
    result
        E[J] and its gradient, once all blocks were made.
    """

    model: Evaluator
    draws: range
    source: Source
    labels: Mapping[str, str] = field(default_factory=dict)
    fixed: Sequence[str] = ()
    result: Expectation | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.model._check_loss()
        graph = self.model._structure
        drawn = (name for name in graph.draws if name != LOSS and name not in graph.scored)
        self.inputs = tuple(name for name in graph.inputs if name not in self.fixed)
        self._wanted = (*drawn, *self.inputs)

    @property
    def batch(self) -> tuple[int, ...]:
        """The shape of the loss."""
        return self.model._shapes[LOSS]

    @property
    def names(self) -> list[str]:
        """The names of the columns that :meth:`blocks` yields.

        Raises
        ------
        GraphError
            If two would have the same name.
        ShapeError
            If the loss is an array, and something has a shape of which no element belongs to one
            of the loss.
        """
        shapes = self.model._shapes
        if self.batch and (self.model._structure.has_sums or self.model._has_arrays):
            what = "a sum" if self.model._structure.has_sums else "vectors or entries"
            raise ShapeError(
                f"the loss has shape {self.batch} and {what} in it, and columns have one shape; sum"
                " the whole loss, or write totals only"
            )
        drawn = [name for name in self.model._structure.draws if name != LOSS]
        for name in dict.fromkeys((*drawn, *self._wanted)):
            if self.batch and not _broadcasts(shapes[name], self.batch):
                raise ShapeError(
                    f"{name} has shape {shapes[name]} and the loss {self.batch}, and columns have"
                    f" one shape; leave {name} out of the graph, or write totals only"
                )
        names = self._noise_names
        names += [column for name in drawn for column in self._entries(name, name, "_{}")]
        names += [LOSS]
        for name in self._wanted:
            names += self._entries(name, f"dJ_d{self.label(name)}", "[{}]")
        taken = [*names, "draw", "element"]  # of which draw and element a row is
        for name in names:
            if taken.count(name) > 1:
                raise GraphError(
                    f"two columns would be called {name!r}; give a node or an input another name"
                )
        return names

    def label(self, name: str) -> str:
        """Return what columns call a draw or an input."""
        return self.labels.get(name, name)

    def _entries(self, name: str, column: str, index: str) -> list[str]:
        """Return the columns of a draw or an input: of several elements, with their places."""
        shape = () if self.batch else self.model._shapes[name]
        return [column + "".join(map(index.format, place)) for place in np.ndindex(*shape)]

    @property
    def _noise_names(self) -> list[str]:
        """The columns of noise, if there is one draw, which they make again."""
        model, drawn = self.model, self.model._structure.draws
        if len(drawn) != 1:
            return []
        (law,) = model._laws.values()
        if not law.event_shape:
            return ["noise"] if model._shapes[drawn[0]] == self.batch else []
        if law.batch_shape or drawn[0] in model._structure.scored:
            return []
        width = sum(math.prod(event) for _, event in law._noises())
        return [f"noise_{k}" for k in range(width)]

    def blocks(self) -> Iterator[dict[str, Array]]:
        """Yield the columns block by block."""
        names, total = self.names, None
        for arrays, moments in in_order(self._piece, self.model._pieces(self.draws)):
            total = list(map(operator.add, total, moments)) if total else moments
            yield dict(zip(names, arrays, strict=True))
        self.result = combined(self.model, iter([total] if total else []), self._wanted)

    def expectation(self) -> Expectation:
        """Return E[J] and its gradient in all inputs, without the columns."""
        self.result = expectation(self.model, self.draws, self.source, self.inputs)
        return self.result

    def _piece(self, at: range) -> tuple[list[Array], list[Any]]:
        """Return some draws' columns, and the moments of J and its derivatives."""
        model, graph = self.model, self.model._structure
        padding = (1,) * (model._layout.dimensions - len(self.batch))
        with np.errstate(all="ignore"):
            frame = model._forward(at, self.source, model._active(self._wanted))
            whole = (*padding, *self.batch) if self.batch else None
            found = model._backward(frame, {LOSS: ONE}, self._wanted, batch=whole)
            columns = [model._whole(frame, name) for name in graph.draws if name != LOSS]
            columns += [model._whole(frame, LOSS), *found]
            if self._noise_names:
                noise = frame.drawn[graph.draws[0]].noise
                columns = [*(noise if isinstance(noise, tuple) else [noise]), *columns]
            sums = [
                Moments.of(summed_to(entry, (len(at), *model._padded(name))))
                for name, entry in zip(self._wanted, found, strict=True)
            ]
            own = dict(zip(self._wanted, found, strict=True))
            moments = [of_loss(model, frame), *sums, undefined(model, frame, own)]
        if not self.batch:
            flat = (entry.reshape(len(at), -1) for entry in columns)
            return [column for entry in flat for column in entry.T], moments
        each, shape = (len(at), *padding, *self.batch), (len(at), *self.batch)
        columns = [model._layout.spread(entry) for entry in columns]
        return [np.broadcast_to(entry, each).reshape(shape) for entry in columns], moments


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Return whether arrays of a shape broadcast to another one."""
    ends = zip(reversed(shape), reversed(to), strict=False)
    return len(shape) <= len(to) and all(own in (1, length) for own, length in ends)
