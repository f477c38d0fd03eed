"""NumPyro: ``numpyro.distributions`` with exact derivatives.

There is one subclass of ``numpyro.distributions.Distribution`` for each distribution of real
numbers in the registry: ``Beta``, ``Normal``, ``VonMises``. Needs the extra ``reparam[numpyro]``.
"""

from __future__ import annotations

from typing import Any

from reparam.adapters.classes import class_names
from reparam.adapters.numpyro.classes import class_named
from reparam.adapters.numpyro.distributions import Univariate

__all__ = ["Univariate"]


def __getattr__(name: str) -> Any:
    if name.startswith("_") or name not in class_names():
        raise AttributeError(f"module 'reparam.numpyro' has no attribute {name!r}")
    globals()[name] = found = class_named(name)
    return found


def __dir__() -> list[str]:
    return sorted({*__all__, *class_names()})
