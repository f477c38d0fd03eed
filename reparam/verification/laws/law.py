"""Laws: the distribution that a target's draws should have, to compare them with.

A registered distribution is one as it stands. Of anything else a cdf or a log density is enough:
``reparam.verification.laws.numerical`` makes the rest follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np

from reparam._typing import Array, ArrayLike

__all__ = ["Chained", "Formula", "Law", "paths_of"]

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


class Chained:
    """A law in other parameters: for each of its own, `slopes` has those in each of the others.

    >>> import reparam as rp
    >>> by_mean = Chained(rp.Exponential(0.5), {"rate": {"mean": -0.25}})
    >>> float(by_mean.cdf(0.0)), by_mean.pathwise(3.0)
    (0.0, {'mean': np.float64(1.5)})
    """

    def __init__(self, law: Any, slopes: Mapping[str, Mapping[str, Any]]) -> None:
        self._law, self._slopes = law, slopes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._law, name)  # all that is not by parameter

    def score(self, value: ArrayLike, /) -> dict[str, Array]:
        """Return ∂ log p/∂θ."""
        return self._pull(self._law.score(value))

    def pathwise(self, value: ArrayLike, /) -> dict[str, Array]:
        """Return −F_θ/p."""
        return self._pull(self._law.pathwise(value))

    def _pull(self, ours: Mapping[str, Array]) -> dict[str, Array]:
        theirs: dict[str, Array] = {}
        for name, slopes in self._slopes.items():
            for their, slope in slopes.items():
                term = np.asarray(ours[name] * slope)
                theirs[their] = theirs[their] + term if their in theirs else term
        return theirs
