"""Vector parameters, seen as the numbers that they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.distribution import Distribution
from reparam.parameters import Parameter
from reparam.regions import Region
from reparam.verification.laws.law import Chained

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
        #: The declarations of vectors and matrices, and their shapes.
        self._of: dict[str, tuple[Parameter, tuple[int, ...]]] = {}
        #: The names of the numbers that each is made of, by place.
        self._names: dict[str, dict[tuple[int, ...], str]] = {}
        #: Lengths of axes of a distribution.
        self._kept: dict[str, Array] = {}
        owner = thing if isinstance(thing, type) else type(thing)
        if isinstance(thing, type) and thing._alternatives:
            chosen = thing._selections()[0]
            names = chosen if names is None else [name for name in names if name in chosen]
        for name in thing.parameters if names is None else names:
            parameter = thing.parameters[name]
            if parameter.length_of:  # it stays
                if not isinstance(thing, type):
                    self._kept[name] = thing[name]
                continue
            if not parameter.dims:
                self.numbers[name] = parameter
                continue
            value = parameter.initial if isinstance(thing, type) else thing[name]
            self._add(owner, name, parameter, np.asarray(value), not isinstance(thing, type))

    def _add(self, owner: type, name: str, parameter: Parameter, value: Array, fixed: bool) -> None:
        """Declare the numbers that a vector or matrix is made of, around a `fixed` one."""
        domain, self._names[name] = parameter.domain, {}
        self._of[name] = parameter, value.shape
        for at in np.ndindex(*value.shape):
            where, typical = domain, parameter.typical
            if isinstance(domain, Region):
                number = domain.number_of(at, value) if fixed else domain.number(at, value.shape)
                if number is None:
                    continue
                where, typical = number
            entry = _entry(name, at)
            single = replace(
                parameter,
                domain=where,
                typical=typical,
                default=float(value[at]),
                aliases=tuple(_entry(alias, at) for alias in parameter.aliases),
                vector=0,
                dims=(),
                conversions={},
            )
            single.__set_name__(owner, entry)
            self.numbers[entry] = single
            self._names[name][at] = entry

    @property
    def are_of_vectors(self) -> bool:
        """Whether a parameter is a vector."""
        return bool(self._of)

    def joined(self, theta: Mapping[str, ArrayLike]) -> dict[str, Any]:
        """Return the distribution's parameters, given numbers or arrays that broadcast together.

        An array of a vector's entries has them on a last axis more, a matrix' on two.
        """
        entries = {entry for names in self._names.values() for entry in names.values()}
        values: dict[str, Any] = {name: theta[name] for name in theta if name not in entries}
        values |= self._kept
        for name, (parameter, _) in self._of.items():
            numbers, domain = self._array(name, theta), parameter.domain
            values[name] = domain.charted(numbers) if isinstance(domain, Region) else numbers
        return values

    def _array(self, name: str, theta: Mapping[str, ArrayLike]) -> Array:
        """Return the numbers of a vector or matrix at their places, and 0 elsewhere."""
        names, (_, shape) = self._names[name], self._of[name]
        values = (theta.get(each, self.numbers[each].default) for each in names.values())
        given = np.broadcast_arrays(*values)
        array = np.zeros(given[0].shape + shape)
        for at, each in zip(names, given, strict=True):
            array[_there(at)] = each
        return array

    def of(self, distribution: Distribution) -> dict[str, float]:
        """Return the numbers of a distribution of no batch."""
        found: dict[str, Any] = {}
        for name in distribution.parameters:
            value = distribution[name]
            named = self._names.get(name)
            found |= {e: float(value[at]) for at, e in named.items()} if named else {name: value}
        return {name: float(found[name]) for name in self.numbers}

    def split(
        self, arrays: Mapping[str, Array], theta: Mapping[str, ArrayLike] | None = None
    ) -> dict[str, Array]:
        """Return derivatives in each number, by its name, from those by parameter."""
        numbers: dict[str, Array] = {}
        for name, array in arrays.items():
            if name not in self._of:
                numbers[name] = array
                continue
            parameter, shape = self._of[name]
            if isinstance(parameter.domain, Region):
                own = self._array(name, theta or {})
                lead = own.shape[: own.ndim - len(shape)]
                more = array.ndim - len(shape) - len(lead)
                spread = own.reshape(lead + (1,) * (more if lead else 0) + shape)
                array = parameter.domain.in_numbers(array, spread)
            numbers |= {entry: array[_there(at)] for at, entry in self._names[name].items()}
        return numbers


def _there(at: tuple[int, ...]) -> Any:
    return (..., *at)


def _entry(name: str, at: tuple[int, ...]) -> str:
    return name + "".join(f"[{k}]" for k in at)


class Entrywise(Chained):
    """A distribution as a law: scores are by number, and values of matrices rows of entries."""

    def __init__(
        self,
        distribution: Distribution,
        entries: Entries,
        theta: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        super().__init__(distribution, {})
        self._entries, self._theta = entries, theta

    def _pull(self, ours: Mapping[str, Array]) -> dict[str, Array]:
        return self._entries.split(ours, self._theta)

    def _shaped(self, value: ArrayLike) -> ArrayLike:
        event = self._law.event_shape
        if len(event) < 2:
            return value
        array = np.asarray(value)
        return array.reshape(array.shape[:-1] + event)

    def log_prob(self, value: ArrayLike, /) -> Array:
        """Return the log density, or mass."""
        return np.asarray(self._law.log_prob(self._shaped(value)))

    def stein_score(self, value: ArrayLike, /) -> Array:
        """Return ∂ log p/∂y."""
        return np.asarray(self._law.stein_score(self._shaped(value))).reshape(np.shape(value))

    def score(self, value: ArrayLike, /) -> dict[str, Array]:
        """Return ∂ log p/∂θ."""
        return super().score(self._shaped(value))
