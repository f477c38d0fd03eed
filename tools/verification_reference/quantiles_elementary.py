"""Quantiles of further laws in elementary functions: see ``quantiles.py``."""

from __future__ import annotations

from typing import Any

from mpmath import mp
from quantiles import Near, Quantile


def frechet(near: Near, u: Any, scale: Any, concentration: Any) -> Any:
    return scale * (-mp.log(u)) ** (-1 / concentration)


def log_logistic(near: Near, u: Any, scale: Any, concentration: Any) -> Any:
    return scale * (u / (1 - u)) ** (1 / concentration)


DISTRIBUTIONS = {
    "frechet": Quantile(frechet, {"scale": "scale", "concentration": "shape"}),
    "log-logistic": Quantile(log_logistic, {"scale": "scale", "concentration": "shape"}),
}
