"""The implicit identity: p(y)·∂y/∂θ + ∂F/∂θ = 0 (Figurnov, Mohamed & Mnih 2018, equation 5)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.reparameterized import Marginal
from reparam.regions import RealVector, Region
from reparam.verification.evidence.comparing import Tallies, sizes_of
from reparam.verification.evidence.context import Case, Context
from reparam.verification.laws.law import Formula
from reparam.verification.laws.numerical import NumericalLaw
from reparam.verification.numerics.calculus import (
    differentiate,
    forced,
    integral,
    of_tails,
    rounding_of,
    spans,
)
from reparam.verification.numerics.grids import MOST_ENTRIES
from reparam.verification.refusals import Faulty, NotApplicable
from reparam.verification.results import Comparison
from reparam.verification.targets.target import Target
from reparam.verification.witnesses import _logarithms
from reparam.verification.witnesses._flow import can_follow, flow
from reparam.verification.witnesses._integrals import can_integrate, integrals, tolerance
from reparam.verification.witnesses._vectors import all_counts, target_of

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
#: Frequencies of the functions cos(kπF) of which the integral with a density is 0.
_WAVES = (1, 2)
#: The error allowed of sums of probabilities.
_SUM = 1e-12
#: Results below this are subnormal.
_TINY = 2.0**-1022
#: Units in the last place that subnormal results may be off.
_UNITS = 4.0
#: Why a derivative may be uncertain.
_DOUBT = "F moves too little, or too abruptly, from one number to the next"


def identity(context: Context) -> Iterator[Comparison]:
    """Compare p(y)·∂y/∂θ with the derivative of the cdf, and the density with its slope.

    Formulas of an object that nothing else here compares are compared with its law. Of vectors the
    density is integrated, or summed, and where derivatives of draws are a field it follows them.
    """
    formulas = context.target.formulas
    if context.target.length:
        yield from _of_counts(context) if context.target.obstacle else _of_vectors(context)
        return
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
    if target.strict:
        return
    names, rtol = _to_be_held(target), _FOLLOWING if target.claimed is None else _CLAIM
    found = Tallies(doubt=_DOUBT)
    for case in context.cases() if names else ():
        u, law = context.probabilities, case.law
        y = case.points[0] if target.claimed is None else target.claimed(**case.theta).icdf(u)
        for name in names:
            at, where = (u, {"u": u}) if name == "icdf" else (y, {"y": y})
            follows = name == "sf" and isinstance(law, NumericalLaw)
            exact: Any = 1.0 - law.cdf(at) if follows else getattr(law, name)(at)
            for key, stated in _by_parameter(target, name, getattr(case.formulas, name)(at)):
                reference = exact[key] if key else exact
                # of a typical size some digits may be lost where formulas cancel
                slack = rtol * float(np.nanmedian(np.abs(reference)))
                if name == "sf" and isinstance(law, NumericalLaw):
                    slack = law.doubt
                tally, point = found[_SYMBOLS[name].format(key)], dict[str, Any](where)
                tally.add(case.theta, stated, reference, rtol=rtol, atol=slack, **point)
    yield from found.result()


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


def _by_parameter(target: Target, name: str, stated: Any) -> Iterator[tuple[str, Array]]:
    """Yield what a formula says, by parameter if it is of one for each."""
    if name not in _SLOPES:
        yield "", stated
        return
    for parameter in target.parameters:
        if parameter not in stated:
            raise Faulty(f"{name} returned nothing for {parameter}")
        yield parameter, stated[parameter]


def _masses(context: Context) -> Iterator[Comparison]:
    """Compare the probabilities of a discrete distribution's values with the cdf's jumps."""
    target, found = context.target, Tallies()
    cdf, sf = target.formulas["cdf"], target.formulas["sf"]
    for case in context.cases():
        y = np.unique(case.values(64 * context.level.points))
        # of the tail that is smaller, which loses less in the difference
        upper = np.asarray(case.formulas.cdf(y)) > 0.5

        def inner(upper: NDArray[np.bool_] = upper, y: Array = y, /, **theta: Any) -> Array:
            return np.asarray(np.where(upper, sf(y - 1.0, **theta), cdf(y, **theta)))

        outer = np.asarray(np.where(upper, case.formulas.sf(y), case.formulas.cdf(y - 1.0)))
        whole, mass = inner(**case.theta), np.exp(case.formulas.log_prob(y))
        lost = 1e-13 * whole + _UNITS * forced(inner, case.theta, target.parameters, whole)
        found["mass p(y), against the jump of F"].add(
            case.theta, mass, whole - outer, rtol=1e-12, atol=lost, y=y
        )
        if "icdf" in target.formulas:
            _steps(case, found)
    yield from found.result()


def _steps(case: Case, found: Tallies) -> None:
    """Compare the quantile of a discrete distribution with its definition: at steps of F, too.

    It is the smallest integer y with F(y) ≥ u, which in the upper tail is 1 − F(y) ≤ 1 − u.
    """
    context, cdf, sf = case.context, case.formulas.cdf, case.formulas.sf
    tails = np.geomspace(_FARTHEST, 0.1, context.level.points)
    y = np.unique(case.values(context.level.points))
    lower, upper = np.asarray(cdf(y)), 1.0 - np.asarray(sf(y))
    step = np.where(lower < 0.5, lower, upper)
    near = np.nextafter(step, 0.0), step, np.nextafter(step, 1.0)
    u = np.concatenate([*near, tails, 1.0 - tails, context.probabilities])
    u = np.clip(u, 2.0**-1074, 1.0 - 2.0**-53)
    quantile = np.asarray(case.formulas.icdf(u))
    whole = np.clip(np.floor(quantile), *case.law.support)

    def reached(at: Array) -> NDArray[np.bool_]:
        return np.asarray(np.where(1.0 - u < u, sf(at) <= 1.0 - u, cdf(at) >= u))

    exact = np.abs(whole) < 2.0**53  # farther out integers have no neighbours
    before = exact & reached(np.where(exact, whole - 1.0, 0.0))
    least = whole + ~reached(whole) - 1.0 * before
    found["F⁻¹(u), the smallest y with F(y) ≥ u"].add(case.theta, quantile, least, u=u)


def _floor(case: Case, tail: Formula, y: Array) -> Array | float:
    """Return what rounding may make of probabilities: nothing of built-in ones."""
    return 0.0 if case.target.strict else case.target.rounding + rounding_of(tail, y)


def _density(context: Context) -> Iterator[Comparison]:
    found = Tallies(doubt=_DOUBT)
    for case in context.cases():
        y, room = case.points
        step = np.minimum(0.3 * _scales(y), 0.5 * room)
        below, above = (
            differentiate(tail, y, step, floor=_floor(case, tail, y))
            for tail in (case.formulas.cdf, case.formulas.sf)
        )
        slope, error = of_tails(below, above)
        density = np.exp(case.formulas.log_prob(y))
        lost = _UNITS * np.where(density < _TINY, np.spacing(density), 0.0)
        found["density p, against dF/dy"].add(
            case.theta, density, slope, rtol=1e-7, atol=lost, uncertainty=error, y=y
        )
    yield from found.result()


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
    found = Tallies(doubt=_DOUBT)
    for case in context.cases():
        f = case.formulas
        tails = {"F": f.cdf, "1 − F": f.sf}.items()
        for (what, tail), (start, end) in zip(tails, spans(case.points[0]), strict=True):
            mass, error = integral(partial(_exp, f.log_prob), start, end)
            rest = np.asarray(tail(start)) - np.abs(mass)
            lost = context.target.rounding
            found[f"{what} in its tail, by integrating p"].add(
                case.theta, tail(end), rest, rtol=1e-9, atol=lost, uncertainty=error, y=end
            )
    yield from found.result()


def _exp(log: Formula, y: Array) -> Array:
    return np.asarray(np.exp(log(y)))


def _pathwise(context: Context) -> Iterator[Comparison]:
    target, found = context.target, Tallies(doubt=_DOUBT)
    for case in context.cases():
        y, _ = case.points
        log_density, paths = case.formulas.log_prob(y), case.formulas.pathwise(y)
        # not next to an end of the support: a step that moves it across y meets the kink of F there
        inside = np.minimum(case.law.cdf(y), case.law.sf(y)) > _CLEAR
        # one factor may overflow or be subnormal, and the product neither
        products = {
            name: np.copysign(np.exp(log_density + np.log(np.abs(paths[name]))), paths[name])
            for name in target.parameters
        }
        sizes = sizes_of(products)
        for name, product in products.items():
            below, above = (
                case.slope(name, tail, y, floor=_floor(case, getattr(case.formulas, tail), y))
                for tail in ("cdf", "sf")
            )
            slope, error = of_tails(below, above)
            path = np.asarray(paths[name])
            lost = np.where(np.abs(path) < _TINY, _UNITS * np.spacing(path) / path, 0.0)
            slack = np.where(path == 0.0, 0.0, np.abs(product * lost))
            if product.size:  # nothing but rounding, beside the others
                slack += 1e-9 * (sizes[name] - np.median(np.abs(product)))
            clear = inside if name in target.moving else slice(None)
            found[f"p(y) ∂y/∂{name}, against −∂F/∂{name}"].add(
                case.theta,
                product[clear],
                -slope[clear],
                rtol=1e-7,
                atol=slack[clear],
                uncertainty=error[clear],
                y=y[clear],
            )
    yield from found.result()


def _of_counts(context: Context) -> Iterator[Comparison]:
    """Sum the probabilities of all vectors of counts."""
    found = Tallies("absolute")
    for case in context.cases():
        found["Σ p(y)"].add(case.theta, np.sum(all_counts(case)[1]), 1.0, atol=_SUM)
    yield from found.result()


def _of_vectors(context: Context) -> Iterator[Comparison]:
    target = target_of(context)
    if not (can_integrate(target) or can_follow(target)):
        raise NotApplicable(
            f"its values are vectors of {target.length} entries ({target.region}): a density is"
            f" integrated over the simplex, the sphere and real vectors, for up to {MOST_ENTRIES},"
            " and small matrices"
        )
    if can_follow(target):
        yield from flow(context)
    if can_integrate(target):
        yield from _integrated(context)


def _integrated(context: Context) -> Iterator[Comparison]:
    """Integrate the density over the support: its mass, and the marginals' distributions.

    A marginal x with the distribution F has E[cos kπF(x)] = 0.
    """
    target, found = target_of(context), Tallies("absolute")
    region, atol = cast(Region, target.region), tolerance(target)
    where = "all y" if isinstance(region, RealVector) else f"the {region.brief}"
    for case in context.cases():
        marginals = target.marginals(case.theta)

        def functions(log_y: Array, p: Array, marginals: tuple[Marginal, ...] = marginals) -> Array:
            u = [marginal.law.cdf(marginal.of(log_y)) for marginal in marginals]
            return np.stack([p, *(p * np.cos(k * math.pi * each) for each in u for k in _WAVES)])

        if (known := integrals(case, functions)) is None:
            continue
        (total, *rest), (error, *errors) = known
        mass = found[f"∫ p(y) dy over {where}"]
        mass.add(case.theta, total, 1.0, atol=atol, uncertainty=error)
        for at, marginal in enumerate(marginals):
            wave = found[f"∫ p cos kπF dy, F of {marginal.what}"]
            these = slice(at * len(_WAVES), (at + 1) * len(_WAVES))
            unsure = errors[these]
            wave.add(case.theta, rest[these], 0.0, atol=atol, uncertainty=unsure, k=_WAVES)
    if not found:
        raise NotApplicable("entries of y underflow before its density has fallen off")
    yield from found.result()
