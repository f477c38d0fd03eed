"""Continuity: a function of θ at fixed noise, and no step function."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from reparam._typing import Array
from reparam.verification.comparing import Context, Tally, failure
from reparam.verification.results import Comparison
from reparam.verification.witnesses.derivative import smooth_at_seed

__all__ = ["continuity"]

#: Steps on the way through the parameter, and halvings of a step that may hold a jump.
_STEPS, _HALVINGS = 48, 32
#: Values that are followed.
_FOLLOWED = 64
#: How many are followed to the place of a jump.
_SUSPECTS = 3


def continuity(context: Context) -> Iterator[Comparison]:
    """Follow draws at fixed noise through each parameter, and bisect where one seems to jump."""
    target = context.target
    noise = (
        context.noise_points[:: max(1, context.level.points // _FOLLOWED)] if target.noise else None
    )
    for name, parameter in target.parameters.items():
        tally = Tally(
            f"y as a function of {name}",
            "absolute",
            note="the change of y in a step of θ cut in 2³², in units of the uncut step's",
        )
        for theta in context.sets():
            low, high = parameter.domain.ends({})
            reach = min(0.2 * (theta[name] - float(low)), 0.2 * (float(high) - theta[name]), 0.2)

            def follow(at: float) -> Array:
                moved = {**theta, name: at}  # noqa: B023 - used at once
                if noise is not None:
                    return target.transform(noise, **moved).value
                values = target.values(moved, _FOLLOWED, context.seed)
                return np.asarray(values, dtype=np.float64)

            grid = np.linspace(theta[name] - reach, theta[name] + reach, _STEPS + 1)
            steps = np.abs(np.diff(np.stack([follow(float(at)) for at in grid]), axis=0))
            moving = np.any(steps > 0.0, axis=0)
            if np.any(moving) and np.mean(steps[:, moving] == 0.0) > 0.5:
                yield failure(
                    tally.what,
                    theta,
                    "a step function: constant but for jumps, so its derivative is 0 almost"
                    " everywhere and says nothing",
                )
                return
            if noise is None and not smooth_at_seed(target, theta, _FOLLOWED, context.seed):
                continue  # a rejection sampler: expectations judge it
            _bisect(tally, theta, name, follow, grid, steps)
        yield from tally.result()


def _bisect(
    tally: Tally,
    theta: dict[str, float],
    name: str,
    follow: Callable[[float], Array],
    grid: Array,
    steps: Array,
) -> None:
    typical = np.median(steps, axis=0)
    with np.errstate(all="ignore"):
        excess = np.where(np.isfinite(steps), steps, 0.0).max(axis=0) / np.maximum(typical, 5e-324)
    for draw in np.argsort(excess)[-_SUSPECTS:]:
        at = int(np.argmax(steps[:, draw]))
        low, high = float(grid[at]), float(grid[at + 1])
        below, above = float(follow(low)[draw]), float(follow(high)[draw])
        whole = abs(above - below)
        if not whole > 0.0:
            tally.add(theta, 0.0, 0.0, atol=1e-3)
            continue
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            value = float(follow(middle)[draw])
            if abs(value - below) >= abs(above - value):
                high, above = middle, value
            else:
                low, below = middle, value
        tally.add({**theta, name: low}, abs(above - below) / whole, 0.0, atol=1e-3, y=below)
