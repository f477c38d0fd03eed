"""From lines to nodes: formulas with densities in them, draws, and what is observed.

Text is never executed. What formulas have beside arithmetic, ``log_prob``, ``entropy``, ``kl``,
``sum``, ``dot`` and entries, ``w[0]``, is found by its brackets and becomes a node of its own, for
which the formula has a name.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from reparam import registry
from reparam.base.distribution import Distribution
from reparam.errors import ExpressionError, GraphError, ReparamError, did_you_mean
from reparam.expressions import Expression
from reparam.expressions._functions import CONSTANTS, FUNCTIONS
from reparam.expressions._scan import MAX_LENGTH, normalized, problem
from reparam.graphs._arrays import Blend, Chosen, Dot, Item, Sum
from reparam.graphs._laws import Law, read, shown, split
from reparam.graphs._nodes import (
    PATHWISE,
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
from reparam.graphs._relaxing import check_relaxable, is_hard, relaxed

__all__ = ["Reader", "locating"]

_LINE = re.compile(r"([^\W\d]\w*)\s*(=(?!=)|~)(.*)")
_CALL = re.compile(r"(?<![\w.])(?:(log_prob|entropy|kl|sum|dot)\s*\(|([^\W\d]\w*)\s*\[)")
_STOPPED = re.compile(r"\s*stop_gradient\s*\((.*)\)\s*", re.DOTALL)
_NAME = re.compile(r"\s*([^\W\d]\w*)\s*")
_NO_FUNCTION = re.compile(r"there is no function '(\w+)'")

#: A part of an index that is a number, or a slice.
_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,9}\s*", re.ASCII)
_SLICE = re.compile(r"\s*([+-]?[0-9]{1,9})?\s*:\s*([+-]?[0-9]{1,9})?\s*", re.ASCII)

#: What may follow a distribution, in parentheses: ``bernoulli(0.5) relaxed(0.1)``.
_MODIFIED = re.compile(r"(.*\))\s*([^\W\d][\w-]*)\s*\((.*)\)\s*", re.DOTALL)
_MODIFIERS = ("relaxed", STRAIGHT_THROUGH, "observed")

#: How calls are written, and how many arguments they take.
_USAGE = {
    "log_prob": ("log_prob(node) or log_prob(distribution, y)", (1, 2)),
    "entropy": ("entropy(node) or entropy(gaussian(0, 1))", (1,)),
    "kl": ("kl(p, q), nodes or distributions", (2,)),
    "sum": ("sum(formula)", (1,)),
    "dot": ("dot(x, y), formulas whose last axes are equally long", (2,)),
}

#: How deep calls may nest.
_MOST_DEEP = 20


@contextmanager
def locating(where: str) -> Iterator[None]:
    """Add its place to the message of an error."""
    try:
        yield
    except ReparamError as error:
        raise type(error)(f"{where}: {error}") from None


@contextmanager
def _at(text: str, position: int) -> Iterator[None]:
    """Add its column in a text to the message of an error."""
    try:
        yield
    except ReparamError as error:
        raise type(error)(str(problem(text, position, str(error)))) from None


class Reader:
    """Reads lines, and keeps the nodes that they define."""

    def __init__(self, own: Mapping[str, type[Distribution] | Law]) -> None:
        self.nodes: list[Node] = []
        self._own = own
        self._laws: dict[str, Placed] = {}  # of what is drawn or observed
        self._soft: dict[str, str] = {}  # the relaxed indicators of what stands for numbers
        self._owner, self._depth = "", 0

    def line(self, text: str) -> str:
        """Read a line, and return the name of its node."""
        match = _LINE.fullmatch(text)
        if match is None:
            raise GraphError(
                f"{shown(text)} is not a node; write name = formula, or name ~ distribution(…)"
            )
        name = self._owner = _checked(match[1])
        if match[2] == "=":
            self._formula(name, match[3].strip())
        else:
            self._drawn(name, match[3].strip())
        return name

    # Draws -----------------------------------------------------------------------------------

    def _drawn(self, name: str, text: str) -> None:
        match = _MODIFIED.fullmatch(text)
        if match is None:
            placed = self._placed(name, text)
            by = SCORE_LOO if Sampled(name, placed).is_discrete else PATHWISE
            self.nodes.append(Sampled(name, placed, by))
            self._laws[name] = placed
            return
        modifier = match[2].replace("_", "-")
        if modifier not in _MODIFIERS:
            what = (
                f"there is no {match[2]!r} of a draw{did_you_mean(modifier, _MODIFIERS)}"
                f" (there are {', '.join(_MODIFIERS)})"
            )
            raise problem(text, match.start(2), what)
        if modifier == "observed":
            self._laws[name] = self._placed(name, match[1])
            self._formula(name, text, match.start(3), match.end(3))
            return
        hard = self._placed(name, match[1])
        with _at(text, match.start(2)):
            check_relaxable(hard.law)
        self._formula(f"{name}.temperature", text, match.start(3), match.end(3))
        added, node = relaxed(name, hard, straight_through=modifier == STRAIGHT_THROUGH)
        self.nodes += [*added, node]
        if node.name != name:  # an indicator, which the number is made of
            self.nodes.append(Blend(name, node.name))
            self._soft[name] = node.name
        self._laws[name] = hard if modifier == STRAIGHT_THROUGH else node.placed

    def _placed(self, name: str, text: str) -> Placed:
        """Read a distribution, and its parameters as nodes."""
        law = read(text, self._own)
        arguments = []
        for leaf, formula in law.leaves():
            with locating(str(leaf)):
                self._formula(f"{name}.{leaf}", formula)
            arguments.append(f"{name}.{leaf}")
        return Placed(law, tuple(arguments))

    # Formulas --------------------------------------------------------------------------------

    def _formula(self, name: str, text: str, start: int = 0, stop: int | None = None) -> None:
        """Read a formula between two columns of a text, and what is called in it."""
        stop = len(text) if stop is None else stop
        if start and not text[start:stop].strip():
            raise problem(text, start, "there is no formula here; write one")
        masked, stands = text[start:stop], dict[str, tuple[str, str]]()
        position = 0
        while len(masked) <= MAX_LENGTH and (match := _CALL.search(masked, position)):
            first, opening = start + match.start(), start + match.end() - 1
            end = _closing(text, opening, stop) + 1
            self._depth += 1
            if self._depth > _MOST_DEEP:
                raise problem(text, first, f"calls nest more than {_MOST_DEEP} deep; simplify it")
            if match[1]:
                called = self._called(match[1], text, first, opening, end)
            else:
                called = self._entry(normalized(match[2]), text, first, opening, end)
            self._depth -= 1
            number = len(stands)
            while (stand := str(number).rjust(end - first, "_")) in text:
                number += 1
            if not stand.startswith("_"):
                raise problem(text, first, "the formula has too many entries; use several lines")
            stands[stand] = called, text[first:end]
            position = end - start
            masked = masked[: match.start()] + stand + masked[position:]
        try:
            expression = Expression(masked)
        except ExpressionError as error:
            if error._place is None:
                raise
            where, what = error._place
            if (match := _NO_FUNCTION.match(what)) and _is_law(law := match[1]):
                what = (
                    f"{law} is a distribution, not a function; write a line y ~ {law}(…), or"
                    f" log_prob({law}(…), y)"
                )
            for stand, (_, call) in stands.items():
                what = what.replace(stand, call)
            raise problem(text, start + where, what) from None
        arguments = (stands[key][0] if key in stands else key for key in expression.names)
        self.nodes.append(Formula(name, expression, tuple(arguments)))

    def _called(self, kind: str, text: str, first: int, opening: int, end: int) -> str:
        """Return the node of a call, which is put there if it is new."""
        name = f"{self._owner}.{' '.join(text[first:end].split())}"
        if any(node.name == name for node in self.nodes):
            return name
        usage, counts = _USAGE[kind]
        spans = _spans(text, opening + 1, end - 1)
        if len(spans) not in counts:
            takes = " or ".join(map(str, counts))
            plural = "" if counts == (1,) else "s"
            what = f"{kind} takes {takes} argument{plural}, not {len(spans)}; write {usage}"
            raise problem(text, first, what)
        if kind in ("sum", "dot"):
            parts = [f"{name}.{k}" for k in range(len(spans))]
            for part, span in zip(parts, spans, strict=True):
                self._formula(part, text, *span)
            self.nodes.append(Sum(name, *parts) if kind == "sum" else Dot(name, (*parts,)))
            return name
        given = spans if kind == "kl" else spans[:1]
        laws = [self._distribution(f"{name}.{k}", text, *span) for k, span in enumerate(given)]
        if kind == "log_prob":
            if len(spans) > 1:
                of = f"{name}.y"
                self._formula(of, text, *spans[1])
            else:
                of = self._own_draw(text, *spans[0])
            self.nodes.append(Density(name, laws[0], of))
        elif kind == "entropy":
            if not laws[0].law.has_entropy:
                what = (
                    f"{laws[0].law.name} has no formula of the entropy; draw y from it, and write"
                    " -log_prob(y)"
                )
                raise problem(text, first, what)
            self.nodes.append(Entropy(name, laws[0]))
        else:
            self.nodes.append(Divergence(name, *laws))
        return name

    def _entry(self, base: str, text: str, first: int, opening: int, end: int) -> str:
        """Return the node of an entry, or of several, which is put there if it is new."""
        name = f"{self._owner}.{' '.join(text[first:end].split())}"
        if any(node.name == name for node in self.nodes):
            return name
        if base in FUNCTIONS or base in CONSTANTS or keyword.iskeyword(base):
            raise problem(text, first, f"{base} has no entries; write the name of a node")
        spans = _spans(text, opening + 1, end - 1)
        if not spans:
            raise problem(text, opening, "there is no index here; write one, such as [0]")
        parts = [text[start:stop] for start, stop in spans]
        if any(_INTEGER.fullmatch(part) or _SLICE.fullmatch(part) for part in parts):
            index = tuple(
                _index(part, text, start) for part, (start, _) in zip(parts, spans, strict=True)
            )
            self.nodes.append(Item(name, base, index))
            return name
        if len(parts) > 1:
            what = "several indices are numbers and slices; only one may be a formula, alone"
            raise problem(text, opening, what)
        if (of := _NAME.fullmatch(parts[0])) and normalized(of[1]) in self._soft:
            self.nodes.append(Blend(name, self._soft[normalized(of[1])], base))
            return name
        self._formula(f"{name}.index", text, *spans[0])
        self.nodes.append(Chosen(name, base, f"{name}.index"))
        return name

    def _distribution(self, name: str, text: str, start: int, stop: int) -> Placed:
        """Return what stands between two columns: a node's distribution, or one with formulas."""
        part = text[start:stop]
        if match := _STOPPED.fullmatch(part):
            inner = self._distribution(name, text, start + match.start(1), start + match.end(1))
            return replace(inner, stopped=True)
        column = start + len(part) - len(part.lstrip())
        if match := _NAME.fullmatch(part):
            node = normalized(match[1])
            if node not in self._laws:
                raise problem(
                    text,
                    column,
                    f"{node} is not drawn or observed{did_you_mean(node, self._laws)} (take an"
                    " earlier node with a ~, or a distribution such as gaussian(0, 1))",
                )
            return self._laws[node]
        with _at(text, column):
            return self._placed(name, part)

    def _own_draw(self, text: str, start: int, stop: int) -> str:
        """Return the node whose distribution stands between two columns."""
        part = text[start:stop]
        while match := _STOPPED.fullmatch(part):
            part = match[1]
        if match := _NAME.fullmatch(part):
            node = normalized(match[1])
            law = self._laws[node].law
            return self._soft[node] if node in self._soft and not is_hard(law) else node
        what = "this is a distribution, and the value is missing; write log_prob(distribution, y)"
        raise problem(text, start, what)


def _is_law(name: str) -> bool:
    """Return whether a distribution has a name."""
    try:
        registry.constructor(name)
    except ReparamError:
        return False
    return True


def _checked(text: str) -> str:
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


def _index(part: str, text: str, start: int) -> int | slice:
    """Return a part of an index: a number, or a slice."""
    if _INTEGER.fullmatch(part):
        return int(part)
    if match := _SLICE.fullmatch(part):
        return slice(*(None if end is None else int(end) for end in match.groups()))
    what = f"{shown(part.strip())} is not a number or a slice; write for example 0 or 1:3"
    raise problem(text, start, what)


def _closing(text: str, opening: int, stop: int) -> int:
    """Return where the bracket that opens somewhere is closed."""
    depth = 0
    for match in re.finditer(r"[()\[\]]", text[opening:stop]):
        depth += 1 if match.group() in "([" else -1
        if not depth:
            return opening + match.start()
    bracket, other = ("[", "]") if text[opening] == "[" else ("(", ")")
    raise problem(text, opening, f"this {bracket!r} is never closed; write a {other!r}")


def _spans(text: str, start: int, stop: int) -> list[tuple[int, int]]:
    """Return where arguments start and stop, between commas that no brackets enclose."""
    spans = []
    with _at(text, start):
        pieces = split(text[start:stop]) if text[start:stop].strip() else []
    for piece in pieces:
        spans.append((start, start + len(piece)))
        start += len(piece) + 1
    return spans
