"""Derivatives along the quantile path, −F_θ/p, from the cumulative functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.numerical.differences import as_rows, in_parameters
from reparam.base.numerical.tails import FAR_TAIL

if TYPE_CHECKING:
    from reparam.parameters import Parameter

__all__ = ["along_quantiles"]

Formula = Callable[..., Any]


def along_quantiles(
    y: Array,
    formulas: tuple[Formula, Formula, Formula],
    ends: tuple[Any, Any],
    theta: Sequence[Array],
    declared: Sequence[Parameter],
    icdf: Formula | None = None,
) -> tuple[Array, ...]:
    """Return ∂y/∂θ at fixed u for each differentiable parameter.

    What is differentiated is the quantile, if there is a formula, except far up, where u has too
    few digits; or else the logarithm of the smaller tail, which far out is smoother than the tail.
    Where that underflows there is no derivative, NaN, except at an endpoint of the support, which
    does not move.

    Parameters
    ----------
    y
        Values in the support.
    formulas
        The cdf, sf and log density, of y and θ.
    ends
        The endpoints of the support that don't move with θ, or NaN.
    theta, declared
        The parameters, and their declarations.
    icdf
        The quantile, of u and θ, unless it is found from the cdf.
    """
    cdf, sf, log_prob = formulas
    shape, y, leaves = as_rows(y, theta, declared)
    low, high = (np.broadcast_to(end, shape).reshape(y.shape) for end in ends)
    u = np.asarray(cdf(y, *leaves))
    found = [
        np.full(leaf.shape, np.nan)
        for leaf, parameter in zip(leaves, declared, strict=True)
        if parameter.differentiable
    ]

    def fill(side: NDArray[np.bool_], function: Formula, values: Array, factor: Formula) -> None:
        few = [leaf[side] for leaf in leaves]
        size = np.abs(y[side])
        slopes = in_parameters(function, values[side], few, declared, size=size)
        times = factor(y[side], *few)
        for out, slope in zip(found, slopes, strict=True):
            out[side] = times.reshape(-1, *(1,) * (slope.ndim - 1)) * slope

    def by_tail(side: NDArray[np.bool_], tail: Formula, sign: float) -> None:
        def log_tail(y: Array, *theta: Array) -> Array:
            return np.asarray(np.log(tail(y, *theta)))

        def factor(y: Array, *theta: Array) -> Array:
            return np.asarray(sign * np.exp(log_tail(y, *theta) - log_prob(y, *theta)))

        fill(side, log_tail, y, factor)

    below = u < 0.5
    if icdf is not None:
        below = u <= 1.0 - FAR_TAIL
        fill(below, icdf, u, lambda y, *theta: np.ones(y.shape))
    elif np.any(below):
        by_tail(below, cdf, -1.0)
    if not np.all(below):
        by_tail(~below, sf, 1.0)
    for out in found:
        at_end = (y == low) | (y == high)
        out[at_end] = np.where(np.isnan(out[at_end]), 0.0, out[at_end])
    return tuple(out.reshape(shape + out.shape[1:]) for out in found)
