"""Laws that are tilted, lopsided, or have another power in the exponent, in FLINT's balls."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from balls import log_beta, lower_beta, upper_gamma
from flint import acb, arb, ctx
from laws import Formula, Law, Parameters, half_log_two_pi


def placed(
    lower: Formula,
    upper: Formula,
    log_density: Formula,
    moments: tuple[Formula, Formula, Formula],
    theta: Parameters | None = None,
    *,
    beyond: bool = True,
    kind: type[Law] = Law,
) -> Law:
    """y = loc + scale·z with shapes of z: its tails, log density, mean, variance and entropy."""
    mean, variance, entropy = moments

    def of_z(formula: Formula) -> Formula:
        return lambda y, *theta: formula((y - theta[-2]) / theta[-1], *theta[:-2])

    return kind(
        "real",
        of_z(lower),
        of_z(upper),
        lambda y, *theta: of_z(log_density)(y, *theta) - theta[-1].log(),
        lambda *theta: entropy(*theta[:-2]) + theta[-1].log(),
        lambda *theta: theta[-2] + theta[-1] * mean(*theta[:-2]),
        lambda *theta: theta[-1] ** 2 * variance(*theta[:-2]),
        theta,
        beyond,
    )


def laplace_lower(z: Any, k: Any) -> Any:
    side = 1 / (1 + k**2)
    return k**2 * side * (z / k).exp() if z < 0 else 1 - side * (-k * z).exp()


def laplace_upper(z: Any, k: Any) -> Any:
    return laplace_lower(-z, 1 / k)


def laplace_log_density(z: Any, k: Any) -> Any:
    return (z / k if z < 0 else -k * z) - (k + 1 / k).log()


def location_and_scale(rng: np.random.Generator) -> list[float]:
    loc = float(rng.choice([0.0, rng.normal() * 10.0 ** rng.uniform(-2, 2)]))
    return [loc, float(10.0 ** rng.uniform(-3, 3))]


def laplace_theta(rng: np.random.Generator) -> list[float]:
    """A third are typical, some next to 1, the others anything."""
    kinds = 10.0 ** rng.uniform(-0.5, 0.5), 1.0 + 10.0 ** rng.uniform(-15, -1)
    return [float(rng.choice([*kinds, 10.0 ** rng.uniform(-6, 6)])), *location_and_scale(rng)]


def power_outside(size: Any, beta: Any) -> Any:
    """P(|Z| > size)."""
    return upper_gamma(1 / beta, size**beta) if size != 0 else arb(1)


def power_lower(z: Any, beta: Any) -> Any:
    outside = power_outside(abs(z), beta) / 2
    return outside if z < 0 else 1 - outside


def power_log_density(z: Any, beta: Any) -> Any:
    return -(abs(z) ** beta if z != 0 else arb(0)) - (1 + 1 / beta).lgamma() - arb(2).log()


def power_theta(rng: np.random.Generator) -> list[float]:
    """A third are typical, others integers and halves, or from 0.05 to 10,000."""
    kinds = 10.0 ** rng.uniform(-0.5, 1), rng.integers(1, 16) / 2, 10.0 ** rng.uniform(-1.3, 4)
    return [float(rng.choice(kinds)), *location_and_scale(rng)]


def skew_beyond(q: Any, a: Any) -> Any:
    """P(Z < −q) for the shape a, q ≥ 0, by FLINT's own integrals.

    (q/π) ∫ exp(−(q² + t²)/2)/(q² + t²) dt from aq on, with t = aq + s, in pieces that grow with the
    distance from the poles at t = ±iq.
    """
    if q == 0:
        return arb.atan2(arb(1), a) / arb.pi()
    if a < 0:
        return (q / arb(2).sqrt()).erfc() - skew_beyond(q, -a)
    c = a * q
    shift = (q * q + c * c) / 2

    def inner(s: Any, analytic: bool) -> Any:
        return (-c * s - s * s / 2).exp() / (q * q + (c + s) ** 2)

    last = ctx.prec * 0.7 + 20
    stop = 2 * last / (c + (c * c + 2 * last).sqrt())
    accuracy = arb(2) ** -(ctx.prec - 40)
    near, pieces = min(abs(q) + c, stop), acb(0)
    edges = [arb(0)]
    while edges[-1] < stop:
        edges.append(min(2 * edges[-1] if edges[-1] > 0 else near, stop))
    for start, end in pairwise(edges):
        pieces += acb.integral(inner, acb(start), acb(end), rel_tol=accuracy)
    return pieces.real * (-shift).exp() * q / arb.pi()


def skew_lower(z: Any, alpha: Any) -> Any:
    """F(z): above 0 erf(z/√2) more than at −z."""
    if z < 0:
        return skew_beyond(-z, alpha)
    return (z / arb(2).sqrt()).erf() + skew_beyond(z, alpha)


def skew_log_density(z: Any, alpha: Any) -> Any:
    half = (-alpha * z / arb(2).sqrt()).erfc()  # 2 Φ(αz)
    return half.log() - z * z / 2 - half_log_two_pi()


def skew_entropy(alpha: Any) -> Any:
    """½ ln(πe/2) − 2 ∫ φ(z) Φ(αz) ln Φ(αz) dz."""
    unit = max(arb(1), abs(alpha))
    root, alpha_unit = arb(2).sqrt(), alpha / unit

    def inner(t: Any, analytic: bool) -> Any:
        below = (-alpha_unit * t / root).erfc() / 2
        return (-((t / unit) ** 2) / 2).exp() * below * below.log(analytic=analytic)

    reach = (2 * (ctx.prec * 0.35 + 10)) ** 0.5
    edges = [float(k) * reach / 8 for k in range(-8, 9)]
    pieces = acb(0)
    for start, end in pairwise(edges):
        pieces += acb.integral(inner, start, end, rel_tol=arb(2) ** -(ctx.prec // 3))
    expected = pieces.real / unit * (2 / arb.pi()).sqrt()
    return (arb.pi() / 2).log() / 2 + arb(1) / 2 - expected


def skew_theta(rng: np.random.Generator) -> list[float]:
    """A third are typical, others next to 0, or up to 1e6."""
    sizes = rng.uniform(0, 5), 10.0 ** rng.uniform(-6, 0), 10.0 ** rng.uniform(0, 6)
    return [float(rng.choice([-1, 1]) * rng.choice(sizes)), *location_and_scale(rng)]


def faddy_point(z: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """x and 1 − x of Jones & Faddy's skew t: ½ (1 ± z/√(a + b + z²)), neither as a difference."""
    reach = (a + b + z * z).sqrt()
    outer = (a + b) / (2 * reach * (reach + abs(z)))
    return (outer, 1 - outer) if z < 0 else (1 - outer, outer)


def faddy_lower(z: Any, a: Any, b: Any) -> Any:
    return lower_beta(a, b, *faddy_point(z, a, b))


def faddy_log_density(z: Any, a: Any, b: Any) -> Any:
    x, rest = faddy_point(z, a, b)
    half = arb(1) / 2
    logs = (a + half) * x.log() + (b + half) * rest.log() + 2 * arb(2).log()
    return logs - log_beta(a, b) - (a + b).log() / 2


def faddy_mean(a: Any, b: Any) -> Any:
    """By E x^½ (1−x)^−½ and its inverse."""
    if min(a, b) <= 0.5:
        return arb("nan") if max(a, b) <= 0.5 else arb("inf" if a > b else "-inf")
    half, log = arb(1) / 2, log_beta(a, b)
    parts = log_beta(a + half, b - half) - log, log_beta(a - half, b + half) - log
    return (a + b).sqrt() / 2 * (parts[0].exp() - parts[1].exp())


def faddy_variance(a: Any, b: Any) -> Any:
    if min(a, b) <= 1:
        return arb("nan") if max(a, b) <= 0.5 else arb("inf")
    return (a + b) / 4 * (a / (b - 1) + b / (a - 1) - 2) - faddy_mean(a, b) ** 2


def faddy_entropy(a: Any, b: Any) -> Any:
    half, total = arb(1) / 2, (a + b).digamma()
    logs = (a + half) * (a.digamma() - total) + (b + half) * (b.digamma() - total)
    return log_beta(a, b) + (a + b).log() / 2 - 2 * arb(2).log() - logs


def tilted_below(y: Any, eta: Any) -> Any:
    return (eta * y).expm1() / eta.expm1() if eta != 0 else y


def tilted_logs(eta: Any) -> Any:
    return (eta.expm1() / eta).log() if eta != 0 else arb(0)


def tilted_mean(eta: Any) -> Any:
    return 1 / (1 - (-eta).exp()) - 1 / eta if eta != 0 else arb(1) / 2


def tilted_theta(rng: np.random.Generator) -> list[float]:
    """A third are typical, others next to 0, or anything."""
    sizes = rng.uniform(0, 10), 10.0 ** rng.uniform(-12, 0), 10.0 ** rng.uniform(0, 3)
    return [float(rng.choice([-1, 1]) * rng.choice(sizes))]


def sigmoid(at: Any) -> Any:
    return 1 / (1 + (-at).exp())


LAWS = {
    "asymmetric-laplace": placed(
        laplace_lower,
        laplace_upper,
        laplace_log_density,
        (lambda k: 1 / k - k, lambda k: k**2 + 1 / k**2, lambda k: 1 + (k + 1 / k).log()),
        laplace_theta,
    ),
    "generalized-normal": placed(
        power_lower,
        lambda z, beta: power_lower(-z, beta),
        power_log_density,
        (
            lambda beta: arb(0),
            lambda beta: ((3 / beta).lgamma() - (1 / beta).lgamma()).exp(),
            lambda beta: 1 / beta + arb(2).log() + (1 + 1 / beta).lgamma(),
        ),
        power_theta,
        beyond=False,  # |z|^β has no end
    ),
    "skew-normal": placed(
        skew_lower,
        lambda z, alpha: skew_lower(-z, -alpha),
        skew_log_density,
        (
            lambda alpha: (2 / arb.pi()).sqrt() * alpha / (1 + alpha**2).sqrt(),
            lambda alpha: 1 - 2 / arb.pi() * alpha**2 / (1 + alpha**2),
            skew_entropy,
        ),
        skew_theta,
    ),
    "skew-t": placed(
        faddy_lower,
        lambda z, a, b: faddy_lower(-z, b, a),
        faddy_log_density,
        (faddy_mean, faddy_variance, faddy_entropy),
    ),
    "continuous-bernoulli": Law(
        "logit",
        lambda at, eta: tilted_below(sigmoid(at), eta),
        lambda at, eta: tilted_below(sigmoid(-at), -eta),
        lambda at, eta: (
            eta * sigmoid(at) - tilted_logs(eta) - at.exp().log1p() - (-at).exp().log1p()
        ),
        lambda eta: tilted_logs(eta) - eta * tilted_mean(eta),
        tilted_mean,
        lambda eta: 1 / eta**2 - 1 / (4 * (eta / 2).sinh() ** 2) if eta != 0 else arb(1) / 12,
        tilted_theta,
    ),
}
