"""The quantile path −F_θ/p: whether gradients are meant to be it, and whether they are."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array, ArrayLike
from reparam.verification import hints
from reparam.verification.comparing import Tally, beside
from reparam.verification.context import Context
from reparam.verification.laws import Law, paths_of
from reparam.verification.targets import Sample

__all__ = [
    "agreeing",
    "are_meant",
    "compare_draws",
    "compare_paths",
    "meant",
    "tallies",
    "thinned",
    "unit_of",
    "usual_size",
]

#: Gradients whose ratios to −F_θ/p mostly agree this well are meant to be it.
_ALIKE = 1e-2
#: The share of them that have a common factor, if it is a mistake.
_ALL = 0.9999
#: A factor this near to 1 is 1.
_ROUNDING = 1e-6
#: Of errors that are a function of y those of neighbours differ by less than this share of them,
#: and by less than that if they are few; at least this many are needed.
_A_FUNCTION, _OF_FEW, _FEW, _ENOUGH = 0.5, 0.3, 64, 8
#: The relative error of differences at a fixed seed, which tell whether a gradient is of another
#: path; and how much closer to them than −F_θ/p is such a gradient must be.
_ROUGHLY, _CLOSER = 1e-3, 0.5
#: The share of draws for which −F_θ/p may be unknown.
_DOUBTFUL = 0.05
#: Numbers next to y among which the one lies that a gradient was computed from.
_NEIGHBOURS = 8.0
#: What rounding leaves of ∂y/∂θ where the parameter does nothing, in units of y/θ.
_LEFT = 1e-13
#: Next to its zeros a derivative has this much of the relative accuracy that it has around them.
_NEAR = 0.1
#: −F_θ/p by parameter, and its errors.
Known = tuple[Mapping[str, Array], Mapping[str, Array]]


def tallies(context: Context, way: str) -> dict[str, Tally]:
    """Return what is compared of gradients, by parameter."""
    label = f" ({way})" if way else ""
    return {
        name: Tally(
            f"∂y/∂{name} of draws{label} on the quantile path",
            note="reference −F_θ/p",
            tolerated=_DOUBTFUL,
        )
        for name in context.target.parameters
    }


def thinned(sample: Sample, places: NDArray[np.integer]) -> Sample:
    """Return the draws at some places."""
    gradients = {name: np.asarray(entry)[places] for name, entry in sample.gradients.items()}
    return Sample(sample.value[places], gradients)


def compare_draws(
    context: Context,
    found: Mapping[str, Tally],
    theta: Mapping[str, float],
    sample: Sample,
    law: Law,
    kept: NDArray[np.integer],
    known: Known,
    seed: int,
    way: str,
) -> None:
    """Compare gradients of some draws with −F_θ/p, in the parameters in which they are meant to be.

    Parameters
    ----------
    context
        What the witness works with.
    found
        A tally for each parameter.
    theta, sample, seed, way
        The parameters, and all draws with these, this seed, in that way.
    law
        What the draws follow.
    kept, known
        The places of those to compare, and −F_θ/p there with its errors.
    """
    some = thinned(sample, kept)
    for name in meant(some, known):
        other = partial(_is_difference, context, theta, name, sample, seed, way, kept)
        hint = hints.of_gradients(name, some.gradients[name], known[0], theta, sample.value.size)
        compare_paths(context, found[name], theta, some, law, name, known, other, hint)


def meant(sample: Sample, known: Known) -> list[str]:
    """Return the parameters in which gradients are meant to be −F_θ/p, given with its errors."""
    exact, unsure = known
    return [
        name
        for name, gradient in sample.gradients.items()
        if are_meant(sample.value, gradient, exact[name], 10.0 * unsure[name])
    ]


def _is_difference(
    context: Context,
    theta: Mapping[str, float],
    name: str,
    sample: Sample,
    seed: int,
    way: str,
    kept: NDArray[np.integer],
    off: NDArray[np.integer],
    exact: Array,
) -> NDArray[np.bool_]:
    """Whether gradients are differences at the fixed seed, and −F_θ/p is not: of another path.

    Of a sampler with branches (the larger of two draws, a component of a mixture), most draws may
    come from one of them, and have its quantile path except for what the others add to it.
    """
    target, n, places = context.target, sample.value.size, kept[off]
    unit, eps = float(unit_of(context, name, theta[name])), np.finfo(sample.value.dtype).eps
    low, high = target.parameters[name].domain.ends({})
    room = min(theta[name] - float(low), float(high) - theta[name])
    step = min(float(np.cbrt(eps)) * unit, 0.1 * room)
    sides = [
        np.asarray(target.values({**theta, name: theta[name] + h}, n, seed, way), dtype=np.float64)[
            places
        ]
        for h in (step, -step)
    ]
    with np.errstate(all="ignore"):
        difference = (sides[0] - sides[1]) / (2.0 * step)
        lost = 4.0 * eps * np.abs(sides[0]) / step
        error = np.abs(sample.gradients[name][places] - difference)
        gap = np.abs(exact - difference)
        there = error <= _ROUGHLY * np.abs(difference) + lost
        return np.asarray(there & ((error <= _CLOSER * gap) | (np.maximum(error, gap) <= lost)))


def agreeing(context: Context, sample: Sample, known: Known) -> dict[str, NDArray[np.bool_]]:
    """Return which gradients are −F_θ/p, given with its errors: not where that is unknown."""
    (exact, unsure), rtol = known, context.tolerance(sample.value)
    with np.errstate(all="ignore"):
        return {
            name: np.isfinite(unsure[name])
            & (np.abs(gradient - exact[name]) <= rtol * np.abs(exact[name]) + 10.0 * unsure[name])
            for name, gradient in sample.gradients.items()
        }


def compare_paths(
    context: Context,
    tally: Tally,
    theta: Mapping[str, ArrayLike],
    sample: Sample,
    law: Law,
    name: str,
    known: Known,
    other: Callable[[NDArray[np.integer], Array], NDArray[np.bool_]] | None = None,
    hint: str = "",
) -> None:
    """Compare gradients with −F_θ/p, which rounding y has moved a little.

    Not those that are of an `other` path: it gets the places of gradients that are off, and
    their references. A `hint` says what mistake they may be.
    """
    exact, unsure = (each[name] for each in known)
    gradient, rtol = sample.gradients[name], context.tolerance(sample.value)
    unit = unit_of(context, name, np.asarray(theta[name]))
    with np.errstate(all="ignore"):
        off = ~(np.abs(gradient - exact) <= 0.01 * rtol * np.abs(exact))
        slack = np.zeros(exact.shape)
        if np.any(off):
            unlike = np.ndim(unit) > 0
            at = (
                slice(None) if unlike else off
            )  # with per-element parameters the law has one per draw
            there = paths_of(law, beside(sample.value[at], np.inf))[0][name]
            slack[at] = _NEIGHBOURS * np.abs(there - exact[at])
            slack += _LEFT * np.abs(sample.value) / unit
            slack += 0.0 if unlike else rtol * _NEAR * _around_zero(sample.value, exact)
        wrong = np.abs(gradient - exact) > rtol * np.abs(exact) + slack + 10.0 * unsure
        if other is not None and np.any(wrong):
            places = np.flatnonzero(wrong)
            exact = exact.copy()
            exact[places] = np.where(other(places, exact[places]), gradient[places], exact[places])
    tally.add(
        theta,
        gradient,
        exact,
        rtol=rtol,
        atol=np.where(off, slack, 0.0),
        uncertainty=unsure,
        scale=usual_size(sample.value, exact, unit),
        note=f"{hint}; {tally.note}" if hint else "",
        y=sample.value,
    )


def usual_size(value: Array, exact: Array, unit: Array) -> float:
    """Return how large derivatives are, or might be: what uncertain ones are judged beside."""
    spread = float(np.subtract(*np.nanquantile(value, [0.75, 0.25]))) / float(np.mean(unit))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of means of nothing
        return float(np.fmax(np.nanmean(np.abs(exact)), spread))


def unit_of(context: Context, name: str, value: Array | float) -> Array:
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


def are_meant(
    value: Array,
    gradient: Array,
    path: Array,
    unsure: Array | float = 0.0,
    *,
    alike: float = _ALIKE,
) -> bool:
    """Whether gradients are meant to be those of a path, such as −F_θ/p, if not all are.

    Most are, up to a common factor. A factor other than 1 is a mistake if all have it, and may be a
    mixture's weight otherwise. Errors of mistaken formulas are functions of y. Unbiased gradients
    of another path have errors X whose mean, given y, is 0; those of two draws with the same y then
    have E|X − X'| ≥ E|X|, by Jensen's inequality, however rare the large ones are.

    Parameters
    ----------
    value, gradient
        Draws, and their gradients in one parameter.
    path, unsure
        Those of the path, and their errors.
    alike
        The relative error, up to the common factor, that most gradients have at the most.
    """
    with np.errstate(all="ignore"):
        ratio = np.where(gradient == path, 1.0, gradient / path)
        factor = float(np.nanmedian(ratio))
        off = np.abs(ratio / factor - 1.0)
        if not np.nanmedian(off) < alike:
            return False
        if np.abs(factor - 1.0) > _ROUNDING:
            return bool(np.nanmean(off < _ALIKE) >= _ALL)
        error = gradient - path
        error = np.where(np.abs(error) <= _ROUNDING * np.abs(path) + unsure, 0.0, error)
        error = np.nan_to_num(
            error / (np.abs(path) + np.nanmean(np.abs(path))), posinf=0.0, neginf=0.0
        )
        change = np.abs(np.diff(np.ravel(error)[np.argsort(np.ravel(value), kind="stable")]))
    count = int(np.count_nonzero(error))
    share = _A_FUNCTION if count >= _FEW else _OF_FEW
    return not count or (count >= _ENOUGH and bool(np.sum(change) <= share * np.sum(np.abs(error))))
