"""Integrals of a density over its tails, to full relative accuracy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from reparam._typing import Array

__all__ = ["FAR", "FAR_TAIL", "beyond", "by_rows", "half_line", "scale_of", "unit", "upper_tail"]

#: Probability of an upper tail that is integrated, because 1 − F has too few digits of it.
FAR_TAIL = 1e-3

#: How far the nodes of half-lines reach, in scales of the tail: the powers of it that formulas and
#: moments take are floating-point numbers.
FAR = 1e40

#: The step of the trapezoidal rule after the change of variables: its error is below rounding,
#: where the density is smooth.
_STEP = 1.0 / 16.0

#: The variable of exp-sinh quadrature at FAR.
_LAST = float(np.arcsinh(np.log(FAR) / (0.5 * np.pi)))

#: How a scale is looked for: by factors of 4, over all magnitudes of float64.
_ROUNDS = 500


def by_rows(formula: Callable[..., Any], leaves: Sequence[Array]) -> Callable[[Array], Array]:
    """Return a function of rows of nodes, from a formula of values and parameters, one per row."""

    def of_nodes(y: Array) -> Array:
        rows, nodes = y.shape
        repeated = [np.repeat(leaf, nodes, axis=0) for leaf in leaves]
        return np.broadcast_to(formula(y.reshape(-1), *repeated), y.size).reshape(rows, nodes)

    return of_nodes


def upper_tail(y: Array, log_prob: Callable[[Array], Any], high: Array) -> Array:
    """Return ∫ exp(log p) from y to the endpoint of the support: NaN if the density rises to that.

    Parameters
    ----------
    y
        Values, one per row.
    log_prob
        The log density, of rows of nodes.
    high
        The upper endpoint of the support, per row.
    """
    start, end = y[:, np.newaxis], high[:, np.newaxis]
    w, weight = half_line()
    scale = scale_of(y, log_prob, 1.0)[:, np.newaxis]
    if np.all(np.isfinite(high)):
        # next to an endpoint where the density is infinite there are too few floating-point numbers
        last = np.nextafter(end, -np.inf)
        rises = ~(log_prob(last) <= log_prob(np.minimum(start, last)))[:, 0]
        width = end - start
        ratio = np.minimum(scale / width, 1.0)
        share = 1.0 / (1.0 + ratio * w)
        weight = width * ratio * weight * share * share
        density = np.exp(log_prob(np.minimum(start + width * (ratio * w * share), last)))
    else:
        rises = np.zeros(y.shape, np.bool_)
        weight = scale * weight
        density = np.exp(log_prob(start + scale * w))
    density = np.where(np.isnan(density), 0.0, density)
    tail = np.where(y < high, (density * weight).sum(-1), 0.0)
    return np.where(rises & (y < high) | ~np.isfinite(tail), np.nan, tail)


def scale_of(y: Array, log_prob: Callable[[Array], Any], sign: float) -> Array:
    """Return how far from y, upwards or downwards, the log density falls by about one."""
    here = log_prob(y[..., np.newaxis])
    scale = np.where(y == 0.0, 1.0, np.abs(y))
    done = np.zeros(y.shape, np.bool_)
    last = np.zeros(y.shape)
    for _ in range(_ROUNDS):
        fall = (here - log_prob((y + sign * scale)[..., np.newaxis]))[..., 0]
        step = np.where(fall > 3.0, -1.0, np.where(fall < 0.5, 1.0, 0.0))
        step = np.where(np.isnan(fall), -1.0, step)
        done |= (step == 0.0) | (step * last < 0.0)
        if np.all(done):
            break
        scale = np.where(done, scale, scale * 4.0**step)
        last = np.where(done, last, step)
    return scale


@cache
def half_line(step: float = _STEP) -> tuple[Array, Array]:
    """Return nodes in (0, FAR) and weights: exp-sinh quadrature (Takahasi & Mori 1974)."""
    t = _LAST - step * np.arange(1.0, (_LAST + 4.0) / step)[::-1]
    w = np.exp(0.5 * np.pi * np.sinh(t))
    return w, 0.5 * np.pi * np.cosh(t) * w * step


@cache
def beyond(step: float) -> tuple[Array, Array]:
    """Return the logarithms of the nodes from FAR on, relative to FAR, and dw/w there."""
    t = np.arange(0.0, 7.5, step) + _LAST
    return 0.5 * np.pi * np.sinh(t) - np.log(FAR), 0.5 * np.pi * np.cosh(t) * step


@cache
def unit(step: float = _STEP) -> tuple[Array, Array]:
    """Return nodes in (0, 1) and weights: tanh-sinh quadrature, that keeps the digits near 0."""
    t = np.arange(-3.4, 3.4 + 0.5 * step, step)
    w = 1.0 / (1.0 + np.exp(-np.pi * np.sinh(t)))
    return w, np.pi * np.cosh(t) * w / (1.0 + np.exp(np.pi * np.sinh(t))) * step
