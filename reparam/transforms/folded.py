"""The absolute value of what is drawn from a distribution."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.numerical.log_tails import log_of_tails
from reparam.base.second_order import Triangle, unflattened
from reparam.base.tree import flat
from reparam.transforms._bends import Local, local, of_folded, safe
from reparam.transforms._mapped import Mapped, times
from reparam.transforms._rows import by_number, by_parameter
from reparam.transforms._window import Window

__all__ = ["Folded"]

#: With less probability between −y and y, relative to the smaller tail, both branches cancel.
_NARROW = 0.3

#: More than the relative rounding errors of a base's derivatives and densities.
_ROUNDING = 1e-12

#: Tails below it are logarithms of the base's, which do not underflow.
_UNDERFLOW = 1e-290


class Folded(Mapped):
    """The distribution of the absolute value of x, with x from a base.

    p(y) = p₀(y) + p₀(−y), with density p₀ of the base. Draws are absolute values of the base's at
    the same seed, with ∂y/∂θ = sign(x) ∂x/∂θ: unbiased, but another path than the quantile's, on
    which ∂y/∂θ is the mean of both branches weighted by p₀(±y). ``pathwise`` is the latter.
    """

    name = "folded"
    about = About(
        density="p(y) = p₀(y) + p₀(−y)",
        transform="y = |x|",
        derivatives={"base": "sign(x) ∂x/∂θ"},
        source="Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions, 13.10",
    )

    def _check(self) -> None:
        super()._check()
        state, (first, last) = self.__dict__, self.base.support
        if np.any(both := (first < 0.0) & (last > 0.0)):
            state["_on_quantile_path"] = False
        if self.base.path == "map" and state["_rises"] is not None:
            rises = state["_rises"] == (first >= 0.0)
            mixed = np.any(both) or np.any(rises != np.all(rises))
            state["_rises"] = None if mixed else bool(np.all(rises))
        self._declare_support(*self._ends(self.base._nested(self.base._theta)))

    @property
    def moving(self) -> tuple[str, ...]:
        """The parameters that move an endpoint of the base's support."""
        return tuple(f"base.{path}" for path in self.base.moving)

    def __repr__(self) -> str:
        text = f"{type(self).__name__}({self.base!r})"
        return f"ByQuantile({text})" if self._is_by_quantile else text

    # Draws -----------------------------------------------------------------------------------

    def _transform(self, noise: Array, *theta: Any) -> tuple[Array, ...]:
        if self.base.path == "map":
            return self._placed(self.base._transform(noise, *theta[0]), *theta)
        # of a field, the quantile, which no x has made
        y = self._icdf(noise, *theta)
        return (y, *(np.full(y.shape, np.nan) for _ in range(self._extras)))

    def _placed(self, parts: tuple[Array, ...], *theta: Any) -> tuple[Array, ...]:
        return (np.abs(parts[0]), *parts)

    def _jacobian(self, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        x, *rest = extras_and_theta
        extras, (of_base,) = self._split(tuple(rest))
        inner = flat(self.base._jacobian(x, *extras, *of_base))
        slopes = tuple(times(np.sign(x), entry) for entry in inner)
        if not np.any(unknown := np.isnan(x) & ~np.isnan(y)):
            return slopes
        on_path = self._pathwise(y, of_base)
        return tuple(
            np.where(unknown if np.ndim(own) < 2 else unknown[:, np.newaxis], other, own)
            for own, other in zip(slopes, on_path, strict=True)
        )

    # Functions of values ---------------------------------------------------------------------

    def _ends(self, *theta: Any) -> tuple[Any, Any]:
        first, last = self.base._ends(*theta[0])
        low = np.where((first < 0.0) & (last > 0.0), 0.0, np.minimum(np.abs(first), np.abs(last)))
        return low, np.maximum(np.abs(first), np.abs(last))

    def _joints(self, *theta: Any) -> tuple[Array, ...]:
        ends = self.base._ends(*theta[0])
        return tuple(np.abs(np.asarray(x)) for x in (*ends, *self.base._joints(*theta[0])))

    def _branches(self, y: Array, of_base: Any) -> list[tuple[Array, Array]]:
        """Return y and −y, moved into the base's support, and the log density at each."""
        first, last = self.base._ends(*of_base)
        found = []
        for x in (y, -y):
            inside = np.asarray(np.clip(x, first, last))
            logs = np.where(inside == x, self.base._log_prob(inside, *of_base), -np.inf)
            found.append((inside, logs))
        return found

    def _weighted(
        self, name: str, y: Array, of_base: Any, sign: float, *, sizes: bool = False
    ) -> tuple[Any, ...]:
        """Return the mean of a formula at y, and `sign` times itself at −y, weighted by p₀.

        Or that of their sizes, to which their rounding errors are proportional.
        """
        (above, log_above), (below, log_below) = self._branches(y, of_base)
        own, other = self._shares(log_above, log_below)
        shares = own, sign * other
        formula = getattr(self.base, name)
        both = (formula(x, *of_base) for x in (above, below))
        rows = ((e,) if not isinstance(e, tuple) else tuple(flat(e)) for e in both)
        terms = (
            (times(shares[0], one), times(shares[1], other))
            for one, other in zip(*rows, strict=True)
        )
        if sizes:
            return tuple(np.abs(one) + np.abs(other) for one, other in terms)
        return tuple(one + other for one, other in terms)

    def _pathwise(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        found = self._weighted("_pathwise", y, theta[0], -1.0)
        window = Window(self.base, theta[0], -y, y)
        narrow = window.mass < _NARROW * np.minimum(window.tails[1], window.tails[2])
        rows = np.flatnonzero(np.broadcast_to(narrow, y.shape))
        if not rows.size:
            return found
        return self._integrated(found, window, rows, y, theta[0])

    def _hessian(self, y: Array, *extras_and_theta: Any) -> Triangle:
        x, *rest = extras_and_theta
        extras, (of_base,) = self._split(tuple(rest))
        inner = [*flat(self.base._hessian(x, *extras, *of_base))]
        found = [times(np.sign(x), entry) for entry in inner]
        if np.any(unknown := np.isnan(x) & ~np.isnan(y)):
            on_path = flat(self._pathwise2(y, of_base))
            pairs = zip(found, on_path, strict=True)
            found = [np.where(unknown, other, own) for own, other in pairs]
        return unflattened(found)

    def _pathwise2(self, y: Array, *theta: Any) -> Triangle:
        base, of_base = self.base, theta[0]
        (above, log_above), (below, log_below) = self._branches(y, of_base)

        def at(x: Array) -> Local:
            return local(base, of_base, lambda name: getattr(base, name)(x, *of_base))

        first, last = at(above), at(below)
        mirrored = Local(
            [-slope for slope in last.slopes],
            [[-entry for entry in row] for row in last.bends],
            last.scores,
            -last.steepness,
        )
        shares = self._shares(log_above, log_below)
        return safe(self, y, theta, of_folded(shares, first, mirrored))

    @staticmethod
    def _shares(log_above: Array, log_below: Array) -> tuple[Array, Array]:
        """Return p₀(y)/p(y) and p₀(−y)/p(y), from logarithms."""
        total = np.logaddexp(log_above, log_below)
        equal = np.isinf(log_above) & (log_above == log_below)
        return (
            np.where(equal, 0.5, np.exp(log_above - total)),
            np.where(equal, 0.5, np.exp(log_below - total)),
        )

    def _integrated(
        self, found: tuple[Any, ...], window: Window, rows: Any, y: Array, of_base: Any
    ) -> tuple[Any, ...]:
        """Return derivatives where both branches all but cancel: −∫ s p₀ dt over (−y, y), by p."""
        sizes = self._weighted("_pathwise", y, of_base, -1.0, sizes=True)
        own, size = (by_number(self.base, of_base, entries) for entries in (found, sizes))
        result = [np.array(np.broadcast_to(entry, y.shape)) for entry in own]
        integrals = window._integral(-y, y, rows, y.size, [np.zeros(rows.size)] * len(result))
        density = np.exp(self._log_prob(y, of_base))[rows]
        for entry, integral, most in zip(result, integrals, size, strict=True):
            other = -integral / density
            # a kink between, which the rule misses, makes more of a difference than rounding
            same = np.abs(other - entry[rows]) <= _ROUNDING * np.broadcast_to(most, y.shape)[rows]
            entry[rows] = np.where(same, other, entry[rows])
        return tuple(by_parameter(self.base, of_base, result))

    def _score(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        return self._weighted("_score", y, theta[0], 1.0)

    def _stein_score(self, y: Array, *theta: Any) -> Array:
        slope: Array = self._weighted("_stein_score", y, theta[0], -1.0)[0]
        return slope

    def _log_prob(self, y: Array, *theta: Any) -> Array:
        (_, log_above), (_, log_below) = self._branches(y, theta[0])
        return np.asarray(np.logaddexp(log_above, log_below))

    def _cdf(self, y: Array, *theta: Any) -> Array:
        return np.minimum(Window(self.base, theta[0], -y, y).mass, 1.0)

    def _sf(self, y: Array, *theta: Any) -> Array:
        below, above = self._tail("_cdf", -y, *theta), self._tail("_sf", y, *theta)
        return np.minimum(below + above, 1.0)

    def _tail(self, name: str, x: Array, of_base: Any) -> Array:
        """Return the base's lower tail at −y, or its upper tail at y: or their logarithms."""
        first, last = self.base._ends(*of_base)
        inside = np.asarray(np.clip(x, first, last))
        value = getattr(self.base, name)(inside, *of_base)
        beyond = x < first if name.endswith("cdf") else x > last
        return np.where(beyond, -np.inf if name.startswith("_log") else 0.0, value)

    def _log_cdf(self, y: Array, *theta: Any) -> Array:
        return log_of_tails(self._cdf(y, *theta), self._sf(y, *theta))

    def _log_sf(self, y: Array, *theta: Any) -> Array:
        upper = self._sf(y, *theta)
        logs = log_of_tails(upper, self._cdf(y, *theta))
        if not np.any(far := upper < _UNDERFLOW):
            return logs
        below, above = self._tail("_log_cdf", -y, *theta), self._tail("_log_sf", y, *theta)
        return np.where(far, np.logaddexp(below, above), logs)

    # Moments ---------------------------------------------------------------------------------

    def _mean(self, *theta: Any) -> Array:
        return self._expectation(lambda y, rows: y, *theta)

    def _variance(self, *theta: Any) -> Array:
        mean = np.asarray(self._mean(*theta))
        centre = mean.reshape(-1, 1, 1)
        square = self._expectation(lambda y, rows: (y - centre[rows]) ** 2, *theta)
        return np.where(np.isinf(mean), np.inf, square)

    def _expectation(self, function: Callable[[Array, Any], Array], *theta: Any) -> Array:
        """Return E[f(|x|, rows)] by the two sides of 0: the quantile of |x| may have a kink."""
        shape, _, leaves = self._as_rows(np.zeros(()), theta)
        count = math.prod(shape)
        (of_base,) = self._nested(leaves)
        first, last = (np.broadcast_to(end, count) for end in self.base._ends(*of_base))
        total = np.zeros(count)
        for sign, there in ((1.0, last > 0.0), (-1.0, first < 0.0)):
            rows = np.flatnonzero(there)
            low, high = np.minimum(sign * np.inf, 0.0), np.maximum(sign * np.inf, 0.0)
            side = Window(self.base, of_base, low, high)._restricted(rows, count)
            part = side.expectation(partial(_of_side, function, sign, rows))
            total[rows] += np.where(side.mass > 0.0, side.mass * part, 0.0)
        return total.reshape(shape)


def _of_side(function: Callable[[Array, Any], Array], sign: float, rows: Any, x: Array) -> Array:
    return function(sign * x, rows)
