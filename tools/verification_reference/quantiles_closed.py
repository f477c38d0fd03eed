"""Quantiles of laws with closed forms: see ``quantiles.py``."""

from __future__ import annotations

from typing import Any

from mpmath import mp, mpf
from quantiles import Near, Quantile, gamma_of


def cauchy(near: Near, u: Any, loc: Any, scale: Any) -> Any:
    return loc - scale * mp.cot(mp.pi * u)


def gumbel(near: Near, u: Any, loc: Any, scale: Any) -> Any:
    return loc - scale * mp.log(-mp.log(u))


def half_cauchy(near: Near, u: Any, scale: Any) -> Any:
    return scale * mp.tan(mp.pi * u / 2)


def half_normal(near: Near, u: Any, scale: Any) -> Any:
    """y²/2σ² ~ Gamma(½)."""
    return scale * mp.sqrt(2 * gamma_of(near, mpf(1) / 2, u, 1 - u))


def kumaraswamy(near: Near, u: Any, a: Any, b: Any) -> Any:
    return (1 - (1 - u) ** (1 / b)) ** (1 / a)


def pareto(near: Near, u: Any, scale: Any, alpha: Any) -> Any:
    return scale * (1 - u) ** (-1 / alpha)


def weibull(near: Near, u: Any, scale: Any, concentration: Any) -> Any:
    return scale * (-mp.log(1 - u)) ** (1 / concentration)


DISTRIBUTIONS = {
    "cauchy": Quantile(cauchy, {"loc": "loc", "scale": "scale"}),
    "gumbel": Quantile(gumbel, {"loc": "loc", "scale": "scale"}),
    "half-cauchy": Quantile(half_cauchy, {"scale": "scale"}),
    "half-normal": Quantile(half_normal, {"scale": "scale"}),
    "kumaraswamy": Quantile(kumaraswamy, {"concentration1": "shape", "concentration0": "shape"}),
    "pareto": Quantile(pareto, {"scale": "scale", "alpha": "shape"}),
    "weibull": Quantile(weibull, {"scale": "scale", "concentration": "shape"}),
}
