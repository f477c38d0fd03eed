"""Positive variates with closed quantiles: scale · z, and scale · e^(w/k)."""

from __future__ import annotations

import abc
import sys
from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np

from reparam._typing import Array
from reparam.base.reparameterized import Reparameterized, View
from reparam.base.second_order import Triangle
from reparam.domains import POSITIVE, Interval
from reparam.engine.noise import UNIFORM, Noise
from reparam.special._accurate import LARGEST
from reparam.special.bregman import log_quotient

__all__ = ["LogLocationScale", "Scaled"]


class Scaled(Reparameterized):
    """y = scale · z, with z > 0 from a standard distribution; ``scale`` is the only parameter.

    The extra array of a draw is z: y may over- or underflow, the derivative does not.
    """

    mechanism: ClassVar[str] = "inverse CDF"
    noise: ClassVar[Noise] = UNIFORM
    _support: ClassVar[Interval] = POSITIVE
    _extras: ClassVar[int] = 1

    @staticmethod
    @abc.abstractmethod
    def _standard_quantile(u: Array, v: Array) -> Array:
        """Quantile of z for u = 1 − v in [0, 1], of which the smaller has its digits."""

    @staticmethod
    @abc.abstractmethod
    def _standard_cdf(z: Array) -> Array:
        """P(Z ≤ z)."""

    @staticmethod
    @abc.abstractmethod
    def _standard_sf(z: Array) -> Array:
        """P(Z > z), to full relative accuracy."""

    @staticmethod
    @abc.abstractmethod
    def _standard_log_cdf(z: Array) -> Array:
        """Log of P(Z ≤ z)."""

    @staticmethod
    @abc.abstractmethod
    def _standard_log_sf(z: Array) -> Array:
        """Log of P(Z > z)."""

    @staticmethod
    @abc.abstractmethod
    def _standard_log_prob(z: Array) -> Array:
        """Log density of z."""

    @staticmethod
    @abc.abstractmethod
    def _standard_slope(z: Array) -> Array:
        """∂ log p(z)/∂z."""

    @staticmethod
    @abc.abstractmethod
    def _standard_excess(z: Array) -> Array:
        """1 + z ∂ log p(z)/∂z, without its cancellation."""

    @staticmethod
    @abc.abstractmethod
    def _standard_moments() -> tuple[float, float, float]:
        """Mean, variance and entropy of z."""

    @final
    @classmethod
    def _transform(cls, noise: Array, scale: Array) -> tuple[Array, ...]:
        z = cls._standard_quantile(noise, 1.0 - noise)
        return scale * z, z

    @final
    @staticmethod
    def _jacobian(y: Array, *extras_and_theta: Array) -> tuple[Array, ...]:
        return (extras_and_theta[0],)

    @final
    @staticmethod
    def _pathwise(y: Array, scale: Array) -> tuple[Array, ...]:
        return (y / scale,)

    @final
    @staticmethod
    def _pathwise2(y: Array, scale: Array) -> Triangle:
        return ((0.0,),)

    @final
    @classmethod
    def _icdf(cls, u: Array, scale: Array) -> Array:
        return scale * cls._standard_quantile(u, 1.0 - u)

    @final
    @classmethod
    def _isf(cls, v: Array, scale: Array) -> Array:
        return scale * cls._standard_quantile(1.0 - v, v)

    @final
    @classmethod
    def _cdf(cls, y: Array, scale: Array) -> Array:
        return cls._standard_cdf(y / scale)

    @final
    @classmethod
    def _sf(cls, y: Array, scale: Array) -> Array:
        return cls._standard_sf(y / scale)

    @final
    @classmethod
    def _log_cdf(cls, y: Array, scale: Array) -> Array:
        return cls._standard_log_cdf(y / scale)

    @final
    @classmethod
    def _log_sf(cls, y: Array, scale: Array) -> Array:
        return cls._standard_log_sf(y / scale)

    @final
    @classmethod
    def _log_prob(cls, y: Array, scale: Array) -> Array:
        return cls._standard_log_prob(y / scale) - np.log(scale)

    @final
    @classmethod
    def _stein_score(cls, y: Array, scale: Array) -> Array:
        return cls._standard_slope(y / scale) / scale

    @final
    @classmethod
    def _score(cls, y: Array, scale: Array) -> tuple[Array, ...]:
        return (-cls._standard_excess(y / scale) / scale,)

    @final
    @classmethod
    def _score_of_draw(cls, y: Array, *extras_and_theta: Array) -> tuple[Array, ...]:
        z, scale = extras_and_theta
        return (-cls._standard_excess(z) / scale,)

    @final
    @classmethod
    def _mean(cls, scale: Array) -> Array:
        return scale * cls._standard_moments()[0]

    @final
    @classmethod
    def _variance(cls, scale: Array) -> Array:
        return scale * (scale * cls._standard_moments()[1])

    @final
    @classmethod
    def _entropy(cls, scale: Array) -> Array:
        return np.log(scale) + cls._standard_moments()[2]


class LogLocationScale(Reparameterized):
    """y = scale · e^(w/k), with w from a standard distribution: ln y is a location-scale variate.

    The author declares two parameters, ``scale`` and the shape k, in this order, and writes the
    distribution of w. The extra array of a draw is w: y may over- or underflow, ln y does not.
    """

    mechanism: ClassVar[str] = "inverse CDF"
    noise: ClassVar[Noise] = UNIFORM
    _support: ClassVar[Interval] = POSITIVE
    _extras: ClassVar[int] = 1
    _views: ClassVar[Mapping[str, View]] = {
        "log_value": View("_log_value", "_log_jacobian", "_log_hessian")
    }

    @staticmethod
    @abc.abstractmethod
    def _standard_icdf(u: Array) -> Array:
        """Quantile of w for u in [0, 1]."""

    @staticmethod
    @abc.abstractmethod
    def _standard_isf(v: Array) -> Array:
        """Quantile of w for 1 − v in [0, 1], to full relative accuracy in v."""

    @staticmethod
    @abc.abstractmethod
    def _standard_cdf(w: Array) -> Array:
        """P(W ≤ w)."""

    @staticmethod
    @abc.abstractmethod
    def _standard_sf(w: Array) -> Array:
        """P(W > w), to full relative accuracy."""

    @staticmethod
    @abc.abstractmethod
    def _standard_log_cdf(w: Array) -> Array:
        """Log of P(W ≤ w)."""

    @staticmethod
    @abc.abstractmethod
    def _standard_log_sf(w: Array) -> Array:
        """Log of P(W > w)."""

    @staticmethod
    @abc.abstractmethod
    def _standard_log_prob(w: Array) -> Array:
        """Log density of w."""

    @staticmethod
    @abc.abstractmethod
    def _standard_slope(w: Array) -> Array:
        """∂ log p(w)/∂w."""

    @staticmethod
    @abc.abstractmethod
    def _standard_mean_and_entropy() -> tuple[float, float]:
        """Mean and entropy of w."""

    @final
    @classmethod
    def _standardized(cls, y: Array, scale: Array, k: Array) -> Array:
        return k * log_quotient(y, scale)

    @final
    @classmethod
    def _placed(cls, w: Array, scale: Array, k: Array) -> Array:
        log = w / k
        y = scale * np.exp(log)
        far = np.abs(log) > 700.0  # e^log alone may over- or underflow
        return np.where(far, np.exp(log + np.log(scale)), y) if np.any(far) else y

    @final
    @classmethod
    def _transform(cls, noise: Array, *theta: Array) -> tuple[Array, ...]:
        w = cls._standard_icdf(noise)
        return cls._placed(w, *theta), w

    @final
    @classmethod
    def _icdf(cls, u: Array, *theta: Array) -> Array:
        return cls._placed(cls._standard_icdf(u), *theta)

    @final
    @classmethod
    def _isf(cls, v: Array, *theta: Array) -> Array:
        return cls._placed(cls._standard_isf(v), *theta)

    @final
    @staticmethod
    def _jacobian(y: Array, *extras_and_theta: Array) -> tuple[Array, ...]:
        w, scale, k = extras_and_theta
        in_scale = y / scale
        if np.any(lost := (y < sys.float_info.min) | (y == np.inf)):  # where y alone is lost
            in_scale = np.where(lost, np.exp(w / k), in_scale)
        return in_scale, np.where((y == 0.0) | (w == 0.0), 0.0, -y * (w / k / k))

    @final
    @classmethod
    def _pathwise(cls, y: Array, *theta: Array) -> tuple[Array, ...]:
        return cls._jacobian(y, cls._standardized(y, *theta), *theta)

    @final
    @classmethod
    def _hessian(cls, y: Array, *extras_and_theta: Array) -> Triangle:
        w, _, k = extras_and_theta
        in_scale, in_k = cls._jacobian(y, *extras_and_theta)
        return (0.0, -in_scale * (w / k / k)), (-in_k * ((w / k + 2.0) / k),)

    @final
    @classmethod
    def _pathwise2(cls, y: Array, *theta: Array) -> Triangle:
        return cls._hessian(y, cls._standardized(y, *theta), *theta)

    @final
    @staticmethod
    def _log_hessian(y: Array, w: Array, scale: Array, k: Array) -> Triangle:
        return (-1.0 / scale / scale, 0.0), (2.0 * w / k / k / k,)

    @final
    @staticmethod
    def _log_value(y: Array, w: Array, scale: Array, k: Array) -> Array:
        log_z = w / k
        log_y = log_z + np.log(scale)
        # next to y = 1 the two cancel, and y keeps the digits of ln y
        return np.where(np.abs(log_y) < 0.5 * np.abs(log_z), np.log(y), log_y)

    @final
    @staticmethod
    def _log_jacobian(y: Array, w: Array, scale: Array, k: Array) -> tuple[Array, ...]:
        return 1.0 / scale, -w / k / k

    @final
    @classmethod
    def _cdf(cls, y: Array, *theta: Array) -> Array:
        return cls._standard_cdf(cls._standardized(y, *theta))

    @final
    @classmethod
    def _sf(cls, y: Array, *theta: Array) -> Array:
        return cls._standard_sf(cls._standardized(y, *theta))

    @final
    @classmethod
    def _log_cdf(cls, y: Array, *theta: Array) -> Array:
        return cls._standard_log_cdf(cls._standardized(y, *theta))

    @final
    @classmethod
    def _log_sf(cls, y: Array, *theta: Array) -> Array:
        return cls._standard_log_sf(cls._standardized(y, *theta))

    @classmethod
    def _log_prob(cls, y: Array, scale: Array, k: Array) -> Array:
        of_w = cls._standard_log_prob(cls._standardized(y, scale, k))
        return np.where(of_w == -np.inf, of_w, np.log(k) - np.log(y) + of_w)  # at y = 0, too

    @classmethod
    def _stein_score(cls, y: Array, scale: Array, k: Array) -> Array:
        return (k * cls._standard_slope(cls._standardized(y, scale, k)) - 1.0) / y

    @final
    @classmethod
    def _score(cls, y: Array, *theta: Array) -> tuple[Array, ...]:
        return cls._score_of_draw(y, cls._standardized(y, *theta), *theta)

    @final
    @classmethod
    def _score_of_draw(cls, y: Array, *extras_and_theta: Array) -> tuple[Array, ...]:
        w, scale, k = extras_and_theta
        w = np.clip(w, -LARGEST, LARGEST)  # an infinite w would lose w · slope
        slope = cls._standard_slope(w)
        return -k * slope / scale, (1.0 + w * slope) / k

    @final
    @classmethod
    def _entropy(cls, scale: Array, k: Array) -> Array:
        mean, entropy = cls._standard_mean_and_entropy()
        return np.log(scale) - np.log(k) + mean / k + entropy
