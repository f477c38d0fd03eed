"""Vectors at extreme noise and parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from reparam._typing import Array
from reparam.verification.comparing import Tally, results
from reparam.verification.context import Context, parameter_sets
from reparam.verification.results import Comparison
from reparam.verification.witnesses.edges import BEYOND, corners, extreme_noise, moves, transformed
from reparam.verification.witnesses.of_vectors._shared import (
    Inside,
    has_digits,
    places,
    row_of,
    target_of,
)

__all__ = ["edges"]

#: Draws at each set of a sampler without a transform.
_AT_EDGES = 64


def edges(context: Context) -> Iterator[Comparison]:
    """Look for NaN, values off the simplex and gradients that vanish silently."""
    target = target_of(context)
    if target.noise is None:
        yield from _edges_of_draws(context, corners(context, 1.0))
        return
    noise, names = extreme_noise(context), list(target.parameters)

    def values(there: Mapping[str, float]) -> Array:
        """Return what the noise makes: NaN where a step from a corner leaves the region."""
        return transformed(target, noise, there) if target.allows(there) else np.asarray(np.nan)

    outputs = ["value", *target.views]
    inside = Inside(target, "y")
    numbers = {of: Tally(f"{of} is a number", "statement") for of in outputs}
    gradients = {
        (of, name): Tally(f"∂{of}/∂{name} is a number", "statement")
        for of in outputs
        for name in names
    }
    silent = {name: Tally(f"∂y/∂{name} is 0 only where y stays", "statement") for name in names}
    density = Tally("log p is a number", "statement")
    score = Tally("∂ log p/∂θ is a number", "statement")
    for theta in corners(context, BEYOND):
        if not target.allows(theta):
            continue
        where = places(context, noise, "z")
        samples = {of: target.view(of, noise, **theta) for of in target.views}
        samples["value"] = target.transform(noise, **theta)
        y = samples["value"].value
        certain = has_digits(target, y)
        if target.is_of_matrices:
            certain &= ~target.outside(theta, y)
        else:
            inside.add(theta, y)
        for of, sample in samples.items():
            numbers[of].add(theta, np.isnan(sample.value), 0.0, **where)
            for name, entry in sample.gradients.items():
                gradients[of, name].add(theta, np.isnan(entry), 0.0, **where)
        slopes = samples["value"].gradients if target.is_map else {}
        for name, entry in slopes.items():
            broken = (entry == 0.0) & moves(values, name, theta, y)
            silent[name].add(theta, broken, 0.0, **where)
        inner = y[certain]
        unknown = np.isnan(target.formulas["log_prob"](inner, **theta))
        density.add(theta, unknown, 0.0, **row_of(inner))
        if scores := [*target.formulas["score"](inner, **theta).values()]:
            score.add(theta, np.any(np.isnan(scores), axis=0), 0.0, **row_of(inner))
    yield from inside.result()
    yield from results(numbers, gradients, silent, density, score)


def _edges_of_draws(context: Context, corners: Iterable[dict[str, float]]) -> Iterator[Comparison]:
    """Look at draws of a sampler without a transform, at the ends of ranges and all over them."""
    target = target_of(context)
    inside = Inside(target, "draws")
    numbers = Tally("entries of draws are numbers", "statement")
    gradients = {name: Tally(f"∂y/∂{name} is a number", "statement") for name in target.parameters}
    moving = {name: Tally(f"∂y/∂{name} is not all 0", "statement") for name in target.parameters}
    others = parameter_sets(target, context.level.many + 1, context.seeded("ranges"))
    for number, theta in enumerate([*corners, *others]):
        if not target.allows(theta):
            continue
        sample = target.draws(theta, _AT_EDGES, context.seeded("edges", number))
        y, broken = sample.value, ~np.isfinite(sample.value)
        numbers.add(theta, np.any(broken, axis=-1), 0.0, **row_of(y))
        kept = ~np.any(broken, axis=-1)
        if np.any(kept) and not target.is_of_matrices:  # these round to singular ones
            inside.add(theta, y[kept])
        for name, entry in sample.gradients.items():
            gradients[name].add(theta, ~np.isfinite(entry[kept]), 0.0)
            certain = has_digits(target, y)
            if np.any(certain):
                moving[name].add(theta, float(not np.any(entry[certain])), 0.0)
    yield from numbers.result()
    yield from inside.result()
    yield from results(gradients, moving)
