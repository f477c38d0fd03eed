"""Subclasses of ``torch.distributions.Distribution``, made from what the registry declares."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

from torch.distributions import Distribution, constraints

from reparam.adapters.laws import key_of, law_of
from reparam.adapters.torch._constraints import between, of_parameter
from reparam.adapters.torch.distributions import Univariate
from reparam.adapters.torch.names import CLASSES, ORDERS, PARAMETERS
from reparam.adapters.torch.vectors import Vector, matrix
from reparam.base.reparameterized import Reparameterized
from reparam.errors import NotReparameterizable
from reparam.parameters import Parameter
from reparam.registry import get, names

__all__ = ["class_named", "class_names"]


@cache
def class_names() -> dict[str, str]:
    """Return the names of classes, the library's and PyTorch's, with the registry's names."""
    found: dict[str, str] = {}
    for name in names():
        law = get(name)
        if not law._support.rank:
            try:
                key_of(name)
            except NotReparameterizable:
                continue
        elif not issubclass(law, Reparameterized):
            continue
        found[law.__name__] = name
        if name in CLASSES:
            found[CLASSES[name]] = name
    return found


def class_named(name: str) -> type[Distribution]:
    """Return the class of that name: one of :func:`class_names`."""
    key = class_names()[name]
    return _vector_class(key) if get(key)._support.rank else _class_of(key)


@cache
def _vector_class(key: str) -> type[Vector]:
    """Return the class of vectors or matrices."""
    law: Any = get(key)
    theirs = PARAMETERS.get(key, {})
    declared = {theirs.get(name, name): p for name, p in law._arguments.items()}
    groups = [[theirs.get(name, name) for name in group] for group in law._alternatives]
    members = {
        "__module__": "reparam.torch",
        "__doc__": _documentation(law, declared),
        "arg_constraints": {
            name: of_parameter(p.domain, p.rank) for name, p in declared.items() if not p.length_of
        },
        "made_of": law,
        "_order": ORDERS.get(key, (*law._own,)),
        "_names": theirs,
        **{name: matrix(name, group) for group in groups for name in group},
    }
    return type(CLASSES.get(key, law.__name__), (Vector,), members)


@cache
def _class_of(key: str) -> type[Univariate]:
    law = law_of(key)
    theirs = PARAMETERS.get(key, {})
    declared = {theirs.get(name, name): parameter for name, parameter in law._own.items()}
    members = {
        "__module__": "reparam.torch",
        "__doc__": _documentation(law, declared),
        "__signature__": _signature(declared),
        "arg_constraints": {name: of_parameter(p.domain) for name, p in declared.items()},
        "support": _support(law),
        "law": law,
        "key": key,
        "_defaults": {name: parameter.initial for name, parameter in declared.items()},
        "_spellings": {
            spelling: name
            for name, parameter in declared.items()
            for spelling in (name, parameter.name, *parameter.aliases)
        },
    }
    return type(CLASSES.get(key, law.__name__), (Univariate,), members)


def _support(law: type[Reparameterized]) -> Any:
    """Return the constraint of draws: a property where parameters move an end."""
    if not law._support.moved_by:
        return between(*law._support.ends({}))
    return constraints.dependent_property(Univariate.moving_support, is_discrete=False, event_dim=0)


def _signature(declared: dict[str, Parameter]) -> inspect.Signature:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    last = inspect.Parameter("validate_args", inspect.Parameter.KEYWORD_ONLY, default=None)
    parameters = [
        inspect.Parameter(name, kind, default=parameter.initial)
        for name, parameter in declared.items()
    ]
    return inspect.Signature([*parameters, last])


def _documentation(law: type[Reparameterized], declared: dict[str, Parameter]) -> str:
    summary = inspect.getdoc(law).partition("\n\n")[0]  # type: ignore[union-attr]
    entries = (
        f"{name}\n    {parameter.description}: in {parameter.domain}."
        f" Default: {parameter.initial_text}."
        for name, parameter in declared.items()
    )
    return "\n".join([summary, "", law.about.density, "", "Parameters", "-" * 10, *entries])
