"""Properties of distributions of vectors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.reparameterized import Reparameterized
from reparam.engine.noise import BLOCK, UNIFORM
from reparam.engine.shapes import summed_to
from reparam.errors import NoFormulaError, ShapeError
from reparam.testing._report import check, refuses
from reparam.testing._typical import SETS, one_of, typical

__all__ = [
    "vector_density_is_of_the_simplex",
    "vector_draws_repeat",
    "vector_draws_replay",
    "vector_edges_are_numbers",
    "vector_gradients_are_unbiased",
    "vector_jacobian_differentiates_transform",
    "vector_products_agree",
    "vector_score_differentiates_log_prob",
    "vectors_do_not_depend_on_neighbours",
    "vectors_lie_on_simplex",
]

Vectors = type[Reparameterized]

#: Draws whose expectations are compared, and the standard errors that right ones keep within,
#: but for one of 10⁹ of all that is compared there.
_DRAWS, _ERRORS = 50_000, 7.2
#: How far beyond typical values parameters go.
_BEYOND = 1e3


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
    _on_simplex(d, d.sample(1000, rng=5))


def _on_simplex(d: Reparameterized, value: Array) -> None:
    check(d, np.all((value >= 0.0) & (value <= 1.0)), "an entry is outside [0, 1]")
    worst = float(np.max(np.abs(value.sum(axis=-1) - 1.0)))
    check(d, worst <= 8 * np.finfo(float).eps, f"entries sum to 1 only within {worst:.3g}")


def vector_jacobian_differentiates_transform(cls: Vectors) -> None:
    """∂y/∂θ, and that of every view, is what numerical differentiation at fixed noise gives."""
    d, noise = typical(cls), _noise(cls)

    def at_noise(of: str) -> Callable[[Reparameterized], Array]:
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
        if cls.parameters[name].dims
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


def vector_gradients_are_unbiased(cls: Vectors) -> None:
    """E[∂φ(y)/∂θ] = E[φ(y) ∂ log p(y)/∂θ] for several φ, and E[∂ log p(y)/∂θ] = 0.

    The left side is of draws and their derivatives alone, the right side looks at the density:
    both are ∂E[φ(y)]/∂θ, if the draws are from the density.
    """
    d = typical(cls, 3)
    draw = d.rsample(_DRAWS, rng=17)
    jacobian, score, y = draw.jacobian(), d.score(draw.value), draw.value
    c = np.cos(2.0 * np.arange(float(y.shape[-1])))
    phase = 3.0 * (y @ c)
    functions: dict[str, tuple[Array, Array]] = {
        "1": (np.ones_like(phase), np.zeros_like(y)),
        "y_0": (y[..., 0], np.eye(y.shape[-1])[0]),
        "Σ c_k y_k²": ((y * y) @ c, 2.0 * c * y),
        "cos(3 Σ c_k y_k)": (np.cos(phase), -3.0 * np.sin(phase)[..., np.newaxis] * c),
    }
    for what, (value, slope) in functions.items():
        baseline = 0.0 if what == "1" else value.mean(axis=0)  # less variance, no bias to speak of
        for name, entry in jacobian.items():
            event = (1,) * (entry.ndim - y.ndim)
            path = np.sum(np.broadcast_to(slope, y.shape).reshape(y.shape + event) * entry, axis=2)
            weight = value - baseline
            difference = path - weight.reshape(weight.shape + event) * score[name]
            scatter = difference.std(axis=0) / math.sqrt(_DRAWS)
            off = np.abs(difference.mean(axis=0)) / (scatter + 1e-15)
            check(
                d,
                np.all(off <= _ERRORS),
                f"gradients of E[φ(y)] in {name} by draws and by the score, φ = {what}, differ by"
                f" {np.max(off):.3g} standard errors, expected at most {_ERRORS}",
            )


def vector_density_is_of_the_simplex(cls: Vectors) -> None:
    """Elsewhere log p is −∞ and the score NaN; for NaN both are; what numbers have is refused."""
    d = cls()
    inside = d.sample(4, rng=2)
    for beyond in (1.5 * inside, inside - 1.0, np.full_like(inside, np.inf)):
        log_p = d.log_prob(beyond)
        check(d, np.all(log_p == -np.inf), f"log p outside the simplex is {log_p}, expected −inf")
        _is_nan(d, "score outside the simplex", d.score(beyond))
    unknown = np.where(np.arange(inside.shape[-1]) == 0, np.nan, inside)
    _is_nan(d, "what there is for NaN", {"log p": d.log_prob(unknown)} | d.score(unknown))
    for of_numbers in (d.cdf, d.sf, d.log_cdf, d.log_sf, d.icdf, d.isf, d.pathwise, d.stein_score):
        refuses(d, NoFormulaError, of_numbers, inside)
    longer = np.full(inside.shape[-1] + 1, 0.5)
    refuses(d, ShapeError, d.log_prob, longer)
    refuses(d, ShapeError, d.transform, longer)


def _is_nan(d: Reparameterized, what: str, results: dict[str, Array]) -> None:
    for name, values in results.items():
        check(d, np.all(np.isnan(values)), f"{what}, {name}: {values}, expected NaN")


def vectors_do_not_depend_on_neighbours(cls: Vectors) -> None:
    """What is said of a vector does not depend on the batch that it is in."""
    d, noise = typical(cls), _noise(cls)

    def told(d: Reparameterized, noise: Array) -> dict[str, Array]:
        draw = d.transform(noise)
        told = {"y": draw.value, "log p(y)": d.log_prob(draw.value)}
        told |= {f"∂y/∂{name}": entry for name, entry in draw.jacobian().items()}
        return told | {f"∂ log p/∂{name}": entry for name, entry in d.score(draw.value).items()}

    batch = told(d, noise)
    for i, j in ((0, 0), (5, 3), (17, 6), (31, 1)):
        for what, alone in told(one_of(d, j), noise[i, j]).items():
            _equal(d, f"{what} in a batch", batch[what][i, j], alone)


def vector_edges_are_numbers(cls: Vectors) -> None:
    """With tiny and huge parameters and extreme noise values stay on the simplex.

    There is no NaN among them, their views, or the derivatives of these.
    """
    rng = np.random.default_rng(3)
    values: dict[str, ArrayLike] = {}
    for name, parameter in cls.parameters.items():
        low, high = parameter.typical
        ends = [low / _BEYOND if low > 0.0 else low * _BEYOND, high * _BEYOND]
        size = (16, *parameter.lengths)
        values[name] = rng.choice(ends, size)
    d = cls(**values)
    noise = np.array(d.rsample(64, rng=5).noise)
    if d.noise is UNIFORM:
        extreme = rng.choice([5e-324, 1e-300, 1e-10, 0.5, 1.0 - 1e-10, 1.0 - 2.0**-53], noise.shape)
        noise[:48] = extreme[:48]
    draw = d.transform(noise)
    _on_simplex(d, draw.value)
    for of in ("value", *cls._views):
        numbers = {of: getattr(draw, of)}
        numbers |= {f"∂{of}/∂{name}": entry for name, entry in draw.jacobian(of).items()}
        for what, entry in numbers.items():
            check(d, not np.any(np.isnan(entry)), f"{what} is NaN with extreme parameters or noise")


def _noise(cls: Vectors) -> Array:
    """Return noise of shape (n, *batch, K): central and in the tails."""
    noise = np.array(typical(cls).rsample(32, rng=1).noise)
    if cls.noise is UNIFORM:
        noise[:4] *= 1e-3
        noise[4:8] = 1.0 - noise[4:8] * 1e-3
    return noise


def _slope(
    f: Callable[[Reparameterized], Array],
    d: Reparameterized,
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


def _equal(d: Reparameterized, what: str, actual: Array, expected: Array) -> None:
    check(d, np.array_equal(actual, expected), f"{what}: got {actual}, expected {expected}")


def _close(d: Reparameterized, what: str, actual: Array, expected: Array, bound: ArrayLike) -> None:
    """Raise an AssertionError unless |actual − expected| ≤ bound everywhere; NaN is not."""
    check(
        d,
        actual.shape == expected.shape,
        f"{what} has shape {actual.shape}, expected {expected.shape}",
    )
    excess = np.abs(actual - expected) / bound
    check(d, np.all(excess <= 1.0), f"{what} is off by {np.max(excess):.3g} of what is allowed")
