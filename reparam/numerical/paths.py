"""Derivatives along the quantile path, −F_θ/p, from the cumulative functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from reparam._typing import Array
from reparam.numerical.differences import as_rows, in_parameters

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
) -> tuple[Array, ...]:
    """Return ∂y/∂θ at fixed u for each differentiable parameter.

    What is differentiated is the logarithm of the smaller tail, which far out is smoother than the
    tail. Where that underflows there is no derivative, NaN, but at an end of the support.

    Parameters
    ----------
    y
        Values in the support.
    formulas
        The cdf, sf and log density, of y and θ.
    ends
        The ends of the support.
    theta, declared
        The parameters, and their declarations.
    """
    cdf, sf, log_prob = formulas
    shape, y, leaves = as_rows(y, theta, declared)
    low, high = (np.broadcast_to(end, shape).reshape(y.shape) for end in ends)
    lower = np.asarray(cdf(y, *leaves)) < 0.5
    found = [
        np.empty(leaf.shape)
        for leaf, parameter in zip(leaves, declared, strict=True)
        if parameter.differentiable
    ]
    for side, tail, sign, end in ((lower, cdf, -1.0, low), (~lower, sf, 1.0, high)):
        if not np.any(side):
            continue
        some, few = y[side], [leaf[side] for leaf in leaves]
        log_p, p = log_prob(some, *few), tail(some, *few)
        slopes = in_parameters(lambda y, *t, tail=tail: np.log(tail(y, *t)), some, few, declared)
        ratio = sign * np.exp(np.log(p) - log_p)
        at_end = some == end[side]
        for out, slope in zip(found, slopes, strict=True):
            column = (...,) + (np.newaxis,) * (slope.ndim - 1)
            out[side] = np.where(at_end[column], 0.0, ratio[column] * slope)
    return tuple(out.reshape(shape + out.shape[1:]) for out in found)
