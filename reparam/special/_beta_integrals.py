"""The tail integrals of the beta distribution, and its derivatives in both shapes.

F(x; α, β) = I_x(α, β), the regularized incomplete beta function (DLMF 8.17.2), with density p.
Everything is on the scale of logit x = ln x − ln(1 − x), on which neither end is special:

    D_θ = ∂logit x/∂θ at fixed u = F(x; α, β),   D_θ = −(∂I/∂θ) / (x (1−x) p),   θ = α, β.

The family is exponential with statistics ln t and ln(1 − t). Below the mean, with
logit t = logit x − s and L(s) = log1p(x (e^−s − 1)) ≤ 0, so that ln t = ln x − s − L and
ln(1 − t) = ln(1 − x) − L, the tail integrals are

    M   = F/(x (1−x) p) = ∫₀^∞ W ds,                    W(s) = exp(−α s − (α+β) L)
    D_α = ∫₀^∞ (ψ(α) − ψ(α+β) − ln x + s + L) W ds
    D_β = ∫₀^∞ (ψ(β) − ψ(α+β) − ln(1−x) + L) W ds

They are taken at α + 1, where W decays for tiny α too, and brought back by
I_x(α, β) = I_x(α+1, β) + x^α (1−x)^β/(α B(α, β)) (DLMF 8.17.20):

    M(α) = (x (α+β) M(α+1) + 1)/α,   D_α(α) = (x (α+β) D_α(α+1) + A)/α,   D_β(α) = (… − B)/α,
    A = ψ(α+1) − ψ(α+β) − ln x > 0,   B = ln(1−x) − ψ(β) + ψ(α+β) > 0,

so that all terms of one result have one sign: ln m < ψ(α+1) − ψ(α+β) and
ln(1−m) > ψ(β) − ψ(α+β) at the mean m = α/(α+β). Above the mean it is the mirror image:
1 − x ~ Beta(β, α). One evaluation of W serves M and both derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._accurate import LARGEST, bend, log1pmx, product_difference
from reparam.special._elementwise import Rule, column, integrate, select, weighted
from reparam.special._panels import FINE_MASS, PANEL_NODES, panels
from reparam.special._point import Point, from_logit, of_arrays
from reparam.special._rules import (
    BETA_HIGH,
    BETA_LARGE,
    BETA_LOW,
    BETA_MODERATE,
    BETA_SMALL,
    CUTOFF,
)
from reparam.special._served import served
from reparam.special.polygamma import delta, delta_differences, digamma_difference

__all__ = ["above_mean", "derivatives", "derivatives_at", "tail_integrals"]

Formula = Callable[..., tuple[Array, ...]]

#: Terms of the sum near 0.
_TERMS = 48

#: For shapes above it D_θ differs from the mean's derivative in the last bits only.
_ALL_MEAN = 1e30

#: The inverse of shapes below it overflows.
_OVERFLOWING = 1e-307

# Regimes: each returns α M, D_α and D_β below the mean -----------------------------------------


def _small(point: Point, alpha: Array, beta: Array) -> tuple[Array, ...]:
    """α < 1, β ≤ 8, x ≤ 0.62: 20 fixed nodes, error 2e-14."""
    from scipy.special import digamma

    log_x, log_rest = point.logs
    # the first term of the sum by itself: with tiny shapes it is of another size
    step = digamma_difference(beta + 1.0, alpha) + alpha / (alpha + beta) / beta
    first = digamma(alpha + 1.0) - digamma(alpha + beta) - log_x
    return _fixed(point, log_rest, alpha, beta, BETA_SMALL, first, log_rest + step)


def _moderate(point: Point, alpha: Array, beta: Array) -> tuple[Array, ...]:
    """1 ≤ α ≤ 8, β ≤ 8, x ≤ 0.62: 17 fixed nodes; digammas don't cancel badly, error 2e-14."""
    from scipy.special import digamma

    log_x, log_rest = point.logs
    both = digamma(alpha + beta)
    first = digamma(alpha) + 1.0 / alpha - both - log_x
    second = log_rest + both - digamma(beta)
    return _fixed(point, log_rest, alpha, beta, BETA_MODERATE, first, second)


def _fixed(
    point: Point,
    log_rest: Array,
    alpha: Array,
    beta: Array,
    rule: Rule,
    first: Array,
    second: Array,
) -> tuple[Array, ...]:
    """t = xτ: ∫₀¹ τ^α ((1−xτ)/(1−x))^(β−1) dτ, and with the logarithms, at fixed nodes.

    `first` and `second` are A and B.
    """
    node, weight = np.array(rule)
    log = np.log(node)

    def integrals(
        fall: Array, density: Array, power: Array, x: Array, log_rest: Array, alpha: Array, b: Array
    ) -> tuple[Array, ...]:
        np.multiply(column(-node), x, out=fall)
        np.log1p(fall, out=fall)
        np.subtract(log_rest, fall, out=fall)  # L
        np.multiply(fall, b, out=density)
        density += np.multiply(column(log), alpha, out=power)
        np.exp(density, out=density)
        fall *= density
        return (
            weighted(density, weight),
            weighted(density, -log * weight),
            weighted(fall, weight),
        )

    arrays = point.x, log_rest, alpha, 1.0 - beta
    parts = integrate(integrals, node.size, 3, *arrays)
    inverse = 1.0 / point.rest
    mass, grown, fallen = (part * inverse for part in parts)
    return _carried(point, alpha, beta, (mass, grown, fallen), first - 1.0 / (alpha + beta), second)


def _carried(
    point: Point,
    alpha: Array,
    beta: Array,
    integrals: tuple[Array, Array, Array],
    first: Array,
    second: Array,
) -> tuple[Array, ...]:
    """Bring ∫W, ∫(s+L)W and ∫LW at α + 1 back to α: return α M, D_α and D_β.

    `first` is ψ(α+1) − ψ(α+β+1) − ln x, and `second` is B.
    """
    mass, grown, fall = integrals
    total = alpha + beta
    carry, inverse = point.x * total, 1.0 / total
    return (
        carry * mass + 1.0,
        (carry * (first * mass + grown) + (first + inverse)) / alpha,
        (carry * (fall - (second + inverse) * mass) - second) / alpha,
    )


def _near_zero(point: Point, alpha: Array, beta: Array) -> tuple[Array, ...]:
    """α ≤ 8 < β, x ≤ 0.1, up to little above the mean: sums of 48 terms.

    With α M = Σ t_k as in :func:`_series_mass`, derivatives of ln t_k are sums of
    1/(α+β+j) − 1/(α+1+j) and 1/(α+β+j) over j < k. Above the mean A and B are negative, which costs
    a few bits at most: error 4e-15.
    """
    from scipy.special import digamma

    x, total = point.x, alpha + beta
    mass, own, other = np.ones_like(x), np.zeros_like(x), np.zeros_like(x)
    for k in range(_TERMS - 1, -1, -1):
        u, v = alpha + (k + 1.0), total + float(k)
        inverse = 1.0 / (u * v)
        step = x * (v * (v * inverse))
        own *= step
        own += (step * ((beta - 1.0) * inverse)) * mass
        other *= step
        other += (step * (u * inverse)) * mass
        mass *= step
        mass += 1.0
    first = digamma(alpha + 1.0) + delta(total) - np.log(x * total)
    second = digamma_difference(beta + 1.0, alpha) + alpha / total / beta + np.log1p(-x)
    return mass, (first * mass + own) / alpha, -(second * mass + other) / alpha


def _is_near_zero(x: Array, alpha: Array, beta: Array) -> NDArray[np.bool_]:
    """Return where :func:`_near_zero` serves, for derivatives."""
    total = alpha + beta
    shapes = (alpha <= 8.0) & (beta > 8.0) & (total <= 1e8)
    most = np.minimum(1.2 * alpha + 0.6, 4.0 * alpha)
    return np.asarray(shapes & (x <= 0.1) & (x >= 1e-290) & (x * total <= most))


def _scaled(
    point: Point, alpha: Array, beta: Array, rule: Rule | None, high: bool, precise: bool
) -> tuple[Array, ...]:
    """Any shapes: the rule is stretched to where the exponent of W reaches its cutoff.

    Error 2e-14. Without a rule W may have a plateau of any length: panels gather where it ends.
    For x > 0.62 L is Λ − s with Λ = log1p((1−x)(e^s − 1)), and the exponent (α+β+1) Λ − β s; with
    shapes above 1e4 both are taken relative to their linear part κ s, κ = α + 1 − (α+β+1) x.
    """
    x, rest = point.x, point.rest
    gap = product_difference(alpha, rest, beta, x) if precise else alpha * rest - beta * x
    total, slope = alpha + beta + 1.0, gap + rest
    base, tail = (rest, beta) if high else (x, -1.0 - alpha)
    logs = partial(_logs, sign=1.0 if high else -1.0, precise=precise)
    length = 2.0 * CUTOFF / (slope + np.sqrt(slope * slope + 2.0 * CUTOFF * total * x * rest))
    if high:  # where the exponent grows like (α+β+1) (1−x) (e^s − 1) − β s
        rate = total * rest
        guess = np.log1p((CUTOFF + beta * np.log1p(CUTOFF / rate)) / rate)
        length = np.where(rate < CUTOFF, guess, length)
    log, value, spare = (np.empty_like(length) for _ in range(3))
    for _ in range(2 if high else 1):  # to a per cent, which is near enough
        shrunk = x * np.exp(-length)
        gained = slope - beta * x * np.expm1(-length)
        gained = np.where(length < 1.0, gained, (alpha + 1.0) * rest - beta * shrunk)
        tangent = gained / (rest + shrunk)
        logs(log, value, spare, 1.0, length, base, tail, total, slope)
        length = np.maximum(length + (value + CUTOFF) / tangent, 0.1 * length)
    size = len(rule[0]) if rule else PANEL_NODES

    def integrals(
        log: Array,
        density: Array,
        spare: Array,
        length: Array,
        rest: Array,
        base: Array,
        tail: Array,
        total: Array,
        slope: Array,
    ) -> tuple[Array, ...]:
        if rule:
            nodes, weights = np.array(rule)
        else:
            nodes, weights = panels(-np.log(total * rest), length)
        rows = nodes if nodes.ndim > 1 else column(nodes)
        logs(log, density, spare, rows, length, base, tail, total, slope)
        np.exp(density, out=density)
        log *= density
        return (
            weighted(density, weights) * length,
            weighted(density, nodes * weights) * length**2,
            weighted(log, weights) * length,
        )

    mass, first, second = integrate(integrals, size, 3, length, rest, base, tail, total, slope)
    parts = (mass, second, second - first) if high else (mass, first + second, second)
    return _carried(point, alpha, beta, parts, *_offsets(point, alpha, beta, gap))


def _precise(
    point: Point, alpha: Array, beta: Array, rule: Rule | None, high: bool
) -> tuple[Array, ...]:
    """α + β > 1e4; for shapes so large that x rounds to the mean, D_θ is the mean's derivative."""
    mass, first, second = _scaled(point, alpha, beta, rule, high, precise=True)
    if np.any(mean := np.minimum(alpha, beta) > _ALL_MEAN):
        first = np.where(mean, 1.0 / alpha, first)
        second = np.where(mean, -1.0 / beta, second)
    return mass, first, second


def _logs(
    log: Array,
    exponent: Array,
    spare: Array,
    node: Array | float,
    length: Array,
    base: Array,
    tail: Array,
    total: Array,
    slope: Array,
    sign: float,
    precise: bool,
) -> None:
    """Fill in L (or Λ, for x > 0.62) and minus the exponent of W, at s = node · length."""
    np.multiply(sign * node, length, out=log)
    if precise:
        exponent[...] = bend(log)
    np.expm1(log, out=log)
    log *= base
    if precise:
        exponent *= base
        exponent += log1pmx(log)
        exponent *= total
        exponent += np.multiply(node, slope * length, out=spare)
        np.negative(exponent, out=exponent)
        np.log1p(log, out=log)
    else:
        np.log1p(log, out=log)
        np.multiply(node, tail * length, out=exponent)
        exponent -= np.multiply(log, total, out=spare)


def _offsets(point: Point, alpha: Array, beta: Array, gap: Array) -> tuple[Array, Array]:
    """Return ψ(α+1) − ψ(α+β+1) − ln x, and B, without cancellation for shapes of any size.

    With `gap` = α (1−x) − β x ≥ 0, ln(m/x) = −log1p(−gap/α) and ln((1−x)/(1−m)) = log1p(gap/β);
    what is left of the digammas is differences of δ(z) = ln z − ψ(z).
    """
    ratio = gap / alpha
    distance = -np.log1p(-ratio)
    if np.any(far := ratio > 0.5):
        distance = np.where(far, np.log(alpha / (alpha + beta)) - point.logs[0], distance)
    step, other_step = delta_differences(alpha, beta)
    first = distance + step
    if np.any(tiny := alpha < 1.0):  # ln α is large, and cancels
        direct = -digamma_difference(alpha + 1.0, beta) - point.logs[0]
        first = np.where(tiny, direct, first)
    return first, np.log1p(np.minimum(gap / beta, LARGEST)) + other_step


def _series_mass(point: Point, alpha: Array, beta: Array) -> tuple[Array, ...]:
    """α M = Σ (α+β)_k/(α+1)_k x^k (DLMF 8.17.8), no derivatives: x ≤ 0.3, x (α+β) ≤ 6.

    60 terms, all positive; error 5e-16.
    """
    x, total = point.x, alpha + beta
    mass: Array = np.ones_like(x)
    for k in range(60, 0, -1):
        mass *= x * ((total + (k - 1.0)) / (alpha + float(k)))
        mass += 1.0
    return mass, mass, mass


def _fraction(point: Point, alpha: Array, beta: Array, levels: int) -> tuple[Array, ...]:
    """α M = 1/(b_0 + a_1/(b_1 + a_2/(b_2 + …))), no derivatives, up to the mean or little more.

    The continued fraction of Didonato & Morris (1992, "Algorithm 708", BFRAC) from its last level
    on, b_0 and a_1 divided by α. Its error is 6e-16, and that of leaving out the rest is less for
    x and α + β below the limits of :func:`_choose`.
    """

    def fraction(_: Array, x: Array, rest: Array, alpha: Array, beta: Array) -> tuple[Array]:
        total = alpha + beta
        once = product_difference(alpha, rest, beta, x) + 1.0
        inverse = 1.0 / (alpha + (2.0 * levels + 1.0))
        value = np.ones_like(x)
        for m in range(levels, 0, -1):
            after, inverse = inverse, 1.0 / (alpha + (2.0 * m - 1.0))
            share = (m * (beta - m) * inverse) * x
            term = share + m
            term += ((alpha + m) * after) * (once + m * (2.0 - x))
            if m < levels:
                term += value
            scale = (total + (m - 1.0)) * inverse
            if m > 1:
                scale = scale * (alpha + (m - 1.0))
            np.divide(share * (scale * x), term, out=value)
        # b_0 = 1 − (α+β) x/(α+1): for small x the sum has the last bits of 1 plus little
        less = (total * inverse) * x
        little = less - value
        value += once * inverse
        return (np.where(less < 0.5, 1.0 + little / value, 1.0 / value),)

    (mass,) = integrate(fraction, 8, 1, point.x, point.rest, alpha, beta)
    return mass, mass, mass


# The choice between regimes -------------------------------------------------------------------


def _mirrored(formula: Formula) -> Formula:
    """Return the formula above the mean, where 1 − x ~ Beta(β, α)."""

    def mirrored(point: Point, alpha: Array, beta: Array) -> tuple[Array, ...]:
        mass, own, other = formula(point.mirrored, beta, alpha)
        return mass, -other, -own

    return mirrored


_FORMULAS: tuple[Formula, ...] = (
    _small,
    _moderate,
    _series_mass,
    *(partial(_fraction, levels=levels) for levels in (16, 30, 44)),
    partial(_scaled, rule=FINE_MASS, high=False, precise=False),
    partial(_scaled, rule=FINE_MASS, high=True, precise=False),
    partial(_precise, rule=FINE_MASS, high=True),
    *(
        partial(formula, rule=rule, high=high)
        for formula in (partial(_scaled, precise=False), _precise)
        for rule, high in (
            (BETA_LOW, False),
            (BETA_HIGH, True),
            (None, True),
            (BETA_LARGE, False),
            (BETA_LARGE, True),
        )
    ),
    _near_zero,
)
#: Numbers of formulas, and by how much those for α + β > 1e4 are further on.
_MODERATE, _SERIES, _FRACTION, _FINE, _LOW, _LONG, _LARGE, _PRECISE = 1, 2, 3, 6, 9, 11, 12, 5
_NEAR_ZERO = len(_FORMULAS) - 1
#: In the order that :func:`_choose` numbers them: below the mean, then above it.
_REGIMES = tuple(map(of_arrays, (*_FORMULAS, *map(_mirrored, _FORMULAS))))


def _choose(
    point: Point, alpha: Array, beta: Array, above: NDArray[np.bool_], fine: bool
) -> NDArray[np.integer[Any]]:
    """Return the number of the regime for each element.

    `fine` asks for the last bits of M, which matter where M is not small, and may give no
    derivatives.
    """
    x, y, total = point.x, point.rest, alpha + beta
    high = (y > 0.62) & above | (x > 0.62) & ~above
    # with β < 0.2, W has a plateau of length ln(1/(1−x)) before it falls
    long = high & ((alpha < 0.2) & above | (beta < 0.2) & ~above)
    small = (alpha <= 8.0) & (beta <= 8.0) & ~high
    large = (alpha >= 8.0) & (beta >= 8.0)
    scaled = np.int8(_LARGE - _LOW) * large + high + long
    scaled += np.int8(_PRECISE) * (total > 1e4) + np.int8(_LOW)
    moderate = np.where(above, beta, alpha) >= 1.0
    choice = np.where(small, np.int8(_MODERATE) * moderate, scaled)
    if fine:
        inner = np.where(above, y, x)
        plateau = (inner > 0.2) & (np.where(above, alpha, beta) < 0.2)
        precise = total > 1e4
        ends = np.int8(_FINE + 1) + precise
        choice = np.where(inner > 0.62, ends, np.where(total < 100.0, _FINE, choice))
        choice = np.where((inner <= 0.3) & (inner * total <= 6.0), _SERIES, choice)
        choice = np.where(plateau, _LONG + np.int8(_PRECISE) * precise, choice)
        near = inner * total <= np.where(above, beta, alpha) + 0.5
        usual = near & (inner <= 0.95) & (total <= 300.0)
        levels = (inner > 0.8).view(np.int8) + ((inner > 0.62) | (total > 30.0))
        choice = np.where(usual, np.int8(_FRACTION) + levels, choice)
    return np.asarray(choice + np.int8(len(_FORMULAS)) * above)


def above_mean(point: Point, alpha: Array, beta: Array) -> NDArray[np.bool_]:
    """Return where x > α/(α+β)."""
    return np.asarray(point.x * beta > point.rest * alpha)


def tail_integrals(
    point: Point, alpha: Array, beta: Array, above: NDArray[np.bool_], fine: bool = False
) -> tuple[Array, Array, Array]:
    """Return a mass, D_α and D_β from the upper tail where `above`, from the lower elsewhere.

    The mass is α M, M = F/(x(1−x)p), or β M, M = (1 − F)/(x(1−x)p).
    """
    choice = _choose(point, alpha, beta, above, fine)
    mass, first, second = select(choice, _REGIMES, *point, alpha, beta, outputs=3)
    return mass, first, second


def derivatives(point: Point, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """Return D_α and D_β; infinite where a shape is so small that they overflow."""
    results = np.empty(point[-1].size), np.empty(point[-1].size)
    first, second = served("beta", _derivatives, (*point, alpha, beta), *results)
    return first, second


def derivatives_at(logit: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """Return the same of logit x alone."""
    results = np.empty(logit.size), np.empty(logit.size)
    arguments = None, None, logit, alpha, beta
    first, second = served("beta", _derivatives, arguments, *results)
    return first, second


def _derivatives(
    x: Array | None, rest: Array | None, logit: Array, alpha: Array, beta: Array
) -> tuple[Array, Array]:
    point = from_logit(logit) if x is None or rest is None else Point(x, rest, logit)
    above = above_mean(point, alpha, beta)
    near = _is_near_zero(point.x, alpha, beta)
    far = _is_near_zero(point.rest, beta, alpha)
    choice = _choose(point, alpha, beta, above, fine=False)
    by_sum = np.int8(_NEAR_ZERO) + np.int8(len(_FORMULAS)) * far
    choice = np.where(near | far, by_sum, choice)
    _, first, second = select(choice, _REGIMES, *point, alpha, beta, outputs=3)
    if np.any(tiny := np.minimum(alpha, beta) < _OVERFLOWING):
        known = tiny & ~np.isnan(point.logit)
        first = np.where(known & np.isnan(first), np.inf, first)
        second = np.where(known & np.isnan(second), -np.inf, second)
    return first, second
