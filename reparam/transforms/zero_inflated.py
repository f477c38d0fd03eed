"""Zero inflation: some counts are 0 for another reason than chance."""

from __future__ import annotations

from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete, rows_of
from reparam.base.distribution import About
from reparam.base.success import times
from reparam.base.tree import Child, _text, flat
from reparam.domains import CLOSED_UNIT, Integers
from reparam.parameters import Parameter
from reparam.special._accurate import log1mexp
from reparam.special._count_search import anywhere, smallest
from reparam.transforms._children import Counts

__all__ = ["ZeroInflated"]


class ZeroInflated(Discrete):
    """A distribution of integers in which more are 0: with probability g the value is 0 anyway.

    p(y) = (1 − g) p₀(y) + g [y = 0], with p₀ the probabilities of the base. The score is in the
    gate g and in the base's parameters.
    """

    name = "zero-inflated"
    base: Child[Discrete] = Counts("The distribution p₀ of counts that the gate lets through")
    gate: Parameter = Parameter(
        "g", CLOSED_UNIT, 0.5, (0.05, 0.95), (), "Probability of a 0 whatever the base"
    )
    about = About(
        density="p(y) = (1 − g) p₀(y) + g [y = 0]",
        score={
            "base.θ": "∂ log p₀(y)/∂θ, at y = 0 times (1 − g) p₀(0)/p(0)",
            "gate": "−1/(1 − g), at y = 0 (1 − p₀(0))/p(0)",
        },
        source="Lambert (1992), Zero-inflated Poisson regression, with an application to defects",
    )
    alternatives = "draw without the gate, whose value is a mean over two cases"
    _support = Integers("least", "most")

    def _written(self) -> str:
        return f"{self.base!r}, gate={_text(self._parts['gate'])}"

    @property
    def moving(self) -> tuple[str, ...]:
        """The parameters that move an endpoint of the base's support."""
        return tuple(f"base.{path}" for path in self.base.moving)

    def _ends(self, *theta: Any) -> tuple[Any, Any]:
        low, high = self.base._ends(*theta[0])
        return np.minimum(low, 0.0), np.maximum(high, 0.0)

    def _of_base(self, name: str, outside: Any, y: Array, of_base: tuple[Any, ...]) -> Any:
        """Return a formula of the base, which sees its own support alone."""
        return self.base._guarded(name, outside)(y, *flat(of_base))

    def _log_prob(self, y: Array, *theta: Any) -> Array:
        of_base, gate = theta
        log_p = self._of_base("_log_prob", -np.inf, y, of_base) + np.log1p(-gate)
        return np.asarray(np.where(y == 0.0, np.logaddexp(np.log(gate), log_p), log_p))

    def _log_cdf(self, y: Array, *theta: Any) -> Array:
        of_base, gate = theta
        # ln F, and of 1 − F, from 0 on: one from the other where that is near 1
        log_cdf = self._of_base("_log_cdf", (-np.inf, 0.0), y, of_base) + np.log1p(-gate)
        log_sf = self._of_base("_log_sf", (0.0, -np.inf), y, of_base) + np.log1p(-gate)
        own = np.logaddexp(np.log(gate), log_cdf)
        own = np.where(log_sf < own, log1mexp(log_sf), own)
        return np.asarray(np.where(y < 0.0, log_cdf, own))

    def _log_sf(self, y: Array, *theta: Any) -> Array:
        of_base, gate = theta
        log_cdf = self._of_base("_log_cdf", (-np.inf, 0.0), y, of_base) + np.log1p(-gate)
        log_sf = self._of_base("_log_sf", (0.0, -np.inf), y, of_base) + np.log1p(-gate)
        own = np.logaddexp(np.log(gate), log_sf)
        own = np.where(log_cdf < own, log1mexp(log_cdf), own)
        return np.asarray(np.where(y < 0.0, own, log_sf))

    def _cdf(self, y: Array, *theta: Any) -> Array:  # type: ignore[override]
        of_base, gate = theta
        passed = (1.0 - gate) * self._of_base("_cdf", (0.0, 1.0), y, of_base)
        return np.asarray(np.where(y < 0.0, passed, np.minimum(gate + passed, 1.0)))

    def _sf(self, y: Array, *theta: Any) -> Array:  # type: ignore[override]
        of_base, gate = theta
        passed = (1.0 - gate) * self._of_base("_sf", (1.0, 0.0), y, of_base)
        return np.asarray(np.where(y < 0.0, np.minimum(gate + passed, 1.0), passed))

    def _score(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        of_base, gate = theta
        at_zero = y == 0.0
        log_p = self._of_base("_log_prob", -np.inf, np.zeros_like(y), of_base)
        p, passed = gate + (1.0 - gate) * np.exp(log_p), (1.0 - gate) * np.exp(log_p)
        share = np.where(at_zero, passed / p, 1.0)
        inner = self._of_base("_score", 0.0, y, of_base)
        in_base = []
        for entry in inner:
            by = share.reshape(share.shape + (1,) * (np.ndim(entry) - share.ndim))
            in_base.append(times(by, np.asarray(entry)))
        in_gate = np.where(at_zero, -np.expm1(log_p) / p, -1.0 / (1.0 - gate))
        return (tuple(in_base), in_gate)

    def _mean(self, *theta: Any) -> Array:
        of_base, gate = theta
        return np.asarray((1.0 - gate) * self.base._mean(*of_base))

    def _variance(self, *theta: Any) -> Array:
        of_base, gate = theta
        mean = self.base._mean(*of_base)
        return np.asarray((1.0 - gate) * (self.base._variance(*of_base) + gate * mean * mean))

    def _entropy(self, *theta: Any) -> Array:
        of_base, gate = theta
        log_rest = np.log1p(-gate)
        shape = np.broadcast_shapes(np.shape(gate), self.batch_shape)
        log_p = self._of_base("_log_prob", -np.inf, np.zeros(shape), of_base)
        zero = np.logaddexp(np.log(gate), log_p + log_rest)
        p, passed = np.exp(log_p), 1.0 - gate
        others = times(-passed * np.expm1(log_p), log_rest)
        inner = times(passed, self.base._entropy(*of_base) + times(p, log_p))
        return inner - others - times(np.exp(zero), zero)

    def _quantile(self, u: Array, v: Array, *theta: Any) -> Array:  # type: ignore[override]
        of_base, gate = self._nested(theta)
        low, high = self._ends(of_base, gate)
        through = 1.0 - gate
        # of what passes the gate: above 0 by the upper tail, below 0 by the lower one
        above = self._guess(
            1.0 - np.minimum(v / through, 1.0), np.minimum(v / through, 1.0), of_base
        )
        below = self._guess(
            np.minimum(u / through, 1.0), 1.0 - np.minimum(u / through, 1.0), of_base
        )
        guess = np.where(below < 0.0, below, np.maximum(above, 0.0))
        cdf, sf = self._formula("_cdf"), self._formula("_sf")
        rows = rows_of(u, theta, self.parameters)
        return smallest(anywhere(guess, low, high), u, v, cdf, sf, rows)

    def _guess(self, u: Array, v: Array, of_base: tuple[Any, ...]) -> Array:
        """Return the base's quantile, or 0 where u or v is 0: a search goes on from there."""
        inside = (u > 0.0) & (v > 0.0)
        some = np.where(inside, u, 0.5), np.where(inside, v, 0.5)
        return np.where(inside, self.base._quantile(*some, *flat(of_base)), 0.0)
