"""Witnesses: each looks at one property of a target by its own route, one a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

from reparam.verification.comparing import Context
from reparam.verification.results import Comparison

__all__ = ["NAMES", "STATISTICAL", "WITHOUT_GRADIENTS", "Witness", "load"]

#: A witness yields comparisons, or raises NotApplicable with the reason.
Witness = Callable[[Context], Iterator[Comparison]]

#: All witnesses, in the order in which a report has them, and what each looks at.
NAMES = {
    "transform": "y = f(z; θ) against reference tables and F(y) = u",
    "derivative": "∂y/∂θ against numerical differentiation at fixed noise",
    "identity": "p(y)·∂y/∂θ + ∂F/∂θ = 0, and p = dF/dy",
    "score": "∂ log p/∂θ against numerical differentiation, and E[score] = 0",
    "distribution": "draws against the cdf (DKW bound, tail counts, E[score])",
    "expectation": "∂E[φ(y)]/∂θ by the sampler's gradients against the exact value",
    "edges": "tails, tiny and huge parameters: no NaN, no silent zero",
    "continuity": "f is continuous in θ at fixed noise, no step function",
}

#: Those that look at what has no gradients, too.
WITHOUT_GRADIENTS = ("identity", "score", "distribution")

#: Those that take a share of the run's probability of a false alarm.
STATISTICAL = ("distribution", "expectation")


def load(name: str) -> Witness:
    """Return the witness of that name."""
    witness: Witness = getattr(import_module(f"reparam.verification.witnesses.{name}"), name)
    return witness
