"""The terms of a loss, and which draws each depends on.

A draw that is differentiated by its score is multiplied by a *cost*: those terms of the loss that
depend on it, summed over the elements that do. All else has expectation 0 in that product, and
would add variance only (Schulman et al. 2015, "Gradient estimation using stochastic computation
graphs").
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reparam.expressions import Expression
from reparam.graphs._layout import Layout
from reparam.graphs._nodes import Formula, Node, Sum

__all__ = ["LOSS", "Term", "before", "in_terms", "terms"]

#: The name of the node that is the objective.
LOSS = "loss"


@dataclass(frozen=True)
class Term:
    """A term of the loss.

    Attributes
    ----------
    node
        What its value is.
    sign
        1 or −1.
    whole
        The node whose shape it is broadcast to: the loss, or what is summed.
    repeated
        The nodes whose numbers of elements it counts times: what a sum is broadcast to.
    before
        The nodes that it depends on, and itself.
    mixed
        Those of them of which its elements depend on several elements, such as through a sum.
    """

    node: str
    sign: float
    whole: str
    repeated: tuple[str, ...]
    before: frozenset[str]
    mixed: frozenset[str]


def in_terms(nodes: Sequence[Node]) -> list[Node]:
    """Return nodes with those that the loss adds up written as sums of terms, nodes themselves."""
    known = {node.name: node for node in nodes}
    parts: dict[str, list[Node]] = {}
    waiting = [LOSS]
    while waiting:
        node = known.get(waiting.pop())
        if isinstance(node, Sum):
            waiting.append(node.argument)
        elif isinstance(node, Formula) and node.name not in parts:
            parts[node.name] = split = _split(node)
            waiting += split[-1].arguments
    return [part for node in nodes for part in parts.get(node.name, [node])]


def _split(node: Formula) -> list[Node]:
    """Return the terms of a formula that are no nodes yet, and the formula as their sum."""
    text = node.expression.text.strip()
    standing = dict(zip(node.expression.names, node.arguments, strict=True))
    found: list[tuple[float, ast.expr]] = []
    waiting: list[tuple[float, ast.expr]] = [(1.0, ast.parse(text, mode="eval").body)]
    while waiting:
        sign, tree = waiting.pop()
        match tree:
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
                second = sign if isinstance(op, ast.Add) else -sign
                waiting += [(second, right), (sign, left)]
            case ast.UnaryOp(op=ast.UAdd() | ast.USub() as op, operand=operand):
                waiting.append((sign if isinstance(op, ast.UAdd) else -sign, operand))
            case _:
                found.append((sign, tree))
    nodes: list[Node] = []
    names: list[str] = []
    for number, (_, tree) in enumerate(found):
        expression = Expression(ast.get_source_segment(text, tree) or text)
        name = f"{node.name}.term {number}"
        term = Formula(name, expression, tuple(standing[key] for key in expression.names))
        if term.is_copy:
            name = term.arguments[0]
        else:
            nodes.append(term)
        names.append(name)
    stands = [f"t{number}" for number in range(len(names))]
    signs = tuple(sign for sign, _ in found)
    total = "".join(f" {'-+'[sign > 0.0]} {name}" for sign, name in zip(signs, stands, strict=True))
    whole = Expression(total.removeprefix(" + ").strip())
    return [*nodes, replace(node, expression=whole, arguments=tuple(names), signs=signs)]


def before(nodes: Sequence[Node]) -> dict[str, frozenset[str]]:
    """Return, for each node, the nodes and inputs that its value depends on, and itself."""
    found: dict[str, frozenset[str]] = {}
    for node in nodes:
        each = [found.get(name, frozenset([name])) for name in node.arguments]
        found[node.name] = frozenset([node.name]).union(*each)
    return found


def terms(nodes: Sequence[Node], layout: Layout) -> list[Term]:
    """Return the terms of the loss."""
    known, depends = {node.name: node for node in nodes}, before(nodes)
    if LOSS not in known:
        return []
    mixed = {
        node.name: frozenset[str]().union(
            *(depends.get(name, frozenset([name])) for name in node.mixed(layout))
        )
        for node in nodes
    }

    def term(name: str, sign: float, whole: str, repeated: tuple[str, ...]) -> Term:
        own = depends.get(name, frozenset([name]))  # the term may be an input
        behind = frozenset[str]().union(*(mixed[other] for other in own & known.keys()))
        return Term(name, sign, whole, repeated, own, behind)

    return [term(*added) for added in _added(LOSS, known)]


def _added(
    name: str, known: Mapping[str, Node]
) -> Iterator[tuple[str, float, str, tuple[str, ...]]]:
    """Yield what the loss adds up: each node, its sign, and where it is broadcast to."""
    waiting: list[tuple[str, float, str, tuple[str, ...]]] = [(name, 1.0, name, ())]
    while waiting:
        name, sign, whole, repeated = waiting.pop()
        node = known.get(name)
        if isinstance(node, Formula) and node.signs:
            pairs = zip(node.signs, node.arguments, strict=True)
            waiting += [(argument, sign * own, whole, repeated) for own, argument in pairs]
        elif isinstance(node, Sum):
            waiting.append((node.argument, sign, node.argument, (*repeated, whole)))
        else:
            yield name, sign, whole, repeated
