"""Laws: the distribution that a target's draws should have, to compare them with.

A registered distribution is one as it stands. Of anything else a cdf or a log density is enough:
``reparam.verification.laws.numerical`` makes the rest follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from reparam._typing import Array, ArrayLike

__all__ = ["Formula", "Law", "Link", "Linked", "paths_of"]

#: A function of values (or probabilities) and of parameters by name.
Formula = Callable[..., Any]


class Law(Protocol):
    """What witnesses ask of a law with scalar parameters."""

    @property
    def support(self) -> tuple[Array, Array]:
        """The ends of the interval that values lie in."""

    def log_prob(self, value: ArrayLike, /) -> Array:
        """Return the log density."""

    def cdf(self, value: ArrayLike, /) -> Array:
        """Return P(Y ≤ y)."""

    def sf(self, value: ArrayLike, /) -> Array:
        """Return P(Y > y)."""

    def score(self, value: ArrayLike, /) -> Mapping[str, Array]:
        """Return ∂ log p/∂θ."""

    def pathwise(self, value: ArrayLike, /) -> Mapping[str, Array]:
        """Return −F_θ/p."""


@runtime_checkable
class Uncertain(Protocol):
    """A law whose derivatives are numerical."""

    def paths(self, value: ArrayLike, /) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
        """Return −F_θ/p, and its errors."""


def paths_of(law: Law, value: ArrayLike) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
    """Return −F_θ/p, and its errors: 0 of laws that have formulas."""
    if isinstance(law, Uncertain):
        return law.paths(value)
    found = law.pathwise(value)
    return found, {name: np.zeros(np.shape(path)) for name, path in found.items()}


@dataclass(frozen=True)
class Link:
    """How one of our parameters follows from some of theirs: by value, and a slope in each.

    >>> scale = Link(("low", "high"), lambda a, b: b - a, lambda a, b: (-1.0, 1.0))
    >>> scale.value(1.0, 3.0), scale.slopes(1.0, 3.0)
    (2.0, (-1.0, 1.0))
    """

    theirs: tuple[str, ...]
    value: Callable[..., float] = lambda x: x
    slopes: Callable[..., tuple[float, ...]] = lambda x: (1.0,)


class Linked:
    """A built-in distribution in a library's parameters `theta`.

    Each of its own parameters, which `law` takes, follows from theirs by a link, or is a constant.
    """

    def __init__(
        self,
        law: Callable[..., Law],
        links: Mapping[str, Link | float],
        theta: Mapping[str, float],
    ) -> None:
        self._links = {ours: link for ours, link in links.items() if isinstance(link, Link)}
        self._theta = theta
        constants = {ours: link for ours, link in links.items() if not isinstance(link, Link)}
        values = {ours: link.value(*self._given(link)) for ours, link in self._links.items()}
        self._law = law(**constants, **values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._law, name)  # all that is not by parameter

    def score(self, value: ArrayLike, /) -> dict[str, Array]:
        """Return ∂ log p/∂θ in their parameters, by the chain rule."""
        return self._chained(self._law.score(value))

    def pathwise(self, value: ArrayLike, /) -> dict[str, Array]:
        """Return −F_θ/p in their parameters, by the chain rule."""
        return self._chained(self._law.pathwise(value))

    def _given(self, link: Link) -> list[float]:
        return [self._theta[name] for name in link.theirs]

    def _chained(self, ours: Mapping[str, Array]) -> dict[str, Array]:
        theirs: dict[str, Array] = {}
        for name, link in self._links.items():
            for their, slope in zip(link.theirs, link.slopes(*self._given(link)), strict=True):
                term = ours[name] * slope
                theirs[their] = theirs[their] + term if their in theirs else term
        return theirs
