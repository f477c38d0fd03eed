"""The part of a distribution between two bounds: its mass, its quantiles, and how these move.

F(b) − F(a) loses what the tail at the nearer bound has more than it. So where that is small, also
of the part up to a value, the density is integrated instead, and quantiles are corrected by it: by
Gauss-Legendre rules in the logarithm of the distance from the nearer finite bound of the support.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.numerical.log_tails import log_of_tails
from reparam.base.reparameterized import Reparameterized
from reparam.base.tree import flat
from reparam.transforms._pieces import integrals
from reparam.transforms._rows import by_number, by_parameter, some_rows

__all__ = ["Window"]

Rows = NDArray[np.bool_]
Theta = tuple[Any, ...]

#: A part with less mass than so much of the tail that it is the difference of is narrow: that
#: difference would multiply the rounding errors of F by 1/_NARROW, and a density with so much of
#: the tail in front of it is smooth enough for integration.
_NARROW = 0.3
#: The error of a difference, times the share that it is of the tail: of F and 1 − F far out.
_ROUNDING = 3e-14
#: More than the error of a difference of F, relative to the smaller tail.
_DIFFERENCE = 1e-12
#: Below this share of the tail, quantiles start from the density at the end, not from F⁻¹.
_TINY = 1e-5
#: Newton steps from there, each of which squares the share, or from F⁻¹'s rounding errors.
_STEPS = 2
#: Beyond it e^x overflows, or nearly does.
_OVERFLOW = 700.0
#: Expectations are over quantiles of probabilities from this on.
_UNDERFLOW = 1e-300
#: Logarithms of tails below it come from the base's, which do not underflow.
_LOG_UNDERFLOW = math.log(1e-290)
#: The logarithm of a density below which it has no digits behind the point, nor has F.
_NO_DIGITS = -1e15
#: Shares below it have lost digits, or all.
_LOST_SHARE = 1e-300
#: How much of the mass an entropy may miss.
_LOST = 1e-13
#: Probabilities of pieces below this are not distinguished from 0.
_APART = 1e-12


class Window:
    """The part of a scalar distribution between two bounds; arrays have one row, or all.

    Parameters
    ----------
    base
        The distribution.
    theta
        Its parameters, nested as its formulas take them: each a number, or an array of all rows.
    low, high
        The bounds: numbers, or arrays of all rows. Beyond the support they are the support's.
    """

    def __init__(self, base: Reparameterized, theta: Theta, low: Array, high: Array) -> None:
        self.base, self.theta = base, theta
        first, last = base._ends(*theta)
        one = np.zeros(self._rows_of(low, high))
        #: Where the bound is the support's own.
        self.own = low + one <= first, high + one >= last
        self.low, self.high = np.maximum(low, first) + one, np.minimum(high, last) + one

    def _rows_of(self, *others: Any) -> tuple[int, ...]:
        """Return the shape of what has all rows there are, at least one."""
        leaves = zip(self.base.parameters.values(), flat(self.theta), strict=True)
        shapes = [np.shape(leaf)[: np.ndim(leaf) - p.rank] for p, leaf in leaves]
        return np.broadcast_shapes(*shapes, *map(np.shape, others), (1,))

    # The base's formulas ---------------------------------------------------------------------

    def _of(self, name: str, *points: Array) -> Any:
        """Return a formula of the base at one point per row, or at one for all."""
        whole = np.broadcast_arrays(*points, np.zeros(self._rows_of(*points)))[:-1]
        return getattr(self.base, name)(*whole, *self.theta)

    def _by_number(self, name: str, *points: Array) -> list[Any]:
        """Return a formula of the base that has one derivative per parameter, one per number."""
        return by_number(self.base, self.theta, self._of(name, *points))

    def _some(self, rows: NDArray[Any], count: int, repeated: int = 1) -> Theta:
        """Return the parameters of some of the rows, each repeated."""
        return some_rows(self.base, self.theta, rows, count, repeated)

    def _restricted(self, rows: NDArray[Any], count: int) -> Window:
        """Return the window of some of the rows."""
        low, high = (np.broadcast_to(end, count)[rows] for end in (self.low, self.high))
        return Window(self.base, self._some(rows, count), low, high)

    @cached_property
    def _joints(self) -> list[Array]:
        """Where the density is not smooth."""
        return [np.asarray(place) for place in self.base._joints(*self.theta)]

    # Masses ----------------------------------------------------------------------------------

    @cached_property
    def tails(self) -> tuple[Array, Array, Array, Array]:
        """F and 1 − F at the lower bound, then at the upper."""
        below_low, above_low = self._tails(self.low)
        below_high, above_high = self._tails(self.high)
        return (
            np.where(self.own[0], 0.0, below_low),
            np.where(self.own[0], 1.0, above_low),
            np.where(self.own[1], 1.0, below_high),
            np.where(self.own[1], 0.0, above_high),
        )

    def _tails(self, y: Array) -> tuple[Array, Array]:
        return self._of("_cdf", y), self._of("_sf", y)

    @cached_property
    def mass(self) -> Array:
        """F(b) − F(a)."""
        return self._between(self.low, self.high, *self.tails)

    def _between(
        self, x: Array, y: Array, below_x: Array, above_x: Array, below_y: Array, above_y: Array
    ) -> Array:
        """Return F(y) − F(x) from both tails at both."""
        mass = np.where(below_y < above_x, below_y - below_x, above_x - above_y)
        narrow = mass < _NARROW * np.minimum(below_y, above_x)
        if np.any(narrow):
            shape = np.broadcast_shapes(mass.shape, np.shape(x), np.shape(y))
            mass = np.array(np.broadcast_to(mass, shape))
            rows = np.flatnonzero(np.broadcast_to(narrow, shape))
            share = (mass / np.minimum(below_y, above_x))[rows]
            rows = rows[self._rounding(x, y, rows, mass.size) * share < _ROUNDING]
            integral, difference = self._integral(x, y, rows, mass.size)[0], mass[rows]
            # a rule that misses a kink of the density is farther off than rounding makes of F
            tail = np.broadcast_to(np.minimum(below_y, above_x), shape)[rows]
            same = np.abs(integral - difference) <= _DIFFERENCE * tail
            mass[rows] = np.where(same, integral, difference)
        return mass

    def _rounding(self, x: Array, y: Array, rows: NDArray[Any], count: int) -> Array:
        """Return how much rounded nodes add to an integral's error: next to 1, as of a beta."""
        log_x, log_y = (np.broadcast_to(self._of("_log_prob", end), count)[rows] for end in (x, y))
        x, y = (np.broadcast_to(end, count)[rows] for end in (x, y))
        unit = np.spacing(np.maximum(np.abs(x), np.abs(y)))
        return np.where(x < y, unit * np.abs(log_y - log_x) / (y - x), 0.0)

    def cdf(self, y: Array) -> Array:
        """Return P(Y ≤ y) of what is drawn from the window."""
        below, above, *_ = self.tails
        return np.minimum(
            self._between(self.low, y, below, above, *self._tails(y)) / self.mass, 1.0
        )

    def sf(self, y: Array) -> Array:
        """Return P(Y > y) of what is drawn from the window."""
        *_, below, above = self.tails
        return np.minimum(
            self._between(y, self.high, *self._tails(y), below, above) / self.mass, 1.0
        )

    def log_cdf(self, y: Array) -> Array:
        """Return ln P(Y ≤ y) of what is drawn from the window."""
        logs = log_of_tails(self.cdf(y), self.sf(y))
        return self._beyond_underflow(logs, y, self.low, "_log_cdf", self.own[0])

    def log_sf(self, y: Array) -> Array:
        """Return ln P(Y > y) of what is drawn from the window."""
        logs = log_of_tails(self.sf(y), self.cdf(y))
        return self._beyond_underflow(logs, y, self.high, "_log_sf", self.own[1])

    def _beyond_underflow(
        self, logs: Array, y: Array, end: Array, formula: str, own: NDArray[np.bool_]
    ) -> Array:
        """Return logarithms of the part between y and a bound, far out from those of the base."""
        if not np.any(far := logs < _LOG_UNDERFLOW):
            return logs
        logs = np.array(np.broadcast_to(logs, np.broadcast_shapes(logs.shape, y.shape)))
        count, rows = logs.size, np.flatnonzero(np.broadcast_to(far, logs.shape))
        at_y, at_end, log_mass = (
            np.broadcast_to(each, count)[rows]
            for each in (
                self._of(formula, y),
                np.where(own, -np.inf, self._of(formula, end)),
                np.log(self.mass),
            )
        )
        share = np.where(np.isinf(at_y), 1.0, -np.expm1(at_end - at_y))
        part = at_y + np.log(share)
        narrow = np.flatnonzero(share < _NARROW)
        if narrow.size:
            few = rows[narrow]
            unit = np.broadcast_to(self._of("_log_prob", y), count)[few]
            first, last = (end, y) if formula == "_log_cdf" else (y, end)
            integral = self._integral(first, last, few, count, log_unit=unit)[0]
            part[narrow] = unit + np.log(integral)
        logs[rows] = part - log_mass
        return logs

    # Integrals of the density ----------------------------------------------------------------

    def _integral(
        self,
        x: Array,
        y: Array,
        rows: NDArray[Any],
        count: int,
        less: Sequence[Array] = (),
        log_unit: Array | None = None,
    ) -> list[Array]:
        """Return ∫ p dt over (x, y) for some of the rows; or of ∫ (s − less) p dt.

        Parameters
        ----------
        x, y
            The bounds: arrays of one row, or of all.
        rows, count
            Which rows, and how many there are.
        less
            For each number of θ what is subtracted from the score s, if that is wanted.
        log_unit
            For each of the rows the logarithm of what densities are relative to: 1 if left out.
        """
        x, y = (np.broadcast_to(end, count)[rows] for end in (x, y))
        joints = [np.broadcast_to(place, count)[rows] for place in self._joints]
        return integrals(self.base, self._some(rows, count), x, y, joints, less, log_unit)

    # Quantiles -------------------------------------------------------------------------------

    def quantile(self, u: Array, v: Array) -> Array:
        """Return the y with P(Y ≤ y) = u, where v = 1 − u."""
        below, _, _, above = self.tails
        lower, upper = np.broadcast_arrays(below + u * self.mass, above + v * self.mass)
        y = np.empty(lower.shape)
        for rows, formula, tail in (
            (lower <= upper, "_icdf", lower),
            (~(lower <= upper), "_isf", upper),
        ):
            at = np.flatnonzero(rows)
            if at.size:
                y[at] = getattr(self.base, formula)(tail[at], *self._some(at, y.size))
        y = np.clip(y, self.low, self.high)
        near_low, near_high = self._narrow_sides(u, v)
        for rows, from_low, share in ((near_low, True, u), (near_high, False, v)):
            at = np.flatnonzero(rows)
            if at.size:
                start, part = y[at], np.broadcast_to(share, y.shape)[at]
                y[at] = self._restricted(at, y.size)._corrected(start, part, from_low)
        return y

    def _narrow_sides(self, u: Array, v: Array) -> tuple[Rows, Rows]:
        """Return where the part below a quantile is narrow, or else the part above."""
        below_low, above_low, below_high, above_high = self.tails
        lower, upper = u * self.mass, v * self.mass
        near_low = lower < _NARROW * np.minimum(below_low + lower, above_low)
        near_high = upper < _NARROW * np.minimum(below_high, above_high + upper)
        return near_low & ~(near_high & (v < u)), near_high & ~(near_low & (u <= v))

    def _corrected(self, y: Array, share: Array, from_low: bool) -> Array:
        """Return y with so much of the mass between it and the end."""
        end, sign = (self.low, 1.0) if from_low else (self.high, -1.0)
        wanted = share * self.mass
        tail = np.minimum(self._of("_cdf", end), self._of("_sf", end))
        straight = end + sign * wanted / np.exp(self._of("_log_prob", end))
        y = np.where(wanted < _TINY * tail, straight, y)
        rows = np.arange(y.size)
        for _ in range(_STEPS):
            y = np.clip(y, self.low, self.high)
            first, last = (end, y) if from_low else (y, end)
            part = self._integral(first, last, rows, y.size)[0]
            y = y - sign * (part - wanted) / np.exp(self._of("_log_prob", y))
        return np.clip(y, self.low, self.high)

    # Derivatives -----------------------------------------------------------------------------

    @cached_property
    def log_densities(self) -> tuple[Array, Array]:
        """Return ln p at both bounds, −∞ at the support's own: nothing goes through these."""
        low, high = (self._of("_log_prob", end) for end in (self.low, self.high))
        return np.where(self.own[0], -np.inf, low), np.where(self.own[1], -np.inf, high)

    @cached_property
    def speeds(self) -> list[tuple[Array, Array]]:
        """−F_θ/p at both bounds, for each number: 0 at the support's own."""
        low, high = (self._by_number("_pathwise", end) for end in (self.low, self.high))
        return [
            (np.where(self.own[0], 0.0, at_low), np.where(self.own[1], 0.0, at_high))
            for at_low, at_high in zip(low, high, strict=True)
        ]

    @cached_property
    def mean_scores(self) -> list[Array]:
        """E[∂ log p/∂θ] in the window for each number, which is ∂ log mass/∂θ."""
        ends = [np.where(log > -np.inf, np.exp(log), 0.0) for log in self.log_densities]
        flows = [
            (ends[0] * at_low - ends[1] * at_high) / self.mass for at_low, at_high in self.speeds
        ]
        narrow = self.mass < _NARROW * np.minimum(self.tails[2], self.tails[1])
        rows = np.flatnonzero(narrow)
        if rows.size:
            none = [np.zeros(rows.size)] * len(flows)
            inner = self._integral(self.low, self.high, rows, self.mass.size, none)
            for flow, integral in zip(flows, inner, strict=True):
                flow[rows] = integral / self.mass[rows]
        return flows

    def score(self, y: Array) -> tuple[list[Array], Array, Array]:
        """Return ∂ log density/∂θ at y for each leaf, then in both bounds."""
        scores = self._by_number("_score", y)
        low, high = (np.exp(log) / self.mass for log in self.log_densities)
        inner = [s - mean for s, mean in zip(scores, self.mean_scores, strict=True)]
        inner = by_parameter(self.base, self.theta, inner)
        unknown = np.isnan(y)
        return inner, np.where(unknown, np.nan, low), np.where(unknown, np.nan, -high)

    def velocity(self, y: Array, u: Array, v: Array) -> tuple[list[Array], Array, Array]:
        """Return ∂y/∂θ at fixed u for each leaf, then in both bounds."""
        log_density = self._of("_log_prob", y)
        beyond = np.isinf(y) | (log_density < _NO_DIGITS)  # the base has no more information
        low, high = (
            np.where(beyond, 0.0, self._pushed(y, share, log - log_density, formula))
            for share, log, formula in zip(
                (v, u), self.log_densities, ("log_sf", "log_cdf"), strict=True
            )
        )
        found = [
            np.array(np.where(beyond, speed, speed - (low * at_low + high * at_high)))
            for speed, (at_low, at_high) in zip(
                self._by_number("_pathwise", y), self.speeds, strict=True
            )
        ]
        for rows, from_low in zip(self._narrow_sides(u, v), (True, False), strict=True):
            at = np.flatnonzero(np.broadcast_to(rows, y.shape))
            if at.size:
                inside = self._restricted(at, y.size)
                for speed, integral in zip(found, inside._carried(y[at], from_low), strict=True):
                    speed[at] = integral / np.exp(log_density[at])
        return by_parameter(self.base, self.theta, found), low, high

    def _pushed(self, y: Array, share: Array, log: Array, formula: str) -> Array:
        """Return share · e^log; where the share underflows, from its own logarithm."""
        product = _scaled(share, log)
        lost = np.flatnonzero(np.broadcast_to((share < _LOST_SHARE) & (log > -np.inf), y.shape))
        if lost.size:
            own = getattr(self._restricted(lost, y.size), formula)(y[lost])
            product = np.array(np.broadcast_to(product, y.shape))
            product[lost] = np.exp(own + np.broadcast_to(log, y.shape)[lost])
        return product

    def _carried(self, y: Array, from_low: bool) -> list[Array]:
        """Return −∫ (s − E[s]) p over (a, y), which is the same over (y, b) with a plus."""
        first, last, sign = (self.low, y, -1.0) if from_low else (y, self.high, 1.0)
        means = [np.broadcast_to(mean, y.shape) for mean in self.mean_scores]
        integrals = self._integral(first, last, np.arange(y.size), y.size, means)
        return [sign * integral for integral in integrals]

    # Moments ---------------------------------------------------------------------------------

    def expectation(self, function: Callable[[Array], Array]) -> Array:
        """Return E[f(Y)] for each row of a window of all rows, by quadrature over quantiles.

        Parameters
        ----------
        function
            Of values; the last two axes are the sides and the nodes.
        """
        values, weight, share = self._at_nodes()
        terms = function(values)
        return np.asarray(_summed(terms * weight, terms, share).sum(axis=1))

    def entropy(self) -> Array:
        """Return −E[ln p]: NaN where values round to a bound at which p is infinite."""
        values, weight, _ = self._at_nodes()
        rows = np.repeat(np.arange(self.low.size), values[0].size)
        all_rows = self._restricted(rows, self.low.size)
        log = all_rows._of("_log_prob", values.ravel()) - np.log(all_rows.mass)
        log = log.reshape(values.shape)
        lost = np.where(np.isfinite(log), 0.0, weight).sum(axis=(1, 2))
        found = -(np.where(np.isfinite(log), log, 0.0) * weight).sum(axis=(1, 2))
        return np.where(lost < _LOST, found, np.nan)

    def _at_nodes(self) -> tuple[Array, Array, Array]:
        """Return quantiles at the nodes of both tails for each row, weights, and tails."""
        share, weight = self._tails_of_nodes()
        rows = np.repeat(np.arange(self.low.size), share[0].size)
        all_rows = self._restricted(rows, self.low.size)
        rest = 1.0 - share
        sides = ((share[:, 0], rest[:, 1]), (rest[:, 0], share[:, 1]))
        below, above = (
            np.maximum(np.stack(side, axis=1).ravel(), _UNDERFLOW / all_rows.mass) for side in sides
        )
        y = all_rows.quantile(below, above)
        return y.reshape(share.shape), weight, share

    def _tails_of_nodes(self) -> tuple[Array, Array]:
        """Return probabilities up to ½ for each row and both sides, and their weights.

        The rule of a tail, up to where the density is not smooth; and from there rules of pieces.
        """
        (tail, of_tail), count = _tail_rule(), self.low.size
        joints = [np.clip(at, self.low, self.high) for at in self._joints]
        if not joints:
            shape = count, 2, tail.size
            return np.broadcast_to(tail, shape), np.broadcast_to(of_tail, shape)
        places = [[formula(at) for at in joints] for formula in (self.cdf, self.sf)]
        edges = np.stack([np.stack(side, axis=-1) for side in places], axis=1)
        edges = np.where((edges > _APART) & (edges < 0.5), edges, 0.5)
        edges = np.concatenate([np.sort(edges, axis=-1), np.full((count, 2, 1), 0.5)], axis=-1)
        start, width = edges[..., :-1, np.newaxis], np.diff(edges, axis=-1)[..., np.newaxis]
        node, of_node = _piece_rule()
        parts = ((start + width * node), (width * of_node))
        first = 2.0 * edges[..., :1]
        tails, weights = (
            np.concatenate([first * own, part.reshape(count, 2, -1)], axis=-1)
            for own, part in zip((tail, of_tail), parts, strict=True)
        )
        return tails, weights


def _scaled(share: Array, log: Array) -> Array:
    """Return share · e^log, 0 where either factor is: of a tiny share e^log may overflow."""
    product = share * np.exp(np.where(share > 0.0, log, -np.inf))
    if np.any(log > _OVERFLOW):
        return np.where(log > _OVERFLOW, np.exp(log + np.log(share)), product)
    return np.asarray(product)


def _summed(terms: Array, values: Array, share: Array) -> Array:
    """Return sums over the nodes, with what is beyond the last: a power of the share."""
    last, before = values[..., 0], values[..., 1]
    power = np.log(last / before) / np.log(share[..., 1] / share[..., 0])
    beyond = np.where(power > 0.0, last * share[..., 0] / (1.0 - power), 0.0)
    beyond = np.where(power > 1.0 - 1e-6, np.copysign(np.inf, last), beyond)
    return np.asarray(terms.sum(axis=-1) + beyond)


@cache
def _tail_rule() -> tuple[Array, Array]:
    """Return nodes and weights on (0, ½) of the tanh-sinh rule, from 1e-280 on."""
    t = np.linspace(-6.0, 6.0, 385)
    share = 0.5 / (1.0 + np.exp(-np.pi * np.sinh(t)))
    rest = 1.0 / (1.0 + np.exp(np.pi * np.sinh(t)))
    weight = np.pi * np.cosh(t) * share * rest * (t[1] - t[0])
    kept = (share > 1e-280) & (weight > 1e-18 * share)
    return share[kept], weight[kept]


@cache
def _piece_rule() -> tuple[Array, Array]:
    """Return nodes and weights on (0, 1) of the tanh-sinh rule, for singularities at both."""
    t = np.linspace(-3.2, 3.2, 65)
    node = 1.0 / (1.0 + np.exp(-np.pi * np.sinh(t)))
    return node, np.pi * np.cosh(t) * node / (1.0 + np.exp(np.pi * np.sinh(t))) * (t[1] - t[0])
