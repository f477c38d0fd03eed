"""Laws that scipy.stats has: what samplers of other libraries are compared with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reparam._typing import Array
from reparam.domains import POSITIVE, REAL
from reparam.parameters import Parameter
from reparam.verification.laws.numerical import NumericalLaw

__all__ = ["FAMILIES", "LOCATION", "SCALE", "ScipyLaw"]

LOCATION = Parameter("μ", REAL, 0.0, (-3.0, 3.0))
SCALE = Parameter("σ", POSITIVE, 1.0, (0.1, 10.0))


def _shape(symbol: str, low: float = 0.2, high: float = 20.0) -> Parameter:
    return Parameter(symbol, POSITIVE, 1.0, (low, high))


#: Distributions of scipy.stats and their shape parameters; all have loc and scale beside them.
FAMILIES: Mapping[str, Mapping[str, Parameter]] = {
    "exponnorm": {"K": _shape("K", 0.2, 5.0)},
    "gompertz": {"c": _shape("c", 0.1, 10.0)},
    "truncnorm": {
        "a": Parameter("a", REAL, -1.0, (-3.0, -0.5)),
        "b": Parameter("b", REAL, 1.0, (0.5, 3.0)),
    },
}


class ScipyLaw(NumericalLaw):
    """A distribution of scipy.stats: derivatives in loc and scale are exact, others numerical."""

    def __init__(self, name: str, *, loc: float = 0.0, scale: float = 1.0, **shapes: float) -> None:
        from scipy import stats

        self._family = getattr(stats, name)
        theta = {**shapes, "loc": loc, "scale": scale}
        super().__init__(
            theta,
            {**FAMILIES[name], "loc": LOCATION, "scale": SCALE},
            np.empty(0),
            log_prob=self._family.logpdf,
            cdf=self._family.cdf,
            sf=self._family.sf,
            support=self._ends_at(theta),
        )

    def _ends_at(self, theta: Mapping[str, float]) -> tuple[float, float]:
        low, high = self._family.support(**theta)
        return float(low), float(high)

    def _moves_end(self, name: str) -> bool:
        moved = {**self._theta, name: self._theta[name] + 1e-3 * (1.0 + abs(self._theta[name]))}
        return self._ends_at(moved) != self._support

    def _evaluated(self, name: str, y: Array) -> tuple[Array, Array]:
        match name:
            case "loc":
                return np.ones(y.shape), np.zeros(y.shape)
            case "scale":
                return (y - self._theta["loc"]) / self._theta["scale"], np.zeros(y.shape)
        return super()._evaluated(name, y)
