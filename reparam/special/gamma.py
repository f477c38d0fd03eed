"""The gamma distribution with unit rate: derivatives in the shape α, and quantiles.

F(x; α) = P(α, x), the regularized lower incomplete gamma function (DLMF 8.2.4), with density p.
Everything is on the scale of ln x, on which draws and derivatives stay finite when x underflows:

    h = ∂ln x/∂α at fixed u = F(x; α),   h = −(∂P/∂α) / (x p).

The family is exponential with statistic ln t, so ∂P/∂α = ∫₀ˣ (ln t − ψ(α)) p(t) dt. The integrand
changes sign once. Integrated from the end of the support where it keeps one sign, nothing cancels,
and the quotient by x p needs neither p nor Γ(α): both underflow long before h does.

Below the mean the integral is taken at α + 1, where it is tame for tiny α too, and brought back by
P(α, x) = P(α+1, x) + x^α e^−x/Γ(α+1) (DLMF 8.8.5):

    h(α) = (x h(α+1) + ψ(α+1) − ln x) / α,    M(α) = (x M(α+1) + 1) / α,

two positive terms, since ln α < ψ(α+1). M = F/(x p) and, above the mean, M = (1 − F)/(x p) is the
Mills ratio on this scale; it comes from the same nodes and gives cdf and quantile.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._accurate import LARGEST, bend, log1pmx
from reparam.special._elementwise import (
    Regime,
    Rule,
    column,
    elementwise,
    integrate,
    select,
    weighted,
)
from reparam.special._expansions import TABLES, Table
from reparam.special._interpolate import REACH, Interpolant
from reparam.special._newton import halley, unfinished
from reparam.special._rules import (
    BETA_HIGH,
    BETA_LOW,
    CUTOFF,
    GAMMA_ABOVE_HALF,
    GAMMA_ABOVE_TEN,
    GAMMA_ABOVE_TWO,
    GAMMA_BELOW,
)
from reparam.special.polygamma import delta

__all__ = [
    "cdf",
    "cdf_derivative",
    "log_entropy",
    "log_pathwise",
    "log_quantile",
    "log_weight",
    "pathwise",
    "quantile",
    "sf",
]

# Regimes: each returns h, or (M, h), from x, ln x and α ------------------------------------------


def _series(x: Array, log_x: Array, alpha: Array, terms: int) -> Array:
    """h = Σ x^k/(α)_{k+1} (ψ(α+k+1) − ln x): the power series (DLMF 8.7.1), differentiated.

    For x ≤ max(α, ½) all terms are positive. Summed backwards, each step a multiplication by
    x/(α+k); error 1e-15 with 10 terms for x ≤ 0.3, with 22 for x ≤ 2.
    """
    top = alpha + (terms + 1.0)
    coefficient = np.log(top) - delta(top) - log_x
    total, inverse = coefficient.copy(), np.empty_like(x)
    for k in range(terms, 0, -1):
        np.add(alpha, float(k), out=inverse)
        np.divide(1.0, inverse, out=inverse)
        coefficient -= inverse
        inverse *= x
        total *= inverse
        total += coefficient
    total /= alpha
    return total


def _series_mills(x: Array, log_x: Array, alpha: Array, terms: int) -> Array:
    """M = Σ x^k/(α)_{k+1} (DLMF 8.7.1)."""
    total: Array = np.ones_like(x)
    for k in range(terms, 0, -1):
        total *= x / (alpha + float(k))
        total += 1.0
    return total / alpha


def _below(x: Array, log_x: Array, alpha: Array) -> tuple[Array, Array]:
    """From below, 2 ≤ x ≤ α ≤ 8: ∫₀¹ τ^α e^(x(1−τ)) dτ at α + 1, with t = xτ, and with −ln τ.

    14 fixed nodes, error 1e-14.
    """
    from scipy.special import digamma

    node, weight = np.array(GAMMA_BELOW)
    log, rest = np.log(node), column(1.0 - node)

    def integrals(density: Array, power: Array, x: Array, alpha: Array) -> tuple[Array, ...]:
        np.multiply(rest, x, out=density)
        density += np.multiply(column(log), alpha, out=power)
        np.exp(density, out=density)
        return weighted(density, weight), weighted(density, -log * weight)

    mass, first = integrate(integrals, node.size, 2, x, alpha)
    distance = digamma(alpha + 1.0) - log_x
    return (x * mass + 1.0) / alpha, (x * (distance * mass + first) + distance) / alpha


def _above(x: Array, log_x: Array, alpha: Array, rule: Rule) -> tuple[Array, Array]:
    """From above, α ≤ min(x, 16): (1/x) ∫₀^∞ (1 + v/x)^(α−1) e^(−v) dv, t = x + v, and with log1p.

    h = (ln x − ψ(α)) M + (1/x) ∫₀^∞ log1p(v/x) …. 10 to 12 fixed nodes, error 1e-14.
    """
    from scipy.special import digamma

    node, weight = np.array(rule)
    weight = weight * np.exp(-node)

    def integrals(
        log: Array, density: Array, x: Array, log_x: Array, power: Array
    ) -> tuple[Array, ...]:
        np.add(column(node), x, out=log)
        np.log(log, out=log)
        log -= log_x
        np.multiply(log, power, out=density)
        np.exp(density, out=density)
        mass = weighted(density, weight)
        density *= log
        return mass, weighted(density, weight)

    mass, first = integrate(integrals, node.size, 2, x, log_x, alpha - 1.0)
    return mass / x, ((log_x - digamma(alpha)) * mass + first) / x


def _expansion(x: Array, log_x: Array, alpha: Array, table: Table) -> Array:
    """h = G(w, 1/α)/α with w = ln(x/α): the large-shape expansion, error 1e-15.

    See ``tools/gamma_expansion.py``. For a scalar α the coefficients of w^j are scalars.
    """
    inverse = 1.0 / alpha
    w = np.log1p((x - alpha) * inverse)
    total = np.zeros_like(x)
    for row in reversed(table.rows):
        coefficient: Any = row[-1]
        for entry in reversed(row[:-1]):
            coefficient = coefficient * inverse
            coefficient += entry
        total *= w
        total += coefficient
    total *= inverse
    return total


def _scaled_below(x: Array, log_x: Array, alpha: Array) -> tuple[Array, Array]:
    """From below at α + 1, t = x e^(−s): weight exp(−(α+1−x) s − x (e^(−s) − 1 + s)), any α ≥ 8."""
    return _from_below(x, log_x, alpha, *_scaled(alpha + 1.0 - x, x, -1.0, BETA_LOW))


def _from_below(
    x: Array, log_x: Array, alpha: Array, mass: Array, first: Array
) -> tuple[Array, Array]:
    # ψ(α+1) − ln x without cancellation: 1/α − δ(α) − ln(x/α), both parts positive
    distance = 1.0 / alpha - delta(alpha) - _log_ratio(x, log_x, alpha)
    return (x * mass + 1.0) / alpha, (x * (distance * mass + first) + distance) / alpha


def _scaled_above(x: Array, log_x: Array, alpha: Array) -> tuple[Array, Array]:
    """From above, t = x e^s: weight exp(−(x−α) s − x (e^s − 1 − s)), any α ≥ 8."""
    mass, first = _scaled(x - alpha, x, 1.0, BETA_HIGH)
    return mass, (_log_ratio(x, log_x, alpha) + delta(alpha)) * mass + first


def _scaled(slope: Array, x: Array, sign: float, rule: Rule) -> tuple[Array, Array]:
    """Return ∫₀^∞ W ds and ∫₀^∞ s W ds, W(s) = exp(−slope s − x (e^(±s) − 1 ∓ s)).

    The rule is scaled to end where the exponent reaches its cutoff, to a few per cent.
    """
    length = 2.0 * CUTOFF / (slope + np.sqrt(slope * slope + 2.0 * CUTOFF * x))
    for _ in range(4):
        excess = slope * length + x * bend(sign * length) - CUTOFF
        length = length - excess / (slope + sign * x * np.expm1(sign * length))
    node, weight = np.array(rule)

    def integrals(s: Array, length: Array, slope: Array, x: Array) -> tuple[Array, ...]:
        np.multiply(column(node), length, out=s)
        density = bend(sign * s)
        density *= -x
        density -= s * slope
        np.exp(density, out=density)
        return weighted(density, weight), weighted(density, node * weight) * length

    mass, first = integrate(integrals, node.size, 1, length, slope, x)
    return mass * length, first * length


def _log_ratio(x: Array, log_x: Array, alpha: Array) -> Array:
    """Return ln(x/α), from the exact difference where x is near α."""
    ratio = (x - alpha) / alpha
    near = np.log1p(ratio)
    if np.all(close := np.abs(ratio) < 0.5):
        return np.asarray(near)
    far = np.where(x > 1e-290, np.log(x / alpha), log_x - np.log(alpha))
    return np.where(close, near, far)


# The choice between regimes -------------------------------------------------------------------


def _part(index: int, formula: Callable[..., tuple[Array, Array]]) -> Regime:
    return Regime(lambda x, log_x, alpha: formula(x, log_x, alpha)[index])


_BOTH = (
    _below,
    partial(_above, rule=GAMMA_ABOVE_HALF),
    partial(_above, rule=GAMMA_ABOVE_TWO),
    partial(_above, rule=GAMMA_ABOVE_TEN),
    _scaled_below,
    _scaled_above,
)
#: M, and h, of (x, ln x, α), in the order that :func:`_choose` numbers them.
_MILLS = (
    Regime(partial(_series_mills, terms=12)),
    Regime(partial(_series_mills, terms=22)),
    *(_part(0, formula) for formula in _BOTH),
)
_DERIVATIVE = (
    Regime(partial(_series, terms=12)),
    Regime(partial(_series, terms=22)),
    *(_part(1, formula) for formula in _BOTH),
    *(Regime(partial(_expansion, table=table)) for table in TABLES),
)
_SCALED, _TABLES = 6, 8


def _choose(x: Array, alpha: Array, *, expand: bool = True) -> NDArray[np.integer[Any]]:
    """Return the number of the regime for each element.

    Parameters
    ----------
    x, alpha
        The point and the shape.
    expand
        Whether the large-shape expansion may be used; it gives h, but not M.
    """
    above = x > np.maximum(alpha, 0.5)
    below = (x > 0.3).view(np.int8) + (x > 2.0)
    choice = below + above * (3 + (x >= 2.0) + (x >= 10.0) - below)
    large = alpha >= TABLES[0].least
    if not np.any(large):
        return choice
    scaled = _SCALED + above.view(np.int8)
    if expand:
        # (x − α)² ≤ 25 x keeps |w| ≤ 5/√α, since |w| ≤ 2 sinh(|w|/2) = |x − α|/√(xα)
        central = (x - alpha) ** 2 <= 25.0 * x
        table = sum(((alpha >= table.least) for table in TABLES[1:]), start=np.int8(_TABLES))
        scaled = scaled + central * (table - scaled)
    return choice + large * (scaled - choice)


# Tail probabilities ---------------------------------------------------------------------------

#: B_2k/(2k(2k−1)) for k = 1, 2, … in ln Γ*(α) ~ Σ (B_2k/(2k(2k−1))) α^(1−2k), for α ≥ 8.
_STIRLING = (
    1 / 12,
    -1 / 360,
    1 / 1260,
    -1 / 1680,
    1 / 1188,
    -691 / 360360,
    1 / 156,
    -3617 / 122400,
)


def log_gamma_star(alpha: Array) -> Array:
    """Return ln Γ*(α) = ln Γ(α) − (α − ½) ln α + α − ½ ln 2π for α ≥ 1 (DLMF 5.11.1).

    Below 8 it is carried up: with s = 1/(2α + 1), ln Γ*(α) = ln Γ*(α+1) + atanh(s)/s − 1, whose
    series Σ s^2k/(2k+1) has no cancellation.
    """
    carried = np.zeros_like(alpha)
    while np.any(low := alpha < 8.0):
        square = (1.0 / (2.0 * alpha + 1.0)) ** 2
        step = np.zeros_like(alpha)
        for k in range(16, 0, -1):
            step = (step + 1.0 / (2 * k + 1)) * square
        carried += np.where(low, step, 0.0)
        alpha = np.where(low, alpha + 1.0, alpha)
    inverse = 1.0 / alpha
    square = inverse * inverse
    series = np.zeros_like(alpha)
    for coefficient in reversed(_STIRLING):
        series = series * square + coefficient
    return carried + series * inverse


def _weight(x: Array, log_x: Array, alpha: Array) -> tuple[Array, Array]:
    """Return w and c with x p(x) = x^α e^−x/Γ(α) = e^w c, w small where the tail is not.

    For α ≥ 1, w = α (ln(x/α) − (x − α)/α) − ln Γ*(α) and c = √(α/2π) (Loader 2000).
    """
    from scipy.special import gammaln

    direct = alpha * log_x - x - gammaln(alpha + 1.0)
    if not np.any(large := alpha >= 1.0):
        return direct, alpha
    shape = np.maximum(alpha, 1.0)
    ratio = (x - shape) / shape
    apart = np.where(x > 1e-290, np.log(x / shape), log_x - np.log(shape))
    near = np.where(np.abs(ratio) < 0.5, log1pmx(ratio), apart - ratio)
    return (
        np.where(large, shape * near - log_gamma_star(shape), direct),
        np.where(large, np.sqrt(shape / (2.0 * math.pi)), alpha),
    )


def _start(u: Array, other: Array, alpha: Array) -> Array:
    """Return a first guess of ln x: Wilson & Hilferty (1931), or the leading term of the series."""
    from scipy.special import gammaln, ndtri

    normal = np.where(u < 0.5, ndtri(u), -ndtri(other))
    root = 1.0 - 1.0 / (9.0 * alpha) + normal / (3.0 * np.sqrt(alpha))
    leading = np.minimum((np.log(u) + gammaln(alpha + 1.0)) / alpha, 0.0)
    cubed = np.log(alpha) + 3.0 * np.log(np.maximum(root, 0.1))
    return np.where((root > 0.2) & (alpha > 0.1), cubed, leading)


def quantile_logs(u: Array, other: Array, alpha: Array) -> tuple[Array, Array]:
    """Return x and ln x with P(α, x) = u, where `other` = 1 − u, for flat arrays.

    Halley's method on the logarithm of the tail on the point's own side of the mean. ln F is
    concave in ln x and ln(1 − F) in x (for α ≥ 1; nearly linear otherwise), so that the iteration
    converges from anywhere. Each element stops by itself.
    """
    log_x = np.select([u <= 0.0, other <= 0.0], [-np.inf, np.inf], np.nan)
    x = np.exp(log_x)
    active = np.flatnonzero((u > 0.0) & (other > 0.0) & (alpha > 0.0))
    alpha = np.broadcast_to(alpha, u.shape)
    log_x[active] = np.maximum(_start(u[active], other[active], alpha[active]), -LARGEST)
    x[active] = np.exp(log_x[active])
    # the leading term is exact for shapes so small that 1/α all but overflows
    everywhere = active = active[log_x[active] > -1e300]
    for _ in range(100):
        if not active.size:
            break
        active = active[_improve(x, log_x, active, u, other, alpha)]
    _improve(x, log_x, everywhere, u, other, alpha)
    return x, log_x


def _improve(
    x: Array,
    log_x: Array,
    active: NDArray[np.integer[Any]],
    u: Array,
    other: Array,
    alpha: Array,
) -> NDArray[np.bool_]:
    """Take one step at the active elements, and return which of them need another."""
    at, log_at, alpha = x[active], log_x[active], alpha[active]
    above = at > np.maximum(alpha, 0.5)
    mills = select(_choose(at, alpha, expand=False), _MILLS, at, log_at, alpha)
    log, factor = _weight(at, log_at, alpha)
    wanted = np.where(above, other[active], u[active])
    residual = np.log(wanted / (factor * mills)) - log
    step, bent = halley(residual, mills, alpha - at, above)
    straight = np.where(above, np.log1p(np.maximum(step, -0.5)), np.minimum(step, 2.0))
    step = np.where(np.abs(step) > 0.1, straight, step)
    moved = at + at * np.expm1(step)
    normal = moved > 1e-290
    log_x[active] = np.where(normal, np.log(moved), log_at + step)
    x[active] = np.where(normal, moved, np.exp(log_x[active]))
    return unfinished(residual, step, bent)


# Functions ------------------------------------------------------------------------------------


def _log_derivative(x: Array, log_x: Array, alpha: Array) -> Array:
    return np.asarray(select(_choose(x, alpha), _DERIVATIVE, x, log_x, alpha))


def log_derivative(log_x: Array, alpha: Array) -> Array:
    """Return h for flat arrays."""
    return _log_derivative(np.exp(log_x), log_x, alpha)


@lru_cache(maxsize=64)
def curve(alpha: float) -> Interpolant | None:
    """Return ln(x/max(α, 1)) and h as functions of standard normal noise, for one α.

    None for tiny shapes, where ln x ranges too far.
    """
    from scipy.special import ndtr

    def exact(z: Array) -> tuple[Array, ...]:
        shape = np.full_like(z, alpha)
        x, log_x = quantile_logs(ndtr(z), ndtr(-z), shape)
        ratio = _log_ratio(x, log_x, shape) if alpha >= 1.0 else log_x
        return ratio, _log_derivative(x, log_x, shape)

    if alpha < 0.1:
        return None
    found = Interpolant(exact, -REACH, REACH)
    return found if found.fits else None


@elementwise()
def log_pathwise(log_x: Array, alpha: Array) -> Array:
    """Return ∂ln x/∂α at fixed u = P(α, x), given ln x: also where x underflows.

    Parameters
    ----------
    log_x
        The natural logarithm of the point.
    alpha
        The shape, positive.

    Returns
    -------
    ndarray
        −(∂P(α, x)/∂α) / (x p(x)) > 0, with a relative error below 1e-13.
    """
    return log_derivative(log_x, alpha)


@elementwise()
def pathwise(x: Array, alpha: Array) -> Array:
    """Return ∂x/∂α at fixed u = P(α, x): −(∂P(α, x)/∂α) / p(x), 0 at x = 0.

    Parameters
    ----------
    x
        The point, positive.
    alpha
        The shape, positive.

    Returns
    -------
    ndarray
        With a relative error below 1e-13 (Figurnov, Mohamed & Mnih 2018, equation 6).
    """
    return np.where(x == 0.0, 0.0, x * _log_derivative(x, np.log(x), alpha))


@elementwise()
def cdf_derivative(x: Array, alpha: Array) -> Array:
    """Return ∂P(α, x)/∂α: the derivative of the cdf itself, at fixed x.

    It is −x p(x) h. See :func:`log_pathwise`.
    """
    log_x = np.log(x)
    log, factor = _weight(x, log_x, alpha)
    return -np.exp(log) * factor * _log_derivative(x, log_x, alpha)


@elementwise()
def quantile(u: Array, alpha: Array) -> Array:
    """Return x with P(α, x) = u, for 0 ≤ u ≤ 1; 0 where x underflows.

    The error is at most four times what half an ulp of u and of α forces.
    """
    return quantile_logs(u, 1.0 - u, alpha)[0]


@elementwise()
def log_quantile(u: Array, alpha: Array) -> Array:
    """Return ln x with P(α, x) = u: finite for u > 0 where x itself underflows."""
    return quantile_logs(u, 1.0 - u, alpha)[1]


@elementwise()
def cdf(x: Array, alpha: Array) -> Array:
    """Return P(α, x)."""
    return _tail(x, alpha, upper=False)


@elementwise()
def sf(x: Array, alpha: Array) -> Array:
    """Return Q(α, x) = 1 − P(α, x), to full relative accuracy."""
    return _tail(x, alpha, upper=True)


def _tail(x: Array, alpha: Array, upper: bool) -> Array:
    # SciPy's is accurate for moderate shapes; far below the mean of large ones it is not
    from scipy.special import gammainc, gammaincc

    value = np.asarray((gammaincc if upper else gammainc)(alpha, x))
    value = np.minimum(value, 1.0)  # it may be a rounding above
    alpha = np.broadcast_to(alpha, x.shape)
    large = np.flatnonzero((alpha >= 20.0) & (x > 0.0) & (x < np.inf))
    if large.size:
        at, shape = x[large], alpha[large]
        log_at = np.log(at)
        log, factor = _weight(at, log_at, shape)
        mills = select(_choose(at, shape, expand=False), _MILLS, at, log_at, shape)
        tail = np.exp(log) * factor * mills
        value[large] = np.where((at > shape) == upper, tail, 1.0 - tail)
    return value


@elementwise()
def log_weight(x: Array, alpha: Array) -> Array:
    """Return ln(x p(x)) = ln(x^α e^−x/Γ(α)), without its cancellation for large α."""
    log, factor = _weight(x, np.log(x), alpha)
    return log + np.log(factor)


@elementwise()
def log_entropy(alpha: Array) -> Array:
    """Return the entropy of ln x: ln Γ(α) − α ψ(α) + α, without its cancellation for large α."""
    from scipy.special import digamma, gammaln

    shape = np.maximum(alpha, 1.0)
    large = 0.5 * np.log(2.0 * math.pi / shape) + log_gamma_star(shape) + shape * delta(shape)
    # Γ(α) and ψ(α) overflow for subnormal α; Γ(α+1)/α and ψ(α+1) − 1/α are put in
    small = gammaln(alpha + 1.0) - np.log(alpha) - alpha * digamma(alpha + 1.0) + 1.0 + alpha
    return np.where(alpha >= 1.0, large, small)
