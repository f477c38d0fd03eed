"""The beta distribution: derivatives in both shapes, and quantiles, with the complement 1 − x.

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

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._accurate import LARGEST, bend, log1pmx, product_difference
from reparam.special._elementwise import (
    Regime,
    Rule,
    column,
    elementwise,
    integrate,
    select,
    weighted,
)
from reparam.special._interpolate import REACH, Interpolant
from reparam.special._newton import halley, unfinished
from reparam.special._rules import (
    BETA_HIGH,
    BETA_LARGE,
    BETA_LOW,
    BETA_MODERATE,
    BETA_SMALL,
    CUTOFF,
)
from reparam.special.gamma import log_entropy, log_gamma_star
from reparam.special.polygamma import delta_differences, digamma_difference

__all__ = [
    "Point",
    "cdf_derivatives",
    "from_logit",
    "log_weight",
    "logit_entropy",
    "logit_log_weight",
    "logit_pathwise",
    "pathwise",
    "quantile",
    "quantile_point",
    "tail",
]


Formula = Callable[..., tuple[Array, ...]]

#: For shapes above it D_θ differs from the mean's derivative in the last bits only.
_ALL_MEAN = 1e30


class Point(NamedTuple):
    """x, 1 − x and logit x: each accurate by itself, whatever the others round to."""

    x: Array
    rest: Array
    logit: Array

    @property
    def mirrored(self) -> Point:
        """The point with x and 1 − x exchanged."""
        return Point(self.rest, self.x, -self.logit)

    @property
    def logs(self) -> tuple[Array, Array]:
        """ln x and ln(1 − x): the one near 0 by log1p, the other from the logit."""
        near_one = self.x > 0.62
        if not np.any(near_one):
            log_rest = np.log1p(-self.x)
            return self.logit + log_rest, log_rest
        log = np.log1p(-np.where(near_one, self.rest, self.x))
        return np.where(near_one, log, self.logit + log), np.where(near_one, log - self.logit, log)


# Regimes: each returns α M, D_α and D_β below the mean -----------------------------------------


def _small(point: Point, alpha: Array, beta: Array) -> tuple[Array, ...]:
    """α < 1, β ≤ 8, x ≤ 0.62: 20 fixed nodes, error 1e-14."""
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


def _scaled(
    point: Point, alpha: Array, beta: Array, rule: Rule | None, high: bool, precise: bool
) -> tuple[Array, ...]:
    """Any shapes: the rule is stretched to where the exponent of W reaches its cutoff.

    Error 2e-14. Without a rule W may have a plateau of any length: panels gather where it ends.
    For x > ½ L is Λ − s with Λ = log1p((1−x)(e^s − 1)), and the exponent (α+β+1) Λ − β s; with
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
    size = len(rule[0]) if rule else _PANEL_NODES

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
            nodes, weights = _panels(_edges(-np.log(total * rest), length))
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
    """Fill in L (or Λ, for x > ½) and minus the exponent of W, at s = node · length."""
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
    return first, np.log1p(gap / beta) + other_step


#: Where the weight falls, after the end of a plateau: edges of panels, as parts of what is left.
_FALL = (0.0, 0.125, 0.25, 0.5, 1.0)
#: Edges of panels before the end of a plateau, which may be 10³ long.
_BEFORE = (-2187.0, -729.0, -243.0, -81.0, -27.0, -9.0, -3.0)
_ORDER = 20
_PANEL_NODES = _ORDER * (len(_FALL) - 1 + len(_BEFORE))


def _panels(edges: Array) -> tuple[Array, Array]:
    """Return nodes and weights of Gauss-Legendre rules between the rows of `edges`."""
    point, weight = np.polynomial.legendre.leggauss(_ORDER)
    middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * (edges[1:] - edges[:-1])
    nodes = middle[:, np.newaxis] + half[:, np.newaxis] * column(point)
    weights = half[:, np.newaxis] * column(weight)
    return nodes.reshape(-1, edges.shape[1]), weights.reshape(-1, edges.shape[1])


def _edges(plateau: Array, length: Array) -> Array:
    """Return edges on [0, 1] that gather where a plateau ends, in units of `length`."""
    end = np.clip(plateau / length, 0.0, 1.0)
    before = np.maximum(end + column(_BEFORE) / length, 0.0)
    before[0] = 0.0
    return np.concatenate([before, end + column(_FALL) * (1.0 - end)])


def _series_mass(point: Point, alpha: Array, beta: Array) -> tuple[Array, ...]:
    """α M = Σ (α+β)_k/(α+1)_k x^k (DLMF 8.17.8), no derivatives: x ≤ 0.3, x (α+β) ≤ 6."""
    x, total = point.x, alpha + beta
    mass: Array = np.ones_like(x)
    for k in range(60, 0, -1):
        mass *= x * ((total + (k - 1.0)) / (alpha + float(k)))
        mass += 1.0
    return mass, mass, mass


# The choice between regimes -------------------------------------------------------------------


def _below(formula: Formula) -> Regime:
    def oriented(*arguments: Array) -> tuple[Array, ...]:
        *point, alpha, beta = arguments
        return formula(Point(*point), alpha, beta)

    return Regime(oriented)


def _above(formula: Formula) -> Regime:
    def mirrored(*arguments: Array) -> tuple[Array, ...]:
        *point, alpha, beta = arguments
        mass, own, other = formula(Point(*point).mirrored, beta, alpha)
        return mass, -other, -own

    return Regime(mirrored)


#: For the last bits of M.
_FINE_RULE: Rule = tuple(tuple(values.ravel().tolist()) for values in _panels(column(_FALL)))  # type: ignore[assignment]

_FORMULAS: tuple[Formula, ...] = (
    _small,
    _moderate,
    _series_mass,
    partial(_scaled, rule=_FINE_RULE, high=False, precise=False),
    partial(_scaled, rule=_FINE_RULE, high=True, precise=False),
    partial(_precise, rule=_FINE_RULE, high=True),
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
)
_MODERATE, _SERIES, _FINE, _LOW, _LONG, _LARGE, _PRECISE = 1, 2, 3, 6, 8, 9, 5
#: In the order that :func:`_choose` numbers them: below the mean, then above it.
_REGIMES = (*map(_below, _FORMULAS), *map(_above, _FORMULAS))


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
        ends = np.int8(_FINE + 1) + (total > 1e4)
        choice = np.where(inner > 0.62, ends, np.where(total < 100.0, _FINE, choice))
        choice = np.where((inner <= 0.3) & (inner * total <= 6.0), _SERIES, choice)
        choice = np.where(plateau, _LONG + np.int8(_PRECISE) * (total > 1e4), choice)
    return np.asarray(choice + np.int8(len(_FORMULAS)) * above)


def _above_mean(point: Point, alpha: Array, beta: Array) -> NDArray[np.bool_]:
    return np.asarray(point.x * beta > point.rest * alpha)


def _tails(
    point: Point, alpha: Array, beta: Array, above: NDArray[np.bool_], fine: bool = False
) -> tuple[Array, Array, Array]:
    """Return a mass, D_α and D_β from the upper tail where `above`, from the lower elsewhere.

    The mass is α M, M = F/(x(1−x)p), or β M, M = (1 − F)/(x(1−x)p).
    """
    choice = _choose(point, alpha, beta, above, fine)
    mass, first, second = select(choice, _REGIMES, *point, alpha, beta, outputs=3)
    return mass, first, second


# Tail probabilities ---------------------------------------------------------------------------
#
# x(1−x)p/α = e^w c below the mean, with a logarithm w that is small where the tail is not, and a
# factor c: what cancels in α ln x + β ln(1−x) − ln(α B(α, β)) depends on which shapes are large.


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
    over_mean = _log_over_mean(point, alpha, total) + np.log(alpha)
    power = alpha * (over_mean - 1.0) + beta * point.logs[1]
    ratio = (beta - 0.5) * np.log1p(alpha / beta) + log_gamma_star(total) - log_gamma_star(beta)
    return power + ratio - gammaln(alpha + 1.0), np.ones_like(power)


def _weight_small_beta(point: Point, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """β < 1 ≤ α: Stirling's series for ln Γ(α+β) − ln Γ(α+1)."""
    from scipy.special import gammaln

    total = alpha + beta
    ratio = product_difference(alpha, point.rest, beta, point.x) / alpha
    to_mean = np.where(ratio < 0.5, np.log1p(-ratio), _log_over_mean(point, alpha, total))
    mirrored = _log_over_mean(point.mirrored, beta, total) + np.log(beta)
    stirling = log_gamma_star(total) - log_gamma_star(alpha) - gammaln(beta + 1.0)
    factor = beta / np.where(alpha < 1e100, np.sqrt(alpha * total), alpha)
    return alpha * to_mean + beta * (mirrored - 1.0) + stirling, factor


def _weight_small(point: Point, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """α, β < 1: every term is of the size of the shapes."""
    from scipy.special import gammaln

    total = alpha + beta
    gammas = gammaln(total + 1.0) - gammaln(alpha + 1.0) - gammaln(beta + 1.0)
    log_x, log_rest = point.logs
    return alpha * log_x + beta * log_rest + gammas, beta / total


def _log_over_mean(point: Point, alpha: Array, total: Array) -> Array:
    """Return ln(x/m), m = α/(α+β), from the quotient where neither underflows."""
    mean = alpha / total
    plain = np.log(point.x / mean)
    if np.all(normal := np.minimum(point.x, mean) > 1e-290):
        return np.asarray(plain)
    return np.where(normal, plain, point.logs[0] - (np.log(alpha) - np.log(total)))


def _oriented(formula: Callable[..., tuple[Array, Array]], above: bool) -> Regime:
    def weight(*arguments: Array) -> tuple[Array, Array]:
        *point, alpha, beta = arguments
        if above:
            return formula(Point(*point).mirrored, beta, alpha)
        return formula(Point(*point), alpha, beta)

    return Regime(weight)


_WEIGHTS = tuple(
    _oriented(formula, above)
    for above in (False, True)
    for formula in (_weight_large, _weight_small_alpha, _weight_small_beta, _weight_small)
)


def _weight(
    point: Point, alpha: Array, beta: Array, above: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Return w and c with x(1−x)p = e^w c times α below the mean, β above it."""
    own, other = (alpha < 1.0).astype(np.int8), (beta < 1.0).astype(np.int8)
    choice = np.where(above, other + 2 * own + 4, own + 2 * other)
    log, factor = select(choice, _WEIGHTS, *point, alpha, beta, outputs=2)
    return log, factor


def _start(u: Array, alpha: Array, beta: Array) -> Array:
    """Return a first guess of logit x (A&S 26.5.22, or the leading term of the nearer end)."""
    from scipy.special import betaln, ndtri

    normal = ndtri(u)
    low, high = 1.0 / (2.0 * alpha - 1.0), 1.0 / (2.0 * beta - 1.0)
    bend, harmonic = (normal * normal - 3.0) / 6.0, 2.0 / (low + high)
    root = np.sqrt(np.maximum(bend + harmonic, 0.0))
    drift = (high - low) * (bend + 5.0 / 6.0 - 2.0 / (3.0 * harmonic))
    carter = np.log(alpha / beta) + 2.0 * (normal * root / harmonic + drift)
    # both ends' leading terms bound the quantile where the other shape is at least 1; of shapes
    # above 1e150 they may be NaN
    both = betaln(alpha, beta)
    near_zero = (np.log(u) + np.log(alpha) + both) / alpha
    near_one = -(np.log1p(-u) + np.log(beta) + both) / beta
    carter = np.fmin(np.fmax(carter, near_zero), np.fmax(near_one, near_zero))
    # u is below F(m) if the mass of x^α near 0 outweighs that of (1−x)^β near 1
    total = alpha + beta
    left = np.exp(alpha * np.log(alpha / total)) / alpha
    right = np.exp(beta * np.log(beta / total)) / beta
    low_end = u * (left + right) < left
    ends = np.where(low_end, _logit_of_log(near_zero), -_logit_of_log(-near_one))
    return np.asarray(np.where((alpha > 1.0) & (beta > 1.0), carter, ends))


def _logit_of_log(log_x: Array) -> Array:
    """Return logit x given ln x, roughly: ln x itself far from 1, and 0 where x is not below 1."""
    near_one = np.where(log_x < 0.0, log_x - np.log(-np.expm1(log_x)), 0.0)
    return np.where(log_x < -1.0, log_x, near_one)


#: For shapes above it logit x is normal to the last bit, as A&S 26.5.22 has it.
_NORMAL = 1e24
#: As near as this to an end, on the scale of logit x, the leading term there is all there is.
_END = 40.0


def _leading(u: Array, other: Array, alpha: Array, beta: Array) -> Array:
    """Return logit x from F = x^α/(α B): exact where x (1 + β) is negligible.

    α B comes from the weight at a point near enough to the end. For tiny α, whose 1 + α rounds, it
    is ln(α B) = log1p(α/β) + ln Γ(1+α) + ln Γ(1+β) − ln Γ(1+α+β), to second order in α.
    """
    from scipy.special import digamma, zeta

    point = from_logit(-2.0 * _END - np.log1p(beta))
    log, factor = _weight(point, alpha, beta, np.zeros(u.shape, dtype=bool))
    log_u = np.where(u < 0.5, np.log(u), np.log1p(-other))
    plain = point.logit + (log_u - np.log(factor) - log) / alpha
    if not np.any(tiny := alpha < 1e-8):
        return np.asarray(plain)
    slope = digamma(1.0) - digamma(1.0 + beta)
    slope += 0.5 * alpha * (zeta(2.0, 1.0) - zeta(2.0, 1.0 + beta))  # ψ′(z) = ζ(2, z)
    return np.where(tiny, (log_u + np.log1p(alpha / beta)) / alpha + slope, plain)


def _moved(point: Point, step: Array) -> Point:
    """Return the point with its logit moved, x and 1 − x each to full relative accuracy."""
    growth = np.expm1(step)
    scale = 1.0 + point.x * growth
    x, rest = point.x + point.x * (point.rest * (growth / scale)), point.rest / scale
    jumped = from_logit(point.logit + step)
    far = np.abs(step) > 1.0
    x, rest = np.where(far, jumped.x, x), np.where(far, jumped.rest, rest)
    logit = np.where(np.minimum(x, rest) > 1e-290, np.log(x / rest), jumped.logit)
    return Point(x, rest, logit)


def from_logit(logit: Array) -> Point:
    """Return the point with that logit: as exact as the logit allows."""
    return Point(1.0 / (1.0 + np.exp(-logit)), 1.0 / (1.0 + np.exp(logit)), logit)


def quantile_point(u: Array, other: Array, alpha: Array, beta: Array) -> Point:
    """Return the point with I_x(α, β) = u, where `other` = 1 − u.

    Halley's method on the logarithm of the tail on the point's own side of the mean, in
    logit x, in which it is concave; where the tail falls exponentially in x or 1 − x, in that.
    Each element stops by itself; some need no step, see :func:`_settled`.
    """
    alpha, beta = np.broadcast_to(alpha, u.shape), np.broadcast_to(beta, u.shape)
    inside = (u > 0.0) & (other > 0.0) & (alpha > 0.0) & (beta > 0.0)
    logit = np.select([u <= 0.0, other <= 0.0], [-np.inf, np.inf], np.nan)
    active = np.flatnonzero(inside)
    logit[active] = _start(u[active], alpha[active], beta[active])
    inside[_settled(logit, active, u, other, alpha, beta)] = False
    found = from_logit(logit)
    everywhere = active = np.flatnonzero(inside)
    for _ in range(100):
        if not active.size:
            break
        active = active[_improve(found, active, u, other, alpha, beta, fine=False)]
    _improve(found, everywhere, u, other, alpha, beta, fine=True)
    return found


def _settled(
    logit: Array,
    active: NDArray[np.integer[Any]],
    u: Array,
    other: Array,
    alpha: Array,
    beta: Array,
) -> NDArray[np.integer[Any]]:
    """Fill in the logits that need no iteration, and return which of the active ones they are.

    These are points at an end, and shapes so large that the distribution is normal.
    """
    alpha, beta, u, other = (array[active] for array in (alpha, beta, u, other))
    smaller = np.minimum(alpha, beta)
    settled = smaller > _NORMAL
    doubtful = np.flatnonzero((np.abs(logit[active]) > _END) | (smaller < 1e-2))
    if doubtful.size:
        a, b, low, high = (array[doubtful] for array in (alpha, beta, u, other))
        near_zero = np.maximum(_leading(low, high, a, b), -LARGEST)
        near_one = np.minimum(-_leading(high, low, b, a), LARGEST)
        at_zero, at_one = near_zero < -_END - np.log1p(b), near_one > _END + np.log1p(a)
        logit[active[doubtful[at_zero]]] = near_zero[at_zero]
        logit[active[doubtful[at_one]]] = near_one[at_one]
        settled[doubtful] |= at_zero | at_one
    return active[settled]


def _improve(
    found: Point,
    active: NDArray[np.integer[Any]],
    u: Array,
    other: Array,
    alpha: Array,
    beta: Array,
    fine: bool,
) -> NDArray[np.bool_]:
    """Take one step at the active elements, and return which of them need another."""
    at = Point(*(array[active] for array in found))
    alpha, beta, u = alpha[active], beta[active], u[active]
    above = _above_mean(at, alpha, beta)
    if fine:  # with a tiny β, u may be small above the mean: 1 − u then says little of it
        above &= (u > 0.5) | (beta >= 0.2)
        total = alpha + beta  # the series is the most exact, and need not end at the mean
        above &= ~((at.x <= 0.3) & (at.x * total <= 6.0) & (u < 0.7))
        above |= (at.rest <= 0.3) & (at.rest * total <= 6.0) & (other[active] < 0.7) & (u > 0.2)
    mass, _, _ = _tails(at, alpha, beta, above, fine)
    log, factor = _weight(at, alpha, beta, above)
    wanted = np.where(above, other[active], u)
    residual = np.log(wanted / (factor * mass)) - log
    mills = mass / np.where(above, beta, alpha)
    step, bent = halley(residual, mills, alpha * at.rest - beta * at.x, above)
    far = np.abs(step) > 0.1
    straight = np.log1p(np.maximum(np.where(above, step, -step), -0.5))
    step = np.where(far & above & (at.x < 0.5), straight, step)
    step = np.where(far & ~above & (at.x > 0.5), -straight, step)
    for array, moved in zip(found, _moved(at, step), strict=True):
        array[active] = moved
    return unfinished(residual, step, bent)


# Functions ------------------------------------------------------------------------------------


def point_at(x: Array) -> Point:
    """Return the point at x, with 1 − x as exact as x allows."""
    return Point(x, 1.0 - x, np.log(x) - np.log1p(-x))


def logit_derivatives(logit: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """Return D_α and D_β for flat arrays."""
    point = from_logit(logit)
    _, first, second = _tails(point, alpha, beta, _above_mean(point, alpha, beta))
    return first, second


@lru_cache(maxsize=64)
def curve(alpha: float, beta: float) -> Interpolant | None:
    """Return logit x, D_α and D_β as functions of standard normal noise, for one (α, β).

    None for tiny shapes, where logit x ranges too far.
    """
    from scipy.special import ndtr

    def exact(z: Array) -> tuple[Array, ...]:
        first, second = np.full_like(z, alpha), np.full_like(z, beta)
        point = quantile_point(ndtr(z), ndtr(-z), first, second)
        above = _above_mean(point, first, second)
        _, *slopes = _tails(point, first, second, above)
        return point.logit, *slopes

    if min(alpha, beta) < 0.1:
        return None
    found = Interpolant(exact, -REACH, REACH)
    return found if found.fits else None


@elementwise(outputs=2)
def pathwise(x: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """Return ∂x/∂α and ∂x/∂β at fixed u = I_x(α, β), both from one pass; 0 at x = 0 and x = 1.

    Parameters
    ----------
    x
        The point, in [0, 1].
    alpha, beta
        The shapes, positive.

    Returns
    -------
    tuple of ndarray
        −(∂I_x/∂α)/p(x) ≥ 0 and −(∂I_x/∂β)/p(x) ≤ 0, with a relative error below 1e-13
        (Figurnov, Mohamed & Mnih 2018, equation 6).
    """
    point = point_at(x)
    _, first, second = _tails(point, alpha, beta, _above_mean(point, alpha, beta))
    slope = point.x * point.rest
    return (
        np.where(slope == 0.0, 0.0, slope * first),
        np.where(slope == 0.0, 0.0, slope * second),
    )


@elementwise(outputs=2)
def logit_pathwise(logit: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """Return ∂logit x/∂α and ∂logit x/∂β at fixed u, given logit x: also where x rounds to 0 or 1.

    Parameters
    ----------
    logit
        ln x − ln(1 − x).
    alpha, beta
        The shapes, positive.
    """
    return logit_derivatives(logit, alpha, beta)


@elementwise(outputs=2)
def cdf_derivatives(x: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """Return ∂I_x(α, β)/∂α and ∂I_x(α, β)/∂β: derivatives of the cdf itself, at fixed x."""
    point = point_at(x)
    above = _above_mean(point, alpha, beta)
    _, first, second = _tails(point, alpha, beta, above)
    log, factor = _weight(point, alpha, beta, above)
    weight = np.exp(log) * factor * np.where(above, beta, alpha)
    return -weight * first, -weight * second


@elementwise(outputs=2)
def quantile(u: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """Return x with I_x(α, β) = u, and 1 − x, each to full relative accuracy.

    The error of either is at most four times what half an ulp of u and of the shapes forces.
    """
    point = quantile_point(u, 1.0 - u, alpha, beta)
    return point.x, point.rest


def tail(x: Array, alpha: Array, beta: Array, upper: bool) -> Array:
    """Return I_x(α, β), or 1 − I_x(α, β), to full relative accuracy, for flat arrays.

    Above ½ it is 1 less the other tail: there SciPy's own value may be off, by 2e-11 for (2, 10⁶),
    and by 1e-9 next to 1 for (½, ½).
    """
    from scipy.special import betainc, betaincc

    own, other = (betaincc, betainc) if upper else (betainc, betaincc)
    value = np.asarray(own(alpha, beta, x), dtype=np.float64)
    if np.any(high := value > 0.5):
        complement = other(alpha, beta, x, where=high, out=np.zeros_like(value))
        value = np.where(high, 1.0 - complement, value)
    if np.any(lost := np.isnan(value) & (x > 0.0) & (x < 1.0)):  # for shapes above 1e150
        value = np.where(lost, _kernel_tail(point_at(x), alpha, beta, upper), value)
    return value


def _kernel_tail(point: Point, alpha: Array, beta: Array, upper: bool) -> Array:
    """Return the same from the masses of the kernels, for large shapes."""
    above = _above_mean(point, alpha, beta)
    mass, _, _ = _tails(point, alpha, beta, above)
    log, factor = _weight(point, alpha, beta, above)
    own = np.minimum(np.exp(log) * factor * mass, 1.0)
    return np.where(above == upper, own, 1.0 - own)


@elementwise()
def log_weight(x: Array, alpha: Array, beta: Array) -> Array:
    """Return ln(x (1−x) p(x)), without the cancellation for large shapes."""
    return point_log_weight(point_at(x), alpha, beta)


@elementwise()
def logit_log_weight(logit: Array, alpha: Array, beta: Array) -> Array:
    """Return the log density of logit x, ln(x (1−x) p(x)), given logit x."""
    return point_log_weight(from_logit(logit), alpha, beta)


def point_log_weight(point: Point, alpha: Array, beta: Array) -> Array:
    """Return ln(x (1−x) p) for flat arrays."""
    above = _above_mean(point, alpha, beta)
    log, factor = _weight(point, alpha, beta, above)
    return log + np.log(factor * np.where(above, beta, alpha))


@elementwise()
def logit_entropy(alpha: Array, beta: Array) -> Array:
    """Return the entropy of logit x: ln B(α, β) − α ψ(α) − β ψ(β) + (α+β) ψ(α+β).

    It is the sum of those of ln x for gamma distributions of shapes α and β, less that of α + β.
    """
    return np.asarray(log_entropy(alpha) + log_entropy(beta) - log_entropy(alpha + beta))
