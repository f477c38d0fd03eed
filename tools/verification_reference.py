"""Make ``reparam/verification/reference/*.csv``: ``python tools/verification_reference.py``.

Needs mpmath alone: some minutes for all, or the distributions that are named as arguments.

A quantile is found by Newton's method on the logarithm of the smaller tail, as a series of positive
terms; derivatives are central differences of the quantile itself, in more than a hundred digits.
Everything is computed twice, in different precision and with different steps, and written only if
both round to the same double.

The columns are the parameters, ``noise``, ``value`` and for each parameter ``d_`` and its name:
∂y/∂θ. For each of the latter ``c_`` and its name is Σ |x ∂/∂x| over noise and parameters x: times
2⁻⁵³ that is what rounding these makes of it, which no computation in doubles can be blamed for. Of
F's derivatives, which are a difference, it is that and the subtrahend y/d, which rounds, too.

Vectors have columns ``noise[0]``, ``noise[1]``, … instead, and ``entry``: a row is of that entry.
"""

from __future__ import annotations

import csv
import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from mpmath import mp, mpf

FOLDER = Path(__file__).parents[1] / "reparam" / "verification" / "reference"
ROWS = 150
#: Decimal digits, and relative steps of differences, of the two computations; and how many digits
#: more there are where nothing is iterated, so that 1 − u and loc + scale · z lose none.
PRECISIONS, MARGIN = ((120, 30), (170, 40)), 600

Numbers = Sequence[Any]


# Quantiles of the standard gamma and beta distributions -----------------------------------------


def newton(
    tail: Callable[[Any], tuple[Any, Any]],
    target: Any,
    start: Any,
    sign: int = 1,
    most: Any = math.inf,
) -> Any:
    """Return where a tail has the target probability: before `most`, rising there if `sign` is 1.

    `tail` returns the probability and its ratio to the density. The logarithm of a tail of ln x or
    logit x is concave, since the density is log-concave: the method converges from any start.
    """
    at, before, log_target = start, start, mp.log(target)
    lost = int(max(0, -log_target / math.log(10))) + 10
    for digits in (30, 60, mp.dps - MARGIN):
        with mp.workdps(digits + lost):
            step = mp.inf
            # the next step would be about the square of this one
            while abs(step) > mpf(10) ** (-digits // 2 - 5) * max(1, abs(at)):
                probability, ratio = tail(at)
                if probability < mpf(10) ** -lost:  # too far out, and no digit of it is right
                    at = (at + before) / 2
                    continue
                step = sign * (log_target - mp.log(probability)) * ratio
                before = at
                at = min(at + step, most)
    return at


def fixed(*values: Any) -> tuple[int, ...]:
    """Return numbers as integers, in units of 2⁻ᵖ for a p that makes series accurate."""
    shift = mp.prec + 40
    return tuple(int(mp.ldexp(value, shift)) for value in (1, *values))


def log_gamma_quantile(alpha: Any, u: Any, complement: Any, start: Any = None) -> Any:
    """Return ln x, P(α, x) = u: P = x^α e^−x/(α Γ(α)) Σ x^k/(α+1)_k."""
    upper = u > complement

    def tail(log_x: Any) -> tuple[Any, Any]:
        x = mp.exp(log_x)
        density = mp.exp(alpha * log_x - x - mp.loggamma(alpha))
        one, factor, below = fixed(x, alpha)
        term = total = one
        while term:
            below += one
            term = term * factor // below
            total += term
        ratio = mpf(total) / one / alpha
        if not upper:
            return density * ratio, ratio
        rest = 1 - density * ratio
        return rest, rest / density

    if start is None:
        start = mp.log(alpha)
        if alpha < 1:
            start = (mp.log(u) + mp.loggamma(alpha + 1)) / alpha
    if not upper:
        return newton(tail, u, start)
    # P(X > α + √(2αt) + t) ≤ e^−t (Boucheron, Lugosi & Massart 2013, section 2.4)
    t = -mp.log(complement)
    return newton(tail, complement, start, -1, mp.log(alpha + mp.sqrt(2 * alpha * t) + t))


def logit_quantile(alpha: Any, beta: Any, u: Any, complement: Any, start: Any = None) -> Any:
    """Return logit x, I_x(α, β) = u: I = x^α (1−x)^β/(α B(α, β)) Σ x^k (α+β)_k/(α+1)_k.

    The series is summed from the end that takes fewer terms.
    """
    if u > complement:
        return -logit_quantile(beta, alpha, complement, u, None if start is None else -start)
    log_beta = mp.loggamma(alpha) + mp.loggamma(beta) - mp.loggamma(alpha + beta)

    def mass(a: Any, b: Any, x: Any) -> Any:
        one, factor, above, below = fixed(x, a + b, a)
        term = total = one
        while term:
            below += one
            term = term * factor // one * above // below
            above += one
            total += term
        return mpf(total) / one / a

    def tail(logit: Any) -> tuple[Any, Any]:
        x, rest = 1 / (1 + mp.exp(-logit)), 1 / (1 + mp.exp(logit))
        log_x, log_rest = -mp.log1p(mp.exp(-logit)), -mp.log1p(mp.exp(logit))
        density = mp.exp(alpha * log_x + beta * log_rest - log_beta)
        if terms(alpha, beta, x) <= terms(beta, alpha, rest):
            ratio = mass(alpha, beta, x)
            return density * ratio, ratio
        probability = 1 - density * mass(beta, alpha, rest)
        return probability, probability / density

    if start is None:
        start = mp.log(alpha / beta)
        if alpha < 1:
            start = min(start, (mp.log(u) + mp.log(alpha) + log_beta) / alpha)
    return newton(tail, u, start)


def terms(alpha: Any, beta: Any, x: Any) -> float:
    """Return roughly how many terms the series takes."""
    a, b, x = float(alpha), float(beta), float(x)
    if x >= 1.0:
        return math.inf
    log_x = math.log(x) if x > 0.0 else -1e4

    def log_term(k: float) -> float:
        rising = math.lgamma(a + b + k) - math.lgamma(a + b)
        return rising - math.lgamma(a + 1 + k) + math.lgamma(a + 1) + k * log_x

    largest = max(0.0, (x * (a + b) - (a + 1)) / (1 - x))
    goal, count = log_term(largest) - mp.dps * math.log(10), 16.0
    while log_term(largest + count) > goal and count < 1e12:
        count *= 1.5
    return largest + count


# Distributions: the quantile, of the noise and the parameters -----------------------------------
#
# `near` remembers solutions: differences start from the quantile that they are taken around.

Near = dict[str, Any]


def gamma_of(near: Near, alpha: Any, u: Any, v: Any) -> Any:
    near["log"] = log_gamma_quantile(alpha, u, v, near.get("log"))
    return mp.exp(near["log"])


def logit_of(near: Near, alpha: Any, beta: Any, u: Any, v: Any) -> Any:
    near["logit"] = logit_quantile(alpha, beta, u, v, near.get("logit"))
    return near["logit"]


def gaussian(near: Near, z: Any, loc: Any, scale: Any) -> Any:
    return loc + scale * z


def laplace(near: Near, u: Any, loc: Any, scale: Any) -> Any:
    return loc + scale * (mp.log(2 * u) if 2 * u < 1 else -mp.log(2 * (1 - u)))


def logistic(near: Near, u: Any, loc: Any, scale: Any) -> Any:
    return loc + scale * mp.log(u / (1 - u))


def relaxed_bernoulli(near: Near, u: Any, temperature: Any, logits: Any) -> Any:
    return 1 / (1 + mp.exp(-(logits + mp.log(u / (1 - u))) / temperature))


def exponential(near: Near, u: Any, rate: Any) -> Any:
    return -mp.log(1 - u) / rate


def uniform(near: Near, u: Any, low: Any, high: Any) -> Any:
    return (1 - u) * low + u * high


def gamma(near: Near, u: Any, alpha: Any, rate: Any) -> Any:
    return gamma_of(near, alpha, u, 1 - u) / rate


def inverse_gamma(near: Near, u: Any, alpha: Any, scale: Any) -> Any:
    return scale / gamma_of(near, alpha, 1 - u, u)


def chi_square(near: Near, u: Any, df: Any) -> Any:
    return 2 * gamma_of(near, df / 2, u, 1 - u)


def chi(near: Near, u: Any, df: Any) -> Any:
    return mp.sqrt(chi_square(near, u, df))


def beta(near: Near, u: Any, alpha: Any, beta_: Any) -> Any:
    return 1 / (1 + mp.exp(-logit_of(near, alpha, beta_, u, 1 - u)))


def beta_prime(near: Near, u: Any, alpha: Any, beta_: Any) -> Any:
    return mp.exp(logit_of(near, alpha, beta_, u, 1 - u))


def f(near: Near, u: Any, df1: Any, df2: Any) -> Any:
    return df2 / df1 * mp.exp(logit_of(near, df1 / 2, df2 / 2, u, 1 - u))


def student_t(near: Near, u: Any, df: Any, loc: Any, scale: Any) -> Any:
    """ν/(ν + t²) ~ Beta(ν/2, ½), of which both tails of t are the lower one."""
    tails = 2 * min(u, 1 - u)
    if tails == 1:
        return loc
    size = mp.sqrt(df) * mp.exp(-logit_of(near, df / 2, mpf(1) / 2, tails, 1 - tails) / 2)
    return loc + scale * (size if 2 * u > 1 else -size)


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


def concrete(near: Near, u: Any, v: Any, w: Any, temperature: Any, *logits: Any) -> list[Any]:
    gumbel = [-mp.log(-mp.log(noise)) for noise in (u, v, w)]
    x = [(logit + g) / temperature for logit, g in zip(logits, gumbel, strict=True)]
    return [1 / sum(mp.exp(other - own) for other in x) for own in x]


#: For each distribution its quantile (of vectors, of rows of noise) and its parameters' kinds.
DISTRIBUTIONS: dict[str, tuple[Callable[..., Any], dict[str, str]]] = {
    "beta": (beta, {"alpha": "shape", "beta": "shape"}),
    "beta-prime": (beta_prime, {"alpha": "shape", "beta": "shape"}),
    "chi": (chi, {"df": "shape"}),
    "chi-square": (chi_square, {"df": "shape"}),
    "concrete": (
        concrete,
        {"temperature": "scale", "logits[0]": "loc", "logits[1]": "loc", "logits[2]": "loc"},
    ),
    "exponential": (exponential, {"rate": "scale"}),
    "f": (f, {"df1": "shape", "df2": "shape"}),
    "gamma": (gamma, {"alpha": "shape", "rate": "scale"}),
    "gaussian": (gaussian, {"loc": "loc", "scale": "scale"}),
    "inverse-gamma": (inverse_gamma, {"alpha": "shape", "scale": "scale"}),
    "inverse-gaussian": (inverse_gaussian, {"loc": "shape", "concentration": "shape"}),
    "laplace": (laplace, {"loc": "loc", "scale": "scale"}),
    "logistic": (logistic, {"loc": "loc", "scale": "scale"}),
    "relaxed-bernoulli": (relaxed_bernoulli, {"temperature": "scale", "logits": "loc"}),
    "student-t": (student_t, {"df": "df", "loc": "loc", "scale": "scale"}),
    "uniform": (uniform, {"low": "low", "high": "high"}),
}
#: How many entries vectors have.
LENGTHS = {"concrete": 3}


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


def parameter(rng: random.Random, kind: str) -> float:
    """Return a value: integer, half-integer, everyday, or anything in the domain."""
    if kind == "loc":
        return rng.choice([0.0, rng.uniform(-3, 3), rng.choice([-1, 1]) * 10 ** rng.uniform(-8, 8)])
    if kind in ("low", "high"):  # ends of an interval around 0
        whole, half = float(rng.randint(1, 20)), rng.randint(1, 40) - 0.5
        size = rng.choice([whole, half, rng.uniform(0, 3), 10 ** rng.uniform(-8, 8)])
        return size if kind == "high" else -size
    low, high = EXTREMES[kind]
    everyday = (0.1, 10.0) if kind == "scale" else (0.1, 100.0)
    match rng.randrange(6):
        case 0:
            return float(rng.randint(1, 20))
        case 1:
            return rng.randint(1, 40) - 0.5
        case 2:
            return math.exp(rng.uniform(math.log(low), math.log(high)))
    return math.exp(rng.uniform(*map(math.log, everyday)))


def points(name: str) -> Iterator[tuple[float, ...]]:
    """Yield parameters and noise of each row."""
    rng = random.Random(f"reparam {name}")
    kinds = DISTRIBUTIONS[name][1].values()
    for number in range(ROWS):
        noise = [normal(rng, number) if name == "gaussian" else probability(rng, number)]
        while len(noise) < LENGTHS.get(name, 1):
            noise.append(probability(rng, rng.randrange(ROWS)))
        if name == "uniform" and noise[0] > 2.0**-53:  # 1 − u is a derivative: not half an ulp off
            noise = [round(noise[0] * 2.0**53) / 2.0**53]
        yield (*(parameter(rng, kind) for kind in kinds), *noise)


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
    """Return how far to move the noise and each parameter."""
    unit, count = mpf(10) ** -step, LENGTHS.get(name, 1)
    room = [abs(value) or 1 for value in at]
    if name != "gaussian":
        room[:count] = [min(noise, 1 - noise) for noise in at[:count]]
    return [unit * width for width in room]


def slopes(f: Callable[[Numbers], list[Any]], at: Numbers, by: Numbers) -> list[list[Any]]:
    """Return the derivatives of a function's values in each argument, by central differences."""
    found = []
    for place, h in enumerate(by):
        below, above = (
            f([*at[:place], at[place] + sign * h, *at[place + 1 :]]) for sign in (-1, 1)
        )
        found.append([(high - low) / (2 * h) for low, high in zip(below, above, strict=True)])
    return found


def value_and_slopes(name: str, at: Numbers, by: Numbers, near: Near) -> list[Any]:
    """Return the quantile and its derivative in each parameter; of vectors, all entries of each."""
    count = LENGTHS.get(name, 1)
    noise, theta = at[:count], at[count:]

    def quantile(theta: Numbers) -> list[Any]:
        found = DISTRIBUTIONS[name][0](dict(near), *noise, *theta)
        return found if name in LENGTHS else [found]

    return sum(slopes(quantile, theta, by[count:]), quantile(theta))


def computed(name: str, arguments: Numbers, digits: int, step: int) -> list[float]:
    """Return value and derivatives, correctly rounded."""
    with mp.workdps(digits + MARGIN):
        at = [mpf(number) for number in arguments]
        found = value_and_slopes(name, at, steps(name, at, step), {})
        return [nearest_double(entry) for entry in found]


def conditioning(name: str, arguments: Numbers, digits: int, step: int) -> list[float]:
    """Return Σ |x ∂/∂x| over noise and parameters x, of value and derivatives."""
    with mp.workdps(digits + MARGIN):
        at, near = [mpf(number) for number in arguments], Near()
        by = steps(name, at, step)
        DISTRIBUTIONS[name][0](near, *at)
        each = slopes(lambda moved: value_and_slopes(name, moved, by, near), at, by)
        blur = [
            sum(abs(x * slope) for x, slope in zip(at, column, strict=True))
            for column in zip(*each, strict=True)
        ]
        if name == "f":
            y = f({}, *at)
            blur[1:] = [entry + y / df for entry, df in zip(blur[1:], at[1:], strict=True)]
        return [nearest_double(entry) for entry in blur]


def row(name: str, point: Sequence[float], number: int = 0) -> list[str]:
    """Return a row of a table, on which both computations agree: of vectors, that of an entry."""
    count = LENGTHS.get(name, 1)
    arguments = (*point[-count:], *point[:-count])  # the noise is last in a table
    first, second = (computed(name, arguments, *precision) for precision in PRECISIONS)
    if first != second:
        raise ArithmeticError(f"{name}{tuple(point)}: {first} and {second}")
    blur = conditioning(name, arguments, *PRECISIONS[0])
    entry = number % count
    shown = [*point, entry] if name in LENGTHS else point
    blurred = (f"{size:.3g}" for size in blur[entry::count])
    return [*map(repr, (*shown, *first[entry::count])), *blurred]


def columns(name: str) -> list[str]:
    """Return a table's header."""
    names = list(DISTRIBUTIONS[name][1])
    noise = ["noise"]
    if name in LENGTHS:
        noise = [*(f"noise[{k}]" for k in range(LENGTHS[name])), "entry"]
    derivatives = [f"d_{name}" for name in names]
    return [*names, *noise, "value", *derivatives, "c_value", *(f"c_{d}" for d in derivatives)]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or DISTRIBUTIONS:
        rows = [row(name, point, number) for number, point in enumerate(points(name))]
        with (FOLDER / f"{name}.csv").open("w", newline="", encoding="utf-8") as out:
            table = csv.writer(out, lineterminator="\n")
            table.writerow(columns(name))
            table.writerows(rows)
        print(f"{name}: {len(rows)} rows", flush=True)


if __name__ == "__main__":
    main()
