"""Integrals over all vectors of real numbers, of smooth functions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from reparam._typing import Array

__all__ = ["integrals"]

#: Nodes lie on a grid to this t on either side, and so far apart, by the number of entries.
_REACH, _STEPS = 3.0, {1: 0.03, 2: 0.04, 3: 0.06}
#: What lies further out than this share of the reach tells what is beyond it.
_SHELL = 0.9


def integrals(f: Callable[[Array], Array], draws: Array) -> tuple[Array, Array]:
    """Return ∫ f(y) dy for several f, and the errors.

    By the trapezoidal rule in t, x_i = sinh(π/2 sinh t_i), y = m + S x with mean and spread of
    draws, which converges exponentially also where f falls off like a power (Takahasi & Mori 1974).
    It is done twice, on grids between each other's nodes: by how much they differ, and what lies
    far out, are the error.

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
    dimension = draws.shape[-1]
    step = _STEPS[dimension]
    sums, beyond = [], []
    for offset in (0.0, 0.5):
        axis = np.arange(-_REACH, _REACH, step) + offset * step
        grid = np.stack(np.meshgrid(*[axis] * dimension, indexing="ij"), axis=-1)
        t = grid.reshape(-1, dimension)
        inside = 0.5 * math.pi * np.sinh(t)
        weight = np.prod(0.5 * math.pi * np.cosh(t) * np.cosh(inside), axis=1)
        cell = np.prod(np.diag(spread)) * step**dimension
        terms = f(middle + np.sinh(inside) @ spread.T) * weight * cell
        outside = np.max(np.abs(t), axis=1) > _SHELL * _REACH
        sums.append(np.sum(terms, axis=1))
        beyond.append(np.sum(np.abs(terms[:, outside]), axis=1))
    return 0.5 * (sums[0] + sums[1]), np.abs(sums[0] - sums[1]) + beyond[0] + beyond[1]
