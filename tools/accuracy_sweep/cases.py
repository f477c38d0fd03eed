"""The seeded cases of a sweep: parameters, points in the body and both tails, and their checks.

A check is a quantity's name, what the library returns, the reference formula, and its inputs.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import discrete
import laws
import numpy as np

import reparam as rp
from reparam.engine.noise import NORMAL

Check = tuple[str, Any, laws.Formula, list[float]]
#: Decimal exponents of the shapes.
LOW, HIGH = -6.0, 8.0
ENTRIES = 4
#: Of fewer integers than these, each is as likely to be looked at.
FEW = 10


def collected(module: str, table: str = "LAWS") -> dict[Any, Any]:
    """Return the laws of a module, and of all modules beside it whose names it begins."""
    found = dict(getattr(import_module(module), table, {}))
    for path in sorted(Path(__file__).parent.glob(f"{module}_*.py")):
        found |= getattr(import_module(path.stem), table, {})
    return found


CONTINUOUS: dict[str, laws.Law] = collected("laws")
DISCRETE: dict[str, discrete.Discrete] = collected("discrete")
LAWS: dict[str, Any] = {**CONTINUOUS, **DISCRETE}
DIVERGENCES: dict[tuple[str, str], laws.Formula] = {
    **collected("discrete", "DIVERGENCES"),
    **collected("laws", "DIVERGENCES"),
}


def generator(seed: int, name: str, number: int) -> np.random.Generator:
    """Return the random numbers of one case, the same in whatever order cases are run."""
    return np.random.default_rng([seed, zlib.crc32(name.encode()), number])


def shape(rng: np.random.Generator) -> float:
    """A third are typical, some next to 1/2 or halves of integers, the others anything."""
    kind = rng.random()
    if kind < 0.1:
        return float(0.5 + rng.choice([-1, 1]) * 10.0 ** rng.uniform(-6, -1))
    if kind < 0.2:
        return float(rng.integers(1, 12) / 2)
    return float(10.0 ** (rng.uniform(-1, 2) if kind < 0.5 else rng.uniform(LOW, HIGH)))


def probability(rng: np.random.Generator) -> float:
    """A probability from the body, from either far tail, or next to ½."""
    kind = rng.integers(5)
    if kind == 0:
        return float(10.0 ** rng.uniform(-300, -2))
    if kind == 1:
        return float(1.0 - 10.0 ** rng.uniform(-15.5, -1))
    if kind == 2:
        return float(0.5 + rng.choice([-1, 1]) * 10.0 ** rng.uniform(-16, -1))
    return float(rng.uniform(0.001, 0.999))


def theta(name: str, rng: np.random.Generator) -> list[float]:
    """Parameters of a law, flat."""
    if name in ("categorical", "concrete"):
        logits = list(map(float, rng.normal(size=ENTRIES) * 10.0 ** rng.uniform(-2, 1.3)))
        return logits if name == "categorical" else [float(10.0 ** rng.uniform(-2, 2)), *logits]
    if LAWS[name].theta:
        return LAWS[name].theta(rng)  # type: ignore[no-any-return]
    values, equal = [], rng.random() < 0.15
    for parameter in rp.get(name).parameters:
        if parameter == "loc":
            values.append(float(rng.normal() * 10.0 ** rng.uniform(-2, 2)))
        elif parameter == "probs":
            values.append(
                probability(rng) if rng.random() < 0.5 else float(rng.uniform(0.01, 0.99))
            )
            if values[-1] < 1e-12:
                values[-1] = float(10.0 ** rng.uniform(-12, 0))
        elif parameter == "scale" or (parameter == "rate" and name != "poisson"):
            values.append(float(10.0 ** rng.uniform(-3, 3)))
        elif name == "binomial":
            values.append(float(round(10.0 ** rng.uniform(0, HIGH))))
        else:
            values.append(values[-1] if equal and values else shape(rng))
    return values


def made(name: str, values: list[float]) -> Any:
    """Return the library's distribution."""
    if name == "categorical":
        return rp.get(name)(logits=values)
    if name == "concrete":
        return rp.get(name)(temperature=values[0], logits=values[1:])
    return rp.get(name)(*values)


def checks(name: str, seed: int, number: int) -> Iterator[Check]:
    """Yield the checks of one case."""
    rng = generator(seed, name, number)
    if "|" in name:
        yield from divergence_checks(name, rng)
        return
    values = theta(name, rng)
    law = made(name, values)
    if name == "concrete":
        yield from concrete_checks(law, values, rng)
        return
    exact = LAWS[name]
    for what in ("entropy", "mean", "variance"):
        yield what, getattr(law, what), getattr(exact, what), values
    if name in DISCRETE:
        yield from point_checks(law, exact, values, count(law, rng))
        yield from log_checks(law, exact, values, far_count(law, rng))
        return
    yield from draw_checks(law, exact, values, rng)
    y = beyond(law, exact, float(law.icdf(probability(rng))), rng)
    if inside(law, y) and abs(y) > 1e-290:
        yield from point_checks(law, exact, values, y)
        for i, slope in enumerate(law.pathwise(y).values(), without_derivatives(law)):
            yield f"pathwise[{i}]", slope, exact.pathwise(i), [y, *values]
    y = far(law, exact, float(law.icdf(probability(rng))), rng)
    if inside(law, y) and abs(y) > 1e-300:
        yield from log_checks(law, exact, values, y)


def without_derivatives(law: Any) -> int:
    """How many parameters, the first ones, are integers."""
    return len(law.parameters) - len(law.parameters.differentiable)


def beyond(law: Any, exact: laws.Law, y: float, rng: np.random.Generator) -> float:
    """A quantile or, in a quarter of the cases, a number far from it."""
    if rng.random() < 0.75 or exact.scale == "logit" or not exact.beyond:
        return y
    if exact.scale == "log":
        return float(y * 10.0 ** rng.uniform(-2, 2))
    loc = float(law.loc) if "loc" in law.parameters else 0.0
    return float(loc + (y - loc) * 10.0 ** rng.uniform(-3, 3))


def inside(law: Any, y: float) -> bool:
    """Whether a value is finite, and not rounded to an end of the support."""
    low, high = law.support
    return bool(low < y < high)


def far(law: Any, exact: laws.Law, y: float, rng: np.random.Generator) -> float:
    """A number so far out that tails underflow."""
    if not exact.beyond:
        return y
    if exact.scale == "logit":
        near_one = rng.random() < 0.5
        return float(
            1.0 - 10.0 ** rng.uniform(-15, -1) if near_one else 10.0 ** rng.uniform(-300, -1)
        )
    if exact.scale == "log":
        return float(y * 10.0 ** rng.uniform(-9, 9))
    loc = float(law.loc) if "loc" in law.parameters else 0.0
    return float(loc + (y - loc) * 10.0 ** rng.uniform(0, 9))


def far_count(law: Any, rng: np.random.Generator) -> float:
    """An integer so far out that tails underflow."""
    first, last = (float(end) for end in law.support)
    if last - first < FEW:
        return count(law, rng)
    mean = float(law.mean) if np.isfinite(law.mean) else 1.0
    return float(np.clip(np.rint(mean * 10.0 ** rng.uniform(-4, 4)), first, min(last, 1e15)))


def log_checks(law: Any, exact: Any, values: list[float], y: float) -> Iterator[Check]:
    """Logarithms of both tails, and the Stein score, at a value."""
    names = ["log_cdf", "log_sf", *(["stein_score"] if hasattr(law, "stein_score") else [])]
    for what in names:
        yield what, getattr(law, what)(y), getattr(exact, what), [y, *values]


def count(law: Any, rng: np.random.Generator) -> float:
    """An integer in a discrete law's body or tails."""
    first, last = (float(end) for end in law.support)
    if last - first < FEW:
        return float(rng.integers(int(first), int(last) + 1))
    mean, sd = float(law.mean), float(np.sqrt(law.variance))
    y = round(mean + sd * rng.normal() * rng.choice([1.0, 1.0, 8.0]))
    if rng.random() < 0.1:
        y = int(rng.integers(0, 4))
    return float(np.clip(y, first, min(last, 1e13)))


def point_checks(law: Any, exact: Any, values: list[float], y: float) -> Iterator[Check]:
    """cdf, sf and their logarithms, log_prob and both scores at a value."""
    for what in ("cdf", "sf", "log_prob"):
        yield what, getattr(law, what)(y), getattr(exact, what), [y, *values]
    yield from log_checks(law, exact, values, y)
    skipped = without_derivatives(law)
    for i, (_, entry) in enumerate(law.score(y).items()):
        for k, score in enumerate(np.atleast_1d(entry)):
            yield f"score[{i + k}]", score, exact.score(i + k + skipped), [y, *values]


def draw_checks(
    law: Any, exact: laws.Law, values: list[float], rng: np.random.Generator
) -> Iterator[Check]:
    """The value and the views of a draw, and their derivatives, of its noise."""
    u = probability(rng)
    if np.isfinite(start := place(exact.scale, float(law.icdf(u)))):
        yield "icdf", law.icdf(u), exact.view("value", start), [u, *values]
    noise, tails = u, laws.uniform_tails
    if law.noise is NORMAL:
        noise, tails = float(rng.normal() * 10.0), laws.normal_tails
    draw = law.transform(noise)
    start = place(exact.scale, float(draw.value))
    if exact.scale == "log" and "log_value" in law._views:
        start = float(draw.log_value)
    elif exact.scale == "logit" and "log_complement" in law._views:
        start = float(draw.log_value - draw.log_complement)
    elif exact.scale == "tanh":
        start = float(0.5 * (np.log1p(draw.value) - draw.log_complement))
    if not np.isfinite(start):
        return
    for name in ("value", *law._views):
        yield name, getattr(draw, name), exact.view(name, start, tails), [noise, *values]
        if stretch(exact.scale, draw, name) < sys.float_info.min:
            continue  # subnormal: the derivative has the digits that it has
        for i, slope in enumerate(draw.jacobian(of=name).values(), without_derivatives(law)):
            yield f"d{name}[{i}]", slope, exact.view_slope(name, i, start, tails), [noise, *values]


def place(scale: str, y: float) -> float:
    """λ of y, as far as doubles hold it."""
    if scale == "real":
        return y
    if scale == "log":
        return float(np.log(y))
    inside = min(y, 1.0 - 2.0**-53)  # iterations start from a number
    if scale == "tanh":
        return float(np.arctanh(max(inside, 2.0**-53 - 1.0)))
    return float(np.log(inside) - np.log1p(-inside))


def stretch(scale: str, draw: Any, name: str) -> float:
    """The size of a view's derivative in λ."""
    if scale == "real" or (scale == "log" and name == "log_value"):
        return 1.0
    y = float(draw.value)
    if scale == "log":
        return y
    if scale == "tanh":
        return 1.0 if name == "log_complement" else float(draw.complement) * (1.0 + y)
    rest = float(getattr(draw, "complement", 1.0 - y))
    return {"log_value": rest, "log_complement": y}.get(name, min(y, rest))


def concrete_checks(law: Any, values: list[float], rng: np.random.Generator) -> Iterator[Check]:
    """Values, logarithms and derivatives of a vector of noise; density and score at a vector."""
    noise = [probability(rng) for _ in range(ENTRIES)]
    draw, inputs = law.transform(noise), [*noise, *values]
    for name, log in (("value", False), ("log_value", True)):
        jacobian = draw.jacobian(of=name)
        for k in range(ENTRIES):
            yield name, getattr(draw, name)[k], discrete.concrete_value(k, log), inputs
            if not log and draw.value[k] < sys.float_info.min:
                continue
            slopes = [jacobian["temperature"][k], *jacobian["logits"][k]]
            for i in rng.choice(ENTRIES + 1, 2, replace=False):
                formula = discrete.concrete_slope(k, int(i), log, ENTRIES)
                yield f"d{name}[{min(i, 1)}]", slopes[i], formula, inputs
    y = list(map(float, draw.value))
    if min(y) < 1e-290 or max(y) == 1.0:
        return
    inputs = [*y, *values]
    yield "log_prob", law.log_prob(y), discrete.concrete_log_prob, inputs
    score = law.score(y)
    for i, entry in enumerate([score["temperature"], *score["logits"]]):
        yield f"score[{min(i, 1)}]", entry, discrete.concrete_score(i, ENTRIES), inputs


def divergence_checks(name: str, rng: np.random.Generator) -> Iterator[Check]:
    """KL and its gradients: of different families, and of pairs that are nearly the same."""
    first, second = name.split("|")
    formula = DIVERGENCES[first, second]
    p, q = theta(first, rng), theta(second, rng)
    if first == second and rng.random() < 0.4:
        q = [float(v * (1.0 + rng.normal() * 10.0 ** rng.uniform(-8, -1))) for v in p]
        if "probs" in rp.get(first).parameters:
            q = [min(max(v, 1e-12), 1 - 1e-12) for v in q]
    found = rp.kl(made(first, p), made(second, q))
    inputs = [*p, *q]
    yield "kl", found.value, formula, inputs
    slopes = [
        float(v)
        for gradients in (found.gradient_p, found.gradient_q)
        for entry in gradients.values()
        for v in np.atleast_1d(entry)
    ]
    for i, slope in enumerate(slopes):
        side = "p" if i < len(p) else "q"
        yield f"kl gradient {side}", slope, discrete.gradient(formula, i), inputs


NAMES = [
    *LAWS,
    "concrete",
    *("|".join(pair) for pair in DIVERGENCES),
]
