"""Weighted sums of distributions: tails, densities, quantiles, and how these move.

Differences between cumulative functions are taken on the side of the smaller tail, and quotients by
densities that underflow through logarithms.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.reparameterized import Reparameterized
from reparam.base.tree import flat
from reparam.special._accurate import LARGEST
from reparam.transforms._rows import some_rows
from reparam.transforms._solver import solved

__all__ = ["Blend", "Densities"]

#: The logarithm of a density below which quotients by it are differences of logarithms.
_FAR = -600.0
#: A part of a density above this has all digits.
_RESOLVED = 1e-290
#: A bracket of a quantile is wider by this share of it, because its endpoints are rounded quantiles
#: of the components.
_WIDER = 1e-10
#: Likewise, in units in the last place.
_ULPS = 8.0
#: Half the distance between two uniform numbers.
_HALF_STEP = 2.0**-54


class Densities(NamedTuple):
    """Densities of the components at some values, and of their sum."""

    #: ln p.
    log: Array
    #: π_k p_k / p for each component.
    parts: list[Array]
    #: ln p_k for each component.
    each: list[Array]


class Blend:
    """A weighted sum of scalar distributions; arrays have one row, or all.

    Parameters
    ----------
    components
        The distributions.
    theta
        The parameters of each, nested as its formulas take them.
    shares
        The probability π of each: 0 or more, with the sum 1.
    logs
        ln π of each.
    """

    def __init__(
        self,
        components: Sequence[Reparameterized],
        theta: Sequence[tuple[Any, ...]],
        shares: Sequence[Array],
        logs: Sequence[Array],
    ) -> None:
        self.components, self.theta = components, theta
        self.shares, self.logs = shares, logs

    def some(self, rows: NDArray[Any], count: int) -> Blend:
        """Return the sum for some of ``count`` rows."""
        theta = [self._theta_of(k, rows, count) for k in range(len(self.components))]
        shares, logs = (
            [each[rows] if np.ndim(each) and len(each) == count else each for each in values]
            for values in (self.shares, self.logs)
        )
        return Blend(self.components, theta, shares, logs)

    def _theta_of(self, k: int, rows: NDArray[Any], count: int) -> tuple[Any, ...]:
        return some_rows(self.components[k], self.theta[k], rows, count)

    def _each(self, name: str, outside: float | tuple[float, float], y: Array) -> list[Any]:
        """Return a formula of each component at the values, which may be outside its support."""
        return [self.of(k, name, outside, y) for k in range(len(self.components))]

    def of(self, k: int, name: str, outside: float | tuple[float, float], y: Array) -> Any:
        """Return a formula of one component at the values, which may be outside its support."""
        return self.components[k]._guarded(name, outside)(y, *flat(self.theta[k]))

    def _sum(self, values: Sequence[Array]) -> Array:
        return np.asarray(sum(s * v for s, v in zip(self.shares, values, strict=True)))

    # Tails and densities ---------------------------------------------------------------------

    def ends(self) -> tuple[Array, Array]:
        """Return the endpoints of the support, without components of weight 0."""
        ends = [c._ends(*theta) for c, theta in zip(self.components, self.theta, strict=True)]
        low, high = np.asarray(np.inf), np.asarray(-np.inf)
        for share, (first, last) in zip(self.shares, ends, strict=True):
            low = np.minimum(low, np.where(share > 0.0, first, np.inf))
            high = np.maximum(high, np.where(share > 0.0, last, -np.inf))
        return low, high

    def tail(self, y: Array, upper: bool = False) -> Array:
        """Return P(Y ≤ y), or P(Y > y) if `upper`."""
        return np.minimum(self._sum(self._tails(y, upper)), 1.0)

    def _tails(self, y: Array, upper: bool) -> list[Array]:
        return self._each("_sf", (1.0, 0.0), y) if upper else self._each("_cdf", (0.0, 1.0), y)

    def log_tail(self, y: Array, upper: bool = False) -> Array:
        """Return ln P(Y ≤ y), or ln P(Y > y) if `upper`."""
        log = log_sum([a + b for a, b in zip(self.logs, self._log_tails(y, upper), strict=True)])
        other = self.tail(y, not upper)
        return np.where(other < 0.5, np.log1p(-other), log)

    def _log_tails(self, y: Array, upper: bool) -> list[Array]:
        name, outside = ("_log_sf", (0.0, -np.inf)) if upper else ("_log_cdf", (-np.inf, 0.0))
        return self._each(name, outside, y)

    def densities(self, y: Array) -> Densities:
        """Return the densities at the values."""
        each = self._each("_log_prob", -np.inf, y)
        logs = [log + share for log, share in zip(each, self.logs, strict=True)]
        if len(logs) == 1:
            return Densities(logs[0], [np.ones(np.shape(logs[0]))], each)
        top = _largest(logs)
        finite = np.isfinite(top)
        shift = top if (usual := bool(np.all(finite))) else np.where(finite, top, 0.0)
        terms = [np.exp(log - shift) for log in logs]
        total = sum(terms[1:], start=terms[0])
        parts = [np.asarray(term / total) for term in terms]
        if not usual:  # where densities are infinite these count alone; where none is, NaN
            endless = [term == np.inf for term in terms]
            several = sum(each.astype(np.float64) for each in endless)
            parts = [
                np.where(top == np.inf, infinite / several, part)
                for infinite, part in zip(endless, parts, strict=True)
            ]
        return Densities(shift + np.log(total), parts, each)

    def relative(self, at: Densities) -> list[Array]:
        """Return p_k / p of each component."""
        # from what is left of π_k p_k/p, which has its digits where ln p has none behind the point
        return [
            np.where((part > _RESOLVED) | (at.log == np.inf), part / share, np.exp(each - at.log))
            for part, share, each in zip(at.parts, self.shares, at.each, strict=True)
        ]

    def excess(self, values: Sequence[Array]) -> list[Array]:
        """Return Σ_j π_j (x_k − x_j) of each component, j ≠ k: exact also where π_k is 1."""
        found = []
        for k, own in enumerate(values):
            terms = (
                times(share, own - other)
                for j, (share, other) in enumerate(zip(self.shares, values, strict=True))
                if j != k
            )
            found.append(np.asarray(sum(terms, start=0.0 * own)))
        return found

    # Derivatives -----------------------------------------------------------------------------

    def tails_over_density(self, y: Array, log_density: Array) -> list[Array]:
        """Return F_k/p of each component, or −(1 − F_k)/p: on the side of the smaller tail."""
        tails = [np.array(np.broadcast_to(tail, y.shape)) for tail in self._tails(y, False)]
        rows = np.flatnonzero(np.broadcast_to(self._sum(tails) > 0.5, y.shape))
        if rows.size:
            above = self.some(rows, y.size)._tails(y[rows], True)
            for tail, other in zip(tails, above, strict=True):
                tail[rows] = -other
        scale = np.exp(-log_density)
        found = [tail * scale for tail in tails]
        rows = np.flatnonzero(log_density < _FAR)
        if rows.size:
            far, at, log = self.some(rows, y.size), y[rows], log_density[rows]
            below, above = far._log_tails(at, False), far._log_tails(at, True)
            logs = [[a + b for a, b in zip(far.logs, tail, strict=True)] for tail in (below, above)]
            lower = log_sum(logs[0]) <= log_sum(logs[1])
            for entry, b, a in zip(found, below, above, strict=True):
                entry[rows] = np.where(lower, np.exp(b - log), -np.exp(a - log))
        return found

    def slopes(self, name: str, y: Array, at: Densities) -> tuple[Any, ...]:
        """Return π_k p_k/p times each of a formula's derivatives, for each component."""
        found = []
        for component, part, entries in zip(
            self.components, at.parts, self._each(name, 0.0, y), strict=True
        ):
            declared = component.parameters
            vectors = [bool(declared[path].dims) for path in declared.differentiable]
            found.append(
                tuple(
                    times(part[..., np.newaxis] if vector else part, entry)
                    for entry, vector in zip(_listed(entries), vectors, strict=True)
                )
            )
        return tuple(found)

    def stein_score(self, y: Array, at: Densities) -> Array:
        """Return ∂ log p/∂y."""
        each = self._each("_stein_score", 0.0, y)
        terms = [times(part, slope) for part, slope in zip(at.parts, each, strict=True)]
        return np.asarray(sum(terms[1:], start=terms[0]))

    # Quantiles -------------------------------------------------------------------------------

    def drawn(self, u: Array) -> Array:
        """Return what one uniform number makes: it picks a component, and what is left a value.

        What is left is counted from the nearer endpoint of the part of (0, 1) that the component
        has:
        so the digits of a small u, and of a small 1 − u, stay.
        """
        v, last = 1.0 - u, len(self.components) - 1
        below, above = self._cumulated
        picked = sum(
            ((u >= before) & (v <= after)).astype(np.intp)
            for before, after in zip(below[1:], above[:-1], strict=True)
        )
        y = np.empty(u.shape)
        for k in range(last + 1):
            rows = np.flatnonzero(picked == k) if last else np.arange(u.size)
            if not rows.size:
                continue
            start, end, share = (
                each[rows] if np.ndim(each) else each
                for each in (below[k], above[k], self.shares[k])
            )
            least = np.minimum(_HALF_STEP / share, 0.5)
            lower = np.maximum((u[rows] - start) / share, least)
            upper = np.maximum((v[rows] - end) / share, least)
            y[rows] = self.quantile_of(k, lower, upper, rows, u.size)
        return y

    @cached_property
    def _cumulated(self) -> tuple[list[Array], list[Array]]:
        """The sum of the shares before each component, and of those after it."""
        before, after = [np.asarray(0.0)], [np.asarray(0.0)]
        for share in self.shares[:-1]:
            before.append(before[-1] + share)
        for share in self.shares[:0:-1]:
            after.append(after[-1] + share)
        return before, after[::-1]

    def quantile_of(self, k: int, u: Array, v: Array, rows: NDArray[np.intp], count: int) -> Array:
        """Return the quantile of a component by the smaller of two tails, for some rows."""
        component, y = self.components[k], np.empty(rows.shape)
        lower = u <= v
        for side, formula, tail in (
            (np.flatnonzero(lower), component._icdf, u),
            (np.flatnonzero(~lower), component._isf, v),
        ):
            if side.size:
                y[side] = formula(tail[side], *self._theta_of(k, rows[side], count))
        return y

    def quantile(self, u: Array, v: Array) -> Array:
        """Return the y with P(Y ≤ y) = u, where v = 1 − u."""
        u, v = (np.array(np.broadcast_to(p, np.broadcast_shapes(u.shape, v.shape))) for p in (u, v))
        ends = [np.broadcast_to(end, u.shape) for end in self.ends()]
        inside = np.flatnonzero((u > 0.0) & (v > 0.0))
        y = np.where(u <= 0.0, ends[0], np.where(v <= 0.0, ends[1], np.nan))
        if inside.size:
            some = self.some(inside, u.size)
            y[inside] = some._solved(u[inside], v[inside], ends[0][inside], ends[1][inside])
        return y

    def _solved(self, u: Array, v: Array, first: Array, last: Array) -> Array:
        low, high = self._bracket(u, v)
        room = _WIDER * (high - low) + _ULPS * np.spacing(np.maximum(np.abs(low), np.abs(high)))
        low = np.maximum(np.maximum(low - room, first), -LARGEST)
        high = np.minimum(np.minimum(high + room, last), LARGEST)
        upper = u > v

        def tail_and_density(y: Array, rows: NDArray[np.intp]) -> tuple[Array, Array]:
            blend, above = self.some(rows, u.size), upper[rows]
            tail = np.empty(y.shape)
            for side, at in ((True, above), (False, ~above)):
                if np.any(at):
                    tail[at] = blend.some(np.flatnonzero(at), y.size).tail(y[at], side)
            return tail, np.exp(blend.densities(y).log)

        return solved(np.where(upper, v, u), upper, tail_and_density, low, high)

    def _bracket(self, u: Array, v: Array) -> tuple[Array, Array]:
        """Return two values with the quantile between them.

        It is between the least and the greatest of the components' quantiles; and since
        π_k F_k ≤ F, not above any F_k⁻¹(u/π_k); the same from above.
        """
        count, everyone = u.size, np.arange(u.size)
        least, most = np.full(count, np.inf), np.full(count, -np.inf)
        low, high = most.copy(), least.copy()
        for k, share in enumerate(self.shares):
            share = np.broadcast_to(share, u.shape)
            rows = np.flatnonzero(share > 0.0)
            own = self.quantile_of(k, u[rows], v[rows], everyone[rows], count)
            least[rows], most[rows] = np.minimum(least[rows], own), np.maximum(most[rows], own)
            others = sum((s for j, s in enumerate(self.shares) if j != k), start=0.0 * share)
            for upper, tail, rest, bound in ((False, u, v, high), (True, v, u, low)):
                rows = np.flatnonzero(tail < share)
                whole, part, beside = share[rows], tail[rows], rest[rows]
                # π − u, of which one of the two forms has the digits
                left = np.where(part < beside, whole - part, beside - others[rows])
                sides = part / whole, np.maximum(left, 0.0) / whole
                own = self.quantile_of(k, *(sides[::-1] if upper else sides), rows, count)
                bound[rows] = (np.maximum if upper else np.minimum)(bound[rows], own)
        return np.maximum(least, low), np.minimum(most, high)


def _listed(entries: Any) -> tuple[Any, ...]:
    return entries if isinstance(entries, tuple) else (entries,)


def times(part: Array, entry: Any) -> Array:
    """Return a product that is 0 where the first factor is."""
    product = np.asarray(part * entry)
    return product if np.all(np.isfinite(product)) else np.where(part == 0.0, 0.0, product)


def _largest(logs: Sequence[Array]) -> Array:
    top = logs[0]
    for log in logs[1:]:
        top = np.maximum(top, log)
    return top


def log_sum(logs: Sequence[Array]) -> Array:
    """Return the logarithm of a sum of numbers that are given by theirs."""
    top = _largest(logs)
    shift = np.where(np.isfinite(top), top, 0.0)
    return np.asarray(shift + np.log(sum(np.exp(log - shift) for log in logs)))
