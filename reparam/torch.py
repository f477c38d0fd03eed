"""PyTorch: exact derivatives for draws, and ``torch.distributions`` that have them.

``attach`` gives draws of any sampler their derivatives, ``rsample`` draws from addressable streams,
and there is one subclass of ``torch.distributions.Distribution`` for each distribution of real
numbers, vectors or matrices in the registry: ``Beta``, ``Normal``, ``Dirichlet``, ``Wishart``.
``distribution`` makes one of a composed distribution. Needs the extra ``reparam[torch]``.
"""

from __future__ import annotations

from typing import Any

from reparam.adapters.torch import divergences as _divergences  # noqa: F401 - it registers
from reparam.adapters.torch.classes import class_named, class_names
from reparam.adapters.torch.distributions import Univariate
from reparam.adapters.torch.functions import attach, rsample
from reparam.adapters.torch.vectors import Vector
from reparam.adapters.torch.wrapped import Wrapped, distribution

__all__ = ["Univariate", "Vector", "Wrapped", "attach", "distribution", "rsample"]


def __getattr__(name: str) -> Any:
    if name.startswith("_") or name not in class_names():
        raise AttributeError(f"module 'reparam.torch' has no attribute {name!r}")
    globals()[name] = found = class_named(name)
    return found


def __dir__() -> list[str]:
    return sorted({*__all__, *class_names()})
