"""Integrals of functions of a vector and its density over the whole support."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reparam._typing import Array
from reparam.regions import RealVector, Simplex
from reparam.verification import grids
from reparam.verification.context import Context
from reparam.verification.grids import MOST_ENTRIES
from reparam.verification.vectors import Vectors
from reparam.verification.witnesses.of_vectors._shared import target_of

__all__ = ["can_integrate", "integrals", "tolerance"]

#: Draws that tell where the mass is.
_PILOT = 4096
#: What integrals may be off by; far out, waves of sums of entries are finer than the grid.
_ON_SIMPLEX, _ON_REALS = 1e-9, 1e-6


def integrals(
    context: Context, theta: dict[str, float], f: Callable[[Array, Array], Array]
) -> tuple[Array, Array] | None:
    """Return integrals over the simplex of functions of ln y and p(y), and their errors.

    Of other vectors they are over all y, of functions of y and p(y). None where entries underflow
    before the density has fallen off.
    """
    target = target_of(context)
    log_prob = target.formulas["log_prob"]

    pilot = target.logarithms(theta, _PILOT, context.seed)[1]
    if isinstance(target.region, Simplex):

        def integrands(log_y: Array) -> Array:
            return f(log_y, np.exp(log_prob(np.exp(log_y), **theta)))

        value, error = grids.over_simplex(integrands, pilot)
    else:
        value, error = grids.over_reals(lambda y: f(y, np.exp(log_prob(y, **theta))), pilot)
    return (value, error) if np.all(np.isfinite(error)) else None


def can_integrate(target: Vectors) -> bool:
    regions = Simplex, RealVector
    return isinstance(target.region, regions) and target.length <= MOST_ENTRIES and target.is_whole


def tolerance(target: Vectors) -> float:
    """Return what integrals may be off by."""
    return _ON_SIMPLEX if isinstance(target.region, Simplex) else _ON_REALS
