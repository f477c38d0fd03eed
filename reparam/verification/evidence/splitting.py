"""Integrals over quantiles, in pieces where a density is smooth in pieces only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.verification.evidence.context import Case
from reparam.verification.numerics.calculus import Rule, ends, moved, unit_rule

__all__ = ["between", "inner_edges", "integrated", "resolved", "split_rule"]

#: The share of nodes that each half of a piece has.
_IN_PIECES = 0.4
#: Units in an end's last place within which values have too few digits of their distance from it.
_APART = 2.0**20
#: How much probability each piece has at least.
_LEAST = 1e-12


def inner_edges(case: Case) -> tuple[Array, Array]:
    """Return F and 1 − F, increasing, where integrals are to be split."""
    y = np.unique(case.target.joints(case.theta))
    if not y.size:
        return y, y
    below, above = np.asarray(case.formulas.cdf(y)), np.asarray(case.formulas.sf(y))
    kept, last = [], (0.0, 1.0)
    for u, v in zip(below.tolist(), above.tolist(), strict=True):
        if min(u - last[0] if u < 0.5 else last[1] - v, v) > _LEAST:
            kept.append((u, v))
            last = u, v
    first, second = np.array(kept).reshape(-1, 2).T
    return first, second


def split_rule(edges: tuple[Array, Array], n: int = 300) -> Rule:
    """Return the rule on (0, 1) that has pieces between edges: F and 1 − F, increasing."""
    if not edges[0].size:
        return unit_rule(n)
    unit = unit_rule(round(_IN_PIECES * n))
    low, high = np.append(0.0, edges[0]), np.append(edges[0], 1.0)
    above_low, above_high = np.append(1.0, edges[1]), np.append(edges[1], 0.0)
    width = np.where(high < 0.5, high - low, above_low - above_high)
    first, last, wide = (each[:, np.newaxis] for each in (low, above_high, width))
    return Rule(
        (first + wide * unit.u).ravel(),
        (last + wide * unit.complement).ravel(),
        (wide * unit.weight).ravel(),
    )


def integrated(f: Callable[[Array], Array], y: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Return weighted sums of functions of values, their sizes, and what rounding y makes of them.

    Several functions are rows. Values at which one is not a number are left out.
    """
    values = f(y)
    rounding = moved(f, y, values)
    inside = np.isfinite(values) & np.isfinite(rounding)
    size = np.abs(np.where(inside, values, 0.0))
    lost = np.sum(np.where(inside, 0.0, weight), axis=-1) * np.max(size, axis=-1)
    unsure = np.sum(np.where(inside, weight * rounding, 0.0), axis=-1)
    total = np.sum(np.where(inside, weight * values, 0.0), axis=-1)
    return total, np.sum(weight * size, axis=-1), lost + unsure


def resolved(y: Array, low: Array, high: Array) -> NDArray[np.bool_]:
    """Return which values are far enough from the support's ends, and from where numbers end."""
    least, most = ends(y.dtype)
    inside = np.abs(y) < most
    for end in (float(low), float(high)):
        if np.isfinite(end):
            inside &= np.abs(y - end) > max(_APART * np.spacing(abs(end)), least)
    return np.asarray(inside)


def between(first: float, last: float, edges: Array, nodes: int) -> tuple[Array, Array]:
    """Return nodes u and weights of an integral over (first, last), in parts between edges.

    Without edges there are two parts, if ½ is inside.
    """
    edges = edges[(edges > first) & (edges < last)]
    if edges.size:
        whole = np.concatenate([[first], edges, [last]])[:, np.newaxis]
        rule, width = unit_rule(nodes // 2), np.diff(whole, axis=0)
        return (whole[:-1] + width * rule.u).ravel(), (width * rule.weight).ravel()
    rule, middle = unit_rule(nodes), min(max(0.5, first), last)
    half = len(rule.u) // 2
    share, weight = 2.0 * rule.u[:half], 2.0 * rule.weight[:half]
    below, above = middle - first, last - middle
    u = np.concatenate([first + below * share, last - above * share[::-1]])
    return u, np.concatenate([below * weight, above * weight[::-1]])
