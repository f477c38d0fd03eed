"""Sums and mixtures of simple variates, in FLINT's balls."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from flint import acb, arb, ctx
from laws import NAN, Law, normal_tails


def modified(y: Any, loc: Any, scale: Any, rate: Any) -> tuple[Any, Any, Any]:
    """z, the rate of the exponential part of z, and e^(k²/2 − kz) Φ(z − k)."""
    z, k = (y - loc) / scale, rate * scale
    return z, k, (k * k / 2 - k * z).exp() * normal_tails(z - k)[0]


def modified_lower(*inputs: Any) -> Any:
    z, _, part = modified(*inputs)
    return normal_tails(z)[0] - part


def modified_upper(*inputs: Any) -> Any:
    z, _, part = modified(*inputs)
    return normal_tails(z)[1] + part


def modified_log_density(y: Any, loc: Any, scale: Any, rate: Any) -> Any:
    z, k, _ = modified(y, loc, scale, rate)
    return rate.log() + k * k / 2 - k * z + normal_tails(z - k)[0].log()


def modified_entropy(loc: Any, scale: Any, rate: Any) -> Any:
    """By FLINT's own integral of −k f ln f over t = kz, in pieces."""
    k = rate * scale

    def term(t: Any, analytic: bool) -> Any:
        z = t / k
        tail = (-(z - k) / arb(2).sqrt()).erfc() / 2
        log = k * k / 2 - t + tail.log()
        return -(log.exp()) * log

    far = ctx.prec * 0.7 + 20
    reach = (2 * far) ** 0.5
    edges = [-reach * k, -3 * k, arb(0), 3 * k, (k + 3) * k, (k + reach) * k, (k + reach) * k + far]
    pieces = acb(0)
    for start, end in pairwise(edges):
        pieces += acb.integral(term, acb(start), acb(end), rel_tol=arb(2) ** -100)
    return pieces.real - rate.log()


def modified_theta(rng: np.random.Generator) -> list[float]:
    """μ, σ, and a rate such that σλ is typical, or anything from 1e-4 to 1e4."""
    loc = float(rng.choice([0.0, rng.normal() * 10.0 ** rng.uniform(-2, 2)]))
    scale = float(10.0 ** rng.uniform(-3, 3))
    k = rng.choice([10.0 ** rng.uniform(-1, 1), 10.0 ** rng.uniform(-4, 4), rng.integers(1, 9) / 2])
    return [loc, scale, float(k / scale)]


def horseshoe_size(y: Any, scale: Any) -> tuple[Any, Any]:
    """a = |y|/(√2 σ), and whether its asymptotic series suffices."""
    a = abs(y) / scale / arb(2).sqrt()
    return a, bool(a * a > ctx.prec * 0.7 + 20)


def alternating(a: Any, odd: bool) -> Any:
    """Σ n! (−a⁻²)^n, or with 1/(2n + 1): the error is at most the first term left out."""
    total, term, n = arb(0), arb(1), 0
    while abs(term) > arb(2) ** -(ctx.prec + 8):
        total += term / (2 * n + 1) if odd else term
        n += 1
        term = -term * n / a**2
    return total + arb(0, 1) * abs(term).abs_upper()


def horseshoe_outside(y: Any, scale: Any) -> Any:
    """P(|Y| > |y|): 2/(π^1.5 a) Σ (−1)^n n!/((2n + 1) a^2n), or 1 less the power series."""
    a, far = horseshoe_size(y, scale)
    if far:
        return 2 * alternating(a, True) / a / arb.pi() ** 1.5
    if a == 0:
        return arb(1)
    psi, term, total, n = -arb.const_euler(), 2 * a / arb.pi() ** 1.5, arb(0), 0
    while n < 2 * a * a or abs(term) > arb(2) ** -(ctx.prec + 8):
        total += term / (2 * n + 1) * (psi + arb(2) / (2 * n + 1) - 2 * a.log())
        n += 1
        psi += arb(1) / n
        term = term * a * a / n
    return 1 - total - arb(0, 1) * (4 * abs(term) * (1 + abs(a.log()) + n)).abs_upper()


def horseshoe_lower(y: Any, scale: Any) -> Any:
    outside = horseshoe_outside(y, scale) / 2
    return outside if y < 0 else 1 - outside


def horseshoe_log_density(y: Any, scale: Any) -> Any:
    a, far = horseshoe_size(y, scale)
    kernel = alternating(a, False) / a**2 if far else (a * a).exp() * (a * a).gamma_upper(0)
    return kernel.log() - (2 * arb.pi() ** 3).log() / 2 - scale.log()


def horseshoe_entropy(scale: Any) -> Any:
    """By an integral in 50 digits, of mpmath."""
    return arb("2.1098718360616477247351724121332062747186623367 +/- 1e-45") + scale.log()


LAWS: dict[str, Law] = {
    "ex-gaussian": Law(
        "real",
        modified_lower,
        modified_upper,
        modified_log_density,
        modified_entropy,
        lambda loc, scale, rate: loc + 1 / rate,
        lambda loc, scale, rate: scale**2 + 1 / rate**2,
        modified_theta,
    ),
    "horseshoe": Law(
        "real",
        horseshoe_lower,
        lambda y, scale: horseshoe_lower(-y, scale),
        horseshoe_log_density,
        horseshoe_entropy,
        lambda scale: NAN,
        lambda scale: NAN,
    ),
}
