"""Gradients of draws: against numerical differentiation, and against the quantile path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.verification.comparing import (
    Context,
    NotApplicable,
    Tally,
    beside,
    failure,
    not_numbers,
)
from reparam.verification.laws import Law
from reparam.verification.numerics import derivative_in
from reparam.verification.results import Comparison
from reparam.verification.targets import NoGradient, Sample, Target
from reparam.verification.witnesses import of_vectors

__all__ = ["derivative", "on_quantile_path"]

#: Gradients whose ratios to −F_θ/p mostly agree this well are meant to be it.
_ALIKE = 1e-2
#: Errors as small as this are noise, and tell no path.
_ROUNDING = 1e-6
#: Gradients whose ratios to differences at a fixed seed mostly agree this well are meant to be
#: them: a rejection sampler's may be unbiased, and another path's. Expectations judge those.
_THE_SAME = 1e-5
#: Draws whose gradients are compared with the quantile path's one by one.
_DRAWS = 2**15
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

            def value(way: str = way, **moved: Array) -> Array:
                return _rows(target, moved, n, context.seed, way)

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
    **where: Array,
) -> None:
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
            np.nanmedian(np.abs(_off(sample.gradients[name], slope))) < _THE_SAME
        ):
            continue
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
    n = min(_DRAWS, context.level.draws, target.gradient_draws)
    at_seed = {name: Tally(f"∂y/∂{name}") for name in target.parameters}
    found: list[Comparison] = []
    for way in target.ways:
        told = f" ({way})" if way else ""
        on_path = {
            name: Tally(f"∂y/∂{name} of draws{told} on the quantile path", note="reference −F_θ/p")
            for name in target.parameters
        }
        lost: dict[str, Comparison] = {}
        for theta in context.sets():
            try:
                sample = target.draws(theta, n, context.seed, way)
            except NoGradient as reason:
                lost.setdefault("", failure("∂y/∂θ", theta, str(reason)))
                continue
            law = target.law(theta, context.seed)
            exact = law.pathwise(sample.value)
            faults = [*not_numbers(theta, sample, exact), *_zeros(theta, sample, exact)]
            for fault in faults:
                lost.setdefault(fault.what, fault)
            if faults:
                continue
            for name, tally in on_path.items():
                if on_quantile_path(sample.value, sample.gradients[name], exact[name]):
                    _on_path(context, tally, theta, sample, law, name, exact[name])
            if target.noise is None and smooth_at_seed(target, theta, few, context.seed):

                def value(**moved: Array) -> Array:
                    return _rows(target, moved, few, context.seed)

                start = target.draws(theta, few, context.seed)
                _compare(context, at_seed, theta, start, value, y=start.value)
        found += lost.values()
        for tally in on_path.values():
            found += tally.result()
    for tally in at_seed.values():
        found += tally.result()
    if not found and target.noise is None:
        raise NotApplicable(
            "its gradients are neither the quantile path's nor differences at a fixed seed:"
            " expectations judge them"
        )
    yield from found


def _zeros(
    theta: Mapping[str, float], sample: Sample, exact: Mapping[str, Array]
) -> Iterator[Comparison]:
    """Yield a failure for a parameter in which all gradients are 0, and should not be."""
    for name, gradient in sample.gradients.items():
        if not np.any(gradient) and np.any(np.nan_to_num(exact[name])):
            note = (
                "the gradient is 0 at every draw though the distribution depends on it:"
                " a step function of the parameter, or no gradient flows"
            )
            yield failure(f"∂y/∂{name}", theta, note)


def _on_path(
    context: Context,
    tally: Tally,
    theta: Mapping[str, float],
    sample: Sample,
    law: Law,
    name: str,
    exact: Array,
) -> None:
    """Compare all gradients with −F_θ/p, which rounding y has moved a little."""
    rtol, gradient = context.tolerance(sample.value), sample.gradients[name]
    with np.errstate(all="ignore"):
        off = np.flatnonzero(~(np.abs(gradient - exact) <= 0.01 * rtol * np.abs(exact)))
        moved = np.zeros(exact.shape)
        if off.size:
            there = law.pathwise(beside(sample.value[off], np.inf))[name]
            moved[off] = _NEIGHBOURS * np.abs(there - exact[off])
            moved[off] += _LEFT * np.abs(sample.value[off]) / _unit(context, theta, name)
            moved[off] += rtol * _NEAR * _around_zero(sample.value, exact)[off]
    tally.add(theta, gradient, exact, rtol=rtol, atol=moved, y=sample.value)


def _unit(context: Context, theta: Mapping[str, float], name: str) -> float:
    """Return what a parameter's changes are small in comparison with."""
    low, _ = context.target.parameters[name].domain.ends({})
    return theta[name] if low == 0.0 else 1.0 + abs(theta[name])


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


def _rows(target: Target, theta: Mapping[str, Any], n: int, seed: int, way: str = "") -> Array:
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

    Those of another path may scatter around it narrowly. Then what they are off by is no function
    of y: it changes from value to neighbouring value as much as it does at all.
    """
    off = _off(gradient, exact)
    typical = np.nanmedian(np.abs(off))
    scatter = np.nanmedian(np.abs(np.diff(off[np.argsort(value)])))
    return bool(typical < _ALIKE and (typical < _ROUNDING or scatter < 0.5 * typical))


def _off(gradient: Array, exact: Array) -> Array:
    """Return the relative errors of gradients, but for the common factor that most of them have.

    One that is not 1 is a mistake, and no other path.
    """
    with np.errstate(all="ignore"):
        ratio = np.where(gradient == exact, 1.0, gradient / exact)
        typical = np.nanmedian(ratio)
        return np.asarray((ratio - typical) / np.abs(typical))
