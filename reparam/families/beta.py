"""Values made of beta draws."""

from __future__ import annotations

import abc
from typing import Any, ClassVar, final

import numpy as np

from reparam._typing import Array
from reparam.base.second_order import Triangle
from reparam.domains import within
from reparam.engine.noise import NORMAL, UNIFORM, Noise
from reparam.families._base import (
    PositiveFamily,
    ShapeFamily,
    Slopes,
    all_normal,
    combined,
    scaled,
    where_normal,
)
from reparam.families._gamma_draws import gamma_draws
from reparam.special import beta as special
from reparam.special._accurate import LARGEST
from reparam.special.beta import Point
from reparam.special.entropies import logit_entropy
from reparam.special.polygamma import delta_difference

__all__ = ["Bends", "BetaFamily", "OddsOfBeta", "beta_draws"]


#: ∂²/∂α², ∂²/∂α∂β and ∂²/∂β².
Bends = tuple[Array, Array, Array]

#: If both shapes are below it draws are 0 or 1, and their logits all but overflow.
_TINY = 2.0**-900


class BetaFamily(ShapeFamily):
    """y = g(x) with x ~ Beta(α, β): α and β are functions of the parameters.

    The derivative is taken on the logit scale.
    """

    _substreams: ClassVar[tuple[Noise, ...]] = (NORMAL, UNIFORM, NORMAL, UNIFORM)

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
    def _logit(y: Array, *theta: Any, **_: Any) -> Array:
        """logit x, from y."""

    @final
    @classmethod
    def _sampler(
        cls, z: Array, u: Array, other_z: Array, other_u: Array, *theta: Array
    ) -> tuple[Array, ...]:
        point = Point(*beta_draws(z, u, other_z, other_u, *cls._shapes(*theta)))
        return cls._of_point(point, *theta), point.logit

    @final
    @classmethod
    def _of_tails(cls, u: Array, v: Array, *theta: Array) -> tuple[Array, ...]:
        point = special.quantile_point(u, v, *cls._shapes(*theta))
        return cls._of_point(point, *theta), point.logit

    @final
    @classmethod
    def _extra(cls, y: Array, *theta: Array) -> Array:
        return np.clip(cls._logit(y, *theta), -LARGEST, LARGEST)

    @final
    @classmethod
    def _chained(cls, first: Array, second: Array, *theta: Array) -> Slopes:
        """∂/∂θ for each parameter, from ∂/∂α and ∂/∂β."""
        return tuple(
            combined((own, first), (other, second))
            for own, other in zip(*cls._shape_slopes(*theta), strict=True)
        )

    @final
    @classmethod
    def _logit_jacobian(cls, logit: Array, *theta: Array) -> Slopes:
        """∂logit x/∂θ for each parameter."""
        first, second = special.logit_pathwise(logit, *cls._shapes(*theta))
        return cls._chained(first, second, *theta)

    @final
    @classmethod
    def _turned(cls, entries: Bends, *theta: Array) -> Triangle:
        """∂²/∂θ∂φ from those in the shapes, which are linear in the parameters."""
        own, other = cls._shape_slopes(*theta)
        twice, mixed, other_twice = entries
        return tuple(
            tuple(
                combined(
                    (own[i] * own[j], twice),
                    (own[i] * other[j] + own[j] * other[i], mixed),
                    (other[i] * other[j], other_twice),
                )
                for j in range(i, len(own))
            )
            for i in range(len(own))
        )

    @staticmethod
    @abc.abstractmethod
    def _point(y: Array, *theta: Any, **_: Any) -> Point:
        """x, from y."""

    @final
    @classmethod
    def _tail(cls, y: Array, *theta: Array, upper: bool) -> Array:
        return special.tail(cls._point(y, *theta), *cls._shapes(*theta), upper)

    @final
    @classmethod
    def _log_tail_of(cls, y: Array, *theta: Array, upper: bool) -> Array:
        return special.log_tail(cls._point(y, *theta), *cls._shapes(*theta), upper)

    @staticmethod
    @abc.abstractmethod
    def _shape_scores(y: Array, logit: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
        """∂ log p(y)/∂α and ∂ log p(y)/∂β, what else depends on the shapes included."""

    @final
    @classmethod
    def _score(cls, y: Array, *theta: Array) -> tuple[Array, ...]:
        return cls._score_of_draw(y, cls._logit(y, *theta), *theta)

    @classmethod
    def _score_of_draw(cls, y: Array, logit: Array, *theta: Array) -> tuple[Array, ...]:
        scores = cls._shape_scores(y, logit, *cls._shapes(*theta))
        return tuple(map(np.asarray, cls._chained(*scores, *theta)))


class OddsOfBeta(PositiveFamily, BetaFamily):
    """y = c x/(1 − x): positive, ln y = ln c + logit x."""

    @staticmethod
    @abc.abstractmethod
    def _log_location(*theta: Any, **_: Any) -> Array | float:
        """ln(c α/β)."""

    @staticmethod
    @abc.abstractmethod
    def _derivatives(y: Array, logit: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
        """∂ln y/∂α and ∂ln y/∂β, c included."""

    @final
    @classmethod
    def _of_point(cls, point: Point, *theta: Array) -> Array:
        scale = cls._scale(*theta)
        y = scale * (point.x / point.rest)
        return where_normal(scale, y, lambda: np.exp(cls._log_value(y, point.logit, *theta)))

    @final
    @classmethod
    def _logit(cls, y: Array, *theta: Array) -> Array:
        scale = cls._scale(*theta)
        odds = y / scale

        def by_logs() -> Array:
            return np.log(y) - cls._log_scale(*theta)

        return where_normal(scale, where_normal(odds, np.log(odds), by_logs), by_logs)

    @final
    @classmethod
    def _log_value(cls, y: Array, logit: Array, *theta: Array) -> Array:
        log_y = logit + cls._log_scale(*theta)
        # next to y = 1 the two cancel, and y keeps the digits of ln y
        cancelled = np.abs(log_y) < 0.5 * np.abs(logit)
        return np.where(cancelled, np.log(y), log_y) if np.any(cancelled) else log_y

    @final
    @classmethod
    def _log_jacobian(cls, y: Array, logit: Array, *theta: Array) -> Slopes:
        first, second = cls._derivatives(y, logit, *cls._shapes(*theta))
        return cls._chained(first, second, *theta)

    @staticmethod
    @abc.abstractmethod
    def _bends(y: Array, logit: Array, alpha: Array, beta: Array) -> tuple[Bends, Bends]:
        """Second derivatives of ln y in the shapes, and those of y divided by y."""

    @final
    @classmethod
    def _hessian(cls, y: Array, *extras_and_theta: Array) -> Triangle:
        logit, *theta = extras_and_theta
        _, relative = cls._bends(y, logit, *cls._shapes(*theta))
        return tuple(scaled(y, row) for row in cls._turned(relative, *theta))

    @final
    @classmethod
    def _log_hessian(cls, y: Array, logit: Array, *theta: Array) -> Triangle:
        return cls._turned(cls._bends(y, logit, *cls._shapes(*theta))[0], *theta)

    @final
    @classmethod
    def _point(cls, y: Array, *theta: Array) -> Point:
        """x, from y."""
        scale = cls._scale(*theta)
        logit = cls._logit(y, *theta)
        odds = where_normal(scale, y / scale, lambda: np.exp(logit))
        return special.from_odds(odds, logit)

    @final
    @classmethod
    def _stein_score(cls, y: Array, *theta: Array) -> Array:
        """((α − 1) (1 − x) − (β + 1) x)/y, of which x/y is 1/(c + y)."""
        alpha, beta = cls._shapes(*theta)
        scale, point = cls._scale(*theta), cls._point(y, *theta)

        def by_logs() -> Array:
            return np.exp(np.log(beta + 1.0) + point.logs[1] - cls._log_scale(*theta))

        rest = where_normal(scale, 1.0 / (1.0 + y / scale), lambda: point.rest)
        rising = (alpha - 1.0) * rest
        falling = where_normal(scale, (beta + 1.0) / (scale + y), by_logs)
        first = np.where(rising == 0.0, 0.0 * y, rising / y)
        return np.where(np.isinf(first), first, first - falling)

    @final
    @classmethod
    def _log_prob(cls, y: Array, *theta: Array) -> Array:
        from scipy.special import xlogy

        alpha, beta = cls._shapes(*theta)
        logit = cls._logit(y, *theta)
        inner = special.logit_log_weight(logit, alpha, beta) - np.log(y)
        if not np.any(end := (y == 0.0) | (y == np.inf)):
            return np.asarray(inner)
        # 0, infinite, or a constant where y's own power is 0: 1/B(1, β) = β
        edge = -xlogy(alpha - 1.0, np.inf) + np.log(beta) - cls._log_scale(*theta)
        return np.where(end, np.where(y == 0.0, edge, -np.inf), inner)

    @final
    @classmethod
    def _entropy(cls, *theta: Array) -> Array:
        alpha, beta = cls._shapes(*theta)
        # E[logit x] = ψ(α) − ψ(β) is ln α/β and a difference of δ
        located = delta_difference(beta, alpha) + cls._log_location(*theta)
        return np.asarray(logit_entropy(alpha, beta) + located)


def beta_draws(
    z: Array, u: Array, other_z: Array, other_u: Array, alpha: Array, beta: Array
) -> tuple[Array, Array, Array]:
    """Return x ~ Beta(α, β), 1 − x and logit x, of two gamma draws.

    Parameters
    ----------
    z, u, other_z, other_u
        Noise of one gamma draw, and of the other.
    alpha, beta
        The shapes.
    """
    # of tiny shapes logarithms of gamma draws are inversely proportional to them
    grown: Array | float = 1.0
    if not (within(alpha, _TINY, np.inf) and within(beta, _TINY, np.inf)):
        grown = np.where(np.maximum(alpha, beta) < _TINY, 1.0 / _TINY, 1.0)
    x, log_x = gamma_draws(z, u, alpha * grown)
    rest, log_rest = gamma_draws(other_z, other_u, beta * grown)
    log_x -= log_rest
    log_x *= grown
    np.maximum(log_x, -LARGEST, out=log_x)
    np.minimum(log_x, LARGEST, out=log_x)
    if not (all_normal(x) and all_normal(rest)):  # their logarithms' difference is left
        lost = (x < 1e-290) | (rest < 1e-290)
        x[lost], rest[lost] = special.from_logit(log_x[lost])[:2]
    total = x + rest
    return x / total, rest / total, log_x
