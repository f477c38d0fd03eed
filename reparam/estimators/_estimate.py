"""The public function."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from reparam import notes, sampling
from reparam._typing import Mapped, RNGLike
from reparam.arguments import draw_count, instance
from reparam.base.distribution import Distribution
from reparam.engine.noise import seed_sequence
from reparam.errors import EstimatorError, ParameterError, ReparamError, ShapeError, did_you_mean
from reparam.estimators._estimator import Estimator
from reparam.estimators._exact import Exact, exact
from reparam.estimators._objective import Objective, ObjectiveLike
from reparam.estimators._pathwise import Pathwise
from reparam.estimators._problem import Problem
from reparam.estimators._result import Estimate, Estimates, ratio
from reparam.estimators._score import Score
from reparam.estimators._table import ESTIMATORS, USUAL
from reparam.estimators._tails import infinite_moments
from reparam.moments import Moments
from reparam.notation import concise
from reparam.real_arrays import as_real_array

__all__ = ["DRAWS", "TEMPERATURE", "estimate"]

#: Draws of an estimator, and the temperature of relaxations, by default.
DRAWS, TEMPERATURE = 100_000, 0.5

#: Draws that the reference of variances takes at most, if it was not asked for.
_PILOT = 2**18

#: Relative difference up to which an estimate and the derivative are equal up to rounding.
_SAME = 1e-9

#: Skewness over √n of n terms from which one of them counts as all: with it alone, √n nearly.
_ALONE = 0.95

#: Relative rounding error of a term.
_ROUNDING = 1e-14


def estimate(
    distribution: Distribution,
    objective: ObjectiveLike,
    n: int = DRAWS,
    *,
    estimators: str | Iterable[str] | None = None,
    rng: RNGLike = None,
    temperature: float = TEMPERATURE,
    on_progress: Callable[[int, int], None] | None = None,
    mapped: Mapped | None = None,
) -> Estimates:
    """Estimate ∂/∂θ E[J(y)] for y ~ p(y; θ), with standard errors.

    Draws are streamed, and memory doesn't grow with their number. Nothing but the cost depends on
    how many threads there are.

    Parameters
    ----------
    distribution
        p(y; θ), with one set of parameters and no batch.
    objective
        J: text or an :class:`~reparam.Expression` with one name, such as ``"y**2"``; a function, of
        arrays elementwise or of one number, which three draws show; a pair of functions (J, J′), of
        which the second may be None; or an object with methods ``value`` and ``slope``. Without
        J′, estimators that differentiate J are left out. Of vectors and matrices, formulas such as
        ``"y[0]*y[1]"``, ``"sum(y**2)"`` and ``"dot(y, y)"``; functions take an array of shape
        (n, K) to n numbers, or one draw to a number, and J′ to an array of the same shape.
    n
        How many draws each estimator takes. Some take a few more: see :attr:`Estimate.draws`.
    estimators
        A name, several, or ``"all"``: those that can serve. Default: the plain ones that can.
    rng
        None, a non-negative integer, a ``SeedSequence`` or a ``Generator`` (SPEC 7). All
        estimators see the same stream.
    temperature
        Of relaxations.
    on_progress
        Called with how many draws have been made, and how many will be, now and then.
    mapped
        Applies a function to each number of a range, anywhere, and yields the results in order;
        ``reparam.dask.estimate`` passes it. Default: threads of this process.

    Returns
    -------
    Estimates
        One row for each estimator and parameter.

    Raises
    ------
    EstimatorError
        If there is no estimator of that name, or it doesn't apply to this distribution or
        objective.
    NotReparameterizable
        If an estimator that differentiates draws is asked for, and the distribution is discrete.
    CountError
        If n is not an integer of at least 2.
    ShapeError
        If a parameter is an array.
    ExpressionError
        If the objective is text and no formula of one name.
    ParameterError
        If the distribution is not one, or the temperature is not a positive number.
    SeedError
        If `rng` can't seed random numbers.

    Examples
    --------
    >>> import reparam as rp
    >>> from reparam.estimators import estimate
    >>> estimates = estimate(rp.Gaussian(loc=1.0, scale=2.0), "y**2", 10_000, rng=42)
    >>> row = estimates["pathwise", "scale"]
    >>> round(row.exact, 12)
    4.0
    >>> abs(row.value - row.exact) < 4.0 * row.standard_error
    True
    >>> row.standard_error < estimates["score", "scale"].standard_error
    True
    """
    distribution = instance("distribution", distribution)
    if distribution.batch_shape:
        raise ShapeError(
            f"the parameters have shape {distribution.batch_shape} and an estimate is for one set"
            " of them; pass numbers, and call once for each element"
        )
    of = distribution if distribution.event_shape else None
    loss = Objective.of(objective, np.asarray(distribution.sample(3, rng=0)), of)
    problem = Problem(distribution, loss, _temperature(temperature))
    if not problem.names:
        raise EstimatorError(f"{distribution.name} has no parameter to differentiate in")
    draws = draw_count(n, least=2)
    chosen, left_out = _chosen(problem, estimators)
    root = seed_sequence(rng)
    report = _reporting(on_progress, draws, len(chosen))
    runs = [
        _run(cls, problem, draws, root, each, mapped)
        for cls, each in zip(chosen, report, strict=True)
    ]
    truth = exact(problem)
    references = _references(problem, runs, truth, draws, root)
    kinds = {run.tails for run in (*runs, *references.values())} - {""}
    if of is not None:
        kinds = set()  # tails are looked at along a line
    wild = {
        (kind, name)
        for kind in kinds
        for name, infinite in infinite_moments(problem, kind).items()
        if any(infinite)
    }
    rows = tuple(
        _row(run, name, references.get(name), found, wild)
        for run in runs
        for name, found in truth.items()
        if name in run.variance
    )
    notes = [*_notes(rows, truth, draws, problem.temperature)]
    if any(math.isnan(row.value) or math.isinf(row.value) for row in rows):
        notes += [*_undefined(problem, draws, root)] or _indeterminate(rows)
    return Estimates(distribution, problem.objective.text, rows, left_out, tuple(notes))


def _reporting(
    on_progress: Callable[[int, int], None] | None, draws: int, count: int
) -> list[Callable[[float], None] | None]:
    """Return for each estimator a function of the part that is done, which reports draws."""
    if on_progress is None:
        return [None] * count

    def report(before: int, part: float) -> None:
        on_progress(before + round(part * draws), count * draws)

    return [partial(report, k * draws) for k in range(count)]


def _temperature(temperature: float) -> float:
    value = float(as_real_array("temperature", temperature).reshape(-1)[0])
    if not (np.ndim(temperature) == 0 and 0.0 < value < math.inf):
        raise ParameterError(
            f"temperature={temperature!r} is not in (0, inf); pass for example 0.5"
        )
    return value


def _chosen(
    problem: Problem, asked: str | Iterable[str] | None
) -> tuple[list[type[Estimator]], dict[str, str]]:
    """Return the estimators that were asked for and can serve, and why others can't."""
    names = [asked] if isinstance(asked, str) else None if asked is None else list(asked)
    lenient = names is None or "all" in names
    if names is None:
        names = list(USUAL)
    for name in names:
        if name != "all" and name not in ESTIMATORS:
            hint = did_you_mean(str(name), ESTIMATORS) or (
                f"; there are {', '.join(ESTIMATORS)}, all"
            )
            raise EstimatorError(f"no estimator is called {name!r}{hint}")
    chosen: list[type[Estimator]] = []
    left_out: dict[str, str] = {}
    for name, cls in ESTIMATORS.items():  # in the order of the table, each once
        if name not in names and "all" not in names:
            continue
        if problem.of_vectors and not cls.takes_vectors:
            obstacle: ReparamError | None = EstimatorError(
                f"{name} is for scalar distributions, and {problem.distribution.name} draws"
                f" vectors; use {problem.instead}"
            )
        else:
            obstacle = cls.obstacle(problem)
        if obstacle:
            if not lenient:
                raise obstacle
            left_out[name] = str(obstacle)
            continue
        chosen.append(cls)
        left_out |= {f"{name}, {of}": why for of, why in cls.refusals(problem).items()}
    if not chosen:
        raise EstimatorError("no estimator was asked for; pass names, or 'all'")
    return chosen, left_out


@dataclass(frozen=True)
class _Run:
    """What running an estimator came to."""

    estimator: Estimator
    moments: Moments
    cost: float

    @property
    def tails(self) -> str:
        """What its terms are, for the tails: nothing if it draws nothing."""
        return "" if self.estimator.exact else self.estimator.tails

    @cached_property
    def standard_error(self) -> dict[str, float]:
        """Of the estimates, by parameter."""
        moments = self.moments
        error = moments.norm / math.sqrt(max(moments.count - 1, 1) * moments.count)
        # of terms that are all the same up to rounding there is no scatter
        least = _ROUNDING / math.sqrt(moments.count) * np.abs(moments.mean)
        error = np.where((error <= least) & np.isfinite(least), 0.0, error)
        return dict(zip(self.estimator.names, error.tolist(), strict=True))

    @cached_property
    def variance(self) -> dict[str, float]:
        """Of a draw, by parameter; it may be out of range where its root is not."""
        draws = self.estimator.draws
        return {name: error * error * draws for name, error in self.standard_error.items()}

    @cached_property
    def value(self) -> dict[str, float]:
        """The estimates by parameter."""
        return dict(zip(self.estimator.names, self.moments.mean.tolist(), strict=True))

    @cached_property
    def skewness(self) -> dict[str, float]:
        """Of a term, by parameter."""
        return dict(zip(self.estimator.names, self.moments.skewness.tolist(), strict=True))


def _run(
    cls: type[Estimator],
    problem: Problem,
    n: int,
    root: np.random.SeedSequence,
    report: Callable[[float], None] | None = None,
    mapped: Mapped | None = None,
) -> _Run:
    with np.errstate(all="ignore"):
        # what is imported or computed once is not part of a draw's cost
        small = cls(problem, 2, root)
        small.terms(0, min(4, small.units, small.together))
    estimator = cls(problem, n, root)
    start = time.perf_counter()
    moments = estimator.summed(report and (lambda terms: report(terms / estimator.units)), mapped)
    spent = time.perf_counter() - start
    return _Run(estimator, moments, spent / estimator.draws * 1e9)


def _references(
    problem: Problem,
    runs: Iterable[_Run],
    truth: Mapping[str, Exact],
    n: int,
    root: np.random.SeedSequence,
) -> dict[str, _Run]:
    """Return, by parameter, a run of the estimator that variances are relative to, if any."""
    known = {type(run.estimator): run for run in runs}
    refused = Score.refusals(problem)
    chosen = {
        name: Score if by_score else Pathwise
        for name, found in truth.items()
        if not ((by_score := Pathwise.obstacle(problem) or found.missed) and name in refused)
    }
    for cls in set(chosen.values()) - known.keys():
        known[cls] = _run(cls, problem, min(n, _PILOT), root)
    return {name: known[cls] for name, cls in chosen.items()}


def _row(
    run: _Run, name: str, reference: _Run | None, truth: Exact, wild: Container[tuple[str, str]]
) -> Estimate:
    """Return the estimate of one parameter.

    Parameters
    ----------
    run
        Where it is from.
    name
        The parameter.
    reference
        What the variance is relative to, if there is anything.
    truth
        The derivative itself.
    wild
        Terms of which kind have infinite variance in which parameter.
    """
    estimator = run.estimator
    variance, standard_error = (
        math.inf if (run.tails, name) in wild else of[name]
        for of in (run.variance, run.standard_error)
    )
    biased = estimator.biased or (truth.missed and isinstance(estimator, Pathwise))
    if biased or reference is None:
        relative = math.nan
    elif type(estimator) is type(reference.estimator):
        relative = 1.0
    else:
        plain = math.inf if (reference.tails, name) in wild else reference.variance[name]
        relative = ratio(variance, plain)
    return Estimate(
        estimator.name,
        name,
        run.value[name],
        standard_error,
        variance,
        estimator.draws,
        estimator.units,
        run.cost,
        relative,
        truth.value,
        biased,
        run.skewness[name],
    )


def _undefined(problem: Problem, n: int, root: np.random.SeedSequence) -> Iterator[str]:
    """Yield for how many of the draws, which are drawn again, J or its slope is not finite."""
    objective = problem.objective
    entries = tuple(range(1, 1 + len(problem.distribution.event_shape)))
    found = [notes.Undefined(f"J is {what}") for what in ("NaN", "infinite")]
    found.append(notes.Undefined("the slope of J is NaN"))
    for y in sampling.values(problem.distribution, range(n), rng=root):
        start = found[0].total
        with np.errstate(all="ignore"):
            loss = objective.value(y)
            masks = [np.isnan(loss), np.isinf(loss)]
            slope = loss if objective.derivative is None else objective.slope(y)
            lost = np.isnan(slope)
            masks.append((lost.any(axis=entries) if slope is not loss else lost) & ~masks[0])
        where = {} if entries else {"y": y}
        found = [
            before + notes.Undefined.of(before.what, mask, start, where)
            for before, mask in zip(found, masks, strict=True)
        ]
    for each in found:
        yield from each.notes()


def _indeterminate(rows: Iterable[Estimate]) -> Iterator[str]:
    """Yield why estimates along the path are NaN where J and its slope are finite in all draws."""
    lost = [
        r for r in rows if math.isnan(r.value) and issubclass(ESTIMATORS[r.estimator], Pathwise)
    ]
    if lost:
        whose, names = (
            ", ".join(dict.fromkeys(getattr(row, what) for row in lost))
            for what in ("estimator", "parameter")
        )
        yield (
            f"NaN in {names} by {whose}: J′(y) ∂y/∂θ is 0 · ∞ in draws beyond the range of float64;"
            " take a score-function estimator"
        )


def _looks_exact(row: Estimate) -> bool:
    """Whether an estimate has a standard error of 0 without being the derivative."""
    right = abs(row.error) <= _SAME * max(abs(row.exact), abs(row.value))
    return row.standard_error == 0.0 and not right


def _is_of_one_term(row: Estimate) -> bool:
    """Whether the skewness of an estimate's terms is the largest that this many can have."""
    within = 0.0 < row.standard_error < math.inf
    return within and abs(row.skewness) > _ALONE * math.sqrt(row.units)


def _notes(
    rows: Iterable[Estimate], truth: Mapping[str, Exact], n: int, temperature: float
) -> Iterator[str]:
    """Yield notes on the numbers."""
    for why in dict.fromkeys(found.unknown for found in truth.values() if found.unknown):
        names = [name for name, found in truth.items() if found.unknown == why]
        yield f"no exact value in {', '.join(names)}: {why}"
    taken = {row.estimator: row for row in rows if not ESTIMATORS[row.estimator].exact}
    for row in taken.values():
        if row.draws != n:
            yield f"{row.estimator} took {row.draws} draws, rounded up from {n}"
    for estimator in taken:
        wild = [
            r.parameter for r in rows if r.estimator == estimator and math.isinf(r.standard_error)
        ]
        if wild:
            yield notes.infinite_variance(estimator, wild)
    for row in taken.values():
        own = [r for r in rows if r.estimator == row.estimator and not r.biased]
        for what, found in (
            ("all terms of {} in {} are the same", _looks_exact),
            ("one term makes up nearly all of {} in {}", _is_of_one_term),
        ):
            if names := [r.parameter for r in own if found(r)]:
                yield (
                    f"{what.format(row.estimator, ', '.join(names))}: draws that matter are too"
                    " rare for the standard error to hold; take more draws"
                )
    by_path = [row for row in rows if row.biased and not ESTIMATORS[row.estimator].biased]
    if by_path:
        whose, names = (
            list(dict.fromkeys(getattr(row, what) for row in by_path))
            for what in ("estimator", "parameter")
        )
        yield notes.misses_jumps(whose, names, "J jumps, or its slope is wrong")
    for row in rows:
        if ESTIMATORS[row.estimator].biased:
            known = "" if math.isnan(row.bias) else f" by {concise(row.bias, row.standard_error)}"
            heat = f" (temperature {temperature:g})" if ESTIMATORS[row.estimator].tempered else ""
            yield f"{row.estimator} is biased in {row.parameter}{known}{heat}"
