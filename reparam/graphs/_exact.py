"""E[J] and its gradient without draws: all values of discrete draws, quadrature over the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reparam._typing import Array
from reparam.errors import ReparamError
from reparam.estimators._cubature import AGREED, REACH, STEPS, NoRuleError
from reparam.graphs._evaluator import Evaluator
from reparam.graphs._grid import Grid
from reparam.graphs._notes import diverging
from reparam.graphs._score import over, repetitions, whole_shape
from reparam.graphs._terms import Term

__all__ = ["Exact", "exact"]

#: How far two rules that are exact for polynomials may differ, relatively, by rounding.
_ROUNDED = 1e-10

#: What these are turned by.
_SEEDS = (20, 21)


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

    Continuous draws are integrated over a grid of all of their noise, that of each entry of a
    vector. If the grid is too large, and all noise is normal, polynomials of degree 5 in it are
    still integrated exactly.

    Parameters
    ----------
    model
        The graph at its inputs, with discrete draws that are differentiated by their score.
    wanted
        The names to differentiate in.
    """
    nothing = {name: np.full(model.shape_of(name), np.nan)[()] for name in wanted}
    try:
        with np.errstate(all="ignore"):
            return _found(model, wanted)
    except NoRuleError as error:
        return Exact(np.nan, nothing, str(error))
    except ReparamError as error:
        return Exact(np.nan, nothing, f"quadrature leaves a parameter's domain: {error}")


def _found(model: Evaluator, wanted: tuple[str, ...]) -> Exact:
    """Return E[J] and its gradient: the sum over groups of terms, on which two rules agree."""
    total = Exact(0.0, {name: np.zeros(model.shape_of(name))[()] for name in wanted})
    apart = 0.0
    for draws, terms in _groups(model):
        one, other = _by_two_rules(model, draws, terms, wanted)
        total = _plus(total, one, 1.0)
        apart += _size(_plus(one, other, -1.0))
    if not (apart <= AGREED * _size(total) < np.inf):
        raise NoRuleError(
            "quadrature does not converge: the loss is not smooth enough for the points"
        )
    if name := diverging(model, wanted):
        raise NoRuleError(f"the integral over {name} diverges")
    return total


def _groups(model: Evaluator) -> list[tuple[frozenset[str], list[Term]]]:
    """Return which draws are integrated over together, for which terms of the loss."""
    known = frozenset(model._structure.draws)
    pairs = [(term.before & known, term) for term in model._terms]
    groups: dict[frozenset[str], list[Term]] = {}
    for draws, term in sorted(pairs, key=lambda pair: -len(pair[0])):
        groups.setdefault(next(filter(draws.issubset, groups), draws), []).append(term)
    return [*groups.items()]


def _by_two_rules(
    model: Evaluator, draws: frozenset[str], terms: list[Term], wanted: tuple[str, ...]
) -> tuple[Exact, Exact]:
    """Return the sum of some terms by the first rule that is small enough, and by another one."""
    for step, longer in STEPS:
        try:
            grid = Grid.of(model, draws, terms, step)
        except NoRuleError as error:
            why = str(error)
            continue
        other_grid = Grid.of(model, draws, terms, longer, REACH)
        one = _integrated(grid, wanted)
        if other_grid.rows == grid.rows:  # all values of all draws
            return one, one
        return one, _integrated(other_grid, wanted)
    one, other = (
        _integrated(Grid.for_polynomials(model, draws, terms, seed, why), wanted) for seed in _SEEDS
    )
    if not _size(_plus(one, other, -1.0)) <= _ROUNDED * _size(one):
        raise NoRuleError(f"{why}, and J is not a polynomial of degree 5 in the noise")
    return one, other


def _plus(a: Exact, b: Exact, sign: float) -> Exact:
    gradient = {name: entry + sign * b.gradient[name] for name, entry in a.gradient.items()}
    return Exact(a.value + sign * b.value, gradient)


def _size(found: Exact) -> float:
    """Return the largest number of a value and a gradient."""
    entries = [np.ravel(entry) for entry in found.gradient.values()]
    return float(np.max(np.abs(np.concatenate([[found.value], *entries]))))


def _integrated(grid: Grid, wanted: tuple[str, ...]) -> Exact:
    """Return the sums over a grid."""
    model = grid.model
    frame = grid.frame(model._active(wanted))
    cotangents: dict[str, Array] = {}
    value = 0.0

    def add(name: str, weighted: Array, shape: tuple[int, ...]) -> None:
        arriving = over(weighted, (len(frame.at), *model._layout.padded(shape)))
        known = cotangents.get(name)
        cotangents[name] = arriving if known is None else known + arriving

    for term in grid.terms:
        weight = repetitions(model, term) * grid.weight(frame, term)
        weighted = weight * np.broadcast_to(
            model._whole(frame, term.node), (len(frame.at), *whole_shape(model, term))
        )
        weighted = np.where(weight == 0.0, 0.0, weighted)
        value += float(weighted.sum())
        if term.node not in model._structure.scored:
            add(term.node, np.broadcast_to(weight, weighted.shape), model._shapes[term.node])
        for name in term.before.intersection(model._structure.scored):
            axes = tuple(range(1, weighted.ndim)) if grid.is_joint(name) else ()
            batch = model._batch_of(model._structure.drawn[name])
            add(name, weighted.sum(axis=axes, keepdims=True), batch)
    found = model._backward(frame, cotangents, wanted, scores=False)
    gradient = {
        name: entry.sum(axis=0).reshape(model.shape_of(name))[()]
        for name, entry in zip(wanted, found, strict=True)
    }
    return Exact(value, gradient)
