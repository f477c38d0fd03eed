"""The inverse Gaussian law in FLINT's balls: its cdf as the textbook has it."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb
from laws import Law, normal_tails

# Inverse Gaussian: on the scale of ln y ---------------------------------------------------------


def wald_tails(at: Any, mean: Any, shape: Any) -> tuple[Any, Any, Any]:
    """Φ(a), 1 − Φ(a) and e^(2λ/μ) Φ(−b)."""
    y = at.exp()
    root = (shape / y).sqrt()
    a, b = root * (y / mean - 1), root * (y / mean + 1)
    return *normal_tails(a), (2 * shape / mean).exp() * normal_tails(b)[1]


def wald_lower(at: Any, mean: Any, shape: Any) -> Any:
    first, _, last = wald_tails(at, mean, shape)
    return first + last


def wald_upper(at: Any, mean: Any, shape: Any) -> Any:
    _, first, last = wald_tails(at, mean, shape)
    return first - last


def wald_log_density(at: Any, mean: Any, shape: Any) -> Any:
    y = at.exp()
    height = (shape / (2 * arb.pi() * y)).log() / 2
    return height - shape * (y - mean) ** 2 / (2 * mean**2 * y)


def wald_entropy(mean: Any, shape: Any) -> Any:
    t = 2 * shape / mean
    return (2 * arb.pi() * mean**3 / shape).log() / 2 + arb(0.5) - 1.5 * t.exp() * t.expint(arb(1))


def wald_theta(rng: np.random.Generator) -> list[float]:
    """μ, and λ from 1e-8 to 1e8 times it."""
    mean = float(10.0 ** rng.uniform(-3, 3))
    typical = rng.random() < 0.4
    return [mean, mean * float(10.0 ** (rng.uniform(-1, 2) if typical else rng.uniform(-8, 8)))]


LAWS: dict[str, Law] = {
    "inverse-gaussian": Law(
        "log",
        wald_lower,
        wald_upper,
        wald_log_density,
        wald_entropy,
        lambda m, s: m,
        lambda m, s: m**3 / s,
        wald_theta,
    ),
}
