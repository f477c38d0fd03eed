"""Draws that are differentiated by their score, ∂ log p/∂θ times the downstream cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.engine.blocks import evaluate
from reparam.engine.noise import Stream
from reparam.engine.shapes import summed_to
from reparam.graphs._nodes import SCORE_LOO
from reparam.graphs._terms import Term

__all__ = ["Integers", "costs", "over", "repetitions", "whole_shape"]


@dataclass(frozen=True)
class Integers:
    """Draws of a discrete distribution.

    Attributes
    ----------
    distribution
        What the draws are from.
    value
        The integers.
    """

    distribution: Discrete
    value: Array
    _source: tuple[Stream, int] | Array | None

    @classmethod
    def drawn(cls, law: Discrete, shape: tuple[int, ...], stream: Stream, first: int) -> Integers:
        """Return fresh draws."""
        return cls(law, law._sample(shape, stream, first), (stream, first))

    @classmethod
    def replayed(cls, law: Discrete, noise: Array) -> Integers:
        """Return the quantiles of given noise."""
        return cls(law, np.asarray(law.icdf(noise)), noise)

    @property
    def noise(self) -> Any:
        """The uniform numbers that the values are quantiles of; of vectors, what they are made of.

        An array, or a tuple of several.
        """
        if isinstance(self._source, tuple):
            stream, first = self._source
            d = self.distribution
            events = [event for _, event in d._noises()]
            shape = self.value.shape[: self.value.ndim - len(d.event_shape)]
            found = evaluate(lambda *z: z, d._source(stream), shape, events=events, first=first)
            return tuple(found) if len(found) > 1 else found[0]
        assert self._source is not None
        return self._source


def costs(
    model: Any, frame: Any, active: frozenset[str], batch: tuple[int, ...] | None
) -> dict[str, Array]:
    """Return what the score of each draw is multiplied by: its cost less a baseline.

    The cost is the sum of those terms of the loss that depend on the draw, element by element. The
    baseline is the mean cost of the other draws of the piece, which are independent of this one:
    it leaves the expectation what it is (Mnih & Rezende 2016, "Variational inference for Monte
    Carlo objectives").

    Parameters
    ----------
    model, frame
        The graph and some draws.
    active
        The names that anything is wanted for.
    batch
        The shape of the loss if the derivatives are those of one element of it; None for its sum.
    """
    found: dict[str, Array] = {}
    for name, node in model._structure.scored.items():
        if not active.isdisjoint(node.arguments):
            cost = _cost(model, frame, name, batch)
            found[name] = _less_others(cost) if node.by == SCORE_LOO else cost
    return found


def _cost(model: Any, frame: Any, name: str, batch: tuple[int, ...] | None) -> Array:
    """Return the cost of a draw: of the shape of the draw, or of the batch."""
    count, rank = len(frame.at), model._layout.ranks[name]
    shape = model._layout.padded(model._shapes[name][: len(model._shapes[name]) - rank])
    own = (count, *(shape if batch is None else batch))
    total = np.zeros(own)
    for term in model._terms:
        if name in term.before:
            value = np.broadcast_to(
                model._whole(frame, term.node), (count, *whole_shape(model, term))
            )
            if batch is None and (rank or name in term.mixed):
                value = value.sum(axis=tuple(range(1, value.ndim)), keepdims=True)
            total = total + repetitions(model, term) * over(value, own)
    return total


def over(value: Array, shape: tuple[int, ...]) -> Array:
    """Return a term as elements of a draw have it: summed over all else."""
    whole = np.broadcast_shapes(value.shape, shape)
    return summed_to(np.broadcast_to(value, whole), shape)


def whole_shape(model: Any, term: Term) -> tuple[int, ...]:
    """Return the shape that a term is broadcast to, with ones before it."""
    shape: tuple[int, ...] = model._padded(term.whole)
    return shape


def repetitions(model: Any, term: Term) -> float:
    """Return how often a term counts, with its sign."""
    return term.sign * math.prod(math.prod(model._shapes[name]) for name in term.repeated)


def _less_others(cost: Array) -> Any:
    """Return costs less the mean of the other draws' costs, those that are finite."""
    finite = np.isfinite(cost)
    known = np.where(finite, cost, 0.0)
    # less the mean of all first: of large and similar costs no digits are lost
    counts = finite.sum(axis=0)
    centre = known.sum(axis=0) / np.maximum(counts, 1)
    centred = np.where(finite, cost - centre, 0.0)
    others = np.maximum(counts - finite, 1)
    baseline = (centred.sum(axis=0) - centred) / others
    alone = counts - finite < 1
    return np.where(alone, cost, (cost - centre) - baseline)
