"""Quantiles of laws with shapes of their own: the inverse Gaussian and von Mises."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from mpmath import mp, mpf
from quantiles import Near, Quantile, fixed, newton


def inverse_gaussian(near: Near, u: Any, mean: Any, shape: Any) -> Any:
    """Newton's method on Φ(a) + e^2φ Φ(−b), or on 1 less it, φ = λ/μ."""
    phi, upper = shape / mean, u > 0.5

    def tail(log_x: Any) -> tuple[Any, Any]:
        with mp.workdps(mp.dps + 40):  # of a difference, far above the mean
            x = mp.exp(log_x)
            a, b = (mp.sqrt(phi / x) * (x + sign) for sign in (-1, 1))
            density = mp.sqrt(phi / x) * mp.npdf(a)
            last = mp.exp(2 * phi) * mp.erfc(b / mp.sqrt(2)) / 2
            first = mp.erfc((a if upper else -a) / mp.sqrt(2)) / 2
            probability = first - last if upper else first + last
            return probability, probability / density

    sign, target = (-1, 1 - u) if upper else (1, u)
    # from the outside, as Φ(−t) < exp(−t²/2)/2
    outside = 2 * mp.asinh(-sign * mp.sqrt(-2 * mp.log(target) / phi) / 2)
    near["wald"] = newton(tail, target, near.get("wald", outside), sign)
    return mean * mp.exp(near["wald"])


#: From here on the tail is another series: Fourier's would need thousands of digits.
NARROW = 700


def von_mises(near: Near, u: Any, loc: Any, kappa: Any) -> Any:
    """μ ± 2 arctan(e^w), w by Newton's method on the smaller tail."""
    beyond = min(u, 1 - u)
    if 2 * beyond == 1:
        return loc
    near["tangent"] = log_tangent(beyond, kappa, mp.prec, near.get("tangent"))
    z = 2 * mp.atan(mp.exp(near["tangent"]))
    return loc - z if 2 * u < 1 else loc + z


@cache
def log_tangent(beyond: Any, kappa: Any, bits: int, start: Any) -> Any:
    """Return ln tan(z/2) where P(Z > z) is a number: from a start, or after bisection.

    Near the middle by P(0 < Z < z).
    """
    inside = beyond > 0.25

    def tail(at: Any) -> tuple[Any, Any]:
        with mp.workdps(mp.dps + 20):
            z = 2 * mp.atan(mp.exp(at))
            whole = 2 * mp.pi * bessel(kappa, mp.prec)[0]
            density = mp.exp(kappa * (mp.cos(z) - 1)) * mp.sin(z) / whole
            narrow = kappa > NARROW
            between = expansion(z, kappa) / whole if narrow else fourier(z, kappa)
            found = between if inside else 0.5 - between
            return found, found / density

    target = 0.5 - beyond if inside else beyond
    if start is None:
        low, high = mpf(-200), mpf(0 if kappa > NARROW else 720)
        with mp.workdps(30 - int(mp.log10(target))):
            for _ in range(30):
                middle = (low + high) / 2
                nearer = (tail(middle)[0] > target) == inside
                low, high = (low, middle) if nearer else (middle, high)
        start = (low + high) / 2
    return newton(tail, target, start, 1 if inside else -1)


@cache
def bessel(kappa: Any, bits: int) -> tuple[Any, list[Any]]:
    """Return e^−κ I₀(κ), and I_k(κ)/I₀(κ) for k = 1, 2, … by Miller's backward recurrence."""
    scaled = mp.besseli(0, kappa) * mp.exp(-kappa)
    if kappa > NARROW:
        return scaled, []
    last, x = 10, float(kappa)
    while last * math.log(x / 2) - math.lgamma(last + 1) + x * x / (4 * last) > -0.7 * bits - 20:
        last += 10
    ratios = [mpf(0)] * (last + 1)
    for k in range(last - 1, -1, -1):
        ratios[k] = 1 / (2 * (k + 1) / kappa + ratios[k + 1])
    products = [ratios[0]]
    for ratio in ratios[1:-1]:
        products.append(products[-1] * ratio)
    return scaled, products


def fourier(z: Any, kappa: Any) -> Any:
    """P(0 < Z < z) = z/2π + Σ I_k/I₀ sin(kz)/(kπ)."""
    total, before, sine, double = mpf(0), mpf(0), mp.sin(z), 2 * mp.cos(z)
    for k, ratio in enumerate(bessel(kappa, mp.prec)[1], start=1):
        total += ratio * sine / k
        before, sine = sine, double * sine - before
    return (z + 2 * total) / (2 * mp.pi)


def expansion(z: Any, kappa: Any) -> Any:
    """∫ exp(κ (cos t − 1)) dt from 0 to z, in powers of x = sin²(z/2) < ½ and q = 2κx.

    dt = dx/√(x (1 − x)) gives e^−q √x Σ (2j)!/(4^j j!²) x^j h_(j+½) with h_a = γ(a, q) q^−a e^q =
    (q h_(a+1) + 1)/a. For large a that is 1/a to begin with.
    """
    x = mp.sin(z / 2) ** 2
    q, count = 2 * kappa * x, int(-mp.prec / mp.log(x, 2)) + 2
    one, step, share = fixed(q, x)
    h = total = 0
    for j in range(max(count, int(2 * q)) + mp.prec, -1, -1):
        h = (step * h // one + one) * 2 // (2 * j + 1)
        if j <= count:
            total = h + total * share // one * (2 * j + 1) // (2 * j + 2)
    return mp.exp(-q) * mp.sqrt(x) * mpf(total) / one


DISTRIBUTIONS = {
    "inverse-gaussian": Quantile(inverse_gaussian, {"loc": "shape", "concentration": "shape"}),
    "von-mises": Quantile(von_mises, {"loc": "loc", "concentration": "shape"}),
}
