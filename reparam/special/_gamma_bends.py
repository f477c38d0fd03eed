"""Second derivatives of the gamma distribution with unit rate in its shape α, on quantile paths.

With h = ∂ln x/∂α and g = ∂x/∂α = x h at fixed u, what is wanted is h′ = ∂²ln x/∂α² and
g′ = ∂²x/∂α² = x (h′ + h²). For large shapes g is next to 1, h′ and −h² all but cancel, and so do
the terms of g′ in F_αα, the score and ∂ log p/∂x, by 8α. Where draws are h = G(w, ε) ε with
w = ln(x/α), ε = 1/α, and ∂w/∂α = ε (G − 1), so that

    h′ + h² = ε² ((G − 1) (G_w + G) − ε G_ε).

In the tails γ = g − 1 is an integral whose terms are as small as itself. Above the mean, with
t = x e^s, the weight W = exp(−(x−α) s − x b), b = e^s − 1 − s, and from below with t = x e^−s and
the sign σ = −1 (integrate −∂W/∂s = … to get rid of the 1),

    γ = σ (K ∫W ds − x ∫b W ds),   K = x (ln x − ψ(α)) − (x − α),

which is differentiated under the integral: ∂ln W/∂α = −σ γ s − g b.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._accurate import bend, log1pmx
from reparam.special._elementwise import column, integrate, select, weighted
from reparam.special._expansions import TABLES, Table
from reparam.special._gamma_integrals import _log_derivative, above_mean, log_derivative, log_ratio
from reparam.special._rules import BETA_HIGH, BETA_LOW, CUTOFF
from reparam.special.along_paths import bends, scale_of
from reparam.special.bregman import trigamma_excess
from reparam.special.polygamma import delta

__all__ = ["second_derivatives"]


def _differences(x: Array, log_x: Array, alpha: Array) -> tuple[Array, Array, Array]:
    """α < 8: differences of h along the path."""

    def speeds(_: NDArray[np.intp], log: Array, shape: Array) -> tuple[Array]:
        # compiled kernels round less smoothly, which differences of order 10 show
        return _log_derivative(np.exp(log), log, shape)

    log_x = np.broadcast_to(log_x, x.shape)
    ((turn,),) = bends(speeds, log_x, [alpha], [alpha], [alpha], scale_of(log_x), smooth=True)
    h = log_derivative(x, log_x, alpha)
    return h, turn, turn + h * h


def _expansion(x: Array, log_x: Array, alpha: Array, table: Table) -> tuple[Array, Array, Array]:
    """α ≥ 8, (x − α)² ≤ 25 x: the polynomial of h, differentiated."""
    inverse = 1.0 / alpha
    w = np.log1p((x - alpha) * inverse)
    less, in_w, in_inverse = (np.zeros_like(x) for _ in range(3))
    for j, row in reversed([*enumerate(table.rows)]):
        coefficient: Any = 0.0
        slope: Any = 0.0
        for entry in reversed(row[1:]):
            slope = slope * inverse + coefficient
            coefficient = coefficient * inverse + entry
        # Σ c_jk ε^k without and with its constant, and its derivative times ε
        slope = inverse * (slope * inverse + coefficient)
        coefficient = coefficient * inverse
        in_w = in_w * w + less
        less = less * w + (coefficient + (row[0] - 1.0 if j == 0 else row[0]))
        in_inverse = in_inverse * w + slope
    height = 1.0 + less
    h, square = inverse * height, inverse * inverse
    turn = square * (in_w * less - height - in_inverse)
    return h, turn, square * (less * (in_w + height) - in_inverse)


def _tail(x: Array, log_x: Array, alpha: Array, sign: float) -> tuple[Array, Array, Array]:
    """α ≥ 8, in a tail: the integrals of γ and of its derivative."""
    slope = sign * (x - alpha)
    length = 2.0 * CUTOFF / (slope + np.sqrt(slope * slope + 2.0 * CUTOFF * x))
    for _ in range(4):
        excess = slope * length + x * bend(sign * length) - CUTOFF
        length = length - excess / (slope + sign * x * np.expm1(sign * length))
    node, weight = np.array(BETA_HIGH if sign > 0.0 else BETA_LOW)

    def integrals(s: Array, length: Array, slope: Array, x: Array) -> tuple[Array, ...]:
        np.multiply(column(node), sign * length, out=s)
        b = bend(s)
        density = -x * b
        s *= sign * slope
        density -= s
        np.exp(density, out=density)
        moved, turned = density * b, column(node)
        return (
            weighted(density, weight) * length,
            weighted(density * turned, weight) * length * length,
            weighted(moved, weight) * length,
            weighted(moved * turned, weight) * length * length,
            weighted(moved * b, weight) * length,
        )

    mass, first, bent, both, twice = integrate(integrals, node.size, 1, length, slope, x)
    ratio, rest = (x - alpha) / alpha, delta(alpha)
    log = log_ratio(x, log_x, alpha)
    level = x * (rest - log1pmx((alpha - x) / x))
    gamma = sign * (level * mass - x * bent)
    g = 1.0 + gamma
    # ∂K/∂α = g (ln x − ψ) + 1 − x ψ′
    rising = log1pmx(ratio) + rest - x * trigamma_excess(alpha) + gamma * (log + rest)
    of_mass = -sign * gamma * first - g * bent
    of_bent = -sign * gamma * both - g * twice
    second = sign * (rising * mass + level * of_mass - g * bent - x * of_bent)
    h = g / x
    return h, second / x - h * h, second / x


_FORMULAS = (
    _differences,
    lambda x, log_x, alpha: _tail(x, log_x, alpha, -1.0),
    lambda x, log_x, alpha: _tail(x, log_x, alpha, 1.0),
    *(lambda x, log_x, alpha, t=table: _expansion(x, log_x, alpha, t) for table in TABLES),
)
_TAILS, _TABLES = 1, 3


def second_derivatives(x: Array, log_x: Array, alpha: Array) -> tuple[Array, Array, Array]:
    """Return h, h′ and h′ + h²."""
    tail = np.int8(_TAILS) + above_mean(x, alpha)
    table = sum(((alpha >= t.least) for t in TABLES[1:]), start=np.int8(_TABLES))
    central = (x - alpha) ** 2 <= 25.0 * x
    large = alpha >= TABLES[0].least
    choice = np.where(large, np.where(central, table, tail), np.int8(0)) + 0 * tail
    h, turn, bent = select(choice, _FORMULAS, x, log_x, alpha, outputs=3)
    return h, turn, bent
