"""Location-scale families with shapes: a standard variate, reshaped by a monotone map."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.mechanisms import LocationScale

__all__ = ["Reshaped"]


class Reshaped(LocationScale):
    """y = loc + scale · T(x; shapes) with T increasing, and x from a standard distribution.

    The author names the location-scale family of x in ``_of_standard``, and writes T, the score,
    and the moments of z = T(x).
    """

    #: The family of x, by its standard distribution, which has no shapes.
    _of_standard: ClassVar[type[LocationScale]]

    @staticmethod
    @abc.abstractmethod
    def _map(x: Array, *shape: Any, **_: Any) -> Array:
        """T(x)."""

    @staticmethod
    @abc.abstractmethod
    def _map_inverse(z: Array, *shape: Any, **_: Any) -> Array:
        """The x with T(x) = z."""

    @staticmethod
    @abc.abstractmethod
    def _map_log_slope(x: Array, z: Array, *shape: Any, **_: Any) -> Array:
        """ln T′(x), also where T′ under- or overflows."""

    @staticmethod
    @abc.abstractmethod
    def _map_partials(x: Array, z: Array, *shape: Any, **_: Any) -> tuple[Array, ...]:
        """∂T/∂shape at fixed x, for each shape."""

    @classmethod
    def _standard_transform(cls, noise: Array, *shape: Any) -> tuple[Array, ...]:
        return (cls._map(cls._of_standard._standard_transform(noise)[0], *shape),)

    @classmethod
    def _standard_icdf(cls, u: Array, *shape: Any) -> Array:
        return cls._map(cls._of_standard._standard_icdf(u), *shape)

    @classmethod
    def _standard_isf(cls, v: Array, *shape: Any) -> Array:
        return cls._map(cls._of_standard._standard_isf(v), *shape)

    @classmethod
    def _standard_pathwise(cls, z: Array, *shape: Any) -> tuple[Array, ...]:
        return cls._map_partials(cls._map_inverse(z, *shape), z, *shape)

    @classmethod
    def _standard_cdf(cls, z: Array, *shape: Any) -> Array:
        return cls._of_standard._standard_cdf(cls._map_inverse(z, *shape))

    @classmethod
    def _standard_sf(cls, z: Array, *shape: Any) -> Array:
        return cls._of_standard._standard_sf(cls._map_inverse(z, *shape))

    @classmethod
    def _standard_log_cdf(cls, z: Array, *shape: Any) -> Array:
        return cls._of_standard._standard_log_cdf(cls._map_inverse(z, *shape))

    @classmethod
    def _standard_log_sf(cls, z: Array, *shape: Any) -> Array:
        return cls._of_standard._standard_log_sf(cls._map_inverse(z, *shape))

    @classmethod
    def _standard_log_prob(cls, z: Array, *shape: Any) -> Array:
        x = cls._map_inverse(z, *shape)
        of_x = cls._of_standard._standard_log_prob(x)
        return np.where(of_x == -np.inf, of_x, of_x - cls._map_log_slope(x, z, *shape))
