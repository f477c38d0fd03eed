"""The tail integrals of the gamma distribution with unit rate, and its derivative in the shape α.

F(x; α) = P(α, x), the regularized lower incomplete gamma function (DLMF 8.2.4), with density p.
Everything is on the scale of ln x, on which draws and derivatives stay finite when x underflows:

    h = ∂ln x/∂α at fixed u = F(x; α),   h = −(∂P/∂α) / (x p).

The family is exponential with statistic ln t, so ∂P/∂α = ∫₀ˣ (ln t − ψ(α)) p(t) dt. The integrand
changes sign once. Integrated from the endpoint of the support where it keeps one sign, nothing
cancels, and the quotient by x p needs neither p nor Γ(α): both underflow long before h does.

Below the mean the integral is taken at α + 1, where it is tame for tiny α too, and brought back by
P(α, x) = P(α+1, x) + x^α e^−x/Γ(α+1) (DLMF 8.8.5):

    h(α) = (x h(α+1) + ψ(α+1) − ln x) / α,    M(α) = (x M(α+1) + 1) / α,

two positive terms, since ln α < ψ(α+1). M = F/(x p) and, above the mean, M = (1 − F)/(x p) is the
Mills ratio on this scale; it comes from the same nodes and gives cdf and quantile.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._accurate import bend
from reparam.special._elementwise import Rule, column, integrate, select, weighted
from reparam.special._expansions import TABLES, Table
from reparam.special._rules import (
    BETA_HIGH,
    BETA_LOW,
    CUTOFF,
    GAMMA_ABOVE_FIVE,
    GAMMA_ABOVE_HALF,
    GAMMA_ABOVE_TEN,
    GAMMA_ABOVE_TWELVE,
    GAMMA_ABOVE_TWO,
    GAMMA_BELOW,
)
from reparam.special._served import served
from reparam.special.polygamma import delta

__all__ = ["above_mean", "log_derivative", "log_ratio", "mills"]

# Regimes: each returns h, or (M, h), from x, ln x and α ------------------------------------------


def _series(x: Array, log_x: Array, alpha: Array, terms: int) -> Array:
    """h = Σ x^k/(α)_{k+1} (ψ(α+k+1) − ln x): the power series (DLMF 8.7.1), differentiated.

    For x ≤ max(α, ½) all terms are positive. Summed backwards, each step a multiplication by
    x/(α+k); error 1e-15 with 12 terms for x ≤ 0.3, 3e-15 with 22 for x ≤ 2.
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
    """M = Σ x^k/(α)_{k+1} (DLMF 8.7.1), summed likewise; error 5e-16."""
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
    return _carried(x, alpha, mass, first, distance)


def _carried(
    x: Array, alpha: Array, mass: Array, first: Array, distance: Array
) -> tuple[Array, Array]:
    """Bring ∫W and ∫sW at α + 1 back to α: return M and h, with `distance` = ψ(α+1) − ln x."""
    return (x * mass + 1.0) / alpha, (x * (distance * mass + first) + distance) / alpha


def _above(x: Array, log_x: Array, alpha: Array, rule: Rule) -> tuple[Array, Array]:
    """From above, α ≤ min(x, 8): ∫₀^∞ e^(αs − x (e^s − 1)) ds, t = x e^s, and with s.

    h = (ln x − ψ(α)) M + ∫₀^∞ s …. 12 to 15 fixed nodes, at which e^s − 1 is a constant: each takes
    one exponential. Error 1e-14.
    """
    from scipy.special import digamma

    node, weight = np.array(rule)
    fall = column(-np.expm1(node))

    def integrals(density: Array, power: Array, x: Array, alpha: Array) -> tuple[Array, ...]:
        np.multiply(fall, x, out=density)
        density += np.multiply(column(node), alpha, out=power)
        np.exp(density, out=density)
        return weighted(density, weight), weighted(density, node * weight)

    mass, first = integrate(integrals, node.size, 2, x, alpha)
    return mass, (log_x - digamma(alpha)) * mass + first


def _far_above(x: Array, log_x: Array, alpha: Array) -> tuple[Array, Array]:
    """From far above, x ≥ 30: (1/x) ∫₀^∞ (1 + v/x)^(α−1) e^(−v) dv, t = x + v, and with log1p.

    h = (ln x − ψ(α)) M + (1/x) ∫₀^∞ log1p(v/x) …. 10 fixed nodes, error 1e-14.
    """
    from scipy.special import digamma

    node, weight = np.array(GAMMA_ABOVE_TEN)
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
    """From below at α + 1, t = x e^(−s): W = exp(−(α+1−x) s − x (e^(−s) − 1 + s)), any α ≥ 8.

    20 nodes on a range found for each x, error 1e-14.
    """
    mass, first = _scaled(alpha + 1.0 - x, x, -1.0, BETA_LOW)
    # ψ(α+1) − ln x without cancellation: 1/α − δ(α) − ln(x/α), both parts positive
    distance = 1.0 / alpha - delta(alpha) - log_ratio(x, log_x, alpha)
    return _carried(x, alpha, mass, first, distance)


def _scaled_above(x: Array, log_x: Array, alpha: Array) -> tuple[Array, Array]:
    """From above, t = x e^s: W = exp(−(x−α) s − x (e^s − 1 − s)), any α ≥ 8.

    27 nodes on a range found for each x, error 1e-14.
    """
    mass, first = _scaled(x - alpha, x, 1.0, BETA_HIGH)
    return mass, (log_ratio(x, log_x, alpha) + delta(alpha)) * mass + first


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
        np.multiply(column(sign * node), length, out=s)
        density = bend(s)
        density *= -x
        s *= sign * slope
        density -= s
        np.exp(density, out=density)
        return weighted(density, weight), weighted(density, node * weight) * length

    mass, first = integrate(integrals, node.size, 1, length, slope, x)
    return mass * length, first * length


def log_ratio(x: Array, log_x: Array, alpha: Array) -> Array:
    """Return ln(x/α), from the exact difference where x is near α."""
    ratio = (x - alpha) / alpha
    near = np.log1p(ratio)
    if np.all(close := np.abs(ratio) < 0.5):
        return np.asarray(near)
    quotient = x / alpha
    far = np.where(quotient > 1e-290, np.log(quotient), log_x - np.log(alpha))
    return np.where(close, near, far)


# The choice between regimes -------------------------------------------------------------------


def _part(index: int, formula: Callable[..., tuple[Array, Array]]) -> Callable[..., Array]:
    return lambda x, log_x, alpha: formula(x, log_x, alpha)[index]


_BOTH = (
    _below,
    partial(_above, rule=GAMMA_ABOVE_HALF),
    partial(_above, rule=GAMMA_ABOVE_TWO),
    partial(_above, rule=GAMMA_ABOVE_FIVE),
    partial(_above, rule=GAMMA_ABOVE_TWELVE),
    _far_above,
    _scaled_below,
    _scaled_above,
)
#: M, and h, of (x, ln x, α), in the order that :func:`_choose` numbers them.
_MILLS: tuple[Callable[..., Array], ...] = (
    partial(_series_mills, terms=12),
    partial(_series_mills, terms=22),
    *(_part(0, formula) for formula in _BOTH),
)
_DERIVATIVE: tuple[Callable[..., Array], ...] = (
    partial(_series, terms=12),
    partial(_series, terms=22),
    *(_part(1, formula) for formula in _BOTH),
    *(partial(_expansion, table=table) for table in TABLES),
)
_SCALED, _TABLES = 8, 10


def _choose(x: Array, alpha: Array, *, expand: bool = True) -> NDArray[np.integer[Any]]:
    """Return the number of the regime for each element.

    Parameters
    ----------
    x, alpha
        The point and the shape.
    expand
        Whether the large-shape expansion may be used; it gives h, but not M.
    """
    above = above_mean(x, alpha)
    below = (x > 0.3).view(np.int8) + (x > 2.0)
    choice = below + above * (3 + (x >= 2.0) + (x >= 5.0) + (x >= 12.0) + (x >= 30.0) - below)
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


def above_mean(x: Array, alpha: Array) -> NDArray[np.bool_]:
    """Return where the upper tail is the one to integrate: x > α, or ½ for smaller shapes."""
    return x > np.maximum(alpha, 0.5)


def mills(x: Array, log_x: Array, alpha: Array) -> Array:
    """Return M, of the upper tail above the mean and of the lower one below."""
    return np.asarray(select(_choose(x, alpha, expand=False), _MILLS, x, log_x, alpha))


def log_derivative(x: Array | None, log_x: Array, alpha: Array) -> Array:
    """Return h. Without x it is e^(ln x)."""
    return served("gamma", _log_derivative, (x, log_x, alpha), np.empty(log_x.size))[0]


def _log_derivative(x: Array | None, log_x: Array, alpha: Array) -> tuple[Array]:
    if x is None:
        x = np.exp(log_x)
    return (np.asarray(select(_choose(x, alpha), _DERIVATIVE, x, log_x, alpha)),)
