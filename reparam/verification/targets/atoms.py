"""Distributions whose ends have probabilities, as targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.reparameterized import Reparameterized
from reparam.verification.laws.law import Law
from reparam.verification.laws.numerical import NumericalLaw
from reparam.verification.targets.registered import Registered
from reparam.verification.targets.target import Target

__all__ = ["WithAtoms"]

#: Draws that show where atoms are.
_PILOT = 2**14


class WithAtoms(Registered):
    """A distribution of this library that has probabilities at the ends of its support.

    What is verified of it are draws and their derivatives, by what follows from its cdf alone: it
    has no density to integrate.
    """

    def __init__(self, thing: Reparameterized, name: str) -> None:
        super().__init__(thing, name)
        self.strict, self.rounding, self.is_numerical = False, Target.rounding, True
        self.reference, self.noise = None, None
        self.formulas = {"cdf": self._cdf, "sf": self._sf}

    def _cdf(self, at: Array, /, **theta: Any) -> Array:
        return self._made(theta).cdf(at)

    def _sf(self, at: Array, /, **theta: Any) -> Array:
        return self._made(theta).sf(at)

    def moments(self, theta: Mapping[str, float]) -> dict[str, Array]:
        """Return none: they are integrals over a density."""
        return {}

    @property
    def views(self) -> tuple[str, ...]:
        """None: views are of given noise."""
        return ()

    def joints(self, theta: Mapping[str, float]) -> Array:
        """Return none: nothing is integrated over the density."""
        return np.zeros(0)

    def law(self, theta: Mapping[str, float], seed: int) -> Law:
        """Return what follows from the cdf."""
        d = self._made(theta)
        low, high = d.support
        return NumericalLaw(
            theta,
            self.parameters,
            self.values(theta, _PILOT, seed),
            cdf=self._cdf,
            sf=self._sf,
            support=(float(low), float(high)),
        )
