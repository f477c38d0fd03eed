"""The implicit identity: p(y)·∂y/∂θ + ∂F/∂θ = 0 (Figurnov, Mohamed & Mnih 2018, equation 5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.verification.evidence.comparing import Tallies, Tally, results, sizes_of
from reparam.verification.evidence.context import Context
from reparam.verification.laws.law import Formula, Law
from reparam.verification.laws.numerical import NumericalLaw
from reparam.verification.numerics.calculus import (
    derivative_in,
    differentiate,
    forced,
    integral,
    of_tails,
    rounding_of,
    spans,
)
from reparam.verification.refusals import Faulty, NotApplicable
from reparam.verification.results import Comparison
from reparam.verification.targets.target import Target
from reparam.verification.witnesses import _logarithms

__all__ = ["identity"]


#: Formulas that give a derivative in each parameter.
_SLOPES = ("score", "pathwise")
#: What is held to the law.
_SYMBOLS = {
    "log_prob": "log p, by its law",
    "cdf": "F, by its law",
    "sf": "1 − F, by its law",
    "icdf": "F⁻¹, by its law",
    "score": "∂ log p/∂{}, by its law",
    "pathwise": "−F_θ/p in {}, by its law",
}
#: The relative error allowed of what is held to a claim, and to a law that follows numerically.
_CLAIM, _FOLLOWING = 1e-7, 1e-5
#: Probability between y and an end that moves, at least, for differences in what moves it.
_CLEAR = 1e-3
#: The least probability at which quantiles of integers are looked at.
_FARTHEST = 1e-300
#: Results below this are subnormal.
_TINY = 2.0**-1022
#: Units in the last place that subnormal results may be off.
_UNITS = 4.0
#: Why a derivative may be uncertain.
_DOUBT = "F moves too little, or too abruptly, from one number to the next"


def identity(context: Context) -> Iterator[Comparison]:
    """Compare p(y)·∂y/∂θ with the derivative of the cdf, and the density with its slope.

    Formulas of an object that nothing else here compares are compared with its law.
    """
    formulas = context.target.formulas
    compared = False
    for comparison in _as_the_law(context):
        compared = True
        yield comparison
    if "cdf" not in formulas or not {"log_prob", "pathwise"} & set(formulas):
        if not compared:
            raise NotApplicable("it has no cdf with a log_prob or a pathwise to compare it with")
        return
    logarithms = {"log_cdf", "log_sf"} <= set(formulas)
    if context.target.obstacle:
        yield from _masses(context)
        if logarithms:
            yield from _logarithms.of_masses(context)
        return
    if "log_prob" in formulas:
        yield from _density(context)
        yield from _decline(context)
        if logarithms:
            yield from _logarithms.of_tails(context)
    if {"log_prob", "pathwise"} <= set(formulas):
        yield from _pathwise(context)


def _as_the_law(context: Context) -> Iterator[Comparison]:
    """Compare an object's own formulas with its law, which is what it claims to be or follows.

    Except in the far tails, where its numbers may lose digits.
    """
    target = context.target
    if target.strict or target.length:
        return
    names, rtol = _to_be_held(target), _FOLLOWING if target.claimed is None else _CLAIM
    tallies = Tallies(doubt=_DOUBT)
    for theta in context.sets() if names else ():
        law, u = target.law(theta, context.seed), context.probabilities
        if target.claimed is not None:
            y = target.claimed(**theta).icdf(u)
        else:
            y, _ = context.points(theta)
        for name in names:
            at, where = (u, {"u": u}) if name == "icdf" else (y, {"y": y})
            exact = _of_law(law, name, at)
            for key, stated in _by_parameter(target, name, target.formulas[name](at, **theta)):
                reference = exact[key] if key else exact
                slack, point = rtol * _typical(reference), dict[str, Any](where)
                if name == "sf" and isinstance(law, NumericalLaw):
                    slack = law.doubt
                tally = tallies[_SYMBOLS[name].format(key)]
                tally.add(theta, stated, reference, rtol=rtol, atol=slack, **point)
    yield from results(tallies)


def _to_be_held(target: Target) -> list[str]:
    """Return the formulas that are held to the law.

    Not those that it follows from, nor those that are held to each other, and quantiles are for
    another witness.
    """
    own = set(target.formulas)
    if target.claimed is not None:
        return list(target.formulas)
    others = {"sf": False, "score": "log_prob" in own, "pathwise": {"log_prob", "cdf"} <= own}
    return [name for name, elsewhere in others.items() if name in own and not elsewhere]


def _of_law(law: Law, name: str, at: Array) -> Any:
    """Return what a law says; of the upper tail of one that follows, what F leaves of 1."""
    if name == "sf" and isinstance(law, NumericalLaw):
        return 1.0 - law.cdf(at)
    return getattr(law, name)(at)


def _by_parameter(target: Target, name: str, stated: Any) -> Iterator[tuple[str, Array]]:
    """Yield what a formula says, by parameter if it is of one for each."""
    if name not in _SLOPES:
        yield "", stated
        return
    for parameter in target.parameters:
        if parameter not in stated:
            raise Faulty(f"{name} returned nothing for {parameter}")
        yield parameter, stated[parameter]


def _typical(exact: Array) -> float:
    """Return a typical size, of which some digits may be lost where formulas cancel."""
    return float(np.nanmedian(np.abs(exact)))


def _masses(context: Context) -> Iterator[Comparison]:
    """Compare the probabilities of a discrete distribution's values with the cdf's jumps."""
    formulas = context.target.formulas
    cdf, sf = _tails(formulas)
    tally = Tally("mass p(y), against the jump of F")
    for theta in context.sets():
        y = np.unique(context.target.values(theta, 64 * context.level.points, context.seed))
        # of the tail that is smaller, which loses less in the difference
        upper = np.asarray(cdf(y, **theta)) > 0.5

        def inner(upper: NDArray[np.bool_] = upper, y: Array = y, /, **theta: Any) -> Array:
            return np.asarray(np.where(upper, sf(y - 1.0, **theta), cdf(y, **theta)))

        outer = np.asarray(np.where(upper, sf(y, **theta), cdf(y - 1.0, **theta)))
        whole = inner(**theta)
        mass = np.exp(formulas["log_prob"](y, **theta))
        lost = 1e-13 * whole + _UNITS * forced(inner, theta, context.target.parameters, whole)
        tally.add(theta, mass, whole - outer, rtol=1e-12, atol=lost, y=y)
    yield from tally.result()
    if "icdf" in formulas:
        yield from _steps(context)


def _steps(context: Context) -> Iterator[Comparison]:
    """Compare the quantile of a discrete distribution with its definition: at steps of F, too.

    It is the smallest integer y with F(y) ≥ u, which in the upper tail is 1 − F(y) ≤ 1 − u.
    """
    formulas = context.target.formulas
    cdf, sf = _tails(formulas)
    tally = Tally("F⁻¹(u), the smallest y with F(y) ≥ u")
    tails = np.geomspace(_FARTHEST, 0.1, context.level.points)
    for theta in context.sets():
        y = np.unique(context.target.values(theta, context.level.points, context.seed))
        low, high = context.target.law(theta, context.seed).support
        lower, upper = np.asarray(cdf(y, **theta)), 1.0 - np.asarray(sf(y, **theta))
        step = np.where(lower < 0.5, lower, upper)
        near = np.nextafter(step, 0.0), step, np.nextafter(step, 1.0)
        u = np.concatenate([*near, tails, 1.0 - tails, context.probabilities])
        u = np.clip(u, 2.0**-1074, 1.0 - 2.0**-53)
        found = np.asarray(formulas["icdf"](u, **theta))
        whole = np.clip(np.floor(found), low, high)

        def reached(
            at: Array, u: Array = u, theta: Mapping[str, float] = theta
        ) -> NDArray[np.bool_]:
            below, above = cdf(at, **theta), sf(at, **theta)
            return np.asarray(np.where(1.0 - u < u, above <= 1.0 - u, below >= u))

        exact = np.abs(whole) < 2.0**53  # farther out integers have no neighbours
        before = exact & reached(np.where(exact, whole - 1.0, 0.0))
        tally.add(theta, found, whole + ~reached(whole) - 1.0 * before, u=u)
    yield from tally.result()


def _tails(formulas: Mapping[str, Formula]) -> tuple[Formula, Formula]:
    """Return F and 1 − F."""
    cdf = formulas["cdf"]
    return cdf, formulas.get("sf", lambda y, /, **theta: 1.0 - cdf(y, **theta))


def _floor(context: Context, tail: Formula, theta: Mapping[str, float], y: Array) -> Array | float:
    """Return what rounding may make of probabilities: nothing of built-in ones."""
    if context.target.strict:
        return 0.0
    return context.target.rounding + rounding_of(partial(tail, **theta), y)


def _density(context: Context) -> Iterator[Comparison]:
    tally = Tally("density p, against dF/dy", doubt=_DOUBT)
    for theta in context.sets():
        y, room = context.points(theta)
        step = np.minimum(0.3 * _scales(y), 0.5 * room)
        below, above = (
            differentiate(partial(tail, **theta), y, step, floor=_floor(context, tail, theta, y))
            for tail in _tails(context.target.formulas)
        )
        slope, error = of_tails(below, above)
        density = np.exp(context.target.formulas["log_prob"](y, **theta))
        lost = _UNITS * np.where(density < _TINY, np.spacing(density), 0.0)
        tally.add(theta, density, slope, rtol=1e-7, atol=lost, uncertainty=error, y=y)
    yield from tally.result()


def _scales(y: Array) -> Array:
    """Return the lengths on which F varies: how far values are from the median, or from others."""
    if y.size < 2:
        return np.ones_like(y)
    order = np.argsort(y)
    gaps = np.diff(y[order])
    scales = np.empty_like(y)
    scales[order] = 4.0 * np.minimum(np.append(gaps, np.inf), np.append(np.inf, gaps))
    return np.asarray(np.maximum(np.abs(y - np.median(y)), scales))


def _decline(context: Context) -> Iterator[Comparison]:
    """Compare what F and 1 − F lose towards their tails with the integral of the density.

    At no quantile of a round number, where the rounding errors of 1 − u may be hidden.
    """
    tails = _tails(context.target.formulas)
    tallies = [
        Tally(f"{what} in its tail, by integrating p", doubt=_DOUBT) for what in ("F", "1 − F")
    ]
    for theta in context.sets():
        inside, _ = context.points(theta)
        density = partial(_exp, context.target.formulas["log_prob"], **theta)
        for tally, tail, (start, end) in zip(tallies, tails, spans(inside), strict=True):
            mass, error = integral(density, start, end)
            rest = np.asarray(tail(start, **theta)) - np.abs(mass)
            claimed, lost = tail(end, **theta), context.target.rounding
            tally.add(theta, claimed, rest, rtol=1e-9, atol=lost, uncertainty=error, y=end)
    yield from results(*tallies)


def _exp(log: Formula, y: Array, /, **theta: float) -> Array:
    return np.asarray(np.exp(log(y, **theta)))


def _pathwise(context: Context) -> Iterator[Comparison]:
    target, formulas = context.target, context.target.formulas
    tallies = Tallies(doubt=_DOUBT)
    for theta in context.sets():
        y, _ = context.points(theta)
        log_density = formulas["log_prob"](y, **theta)
        pathwise = formulas["pathwise"](y, **theta)
        inside = _inside(context, theta, y)
        # one factor may overflow or be subnormal, and the product neither
        flows = {
            name: np.copysign(np.exp(log_density + np.log(np.abs(path))), path)
            for name, path in ((name, np.asarray(pathwise[name])) for name in target.parameters)
        }
        sizes = sizes_of(flows)
        for name in target.parameters:
            below, above = (
                derivative_in(
                    name,
                    partial(tail, y),
                    theta,
                    target.parameters,
                    shape=y.shape,
                    floor=_floor(context, tail, theta, y),
                )
                for tail in _tails(formulas)
            )
            slope, error = of_tails(below, above)
            path, flow = np.asarray(pathwise[name]), flows[name]
            lost = np.where(np.abs(path) < _TINY, _UNITS * np.spacing(path) / path, 0.0)
            slack = np.where(path == 0.0, 0.0, np.abs(flow * lost))
            if flow.size:  # nothing but rounding, beside the others
                slack += 1e-9 * (sizes[name] - np.median(np.abs(flow)))
            # a step that moves an end across y meets the kink of F there
            clear = inside if name in target.moving else slice(None)
            tallies[f"p(y) ∂y/∂{name}, against −∂F/∂{name}"].add(
                theta,
                flow[clear],
                -slope[clear],
                rtol=1e-7,
                atol=slack[clear],
                uncertainty=error[clear],
                y=y[clear],
            )
    yield from results(tallies)


def _inside(context: Context, theta: Mapping[str, float], y: Array) -> NDArray[np.bool_]:
    """Return which values are not next to an end of the support."""
    law = context.target.law(theta, context.seed)
    return np.asarray(np.minimum(law.cdf(y), law.sf(y)) > _CLEAR)
