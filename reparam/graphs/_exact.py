"""E[J] and its gradient without draws: all values of discrete draws, quadrature over the others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.engine.noise import NORMAL
from reparam.errors import ReparamError
from reparam.graphs._evaluator import Evaluator, Frame, replayed
from reparam.graphs._nodes import Sampled
from reparam.graphs._score import Integers, over, repetitions, whole_shape
from reparam.graphs._terms import Term

__all__ = ["Exact", "exact"]

#: How many values of a discrete draw are taken at most, and which tail is left out.
_VALUES, _TAIL = 2000, 1e-17

#: How many numbers a node may have on the whole grid.
_SIZE = 2**21

#: The trapezium rule's finer step and last point: for normal noise, and for uniform noise u with
#: ln(u/(1 − u)) = π sinh t (Takahasi & Mori 1974).
_NORMAL, _UNIFORM = (0.125, 9.0), (1.0 / 16.0, 3.0)

#: How far the rules with the finer step and with twice the step may differ, relatively. The error
#: of the finer one is about the square of that.
_AGREED = 1e-5


@dataclass(frozen=True)
class Exact:
    """E[J] and its gradient.

    Attributes
    ----------
    value
        E[J]; NaN if it is unknown.
    gradient
        ∂E[J]/∂name by name; NaN likewise.
    unknown
        Why it is unknown; otherwise empty.
    """

    value: float
    gradient: dict[str, Array]
    unknown: str = ""


def exact(model: Evaluator, wanted: tuple[str, ...]) -> Exact:
    """Return E[J] and its gradient, if there are few enough draws.

    Parameters
    ----------
    model
        The graph at its inputs, with discrete draws that are differentiated by their score.
    wanted
        The names to differentiate in.
    """
    nothing = {name: np.full(model.shape_of(name), np.nan)[()] for name in wanted}
    if vectors := [node.name for node in _drawn(model) if model._layout.ranks[node.name]]:
        why = f"there is no sum or quadrature over vectors ({', '.join(vectors)})"
        return Exact(np.nan, nothing, why)
    for term in model._terms:
        for name in term.mixed.intersection(model._structure.draws):
            if model.shape_of(name):
                why = f"the loss is not a sum over the elements of {name}"
                return Exact(np.nan, nothing, why)
    try:
        with np.errstate(all="ignore"):
            fine = _integrated(model, wanted, 1)
            if not any(not node.is_scored for node in _drawn(model)):
                return fine
            coarse = _integrated(model, wanted, 2)
    except _TooLargeError as error:
        return Exact(np.nan, nothing, str(error))
    except ReparamError as error:
        return Exact(np.nan, nothing, f"quadrature leaves a parameter's domain: {error}")
    if not _agree(fine, coarse):
        return Exact(np.nan, nothing, "quadrature does not converge: the loss is not smooth")
    return fine


def _agree(fine: Exact, coarse: Exact) -> bool:
    """Return whether two rules have the same results."""
    pairs = [(np.asarray(fine.value), np.asarray(coarse.value))]
    pairs += [(entry, coarse.gradient[name]) for name, entry in fine.gradient.items()]
    with np.errstate(all="ignore"):
        size = max(float(np.max(np.abs(a), initial=0.0)) for a, _ in pairs)
        apart = max(float(np.max(np.abs(a - b), initial=0.0)) for a, b in pairs)
    return apart <= _AGREED * size


class _TooLargeError(Exception):
    """The grid has too many points; the message says why."""


@dataclass(frozen=True)
class _Rule:
    """Values of a draw, or its noise, and the weights of noise."""

    points: Array
    weights: Array | None


def _drawn(model: Evaluator) -> list[Sampled]:
    return [node for node in model._structure.nodes if isinstance(node, Sampled)]


def _integrated(model: Evaluator, wanted: tuple[str, ...], every: int) -> Exact:
    """Return the sums over the grid, with every n-th of the points for noise."""
    rules: dict[str, _Rule] = {}
    for node in _drawn(model):
        rules[node.name] = _rule(model, node, rules, every)
    grid = _Grid(model, rules)
    frame = grid.frame(model._active(wanted))
    cotangents: dict[str, Array] = {}
    value = 0.0

    def add(name: str, weighted: Array) -> None:
        known = cotangents.get(name)
        arriving = over(weighted, (len(frame.at), *model._padded(name)))
        cotangents[name] = arriving if known is None else known + arriving

    for term in model._terms:
        weight = repetitions(model, term) * grid.weight(frame, term)
        weighted = weight * np.broadcast_to(
            model._whole(frame, term.node), (len(frame.at), *whole_shape(model, term))
        )
        weighted = np.where(weight == 0.0, 0.0, weighted)
        value += float(weighted.sum())
        add(term.node, np.broadcast_to(weight, weighted.shape))
        for name in term.before.intersection(model._structure.scored):
            add(name, weighted)
    found = model._backward(frame, cotangents, wanted, scores=False)
    gradient = {
        name: entry.sum(axis=0).reshape(model.shape_of(name))[()]
        for name, entry in zip(wanted, found, strict=True)
    }
    return Exact(value, gradient)


def _rule(model: Evaluator, node: Sampled, rules: dict[str, _Rule], every: int) -> _Rule:
    if not node.is_discrete:
        step, last = _NORMAL if model._noise(node.name) is NORMAL else _UNIFORM
        count = math.floor(last / (step * every))
        t = step * every * np.arange(-count, count + 1.0)
        if model._noise(node.name) is NORMAL:
            weights = np.exp(-0.5 * t * t)
            return _Rule(t, weights / weights.sum())
        u = 1.0 / (1.0 + np.exp(-np.pi * np.sinh(t)))
        inside = (u > 0.0) & (u < 1.0)
        weights = np.cosh(t) / (2.0 + 2.0 * np.cosh(np.pi * np.sinh(t)))
        return _Rule(u[inside], (weights / weights.sum())[inside])
    law = _Grid(model, rules).law_of(node)
    low, high = (float(f(end)) for f, end in zip((np.min, np.max), law.support, strict=True))
    if high - low >= _VALUES:
        low, high = float(np.min(law.icdf(_TAIL))), float(np.max(law.isf(_TAIL)))
    if not high - low < _VALUES:
        raise _TooLargeError(f"{node.name} has more than {_VALUES:,} values to sum over")
    return _Rule(np.arange(low, high + 1.0), None)


class _Grid:
    """All combinations of points."""

    def __init__(self, model: Evaluator, rules: dict[str, _Rule]) -> None:
        self._model, self._rules = model, rules
        sizes = [len(rule.points) for rule in rules.values()]
        self._rows = math.prod(sizes)
        elements = max(math.prod(shape) for shape in model._shapes.values())
        if self._rows * elements > _SIZE:
            raise _TooLargeError(
                f"a grid over {', '.join(rules)} has {self._rows:,} points for each of"
                f" {elements:,} elements, and the limit is {_SIZE:,}"
            )
        indices = np.unravel_index(np.arange(self._rows), sizes) if sizes else ()
        self._index = dict(zip(rules, indices, strict=True))

    def law_of(self, node: Sampled) -> Any:
        """Return the distribution of a draw, given all values of those before it."""
        found = []

        def source(other: Sampled, law: Any, at: range) -> Any:
            if other.name == node.name:
                found.append(law)
            return self._drawn(other, law)

        self._model._forward(range(self._rows), source)
        return found[0]

    def frame(self, active: frozenset[str]) -> Frame:
        """Return the values of all nodes."""
        return self._model._forward(
            range(self._rows), lambda node, law, at: self._drawn(node, law), active
        )

    def weight(self, frame: Frame, term: Term) -> Array:
        """Return the probability of each combination of what a term depends on.

        Other draws count once.
        """
        weight = np.ones((self._rows,) + (1,) * self._model._layout.dimensions)
        for name, rule in self._rules.items():
            if name not in term.before:
                own: Array = np.where(self._index[name] == 0, 1.0, 0.0)
            elif rule.weights is not None:
                own = rule.weights[self._index[name]]
            else:
                draw = frame.drawn[name]
                masses = np.exp(draw.distribution.log_prob(draw.value))
                weight = weight * self._model._layout.spread(masses)
                continue
            weight = weight * own.reshape(-1, *(1,) * self._model._layout.dimensions)
        return weight

    def _drawn(self, node: Sampled, law: Any) -> Any:
        shape = (self._rows, *self._model._batch_of(node))
        rule = self._rules.get(node.name)
        points = np.full(self._rows, 0.5) if rule is None else rule.points[self._index[node.name]]
        noise = np.broadcast_to(points.reshape(-1, *(1,) * (len(shape) - 1)), shape)
        if node.is_discrete and rule is not None:
            return Integers(law, noise, None)
        return replayed(node, law, np.array(noise))
