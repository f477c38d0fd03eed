"""Subclasses of ``torch.distributions.Distribution``, made from what the registry declares."""

from __future__ import annotations

from functools import cache
from typing import Any

from torch.distributions import Distribution, constraints

from reparam.adapters import classes
from reparam.adapters.classes import class_name, members
from reparam.adapters.torch._regions import of_entries
from reparam.adapters.torch.distributions import Univariate
from reparam.adapters.torch.vectors import Vector, matrix
from reparam.base.reparameterized import Reparameterized
from reparam.registry import get, names

__all__ = ["class_named", "class_names"]

#: What PyTorch calls distributions of vectors, by the registry's name.
_VECTORS = {
    "low-rank-gaussian": "LowRankMultivariateNormal",
    "multivariate-gaussian": "MultivariateNormal",
}

#: By the registry's name: our parameter -> PyTorch's.
_PARAMETERS = {
    "multivariate-gaussian": {"covariance": "covariance_matrix", "precision": "precision_matrix"},
}

#: By the registry's name: parameters by position, where alternatives precede the declared one.
_ORDERS = {
    "multivariate-gaussian": ("loc", "covariance_matrix", "precision_matrix", "scale_tril"),
    "wishart": ("df", "covariance_matrix"),
}


@cache
def class_names() -> dict[str, str]:
    """Return the names of classes, the library's and PyTorch's, with the registry's names."""
    found = dict(classes.class_names())
    for name in names():
        law = get(name)
        if law._support.rank and issubclass(law, Reparameterized):
            found[law.__name__] = found[_VECTORS.get(name, law.__name__)] = name
    return found


def class_named(name: str) -> type[Distribution]:
    """Return the class of that name: one of :func:`class_names`."""
    key = class_names()[name]
    return _vector_class(key) if get(key)._support.rank else _class_of(key)


@cache
def _vector_class(key: str) -> type[Vector]:
    """Return the class of vectors or matrices."""
    law: Any = get(key)
    theirs = _PARAMETERS.get(key, {})
    declared = {theirs.get(name, name): p for name, p in law._arguments.items()}
    groups = [[theirs.get(name, name) for name in group] for group in law._alternatives]
    members = {
        "__module__": "reparam.torch",
        "__doc__": classes.documentation(law, declared),
        "arg_constraints": {
            name: of_entries(p.domain, p.rank) for name, p in declared.items() if not p.length_of
        },
        "made_of": law,
        "_order": _ORDERS.get(key, (*law._own,)),
        "_names": theirs,
        **{name: matrix(name, group) for group in groups for name in group},
    }
    return type(_VECTORS.get(key, law.__name__), (Vector,), members)


@cache
def _class_of(key: str) -> type[Univariate]:
    declared = members(key, "reparam.torch", constraints, Univariate.moving_support)
    return type(class_name(key), (Univariate,), declared)
