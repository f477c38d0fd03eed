"""Gradients of draws: against numerical differentiation, and against the quantile path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.verification.evidence import paths
from reparam.verification.evidence.comparing import Tallies, Tally, failure, not_numbers
from reparam.verification.evidence.context import Context
from reparam.verification.evidence.paths import Drawn
from reparam.verification.numerics.calculus import derivative_in, one_after_another
from reparam.verification.refusals import NoGradient, NotApplicable
from reparam.verification.results import Comparison, Outcome
from reparam.verification.targets.target import Sample, Target
from reparam.verification.witnesses._vectors import places

__all__ = ["JUMPING", "derivative"]

#: Gradients whose ratios to differences at a fixed seed mostly agree this well are meant to be
#: them: a rejection sampler's may be unbiased, and another path's. Expectations judge those.
_THE_SAME = 1e-5
#: So many times as many draws tell whether some that are off are of another path.
_MORE = 16
#: Draws whose gradients are compared with the quantile path's one by one.
_DRAWS = 2**15
#: Draws that are compared where each has parameters of its own.
_UNLIKE = 2**14
#: Why draws of vectors whose path is a field are not followed.
JUMPING = "its draws jump as parameters move at fixed noise: expectations judge their derivatives"
#: The share of draws that may jump when a parameter moves a little, at a fixed seed.
_JUMPS = 0.02


def derivative(context: Context) -> Iterator[Comparison]:
    """Compare ∂y/∂θ with differences at fixed noise, and with −F_θ/p where that is the path."""
    target = context.target
    if not target.is_map:
        raise NotApplicable(JUMPING)
    if target.noise is not None:
        yield from _of_transform(context)
    elif target.length:
        _need_a_path(context)
    if target.length:
        yield from _of_vector_draws(context)
    else:
        yield from _of_draws(context)


def _need_a_path(context: Context) -> None:
    """Raise unless a sampler's vectors move smoothly at a fixed seed, and gradients with them."""
    target, theta = context.target, context.sets()[0]
    few, seed = 4 * context.level.points, context.seed
    if not _smooth_at_seed(target, theta, few, seed):
        raise NotApplicable(JUMPING)
    sample, value = target.draws(theta, few, seed), partial(_rows, target, few, seed, "")
    for name in target.parameters:
        slope, error = _slope(context, name, theta, sample, value)
        meant = partial(paths.are_meant, sample.value, sample.gradients[name], slope, 10.0 * error)
        if np.any(slope) and not meant(alike=_THE_SAME):
            raise NotApplicable(
                f"∂y/∂{name} is not the derivative at a fixed seed: expectations judge it"
            )


def _of_transform(context: Context) -> Iterator[Comparison]:
    target, noise, found = context.target, context.noise_points, Tallies()
    outputs: dict[str, Callable[..., Sample]] = {"y": partial(target.transform, noise)}
    outputs |= {view: partial(target.view, view, noise) for view in target.views}
    where = places(context, noise, "z")
    for theta in context.sets():
        for what, output in outputs.items():
            sample, value = output(**theta), partial(_value, output)
            for name in target.parameters:
                slope = _slope(context, name, theta, sample, value)
                _add(context, found[f"∂{what}/∂{name}"], name, theta, sample, *slope, **where)
    yield from found.result()


def _of_vector_draws(context: Context) -> Iterator[Comparison]:
    """Compare gradients of drawn vectors, whose path has no formula, at a fixed seed."""
    target, n, found = context.target, 4 * context.level.points, Tallies()
    for way in target.ways:
        value, label = partial(_rows, target, n, context.seed, way), f" ({way})" if way else ""
        for theta in context.sets():
            sample = target.draws(theta, n, context.seed, way)
            where = places(context, sample.value, "y")
            for name in target.parameters:
                slope, tally = (
                    _slope(context, name, theta, sample, value),
                    f"∂y/∂{name} of draws{label}",
                )
                _add(context, found[tally], name, theta, sample, *slope, **where)
    yield from found.result()


def _value(output: Callable[..., Sample], /, **theta: Array) -> Array:
    return output(**theta).value


def _slope(
    context: Context,
    name: str,
    theta: Mapping[str, float],
    sample: Sample,
    value: Callable[..., Array],
) -> tuple[Array, Array]:
    """Return the derivative of values in a parameter by differences, and its error."""
    target, single = context.target, sample.value.dtype != np.float64
    noise = float(np.finfo(sample.value.dtype).eps) if single else 0.0
    shape = (1,) if target.length else sample.value.shape
    return derivative_in(name, value, theta, target.parameters, shape=shape, noise=noise)


def _add(
    context: Context,
    tally: Tally,
    name: str,
    theta: Mapping[str, float],
    sample: Sample,
    slope: Array,
    error: Array,
    **where: Any,
) -> None:
    """Compare gradients with differences of values, and their errors."""
    # what is left of differences where the parameter does nothing, and of values that are 0
    gradient = sample.gradients[name]
    floor = 1e-9 * np.abs(sample.value) / max(abs(theta[name]), 1e-300)
    nothing = (sample.value == 0.0) & (gradient == 0.0)
    tally.add(
        theta,
        gradient,
        slope,
        rtol=context.tolerance(sample.value),
        atol=np.where((np.abs(slope) < floor) | nothing, 10.0 * error, 0.0),
        uncertainty=error,
        **where,
    )


def _compare_at_seed(context: Context, tallies: Mapping[str, Tally], drawn: Drawn) -> None:
    """Compare gradients with differences at a fixed seed, except those that are −F_θ/p.

    Not those of another path: where some are off, it takes more draws to tell that from a mistake.
    """
    target, few, theta = context.target, 4 * context.level.points, drawn.theta
    for name, tally in tallies.items():
        for n in (few, min(_MORE * few, target.gradient_draws)):
            sample = target.draws(theta, n, context.seed)
            right = Drawn(context, theta, sample, drawn.law).agreeing()[name]
            value = partial(_rows, target, n, context.seed, "")
            slope, error = _slope(context, name, theta, sample, value)
            gradient = sample.gradients[name]
            slope, error = np.where(right, gradient, slope), np.where(right, 0.0, error)
            off = np.abs(gradient - slope)
            if np.all(off <= context.tolerance(sample.value) * np.abs(slope) + 10.0 * error):
                break
        meant = partial(paths.are_meant, sample.value, gradient, slope, 10.0 * error)
        if target.replays or meant(alike=_THE_SAME):
            _add(context, tally, name, theta, sample, slope, error, y=sample.value)


def _of_draws(context: Context) -> Iterator[Comparison]:
    target, few = context.target, 4 * context.level.points
    n = min(context.level.draws, target.gradient_draws)
    at_seed = {name: Tally(f"∂y/∂{name}") for name in target.parameters}
    found: list[Comparison] = []
    judged: set[str] = set()
    failed: set[str] = set()
    for way in target.ways:
        on_path = paths.on_path(Tallies(), context, way)
        lost: dict[str, Comparison] = {}
        for number, theta in enumerate(context.sets()):
            try:
                drawn = Drawn.of(context, theta, n, context.seeded("derivative", number), way)
            except NoGradient as reason:
                lost.setdefault("", failure("∂y/∂θ", theta, str(reason)))
                continue
            some = drawn.thinned(_DRAWS)
            faults = [*not_numbers(theta, some.sample, some.exact), *_zeros(drawn.sample, some)]
            for fault in faults:
                lost.setdefault(fault.what, fault)
            if faults:
                continue
            some.compare(on_path)
            smooth = target.noise is None and _smooth_at_seed(target, theta, few, context.seed)
            if target.replays or smooth:
                _compare_at_seed(context, at_seed, drawn)
        found += lost.values()
        for name, tally in on_path.items():
            verdicts = list(tally.result())
            judged |= {name for each in verdicts if each.outcome is not Outcome.INCONCLUSIVE}
            failed |= {name for each in verdicts if each.outcome is Outcome.FAILS}
            found += verdicts
    # differences that are inconclusive, or find the same mistake again, add nothing
    idle = {Outcome.INCONCLUSIVE: judged, Outcome.FAILS: failed}
    for name, tally in at_seed.items():
        found += [each for each in tally.result() if name not in idle.get(each.outcome, ())]
    found += _of_unlike(context)
    if not found and target.noise is None:
        raise NotApplicable(
            "its gradients are neither the quantile path's nor differences at a fixed seed:"
            " expectations judge them"
        )
    yield from found


def _of_unlike(context: Context) -> Iterator[Comparison]:
    """Compare gradients of draws each of which has parameters of its own."""
    unlike = context.target.unlike(_UNLIKE, context.seeded("unlike"))
    if unlike is None:
        return
    drawn, found = Drawn(context, unlike.theta, unlike.sample, unlike.law), Tallies()
    for name, tally in paths.on_path(found, context, "unlike parameters").items():
        drawn.compare_in(name, tally)
    yield from found.result()


def _zeros(sample: Sample, some: Drawn) -> Iterator[Comparison]:
    """Yield a failure for a parameter in which all gradients are 0, and should not be."""
    for name, gradient in some.sample.gradients.items():
        if np.any(gradient) or not np.any(np.abs(some.exact[name]) > 10.0 * some.unsure[name]):
            continue
        if not np.any(sample.gradients[name]):
            note = (
                "the gradient is 0 at every draw though the distribution depends on it:"
                " a step function of the parameter, or no gradient flows"
            )
            yield failure(f"∂y/∂{name}", some.theta, note)


def _rows(target: Target, n: int, seed: int, way: str, /, **theta: Any) -> Array:
    """Return values at a fixed seed, one row for each value of the parameter that moves."""
    return one_after_another(partial(target.values, n=n, seed=seed, way=way), theta)


def _smooth_at_seed(target: Target, theta: Mapping[str, float], n: int, seed: int) -> bool:
    """Whether draws at a fixed seed move smoothly with the parameters, except a few."""
    for name, parameter in target.parameters.items():
        low, high = parameter.domain.ends({})
        step = 1e-3 * min(theta[name] - float(low), float(high) - theta[name], 1.0)
        below, here, above = (
            target.values({**theta, name: theta[name] + k * step}, n, seed) for k in (-1, 0, 1)
        )
        first, second = np.abs(above - below), np.abs(above - 2.0 * here + below)
        ulp = 8.0 * np.spacing(np.abs(here))
        if np.mean(second > 0.1 * first + ulp) > _JUMPS:
            return False
    return True
