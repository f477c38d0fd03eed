"""Quantiles of the noncentral χ² distribution and Rice's."""

from __future__ import annotations

from typing import Any

from mpmath import mp, mpf
from quantiles import Near, Quantile, fixed, newton


def log_quantile(near: Near, u: Any, df: Any, lam: Any) -> Any:
    """Return ln x, from sums over Poisson N of mean λ/2, with h = x/2 and μ = df/2.

    P(X ≤ x) = Σ_j P(N ≤ j) h^(μ+j) e^−h/Γ(μ+j+1), without what is nothing of it left of N's place.
    """
    mu, half, above = df / 2, lam / 2, 2 * u > 1

    def tail(log: Any) -> tuple[Any, Any]:
        h = mp.exp(log) / 2
        place = min(half, mp.sqrt(half * h))
        j = max(int(place - 2 * mp.sqrt(place * mp.dps * mp.log(10))), 0)
        one, h_part, half_part, at = fixed(h, half, mu + j)
        scale = mp.exp((mu + j) * mp.log(h) - h - mp.loggamma(mu + j + 1))
        scale *= mp.exp(j * mp.log(half) - half - mp.loggamma(j + 1))
        bits = one.bit_length() - 1
        term = weight = below = total = one
        first, density = at, 0
        while j < h or term > 1:
            j, at, before = j + 1, at + one, term
            term = term * h_part // at
            weight = (weight * half_part >> bits) // j
            below += weight
            total += term * below >> bits
            density += before * weight >> bits
        probability = mpf(total) / one * scale
        probability = 1 - probability if above else probability
        return probability, probability / ((first + density * h) / one * scale)

    target = 1 - u if above else u
    sign, start = -1 if above else 1, near.get("log")
    if start is None:  # the tail's logarithm is not concave if df < 2: halve first
        reach = -mp.log(target)
        low = mp.log(2) + (mp.log(u) + mp.loggamma(mu + 1)) / mu
        high = mp.log(lam + df + 2 * mp.sqrt((df + 2 * lam) * reach) + 2 * reach)
        with mp.workdps(30 + int(reach / mp.log(10))):
            off = mpf(1)
            while abs(off) > 0.1:
                start = (low + high) / 2
                off = tail(start)[0] / target - 1
                low, high = (low, start) if sign * off > 0 else (start, high)
    near["log"] = newton(tail, target, start, sign)
    return near["log"]


def noncentral_chi_square(near: Near, u: Any, df: Any, noncentrality: Any) -> Any:
    return mp.exp(log_quantile(near, u, df, noncentrality))


def rice(near: Near, u: Any, distance: Any, scale: Any) -> Any:
    return scale * mp.exp(log_quantile(near, u, mpf(2), distance**2) / 2)


def moderate(df: float, noncentrality: float) -> tuple[float, ...]:
    """Return both within what sums of some hundred terms reach."""
    return max(min(df, 510.0), 0.05), min(noncentrality, 510.0)


def not_far(distance: float, scale: float) -> tuple[float, ...]:
    """Return both, the square of the first one within the same."""
    return min(distance, 160.5), scale


DISTRIBUTIONS = {
    "noncentral-chi-square": Quantile(
        noncentral_chi_square,
        {"df": "shape", "noncentrality": "shape"},
        made=moderate,
    ),
    "rice": Quantile(rice, {"distance": "shape", "scale": "scale"}, made=not_far),
}
