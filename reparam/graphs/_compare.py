"""The gradient of a graph's E[J] by several estimators."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from reparam._typing import RNGLike
from reparam.engine.noise import seed_sequence
from reparam.errors import EstimatorError, GraphError, did_you_mean
from reparam.expressions import Expression
from reparam.graphs._arrays import Blend, Chosen
from reparam.graphs._estimation import expectation
from reparam.graphs._evaluator import Evaluator
from reparam.graphs._exact import exact
from reparam.graphs._nodes import (
    PATHWISE,
    SCORE,
    SCORE_LOO,
    STRAIGHT_THROUGH,
    Density,
    Divergence,
    Entropy,
    Formula,
    Node,
    Placed,
    Sampled,
)
from reparam.graphs._parse import Structure
from reparam.graphs._relaxing import INDICATOR, check_relaxable, is_hard, relaxed
from reparam.graphs._terms import in_terms

__all__ = ["GRAPH_ESTIMATORS", "GraphEstimate", "GraphEstimates", "compared"]

MIXED, MIXED_SCORE, RELAXED = "mixed", "mixed-score", "relaxed"

#: How continuous and discrete draws are differentiated, by the name of the estimator.
GRAPH_ESTIMATORS: dict[str, tuple[str, str]] = {
    PATHWISE: (PATHWISE, ""),
    MIXED: (PATHWISE, SCORE_LOO),
    MIXED_SCORE: (PATHWISE, SCORE),
    SCORE: (SCORE, SCORE),
    SCORE_LOO: (SCORE_LOO, SCORE_LOO),
    RELAXED: (PATHWISE, RELAXED),
    STRAIGHT_THROUGH: (PATHWISE, STRAIGHT_THROUGH),
}


@dataclass(frozen=True)
class GraphEstimate:
    """One estimator's result for the derivative in one element of an input.

    Attributes
    ----------
    estimator, input
        Their names.
    element
        The number of the element, from 0.
    value
        The estimate of ∂E[J]/∂input.
    standard_error
        Of the value.
    variance
        Of one draw.
    cost
        Nanoseconds per draw took, for all inputs together, on all threads.
    exact
        The derivative itself, NaN if it is not known.
    biased
        Whether the estimator's expectation is something else.
    draws
        How many draws were taken.
    """

    estimator: str
    input: str
    element: int
    value: float
    standard_error: float
    variance: float
    cost: float
    exact: float
    biased: bool
    draws: int

    @property
    def error(self) -> float:
        """The value less the exact one."""
        return self.value - self.exact


@dataclass(frozen=True)
class GraphEstimates:
    """Estimates of ∂E[J]/∂input by several estimators.

    Attributes
    ----------
    rows
        One estimate for each estimator and element of an input.
    value
        E[J] itself, NaN if it is not known.
    left_out
        The estimators that can't serve, each with the reason.
    notes
        What else there is to know.
    """

    rows: tuple[GraphEstimate, ...]
    value: float
    left_out: Mapping[str, str]
    notes: tuple[str, ...]

    def __iter__(self) -> Iterator[GraphEstimate]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def _repr_html_(self) -> str:
        """Return a table for notebooks."""
        from reparam._html import table

        header = ["estimator", "input", "element", "estimate", "standard error", "exact", "biased"]
        rows = [
            [
                row.estimator,
                row.input,
                str(row.element),
                f"{row.value:.6g}",
                f"{row.standard_error:.2g}",
                "" if np.isnan(row.exact) else f"{row.exact:.6g}",
                "yes" if row.biased else "no",
            ]
            for row in self.rows
        ]
        return table("∂E[J]/∂input", header, rows, self.notes)


def compared(
    model: Evaluator,
    n: int,
    names: str | Iterable[str] | None,
    rng: RNGLike,
    temperature: float,
    inputs: tuple[str, ...],
) -> GraphEstimates:
    """Return the estimates of a graph's gradient in some inputs."""
    model._check_loss()
    asked = [names] if isinstance(names, str) else None if names is None else list(names)
    for name in asked or ():
        if name not in (*GRAPH_ESTIMATORS, "all"):
            hint = did_you_mean(name, GRAPH_ESTIMATORS) or (
                f"; there are {', '.join(GRAPH_ESTIMATORS)}, all"
            )
            raise EstimatorError(f"no estimator of graphs is called {name!r}{hint}")
    every = asked is None or "all" in asked
    root = seed_sequence(rng)
    structure = model._structure
    plain = replace(structure, nodes=tuple(in_terms(list(_hardened(structure.nodes)))))
    whole = Evaluator(plain, model.inputs)
    truth = exact(whole, inputs)
    rows: list[GraphEstimate] = []
    left_out: dict[str, str] = {}
    notes = [f"no exact value: {truth.unknown}"] if truth.unknown else []
    for name, (continuous, discrete) in GRAPH_ESTIMATORS.items():
        if not every and name not in (asked or ()):
            continue
        nodes = list(_differentiated(plain.nodes, continuous, discrete, temperature))
        if why := _obstacle(name, whole, nodes, inputs):
            left_out[name] = why
            if not every:
                raise EstimatorError(f"{name} can't serve: {why}")
            continue
        own = Evaluator(Structure(tuple(nodes)), model.inputs)
        expectation(own, range(2), own._streams(root), inputs)  # what is computed once
        start = time.perf_counter()
        found = expectation(own, range(n), own._streams(root), inputs)
        cost = (time.perf_counter() - start) / n * 1e9
        notes += [f"{name}: {note}" for note in found.notes]
        soft = [node for node in nodes if isinstance(node, Sampled) and node.hard]
        for key in inputs:
            active = own._active([key])
            biased = any(node.by == PATHWISE or node.name in active for node in soft)
            errors = np.ravel(found.standard_error.gradient[key])
            columns = zip(
                np.ravel(found.gradient[key]), errors, np.ravel(truth.gradient[key]), strict=True
            )
            for element, (value, error, right) in enumerate(columns):
                rows.append(
                    GraphEstimate(
                        estimator=name,
                        input=key,
                        element=element,
                        value=float(value),
                        standard_error=float(error),
                        variance=float(error) ** 2 * n,
                        cost=cost,
                        exact=float(right),
                        biased=biased,
                        draws=n,
                    )
                )
    return GraphEstimates(tuple(rows), truth.value, left_out, tuple(dict.fromkeys(notes)))


def _hardened(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield nodes with the discrete draws for what is relaxed or straight-through."""
    every = [*nodes]
    soft = [node for node in every if isinstance(node, Sampled) and node.hard]
    hard: dict[tuple[str, ...], Placed] = {node.arguments: node.hard for node in soft if node.hard}
    gone = {
        name for node in soft if node.hard for name in {*node.arguments} - {*node.hard.arguments}
    }

    def own(placed: Placed) -> Placed:
        known = hard.get(placed.arguments)
        return replace(known, stopped=placed.stopped) if known else placed

    for node in every:
        if node.name in gone:
            continue  # a parameter of the relaxation alone
        if isinstance(node, Sampled) and node.hard:
            yield Sampled(node.name.removesuffix(INDICATOR), node.hard, SCORE_LOO)
        elif isinstance(node, Blend):
            if node.base:
                yield Chosen(node.name, node.base, node.weights.removesuffix(INDICATOR))
        elif isinstance(node, Density) and node.placed.arguments in hard:
            yield replace(node, placed=own(node.placed), of=node.of.removesuffix(INDICATOR))
        elif isinstance(node, Entropy):
            yield replace(node, placed=own(node.placed))
        elif isinstance(node, Divergence):
            yield replace(node, p=own(node.p), q=own(node.q))
        else:
            yield node


def _differentiated(
    nodes: Iterable[Node], continuous: str, discrete: str, temperature: float
) -> Iterator[Node]:
    """Yield nodes whose draws are differentiated in a given way."""
    soft: dict[str, Sampled] = {}
    copies: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, Formula) and node.is_copy:
            copies[node.name] = copies.get(node.arguments[0], node.arguments[0])
        if isinstance(node, Sampled) and not node.is_discrete:
            yield replace(node, by=continuous)
        elif isinstance(node, Sampled) and discrete in (RELAXED, STRAIGHT_THROUGH):
            if not is_hard(node.law):
                yield node
                continue
            yield Formula(f"{node.name}.temperature", Expression(repr(temperature)), ())
            added, draw = relaxed(
                node.name, node.placed, straight_through=discrete == STRAIGHT_THROUGH
            )
            yield from added
            yield draw
            soft[node.name] = draw
            if draw.name != node.name:
                yield Blend(node.name, draw.name)
        elif isinstance(node, Sampled):
            yield replace(node, by=discrete or SCORE_LOO)
        elif isinstance(node, Chosen):
            index = copies.get(node.index, node.index)
            indicator = soft.get(index)
            yield Blend(node.name, indicator.name, node.base) if indicator else node
        elif (
            isinstance(node, Density)
            and discrete == RELAXED
            and node.of in soft
            and is_hard(node.placed.law)
        ):
            own = soft[node.of]
            if all(name.startswith(f"{node.of}.") for name in node.placed.arguments):
                placed = replace(own.placed, stopped=node.placed.stopped)
                yield replace(node, placed=placed, of=own.name)
            else:
                yield node
        else:
            yield node


def _obstacle(name: str, plain: Evaluator, nodes: Iterable[Node], inputs: tuple[str, ...]) -> str:
    """Return why an estimator can't serve a graph, or an empty string."""
    drawn = [*plain._structure.drawn.values()]
    integers = [node for node in drawn if node.is_discrete]
    if not integers and name not in (PATHWISE, SCORE, SCORE_LOO):
        return "no draw is discrete"
    if integers and name == PATHWISE:
        return f"{', '.join(node.name for node in integers)} has no path; take {MIXED}"
    if name in (SCORE, SCORE_LOO):
        if len(integers) == len(drawn):
            return f"all draws are discrete, and it is {MIXED_SCORE if name == SCORE else MIXED}"
        active, laws = plain._active(inputs), plain._examples()
        for node in drawn:
            for argument, leaf in zip(node.arguments, node.placed.leaves, strict=True):
                if argument in active and leaf.path in laws[node.name].moving:
                    return (
                        f"{leaf} of {node.name} moves an endpoint of the support, which the score"
                        " does not see"
                    )
    if name in (RELAXED, STRAIGHT_THROUGH):
        try:
            for node in integers:
                check_relaxable(node.law)
        except GraphError as error:
            return str(error)
        soft = {node.name for node in nodes if isinstance(node, Sampled) and node.hard}
        for each in nodes:
            if not isinstance(each, Density) or each.of not in soft or name != RELAXED:
                continue
            if each.placed.law.name == "concrete":
                return "log p of vectors that sum to 1 is not differentiated in them"
            if is_hard(each.placed.law):
                return f"{each.name.partition('.')[2]} has no density between integers"
    return ""
