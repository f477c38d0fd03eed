"""Integrals over the simplex, of smooth functions of ln y."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reparam._typing import Array

__all__ = ["MOST_ENTRIES", "integrals"]

#: The most entries that vectors may have: with each more there are 160 times as many nodes.
MOST_ENTRIES = 3
#: Nodes lie on a grid of this many standard deviations on either side, and so many apart.
_REACH, _STEP = 24.0, 0.2
#: What lies further out than this share of the reach tells what is beyond it.
_SHELL = 0.8


def integrals(f: Callable[[Array], Array], log_draws: Array) -> tuple[Array, Array]:
    """Return ∫ f(ln y) dy over the simplex for several f, and the errors.

    By the trapezoidal rule in t_i = ln(y_i/y_K), scaled by the spread of draws, which converges
    exponentially for what is analytic and falls off in all directions (Trefethen & Weideman 2014);
    dy = Π_i y_i dt, with the product over all K entries. It is done twice, on grids between each
    other's nodes. By how much they differ, and what lies far out, are the error.

    Parameters
    ----------
    f
        From rows ln y to values, one row for each integrand. NaN makes an integral NaN.
    log_draws
        Some rows ln y that tell where the mass is.
    """
    t = log_draws[:, :-1] - log_draws[:, -1:]
    centre, spread = t.mean(axis=0), np.linalg.cholesky(np.atleast_2d(np.cov(t.T)))
    sums, beyond = [], []
    for offset in (0.0, 0.5):
        axis = np.arange(-_REACH, _REACH, _STEP) + offset * _STEP
        grid = np.stack(np.meshgrid(*[axis] * len(centre), indexing="ij"), axis=-1)
        s = grid.reshape(-1, len(centre))
        log_y = np.append(centre + s @ spread.T, np.zeros((len(s), 1)), axis=1)
        log_y -= np.logaddexp.reduce(log_y, axis=1, keepdims=True)
        cell = np.prod(np.diag(spread)) * _STEP ** len(centre)
        terms = f(log_y) * np.exp(np.sum(log_y, axis=1)) * cell
        outside = np.max(np.abs(s), axis=1) > _SHELL * _REACH
        sums.append(np.sum(terms, axis=1))
        beyond.append(np.sum(np.abs(terms[:, outside]), axis=1))
    return 0.5 * (sums[0] + sums[1]), np.abs(sums[0] - sums[1]) + beyond[0] + beyond[1]
