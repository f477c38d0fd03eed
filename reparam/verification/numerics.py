"""Numerical differentiation and integration: what formulas are compared with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np

from reparam._typing import Array
from reparam.parameters import Parameter

__all__ = ["Rule", "derivative_in", "differentiate", "unit_rule"]

#: Halvings of the step, and orders of extrapolation.
_STEPS, _ORDERS = 16, 6


def differentiate(
    f: Callable[[Array], Array], x: Array, step: Array, *, noise: float = 0.0
) -> tuple[Array, Array]:
    """Return df/dx by Richardson extrapolation of central differences, and its error.

    Of all extrapolations, the one that agrees best with its neighbours is returned, so that a
    kink inside a large step, or the rounding errors of a small one, are passed by. (SciPy's
    ``scipy.differentiate.derivative`` does the same with fewer evaluations, but stated, over the
    transforms of this library, errors of down to a thousandth of the true ones.)

    Parameters
    ----------
    f
        Elementwise in `x`; its values may have further leading dimensions.
    x, step
        Where, and the largest step, of equal shape.
    noise
        The relative error of f's values beyond rounding, such as that of single precision.
    """
    steps = step * 2.0 ** -np.arange(float(_STEPS)).reshape((-1,) + (1,) * np.ndim(step))
    table = np.stack([(f(x + h) - f(x - h)) / (2.0 * h) for h in steps])
    value = np.abs(f(x))
    ulp = np.spacing(value) + noise * value
    rounding = np.stack([ulp / h for h in steps])
    best, error = table[-1], np.full_like(table[-1], np.inf)
    for order in range(1, _ORDERS):
        table = table[1:] + (table[1:] - table[:-1]) / (4.0**order - 1.0)
        change = np.abs(table[2:] - table[1:-1]) + np.abs(table[1:-1] - table[:-2])
        for row, gap in zip(table[1:-1], change + rounding[order + 1 : -1], strict=True):
            best = np.where(gap < error, row, best)
            error = np.fmin(gap, error)
    return best, error


def derivative_in(
    name: str,
    f: Callable[..., Array],
    theta: Mapping[str, float],
    parameters: Mapping[str, Parameter],
    *,
    shape: tuple[int, ...] = (),
    noise: float = 0.0,
    reach: float = 1.0,
) -> tuple[Array, Array]:
    """Return the derivative of ``f(**theta)`` in one parameter, and its error.

    Parameters
    ----------
    name
        The parameter to move.
    f
        A function of the parameters, given as arrays of `shape`; elementwise.
    theta
        Where.
    parameters
        The declarations: steps stay in the domain.
    shape
        The shape of f's values, or of its trailing dimensions.
    noise
        As for :func:`differentiate`.
    reach
        Shortens the first step.
    """
    low, high = parameters[name].domain.ends({})
    centre = theta[name]
    room = min(centre - float(low), float(high) - centre)
    step = reach * min(0.25 * room, 0.1 * (1.0 + abs(centre)))
    with np.errstate(all="ignore"):
        return differentiate(
            lambda moved: f(**{**theta, name: moved}),
            np.full(shape, centre),
            np.full(shape, step),
            noise=noise,
        )


class Rule(NamedTuple):
    """Nodes u and weights for ∫ g(u) du over (0, 1), with 1 − u as accurate as u."""

    u: Array
    complement: Array
    weight: Array


@cache
def unit_rule(n: int = 400) -> Rule:
    """Return the double-exponential (tanh-sinh) rule on (0, 1) (Takahasi & Mori 1974).

    Its error falls exponentially with n for functions that are analytic inside, whatever their
    integrable singularities at the ends.
    """
    t = np.linspace(-6.1, 6.1, n)
    s = math.pi * np.sinh(t)  # u = 1/(1 + e^-s) goes down to 1e-304
    u, complement = 1.0 / (1.0 + np.exp(-s)), 1.0 / (1.0 + np.exp(s))
    weight = (t[1] - t[0]) * math.pi * np.cosh(t) * u * complement
    return Rule(u, complement, weight)
