"""What is known of a distribution when a graph is compiled: constants for ``torch.compile``."""

from __future__ import annotations

import torch

from reparam.adapters import laws
from reparam.adapters.laws import Law, Order

__all__ = ["arranged", "differentiable"]


@torch.compiler.assume_constant_result
def arranged(law: Law, given: tuple[str, ...]) -> tuple[str, Order]:
    """Return a distribution's text, and where each parameter comes from."""
    return laws.arranged(law, given)


@torch.compiler.assume_constant_result
def differentiable(key: str) -> tuple[bool, ...]:
    """Return for each parameter, in declared order, whether there are derivatives in it."""
    return laws.differentiable(key)
