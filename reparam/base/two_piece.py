"""Location-scale families of two halves with different scales."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.mechanisms import LocationScale
from reparam.base.positive import Scaled
from reparam.special import sides

__all__ = ["TwoPiece"]


class TwoPiece(LocationScale):
    """y = loc ± scale · γ^±1 · h: two halves, of scales scale/γ below loc and scale · γ above.

    The density is continuous at loc: the probability below is 1/(1 + γ²). The author declares the
    skewness γ, ``loc`` and ``scale``, and names the distribution of h in ``_half``.
    """

    #: The distribution of h, by its standard formulas.
    _half: ClassVar[type[Scaled]]

    @staticmethod
    @abc.abstractmethod
    def _half_mills(h: Array) -> Array:
        """P(H > h)/p(h)."""

    @staticmethod
    def _joints(skewness: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        return (loc,)

    @classmethod
    def _standard_icdf(cls, u: Array, skewness: Array) -> Array:
        above, below = sides.shares(skewness)
        beyond, within = sides.parts(u, 1.0 - u, below, above)
        h = cls._half._standard_quantile(within, beyond)
        return np.where(u <= below, -h / skewness, h * skewness)

    @classmethod
    def _standard_isf(cls, v: Array, skewness: Array) -> Array:
        above, below = sides.shares(skewness)
        beyond, within = sides.parts(v, 1.0 - v, above, below)
        h = cls._half._standard_quantile(within, beyond)
        return np.where(v <= above, h * skewness, -h / skewness)

    @classmethod
    def _standard_pathwise(cls, z: Array, skewness: Array) -> tuple[Array, ...]:
        above, below = sides.shares(skewness)
        mills = cls._half_mills(_distance(z, skewness))
        moved = np.where(z < 0.0, above / skewness / skewness, below)
        return (np.abs(z) / skewness + 2.0 * moved * mills,)

    @classmethod
    def _standard_cdf(cls, z: Array, skewness: Array) -> Array:
        above, below = sides.shares(skewness)
        return cls._tail(z < 0.0, _distance(z, skewness), below, above)

    @classmethod
    def _standard_sf(cls, z: Array, skewness: Array) -> Array:
        above, below = sides.shares(skewness)
        return cls._tail(z >= 0.0, _distance(z, skewness), above, below)

    @classmethod
    def _standard_log_cdf(cls, z: Array, skewness: Array) -> Array:
        far = sides.logs(skewness)[1] + cls._half._standard_log_sf(_distance(z, skewness))
        near = sides.log_of(cls._standard_cdf(z, skewness), cls._standard_sf(z, skewness))
        return np.where(z < 0.0, far, near)

    @classmethod
    def _standard_log_sf(cls, z: Array, skewness: Array) -> Array:
        far = sides.logs(skewness)[0] + cls._half._standard_log_sf(_distance(z, skewness))
        near = sides.log_of(cls._standard_sf(z, skewness), cls._standard_cdf(z, skewness))
        return np.where(z < 0.0, near, far)

    @classmethod
    def _standard_log_prob(cls, z: Array, skewness: Array) -> Array:
        of_half = cls._half._standard_log_prob(_distance(z, skewness))
        return of_half - sides.log_width(skewness)

    @classmethod
    def _standard_score(cls, z: Array, skewness: Array) -> tuple[Array, ...]:
        distance = _distance(z, skewness)
        slope = cls._half._standard_slope(distance)
        turned = np.where(z < 0.0, distance * slope, -distance * slope)
        in_z = np.where(z < 0.0, -slope * skewness, slope / skewness)
        return in_z, (turned - sides.difference(skewness)) / skewness

    @classmethod
    def _standard_excess(cls, z: Array, slope: Array, skewness: Array) -> Array:
        return cls._half._standard_excess(_distance(z, skewness))

    @classmethod
    def _standard_moments(cls, skewness: Array) -> tuple[Any, Any, Any]:
        mean, variance, entropy = cls._half._standard_moments()
        gap = (skewness - 1.0) * ((skewness + 1.0) / skewness)
        square = variance + mean * mean
        spread = variance * gap * gap + square
        return mean * gap, spread, entropy + sides.log_width(skewness)

    @classmethod
    def _tail(cls, own: Any, distance: Array, side: Array, other: Array) -> Array:
        """Return the probability of a tail, which begins on its own side of loc or on the other."""
        farther = np.where(own, side, other) * cls._half._standard_sf(distance)
        near = side + other * cls._half._standard_cdf(distance)
        return np.where(own, farther, np.where(farther < 0.5, 1.0 - farther, near))


def _distance(z: Array, skewness: Array) -> Array:
    """Return h, the distance from loc in units of the side's scale."""
    return np.where(z < 0.0, -z * skewness, z / skewness)
