"""A scalar distribution seen from an endpoint of its support, in the distance from there.

Next to an endpoint that is not 0 a number x has few digits of its distance from it, and a map may
keep the distance alone: 1 − x next to x = 1, or ln x. What is known of the distribution of the
distance c = s (x − e), with s = ±1, has them all: 1 − x of a beta variate is one with its shapes
swapped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from reparam.base.distribution import Distribution
from reparam.base.tree import flat
from reparam.parameters import Parameters

D = TypeVar("D", bound=Distribution)

__all__ = ["Link", "Seen", "joined", "kept", "seen_by_declaration"]


class Link(NamedTuple):
    """A parameter made of others: a constant, and multiples of some of them."""

    #: The constant.
    offset: float
    #: Multiples, by number of the parameter.
    shares: Mapping[int, float]

    def of(self, leaves: Sequence[Any]) -> Any:
        """Return its value."""
        terms = [leaves[i] if share == 1.0 else share * leaves[i] for i, share in self]
        if self.offset or not terms:
            terms = [np.float64(self.offset), *terms]
        return sum(terms[1:], start=terms[0])

    def __iter__(self) -> Any:
        return iter(self.shares.items())


class Seen(NamedTuple, Generic[D]):
    """The same values in another way: a distribution, and its parameters made of others."""

    law: D
    #: One per parameter of it.
    links: tuple[Link, ...]

    def theta(self, theta: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return its parameters, nested, from those of the distribution that is seen."""
        leaves = [*flat(theta)]
        return self.law._nested([link.of(leaves) for link in self.links])

    def chained(self, entries: Iterable[Any], whose: Parameters) -> tuple[Any, ...]:
        """Return derivatives in the parameters of what is seen, from those in its own."""
        pairs = zip(self.links, self.law.parameters.values(), strict=True)
        links = [link for link, parameter in pairs if parameter.differentiable]
        found: dict[int, Any] = {}
        for link, entry in zip(links, flat(entries), strict=True):
            for i, share in link:
                found[i] = share * entry + found.get(i, 0.0)
        own = enumerate(whose.values())
        return tuple(found.get(i, 0.0) for i, parameter in own if parameter.differentiable)


def kept(count: int) -> tuple[Link, ...]:
    """Return links to this many parameters, as they are."""
    return tuple(Link(0.0, {i: 1.0}) for i in range(count))


def joined(*parts: tuple[Iterable[Link], int]) -> tuple[Link, ...]:
    """Return the links of parts, one after another, each of which has this many parameters."""
    found: list[Link] = []
    first = 0
    for links, count in parts:
        found += [
            Link(link.offset, {first + i: share for i, share in link.shares.items()})
            for link in links
        ]
        first += count
    return tuple(found)


def seen_by_declaration(
    whose: D, mirrored: tuple[str, ...], end: float, sign: float
) -> Seen[D] | None:
    """Return a distribution without parts in the distance from an endpoint, if it declares that."""
    names = [*whose.parameters]
    places = {name for name in names if f"@{name}" in mirrored}
    if not places and (sign, end) != (-1.0, whose._support.high):
        return None
    if sign > 0.0:  # places move, and nothing else
        mirrored = tuple(f"@{name}" if name in places else name for name in names)
    if not mirrored:
        return None

    def link(word: str) -> Link:
        number = names.index(word.lstrip("@-"))
        if word.startswith("@"):
            return Link(-sign * end, {number: sign})
        return Link(0.0, {number: -1.0 if word.startswith("-") else 1.0})

    links = tuple(map(link, mirrored))
    values = (link.of(whose._theta) for link in links)
    return Seen(type(whose)(**dict(zip(names, values, strict=True))), links)
