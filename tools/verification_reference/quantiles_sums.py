"""Quantiles of sums."""

from __future__ import annotations

from functools import cache
from typing import Any

from mpmath import mp
from quantiles import Near, Quantile


def bates(near: Near, u: Any, n: Any, low: Any, high: Any) -> Any:
    below = 2 * u < 1
    share = half_sum(min(u, 1 - u), int(n), mp.dps) / n
    return low + share * (high - low) if below else high - share * (high - low)


@cache
def half_sum(p: Any, n: int, _: int) -> Any:
    """Return s ≤ n/2 with P(S ≤ s) = p, by Newton's method on the textbook's alternating sum.

    From below, as P(S ≤ s) ≤ sⁿ/n!, on its logarithm, which is concave.
    """
    s, step = (p * mp.factorial(n)) ** (mp.mpf(1) / n), mp.inf
    while step > mp.mpf(10) ** (-mp.dps // 2 - 5) * s:
        tail, density = (
            sum(
                (-1) ** j * mp.binomial(n, j) * (s - j) ** power
                for j in range(int(mp.floor(s)) + 1)
            )
            / mp.factorial(power)
            for power in (n, n - 1)
        )
        step = mp.log(p / tail) * tail / density
        s += step
    return s


DISTRIBUTIONS = {"bates": Quantile(bates, {"n": 3.0, "low": "low", "high": "high"})}
