"""Make the quadrature rules of ``reparam.special``: ``python tools/quadrature_rules.py``.

The tail integrals of the gamma, beta and t families are integrals of smooth functions that differ
only in a few parameters. A generalized Gaussian rule integrates every member of such a family to
nearly full precision with far fewer nodes than Gauss-Legendre, whose exactness for polynomials
is not what is needed (Ma, Rokhlin & Wandzura 1996; Bremer, Gimbutas & Rokhlin 2010, "A nonlinear
optimization procedure for generalized Gaussian quadratures").

For each family:

1. sample members over the whole parameter domain, in extended precision, each scaled to a unit
   integral, on a fine grid of Gauss-Legendre panels;
2. choose an orthonormal basis by QR with column pivoting, which bounds the distance of *every*
   sampled member from the basis, not the mean distance;
3. start from one node a basis function, then drop nodes one by one, each time restoring exactness
   for the basis by damped Gauss-Newton iteration on nodes and weights.

The result is written to ``reparam/special/_rules.py``. The tests check the rules against mpmath
on points that had no part in making them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import scipy.linalg

LONG = np.longdouble
PANELS, ORDER = 24, 16
#: How far any sampled member may be from the basis, and a rule's error on the basis.
DISTANCE, ERROR = 2.5e-15, 5e-15
#: The same for the family with the widest variety, where rounding errors are larger.
LOOSE = 4e-15, 1e-14
#: Weights below exp(-CUTOFF) are nothing.
CUTOFF = 36.5
SAMPLES = 4000

Members = Iterable[np.ndarray]


def grid() -> tuple[np.ndarray, np.ndarray]:
    """Return the fine grid's nodes and weights on [0, 1]."""
    node, weight = np.polynomial.legendre.leggauss(ORDER)
    nodes = ((np.arange(PANELS)[:, None] + 0.5 + 0.5 * node) / PANELS).ravel()
    return nodes, np.tile(0.5 * weight / PANELS, PANELS)


NODES, WEIGHTS = grid()


class Basis:
    """An orthonormal basis of a family's span, evaluated anywhere with its derivative."""

    def __init__(self, members: Members, distance: float) -> None:
        scaled = [m / (m * WEIGHTS).sum(axis=1, keepdims=True) for m in members]
        matrix = np.concatenate(scaled).astype(float)
        matrix = matrix[np.isfinite(matrix).all(axis=1)] * np.sqrt(WEIGHTS)
        q, r, _ = scipy.linalg.qr(matrix.T, mode="economic", pivoting=True)
        self.size = int((np.abs(np.diag(r)) > distance).sum())
        values = q[:, : self.size].T / np.sqrt(WEIGHTS)
        self.integrals = values @ WEIGHTS
        self.pivots = scipy.linalg.qr(q[:, : self.size].T, mode="economic", pivoting=True)[2]
        node = np.polynomial.legendre.leggauss(ORDER)[0]
        to_series = np.linalg.inv(np.polynomial.legendre.legvander(node, ORDER - 1))
        panels = values.reshape(self.size, PANELS, ORDER)
        self._series = np.einsum("ij,rpj->irp", to_series, panels)
        self._slopes = np.polynomial.legendre.legder(self._series) * 2.0 * PANELS

    def at(self, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return values and derivatives, one row a basis function."""
        panel = np.clip((nodes * PANELS).astype(int), 0, PANELS - 1)
        local = 2.0 * (nodes * PANELS - panel) - 1.0
        vandermonde = np.polynomial.legendre.legvander(local, ORDER - 1)
        values = np.einsum("irk,ki->rk", self._series[:, :, panel], vandermonde)
        slopes = np.einsum("irk,ki->rk", self._slopes[:, :, panel], vandermonde[:, :-1])
        return values, slopes


def polish(
    basis: Basis, nodes: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Make a rule exact for the basis by damped Gauss-Newton iteration; return its error too."""
    error = float(np.linalg.norm(basis.at(nodes)[0] @ weights - basis.integrals))
    for _ in range(60):
        values, slopes = basis.at(nodes)
        jacobian = np.concatenate([slopes * weights, values], axis=1)
        scale = np.linalg.norm(jacobian, axis=0)
        residual = values @ weights - basis.integrals
        step = np.linalg.lstsq(jacobian / scale, -residual, rcond=1e-14)[0] / scale
        for damping in 0.5 ** np.arange(12.0):
            moved = nodes + damping * step[: nodes.size]
            heavier = weights + damping * step[nodes.size :]
            if moved.min() <= 0.0 or moved.max() >= 1.0:
                continue
            better = float(np.linalg.norm(basis.at(moved)[0] @ heavier - basis.integrals))
            if better < error:
                nodes, weights, error = moved, heavier, better
                break
        else:
            break
        if error < 1e-15:
            break
    return nodes, weights, error


def rule(
    members: Members, distance: float = DISTANCE, error: float = ERROR
) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes in (0, 1) and positive weights that integrate every member."""
    basis = Basis(members, distance)
    nodes = np.sort(NODES[basis.pivots[: basis.size]])
    weights = np.linalg.solve(basis.at(nodes)[0], basis.integrals)
    shorter = True
    while shorter:
        shorter = False
        significance = weights**2 * (basis.at(nodes)[0] ** 2).sum(axis=0)
        for drop in np.argsort(significance):
            found = polish(basis, np.delete(nodes, drop), np.delete(weights, drop))
            if found[2] < error and found[1].min() > 0.0:
                order = np.argsort(found[0])
                nodes, weights, shorter = found[0][order], found[1][order], True
                break
    return nodes, weights


# The families -------------------------------------------------------------------------------


def log_uniform(rng: np.random.Generator, low: float, high: float, n: int) -> np.ndarray:
    return np.exp(rng.uniform(np.log(low), np.log(high), n))


def columns(*arrays: np.ndarray) -> list[np.ndarray]:
    return [array.astype(LONG)[:, None] for array in arrays]


def gamma_above(low: float, high: float, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """(1 + v/x)^(α−1) e^(−v), and that times log1p(v/x), for low ≤ x < high and α ≤ min(x, 16)."""
    rng = np.random.default_rng(1)
    x = log_uniform(rng, low, high, SAMPLES)
    x[:8] = np.repeat([low, high], 4)
    top = np.minimum(x, 16.0)
    alpha = np.choose(
        rng.choice(3, SAMPLES, p=[0.6, 0.2, 0.2]),
        [top * rng.random(SAMPLES), top, np.minimum(log_uniform(rng, 1e-8, 1.0, SAMPLES), top)],
    )
    x_, alpha_ = columns(x, alpha)
    root = NODES.astype(LONG)
    v = reach * root**3  # resolves the singularity at v = −x
    log = np.log1p(v / x_)
    weight = np.exp((alpha_ - 1.0) * log - v) * 3.0 * root**2
    nodes, weights = rule([weight, weight * log])
    return reach * nodes**3, 3.0 * reach * nodes**2 * weights


def gamma_above_in_logs(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """e^(αs − x(e^s − 1)), and that times s, for low ≤ x ≤ high and α ≤ min(x, 8)."""
    rng = np.random.default_rng(7)
    x = log_uniform(rng, low, high, SAMPLES)
    x[:8] = np.repeat([low, high], 4)
    top = np.minimum(x, 8.0)
    alpha = np.choose(
        rng.choice(3, SAMPLES, p=[0.6, 0.2, 0.2]),
        [top * rng.random(SAMPLES), top, np.minimum(log_uniform(rng, 1e-8, 1.0, SAMPLES), top)],
    )
    s = np.linspace(0.0, 8.0, 80_001)
    reach = s[np.argmax(low * np.expm1(s) - min(low, 8.0) * s > 46.0)]
    x_, alpha_ = columns(x, alpha)
    s_ = reach * NODES.astype(LONG)
    weight = np.exp(alpha_ * s_ - x_ * np.expm1(s_))
    nodes, weights = rule([weight, weight * s_])
    return reach * nodes, reach * weights


def gamma_below() -> tuple[np.ndarray, np.ndarray]:
    """τ^α e^(x(1−τ)), and that times log τ, on 0 < τ < 1 for 2 ≤ x ≤ α ≤ 8."""
    rng = np.random.default_rng(2)
    alpha = rng.uniform(2.0, 8.0, SAMPLES)
    alpha[:100] = 8.0
    x = 2.0 + (alpha - 2.0) * rng.random(SAMPLES)
    x[::7] = alpha[::7]
    x_, alpha_ = columns(x, alpha)
    root = NODES.astype(LONG)
    log = 2.0 * np.log(root)
    weight = np.exp(alpha_ * log + x_ * (1.0 - root**2)) * 2.0 * root
    nodes, weights = rule([weight, -weight * log])
    return nodes**2, 2.0 * nodes * weights


def beta_small(least: float, power: int) -> tuple[np.ndarray, np.ndarray]:
    """τ^α ((1−xτ)/(1−x))^(β−1), and that times the logarithms: least ≤ α ≤ 8, β ≤ 8, x ≤ 0.62.

    In τ^(1/power), which tames the singularity at 0.
    """
    rng = np.random.default_rng(3)
    shapes = [
        np.where(
            rng.random(SAMPLES) < 0.6,
            rng.uniform(0.0, 8.0, SAMPLES),
            log_uniform(rng, low, 8.0, SAMPLES),
        )
        for low in (1e-6, 1e-4)
    ]
    shapes[0] = np.maximum(shapes[0], least)
    mean = np.minimum(shapes[0] / (shapes[0] + shapes[1]), 0.62)
    x = mean * np.where(rng.random(SAMPLES) < 0.4, 1.0, rng.random(SAMPLES))
    x_, alpha, beta = columns(x, *shapes)
    root = NODES.astype(LONG)
    log = power * np.log(root)
    rest = np.log1p(-x_ * root**power) - np.log1p(-x_)
    weight = np.exp(alpha * log + (beta - 1.0) * rest) * power * root ** (power - 1)
    nodes, weights = rule([weight, -weight * log, weight * rest])
    return nodes**power, power * nodes ** (power - 1) * weights


def beta_tails(
    n: int, low: float, high: float, least: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw shapes (α, β) and points low < x < high at or below the mean, on all scales."""
    rng = np.random.default_rng(4)
    alpha, beta = (log_uniform(rng, smallest, 1e7, 8 * n) for smallest in least)
    spread = np.sqrt(1.0 / alpha + 1.0 / beta)
    below = rng.choice([0.3, 1.0, 3.0, 10.0, 30.0], 8 * n) * rng.random(8 * n) * spread
    logit = np.log(alpha / beta) - np.where(rng.random(8 * n) < 0.15, 0.0, below)
    x, rest = 1.0 / (1.0 + np.exp(-logit)), 1.0 / (1.0 + np.exp(logit))
    chosen = np.flatnonzero((x > low) & (x < high))[:n]
    return alpha[chosen], beta[chosen], x[chosen], rest[chosen]


def beta_scaled(
    low: float,
    high: float,
    least: tuple[float, float],
    tolerances: tuple[float, float] = (DISTANCE, ERROR),
) -> tuple[np.ndarray, np.ndarray]:
    """e^(−E(Sτ)) times 1, s and the logarithms, where the exponent E reaches the cutoff at S."""
    alpha, beta, x, rest = beta_tails(2 * SAMPLES, low, high, least)
    a, total = alpha + 1.0, alpha + beta + 1.0
    length = np.minimum(CUTOFF / (alpha * rest - beta * x + rest), 700.0)
    for _ in range(60):
        decay = x * np.expm1(-length)
        value = a * length + total * np.log1p(decay)
        slope = a - total * (x + decay) / (1.0 + decay)
        length = np.maximum(length - (value - CUTOFF) / slope, 0.05 * length)
    a_, beta_, total_, x_, rest_, length_ = columns(a, beta, total, x, rest, length)
    s = length_ * NODES.astype(LONG)
    grown = np.log1p(rest_ * np.expm1(s))  # s + L, without cancellation for x near 1
    fall = np.where(x_ > 0.5, grown - s, np.log1p(x_ * np.expm1(-s)))  # L
    grown = np.where(x_ > 0.5, grown, s + fall)
    exponent = np.where(x_ > 0.5, total_ * grown - beta_ * s, a_ * s + total_ * fall)
    weight = np.exp(-exponent)
    return rule([weight, weight * NODES, weight * grown, -weight * fall], *tolerances)


def student_centre() -> tuple[np.ndarray, np.ndarray]:
    """((1−σ²τ²)/(1−σ²))^(ν/2−1) times 1, log(1−σ²τ²) and σ²τ², for ν ≥ 1, t ≤ 1.6.

    With σ² = t²/(ν+t²).
    """
    rng = np.random.default_rng(6)
    nu = np.where(
        rng.random(SAMPLES) < 0.7, log_uniform(rng, 1.0, 30.0, SAMPLES), 1.0 / rng.random(SAMPLES)
    )
    nu[:200] = 1.0
    t = 1.6 * rng.random(SAMPLES) ** 0.5
    t[::10] = 1.6
    nu_, t_ = columns(nu, t)
    share = t_**2 / (nu_ + t_**2)
    log = np.log1p(-share * NODES.astype(LONG) ** 2)
    weight = np.exp((nu_ / 2.0 - 1.0) * (log - np.log1p(-share)))
    return rule([weight, -weight * log, weight * share * NODES.astype(LONG) ** 2])


def student_tail() -> tuple[np.ndarray, np.ndarray]:
    """e^(−ρ)/√(1+g) times 1, ρ and e^(−2ρ/ν), for ν ≥ 1 and |t| ≥ 1.5."""
    rng = np.random.default_rng(5)
    nu = np.where(
        rng.random(SAMPLES) < 0.5, rng.uniform(1.0, 12.0, SAMPLES), 1.0 / rng.random(SAMPLES)
    )
    t = np.where(
        rng.random(SAMPLES) < 0.6,
        rng.uniform(1.5, 4.0, SAMPLES),
        log_uniform(rng, 1.5, 1e8, SAMPLES),
    )
    t[:60] = 1.5
    nu_, t_ = columns(nu, t)
    reach = 46.0
    root = NODES.astype(LONG)
    rho = reach * root**3  # resolves the singularity at small negative ρ
    lost = -np.expm1(-2.0 * rho / nu_)
    weight = np.exp(-rho) / np.sqrt(1.0 + lost * nu_ / t_**2) * 3.0 * root**2
    nodes, weights = rule([weight, weight * rho, weight * (1.0 - lost), weight * lost])
    return reach * nodes**3, 3.0 * reach * nodes**2 * weights


FAMILIES = {
    "GAMMA_BELOW": gamma_below,
    "GAMMA_ABOVE_HALF": lambda: gamma_above_in_logs(0.5, 2.0),
    "GAMMA_ABOVE_TWO": lambda: gamma_above_in_logs(2.0, 5.0),
    "GAMMA_ABOVE_FIVE": lambda: gamma_above_in_logs(5.0, 12.0),
    "GAMMA_ABOVE_TWELVE": lambda: gamma_above_in_logs(12.0, 30.0),
    "GAMMA_ABOVE_TEN": lambda: gamma_above(10.0, 200.0, 60.0),
    "BETA_SMALL": lambda: beta_small(0.0, 4),
    "BETA_MODERATE": lambda: beta_small(1.0, 3),
    "BETA_LOW": lambda: beta_scaled(0.0, 0.62, (1e-6, 1e-4)),
    "BETA_HIGH": lambda: beta_scaled(0.6, 1.0, (1e-6, 0.2), LOOSE),
    "BETA_LARGE": lambda: beta_scaled(0.0, 1.0, (8.0, 8.0)),
    "STUDENT_CENTRE": student_centre,
    "STUDENT_TAIL": student_tail,
}

HEADER = '''\
"""Generalized Gaussian quadrature rules: made by ``tools/quadrature_rules.py``, not by hand.

Each is a pair (nodes, weights); the families they integrate are described there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the build of the compiled kernels reads this file by itself
    from reparam.special._elementwise import Rule

#: The exponent at which the scaled rules (``BETA_LOW``, ``BETA_HIGH``) end.
CUTOFF = {cutoff}
'''


def main() -> None:
    path = Path(__file__).parents[1] / "reparam" / "special" / "_rules.py"
    text = HEADER.format(cutoff=CUTOFF)
    for name, make in FAMILIES.items():
        nodes, weights = make()
        print(f"{name}: {nodes.size} nodes")
        text += f"\n{name}: Rule = (\n"
        for values in (nodes, weights):
            text += "    (\n" + "".join(f"        {float(v)!r},\n" for v in values) + "    ),\n"
        text += ")\n"
    path.write_text(text)


if __name__ == "__main__":
    main()
