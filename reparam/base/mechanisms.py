"""The ways to put randomness outside: location-scale, log-location-scale, inverse CDF, implicit.

Each fills in the machinery of :class:`~reparam.base.distribution.Reparameterized`, so that a
distribution's author writes its mathematics and nothing else.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from reparam._typing import Array
from reparam.base import numerical
from reparam.base.reparameterized import Reparameterized, View
from reparam.domains import POSITIVE, REAL, Interval
from reparam.engine.noise import UNIFORM, Noise
from reparam.special._accurate import LARGEST
from reparam.special.bregman import log_quotient

__all__ = ["Implicit", "InverseCDF", "LocationScale", "LogLocationScale"]


class LocationScale(Reparameterized):
    """y = loc + scale · z, with z from a standard distribution.

    The author declares the parameters, ``loc`` and ``scale`` last, shape parameters (if any)
    first, and writes the standard distribution. Each ``_standard_*`` formula takes z (or u) and
    the shape parameters. Noise of kind ``uniform`` goes through the standard quantile; any
    other kind is the standard variate itself.
    """

    mechanism: ClassVar[str] = "location-scale"
    noise: ClassVar[Noise] = UNIFORM
    _support: ClassVar[Interval] = REAL
    _extras: ClassVar[int] = 1
    #: Whether −z has the distribution of z: the upper tail's quantile is the lower's, negated.
    _symmetric: ClassVar[bool] = False

    @staticmethod
    @abc.abstractmethod
    def _standard_icdf(u: Array, *shape: Any, **_: Any) -> Array:
        """Quantile of z for u in [0, 1]."""

    @classmethod
    def _standard_isf(cls, v: Array, *shape: Any, **_: Any) -> Array:
        """Quantile of z for 1 − v in [0, 1], to full relative accuracy in v."""
        if cls._symmetric:
            return -cls._standard_icdf(v, *shape)
        rows = [np.broadcast_to(entry, v.shape) for entry in shape]
        ends = np.full(v.shape, -np.inf), np.full(v.shape, np.inf)
        return numerical.quantile(1.0 - v, v, cls._standard_cdf, cls._standard_sf, ends, rows)

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
    def _standard_log_prob(z: Array, *shape: Any, **_: Any) -> Array:
        """Log density of z."""

    @staticmethod
    @abc.abstractmethod
    def _standard_score(z: Array, *shape: Any, **_: Any) -> tuple[Array, ...]:
        """∂ log p(z)/∂z, then ∂ log p(z)/∂shape for each shape parameter."""

    @staticmethod
    @abc.abstractmethod
    def _standard_moments(
        *shape: Any, **_: Any
    ) -> tuple[Array | float, Array | float, Array | float]:
        """Mean, variance and entropy of z."""

    @staticmethod
    def _standard_excess(z: Array, slope: Array, *shape: Any, **_: Any) -> Array:
        """1 + z ∂ log p(z)/∂z, from z and that slope: another formula where it cancels."""
        return 1.0 + z * slope

    @staticmethod
    def _standard_pathwise(z: Array, *shape: Any, **_: Any) -> tuple[Array, ...]:
        """∂z/∂shape for each shape parameter, at fixed u."""
        return ()

    @staticmethod
    def _standard_sampler(*numbers_and_shape: Any) -> Array:
        """z, from the numbers of ``_substreams``: of a field."""
        raise NotImplementedError

    @final
    @classmethod
    def _sampler(cls, *numbers_and_theta: Array) -> tuple[Array, ...]:
        *numbers_and_shape, loc, scale = numbers_and_theta
        return cls._placed(cls._standard_sampler(*numbers_and_shape), loc, scale)

    @final
    @classmethod
    def _transform(cls, noise: Array, *theta: Array) -> tuple[Array, ...]:
        *shape, loc, scale = theta
        z = cls._standard_icdf(noise, *shape) if cls.noise is UNIFORM else noise
        return cls._placed(z, loc, scale)

    @final
    @staticmethod
    def _placed(z: Array, loc: Array, scale: Array) -> tuple[Array, Array]:
        y = scale * z
        y += loc
        return y, z

    @final
    @classmethod
    def _jacobian(cls, y: Array, *extras_and_theta: Array) -> tuple[Array | float, ...]:
        z, *shape, _, scale = extras_and_theta
        slopes = cls._standard_pathwise(z, *shape)
        return (*(scale * slope for slope in slopes), 1.0, z)

    @final
    @classmethod
    def _pathwise(cls, y: Array, *theta: Array) -> tuple[Array | float, ...]:
        return cls._jacobian(y, (y - theta[-2]) / theta[-1], *theta)

    @final
    @classmethod
    def _icdf(cls, u: Array, *theta: Array) -> Array:
        *shape, loc, scale = theta
        return loc + scale * cls._standard_icdf(u, *shape)

    @final
    @classmethod
    def _isf(cls, v: Array, *theta: Array) -> Array:
        *shape, loc, scale = theta
        return loc + scale * cls._standard_isf(v, *shape)

    @final
    @classmethod
    def _cdf(cls, y: Array, *theta: Array) -> Array:
        *shape, loc, scale = theta
        return cls._standard_cdf((y - loc) / scale, *shape)

    @final
    @classmethod
    def _sf(cls, y: Array, *theta: Array) -> Array:
        *shape, loc, scale = theta
        return cls._standard_sf((y - loc) / scale, *shape)

    @final
    @classmethod
    def _log_prob(cls, y: Array, *theta: Array) -> Array:
        *shape, loc, scale = theta
        return cls._standard_log_prob((y - loc) / scale, *shape) - np.log(scale)

    @final
    @classmethod
    def _score(cls, y: Array, *theta: Array) -> tuple[Array, ...]:
        *shape, loc, scale = theta
        z = np.clip((y - loc) / scale, -LARGEST, LARGEST)  # an infinite z would lose z · slope
        slope, *rest = cls._standard_score(z, *shape)
        return (*rest, -slope / scale, -cls._standard_excess(z, slope, *shape) / scale)

    @final
    @classmethod
    def _mean(cls, *theta: Array) -> Array:
        *shape, loc, scale = theta
        return loc + scale * cls._standard_moments(*shape)[0]

    @final
    @classmethod
    def _variance(cls, *theta: Array) -> Array:
        *shape, _, scale = theta
        return scale * (scale * cls._standard_moments(*shape)[1])

    @final
    @classmethod
    def _entropy(cls, *theta: Array) -> Array:
        *shape, _, scale = theta
        return np.log(scale) + cls._standard_moments(*shape)[2]


class LogLocationScale(Reparameterized):
    """y = scale · e^(w/k), with w from a standard distribution: ln y is a location-scale variate.

    The author declares two parameters, ``scale`` and the shape k, in this order, and writes the
    distribution of w. The extra array of a draw is w: y may over- or underflow, ln y does not.
    """

    mechanism: ClassVar[str] = "inverse CDF"
    noise: ClassVar[Noise] = UNIFORM
    _support: ClassVar[Interval] = POSITIVE
    _extras: ClassVar[int] = 1
    _views: ClassVar[Mapping[str, View]] = {"log_value": View("_log_value", "_log_jacobian")}

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
        return y / scale, np.where((y == 0.0) | (w == 0.0), 0.0, -y * (w / k / k))

    @final
    @classmethod
    def _pathwise(cls, y: Array, *theta: Array) -> tuple[Array, ...]:
        return cls._jacobian(y, cls._standardized(y, *theta), *theta)

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
        w = cls._standardized(y, scale, k)
        return np.log(k) - np.log(y) + cls._standard_log_prob(w)

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


class InverseCDF(Reparameterized):
    """y = F⁻¹(u; θ) in closed form.

    The author writes ``_icdf`` and ``_pathwise``, ∂F⁻¹/∂θ in terms of y; ``_isf``, F⁻¹(1 − v; θ),
    keeps the upper tail's digits.
    """

    mechanism: ClassVar[str] = "inverse CDF"
    noise: ClassVar[Noise] = UNIFORM


class Implicit(Reparameterized):
    """y = F⁻¹(u; θ) by numerical inversion, differentiated implicitly.

    F(y; θ) = u for fixed u gives ∂y/∂θ = −F_θ(y; θ) / p(y; θ) (Figurnov, Mohamed & Mnih 2018,
    "Implicit reparameterization gradients"): the derivative needs the value alone, however it
    was computed. The author writes ``_pathwise``, the quotient itself, since both of its parts
    underflow long before it does; without it, and without ``_icdf``, both follow from ``_cdf``.
    """

    mechanism: ClassVar[str] = "implicit"
    noise: ClassVar[Noise] = UNIFORM
