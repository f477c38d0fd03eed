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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from reparam._typing import Array, ArrayLike, RNGLike
from reparam.base.draw import Draw
from reparam.engine.noise import Noise, Stream, seed_sequence, substream
from reparam.engine.shapes import broadcast_shapes, summed_to
from reparam.errors import GraphError, ShapeError, did_you_mean
from reparam.expressions._scan import normalized
from reparam.graphs._nodes import STRAIGHT_THROUGH, Computed, Formula, Node, Sampled, Sum
from reparam.graphs._parse import Structure, locating
from reparam.graphs._score import Integers, costs
from reparam.graphs._terms import LOSS

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
    _dimensions: int
    _step: int

    def __init__(self, structure: Structure, inputs: Mapping[str, Array]) -> None:
        values = {name: _kept(value) for name, value in inputs.items()}
        fixed = dict(values)
        slopes: dict[str, dict[str, Array]] = {}
        laws: dict[str, Any] = {}
        shapes = {name: value.shape for name, value in values.items()}
        for node in structure.nodes:
            with locating(_title(node)), np.errstate(all="ignore"):
                alone = all(name in fixed for name in node.arguments)
                shapes[node.name] = broadcast_shapes(
                    **{name: shapes[name] for name in node.arguments}
                )
                if isinstance(node, Sum):
                    shapes[node.name] = ()
                    if alone:
                        whole = np.broadcast_to(fixed[node.argument], shapes[node.argument])
                        fixed[node.name] = np.asarray(whole.sum())
                elif alone and isinstance(node, Sampled):
                    laws[node.name] = node.law.made([fixed[name] for name in node.arguments])
                elif alone and not isinstance(node, Sampled):
                    value, slopes[node.name] = node.gradient(fixed, node.arguments)
                    fixed[node.name] = np.asarray(value)
        elements = max(math.prod(shape) for shape in shapes.values())
        most = min(_TOGETHER, _SCRATCH // len(shapes)) // max(elements, 1)
        if structure.scored:
            most = max(most, _LEAST_SCORED)
        vars(self).update(  # a subclass is frozen
            _structure=structure,
            inputs=MappingProxyType(values),
            _fixed=fixed,
            _slopes=slopes,
            _laws=laws,
            _shapes=shapes,
            _dimensions=max(map(len, shapes.values())),
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
            shape = (len(at), *self._padded(node.name))
            first = at.start * math.prod(shape[1:])
            if node.is_discrete:
                return Integers.drawn(law, shape, streams[node.name], first)
            draw: Draw = law._draw(shape, streams[node.name], first)
            return draw

        return source

    def _replayed(self, noise: Mapping[str, ArrayLike]) -> tuple[range, Source]:
        """Return the draws' numbers, and the source of draws that given noise makes."""
        arrays = {}
        for name in self._structure.draws:
            if name not in noise:
                raise GraphError(f"there is no noise for {name}; pass {name}=…")
            with locating(name):
                arrays[name] = self._noise(name).validated(noise[name])
            if arrays[name].ndim == 0 or arrays[name].shape[1:] != self._shapes[name]:
                raise ShapeError(
                    f"the noise of {name} has shape {arrays[name].shape}; pass an array of shape"
                    f" draws + {self._shapes[name]}"
                )
        for name in noise:
            if name not in arrays:
                raise GraphError(
                    f"{name} is not drawn{did_you_mean(name, arrays)}; pass noise for"
                    f" {', '.join(arrays) or 'none'}"
                )
        counts = {name: len(array) for name, array in arrays.items()}
        if len(set(counts.values())) != 1:
            described = ", ".join(f"{count} for {name}" for name, count in counts.items())
            raise ShapeError(f"the numbers of draws differ or are unknown: {described or 'none'}")

        def source(node: Sampled, law: Any, at: range) -> Draw | Integers:
            noise = arrays[node.name][at.start : at.stop]
            return replayed(node, law, noise.reshape(len(at), *self._padded(node.name)))

        return range(counts[self._structure.draws[0]]), source

    def _noise(self, name: str) -> Noise:
        """Return the kind of noise that a node is made of."""
        node = next(node for node in self._structure.nodes if node.name == name)
        assert isinstance(node, Sampled)
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
                values[node.name] = draw.value
                if node.by == STRAIGHT_THROUGH:
                    values[node.name] = np.where(draw.value > 0.5, 1.0, 0.0)
            elif isinstance(node, Sum):
                whole = self._whole(frame, node.argument)
                axes = tuple(range(1, whole.ndim))
                values[node.name] = whole.sum(axis=axes, keepdims=True)
            elif isinstance(node, Formula) and node.is_copy:
                values[node.name] = values[node.arguments[0]]
            else:
                self._compute(node, frame, active)
        return frame

    def _compute(self, node: Computed, frame: Frame, active: frozenset[str] | None) -> None:
        """Add the value of a node, and its slopes in what is active."""
        with locating(_title(node)):
            if active is None:
                frame.values[node.name] = node.value(frame.values)
            else:
                wrt = [name for name in node.arguments if name in active]
                gradient = node.gradient(frame.values, wrt)
                frame.values[node.name], frame.slopes[node.name] = gradient

    def _law(self, node: Sampled, values: Mapping[str, Array]) -> Any:
        """Return the distribution of a node, given its parameters' values."""
        if node.name in self._laws:
            return self._laws[node.name]
        with locating(_title(node)):
            return node.placed.made(values)

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
            if adjoint is None or node.name not in active:
                continue
            if isinstance(node, Sum) or (isinstance(node, Formula) and node.is_copy):
                arrive(node.arguments[0], adjoint)
            elif not isinstance(node, Sampled):
                for name, slope in self._slopes_of(node, frame, active).items():
                    if name in active:
                        arrive(name, slope if adjoint is ONE else adjoint * slope)
            elif node.is_scored:
                draw = frame.drawn[node.name]
                for name, score in node.placed.by_argument(draw.distribution.score(draw.value)):
                    if name in active:
                        arrive(name, adjoint * score)
            else:
                draw = frame.drawn[node.name]
                whole = np.broadcast_shapes(np.shape(adjoint), draw.value.shape)
                products = draw._pulled_back(np.broadcast_to(adjoint, whole))
                names = draw.distribution.parameters.differentiable
                known = dict(zip(names, products, strict=True))
                for name, product in node.placed.by_argument(known):
                    if name in active:
                        arrive(name, product)
        results = []
        for name in wanted:
            shape = (count, *(self._padded(name) if batch is None else batch))
            found = adjoints.get(name, np.zeros(()))
            results.append(np.broadcast_to(found, shape))
        return results

    def _slopes_of(self, node: Computed, frame: Frame, active: frozenset[str]) -> dict[str, Array]:
        """Return the derivatives of a formula in its names, those that are active at least."""
        for slopes in (self._slopes, frame.slopes):
            if node.name in slopes:
                return slopes[node.name]
        wrt = [name for name in node.arguments if name in active]
        return node.gradient(frame.values, wrt)[1]

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
        shape = self._shapes[name]
        return (1,) * (self._dimensions - len(shape)) + shape

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


def replayed(node: Sampled, law: Any, noise: Array) -> Draw | Integers:
    """Return the draws of a node that given noise makes."""
    if node.is_discrete:
        return Integers.replayed(law, noise)
    draw: Draw = law._replay(noise)
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


def _kept(value: Array) -> Array:
    """Return a copy that can't be changed."""
    copy = np.array(value)
    copy.flags.writeable = False
    return copy
