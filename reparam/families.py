"""Distributions that are a power of a gamma draw, or made of the odds of a beta draw.

One kernel serves each family. A member declares how its parameters enter: the shapes, a scale, and
the derivatives of both; draws, quantiles, derivatives, density, score and entropy follow.

Draws come from NumPy's exact rejection samplers; noise given to ``transform`` goes through the
quantile, and both are differentiated on the quantile path. Beside its value a draw keeps ln x (or
logit x) of the underlying gamma (beta) draw, on which nothing underflows or rounds to 1: with tiny
shapes a value may be 0 (or 1), its derivative is then 0 as well, and ``log_value`` and its
derivative stay finite.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from reparam._typing import Array
from reparam.distribution import Lanes, Reparameterized, View
from reparam.noise import UNIFORM, Noise
from reparam.parameters import POSITIVE, Interval
from reparam.special import beta as beta_special
from reparam.special import gamma as gamma_special
from reparam.special._accurate import LARGEST
from reparam.special.beta import Point

if TYPE_CHECKING:
    from reparam.special._interpolate import Interpolant

__all__ = ["BetaFamily", "OddsOfBeta", "PowerOfGamma", "gamma_draws"]

Slopes = tuple[Array | float, ...]

_LOG_LARGEST = math.log(LARGEST)


def gamma_draws(lanes: Lanes, first_lane: int, size: int, alpha: Array) -> tuple[Array, Array]:
    """Return x ~ Gamma(α) and ln x, which is finite where x underflows.

    For α < 1, x = x′ u^(1/α) with x′ ~ Gamma(α + 1) (Marsaglia & Tsang 2000, section 6).
    """
    small = np.less(alpha, 1.0)
    x = lanes(first_lane).standard_gamma(alpha + small, size)
    log_x = np.log(x)
    if np.any(small):
        u = np.empty(size)
        UNIFORM.fill(lanes(first_lane + 1), u)
        boost = np.log(u)
        boost *= small / alpha
        np.maximum(boost, -LARGEST, out=boost)
        log_x += boost
        x *= np.exp(boost, out=boost)
    return x, log_x


def _times(y: Array, slopes: Slopes) -> Slopes:
    """Return y times each: 0 where either factor is, though the other may be infinite."""
    products = tuple(np.asarray(y * slope) for slope in slopes)
    for product, slope in zip(products, slopes, strict=True):
        if np.any(lost := np.isnan(product) & ((y == 0.0) | np.equal(slope, 0.0))):
            product[lost] = 0.0
    return products


def _combined(*terms: tuple[Array | float, Array]) -> Array | float:
    """Return Σ slope · entry; what is infinite doesn't count where its slope is 0 throughout."""
    return sum((slope * entry for slope, entry in terms if np.any(slope)), start=0.0)


def _all_normal(values: Array) -> bool:
    """Whether positive values neither over- nor underflow: two cheap passes over them."""
    return bool(np.min(values) > 1e-290 and np.max(values) < np.inf)


def _where_normal(values: Array, result: Array, otherwise: Callable[[], Array]) -> Array:
    """Return the result, but the other one where positive values over- or underflow."""
    if _all_normal(values):
        return result
    return np.where((values > 1e-290) & (values < np.inf), result, otherwise())


class PowerOfGamma(Reparameterized):
    """y = c x^k with x ~ Gamma(α): positive, with α and c functions of the parameters.

    The derivative is taken on the log scale, ∂ln y/∂θ = k h ∂α/∂θ + ∂ln c/∂θ.
    """

    mechanism: ClassVar[str] = "implicit"
    noise: ClassVar[Noise] = UNIFORM
    _support: ClassVar[Interval] = POSITIVE
    _extras: ClassVar[int] = 1
    _direct: ClassVar[bool] = True
    _views: ClassVar[Mapping[str, View]] = {"log_value": View("_log_value", "_log_jacobian")}
    #: The power k: 1, −1 or ½.
    _power: ClassVar[float] = 1.0

    @staticmethod
    @abc.abstractmethod
    def _shape(*theta: Any, **_: Any) -> Array:
        """α."""

    @staticmethod
    @abc.abstractmethod
    def _scale(*theta: Any, **_: Any) -> Array:
        """c."""

    @staticmethod
    @abc.abstractmethod
    def _log_scale(*theta: Any, **_: Any) -> Array | float:
        """ln c, also where c over- or underflows."""

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
    def _raised(cls, x: Array, log_x: Array, *theta: Array) -> Array:
        scale = cls._scale(*theta)
        y = scale / x if cls._power < 0.0 else scale * (np.sqrt(x) if cls._power == 0.5 else x)
        return _where_normal(scale, y, lambda: np.exp(cls._log_value(y, log_x, *theta)))

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
        return _where_normal(
            x, np.log(x), lambda: (np.log(y) - cls._log_scale(*theta)) / cls._power
        )

    @final
    @classmethod
    def _sampler(cls, lanes: Lanes, size: int, *theta: Array) -> tuple[Array, ...]:
        x, log_x = gamma_draws(lanes, 0, size, cls._shape(*theta))
        return cls._raised(x, log_x, *theta), log_x

    @final
    @classmethod
    def _transform(cls, out: tuple[Array, ...], noise: Array, *theta: Array) -> None:
        u, other = (noise, 1.0 - noise) if cls._power > 0.0 else (1.0 - noise, noise)
        x, log_x = gamma_special.quantile_logs(u, other, cls._shape(*theta))
        out[0][...] = cls._raised(x, log_x, *theta)
        out[1][...] = log_x

    @final
    @classmethod
    def _icdf(cls, u: Array, *theta: Array) -> Array:
        out = np.empty_like(u), np.empty_like(u)
        cls._transform(out, u, *theta)
        return out[0]

    @final
    @classmethod
    def _curve(cls, *theta: Array) -> Interpolant | None:
        normal = np.abs(cls._log_scale(*theta)) < 660.0
        return gamma_special.curve(float(cls._shape(*theta))) if normal else None

    @final
    @classmethod
    def _on_curve(
        cls, out: tuple[Array, ...], noise: Array, *theta: Array, curve: Interpolant
    ) -> None:
        (ratio,) = curve(noise if cls._power > 0.0 else -noise, 0)
        x = np.exp(ratio, out=ratio)
        x *= np.maximum(cls._shape(*theta), 1.0)
        out[0][...] = cls._raised(x, ratio, *theta)

    @final
    @classmethod
    def _log_value(
        cls, y: Array, log_x: Array, *theta: Array, curve: Interpolant | None = None
    ) -> Array:
        if curve:
            (ratio,) = curve(log_x if cls._power > 0.0 else -log_x, 0)
            log_x = ratio + np.log(np.maximum(cls._shape(*theta), 1.0))
        return cls._power * log_x + cls._log_scale(*theta)

    @final
    @classmethod
    def _log_jacobian(
        cls, y: Array, log_x: Array, *theta: Array, curve: Interpolant | None = None
    ) -> Slopes:
        if curve:
            (h,) = curve(log_x if cls._power > 0.0 else -log_x, 1)
        else:
            h = gamma_special.log_pathwise(log_x, cls._shape(*theta))
        return tuple(
            slope * cls._power * h + log_scale if np.any(slope) else log_scale
            for slope, log_scale in zip(
                cls._shape_slopes(*theta), cls._log_scale_slopes(*theta), strict=True
            )
        )

    @final
    @classmethod
    def _jacobian(
        cls, y: Array, *extras_and_theta: Array, curve: Interpolant | None = None
    ) -> Slopes:
        return _times(y, cls._log_jacobian(y, *extras_and_theta, curve=curve))

    @final
    @classmethod
    def _pathwise(cls, y: Array, *theta: Array) -> Slopes:
        log_x = cls._log_base(cls._base(y, *theta), y, *theta)
        # beyond the largest x there is h all but underflows
        log_x = np.clip(log_x, -LARGEST, _LOG_LARGEST)
        return cls._jacobian(y, log_x, *theta)

    @final
    @classmethod
    def _cdf(cls, y: Array, *theta: Array) -> Array:
        tail = gamma_special.cdf if cls._power > 0.0 else gamma_special.sf
        return np.asarray(tail(cls._base(y, *theta), cls._shape(*theta)))

    @final
    @classmethod
    def _sf(cls, y: Array, *theta: Array) -> Array:
        tail = gamma_special.sf if cls._power > 0.0 else gamma_special.cdf
        return np.asarray(tail(cls._base(y, *theta), cls._shape(*theta)))

    @final
    @classmethod
    def _log_prob(cls, y: Array, *theta: Array) -> Array:
        from scipy.special import gammaln, xlogy

        x, alpha = cls._base(y, *theta), cls._shape(*theta)
        of_log = gamma_special.log_weight(x, alpha)
        if not _all_normal(x):
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
        from scipy.special import digamma

        x, alpha = cls._base(y, *theta), cls._shape(*theta)
        in_shape = cls._log_base(x, y, *theta) - digamma(alpha)
        in_scale = (x - alpha) / cls._power
        return tuple(
            np.asarray(_combined((slope, in_shape), (log_scale, in_scale)))
            for slope, log_scale in zip(
                cls._shape_slopes(*theta), cls._log_scale_slopes(*theta), strict=True
            )
        )

    @final
    @classmethod
    def _entropy(cls, *theta: Array) -> Array:
        from scipy.special import digamma

        alpha = cls._shape(*theta)
        of_log = gamma_special.log_entropy(alpha) + np.log(np.abs(cls._power))
        return np.asarray(of_log + cls._power * digamma(alpha) + cls._log_scale(*theta))


class BetaFamily(Reparameterized):
    """y = g(x) with x ~ Beta(α, β): α and β are functions of the parameters.

    The derivative is taken on the logit scale; the single extra array of a draw is logit x.
    """

    mechanism: ClassVar[str] = "implicit"
    noise: ClassVar[Noise] = UNIFORM
    _extras: ClassVar[int] = 1
    _direct: ClassVar[bool] = True

    @staticmethod
    @abc.abstractmethod
    def _shapes(*theta: Any, **_: Any) -> tuple[Array, Array]:
        """α and β."""

    @staticmethod
    @abc.abstractmethod
    def _shape_slopes(*theta: Any, **_: Any) -> tuple[Slopes, Slopes]:
        """∂α/∂θ, and ∂β/∂θ, for each parameter."""

    @staticmethod
    @abc.abstractmethod
    def _of_point(point: Point, *theta: Any, **_: Any) -> Array:
        """y, from x."""

    @staticmethod
    @abc.abstractmethod
    def _of_logit(logit: Array, *theta: Any, **_: Any) -> Array:
        """y, from logit x."""

    @staticmethod
    @abc.abstractmethod
    def _logit(y: Array, *theta: Any, **_: Any) -> Array:
        """logit x, from y."""

    @final
    @classmethod
    def _sampler(cls, lanes: Lanes, size: int, *theta: Array) -> tuple[Array, ...]:
        alpha, beta = cls._shapes(*theta)
        x, log_x = gamma_draws(lanes, 0, size, alpha)
        rest, log_rest = gamma_draws(lanes, 2, size, beta)
        log_x -= log_rest
        if np.any(lost := (x < 1e-290) & (rest < 1e-290)):  # only their ratio is left
            x[lost], rest[lost] = beta_special.from_logit(log_x[lost])[:2]
        total = x + rest
        return cls._of_point(Point(x / total, rest / total, log_x), *theta), log_x

    @final
    @classmethod
    def _transform(cls, out: tuple[Array, ...], noise: Array, *theta: Array) -> None:
        point = beta_special.quantile_point(noise, 1.0 - noise, *cls._shapes(*theta))
        out[0][...] = cls._of_point(point, *theta)
        out[1][...] = point.logit

    @final
    @classmethod
    def _icdf(cls, u: Array, *theta: Array) -> Array:
        out = np.empty_like(u), np.empty_like(u)
        cls._transform(out, u, *theta)
        return out[0]

    @final
    @classmethod
    def _curve(cls, *theta: Array) -> Interpolant | None:
        alpha, beta = cls._shapes(*theta)
        return beta_special.curve(float(alpha), float(beta))

    @final
    @classmethod
    def _on_curve(
        cls, out: tuple[Array, ...], noise: Array, *theta: Array, curve: Interpolant
    ) -> None:
        (logit,) = curve(noise, 0)
        out[0][...] = cls._of_logit(logit, *theta)

    @final
    @classmethod
    def _logit_jacobian(
        cls, logit: Array, *theta: Array, curve: Interpolant | None = None
    ) -> tuple[Array | float, ...]:
        """∂logit x/∂θ for each parameter."""
        if curve:
            first, second = curve(logit, 1, 2)
        else:
            first, second = beta_special.logit_pathwise(logit, *cls._shapes(*theta))
        return tuple(
            _combined((own, first), (other, second))
            for own, other in zip(*cls._shape_slopes(*theta), strict=True)
        )

    @final
    @classmethod
    def _logit_score(cls, logit: Array, *theta: Array) -> tuple[Slopes, Array]:
        """Score of logit x in the shapes' parameters, and its log density's slope in logit x."""
        from scipy.special import digamma

        alpha, beta = cls._shapes(*theta)
        point = beta_special.from_logit(logit)
        log_x, log_rest = point.logs
        both = digamma(alpha + beta)
        first = log_x - digamma(alpha) + both
        second = log_rest - digamma(beta) + both
        scores = tuple(
            _combined((own, first), (other, second))
            for own, other in zip(*cls._shape_slopes(*theta), strict=True)
        )
        return scores, alpha * point.rest - beta * point.x


class OddsOfBeta(BetaFamily):
    """y = c x/(1 − x): positive, ln y = ln c + logit x."""

    _support: ClassVar[Interval] = POSITIVE
    _views: ClassVar[Mapping[str, View]] = {"log_value": View("_log_value", "_log_jacobian")}

    @staticmethod
    @abc.abstractmethod
    def _scale(*theta: Any, **_: Any) -> Array:
        """c."""

    @staticmethod
    @abc.abstractmethod
    def _log_scale(*theta: Any, **_: Any) -> Array | float:
        """ln c, also where c over- or underflows."""

    @staticmethod
    @abc.abstractmethod
    def _log_scale_slopes(*theta: Any, **_: Any) -> Slopes:
        """∂ln c/∂θ for each parameter."""

    @final
    @classmethod
    def _of_point(cls, point: Point, *theta: Array) -> Array:
        scale = cls._scale(*theta)
        y = scale * (point.x / point.rest)
        return _where_normal(scale, y, lambda: np.exp(cls._log_value(y, point.logit, *theta)))

    @final
    @classmethod
    def _of_logit(cls, logit: Array, *theta: Array) -> Array:
        return cls._scale(*theta) * np.exp(logit)

    @final
    @classmethod
    def _logit(cls, y: Array, *theta: Array) -> Array:
        odds = y / cls._scale(*theta)
        return _where_normal(odds, np.log(odds), lambda: np.log(y) - cls._log_scale(*theta))

    @final
    @classmethod
    def _log_value(
        cls, y: Array, logit: Array, *theta: Array, curve: Interpolant | None = None
    ) -> Array:
        if curve:
            (logit,) = curve(logit, 0)
        return logit + cls._log_scale(*theta)

    @final
    @classmethod
    def _log_jacobian(
        cls, y: Array, logit: Array, *theta: Array, curve: Interpolant | None = None
    ) -> Slopes:
        slopes = cls._logit_jacobian(logit, *theta, curve=curve)
        return tuple(a + b for a, b in zip(slopes, cls._log_scale_slopes(*theta), strict=True))

    @final
    @classmethod
    def _jacobian(
        cls, y: Array, *extras_and_theta: Array, curve: Interpolant | None = None
    ) -> Slopes:
        return _times(y, cls._log_jacobian(y, *extras_and_theta, curve=curve))

    @final
    @classmethod
    def _pathwise(cls, y: Array, *theta: Array) -> Slopes:
        logit = np.clip(cls._logit(y, *theta), -LARGEST, LARGEST)
        return cls._jacobian(y, logit, *theta)

    @final
    @classmethod
    def _cdf(cls, y: Array, *theta: Array) -> Array:
        return cls._tail(y, *theta, upper=False)

    @final
    @classmethod
    def _sf(cls, y: Array, *theta: Array) -> Array:
        return cls._tail(y, *theta, upper=True)

    @final
    @classmethod
    def _tail(cls, y: Array, *theta: Array, upper: bool) -> Array:
        alpha, beta = cls._shapes(*theta)
        scale = cls._scale(*theta)
        odds = _where_normal(scale, y / scale, lambda: np.exp(cls._logit(y, *theta)))
        # the smaller of x and 1 − x is the exact one
        x, rest = odds / (1.0 + odds), 1.0 / (1.0 + odds)
        x = np.where(odds < np.inf, x, 1.0)
        return np.where(
            x < 0.5,
            beta_special.tail(x, alpha, beta, upper),
            beta_special.tail(rest, beta, alpha, not upper),
        )

    @final
    @classmethod
    def _log_prob(cls, y: Array, *theta: Array) -> Array:
        from scipy.special import xlogy

        alpha, beta = cls._shapes(*theta)
        logit = cls._logit(y, *theta)
        inner = beta_special.logit_log_weight(logit, alpha, beta) - np.log(y)
        if not np.any(end := (y == 0.0) | (y == np.inf)):
            return np.asarray(inner)
        # 0, infinite, or a constant where y's own power is 0: 1/B(1, β) = β
        edge = -xlogy(alpha - 1.0, np.inf) + np.log(beta) - cls._log_scale(*theta)
        return np.where(end, np.where(y == 0.0, edge, -np.inf), inner)

    @final
    @classmethod
    def _score(cls, y: Array, *theta: Array) -> tuple[Array, ...]:
        scores, slope = cls._logit_score(cls._logit(y, *theta), *theta)
        return tuple(
            np.asarray(score - slope * log_scale)
            for score, log_scale in zip(scores, cls._log_scale_slopes(*theta), strict=True)
        )

    @final
    @classmethod
    def _entropy(cls, *theta: Array) -> Array:
        from scipy.special import digamma

        alpha, beta = cls._shapes(*theta)
        of_logit = beta_special.logit_entropy(alpha, beta)
        return np.asarray(of_logit + digamma(alpha) - digamma(beta) + cls._log_scale(*theta))
