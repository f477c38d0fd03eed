"""Laws of sums in FLINT's balls: see ``laws.py``."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from flint import arb, ctx
from laws import Law

#: Nodes of Gauss's rule on each interval: the error is below 1e-30.
NODES = 50


def count(n: Any) -> int:
    """An integer parameter, which has no rounding: half an ulp more is the same."""
    return round(float(n.mid()))


def powers(s: Any, n: int, power: int) -> Any:
    """Σ_j (−1)^j C(n, j) (s − j)₊^power/power!, the textbook's alternating sum."""
    if not s.is_finite():  # of too few bits
        return s
    total = arb(0)
    for j in range(int(float(s.mid())) + 1):
        total += (-1) ** j * math.comb(n, j) * (s - j) ** power
    return total / arb(power).fac()


def bates_tail(s: Any, n: int) -> Any:
    """P(S ≤ s)."""
    return 1 - powers(n - s, n, n) if 2 * s > n else powers(s, n, n)


def bates_lower(y: Any, n: Any, low: Any, high: Any) -> Any:
    n = count(n)
    return bates_tail(n * (y - low) / (high - low), n)


def bates_upper(y: Any, n: Any, low: Any, high: Any) -> Any:
    n = count(n)
    return bates_tail(n * (high - y) / (high - low), n)


def bates_log_density(y: Any, n: Any, low: Any, high: Any) -> Any:
    n = count(n)
    s = n * (y - low) / (high - low)
    s = n - s if 2 * s > n else s
    return (powers(s, n, n - 1) * n / (high - low)).log()


@cache
def node(k: int, precision: int) -> tuple[Any, Any]:
    return arb.legendre_p_root(NODES, k, weight=True)  # type: ignore[no-any-return]


@cache
def sum_entropy(n: int, precision: int) -> Any:
    """The entropy of the sum: below 1 in closed form, above by Gauss's rule on each interval."""
    total = (arb(n).lgamma() + arb(n - 1) / n) / arb(n).fac()
    if n == 1:
        return arb(0)
    edges = [*map(arb, range(1, (n + 1) // 2)), arb(n) / 2]
    for start, end in pairwise(edges):
        half = (end - start) / 2
        for k in range(NODES):
            place, weight = node(k, precision)
            value = powers(start + half * (1 + place), n, n - 1)
            total -= half * weight * value * value.log()
    return 2 * total


def bates_entropy(n: Any, low: Any, high: Any) -> Any:
    n = count(n)
    return sum_entropy(n, ctx.prec) + ((high - low) / n).log()


def bates_theta(rng: np.random.Generator) -> list[float]:
    """A third are few, and the interval is anything."""
    n = rng.integers(1, rng.choice([5, 20, 61]))
    low = float(rng.normal() * 10.0 ** rng.uniform(-2, 2))
    return [float(n), low, low + float(10.0 ** rng.uniform(-3, 3))]


LAWS = {
    "bates": Law(
        "real",
        bates_lower,
        bates_upper,
        bates_log_density,
        bates_entropy,
        lambda n, low, high: (low + high) / 2,
        lambda n, low, high: (high - low) ** 2 / (12 * count(n)),
        bates_theta,
        beyond=False,
    ),
}
