"""Laws with shapes of their own: the inverse Gaussian by its textbook cdf, von Mises by series."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import acb, arb, ctx
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


# Von Mises, on the line --------------------------------------------------------------------------
#
# With x = sin²(t/2), dt = dx/√(x (1 − x)), and 1/√(1 − x) = Σ b_j x^j, b_j = (2j)!/(4^j j!²).


def from_middle(kappa: Any, sine: Any) -> Any:
    """∫ exp(−2κ sin²(t/2)) dt from 0 to z: e^−q √x Σ b_j x^j h_(j+½), for x ≤ ½, from sin(z/2).

    With q = 2κx, h_a = γ(a, q) q^−a e^q = (q h_(a+1) + 1)/a decreases with a.
    """
    x = sine * sine
    q, count = 2 * kappa * x, terms(x)
    a = arb(count) + 0.5
    by_power = q < 1  # a ball around 0 has no logarithm
    h = q.hypgeom_1f1(arb(1), a + 1) / a if by_power else q.gamma_lower(a) * (q - a * q.log()).exp()
    total = arb(0.5, 0.5) * h / (1 - x)
    for j in range(count - 1, -1, -1):
        h = (q * h + 1) / (arb(j) + 0.5)
        total = h + total * x * (2 * j + 1) / (2 * j + 2)
    return (-q).exp() * sine * total


def from_end(kappa: Any, rest: Any) -> Any:
    """∫ exp(−2κ sin²(t/2)) dt from z to π, with cos²(t/2) ≤ ½ in place of x."""
    p, count = 2 * kappa * rest, terms(rest)
    total = arb(0.5, 0.5) * 2 / (1 - rest)
    for j in range(count - 1, -1, -1):
        a = arb(j) + 0.5
        part = (-p).hypgeom_1f1(arb(1), a + 1) / a
        total = part + total * rest * (2 * j + 1) / (2 * j + 2)
    return (p - 2 * kappa).exp() * rest.sqrt() * total


def terms(x: Any) -> int:
    """How many powers of x make a sum as accurate as numbers are."""
    return int(-ctx.prec / np.log2(min(max(float(x.mid()), 1e-300), 0.6))) + 2


def circular_log_density(at: Any, loc: Any, kappa: Any) -> Any:
    sine = ((at - loc) / 2).sin()
    return -2 * kappa * sine * sine - (2 * arb.pi()).log() - kappa.bessel_i(0).log() + kappa


def circular_tail(at: Any, loc: Any, kappa: Any, upper: bool) -> Any:
    z = at - loc if upper else loc - at
    if not z.is_finite():
        return z
    if z < 0:
        return 1 - circular_tail(2 * loc - at, loc, kappa, upper)
    whole = arb.pi() * (-kappa).exp() * kappa.bessel_i(0)
    sine = (z / 2).sin()
    if sine * sine < 0.5:
        return 0.5 - from_middle(kappa, sine) / (2 * whole)
    return from_end(kappa, (z / 2).cos() ** 2) / (2 * whole)


def circular_variance(loc: Any, kappa: Any) -> Any:
    """E[z²] = π²/3 + 4 Σ (−1)^k I_k/(k² I₀), whose terms fall like a normal density at k/√κ."""
    if kappa > 1000:  # by Gauss-Legendre rules of FLINT's, out to where nothing is left
        reach = min(float((2 * ctx.prec / kappa).sqrt().mid()), 3.1)
        left = 100 * (-2 * kappa * (arb(reach) / 2).sin() ** 2).exp()
        even = [
            acb.integral(
                lambda t, _, n=n: t**n * (-2 * acb(kappa) * (t / 2).sin() ** 2).exp(), 0, reach
            ).real
            + arb(0, 1) * left.abs_upper()
            for n in (2, 0)
        ]
        return even[0] / even[1]
    total, k, zero = arb.pi() ** 2 / 3, 0, kappa.bessel_i(0)
    while True:
        k += 1
        term = 4 * kappa.bessel_i(k) / zero / k**2
        total += -term if k % 2 else term
        if term < arb(2) ** -ctx.prec:
            return total + arb(0, 1) * term.abs_upper()


def circular_entropy(loc: Any, kappa: Any) -> Any:
    zero, one = kappa.bessel_i(0), kappa.bessel_i(1)
    return (2 * arb.pi() * zero).log() - kappa * one / zero


class Circular(Law):
    """A law whose quantile may be as near to an end of the support as probabilities are to 0."""

    def slope(self, i: int, at: Any, *theta: Any) -> Any:
        """A draw rotates with μ, whose differences would move the ends past it."""
        return super().slope(i, at, *theta) if i else arb(1)

    def quantile(self, u: Any, v: Any, start: float, *theta: Any) -> Any:
        """Newton's method in the logarithm of the distance from the nearer end."""
        loc, sign, goal = theta[0], -1 if u <= 0.5 else 1, u if u <= 0.5 else v
        tail, last = self.lower if u <= 0.5 else self.upper, arb(2) ** -(ctx.prec // 3)
        distance = (arb.pi() - abs(arb(start) - loc)).mid()
        if not distance > 1e-6:
            distance = (goal / self.log_density(loc + arb.pi(), *theta).exp()).mid()
        for _ in range(60):
            at = loc + sign * (arb.pi() - distance)
            found = tail(at, *theta)
            size = found / (self.log_density(at, *theta).exp() * distance)
            step = (goal.log() - found.log()) * size
            if not step.is_finite():
                return step
            if abs(step.mid()) < last:
                return loc + sign * (arb.pi() - distance * step.exp())
            distance = (distance * step.max(arb(-2)).min(arb(2)).exp()).mid()
        return arb("nan")


def circular_theta(rng: np.random.Generator) -> list[float]:
    """μ, and κ from 1e-6 to 1e8."""
    loc = float(rng.normal() * 10.0 ** rng.uniform(-2, 1)) if rng.random() < 0.5 else 0.0
    typical = rng.random() < 0.5
    return [loc, float(10.0 ** (rng.uniform(-1, 2) if typical else rng.uniform(-6, 8)))]


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
    "von-mises": Circular(
        "real",
        lambda at, m, k: circular_tail(at, m, k, False),
        lambda at, m, k: circular_tail(at, m, k, True),
        circular_log_density,
        circular_entropy,
        lambda m, k: m,
        circular_variance,
        circular_theta,
        beyond=False,
    ),
}
