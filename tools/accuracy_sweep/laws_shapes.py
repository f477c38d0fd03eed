"""Laws with shapes of their own: the inverse Gaussian by its textbook cdf, von Mises by integrals."""

from __future__ import annotations

from itertools import pairwise
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


# Von Mises: on the line, by FLINT's own integrals ----------------------------------------------------


def circular(kappa: Any, start: Any, power: int = 0) -> Any:
    """∫ t^power exp(−2κ sin²(t/2)) dt from a start between 0 and π to π, over its largest exponent."""
    first, width = start.mid(), 1 / (kappa.mid() * start.mid().sin() + kappa.mid().sqrt() + 1)
    places = (first + width * 4**k for k in range(40))
    edges: list[Any] = [start]
    nothing = ctx.prec + 40
    rest = arb(0)
    lowest = 2 * kappa * (start / 2).sin() ** 2
    for place in places:
        if place > arb.pi() - width / 1000:
            edges.append(arb.pi())
            break
        edges.append(place)
        fallen = 2 * kappa * (place / 2).sin() ** 2 - lowest
        if fallen > nothing:
            rest = arb(0, 1) * ((arb.pi() + 1) ** (power + 1) * (-fallen).exp()).abs_upper()
            break

    def inner(t: Any, _: bool) -> Any:
        return t**power * (acb(lowest) - 2 * acb(kappa) * (t / 2).sin() ** 2).exp()

    pieces = (acb.integral(inner, acb(a), acb(b)).real for a, b in pairwise(edges))
    return sum(pieces, rest)


def circular_log_density(at: Any, loc: Any, kappa: Any) -> Any:
    square = ((at - loc) / 2).sin() ** 2
    return -2 * kappa * square - (2 * arb.pi()).log() - kappa.bessel_i(0).log() + kappa


def circular_tail(at: Any, loc: Any, kappa: Any, upper: bool) -> Any:
    z = at - loc if upper else loc - at
    if z < 0:
        return 1 - circular_tail(loc - z if upper else loc + z, loc, kappa, not upper)
    return circular(kappa, z) * circular_log_density(at, loc, kappa).exp()


def circular_variance(loc: Any, kappa: Any) -> Any:
    return circular(kappa, arb(0), 2) / circular(kappa, arb(0))


def circular_entropy(loc: Any, kappa: Any) -> Any:
    zero, one = kappa.bessel_i(0), kappa.bessel_i(1)
    return (2 * arb.pi() * zero).log() - kappa * one / zero


class Circular(Law):
    """A law whose quantile may be as near to an end of the support as probabilities are to 0."""

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
