"""Formulas of scalar distributions that follow numerically until an author writes them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, final

import numpy as np

from reparam._typing import Array
from reparam.base import numerical
from reparam.base.distribution import Distribution, stand_in
from reparam.base.seen import Seen, seen_by_declaration
from reparam.base.tree import flat
from reparam.domains import Interval
from reparam.errors import NoFormulaError
from reparam.parameters import Parameter

__all__ = ["StandIns"]

#: Where 1 − F is above this it is not rounding.
_CERTAIN = 1e-12


class StandIns(Distribution):
    """A scalar distribution of which the log density and the cdf, or the quantile, are enough.

    Everything else is computed of these, by the functions of :mod:`reparam.base.numerical`.
    """

    _support: ClassVar[Interval]
    #: What makes the parameters of the distribution of e − x, with e the upper endpoint: "beta" is
    #: a parameter of x, "-loc" is minus one, "@low" is e less one, which is a place.
    _mirrored: ClassVar[tuple[str, ...]] = ()

    @stand_in
    def _icdf(self, u: Array, *theta: Any) -> Array:
        """Quantile for u in [0, 1]."""
        return self._inverted(u, 1.0 - u, theta)

    @stand_in
    def _isf(self, v: Array, *theta: Any) -> Array:
        """Quantile for 1 − v in [0, 1], to full relative accuracy in v."""
        if self._follows("_icdf"):
            return self._inverted(1.0 - v, v, theta)
        far, near = v < numerical.FAR_TAIL, np.asarray(self._icdf(1.0 - v, *theta))
        return np.where(far, self._inverted(1.0 - v, v, theta), near) if np.any(far) else near

    @stand_in
    def _cdf(self, y: Array, *theta: Any) -> Array:
        """P(Y ≤ y) inside the closed support."""
        shape, y, leaves = self._as_rows(y, theta)
        return numerical.cdf_of_quantile(y, self._formula("_icdf"), leaves).reshape(shape)

    @stand_in
    def _sf(self, y: Array, *theta: Any) -> Array:
        """P(Y > y) inside the closed support: far out the integral of the density."""
        upper = np.asarray(1.0 - self._cdf(y, *theta))
        if np.all(upper >= numerical.FAR_TAIL):
            return upper
        shape, y, leaves = self._as_rows(y, theta)
        upper = np.broadcast_to(upper, shape).flatten()
        far = upper < numerical.FAR_TAIL
        _, high = self._ends_of_rows(shape, theta)
        log_prob = numerical.by_rows(self._formula("_log_prob"), [leaf[far] for leaf in leaves])
        tail = numerical.upper_tail(y[far], log_prob, high[far])
        # where a density's logarithm overflows, nothing is left to integrate
        lost = np.isnan(tail) | ((tail == 0.0) & (upper[far] > _CERTAIN))
        upper[far] = np.where(lost, upper[far], tail)
        return upper.reshape(shape)

    @stand_in
    def _log_cdf(self, y: Array, *theta: Any) -> Array:
        """Log of P(Y ≤ y) inside the closed support: far out from the integral of the density."""
        return self._log_tail(y, theta, ("_cdf", "_sf"), -1.0)

    @stand_in
    def _log_sf(self, y: Array, *theta: Any) -> Array:
        """Log of P(Y > y) inside the closed support: far out from the integral of the density."""
        return self._log_tail(y, theta, ("_sf", "_cdf"), 1.0)

    @stand_in
    def _stein_score(self, y: Array, *theta: Any) -> Array:
        """∂ log p/∂y inside the closed support."""
        if self.event_shape:
            raise NoFormulaError(
                f"{type(self).__name__} has no ∂ log p/∂y: nobody has written its formula; there is"
                " the score, ∂ log p/∂θ"
            )
        shape, y, leaves = self._as_rows(y, theta)
        low, high = self._ends_of_rows(shape, theta)
        log_prob = self._formula("_log_prob")
        return numerical.in_values(log_prob, y, leaves, low, high).reshape(shape)

    @stand_in
    def _pathwise(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        """∂y/∂θ for each parameter, from the value alone: −F_θ/p of the smaller tail."""
        formulas = self._formula("_cdf"), self._formula("_sf"), self._formula("_log_prob")
        return numerical.along_quantiles(
            y,
            formulas,
            (np.nan, np.nan) if self.moving else self._ends(*theta),
            tuple(flat(theta)),
            self._all_declared,
            icdf=self._formula("_icdf") if self._follows("_cdf") else None,
        )

    @stand_in
    def _score(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        """∂ log p/∂θ for each parameter."""
        log_prob, rank = self._formula("_log_prob"), self._support.rank
        return numerical.in_parameters(log_prob, y, tuple(flat(theta)), self._all_declared, rank)

    @stand_in
    def _mean(self, *theta: Any) -> Array:
        """E[y]."""
        return self._moments("mean", theta)[0]

    @stand_in
    def _variance(self, *theta: Any) -> Array:
        """Variance."""
        return self._moments("variance", theta)[1]

    @stand_in
    def _entropy(self, *theta: Any) -> Array:
        """Entropy in nats."""
        return self._moments("entropy", theta)[2]

    # Machinery -------------------------------------------------------------------------------

    @final
    def _log_tail(
        self, y: Array, theta: tuple[Any, ...], names: tuple[str, str], sign: float
    ) -> Array:
        """Return the logarithm of the first of two tails, the lower if the sign is −1."""
        shape, y, leaves = self._as_rows(y, theta)
        tails = self._formula(names[0]), self._formula(names[1])
        end = self._ends_of_rows(shape, theta)[int(sign > 0.0)]
        log_prob = self._formula("_log_prob")
        return numerical.log_tail(y, leaves, tails, log_prob, end, sign).reshape(shape)

    @final
    def _moments(self, what: str, theta: tuple[Any, ...]) -> tuple[Array, Array, Array]:
        if self.event_shape:
            raise NoFormulaError(
                f"{type(self).__name__} has no formula for the {what}; average over draws,"
                " rsample(n)"
            )
        shape = self._as_rows(np.zeros(()), theta)[0]
        lower, upper = self._from_end(theta, -1.0), self._from_end(theta, 1.0)
        mean, variance, entropy = numerical.moments(
            lambda rows: (lower(rows), upper(rows)), math.prod(shape)
        )
        return mean.reshape(shape), variance.reshape(shape), entropy.reshape(shape)

    @final
    def _from_end(self, theta: tuple[Any, ...], sign: float) -> Callable[[Any], numerical.Half]:
        """Return the half of the probability on one side, of some rows.

        It is in distances from its end, if that isn't 0 and its distribution is known.
        """
        law: StandIns = self
        start, direction = 0.0, 1.0
        ends = np.unique(self._ends(*theta)[int(sign > 0.0)])
        if ends.size == 1 and ends[0] != 0.0 and np.isfinite(ends[0]):
            seen = self._seen_from(float(ends[0]), -sign)
            if seen is not None:
                law, theta, start, direction = seen.law, seen.theta(theta), float(ends[0]), -sign
                sign = -1.0
        shape, _, leaves = law._as_rows(np.zeros(()), theta)
        formulas = [law._formula(name) for name in ("_isf" if sign > 0.0 else "_icdf", "_log_prob")]
        middle = numerical.by_rows(formulas[0], leaves)(np.full((math.prod(shape), 1), 0.5))[:, 0]
        low, high = law._ends_of_rows(shape, theta)

        def half(rows: Any) -> numerical.Half:
            few = [leaf[rows] for leaf in leaves]
            quantile, log_prob = (numerical.by_rows(formula, few) for formula in formulas)
            own = middle[rows], (low[rows], high[rows])
            return numerical.Half(quantile, log_prob, *own, sign, start, direction)

        return half

    @final
    def _or_from_ends(self, entropy: Array, theta: tuple[Any, ...]) -> Array:
        """Return an entropy, and where it is NaN that which distances from the ends have.

        Values that round to an end may differ in their distance from it.
        """
        lost = np.isnan(entropy)
        return (
            np.where(lost, self._moments("entropy", theta)[2], entropy) if lost.any() else entropy
        )

    def _seen_from(self, end: float, sign: float) -> Seen[Any] | None:
        """Return the distribution of sign · (x − end), with all digits next to 0; or None."""
        return seen_by_declaration(self, self._mirrored, end, sign)

    @final
    def _inverted(self, u: Array, v: Array, theta: tuple[Any, ...]) -> Array:
        """Return the quantile for u, of which v is the complement, from the cdf."""
        shape, u, leaves = self._as_rows(u, theta)
        v = np.broadcast_to(v, shape).reshape(u.shape)
        cdf, sf, ends = (
            self._formula("_cdf"),
            self._formula("_sf"),
            self._ends_of_rows(shape, theta),
        )
        return numerical.quantile(u, v, cdf, sf, ends, leaves).reshape(shape)

    @final
    def _as_rows(
        self, y: Array, theta: tuple[Any, ...]
    ) -> tuple[tuple[int, ...], Array, list[Array]]:
        """Return the shape of values with parameters, and both as rows."""
        return numerical.as_rows(y, tuple(flat(theta)), self._all_declared)

    @final
    def _ends_of_rows(self, shape: Any, theta: tuple[Any, ...]) -> tuple[Array, Array]:
        low, high = (np.broadcast_to(end, shape).reshape(-1) for end in self._ends(*theta))
        return low, high

    @final
    @property
    def _all_declared(self) -> tuple[Parameter, ...]:
        return tuple(self.parameters.values())
