"""Positive variates whose logarithm is that of a location-scale distribution."""

from __future__ import annotations

import abc
from typing import ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.mechanisms import LocationScale
from reparam.base.positive import LogLocationScale
from reparam.special.bregman import log_quotient

__all__ = ["Exponentiated", "PowerAtZero"]


class Exponentiated(LogLocationScale):
    """y = scale · e^(w/k), where w or −w has the standard distribution of another class.

    The author names that class in ``_of_log``, and declares ``scale`` and the shape k.
    """

    #: The distribution of w, in its location-scale family.
    _of_log: ClassVar[type[LocationScale]]
    #: Whether it is the distribution of −w instead.
    _reflected: ClassVar[bool] = False

    @classmethod
    def _standard_icdf(cls, u: Array) -> Array:
        return -cls._of_log._standard_isf(u) if cls._reflected else cls._of_log._standard_icdf(u)

    @classmethod
    def _standard_isf(cls, v: Array) -> Array:
        return -cls._of_log._standard_icdf(v) if cls._reflected else cls._of_log._standard_isf(v)

    @classmethod
    def _standard_cdf(cls, w: Array) -> Array:
        return cls._of_log._standard_sf(-w) if cls._reflected else cls._of_log._standard_cdf(w)

    @classmethod
    def _standard_sf(cls, w: Array) -> Array:
        return cls._of_log._standard_cdf(-w) if cls._reflected else cls._of_log._standard_sf(w)

    @classmethod
    def _standard_log_cdf(cls, w: Array) -> Array:
        of_log = cls._of_log
        return of_log._standard_log_sf(-w) if cls._reflected else of_log._standard_log_cdf(w)

    @classmethod
    def _standard_log_sf(cls, w: Array) -> Array:
        of_log = cls._of_log
        return of_log._standard_log_cdf(-w) if cls._reflected else of_log._standard_log_sf(w)

    @classmethod
    def _standard_log_prob(cls, w: Array) -> Array:
        return cls._of_log._standard_log_prob(-w if cls._reflected else w)

    @classmethod
    def _standard_slope(cls, w: Array) -> Array:
        if cls._reflected:
            return -cls._of_log._standard_score(-w)[0]
        return cls._of_log._standard_score(w)[0]

    @classmethod
    def _standard_mean_and_entropy(cls) -> tuple[float, float]:
        mean, _, entropy = map(float, cls._of_log._standard_moments())
        return -mean if cls._reflected else mean, entropy


class PowerAtZero(Exponentiated):
    """One whose density is (k/scale) z^(k−1) e^−D(w) with z = y/scale: a power next to y = 0.

    The power k − 1 is exact next to k = 1, where −ln y would cancel, and has a limit at y = 0.
    """

    #: c, D(w) ~ c e^w for w → −∞.
    _damping_rate: ClassVar[float] = 1.0

    @staticmethod
    @abc.abstractmethod
    def _damping(w: Array) -> Array:
        """D(w) = w − log p(w), which tends to 0 for w → −∞."""

    @staticmethod
    @abc.abstractmethod
    def _damping_slope(w: Array) -> Array:
        """∂D/∂w."""

    @classmethod
    def _log_prob(cls, y: Array, scale: Array, k: Array) -> Array:
        log_z = log_quotient(y, scale)
        power = np.where(k == 1.0, 0.0, (k - 1.0) * log_z)
        damping = cls._damping(k * log_z)
        inner = log_quotient(k, scale) + power - damping
        return np.where(damping == np.inf, -np.inf, inner)

    @classmethod
    def _stein_score(cls, y: Array, scale: Array, k: Array) -> Array:
        w = cls._standardized(y, scale, k)
        slope = ((k - 1.0) - k * cls._damping_slope(w)) / y
        return np.where((y == 0.0) & (k == 1.0), -cls._damping_rate / scale, slope)
