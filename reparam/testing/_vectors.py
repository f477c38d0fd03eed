"""Properties of distributions of vectors."""

from __future__ import annotations

from typing import cast

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.reparameterized import Reparameterized
from reparam.engine.shapes import summed_to
from reparam.errors import NoFormulaError, ShapeError
from reparam.regions import Region, Simplex
from reparam.testing._report import check, refuses
from reparam.testing._typical import typicals

__all__ = [
    "vector_density_is_of_the_support",
    "vector_products_agree",
    "vector_second_products_agree",
]

Vectors = type[Reparameterized]

#: Relative rounding of sums of products in another order.
_ROUNDING = 1e-13
#: The step of differences of ``vjp``, and their relative error.
_STEP, _DIFFERENCE = 2.0**-11, 1e-6


def vector_products_agree(cls: Vectors) -> None:
    """``vjp`` and ``jvp`` are products with the Jacobian, and derivatives tangents of domains."""
    for d in typicals(cls):
        draw, rng = d.rsample(32, rng=1), np.random.default_rng(0)
        last = tuple(range(2, draw.value.ndim))
        for of in ("value", *cls._views):
            upstream = rng.normal(size=draw.value.shape)
            pulled, jacobian = draw.vjp(upstream, of), draw.jacobian(of)
            for name, entry in jacobian.items():
                lead = upstream.reshape(upstream.shape + (1,) * (entry.ndim - upstream.ndim))
                theta = d._values[name]
                expected = summed_to((lead * entry).sum(axis=last), theta.shape)
                size = summed_to(np.abs(lead * entry).sum(axis=last), theta.shape)
                bound = _ROUNDING * (size + np.max(size, initial=0.0) * bool(last[1:]))
                _close(d, f"the vjp of {of} in {name}", pulled[name], expected, bound + 1e-300)
                tangent, whole = _tangent(d, name, pulled[name]), 1e-10 * np.max(np.abs(expected))
                what = f"the vjp of {of} in {name}, as a tangent of the domain,"
                _close(d, what, pulled[name], tangent, whole + 1e-300)
        tangents = {
            name: _tangent(d, name, rng.normal(size=d._values[name].shape)) for name in jacobian
        }
        jacobian = draw.jacobian()
        terms = [
            _along(entry, tangents[name], len(d.event_shape)) for name, entry in jacobian.items()
        ]
        sizes = [
            _along(np.abs(entry), np.abs(tangents[name]), len(d.event_shape))
            for name, entry in jacobian.items()
        ]
        none = np.zeros_like(draw.value)  # if there is no parameter
        expected, size = sum(terms, start=none), sum(sizes, start=none)
        _close(d, "jvp", draw.jvp(**tangents), expected, _ROUNDING * (1.0 + size))


def vector_second_products_agree(cls: Vectors) -> None:
    """``hvp``, if there is a formula and draws are a map, is the derivative of ``vjp``."""
    if cls.path != "map" or not cls.has_formula("pull_along"):
        return
    for d in typicals(cls):
        _second_products_agree(d)


def _second_products_agree(d: Reparameterized) -> None:
    draw, rng = d.rsample(8, rng=1), np.random.default_rng(0)
    noise = draw.noise if isinstance(draw.noise, tuple) else (draw.noise,)
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
        _close(d, f"the hvp in {name}", found, expected, _DIFFERENCE * size + 1e-300)


def vector_density_is_of_the_support(cls: Vectors) -> None:
    """Elsewhere log p is −∞ and the score NaN; for NaN both are; what numbers have is refused."""
    d = cls()
    support = cast(Region, d._support)
    inside = d.sample(4, rng=2)
    for beyond in (1.5 * inside, inside - 1.0, -inside, np.full_like(inside, np.inf)):
        if isinstance(support, Simplex) or np.all(support.outside(beyond, d._values)):
            log_p = d.log_prob(beyond)
            check(d, np.all(log_p == -np.inf), f"log p outside the support is {log_p}, not −inf")
            _is_nan(d, "score outside the support", d.score(beyond))
    unknown = inside.copy()
    unknown.reshape(4, -1)[:, 0] = np.nan
    _is_nan(d, "what is computed from NaN", {"log p": d.log_prob(unknown)} | d.score(unknown))
    for of_numbers in (d.cdf, d.sf, d.log_cdf, d.log_sf, d.icdf, d.isf, d.pathwise):
        refuses(d, NoFormulaError, of_numbers, inside)
    if not cls.has_formula("stein_score"):
        refuses(d, NoFormulaError, d.stein_score, inside)
    longer = np.full(tuple(size + 1 for size in d.event_shape), 0.5)
    refuses(d, ShapeError, d.log_prob, longer)
    noises = [np.full(tuple(size + 1 for size in event), 0.5) for _, event in d._noises()]
    if any(noise.ndim for noise in noises):
        refuses(d, ShapeError, d.transform, *noises)


def _is_nan(d: Reparameterized, what: str, results: dict[str, Array]) -> None:
    for name, values in results.items():
        fixed = values == 0.0  # above the diagonal of a triangular matrix
        unknown = np.isnan(values)
        all_nan = np.all(unknown | fixed) and np.any(unknown)
        check(d, all_nan, f"{what}, {name}: {values}, expected NaN")


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


def _along(entries: Array, direction: Array, rank: int) -> Array:
    """Return derivatives in a direction, from those in all entries of values with `rank` axes."""
    event = direction.shape[1:]
    spread = direction.reshape(direction.shape[:1] + (1,) * rank + event)
    axes = tuple(range(entries.ndim - len(event), entries.ndim))
    return np.asarray((entries * spread).sum(axis=axes))


def _close(d: Reparameterized, what: str, actual: Array, expected: Array, bound: ArrayLike) -> None:
    """Raise an AssertionError unless |actual − expected| ≤ bound everywhere; NaN is not."""
    check(
        d,
        actual.shape == expected.shape,
        f"{what} has shape {actual.shape}, expected {expected.shape}",
    )
    excess = np.abs(actual - expected) / bound
    check(d, np.all(excess <= 1.0), f"{what} is off by {np.max(excess):.3g} of what is allowed")
