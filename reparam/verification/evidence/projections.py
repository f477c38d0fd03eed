"""Gradients of vectors along projections whose distributions are known.

A number x that a vector makes has the derivative −F_θ/p on average, given x: whatever path the
vector takes. So it is judged as numbers are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np

from reparam._typing import Array
from reparam.base.reparameterized import Marginal
from reparam.regions import Simplex
from reparam.verification.evidence.averages import TESTS, Averages, compare
from reparam.verification.evidence.context import Context
from reparam.verification.evidence.paths import Drawn
from reparam.verification.laws.law import Chained, Law
from reparam.verification.numerics.calculus import derivative_in, one_after_another
from reparam.verification.results import Comparison
from reparam.verification.targets.target import Sample

__all__ = ["Projections", "tests_of"]

#: A step along gradients, and what rounding and the step's square leave of differences.
_STEP, _LEFT = 1e-6, 1e-5
#: Draws that are projected.
_DRAWS = 2**15


def tests_of(marginals: tuple[Marginal, ...]) -> int:
    """Return how many tests there are of each parameter, at each set."""
    return TESTS * len(marginals)


class Projections:
    """Gradients of draws in all parameters, along all marginals of a target."""

    def __init__(self, context: Context, critical_share: float) -> None:
        self._context, self._alpha = replace(context, rtol=_LEFT), critical_share
        self._tallies: dict[str, dict[str, Averages]] = {}

    def add(self, theta: dict[str, float], sample: Sample) -> Iterator[Comparison]:
        """Compare gradients; yields what is not a number."""
        target: Any = self._context.target
        y = sample.value[:_DRAWS]
        on_simplex = isinstance(target.region, Simplex)
        at = np.log(y) if on_simplex else y
        for number, marginal in enumerate(target.marginals(theta)):
            x = np.asarray(marginal.of(at))
            slopes = {}
            for name, gradient in sample.gradients.items():
                along = gradient[: len(y)] / y if on_simplex else gradient[: len(y)]
                step = _STEP * max(1.0, abs(theta[name]))
                ends = [
                    np.asarray(there.of(at + sign * step * along))
                    for sign in (1.0, -1.0)
                    for there in [_moved(target, theta, name, sign * step, number)]
                ]
                slopes[name] = (ends[0] - ends[1]) / (2.0 * step)
            tallies = self._tallies.setdefault(
                marginal.what,
                {name: Averages.of(name, "", marginal.what) for name in sample.gradients},
            )
            law = _in_theta(target, theta, number, marginal)
            drawn = Drawn(self._context, theta, Sample(x, slopes), law)
            yield from compare(drawn, tallies, self._alpha)

    def result(self) -> Iterator[Comparison]:
        """Yield the comparisons."""
        for tallies in self._tallies.values():
            for each in tallies.values():
                yield from each.result()


def _moved(
    target: Any, theta: Mapping[str, float], name: str, step: float, number: int
) -> Marginal:
    marginal: Marginal = target.marginals({**theta, name: theta[name] + step})[number]
    return marginal


def _in_theta(target: Any, theta: Mapping[str, float], number: int, marginal: Marginal) -> Law:
    """Return the law of a marginal, in the parameters of the vector's."""
    slopes = {}
    for ours in marginal.law.parameters:
        value = partial(_value, target, number, ours)
        slopes[ours] = {
            name: _slope(value, name, theta, target.parameters) for name in target.parameters
        }
    return cast(Law, Chained(marginal.law, slopes))


def _value(target: Any, number: int, ours: str, /, **theta: Any) -> Array:
    """Return a parameter of a marginal, for each of the values of a parameter."""
    return one_after_another(lambda one: target.marginals(one)[number].law[ours], theta)


def _slope(
    f: Callable[..., Array], name: str, theta: Mapping[str, float], parameters: Mapping[str, Any]
) -> float:
    value, _ = derivative_in(name, f, theta, parameters)
    return float(value) if np.isfinite(value) else 0.0
