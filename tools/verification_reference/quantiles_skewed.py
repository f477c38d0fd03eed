"""Quantiles of laws that are tilted, lopsided, or have another power in the exponent."""

from __future__ import annotations

from functools import partial
from typing import Any

from mpmath import mp
from quantiles import Near, Quantile, fixed, log_gamma_quantile, logit_of, newton


def asymmetric_laplace(near: Near, u: Any, asymmetry: Any, loc: Any, scale: Any) -> Any:
    square = asymmetry**2
    if u * (1 + square) < square:
        return loc + scale * asymmetry * mp.log(u * (1 + square) / square)
    return loc - scale * mp.log((1 - u) * (1 + square)) / asymmetry


def continuous_bernoulli(near: Near, u: Any, logits: Any) -> Any:
    return mp.log1p(u * mp.expm1(logits)) / logits if logits else u


def generalized_normal(near: Near, u: Any, power: Any, loc: Any, scale: Any) -> Any:
    """|z|^β ~ Gamma(1/β), of which both tails of z are the upper one."""
    tails = 2 * min(u, 1 - u)
    if tails == 1:
        return loc
    near["log"] = log_gamma_quantile(1 / power, 1 - tails, tails, near.get("log"))
    size = mp.exp(near["log"] / power)
    return loc + scale * (size if 2 * u > 1 else -size)


def skew_normal(near: Near, u: Any, alpha: Any, loc: Any, scale: Any) -> Any:
    mirrored, start = alpha < 0, near.get("z")
    if mirrored:
        z = -skew_quantile(1 - u, u, -alpha, None if start is None else -start)
    else:
        z = skew_quantile(u, 1 - u, alpha, start)
    near["z"] = z
    return loc + scale * z


def skew_t(near: Near, u: Any, alpha: Any, beta: Any, loc: Any, scale: Any) -> Any:
    logit = logit_of(near, alpha, beta, u, 1 - u)
    return loc + scale * mp.sqrt(alpha + beta) * mp.sinh(logit / 2)


def heavy_at_most(alpha: float, beta: float, *rest: float) -> tuple[float, ...]:
    """Shapes of quantiles that have at most 600 digits, so that loc is not lost beside them."""
    return max(alpha, 0.25), max(beta, 0.25), *rest


#: Solutions by the probability and the shape: neither location nor scale changes them.
_SOLVED: dict[tuple[Any, Any, int], Any] = {}


def skew_quantile(u: Any, complement: Any, alpha: Any, start: Any) -> Any:
    """Return the z of a shape α ≥ 0 with P(Z ≤ z) = u, from the smaller tail."""
    if alpha == 0 and u == complement:
        return mp.mpf(0)
    key = u, alpha, mp.dps
    if key not in _SOLVED:
        _SOLVED[key] = skew_solved(u, complement, alpha, start)
    return _SOLVED[key]


def skew_solved(u: Any, complement: Any, alpha: Any, start: Any) -> Any:
    upper = complement < u
    target = complement if upper else u
    if alpha * (z := normal_tail_quantile(complement / 2)) > _BENT:
        return z - skew_beyond(z, alpha) * mp.sqrt(mp.pi / 2) * mp.exp(z * z / 2)
    if start is None:  # farther out than the quantile
        behind = mp.acot(alpha) / mp.pi if alpha else mp.mpf(1) / 2
        size = mp.sqrt(2 * mp.log(max(behind / target, 1)) / (1 + alpha**2))
        start = mp.sqrt(-2 * mp.log(target)) if upper else -size
    tail = partial(skew_tail, alpha=alpha, upper=upper)
    with mp.extradps(_BENT_DIGITS):
        return newton(tail, target, start, -1 if upper else 1)


#: From this αz on P(Z > z) is erfc(z/√2) but for less than 1e-60, which moves the quantile in
#: proportion; up to there so many digits more show how it does.
_BENT, _BENT_DIGITS = 17, 70


def normal_tail_quantile(target: Any) -> Any:
    """Return z with 1 − Φ(z) = target < ½, in all digits."""
    z = mp.sqrt(-2 * mp.log(target))
    step = mp.inf
    while abs(step) > mp.mpf(10) ** (-mp.dps // 2 - 5):
        tail = mp.erfc(z / mp.sqrt(2)) / 2
        step = mp.log(tail / target) * tail / mp.npdf(z)
        z += step
    return z


def skew_beyond(q: Any, a: Any) -> Any:
    """Return P(Z < −q) to 70 digits: (q/π) ∫ exp(−(q² + t²)/2)/(q² + t²) dt from aq on."""
    with mp.workdps(75):
        c = a * q
        edges = [mp.mpf(8 * k) / c for k in range(23)]
        part = mp.quad(lambda s: mp.exp(-s * (c + s / 2)) / (q * q + (c + s) ** 2), edges)
        return part * q / mp.pi * mp.exp(-(q * q + c * c) / 2)


def skew_tail(z: Any, alpha: Any, upper: bool) -> tuple[Any, Any]:
    """Return P(Z > z), or P(Z ≤ z), and its ratio to the density p.

    By the power series of p, from p′ = −z p + (α/π) exp(−z² (1 + α²)/2), integrated from 0.
    """
    density = mp.exp(-z * z / 2) * mp.erfc(-alpha * z / mp.sqrt(2)) / mp.sqrt(2 * mp.pi)
    square = z * z * (1 + alpha**2) / 2
    with mp.workprec(mp.prec + int(3 * square) + 20):
        below = mp.acot(alpha) / mp.pi if alpha else mp.mpf(1) / 2
        first = z / mp.sqrt(2 * mp.pi)
        one, z_square, power, even, growth = fixed(z * z, square, first, alpha / mp.pi)
        shift = one.bit_length() - 1
        odd, total, k = z_square * growth >> shift, 0, 0
        while k < square or abs(even) + abs(odd) + abs(growth) > 9:  # what is left of rounding
            total += even // (2 * k + 1) + odd // (2 * k + 2)
            even = -(z_square * even >> shift) // (2 * k + 2)
            k += 1
            growth = -(power * growth >> shift) // k
            odd = (z_square * (growth - odd) >> shift) // (2 * k + 1)
        probability = below + mp.mpf(total) / one
        if upper:
            probability = 1 - probability
    return +probability, probability / density


DISTRIBUTIONS = {
    "asymmetric-laplace": Quantile(
        asymmetric_laplace, {"asymmetry": "shape", "loc": "loc", "scale": "scale"}
    ),
    "continuous-bernoulli": Quantile(continuous_bernoulli, {"logits": "loc"}),
    "skew-normal": Quantile(skew_normal, {"alpha": "loc", "loc": "loc", "scale": "scale"}),
    "skew-t": Quantile(
        skew_t,
        {"alpha": "shape", "beta": "shape", "loc": "loc", "scale": "scale"},
        made=heavy_at_most,
    ),
    "generalized-normal": Quantile(
        generalized_normal, {"power": "df", "loc": "loc", "scale": "scale"}
    ),
}
