"""What distributions of T(X) share: noise and paths are those of the distribution of X."""

from __future__ import annotations

import abc
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.reparameterized import Reparameterized
from reparam.base.tree import Child
from reparam.domains import REAL, Interval
from reparam.transforms._children import Continuous

__all__ = ["Mapped", "times"]


class Mapped(Reparameterized):
    """y = T(x) with x from the base: a map of the base's draws, at the same seed.

    Draws keep x, and the base's auxiliary arrays, beside y: derivatives have the digits that y
    lost.
    """

    base: Child[Reparameterized] = Continuous("The distribution of x")
    _support = REAL

    def _check(self) -> None:
        base = self.base
        self.__dict__.update(
            noise=base.noise,
            path=base.path,
            mechanism=base.mechanism,
            _substreams=base._substreams,
            _rises=True if base.path == "field" else base._rises,
            _on_quantile_path=base._on_quantile_path,
            _extras=1 + base._extras,
        )

    def _declare_support(self, low: Any, high: Any) -> None:
        """Declare the interval of values: endpoints by name where they move, or differ by row."""
        ends = [np.unique(np.asarray(end)) for end in (low, high)]
        fixed = not self.moving and all(end.size == 1 for end in ends)
        low, high = (float(end[0]) for end in ends) if fixed else ("low", "high")
        self.__dict__["_support"] = Interval(low, high)

    @abc.abstractmethod
    def _placed(self, parts: tuple[Array, ...], *theta: Any) -> tuple[Array, ...]:
        """Return y, x and the base's auxiliary arrays, from x and these."""

    def _sampler(self, *numbers_and_theta: Any) -> tuple[Array, ...]:
        count = len(self._parts)
        numbers, theta = numbers_and_theta[:-count], numbers_and_theta[-count:]
        return self._placed(self.base._sampler(*numbers, *theta[0]), *theta)

    def _split(self, extras_and_theta: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Return the base's auxiliary arrays, and θ, from what follows y and x."""
        count = self.base._extras
        return extras_and_theta[:count], extras_and_theta[count:]


def times(slope: Any, entry: Any) -> Any:
    """Return slope · entry, 0 where either factor is; an entry may have one more axis."""
    if np.ndim(entry) > np.ndim(slope) > 0:
        slope = slope[:, np.newaxis]
    product = np.asarray(slope * entry)
    if np.any(lost := np.isnan(product)):
        nothing = np.equal(slope, 0.0) | np.equal(entry, 0.0)
        product = np.where(lost & nothing, 0.0, product)
    return product
