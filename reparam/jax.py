"""JAX: exact derivatives for draws.

``attach`` gives draws of any sampler their derivatives, and ``rsample`` draws from addressable
streams. There is one function in the manner of ``jax.random`` for each distribution of real
numbers in the registry: ``gamma(key, alpha, rate, shape)``, ``student_t``. Needs the extra
``reparam[jax]``.
"""

from __future__ import annotations

from typing import Any

from reparam.adapters.jax.functions import attach, rsample
from reparam.adapters.jax.samplers import sampler, samplers

__all__ = ["attach", "rsample"]


def __getattr__(name: str) -> Any:
    if name.startswith("_") or name not in samplers():
        raise AttributeError(f"module 'reparam.jax' has no attribute {name!r}")
    globals()[name] = found = sampler(name)
    return found


def __dir__() -> list[str]:
    return sorted({*__all__, *samplers()})
