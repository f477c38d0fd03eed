"""Continuity: a function of θ at fixed noise, and no step function."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.verification.evidence.comparing import Tallies, Tally, failure
from reparam.verification.evidence.context import Context
from reparam.verification.refusals import NoGradient, NotApplicable
from reparam.verification.results import Comparison
from reparam.verification.witnesses.derivative import JUMPING

__all__ = ["continuity"]

#: Steps on the way through the parameter. A step that may hold a jump is cut in as many pieces, and
#: so is, again and again, the piece that moves most.
_STEPS, _CUTS = 32, 6
#: Units in the last place that y has to move by.
_ULPS = 8.0
#: Values that are followed.
_FOLLOWED = 32
#: How many are followed to the place of a jump.
_SUSPECTS = 3


def continuity(context: Context) -> Iterator[Comparison]:
    """Follow draws at fixed noise through each parameter, and bisect where one seems to jump.

    Of a target without a transform draws at a fixed seed are followed; they have to move, no more.
    """
    target = context.target
    if not target.is_map:
        raise NotApplicable(JUMPING)
    if target.noise is None and (note := _unrepeatable(context)):
        yield failure("draws at a fixed seed", context.sets()[0], note)
        return
    for name, parameter in target.parameters.items():
        found = Tallies("absolute")
        what = f"y as a function of {name}"
        low, high = map(float, parameter.domain.ends({}))
        for theta in context.sets():
            reach = min(0.2 * (theta[name] - low), 0.2 * (high - theta[name]), 0.2)
            grid = np.linspace(theta[name] - reach, theta[name] + reach, _STEPS + 1)
            follow = _follower(context, theta, name)
            values = follow(grid)
            steps = np.abs(np.diff(values, axis=0))
            # what moves by rounding errors alone seems to jump
            moving = np.any(steps > _ULPS * np.spacing(np.abs(values[1:])), axis=0)
            stepping = bool(np.any(moving)) and np.mean(_still(values)[:, moving]) > 0.5
            if stepping and (target.noise is not None or not _has_gradient(context, theta, name)):
                yield failure(
                    what,
                    theta,
                    "a step function: constant except for jumps, so its derivative is 0 almost"
                    " everywhere and shows nothing",
                )
                return
            if target.noise is not None:
                note = "the change of y in 2⁻³⁰ of a step of θ, in units of the uncut step's"
                _bisect(found.of(what, note=note), theta, name, follow, grid, steps)
            elif np.any(moving) and not stepping:
                # a jump may be a proposal rejected that was accepted before: expectations judge it
                still = found[f"share of steps of {name} that leave y as it is"]
                still.add(theta, np.mean(steps[:, moving] == 0.0), 0.0, atol=0.5)
        yield from found.result()


def _has_gradient(context: Context, theta: dict[str, float], name: str) -> bool:
    """Whether draws have gradients that are not 0: those of another path than a fixed seed's.

    A mixture's component, say, changes by steps with its weight, and implicit gradients don't.
    Expectations judge those.
    """
    try:
        sample = context.target.draws(theta, _FOLLOWED, context.seed)
    except NoGradient:
        return False
    return bool(np.any(sample.gradients[name]))


def _still(values: Array) -> NDArray[np.bool_]:
    """Return which steps leave y as it is.

    But not at the least or the greatest value, to which y may be rounded at an end of the support,
    if there are others.
    """
    inner = (values > np.min(values)) & (values < np.max(values))
    still = np.diff(values, axis=0) == 0.0
    return np.asarray(still & (inner[1:] | ~np.any(inner, axis=0)))


def _unrepeatable(context: Context) -> str:
    """Return what is to be said of draws that the seed does not determine, "" if it does."""
    theta = context.sets()[0]
    first, again = (context.target.values(theta, _FOLLOWED, context.seed) for _ in range(2))
    if np.array_equal(first, again, equal_nan=True):
        return ""
    return (
        "drawn twice with one seed they differ: there is randomness beside the rng that is passed"
    )


#: A function from values of a parameter to draws at fixed noise: one row each of all that are
#: followed, or each of the draw at the same place of the second argument.
Follower = Callable[..., Array]


def _follower(context: Context, theta: dict[str, float], name: str) -> Follower:
    target = context.target
    if target.noise is not None:
        noise = context.noise_points[:: max(1, context.level.points // _FOLLOWED)]
        width = target.length or 1  # each entry of a vector is one that is followed

        def transformed(at: Array, draws: Array | None = None) -> Array:
            z = noise if draws is None else noise[draws // width]
            moved = at[:, np.newaxis] if draws is None else at
            value = target.transform(z, **{**theta, name: moved}).value.reshape(len(at), -1)
            return value if draws is None else value[np.arange(len(at)), draws % width]

        return transformed

    def drawn(at: Array, draws: Array | None = None) -> Array:
        rows = [target.values({**theta, name: float(x)}, _FOLLOWED, context.seed) for x in at]
        values = np.asarray(rows)  # in their own precision, which shows what moves
        return values if draws is None else values[np.arange(len(at)), draws]

    return drawn


def _bisect(
    tally: Tally,
    theta: dict[str, float],
    name: str,
    follow: Follower,
    grid: Array,
    steps: Array,
) -> None:
    """Cut the largest steps of the most suspicious draws, always the piece that moves most.

    The change of a continuous function becomes as small as the step, a jump stays.
    """
    clean = np.where(np.isfinite(steps), steps, 0.0)
    excess = clean.max(axis=0) / np.maximum(np.median(clean, axis=0), 5e-324)
    draws = np.argsort(excess)[-_SUSPECTS:]
    at = np.argmax(clean[:, draws], axis=0)
    low, high = grid[at], grid[at + 1]
    everywhere, suspect = np.tile(draws, _STEPS + 1), np.arange(len(draws))
    for cut in range(_CUTS):
        places = np.linspace(low, high, _STEPS + 1)
        values = follow(places.ravel(), everywhere).reshape(places.shape)
        pieces = np.abs(np.diff(values, axis=0))
        if cut == 0:
            below, whole = values[0], np.abs(values[-1] - values[0])
        most = np.argmax(np.where(np.isnan(pieces), -1.0, pieces), axis=0)
        low, high = places[most, suspect], places[most + 1, suspect]
    # a change of a few units in the last place can't become smaller
    real = whole > 2.0**20 * np.spacing(np.abs(below))
    rest = np.where(real, pieces[most, suspect] / whole, 0.0)
    worst = int(np.argmax(rest))
    jump = {**theta, name: float(low[worst])}
    tally.add(jump, rest[worst], 0.0, atol=1e-3, y=below[worst])
