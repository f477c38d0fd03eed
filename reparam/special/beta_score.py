"""The score of the beta distribution in its shapes: logarithms less their expectations."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import product_difference
from reparam.special._elementwise import elementwise
from reparam.special._point import Point, from_logit, point_at
from reparam.special.polygamma import delta_step, digamma_difference

__all__ = ["centred_logs", "gap_centred_logs", "logit_centred_logs"]

#: On the scale of logit x: further out 1 − x has lost three quarters of its digits in x.
_FAR = 28.0


def _centred(point: Point, gap: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """Return ln x − E ln x and ln(1 − x) − E ln(1 − x), `gap` = α (1−x) − β x being exact.

    Next to the mean m = α/(α+β), where x/m = 1 − gap/α and (1−x)/(1−m) = 1 + gap/β, they are
    log1p of these and a difference of δ(z) = ln z − ψ(z).
    """
    log_x, log_rest = point.logs
    parts = []
    for log, over, own, other in (
        (log_x, -gap / alpha, alpha, beta),
        (log_rest, gap / beta, beta, alpha),
    ):
        near = (np.abs(over) < 0.5) & (own > 1e-290)
        by_mean = np.log1p(np.where(near, over, 0.0)) + delta_step(own, other)
        parts.append(np.where(near, by_mean, log + digamma_difference(own, other)))
    return parts[0], parts[1]


@elementwise(outputs=2)
def centred_logs(x: Array, logit: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """Return ∂ log p/∂α = ln x − ψ(α) + ψ(α+β), and ∂ log p/∂β, at x.

    Far out the logarithms come from logit x, which a draw has where x rounds to 0 or 1.
    """
    rest = 1.0 - x
    gap = product_difference(alpha, rest, beta, x) + alpha * ((1.0 - rest) - x)
    far = np.abs(logit) > _FAR
    point = Point(
        *(np.where(far, *pair) for pair in zip(from_logit(logit), point_at(x), strict=True))
    )
    return _centred(point, gap, alpha, beta)


@elementwise(outputs=2)
def logit_centred_logs(odds: Array, logit: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """Return the same at the odds y = x/(1 − x), whose logarithm is given, too."""
    gap = product_difference(alpha, np.ones_like(odds), beta, odds) / (1.0 + odds)
    return _centred(from_logit(np.broadcast_to(logit, odds.shape)), gap, alpha, beta)


@elementwise(outputs=2)
def gap_centred_logs(logit: Array, gap: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """Return the same at logit x, where `gap` = α (1 − x) − β x is known to its last digits."""
    return _centred(from_logit(logit), np.broadcast_to(gap, logit.shape), alpha, beta)
