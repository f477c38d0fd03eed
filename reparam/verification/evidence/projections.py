"""Gradients of vectors along projections whose distributions are known.

A number x that a vector makes has the derivative −F_θ/p on average, given x: whatever path the
vector takes. So it is judged as numbers are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.reparameterized import Marginal
from reparam.regions import Simplex
from reparam.verification.evidence.averages import Averages, compare
from reparam.verification.evidence.comparing import Tallies
from reparam.verification.evidence.context import Context
from reparam.verification.evidence.paths import Drawn
from reparam.verification.laws.law import Law, Link, Linked
from reparam.verification.numerics.calculus import derivative_in, one_after_another
from reparam.verification.results import Comparison
from reparam.verification.targets.target import Sample

__all__ = ["compare_along"]

#: A step along gradients, and what rounding and the step's square leave of differences.
_STEP, _LEFT = 1e-6, 1e-5
#: Draws that are projected.
_DRAWS = 2**15


def compare_along(
    found: Tallies, context: Context, theta: dict[str, float], sample: Sample, alpha: float
) -> Iterator[Comparison]:
    """Compare gradients of draws in all parameters; yields what is not a number."""
    target: Any = context.target
    context = replace(context, rtol=_LEFT)
    y = sample.value[:_DRAWS]
    on_simplex = isinstance(target.region, Simplex)
    at = np.log(y) if on_simplex else y
    for number, marginal in enumerate(target.marginals(theta)):
        slopes = {}
        for name, gradient in sample.gradients.items():
            along = gradient[: len(y)] / y if on_simplex else gradient[: len(y)]
            step = _STEP * max(1.0, abs(theta[name]))
            above, below = (
                target.marginals({**theta, name: theta[name] + by})[number].of(at + by * along)
                for by in (step, -step)
            )
            slopes[name] = (np.asarray(above) - np.asarray(below)) / (2.0 * step)
        projected = Sample(np.asarray(marginal.of(at)), slopes)
        tallies = {name: Averages.of(found, name, "", marginal.what) for name in slopes}
        law = _in_theta(target, theta, number, marginal)
        yield from compare(Drawn(context, theta, projected, law), tallies, alpha)


def _in_theta(target: Any, theta: Mapping[str, float], number: int, marginal: Marginal) -> Law:
    """Return the law of a marginal, in the parameters of the vector's."""
    names = tuple(target.parameters)
    links: dict[str, Link | float] = {}
    for ours in marginal.law.parameters:
        value = partial(_value, target, number, ours)
        slopes = [derivative_in(name, value, theta, target.parameters)[0] for name in names]
        known = tuple(float(each) if np.isfinite(each) else 0.0 for each in slopes)
        links[ours] = Link(names, partial(_constant, 0.0), partial(_constant, known))
    return Linked(lambda **_: marginal.law, links, theta)


def _constant(value: Any, *_: float) -> Any:
    return value


def _value(target: Any, number: int, ours: str, /, **theta: Any) -> Array:
    """Return a parameter of a marginal, for each of the values of a parameter."""
    return one_after_another(lambda one: target.marginals(one)[number].law[ours], theta)
