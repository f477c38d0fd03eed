"""The noncentral χ² distribution and Rice's in FLINT's balls, by sums over Poisson weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from balls import upper_gamma
from flint import arb, ctx
from laws import Law
from laws_shaped import case, shape_of, size


def lower(at: Any, df: Any, lam: Any) -> Any:
    """P(X ≤ x) = Σ_j P(N ≤ j) h^(μ+j) e^−h/Γ(μ+j+1) with h = x/2 and Poisson N of mean λ/2."""
    h, mu, half = at.exp() / 2, df / 2, lam / 2
    term = (mu * (at - arb(2).log()) - h - (mu + 1).lgamma()).exp()
    weight = (-half).exp()
    below, total, j = weight, term * weight, 0
    while j < 2 * h or term > total * arb(2) ** -(ctx.prec + 8):
        j += 1
        term *= h / (mu + j)
        weight *= half / j
        below += weight
        total += term * below
    return total + arb(0, 1) * (2 * term).abs_upper()


def upper(at: Any, df: Any, lam: Any) -> Any:
    """P(X > x) = Σ_j P(N = j) Q(μ + j, h), where Q grows by positive terms."""
    h, mu, half = at.exp() / 2, df / 2, lam / 2
    term = (mu * (at - arb(2).log()) - h - (mu + 1).lgamma()).exp()
    weight, tail = (-half).exp(), upper_gamma(mu, h)
    total, j = weight * tail, 0
    while j < lam or weight > total * arb(2) ** -(ctx.prec + 8):
        j += 1
        weight *= half / j
        tail += term
        term *= h / (mu + j)
        total += weight * tail
    return total + arb(0, 1) * (2 * weight).abs_upper()


def log_density(at: Any, df: Any, lam: Any) -> Any:
    """ln(x p(x)), also of complex ln x."""
    x, order = at.exp(), df / 2 - 1
    bessel = (lam.sqrt() * (at / 2).exp()).bessel_i(order)
    return at - (x + lam) / 2 + order / 2 * (at - lam.log()) + bessel.log() - arb(2).log()


def entropy(df: Any, lam: Any) -> Any:
    """By the trapezoidal rule in ln x, whose integrand is analytic and vanishes at both ends."""
    mean, spread = float((df + lam).mid()), float((2 * df + 4 * lam).mid()) ** 0.5
    step = min(0.14, 0.4 * spread / mean)
    total, far = arb(0), 1e-30
    for sign in (1, -1):
        k = 0 if sign > 0 else 1
        while True:
            at = arb(np.log(mean) + sign * k * step)
            log = log_density(at, df, lam)
            density = log.exp()
            total += density * (at - log)
            k += 1
            if density < far:
                break
    return total * step


def of_square(at: Any, b: Any, scale: Any) -> tuple[Any, Any, Any]:
    """ln(y/σ)², the degrees of freedom, and λ."""
    return 2 * (at - scale.log()), arb(2), b * b


def rice_entropy(b: Any, scale: Any) -> Any:
    """That of x, plus E ln dy/dx: E ln x is ln λ + E₁(λ/2)."""
    square = b * b
    mean_log = square.log() + (square / 2).gamma_upper(0)
    return entropy(arb(2), square) - mean_log / 2 - arb(2).log() + scale.log()


def rice_mean(b: Any, scale: Any) -> Any:
    w = b * b / 4
    bessel = (1 + 2 * w) * w.bessel_i(0) + 2 * w * w.bessel_i(1)
    return scale * (arb.pi() / 2).sqrt() * (-w).exp() * bessel


LAWS: dict[str, Law] = {
    "noncentral-chi-square": Law(
        "log",
        lower,
        upper,
        log_density,
        entropy,
        lambda df, lam: df + lam,
        lambda df, lam: 2 * df + 4 * lam,
        case(shape_of(-0.7, 3), shape_of(-3, 3)),
    ),
    "rice": Law(
        "log",
        lambda at, *theta: lower(*of_square(at, *theta)),
        lambda at, *theta: upper(*of_square(at, *theta)),
        lambda at, *theta: log_density(*of_square(at, *theta)) + arb(2).log(),
        rice_entropy,
        rice_mean,
        lambda b, scale: scale**2 * (2 + b * b) - rice_mean(b, scale) ** 2,
        case(shape_of(-3, 1.7), size),
    ),
}
