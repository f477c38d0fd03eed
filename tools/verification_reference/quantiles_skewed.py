"""Quantiles of laws that are tilted, lopsided, or have another power in the exponent."""

from __future__ import annotations

from typing import Any

from mpmath import mp
from quantiles import Near, Quantile, log_gamma_quantile


def asymmetric_laplace(near: Near, u: Any, asymmetry: Any, loc: Any, scale: Any) -> Any:
    square = asymmetry**2
    if u * (1 + square) < square:
        return loc + scale * asymmetry * mp.log(u * (1 + square) / square)
    return loc - scale * mp.log((1 - u) * (1 + square)) / asymmetry


def continuous_bernoulli(near: Near, u: Any, logits: Any) -> Any:
    return mp.log1p(u * mp.expm1(logits)) / logits if logits else u


def generalized_normal(near: Near, u: Any, power: Any, loc: Any, scale: Any) -> Any:
    """|z|^β ~ Gamma(1/β), of which both tails of z are the upper one."""
    tails = 2 * min(u, 1 - u)
    if tails == 1:
        return loc
    near["log"] = log_gamma_quantile(1 / power, 1 - tails, tails, near.get("log"))
    size = mp.exp(near["log"] / power)
    return loc + scale * (size if 2 * u > 1 else -size)


DISTRIBUTIONS = {
    "asymmetric-laplace": Quantile(
        asymmetric_laplace, {"asymmetry": "shape", "loc": "loc", "scale": "scale"}
    ),
    "continuous-bernoulli": Quantile(continuous_bernoulli, {"logits": "loc"}),
    "generalized-normal": Quantile(
        generalized_normal, {"power": "df", "loc": "loc", "scale": "scale"}
    ),
}
