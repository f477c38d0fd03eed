"""Quantiles of laws that are tilted, lopsided, or have another power in the exponent."""

from __future__ import annotations

from typing import Any

from mpmath import mp
from quantiles import Near, Quantile


def asymmetric_laplace(near: Near, u: Any, asymmetry: Any, loc: Any, scale: Any) -> Any:
    square = asymmetry**2
    if u * (1 + square) < square:
        return loc + scale * asymmetry * mp.log(u * (1 + square) / square)
    return loc - scale * mp.log((1 - u) * (1 + square)) / asymmetry


def continuous_bernoulli(near: Near, u: Any, logits: Any) -> Any:
    return mp.log1p(u * mp.expm1(logits)) / logits if logits else u


DISTRIBUTIONS = {
    "asymmetric-laplace": Quantile(
        asymmetric_laplace, {"asymmetry": "shape", "loc": "loc", "scale": "scale"}
    ),
    "continuous-bernoulli": Quantile(continuous_bernoulli, {"logits": "loc"}),
}
