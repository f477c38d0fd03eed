"""Quantiles of maps of a Gaussian variable, of its normal noise."""

from __future__ import annotations

from typing import Any

from mpmath import mp
from quantiles import Near, Quantile


def log_normal(near: Near, z: Any, loc: Any, scale: Any) -> Any:
    return mp.exp(loc + scale * z)


def logit_normal(near: Near, z: Any, loc: Any, scale: Any) -> Any:
    return 1 / (1 + mp.exp(-(loc + scale * z)))


def tanh_normal(near: Near, z: Any, loc: Any, scale: Any) -> Any:
    return mp.tanh(loc + scale * z)


KINDS = {"loc": "loc", "scale": "scale"}

DISTRIBUTIONS = {
    "log-normal": Quantile(log_normal, KINDS, noise="normal"),
    "logit-normal": Quantile(logit_normal, KINDS, noise="normal"),
    "tanh-normal": Quantile(tanh_normal, KINDS, noise="normal"),
}
