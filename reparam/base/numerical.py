"""Formulas that a distribution's author leaves out, computed from those that exist.

Quantiles by iteration on the cdf, derivatives in parameters by differences, moments by quadrature
over u. They are good to some ten digits (moments of heavy tails to fewer), and stand in until
somebody writes the formula.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from reparam._typing import Array
from reparam.domains import Interval

if TYPE_CHECKING:
    from reparam.parameters import Parameter

__all__ = ["cdf_of_quantile", "in_parameters", "moments", "quantile_of_cdf"]

#: Relative steps of differences: of order 4, their error is about that of rounding, 1e-12.
_STEP = 1e-3

Formula = Callable[..., Any]


def quantile_of_cdf(
    p: Array, tail: Formula, ends: tuple[Any, Any], theta: Sequence[Array]
) -> Array:
    """Return the y with tail(y, *θ) = p, by Chandrupatla's method.

    Each element is found by itself, so that none depends on its neighbours.

    Parameters
    ----------
    p
        Probabilities in [0, 1].
    tail
        P(Y ≤ y), or P(Y > y).
    ends
        The ends of the support: where P(Y ≤ y), or P(Y > y), is 0, then where it is 1.
    theta
        The parameters.
    """
    from scipy.optimize import elementwise

    zero, one = (np.broadcast_to(np.asarray(end, np.float64), p.shape) for end in ends)
    low, high = np.minimum(zero, one), np.maximum(zero, one)
    left, right = _start(low, high)
    inside = np.where((p > 0.0) & (p < 1.0), p, 0.5)
    arguments = (inside, *theta)

    def excess(y: Array, p: Array, *theta: Array) -> Array:
        return np.asarray(tail(y, *theta) - p)

    bracket = elementwise.bracket_root(excess, left, right, xmin=low, xmax=high, args=arguments)
    found = elementwise.find_root(excess, bracket.bracket, args=arguments)
    y = np.where(found.success, found.x, np.nan)
    return np.select([p == 0.0, p == 1.0], [zero, one], y)


def _start(low: Array, high: Array) -> tuple[Array, Array]:
    """Return two points inside an interval."""
    below, above = np.isfinite(low), np.isfinite(high)
    width = np.where(below & above, 0.25 * (high - low), 1.0)
    left = np.where(below, low + width, np.where(above, high - 2.0, -1.0))
    return left, left + width


def cdf_of_quantile(y: Array, icdf: Formula, theta: Sequence[Array]) -> Array:
    """Return P(Y ≤ y), by the same method in logit u.

    Parameters
    ----------
    y
        Values.
    icdf
        The quantile, of u and the parameters.
    theta
        The parameters.
    """
    from scipy.optimize import elementwise

    def excess(logit: Array, y: Array, *theta: Array) -> Array:
        return np.asarray(icdf(1.0 / (1.0 + np.exp(-logit)), *theta) - y)

    ends = np.full(y.shape, -700.0), np.full(y.shape, 36.0)
    found = elementwise.find_root(excess, ends, args=(y, *theta))
    beyond = np.where(excess(ends[1], y, *theta) < 0.0, 1.0, 0.0)
    return np.where(found.success, 1.0 / (1.0 + np.exp(-found.x)), beyond)


def in_parameters(
    function: Formula, theta: Sequence[Array], declared: Sequence[Parameter]
) -> tuple[Array, ...]:
    """Return the derivative of ``function(*theta)`` in each parameter, by central differences.

    Parameters
    ----------
    function
        Of one array, or number, per parameter.
    theta
        Where to differentiate.
    declared
        The parameters' declarations: steps stay within their domains.
    """

    def derivative(index: int) -> Array:
        value = np.asarray(theta[index])
        h = _STEP * _room(value, declared[index])
        at = [function(*theta[:index], value + k * h, *theta[index + 1 :]) for k in (-2, -1, 1, 2)]
        return np.asarray((8.0 * (at[2] - at[1]) - (at[3] - at[0])) / (12.0 * h))

    return tuple(
        derivative(index) if parameter.differentiable else np.zeros(())
        for index, parameter in enumerate(declared)
    )


def _room(value: Array, declared: Parameter) -> Array:
    """Return how far a parameter can be moved, as differences do."""
    room = np.maximum(np.abs(value), 1.0)
    if isinstance(declared.domain, Interval):
        low, high = declared.domain.ends({})
        room = np.minimum(room, np.minimum(value - low, high - value))
    return np.asarray(room)


def moments(icdf: Formula, log_prob: Formula) -> tuple[Array, Array, Array]:
    """Return mean, variance and entropy: tanh-sinh quadrature of functions of the quantile over u.

    Parameters
    ----------
    icdf, log_prob
        Functions of one array, whose last axis is that of the nodes.
    """
    u, weight = _nodes()
    y = icdf(u)
    mean = (y * weight).sum(-1)
    variance = ((y - mean[..., np.newaxis]) ** 2 * weight).sum(-1)
    return mean, variance, -(log_prob(y) * weight).sum(-1)


@cache
def _nodes() -> tuple[Array, Array]:
    t = np.linspace(-3.4, 3.4, 273)
    u = 1.0 / (1.0 + np.exp(-np.pi * np.sinh(t)))
    weight = np.pi * np.cosh(t) * u / (1.0 + np.exp(np.pi * np.sinh(t))) * (t[1] - t[0])
    inside = u < 1.0
    return u[inside], weight[inside]
