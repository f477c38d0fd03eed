"""Nodes with values for their inputs, and how draws are made of them, forwards and backwards.

The work is done in pieces: some draws, few enough for the processor's cache, forwards through all
nodes and backwards again, on one of several threads. What a draw is depends on its number alone,
and pieces start at multiples of a number that depends on the graph and the inputs' shapes alone:
results, sums included, are the same for any number of threads.

In a piece, what depends on draws has the shape (draws, *batch), with ones before a shorter batch,
so that everything broadcasts. What depends on inputs alone is computed once, when a model is made.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from reparam._typing import Array, RNGLike
from reparam.base.draw import Draw
from reparam.engine.noise import Noise, Stream, seed_sequence, substream
from reparam.engine.shapes import summed_to
from reparam.errors import GraphError, ShapeError, did_you_mean
from reparam.expressions._scan import normalized
from reparam.graphs._layout import Layout
from reparam.graphs._nodes import STRAIGHT_THROUGH, Computed, Formula, Node, OfArrays, Sampled, Sum
from reparam.graphs._parse import Structure, locating
from reparam.graphs._relaxing import rounded
from reparam.graphs._score import Integers, costs
from reparam.graphs._shapes import added
from reparam.graphs._terms import LOSS, Term, terms
from reparam.real_arrays import MAX_DIMENSIONS

__all__ = ["ONE", "Evaluator", "Frame", "Source", "replayed"]

#: How many numbers a node of a piece may have, and all of them together. With others, nodes whose
#: parameters depend on draws have other draws.
_TOGETHER, _SCRATCH = 2**17, 2**22

#: How many draws a piece has at least if some are differentiated by their score: each takes its
#: baseline from the others.
_LEAST_SCORED = 16

#: Makes the draws of a node: called with the node, its distribution and the draws' numbers.
Source: TypeAlias = Callable[[Sampled, Any, range], "Draw | Integers"]

#: What arrives at the objective itself.
ONE: Array = np.ones(())


@dataclass(frozen=True)
class Frame:
    """A piece of draws, gone through forwards.

    Attributes
    ----------
    at
        The numbers of the draws.
    values
        The value of each node and input.
    drawn
        The draw of each node that is drawn.
    slopes
        The derivatives of formulas, where they were computed with the value.
    """

    at: range
    values: dict[str, Array]
    drawn: dict[str, Any]
    slopes: dict[str, dict[str, Array]]


class Evaluator:
    """The nodes of a graph with values for the inputs.

    Attributes
    ----------
    inputs
        The inputs' values, by name: read-only.
    """

    inputs: Mapping[str, Array]
    _structure: Structure
    _fixed: dict[str, Array]
    _slopes: dict[str, dict[str, Array]]
    _laws: dict[str, Any]
    _shapes: dict[str, tuple[int, ...]]
    _layout: Layout
    _terms: tuple[Term, ...]
    _step: int

    def __init__(self, structure: Structure, inputs: Mapping[str, Array]) -> None:
        values = {name: _kept(value) for name, value in inputs.items()}
        shapes = {name: value.shape for name, value in values.items()}
        ranks: dict[str, int] = {}
        fixed, slopes, laws = dict(values), dict[str, dict[str, Array]](), dict[str, Any]()
        alone = Layout(shapes, ranks, MAX_DIMENSIONS)
        for node in structure.nodes:
            with locating(_title(node)), np.errstate(all="ignore"):
                added(node, alone, fixed)
                if not all(name in fixed for name in node.arguments):
                    continue
                if isinstance(node, Sampled):
                    laws[node.name] = node.law.made([fixed[name] for name in node.arguments])
                elif isinstance(node, OfArrays):
                    rows = (alone.rows(name, fixed[name]) for name in node.arguments)
                    fixed[node.name] = np.asarray(node.value(*rows)[0])
                else:
                    value, slopes[node.name] = node.gradient(fixed, node.arguments, alone)
                    fixed[node.name] = np.asarray(value)
        moving = [math.prod(shape) for name, shape in shapes.items() if name not in fixed]
        most = min(_TOGETHER, _SCRATCH // len(shapes)) // max(*moving, 1, 1)
        # of data, a derivative has that many numbers for each draw
        most = min(most, _SCRATCH // max(1, *map(math.prod, shapes.values()), 1))
        if structure.scored:
            most = max(most, _LEAST_SCORED)
        dimensions = max(map(len, shapes.values()))
        if any(node.law.has_vectors for node in structure.placed):
            dimensions = max(dimensions, *(_reach(node, alone) for node in structure.nodes))
        layout = Layout(shapes, ranks, dimensions)
        vars(self).update(  # a subclass is frozen
            _structure=structure,
            inputs=MappingProxyType(values),
            _fixed=fixed,
            _slopes=slopes,
            _laws=laws,
            _shapes=shapes,
            _layout=layout,
            _terms=tuple(terms(structure.nodes, layout)),
            _step=2 ** max(most.bit_length() - 1, 0),  # most blocks start where a piece does
        )

    def _at(self, inputs: Mapping[str, Array]) -> Evaluator:
        """Return the same nodes with other inputs."""
        return Evaluator(self._structure, inputs)

    def shape_of(self, name: str) -> tuple[int, ...]:
        """Return the shape of an input, or that of one draw of a node."""
        return self._shapes[name]

    # What draws come from --------------------------------------------------------------------

    def _streams(self, rng: RNGLike) -> Source:
        """Return the source of fresh draws."""
        root = seed_sequence(rng)
        streams = {
            name: Stream(substream(root, number))
            for number, name in enumerate(self._structure.draws)
        }

        def source(node: Sampled, law: Any, at: range) -> Draw | Integers:
            shape = (len(at), *self._batch_of(node))
            first = at.start * math.prod(shape[1:])
            if node.is_discrete:
                return Integers.drawn(law, shape, streams[node.name], first)
            draw: Draw = law._draw(shape, streams[node.name], first)
            return draw

        return source

    def _replayed(self, noise: Mapping[str, Any]) -> tuple[range, Source]:
        """Return the draws' numbers, and the source of draws that given noise makes."""
        arrays: dict[str, list[Array]] = {}
        laws = self._examples() if any(self._layout.ranks.values()) else {}
        for name in self._structure.draws:
            if name not in noise:
                raise GraphError(f"there is no noise for {name}; pass {name}=…")
            with locating(name):
                arrays[name], shape, events = self._valid_noise(name, laws.get(name), noise[name])
            for array, event in zip(arrays[name], events, strict=True):
                if array.ndim == 0 or array.shape[1:] != shape + event:
                    raise ShapeError(
                        f"the noise of {name} has shape {array.shape}; pass an array of shape"
                        f" draws + {shape + event}"
                    )
        for name in noise:
            if name not in arrays:
                raise GraphError(
                    f"{name} is not drawn{did_you_mean(name, arrays)}; pass noise for"
                    f" {', '.join(arrays) or 'none'}"
                )
        counts = {name: len(each) for name, parts in arrays.items() for each in parts}
        if len({len(each) for parts in arrays.values() for each in parts}) != 1:
            described = ", ".join(f"{count} for {name}" for name, count in counts.items())
            raise ShapeError(f"the numbers of draws differ or are unknown: {described or 'none'}")

        def source(node: Sampled, law: Any, at: range) -> Draw | Integers:
            parts = [each[at.start : at.stop] for each in arrays[node.name]]
            if not self._layout.ranks[node.name]:
                parts = [parts[0].reshape(len(at), *self._batch_of(node))]
            return replayed(node, law, *parts)

        return range(counts[self._structure.draws[0]]), source

    def _valid_noise(
        self, name: str, law: Any, given: Any
    ) -> tuple[list[Array], tuple[int, ...], list[tuple[int, ...]]]:
        """Return noise as arrays, with the shape of one draw and of what each adds for vectors."""
        if not self._layout.ranks[name]:
            (number,) = given if isinstance(given, tuple) and len(given) == 1 else (given,)
            return [self._noise(name).validated(number)], self._shapes[name], [()]
        node = self._structure.drawn[name]
        if node.is_discrete:
            raise GraphError(
                "it is a vector of integers, which can't be made of given noise; take rsample"
            )
        parts = given if isinstance(given, tuple) else (given,)
        events = [event for _, event in law._noises()]
        return law._valid_noise(parts), self._batch_of(node), events

    def _noise(self, name: str) -> Noise:
        """Return the kind of noise that a node is made of."""
        node = self._structure.drawn[name]
        if name in self._laws and not node.is_discrete:
            noise: Noise = self._laws[name].noise
            return noise
        return node.law.noise

    # Forwards --------------------------------------------------------------------------------

    def _pieces(self, draws: range) -> Sequence[range]:
        """Cut a range of draws into pieces."""
        return _Pieces(draws, self._step)

    def _forward(self, at: range, source: Source, active: frozenset[str] | None = None) -> Frame:
        """Return the values of all nodes; with `active`, the slopes of formulas in those, too."""
        values = dict(self._fixed)
        frame = Frame(at, values, {}, {})
        for node in self._structure.nodes:
            if node.name in values:
                continue
            if isinstance(node, Sampled):
                draw = frame.drawn[node.name] = source(node, self._law(node, values), at)
                hard = rounded(draw.value, self._layout.ranks[node.name])
                value = hard if node.by == STRAIGHT_THROUGH else draw.value
                values[node.name] = value.reshape(len(at), *self._padded(node.name))
            elif isinstance(node, OfArrays):
                rows = (self._layout.rows(name, values[name]) for name in node.arguments)
                with locating(_title(node)):
                    values[node.name] = self._layout.spread(node.value(*rows))
            elif isinstance(node, Formula) and node.is_copy:
                values[node.name] = values[node.arguments[0]]
            else:
                self._compute(node, frame, active)
        return frame

    def _compute(self, node: Computed, frame: Frame, active: frozenset[str] | None) -> None:
        """Add the value of a node, and its slopes in what is active."""
        with locating(_title(node)):
            if active is None:
                value, slopes = node.value(frame.values, self._layout), dict[str, Array]()
            else:
                wrt = [name for name in node.arguments if name in active]
                value, slopes = node.gradient(frame.values, wrt, self._layout)
                frame.slopes[node.name] = self._spread(node, slopes)
            frame.values[node.name] = self._spread(node, {"": value})[""]

    def _spread(self, node: Computed, found: dict[str, Array]) -> dict[str, Array]:
        """Return what a node has computed of vectors in draws, with the axes of other values."""
        if isinstance(node, Formula) or not any(each.law.has_vectors for each in node.placements):
            return found
        return {name: self._layout.spread(np.asarray(entry)) for name, entry in found.items()}

    def _law(self, node: Sampled, values: Mapping[str, Array]) -> Any:
        """Return the distribution of a node, given its parameters' values."""
        if node.name in self._laws:
            return self._laws[node.name]
        with locating(_title(node)):
            return node.placed.at(values, self._layout)

    def _examples(self) -> dict[str, Any]:
        """Return the distributions of all draws, at one value of the draws before them."""
        found, source = dict[str, Any](), self._streams(0)

        def noted(node: Sampled, law: Any, at: range) -> Draw | Integers:
            found[node.name] = law
            return source(node, law, at)

        with np.errstate(all="ignore"):
            self._forward(range(1), noted)
        return found

    def _batch_of(self, node: Sampled) -> tuple[int, ...]:
        """Return the shape of one draw as its distribution sees it, without entries of vectors."""
        if not node.law.has_vectors:
            return self._padded(node.name)
        shape = self._shapes[node.name]
        return shape[: len(shape) - self._layout.ranks[node.name]]

    def _whole(self, frame: Frame, name: str) -> Array:
        """Return the value of a node or input draw by draw, also where it depends on none."""
        shape = (len(frame.at), *self._padded(name))
        return np.broadcast_to(frame.values[name], shape)

    # Backwards -------------------------------------------------------------------------------

    def _backward(
        self,
        frame: Frame,
        cotangents: Mapping[str, Array],
        wanted: Sequence[str],
        *,
        batch: tuple[int, ...] | None = None,
        scores: bool = True,
    ) -> list[Array]:
        """Return the derivatives in the names `wanted`, draw by draw.

        Parameters
        ----------
        frame
            The draws.
        cotangents
            What arrives at nodes from outside.
        wanted
            The names.
        batch
            None to sum over the dimensions that a name's value was broadcast along, so that the
            result has the shape draws + that of the value, padded with ones. Otherwise the shape
            that everything is kept in: derivatives of one element of the loss each.
        scores
            Whether to include what comes by the scores of draws, as for the mean of the loss.
        """
        active, count = self._active(tuple(wanted)), len(frame.at)
        adjoints = dict(cotangents)
        if self._structure.scored:
            adjoints |= costs(self, frame, active, batch) if scores else {}

        def arrive(name: str, product: Array) -> None:
            if batch is None:
                target = (count, *self._padded(name))
                whole = np.broadcast_shapes(np.shape(product), target)
                product = summed_to(np.broadcast_to(product, whole), target)
            if name in self._structure.scored:
                return  # its derivative is that of its probability, by the cost
            known = adjoints.get(name)
            adjoints[name] = product if known is None else known + product

        for node in reversed(self._structure.nodes):
            adjoint = adjoints.get(node.name)
            if adjoint is None or active.isdisjoint(node.arguments):
                continue
            if isinstance(node, Formula) and node.is_copy:
                arrive(node.arguments[0], adjoint)
            elif isinstance(node, Sampled):
                for name, product in self._pulled(node, frame, adjoint):
                    if name in active:
                        arrive(name, product)
            elif isinstance(node, OfArrays):
                whole = np.broadcast_to(adjoint, (count, *self._padded(node.name)))
                upstream = whole.reshape(count, *self._shapes[node.name])
                rows = (self._layout.rows(name, frame.values[name]) for name in node.arguments)
                for name, derivative in zip(
                    node.arguments, node.pull(upstream, *rows), strict=True
                ):
                    if name in active:
                        arrive(name, self._layout.spread(derivative()))
            else:
                ranks = node.ranks(self._layout)
                for name, slope in self._slopes_of(node, frame, active).items():
                    if name in active:
                        shifted = self._layout.shifted(adjoint, ranks.get(name, 0))
                        arrive(name, slope if adjoint is ONE else shifted * slope)
        results = []
        for name in wanted:
            shape = (count, *(self._padded(name) if batch is None else batch))
            found = adjoints.get(name, np.zeros(()))
            results.append(np.broadcast_to(found, shape))
        return results

    def _pulled(self, node: Sampled, frame: Frame, adjoint: Array) -> Iterator[tuple[str, Array]]:
        """Yield the parameters of a draw with the derivatives in them, given that in the draw.

        Of what is differentiated by its score, that is the score times the cost.
        """
        draw, vectors = frame.drawn[node.name], node.law.has_vectors
        if node.is_scored:
            ranks = dict(node.placed.ranks)
            for name, score in node.placed.by_argument(draw.distribution.score(draw.value)):
                known = self._layout.spread(score) if vectors else score
                yield name, self._layout.shifted(adjoint, ranks[name]) * known
            return
        if vectors:
            whole = np.broadcast_to(adjoint, (len(frame.at), *self._padded(node.name)))
            products = draw._pulled_back(whole.reshape(draw.value.shape))
        else:
            shape = np.broadcast_shapes(np.shape(adjoint), draw.value.shape)
            products = draw._pulled_back(np.broadcast_to(adjoint, shape))
        names = draw.distribution.parameters.differentiable
        for name, product in node.placed.by_argument(dict(zip(names, products, strict=True))):
            yield name, self._layout.spread(product) if vectors else product

    def _slopes_of(self, node: Computed, frame: Frame, active: frozenset[str]) -> dict[str, Array]:
        """Return the derivatives of a formula in its names, those that are active at least."""
        for slopes in (self._slopes, frame.slopes):
            if node.name in slopes:
                return slopes[node.name]
        wrt = [name for name in node.arguments if name in active]
        return self._spread(node, node.gradient(frame.values, wrt, self._layout)[1])

    def _active(self, wanted: Sequence[str]) -> frozenset[str]:
        """Return the names whose values depend on those `wanted`, and these."""
        active = set(wanted)
        for node in self._structure.nodes:
            if not active.isdisjoint(node.arguments):
                active.add(node.name)
        return frozenset(active)

    # Names and shapes ------------------------------------------------------------------------

    def _padded(self, name: str) -> tuple[int, ...]:
        """Return the shape of a node or input, with ones before it."""
        return self._layout.padded(self._shapes[name])

    @property
    def _has_arrays(self) -> bool:
        """Whether it is about more than elements: vectors, matrices, and entries of arrays."""
        of_vectors = any(each.law.has_vectors for each in self._structure.placed)
        own = (node for node in self._structure.nodes if isinstance(node, OfArrays))
        return of_vectors or any(not isinstance(node, Sum) for node in own)

    def _check_loss(self) -> None:
        if LOSS not in self._structure.names:
            raise GraphError("the graph has no loss; give it a line such as loss = (y - 1)**2")

    def _wanted(self, names: str | Sequence[str] | None) -> tuple[str, ...]:
        """Return the names to differentiate in, if there are such."""
        if names is None:
            return self._structure.inputs
        wanted = tuple(map(normalized, (names,) if isinstance(names, str) else names))
        for name in wanted:
            if name not in self._shapes:
                raise GraphError(
                    f"the graph has no {name!r} to differentiate in"
                    f"{did_you_mean(name, self._shapes)}"
                    f" (it has {', '.join(chain(self._structure.inputs, self._structure.names))})"
                )
            if name in self._structure.scored:
                raise GraphError(
                    f"{name} is discrete, and nothing can be differentiated in it; leave it out of"
                    " the names, or name its parameters"
                )
        return wanted


def replayed(node: Sampled, law: Any, *noise: Array) -> Draw | Integers:
    """Return the draws of a node that given noise makes."""
    if node.is_discrete:
        return Integers.replayed(law, *noise)
    draw: Draw = law._replay(*noise)
    return draw


class _Pieces(Sequence[range]):
    """A range of draws, cut at multiples of a step."""

    def __init__(self, draws: range, step: int) -> None:
        self._draws, self._step = draws, step
        last = -(-draws.stop // step) if draws else draws.start // step
        self._numbers = range(draws.start // step, last)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: Any) -> Any:
        number, draws, step = self._numbers[index], self._draws, self._step
        return range(max(draws.start, number * step), min(draws.stop, (number + 1) * step))


def _title(node: Node) -> str:
    """Return what a node is called in messages."""
    if isinstance(node, Sampled):
        return f"{node.name} ~ {node.law.name}"
    return node.name if isinstance(node, Formula) else node.name.replace(".", ": ", 1)


def _reach(node: Node, layout: Layout) -> int:
    """Return how many axes derivatives of a node's values in entries of vectors have."""
    if isinstance(node, Formula | OfArrays):
        return 0
    ranks = (rank for each in node.placements for _, rank in each.ranks)
    return len(layout.shapes[node.name]) + max(0, *ranks, 0)


def _kept(value: Array) -> Array:
    """Return a copy that can't be changed."""
    copy = np.array(value)
    copy.flags.writeable = False
    return copy
