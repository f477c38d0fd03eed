"""Distributions as adapters know them: by text, with parameters in declared order."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.errors import NotReparameterizable, UnknownDistributionError
from reparam.registry import get, reparameterized_class

__all__ = ["Law", "Order", "arranged", "differentiable", "key_of", "law_of"]

#: A name, an alias, or a class.
Law: TypeAlias = "str | type[Distribution]"

#: For each parameter in declared order the name that it was given by, or its default.
Order: TypeAlias = tuple[Any, ...]

#: Classes that no name of the registry stands for, by module and name.
_unregistered: dict[str, type[Reparameterized]] = {}


@cache
def key_of(law: Law) -> str:
    """Return the text that stands for a scalar distribution.

    Raises
    ------
    UnknownDistributionError
        If the registry has no distribution of that name.
    NotReparameterizable
        If draws are integers or vectors, or a parameter is not a number.
    """
    found = law if isinstance(law, type) and issubclass(law, Distribution) else get(str(law))
    cls = reparameterized_class(found)
    if not cls._plain or not cls._own.are_numbers:
        raise NotReparameterizable(
            f"{cls.__name__} takes more than numbers, and here each parameter is a tensor;"
            " pass a distribution whose parameters are numbers"
        )
    if isinstance(law, str) or _is_registered(cls):
        return cls.name
    key = f"{cls.__module__}:{cls.__qualname__}"
    while _unregistered.setdefault(key, cls) is not cls:
        key += "'"  # a class of that name was there before, and may still be in use
    return key


def _is_registered(cls: type[Distribution]) -> bool:
    try:
        return get(cls.name) is cls
    except UnknownDistributionError:
        return False


@cache
def law_of(key: str) -> type[Reparameterized]:
    """Return the class that a text stands for."""
    return _unregistered[key] if ":" in key else reparameterized_class(get(key))


@cache
def differentiable(key: str) -> tuple[bool, ...]:
    """Return for each parameter, in declared order, whether there are derivatives in it."""
    return tuple(declared.differentiable for declared in law_of(key)._own.values())


@cache
def arranged(law: Law, given: tuple[str, ...]) -> tuple[str, Order]:
    """Return a distribution's text, and where each parameter comes from.

    Parameters
    ----------
    law
        A name, an alias, or a class.
    given
        The names, or aliases, of the parameters that are given.

    Raises
    ------
    UnknownParameterError
        If there is no such parameter, or one is given twice.
    """
    key = key_of(law)
    declared = law_of(key)._own
    found = declared.by_name(((name, name) for name in given), tangents=True)
    return key, tuple(found.get(name, declared[name].initial) for name in declared)
