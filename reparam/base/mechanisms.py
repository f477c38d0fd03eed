"""The ways to put randomness outside: location-scale, inverse CDF, implicit.

Each fills in the machinery of :class:`~reparam.base.distribution.Reparameterized`, so that a
distribution's author writes its mathematics and nothing else.
"""

from __future__ import annotations

import abc
from typing import Any, ClassVar, final

import numpy as np

from reparam._typing import Array
from reparam.base import numerical
from reparam.base.distribution import stand_in
from reparam.base.reparameterized import Reparameterized
from reparam.base.second_order import Triangle, along_standard_quantiles
from reparam.domains import REAL, Interval
from reparam.engine.noise import UNIFORM, Noise
from reparam.special._accurate import LARGEST
from reparam.special.steps import placed

__all__ = ["Implicit", "InverseCDF", "LocationScale"]


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

    @classmethod
    @stand_in
    def _standard_log_cdf(cls, z: Array, *shape: Any) -> Array:
        """Log of P(Z ≤ z), to full relative accuracy."""
        return cls._standard_log_tail(z, shape, (cls._standard_cdf, cls._standard_sf), -1.0)

    @classmethod
    @stand_in
    def _standard_log_sf(cls, z: Array, *shape: Any) -> Array:
        """Log of P(Z > z), to full relative accuracy."""
        if cls._symmetric:
            return cls._standard_log_cdf(-z, *shape)
        return cls._standard_log_tail(z, shape, (cls._standard_sf, cls._standard_cdf), 1.0)

    @final
    @classmethod
    def _standard_log_tail(
        cls, z: Array, shape: tuple[Any, ...], tails: tuple[Any, Any], sign: float
    ) -> Array:
        """Return the logarithm of the first of two tails, the lower if the sign is −1."""
        z, *rows = np.broadcast_arrays(z, *shape)
        end = np.full(z.size, sign * np.inf)
        leaves = [row.ravel() for row in rows]
        log_prob = cls._standard_log_prob
        return numerical.log_tail(z.ravel(), leaves, tails, log_prob, end, sign).reshape(z.shape)

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

    @classmethod
    def _standard_entropy(cls, *shape: Any) -> Any:
        """Entropy of z: a formula of its own if it takes long beside mean and variance."""
        return cls._standard_moments(*shape)[2]

    @staticmethod
    def _standard_excess(z: Array, slope: Array, *shape: Any, **_: Any) -> Array:
        """1 + z ∂ log p(z)/∂z, from z and that slope: another formula where it cancels."""
        return 1.0 + z * slope

    @staticmethod
    def _standard_pathwise(z: Array, *shape: Any, **_: Any) -> tuple[Array, ...]:
        """∂z/∂shape for each shape parameter, at fixed u."""
        return ()

    @classmethod
    def _standard_transform(cls, noise: Array, *shape: Any) -> tuple[Array, ...]:
        """z and further arrays (``_extras`` − 1 of them), if ∂z/∂shape needs digits z lacks.

        Only of symmetric distributions, where they are the same for −z.
        """
        return (cls._standard_icdf(noise, *shape) if cls.noise is UNIFORM else noise,)

    @classmethod
    def _standard_jacobian(cls, z: Array, *extras_and_shape: Any) -> tuple[Array, ...]:
        """∂z/∂shape for each shape parameter, from what ``_standard_transform`` made."""
        return cls._standard_pathwise(z, *extras_and_shape[cls._extras - 1 :])

    @classmethod
    @stand_in
    def _standard_pathwise2(cls, z: Array, *shape: Any) -> Triangle:
        """∂²z/∂shape² at fixed u, the upper triangle: by differences of ``_standard_pathwise``."""
        if not shape:
            return ()
        return along_standard_quantiles(cls._standard_pathwise, z, shape, [*cls._own.values()])

    @classmethod
    def _standard_hessian(cls, z: Array, *extras_and_shape: Any) -> Triangle:
        """∂²z/∂shape², from what ``_standard_transform`` made."""
        return cls._standard_pathwise2(z, *extras_and_shape[cls._extras - 1 :])

    @staticmethod
    def _standard_sampler(*numbers_and_shape: Any) -> tuple[Array, ...]:
        """Return the same from the numbers of ``_substreams``: of a field."""
        raise NotImplementedError

    @final
    @classmethod
    def _sampler(cls, *numbers_and_theta: Array) -> tuple[Array, ...]:
        *numbers_and_shape, loc, scale = numbers_and_theta
        made = cls._standard_sampler(*numbers_and_shape)
        return placed(made[0], loc, scale), *made

    @final
    @classmethod
    def _transform(cls, noise: Array, *theta: Array) -> tuple[Array, ...]:
        *shape, loc, scale = theta
        made = cls._standard_transform(noise, *shape)
        return placed(made[0], loc, scale), *made

    @final
    @classmethod
    def _transform_upper(cls, v: Array, *theta: Array) -> tuple[Array, ...]:
        *shape, loc, scale = theta
        if cls._extras == 1:
            z = cls._standard_isf(v, *shape)
            return placed(z, loc, scale), z
        z, *rest = cls._standard_transform(v, *shape)
        return placed(-z, loc, scale), -z, *rest

    @final
    @classmethod
    def _jacobian(cls, y: Array, *extras_and_theta: Array) -> tuple[Array | float, ...]:
        *extras_and_shape, _, scale = extras_and_theta
        slopes = cls._standard_jacobian(*extras_and_shape)
        return (*[scale * slope for slope in slopes], 1.0, extras_and_theta[0])

    @final
    @classmethod
    def _pathwise(cls, y: Array, *theta: Array) -> tuple[Array | float, ...]:
        *shape, _, scale = theta
        z = cls._standardized(y, *theta)
        slopes = cls._standard_pathwise(z, *shape)
        return (*(scale * slope for slope in slopes), 1.0, z)

    @final
    @classmethod
    def _hessian(cls, y: Array, *extras_and_theta: Array) -> Triangle:
        *extras_and_shape, _, scale = extras_and_theta
        slopes = cls._standard_jacobian(*extras_and_shape)
        return cls._bent(slopes, cls._standard_hessian(*extras_and_shape), scale)

    @final
    @classmethod
    def _pathwise2(cls, y: Array, *theta: Array) -> Triangle:
        *shape, _, scale = theta
        z = cls._standardized(y, *theta)
        slopes = cls._standard_pathwise(z, *shape)
        return cls._bent(slopes, cls._standard_pathwise2(z, *shape), scale)

    @staticmethod
    def _bent(slopes: tuple[Array, ...], triangle: Triangle, scale: Array) -> Triangle:
        """Return ∂²y/∂θ∂φ: y is linear in loc and scale, and the shapes bend z."""
        rows = (
            (*(scale * entry for entry in row), 0.0, slope)
            for row, slope in zip(triangle, slopes, strict=True)
        )
        return (*rows, (0.0, 0.0), (0.0,))

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

    @classmethod
    def _standardized(cls, y: Array, *theta: Array) -> Array:
        """z of y: a law whose support ends elsewhere than at loc declares z there."""
        return (y - theta[-2]) / theta[-1]

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

    @final
    @classmethod
    def _log_prob(cls, y: Array, *theta: Array) -> Array:
        of_z = cls._standard_log_prob(cls._standardized(y, *theta), *theta[:-2])
        return of_z - np.log(theta[-1])

    @final
    @classmethod
    def _score(cls, y: Array, *theta: Array) -> tuple[Array, ...]:
        *shape, _, scale = theta
        # an infinite z would lose z · slope
        z = np.clip(cls._standardized(y, *theta), -LARGEST, LARGEST)
        slope, *rest = cls._standard_score(z, *shape)
        return (*rest, -slope / scale, -cls._standard_excess(z, slope, *shape) / scale)

    @classmethod
    def _stein_score(cls, y: Array, *theta: Array) -> Array:
        *shape, _, scale = theta
        z = cls._standardized(y, *theta)
        slope = cls._standard_score(z, *shape)[0]
        if np.any(lost := np.isinf(z) & np.isnan(slope)):  # a quotient of infinite numbers
            slope = np.where(lost, cls._standard_score(np.copysign(LARGEST, z), *shape)[0], slope)
        return slope / scale

    @final
    @classmethod
    def _follows(cls, formula: str) -> bool:
        if cls._symmetric and formula == "_log_sf":
            formula = "_log_cdf"
        if formula == "_pathwise2" and cls._is_without_shapes():
            return False
        if formula in ("_log_cdf", "_log_sf", "_pathwise2"):
            formula = f"_standard{formula}"
        return super()._follows(formula)

    @final
    @classmethod
    def _is_without_shapes(cls) -> bool:
        return len(cls._own) == len(("loc", "scale"))

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
        return np.asarray(np.log(scale) + cls._standard_entropy(*shape))


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
