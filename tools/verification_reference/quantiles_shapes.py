"""Quantiles of laws with a shape of their own: the inverse Gaussian, from its textbook cdf."""

from __future__ import annotations

from typing import Any

from mpmath import mp
from quantiles import Near, Quantile, newton


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


DISTRIBUTIONS = {
    "inverse-gaussian": Quantile(inverse_gaussian, {"loc": "shape", "concentration": "shape"}),
}
