"""Properties of ``vjp``, ``jvp`` and ``hvp``: products with derivatives of draws."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.reparameterized import Reparameterized
from reparam.engine.shapes import summed_to
from reparam.regions import Region
from reparam.testing._report import Distributions, agree, check
from reparam.testing._typical import several, typicals

#: Relative rounding of sums of products in another order: of numbers, and of vectors.
_ROUNDING, _OF_VECTORS = 1e-14, 1e-13
#: The step of differences of ``vjp``, and their relative error.
_STEP, _DIFFERENCE = 2.0**-11, 1e-6


def products_agree(cls: Distributions) -> None:
    """``vjp`` and ``jvp`` are products with the Jacobian, and derivatives tangents of domains.

    Those of a parameter that others broadcast with are summed to its own shape.
    """
    for d in typicals(cls):
        _products_agree(d)
    if not d.event_shape:
        first = cls.parameters.differentiable[0]
        values: dict[str, ArrayLike] = {name: x.default for name, x in cls.parameters.items()}
        column = np.linspace(*cls.parameters[first].typical, 3).reshape(3, 1)
        _products_agree(cls(**values | {first: column}))


def _products_agree(d: Reparameterized) -> None:
    draw, rng = d.rsample((16, 2), rng=1), np.random.default_rng(0)
    rank, rounding = len(d.event_shape), _OF_VECTORS if d.event_shape else _ROUNDING
    entries = tuple(range(draw.value.ndim - rank, draw.value.ndim))
    for of in ("value", *type(d)._views):
        upstream = rng.normal(size=draw.value.shape)
        pulled = draw.vjp(upstream, of)
        for name, entry in draw.jacobian(of).items():
            shape = d._values[name].shape
            lead = upstream.reshape(upstream.shape + (1,) * (entry.ndim - upstream.ndim))
            expected, size = (
                summed_to(terms.sum(axis=entries), shape)
                for terms in (lead * entry, np.abs(lead * entry))
            )
            bound = rounding * (size + np.max(size, initial=0.0) * (rank > 1)) + 1e-300
            what = f"the vjp of {of} in {name}"
            _agree(d, what, pulled[name], expected, bound)
            tangent, whole = _tangent(d, name, pulled[name]), 1e-10 * np.max(np.abs(expected))
            _agree(d, f"{what}, as a tangent of the domain,", pulled[name], tangent, whole + 1e-300)
    jacobian = draw.jacobian()
    tangents = {
        name: _tangent(d, name, rng.normal(size=d._values[name].shape)) for name in jacobian
    }
    total = size = np.zeros_like(draw.value)  # if there is no parameter
    for name, entry in jacobian.items():
        own = entry.ndim - draw.value.ndim
        total = total + _along(entry, tangents[name], rank, own)
        size = size + _along(np.abs(entry), np.abs(tangents[name]), rank, own)
    _agree(d, "jvp", draw.jvp(**tangents), total, rounding * (bool(rank) + size))


def second_products_agree(cls: Distributions) -> None:
    """``hvp``, if vectors have a formula and draws are a map, is the derivative of ``vjp``."""
    if cls.path != "map" or not cls.has_formula("pull_along"):
        return
    for d in typicals(cls):
        _second_products_agree(d)


def _second_products_agree(d: Reparameterized) -> None:
    draw, rng = d.rsample(8, rng=1), np.random.default_rng(0)
    noise = several(draw.noise)
    upstream, curvature = rng.normal(size=(2, *draw.value.shape))
    tangents = {
        name: _tangent(d, name, rng.normal(size=d._values[name].shape))
        for name in d.parameters.differentiable
    }

    def pulled(steps: float) -> dict[str, Array]:
        moved = {name: _moved(d, name, steps * _STEP * t) for name, t in tangents.items()}
        there = d.replace(moved).transform(*noise)
        return there.vjp(upstream + curvature * (there.value - draw.value))

    (up, down), (above, below) = ((pulled(k), pulled(-k)) for k in (1.0, 2.0))
    for name, found in draw.hvp(upstream, tangents, curvature=curvature).items():
        near, far = up[name] - down[name], above[name] - below[name]
        slope = (8.0 * near - far) / (12.0 * _STEP)
        size = np.max(np.abs(up[name]), initial=0.0) + np.max(np.abs(slope), initial=0.0)
        expected = _tangent(d, name, slope)
        _agree(d, f"the hvp in {name}", found, expected, _DIFFERENCE * size + 1e-300)


def _tangent(d: Reparameterized, name: str, direction: Array) -> Array:
    """Return a direction in which a parameter may move, from any."""
    domain = d.parameters[name].domain
    if isinstance(domain, Region):
        return domain.projected(direction, d._values[name])
    return direction


def _moved(d: Reparameterized, name: str, step: Array) -> Array:
    """Return a parameter's values after a step along a tangent."""
    domain, moved = d.parameters[name].domain, d._values[name] + step
    return domain.retracted(moved) if isinstance(domain, Region) else moved


def _along(entries: Array, direction: Array, rank: int, own: int) -> Array:
    """Return derivatives in a direction, whose last axes are a parameter's own.

    They are from those in all its entries, of values with `rank` axes.
    """
    batch = direction.ndim - own
    spread = direction.reshape(direction.shape[:batch] + (1,) * rank + direction.shape[batch:])
    return np.asarray((entries * spread).sum(axis=tuple(range(entries.ndim - own, entries.ndim))))


def _agree(d: Reparameterized, what: str, actual: Array, expected: Array, bound: ArrayLike) -> None:
    shapes = np.shape(actual), np.shape(expected)
    check(d, shapes[0] == shapes[1], f"{what} has shape {shapes[0]}, expected {shapes[1]}")
    agree(d, what, actual, expected, atol=bound)
