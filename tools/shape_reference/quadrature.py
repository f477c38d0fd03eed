"""Route A: adaptive quadrature of integrals that keep one sign, in MPFR.

The families are exponential with statistic T; with Lθ = E T the derivative of the cdf is
∂F/∂θ = ∫ (T(t) − Lθ) p(t) dt from the lower end to x or, negated, from x to the upper end. The
integrand changes sign once. It is integrated over the side on which it keeps its sign; the weight
p(t)/p(x) is log-concave in the variable of integration.

Every function returns D_θ = ∂λ/∂θ for each parameter (λ = ln y, logit y, ln |t|), the density of λ,
and one tail, ``cdf``, ``sf`` or ``centre`` (of the t distribution: F(|t|) − ½).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import gmpy2
import mpmath
from conversions import NoReferenceError, mpf_from, mpfr_from
from gmpy2 import exp, expm1, log, log1p, mpfr
from mpmath import mp, mpf

#: MPFR's precision in bits: 86 digits.
gmpy2.get_context().precision = 288
#: Integrals end where the weight is e^−140 = 1e-60 of its largest value.
CUT = 140
#: A panel is halved until that changes the whole integral by less; the error is about its square.
TOLERANCE = 1e-44
NODES = 64
ZERO = mpfr(0)


class Result(NamedTuple):
    """Derivatives D, the density of λ, which tail, and its probability: all mpf."""

    slopes: list[Any]
    density: Any
    tail: str
    probability: Any


@cache
def rule() -> list[tuple[Any, Any]]:
    """Return the Gauss-Legendre rule on [0, 1], its nodes found by Newton's method."""

    def legendre(x: Any) -> tuple[Any, Any]:
        """P_n and its derivative."""
        before, value = mpf(1), x
        for k in range(2, NODES + 1):
            before, value = value, ((2 * k - 1) * x * value - (k - 1) * before) / k
        return value, NODES * (x * value - before) / (x * x - 1)

    pairs = []
    with mp.workdps(110):
        for i in range(NODES // 2):
            x = mpf(math.cos(math.pi * (i + 0.75) / (NODES + 0.5)))
            for _ in range(8):
                value, slope = legendre(x)
                x -= value / slope
            weight = 1 / ((1 - x * x) * legendre(x)[1] ** 2)
            pairs += [((1 - x) / 2, weight), ((1 + x) / 2, weight)]
        assert abs(sum(weight for _, weight in pairs) - 1) < mpf(10) ** -95
    return [(mpfr_from(node), mpfr_from(weight)) for node, weight in pairs]


def integrate(f: Callable[[Any], Sequence[Any]], edges: list[Any]) -> list[Any]:
    """Return the integrals of a function with several single-signed values."""

    def panel(start: Any, stop: Any) -> list[Any]:
        length = stop - start
        rows = [[weight * v for v in f(start + length * node)] for node, weight in rule()]
        return [length * sum(column, ZERO) for column in zip(*rows, strict=True)]

    pending = [(a, b, panel(a, b)) for a, b in pairwise(edges) if b > a]
    total = [sum(column, ZERO) for column in zip(*(whole for *_, whole in pending), strict=True)]
    for _ in range(4000):
        if not pending:
            return total
        start, stop, whole = pending.pop()
        middle = (start + stop) / 2
        left, right = panel(start, middle), panel(middle, stop)
        change = [a + b - w for a, b, w in zip(left, right, whole, strict=True)]
        total = [t + c for t, c in zip(total, change, strict=True)]
        if any(abs(c) > TOLERANCE * abs(t) for c, t in zip(change, total, strict=True)):
            pending += [(start, middle, left), (middle, stop, right)]
    raise NoReferenceError("too many panels")


def edges(exponent: Callable[[Any], Any], peak: Any) -> list[Any]:
    """Return 0, the peak of a concave exponent, and where it has fallen by CUT."""
    peak = max(peak, ZERO)
    floor, step = exponent(peak) - CUT, mpfr(1)
    while exponent(peak + step) > floor:
        step *= 2
    while exponent(peak + step / 2) < floor:
        step /= 2
    return [ZERO, peak, peak + step]


class Point:
    """x, 1 − x and their logarithms, from the one double that defines the point."""

    def __init__(self, side: str, value: float) -> None:
        near = mpfr(value)
        near, log_near = (exp(near), near) if side.startswith("ln") else (near, log(near))
        self.x, self.log_x = near, log_near
        if near < 1:
            self.rest, self.log_rest = 1 - near, log1p(-near)
        if side.endswith("c"):
            self.x, self.log_x, self.rest, self.log_rest = (
                self.rest,
                self.log_rest,
                self.x,
                self.log_x,
            )


def gamma(alpha: float, side: str, value: float) -> Result:
    """T = ln t, E T = ψ(α): t = x e^−s where ln x < ψ(α), else t = x e^s."""
    point, a = Point(side, value), mpfr(alpha)
    x, distance = point.x, mpfr_from(mpmath.digamma(mpf(alpha))) - point.log_x
    sign = -1 if distance > 0 else 1

    def exponent(s: Any) -> Any:
        return sign * a * s - x * expm1(sign * s)

    def values(s: Any) -> tuple[Any, Any]:
        weight = exp(exponent(s))
        return weight, (s - sign * distance) * weight

    mass, slope = integrate(values, edges(exponent, sign * (log(a) - point.log_x)))
    density = exp(a * point.log_x - x - mpfr_from(mpmath.loggamma(mpf(alpha))))
    tail = "cdf" if sign < 0 else "sf"
    return Result([mpf_from(slope)], mpf_from(density), tail, mpf_from(mass * density))


def beta(alpha: float, beta_: float, side: str, value: float) -> Result:
    """T = ln t and ln(1 − t): logit t = logit x ∓ s, in which the weight is t^α (1−t)^β."""
    point, a, b = Point(side, value), mpfr(alpha), mpfr(beta_)
    with mp.workdps(mp.dps + 16):
        both = mpf(alpha) + mpf(beta_)
        mean_log, mean_log_rest = (
            mpfr_from(mpmath.digamma(mpf(v)) - mpmath.digamma(both)) for v in (alpha, beta_)
        )
        log_beta = mpfr_from(
            mpmath.loggamma(mpf(alpha)) + mpmath.loggamma(mpf(beta_)) - mpmath.loggamma(both)
        )
    to_mean = point.log_x - point.log_rest - log(a / b)
    lower = {"alpha": point.log_x < mean_log, "beta": point.log_rest > mean_log_rest}

    def half(below: bool, wanted: list[str]) -> list[Any]:
        own, near, far = (a, point.rest, point.x) if below else (b, point.x, point.rest)

        def exponent(s: Any) -> Any:
            return -own * s - (a + b) * log(near + far * exp(-s))

        def values(s: Any) -> list[Any]:
            growth = log(near + far * exp(-s))
            weight = exp(-own * s - (a + b) * growth)
            log_t = point.log_x - growth - (s if below else 0)
            log_rest = point.log_rest - growth - (0 if below else s)
            distances = {"alpha": mean_log - log_t, "beta": mean_log_rest - log_rest}
            sign = 1 if below else -1
            return [weight, *(sign * distances[name] * weight for name in wanted)]

        return integrate(values, edges(exponent, to_mean if below else -to_mean))

    slopes, masses = {}, {}
    for below, tail in ((True, "cdf"), (False, "sf")):
        if wanted := [name for name in lower if lower[name] == below]:
            masses[tail], *found = half(below, wanted)
            slopes |= dict(zip(wanted, found, strict=True))
    density = exp(a * point.log_x + b * point.log_rest - log_beta)
    tail = min(masses, key=lambda name: masses[name])
    return Result(
        [mpf_from(slopes["alpha"]), mpf_from(slopes["beta"])],
        mpf_from(density),
        tail,
        mpf_from(masses[tail] * density),
    )


def student_t(df: float, side: str, value: float) -> Result:
    """The t distribution's own score in ν, integrated over [0, |t|], or over [|t|, ∞).

    ∂ ln p/∂ν = ½ (ψ((ν+1)/2) − ψ(ν/2) − 1/ν − ln(1 + v²/ν) + (ν+1) v²/(ν (ν + v²))) falls beyond
    v = 1, below which it is positive, and its mean is zero: it changes sign once for v > 0.
    """
    nu, t = mpfr(df), abs(mpfr(value))
    with mp.workdps(mp.dps + 16):
        half = mpf(df) / 2
        constant = mpfr_from(mpmath.digamma(half + 0.5) - mpmath.digamma(half) - 1 / mpf(df))
        log_norm = mpfr_from(
            mpmath.loggamma(half + 0.5) - mpmath.loggamma(half) - mpmath.log(mpf(df) * mp.pi) / 2
        )
    power, ratio = (nu + 1) / 2, t * t / nu
    log_one_plus = log1p(ratio)

    def score(w: Any) -> Any:
        return (constant - log1p(w) + (nu + 1) * w / (nu * (1 + w))) / 2

    density = t * exp(log_norm - power * log_one_plus)
    if score(ratio) > 0:

        def inside(r: Any) -> tuple[Any, Any]:
            w = ratio * r * r
            weight = exp(power * (log_one_plus - log1p(w)))
            return weight, score(w) * weight

        mass, slope = integrate(inside, [ZERO, mpfr(1)])
        tail = "centre"
    else:

        def exponent(s: Any) -> Any:
            return s + power * (log_one_plus - log1p(ratio * exp(2 * s)))

        def outside(s: Any) -> tuple[Any, Any]:
            weight = exp(exponent(s))
            return weight, -score(ratio * exp(2 * s)) * weight

        mass, slope = integrate(outside, edges(exponent, -log(t)))
        tail = "sf"
    return Result([mpf_from(-slope)], mpf_from(density), tail, mpf_from(mass * density))
