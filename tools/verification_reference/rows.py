"""Rows of the tables: points, quantiles, their derivatives, and what rounding makes of them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import quantiles
from mpmath import mp, mpf
from quantiles import MARGIN, Near, Quantile

ROWS = 150
#: Decimal digits, and relative steps of differences, of the two computations.
PRECISIONS = ((120, 30), (170, 40))

Numbers = Sequence[Any]


def collected() -> dict[str, Quantile]:
    """Return the laws of ``quantiles`` and of all modules ``quantiles_*`` beside it, sorted."""
    found = dict(quantiles.DISTRIBUTIONS)
    for path in sorted(Path(__file__).parent.glob("quantiles_*.py")):
        found |= import_module(path.stem).DISTRIBUTIONS
    return dict(sorted(found.items()))


DISTRIBUTIONS = collected()


# Points -------------------------------------------------------------------------------------------

#: Probabilities that stand for themselves: both ends of what doubles hold, the middle, and between.
PROBABILITIES = (
    *(1e-300, 1e-200, 1e-100, 1e-40, 1e-20, 2.0**-53, 1e-10, 1e-5, 0.01, 0.1),
    *(0.25, 0.5 - 2.0**-54, 0.5, 0.5 + 2.0**-53, 0.75),
    *(0.9, 0.99, 1.0 - 1e-5, 1.0 - 1e-10, 1.0 - 1e-14, 1.0 - 2.0**-52, 1.0 - 2.0**-53),
)
#: Smallest and largest shapes (degrees of freedom of t) and scales.
EXTREMES = {"shape": (1e-3, 1e6), "df": (0.1, 1e6), "scale": (1e-250, 1e250)}


def probability(rng: random.Random, number: int) -> float:
    """Return a probability: one that is listed, in a tail, or any."""
    match number % 4:
        case 0:
            return PROBABILITIES[number // 4 % len(PROBABILITIES)]
        case 1:
            return (
                10.0 ** rng.uniform(-300, -1) if rng.random() < 0.3 else 10 ** rng.uniform(-16, -1)
            )
        case 2:
            return 1.0 - round(10.0 ** rng.uniform(-15.9, -1) * 2.0**53) / 2.0**53
    return rng.uniform(0.01, 0.99)


def normal(rng: random.Random, number: int) -> float:
    """Return standard normal noise out to ±8: listed, in a tail, tiny, or any."""
    listed = (-8.0, -7.5, -2.0, -1.0, -0.5, -1e-300, 0.0, 5e-324, 1e-20, 0.5, 1.0, 3.0, 8.0)
    match number % 4:
        case 0:
            return listed[number // 4 % len(listed)]
        case 1:
            return rng.choice([-1, 1]) * rng.uniform(3, 8)
        case 2:
            return rng.choice([-1, 1]) * 10.0 ** rng.uniform(-20, 0)
    return rng.gauss(0.0, 1.0)


def parameter(rng: random.Random, kind: str | float) -> float:
    """Return a value: integer, half-integer, typical, or anything in the domain."""
    if kind == "loc":
        return rng.choice([0.0, rng.uniform(-3, 3), rng.choice([-1, 1]) * 10 ** rng.uniform(-8, 8)])
    if kind in ("low", "high"):  # ends of an interval around 0
        whole, half = float(rng.randint(1, 20)), rng.randint(1, 40) - 0.5
        size = rng.choice([whole, half, rng.uniform(0, 3), 10 ** rng.uniform(-8, 8)])
        return size if kind == "high" else -size
    if isinstance(kind, float):
        return kind
    low, high = EXTREMES[kind]
    typical = (0.1, 10.0) if kind == "scale" else (0.1, 100.0)
    match rng.randrange(6):
        case 0:
            return float(rng.randint(1, 20))
        case 1:
            return rng.randint(1, 40) - 0.5
        case 2:
            return math.exp(rng.uniform(math.log(low), math.log(high)))
    return math.exp(rng.uniform(*map(math.log, typical)))


def points(name: str) -> Iterator[tuple[float, ...]]:
    """Yield parameters and noise of each row."""
    rng = random.Random(f"reparam {name}")
    law = DISTRIBUTIONS[name]
    for number in range(ROWS):
        noise = [normal(rng, number) if law.noise == "normal" else probability(rng, number)]
        while len(noise) < law.length:
            kind = normal if law.noise == "normal" else probability
            noise.append(kind(rng, rng.randrange(ROWS)))
        if law.noise == "coarse" and noise[0] > 2.0**-53:
            noise = [round(noise[0] * 2.0**53) / 2.0**53]
        theta = law.made(*(parameter(rng, kind) for kind in law.kinds.values()))
        yield (*theta, *noise)


# Rows ---------------------------------------------------------------------------------------------


def nearest_double(value: Any) -> float:
    """Return a number correctly rounded, also where that is subnormal or infinite."""
    sign, mantissa, exponent, bits = value._mpf_
    size = 0.0
    if bits + exponent > 1100:
        size = math.inf
    elif bits + exponent > -1100:
        fraction = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
        try:
            size = fraction.numerator / fraction.denominator
        except OverflowError:
            size = math.inf
    return -size if sign else size


def steps(name: str, at: Numbers, step: int) -> list[Any]:
    """Return how far to move the noise and each parameter: None if it has no derivative."""
    unit, count = mpf(10) ** -step, DISTRIBUTIONS[name].length or 1
    room = [abs(value) or 1 for value in at]
    if DISTRIBUTIONS[name].noise != "normal":
        room[:count] = [min(noise, 1 - noise) for noise in at[:count]]
    kinds = ["noise"] * count + [*DISTRIBUTIONS[name].kinds.values()]
    moves = [isinstance(kind, str) for kind in kinds]
    return [unit * width if moved else None for moved, width in zip(moves, room, strict=True)]


def slopes(f: Callable[[Numbers], list[Any]], at: Numbers, by: Numbers) -> list[list[Any]]:
    """Return the derivatives of a function's values in each argument, by central differences.

    Arguments whose step is None are left out.
    """
    found = []
    for place, h in enumerate(by):
        if h is None:
            continue
        below, above = (
            f([*at[:place], at[place] + sign * h, *at[place + 1 :]]) for sign in (-1, 1)
        )
        found.append([(high - low) / (2 * h) for low, high in zip(below, above, strict=True)])
    return found


def value_and_slopes(name: str, at: Numbers, by: Numbers, near: Near) -> list[Any]:
    """Return the quantile and its derivative in each parameter; of vectors, all entries of each."""
    law = DISTRIBUTIONS[name]
    count = law.length or 1
    noise, theta = at[:count], at[count:]

    def quantile(theta: Numbers) -> list[Any]:
        found = law.function(dict(near), *noise, *theta)
        return found if law.length else [found]

    return sum(slopes(quantile, theta, by[count:]), quantile(theta))


def computed(name: str, arguments: Numbers, digits: int, step: int) -> list[float]:
    """Return value and derivatives, correctly rounded."""
    with mp.workdps(digits + MARGIN):
        at = [mpf(number) for number in arguments]
        found = value_and_slopes(name, at, steps(name, at, step), {})
    with mp.workdps(digits):  # products of two doubles may lie half-way between others
        return [nearest_double(+entry) for entry in found]


def conditioning(name: str, arguments: Numbers, digits: int, step: int) -> list[float]:
    """Return Σ |x ∂/∂x| over noise and parameters x, of value and derivatives."""
    with mp.workdps(digits + MARGIN):
        at, near = [mpf(number) for number in arguments], Near()
        by = steps(name, at, step)
        law = DISTRIBUTIONS[name]
        y = law.function(near, *at)
        each = slopes(lambda moved: value_and_slopes(name, moved, by, near), at, by)
        moved = [x for x, h in zip(at, by, strict=True) if h is not None]
        blur = [
            sum(abs(x * slope) for x, slope in zip(moved, column, strict=True))
            for column in zip(*each, strict=True)
        ]
        for place, parameter in enumerate(law.kinds, 1):
            if parameter in law.also_blurred:
                blur[place] += y / at[place]
        return [nearest_double(entry) for entry in blur]


def row(name: str, point: Sequence[float], number: int = 0) -> list[str]:
    """Return a row of a table, on which both computations agree: of vectors, that of an entry."""
    law = DISTRIBUTIONS[name]
    noises, count = law.length or 1, law.entries or law.length or 1
    arguments = (*point[-noises:], *point[:-noises])  # the noise is last in a table
    first, second = (computed(name, arguments, *precision) for precision in PRECISIONS)
    if first != second:
        raise ArithmeticError(f"{name}{tuple(point)}: {first} and {second}")
    blur = conditioning(name, arguments, *PRECISIONS[0])
    entry = number % count
    shown = [*point, entry] if law.length else point
    blurred = (f"{size:.3g}" for size in blur[entry::count])
    return [*map(repr, (*shown, *first[entry::count])), *blurred]


def columns(name: str) -> list[str]:
    """Return a table's header."""
    law = DISTRIBUTIONS[name]
    names = list(law.kinds)
    noise = ["noise"]
    if law.length:
        noise = [*(f"noise[{k}]" for k in range(law.length)), "entry"]
    derivatives = [f"d_{name}" for name, kind in law.kinds.items() if isinstance(kind, str)]
    return [*names, *noise, "value", *derivatives, "c_value", *(f"c_{d}" for d in derivatives)]
