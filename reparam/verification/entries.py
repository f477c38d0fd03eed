"""Vector parameters, seen as the numbers that they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.distribution import Distribution
from reparam.parameters import Parameter

__all__ = ["Entries", "Entrywise"]


class Entries:
    """Parameters of a distribution as numbers.

    Those of a vector ``logits`` are ``logits[0]``, ``logits[1]`` and so on; a class has as many as
    its default has entries.

    Parameters
    ----------
    thing
        A distribution, or a class of them.
    names
        The parameters that there are; all by default.

    Examples
    --------
    >>> import reparam as rp
    >>> entries = Entries(rp.Concrete(logits=[0.0, 1.0]))
    >>> list(entries.numbers)
    ['temperature', 'logits[0]', 'logits[1]']
    >>> entries.joined({"temperature": 1.0, "logits[0]": 0.0, "logits[1]": 1.0})
    {'temperature': 1.0, 'logits': array([0., 1.])}
    """

    def __init__(
        self, thing: Distribution | type[Distribution], names: Iterable[str] | None = None
    ) -> None:
        #: The declaration of each number, by its name.
        self.numbers: dict[str, Parameter] = {}
        #: The names of the numbers that a vector is made of.
        self._of: dict[str, list[str]] = {}
        owner = thing if isinstance(thing, type) else type(thing)
        for name in thing.parameters if names is None else names:
            parameter = thing.parameters[name]
            if not parameter.dims:
                self.numbers[name] = parameter
                continue
            (length,) = parameter.lengths
            if isinstance(thing, Distribution):
                length = np.shape(thing[name])[-1]
            self._of[name] = [f"{name}[{k}]" for k in range(length)]
            for k, entry in enumerate(self._of[name]):
                aliases = tuple(f"{alias}[{k}]" for alias in parameter.aliases)
                number = replace(parameter, aliases=aliases, vector=0, dims=(), conversions={})
                number.__set_name__(owner, entry)
                self.numbers[entry] = number

    @property
    def are_of_vectors(self) -> bool:
        """Whether a parameter is a vector."""
        return bool(self._of)

    def joined(self, theta: Mapping[str, ArrayLike]) -> dict[str, Any]:
        """Return the distribution's parameters, given numbers or arrays that broadcast together.

        An array of a vector's entries has them on a last axis more.
        """
        entries = {name for names in self._of.values() for name in names}
        values: dict[str, Any] = {name: theta[name] for name in theta if name not in entries}
        for name, names in self._of.items():
            values[name] = np.stack(np.broadcast_arrays(*(theta[n] for n in names)), axis=-1)
        return values

    def of(self, distribution: Distribution) -> dict[str, float]:
        """Return the numbers of a distribution of no batch."""
        values = {name: distribution[name] for name in distribution.parameters}
        numbers = self.split(values)
        return {name: float(numbers[name]) for name in self.numbers}

    def split(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Return what is told by parameter, of a vector on a last axis, by the number's name."""
        numbers: dict[str, Array] = {}
        for name, array in arrays.items():
            if name in self._of:
                numbers |= {entry: array[..., k] for k, entry in enumerate(self._of[name])}
            else:
                numbers[name] = array
        return numbers


class Entrywise:
    """A distribution as a :class:`~reparam.verification.laws.Law`: scores are by number."""

    def __init__(self, distribution: Distribution, entries: Entries) -> None:
        self._distribution, self._entries = distribution, entries

    @property
    def support(self) -> tuple[Array, Array]:
        """The ends of the interval that values, or the entries of vectors, lie in."""
        return self._distribution.support

    def log_prob(self, value: ArrayLike, /) -> Array:
        """Return the log density, or mass."""
        return self._distribution.log_prob(value)

    def cdf(self, value: ArrayLike, /) -> Array:
        """Return P(Y ≤ y)."""
        return self._distribution.cdf(value)

    def sf(self, value: ArrayLike, /) -> Array:
        """Return P(Y > y)."""
        return self._distribution.sf(value)

    def log_cdf(self, value: ArrayLike, /) -> Array:
        """Return ln P(Y ≤ y)."""
        return self._distribution.log_cdf(value)

    def log_sf(self, value: ArrayLike, /) -> Array:
        """Return ln P(Y > y)."""
        return self._distribution.log_sf(value)

    def icdf(self, u: ArrayLike, /) -> Array:
        """Return the quantile, of a distribution that has one."""
        distribution: Any = self._distribution
        return np.asarray(distribution.icdf(u))

    def _joints(self, *theta: Any) -> tuple[Array, ...]:
        """Return values that integrals are best split at."""
        distribution: Any = self._distribution
        found: tuple[Array, ...] = distribution._joints(*theta)
        return found

    def stein_score(self, value: ArrayLike, /) -> Array:
        """Return ∂ log p/∂y."""
        distribution: Any = self._distribution
        return np.asarray(distribution.stein_score(value))

    def score(self, value: ArrayLike, /) -> dict[str, Array]:
        """Return ∂ log p/∂θ."""
        return self._entries.split(self._distribution.score(value))

    def pathwise(self, value: ArrayLike, /) -> dict[str, Array]:
        """Return −F_θ/p, of a distribution that has a quantile path."""
        distribution: Any = self._distribution
        return self._entries.split(distribution.pathwise(value))
