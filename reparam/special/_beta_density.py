"""The density of the beta distribution, and its tail probabilities.

On the scale of logit x the density is x(1−x)p. Below the mean x(1−x)p/α = e^w c, with a logarithm
w that is small where the tail is not, and a factor c: what cancels in
α ln x + β ln(1−x) − ln(α B(α, β)) depends on which shapes are large. Above the mean it is the
mirror image, x(1−x)p/β. Times the mass that ``_beta_integrals`` gives it is the tail probability.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._accurate import (
    SCALE,
    VAST,
    log1mexp,
    log1pmx,
    power,
    product_difference,
    scaled_exp,
    unscaled_log,
)
from reparam.special._beta_integrals import above_mean, tail_integrals
from reparam.special._elementwise import members, select
from reparam.special._gamma_density import log_tail as log_gamma_tail
from reparam.special._gamma_density import tail as gamma_tail
from reparam.special._point import Point, from_logit, of_arrays
from reparam.special.log_gamma import log_gamma_star
from reparam.special.polygamma import digamma_difference

__all__ = [
    "END",
    "SMALL",
    "density",
    "log_constant",
    "log_density",
    "log_tail",
    "tail",
    "weight",
]

Formula = Callable[..., tuple[Array, Array]]


def _weight_large(point: Point, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """α, β ≥ 1: relative to the mean (Loader 2000), with Stirling's series for all Γ."""
    total = alpha + beta
    gap = product_difference(alpha, point.rest, beta, point.x)
    close = alpha * log1pmx(-gap / alpha) + beta * log1pmx(gap / beta)
    apart = alpha * _log_over_mean(point, alpha, total) + beta * np.log1p(gap / beta)
    stirling = log_gamma_star(total) - log_gamma_star(alpha) - log_gamma_star(beta)
    factor = np.sqrt(beta / total / (2.0 * math.pi * alpha))
    if np.any(lost := factor < 1e-150):
        factor = np.where(lost, np.sqrt(beta / total) / np.sqrt(2.0 * math.pi * alpha), factor)
    return np.where(gap < 0.5 * alpha, close, apart) + stirling, factor


def _weight_small_alpha(point: Point, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """α < 1 ≤ β: Stirling's series for ln Γ(α+β) − ln Γ(β)."""
    from scipy.special import gammaln

    total = alpha + beta
    log, factor = _power(point.x * total, lambda: point.logs[0] + np.log(total), alpha)
    log += beta * point.logs[1] - alpha
    ratio = (beta - 0.5) * np.log1p(alpha / beta) + log_gamma_star(total) - log_gamma_star(beta)
    return log + ratio - gammaln(alpha + 1.0), factor


def _weight_small_beta(point: Point, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """β < 1 ≤ α: Stirling's series for ln Γ(α+β) − ln Γ(α+1)."""
    from scipy.special import gammaln

    total = alpha + beta
    ratio = product_difference(alpha, point.rest, beta, point.x) / alpha
    to_mean = np.where(ratio < 0.5, np.log1p(-ratio), _log_over_mean(point, alpha, total))
    mirrored = _log_over_mean(point.mirrored, beta, total) + np.log(beta)
    stirling = log_gamma_star(total) - log_gamma_star(alpha) - gammaln(beta + 1.0)
    size = np.where(alpha < 1e100, np.sqrt(alpha * total), alpha)
    factor = beta / size
    log = alpha * to_mean + beta * (mirrored - 1.0) + stirling
    if np.any(lost := factor < 1e-290):
        log = np.where(lost, log + (np.log(beta) - np.log(size)), log)
        factor = np.where(lost, 1.0, factor)
    return log, factor


def _weight_small(point: Point, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """α, β < 1: every term is of the size of the shapes."""
    from scipy.special import gammaln

    total = alpha + beta
    gammas = gammaln(total + 1.0) - gammaln(alpha + 1.0) - gammaln(beta + 1.0)
    log_x, power_x = _power(point.x, lambda: point.logs[0], alpha)
    log_rest, power_rest = _power(point.rest, lambda: point.logs[1], beta)
    return log_x + log_rest + gammas, power_x * power_rest * (beta / total)


def _power(base: Array, log_base: Callable[[], Array], exponent: Array) -> tuple[Array, Array]:
    """Return w and c with base^exponent = e^w c: c alone where the base is neither tiny nor huge.

    The power by itself is exact to an ulp; its logarithm is rounded where it is far from 0.
    """
    plain = (base > 1e-100) & (base < 1e100)
    factor = power(np.where(plain, base, 1.0), exponent)
    if np.all(plain):
        return np.zeros_like(factor), factor
    return np.where(plain, 0.0, exponent * log_base()), factor


def _log_over_mean(point: Point, alpha: Array, total: Array) -> Array:
    """Return ln(x/m), m = α/(α+β), from the quotient where neither underflows."""
    mean = alpha / total
    plain = np.log(point.x / mean)
    if np.all(normal := np.minimum(point.x, mean) > 1e-290):
        return np.asarray(plain)
    return np.where(normal, plain, point.logs[0] - (np.log(alpha) - np.log(total)))


def _mirrored(formula: Formula) -> Formula:
    return lambda point, alpha, beta: formula(point.mirrored, beta, alpha)


_FORMULAS = (_weight_large, _weight_small_alpha, _weight_small_beta, _weight_small)
#: In the order that :func:`weight` numbers them: below the mean, then above it.
_WEIGHTS = tuple(map(of_arrays, (*_FORMULAS, *map(_mirrored, _FORMULAS))))


def weight(
    point: Point, alpha: Array, beta: Array, above: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Return w and c with x(1−x)p = e^w c times α below the mean, β above it."""
    own, other = (alpha < 1.0).astype(np.int8), (beta < 1.0).astype(np.int8)
    choice = np.where(above, other + 2 * own + 4, own + 2 * other)
    log, factor = select(choice, _WEIGHTS, *point, alpha, beta, outputs=2)
    return log, factor


def density(point: Point, alpha: Array, beta: Array, above: NDArray[np.bool_]) -> Array:
    """Return x (1−x) p."""
    log, factor = weight(point, alpha, beta, above)
    return np.exp(log) * factor * np.where(above, beta, alpha)


def log_density(point: Point, alpha: Array, beta: Array) -> Array:
    """Return ln(x (1−x) p).

    Of vast shapes w is proportional to them, and the factor to their root.
    """
    scale = np.where(np.minimum(alpha, beta) > VAST, SCALE, 1.0)
    alpha, beta = alpha * scale, beta * scale
    above = above_mean(point, alpha, beta)
    log, factor = weight(point, alpha, beta, above)
    own = np.where(above, beta, alpha)
    product = factor * own
    # of a normal number, which has all its digits
    plain = np.where(product > 1e-290, np.log(product), np.log(factor) + np.log(own))
    return log / scale + plain - 0.5 * np.log(scale)


#: As near as this to an endpoint, on the scale of logit x, the leading term there is all there is.
END = 40.0
#: Below it ln(α B) may be far below an ulp of 1.
SMALL = 0.01
#: Gauss and Legendre's nodes on [0, 1] and weights: they integrate ψ over a shape below `SMALL`.
_NODES, _SHARES = (
    tuple((0.5 * (shift + values)).tolist())
    for shift, values in zip((1.0, 0.0), np.polynomial.legendre.leggauss(5), strict=True)
)


def log_constant(alpha: Array, beta: Array) -> Array:
    """Return ln(α B(α, β)), of the leading term x^α/(α B) of F, where x (1 + β) is negligible.

    It comes from the weight at a point near enough to the end. For small α it is next to
    ln(1 + α/β): log1p(α/β) − ∫₀^α (ψ(1+β+t) − ψ(1+t)) dt.
    """
    point = from_logit(-2.0 * END - np.log1p(beta))
    log, factor = weight(point, alpha, beta, np.zeros(alpha.shape, dtype=bool))
    plain = alpha * point.logit - np.log(factor) - log
    if not np.any(small := alpha < SMALL):
        return np.asarray(plain)
    shape = np.minimum(alpha, SMALL)
    mean = sum(
        share * digamma_difference(1.0 + node * shape, beta)
        for node, share in zip(_NODES, _SHARES, strict=True)
    )
    return np.where(small, np.log1p(alpha / beta) - alpha * mean, plain)


#: From here on the small tail is the one beyond the mean: with a shape below 1 most is on one side.
_MOST = 0.7
_LOG_MOST = math.log(_MOST)


def tail(point: Point, alpha: Array, beta: Array, upper: bool) -> Array:
    """Return I_x(α, β), or 1 − I_x(α, β), to full relative accuracy, for flat arrays.

    The tail on the point's own side of the mean is integrated, or the other one if it is small; the
    larger of the two is 1 less the smaller.
    """
    own, above, _ = _smaller(point, alpha, beta, logs=False)
    own = np.where(np.isinf(point.logit), above == (point.logit < 0.0), np.minimum(own, 1.0))
    return np.where(above == upper, own, 1.0 - own)


def log_tail(point: Point, alpha: Array, beta: Array, upper: bool) -> Array:
    """Return ln I_x(α, β), or ln(1 − I_x(α, β)), also where these underflow or round to 1."""
    own, above, vast = _smaller(point, alpha, beta, logs=True)
    at_end = np.where(above == (point.logit < 0.0), 0.0, -np.inf)
    own = np.where(np.isinf(point.logit), at_end, unscaled_log(np.minimum(own, 0.0), vast))
    return np.where(above == upper, own, log1mexp(own))


def _smaller(
    point: Point, alpha: Array, beta: Array, logs: bool
) -> tuple[Array, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return one tail, or its logarithm, where it is the upper one, and where shapes are scaled."""
    point = Point(*np.broadcast_arrays(*point))
    if np.any(vast := np.minimum(alpha, beta) > VAST):
        alpha, beta = (np.where(vast, shape * SCALE, shape) for shape in (alpha, beta))
    above = above_mean(point, alpha, beta)
    own = _integrated(point, alpha, beta, above, logs)
    if (most := np.flatnonzero(~(own < (_LOG_MOST if logs else _MOST)))).size:
        at = Point(*(array[most] for array in point))
        above[most] = ~above[most]
        shapes = members(alpha, most), members(beta, most)
        own[most] = _integrated(at, *shapes, above[most], logs)
    return own, above, vast


#: From here on the larger shape's distribution is the limit of one that is infinite.
HUGE = 1e100


def _integrated(
    point: Point, alpha: Array, beta: Array, above: NDArray[np.bool_], logs: bool
) -> Array:
    """Return the upper tail where `above`, the lower one elsewhere: the density times its mass.

    Next to an endpoint, whose far side is asked for, it is 1 less the end's leading term: the
    integral would be over a plateau of a length that overflows.
    """
    mass, _, _ = tail_integrals(point, alpha, beta, above, fine=True)
    log, factor = weight(point, alpha, beta, above)
    tail = log + np.log(factor * mass) if logs else scaled_exp(log, factor * mass)
    if np.any(np.maximum(alpha, beta) >= HUGE):
        own, other = np.where(above, alpha, beta), np.where(above, beta, alpha)
        far = np.flatnonzero((own < 1.0) & (other >= HUGE))
        at = Point(*(array[far] for array in point))
        tail[far] = _gamma_limit(at, own[far], other[far], above[far], logs)
    for far_side, end, shape, rest in (
        (above, point, alpha, beta),
        (~above, point.mirrored, beta, alpha),
    ):
        near = np.flatnonzero(far_side & (end.logit < -END - np.log1p(rest)))
        if near.size:
            log_x, _ = Point(*(array[near] for array in end)).logs
            own, other = (np.broadcast_to(each, above.shape)[near] for each in (shape, rest))
            leading = own * log_x - log_constant(own, other)
            tail[near] = log1mexp(leading) if logs else -np.expm1(leading)
    return tail


def _gamma_limit(
    point: Point, own: Array, other: Array, above: NDArray[np.bool_], logs: bool
) -> NDArray[np.float64]:
    """Return the tail beyond the mean for a shape below 1 beside a huge one: β x is gamma.

    1 − I_x(α, β) = Q(α, β x) up to a share (α + β x) x of itself: it is 0 long before x is of size
    1e-90. Its logarithm goes on like β ln(1 − x), which stands for −β x. The density's factor α/β
    would lose digits as a subnormal number, and the mass overflow.
    """
    log_rest = np.where(above, *point.logs[::-1])
    log_x = np.where(above, point.logit, -point.logit)
    log = np.where(log_rest < -1e-290, np.log(-log_rest), log_x) + np.log(other)
    gamma = log_gamma_tail if logs else gamma_tail
    return np.asarray(gamma(np.exp(log), log, own, upper=True))
