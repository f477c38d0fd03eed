"""From text to the nodes of a graph, in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from reparam.base.distribution import Distribution
from reparam.errors import GraphError
from reparam.graphs._laws import Law
from reparam.graphs._nodes import Formula, Node, OfArrays, Placed, Sampled, Sum
from reparam.graphs._reader import Reader, locating
from reparam.graphs._terms import LOSS, in_terms

__all__ = ["LOSS", "Formula", "Node", "Sampled", "Structure", "Sum", "locating", "parse"]

#: What is more is refused before it is read.
MAX_LENGTH, MAX_NODES = 100_000, 1_000


@dataclass(frozen=True)
class Structure:
    """The nodes of a graph, in order."""

    nodes: tuple[Node, ...]

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The names that are not nodes, in the order of their first appearance."""
        known = {node.name for node in self.nodes}
        used = dict.fromkeys(name for node in self.nodes for name in node.arguments)
        return tuple(name for name in used if name not in known)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the nodes, except parameters of draws."""
        return tuple(node.name for node in self.nodes if "." not in node.name)

    @cached_property
    def drawn(self) -> dict[str, Sampled]:
        """The nodes that are drawn, by name."""
        return {node.name: node for node in self.nodes if isinstance(node, Sampled)}

    @cached_property
    def draws(self) -> tuple[str, ...]:
        """The names of the nodes that are drawn."""
        return tuple(self.drawn)

    @cached_property
    def scored(self) -> dict[str, Sampled]:
        """Those of the draws that are differentiated by their score, by name."""
        return {name: node for name, node in self.drawn.items() if node.is_scored}

    @cached_property
    def placed(self) -> tuple[Placed, ...]:
        """The distributions."""
        return tuple(
            each
            for node in self.nodes
            if not isinstance(node, Formula | OfArrays)
            for each in node.placements
        )

    @cached_property
    def has_sums(self) -> bool:
        """Whether something is summed over its elements."""
        return any(isinstance(node, Sum) for node in self.nodes)


def parse(text: str, classes: Iterable[type[Distribution] | Law] = ()) -> Structure:
    """Return the nodes of a graph.

    Parameters
    ----------
    text
        The lines.
    classes
        Distributions that are not registered, which the text calls by their names.

    Raises
    ------
    GraphError
        If a line is not a node, or names don't fit together.
    ExpressionError, UnknownDistributionError, UnknownParameterError, NotReparameterizable
        If that is what is wrong with a line.
    """
    if len(text) > MAX_LENGTH:
        raise GraphError(
            f"a graph of {len(text)} characters is longer than {MAX_LENGTH}; simplify it"
        )
    lines = [(k, line.partition("#")[0].strip()) for k, line in enumerate(text.split("\n"), 1)]
    lines = [(k, line) for k, line in lines if line]
    if not lines:
        raise GraphError("the graph has no node in it; write one, such as loss = (y - 1)**2")
    own: dict[str, type[Distribution] | Law] = {cls.name: cls for cls in classes}
    reader, known = Reader(own), dict[str, int]()  # and the line of each name
    for number, line in lines:
        with locating(f"line {number}"):
            name = reader.line(line)
            if name in known:
                raise GraphError(
                    f"{name} is a node already, in line {known[name]}; use another name"
                )
            known[name] = number
            if len(reader.nodes) > MAX_NODES:
                raise GraphError(
                    f"there are more than {MAX_NODES} nodes and parameters; simplify the graph"
                )
    nodes = reader.nodes
    _check_order(nodes, known)
    if any(isinstance(node, Sampled) and node.is_scored for node in nodes):
        nodes = in_terms(nodes)
    return Structure(tuple(nodes))


def _check_order(nodes: Sequence[Node], lines: dict[str, int]) -> None:
    """Check that nodes refer to inputs and earlier nodes only."""
    waiting = dict(lines)
    for node in nodes:
        owner = node.name.partition(".")[0]
        for name in node.arguments:
            if name in waiting:
                itself = "itself" if name == owner else f"{name}, which line {lines[name]} defines"
                raise GraphError(
                    f"line {lines[owner]}: {owner} refers to {itself}; a node refers to inputs and"
                    " to nodes of earlier lines only"
                )
        waiting.pop(node.name, None)
