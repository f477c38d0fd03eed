"""Draws of vectors at given noise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reparam._typing import Array
from reparam.verification.evidence.comparing import Tallies, Tally, results
from reparam.verification.evidence.context import Context
from reparam.verification.results import Comparison
from reparam.verification.witnesses.of_vectors._shared import (
    SMALL,
    Inside,
    places,
    row_of,
    target_of,
)
from reparam.verification.witnesses.transform import tabulated

__all__ = ["transform"]

#: What a batch may be off by.
_BATCH = 1e-13


def transform(context: Context) -> Iterator[Comparison]:
    """Compare with a reference table, entries with the simplex, and ln y with its view.

    A batch of unlike parameters makes of noise what each of them does alone, and so do draws, of
    the noise that they tell: a mistake on one way to a derivative is seen however small it is.
    """
    noise = context.noise_points  # it needs a transform
    yield from tabulated(context)
    target, inside = target_of(context), Inside(target_of(context), "y")
    logarithm = Tally("ln y, by its view")
    for theta in context.sets():
        y = target.transform(noise, **theta).value
        if not target.is_of_matrices:  # in the tails of noise these round to singular ones
            inside.add(theta, y)
        if "log_value" in target.views:
            known = target.view("log_value", noise, **theta).value
            log_y = np.where(y > SMALL, np.log(y), known)  # what underflows says nothing
            # rounding y to the last place moves ln y by that
            where = places(context, noise, "z")
            logarithm.add(theta, known, log_y, rtol=1e-14, atol=1e-15, **where)
    unlike = Tally("y of a batch of parameters"), Tally("∂y/∂θ of a batch of parameters")
    rows = noise[: len(context.sets())]
    together = target.transform(rows, **_batch(context.sets()))
    for at, theta in enumerate(context.sets()):
        alone, where = target.transform(rows[at], **theta), row_of(rows[at], "z")
        unlike[0].add(theta, together.value[at], alone.value, rtol=_BATCH, **where)
        for name, gradient in together.gradients.items():
            unlike[1].add(theta, gradient[at], alone.gradients[name], rtol=_BATCH, **where)
    yield from inside.result()
    yield from results(logarithm, *unlike)
    yield from _repeated(context)


def _repeated(context: Context) -> Iterator[Comparison]:
    """Compare draws of each way, and their gradients, with those of their own noise."""
    target = target_of(context)
    for way in target.ways:
        found = Tallies()
        for theta in context.sets():
            drawn, again = target.repeated(theta, context.level.points, context.seed, way)
            where = places(context, again.value, "y")
            value = found[f"y of draws ({way}), by transform of their noise"]
            value.add(theta, drawn.value, again.value, rtol=_BATCH, **where)
            for name, expected in again.gradients.items():
                slope = found[f"∂y/∂{name} of draws ({way}), likewise"]
                slope.add(theta, drawn.gradients[name], expected, rtol=_BATCH, **where)
        yield from results(found)


def _batch(sets: list[dict[str, float]]) -> dict[str, Array]:
    return {name: np.array([theta[name] for theta in sets]) for name in sets[0]}
