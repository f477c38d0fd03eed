"""Positive variates whose logarithm is that of a location-scale distribution."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.mechanisms import LocationScale
from reparam.base.positive import LogLocationScale
from reparam.special.bregman import log_quotient

__all__ = ["Exponentiated", "PowerAtZero"]


class Exponentiated(LogLocationScale):
    """y = scale · e^(w/k), where w or −w has the standard distribution of another class.

    The author names that class in ``_of_log``, and declares its shape parameters, ``scale`` and
    the shape k.
    """

    #: The distribution of w, in its location-scale family.
    _of_log: ClassVar[type[LocationScale]]
    #: Whether it is the distribution of −w instead.
    _reflected: ClassVar[bool] = False

    @classmethod
    def _of_tail(cls, name: str, mirrored: str, w: Array, *shape: Any) -> Array:
        """Return one of two formulas of that class: the second, at −w, if it is of −w."""
        formula = getattr(cls._of_log, mirrored if cls._reflected else name)
        return np.asarray(formula(-w if cls._reflected else w, *shape))

    @classmethod
    def _standard_icdf(cls, u: Array, *shape: Any) -> Array:
        of_log = cls._of_log
        return (
            -of_log._standard_isf(u, *shape) if cls._reflected else of_log._standard_icdf(u, *shape)
        )

    @classmethod
    def _standard_isf(cls, v: Array, *shape: Any) -> Array:
        of_log = cls._of_log
        return (
            -of_log._standard_icdf(v, *shape) if cls._reflected else of_log._standard_isf(v, *shape)
        )

    @classmethod
    def _standard_cdf(cls, w: Array, *shape: Any) -> Array:
        return cls._of_tail("_standard_cdf", "_standard_sf", w, *shape)

    @classmethod
    def _standard_sf(cls, w: Array, *shape: Any) -> Array:
        return cls._of_tail("_standard_sf", "_standard_cdf", w, *shape)

    @classmethod
    def _standard_log_cdf(cls, w: Array, *shape: Any) -> Array:
        return cls._of_tail("_standard_log_cdf", "_standard_log_sf", w, *shape)

    @classmethod
    def _standard_log_sf(cls, w: Array, *shape: Any) -> Array:
        return cls._of_tail("_standard_log_sf", "_standard_log_cdf", w, *shape)

    @classmethod
    def _standard_log_prob(cls, w: Array, *shape: Any) -> Array:
        return cls._of_tail("_standard_log_prob", "_standard_log_prob", w, *shape)

    @classmethod
    def _standard_slope(cls, w: Array, *shape: Any) -> Array:
        if cls._reflected:
            return -cls._of_log._standard_score(-w, *shape)[0]
        return cls._of_log._standard_score(w, *shape)[0]

    @classmethod
    def _sampler(cls, *numbers_and_theta: Array) -> tuple[Array, ...]:
        *numbers_and_shape, scale, k = numbers_and_theta
        w = cls._of_log._standard_sampler(*numbers_and_shape)[0]
        w = -w if cls._reflected else w
        return cls._placed(w, scale, k), w

    @classmethod
    def _standard_pathwise(cls, w: Array, *shape: Any) -> tuple[Array, ...]:
        if cls._reflected:
            return tuple(-slope for slope in cls._of_log._standard_pathwise(-w, *shape))
        return cls._of_log._standard_pathwise(w, *shape)

    @classmethod
    def _standard_shape_score(cls, w: Array, *shape: Any) -> tuple[Array, ...]:
        return cls._of_log._standard_score(-w if cls._reflected else w, *shape)[1:]

    @classmethod
    def _standard_mean_and_entropy(cls, *shape: Any) -> tuple[Array | float, Array | float]:
        mean, _, entropy = cls._of_log._standard_moments(*shape)
        return -mean if cls._reflected else mean, entropy


class PowerAtZero(Exponentiated):
    """One whose density is (k/scale) h z^(κk−1) e^−D(w) with z = y/scale: a power next to y = 0.

    The power κk − 1 is exact next to 1, where −ln y would cancel, and has a limit at y = 0.
    """

    @staticmethod
    @abc.abstractmethod
    def _damping(w: Array, *shape: Any, **_: Any) -> Array:
        """D(w) = ln h + κ w − log p(w), which tends to 0 for w → −∞."""

    @staticmethod
    @abc.abstractmethod
    def _damping_slope(w: Array, *shape: Any, **_: Any) -> Array:
        """∂D/∂w."""

    @staticmethod
    def _damping_rate(*shape: Any, **_: Any) -> Array | float:
        """c, D(w) ~ c e^w for w → −∞."""
        return 1.0

    @staticmethod
    def _order(*shape: Any, **_: Any) -> Array | float:
        """κ."""
        return 1.0

    @staticmethod
    def _height(*shape: Any, **_: Any) -> Array | float:
        """ln h."""
        return 0.0

    @staticmethod
    def _whole(w: Array, *shape: Any, **_: Any) -> NDArray[np.bool_] | bool:
        """Where the power and D(w) all but cancel, and log p(w) is to be taken as a whole."""
        return False

    @classmethod
    def _log_prob(cls, y: Array, *theta: Array) -> Array:
        *shape, scale, k = theta
        log_z, power = log_quotient(y, scale), cls._order(*shape) * k
        damping = cls._damping(k * log_z, *shape)
        of_power = np.where((power == 1.0) | (log_z == 0.0), 0.0, (power - 1.0) * log_z)
        inner = cls._height(*shape) + log_quotient(k, scale) + of_power - damping
        near = np.where(damping == np.inf, -np.inf, inner)
        whole = cls._whole(k * log_z, *shape)
        return np.where(whole, super()._log_prob(y, *theta), near) if np.any(whole) else near

    @classmethod
    def _stein_score(cls, y: Array, *theta: Array) -> Array:
        *shape, scale, k = theta
        power, w = cls._order(*shape) * k, cls._standardized(y, *theta)
        slope = ((power - 1.0) - k * cls._damping_slope(w, *shape)) / y
        flat = (y == 0.0) & (power == 1.0)  # what is left falls like y^(k−1)
        falling = np.where(k > 1.0, 0.0, np.where(k < 1.0, np.inf, 1.0 / scale))
        near = np.where(flat, -cls._damping_rate(*shape) * falling, slope)
        whole = cls._whole(w, *shape)
        return np.where(whole, super()._stein_score(y, *theta), near) if np.any(whole) else near
