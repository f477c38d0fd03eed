"""A library of distributions: from a class, or an object of one, to the target that it is."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from reparam.errors import InputError
from reparam.parameters import Parameter
from reparam.verification.targets.libraries._rows import Row
from reparam.verification.targets.libraries._sampling import (
    LibrarySampler,
    Sampling,
    fixed_values,
    load,
    looked_up,
    not_univariate,
    vectors,
)
from reparam.verification.targets.target import Target

__all__ = ["Library", "Make"]

#: From parameters, which are the library's arrays, to a distribution.
Make = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, kw_only=True)
class Library(abc.ABC):
    """What is particular about a library."""

    #: The module that has its distributions, all of a class ``Distribution``.
    module: str
    #: Its name in messages, what to install, and a shorter name, if it has one.
    title: str
    package: str
    short: str = ""
    #: Its distributions, by name.
    rows: Mapping[str, Row]
    vectors: Mapping[str, Row]
    #: Distributions made of others: the attributes that are their constructors' arguments.
    nested: Mapping[str, tuple[str, ...]]
    #: What a class is that is not in the table.
    row_of: Callable[[str, Any], Row]
    #: More arguments of a class.
    options: Callable[[Any], Mapping[str, Any]] = lambda cls: {}
    #: Whether a mixture's weights have to be given the shape of its batch.
    expands: bool = False
    _samplings: dict[Any, Sampling] = field(default_factory=dict)

    @abc.abstractmethod
    def sampling(self, make: Make, cls: Any, label: str, *, of_vectors: bool) -> Sampling:
        """Return the sampler of a distribution, made from arrays of parameters."""

    @abc.abstractmethod
    def stacked(self, arrays: list[Any]) -> Any:
        """Return arrays that broadcast together, joined along a new last axis."""

    def target(self, spec: str, name: str) -> Target:
        """Return the target that one of its distributions is.

        Raises MissingExtraError if it is not installed. Raises InputError if there is no such
        distribution, or it isn't univariate.
        """
        module = load(spec, self.module, self.title, self.package)
        cls = looked_up(spec, module, name, [*self.rows, *self.vectors])
        return self._made(spec, cls, name, f"{self.short or self.title}'s {name}")

    def recognized(self, thing: Any, name: str) -> Target | None:
        """Return the target that a distribution class, or object, of somebody's own is."""
        cls = thing if isinstance(thing, type) else type(thing)
        if not issubclass(cls, self._base):
            return None
        its = cls.__module__.startswith(self.module.partition(".")[0] + ".")
        if cls is not thing and its and cls.__name__ in self.nested:
            return self._of_nested(thing, name)
        return self._made(name, cls, cls.__name__ if its else "", name, thing)

    @property
    def _base(self) -> Any:
        return import_module(self.module).Distribution

    def _made(self, spec: str, cls: Any, its: str, label: str, thing: Any = None) -> Target:
        """Return the target that a class is, or a thing of it: `its` is its name in the tables."""
        thing = None if thing is cls else thing
        of_vectors = its in self.vectors
        known = self.vectors[its] if of_vectors else self.rows.get(its)
        if known is None and not (isinstance(cls, type) and issubclass(cls, self._base)):
            raise not_univariate(spec, "is not a distribution")
        known = known or self.row_of(spec, cls)
        key = cls, tuple(known.parameters()), tuple(known.constants.items()), label
        if key not in self._samplings:
            given = {**known.constants, **self.options(cls)}
            self._samplings[key] = self.sampling(
                lambda theta: cls(**theta, **given), cls, label, of_vectors=of_vectors
            )
        sampling = self._samplings[key]
        if of_vectors:
            return vectors(spec, sampling, known, thing)
        found = LibrarySampler(spec, sampling, known)
        if thing is not None:
            found.fixed = fixed_values(spec, thing, found.parameters)
        return found

    def _of_nested(self, thing: Any, name: str) -> Target:
        """Return the target that an object is that is made of other distributions."""
        if tuple(thing.event_shape) or tuple(thing.batch_shape):
            raise not_univariate(name, "is multivariate, or a batch")
        numbers = _Numbers(self, thing, name)
        if not numbers.values:
            raise InputError(f"{name} has no parameter that is a number: nothing has a gradient")
        row, cls = Row(ranges=numbers.parameters), type(thing)
        sampling = self.sampling(numbers.made, cls, name, of_vectors=False)
        return LibrarySampler(name, sampling, row, numbers.values)


class _Numbers:
    """A distribution as a function of the numbers that those are made of which it is made of.

    What has other parameters than numbers, such as a mixture's weights, stays as it is.
    """

    def __init__(self, library: Library, thing: Any, name: str, prefix: str = "") -> None:
        self._library, self._thing, cls = library, thing, type(thing)
        #: The declarations and the values of all numbers, by path.
        self.parameters: dict[str, Parameter] = {}
        self.values: dict[str, float] = {}
        #: The names of the numbers of each array, and the distributions inside, by attribute.
        self._arrays: dict[str, list[str]] = {}
        self._inside: dict[str, _Numbers] = {}
        self._row = Row()
        for attribute in library.nested.get(cls.__name__, ()):
            part = getattr(thing, attribute)
            if isinstance(part, library._base):
                inside = _Numbers(library, part, name, f"{prefix}{attribute}.")
                self._inside[attribute] = inside
                self.parameters |= inside.parameters
                self.values |= inside.values
        if cls.__name__ in library.nested:
            return
        try:
            self._row = library.rows.get(cls.__name__) or library.row_of(name, cls)
        except InputError:
            return
        for key, parameter in ({} if self._row.discrete else self._row.parameters()).items():
            value = np.asarray(getattr(thing, key))
            names = [
                f"{prefix}{key}" + "".join(f"[{k}]" for k in at) for at in np.ndindex(value.shape)
            ]
            self._arrays[key] = names
            self.parameters |= dict.fromkeys(names, parameter)
            self.values |= dict(zip(names, map(float, value.ravel()), strict=True))

    def made(self, theta: Mapping[str, Any]) -> Any:
        """Return the distribution with other numbers."""
        cls, library = type(self._thing), self._library
        if self._inside:
            parts = [
                self._inside[each].made(theta)
                if each in self._inside
                else getattr(self._thing, each)
                for each in library.nested[cls.__name__]
            ]
            if len(self._inside) == 2 and library.expands:  # a mixture's weights
                parts[0] = parts[0].expand(parts[1].batch_shape[:-1])
            return cls(*parts, **library.options(cls))
        if not self._arrays:
            return self._thing
        arrays = {
            key: theta[names[0]]
            if "[" not in names[0]
            else library.stacked([theta[n] for n in names])
            for key, names in self._arrays.items()
        }
        return cls(**arrays, **self._row.constants, **library.options(cls))
