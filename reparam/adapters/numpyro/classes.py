"""Subclasses of ``numpyro.distributions.Distribution``, made from what the registry declares."""

from __future__ import annotations

from functools import cache
from typing import Any

from numpyro.distributions import constraints

from reparam.adapters.classes import class_name, class_names, members
from reparam.adapters.laws import law_of
from reparam.adapters.numpyro.distributions import Univariate

__all__ = ["class_named"]


def class_named(name: str) -> type[Univariate]:
    """Return the class of that name: one of ``class_names()``."""
    return _class_of(class_names()[name])


@cache
def _class_of(key: str) -> type[Univariate]:
    declared = members(key, "reparam.numpyro", constraints, Univariate.moving_support)
    pairs = zip(declared["_defaults"], law_of(key)._own.values(), strict=True)
    more = {
        "reparametrized_params": [name for name, parameter in pairs if parameter.differentiable],
        "_arg_names": tuple(declared["_defaults"]),
    }
    metaclass: Any = type(Univariate)
    cls: type[Univariate] = metaclass(class_name(key), (Univariate,), {**declared, **more})
    cls.__signature__ = declared["__signature__"]  # in place of that which NumPyro reads
    return cls
