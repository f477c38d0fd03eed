"""Distributions with one mistake each: what the witnesses of ``reparam verify`` must catch.

A mutant is a registered distribution of which one public function says something else: a derivative
on one of the routes that there are to it, draws, the cdf, the score, … Draws that are wrong come
with the derivatives that belong to them, so that nothing but their distribution gives them away.
Used by ``test_mutants.py``, and by ``tools/mutants.py`` for the table in the documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from hashlib import blake2b
from itertools import islice
from typing import Any

import numpy as np

import reparam as rp
from reparam.base.derived import Derived
from reparam.base.tree import flat
from reparam.errors import ParameterError
from reparam.verification import witnesses
from reparam.verification.evidence.context import LEVELS
from reparam.verification.numerics.statistics import FALSE_ALARM
from reparam.verification.results import Outcome
from reparam.verification.run.checking import run_check
from reparam.verification.run.planning import registered

#: The ways to a derivative: given noise, draws of one distribution, draws with a parameter set
#: each, and the formula.
ROUTES = ("transform", "shared", "each", "pathwise")
#: What is asked of a distribution.
FUNCTIONS = (
    *("transform", "rsample", "sample", "pathwise"),
    *("cdf", "sf", "log_cdf", "log_sf", "log_prob", "icdf", "score", "stein_score"),
)
#: The ways to a value.
VALUES = ROUTES[:3]
#: The share of the run's probability of a false alarm that a check of the registry has.
ALPHA = FALSE_ALARM / sum(
    witness in witnesses.STATISTICAL for spec in registered() for witness in spec.witnesses
)


@dataclass(frozen=True)
class Mutant:
    """A distribution with one mistake.

    Attributes
    ----------
    subject, kind
        What is wrong, and how.
    parameter
        The parameter whose derivative it is, if it is one.
    route
        On which way, if there are several.
    cls
        The class.
    """

    subject: str
    kind: str
    parameter: str
    route: str
    cls: type[rp.Reparameterized]

    def __str__(self) -> str:
        words = (self.cls.name, self.subject, self.parameter, self.route, self.kind)
        return ", ".join(filter(None, words))


class Recalled:
    """A draw whose derivatives are computed once, and can't be written to."""

    def __init__(self, draw: Any) -> None:
        self._draw, self.jacobian = draw, cache(partial(self._jacobian, draw))

    @staticmethod
    def _jacobian(draw: Any, of: str = "value") -> dict[str, np.ndarray]:
        slopes = draw.jacobian(of=of)
        for slope in slopes.values():
            slope.flags.writeable = False
        return slopes

    def __getattr__(self, view: str) -> Any:
        return getattr(self._draw, view)


@dataclass(frozen=True)
class Altered:
    """A draw with values and derivatives as given, and the views of the right one."""

    draw: Any
    value: np.ndarray
    slopes: Callable[[], dict[str, np.ndarray]]

    def jacobian(self, of: str = "value") -> dict[str, np.ndarray]:
        """Return the derivatives, made when they are asked for."""
        return self.slopes() if of == "value" else self.draw.jacobian(of=of)

    def __getattr__(self, view: str) -> Any:
        return getattr(self.draw, view)


# Whom the witnesses catch ---------------------------------------------------------------------


def _suspicion(mutant: Mutant) -> list[str]:
    """Return the witnesses, the likeliest to catch it first: a matter of time alone."""
    first = {
        "score": ["score"],
        "edges": ["edges"],
        "log_prob": ["identity"],
        "log_cdf": ["identity"],
        "log_sf": ["identity"],
        "stein_score": ["score"],
        "draws": ["transform"] if mutant.route == "transform" else ["distribution"],
        "derivative": {"transform": ["transform"], "pathwise": ["identity"]}.get(
            mutant.route, ["derivative", "expectation"]
        ),
    }.get(mutant.subject, ["transform"])
    return first + [name for name in witnesses.NAMES if name not in first]


def catches(witness: str, mutant: Mutant, seed: int) -> bool:
    """Whether a default check by this witness fails."""
    level = LEVELS["default"]
    check = run_check(mutant.cls, witness, level, seed=seed, alpha=ALPHA, fail_fast=True)
    return check.outcome is Outcome.FAILS


def first_to_catch(mutant: Mutant, seed: int) -> str | None:
    """Return a witness that catches it, or None."""
    suspects = _suspicion(mutant)
    return next((witness for witness in suspects if catches(witness, mutant, seed)), None)


def caught(name: str, seed: int, some: slice = slice(None)) -> dict[str, str | None]:
    """Return for some of a distribution's mutants, as words, a witness that catches it."""
    asked = islice(all_of(name)[1], some.start, some.stop, some.step)
    return {str(mutant): first_to_catch(mutant, seed) for mutant in asked}


def remembering(
    base: type[rp.Reparameterized], known: dict[bytes, Any]
) -> type[rp.Reparameterized]:
    """Return the distribution, which computes nothing that is known: mutants are asked alike.

    One function's mistake stays in that function: the others know nothing of it.
    """

    def recalling(function):
        of_base = getattr(base, function)

        def recall(self, *args, rng=0, **kwargs):
            key = _key(function, self._values, args, kwargs, rng)
            if key not in known:
                seeded = {"rng": rng} if function in ("rsample", "sample") else {}
                said = of_base(_of(base, self._values, self.batch_shape), *args, **seeded, **kwargs)
                known[key] = Recalled(said) if function in ("rsample", "transform") else said
            return known[key]

        return recall

    return type(base.__name__, (base,), {function: recalling(function) for function in FUNCTIONS})


def _key(function, values, args, kwargs, rng):
    """Return what identifies a call with these arguments."""
    assert isinstance(rng, int)
    key = blake2b(repr((function, sorted(kwargs.items()), rng)).encode())
    for each in (*values.values(), *args):
        array = np.asarray(each)
        key.update(repr((array.shape, array.dtype)).encode())
        key.update(np.ascontiguousarray(array))
    return key.digest()


def _of(cls, values, batch_shape):
    """Return a distribution with such parameters, whether they are in the domain or not."""
    made = object.__new__(cls)
    object.__setattr__(made, "_parts", values)
    object.__setattr__(made, "_values", values)
    object.__setattr__(made, "_batch_shape", batch_shape)
    return made


def _right(d):
    """Return the class without the mistake."""
    return getattr(type(d), "right", type(d))


# Mistakes -------------------------------------------------------------------------------------


def _twin(d, **values):
    """Return a distribution with other parameters, whether they are in the domain or not."""
    return _of(_right(d), {**d._values, **values}, d.batch_shape)


def _swapped(d):
    """Return it with the last two parameters' values swapped."""
    *_, first, second = d.parameters
    return _twin(d, **{first: d._values[second], second: d._values[first]})


def _one(d):
    """Return the one distribution that a batch of equal parameters is of, None of others."""
    alike = {name: value.flat[:1].reshape(()) for name, value in d._values.items() if value.size}
    same = all(np.all(value == alike.get(name)) for name, value in d._values.items())
    return _right(d)(**alike) if same else None


def _quantile(d, u):
    """Return a quantile: one for all of a batch of equal parameters."""
    one = _one(d)
    return _right(d).icdf(d, u) if one is None else one.icdf(u)


def _median(d):
    return _quantile(d, 0.5)


def _scaled(d, y):
    """Return values whose spread is off by 1 %, inside the support."""
    low, high = d.support
    if (d._support.low, d._support.high) == (0.0, 1.0):
        logit = 1.01 * (np.log(y) - np.log1p(-y))
        return 1.0 / (1.0 + np.exp(-logit))
    if np.all(np.isfinite(low)) and np.all(np.isfinite(high)):  # about the middle, and less
        middle = 0.5 * (low + high)
        return middle + 0.99 * (y - middle)
    centre = low if np.all(np.isfinite(low)) else high
    centre = centre if np.all(np.isfinite(centre)) else _median(d)
    return centre + 1.01 * (y - centre)


def _below(d, y, u):
    """Where F(y) < u: by one quantile for many values, if it is one for all."""
    one = _one(d)
    return _right(d).cdf(d, y) < u if one is None else y < one.icdf(u)


def _above(d, y, u):
    """Where 1 − F(y) < u."""
    one = _one(d)
    return _right(d).sf(d, y) < u if one is None else y > one.icdf(1.0 - u)


def _other(d, name):
    names = d.parameters.differentiable
    return names[(names.index(name) + 1) % len(names)]


def _central(d, formula, name):
    """Return a derivative at the median, 0 if that is what rounding leaves of it."""
    central = formula(d, _median(d))[name]
    size = np.abs(formula(d, _quantile(d, 0.4))[name])
    return np.where(np.abs(central) < 1e-14 * size, 0.0, central)


def _of_scale(d, y, name):
    """Return y ∂ln c/∂θ of values with a factor c that depends on θ, such as those of F."""
    if d.name == "f":
        return y / d.df2 if name == "df2" else -y / d.df1
    if not hasattr(d, "_log_scale_slopes"):
        return 0.0
    log_scale = dict(zip(d.parameters, d._log_scale_slopes(*d._theta), strict=True))[name]
    return y * log_scale if np.any(log_scale) else 0.0


#: Mistakes of a derivative: functions of the distribution, the values, all the derivatives, the
#: parameter, and the formula that tells derivatives from values.
SLOPES: dict[str, Callable[..., np.ndarray]] = {
    "wrong sign": lambda d, y, slopes, name, _: -slopes[name],
    "off by a factor 1 + 1e-6": lambda d, y, slopes, name, _: slopes[name] * (1.0 + 1e-6),
    "another parameter's": lambda d, y, slopes, name, _: slopes[_other(d, name)],
    "off by 1 % in the lower tail": lambda d, y, slopes, name, _: (
        slopes[name] * np.where(_below(d, y, 0.01), 1.01, 1.0)
    ),
    "off by 1 % in the upper tail": lambda d, y, slopes, name, _: (
        slopes[name] * np.where(_above(d, y, 0.01), 1.01, 1.0)
    ),
    "without its value at the median": lambda d, y, slopes, name, formula: (
        slopes[name] - _central(d, formula, name)
    ),
    "its value at the median alone": lambda d, y, slopes, name, formula: (
        0.0 * slopes[name] + _central(d, formula, name)
    ),
    "without the term of its scale": lambda d, y, slopes, name, _: (
        slopes[name] - _of_scale(d, y, name)
    ),
    "another draw's": lambda d, y, slopes, name, _: np.roll(slopes[name], 1),
}

#: Mistakes of draws: functions of the distribution and of the right values.
DRAWS: dict[str, Callable[..., np.ndarray]] = {
    "scale off by 1 %": _scaled,
    "lower tail missing": lambda d, y: np.maximum(y, _quantile(d, 0.001)),
    "upper tail missing": lambda d, y: np.minimum(y, _quantile(d, 0.999)),
}

#: Mistakes of probabilities: functions of the distribution and the values, which return F, 1 − F.
PROBABILITIES: dict[str, Callable[..., tuple[np.ndarray, np.ndarray]]] = {
    "scale off by 1 %": lambda d, y: _both(d, _scaled(d, y)),
    "lower tail missing": lambda d, y: tuple(
        np.where(_below(d, y, 0.001), end, tail)
        for end, tail in zip((0.0, 1.0), _both(d, y), strict=True)
    ),
    "upper tail missing": lambda d, y: tuple(
        np.where(_above(d, y, 0.001), end, tail)
        for end, tail in zip((1.0, 0.0), _both(d, y), strict=True)
    ),
    "parameters swapped": lambda d, y: _both(_swapped(d), y),
    "NaN far in the lower tail": lambda d, y: tuple(
        np.where(_below(d, y, 1e-12), np.nan, tail) for tail in _both(d, y)
    ),
    "by cancellation": lambda d, y: tuple(1.0 - tail for tail in _both(d, y)[::-1]),
}

#: Mistakes of the log density.
LOG_DENSITIES: dict[str, Callable[..., np.ndarray]] = {
    "density off by a factor 1 + 1e-6": lambda d, y, log: log + 1e-6,
    "off by a factor 1 + 1e-6": lambda d, y, log: log * (1.0 + 1e-6),
    "density off by 1 % in the lower tail": lambda d, y, log: (
        log + np.where(_below(d, y, 0.01), 0.01, 0.0)
    ),
    "density off by 1 % in the upper tail": lambda d, y, log: (
        log + np.where(_above(d, y, 0.01), 0.01, 0.0)
    ),
    "NaN far in the lower tail": lambda d, y, log: np.where(_below(d, y, 1e-12), np.nan, log),
}


#: Mistakes of the logarithms of both tails: functions of the distribution, the values, the right
#: one, and F or 1 − F.
LOGARITHMS: dict[str, Callable[..., np.ndarray]] = {
    "off by a factor 1 + 1e-6": lambda d, y, log, tail: log * (1.0 + 1e-6),
    "tail off by 1 % where it is below 1 %": lambda d, y, log, tail: (
        log + np.where(log < np.log(0.01), 0.01, 0.0)
    ),
    "off by 1 % where the tail underflows": lambda d, y, log, tail: np.where(
        log < -745.0, 1.01 * log, log
    ),
    "-inf where the tail underflows": lambda d, y, log, tail: np.log(tail),
    "by cancellation": lambda d, y, log, tail: np.log1p(-_the_other(d, y, tail)),
    "0 where the tail rounds to 1": lambda d, y, log, tail: np.log(1.0 - (1.0 - tail)),
}

#: Mistakes of the Stein score: functions of the distribution, the values, and the right one.
STEIN_SCORES: dict[str, Callable[..., np.ndarray]] = {
    "wrong sign": lambda d, y, slope: -slope,
    "off by a factor 1 + 1e-6": lambda d, y, slope: slope * (1.0 + 1e-6),
    "off by 1 % in the lower tail": lambda d, y, slope: (
        slope * np.where(_below(d, y, 0.01), 1.01, 1.0)
    ),
    "off by 1 % in the upper tail": lambda d, y, slope: (
        slope * np.where(_above(d, y, 0.01), 1.01, 1.0)
    ),
    "that of ln y": lambda d, y, slope: y * slope + 1.0,
    "without 1/scale": lambda d, y, slope: slope * d._values.get("scale", 1.0),
    "NaN far in the lower tail": lambda d, y, slope: np.where(_below(d, y, 1e-12), np.nan, slope),
}


def _the_other(d, y, tail):
    """Return 1 − F where F is meant, and F where 1 − F is."""
    below, above = _both(d, y)
    return np.where(tail == below, above, below)


def _both(d, y):
    return _right(d).cdf(d, y), _right(d).sf(d, y)


# Compositions and vectors ----------------------------------------------------------------------

#: Compositions whose mutants the page is about, as the command line spells them.
COMPOSITIONS = (
    "1 - beta(2, 3)",
    "truncated(gaussian, low=-1, high=2)",
    "log(truncated(gamma(alpha=2), low=0.5, high=4))",
    "tanh(mixture([0.3, 0.7], gaussian, laplace(2)))",
    "truncated(mixture([0.3, 0.7], gaussian, logistic(1)), low=-2, high=3)",
    "order_statistic(exp(gaussian), r=2, n=3)",
    "mixture([1, 2], order_statistic(logistic, r=2, n=3), truncated(gaussian, low=-1, high=2))",
)


def composition(text: str) -> type[rp.Reparameterized]:
    """Return a class of a composition: its parameters are the numbers of all its parts.

    Ranks and weights are kept.
    """
    made = rp.parse(text)
    leaves = made.parameters.items()
    free = [path for path, p in leaves if p.differentiable and not p.dims]
    names = [f"{path.rsplit('.')[-1]}_{k}" for k, path in enumerate(free)]
    declared = {}
    for name, path in zip(names, free, strict=True):
        value, parameter = float(made[path]), made.parameters[path]
        around = (value - 0.1 - 0.1 * abs(value), value + 0.1 + 0.1 * abs(value))
        declared[name] = replace(parameter, default=value, typical=around, aliases=())

    def inner(cls, *theta):
        given = dict(zip(free, theta, strict=True))
        return made._nested([given.get(path, made[path]) for path in made.parameters])

    def chained(cls, entries, theta):
        found = zip(made.parameters.differentiable, flat(entries), strict=True)
        return tuple(entry for path, entry in found if path in free)

    facts = {"name": text, "_of": made, "_support": made._support, "about": made.about}
    formulas = {"_inner": classmethod(inner), "_chained": classmethod(chained)}
    annotations = {"__annotations__": dict.fromkeys(declared, "Parameter")}
    return type("Composition", (Derived,), {**facts, **formulas, **declared, **annotations})


#: Mistakes of a vector's derivatives: functions of them, one draw a row.
OF_VECTORS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "wrong sign": lambda slope: -slope,
    "off by a factor 1 + 1e-6": lambda slope: slope * (1.0 + 1e-6),
    "another draw's": lambda slope: np.roll(slope, 1, axis=0),
}


def vector_mutants(base: type[rp.Reparameterized]) -> Iterator[Mutant]:
    """Yield all mutants of a distribution of vectors that differ from it."""
    right = _said_of_vectors(base)
    for mutant in _all_of_vectors(base):
        try:
            found = _said_of_vectors(mutant.cls)
        except ParameterError:  # no distribution has such parameters
            continue
        if not all(map(np.array_equal, found, right)):
            yield mutant


def all_of(name: str) -> tuple[type[rp.Reparameterized], Iterator[Mutant]]:
    """Return a distribution of that name, or a composition, and its mutants."""
    base = composition(name) if name in COMPOSITIONS else rp.get(name)
    return base, (vector_mutants if base._support.rank else mutants)(base)


def _all_of_vectors(base):
    for name in base.parameters.differentiable:
        for kind, mistake in OF_VECTORS.items():
            for route in VALUES:
                yield _made(base, "derivative", kind, name, route, _of_draws(name, mistake, route))
            if kind != "another draw's":
                score = _altering(
                    "score", lambda found, n=name, m=mistake: {**found, n: m(found[n])}
                )
                yield _made(base, "score", kind, name, "", score)
        for route in VALUES:
            functions = _values(partial(_moved, name), route)
            yield _made(base, "draws", "a parameter off by 2 %", name, route, functions)
    for kind, mistake in (
        ("density off by a factor 1 + 1e-6", lambda log: log + 1e-6),
        ("off by a factor 1 + 1e-6", lambda log: log * (1.0 + 1e-6)),
    ):
        yield _made(base, "log_prob", kind, "", "", _altering("log_prob", mistake))
    if base.has_formula("stein_score"):
        for kind in ("wrong sign", "off by a factor 1 + 1e-6"):
            functions = _altering("stein_score", OF_VECTORS[kind])
            yield _made(base, "stein_score", kind, "", "", functions)


def _altering(function, mistake):
    def altered(self, value):
        return mistake(getattr(_right(self), function)(self, value))

    return {function: altered}


def _moved(name, d):
    """Return it with a parameter off by 2 %."""
    return _right(d)(
        **{**d._values, name: 1.02 * d._values[name] + 0.02 * (d._values[name] == 0.0)}
    )


def _of_draws(name, mistake, route):
    def altered(draw):
        def slopes():
            right = draw.jacobian()
            return {**right, name: mistake(right[name])}

        return Altered(draw, draw.value, slopes)

    def transform(self, *noise):
        return altered(_right(self).transform(self, *noise))

    def rsample(self, shape=(), *, rng=None):
        draw = _right(self).rsample(self, shape, rng=rng)
        return altered(draw) if _route(self) == route else draw

    return {"transform": transform} if route == "transform" else {"rsample": rsample}


def _said_of_vectors(cls):
    d = cls()
    moving = d.parameters.differentiable
    several = cls(**{k: np.stack([d[k]] * 5) if k in moving else d[k] for k in d.parameters})
    draws = [d.rsample(5, rng=1), several.rsample(rng=1)]
    noise = draws[0].noise
    draws.append(d.transform(*(noise if isinstance(noise, tuple) else (noise,))))
    y = _right(d).sample(d, 5, rng=2) if "right" in vars(type(d)) else d.sample(5, rng=2)
    found = [each for draw in draws for each in (draw.value, *draw.jacobian().values())]
    found += [d.log_prob(y), *d.score(y).values()]
    return [*found, d.stein_score(y)] if cls.has_formula("stein_score") else found


# Mutants --------------------------------------------------------------------------------------


def mutants(base: type[rp.Reparameterized]) -> Iterator[Mutant]:
    """Yield all mutants of a distribution that differ from it.

    What they remember of it is forgotten in the end.
    """
    known: dict[bytes, Any] = {}
    base = remembering(base, known)
    said = [list(_said(base, theta)) for theta in _probes(base)]
    for mutant in _all(base):
        if not _equivalent(mutant, base, said):
            yield mutant
    known.clear()


def _all(base):
    numbers = [name for name, p in base.parameters.items() if p.differentiable and not p.dims]
    alone = len(base.parameters) == 1
    for name in numbers:
        for kind, mistake in SLOPES.items():
            if not (alone and kind == "another parameter's"):
                altered = partial(_altered, mistake, name)
                for route in ROUTES:
                    yield _made(base, "derivative", kind, name, route, _derivative(altered, route))
                if kind not in ("another draw's", "without the term of its scale"):
                    yield _made(base, "score", kind, name, "", _score(altered))
        yield from _edges(base, name)
        for kind, moved in (("a step function", _rounded), ("a jump", _jumping)):
            values = _values(partial(moved, name), "transform")
            yield _made(base, "continuity", kind, name, "", values)
    for route in VALUES:
        for kind, mistake in DRAWS.items():
            yield _made(base, "draws", kind, "", route, _draws(mistake, route))
        if not alone:
            swapped = _values(_swapped, route)
            yield _made(base, "draws", "parameters swapped", "", route, swapped)
    for kind, mistake in PROBABILITIES.items():
        if not (alone and kind == "parameters swapped"):
            for which in ("cdf", "sf", "cdf and sf"):
                yield _made(base, which, kind, "", "", _probabilities(mistake, which))
    for kind, mistake in LOG_DENSITIES.items():
        yield _made(base, "log_prob", kind, "", "", _log_prob(mistake))
    for kind, mistake in LOGARITHMS.items():
        for which in ("cdf", "sf"):
            yield _made(base, f"log_{which}", kind, "", "", _logarithm(mistake, which))
    for kind, mistake in STEIN_SCORES.items():
        yield _made(base, "stein_score", kind, "", "", _stein_score(mistake))
    for kind, mistake in DRAWS.items():
        yield _made(base, "icdf", kind, "", "", _icdf(mistake))
    if not alone:
        swapped = {"icdf": lambda self, u: _right(self).icdf(_swapped(self), u)}
        yield _made(base, "icdf", "parameters swapped", "", "", swapped)


def _made(base, subject, kind, parameter, route, functions):
    cls = type(f"Mutant{base.__name__}", (base,), {**functions, "right": base})
    return Mutant(subject, kind, parameter, route, cls)


def _route(d):
    """Return by which route draws of a distribution come."""
    return "each" if d.batch_shape else "shared"


def _altered(mistake, name, d, y, slopes, formula):
    with np.errstate(all="ignore"):
        return {**slopes, name: mistake(d, np.asarray(y), slopes, name, formula)}


def _derivative(altered, route):
    """Return the functions that alter derivatives on one route."""

    def formula(d, y):
        return _right(d).pathwise(d, y)

    def wrong(d, draw):
        return Altered(draw, draw.value, lambda: altered(d, draw.value, draw.jacobian(), formula))

    def transform(self, noise):
        return wrong(self, _right(self).transform(self, noise))

    def rsample(self, shape=(), *, rng=None):
        draw = _right(self).rsample(self, shape, rng=rng)
        return wrong(self, draw) if _route(self) == route else draw

    def pathwise(self, value):
        return altered(self, value, formula(self, value), formula)

    if route == "transform":
        return {"transform": transform}
    return {"pathwise": pathwise} if route == "pathwise" else {"rsample": rsample}


def _score(altered):
    def formula(d, y):
        return _right(d).score(d, y)

    def score(self, value):
        return altered(self, value, formula(self, value), formula)

    return {"score": score}


def _edges(base, name):
    """Yield mutants with NaN in a tail, and with derivatives that vanish far out in the domain."""
    end = _far_out(base.parameters[name], 100.0)
    outwards = np.sign(end - base.parameters[name].default)

    def vanishing(d, y, slopes, name, _):
        return np.where(outwards * (d._values[name] - end) > 0.0, 0.0, slopes[name])

    def lost(d, y, slopes, name, _):
        return np.where(_below(d, y, 1e-12), np.nan, slopes[name])

    def undefined(d, y, slopes, name, _):
        return np.where(np.isinf(y), np.nan, slopes[name])

    for route in ROUTES:
        kinds = {"NaN at infinite values": undefined, "0 far out in the domain": vanishing}
        if route == "transform":
            kinds["NaN far in the lower tail"] = lost
        for kind, mistake in kinds.items():
            functions = _derivative(partial(_altered, mistake, name), route)
            yield _made(base, "edges", kind, name, route, functions)


def _rounded(name, d):
    """Return it with a parameter rounded to two digits or so."""
    value = d._values[name]
    if d.parameters[name].domain.low == 0.0:
        return _twin(d, **{name: 10.0 ** np.round(np.log10(value), 1)})
    return _twin(d, **{name: np.round(value, 1)})


def _jumping(name, d):
    """Return it with another scale of values beyond some value of a parameter."""
    parameter = d.parameters[name]
    low = float(parameter.domain.low)
    beyond = parameter.default + 0.1 * min(1.0, parameter.default - low)
    value = d._values[name]
    moved = np.minimum(value * 1.01 + 0.01, 0.5 * (value + float(parameter.domain.high)))
    return _twin(d, **{name: np.where(value > beyond, moved, value)})


def _draws(mistake, route):
    """Return the functions that alter values on one route, and their derivatives with them."""

    def altered(d, draw):
        with np.errstate(all="ignore"):
            value = mistake(d, draw.value)
        return Altered(draw, value, lambda: d.pathwise(value))

    return _drawing(lambda d, call: altered(d, call(d)), route)


def _values(instead, route):
    """Return the functions that draw from another distribution instead, on one route."""

    def altered(d, call):
        with np.errstate(all="ignore"):
            draw = call(instead(d))

        def at_value():
            return d.pathwise(draw.value)

        return Altered(draw, draw.value, draw.jacobian if d.event_shape else at_value)

    return _drawing(altered, route)


def _drawing(altered, route):
    def transform(self, *noise):
        base = _right(self)
        return altered(self, lambda d: base.transform(d, *noise))

    def rsample(self, shape=(), *, rng=None):
        base = _right(self)
        if _route(self) == route:
            return altered(self, lambda d: base.rsample(d, shape, rng=rng))
        return base.rsample(self, shape, rng=rng)

    def sample(self, shape=(), *, rng=None):
        return self.rsample(shape, rng=rng).value

    return (
        {"transform": transform} if route == "transform" else {"rsample": rsample, "sample": sample}
    )


def _probabilities(mistake, which):
    def probability(place, self, value):
        with np.errstate(all="ignore"):
            return np.asarray(mistake(self, np.asarray(value, dtype=float))[place])[()]

    functions = {
        "cdf": lambda self, value: probability(0, self, value),
        "sf": lambda self, value: probability(1, self, value),
    }
    return {name: function for name, function in functions.items() if name in which.split(" and ")}


def _log_prob(mistake):
    def log_prob(self, value):
        log = _right(self).log_prob(self, value)
        return mistake(self, np.asarray(value), log)

    return {"log_prob": log_prob}


def _logarithm(mistake, which):
    def logarithm(self, value):
        right, y = _right(self), np.asarray(value)
        with np.errstate(all="ignore"):
            log, tail = (getattr(right, name)(self, y) for name in (f"log_{which}", which))
            return mistake(self, y, log, tail)

    return {f"log_{which}": logarithm}


def _stein_score(mistake):
    def stein_score(self, value):
        slope = _right(self).stein_score(self, value)
        return mistake(self, np.asarray(value), slope)

    return {"stein_score": stein_score}


def _icdf(mistake):
    def icdf(self, u):
        right = _right(self).icdf
        with np.errstate(all="ignore"):
            return mistake(self, right(self, u))

    return {"icdf": icdf}


def _equivalent(mutant, base, said):
    """Whether a mutant says what its base does, far out, too, if that is where it would not."""
    probes = list(_probes(base))[: None if mutant.subject == "edges" else 2]
    return all(
        _are_alike(ours, theirs, silent=np.all(np.isinf(of_base[0])))
        for theta, of_base in zip(probes, said, strict=False)
        for ours, theirs in zip(_said(mutant.cls, theta), of_base, strict=True)
    )


def _are_alike(ours, theirs, silent):
    """Whether numbers are the same; if all values are infinite, an infinite derivative may be 0."""
    if not silent:
        return np.array_equal(ours, theirs, equal_nan=True)
    lost = np.isinf(theirs) & (np.asarray(ours) == 0.0)
    return bool(np.all(lost | (np.asarray(ours) == theirs) | (np.isnan(ours) & np.isnan(theirs))))


def _probes(base):
    """Yield typical parameters twice, and such as are far out."""
    declared = list(base.parameters.items())
    yield {name: p.default for name, p in declared}
    yield {
        name: 0.3 * p.typical[0] + 0.7 * p.typical[1] if p.differentiable else p.typical[1]
        for name, p in declared
    }
    yield {name: _far_out(p, 1e3) for name, p in declared}


def _far_out(parameter, times):
    """Return a value so many times beyond the typical ones: where numbers are positive, below.

    Of a bounded domain it is close to the lower end.
    """
    low, high = parameter.typical
    if not parameter.differentiable:
        return low
    first, last = parameter.domain.low, parameter.domain.high
    if -np.inf < first < 0.0 or (first > 0.0 and last < np.inf):
        return first + (low - first) / times
    if low > 0.0:
        return low / times if first == 0.0 else high * times
    return low * times


def _said(cls, theta):
    u = np.array([1e-15, 1e-4, 0.005, 0.2, 0.45, 0.6, 0.996, 0.9999])
    with np.errstate(all="ignore"):
        d = cls(**theta)
        several = cls(**{name: np.full(300, value) for name, value in theta.items()})
        noise = u if d.noise is rp.engine.noise.UNIFORM else u - 0.5
        y = _right(d).icdf(d, u)
        for draw in (d.transform(noise), d.rsample(300, rng=1), several.rsample(rng=1)):
            yield draw.value
            yield from draw.jacobian().values()
        yield from d.pathwise(y).values()
        yield from d.score(y).values()
        yield from (d.cdf(y), d.sf(y), d.log_prob(y), d.icdf(u), d.stein_score(y))
        far = np.concatenate([y, 100.0 * y, 0.01 * y])
        yield from (d.log_cdf(far), d.log_sf(far))
