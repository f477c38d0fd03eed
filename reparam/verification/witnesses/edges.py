"""Edges: tails, tiny and huge parameters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.noise import NORMAL
from reparam.verification.comparing import Context, Tally
from reparam.verification.laws import Law
from reparam.verification.results import Comparison
from reparam.verification.targets import NoGradient, Registered, Sample, Target
from reparam.verification.witnesses import of_vectors

__all__ = ["corners", "edges", "extreme_noise", "moved"]

#: Probabilities at the edges of what float64 holds; and inner ones, since with tiny shapes all the
#: others' values under- or overflow.
_U = np.array(
    [
        *(5e-324, 1e-300, 1e-100, 1e-20, 1e-10, 0.1, 0.4),
        *(0.5, 0.6, 0.9, 1.0 - 1e-10, 1.0 - 2.0**-53),
    ]
)
#: How far beyond typical values parameters go: the library's own, and somebody else's.
_BEYOND, _THEIRS = 1e3, 1.0
#: What must hold of the formulas there.
_STATEMENTS = (
    "log p is a number",
    "F and 1 − F lie in [0, 1]",
    "F rises",
    "F + (1 − F) = 1",
    "−F_θ/p is a number",
    "∂ log p/∂θ is a number",
    "−F_θ/p is not silently 0",
)
#: A relative change of θ, and the least relative change of y that it must make to tell that ∂y/∂θ
#: is not 0.
_MOVE, _MOVED = 1e-3, 1e-5
#: Closer to an end of the support than so many units in its last place values may be rounded to
#: it, or kept from it: what their derivative is there says nothing.
_ROUNDING = 1e3
#: Draws at each edge.
_DRAWS = 1024


def edges(context: Context) -> Iterator[Comparison]:
    """Look for NaN, values outside the support and gradients that vanish silently."""
    target = context.target
    if target.length:
        yield from of_vectors.edges(context)
        return
    numbers = Tally("values are numbers", "absolute")
    inside = Tally("values lie in the support", "absolute")
    gradients = {name: Tally(f"∂y/∂{name} is a number") for name in target.parameters}
    silent = {name: Tally(f"∂y/∂{name} is not silently 0") for name in target.parameters}
    formulas = {what: Tally(what, "absolute") for what in _STATEMENTS}
    for theta in corners(context):
        law = target.law(theta, context.seed)
        low, high = law.support
        for sample in _samples(context, theta):
            y = np.asarray(sample.value, dtype=np.float64)
            numbers.add(theta, np.isnan(y), 0.0, y=y)
            inside.add(theta, y, np.clip(y, low, high), y=y)
            finite = np.isfinite(y) & (np.abs(y) > 1e-300) & ~_at_end(y, low) & ~_at_end(y, high)
            with np.errstate(all="ignore"):
                exact = law.pathwise(y[finite])
            for name, gradient in sample.gradients.items():
                entry = np.asarray(gradient, dtype=np.float64)
                gradients[name].add(theta, np.isnan(entry) & ~np.isnan(y), 0.0, y=y)
                entry = entry[finite]
                with np.errstate(all="ignore"):
                    real = np.isfinite(exact[name]) & (np.abs(exact[name]) > 1e-290)
                there = np.where(real & ~np.isnan(entry), exact[name], 1.0)
                zero = (entry == 0.0) & real
                silent[name].add(theta, np.where(zero, 0.0, there), there, y=y[finite])
        if isinstance(target, Registered):
            _formulas(formulas, theta, target, law, extreme_noise(context))
    for tally in (numbers, inside, *gradients.values(), *silent.values(), *formulas.values()):
        yield from tally.result()


def _at_end(y: Array, end: Array) -> NDArray[np.bool_]:
    """Return which values are at an end of the support, but for rounding."""
    if not np.isfinite(end):
        return np.isinf(y)
    return np.asarray(np.abs(y - end) <= _ROUNDING * np.spacing(np.abs(end)))


def corners(context: Context) -> Iterator[dict[str, float]]:
    """Yield parameter sets at the ends of the typical ranges, and beyond for our own."""
    target = context.target
    beyond = _BEYOND if isinstance(target, Registered) or target.length else _THEIRS
    free = [name for name in target.parameters if name not in target.fixed]
    default = {name: target.fixed.get(name, p.default) for name, p in target.parameters.items()}
    seen = []
    for choice in range(3 ** len(free)):
        theta = dict(default)
        for place, name in enumerate(free):
            low, high = target.parameters[name].typical
            low, high = (
                (low / beyond, high * beyond) if low > 0.0 else (low * beyond, high * beyond)
            )
            theta[name] = (low, theta[name], high)[choice // 3**place % 3]
        seen.append(theta)
    # all corners of few parameters; of many, an even choice
    yield from seen[:: max(1, len(seen) // (9 * max(1, context.level.sets // 2)))]


def _samples(context: Context, theta: dict[str, float]) -> Iterator[Sample]:
    target = context.target
    if target.noise is not None:
        yield target.transform(extreme_noise(context), **theta)
    for way in target.ways:
        try:
            yield target.draws(theta, _DRAWS, context.seed, way)
        except NoGradient:
            return


def extreme_noise(context: Context) -> Array:
    """Return noise at the edges of what float64 holds; of vectors, rows of it at random."""
    target, noise = context.target, _U
    if target.noise is NORMAL:
        from scipy.special import ndtri

        noise = np.asarray(ndtri(_U))
    if target.length:
        rng = np.random.default_rng(context.seed)
        return rng.choice(noise, (context.level.points, target.length))
    return noise


def _formulas(
    tallies: dict[str, Tally],
    theta: dict[str, float],
    target: Target,
    law: Law,
    noise: Array,
) -> None:
    """Look at the formulas of a distribution of ours at its values, wherever they are."""
    y = target.transform(noise, **theta).value
    order = np.argsort(y)
    noise, y = noise[order], y[order]
    slopes = law.pathwise(y)
    cdf, sf = np.asarray(law.cdf(y)), np.asarray(law.sf(y))
    wrong = (
        np.isnan(law.log_prob(y)),
        ~((cdf >= 0.0) & (cdf <= 1.0) & (sf >= 0.0) & (sf <= 1.0)),
        np.diff(cdf, prepend=0.0) < 0.0,
        ~(np.abs(cdf + sf - 1.0) < 1e-12),
        np.any([np.isnan(entry) for entry in slopes.values()], axis=0),
        np.any([np.isnan(entry) for entry in law.score(y).values()], axis=0) & np.isfinite(y),
        np.any(
            [(slopes[name] == 0.0) & moved(name, theta, target, noise, y) for name in slopes], 0
        ),
    )
    for tally, broken in zip(tallies.values(), wrong, strict=True):
        tally.add(theta, broken, 0.0, y=y)


def moved(
    name: str,
    theta: dict[str, float],
    target: Target,
    noise: Array,
    y: Array,
    side: float = 1.0,
) -> NDArray[np.bool_]:
    """Return which values move with a parameter, so that their derivatives can't be 0."""
    there = {**theta, name: theta[name] + side * _MOVE * (theta[name] or 1.0)}
    with np.errstate(all="ignore"):
        change = np.abs(target.transform(noise, **there).value - y)
        return np.isfinite(change) & (change > _MOVED * np.abs(y)) & (np.abs(y) > 1e-300)
