"""Where the gradient of a graph's E[J] is not what it seems: J jumps, or variances are infinite.

Both are looked for along lines: the draw of one node goes from one tail to the other, and the noise
of all others stays what it is, or the value if that is an integer. What only several draws together
make stays undetected: the tails of a product, for example.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from reparam import notes
from reparam._typing import Array
from reparam.base.reparameterized import Reparameterized
from reparam.errors import ReparamError
from reparam.estimators._line import Line
from reparam.estimators._tails import grows, tail_points
from reparam.graphs._evaluator import ONE, Evaluator, Frame, replayed
from reparam.graphs._jumps import Break, breaks
from reparam.graphs._nodes import PATHWISE, STRAIGHT_THROUGH, Sampled
from reparam.graphs._relaxing import INDICATOR
from reparam.graphs._score import Integers
from reparam.graphs._terms import LOSS

__all__ = ["diverging", "notes_on"]

#: How many elements of a batch are looked at, and how often the noise of other draws is another.
_ELEMENTS, _SCENES = 6, 3

#: How many lines are looked at, and how many of them times the nodes of the graph.
_LINES, _WORK = 60, 6000

#: Points of a line that J is looked at for jumps, how far they go in a coordinate that grows as
#: the exponential of an exponential, and the least log p(y) dy.
_POINTS, _REACH, _FAR = 1025, 6.0, -600.0

#: How much of itself J may change from one number to the next where it is looked at for jumps: less
#: than what rounding errors of J are taken for.
_UNRESOLVED = 1e-10

#: How far an input moves: of itself, and then of the distance between points.
_STEP, _SHARE = 1e-5, 1e-4

#: How far from a pole terms are compared, in distances between points, and the least power of the
#: inverse distance of which the square has an infinite integral, up to rounding.
_TOWARDS, _SQUARE = (1e-6, 1e-5, 1e-4), 0.49

#: Points whose draws fail together: where a parameter of another draw leaves its domain.
_TOGETHER = 64


def notes_on(model: Evaluator, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the notes on E[J] and its gradient, which don't depend on draws.

    Parameters
    ----------
    model
        The graph at its inputs.
    wanted
        The names that E[J] is differentiated in.
    """
    wild: set[str] = set()
    missed: set[str] = set()
    places: dict[str, float] = {}
    with np.errstate(all="ignore"):
        for line in _lines(model, tuple(wanted)):
            wild |= set(line.infinite())
            for found in line.breaks():
                at_jump = {LOSS} if found.height else set[str]()  # where J itself is finite
                wild |= line.infinite_at(found) - at_jump
                if found.height and (moved := line.moved_by(found) - missed):
                    missed |= moved
                    places.setdefault(line.node.name, found.place)
    sentences = [*_biased(model, wanted), *_left_out(model, wanted)]
    if missed:
        where = " and ".join(f"{name} passes {y:.4g}" for name, y in places.items())
        names = [name for name in wanted if name in missed]
        sentences.append(notes.misses_jumps(["pathwise"], names, f"the loss jumps where {where}"))
    if wild:
        labels = {LOSS: "E[J]"} | {name: f"∂E[J]/∂{name}" for name in wanted}
        which = [label for name, label in labels.items() if name in wild]
        sentences.append(notes.infinite_variance("estimates", which))
    return tuple(sentences)


def diverging(model: Evaluator, wanted: Sequence[str]) -> str:
    """Return a draw of which a tail makes E[J], or a derivative, infinite; otherwise nothing."""
    with np.errstate(all="ignore"):
        for line in _lines(model, tuple(wanted)):
            if any(line.infinite(power=1.0)):
                return line.node.name
    return ""


def _biased(model: Evaluator, wanted: Sequence[str]) -> Iterator[str]:
    """Yield which draws are not those of the distribution that the graph names."""
    for node in model._structure.nodes:
        if not isinstance(node, Sampled) or node.is_discrete:
            continue
        own = node.name.removesuffix(INDICATOR)
        if node.by == STRAIGHT_THROUGH:
            names = [name for name in wanted if node.name in model._active([name])]
            if names:
                yield f"estimates in {', '.join(names)} are biased: {own} is straight-through"
        elif node.hard:
            yield f"estimates are biased: {own} is relaxed"


def _left_out(model: Evaluator, wanted: Sequence[str]) -> Iterator[str]:
    """Yield the inputs that parameters without a derivative depend on."""
    for node in model._structure.nodes:
        if not isinstance(node, Sampled):
            continue
        movers = node.law.cls._support.moved_by if node.is_scored else ()
        for argument, leaf in zip(node.arguments, node.placed.leaves, strict=True):
            if leaf.path in movers:
                why = "it moves an endpoint of the support"
            elif not leaf.declared.differentiable:
                why = "nothing is differentiated in it"
            else:
                continue
            if names := [name for name in wanted if argument in model._active([name])]:
                yield f"the derivative in {', '.join(names)} leaves {argument} out: {why}"


def _lines(model: Evaluator, wanted: tuple[str, ...]) -> Iterator[_Line]:
    """Yield lines: for some elements and each draw that J depends on, with other noise held."""
    before = {LOSS}
    for node in reversed(model._structure.nodes):
        if node.name in before:
            before |= set(node.arguments)
    drawn = [
        node
        for node in model._structure.nodes
        if isinstance(node, Sampled) and node.by == PATHWISE and node.name in before
    ]
    if not drawn or model._has_arrays:  # of which an element is not a graph of numbers
        return
    scored = model._structure.scored
    scenes = _SCENES if len(model._structure.draws) > 1 else 1
    number = 0
    for scalar in _elements(model, before):
        try:
            frame = scalar._forward(range(scenes), scalar._streams(0))
        except ReparamError:
            continue  # a parameter left its domain
        for scene in range(scenes):
            held = {
                name: float((draw.value if name in scored else draw.noise)[scene])
                for name, draw in frame.drawn.items()
            }
            for node in drawn:
                law = _law(scalar, node, frame, scene)
                line = _Line(scalar, node, law, held, wanted)
                if Line(law).usable:
                    yield line
                    number += 1
                if number >= min(_LINES, _WORK / len(model._structure.nodes)):
                    return


def _elements(model: Evaluator, before: set[str]) -> Iterator[Evaluator]:
    """Yield what J depends on at some elements of the batch: with extreme values of inputs, too."""
    nodes = tuple(node for node in model._structure.nodes if node.name in before)
    structure = replace(model._structure, nodes=nodes)
    batch = np.broadcast_shapes(*(model.shape_of(name) for name in before))
    whole = {
        name: np.broadcast_to(value, batch) if name in before else np.zeros(batch)
        for name, value in model.inputs.items()
    }
    if 0 in batch:
        return
    size = int(np.prod(batch, dtype=int))
    chosen = [0, size - 1]
    for name, value in whole.items():
        if model.inputs[name].size > 1:
            chosen += [int(np.argmin(value)), int(np.argmax(value))]
    for number in list(dict.fromkeys(chosen))[:_ELEMENTS]:
        index = np.unravel_index(number, batch) if batch else ()
        values = {
            name: value[index] if name in before else np.ravel(model.inputs[name])[0]
            for name, value in whole.items()
        }
        yield Evaluator(structure, {name: np.asarray(value) for name, value in values.items()})


def _law(model: Evaluator, node: Sampled, frame: Frame, scene: int) -> Reparameterized:
    """Return the distribution of a node, given one draw of the others."""
    if node.name in model._laws:
        fixed: Reparameterized = model._laws[node.name]
        return fixed
    values = {
        name: np.broadcast_to(frame.values[name], (len(frame.at),))[scene]
        for name in node.arguments
    }
    law: Reparameterized = node.placed.made([values[name] for name in node.arguments])
    return law


class _Given:
    """Draws of given values, as a graph sees them."""

    def __init__(self, law: Reparameterized, value: Array) -> None:
        self._law = self.distribution = law
        self.value = value

    def _pulled_back(self, upstream: Array) -> tuple[Array, ...]:
        # far out 0 · ∞: the slope underflows and ∂y/∂θ overflows
        entries = self._law.pathwise(self.value).values()
        return tuple(_product(upstream, entry) for entry in entries)


def _product(upstream: Array, entry: Array) -> Array:
    """Return upstream · entry, 0 where upstream is; an entry may have one more axis."""
    whole = np.broadcast_to(upstream, entry.shape[: entry.ndim - (entry.ndim > upstream.ndim)])
    whole = whole[..., np.newaxis] if entry.ndim > whole.ndim else whole
    return np.where(whole == 0.0, 0.0, whole * entry)


@dataclass(frozen=True)
class _Line:
    """Values of one node, the noise of the others held.

    Attributes
    ----------
    model
        The graph at one element.
    node
        What varies.
    law
        Its distribution, of the parameters that other draws give it.
    held
        The noise of each draw; the value of what is differentiated by its score.
    wanted
        The names to differentiate in.
    """

    model: Evaluator
    node: Sampled
    law: Reparameterized
    held: Mapping[str, float]
    wanted: tuple[str, ...]

    def infinite(self, power: float = 2.0) -> Iterator[str]:
        """Yield of what the power has an infinite mean: ``loss``, or the derivative in a name."""
        for y, log_mass in tail_points(self.law):
            if not y.size:
                continue
            for name, term in zip(
                (LOSS, *self.wanted), self._evaluated(y, self.wanted), strict=True
            ):
                if grows(np.log(np.abs(term)), power, log_mass):
                    yield name

    def breaks(self) -> list[Break]:
        """Return where J jumps or has a pole, as far as there is mass."""
        x = 0.5 * np.pi * np.sinh(np.linspace(-_REACH, _REACH, _POINTS))
        y, log_slope = Line(self.law)(x)
        low, high = self.law.support
        far = self.law.log_prob(y) + log_slope > _FAR
        y = self._resolved(np.unique(y[far & (y > low) & (y < high)]))
        return breaks(self._value_and_slope, y) if y.size > 1 else []

    def _resolved(self, y: Array) -> Array:
        """Return those of increasing points up to which J changes little between numbers.

        Farther out an oscillating J has other values at neighbouring numbers, as where it jumps.
        """
        value, slope = self._value_and_slope(y)
        size = np.abs(value)
        size = np.fmax(size, np.fmax(np.append(size[1:], 0.0), np.append(0.0, size[:-1])))
        lost = np.flatnonzero(np.abs(slope) * np.spacing(np.abs(y)) > _UNRESOLVED * size)
        middle = np.searchsorted(y, float(self.law.icdf(0.5)))
        first = lost[lost < middle].max(initial=-1) + 1
        last = lost[lost >= middle].min(initial=y.size)
        return np.asarray(y[first:last])

    def infinite_at(self, pole: Break) -> set[str]:
        """Return what grows so fast towards a pole that its square has no integral."""
        each = [self._evaluated(pole.sides(by), self.wanted) for by in _TOWARDS]
        return {
            name
            for name, terms in zip((LOSS, *self.wanted), zip(*each, strict=True), strict=True)
            if np.any(_grow_towards(np.log(np.abs(np.stack(terms)))))
        }

    def moved_by(self, jump: Break) -> set[str]:
        """Return the names that move a jump, if the noise stays what it is."""
        y = jump.sides()
        return {name for name in self.wanted if self._moves(name, jump, y)}

    def _moves(self, name: str, jump: Break, y: Array) -> bool:
        if name not in self.model.inputs:
            return self.node.name in self.model._active([name])
        value = float(self.model.inputs[name])
        steps = [_STEP * abs(value) or _STEP]
        slope = self._path(name, y)
        steps.append(_SHARE * jump.width / max(slope, 1.0 if slope == 0.0 else 0.0))
        return any(self._moves_at(name, value, step, jump, y) for step in steps)

    def _path(self, name: str, y: Array) -> float:
        """Return |∂y/∂name| at a jump."""
        frame = self._frame(self.model, y, self.law, self.model._active([name]))
        (found,) = self.model._backward(frame, {self.node.name: ONE}, [name], scores=False)
        return float(np.abs(found).max())

    def _moves_at(self, name: str, value: float, step: float, jump: Break, y: Array) -> bool:
        """Whether J no longer jumps between two values if an input is another."""
        for moved in (value + step, value - step):
            try:
                other = self.model._at({**self.model.inputs, name: np.array(moved)})
                frame = self._frame(other, y, None, frozenset())
            except ReparamError:
                continue  # out of its domain
            return not jump.stays(other._whole(frame, LOSS))
        return False

    def _value_and_slope(self, y: Array) -> tuple[Array, Array]:
        value, slope = self._evaluated(y, (self.node.name,))
        return value, slope

    def _evaluated(self, y: Array, wanted: tuple[str, ...]) -> list[Array]:
        """Return J and its derivatives in names: NaN where a parameter leaves its domain."""
        active = self.model._active(wanted)
        try:
            frame = self._frame(self.model, y, self.law, active)
        except ReparamError:
            if len(y) <= _TOGETHER:
                return [np.full(len(y), np.nan)] * (1 + len(wanted))
            pieces = [self._evaluated(piece, wanted) for piece in np.array_split(y, 4)]
            return [np.concatenate(rows) for rows in zip(*pieces, strict=True)]
        gradient = self.model._backward(frame, {LOSS: ONE}, wanted, scores=False)
        return [self.model._whole(frame, LOSS), *gradient]

    def _frame(
        self, model: Evaluator, y: Array, law: Reparameterized | None, active: frozenset[str]
    ) -> Frame:
        """Return draws with given values of the node; without its law, moved as that moves."""

        def source(node: Sampled, new: Any, at: range) -> Any:
            if node.name != self.node.name:
                held = np.full(len(at), self.held[node.name])
                return Integers(new, held, None) if node.is_scored else replayed(node, new, held)
            if law is not None:
                return _Given(law, y)
            moved = y
            for name, entry in self.law.pathwise(y).items():
                change = entry * (new[name] - self.law[name])
                moved = moved + (change.sum(-1) if np.ndim(change) > 1 else change)
            return _Given(new, moved)

        return model._forward(range(len(y)), source, active)


def _grow_towards(logs: Array) -> Array:
    """Return of which columns terms grow like a pole whose square has no integral.

    The rows are logarithms of absolute terms, at increasing distances. Where a term is 0 there is
    no pole.
    """
    growth = np.log(np.divide(_TOWARDS[1:], _TOWARDS[:-1]))[:, np.newaxis]
    steep = logs[:-1] - logs[1:] >= _SQUARE * growth
    return np.asarray(np.all(steep & np.isfinite(logs[1:]), axis=0))
