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


DISTRIBUTIONS = {
    "frechet": Quantile(frechet, {"scale": "scale", "concentration": "shape"}),
    "log-logistic": Quantile(log_logistic, {"scale": "scale", "concentration": "shape"}),
    "maxwell": Quantile(maxwell, {"scale": "scale"}),
    "rayleigh": Quantile(rayleigh, {"scale": "scale"}),
    "soft-laplace": Quantile(soft_laplace, {"loc": "loc", "scale": "scale"}),
}
