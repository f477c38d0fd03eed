"""Order statistics: the r-th smallest of n independent draws."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.distribution import About
from reparam.base.reparameterized import Flow, Reparameterized
from reparam.base.second_order import Triangle
from reparam.base.seen import Link, Seen, joined, kept
from reparam.base.tree import Child, _text
from reparam.domains import Integers, Interval
from reparam.engine.noise import UNIFORM, Noise
from reparam.errors import ParameterError
from reparam.parameters import Parameter
from reparam.special import beta
from reparam.transforms._children import Continuous
from reparam.transforms._rows import by_number, by_parameter, some_rows

__all__ = ["OrderStatistic", "order_statistic"]


class OrderStatistic(Reparameterized):
    """The r-th smallest of n independent draws from a distribution.

    p(y) = p₀(y) F₀(y)^(r−1) (1 − F₀(y))^(n−r) / B(r, n−r+1), with density p₀ and cdf F₀ of the
    base. y = F₀⁻¹(b) with b ~ Beta(r, n−r+1), which has no parameter of the base in it: so the
    derivatives are those of the base at y.
    """

    name = "order-statistic"
    base: Child[Reparameterized] = Continuous("The distribution p₀ of each draw")
    r: Parameter = Parameter(
        "r", Integers(1, math.inf), 1.0, (1.0, 1.0), (), "Rank from below", differentiable=False
    )
    n: Parameter = Parameter(
        "n", Integers(1, math.inf), 1.0, (1.0, 9.0), (), "Number of draws", differentiable=False
    )
    about = About(
        density="p(y) = p₀(y) F₀(y)^(r−1) (1 − F₀(y))^(n−r) / B(r, n−r+1)",
        transform="y = F₀⁻¹(b),  b = I⁻¹(u; r, n−r+1) ~ Beta(r, n−r+1)",
        derivatives={"base.θ": "∂y/∂θ of the base at y"},
        source="David & Nagaraja (2003), Order Statistics, section 2.1",
    )
    mechanism = "inverse CDF"
    noise: ClassVar[Noise] = UNIFORM
    _support = Interval("lower endpoint", "upper endpoint")

    def _check(self) -> None:
        """Refuse ranks above the number of draws."""
        r, n = self._parts["r"], self._parts["n"]
        if np.any(r > n):
            rank, number = np.broadcast_arrays(r, n)
            index = np.unravel_index(int(np.argmax(rank > number)), rank.shape)
            label = f"[{', '.join(map(str, index))}]" if index else ""
            raise ParameterError(
                f"r{label}={rank[index]:g} is above n{label}={number[index]:g}; pass a rank from"
                " 1 to n"
            )

    @property
    def moving(self) -> tuple[str, ...]:
        """The parameters that move an endpoint of the base's support where the density is not 0."""
        found = {
            path for flow in self._flows() for path, gone in flow.through.items() if np.any(gone)
        }
        return tuple(path for path in self.parameters if path in found)

    def _written(self) -> str:
        r, n = (_text(self._parts[name]) for name in ("r", "n"))
        return f"{self.base!r}, r={r}, n={n}"

    def _seen_from(self, end: float, sign: float) -> Seen[Reparameterized] | None:
        inner = self.base._seen_from(end, sign)
        if inner is None:
            return None
        rank = Link(0.0, {0: 1.0}) if sign > 0.0 else Link(1.0, {0: -1.0, 1: 1.0})
        links = joined((inner.links, len(self.base.parameters)), ((rank, *kept(2)[1:]), 2))
        r, n = (link.of(self._theta) for link in links[-2:])
        return Seen(OrderStatistic(inner.law, r=r, n=n), links)

    def _joints(self, *theta: Any) -> tuple[Array, ...]:
        return self.base._joints(*theta[0])

    def _flows(self) -> list[Flow]:
        found = []
        for end, inner, density, speeds in self.base._flows():
            at = np.where(np.isfinite(end), end, 0.0)
            logs = self.base.log_cdf(at), self.base.log_sf(at)
            with np.errstate(all="ignore"):
                factor = np.exp(_log_factor(*logs, self._parts["r"], self._parts["n"]))
                shared = np.where(density == 0.0, 0.0, density * factor)
            moved = {f"base.{path}": speed for path, speed in speeds.items()}
            found.append(Flow(end, inner, shared, moved))
        return found

    def _jumps(self) -> list[Flow]:
        low, high = self.support
        return [flow for flow in self._flows() if np.any((low < flow.end) & (flow.end < high))]

    # Formulas --------------------------------------------------------------------------------

    def _ends(self, *theta: Any) -> tuple[Any, Any]:
        return self.base._ends(*theta[0])

    def _logs(self, y: Array, of_base: tuple[Any, ...]) -> tuple[Array, Array]:
        """Return ln F₀ and ln(1 − F₀)."""
        return self.base._log_cdf(y, *of_base), self.base._log_sf(y, *of_base)

    def _icdf(self, u: Array, *theta: Any) -> Array:
        return self._quantile(u, 1.0 - u, *theta)

    def _isf(self, v: Array, *theta: Any) -> Array:
        return self._quantile(1.0 - v, v, *theta)

    def _quantile(self, u: Array, v: Array, of_base: Any, r: Array, n: Array) -> Array:
        flat_u, flat_v = np.ravel(u), np.ravel(v)
        point = beta.quantile_point(flat_u, flat_v, r, n - r + 1.0)
        y = np.empty(flat_u.shape)
        lower = point.x <= point.rest
        for rows, formula, tail in (
            (np.flatnonzero(lower), self.base._icdf, point.x),
            (np.flatnonzero(~lower), self.base._isf, point.rest),
        ):
            if rows.size:
                y[rows] = formula(tail[rows], *some_rows(self.base, of_base, rows, y.size))
        return y.reshape(np.shape(u))

    def _cdf(self, y: Array, *theta: Any) -> Array:
        return self._tail(y, *theta, upper=False)

    def _sf(self, y: Array, *theta: Any) -> Array:
        return self._tail(y, *theta, upper=True)

    def _log_cdf(self, y: Array, *theta: Any) -> Array:
        return self._log_beta_tail(y, *theta, upper=False)

    def _log_sf(self, y: Array, *theta: Any) -> Array:
        return self._log_beta_tail(y, *theta, upper=True)

    def _tail(self, y: Array, of_base: Any, r: Array, n: Array, *, upper: bool) -> Array:
        return beta.tail(self._point(y, of_base), r, n - r + 1.0, upper)

    def _log_beta_tail(self, y: Array, of_base: Any, r: Array, n: Array, *, upper: bool) -> Array:
        return beta.log_tail(self._point(y, of_base), r, n - r + 1.0, upper)

    def _point(self, y: Array, of_base: tuple[Any, ...]) -> beta.Point:
        below, above = self._logs(y, of_base)
        x, rest = self.base._cdf(y, *of_base), self.base._sf(y, *of_base)
        return beta.Point(*np.broadcast_arrays(x, rest, below - above))

    def _log_prob(self, y: Array, of_base: Any, r: Array, n: Array) -> Array:
        log_prob: Array = self.base._log_prob(y, *of_base)
        return log_prob + _log_factor(*self._logs(y, of_base), r, n)

    def _pathwise(self, y: Array, of_base: Any, r: Array, n: Array) -> tuple[Any, ...]:
        return (self.base._pathwise(y, *of_base),)

    def _pathwise2(self, y: Array, of_base: Any, r: Array, n: Array) -> Triangle:
        return self.base._pathwise2(y, *of_base)

    def _hazards(self, y: Array, of_base: Any, r: Array, n: Array) -> Array:
        """Return (r − 1) p₀/F₀ − (n − r) p₀/(1 − F₀)."""
        log_prob = self.base._log_prob(y, *of_base)
        below, above = self._logs(y, of_base)
        rising = _product(r - 1.0, np.exp(log_prob - below))
        return np.asarray(rising - _product(n - r, np.exp(log_prob - above)))

    def _score(self, y: Array, of_base: Any, r: Array, n: Array) -> tuple[Any, ...]:
        scores, speeds = (
            by_number(self.base, of_base, getattr(self.base, name)(y, *of_base))
            for name in ("_score", "_pathwise")
        )
        factor = self._hazards(y, of_base, r, n)
        found = [
            np.asarray(score - _product(speed, factor))
            for score, speed in zip(scores, speeds, strict=True)
        ]
        return (tuple(by_parameter(self.base, of_base, found)),)

    def _stein_score(self, y: Array, of_base: Any, r: Array, n: Array) -> Array:
        slope = self.base._stein_score(y, *of_base)
        return np.asarray(slope + self._hazards(y, of_base, r, n))


def _product(factor: Any, value: Any) -> Any:
    """Return a product that is 0 where the first factor is."""
    return np.where(np.equal(factor, 0.0), 0.0, factor * value)


def _log_factor(below: Array, above: Array, r: Array, n: Array) -> Array:
    """Return the logarithm of F₀^(r−1) (1 − F₀)^(n−r)/B(r, n−r+1), from ln F₀ and ln(1 − F₀)."""
    logit = np.where(np.isfinite(below) & np.isfinite(above), below - above, 0.0)
    inner = beta.logit_log_weight(logit, r, n - r + 1.0) - below - above
    at_low = np.where(r == 1.0, np.log(n), -np.inf)
    at_high = np.where(r == n, np.log(n), -np.inf)
    return np.select([below == -np.inf, above == -np.inf], [at_low, at_high], inner)


def order_statistic(base: Reparameterized, *, r: ArrayLike, n: ArrayLike) -> OrderStatistic:
    """Return the distribution of the r-th smallest of n independent draws.

    Parameters
    ----------
    base
        The distribution of each draw, of numbers.
    r
        The rank: 1 of the least, n of the greatest.
    n
        The number of draws.

    Returns
    -------
    OrderStatistic
        Its parameters are those of the base, ``base.loc`` and so on; nothing is differentiated in
        r and n.

    Raises
    ------
    ParameterError
        If r or n is not a positive integer, or r is above n.

    Examples
    --------
    >>> import reparam as rp
    >>> d = rp.order_statistic(rp.Exponential(rate=2.0), r=1, n=10)
    >>> d.icdf([0.1, 0.5]), rp.Exponential(rate=20.0).icdf([0.1, 0.5])
    (array([0.00526803, 0.03465736]), array([0.00526803, 0.03465736]))
    """
    return OrderStatistic(base, r, n)
