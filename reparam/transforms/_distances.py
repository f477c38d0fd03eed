"""Values next to an endpoint of the base's support, by their distance from it.

1 − x has more digits than x next to x = 1, and so has ln x. There a map of x is another map of the
distance c = s (x − e) from that end e, which the base has a distribution of: formulas that are
wrapped here take that one, where it is nearer to the end than x is to 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.reparameterized import Reparameterized
from reparam.base.seen import Seen, joined
from reparam.base.tree import flat
from reparam.engine.noise import UNIFORM
from reparam.parameters import Parameters
from reparam.transforms.maps import Map
from reparam.transforms.maps._map import Steps

__all__ = ["Twin", "by_distance", "chained", "from_the_nearer_end", "replaced", "twins"]

#: What makes a distribution of T(x) from that of x and T.
Transform = Callable[[Reparameterized, Map], Reparameterized]


class Whole(Protocol):
    """A distribution of T(x), as far as it is looked at here."""

    @property
    def base(self) -> Reparameterized:
        """The distribution of x."""

    @property
    def map(self) -> Map:
        """T."""

    @property
    def parameters(self) -> Parameters:
        """The parameters of both."""

    @property
    def _twins(self) -> list[Twin]:
        """The same by distances from the base's endpoints."""

    def _x(self, y: Array, *theta: Any) -> Array: ...


class Twin(NamedTuple):
    """A distribution of T(x), by the distance of x from an endpoint of its support."""

    end: float
    #: 1 if it is the lower endpoint, −1 if the upper.
    sign: float
    #: The same distribution.
    seen: Seen[Reparameterized]
    #: How many maps of the distance it is.
    steps: int

    def formula(self, name: str, at: Array, theta: tuple[Any, ...], **options: Any) -> Any:
        """Return what a formula is at some values, or probabilities."""
        return getattr(self.seen.law, name)(at, *self.seen.theta(theta), **options)

    def drawn(self, whole: Reparameterized, noise: Array, theta: tuple[Any, ...]) -> Array:
        """Return the value that noise makes, of draws that are a map of it."""
        if whole.noise is UNIFORM:
            return np.asarray(self.formula("_icdf" if whole._rises else "_isf", noise, theta))
        same = self.seen.law._rises == whole._rises
        return np.asarray(self.formula("_transform", noise if same else -noise, theta)[0])

    def value(self, distance: Array, theta: tuple[Any, ...]) -> Array:
        """Return T(x) for x at a distance."""
        law: Any = self.seen.law
        own, maps = self.seen.theta(theta), []
        for _ in range(self.steps):
            maps.append((law._proved, own[1]))
            law, own = law.base, own[0]
        for step, phi in reversed(maps):
            distance = step._value(distance, *phi)
        return distance


def chained(
    transformed: Transform,
    inner: Seen[Reparameterized],
    count: int,
    steps: Steps,
    own: int,
) -> Seen[Reparameterized]:
    """Return maps, one after another, of what is seen.

    Parameters
    ----------
    transformed
        The class of distributions that are made of a map and a base.
    inner
        The distribution that is mapped.
    count
        How many parameters what is seen in it has.
    steps
        The maps.
    own
        How many parameters the map has that they stand for.
    """
    law = inner.law
    for step, _ in steps:
        law = transformed(law, step)
    links = [link for _, of_step in steps for link in of_step]
    return Seen(law, joined((inner.links, count), (links, own)))


def twins(base: Reparameterized, own_map: Map, transformed: Transform) -> list[Twin]:
    """Return the distribution of T(x), by distances of x from the ends of its support."""
    found = []
    for ends, sign in zip(base.support, (1.0, -1.0), strict=True):
        end = float(np.ravel(ends)[0]) if np.size(ends) else 0.0
        if end == 0.0 or not np.all(ends == end) or not np.isfinite(end):
            continue
        steps = own_map._from_distance(end, sign)
        inner = base._seen_from(end, sign) if steps else None
        if inner is not None:
            count, own = len(base.parameters), len(own_map.parameters)
            seen = chained(transformed, inner, count, steps, own)
            found.append(Twin(end, sign, seen, len(steps)))
    return found


def _nearer(
    distribution: Whole, x: Array, phi: tuple[Any, ...]
) -> Iterator[tuple[NDArray[np.bool_], Twin]]:
    """Yield where x is nearest to an endpoint, not to 0, and the map keeps the distance."""
    distances = [np.abs(x - twin.end) for twin in distribution._twins]
    for i, twin in enumerate(distribution._twins):
        kept = distribution.map._keeps_distance(twin.end, *phi)
        least = np.minimum.reduce([np.abs(x), *distances[:i]])
        others = np.minimum.reduce([np.full_like(least, np.inf), *distances[i + 1 :]])
        near = (distances[i] < least) & (distances[i] <= others) & kept
        if np.any(near):
            yield near, twin


def replaced(
    distribution: Whole,
    x: Array,
    phi: tuple[Any, ...],
    found: Array,
    there: Callable[[Twin], Array],
    *,
    upper: bool = False,
) -> Array:
    """Return what was found, and next to an endpoint the distribution by the distance from it.

    With `upper` next to 1 alone, as an upper endpoint.
    """
    for near, twin in _nearer(distribution, x, phi):
        if not upper or (twin.end, twin.sign) == (1.0, -1.0):
            found = np.where(near, there(twin), found)
    return found


def by_distance(
    distribution: Whole, name: str, x: Array, y: Array, theta: tuple[Any, ...], found: Any
) -> Any:
    """Return the results of a formula of y, by the distance next to an endpoint."""
    for near, twin in _nearer(distribution, x, theta[1]):
        inside = np.where(near, y, np.broadcast_to(y, near.shape)[near][0])
        there = twin.formula(name, inside, theta)
        if isinstance(found, tuple):
            entries = zip(
                flat(found), twin.seen.chained(there, distribution.parameters), strict=True
            )
            found = tuple(_chosen(near, other, entry) for entry, other in entries)
        else:
            found = np.where(near, there, found)
    return found


def from_the_nearer_end(method: Callable[..., Any]) -> Callable[..., Any]:
    """Take a formula of y and θ from the distribution of the distance, next to an endpoint."""
    name = method.__name__

    @wraps(method)
    def whole(self: Whole, y: Array, *theta: Any) -> Any:
        found = method(self, y, *theta)
        return (
            by_distance(self, name, self._x(y, *theta), y, theta, found) if self._twins else found
        )

    return whole


def _chosen(near: NDArray[np.bool_], there: Any, here: Any) -> Array:
    """Return derivatives of there or here: those in a vector have one more axis."""
    if max(np.ndim(there), np.ndim(here)) > np.ndim(near):
        near = near[..., np.newaxis]
    return np.asarray(np.where(near, there, here))
