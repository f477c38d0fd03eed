"""Derivatives of draws of vectors in a direction of parameter space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.engine.operands import Operand, batch_operand
from reparam.engine.shapes import summed_to
from reparam.errors import NoFormulaError

__all__ = ["hvp", "pushed"]

# Of draws, whose class is above this module: a draw is any here.


def _whole(draw: Any, tangents: Mapping[str, Array]) -> list[Array]:
    """Return a tangent for each parameter: 0 for those that stay."""
    d = draw.distribution
    values = zip(d.parameters.differentiable, d._differentiable(), strict=True)
    return [tangents.get(name, np.zeros_like(value)) for name, value in values]


def _leading(draw: Any, tangents: Mapping[str, Array]) -> list[Operand]:
    """Return tangents of what formulas take, as their arguments."""
    d, whole = draw.distribution, _whole(draw, tangents)
    if d._prepared_dims:
        whole = [np.asarray(each) for each in d._pushed_on(whole, *d._theta, *d._ready)]
    return [
        batch_operand(each, d.batch_shape, draw._rows, event)
        for each, event in zip(whole, d._formula_events(), strict=True)
    ]


def pushed(draw: Any, tangents: Mapping[str, Array]) -> Array:
    """Return the derivative in a direction by the formula of that."""
    leading = _leading(draw, tangents)
    count, push = len(leading), draw.distribution._formula("_push")

    def directional(*arguments: Array) -> Array:
        along: Array = push(arguments[:count], *arguments[count:])
        return along

    found: Array = draw._evaluate(directional, [draw.distribution.event_shape], *leading)[0][()]
    return found


def hvp(
    draw: Any, upstream: ArrayLike, curvature: ArrayLike | None, tangents: Mapping[str, Array]
) -> dict[str, Array]:
    """Return what :meth:`Draw.hvp` does, by the formula of the derivative of ``_pull``."""
    d = draw.distribution
    if d._follows("_pull_along"):
        reason = "derivatives are of a field" if d.path == "field" else "nobody has written it"
        raise NoFormulaError(
            f"{type(d).__name__} has no derivative of vjp in a direction: {reason}; there are vjp,"
            " jvp and jacobian"
        )
    leading = _leading(draw, tangents)
    count, pull_along = len(leading), d._formula("_pull_along")

    def directional(weight: Array, *rest: Array) -> tuple[Any, ...]:
        along: tuple[Any, ...] = pull_along(weight, rest[:count], *rest[count:])
        return along

    sums = draw._sums(upstream, formula=directional, leading=leading)
    if curvature is not None:
        change = np.asarray(curvature) * draw.jvp(tangents)
        sums = [bent + more for bent, more in zip(sums, draw._sums(change), strict=True)]
    found = d._in_theta(sums)
    if d._prepared_dims:
        pulled, theta = draw._sums(upstream), (*d._theta, *d._ready)
        more = d._pulled_back_along(pulled, _whole(draw, tangents), *theta)
        found = [bent + change for bent, change in zip(found, more, strict=True)]
    own = zip(found, d._differentiable(), strict=True)
    named: dict[str, Array] = d._by_name(summed_to(each, value.shape) for each, value in own)
    return named
