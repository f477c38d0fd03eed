"""Edges: tails, tiny and huge parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.errors import ParameterError
from reparam.parameters import Parameter
from reparam.verification.evidence import paths
from reparam.verification.evidence.averages import TESTS, Averages, compare
from reparam.verification.evidence.comparing import Tallies
from reparam.verification.evidence.context import Context, parameter_sets
from reparam.verification.evidence.fit import add_distance, is_discrete
from reparam.verification.evidence.ranges import over_ranges
from reparam.verification.laws.law import Law
from reparam.verification.refusals import NoGradient
from reparam.verification.results import Comparison, Outcome
from reparam.verification.targets.target import Sample, Target, noise_of
from reparam.verification.witnesses._vectors import (
    add_inside,
    has_digits,
    places,
    row_of,
    target_of,
)

__all__ = ["corners", "edges"]

#: Probabilities at the edges of what float64 holds; and inner ones, since with tiny shapes all the
#: others' values under- or overflow.
_U = np.array(
    [
        *(5e-324, 1e-300, 1e-100, 1e-20, 1e-10, 0.1, 0.4),
        *(0.5, 0.6, 0.9, 1.0 - 1e-10, 1.0 - 2.0**-53),
    ]
)
#: The least probability that others' samplers are asked for: that of 10⁹ draws.
_DRAWN = 1e-9
#: How far beyond typical values the library's own parameters go.
_BEYOND = 1e3
#: The share of a range that ends may be inwards.
_INWARDS = 1e-3
#: A relative change of θ, and the least relative change of y that it must make to tell that ∂y/∂θ
#: is not 0.
_MOVE, _MOVED = 1e-3, 1e-5
#: The same where values are those of formulas in float64.
_MOVED_EXACTLY = 1e-8
#: Closer to an end of the support than this many units in its last place values may be rounded to
#: it, or kept from it: what their derivative is there says nothing.
_ROUNDING = 1e3
#: Gradients of few draws that must be wrong, of all, to be no accident of another path's.
_SEVERAL = 3
#: Draws at each set of a vectors' sampler without a transform.
_AT_EDGES = 64
#: Draws at each edge; those that are compared with the law, at most and of all that a level has;
#: and how few are asked for at once.
_DRAWS, _MANY, _PART, _FEW = 1024, 4096, 64, (1, 2, 7)


def edges(context: Context) -> Iterator[Comparison]:
    """Look at the edges of what parameters, noise and the number of draws may be.

    For NaN, values outside the support and gradients that vanish silently; and whether draws and
    their gradients are right at the ends of typical ranges, and all over them, as far as some
    thousands tell.
    """
    if context.target.length:
        transforms = context.target.noise is not None
        yield from _of_vectors(context) if transforms else _of_vector_draws(context)
        return
    yield from _of_numbers(context)
    yield from _of_draws(context)
    yield from _of_few(context)
    yield from over_ranges(context, 0.5 * context.alpha / len(context.target.ways))


def _of_numbers(context: Context) -> Iterator[Comparison]:
    target, found = context.target, Tallies("statement")
    for theta in corners(context, _BEYOND if target.strict else 1.0):
        law = target.law(theta, context.seed)
        low, high = law.support
        for sample, values, drawn in _samples(context, theta):
            y = np.asarray(sample.value, dtype=np.float64)
            found["values are numbers"].add(theta, np.isnan(y), 0.0, y=y)
            inside = found.of("values lie in the support", "absolute")
            inside.add(theta, y, np.clip(y, low, high), y=y)
            finite = np.isfinite(y) & (np.abs(y) > 1e-300) & ~_at_end(y, low) & ~_at_end(y, high)
            exact = law.pathwise(y[finite])
            for name, gradient in sample.gradients.items():
                entry = np.asarray(gradient, dtype=np.float64)
                unknown = np.isnan(entry) & ~np.isnan(y)
                found[f"∂y/∂{name} is a number"].add(theta, unknown, 0.0, y=y)
                real = np.isfinite(exact[name]) & (np.abs(exact[name]) > 1e-290)
                zero = (entry[finite] == 0.0) & real
                if np.any(zero):  # as it should be, if only other draws depend on the parameter
                    least = _MOVED_EXACTLY if target.strict else _MOVED
                    zero &= _moves(values, name, theta, y, least)[finite]
                if drawn and np.any(zero) and not np.all(entry == 0.0):  # or of another path
                    zero &= paths.are_meant(y[finite], entry[finite], exact[name])
                found[f"∂y/∂{name} is 0 only where y stays"].add(theta, zero, 0.0, y=y[finite])
        if target.strict:
            _formulas(found, theta, target, law, _extreme_noise(context))
    yield from found.result()


def _of_draws(context: Context) -> Iterator[Comparison]:
    """Compare draws and gradients with the law at the ends of typical ranges.

    What is undecided here does not override other witnesses.
    """
    target, sets = context.target, list(corners(context))
    n = min(_MANY, context.level.draws // _PART, target.gradient_draws)
    alpha = 0.5 * context.alpha / (len(sets) * (1 + TESTS * len(target.parameters)))
    for turn, way in enumerate(target.ways):
        found, label = Tallies(), f", draws with {way}" if way else ""
        on_path = paths.on_path(found, context, way)
        averages = {name: Averages.of(found, name, label) for name in target.parameters}
        for number in range(turn, len(sets), len(target.ways)):
            theta, seed = sets[number], context.seeded("corner", number)
            try:
                drawn = paths.Drawn.of(context, theta, n, seed, way)
            except NoGradient:
                continue
            if not drawn.is_known:
                continue
            ordered, what = np.sort(drawn.sample.value), f"draws ({way})" if way else "draws"
            add_distance(found, what, theta, drawn.law, ordered, alpha)
            if any(np.any(np.isnan(entry)) for entry in drawn.sample.gradients.values()):
                continue  # which has been reported
            drawn.compare(on_path)
            if not is_discrete(ordered):
                yield from compare(drawn, averages, alpha)
        yield from _decided(found)


def _of_few(context: Context) -> Iterator[Comparison]:
    """Compare the gradients of very few draws with −F_θ/p, if those of many are."""
    target, theta = context.target, context.sets()[-1]
    seeds = [context.seeded("few", number) for number in range(_SEVERAL)]
    for way in target.ways:
        try:
            many = paths.Drawn.of(context, theta, _DRAWS, context.seed, way)
            few = [target.draws(theta, n, seed, way) for n in _FEW for seed in seeds]
        except NoGradient:
            return
        sample = Sample(
            np.concatenate([each.value for each in few]),
            {
                name: np.concatenate([each.gradients[name] for each in few])
                for name in target.parameters
            },
        )
        drawn, found = replace(many, sample=sample), Tallies()
        usual, right = many.agreeing(), drawn.agreeing()
        what = f"{way}, few of them" if way else "few of them"
        for name, tally in paths.on_path(found, context, what).items():
            if np.all(usual[name]) and not 0 < np.sum(~right[name]) < _SEVERAL:
                drawn.compare_in(name, tally)
        yield from _decided(found)


def _decided(found: Tallies) -> Iterator[Comparison]:
    """Yield what could be decided."""
    return (each for each in found.result() if each.outcome is not Outcome.INCONCLUSIVE)


def _at_end(y: Array, end: Array) -> NDArray[np.bool_]:
    """Return which values are at an end of the support, up to rounding."""
    if not np.isfinite(end):
        return np.isinf(y)
    return np.asarray(np.abs(y - end) <= _ROUNDING * np.spacing(np.abs(end)))


def corners(context: Context, beyond: float = 1.0) -> Iterator[dict[str, float]]:
    """Yield parameter sets at the ends of the typical ranges, or beyond them by a factor.

    All of few parameters. Of many some, in which each parameter is as often at either end.
    """
    target = context.target
    free = [name for name in target.parameters if name not in target.fixed]
    default = {name: target.fixed.get(name, p.default) for name, p in target.parameters.items()}
    places = {
        name: (low, default[name], high)
        for name in free
        for low, high in [_ends(target.parameters[name], beyond)]
    }
    count = (3 if target.is_numerical else 9) * max(1, context.level.sets // 2)
    if len(free) < 20 and 3 ** len(free) <= 2 * count:
        choices = np.array(list(product(range(3), repeat=len(free))), dtype=np.int64)
    else:
        rng = np.random.default_rng([context.seed, 4])
        choices = np.stack([rng.permutation(np.arange(count) % 3) for _ in free], axis=1)
    for choice in choices:
        theta = default | {name: places[name][at] for name, at in zip(free, choice, strict=True)}
        for low, high in target.ordered:
            theta[low], theta[high] = sorted((theta[low], theta[high]))
        if all(theta[low] < theta[high] for low, high in target.ordered):
            yield theta


def _ends(parameter: Parameter, beyond: float) -> tuple[float, float]:
    """Return the ends of the typical range, or what is by a factor nearer to the domain's.

    A range from 0, such as that of a probability, may be meant without its ends.
    """
    typical = parameter.typical
    if typical[0] == 0.0:
        inwards = _INWARDS * typical[1]
        typical = typical[0] + inwards, typical[1] - inwards
    ends = map(float, parameter.domain.ends({}))
    low, high = (
        end + (each - end) / beyond if math.isfinite(end) else each * beyond
        for each, end in zip(typical, ends, strict=True)
    )
    return low, high


#: From parameters to the values that the same noise, or the same seed, makes of them.
Values = Callable[[Mapping[str, float]], Array]


def _samples(context: Context, theta: dict[str, float]) -> Iterator[tuple[Sample, Values, bool]]:
    """Yield samples, the values of their noise for other parameters, and whether they are drawn."""
    target = context.target
    if target.noise is not None:
        noise = _extreme_noise(context)
        yield target.transform(noise, **theta), partial(_transformed, target, noise), False
    for way in target.ways:
        try:
            sample = target.draws(theta, _DRAWS, context.seed, way)
        except NoGradient:
            return
        yield sample, partial(target.values, n=_DRAWS, seed=context.seed, way=way), True


def _transformed(target: Target, noise: Array, theta: Mapping[str, float]) -> Array:
    """Return the values that this noise makes."""
    return target.transform(noise, **theta).value


def _extreme_noise(context: Context) -> Array:
    """Return noise at the edges of what float64 holds; of vectors, rows of it at random.

    For others' samplers at the edges of what is drawn.
    """
    target = context.target
    assert target.noise is not None
    u = _U if target.strict else np.unique(np.clip(_U, _DRAWN, 1.0 - _DRAWN))
    noise = noise_of(target.noise, u)
    if target.length:
        rng = np.random.default_rng(context.seed)
        return rng.choice(noise, (context.level.points, target.width))
    return noise


def _formulas(
    found: Tallies, theta: dict[str, float], target: Target, law: Law, noise: Array
) -> None:
    """Look at the formulas of a built-in distribution at its values, wherever they are."""
    y = target.transform(noise, **theta).value
    order = np.argsort(y)
    noise, y = noise[order], y[order]
    slopes = law.pathwise(y)
    slopes = {name: slopes[name] for name in target.parameters}

    def is_lost(name: str) -> NDArray[np.bool_]:
        lost = np.asarray(slopes[name] == 0.0)
        if np.any(lost):
            values = partial(_transformed, target, noise[lost])
            lost[lost] = _moves(values, name, theta, y[lost], _MOVED_EXACTLY)
        return lost

    def formula_of(name: str) -> Array:
        return np.asarray(target.formulas[name](y, **theta))

    cdf, sf, log_p = (np.asarray(each(y)) for each in (law.cdf, law.sf, law.log_prob))
    known = np.isfinite(y) & np.isfinite(log_p) & (np.abs(y) > 1e-300)
    wrong = {
        "log p is a number": np.isnan(log_p),
        "F and 1 − F lie in [0, 1]": ~((cdf >= 0.0) & (cdf <= 1.0) & (sf >= 0.0) & (sf <= 1.0)),
        "F rises": np.diff(cdf, prepend=0.0) < 0.0,
        "F + (1 − F) = 1": ~(np.abs(cdf + sf - 1.0) < 1e-12),
        "ln F and ln(1 − F) are numbers up to 0": ~(
            (formula_of("log_cdf") <= 0.0) & (formula_of("log_sf") <= 0.0)
        ),
        "−F_θ/p is a number": np.any([np.isnan(each) for each in slopes.values()], axis=0),
        "∂ log p/∂θ is a number": np.isfinite(y)
        & np.any([np.isnan(each) for each in law.score(y).values()], axis=0),
        "∂ log p/∂y is a number": known & np.isnan(formula_of("stein_score")),
        "−F_θ/p is 0 only where y stays": np.any([is_lost(name) for name in slopes], axis=0),
    }
    for what, broken in wrong.items():
        found[what].add(theta, broken, 0.0, y=y)


def _moves(
    values: Values, name: str, theta: Mapping[str, float], y: Array, least: float = _MOVED
) -> NDArray[np.bool_]:
    """Return which of the values y move with a parameter, so that their derivatives can't be 0.

    By more than `least`, relative to y, and to both sides: on one there may be a step. Up on one
    and down on the other: y of both sides may be above y, or below it, where the derivative is 0.
    """
    found, directions = np.isfinite(y) & (np.abs(y) > 1e-300), []
    for side in (1.0, -1.0):
        there = {**theta, name: theta[name] + side * _MOVE * (theta[name] or 1.0)}
        try:
            change = values(there) - y
        except ParameterError:  # beyond an end of the domain
            return np.zeros(y.shape, dtype=np.bool_)
        found &= np.isfinite(change) & (np.abs(change) > least * np.abs(y))
        directions.append(change > 0.0)
    return np.asarray(found & (directions[0] != directions[1]))


def _of_vectors(context: Context) -> Iterator[Comparison]:
    """Look for NaN, values off the simplex and gradients that vanish silently."""
    target, noise, found = target_of(context), _extreme_noise(context), Tallies("statement")

    def values(there: Mapping[str, float]) -> Array:
        """Return what the noise makes: NaN where a step from a corner leaves the region."""
        return _transformed(target, noise, there) if target.allows(there) else np.asarray(np.nan)

    where = places(context, noise, "z")
    for theta in corners(context, _BEYOND):
        if not target.allows(theta):
            continue
        samples = {of: target.view(of, noise, **theta) for of in target.views}
        samples["value"] = target.transform(noise, **theta)
        y = samples["value"].value
        certain = has_digits(target, y)
        if target.is_of_matrices:
            certain &= ~target.outside(theta, y)
        else:
            add_inside(found, target, theta, y, "y")
        for of, sample in samples.items():
            found[f"{of} is a number"].add(theta, np.isnan(sample.value), 0.0, **where)
            for name, entry in sample.gradients.items():
                found[f"∂{of}/∂{name} is a number"].add(theta, np.isnan(entry), 0.0, **where)
        for name, entry in samples["value"].gradients.items() if target.is_map else ():
            broken = (entry == 0.0) & _moves(values, name, theta, y)
            found[f"∂y/∂{name} is 0 only where y stays"].add(theta, broken, 0.0, **where)
        inner = y[certain]
        unknown = np.isnan(target.formulas["log_prob"](inner, **theta))
        found["log p is a number"].add(theta, unknown, 0.0, **row_of(inner))
        if scores := [*target.formulas["score"](inner, **theta).values()]:
            broken = np.any(np.isnan(scores), axis=0)
            found["∂ log p/∂θ is a number"].add(theta, broken, 0.0, **row_of(inner))
    yield from found.result()


def _of_vector_draws(context: Context) -> Iterator[Comparison]:
    """Look at draws of a sampler without a transform, at the ends of ranges and all over them."""
    target, found = target_of(context), Tallies("statement")
    others = parameter_sets(target, context.level.many + 1, context.seeded("ranges"))
    for number, theta in enumerate([*corners(context), *others]):
        if not target.allows(theta):
            continue
        sample = target.draws(theta, _AT_EDGES, context.seeded("edges", number))
        y, kept = sample.value, np.all(np.isfinite(sample.value), axis=-1)
        found["entries of draws are numbers"].add(theta, ~kept, 0.0, **row_of(y))
        if np.any(kept) and not target.is_of_matrices:  # these round to singular ones
            add_inside(found, target, theta, y[kept], "draws")
        certain = has_digits(target, y)
        for name, entry in sample.gradients.items():
            found[f"∂y/∂{name} is a number"].add(theta, ~np.isfinite(entry[kept]), 0.0)
            if np.any(certain):
                still = not np.any(entry[certain])
                found[f"∂y/∂{name} is not all 0"].add(theta, float(still), 0.0)
    yield from found.result()
