"""Gradients of draws: against numerical differentiation, and against the quantile path."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array, ArrayLike
from reparam.verification.comparing import Tally, beside, failure, not_numbers
from reparam.verification.context import Context
from reparam.verification.laws import Law, paths_of
from reparam.verification.numerics import derivative_in
from reparam.verification.refusals import NoGradient, NotApplicable
from reparam.verification.results import Comparison, Outcome
from reparam.verification.targets import Sample, Target
from reparam.verification.witnesses import of_vectors

__all__ = ["derivative", "on_quantile_path"]

#: Gradients whose ratios to −F_θ/p mostly agree this well are meant to be it.
_ALIKE = 1e-2
#: The share of them that have a common factor, if it is a mistake.
_ALL = 0.9999
#: Errors as small as this are noise, and tell no path.
_ROUNDING = 1e-6
#: Gradients whose ratios to differences at a fixed seed mostly agree this well are meant to be
#: them: a rejection sampler's may be unbiased, and another path's. Expectations judge those.
_THE_SAME = 1e-5
#: Draws whose gradients are compared with the quantile path's one by one.
_DRAWS = 2**15
#: Draws that are compared where each has parameters of its own.
_UNLIKE = 2**14
#: How far a parameter moves to tell whether a gradient is of another path, relatively, and the
#: relative error of what it tells.
_STEP, _ROUGHLY = 1e-5, 1e-3
#: The share of draws for which −F_θ/p may be unknown.
_DOUBTFUL = 0.05
#: Numbers next to y among which the one lies that a gradient was computed from.
_NEIGHBOURS = 8.0
#: What rounding leaves of ∂y/∂θ where the parameter does nothing, in units of y/θ.
_LEFT = 1e-13
#: Next to its zeros a derivative has this much of the relative accuracy that it has around them.
_NEAR = 0.1
#: The share of draws that may jump when a parameter moves a little, at a fixed seed.
_JUMPS = 0.02


def derivative(context: Context) -> Iterator[Comparison]:
    """Compare ∂y/∂θ with differences at fixed noise, and with −F_θ/p where that is the path."""
    target = context.target
    if target.noise is not None:
        yield from _of_transform(context)
    if target.length:
        yield from _of_vector_draws(context)
    else:
        yield from _of_draws(context)


def _of_transform(context: Context) -> Iterator[Comparison]:
    target, noise = context.target, context.noise_points
    outputs: dict[str, Callable[..., Sample]] = {"y": partial(target.transform, noise)}
    outputs |= {view: partial(target.view, view, noise) for view in target.views}
    for what, output in outputs.items():
        tallies = {name: Tally(f"∂{what}/∂{name}") for name in target.parameters}
        where = of_vectors.places(context, noise, "z")
        for theta in context.sets():
            value = partial(_value, output)
            _compare(context, tallies, theta, output(**theta), value, **where)
        for tally in tallies.values():
            yield from tally.result()


def _of_vector_draws(context: Context) -> Iterator[Comparison]:
    """Compare gradients of drawn vectors, of which no formula tells the path, at a fixed seed."""
    target, n = context.target, 4 * context.level.points
    for way in target.ways:
        tallies = {name: Tally(f"∂y/∂{name} of draws ({way})") for name in target.parameters}
        for theta in context.sets():
            sample = target.draws(theta, n, context.seed, way)

            value = partial(_rows, target, n, context.seed, way)
            where = of_vectors.places(context, sample.value, "y")
            _compare(context, tallies, theta, sample, value, **where)
        for tally in tallies.values():
            yield from tally.result()


def _value(output: Callable[..., Sample], /, **theta: Array) -> Array:
    return output(**theta).value


def _compare(
    context: Context,
    tallies: Mapping[str, Tally],
    theta: Mapping[str, float],
    sample: Sample,
    value: Callable[..., Array],
    right: Mapping[str, NDArray[np.bool_]] | None = None,
    **where: Any,
) -> None:
    """Compare gradients with differences of values, but for those that are known to be right."""
    rtol = context.tolerance(sample.value)
    target, single = context.target, sample.value.dtype != np.float64
    for name, tally in tallies.items():
        slope, error = derivative_in(
            name,
            value,
            theta,
            target.parameters,
            shape=(1,) if target.length else sample.value.shape,
            noise=float(np.finfo(sample.value.dtype).eps) if single else 0.0,
        )
        if target.noise is None and not (
            np.nanmedian(np.abs(_off(sample.gradients[name], slope)[1])) < _THE_SAME
        ):
            continue
        if right is not None:
            slope = np.where(right[name], sample.gradients[name], slope)
            error = np.where(right[name], 0.0, error)
        # what is left of differences where the parameter does nothing, and of values that are 0
        floor = 1e-9 * np.abs(sample.value) / max(abs(theta[name]), 1e-300)
        nothing = (sample.value == 0.0) & (sample.gradients[name] == 0.0)
        tally.add(
            theta,
            sample.gradients[name],
            slope,
            rtol=rtol,
            atol=np.where((np.abs(slope) < floor) | nothing, 10.0 * error, 0.0),
            uncertainty=error,
            **where,
        )


def _of_draws(context: Context) -> Iterator[Comparison]:
    target, few = context.target, 4 * context.level.points
    n = min(context.level.draws, target.gradient_draws)
    at_seed = {name: Tally(f"∂y/∂{name}") for name in target.parameters}
    found: list[Comparison] = []
    judged: set[str] = set()
    for way in target.ways:
        on_path = _path_tallies(context, way)
        lost: dict[str, Comparison] = {}
        for theta in context.sets():
            try:
                sample = target.draws(theta, n, context.seed, way)
            except NoGradient as reason:
                lost.setdefault("", failure("∂y/∂θ", theta, str(reason)))
                continue
            law = target.law(theta, context.seed)
            kept = context.thin(sample.value.size, _DRAWS)
            some = _some(sample, kept)
            exact, unsure = paths_of(law, some.value)
            faults = [*not_numbers(theta, some, exact), *_zeros(theta, sample, exact, unsure)]
            for fault in faults:
                lost.setdefault(fault.what, fault)
            if faults:
                continue
            for name, tally in on_path.items():
                if on_quantile_path(some.value, some.gradients[name], exact[name]):
                    unit = _unit(context, name, theta[name])
                    other = partial(_is_difference, context, theta, name, sample, way, kept)
                    path = exact[name], unsure[name]
                    _on_path(context, tally, theta, some, law, name, path, unit, other)
            if target.noise is None and smooth_at_seed(target, theta, few, context.seed):
                start = target.draws(theta, few, context.seed)
                value = partial(_rows, target, few, context.seed, "")
                right = _is_path(context, start, law)
                _compare(context, at_seed, theta, start, value, right, y=start.value)
        found += lost.values()
        for name, tally in on_path.items():
            told = list(tally.result())
            judged |= {name for each in told if each.outcome is not Outcome.INCONCLUSIVE}
            found += told
    for name, tally in at_seed.items():
        # differences that tell nothing take nothing from what was told
        found += [
            each
            for each in tally.result()
            if not (each.outcome is Outcome.INCONCLUSIVE and name in judged)
        ]
    found += _of_unlike(context)
    if not found and target.noise is None:
        raise NotApplicable(
            "its gradients are neither the quantile path's nor differences at a fixed seed:"
            " expectations judge them"
        )
    yield from found


def _path_tallies(context: Context, way: str) -> dict[str, Tally]:
    told = f" ({way})" if way else ""
    return {
        name: Tally(
            f"∂y/∂{name} of draws{told} on the quantile path",
            note="reference −F_θ/p",
            tolerated=_DOUBTFUL,
        )
        for name in context.target.parameters
    }


def _some(sample: Sample, places: NDArray[np.integer]) -> Sample:
    gradients = {name: np.asarray(entry)[places] for name, entry in sample.gradients.items()}
    return Sample(sample.value[places], gradients)


def _of_unlike(context: Context) -> Iterator[Comparison]:
    """Compare gradients of draws each of which has parameters of its own."""
    unlike = context.target.unlike(_UNLIKE, context.seeded("unlike"))
    if unlike is None:
        return
    exact, unsure = paths_of(unlike.law, unlike.sample.value)
    for name, tally in _path_tallies(context, "unlike parameters").items():
        unit = _unit(context, name, unlike.theta[name])
        _on_path(
            context,
            tally,
            unlike.theta,
            unlike.sample,
            unlike.law,
            name,
            (exact[name], unsure[name]),
            unit,
        )
        yield from tally.result()


def _is_difference(
    context: Context,
    theta: Mapping[str, float],
    name: str,
    sample: Sample,
    way: str,
    kept: NDArray[np.integer],
    off: NDArray[np.integer],
) -> NDArray[np.bool_]:
    """Whether gradients are differences at the fixed seed, roughly: another path, at a few draws.

    Of a sampler with branches (the larger of two draws, a component of a mixture), most draws may
    come from one of them, and have its quantile path but for what the others add to it.
    """
    target, n, places = context.target, sample.value.size, kept[off]
    unit = float(_unit(context, name, theta[name]))
    low, high = target.parameters[name].domain.ends({})
    step = min(_STEP * unit, 0.1 * (theta[name] - float(low)), 0.1 * (float(high) - theta[name]))
    sides = [
        np.asarray(
            target.values({**theta, name: theta[name] + h}, n, context.seed, way), dtype=np.float64
        )[places]
        for h in (step, -step)
    ]
    with np.errstate(all="ignore"):
        difference = (sides[0] - sides[1]) / (2.0 * step)
        lost = np.finfo(sample.value.dtype).eps * np.abs(sides[0]) / step
        error = np.abs(sample.gradients[name][places] - difference)
        return np.asarray(error <= _ROUGHLY * np.abs(difference) + 4.0 * lost)


def _is_path(context: Context, sample: Sample, law: Law) -> dict[str, NDArray[np.bool_]]:
    """Return which gradients are −F_θ/p: by implicit differentiation, say, of a draw that jumps."""
    exact, unsure = paths_of(law, sample.value)
    rtol = context.tolerance(sample.value)
    with np.errstate(all="ignore"):
        return {
            name: np.abs(gradient - exact[name]) <= rtol * np.abs(exact[name]) + 10.0 * unsure[name]
            for name, gradient in sample.gradients.items()
        }


def _zeros(
    theta: Mapping[str, float],
    sample: Sample,
    exact: Mapping[str, Array],
    unsure: Mapping[str, Array],
) -> Iterator[Comparison]:
    """Yield a failure for a parameter in which all gradients are 0, and should not be."""
    for name, gradient in sample.gradients.items():
        if not np.any(gradient) and np.any(np.abs(exact[name]) > 10.0 * unsure[name]):
            note = (
                "the gradient is 0 at every draw though the distribution depends on it:"
                " a step function of the parameter, or no gradient flows"
            )
            yield failure(f"∂y/∂{name}", theta, note)


def _on_path(
    context: Context,
    tally: Tally,
    theta: Mapping[str, ArrayLike],
    sample: Sample,
    law: Law,
    name: str,
    path: tuple[Array, Array],
    unit: Array,
    other: Callable[[NDArray[np.integer]], NDArray[np.bool_]] | None = None,
) -> None:
    """Compare gradients with −F_θ/p, which rounding y has moved a little.

    Not those that are of an `other` path: it is told the places of gradients that are off.
    """
    (exact, unsure), gradient = path, sample.gradients[name]
    rtol = context.tolerance(sample.value)
    with np.errstate(all="ignore"):
        off = ~(np.abs(gradient - exact) <= 0.01 * rtol * np.abs(exact))
        slack = np.zeros(exact.shape)
        if np.any(off):
            unlike = np.ndim(unit) > 0
            at = slice(None) if unlike else off  # of unlike draws the law is one of so many
            there = paths_of(law, beside(sample.value[at], np.inf))[0][name]
            slack[at] = _NEIGHBOURS * np.abs(there - exact[at])
            slack += _LEFT * np.abs(sample.value) / unit
            slack += 0.0 if unlike else rtol * _NEAR * _around_zero(sample.value, exact)
        wrong = np.abs(gradient - exact) > rtol * np.abs(exact) + slack + 10.0 * unsure
        if other is not None and np.any(wrong):
            places = np.flatnonzero(wrong)
            exact = exact.copy()
            exact[places] = np.where(other(places), gradient[places], exact[places])
    tally.add(
        theta,
        gradient,
        exact,
        rtol=rtol,
        atol=np.where(off, slack, 0.0),
        uncertainty=unsure,
        scale=_scale(sample.value, exact, unit),
        y=sample.value,
    )


def _scale(value: Array, exact: Array, unit: Array) -> float:
    """Return how large derivatives are, or might be: what uncertain ones are judged beside."""
    spread = float(np.subtract(*np.nanquantile(value, [0.75, 0.25]))) / float(np.mean(unit))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of means of nothing
        return float(np.fmax(np.nanmean(np.abs(exact)), spread))


def _unit(context: Context, name: str, value: Array | float) -> Array:
    """Return what a parameter's changes are small in comparison with."""
    low, _ = context.target.parameters[name].domain.ends({})
    return np.asarray(value if low == 0.0 else 1.0 + np.abs(value))


def _around_zero(value: Array, slope: Array) -> Array:
    """Return the size of derivatives next to where they change their sign, 0 elsewhere.

    Next to a zero derivatives have no relative accuracy: it is that of what is within a hundredth
    of the draws from there.
    """
    order, reach = np.argsort(value), max(slope.size // 100, 1)
    ordered, size = slope[order], np.zeros(slope.shape)
    for place in np.flatnonzero(np.diff(np.signbit(ordered))):
        near = slice(max(place - reach, 0), place + reach)
        size[order[near]] = np.nanmax(np.abs(ordered[near]))
    return size


def _rows(target: Target, n: int, seed: int, way: str, /, **theta: Any) -> Array:
    """Return values at a fixed seed, one row for each value of the parameter that moves."""
    moving = next(name for name, value in theta.items() if np.ndim(value))
    rows = [
        target.values({**theta, moving: float(place[0])}, n, seed, way) for place in theta[moving]
    ]
    return np.asarray(rows, dtype=np.float64)


def smooth_at_seed(target: Target, theta: Mapping[str, float], n: int, seed: int) -> bool:
    """Whether draws at a fixed seed move smoothly with the parameters, but for a few."""
    for name, parameter in target.parameters.items():
        low, high = parameter.domain.ends({})
        step = 1e-3 * min(theta[name] - float(low), float(high) - theta[name], 1.0)
        moved = [
            np.asarray(target.values({**theta, name: theta[name] + k * step}, n, seed))
            for k in (-1, 0, 1)
        ]
        with np.errstate(all="ignore"):
            first = np.abs(moved[2] - moved[0])
            second = np.abs(moved[2] - 2.0 * moved[1] + moved[0])
            ulp = 8.0 * np.spacing(np.abs(moved[1]))
        if np.mean(second > 0.1 * first + ulp) > _JUMPS:
            return False
    return True


def on_quantile_path(value: Array, gradient: Array, exact: Array) -> bool:
    """Whether gradients are meant to be −F_θ/p: most agree with it, but for a common factor.

    A factor that is not 1 is a mistake if all have it, and may be a mixture's weight otherwise.
    Those of another path may scatter around it narrowly. Then what they are off by is no function
    of y: it changes from value to neighbouring value as much as it does at all.
    """
    factor, off = _off(gradient, exact)
    typical = np.nanmedian(np.abs(off))
    if np.abs(factor - 1.0) > _ROUNDING and np.nanmean(np.abs(off) < _ALIKE) < _ALL:
        return False
    scatter = np.nanmedian(np.abs(np.diff(off[np.argsort(value)])))
    return bool(typical < _ALIKE and (typical < _ROUNDING or scatter < 0.5 * typical))


def _off(gradient: Array, exact: Array) -> tuple[float, Array]:
    """Return the factor that gradients typically have, and how far they are off but for it.

    One that is not 1 is a mistake, and no other path.
    """
    with np.errstate(all="ignore"):
        ratio = np.where(gradient == exact, 1.0, gradient / exact)
        typical = float(np.nanmedian(ratio))
        return typical, np.asarray((ratio - typical) / np.abs(typical))
