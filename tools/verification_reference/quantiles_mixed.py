"""Quantiles of sums and mixtures of simple variates, in any precision."""

from __future__ import annotations

from functools import partial
from typing import Any

from mpmath import mp
from quantiles import Near, Quantile, newton


def modified_tail(x: Any, k: Any, upper: bool) -> tuple[Any, Any]:
    """Return a tail of a normal variate plus an exponential one of rate k, and its ratio to f."""
    size = int(x * x / 4) if x < 0 else 0
    with mp.extradps(min(size, 400) + 20):
        part = mp.exp(k * k / 2 - k * x) * mp.erfc((k - x) / mp.sqrt(2)) / 2
        sign = 1 if upper else -1
        probability = mp.erfc(sign * x / mp.sqrt(2)) / 2 + sign * part
    return +probability, probability / (k * part)


def ex_gaussian(near: Near, u: Any, loc: Any, scale: Any, rate: Any) -> Any:
    k, upper = scale * rate, 2 * u > 1
    target = 1 - u if upper else u
    start = near.get("x")
    if start is None:  # the larger part's quantile, or what is farther out
        size = -mp.log(target)
        start = max(size / k, mp.sqrt(2 * size)) if upper else -mp.sqrt(2 * size)
    tail = partial(modified_tail, k=k, upper=upper)
    near["x"] = newton(tail, target, start, -1 if upper else 1)
    return loc + scale * near["x"]


def matched(loc: float, scale: float, shape: float) -> tuple[float, ...]:
    """Return μ, σ, and the rate that makes σλ the shape, or half an integer itself."""
    return loc, scale, shape if shape % 0.5 == 0.0 and 1e-3 < scale < 1e3 else shape / scale


def horseshoe_tail(a: Any, outside: bool) -> tuple[Any, Any]:
    """Return P(|Z| > √2 a), or P(|Z| < √2 a), and its ratio to the density of a.

    By the power series, or outside by the asymptotic one.
    """
    square = a * a
    if outside and square > 2.5 * mp.dps + 10:
        total, kernel, term, n = mp.zero, mp.zero, mp.one, 0
        while abs(term) > mp.eps:
            total += term / (2 * n + 1)
            kernel += term
            n += 1
            term *= -n / square
        return 2 / mp.pi**1.5 * total / a, total / kernel * a
    with mp.extradps(int(square / 2) + 10):
        square = a * a  # to all digits
        total, psi, term, n = mp.zero, -mp.euler, mp.one, 0
        while n < 2 * square or abs(term) > mp.eps:
            total += term / (2 * n + 1) * (psi + mp.mpf(2) / (2 * n + 1) - 2 * mp.log(a))
            n += 1
            psi += mp.one / n
            term *= square / n
        found = 2 * a * total / mp.pi**1.5
        found = 1 - found if outside else found
        ratio = found * mp.pi**1.5 / (2 * mp.exp(square) * mp.e1(square))
    return +found, +ratio


def horseshoe(near: Near, u: Any, scale: Any) -> Any:
    """In ln a, of which the logarithm of either probability is concave."""
    inside = abs(1 - 2 * u)
    outside = bool(inside > 0.5)
    if inside == 0:
        return mp.zero

    def tail(log: Any) -> tuple[Any, Any]:
        a = mp.exp(log)
        found, ratio = horseshoe_tail(a, outside)
        return found, ratio / a

    target = 2 * min(u, 1 - u) if outside else inside
    start = mp.log(2 / mp.pi**1.5 / target if outside else target / (2 - 2 * mp.log(target)))
    near["log"] = newton(tail, target, near.get("log", start), -1 if outside else 1)
    return (scale if 2 * u > 1 else -scale) * mp.exp(near["log"]) * mp.sqrt(2)


DISTRIBUTIONS = {
    "ex-gaussian": Quantile(
        ex_gaussian, {"loc": "loc", "scale": "scale", "rate": "shape"}, made=matched
    ),
    "horseshoe": Quantile(horseshoe, {"scale": "scale"}),
}
