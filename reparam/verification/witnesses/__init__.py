"""Witnesses: each looks at one property of a target by its own route, one a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

from reparam.verification.evidence.context import Context
from reparam.verification.results import Comparison

__all__ = ["BY_COST", "DEFAULTS", "NAMES", "STATISTICAL", "WITHOUT_GRADIENTS", "Witness", "load"]

#: A witness yields comparisons, or raises NotApplicable with the reason.
Witness = Callable[[Context], Iterator[Comparison]]


@dataclass(frozen=True)
class _Declaration:
    """A witness."""

    #: What it looks at.
    subject: str
    #: How long it takes with the registered distributions, roughly: the rank.
    cost: int
    #: Whether it takes a share of the run's probability of a false alarm.
    statistical: bool = False
    #: Whether it has nothing to look at where there are no gradients.
    gradients: bool = True
    #: Whether it is asked only if it is named.
    on_request: bool = False


#: All witnesses, in the order in which a report has them.
_WITNESSES = {
    "transform": _Declaration("y = f(z; θ) against reference tables and F(y) = u", 1),
    "derivative": _Declaration("∂y/∂θ against numerical differentiation at fixed noise", 3),
    "identity": _Declaration(
        "p(y)·∂y/∂θ + ∂F/∂θ = 0, p = dF/dy, ln F and ln(1 − F), also where these underflow, and F⁻¹"
        " of integers against F",
        4,
        gradients=False,
    ),
    "score": _Declaration(
        "∂ log p/∂θ against numerical differentiation, ∂ log p/∂y against log p by integration, and"
        " E[score] = 0; in a parameter that moves"
        " an end of the support, its integral between the quartiles",
        2,
        gradients=False,
    ),
    "distribution": _Declaration(
        "draws against the cdf (DKW bound, tail counts, E[score]), and against each other",
        8,
        statistical=True,
        gradients=False,
    ),
    "expectation": _Declaration(
        "∂E[φ(y)]/∂θ by the sampler's gradients against the exact value", 6, statistical=True
    ),
    "edges": _Declaration(
        "tails, tiny and huge parameters, few draws: no NaN, no silent zero; draws and gradients"
        " all over the ranges",
        5,
        statistical=True,
    ),
    "continuity": _Declaration("f is continuous in θ at fixed noise, no step function", 7),
    "moments": _Declaration(
        "mean, variance and entropy against sums, or quadrature over quantiles (of vectors, draws)",
        0,
        statistical=True,
        gradients=False,
    ),
    "second": _Declaration(
        "∂²E[φ(y)]/∂θ∂θ' by the sampler's second derivatives against −F_θ/p's, on request",
        0,
        statistical=True,
        on_request=True,
    ),
}

#: The names of all witnesses, and what each looks at.
NAMES = {name: witness.subject for name, witness in _WITNESSES.items()}

#: Those that are asked unless others are named.
DEFAULTS = tuple(name for name, each in _WITNESSES.items() if not each.on_request)

#: Those that look at what has no gradients, too.
WITHOUT_GRADIENTS = tuple(name for name, each in _WITNESSES.items() if not each.gradients)

#: Those that take a share of the run's probability of a false alarm.
STATISTICAL = tuple(name for name, each in _WITNESSES.items() if each.statistical)

#: The names, that of the most expensive first.
BY_COST = tuple(sorted(_WITNESSES, key=lambda name: -_WITNESSES[name].cost))


def load(name: str) -> Witness:
    """Return the witness of that name."""
    witness: Witness = getattr(import_module(f"reparam.verification.witnesses.{name}"), name)
    return witness
