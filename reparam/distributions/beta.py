"""The beta distribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About, View
from reparam.base.second_order import Triangle, unflattened
from reparam.base.tails import Tail
from reparam.domains import POSITIVE, UNIT
from reparam.families import BetaFamily, Slopes
from reparam.parameters import Parameter
from reparam.special import beta as special
from reparam.special import fisher
from reparam.special.beta_score import centred_logs
from reparam.special.bregman import log_quotient
from reparam.special.entropies import beta_entropy

__all__ = ["Beta"]


class Beta(BetaFamily):
    """The beta distribution.

    p(y) = y^(α−1) (1 − y)^(β−1)/B(α, β) for 0 < y < 1. Both derivatives are implicit, on the
    quantile path (Figurnov, Mohamed & Mnih 2018, section 4).
    """

    name = "beta"
    alpha: Parameter = Parameter(
        "α", POSITIVE, 1.0, (0.1, 100.0), ("a", "concentration1"), "First shape"
    )
    beta: Parameter = Parameter(
        "β", POSITIVE, 1.0, (0.1, 100.0), ("b", "concentration0"), "Second shape"
    )
    about = About(
        density="p(y) = y^(α−1) (1 − y)^(β−1) / B(α, β)",
        transform="y = I⁻¹(u; α, β),  I the regularized incomplete beta function",
        derivatives={"alpha": "−(∂I_y(α, β)/∂α) / p(y)", "beta": "−(∂I_y(α, β)/∂β) / p(y)"},
        source="Figurnov, Mohamed & Mnih (2018), Implicit reparameterization gradients",
        scipy="beta(alpha, beta)",
    )
    _support = UNIT
    _mirrored = ("beta", "alpha")
    _tails = (Tail(power="alpha"), Tail(power="beta"))
    _views: ClassVar[Mapping[str, View]] = {
        "log_value": View("_log_value", "_log_jacobian"),
        "complement": View("_complement", "_complement_jacobian"),
        "log_complement": View("_log_complement", "_log_complement_jacobian"),
    }

    @staticmethod
    def _shapes(alpha: Array, beta: Array) -> tuple[Array, Array]:
        return alpha, beta

    @staticmethod
    def _shape_slopes(alpha: Array, beta: Array) -> tuple[Slopes, Slopes]:
        return (1.0, 0.0), (0.0, 1.0)

    @staticmethod
    def _of_point(point: special.Point, alpha: Array, beta: Array) -> Array:
        return point.x

    @staticmethod
    def _logit(y: Array, alpha: Array, beta: Array) -> Array:
        return np.log(y) - np.log1p(-y)

    @classmethod
    def _scaled(cls, factor: Array, logit: Array, alpha: Array, beta: Array) -> tuple[Array, ...]:
        """Return ∂logit y/∂θ times a factor, 0 where that is."""
        slopes = cls._logit_jacobian(logit, alpha, beta)
        if np.all(factor):
            return tuple(factor * slope for slope in slopes)
        return tuple(np.where(factor == 0.0, 0.0, factor * slope) for slope in slopes)

    @classmethod
    def _jacobian(cls, y: Array, logit: Array, alpha: Array, beta: Array) -> tuple[Array, ...]:
        first, second = special.draw_pathwise(y, logit, alpha, beta)
        return first, second

    @classmethod
    def _hessian(cls, y: Array, logit: Array, alpha: Array, beta: Array) -> Triangle:
        # of the odds y/(1 − y), which are α/β times an F variate: ∂²y is y (1 − y) times those of
        # the odds divided by them, less 2y times the product of those of their logarithm. Near 1
        # it is minus that of 1 − y
        rest = cls._complement(y, logit, alpha, beta)
        odds = np.exp(logit - log_quotient(alpha, beta))
        odds = np.where((y > 1e-290) & (rest > 1e-290), y * beta / (alpha * rest), odds)
        found = fisher.log_pathwise2(odds, logit, alpha, beta)
        below, above = (fisher.bends_of_multiple(found, alpha, beta, k, k) for k in (1, -1))
        one, other = below.first
        products = one * one, one * other, other * other
        slope, near = y * rest, y < 0.5
        entries = (
            np.where(near, up - 2.0 * y * both, 2.0 * rest * both - down)
            for up, down, both in zip(below.relative, above.relative, products, strict=True)
        )
        return unflattened([np.where(slope == 0.0, 0.0, slope * entry) for entry in entries])

    @classmethod
    def _log_value(cls, y: Array, logit: Array, alpha: Array, beta: Array) -> Array:
        return -np.logaddexp(0.0, -logit)

    @classmethod
    def _complement(cls, y: Array, logit: Array, alpha: Array, beta: Array) -> Array:
        return 1.0 / (1.0 + np.exp(logit))

    @classmethod
    def _log_complement(cls, y: Array, logit: Array, alpha: Array, beta: Array) -> Array:
        # near 0, where the logarithm of y has lost digits, from y itself
        direct = np.log1p(-np.minimum(y, 0.5))
        small = (y > 1e-290) & (y < 0.5)
        return np.where(small, direct, -np.logaddexp(0.0, logit))

    @classmethod
    def _log_jacobian(cls, y: Array, logit: Array, alpha: Array, beta: Array) -> tuple[Array, ...]:
        rest = cls._complement(y, logit, alpha, beta)
        return cls._scaled(rest, logit, alpha, beta)

    @classmethod
    def _complement_jacobian(
        cls, y: Array, logit: Array, alpha: Array, beta: Array
    ) -> tuple[Array, ...]:
        return tuple(-entry for entry in cls._jacobian(y, logit, alpha, beta))

    @classmethod
    def _log_complement_jacobian(
        cls, y: Array, logit: Array, alpha: Array, beta: Array
    ) -> tuple[Array, ...]:
        return cls._scaled(-1.0 / (1.0 + np.exp(-logit)), logit, alpha, beta)

    @staticmethod
    def _point(y: Array, alpha: Array, beta: Array) -> special.Point:
        return special.point_at(y)

    @staticmethod
    def _stein_score(y: Array, alpha: Array, beta: Array) -> Array:
        falling = np.where(beta == 1.0, 0.0 * y, (beta - 1.0) / (1.0 - y))
        return np.where(alpha == 1.0, 0.0 * y, (alpha - 1.0) / y) - falling

    @staticmethod
    def _log_prob(y: Array, alpha: Array, beta: Array) -> Array:
        from scipy.special import xlog1py, xlogy

        inner = special.log_weight(y, alpha, beta) - np.log(y) - np.log1p(-y)
        if not np.any(end := (y == 0.0) | (y == 1.0)):
            return np.asarray(inner)
        # 0, infinite, or where y's own power is 0 a constant: 1/B(1, β) = β, 1/B(α, 1) = α
        constant = np.log(np.where(y == 0.0, beta, alpha))
        edge = xlogy(alpha - 1.0, y) + xlog1py(beta - 1.0, -y) + constant
        return np.where(end, edge, inner)

    @staticmethod
    def _shape_scores(y: Array, logit: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
        first, second = centred_logs(y, logit, alpha, beta)
        return first, second

    @staticmethod
    def _mean(alpha: Array, beta: Array) -> Array:
        alpha, beta, _ = _unscaled(alpha, beta)
        return alpha / (alpha + beta)

    @staticmethod
    def _variance(alpha: Array, beta: Array) -> Array:
        alpha, beta, unit = _unscaled(alpha, beta)
        total = alpha + beta
        return (alpha / total) * (beta / total) * unit / (total + unit)

    @staticmethod
    def _entropy(alpha: Array, beta: Array) -> Array:
        return np.asarray(beta_entropy(alpha, beta))


def _unscaled(alpha: Array, beta: Array) -> tuple[Array, Array, Array]:
    """Return α, β and 1, divided by 4 where α + β might overflow."""
    unit = np.where(np.maximum(alpha, beta) > 1e300, 0.25, 1.0)
    return alpha * unit, beta * unit, unit
