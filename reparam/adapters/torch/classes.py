"""Subclasses of ``torch.distributions.Distribution``, made from what the registry declares."""

from __future__ import annotations

from functools import cache
from typing import Any

from torch.distributions import constraints

from reparam.adapters.classes import class_name, class_names, members
from reparam.adapters.constraints import between
from reparam.adapters.laws import law_of
from reparam.adapters.torch.distributions import Univariate

__all__ = ["class_named"]


def class_named(name: str) -> type[Univariate]:
    """Return the class of that name: one of ``class_names()``."""
    return _class_of(class_names()[name])


@cache
def _class_of(key: str) -> type[Univariate]:
    declared = members(key, "reparam.torch", constraints)
    return type(class_name(key), (Univariate,), {**declared, "support": _support(key)})


def _support(key: str) -> Any:
    """Return the constraint of draws: a property where parameters move an end."""
    support = law_of(key)._support
    if not support.moved_by:
        return between(constraints, *support.ends({}))
    return constraints.dependent_property(Univariate.moving_support, is_discrete=False, event_dim=0)
