"""The PERT distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.second_order import Triangle, along_quantiles
from reparam.base.tails import Tail
from reparam.domains import POSITIVE, REAL, Interval
from reparam.families import BetaFamily, Slopes
from reparam.parameters import Parameter
from reparam.special import beta as special
from reparam.special import fisher
from reparam.special._accurate import product_difference
from reparam.special.beta_score import gap_centred_logs
from reparam.special.bregman import log_quotient
from reparam.special.entropies import beta_entropy

__all__ = ["PERT"]


class PERT(BetaFamily):
    """The PERT distribution: a beta distribution on the interval (a, b), with its peak at c.

    y = a + (b − a) x with x ~ Beta(1 + λ (c − a)/(b − a), 1 + λ (b − c)/(b − a)): the mean is
    (a + λ c + b)/(λ + 2), and λ = 4 is the classical choice.
    """

    name = "pert"
    low: Parameter = Parameter(
        "a", REAL, 0.0, (-3.0, -1.0), ("a", "lower"), "Lower endpoint of the support"
    )
    high: Parameter = Parameter(
        "b", REAL, 1.0, (1.0, 3.0), ("b", "upper"), "Upper endpoint of the support"
    )
    peak: Parameter = Parameter(
        "c", REAL, 0.5, (-0.5, 0.5), ("c", "mode"), "Mode, between the endpoints"
    )
    concentration: Parameter = Parameter(
        "λ", POSITIVE, 4.0, (1.0, 20.0), ("lambda", "lam", "temperature"), "Weight of the mode"
    )
    about = About(
        density="p(y) = (y − a)^(α−1) (b − y)^(β−1) / (B(α, β) (b − a)^(α+β−1)),"
        "  α = 1 + λ (c − a)/(b − a),  β = 1 + λ (b − c)/(b − a)",
        transform="y = a + (b − a) x,  x = I⁻¹(u; α, β)",
        derivatives={
            "low": "1 − x − D λ (b − c)/(b − a)²,  D = (b − a) (∂x/∂α − ∂x/∂β)",
            "high": "x − D λ (c − a)/(b − a)²",
            "peak": "D λ/(b − a)",
            "concentration": "(c − a) ∂x/∂α + (b − c) ∂x/∂β",
        },
        source="Clark (1962), The PERT model for the distribution of an activity time",
    )
    _support = Interval("low", "high")
    _tails = (
        Tail(power="1 + concentration*(peak - low)/(high - low)"),
        Tail(power="1 + concentration*(high - peak)/(high - low)"),
    )
    _ordered = (("low", "high"), ("low", "peak"), ("peak", "high"))

    @staticmethod
    def _shapes(low: Array, high: Array, peak: Array, weight: Array) -> tuple[Array, Array]:
        below, above = _shares(low, high, peak)
        return 1.0 + weight * below, 1.0 + weight * above

    @staticmethod
    def _shape_slopes(low: Array, high: Array, peak: Array, weight: Array) -> tuple[Slopes, Slopes]:
        below, above = _shares(low, high, peak)
        unit = weight / (high - low)
        slopes = -unit * above, -unit * below, unit
        return (*slopes, below), (*(-slope for slope in slopes), above)

    @staticmethod
    def _of_point(point: special.Point, *theta: Array) -> Array:
        low, high, _, _ = theta
        width = high - low
        return np.where(point.x < point.rest, low + width * point.x, high - width * point.rest)

    @staticmethod
    def _logit(y: Array, low: Array, high: Array, peak: Array, weight: Array) -> Array:
        return log_quotient(y - low, high - y)

    @classmethod
    def _point(cls, y: Array, *theta: Array) -> special.Point:
        width = theta[1] - theta[0]
        return special.Point((y - theta[0]) / width, (theta[1] - y) / width, cls._logit(y, *theta))

    @classmethod
    def _jacobian(cls, y: Array, logit: Array, *theta: Array) -> Slopes:
        # with E the derivatives of ln((β/α) x/(1 − x)), which are small for large shapes: as
        # logit x is that and ln(α/β), its endpoints' motions cancel the shapes' except
        #
        #     ∂y/∂a = (1 − x) ((m − x)/m + x (1/α + 1/β) − (β − 1) x (E_α − E_β)),  m = α/(α + β)
        low, high, peak, weight = theta
        alpha, beta = cls._shapes(*theta)
        below, above = _shares(low, high, peak)
        x, rest, _, gap = _gaps(logit, *theta)
        over_mean = np.exp(logit - log_quotient(alpha, beta))
        first, second = fisher.log_pathwise(over_mean, logit, alpha, beta)
        total = 1.0 / alpha + 1.0 / beta
        apart = first - second
        in_low = rest * (gap / alpha + x * (total - (weight * above) * apart))
        in_high = x * (rest * (total - (weight * below) * apart) - gap / beta)
        in_weight = (below - above) / alpha / beta + below * first + above * second
        slope = x * rest
        in_peak = weight * slope * (total + apart)
        entries = in_low, in_high, in_peak, (high - low) * slope * in_weight
        ends = (1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (0.0, 0.0)
        return tuple(
            np.select([x == 0.0, rest == 0.0], end, entry)
            for end, entry in zip(ends, entries, strict=True)
        )

    def _hessian(self, y: Array, *extras_and_theta: Array) -> Triangle:  # type: ignore[override]
        return along_quantiles(self, y, extras_and_theta[1:])

    @classmethod
    def _log_prob(cls, y: Array, *theta: Array) -> Array:
        logit = cls._logit(y, *theta)
        of_logit = special.logit_log_weight(logit, *cls._shapes(*theta))
        stretch = np.log(y - theta[0]) + np.log(theta[1] - y) - np.log(theta[1] - theta[0])
        return np.where(np.isinf(logit), -np.inf, of_logit - stretch)

    @staticmethod
    def _shape_scores(*_: Array) -> tuple[Array, Array]:
        raise NotImplementedError

    @classmethod
    def _score_of_draw(cls, y: Array, logit: Array, *theta: Array) -> tuple[Array, ...]:
        width = theta[1] - theta[0]
        x, rest, away, gap = _gaps(logit, *theta)
        first, second = gap_centred_logs(logit, gap, *cls._shapes(*theta))
        in_low, in_high, in_peak, in_weight = cls._chained(first, second, *theta)
        return (
            np.where(x == 0.0, -np.inf, in_low + (1.0 - away / x) / width),
            np.where(rest == 0.0, np.inf, in_high - (1.0 + away / rest) / width),
            np.asarray(in_peak),
            np.asarray(in_weight),
        )

    @classmethod
    def _stein_score(cls, y: Array, *theta: Array) -> Array:
        # (α − 1)/(y − a) − (β − 1)/(b − y), which is 0 at the peak
        low, high, peak, weight = theta
        return weight * (peak - y) / ((y - low) * (high - y))

    @staticmethod
    def _mean(low: Array, high: Array, peak: Array, weight: Array) -> Array:
        return ((low + high) + weight * peak) / (weight + 2.0)

    @classmethod
    def _variance(cls, *theta: Array) -> Array:
        alpha, beta = cls._shapes(*theta)
        total = alpha + beta
        width = theta[1] - theta[0]
        return (width * (alpha / total)) * (width * (beta / total)) / (total + 1.0)

    @classmethod
    def _entropy(cls, *theta: Array) -> Array:
        return np.asarray(beta_entropy(*cls._shapes(*theta))) + np.log(theta[1] - theta[0])


def _shares(low: Array, high: Array, peak: Array) -> tuple[Array, Array]:
    """Return (c − a)/(b − a) and (b − c)/(b − a)."""
    width = high - low
    return (peak - low) / width, (high - peak) / width


def _gaps(
    logit: Array, low: Array, high: Array, peak: Array, weight: Array
) -> tuple[Array, Array, Array, Array]:
    """Return x, 1 − x, λ (c − y)/(b − a), and α (1 − x) − β x, which is 1 − 2x more."""
    x, rest = special.sigmoid(logit), special.sigmoid(-logit)
    below, above = _shares(low, high, peak)
    away = weight * product_difference(below, rest, above, x)
    return x, rest, away, (rest - x) + away
