"""Points and weights for a draw: all values, or quadrature of the numbers that it is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.draw import Draw
from reparam.distributions.beta import Beta
from reparam.distributions.dirichlet import Dirichlet
from reparam.distributions.gamma import Gamma
from reparam.distributions.multivariate_student_t import MultivariateStudentT
from reparam.engine.noise import NORMAL, UNIFORM, Noise
from reparam.families.bartlett import BartlettFamily
from reparam.regions import CountVector
from reparam.special.matrices import apply, diagonally, transposed
from reparam.transforms.independent import Independent

__all__ = [
    "AGREED",
    "REACH",
    "STEPS",
    "NoRuleError",
    "all_values",
    "combined",
    "made",
    "mapped",
    "numbers",
    "polynomial_rule",
    "rule",
    "split",
]

#: How many values of a discrete draw are taken at most, and which tail is left out.
_VALUES, _TAIL = 2000, 1e-17

#: The trapezium rule's finest step and last point: for normal noise, and for uniform noise u with
#: ln(u/(1 − u)) = π sinh t (Takahasi & Mori 1974).
_NORMAL, _UNIFORM = (0.125, 9.0), (1.0 / 16.0, 3.0)

#: Steps of quadrature, and longer ones to compare with, in units of the finest: the first that make
#: the grid small enough are taken.
STEPS = ((1, 2), (2, 4), (3, 5), (4, 6), (6, 8))

#: The share of the points, from the middle, that the rule with the longer step has.
REACH = 11 / 12

#: How far the two rules may differ, relatively. The error of the finer one is at most about that to
#: the power of the ratio of steps, or a thirtieth of it where tails are cut off.
AGREED = 1e-5

#: A kind of numbers, and the shape of its share of a draw.
Kind = tuple[Noise, tuple[int, ...]]


class NoRuleError(Exception):
    """There is no rule, or it has too many points; the message has the reason."""


# Continuous draws ----------------------------------------------------------------------------


def mapped(law: Any) -> Any:
    """Return the distribution, with entries drawn by their quantiles if they are independent."""
    if isinstance(law, Independent):
        return Independent([each.by_quantile() for each in law.laws])
    return law


def numbers(law: Any) -> list[Kind]:
    """Return what a draw is made of at the points of a rule: noise, or what quantiles take.

    Raises
    ------
    NoRuleError
        If it is neither.
    """
    if not law.event_shape:
        return [(law.noise, ())]
    if law.path == "map":
        return [*law._noises()]
    length = law.event_shape[0]
    if isinstance(law, Dirichlet):
        return [(UNIFORM, (length - 1,))]
    if isinstance(law, MultivariateStudentT):
        return [(NORMAL, (length,)), (UNIFORM, ())]
    if isinstance(law, BartlettFamily):
        return [(NORMAL, (length * (length - 1) // 2,)), (UNIFORM, (length,))]
    raise NoRuleError(f"there is no quadrature over draws of {law.name}")


def made(law: Any, *parts: Array) -> Draw:
    """Return the draw that numbers make, by conditional quantiles if they are not its noise."""
    if not law.event_shape or law.path == "map":
        drawn: Draw = law._replay(*parts)
        return drawn
    return Draw(law, *_by_quantiles(law, *parts), (), 0)


def _by_quantiles(law: Any, *parts: Array) -> tuple[Array, tuple[Array, ...]]:
    """Return vectors, and what their derivatives are computed from."""
    if isinstance(law, Dirichlet):  # each entry is a share of what those before it leave
        alpha = law["concentration"]
        later = np.cumsum(alpha[..., ::-1], axis=-1)[..., -2::-1]
        share = Beta(alpha[..., :-1], later).icdf(parts[0])
        left = np.cumprod(Beta(later, alpha[..., :-1]).isf(parts[0]), axis=-1)
        one = np.ones_like(left[..., :1])
        y = np.concatenate([one, left], axis=-1) * np.concatenate([share, one], axis=-1)
        others = np.cumsum(y, axis=-1) - y + np.concatenate([left, 0.0 * one], axis=-1)
        return y, (np.log(y) - np.log(others),)
    z, u = parts
    if isinstance(law, MultivariateStudentT):
        df, loc, a, _ = law._ready
        g = Gamma(0.5 * df).icdf(u)
        x = z * np.sqrt(0.5 * df / g)[..., np.newaxis]
        return loc + apply(a, x), (x, np.log(g))
    df, tril = law._ready
    x = Gamma(law._shapes(df, u.shape[-1])).icdf(u)
    a = diagonally(np.sqrt(2.0 * x))
    a[..., *np.tril_indices(u.shape[-1], -1)] = z
    t = tril @ law._right(a)
    return t @ transposed(t), (a, np.log(x))


def split(kinds: Sequence[Kind], rows: Array) -> list[Array]:
    """Return the numbers of each kind, from rows with all of them as the last axis."""
    found, at = [], 0
    for _, event in kinds:
        part = rows[..., at : (at := at + math.prod(event))]
        found.append(np.array(part.reshape(*part.shape[:-1], *event)))
    return found


def rule(kind: Noise, every: int, reach: float) -> tuple[Array, Array]:
    """Return points for one number and their weights: every n-th of the finest rule, up to a share.

    The integral up to that share of the way to the last point shows whether tails count that no
    point is in.
    """
    step, last = _NORMAL if kind is NORMAL else _UNIFORM
    count = math.floor(last * reach / (step * every))
    t = step * every * np.arange(-count, count + 1.0)
    if kind is NORMAL:
        weights = np.exp(-0.5 * t * t)
        return t, weights / weights.sum()
    u = 1.0 / (1.0 + np.exp(-np.pi * np.sinh(t)))
    inside = (u > 0.0) & (u < 1.0)
    weights = np.cosh(t) / (2.0 + 2.0 * np.cosh(np.pi * np.sinh(t)))
    return u[inside], (weights / weights.sum())[inside]


def polynomial_rule(width: int, seed: int) -> tuple[Array, Array]:
    """Return points for normal numbers, and weights that are exact for polynomials of degree 5.

    They are the fully symmetric ones of McNamee & Stenger (1967), of one dimension more, turned at
    random, less one coordinate: for what is not such a polynomial, two of these rules differ.
    """
    d = width + 1
    first, second = np.triu_indices(d, 1)
    corners = np.concatenate([np.eye(d)[first] + sign * np.eye(d)[second] for sign in (1.0, -1.0)])
    half = np.concatenate([np.eye(d), corners])
    points = math.sqrt(3.0) * np.concatenate([np.zeros((1, d)), half, -half])
    each = np.concatenate([np.full(d, (4.0 - d) / 18.0), np.full(len(corners), 1.0 / 36.0)])
    weights = np.concatenate([[1.0 + d * (d - 7.0) / 18.0], each, each])
    turn, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))
    return points @ turn[:, :width], weights


def combined(rules: Sequence[Array]) -> Array:
    """Return all combinations of a row of each array, side by side: numbers are rows of one."""
    sizes = [len(each) for each in rules]
    places = np.unravel_index(np.arange(math.prod(sizes)), sizes)
    rows = (each.reshape(len(each), -1)[at] for each, at in zip(rules, places, strict=True))
    return np.concatenate([*rows], axis=1)


# Discrete draws ------------------------------------------------------------------------------


def all_values(name: str, law: Any, reach: float) -> Array:
    """Return the values of a discrete draw, except far tails, up to a share: one per row.

    Raises
    ------
    NoRuleError
        If there are too many.
    """
    if isinstance(law._support, CountVector):
        return _counts(name, law)
    low, high = (float(f(end)) for f, end in zip((np.min, np.max), law.support, strict=True))
    if high - low >= _VALUES:
        tail = _TAIL**reach
        low, high = float(np.min(law.icdf(tail))), float(np.max(law.isf(tail)))
    if not high - low < _VALUES:
        raise NoRuleError(f"{name} has more than {_VALUES:,} values to sum over")
    return np.arange(low, high + 1.0)[:, np.newaxis]


def _counts(name: str, law: Any) -> Array:
    """Return all vectors of counts: they are the gaps between K − 1 bars among n stars."""
    totals = np.unique(law["total_count"]) if "total_count" in law.parameters else np.ones(1)
    if len(totals) > 1:
        raise NoRuleError(f"{name} has several total counts, and no one set of values to sum over")
    total, length = int(totals[0]), law.event_shape[0]
    places = total + length - 1
    if (count := math.comb(places, total)) > _VALUES:
        raise NoRuleError(f"{name} has {count:,} values, and the limit is {_VALUES:,}")
    bars = np.array([(-1, *bars, places) for bars in combinations(range(places), length - 1)])
    return np.diff(bars, axis=1) - 1.0
