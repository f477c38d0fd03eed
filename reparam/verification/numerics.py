"""Numerical differentiation and integration: what formulas are compared with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np

from reparam._typing import Array
from reparam.parameters import Parameter

__all__ = ["Rule", "derivative_in", "differentiate", "integral", "unit_rule"]

#: Halvings of the step, and orders of extrapolation.
_STEPS, _ORDERS = 16, 6
#: Nodes of the two rules of an integral.
_NODES = 14, 20


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
        Elementwise; called once, with all places that it is needed at: a leading dimension more.
        Its values may have further dimensions, between that one and x's own.
    x, step
        Where, and the largest step, of equal shape.
    noise
        The relative error of f's values beyond rounding, such as that of single precision.
    """
    steps = step * 2.0 ** -np.arange(float(_STEPS)).reshape((-1,) + (1,) * np.ndim(step))
    right, left = x + steps, x - steps
    values = f(np.concatenate([right, left, x[np.newaxis]]))
    inner = (_STEPS,) + (1,) * (values.ndim - right.ndim) + x.shape
    width, steps = (right - left).reshape(inner), steps.reshape(inner)
    # x ± h round: what counts is the step that was taken
    table = (values[:_STEPS] - values[_STEPS:-1]) / width
    value = np.abs(values[-1])
    ulp = np.spacing(value) + noise * value
    rounding = ulp / steps
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
        A function of the parameters, elementwise: the one that moves is an array of `shape` with
        a leading dimension, the others are numbers.
    theta
        Where.
    parameters
        The declarations: steps stay in the domain.
    shape
        The shape of f's values but for the leading dimension.
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


def integral(f: Callable[[Array], Array], start: Array, end: Array) -> tuple[Array, Array]:
    """Return the integrals of a smooth function over intervals, and their errors.

    By Gauss-Legendre rules of two orders.
    """
    half = 0.5 * (end - start)
    sums = []
    for order in _NODES:
        node, weight = np.polynomial.legendre.leggauss(order)
        values = f(start + half * (1.0 + node[:, np.newaxis]))
        sums.append(half * np.sum(weight[:, np.newaxis] * values, axis=0))
    return sums[1], np.abs(sums[1] - sums[0])


class Rule(NamedTuple):
    """Nodes u and weights for ∫ g(u) du over (0, 1), with 1 − u as accurate as u."""

    u: Array
    complement: Array
    weight: Array


@cache
def unit_rule(n: int = 300) -> Rule:
    """Return the double-exponential (tanh-sinh) rule on (0, ½) and (½, 1) (Takahasi & Mori 1974).

    Its error falls exponentially with n for functions that are analytic inside each half,
    whatever their integrable singularities at the ends and in the middle.
    """
    t = np.linspace(-6.1, 3.6, n)
    s = math.pi * np.sinh(t)
    u = 0.5 / (1.0 + np.exp(-s))  # from 1e-304 to ½
    weight = (t[1] - t[0]) * math.pi * np.cosh(t) * 2.0 * u * (0.5 / (1.0 + np.exp(s)))
    upper = 1.0 - u[::-1]
    return Rule(
        np.concatenate([u, upper]),
        np.concatenate([1.0 - u, u[::-1]]),
        np.concatenate([weight, weight[::-1]]),
    )
