"""Further laws in elementary functions, in FLINT's balls: see ``laws.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from balls import derivative
from flint import arb
from laws import INF, Formula, Law, gamma_law, log_two
from laws_closed import Direct, euler, placed, scaled


def log_placed(
    lower: Formula,
    upper: Formula,
    log_density: Formula,
    moments: tuple[Any, Any],
    power_moment: Callable[[Any], Any],
    order: float,
) -> Law:
    """y = scale e^(w/k): the law of w, its mean and entropy, and E[e^sw], finite for s < order."""

    def of_w(formula: Formula) -> Formula:
        return lambda at, scale, k: formula(k * (at - scale.log()))

    def mean(scale: Any, k: Any) -> Any:
        return scale * power_moment(1 / k) if k > 1 / order else INF

    def variance(scale: Any, k: Any) -> Any:
        if k > 2 / order:
            return scale**2 * (power_moment(2 / k) - power_moment(1 / k) ** 2)
        return INF

    return Law(
        "log",
        of_w(lower),
        of_w(upper),
        lambda at, scale, k: k.log() + log_density(k * (at - scale.log())),
        lambda scale, k: (scale / k).log() + moments[0]() / k + moments[1](),
        mean,
        variance,
        beyond=False,
    )


class MovingEnds(Direct):
    """A law whose ends are parameters, that values are nearer to than a difference's step."""

    def slope(self, i: int, at: Any, *theta: Any) -> Any:
        """∂λ/∂θ_i of the quantile itself."""
        u, v = self.lower(at, *theta), self.upper(at, *theta)
        return derivative(lambda *t: self.inverse(u, v, *t), theta, i)

    def score(self, i: int) -> Formula:
        """∂ ln p(y)/∂θ_i, in steps that are relative to the distance of θ_i from y."""

        def formula(y: Any, *theta: Any) -> Any:
            way = y - theta[i]

            def moved(part: Any) -> Any:
                return self.log_prob(y, *theta[:i], theta[i] + part * way, *theta[i + 1 :])

            return derivative(moved, (arb(0),), 0) / way

        return formula


def log_uniform_ends(rng: np.random.Generator) -> list[float]:
    low = float(10.0 ** rng.uniform(-3, 3))
    wide = rng.random() < 0.7
    return [low, low * float(10.0 ** rng.uniform(0, 6) if wide else 1 + 10.0 ** rng.uniform(-8, 0))]


def log_uniform_moment(power: int) -> Formula:
    return lambda a, b: (b**power - a**power) / (power * (b / a).log())


log_uniform_mean, log_uniform_square = log_uniform_moment(1), log_uniform_moment(2)


def triangle(rng: np.random.Generator) -> list[float]:
    """Both ends, and a peak that may be next to one of them."""
    low = float(rng.normal() * 10.0 ** rng.uniform(-2, 2)) if rng.random() < 0.8 else 0.0
    width = float(10.0 ** rng.uniform(-3, 3))
    share = float(rng.uniform(0.1, 0.9) if rng.random() < 0.5 else 10.0 ** rng.uniform(-6, -1))
    peak = low + share * width
    return [low, low + width, peak if rng.random() < 0.5 else low + (low + width - peak)]


def triangular_lower(y: Any, a: Any, b: Any, c: Any) -> Any:
    if y < c:
        return (y - a) ** 2 / (b - a) / (c - a)
    return 1 - (b - y) ** 2 / (b - a) / (b - c)


def triangular_log_density(y: Any, a: Any, b: Any, c: Any) -> Any:
    side = (y - a) / (c - a) if y < c else (b - y) / (b - c)
    return (2 * side / (b - a)).log()


def triangular_inverse(u: Any, v: Any, a: Any, b: Any, c: Any) -> Any:
    if u < (c - a) / (b - a):
        return a + (u * (b - a) * (c - a)).sqrt()
    return b - (v * (b - a) * (b - c)).sqrt()


class Exceedance(MovingEnds):
    """The generalized Pareto distribution: ξ, μ, σ."""

    def score(self, i: int) -> Formula:
        """∂ ln p(y)/∂θ_i: only μ may be as near to y as to 0."""
        return super().score(i) if i == 1 else super(MovingEnds, self).score(i)


def exceedance(rng: np.random.Generator) -> list[float]:
    """ξ is typical, next to 0, 0 or large."""
    kind = rng.random()
    xi = float(rng.uniform(-0.9, 2.0))
    if kind > 0.6:
        xi = float(rng.choice([-1, 1]) * 10.0 ** rng.uniform(-12, 1))
    loc = float(rng.normal() * 10.0 ** rng.uniform(-2, 2)) if rng.random() < 0.7 else 0.0
    return [0.0 if kind > 0.95 else xi, loc, float(10.0 ** rng.uniform(-3, 3))]


def exceedance_time(y: Any, xi: Any, loc: Any, scale: Any) -> Any:
    """−ln(1 − F(y))."""
    z = (y - loc) / scale
    return (xi * z).log1p() / xi if xi != 0 else z


def exceedance_inverse(u: Any, v: Any, xi: Any, loc: Any, scale: Any) -> Any:
    t = -(v.log() if v < 0.5 else (-u).log1p())
    return loc + scale * ((xi * t).expm1() / xi if xi != 0 else t)


LAWS: dict[str, Law] = {
    "frechet": log_placed(
        lambda w: (-((-w).exp())).exp(),
        lambda w: -((-((-w).exp())).expm1()),
        lambda w: -w - (-w).exp(),
        (euler, lambda: 1 + euler()),
        lambda s: (1 - s).gamma(),
        1.0,
    ),
    "log-logistic": log_placed(
        lambda w: 1 / (1 + (-w).exp()),
        lambda w: 1 / (1 + w.exp()),
        lambda w: -(w.exp().log1p()) - (-w).exp().log1p(),
        (lambda: 0, lambda: arb(2)),
        lambda s: arb.pi() * s / (arb.pi() * s).sin(),
        1.0,
    ),
    "maxwell": gamma_law(
        lambda s: arb(1.5),
        lambda s: s.log() + log_two() / 2,
        arb(0.5),
        lambda s: s * (8 / arb.pi()).sqrt(),
        lambda s: s**2 * (3 - 8 / arb.pi()),
    ),
    "rayleigh": scaled(
        lambda z: -((-z * z / 2).expm1()),
        lambda z: (-z * z / 2).exp(),
        lambda z: z.log() - z * z / 2,
        lambda: (
            (arb.pi() / 2).sqrt(),
            2 - arb.pi() / 2,
            1 + (euler() - log_two()) / 2,
        ),
    ),
    "soft-laplace": placed(
        lambda z: 2 * z.exp().atan() / arb.pi(),
        lambda z: 2 * (-z).exp().atan() / arb.pi(),
        lambda z: -((z.exp() + (-z).exp()) / 2).log() - arb.pi().log(),
        lambda: (arb(0), arb.pi() ** 2 / 4, (2 * arb.pi()).log()),
    ),
    "log-uniform": MovingEnds(
        "log",
        lambda at, a, b: (at - a.log()) / (b / a).log(),
        lambda at, a, b: (b.log() - at) / (b / a).log(),
        lambda at, a, b: -((b / a).log().log()),
        lambda a, b: (a * b).log() / 2 + (b / a).log().log(),
        log_uniform_mean,
        lambda a, b: log_uniform_square(a, b) - log_uniform_mean(a, b) ** 2,
        log_uniform_ends,
        beyond=False,
        inverse=lambda u, v, a, b: a.log() + u * (b / a).log(),
    ),
    "triangular": MovingEnds(
        "real",
        triangular_lower,
        lambda y, a, b, c: triangular_lower(-y, -b, -a, -c),
        triangular_log_density,
        lambda a, b, c: arb(0.5) + ((b - a) / 2).log(),
        lambda a, b, c: (a + b + c) / 3,
        lambda a, b, c: (a * a + b * b + c * c - a * b - a * c - b * c) / 18,
        triangle,
        beyond=False,
        inverse=triangular_inverse,
    ),
    "generalized-pareto": Exceedance(
        "real",
        lambda y, *theta: -((-exceedance_time(y, *theta)).expm1()),
        lambda y, *theta: (-exceedance_time(y, *theta)).exp(),
        lambda y, xi, loc, scale: -((1 + xi) * exceedance_time(y, xi, loc, scale)) - scale.log(),
        lambda xi, loc, scale: 1 + xi + scale.log(),
        lambda xi, loc, scale: loc + scale / (1 - xi) if xi < 1 else INF,
        lambda xi, loc, scale: scale**2 / (1 - xi) ** 2 / (1 - 2 * xi) if xi < 0.5 else INF,
        exceedance,
        beyond=False,
        inverse=exceedance_inverse,
    ),
    "levy": placed(
        lambda z: (1 / (2 * z)).sqrt().erfc(),
        lambda z: (1 / (2 * z)).sqrt().erf(),
        lambda z: -((2 * arb.pi() * z**3).log()) / 2 - 1 / (2 * z),
        lambda: (INF, INF, (1 + 3 * euler() + (16 * arb.pi()).log()) / 2),
        beyond=False,
    ),
}
