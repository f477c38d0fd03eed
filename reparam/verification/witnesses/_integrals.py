"""Integrals of functions of a vector and its density over the whole support."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from reparam._typing import Array
from reparam.regions import (
    CorrelationCholesky,
    PositiveDefinite,
    RealMatrix,
    RealVector,
    Simplex,
    UnitVector,
)
from reparam.verification.evidence.context import Case
from reparam.verification.numerics import grids
from reparam.verification.numerics.grids import MOST_ENTRIES
from reparam.verification.refusals import NotApplicable
from reparam.verification.targets.vectors import Vectors
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
    elif (free := _coordinates(target)) is not None:

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
    return (small and target.is_whole) or _coordinates(target) is not None


def tolerance(target: Vectors) -> float:
    """Return what integrals may be off by."""
    if _coordinates(target) is not None:
        return _OF_MATRICES
    return _ON_REALS if isinstance(target.region, RealVector) else _BOUNDED


class _Coordinates(NamedTuple):
    """Real numbers t that are free, instead of the entries of matrices y."""

    #: Rows t of rows y.
    of: Callable[[Array], Array]
    #: Rows y of rows t, and the logarithms of abs(det ∂y/∂t) in the entries of y that are free.
    back: Callable[[Array], tuple[Array, Array]]


def _coordinates(target: Vectors) -> _Coordinates | None:
    """Return those of matrices with few free entries, or None."""
    if isinstance(target.region, RealMatrix) and target.length <= 4:
        return _Coordinates(lambda y: y, lambda t: (t, np.zeros(len(t))))
    if type(target.region) is PositiveDefinite and target.event == (2, 2):
        return _Coordinates(_of_positive_definite, _positive_definite)
    if isinstance(target.region, CorrelationCholesky) and target.event == (3, 3):
        return _Coordinates(_of_correlation_factor, _correlation_factor)
    return None


def _of_positive_definite(y: Array) -> Array:
    """Return (ln a, b, ln c) of y = L Lᵀ with L = [[a, 0], [b, c]]."""
    a = np.sqrt(y[:, 0])
    b = y[:, 1] / a
    c = np.sqrt((y[:, 3] - b * b).clip(1e-16 * y[:, 3]))
    return np.stack([np.log(a), b, np.log(c)], axis=1)


def _positive_definite(t: Array) -> tuple[Array, Array]:
    # dy_11 dy_21 dy_22 = 2a · a · 2c da db dc, and da dc = a c d ln a d ln c
    log_a, b, log_c = t.T
    a, c = np.exp(log_a), np.exp(log_c)
    y = np.stack([a * a, a * b, a * b, b * b + c * c], axis=1)
    return y, 2.0 * np.log(2.0) + 3.0 * log_a + 2.0 * log_c


def _of_correlation_factor(y: Array) -> Array:
    """Return artanh of the partial correlations."""
    first, second, third = y[:, 3], y[:, 6], y[:, 7]
    return np.arctanh(np.stack([first, second, third / np.hypot(third, y[:, 8])], axis=1))


def _correlation_factor(t: Array) -> tuple[Array, Array]:
    (p, q, r), (x, y, z) = np.tanh(t.T), 1.0 / np.cosh(t.T)
    zero, one = np.zeros_like(p), np.ones_like(p)
    rows = [one, zero, zero, p, x, zero, q, y * r, y * z]
    return np.stack(rows, axis=1), np.log(x) * 2.0 + np.log(y) * 3.0 + np.log(z) * 2.0
