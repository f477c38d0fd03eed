"""Integrals over all vectors of real numbers, of smooth functions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from reparam._typing import Array

__all__ = ["integrals"]

#: Nodes lie on a grid to this t on either side, and so far apart, by the number of entries.
_REACH, _STEPS = 3.0, {1: 0.03, 2: 0.04, 3: 0.06}
#: Larger errors are tried again on a grid so many times finer, if it has at most so many nodes.
_SMALL, _FINER, _MOST_NODES = 1e-8, 3.0, 2**19
#: What lies further out than this share of the reach tells what is beyond it.
_SHELL = 0.9


def integrals(f: Callable[[Array], Array], draws: Array) -> tuple[Array, Array]:
    """Return ∫ f(y) dy for several f, and the errors.

    By the trapezoidal rule in t, x_i = sinh(π/2 sinh t_i), y = m + S x with mean and spread of
    draws, which converges exponentially also where f falls off like a power (Takahasi & Mori 1974).
    It is done twice, on grids that are shifted by ½, ¼ and ⅛ of a step along the axes: by how much
    they differ, and what lies far out, are the error. Larger ones are tried on finer grids. (Were
    the shifts the same, they wouldn't tell waves of t_1 − t_2 that are as short as a step.)

    Parameters
    ----------
    f
        From rows y to values, one row for each integrand. NaN makes an integral NaN.
    draws
        Some rows y that tell where the mass is.
    """
    low, middle, high = np.quantile(draws, [0.16, 0.5, 0.84], axis=0)
    width = 0.5 * (high - low)
    inner = np.clip((draws - middle) / width, -5.0, 5.0)  # tails may have no covariance
    spread = np.diag(width) @ np.linalg.cholesky(np.atleast_2d(np.cov(inner.T)))
    step = _STEPS[draws.shape[-1]]
    value, error = _on_grids(f, middle, spread, step)
    finer = step / _FINER
    if np.any(error > _SMALL) and (2.0 * _REACH / finer) ** draws.shape[-1] <= _MOST_NODES:
        return _on_grids(f, middle, spread, finer)
    return value, error


def _on_grids(
    f: Callable[[Array], Array], middle: Array, spread: Array, step: float
) -> tuple[Array, Array]:
    """Return the integrals and the errors, with nodes so far apart."""
    dimension = len(middle)
    sums, beyond = [], []
    for shifted in (0.0, step):
        axis = np.arange(-_REACH, _REACH, step)
        axes = [axis + shifted * 0.5 ** (k + 1) for k in range(dimension)]
        t = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, dimension)
        inside = 0.5 * math.pi * np.sinh(t)
        weight = np.prod(0.5 * math.pi * np.cosh(t) * np.cosh(inside), axis=1)
        cell = np.prod(np.diag(spread)) * step**dimension
        terms = f(middle + np.sinh(inside) @ spread.T) * weight * cell
        outside = np.max(np.abs(t), axis=1) > _SHELL * _REACH
        sums.append(np.sum(terms, axis=1))
        beyond.append(np.sum(np.abs(terms[:, outside]), axis=1))
    return 0.5 * (sums[0] + sums[1]), np.abs(sums[0] - sums[1]) + beyond[0] + beyond[1]
