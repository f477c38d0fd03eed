"""Powers of e^w with w of a generalized logistic distribution, or mirrored: Burr and Dagum."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.exponentiated import PowerAtZero
from reparam.special.logistic import sigmoid, softplus

__all__ = ["BurrFamily"]


class BurrFamily(PowerAtZero):
    """e^−D(w) = (1 + e^w)^(−d−1), and the height of the density is d."""

    @staticmethod
    def _height(concentration: Array) -> Array:
        return np.log(concentration)

    @staticmethod
    def _damping(w: Array, concentration: Array) -> Array:
        return (concentration + 1.0) * softplus(w)

    @staticmethod
    def _damping_rate(concentration: Array) -> Array:
        return concentration + 1.0

    @staticmethod
    def _damping_slope(w: Array, concentration: Array) -> Array:
        return (concentration + 1.0) * sigmoid(w)
