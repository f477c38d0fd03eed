"""Properties of distributions of vectors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, cast

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.reparameterized import Reparameterized
from reparam.engine.noise import BLOCK, UNIFORM
from reparam.engine.shapes import summed_to
from reparam.errors import NoFormulaError, ParameterError, ShapeError
from reparam.regions import Region, Simplex
from reparam.testing._report import check, refuses
from reparam.testing._typical import SETS, one_of, typical, typicals

__all__ = [
    "vector_density_is_of_the_support",
    "vector_draws_repeat",
    "vector_draws_replay",
    "vector_edges_are_numbers",
    "vector_gradients_are_unbiased",
    "vector_jacobian_differentiates_transform",
    "vector_products_agree",
    "vector_score_differentiates_log_prob",
    "vector_statistics_match_draws",
    "vectors_do_not_depend_on_neighbours",
    "vectors_lie_in_support",
]

Vectors = type[Reparameterized]
Noises = Sequence[Array]

#: Draws whose expectations are compared, and the standard errors that right ones keep within,
#: but for one of 10⁹ of all that is compared there.
_DRAWS, _ERRORS = 50_000, 7.2
#: How far beyond typical values parameters go.
_BEYOND = 1e3
#: The same for the numbers that make a matrix, or a vector of a region.
_BEYOND_REGION = 10.0
#: Relative rounding of sums of products in another order.
_ROUNDING = 1e-13


def vector_draws_repeat(cls: Vectors) -> None:
    """The same seed gives the same draws; a prefix of more draws is fewer draws."""
    for d in typicals(cls):
        few, many = d.rsample(5, rng=3), d.rsample(9, rng=3)
        _equal(d, "a value among more draws", many.value[:5], few.value)
        for more, less in zip(_several(many.noise), _several(few.noise), strict=True):
            _equal(d, "noise among more draws", more[:5], less)
        _equal(d, "a value of sample", d.sample(5, rng=3), few.value)
        check(d, np.any(d.sample(5, rng=4) != few.value), "seeds 3 and 4 give the same draws")
        empty, expected = d.rsample(0, rng=1).value.shape, (0, *d.batch_shape, *d.event_shape)
        check(d, empty == expected, f"no draws have shape {empty}, expected {expected}")


def vector_draws_replay(cls: Vectors) -> None:
    """``transform`` of a draw's noise is that draw to the bit, also across blocks."""
    d = typical(cls)
    size = max(math.prod(event) for _, event in d._noises())
    draw = d.rsample(BLOCK // SETS // size + 3, rng=3)
    replayed = d.transform(*(noise[-40:] for noise in _several(draw.noise)))
    _equal(d, "transform of a draw's noise", replayed.value, draw.value[-40:])


def vectors_lie_in_support(cls: Vectors) -> None:
    """Values belong to the support: on the simplex entries sum to 1 up to rounding."""
    for d in typicals(cls):
        _in_support(d, d.sample(1000, rng=5))


def _in_support(d: Reparameterized, value: Array) -> None:
    support = cast(Region, d._support)
    check(d, not np.any(support.outside(value, d._values)), "a value is outside the support")
    if isinstance(support, Simplex):
        worst = float(np.max(np.abs(value.sum(axis=-1) - 1.0)))
        check(d, worst <= 8 * np.finfo(float).eps, f"entries sum to 1 only within {worst:.3g}")


def vector_jacobian_differentiates_transform(cls: Vectors) -> None:
    """∂y/∂θ, and that of every view, is what numerical differentiation at fixed noise gives."""
    if cls.path != "map":
        return
    for d in typicals(cls):
        noise = _noise(d)

        def at_noise(of: str, noise: Noises = noise) -> Callable[[Reparameterized], Array]:
            return lambda other: np.asarray(getattr(other.transform(*noise), of))

        for of in ("value", *cls._views):
            for name, entries in d.transform(*noise).jacobian(of).items():
                for at, direction in _directions(d, name):
                    got = _along(entries, direction, len(d.event_shape))
                    expected = _slope(at_noise(of), d, name, direction)
                    size = 1.0 + np.abs(expected)
                    _close(d, f"∂{of}/∂{name}{at or ''}", got, expected, 1e-6 * size)


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


def vector_score_differentiates_log_prob(cls: Vectors) -> None:
    """∂ log p/∂θ is what numerical differentiation gives."""
    for d in typicals(cls):
        value = d.sample(20, rng=8)
        if isinstance(d._support, Simplex):
            value = value[np.all(value > 1e-200, axis=(-1, -2))]
        check(d, len(value), "no typical draw is inside the simplex")
        for name, entries in d.score(value).items():
            for at, direction in _directions(d, name):
                expected = _slope(partial(_log_prob, value), d, name, direction)
                size = 1.0 + np.abs(expected) + np.abs(d.log_prob(value))
                got = _along(entries, direction, 0)
                _close(d, f"∂ log p/∂{name}{at or ''}", got, expected, 1e-6 * size)


def vector_gradients_are_unbiased(cls: Vectors) -> None:
    """E[∂φ(y)/∂θ] = E[φ(y) ∂ log p(y)/∂θ] for several φ, and E[∂ log p(y)/∂θ] = 0.

    The left side is of draws and their derivatives alone, the right side looks at the density:
    both are ∂E[φ(y)]/∂θ, if the draws are from the density.
    """
    d = typical(cls, 3)
    numbers = sum(math.prod(each) for each in d._events())
    n = _DRAWS // max(1, numbers // 6)
    draw = d.rsample(n, rng=17)
    jacobian, score = draw.jacobian(), d.score(draw.value)
    y = draw.value.reshape(n, 3, -1)
    c = np.cos(2.0 * np.arange(float(y.shape[-1])))
    phase = 3.0 * (y @ c)
    functions: dict[str, tuple[Array, Array]] = {
        "1": (np.ones_like(phase), np.zeros_like(y)),
        "y_0": (y[..., 0], np.eye(y.shape[-1])[0]),
        "Σ c_k y_k²": ((y * y) @ c, 2.0 * c * y),
        "cos(3 Σ c_k y_k)": (np.cos(phase), -3.0 * np.sin(phase)[..., np.newaxis] * c),
    }
    if not isinstance(d._support, Simplex):  # y² and its score may have heavy tails
        smooth = np.sum(y * y, axis=-1)
        damp = np.exp(-smooth / (2.0 * np.median(smooth, axis=0)))
        slope = -y / np.median(smooth, axis=0)[:, np.newaxis] * damp[..., np.newaxis]
        functions["Σ c_k y_k²"] = (damp, slope)
    for what, (value, slope) in functions.items():
        baseline = 0.0 if what == "1" else value.mean(axis=0)  # less variance, no bias to speak of
        for name, entry in jacobian.items():
            event = d.parameters[name].event(d._values[name])
            entry = entry.reshape(*y.shape, *event)
            ones = (1,) * len(event)
            path = np.sum(np.broadcast_to(slope, y.shape).reshape(y.shape + ones) * entry, axis=2)
            weight = value - baseline
            difference = path - weight.reshape(weight.shape + ones) * score[name]
            scatter = difference.std(axis=0) / math.sqrt(n)
            off = np.abs(difference.mean(axis=0)) / (scatter + 1e-15)
            check(
                d,
                np.all(off <= _ERRORS),
                f"gradients of E[φ(y)] in {name} by draws and by the score, φ = {what}, differ by"
                f" {np.max(off):.3g} standard errors, expected at most {_ERRORS}",
            )


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
    _is_nan(d, "what there is for NaN", {"log p": d.log_prob(unknown)} | d.score(unknown))
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


def vectors_do_not_depend_on_neighbours(cls: Vectors) -> None:
    """What is said of a vector does not depend on the batch that it is in."""

    def told(d: Reparameterized, noise: Noises) -> dict[str, Array]:
        draw = d.transform(*noise)
        told = {"y": draw.value, "log p(y)": d.log_prob(draw.value)}
        told |= {f"∂y/∂{name}": entry for name, entry in draw.jacobian().items()}
        return told | {f"∂ log p/∂{name}": entry for name, entry in d.score(draw.value).items()}

    for d in typicals(cls):
        noise = _noise(d)
        batch = told(d, noise)
        for i, j in ((0, 0), (5, 3), (17, 6), (31, 1)):
            at = (i, j)[: 1 + len(d.batch_shape)]
            alone = told(one_of(d, j), [each[at] for each in noise])
            for what, value in alone.items():
                _equal(d, f"{what} in a batch", batch[what][at], value)


def vector_edges_are_numbers(cls: Vectors) -> None:
    """With tiny and huge parameters and extreme noise values stay in the support.

    There is no NaN among them, their views, or the derivatives of these.
    """
    for chosen in cls._selections():
        try:
            d = cls(**_extreme(cls, chosen, _BEYOND))
        except ParameterError:  # a lower limit that another parameter sets
            d = cls(**_extreme(cls, chosen, 1.0))
        rng = np.random.default_rng(4)
        noise = [np.array(each) for each in _several(d.rsample(64, rng=5).noise)]
        for (kind, _), each in zip(d._noises(), noise, strict=True):
            if kind is UNIFORM:
                edge = [5e-324, 1e-300, 1e-10, 0.5, 1.0 - 1e-10, 1.0 - 2.0**-53]
                each[:48] = rng.choice(edge, each.shape)[:48]
        draw = d.transform(*noise)
        if len(d.event_shape) < 2:  # matrices round to singular ones
            _in_support(d, draw.value)
        for of in ("value", *cls._views):
            numbers = {of: getattr(draw, of)}
            numbers |= {f"∂{of}/∂{name}": entry for name, entry in draw.jacobian(of).items()}
            for what, entry in numbers.items():
                bad = np.any(np.isnan(entry))
                check(d, not bad, f"{what} is NaN with extreme parameters or noise")


def _extreme(cls: Vectors, chosen: list[str], below: float) -> dict[str, ArrayLike]:
    """Return parameters far beyond typical values; positive ones that far below."""
    rng = np.random.default_rng(3)
    values: dict[str, ArrayLike] = {}
    for name in chosen:
        parameter = cls.parameters[name]
        (low, high), size = parameter.typical, (16, *parameter.lengths)
        if parameter.length_of:
            continue
        if isinstance(parameter.domain, Region):
            ends = rng.choice([low, high], size)
            values[name] = parameter.domain.member(_BEYOND_REGION * ends)
            continue
        beyond = [low / below if low > 0.0 else low * _BEYOND, high * _BEYOND]
        values[name] = rng.choice(beyond, size)
    return values


def vector_statistics_match_draws(cls: Vectors) -> None:
    """Mean, variance, covariance and entropy are those of draws, if they have formulas."""
    for d in typicals(cls, 3, seed=1)[:1]:
        y = d.sample(_DRAWS, rng=23)
        flat = y.reshape(_DRAWS, math.prod(d.batch_shape), -1)
        centred = flat - flat.mean(axis=0)
        products = centred[..., :, np.newaxis] * centred[..., np.newaxis, :]
        several = {"mean": flat, "variance": centred * centred, "entropy": -d.log_prob(y)}
        if len(d.event_shape) == 1:
            several["covariance"] = products
        for what, terms in several.items():
            if not cls.has_formula(what):
                continue
            got = np.asarray(getattr(d, what)).reshape(terms.shape[1:])
            known = np.isfinite(got)
            scatter = terms.std(axis=0) / math.sqrt(_DRAWS)
            off = np.where(known, np.abs(terms.mean(axis=0) - got) / (scatter + 1e-9), 0.0)
            check(
                d,
                np.all(off <= _ERRORS),
                f"the {what} and that of draws differ by {np.max(off):.3g} standard errors,"
                f" expected at most {_ERRORS}",
            )


def _log_prob(value: Array, d: Reparameterized) -> Array:
    return d.log_prob(value)


def _several(noise: Any) -> list[Array]:
    """Return the arrays of a draw's noise, however many there are."""
    return [*noise] if isinstance(noise, tuple) else [noise]


def _noise(d: Reparameterized) -> list[Array]:
    """Return noise of shape (n, *batch, …): central and in the tails."""
    arrays = [np.array(each) for each in _several(d.rsample(32, rng=1).noise)]
    for (kind, _), noise in zip(d._noises(), arrays, strict=True):
        if kind is UNIFORM:
            noise[:4] *= 1e-3
            noise[4:8] = 1.0 - noise[4:8] * 1e-3
    return arrays


def _tangent(d: Reparameterized, name: str, direction: Array) -> Array:
    """Return a direction in which a parameter may move, from any."""
    domain = d.parameters[name].domain
    if isinstance(domain, Region):
        return domain.projected(direction, d._values[name])
    return direction


def _directions(d: Reparameterized, name: str) -> Iterator[tuple[list[int], Array]]:
    """Yield entries of a parameter, each with the direction in which it may move."""
    value = d._values[name]
    for at in np.ndindex(*d.parameters[name].event(value)):
        unit = np.zeros(value.shape)
        unit[(..., *at)] = 1.0
        direction = _tangent(d, name, unit)
        if np.any(direction):
            yield [*at], direction


def _along(entries: Array, direction: Array, rank: int) -> Array:
    """Return derivatives in a direction, from those in all entries of values with `rank` axes."""
    event = direction.shape[1:]
    spread = direction.reshape(direction.shape[:1] + (1,) * rank + event)
    axes = tuple(range(entries.ndim - len(event), entries.ndim))
    return np.asarray((entries * spread).sum(axis=axes))


def _slope(
    f: Callable[[Reparameterized], Array], d: Reparameterized, name: str, direction: Array
) -> Array:
    """Return the derivative of f(d) as a parameter moves in a direction, by four-point differences.

    Its error is of fourth order in the step.
    """
    step, domain = 1e-3, d.parameters[name].domain

    def moved(steps: int) -> Array:
        value = d._values[name] + steps * step * direction
        if isinstance(domain, Region):
            value = domain.retracted(value)
        return f(d.replace({name: value}))

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
