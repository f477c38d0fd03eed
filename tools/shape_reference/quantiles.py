"""Exact quantiles: Newton's method in ball arithmetic on the series of route B.

ln F and ln(1 − F) are concave in λ = ln y or logit y, whose density is log-concave, so that
Newton's method converges from any start.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import series
from conversions import NoReferenceError, arb_from, mpf_from
from flint import arb, ctx

#: A step below this, at full precision, is the last one.
LAST = 1e-23


def newton(at: Callable[[Any, int], series.Balls], u: Fraction, start: float, bits: int) -> Any:
    """Return λ, the middle of a ball, where F is u; `at` gives balls of λ and a precision."""
    lower = 2 * u <= 1
    tail = u if lower else 1 - u
    point, precision, extra = arb(start), 128, bits
    for _ in range(400):
        balls = at(point, precision + extra)
        found = balls["cdf" if lower else "sf"]
        ratio = arb_from(tail).log() - found.log()
        if found.rel_accuracy_bits() < precision - 70 or not ratio.is_finite():
            extra += precision + max(extra, 0)
            continue
        density = abs(balls["F"][0] / balls["D"][0])
        step = ratio * found / density
        reach = 4 + 4 * abs(float(point.mid()))  # from the wrong side a step may be absurdly long
        if abs(float(step.mid())) > reach:
            step = arb(math.copysign(reach, float(step.mid())))
        point = (point + step if lower else point - step).mid()
        size = abs(float(ratio.mid()))
        if size < LAST and precision >= 256:
            return point
        if size < 1e-9:
            precision = 288
    raise NoReferenceError("Newton's method did not converge")


def gamma(alpha: float, u: float) -> dict[str, Any]:
    """Return y and ln y."""
    from scipy.special import gammainccinv, gammaincinv

    guess = gammaincinv(alpha, u) if u <= 0.5 else gammainccinv(alpha, 1.0 - u)
    start = (
        math.log(guess)
        if 1e-300 < guess < 1e300
        else (math.log(u) + math.lgamma(alpha + 1)) / alpha
    )
    log = newton(
        lambda point, bits: series.gamma_once(alpha, "lny", point, bits),
        Fraction(u),
        start,
        int(abs(math.log2(alpha))),
    )
    ctx.prec = 288
    return {"y": mpf_from(log.exp()), "lny": mpf_from(log)}


def beta_logit(alpha: float, beta: float, u: Fraction) -> Any:
    """Return logit y, as a ball."""
    from scipy.special import betainccinv, betaincinv

    tail = float(min(u, 1 - u))
    with np.errstate(all="ignore"):
        if 2 * u <= 1:
            x, rest = betaincinv(alpha, beta, tail), betainccinv(beta, alpha, tail)
        else:
            x, rest = betainccinv(alpha, beta, tail), betaincinv(beta, alpha, tail)
    log_beta = math.lgamma(alpha) + math.lgamma(beta) - math.lgamma(alpha + beta)
    if x > 1e-300 and rest > 1e-300 and abs(x + rest - 1) < 1e-6:
        start = math.log(x) - math.log(rest)
    elif not rest > 1e-300:
        start = -(math.log(float(1 - u)) + math.log(beta) + log_beta) / beta
    else:
        start = (math.log(float(u)) + math.log(alpha) + log_beta) / alpha

    def at(point: Any, bits: int) -> series.Balls:
        mirrored, lost = series.cheaper_end(alpha, beta, float(point.mid()))
        return series.beta_once(alpha, beta, "logit", point, bits + lost, mirrored)

    return newton(at, u, start, int(math.log2(alpha + beta + 2)))


def beta(alpha: float, beta_: float, u: float) -> dict[str, Any]:
    """Return y, 1 − y and their logarithms."""
    logit = beta_logit(alpha, beta_, Fraction(u))
    ctx.prec = 288
    point = series.Point("logit", logit)
    return {
        "y": mpf_from(point.x),
        "yc": mpf_from(point.rest),
        "lny": mpf_from(point.log_x),
        "lnyc": mpf_from(point.log_rest),
    }


def student_t(df: float, u: float) -> dict[str, Any]:
    """Return t: its size from the beta quantile of the two tails together."""
    tails = 2 * min(Fraction(u), 1 - Fraction(u))
    logit = beta_logit(df / 2, 0.5, tails)
    ctx.prec = 288
    size = mpf_from(arb(df).sqrt() * (-logit / 2).exp())
    return {"y": size if u > 0.5 else -size}
