"""All combinations of the points of draws, and the values of a graph there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.engine.noise import NORMAL
from reparam.estimators._cubature import (
    NoRuleError,
    all_values,
    combined,
    made,
    mapped,
    numbers,
    polynomial_rule,
    rule,
    split,
)
from reparam.graphs._evaluator import Evaluator, Frame
from reparam.graphs._nodes import Sampled
from reparam.graphs._score import Integers
from reparam.graphs._terms import Term

__all__ = ["Grid"]

#: How many numbers a node may have on the whole grid.
_SIZE = 2**21


def _laws(model: Evaluator) -> dict[str, Any]:
    """Return the distributions of all draws, at one value of those before them."""
    return {name: mapped(law) for name, law in model._examples().items()}


@dataclass(frozen=True)
class _Axis:
    """The points of draws that are taken together.

    Attributes
    ----------
    points
        By draw, with one point per row: values, or the numbers that these are made of.
    weights
        Of each point; None for values, whose weights are their probabilities.
    """

    points: Mapping[str, Array]
    weights: Array | None


class Grid:
    """All combinations of points of some draws, for terms of the loss that depend on no others.

    The elements of a plate are at the same point, if the terms depend on one of them each.
    Otherwise the plate is *joint*, and its elements have all combinations of points.

    Attributes
    ----------
    model
        The graph.
    terms
        The terms of the loss.
    rows
        How many points there are.
    """

    def __init__(self, model: Evaluator, terms: Sequence[Term], *axes: _Axis) -> None:
        self.model, self.terms, self._axes = model, terms, axes
        sizes = [len(points) for axis in axes for points in [*axis.points.values()][:1]]
        self.rows = math.prod(sizes)
        places = np.unravel_index(np.arange(self.rows), sizes) if sizes else ()
        self._points = {
            name: (points, place)
            for axis, place in zip(axes, places, strict=True)
            for name, points in axis.points.items()
        }

    @classmethod
    def of(
        cls,
        model: Evaluator,
        draws: frozenset[str],
        terms: Sequence[Term],
        every: int,
        reach: float = 1.0,
    ) -> Grid:
        """Return the grid with every n-th point of the finest rules for noise, up to a share.

        Raises
        ------
        NoRuleError
            If there is no rule for a draw, or the grid is too large.
        """
        grid, laws = cls(model, terms), _laws(model)
        for name in filter(draws.__contains__, model._structure.draws):
            if model._structure.drawn[name].is_discrete:
                grid = grid._with_values(name, reach)
                continue
            kinds = numbers(laws[name]) * grid._copies(name)
            rules = [
                rule(kind, every, reach) for kind, event in kinds for _ in range(math.prod(event))
            ]
            grid._check(name, math.prod(len(points) for points, _ in rules))
            weights = combined([weights for _, weights in rules]).prod(axis=1)
            grid = grid._with(_Axis({name: combined([points for points, _ in rules])}, weights))
        return grid

    @classmethod
    def for_polynomials(
        cls, model: Evaluator, draws: frozenset[str], terms: Sequence[Term], seed: int, why: str
    ) -> Grid:
        """Return the grid on which polynomials of degree 5 in normal noise have exact means.

        Raises
        ------
        NoRuleError
            If noise is not normal, with the reason for which there is no other grid; or if this
            one is too large.
        """
        grid, laws, widths = cls(model, terms), _laws(model), dict[str, int]()
        ordered = [name for name in model._structure.draws if name in draws]
        discrete = [name for name in ordered if model._structure.drawn[name].is_discrete]
        for name in ordered:
            if name not in discrete:
                kinds = numbers(laws[name]) * grid._copies(name)
                widths[name] = sum(math.prod(event) for _, event in kinds)
                if any(kind is not NORMAL for kind, _ in kinds):
                    raise NoRuleError(why)
        if not (width := sum(widths.values())):
            raise NoRuleError(why)
        grid._check(", ".join(widths), 2 * (width + 1) ** 2 + 1)
        points, weights = polynomial_rule(width, seed)
        parts = np.split(points, np.cumsum([*widths.values()])[:-1], axis=1)
        grid = grid._with(_Axis(dict(zip(widths, parts, strict=True)), weights))
        for name in discrete:
            grid = grid._with_values(name)
        return grid

    def _with(self, axis: _Axis) -> Grid:
        return Grid(self.model, self.terms, *self._axes, axis)

    def _with_values(self, name: str, reach: float = 1.0) -> Grid:
        """Return the grid with all values of a discrete draw, given those before it."""
        values, copies = all_values(name, self._law_of(name), reach), self._copies(name)
        self._check(name, len(values) ** copies)
        return self._with(_Axis({name: combined([values] * copies)}, None))

    def _check(self, name: str, count: int) -> None:
        """Check that there is room for the points of a draw."""
        rows = self.rows * count
        elements = max(math.prod(shape) for shape in self.model._shapes.values())
        if rows * elements > _SIZE:
            names = ", ".join([*self._points, name])
            raise NoRuleError(
                f"a grid over {names} has {rows:,} points for each of {elements:,} elements, and"
                f" the limit is {_SIZE:,}"
            )

    def _copies(self, name: str) -> int:
        """Return how many elements of a plate have points of their own."""
        batch = self.model._batch_of(self.model._structure.drawn[name])
        return math.prod(batch) if self.is_joint(name) else 1

    def is_joint(self, name: str) -> bool:
        """Return whether the elements of a plate have all combinations of points."""
        structure, rank = self.model._structure, self.model._layout.ranks[name]
        if math.prod(self.model._batch_of(structure.drawn[name])) == 1:
            return False
        # the cost of a discrete vector is that of the whole plate
        as_one = rank > 0 and name in structure.scored
        return as_one or any(name in term.mixed for term in self.terms)

    def _law_of(self, name: str) -> Any:
        """Return the distribution of a draw, given all values of those before it."""
        return self.frame().drawn[name].distribution

    def frame(self, active: frozenset[str] | None = None) -> Frame:
        """Return the values of all nodes; random ones of draws that have no points."""
        random = self.model._streams(0)

        def source(node: Sampled, law: Any, at: range) -> Any:
            has_points = node.name in self._points
            return self._drawn(node, law) if has_points else random(node, law, at)

        return self.model._forward(range(self.rows), source, active)

    def weight(self, frame: Frame, term: Term) -> Array:
        """Return the probability of each combination of what a term depends on.

        Other draws count once.
        """
        layout = self.model._layout
        weight = np.ones((self.rows,) + (1,) * layout.dimensions)
        for axis in self._axes:
            name, *_ = axis.points
            _, place = self._points[name]
            if term.before.isdisjoint(axis.points):
                own: Array = np.where(place == 0, 1.0, 0.0)
            elif axis.weights is not None:
                own = axis.weights[place]
            else:
                draw = frame.drawn[name]
                own = draw.distribution.log_prob(draw.value)
                if self.is_joint(name):
                    own = own.sum(axis=tuple(range(1, own.ndim)))
                own = np.exp(own)
            weight = weight * layout.spread(own)
        return weight

    def _drawn(self, node: Sampled, law: Any) -> Any:
        """Return a draw at the points."""
        points, place = self._points[node.name]
        batch = self.model._batch_of(node)
        lead = batch if self.is_joint(node.name) else (1,) * len(batch)
        rows = points[place].reshape(self.rows, *lead, -1)
        rows = np.broadcast_to(rows, (self.rows, *batch, rows.shape[-1]))
        if node.is_discrete:
            return Integers(law, rows.reshape(self.rows, *batch, *law.event_shape), None)
        law = mapped(law)
        return made(law, *split(numbers(law), rows))
