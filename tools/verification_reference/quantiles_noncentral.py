"""Quantiles of the noncentral χ² distribution."""

from __future__ import annotations

from typing import Any

from mpmath import mp, mpf
from quantiles import Near, Quantile, fixed, newton


def log_quantile(near: Near, u: Any, df: Any, lam: Any) -> Any:
    """Return ln x, from sums over Poisson N of mean λ/2, with h = x/2 and μ = df/2.

    P(X ≤ x) = Σ_j P(N ≤ j) h^(μ+j) e^−h/Γ(μ+j+1).
    """
    mu, half, above = df / 2, lam / 2, 2 * u > 1

    def tail(log: Any) -> tuple[Any, Any]:
        h = mp.exp(log) / 2
        one, h_part, half_part, at = fixed(h, half, mu)
        scale = mp.exp(mu * mp.log(h) - h - mp.loggamma(mu + 1) - half)
        term = weight = below = total = one
        density, j = at, 0
        while j < h or term > 1:
            j, at = j + 1, at + one
            term = term * h_part // at
            weight = weight * half_part // one // j
            below += weight
            total += term * below // one
            density += term * weight // one * at // one
        probability = mpf(total) / one * scale
        probability = 1 - probability if above else probability
        return probability, probability / (mpf(density) / one * scale)

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


def moderate(df: float, noncentrality: float) -> tuple[float, ...]:
    """Return both within what sums of some hundred terms reach."""
    return max(min(df, 510.0), 0.05), min(noncentrality, 510.0)


DISTRIBUTIONS = {
    "noncentral-chi-square": Quantile(
        noncentral_chi_square,
        {"df": "shape", "noncentrality": "shape"},
        made=moderate,
    ),
}
