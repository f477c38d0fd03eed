"""Powers of gamma draws."""

from __future__ import annotations

import abc
import math
from typing import Any, ClassVar, final

import numpy as np

from reparam._typing import Array
from reparam.base.second_order import Triangle
from reparam.domains import within
from reparam.engine.noise import NORMAL, UNIFORM, Noise
from reparam.families._base import (
    PositiveFamily,
    Slopes,
    all_normal,
    combined,
    part,
    scaled,
    where_normal,
)
from reparam.families._gamma_draws import gamma_draws
from reparam.special import gamma as special
from reparam.special._accurate import LARGEST

__all__ = ["PowerOfGamma"]

_LOG_LARGEST = math.log(LARGEST)


class PowerOfGamma(PositiveFamily):
    """y = c x^k with x ~ Gamma(α): positive, with α and c functions of the parameters.

    The derivative is taken on the log scale, ∂ln y/∂θ = k h ∂α/∂θ + ∂ln c/∂θ.
    """

    #: The power k: 1, −1 or ½.
    _power: ClassVar[float] = 1.0
    _substreams: ClassVar[tuple[Noise, ...]] = (NORMAL, UNIFORM)

    @staticmethod
    @abc.abstractmethod
    def _shape(*theta: Any, **_: Any) -> Array:
        """α."""

    @staticmethod
    @abc.abstractmethod
    def _shape_slopes(*theta: Any, **_: Any) -> Slopes:
        """∂α/∂θ for each parameter."""

    @staticmethod
    @abc.abstractmethod
    def _log_scale_slopes(*theta: Any, **_: Any) -> Slopes:
        """∂ln c/∂θ for each parameter."""

    @final
    @classmethod
    def _power_of(cls, x: Array, scale: Array) -> Array:
        """c x^k."""
        if cls._power < 0.0:
            return scale / x
        return scale * (np.sqrt(x) if cls._power == 0.5 else x)

    @final
    @classmethod
    def _raised(cls, x: Array, log_x: Array, *theta: Array) -> Array:
        """y, from x and ln x, also where x or c over- or underflows and their product does not."""
        scale = cls._scale(*theta)
        y = cls._power_of(x, scale)
        if all_normal(scale) and all_normal(x):
            return y

        def by_logs() -> Array:
            return np.exp(cls._log_value(y, log_x, *theta))

        y = where_normal(scale, y, by_logs)
        if not all_normal(x):
            lost = (x < 1e-290) & ((scale > 1.0) == (cls._power > 0.0))
            y = np.where(lost, by_logs(), y) if np.any(lost) else y
        return y

    @final
    @classmethod
    def _base(cls, y: Array, *theta: Array) -> Array:
        """x, from y."""
        scale = cls._scale(*theta)
        if cls._power < 0.0:
            return scale / y
        return y / scale if cls._power == 1.0 else (y / scale) ** 2

    @final
    @classmethod
    def _log_base(cls, x: Array, y: Array, *theta: Array) -> Array:
        """ln x, from x and y."""
        return where_normal(x, np.log(x), lambda: (np.log(y) - cls._log_scale(*theta)) / cls._power)

    @final
    @classmethod
    def _sampler(cls, z: Array, u: Array, *theta: Array) -> tuple[Array, ...]:
        x, log_x = gamma_draws(z, u, cls._shape(*theta))
        return cls._raised(x, log_x, *theta), log_x

    @final
    @classmethod
    def _of_tails(cls, u: Array, v: Array, *theta: Array) -> tuple[Array, ...]:
        if cls._power < 0.0:
            u, v = v, u
        x, log_x = special.quantile_logs(u, v, cls._shape(*theta))
        return cls._raised(x, log_x, *theta), log_x

    @final
    @classmethod
    def _log_value(cls, y: Array, log_x: Array, *theta: Array) -> Array:
        return cls._power * log_x + cls._log_scale(*theta)

    @final
    @classmethod
    def _log_jacobian(cls, y: Array, log_x: Array, *theta: Array) -> Slopes:
        h = special.log_pathwise(log_x, cls._shape(*theta))
        own = zip(cls._shape_slopes(*theta), cls._log_scale_slopes(*theta), strict=True)
        return tuple([_sum(slope * cls._power, h, other) for slope, other in own])

    @staticmethod
    def _scale_bends(*theta: Any, **_: Any) -> Triangle:
        """(∂²c/∂θ∂φ)/c."""
        return tuple((0.0,) * (len(theta) - i) for i in range(len(theta)))

    @final
    @classmethod
    def _hessian(cls, y: Array, *extras_and_theta: Array) -> Triangle:
        log_x, *theta = extras_and_theta
        h, _, bend = cls._bends(y, log_x, *theta)
        k, of_shape = cls._power, cls._shape_slopes(*theta)
        of_scale = cls._log_scale_slopes(*theta)
        twice = k * bend + k * (k - 1.0) * h * h
        return tuple(
            scaled(
                y,
                tuple(
                    combined(
                        (of_shape[i] * of_shape[i + j], twice),
                        (of_shape[i] * of_scale[i + j] + of_shape[i + j] * of_scale[i], k * h),
                    )
                    + entry
                    for j, entry in enumerate(row)
                ),
            )
            for i, row in enumerate(cls._scale_bends(*theta))
        )

    @final
    @classmethod
    def _log_hessian(cls, y: Array, log_x: Array, *theta: Array) -> Triangle:
        turn = cls._power * cls._bends(y, log_x, *theta)[1]
        slopes, of_scale = cls._shape_slopes(*theta), cls._log_scale_slopes(*theta)
        return tuple(
            tuple(
                combined((slopes[i] * slopes[i + j], turn)) + entry - of_scale[i] * of_scale[i + j]
                for j, entry in enumerate(row)
            )
            for i, row in enumerate(cls._scale_bends(*theta))
        )

    @final
    @classmethod
    def _bends(cls, y: Array, log_x: Array, *theta: Array) -> tuple[Array, Array, Array]:
        """∂ln x/∂α, ∂²ln x/∂α² and (∂²x/∂α²)/x."""
        x = cls._base(y, *theta)
        x = where_normal(x, x, lambda: np.exp(log_x))
        h, turn, bend = special.log_pathwise2(x, log_x, cls._shape(*theta))
        return h, turn, bend

    @final
    @classmethod
    def _extra(cls, y: Array, *theta: Array) -> Array:
        log_x = cls._log_base(cls._base(y, *theta), y, *theta)
        # beyond the largest x there is h all but underflows
        if within(log_x, -LARGEST, _LOG_LARGEST):
            return log_x
        return np.clip(log_x, -LARGEST, _LOG_LARGEST)

    @final
    @classmethod
    def _tail(cls, y: Array, *theta: Array, upper: bool) -> Array:
        upper = upper == (cls._power > 0.0)
        x, alpha = cls._base(y, *theta), cls._shape(*theta)
        of_logs = special.log_point_sf if upper else special.log_point_cdf
        return np.asarray(of_logs(x, cls._log_base(x, y, *theta), alpha))

    @final
    @classmethod
    def _log_tail_of(cls, y: Array, *theta: Array, upper: bool) -> Array:
        upper = upper == (cls._power > 0.0)
        x, alpha = cls._base(y, *theta), cls._shape(*theta)
        of_logs = special.log_sf if upper else special.log_cdf
        return np.asarray(of_logs(x, cls._log_base(x, y, *theta), alpha))

    @final
    @classmethod
    def _log_prob(cls, y: Array, *theta: Array) -> Array:
        from scipy.special import gammaln, xlogy

        x, alpha = cls._base(y, *theta), cls._shape(*theta)
        of_log = special.log_weight(x, alpha)
        if not all_normal(x):
            near_zero = alpha * cls._log_base(x, y, *theta) - gammaln(alpha)
            of_log = np.select([x < 1e-290, x == np.inf], [near_zero, -np.inf], of_log)
        inner = of_log - np.log(np.abs(cls._power)) - np.log(y)
        if not np.any(end := (y == 0.0) | (y == np.inf)):
            return np.asarray(inner)
        if cls._power < 0.0:
            return np.where(end, -np.inf, inner)
        # at 0 the density is 0, infinite, or a constant if y's own power in it is 0
        power = alpha / cls._power
        edge = -xlogy(power - 1.0, np.inf) - power * cls._log_scale(*theta)
        edge = edge - gammaln(alpha) - np.log(cls._power)
        return np.where(end, np.where(y == 0.0, edge, -np.inf), inner)

    @final
    @classmethod
    def _score(cls, y: Array, *theta: Array) -> tuple[Array, ...]:
        x = cls._base(y, *theta)
        return cls._score_at(x, cls._log_base(x, y, *theta), *theta)

    @final
    @classmethod
    def _stein_score(cls, y: Array, *theta: Array) -> Array:
        """((α − x)/k − 1)/y, of which x/(k y) is λ if k is 1."""
        alpha, scale = cls._shape(*theta), cls._scale(*theta)
        if cls._power < 0.0:
            return np.asarray((scale / y - (alpha + 1.0)) / y)
        power = alpha / cls._power - 1.0
        slope = 1.0 / scale if cls._power == 1.0 else 2.0 * (y / scale) / scale
        return np.where(power == 0.0, 0.0 * y, power / y) - slope

    @final
    @classmethod
    def _score_of_draw(cls, y: Array, log_x: Array, *theta: Array) -> tuple[Array, ...]:
        return cls._score_at(np.exp(log_x), log_x, *theta)

    @final
    @classmethod
    def _score_at(cls, x: Array, log_x: Array, *theta: Array) -> tuple[Array, ...]:
        alpha = cls._shape(*theta)
        in_shape = special.centred_log(x, log_x, alpha)
        in_scale = (x - alpha) / cls._power
        return tuple(
            np.asarray(combined((slope, in_shape), (log_scale, in_scale)))
            for slope, log_scale in zip(
                cls._shape_slopes(*theta), cls._log_scale_slopes(*theta), strict=True
            )
        )

    @final
    @classmethod
    def _entropy(cls, *theta: Array) -> Array:
        from scipy.special import digamma

        alpha = cls._shape(*theta)
        of_log = special.log_entropy(alpha) + np.log(np.abs(cls._power))
        return np.asarray(of_log + cls._power * digamma(alpha) + cls._log_scale(*theta))


def _sum(slope: Array | float, h: Array, other: Array | float) -> Array | float:
    """Return slope · h + other, of which a term may be the number 0."""
    if type(other) is float and other == 0.0:
        return part(slope, h)
    return other if type(slope) is float and slope == 0.0 else part(slope, h) + other
