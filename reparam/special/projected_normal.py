"""The radius r of a normal vector z ~ N(μ, I) in a given direction y, and moments of z/‖z‖.

With m = μᵀy and n = d − 1, the density of r given y is proportional to r^n exp(−(r − m)²/2). Its
integral is taken from the mode r₀ = (m + √(m² + 4n))/2 both ways: with r = r₀ (1 + ρ) the exponent
less its peak is n (ln(1 + ρ) − ρ) − r₀² ρ²/2, of which nothing cancels. Nor does it in
E r − m = n E[1/r].
"""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial.legendre import leggauss

from reparam._typing import Array
from reparam.special._accurate import log1pmx
from reparam.special._elementwise import column, elementwise, integrate, weighted
from reparam.special._panels import FINE_MASS
from reparam.special.normal import LOG_TWO_PI
from reparam.special.sphere import log_area

__all__ = ["angle", "log_density", "radius", "shrinkage"]

#: The exponent at which integrals end.
_CUTOFF = 42.0
_NODE, _WEIGHT = (np.array(values) for values in FINE_MASS)
#: The rule of a panel, on [−1, 1].
_PANEL = leggauss(20)


@elementwise(outputs=3)
def radius(m: Array, dim: Array) -> tuple[Array, Array, Array]:
    """Return ln ∫ r^n exp(−(r − m)²/2) dr, E r and E r − m."""
    n = float(dim) - 1.0
    root = np.hypot(m, 2.0 * math.sqrt(n))
    mode = np.where(m > 0.0, 0.5 * (m + root), 2.0 * n / (root + np.abs(m)))
    square = mode * mode
    up = np.minimum(
        (_CUTOFF + math.sqrt(_CUTOFF * (_CUTOFF + 2.0 * n))) / n, math.sqrt(2.0 * _CUTOFF) / mode
    )
    down = np.minimum(np.sqrt(2.0 * _CUTOFF / (n + square)), 1.0)
    mass = first = inverse = np.zeros(np.shape(m))
    for reach in (up, -down):

        def integrals(
            rho: Array, term: Array, reach: Array, square: Array
        ) -> tuple[Array, Array, Array]:
            np.multiply(column(_NODE), reach, out=rho)
            np.multiply(rho, rho, out=term)
            term *= -0.5 * square
            term += n * log1pmx(rho)
            np.exp(term, out=term)
            own = weighted(term, _WEIGHT)
            rho += 1.0
            return own, weighted(term * rho, _WEIGHT), weighted(term / rho, _WEIGHT)

        found = integrate(integrals, _NODE.size, 2, reach, square)
        mass, first, inverse = (
            total + np.abs(reach) * part
            for total, part in zip((mass, first, inverse), found, strict=True)
        )
    apart = mode - m  # n/r₀
    apart = np.where(m > 0.0, n / mode, apart)
    log = np.log(mass * mode) + n * np.log(mode) - 0.5 * apart * apart
    return log, mode * (first / mass), n / mode * (inverse / mass)


@elementwise(outputs=3)
def shrinkage(square: Array, dim: Array) -> tuple[Array, Array, Array]:
    """Return a, b and c with E[y yᵀ] = a I + b μμᵀ and E y = c μ for y = z/‖z‖, given ‖μ‖².

    They are integrals over s of E[z zᵀ exp(−s‖z‖²)], and of E[z exp(−s‖z‖²)]/√(πs), whose law is
    normal, too: with 2s/(1 + 2s) = sin² t over 0 < t < π/2.
    """
    d = float(dim)
    end = np.arcsin(np.minimum(np.sqrt(2.0 * _CUTOFF / (square + d)), 1.0))

    def integrals(
        sine: Array, cosine: Array, weight: Array, end: Array, square: Array
    ) -> tuple[Array, Array, Array]:
        np.multiply(column(_NODE), end, out=weight)
        np.sin(weight, out=sine)
        np.cos(weight, out=cosine)
        np.multiply(sine, sine, out=weight)
        np.exp(-0.5 * square * weight + (d - 1.0) * np.log(cosine), out=weight)
        first = weighted(weight * sine, _WEIGHT)
        weight *= cosine
        second = weighted(weight * sine * cosine, _WEIGHT)
        return first, second, weighted(weight, _WEIGHT)

    a, b, c = integrate(integrals, _NODE.size, 3, end, square)
    return end * a, end * b, math.sqrt(2.0 / math.pi) * end * c


def log_density(square: Array, m: Array, dim: int) -> Array:
    """Return ln p(y), given ‖μ − m y‖² and m = μᵀy."""
    log, _, _ = radius(m, dim)
    return np.asarray(log - 0.5 * square - 0.5 * dim * LOG_TWO_PI)


def angle(square: Array, dim: int) -> tuple[Array, Array]:
    """Return −E ln p(y), and Var cos θ of the angle θ between y and μ, given ‖μ‖².

    Integrals over θ end where ‖μ‖² sin² θ, which is nearly of a χ² law, has a tail of e^−42: it is
    above d + 2√(dx) + 2x with probability e^−x (Laurent & Massart 2000, lemma 1).
    """
    square = np.asarray(square)
    most = dim + 2.0 * math.sqrt(dim * _CUTOFF) + 2.0 * _CUTOFF
    end = np.where(square > most, np.arcsin(np.sqrt(most / np.maximum(square, most))), math.pi)
    panels = 4 + math.isqrt(dim)
    point, weight = _PANEL
    node = ((np.arange(panels)[:, np.newaxis] + 0.5 * (1.0 + point)) / panels).ravel()
    angles = end[..., np.newaxis] * node
    sine, cosine = np.sin(angles), np.cos(angles)
    length = np.sqrt(square)[..., np.newaxis]
    log = log_density((length * sine) ** 2, length * cosine, dim)
    measure = np.exp(log_area(dim - 1) + (dim - 2.0) * np.log(sine) + log)
    measure *= (0.5 * end / panels)[..., np.newaxis] * np.tile(weight, panels)
    deficit = 2.0 * np.sin(0.5 * angles) ** 2
    mean = np.sum(measure * deficit, axis=-1, keepdims=True)
    variance = np.sum(measure * (deficit - mean) ** 2, axis=-1)
    return -np.sum(measure * log, axis=-1), variance
