"""Quantiles of further laws in elementary functions: see ``quantiles.py``."""

from __future__ import annotations

from typing import Any

from mpmath import mp, mpf
from quantiles import Near, Quantile, gamma_of


def frechet(near: Near, u: Any, scale: Any, concentration: Any) -> Any:
    return scale * (-mp.log(u)) ** (-1 / concentration)


def log_logistic(near: Near, u: Any, scale: Any, concentration: Any) -> Any:
    return scale * (u / (1 - u)) ** (1 / concentration)


def maxwell(near: Near, u: Any, scale: Any) -> Any:
    return scale * mp.sqrt(2 * gamma_of(near, mpf(3) / 2, u, 1 - u))


def rayleigh(near: Near, u: Any, scale: Any) -> Any:
    return scale * mp.sqrt(-2 * mp.log(1 - u))


def soft_laplace(near: Near, u: Any, loc: Any, scale: Any) -> Any:
    return loc + scale * mp.log(mp.tan(mp.pi * u / 2))


def apart(first: float, second: float) -> tuple[float, float]:
    """Return two numbers, the smaller one first."""
    low, high = sorted((first, second))
    return low, high if low < high else 2.0 * high


def log_uniform(near: Near, u: Any, low: Any, high: Any) -> Any:
    return low ** (1 - u) * high**u


def with_peak(low: float, high: float, odds: float) -> tuple[float, float, float]:
    """Return the ends, and a peak whose distances from them have these odds."""
    return low, high, low + (high - low) * (odds / (1.0 + odds))


def triangular(near: Near, u: Any, low: Any, high: Any, peak: Any) -> Any:
    if u < (peak - low) / (high - low):
        return low + mp.sqrt(u * (high - low) * (peak - low))
    return high - mp.sqrt((1 - u) * (high - low) * (high - peak))


def generalized_pareto(near: Near, u: Any, concentration: Any, loc: Any, scale: Any) -> Any:
    t = -mp.log(1 - u)
    return loc + scale * (mp.expm1(concentration * t) / concentration if concentration else t)


def with_tail(size: float, loc: float, scale: float) -> tuple[float, float, float]:
    """Return ξ between −1 and 0 of integers, else between 0 and 2."""
    return (2.0 * size / (1.0 + size) if size % 1.0 else -size / (2.0 + size)), loc, scale


def levy(near: Near, u: Any, loc: Any, scale: Any) -> Any:
    return loc + scale / (2 * gamma_of(near, mpf(1) / 2, 1 - u, u))


DISTRIBUTIONS = {
    "frechet": Quantile(frechet, {"scale": "scale", "concentration": "shape"}),
    "log-logistic": Quantile(log_logistic, {"scale": "scale", "concentration": "shape"}),
    "maxwell": Quantile(maxwell, {"scale": "scale"}),
    "rayleigh": Quantile(rayleigh, {"scale": "scale"}),
    "soft-laplace": Quantile(soft_laplace, {"loc": "loc", "scale": "scale"}),
    "log-uniform": Quantile(log_uniform, {"low": "shape", "high": "shape"}, made=apart),
    "triangular": Quantile(
        triangular, {"low": "low", "high": "high", "peak": "shape"}, made=with_peak
    ),
    "generalized-pareto": Quantile(
        generalized_pareto,
        {"concentration": "shape", "loc": "loc", "scale": "shape"},
        made=with_tail,
    ),
    "levy": Quantile(levy, {"loc": "loc", "scale": "scale"}),
}
