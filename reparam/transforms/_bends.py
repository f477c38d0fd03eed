"""Second derivatives along quantile paths of distributions that are made of others.

With v = ∂y/∂θ, the score s = ∂ log p/∂θ and t = ∂ log p/∂y of a distribution,

    F_θφ = −p (v_θφ + s_θ v_φ + s_φ v_θ + t v_θ v_φ).

Where F is a sum, or a difference, of others', so is F_θφ. What the terms of the result have in
common is left out on paper, so that they do not cancel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from reparam._typing import Array
from reparam.base.reparameterized import Reparameterized
from reparam.base.second_order import Triangle, along_quantiles, full, unflattened
from reparam.base.tree import flat
from reparam.transforms._blend import Blend, Densities, times
from reparam.transforms._rows import by_number, some_rows
from reparam.transforms._window import Window

__all__ = ["Local", "local", "of_folded", "of_mixture", "of_window", "safe"]

#: What is this many times smaller than the sum of its terms' sizes is taken from differences.
_CANCELLED = 1e4

#: An entry, and the sum of the sizes of its terms.
Entry = tuple[Any, Any]


class Local(NamedTuple):
    """What moves a distribution's values at some places: by number of θ."""

    #: v = ∂y/∂θ at fixed u.
    slopes: list[Any]
    #: ∂²y/∂θ∂φ at fixed u, a symmetric matrix.
    bends: list[list[Any]]
    #: s = ∂ log p/∂θ.
    scores: list[Any]
    #: t = ∂ log p/∂y.
    steepness: Any

    def turned(self, i: int, j: int) -> Any:
        """Return −F_θφ/p less ∂²y/∂θ∂φ."""
        s, v, t = self.scores, self.slopes, self.steepness
        return s[i] * v[j] + s[j] * v[i] + t * (v[i] * v[j])


def local(distribution: Reparameterized, theta: tuple[Any, ...], of: Callable[[str], Any]) -> Local:
    """Return what moves values, from a function that evaluates a formula by its name."""

    def entries(name: str) -> tuple[Any, ...]:
        found = of(name)
        return tuple(flat(found)) if isinstance(found, tuple) else (found,)

    slopes, scores = (
        by_number(distribution, theta, entries(name)) for name in ("_pathwise", "_score")
    )
    bends = full(unflattened(entries("_pathwise2")))
    return Local(slopes, bends, scores, of("_stein_score"))


def safe(
    distribution: Reparameterized,
    y: Array,
    theta: tuple[Any, ...],
    rows: Sequence[Sequence[Entry]],
) -> Triangle:
    """Return second derivatives: differences of the first where their terms all but cancel.

    Parameters
    ----------
    distribution, y, theta
        Whose they are, and where.
    rows
        The upper triangle.
    """
    found = [[np.array(np.broadcast_to(entry, y.shape)) for entry, _ in row] for row in rows]
    poor = [
        [
            np.isfinite(size) & (np.abs(entry) * _CANCELLED < size)
            for entry, (_, size) in zip(row, entries, strict=True)
        ]
        for row, entries in zip(found, rows, strict=True)
    ]
    at = np.flatnonzero(np.any([each for row in poor for each in row], axis=0))
    if at.size:
        other = along_quantiles(distribution, y[at], some_rows(distribution, theta, at, y.size))
        for row, lost, instead in zip(found, poor, other, strict=True):
            for entry, there, value in zip(row, lost, instead, strict=True):
                better = there[at] & np.isfinite(value)
                entry[at[better]] = value[better]
    return tuple(map(tuple, found))


def _summed(*terms: Any) -> Entry:
    return sum(terms), sum(map(np.abs, terms))


# Mixtures ---------------------------------------------------------------------------------------


def of_mixture(
    blend: Blend, y: Array, at: Densities, speeds: Sequence[Array], total: Array | None
) -> Triangle:
    """Return ∂²y/∂θ∂φ of a mixture: first in the components' parameters, then in the weights.

    Parameters
    ----------
    blend
        The components.
    y, at
        The values, and the densities there.
    speeds
        ∂y/∂ of each weight or logit.
    total
        Σw, of weights; None of logits.
    """
    parts, relative = at.parts, blend.relative(at)
    count = len(blend.components)

    def of_component(k: int) -> Local:
        theta = blend.theta[k]
        return local(blend.components[k], theta, lambda name: blend.of(k, name, 0.0, y))

    each = [of_component(k) for k in range(count)]
    steep = sum(times(w, own.steepness) for w, own in zip(parts, each, strict=True))

    def sum_but(k: int, values: Sequence[Any]) -> Any:
        return sum((times(parts[m], values[m]) for m in range(count) if m != k), start=0.0)

    rest = [sum_but(k, [1.0] * count) for k in range(count)]
    steeper = [
        sum_but(k, [own.steepness - other.steepness for other in each])
        for k, own in enumerate(each)
    ]

    def of_components(k: int, i: int, m: int, j: int) -> Any:
        own, other = each[k], each[m]
        if k == m:
            apart = times(parts[k], steeper[k] * own.slopes[i] * own.slopes[j])
            return times(parts[k], own.bends[i][j] + times(rest[k], own.turned(i, j)) + apart)
        turned = own.scores[i] * other.slopes[j] + other.scores[j] * own.slopes[i]
        return -times(parts[k] * parts[m], turned + steep * own.slopes[i] * other.slopes[j])

    def with_weight(k: int, i: int, m: int) -> Any:
        own = each[k]
        if total is None:
            share = parts[k] * (rest[k] if k == m else -parts[m])
        else:
            share = (rest[k] if k == m else -parts[k]) * (relative[m] / total)
        turned = (own.scores[i] + steep * own.slopes[i]) * speeds[m]
        return times(share, own.slopes[i]) - times(parts[k], turned)

    def of_weights(m: int, n: int) -> Any:
        bent = steep * speeds[m] * speeds[n]
        if total is None:
            turned = parts[m] * speeds[n] + parts[n] * speeds[m]
            return (speeds[m] if m == n else 0.0) - turned - bent
        return -(relative[m] * speeds[n] + relative[n] * speeds[m]) / total - bent

    places = [(k, i) for k, own in enumerate(each) for i in range(len(own.slopes))]
    rows = (
        (
            *(of_components(k, i, m, j) for m, j in places[first:]),
            *(with_weight(k, i, m) for m in range(count)),
        )
        for first, (k, i) in enumerate(places)
    )
    return (*rows, *(tuple(of_weights(m, n) for n in range(m, count)) for m in range(count)))


# Two branches -----------------------------------------------------------------------------------


def of_folded(shares: tuple[Array, Array], above: Local, below: Local) -> list[list[Entry]]:
    """Return ∂²y/∂θ∂φ of the absolute value of x.

    Parameters
    ----------
    shares
        p₀(y)/p(y) and p₀(−y)/p(y).
    above, below
        What moves x at y, and −x at y.
    """
    both = shares[0] * shares[1]
    gap = above.steepness - below.steepness
    mean = times(shares[0], above.steepness) + times(shares[1], below.steepness)

    def entry(i: int, j: int) -> Entry:
        sides = [(above.slopes[k], below.slopes[k]) for k in (i, j)]
        v = [times(shares[0], one) + times(shares[1], other) for one, other in sides]
        dv = [one - other for one, other in sides]
        ds = [above.scores[k] - below.scores[k] for k in (i, j)]
        return _summed(
            times(shares[0], above.bends[i][j]),
            times(shares[1], below.bends[i][j]),
            times(both, ds[0] * dv[1]),
            times(both, ds[1] * dv[0]),
            times(both, mean * dv[0] * dv[1]),
            times(both, gap * (v[0] * dv[1] + v[1] * dv[0])),
            times(both, (shares[1] - shares[0]) * gap * dv[0] * dv[1]),
        )

    count = len(above.slopes)
    return [[entry(i, j) for j in range(i, count)] for i in range(count)]


# Windows ----------------------------------------------------------------------------------------


def of_window(window: Window, y: Array, u: Array, v: Array) -> list[list[Entry]]:
    """Return ∂²y/∂θ∂φ of what is drawn between two endpoints, where F(y) = v F(a) + u F(b).

    First in the base's parameters, then in a and b.
    """
    base, theta = window.base, window.theta
    _, *through = window.velocity(y, u, v)

    def of_base(at: Array) -> Local:
        return local(base, theta, lambda name: window._of(name, at))

    here, *ends = map(of_base, (y, window.low, window.high))
    count, t = len(here.slopes), here.steepness
    # by how much y is slower than on the base's path
    lags = [
        sum(times(w, end.slopes[i]) for w, end in zip(through, ends, strict=True))
        for i in range(count)
    ]
    turns = [
        score + t * (slope - lag)
        for score, slope, lag in zip(here.scores, here.slopes, lags, strict=True)
    ]

    def entry(i: int, j: int) -> Entry:
        return _summed(
            here.bends[i][j],
            turns[i] * lags[j],
            turns[j] * lags[i],
            t * lags[i] * lags[j],
            *(
                -times(w, end.bends[i][j] + end.turned(i, j))
                for w, end in zip(through, ends, strict=True)
            ),
        )

    def with_end(i: int, k: int) -> Entry:
        return _summed(times(through[k], ends[k].scores[i]), -times(through[k], turns[i]))

    def of_end(k: int) -> Entry:
        return _summed(times(through[k], ends[k].steepness), -times(through[k], through[k] * t))

    rows = [
        [*(entry(i, j) for j in range(i, count)), *(with_end(i, k) for k in (0, 1))]
        for i in range(count)
    ]
    across = _summed(-times(through[0], through[1] * t))
    return [*rows, [of_end(0), across], [of_end(1)]]
