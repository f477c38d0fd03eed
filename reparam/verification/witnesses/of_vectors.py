"""What the witnesses look at where values are vectors: each function is one of them.

``derivative`` and ``continuity`` look at vectors as they do at numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.reparameterized import Marginal
from reparam.regions import RealVector, Simplex
from reparam.verification import reals, simplex, statistics
from reparam.verification.comparing import Tally, failure
from reparam.verification.context import Context, parameter_sets
from reparam.verification.fit import LOOKS, Fit, add_scores, look
from reparam.verification.numerics import derivative_in
from reparam.verification.projections import Projections, tests_of
from reparam.verification.refusals import NO_PARAMETERS, NotApplicable
from reparam.verification.results import Comparison
from reparam.verification.simplex import MOST_ENTRIES
from reparam.verification.targets import Sample
from reparam.verification.vectors import Vectors

__all__ = ["distribution", "edges", "expectation", "identity", "places", "score", "transform"]

#: What entries may be off by, in units of 2⁻⁵², when they are summed.
_SUM = 8.0
#: Entries below this have lost digits, or their density does.
_SMALL = 1e-300
#: What a batch may be off by.
_BATCH = 1e-13
#: The share of draws with entries that have underflowed, at most, if gradients are to be judged by
#: the others; and how many times as large as theirs scores may be there.
_LOST, _FEW_TIMES = 0.01, 3.0
#: What rounding may leave of differences that cancel.
_ROUNDED = 1e-13
#: Why gradients of expectations may be uncertain.
_DOUBT = "entries of too many draws underflow, where the score is no number"
#: Draws that tell where the mass is.
_PILOT = 4096
#: What integrals may be off by; far out, waves of sums of entries are finer than the grid.
_ON_SIMPLEX, _ON_REALS = 1e-9, 1e-6
#: Draws at each set of a sampler without a transform.
_AT_EDGES = 64
#: Frequencies of the functions cos(kπF) of which the density's integral is 0.
_FREQUENCIES = (1, 2)


def places(context: Context, rows: Array, name: str) -> dict[str, Any]:
    """Return what identifies the entries of vectors in a report: which, and the row it is of."""
    if not context.target.length:
        return {name: rows}
    return {"entry": np.arange(context.target.length), **_row(rows[:, np.newaxis], name)}


def _row(rows: Array, name: str = "y") -> dict[str, Any]:
    return {f"{name}[{k}]": rows[..., k] for k in range(rows.shape[-1])}


def _target(context: Context) -> Vectors:
    return cast(Vectors, context.target)


class _Inside:
    """Comparisons of values with the support: on the simplex, of entries and of their sum."""

    def __init__(self, target: Vectors, what: str) -> None:
        self._target, self._is_simplex = target, isinstance(target.region, Simplex)
        inside = "[0, 1]" if self._is_simplex else "the support"
        self._entries = Tally(f"entries of {what} in {inside}", "absolute")
        self._sum = Tally(f"sum of {what}", "absolute")

    def add(self, theta: Mapping[str, float], y: Array) -> None:
        """Add values."""
        if self._is_simplex:
            self._entries.add(theta, y, np.clip(y, 0.0, 1.0), y=y)
            self._sum.add(theta, np.sum(y, axis=-1), 1.0, atol=_SUM * 2.0**-52, **_row(y))
        else:
            outside = self._target.outside(theta, y).astype(np.float64)
            self._entries.add(theta, outside, 0.0, **_row(y))

    def add_extremes(self, theta: Mapping[str, float], y: Array) -> None:
        """Add values: on the simplex the least and the greatest, and the sum that is most off 1."""
        if self._is_simplex:
            off = np.argmax(np.abs(np.sum(y, axis=-1) - 1.0))  # NaN is the greatest, and the least
            y = y[[np.argmin(y) // y.shape[-1], np.argmax(y) // y.shape[-1], off]]
        self.add(theta, y)

    def result(self) -> Iterator[Comparison]:
        """Yield the results."""
        yield from self._entries.result()
        yield from self._sum.result()


def _has_digits(target: Vectors, y: Array) -> NDArray[np.bool_]:
    """Return which vectors on the simplex have entries all of which have their digits."""
    if isinstance(target.region, Simplex):
        return np.asarray(np.all(y > _SMALL, axis=-1))
    return np.asarray(np.all(np.isfinite(y), axis=-1))


# transform --------------------------------------------------------------------------------------


def transform(context: Context) -> Iterator[Comparison]:
    """Compare with a reference table, entries with the simplex, and ln y with its view.

    A batch of unlike parameters makes of noise what each of them does alone.
    """
    from reparam.verification.witnesses.transform import tabulated

    noise = context.noise_points  # it needs a transform
    yield from tabulated(context)
    target, inside = _target(context), _Inside(_target(context), "y")
    logarithm = Tally("ln y, by its view")
    for theta in context.sets():
        y = target.transform(noise, **theta).value
        if not target.is_of_matrices:  # in the tails of noise these round to singular ones
            inside.add(theta, y)
        if "log_value" in target.views:
            known = target.view("log_value", noise, **theta).value
            log_y = np.where(y > _SMALL, np.log(y), known)  # what underflows says nothing
            # rounding y to the last place moves ln y by that
            where = places(context, noise, "z")
            logarithm.add(theta, known, log_y, rtol=1e-14, atol=1e-15, **where)
    unlike = Tally("y of a batch of parameters"), Tally("∂y/∂θ of a batch of parameters")
    rows = noise[: len(context.sets())]
    together = target.transform(rows, **_batch(context.sets()))
    for at, theta in enumerate(context.sets()):
        alone, where = target.transform(rows[at], **theta), _row(rows[at], "z")
        unlike[0].add(theta, together.value[at], alone.value, rtol=_BATCH, **where)
        for name, gradient in together.gradients.items():
            unlike[1].add(theta, gradient[at], alone.gradients[name], rtol=_BATCH, **where)
    yield from inside.result()
    for tally in (logarithm, *unlike):
        yield from tally.result()


def _batch(sets: list[dict[str, float]]) -> dict[str, Array]:
    return {name: np.array([theta[name] for theta in sets]) for name in sets[0]}


# identity, score: integrals ----------------------------------------------------------------------


def _integrals(
    context: Context, theta: dict[str, float], f: Callable[[Array, Array], Array]
) -> tuple[Array, Array] | None:
    """Return integrals over the simplex of functions of ln y and p(y), and their errors.

    Of other vectors they are over all y, of functions of y and p(y). None where entries underflow
    before the density has fallen off.
    """
    target = _target(context)
    log_prob = target.formulas["log_prob"]

    pilot = target.logarithms(theta, _PILOT, context.seed)[1]
    if isinstance(target.region, Simplex):

        def integrands(log_y: Array) -> Array:
            return f(log_y, np.exp(log_prob(np.exp(log_y), **theta)))

        value, error = simplex.integrals(integrands, pilot)
    else:
        value, error = reals.integrals(lambda y: f(y, np.exp(log_prob(y, **theta))), pilot)
    return (value, error) if np.all(np.isfinite(error)) else None


def _can_integrate(target: Vectors) -> bool:
    regions = Simplex, RealVector
    return isinstance(target.region, regions) and target.length <= MOST_ENTRIES and target.is_whole


def identity(context: Context) -> Iterator[Comparison]:
    """Integrate the density over the support: its mass, and the marginals' distributions.

    A marginal x with the distribution F has E[cos kπF(x)] = 0.
    """
    target = _target(context)
    if not _can_integrate(target):
        raise NotApplicable(
            f"its values are vectors of {target.length} entries ({target.region}): a density is"
            f" integrated over the simplex and over real vectors, for up to {MOST_ENTRIES}"
        )
    where = "the simplex" if isinstance(target.region, Simplex) else "all y"
    mass = Tally(f"∫ p(y) dy over {where}", "absolute")
    atol = _ON_SIMPLEX if isinstance(target.region, Simplex) else _ON_REALS
    waves: dict[str, Tally] = {}
    for theta in context.sets():
        marginals = target.marginals(theta)

        def functions(log_y: Array, p: Array, marginals: tuple[Marginal, ...] = marginals) -> Array:
            rows = [p]
            for marginal in marginals:
                u = marginal.law.cdf(marginal.of(log_y))
                rows += [p * np.cos(k * math.pi * u) for k in _FREQUENCIES]
            return np.stack(rows)

        found = _integrals(context, theta, functions)
        if found is None:
            continue
        (total, *rest), (error, *errors) = found
        mass.add(theta, total, 1.0, atol=atol, uncertainty=error)
        for at, marginal in enumerate(marginals):
            tally = waves.setdefault(
                marginal.what, Tally(f"∫ p cos kπF dy, F of {marginal.what}", "absolute")
            )
            these = slice(at * len(_FREQUENCIES), (at + 1) * len(_FREQUENCIES))
            tally.add(theta, rest[these], 0.0, atol=atol, uncertainty=errors[these], k=_FREQUENCIES)
    if not list(mass.result()):
        raise NotApplicable("entries of y underflow before its density has fallen off")
    for tally in (mass, *waves.values()):
        yield from tally.result()


def score(context: Context) -> Iterator[Comparison]:
    """Compare the score with differences of log p, and its expectation with 0."""
    target, formulas = _target(context), context.target.formulas
    if target.is_numerical:
        raise NotApplicable("it has no formula: the score is log p differentiated numerically")
    if not target.parameters:
        raise NotApplicable(NO_PARAMETERS)
    slopes = {name: Tally(f"∂ log p/∂{name}") for name in target.parameters}
    means = {name: Tally(f"E[∂ log p/∂{name}]", "absolute") for name in target.parameters}
    for theta in context.sets():
        y = target.values(theta, 4 * context.level.points, context.seed)
        y = y[_has_digits(target, y)]
        claimed = formulas["score"](y, **theta)
        # of all parameters: where log p stays the same in one, rounding makes of differences as
        # much as in the others
        sizes = [np.median(np.abs(claimed[name])) for name in slopes if y.size]
        slack = 1e-9 * max(sizes, default=0.0)
        for name, tally in slopes.items():
            slope, error = derivative_in(
                name, partial(formulas["log_prob"], y), theta, target.parameters, shape=(1,)
            )
            tally.add(
                theta, claimed[name], slope, rtol=1e-7, atol=slack, uncertainty=error, **_row(y)
            )
        if _can_integrate(target):
            _expect_zero(context, theta, means)
    for tally in (*slopes.values(), *means.values()):
        yield from tally.result()


def _expect_zero(context: Context, theta: dict[str, float], means: dict[str, Tally]) -> None:
    """Integrate the score over the support."""
    formula = context.target.formulas["score"]
    atol = _ON_SIMPLEX if isinstance(_target(context).region, Simplex) else _ON_REALS
    on_simplex = isinstance(_target(context).region, Simplex)

    def functions(log_y: Array, p: Array) -> Array:
        scores = formula(np.exp(log_y) if on_simplex else log_y, **theta)
        return np.stack([p * each for name in means for each in (scores[name], abs(scores[name]))])

    found = _integrals(context, theta, functions)
    if found is not None:
        values, errors = (each.reshape(-1, 2) for each in found)
        for tally, (mean, size), (error, _) in zip(means.values(), values, errors, strict=True):
            tally.add(theta, mean, 0.0, atol=atol * size, uncertainty=error)


# distribution ------------------------------------------------------------------------------------


def distribution(context: Context) -> Iterator[Comparison]:
    """Test that draws follow the density: in known marginals, and by E[∂ log p/∂θ] = 0.

    A factor of the density that depends on y alone leaves both: −E[log p(y)] is the entropy, if
    that has a formula.
    """
    target, sets = _target(context), context.sets()
    marginals = [target.marginals(theta) for theta in sets]
    tests = len(target.parameters) + 1 + len(marginals[0]) * Fit.TESTS
    alpha = context.alpha / (LOOKS * tests * len(sets))
    inside = _Inside(target, "draws")
    scores = {
        name: Tally(f"mean ∂ log p/∂{name} of draws", "standard errors")
        for name in target.parameters
    }
    surprise = Tally("mean −log p of draws, less the entropy", "standard errors")
    critical = statistics.critical_value(alpha)
    fits = [Fit(f"{marginal.what} of draws") for marginal in marginals[0]]

    def compare(number: int, n: int, seed: int) -> float:
        theta, way = sets[number], target.ways[number % len(target.ways)]
        y, log_y = target.logarithms(theta, n, seed, way)
        inside.add_extremes(theta, y)
        ranks = []
        for fit, marginal in zip(fits, marginals[number], strict=True):
            x = marginal.of(log_y)
            x = np.where(np.isnan(x), np.inf, x)
            ranks.append(fit.add(theta, marginal.law, x, np.sort(x), alpha))
        if scores and np.all(_has_digits(target, y)):  # scores of the others have no mean of 0
            ranks.append(add_scores(scores, theta, target.law(theta), y, alpha))
            entropy = target.entropy(theta)
            off = -target.formulas["log_prob"](y, **theta) - entropy
            if np.all(np.isfinite(off)) and statistics.is_summable(off):
                z = statistics.mean_score(off, slack=_ROUNDED * (1.0 + abs(entropy)))
                ranks.append(surprise.add(theta, z, 0.0, atol=critical))
        return max(ranks)

    for number in range(len(sets)):
        look(context, "draws", number, partial(compare, number))
    yield from inside.result()
    for tally in (*scores.values(), surprise):
        yield from tally.result()
    for fit in fits:
        yield from fit.result()


# expectation -------------------------------------------------------------------------------------


def _functions(y: Array) -> Iterator[tuple[str, Array, Array]]:
    """Yield functions φ of vectors: what it is, φ(y), and ∂φ/∂y_i, all bounded if entries are.

    Entries that are the same in all vectors are left out.
    """
    unit = np.eye(y.shape[-1])
    varying = np.flatnonzero(np.ptp(y, axis=0) > 0.0)
    for i, j in zip(varying, np.roll(varying, -1), strict=True):
        yield f"y_{i}", y[:, i], np.broadcast_to(unit[i], y.shape)
        # of symmetric vectors all others are odd, and blind to a scale
        yield f"y_{i}²", np.square(y[:, i]), 2.0 * y[:, [i]] * unit[i]
        yield f"y_{i} y_{j}", y[:, i] * y[:, j], y[:, [j]] * unit[i] + y[:, [i]] * unit[j]
    c = np.cos(2.0 * np.arange(y.shape[-1]))  # weights of no symmetry
    for k in (1, 3):
        phase = k * math.pi * (y @ c)
        slope = k * math.pi * np.cos(phase)
        yield f"sin({k}π Σ c_i y_i)", np.sin(phase), slope[:, np.newaxis] * c


def _bounded(y: Array) -> tuple[Array, Array]:
    """Return tanh of entries in units of their spread, bounded whatever the tails, and slopes.

    Functions φ are then of these in place of y.
    """
    low, middle, high = np.quantile(y, [0.16, 0.5, 0.84], axis=0)
    spread = np.where(high > low, high - low, 1.0)
    inside = np.tanh((y - middle) / spread)
    return inside, (1.0 - inside) * (1.0 + inside) / spread


def expectation(context: Context) -> Iterator[Comparison]:
    """Compare ∂E[φ(y)]/∂θ by the gradients of draws and by the score, at the same draws.

    E[Σ_i ∂φ/∂y_i ∂y_i/∂θ] = E[φ(y) ∂ log p/∂θ], for φ that are bounded with their derivatives.
    What the scores explain of the difference, with their mean of 0, is taken from it.
    """
    target, sets = _target(context), context.sets()
    names = list(target.parameters)
    if not names:
        raise NotApplicable(NO_PARAMETERS)
    along = tests_of(target.marginals(sets[0])) if target.noise is None else 0
    tests = (3 * target.length + 2 + along) * len(sets) * len(names)
    critical = statistics.critical_value(context.alpha / tests)
    projections = Projections(context, context.alpha / tests)
    tallies = {name: Tally(f"∂E[φ(y)]/∂{name}", "standard errors", doubt=_DOUBT) for name in names}
    judged = False
    for number, theta in enumerate(sets):
        way = target.ways[number % len(target.ways)]
        n = min(context.level.draws, target.gradient_draws)
        sample = target.draws(theta, n, context.seeded("gradients", number), way)
        if broken := list(_not_numbers(theta, sample.value, sample.gradients)):
            yield from broken
            judged = True
            continue
        certain = _has_digits(target, sample.value)
        y, lost = sample.value[certain], 1.0 - float(np.mean(certain))
        judged = judged or lost <= _LOST
        if lost > _LOST:
            for tally in tallies.values():
                tally.add(theta, 0.0, np.nan)
            continue
        claimed = target.formulas["score"](y, **theta)
        scores = np.stack([claimed[name] for name in names])
        if along:
            kept = {name: sample.gradients[name][certain] for name in names}
            yield from projections.add(theta, Sample(y, kept))
        gradients = np.stack([sample.gradients[name][certain].T for name in names])
        known = scores.T @ np.linalg.pinv(scores @ scores.T)
        outweighed, asked = dict.fromkeys(names, 0), 0
        bounded, steep = (y, 1.0) if isinstance(target.region, Simplex) else _bounded(y)
        for what, value, slope in _functions(bounded):
            asked += 1
            paths = np.sum((slope * steep).T * gradients, axis=1)
            products = (value - np.mean(value)) * scores
            differences = paths - products
            differences -= (differences @ known) @ scores
            each = zip(names, paths, products, differences, strict=True)
            for name, path, weighted, off in each:
                tally = tallies[name]
                if not statistics.is_summable(off):
                    outweighed[name] += 1  # the tests of other φ stand
                    continue
                # the others' scores are at most a few times as large
                slack = _FEW_TIMES * lost * np.max(np.abs(off))
                slack += _ROUNDED * float(np.mean(np.abs(path)) + np.mean(np.abs(weighted)))
                z = statistics.mean_score(off, slack=slack)
                note = ""
                if abs(z) > critical:
                    bias = float(np.mean(off))
                    exact = float(np.mean(path)) - bias
                    note = f"φ = {what}, off by {100.0 * bias / (exact or math.nan):+.3g} %"
                tally.add(theta, z, 0.0, atol=critical, note=note)
        for name, count in outweighed.items():
            if count == asked:
                note = "few draws outweigh the others, whatever φ"
                tallies[name].add(theta, 0.0, np.nan, note=note)
    if not judged:
        raise NotApplicable(_DOUBT)
    for tally in tallies.values():
        yield from tally.result()
    yield from projections.result()


def _not_numbers(
    theta: Mapping[str, float], y: Array, gradients: Mapping[str, Array]
) -> Iterator[Comparison]:
    """Yield a failure for draws and gradients that are no numbers: they have no mean."""
    here = {"values": y, **{f"∂y/∂{name}": entry for name, entry in gradients.items()}}
    for what, entry in here.items():
        if count := int(np.sum(~np.isfinite(entry))):
            yield failure(what, theta, f"{count} of {entry.size} entries: NaN or infinite")


# edges -------------------------------------------------------------------------------------------


def edges(context: Context) -> Iterator[Comparison]:
    """Look for NaN, values off the simplex and gradients that vanish silently."""
    from reparam.verification.witnesses.edges import (
        BEYOND,
        corners,
        extreme_noise,
        moves,
        transformed,
    )

    target = _target(context)
    if target.noise is None:
        yield from _edges_of_draws(context, corners(context, 1.0))
        return
    noise, names = extreme_noise(context), list(target.parameters)

    def values(there: Mapping[str, float]) -> Array:
        """Return what the noise makes: NaN where a step from a corner leaves the region."""
        return transformed(target, noise, there) if target.allows(there) else np.asarray(np.nan)

    outputs = ["value", *target.views]
    inside = _Inside(target, "y")
    numbers = {of: Tally(f"{of} is a number", "statement") for of in outputs}
    gradients = {
        (of, name): Tally(f"∂{of}/∂{name} is a number", "statement")
        for of in outputs
        for name in names
    }
    silent = {name: Tally(f"∂y/∂{name} is 0 only where y stays", "statement") for name in names}
    formulas = [
        Tally("log p is a number", "statement"),
        Tally("∂ log p/∂θ is a number", "statement"),
    ]
    for theta in corners(context, BEYOND):
        if not target.allows(theta):
            continue
        where = places(context, noise, "z")
        samples = {of: target.view(of, noise, **theta) for of in target.views}
        samples["value"] = target.transform(noise, **theta)
        y = samples["value"].value
        certain = _has_digits(target, y)
        if target.is_of_matrices:
            certain &= ~target.outside(theta, y)
        else:
            inside.add(theta, y)
        for of, sample in samples.items():
            numbers[of].add(theta, np.isnan(sample.value), 0.0, **where)
            for name, entry in sample.gradients.items():
                gradients[of, name].add(theta, np.isnan(entry), 0.0, **where)
        slopes = samples["value"].gradients if target.is_map else {}
        for name, entry in slopes.items():
            broken = (entry == 0.0) & moves(values, name, theta, y)
            silent[name].add(theta, broken, 0.0, **where)
        inner = y[certain]
        unknown = np.isnan(target.formulas["log_prob"](inner, **theta))
        formulas[0].add(theta, unknown, 0.0, **_row(inner))
        if scores := [*target.formulas["score"](inner, **theta).values()]:
            formulas[1].add(theta, np.any(np.isnan(scores), axis=0), 0.0, **_row(inner))
    yield from inside.result()
    for tally in (*numbers.values(), *gradients.values(), *silent.values(), *formulas):
        yield from tally.result()


def _edges_of_draws(context: Context, corners: Iterable[dict[str, float]]) -> Iterator[Comparison]:
    """Look at draws of a sampler without a transform, at the ends of ranges and all over them."""
    target = _target(context)
    inside = _Inside(target, "draws")
    numbers = Tally("entries of draws are numbers", "statement")
    gradients = {name: Tally(f"∂y/∂{name} is a number", "statement") for name in target.parameters}
    moving = {name: Tally(f"∂y/∂{name} is not all 0", "statement") for name in target.parameters}
    others = parameter_sets(target, context.level.many + 1, context.seeded("ranges"))
    for number, theta in enumerate([*corners, *others]):
        if not target.allows(theta):
            continue
        sample = target.draws(theta, _AT_EDGES, context.seeded("edges", number))
        y, broken = sample.value, ~np.isfinite(sample.value)
        numbers.add(theta, np.any(broken, axis=-1), 0.0, **_row(y))
        kept = ~np.any(broken, axis=-1)
        if np.any(kept) and not target.is_of_matrices:  # these round to singular ones
            inside.add(theta, y[kept])
        for name, entry in sample.gradients.items():
            gradients[name].add(theta, ~np.isfinite(entry[kept]), 0.0)
            certain = _has_digits(target, y)
            if np.any(certain):
                moving[name].add(theta, float(not np.any(entry[certain])), 0.0)
    yield from numbers.result()
    yield from inside.result()
    for tally in (*gradients.values(), *moving.values()):
        yield from tally.result()
