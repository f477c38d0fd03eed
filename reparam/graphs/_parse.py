"""From text to nodes: lines ``name = formula`` and ``name ~ distribution(parameter=formula, …)``.

Nothing is executed: what stands to the right is read by :class:`~reparam.Expression`, but for the
name of a distribution and of its parameters, which are looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.errors import ExpressionError, GraphError, ReparamError
from reparam.expressions import Expression
from reparam.graphs._laws import Law, Leaf, read, shown

__all__ = ["LOSS", "Formula", "Node", "Sampled", "Structure", "locating", "parse"]

#: The name of the node that is the objective.
LOSS = "loss"

#: What is more is refused before it is read.
MAX_LENGTH, MAX_NODES = 100_000, 1_000

_LINE = re.compile(r"([^\W\d]\w*)\s*(=(?!=)|~)(.*)")


@dataclass(frozen=True)
class Formula:
    """A node that is computed: ``name = expression``.

    A parameter of a draw is such a node, too, called ``draw.parameter``.
    """

    name: str
    expression: Expression

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names that it is computed from."""
        return self.expression.names

    @property
    def is_copy(self) -> bool:
        """Whether it is another node, or an input, by another name."""
        return self.arguments == (self.expression.text.strip(),)


@dataclass(frozen=True)
class Sampled:
    """A node that is drawn: ``name ~ distribution(…)``.

    Attributes
    ----------
    law
        What it is drawn from.
    """

    name: str
    law: Law

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """The numbers that this is made of, in order."""
        return tuple(leaf for leaf, _ in self.law.leaves())

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """The nodes that are its parameters, in order."""
        return tuple(f"{self.name}.{leaf}" for leaf in self.leaves)

    def by_argument(
        self, products: Iterable[Array], law: Distribution
    ) -> Iterator[tuple[str, Array]]:
        """Yield the arguments that draws have derivatives in, from what is known by parameter."""
        known = dict(zip(law.parameters.differentiable, products, strict=True))
        for argument, leaf in zip(self.arguments, self.leaves, strict=True):
            if leaf.path in known:
                product = known[leaf.path]
                yield argument, product if leaf.entry is None else product[..., leaf.entry]


Node: TypeAlias = Formula | Sampled


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
    def draws(self) -> tuple[str, ...]:
        """The names of the nodes that are drawn."""
        return tuple(node.name for node in self.nodes if isinstance(node, Sampled))


@contextmanager
def locating(where: str) -> Iterator[None]:
    """Say, in the message of an error, where it is."""
    try:
        yield
    except ReparamError as error:
        raise type(error)(f"{where}: {error}") from None


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
        If a line is no node, or names don't fit together.
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
    nodes: list[Node] = []
    known: dict[str, int] = {}  # the line of each name
    for number, line in lines:
        with locating(f"line {number}"):
            read = _nodes(line, own)
            name = read[-1].name
            if name in known:
                raise GraphError(
                    f"{name} is a node already, in line {known[name]}; use another name"
                )
            known[name] = number
            nodes += read
            if len(nodes) > MAX_NODES:
                raise GraphError(
                    f"there are more than {MAX_NODES} nodes and parameters; simplify the graph"
                )
    _check_order(nodes, known)
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


def _nodes(line: str, own: Mapping[str, type[Distribution] | Law]) -> list[Node]:
    """Return the node that a line defines, preceded by its parameters if it is a draw."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise GraphError(
            f"{shown(line)} is no node; write name = formula, or name ~ distribution(…)"
        )
    name, sign, rest = _name(match[1]), match[2], match[3].strip()
    return [Formula(name, Expression(rest))] if sign == "=" else _sampled(name, rest, own)


def _name(text: str) -> str:
    """Return a node's name as formulas have it."""
    try:
        names = Expression(text).names
    except ExpressionError:
        names = ()
    if not names:
        raise GraphError(
            f"{text!r} can't name a node: it is a function, a constant or a word of Python's;"
            " use another name"
        )
    return names[0]


def _sampled(name: str, text: str, own: Mapping[str, type[Distribution] | Law]) -> list[Node]:
    law = read(text, own)
    parameters = []
    for leaf, formula in law.leaves():
        with locating(str(leaf)):
            parameters.append(Formula(f"{name}.{leaf}", Expression(formula)))
    return [*parameters, Sampled(name, law)]
