"""Properties of distributions of vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.blockwise import summed_to
from reparam.noise import BLOCK, UNIFORM
from reparam.testing._report import check
from reparam.testing._typical import SETS, typical
from reparam.vectors import VectorReparameterized

__all__ = [
    "vector_draws_repeat",
    "vector_draws_replay",
    "vector_jacobian_differentiates_transform",
    "vector_products_agree",
    "vector_score_differentiates_log_prob",
    "vectors_lie_on_simplex",
]

Vectors = type[VectorReparameterized]


def vector_draws_repeat(cls: Vectors) -> None:
    """The same seed gives the same draws; a prefix of more draws is fewer draws."""
    d = typical(cls)
    few, many = d.rsample(5, rng=3), d.rsample(9, rng=3)
    _equal(d, "a value among more draws", many.value[:5], few.value)
    _equal(d, "noise among more draws", many.noise[:5], few.noise)
    _equal(d, "a value of sample", d.sample(5, rng=3), few.value)
    check(d, np.any(d.sample(5, rng=4) != few.value), "seeds 3 and 4 give the same draws")
    empty, expected = d.rsample(0, rng=1).value.shape, (0, SETS, *d.event_shape)
    check(d, empty == expected, f"no draws have shape {empty}, expected {expected}")


def vector_draws_replay(cls: Vectors) -> None:
    """``transform`` of a draw's noise is that draw to the bit, also across blocks."""
    d = typical(cls)
    draw = d.rsample(BLOCK // SETS + 3, rng=3)
    replayed = d.transform(draw.noise[-40:])
    _equal(d, "transform of a draw's noise", replayed.value, draw.value[-40:])


def vectors_lie_on_simplex(cls: Vectors) -> None:
    """Entries are not negative and sum to 1."""
    d = typical(cls)
    value = d.sample(1000, rng=5)
    check(d, np.all((value >= 0.0) & (value <= 1.0)), "an entry is outside [0, 1]")
    worst = float(np.max(np.abs(value.sum(axis=-1) - 1.0)))
    check(d, worst <= 8 * np.finfo(float).eps, f"entries sum to 1 only within {worst:.3g}")


def vector_jacobian_differentiates_transform(cls: Vectors) -> None:
    """∂y/∂θ, and that of every view, is what numerical differentiation at fixed noise gives."""
    d, noise = typical(cls), _noise(cls)

    def at_noise(of: str) -> Callable[[VectorReparameterized], Array]:
        return lambda other: np.asarray(getattr(other.transform(noise), of))

    for of in ("value", *cls._views):
        for name, entries in d.transform(noise).jacobian(of).items():
            event = cls.parameters[name].event(d._values[name])
            for at in np.ndindex(*event):
                got = entries[(..., *at)]
                expected = _slope(at_noise(of), d, name, at)
                size = 1.0 + np.abs(expected)
                _close(d, f"∂{of}/∂{name}{list(at) or ''}", got, expected, 1e-6 * size)


def vector_products_agree(cls: Vectors) -> None:
    """``vjp`` and ``jvp`` are products with the Jacobian."""
    d, noise = typical(cls), _noise(cls)
    draw, rng = d.transform(noise), np.random.default_rng(0)
    for of in ("value", *cls._views):
        upstream = rng.normal(size=draw.value.shape)
        pulled, jacobian = draw.vjp(upstream, of), draw.jacobian(of)
        for name, entry in jacobian.items():
            lead = upstream.reshape(upstream.shape + (1,) * (entry.ndim - upstream.ndim))
            axis = draw.value.ndim - 1
            theta = d._values[name]
            expected = summed_to((lead * entry).sum(axis=axis), theta.shape)
            bound = 1e-13 * summed_to(np.abs(lead * entry).sum(axis=axis), theta.shape)
            _close(d, f"the vjp of {of} in {name}", pulled[name], expected, bound)
    tangents = {name: rng.normal(size=value.shape) for name, value in d._values.items()}
    terms = [
        (entry * tangents[name][:, np.newaxis]).sum(axis=-1)
        if cls.parameters[name].vector
        else entry * tangents[name][:, np.newaxis]
        for name, entry in draw.jacobian().items()
    ]
    expected = np.sum(terms, axis=0)
    _close(d, "jvp", draw.jvp(**tangents), expected, 1e-13 * (1.0 + np.abs(terms).sum(axis=0)))


def vector_score_differentiates_log_prob(cls: Vectors) -> None:
    """∂ log p/∂θ is what numerical differentiation gives."""
    d = typical(cls)
    value = d.sample(20, rng=8)
    value = value[np.all(value > 1e-200, axis=(-1, -2))]
    check(d, len(value), "no typical draw is inside the simplex")
    for name, entries in d.score(value).items():
        event = cls.parameters[name].event(d._values[name])
        for at in np.ndindex(*event):
            expected = _slope(lambda e: e.log_prob(value), d, name, at)
            size = 1.0 + np.abs(expected) + np.abs(d.log_prob(value))
            _close(
                d, f"∂ log p/∂{name}{list(at) or ''}", entries[(..., *at)], expected, 1e-6 * size
            )


def _noise(cls: Vectors) -> Array:
    """Return noise of shape (n, *batch, K): central and in the tails."""
    noise = np.array(typical(cls).rsample(32, rng=1).noise)
    if cls.noise is UNIFORM:
        noise[:4] *= 1e-3
        noise[4:8] = 1.0 - noise[4:8] * 1e-3
    return noise


def _slope(
    f: Callable[[VectorReparameterized], Array],
    d: VectorReparameterized,
    name: str,
    at: tuple[int, ...],
) -> Array:
    """Return the derivative of f(d) in a parameter, or an entry of one, by four-point differences.

    Its error is of fourth order in the step.
    """
    step, where = 1e-3, cast(Any, (..., *at))

    def moved(steps: int) -> Array:
        theta = {key: np.array(value) for key, value in d._values.items()}
        theta[name][where] += steps * step
        return f(type(d)(**theta))

    near, far = moved(1) - moved(-1), moved(2) - moved(-2)
    return np.asarray((8.0 * near - far) / (12.0 * step))


def _equal(d: VectorReparameterized, what: str, actual: Array, expected: Array) -> None:
    check(d, np.array_equal(actual, expected), f"{what}: got {actual}, expected {expected}")


def _close(
    d: VectorReparameterized, what: str, actual: Array, expected: Array, bound: ArrayLike
) -> None:
    """Raise an AssertionError unless |actual − expected| ≤ bound everywhere; NaN is not."""
    check(
        d,
        actual.shape == expected.shape,
        f"{what} has shape {actual.shape}, expected {expected.shape}",
    )
    excess = np.abs(actual - expected) / bound
    check(d, np.all(excess <= 1.0), f"{what} is off by {np.max(excess):.3g} of what is allowed")
