"""Vectors at extreme noise and parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from reparam._typing import Array
from reparam.verification.evidence.comparing import Tallies, results
from reparam.verification.evidence.context import Context, parameter_sets
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
    noise = extreme_noise(context)

    def values(there: Mapping[str, float]) -> Array:
        """Return what the noise makes: NaN where a step from a corner leaves the region."""
        return transformed(target, noise, there) if target.allows(there) else np.asarray(np.nan)

    inside, found = Inside(target, "y"), Tallies("statement")
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
            found[f"{of} is a number"].add(theta, np.isnan(sample.value), 0.0, **where)
            for name, entry in sample.gradients.items():
                found[f"∂{of}/∂{name} is a number"].add(theta, np.isnan(entry), 0.0, **where)
        slopes = samples["value"].gradients if target.is_map else {}
        for name, entry in slopes.items():
            broken = (entry == 0.0) & moves(values, name, theta, y)
            found[f"∂y/∂{name} is 0 only where y stays"].add(theta, broken, 0.0, **where)
        inner = y[certain]
        unknown = np.isnan(target.formulas["log_prob"](inner, **theta))
        found["log p is a number"].add(theta, unknown, 0.0, **row_of(inner))
        if scores := [*target.formulas["score"](inner, **theta).values()]:
            broken = np.any(np.isnan(scores), axis=0)
            found["∂ log p/∂θ is a number"].add(theta, broken, 0.0, **row_of(inner))
    yield from inside.result()
    yield from results(found)


def _edges_of_draws(context: Context, corners: Iterable[dict[str, float]]) -> Iterator[Comparison]:
    """Look at draws of a sampler without a transform, at the ends of ranges and all over them."""
    target = target_of(context)
    inside, found = Inside(target, "draws"), Tallies("statement")
    others = parameter_sets(target, context.level.many + 1, context.seeded("ranges"))
    for number, theta in enumerate([*corners, *others]):
        if not target.allows(theta):
            continue
        sample = target.draws(theta, _AT_EDGES, context.seeded("edges", number))
        y, broken = sample.value, ~np.isfinite(sample.value)
        kept = ~np.any(broken, axis=-1)
        found["entries of draws are numbers"].add(theta, ~kept, 0.0, **row_of(y))
        if np.any(kept) and not target.is_of_matrices:  # these round to singular ones
            inside.add(theta, y[kept])
        for name, entry in sample.gradients.items():
            found[f"∂y/∂{name} is a number"].add(theta, ~np.isfinite(entry[kept]), 0.0)
            certain = has_digits(target, y)
            if np.any(certain):
                still = not np.any(entry[certain])
                found[f"∂y/∂{name} is not all 0"].add(theta, float(still), 0.0)
    yield from inside.result()
    yield from results(found)
