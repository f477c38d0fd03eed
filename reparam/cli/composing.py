"""Completion inside the text of a distribution: ``truncated(gam``, ``truncated(gamma, lo``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reparam.errors import ReparamError, spelled
from reparam.parameters import Parameter

if TYPE_CHECKING:
    from reparam.base.tree import Child, Children

__all__ = ["completed"]

#: A law drawn by its quantile, as text writes it: no combinator, but it takes one law.
_BY_QUANTILE = "byquantile"

#: What a name, a number or an imported name is made of.
_WORD = re.compile(r"[\w.:-]*")


@dataclass
class _Call:
    """A call that is not complete yet: of what, and which argument is being written."""

    name: str
    number: int = 0
    keyword: str = ""
    in_list: bool = False


def completed(text: str, *, compositions: bool) -> Iterator[str]:
    """Yield what a distribution's text may go on with, the text included.

    Parameters
    ----------
    text
        What there is of it.
    compositions
        Whether combinators are offered where nothing shows that a composition is meant.
    """
    calls, head, begun = _read(text)
    if not calls:
        if head.strip():  # it is complete
            return
        yield from (head + name for name in _names(begun))
        if compositions:
            yield from (f"{head}{name}(" for name in _combinators(begun))
        return
    call = calls[-1]
    if spelled(call.name) == _BY_QUANTILE:
        yield from _laws(head, begun)
        return
    fields = _fields(call.name)
    if call.keyword:
        field = fields.get(call.keyword)
    else:
        field = next((f for n, f in enumerate(fields.values()) if n == call.number), None)
        for name, other in fields.items():
            if name.startswith(begun) and not call.in_list:
                yield f"{head}{name}="  # two of each: after one alone a shell ends the word
                yield f"{head}{name}={_example(other)}"
    if isinstance(field, Parameter):
        if call.keyword and field.initial_text.startswith(begun):
            yield head + field.initial_text
    elif field is not None:
        yield from _laws(head, begun, field)


def _read(text: str) -> tuple[list[_Call], str, str]:
    """Return the calls that are open, what is complete of the text, and what is not."""
    calls: list[_Call] = []
    word, place = "", 0
    while place < len(text):
        letter = text[place]
        match = _WORD.match(text, place)
        if match is not None and match[0]:
            word, place = match[0], match.end()
            continue
        if letter == "(":
            calls.append(_Call(word))
        elif letter == "[" and calls:  # several for one argument
            calls.append(replace(calls[-1], in_list=True))
        elif letter in ")]" and calls:
            calls.pop()
        elif letter == "," and calls and not calls[-1].in_list:
            calls[-1].number, calls[-1].keyword = calls[-1].number + 1, ""
        elif letter == "=" and calls:
            calls[-1].keyword = word
        if not letter.isspace():
            word = ""
        place += 1
    begun = word if text.endswith(word) else ""
    return calls, text[: len(text) - len(begun)], begun


def _fields(name: str) -> dict[str, Parameter | Child[Any] | Children[Any]]:
    """Return what a distribution takes, by name: nothing of one that isn't registered."""
    from reparam import registry

    if ":" in name:  # completing runs nobody's code
        return {}
    try:
        cls = registry.constructor(name)
        return {**cls._fields, **dict(cls._others())}
    except ReparamError:
        return {}


def _example(field: object) -> str:
    return field.initial_text if isinstance(field, Parameter) else "gaussian"


def _names(begun: str) -> Iterator[str]:
    from reparam import registry

    return (name for name in registry.names() if name.startswith(begun))


def _combinators(begun: str) -> Iterator[str]:
    from reparam import registry

    names = (*registry.COMBINATORS, _BY_QUANTILE)
    return (name for name in names if name.startswith(begun))


def _laws(head: str, begun: str, field: Child[Any] | Children[Any] | None = None) -> Iterator[str]:
    """Yield the laws that an argument may be, each with and without its parenthesis."""
    from reparam import registry
    from reparam.base.distribution import Distribution
    from reparam.base.reparameterized import Reparameterized

    kind: type = field.kind() if field is not None else Reparameterized
    if not issubclass(kind, Distribution):
        return
    for name in _names(begun):
        cls = registry.get(name)
        if issubclass(cls, kind) and not cls._support.rank:
            yield head + name
            yield f"{head}{name}("
    yield from (f"{head}{name}(" for name in _combinators(begun))
