"""Standard errors of a minimum by the curvature there and the scatter of gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reparam._typing import Array

__all__ = ["sandwich"]


def sandwich(
    gradient: Callable[[Array], Array], inputs: Array, steps: Array, terms: Array, count: int
) -> Array:
    """Return the standard errors of the inputs at which a mean gradient vanishes.

    The covariance matrix is H⁻¹SH⁻¹/count, with H the derivative of the gradient and S the
    covariance matrix of its terms: a mean of iterates has it after many steps (Polyak & Juditsky
    1992). NaN where H has no inverse.

    Parameters
    ----------
    gradient
        The mean gradient at some inputs, from the same draws at all of them.
    inputs
        The inputs at the minimum.
    steps
        How far each of them moves for a difference.
    terms
        The gradient draw by draw.
    count
        How many draws there were.
    """
    columns = []
    for move in np.diag(steps):
        with np.errstate(all="ignore"):
            columns.append((gradient(inputs + move) - gradient(inputs - move)) / (2.0 * move.sum()))
    slopes = np.array(columns)
    rest = terms - terms.mean(axis=0)
    scatter = np.einsum("ki,kj->ij", rest, rest) / (len(terms) - 1)  # not BLAS, as in moments.py
    try:
        inverse = np.linalg.inv(0.5 * (slopes + slopes.T))
    except np.linalg.LinAlgError:
        return np.full_like(inputs, np.nan)
    with np.errstate(all="ignore"):
        return np.asarray(np.sqrt(np.diag(inverse @ scatter @ inverse) / count))
