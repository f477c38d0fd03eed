"""Positive variates with closed quantiles: scale · z, and scale · e^(w/k)."""

from __future__ import annotations

import abc
import sys
from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from reparam._typing import Array
from reparam.base.reparameterized import Reparameterized, View
from reparam.base.second_order import Triangle, along_quantiles
from reparam.domains import POSITIVE, Interval
from reparam.engine.noise import UNIFORM, Noise
from reparam.special._accurate import LARGEST
from reparam.special.bregman import log_quotient

__all__ = ["LogLocationScale", "Scaled"]


class Scaled(Reparameterized):
    """y = scale · z, with z > 0 from a standard distribution.

    The author declares ``scale`` last, and shape parameters (if any) first. Each ``_standard_*``
    formula takes z (or u and v), and the shape parameters. The auxiliary array of a draw is z: y
    may over- or underflow, the derivative does not.
    """

    mechanism: ClassVar[str] = "inverse CDF"
    noise: ClassVar[Noise] = UNIFORM
    _support: ClassVar[Interval] = POSITIVE
    _extras: ClassVar[int] = 1

    @staticmethod
    @abc.abstractmethod
    def _standard_quantile(u: Array, v: Array, *shape: Any, **_: Any) -> Array:
        """Quantile of z for u = 1 − v in [0, 1], of which the smaller has its digits."""

    @staticmethod
    @abc.abstractmethod
    def _standard_cdf(z: Array, *shape: Any, **_: Any) -> Array:
        """P(Z ≤ z)."""

    @staticmethod
    @abc.abstractmethod
    def _standard_sf(z: Array, *shape: Any, **_: Any) -> Array:
        """P(Z > z), to full relative accuracy."""

    @staticmethod
    @abc.abstractmethod
    def _standard_log_cdf(z: Array, *shape: Any, **_: Any) -> Array:
        """Log of P(Z ≤ z)."""

    @staticmethod
    @abc.abstractmethod
    def _standard_log_sf(z: Array, *shape: Any, **_: Any) -> Array:
        """Log of P(Z > z)."""

    @staticmethod
    @abc.abstractmethod
    def _standard_log_prob(z: Array, *shape: Any, **_: Any) -> Array:
        """Log density of z."""

    @staticmethod
    @abc.abstractmethod
    def _standard_slope(z: Array, *shape: Any, **_: Any) -> Array:
        """∂ log p(z)/∂z."""

    @staticmethod
    @abc.abstractmethod
    def _standard_excess(z: Array, *shape: Any, **_: Any) -> Array:
        """1 + z ∂ log p(z)/∂z, without its cancellation."""

    @staticmethod
    @abc.abstractmethod
    def _standard_moments(
        *shape: Any, **_: Any
    ) -> tuple[Array | float, Array | float, Array | float]:
        """Mean, variance and entropy of z."""

    @staticmethod
    def _standard_pathwise(z: Array, *shape: Any, **_: Any) -> tuple[Array, ...]:
        """∂z/∂shape for each shape parameter, at fixed u."""
        return ()

    @staticmethod
    def _standard_shape_score(z: Array, *shape: Any, **_: Any) -> tuple[Array, ...]:
        """∂ log p(z)/∂shape for each shape parameter."""
        return ()

    @staticmethod
    def _standard_sampler(*numbers_and_shape: Any) -> Array:
        """Return z from the numbers of ``_substreams``: of a field."""
        raise NotImplementedError

    @final
    @classmethod
    def _sampler(cls, *numbers_and_theta: Array) -> tuple[Array, ...]:
        z = cls._standard_sampler(*numbers_and_theta[:-1])
        return numbers_and_theta[-1] * z, z

    @final
    @classmethod
    def _transform(cls, noise: Array, *theta: Array) -> tuple[Array, ...]:
        *shape, scale = theta
        z = cls._standard_quantile(noise, 1.0 - noise, *shape)
        return scale * z, z

    @final
    @classmethod
    def _transform_upper(cls, v: Array, *theta: Array) -> tuple[Array, ...]:
        z = cls._standard_quantile(1.0 - v, v, *theta[:-1])
        return theta[-1] * z, z

    @final
    def _pathwise2(self, y: Array, *theta: Array) -> Triangle:
        return along_quantiles(self, y, theta) if len(theta) > 1 else ((0.0,),)

    @final
    @classmethod
    def _jacobian(cls, y: Array, *extras_and_theta: Array) -> tuple[Array, ...]:
        z, *shape, scale = extras_and_theta
        return (*(scale * slope for slope in cls._standard_pathwise(z, *shape)), z)

    @final
    @classmethod
    def _pathwise(cls, y: Array, *theta: Array) -> tuple[Array, ...]:
        return cls._jacobian(y, y / theta[-1], *theta)

    @final
    @classmethod
    def _icdf(cls, u: Array, *theta: Array) -> Array:
        return theta[-1] * cls._standard_quantile(u, 1.0 - u, *theta[:-1])

    @final
    @classmethod
    def _isf(cls, v: Array, *theta: Array) -> Array:
        return theta[-1] * cls._standard_quantile(1.0 - v, v, *theta[:-1])

    @final
    @classmethod
    def _cdf(cls, y: Array, *theta: Array) -> Array:
        return cls._standard_cdf(y / theta[-1], *theta[:-1])

    @final
    @classmethod
    def _sf(cls, y: Array, *theta: Array) -> Array:
        return cls._standard_sf(y / theta[-1], *theta[:-1])

    @final
    @classmethod
    def _log_cdf(cls, y: Array, *theta: Array) -> Array:
        return cls._standard_log_cdf(y / theta[-1], *theta[:-1])

    @final
    @classmethod
    def _log_sf(cls, y: Array, *theta: Array) -> Array:
        return cls._standard_log_sf(y / theta[-1], *theta[:-1])

    @final
    @classmethod
    def _log_prob(cls, y: Array, *theta: Array) -> Array:
        return cls._standard_log_prob(y / theta[-1], *theta[:-1]) - np.log(theta[-1])

    @final
    @classmethod
    def _stein_score(cls, y: Array, *theta: Array) -> Array:
        return cls._standard_slope(y / theta[-1], *theta[:-1]) / theta[-1]

    @final
    @classmethod
    def _score(cls, y: Array, *theta: Array) -> tuple[Array, ...]:
        return cls._score_of_draw(y, y / theta[-1], *theta)

    @final
    @classmethod
    def _score_of_draw(cls, y: Array, *extras_and_theta: Array) -> tuple[Array, ...]:
        z, *shape, scale = extras_and_theta
        in_shape = cls._standard_shape_score(z, *shape)
        return (*in_shape, -cls._standard_excess(z, *shape) / scale)

    @final
    @classmethod
    def _mean(cls, *theta: Array) -> Array:
        return theta[-1] * cls._standard_moments(*theta[:-1])[0]

    @final
    @classmethod
    def _variance(cls, *theta: Array) -> Array:
        return theta[-1] * (theta[-1] * cls._standard_moments(*theta[:-1])[1])

    @final
    @classmethod
    def _entropy(cls, *theta: Array) -> Array:
        return np.log(theta[-1]) + cls._standard_moments(*theta[:-1])[2]


class LogLocationScale(Reparameterized):
    """y = scale · e^(w/k), with w from a standard distribution: ln y is a location-scale variate.

    The author declares ``scale`` and the shape k last, in this order, after the shape parameters of
    w (if any), and writes the distribution of w, whose formulas take these. The auxiliary array of
    a draw is w: y may over- or underflow, ln y does not.
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
    def _standard_icdf(u: Array, *shape: Any, **_: Any) -> Array:
        """Quantile of w for u in [0, 1]."""

    @staticmethod
    @abc.abstractmethod
    def _standard_isf(v: Array, *shape: Any, **_: Any) -> Array:
        """Quantile of w for 1 − v in [0, 1], to full relative accuracy in v."""

    @staticmethod
    @abc.abstractmethod
    def _standard_cdf(w: Array, *shape: Any, **_: Any) -> Array:
        """P(W ≤ w)."""

    @staticmethod
    @abc.abstractmethod
    def _standard_sf(w: Array, *shape: Any, **_: Any) -> Array:
        """P(W > w), to full relative accuracy."""

    @staticmethod
    @abc.abstractmethod
    def _standard_log_cdf(w: Array, *shape: Any, **_: Any) -> Array:
        """Log of P(W ≤ w)."""

    @staticmethod
    @abc.abstractmethod
    def _standard_log_sf(w: Array, *shape: Any, **_: Any) -> Array:
        """Log of P(W > w)."""

    @staticmethod
    @abc.abstractmethod
    def _standard_log_prob(w: Array, *shape: Any, **_: Any) -> Array:
        """Log density of w."""

    @staticmethod
    @abc.abstractmethod
    def _standard_slope(w: Array, *shape: Any, **_: Any) -> Array:
        """∂ log p(w)/∂w."""

    @staticmethod
    @abc.abstractmethod
    def _standard_mean_and_entropy(*shape: Any, **_: Any) -> tuple[Array | float, Array | float]:
        """Mean and entropy of w."""

    @classmethod
    def _standard_pathwise(cls, w: Array, *shape: Any) -> tuple[Array, ...]:
        """∂w/∂shape for each shape parameter of w, at fixed u."""
        return ()

    @classmethod
    def _standard_shape_score(cls, w: Array, *shape: Any) -> tuple[Array, ...]:
        """∂ log p(w)/∂shape for each shape parameter of w."""
        return ()

    @final
    @classmethod
    def _standardized(cls, y: Array, *theta: Array) -> Array:
        return theta[-1] * log_quotient(y, theta[-2])

    @final
    @classmethod
    def _placed(cls, w: Array, *theta: Array) -> Array:
        *_, scale, k = theta
        log = w / k
        y = scale * np.exp(log)
        far = np.abs(log) > 700.0  # e^log alone may over- or underflow
        return np.where(far, np.exp(log + np.log(scale)), y) if np.any(far) else y

    @final
    @classmethod
    def _transform(cls, noise: Array, *theta: Array) -> tuple[Array, ...]:
        w = cls._standard_icdf(noise, *theta[:-2])
        return cls._placed(w, *theta), w

    @final
    @classmethod
    def _transform_upper(cls, v: Array, *theta: Array) -> tuple[Array, ...]:
        w = cls._standard_isf(v, *theta[:-2])
        return cls._placed(w, *theta), w

    @final
    @classmethod
    def _icdf(cls, u: Array, *theta: Array) -> Array:
        return cls._placed(cls._standard_icdf(u, *theta[:-2]), *theta)

    @final
    @classmethod
    def _isf(cls, v: Array, *theta: Array) -> Array:
        return cls._placed(cls._standard_isf(v, *theta[:-2]), *theta)

    @final
    @classmethod
    def _jacobian(cls, y: Array, *extras_and_theta: Array) -> tuple[Array, ...]:
        w, *shape, scale, k = extras_and_theta
        in_scale = y / scale
        if np.any(lost := (y < sys.float_info.min) | (y == np.inf)):  # where y alone is lost
            in_scale = np.where(lost, np.exp(w / k), in_scale)
        in_shape = (
            np.where(y == 0.0, 0.0, y * (slope / k)) for slope in cls._standard_pathwise(w, *shape)
        )
        in_k = np.where((y == 0.0) | (w == 0.0), 0.0, -y * (w / k / k))
        return (*in_shape, in_scale, in_k)

    @final
    @classmethod
    def _pathwise(cls, y: Array, *theta: Array) -> tuple[Array, ...]:
        return cls._jacobian(y, cls._standardized(y, *theta), *theta)

    @final
    def _hessian(self, y: Array, *extras_and_theta: Array) -> Triangle:
        w, *shape, _, k = extras_and_theta
        if shape:
            return along_quantiles(self, y, extras_and_theta[1:])
        in_scale, in_k = self._jacobian(y, *extras_and_theta)
        return (0.0, -in_scale * (w / k / k)), (-in_k * ((w / k + 2.0) / k),)

    @final
    def _pathwise2(self, y: Array, *theta: Array) -> Triangle:
        return self._hessian(y, self._standardized(y, *theta), *theta)

    @final
    @staticmethod
    def _log_hessian(y: Array, w: Array, scale: Array, k: Array) -> Triangle:
        return (-1.0 / scale / scale, 0.0), (2.0 * w / k / k / k,)

    @final
    @staticmethod
    def _log_value(y: Array, w: Array, *theta: Array) -> Array:
        *_, scale, k = theta
        log_z = w / k
        log_y = log_z + np.log(scale)
        # next to y = 1 the two cancel, and y keeps the digits of ln y
        return np.where(np.abs(log_y) < 0.5 * np.abs(log_z), np.log(y), log_y)

    @final
    @classmethod
    def _log_jacobian(cls, y: Array, w: Array, *theta: Array) -> tuple[Array, ...]:
        *shape, scale, k = theta
        in_shape = (slope / k for slope in cls._standard_pathwise(w, *shape))
        return (*in_shape, 1.0 / scale, -w / k / k)

    @final
    @classmethod
    def _cdf(cls, y: Array, *theta: Array) -> Array:
        return cls._standard_cdf(cls._standardized(y, *theta), *theta[:-2])

    @final
    @classmethod
    def _sf(cls, y: Array, *theta: Array) -> Array:
        return cls._standard_sf(cls._standardized(y, *theta), *theta[:-2])

    @final
    @classmethod
    def _log_cdf(cls, y: Array, *theta: Array) -> Array:
        return cls._standard_log_cdf(cls._standardized(y, *theta), *theta[:-2])

    @final
    @classmethod
    def _log_sf(cls, y: Array, *theta: Array) -> Array:
        return cls._standard_log_sf(cls._standardized(y, *theta), *theta[:-2])

    @classmethod
    def _log_prob(cls, y: Array, *theta: Array) -> Array:
        of_w = cls._standard_log_prob(cls._standardized(y, *theta), *theta[:-2])
        inner = np.log(theta[-1]) - np.log(y) + of_w
        return np.where(of_w == -np.inf, of_w, inner)  # at y = 0, too

    @classmethod
    def _stein_score(cls, y: Array, *theta: Array) -> Array:
        w = cls._standardized(y, *theta)
        return (theta[-1] * cls._standard_slope(w, *theta[:-2]) - 1.0) / y

    @final
    @classmethod
    def _score(cls, y: Array, *theta: Array) -> tuple[Array, ...]:
        return cls._score_of_draw(y, cls._standardized(y, *theta), *theta)

    @final
    @classmethod
    def _score_of_draw(cls, y: Array, *extras_and_theta: Array) -> tuple[Array, ...]:
        w, *shape, scale, k = extras_and_theta
        w = np.clip(w, -LARGEST, LARGEST)  # an infinite w would lose w · slope
        slope = cls._standard_slope(w, *shape)
        in_shape = cls._standard_shape_score(w, *shape)
        return (*in_shape, -k * slope / scale, (1.0 + w * slope) / k)

    @final
    @classmethod
    def _entropy(cls, *theta: Array) -> Array:
        *shape, scale, k = theta
        mean, entropy = cls._standard_mean_and_entropy(*shape)
        return np.asarray(np.log(scale) - np.log(k) + mean / k + entropy)
