"""Integrals of smooth functions over the simplex, the sphere, and all vectors of real numbers.

By the trapezoidal rule on a grid, which converges exponentially for what is analytic and falls off
in all directions (Trefethen & Weideman 2014). It is done twice, on grids between each other's
nodes. By how much they differ, and what lies far out, are the error.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from reparam._typing import Array

__all__ = ["MOST_ENTRIES", "over_logarithms", "over_reals", "over_simplex", "over_sphere"]

#: The most entries that vectors may have: with each more there are 160 times as many nodes.
MOST_ENTRIES = 3
#: How far nodes lie from the middle, and the share of it beyond which terms tell what is left out:
#: on the simplex, and of real vectors.
_FAR, _ON_SIMPLEX, _ON_REALS = (24.0, 3.0), 0.8, 0.9
#: How far nodes are apart: on the simplex, and of real vectors by the number of entries.
_STEP, _STEPS = 0.2, {1: 0.03, 2: 0.04, 3: 0.06}
#: Larger errors are tried again on a grid finer by this factor, if it has at most `_MOST_NODES`.
_SMALL, _FINER, _MOST_NODES = 1e-8, 3.0, 2**19
#: Of what falls off exponentially: how far t goes and its step, and so with four entries, which
#: are to fall off like a Gaussian's.
_OF_LOGARITHMS, _OF_FOUR = (4.0, 0.16), (2.8, 0.25)
#: On the sphere: how far ln tan(θ/2) goes, in two dimensions; its step; angles of the circle.
_FAR_ON_SPHERE, _STEP_ON_SPHERE, _ANGLES = 40.0, 0.05, 64


def over_simplex(f: Callable[[Array], Array], log_draws: Array) -> tuple[Array, Array]:
    """Return ∫ f(ln y) dy over the simplex for several f, and the errors.

    In t_i = ln(y_i/y_K), scaled by the spread of draws; dy = Π_i y_i dt, with the product over all
    K entries. From rows ln y f makes a row for each integrand: NaN makes an integral NaN.
    """
    t = log_draws[:, :-1] - log_draws[:, -1:]
    centre, spread = t.mean(axis=0), np.linalg.cholesky(np.atleast_2d(np.cov(t.T)))

    def terms(s: Array) -> Array:
        log_y = np.append(centre + s @ spread.T, np.zeros((len(s), 1)), axis=1)
        log_y -= np.logaddexp.reduce(log_y, axis=1, keepdims=True)
        return np.asarray(f(log_y) * np.exp(np.sum(log_y, axis=1)) * np.prod(np.diag(spread)))

    return _on_grids(terms, len(centre), _FAR[0], _STEP, _ON_SIMPLEX, shrinking=1.0)


def over_reals(f: Callable[[Array], Array], draws: Array) -> tuple[Array, Array]:
    """Return ∫ f(y) dy for several f, and the errors.

    In t, x_i = sinh(π/2 sinh t_i), y = m + S x with mean and spread of draws, so that f may fall
    off like a power (Takahasi & Mori 1974). Larger errors are tried on finer grids.
    """
    low, middle, high = np.quantile(draws, [0.16, 0.5, 0.84], axis=0)
    width = 0.5 * (high - low)
    inner = np.clip((draws - middle) / width, -5.0, 5.0)  # tails may have no covariance
    spread = np.diag(width) @ np.linalg.cholesky(np.atleast_2d(np.cov(inner.T)))

    def terms(t: Array) -> Array:
        inside = 0.5 * math.pi * np.sinh(t)
        weight = np.prod(0.5 * math.pi * np.cosh(t) * np.cosh(inside), axis=1)
        y = middle + np.sinh(inside) @ spread.T
        return np.asarray(f(y) * weight * np.prod(np.diag(spread)))

    # the same shift of all axes wouldn't tell waves of t_1 − t_2 that are as short as a step
    size, step = len(middle), _STEPS[len(middle)]
    value, error = _on_grids(terms, size, _FAR[1], step, _ON_REALS, shrinking=0.5)
    finer = step / _FINER
    if np.any(error > _SMALL) and (2.0 * _FAR[1] / finer) ** size <= _MOST_NODES:
        return _on_grids(terms, size, _FAR[1], finer, _ON_REALS, shrinking=0.5)
    return value, error


def over_logarithms(f: Callable[[Array], Array], draws: Array) -> tuple[Array, Array]:
    """Return ∫ f(y) dy for several f that fall off exponentially at least, and the errors.

    In t, y = m + S sinh t with mean and spread of draws.
    """
    middle, spread = draws.mean(axis=0), np.linalg.cholesky(np.atleast_2d(np.cov(draws.T)))

    def terms(t: Array) -> Array:
        weight = np.prod(np.cosh(t), axis=1) * np.prod(np.diag(spread))
        return np.asarray(f(middle + np.sinh(t) @ spread.T) * weight)

    reach, step = _OF_LOGARITHMS if (size := len(middle)) < 4 else _OF_FOUR
    return _on_grids(terms, size, reach, step, _ON_REALS, shrinking=0.5)


def over_sphere(f: Callable[[Array], Array], centre: Array) -> tuple[Array, Array]:
    """Return ∫ f(y) dy over the circle, or the sphere in three dimensions, and the errors.

    In t = ln tan(θ/2), with the angle θ from the centre: dθ = sin θ dt, and f need not be smooth
    there, or at the opposite point. Around that axis it is a circle of equally many points.
    """
    size, circle = len(centre), len(centre) > 2
    axes = np.linalg.qr(np.column_stack([centre, np.eye(size)]))[0]
    axes[:, 0] = centre / np.linalg.norm(centre)  # its sign is lost
    count, reach, sums = _ANGLES if circle else 2, _FAR_ON_SPHERE / (size - 1.0), []
    for shift in (0.0, 0.5):
        t = np.arange(-reach, reach, _STEP_ON_SPHERE) + shift * _STEP_ON_SPHERE
        angle = 2.0 * math.pi / count * (np.arange(count) + shift * circle)
        ring = np.stack([np.cos(angle), np.sin(angle)][: size - 1])
        sine, width = 1.0 / np.cosh(t), 2.0 * math.pi / count if circle else 1.0
        points = np.empty((size, len(t), count))
        points[0] = -np.tanh(t)[:, np.newaxis]
        points[1:] = ring[:, np.newaxis] * sine[:, np.newaxis]
        weight = np.repeat(width * _STEP_ON_SPHERE * sine ** (size - 1), count)
        sums.append(f((axes @ points.reshape(size, -1)).T) @ weight)
    return 0.5 * (sums[0] + sums[1]), np.abs(sums[0] - sums[1])


def _on_grids(
    terms: Callable[[Array], Array],
    size: int,
    reach: float,
    step: float,
    inner: float,
    *,
    shrinking: float,
) -> tuple[Array, Array]:
    """Return integrals and errors, by a grid and a shifted one.

    It is shifted by half a step along the first axis, and `shrinking` that along each other.
    """
    sums, beyond = [], []
    for shift in (0.0, 0.5 * step):
        axis = np.arange(-reach, reach, step)
        axes = [axis + shift * shrinking**k for k in range(size)]
        nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, size)
        found = terms(nodes) * step**size
        outside = np.max(np.abs(nodes), axis=1) > inner * reach
        sums.append(np.sum(found, axis=1))
        beyond.append(np.sum(np.abs(found[:, outside]), axis=1))
    return 0.5 * (sums[0] + sums[1]), np.abs(sums[0] - sums[1]) + beyond[0] + beyond[1]
