"""Compare distributions made of distributions with mpmath: ``python tools/composition_sweep.py``.

Cases are seeded: a random composition of depth 1 to 4 (maps, truncations, mixtures, order
statistics), with random parameters, at a random quantile of the body or of a tail, down to
probabilities of 1e-40. References are closed forms of F, 1 − F and p by 100 digits, recursively,
and differences of these by 1e-30; nothing is shared with the library. The *forced* error is how
much half an ulp in the value and in each parameter changes what is right, and the excess is
error / max(1e-12, 20 × forced). Errors are relative: those of logarithms to 1 at least, and those
of derivatives to 1e-3 of the largest effect that a relative change of a parameter has, since where
one has no effect it may be what is left of large ones. An excess above 1 is a failure. ``--page``
writes the table of docs/accuracy.md.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import multiprocessing
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mpmath import mp, mpf

import reparam as rp

PAGE = Path(__file__).parents[1] / "docs" / "accuracy.md"
BEGIN, END = "<!-- made by tools/composition_sweep.py -->\n", "<!-- end of compositions -->\n"
BOUND, ALLOWANCE, DIGITS = 1e-12, 20.0, 100
_STEP = mpf(10) ** -30
#: Seconds of processor time that a case may take: some of mpmath's series take hours.
LIMIT = 20.0
#: What mpmath raises out of the support, or where a number is out of its reach.
UNKNOWN = ArithmeticError, ValueError, MemoryError, mp.NoConvergence
#: Smaller effects than this share of the largest are compared as absolute ones.
SMALL = mpf(10) ** -3


class Row(NamedTuple):
    """A number, by how much it is wrong, and by how much it has to be."""

    text: str
    depth: int
    tail: bool
    quantity: str
    y: float
    found: float
    error: float
    forced: float

    @property
    def excess(self) -> float:
        """The error in units of what is allowed."""
        return self.error / max(BOUND, ALLOWANCE * self.forced)


# References -----------------------------------------------------------------------------------

Tails = tuple[Any, Any, Any]


def _location(standard: Callable[[Any], Tails]) -> Callable[..., Tails]:
    def tails(y: Any, loc: Any, scale: Any) -> Tails:
        below, above, p = standard((y - loc) / scale)
        return below, above, p / scale

    return tails


def _gumbel(z: Any) -> Tails:
    x = mp.exp(-z)
    return mp.exp(-x), -mp.expm1(-x), mp.exp(-z - x)


def _logistic(z: Any) -> Tails:
    below, above = 1 / (1 + mp.exp(-z)), 1 / (1 + mp.exp(z))
    return below, above, below * above


def _laplace(z: Any) -> Tails:
    tail = mp.exp(-abs(z)) / 2
    return (tail, 1 - tail, tail) if z < 0 else (1 - tail, tail, tail)


def _cauchy(z: Any) -> Tails:
    below, above = mp.atan2(1, -z) / mp.pi, mp.atan2(1, z) / mp.pi
    return below, above, 1 / (mp.pi * (1 + z * z))


def _weibull(y: Any, scale: Any, shape: Any) -> Tails:
    t = (y / scale) ** shape
    return -mp.expm1(-t), mp.exp(-t), shape / y * t * mp.exp(-t)


def _gamma(y: Any, alpha: Any, rate: Any) -> Tails:
    x = rate * y
    p = mp.exp(alpha * mp.log(x) - x - mp.loggamma(alpha)) / y
    below = mp.gammainc(alpha, 0, x, regularized=True)
    return below, mp.gammainc(alpha, x, mp.inf, regularized=True), p


def _beta(y: Any, alpha: Any, beta: Any) -> Tails:
    p = y ** (alpha - 1) * (1 - y) ** (beta - 1) / mp.beta(alpha, beta)
    below = mp.betainc(alpha, beta, 0, y, regularized=True)
    return below, mp.betainc(beta, alpha, 0, 1 - y, regularized=True), p


LAWS: dict[str, Callable[..., Tails]] = {
    "gaussian": _location(lambda z: (mp.ncdf(z), mp.ncdf(-z), mp.npdf(z))),
    "laplace": _location(_laplace),
    "logistic": _location(_logistic),
    "cauchy": _location(_cauchy),
    "gumbel": _location(_gumbel),
    "exponential": lambda y, rate: _weibull(y, 1 / rate, mpf(1)),
    "weibull": _weibull,
    "uniform": lambda y, a, b: ((y - a) / (b - a), (b - y) / (b - a), 1 / (b - a)),
    "gamma": _gamma,
    "beta": _beta,
}

#: T⁻¹(y) and T′(x) by the name of a map.
MAPS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "affine": (lambda y, a, b: (y - a) / b, lambda x, a, b: b),
    "exp": (mp.log, mp.exp),
    "log": (mp.exp, lambda x: 1 / x),
    "sigmoid": (lambda y: mp.log(y / (1 - y)), lambda x: 1 / (2 * mp.cosh(x / 2)) ** 2),
    "tanh": (mp.atanh, lambda x: 1 / mp.cosh(x) ** 2),
    "softplus": (lambda y: mp.log(mp.expm1(y)), lambda x: 1 / (1 + mp.exp(-x))),
    "reciprocal": (lambda y: 1 / y, lambda x: -1 / x**2),
    "power": (lambda y, p: y ** (1 / p), lambda x, p: p * x ** (p - 1)),
}


def tails(d: Any, y: Any, theta: Sequence[Any]) -> Tails:
    """Return F, 1 − F and p, of parameters nested as the distribution is."""
    first_end, last_end = map(float, d.support)
    if y <= first_end or y >= last_end:  # of a component
        return (mpf(0), mpf(1), mpf(0)) if y <= first_end else (mpf(1), mpf(0), mpf(0))
    if isinstance(d, rp.Transformed):
        inverse, slope = MAPS[d.map.name]
        x = inverse(y, *theta[1])
        steep = slope(x, *theta[1])
        below, above, p = tails(d.base, x, theta[0])
        return (above, below, -p / steep) if steep < 0 else (below, above, p / steep)
    if isinstance(d, rp.Truncated):
        low, high = theta[1:]
        below, above, p = tails(d.base, y, theta[0])
        first = tails(d.base, low, theta[0]) if mp.isfinite(low) else (mpf(0), mpf(1), 0)
        last = tails(d.base, high, theta[0]) if mp.isfinite(high) else (mpf(1), mpf(0), 0)
        mass = _between(first, last)
        return (
            _between(first, (below, above)) / mass,
            _between((below, above), last) / mass,
            p / mass,
        )
    if isinstance(d, rp.Mixture):
        of_components, weights = theta
        each = [tails(*pair) for pair in _pairs(d.components, y, of_components)]
        total = sum(weights)
        shares = [w / total for w in weights]
        below, above, p = (
            sum(share * own[k] for share, own in zip(shares, each, strict=True)) for k in range(3)
        )
        return below, above, p
    if isinstance(d, rp.OrderStatistic):
        of_base, r, n = theta
        below, above, p = tails(d.base, y, of_base)
        r, n = round(float(r)), round(float(n))
        terms = [mp.binomial(n, k) * below**k * above ** (n - k) for k in range(n + 1)]
        p *= r * mp.binomial(n, r) * below ** (r - 1) * above ** (n - r)
        return sum(terms[r:]), sum(terms[:r]), p
    return LAWS[d.name](y, *theta)


def _pairs(components: Any, y: Any, theta: Any) -> Iterator[tuple[Any, Any, Any]]:
    return ((component, y, own) for component, own in zip(components, theta, strict=True))


def _between(first: Sequence[Any], last: Sequence[Any]) -> Any:
    return last[0] - first[0] if last[0] < first[1] else first[1] - last[1]


class Reference:
    """Everything that is known of a composition, in numbers: the value first, then parameters."""

    def __init__(self, d: Any) -> None:
        self.d = d
        self.shapes = [np.shape(value) for value in d._theta]
        self.names = [*d.parameters]

    def numbers(self, y: float) -> list[float]:
        """Return the value and all parameters as numbers."""
        return [y, *(float(v) for value in self.d._theta for v in np.ravel(value))]

    def _tails(self, numbers: Sequence[Any]) -> Tails:
        rest = iter(numbers[1:])
        leaves = [
            [next(rest) for _ in range(shape[0])] if shape else next(rest) for shape in self.shapes
        ]
        return tails(self.d, numbers[0], self.d._nested(leaves))

    def of(self, quantity: str, i: int) -> Callable[[Sequence[Any]], Any]:
        """Return a quantity as a function of the numbers; a derivative in the i-th of them."""

        def slope(numbers: Sequence[Any], of: Callable[[Tails], Any]) -> Any:
            step = _STEP * (abs(numbers[i]) or 1)
            sides = (
                self._tails([x + s * step * (k == i) for k, x in enumerate(numbers)])
                for s in (1, -1)
            )
            first, second = map(of, sides)
            return (first - second) / (2 * step)

        def value(numbers: Sequence[Any]) -> Any:
            below, above, p = self._tails(numbers)
            if quantity in ("score", "stein_score"):
                return slope(numbers, lambda t: mp.log(t[2]))
            if quantity == "pathwise":
                side = -1 if below < above else 1
                return side * slope(numbers, lambda t: t[0] if below < above else t[1]) / p
            return {
                "cdf": below,
                "sf": above,
                "log_cdf": mp.log(below) if below < 0.5 else mp.log1p(-above),
                "log_sf": mp.log(above) if above < 0.5 else mp.log1p(-below),
                "log_prob": mp.log(p),
            }[quantity]

        return value


# Cases ----------------------------------------------------------------------------------------


def leaf(rng: np.random.Generator) -> Any:
    """Return a law with random parameters."""
    name = rng.choice([*LAWS])
    cls = rp.get(str(name))
    values = {}
    for key, parameter in cls.parameters.items():
        low, high = parameter.typical
        values[key] = float(f"{low + (high - low) * rng.random():.3g}")
    return cls(**values)


def composed(rng: np.random.Generator, depth: int) -> Any:
    """Return a random composition."""
    if not depth:
        return leaf(rng)
    base = composed(rng, depth - 1)
    low, high = (float(end) for end in base.support)
    kind = rng.choice(["map", "map", "truncated", "mixture", "order"])
    if kind == "order":
        n = int(rng.integers(1, 6))
        return rp.OrderStatistic(base, r=int(rng.integers(1, n + 1)), n=n)
    if kind == "mixture":
        other = composed(rng, int(rng.integers(0, depth)))
        weight = rng.choice([0.3, 0.5, 1e-3, 1e-8])
        return rp.mixture([float(weight), 1.0 - float(weight)], base, other)
    if kind == "truncated":
        u = np.sort(10.0 ** -rng.choice([0.1, 0.5, 3.0, 20.0], 2) * rng.random(2))
        ends = base.icdf(u) if rng.random() < 0.5 else base.isf(u)[::-1]
        which = rng.integers(0, 3)
        bounds = {"low": ends[0]} if which == 0 else {"high": ends[1]}
        return rp.Truncated(base, **({"low": ends[0], "high": ends[1]} if which == 2 else bounds))
    fit = ["affine", "affine"]
    fit += ["tanh", "sigmoid", "softplus", "exp"] * bool(abs(base.icdf(0.5)) < 10.0)
    fit += ["log", "power", "reciprocal"] * bool(low >= 0.0)
    name = str(rng.choice(fit))
    if name == "affine":
        loc, scale = rng.choice([0.0, 1.0, -1.5]), rng.choice([-1.0, 2.0, 0.3])
        ends = [end for end in (low, high) if math.isfinite(end) and end]
        if ends and rng.random() < 0.5:  # values next to 0
            loc = -scale * rng.choice(ends)
        return rp.Transformed(base, rp.Affine(float(loc), float(scale)))
    return rp.transformed(base, name, **({"power": 1.7} if name == "power" else {}))


def case(seed: int, number: int) -> tuple[Any, int, bool, float] | None:
    """Return a composition, its depth, whether a tail is meant, and a value; or None."""
    rng = np.random.default_rng([seed, number])
    depth, tail = 1 + number % 4, bool(number // 4 % 2)
    try:
        d = composed(rng, depth)
        p = 10.0 ** rng.uniform(-40.0, -2.0) if tail else rng.uniform(0.02, 0.5)
        y = float(d.icdf(p) if rng.random() < 0.5 else d.isf(p))
    except rp.ReparamError:  # such as a window without mass
        return None
    low, high = d.support
    return (d, depth, tail, y) if low < y < high and 1e-300 < abs(y) < 1e300 else None


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in what takes more processor time than that."""

    def expired(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, expired)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)


def rows(task: tuple[int, int]) -> list[Row]:
    """Return what is found of a case: nothing if its reference takes too long."""
    try:
        with limited(LIMIT):
            return _rows(*task)
    except TimeoutError:
        return []


def _rows(seed: int, number: int) -> list[Row]:
    chosen = case(seed, number)
    if chosen is None:
        return []
    d, depth, tail, y = chosen
    reference, found = Reference(d), []
    with np.errstate(all="ignore"), mp.workdps(DIGITS):
        numbers = [*map(mpf, reference.numbers(y))]
        right: dict[tuple[str, int], Any] = {}
        every = [*_found(d, y)]
        for quantity, i, _ in every:
            with contextlib.suppress(*UNKNOWN):
                if mp.isfinite(numbers[max(i, 0)]):
                    right[quantity, i] = reference.of(quantity, i)(numbers)
        for quantity, i, value in every:
            if not mp.isfinite(exact := right.get((quantity, i), mp.nan)):
                continue  # closer to an end than the step of differences
            scale = max(abs(exact), _least(quantity, i, right, numbers))
            error = float(abs(mpf(value) - exact) / scale) if math.isfinite(value) else math.inf
            formula = reference.of(quantity, i)
            forced = _forced(formula, numbers, exact, scale) if error > BOUND else 0.0
            label = quantity if i <= 0 else f"{quantity} {_label(d, i)}"
            found.append(Row(repr(d), depth, tail, label, y, value, error, forced))
    return found


def _least(quantity: str, i: int, right: dict[tuple[str, int], Any], numbers: Sequence[Any]) -> Any:
    """Return the least number that errors are relative to."""
    if i <= 0:
        return mpf(1.0 if quantity.startswith("log") else sys.float_info.min)
    sizes = {k: abs(numbers[k]) or 1 for name, k in right if name == quantity}
    largest = max(abs(right[quantity, k]) * size for k, size in sizes.items())
    return SMALL * largest / sizes[i]


def _forced(formula: Callable[..., Any], numbers: list[Any], right: Any, scale: Any) -> float:
    """Return how much half an ulp in each number changes the value, added up."""
    total = mpf(0)
    for i, x in enumerate(numbers):
        step, changes = mpf(math.ulp(float(x))) / 2, [mpf(0)]
        for sign in (1, -1):
            moved = [v + sign * step * (k == i) for k, v in enumerate(numbers)]
            with contextlib.suppress(*UNKNOWN):  # out of the support
                changes.append(abs(formula(moved) - right))
        total += max(changes) if mp.isfinite(x) else 0
    # NaN if half an ulp is all of the distance from a place
    return float(total / scale) if mp.isfinite(total) else math.inf


def _label(d: Any, i: int) -> str:
    names = [
        name for name, value in zip(d.parameters, d._theta, strict=True) for _ in np.ravel(value)
    ]
    return names[i - 1]


def _found(d: Any, y: float) -> Iterator[tuple[str, int, float]]:
    """Yield quantities, in which number they are derivatives, and their values."""
    for name in ("cdf", "sf", "log_cdf", "log_sf", "log_prob"):
        yield name, -1, float(getattr(d, name)(y))
    yield "stein_score", 0, float(d.stein_score(y))
    counts = [1, *(np.size(value) for value in d._theta[:-1])]
    first = dict(zip(d.parameters, np.cumsum(counts), strict=True))
    for name in ("pathwise", "score"):
        for path, entry in getattr(d, name)(y).items():
            for k, value in enumerate(np.ravel(entry)):
                yield name, int(first[path]) + k, float(value)


# Report ---------------------------------------------------------------------------------------


def sweep(seed: int, first: int, count: int, jobs: int = 1) -> list[Row]:
    """Return all rows of so many cases."""
    tasks = [(seed, number) for number in range(first, first + count)]
    if jobs == 1:
        return [row for task in tasks for row in rows(task)]
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        return [row for each in pool.imap(rows, tasks, chunksize=4) for row in each]


def table(found: list[Row], seed: int, count: int) -> str:
    """Return the table of worst errors, by quantity, depth and place."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in found:
        name = row.quantity.split()[0]
        for key in ((name, str(row.depth)), (name, "tails" if row.tail else "body")):
            groups[key].append(row)
    points = len({(row.text, row.y) for row in found})
    above = [row for row in found if row.excess > 1.0]
    lines = [
        f"{points:,} points of {count:,} random cases of seed {seed}, {len(found):,} numbers:",
        f"{len(above)} of them, at {len({(row.text, row.y) for row in above})} points, are worse.",
        "",
        "| formula | depth or place | numbers | error | excess |",
        "| --- | --- | --: | --- | --: |",
    ]
    for (name, place), group in sorted(groups.items()):
        errors = np.sort([row.error for row in group])
        cell = " / ".join(f"{errors[int(q * (len(errors) - 1))]:.2g}" for q in (0.5, 0.9, 1.0))
        excess = max(row.excess for row in group)
        lines.append(f"| `{name}` | {place} | {len(group):,} | {cell} | {excess:.2g} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run the sweep; return 1 if a number is worse than it has to be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=2400, help="random cases (default 2400)")
    parser.add_argument("--first", type=int, default=0, help="the first one's number (default 0)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--page", action="store_true", help="write the table of docs/accuracy.md")
    options = parser.parse_args()
    found = sweep(options.seed, options.first, options.cases, options.jobs)
    text = table(found, options.seed, options.cases)
    print(text)
    bad = sorted((row for row in found if row.excess > 1.0), key=lambda row: -row.excess)
    for row in bad:
        print(f"{row.excess:.3g}: {row}")
    if options.page:
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END)[1]
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
    return 1 if bad or not found else 0


if __name__ == "__main__":
    sys.exit(main())
