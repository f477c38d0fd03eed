"""The points of the sweeps: seeded, over the whole domain, each kind with a name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Point(NamedTuple):
    """A kind, parameters, and a probability or (near t = 0) a value."""

    kind: str
    theta: tuple[float, ...]
    u: float | None
    y: float | None = None


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def region(i: int) -> str:
    """Half of the points have a uniform u, a quarter lie in each tail."""
    return ("u", "lo", "u", "hi")[i % 4]


def probability(rng: np.random.Generator, where: str) -> float:
    """Return a uniform u, or one whose tail is log-uniform down to 1e-12.

    In the upper tail 1 − u is a multiple of 2⁻⁵³, so that both are doubles.
    """
    while True:
        if where == "u":
            u = rng.random()
        elif where == "lo":
            u = float(10.0 ** rng.uniform(-12, 0))
        else:
            u = 1.0 - round(10.0 ** rng.uniform(-12, 0) * 2.0**53) / 2.0**53
        if 0.0 < u < 1.0:
            return u


def lattice(i: int, rng: np.random.Generator, low: int, high: float) -> tuple[str, float]:
    """Return an integer or half-integer: the first ones in turn, then any up to `high`."""
    n = 1 + (i // 2) % 60 if i < 240 else max(low, int(log_uniform(rng, low, high)))
    return ("halfint", n - 0.5) if i % 2 else ("int", float(n))


def gamma(rng: np.random.Generator) -> list[Point]:
    points = []
    for i in range(6000):
        theta = (log_uniform(rng, 1e-4, 1e8),)
        points.append(Point(f"main_{region(i)}", theta, probability(rng, region(i))))
    for i in range(600):
        kind, n = lattice(i, rng, 1, 1e4)
        points.append(Point(kind, (n,), probability(rng, region(i // 2))))
    for i in range(100):
        n = (
            float(max(1, int(log_uniform(rng, 1, 1e4))))
            if i % 2
            else float(1 + rng.integers(0, 12))
        )
        ulps, end = int(rng.integers(1, 5)), math.inf if rng.random() < 0.5 else 0.0
        for _ in range(ulps):
            n = math.nextafter(n, end)
        points.append(Point("ulpint", (n,), probability(rng, region(i))))
    for _ in range(300):
        theta = (log_uniform(rng, 1e-4, 1e8),)
        points.append(Point("farlo", theta, float(10.0 ** rng.uniform(-300, -12))))
    return points


def beta(rng: np.random.Generator) -> list[Point]:
    points = []

    def shape() -> float:
        return log_uniform(rng, 1e-3, 1e6)

    def whole_or_half(half: bool) -> float:
        n = (
            int(rng.integers(1, 31))
            if rng.random() < 0.5
            else max(1, int(log_uniform(rng, 1, 1e4)))
        )
        return n - 0.5 if half else float(n)

    for i in range(8000):
        theta = (shape(), shape())
        points.append(Point(f"main_{region(i)}", theta, probability(rng, region(i))))
    for i in range(1200):
        case = i % 6  # both whole, both half, one of each, one whole, one half, one of either
        if case < 3:
            theta = (whole_or_half(case == 1), whole_or_half(case >= 1))
            kind = ("int_both", "half_both", "int_half")[case]
        else:
            theta = (whole_or_half(case == 4 or (case == 5 and i % 4 < 2)), shape())
            kind = "half_one" if theta[0] % 1 else "int_one"
        theta = theta[::-1] if rng.random() < 0.5 else theta
        points.append(Point(kind, theta, probability(rng, region(i // 6))))
    for i in range(800):
        a = shape()
        if i % 4 == 0:
            points.append(Point("equal", (a, a), probability(rng, region(i // 4))))
        else:
            apart = float(10.0 ** rng.uniform(-15, -1)) * (1 if rng.random() < 0.5 else -1)
            u = probability(rng, region(i // 4))
            points.append(Point("nearly_equal", (a, a * (1 + apart)), u))
    for i in range(600):
        theta = (log_uniform(rng, 1e-3, 1e-1), log_uniform(rng, 1e4, 1e6))
        u = probability(rng, region(i // 2))
        points.append(Point("tiny_huge", theta if i % 2 else theta[::-1], u))
    for _ in range(300):
        theta = (shape(), shape())
        points.append(Point("farlo", theta, float(10.0 ** rng.uniform(-300, -12))))
    return points


def student_t(rng: np.random.Generator) -> list[Point]:
    points = []
    for i in range(3000):
        theta = (log_uniform(rng, 0.1, 1e6),)
        points.append(Point(f"main_{region(i)}", theta, probability(rng, region(i))))
    for i in range(500):
        kind, n = lattice(i, rng, 1, 1e6)
        points.append(Point(kind, (n,), probability(rng, region(i // 2))))
    for i in range(200):
        df = log_uniform(rng, 0.1, 1e6)
        if i % 4 == 3:
            ulps = int(2.0 ** rng.uniform(0, 43))
            u = 0.5 + ulps * 2.0**-53 if rng.random() < 0.5 else 0.5 - ulps * 2.0**-54
            points.append(Point("near0_u", (df,), u))
        else:
            t = float(10.0 ** rng.uniform(-300, -3)) * (1 if rng.random() < 0.5 else -1)
            points.append(Point("near0_t", (df,), None, t))
    return points


MAKERS: dict[str, tuple[int, Callable[[np.random.Generator], list[Point]]]] = {
    "gamma": (20240601, gamma),
    "beta": (20240602, beta),
    "student_t": (20240603, student_t),
}


def points(name: str) -> list[Point]:
    """Return the sweep of a distribution, in a random order: any head of it is a fair sample."""
    seed, make = MAKERS[name]
    rng = np.random.default_rng(seed)
    made = make(rng)
    return [made[i] for i in rng.permutation(len(made))]
