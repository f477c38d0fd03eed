"""Integrals of functions of a vector and its density over the whole support."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import numpy as np

from reparam._typing import Array
from reparam.regions import RealVector, Simplex, UnitVector
from reparam.verification.evidence.context import Case
from reparam.verification.numerics import grids
from reparam.verification.numerics.grids import MOST_ENTRIES
from reparam.verification.refusals import NotApplicable
from reparam.verification.targets.vectors import Vectors
from reparam.verification.witnesses._coordinates import coordinates
from reparam.verification.witnesses._vectors import target_of

__all__ = ["can_integrate", "integrals", "tolerance"]

#: Draws that tell where the mass is.
_PILOT = 4096
#: What integrals over bounded regions may be off by, over matrices, and over real vectors: far out,
#: waves of sums of entries are finer than the grid.
_BOUNDED, _OF_MATRICES, _ON_REALS = 1e-9, 1e-7, 1e-6


def integrals(case: Case, f: Callable[[Array, Array], Array]) -> tuple[Array, Array] | None:
    """Return integrals over the simplex of functions of ln y and p(y), and their errors.

    Of other vectors they are over all y, or the sphere, of functions of y and p(y). None where
    entries underflow before the density has fallen off.
    """
    target, log_prob = target_of(case.context), case.formulas.log_prob
    pilot = target.logarithms(case.theta, _PILOT, case.context.seed)[1]
    if isinstance(target.region, Simplex):
        value, error = grids.over_simplex(
            lambda log_y: f(log_y, np.exp(log_prob(np.exp(log_y)))), pilot
        )
    elif (free := coordinates(target)) is not None:

        def terms(t: Array) -> Array:
            y, log_slope = free.back(t)
            return f(y, np.exp(log_prob(y) + log_slope))

        value, error = grids.over_logarithms(terms, free.of(pilot))
    else:
        sphere = isinstance(target.region, UnitVector)
        over = grids.over_sphere if sphere else grids.over_reals
        where = _centre(target, case.theta, pilot) if sphere else pilot
        value, error = over(lambda y: f(y, np.exp(log_prob(y))), where)
    return (value, error) if np.all(np.isfinite(error)) else None


def _centre(target: Vectors, theta: dict[str, float], pilot: Array) -> Array:
    """Return the mean by its formula; that of draws without a formula, or if it is 0."""
    mean = pilot.mean(axis=0)
    with suppress(NotApplicable):
        mean = target.moments(theta).get("mean", mean)
    return np.asarray(mean if np.any(mean) else pilot.mean(axis=0))


def can_integrate(target: Vectors) -> bool:
    """Whether there is a grid over the support."""
    regions = Simplex, RealVector, UnitVector
    small = isinstance(target.region, regions) and target.length <= MOST_ENTRIES
    return (small and target.is_whole) or coordinates(target) is not None


def tolerance(target: Vectors) -> float:
    """Return what integrals may be off by."""
    if coordinates(target) is not None:
        return _OF_MATRICES
    return _ON_REALS if isinstance(target.region, RealVector) else _BOUNDED
