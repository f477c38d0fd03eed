"""The density of vectors, integrated."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import cast

import numpy as np

from reparam._typing import Array
from reparam.base.reparameterized import Marginal
from reparam.regions import RealVector, Region
from reparam.verification.evidence.comparing import Tallies, Tally, results
from reparam.verification.evidence.context import Context
from reparam.verification.numerics.grids import MOST_ENTRIES
from reparam.verification.refusals import NotApplicable
from reparam.verification.results import Comparison
from reparam.verification.witnesses.of_vectors._flow import can_follow, flow
from reparam.verification.witnesses.of_vectors._integrals import can_integrate, integrals, tolerance
from reparam.verification.witnesses.of_vectors._shared import target_of

__all__ = ["identity"]

#: Frequencies of the functions cos(kπF) of which the density's integral is 0.
_FREQUENCIES = (1, 2)


def identity(context: Context) -> Iterator[Comparison]:
    """Integrate the density over the support: its mass, and the marginals' distributions.

    A marginal x with the distribution F has E[cos kπF(x)] = 0. Where derivatives of draws are a
    field, the density follows it as θ moves.
    """
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
    target = target_of(context)
    region = cast(Region, target.region)
    where = "all y" if isinstance(region, RealVector) else f"the {region.brief}"
    mass = Tally(f"∫ p(y) dy over {where}", "absolute")
    atol = tolerance(target)
    waves = Tallies("absolute")
    for theta in context.sets():
        marginals = target.marginals(theta)

        def functions(log_y: Array, p: Array, marginals: tuple[Marginal, ...] = marginals) -> Array:
            rows = [p]
            for marginal in marginals:
                u = marginal.law.cdf(marginal.of(log_y))
                rows += [p * np.cos(k * math.pi * u) for k in _FREQUENCIES]
            return np.stack(rows)

        found = integrals(context, theta, functions)
        if found is None:
            continue
        (total, *rest), (error, *errors) = found
        mass.add(theta, total, 1.0, atol=atol, uncertainty=error)
        for at, marginal in enumerate(marginals):
            tally = waves[f"∫ p cos kπF dy, F of {marginal.what}"]
            these = slice(at * len(_FREQUENCIES), (at + 1) * len(_FREQUENCIES))
            tally.add(theta, rest[these], 0.0, atol=atol, uncertainty=errors[these], k=_FREQUENCIES)
    if not list(mass.result()):
        raise NotApplicable("entries of y underflow before its density has fallen off")
    yield from results(mass, waves)
