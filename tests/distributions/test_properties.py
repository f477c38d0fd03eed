"""Properties that hold for parameters all over their domains, and for all noise.

Each test takes many sets of parameters at once: chosen at random, the same each time.
"""

import math

import numpy as np
import pytest
from facts import lacks_mean
from kinds import REPARAMETERIZED

import reparam as rp
from reparam.domains import POSITIVE, REAL, Integers
from reparam.engine.noise import UNIFORM

TINY, HUGE = 5e-324, math.nextafter(math.inf, 0.0)
#: The least and the largest size of values for parameters that are far beyond the typical.
SIZES = 1e-100, 1e100
#: Sets of parameters, and numbers that each is combined with; rows of one number each.
SETS, NUMBERS, ROWS = 40, 16, 24
CLASSES = [rp.get(name) for name in REPARAMETERIZED]


every_distribution = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.name)


# What is drawn


def one_of(rng, *choices):
    """For each place one of several arrays' entries."""
    return np.choose(rng.integers(len(choices), size=choices[0].size), choices)


def positive(rng, n, low=TINY, high=HUGE):
    """Positive numbers, evenly on a logarithmic scale; also the ends, and halves of integers."""
    logarithms = rng.uniform(math.log(low), math.log(high) - 1e-12, n)
    return one_of(
        rng,
        np.maximum(np.exp(logarithms), low),
        rng.choice([low, high], n),
        0.5 * rng.integers(1, 41, n),
    )


def inside(rng, n, interval, low=TINY, high=HUGE):
    """Numbers inside an interval, with magnitudes from `low` to `high` where it has no ends."""
    if isinstance(interval, Integers):
        return rng.integers(interval.low, interval.high + 1, n).astype(np.float64)
    if interval == POSITIVE:
        return positive(rng, n, low, high)
    if interval == REAL:
        size = positive(rng, n, low, high)
        return one_of(rng, np.zeros(n), size, -size)
    first, last = np.nextafter(interval.low, np.inf), np.nextafter(interval.high, -np.inf)
    share = 10.0 ** rng.uniform(-17.0, -0.3, n)
    width = interval.high - interval.low
    found = one_of(
        rng,
        rng.uniform(interval.low, interval.high, n),
        rng.choice([first, 0.5 * (first + last), last], n),
        interval.low + share * width,
        interval.high - share * width,
    )
    return np.clip(found, first, last)


def anywhere(rng, n, parameter):
    """Any values of a parameter."""
    return inside(rng, n, parameter.domain)


def normal(rng, n, parameter):
    """Any values but those next to the smallest and the largest floating-point numbers."""
    return inside(rng, n, parameter.domain, 1e-300, 1e300)


def wide(rng, n, parameter):
    """Values from two decades below the typical range to four decades above."""
    low, high = parameter.typical
    least = 1e-2 * (low if low > 0.0 else 1e-3)
    return inside(rng, n, parameter.domain, least, 1e4 * max(-low, high))


def distributions(rng, cls, values, n=SETS):
    """The distribution with sets of parameters: batch shape (sets,)."""
    theta = {name: values(rng, n, parameter) for name, parameter in cls.parameters.items()}
    keep = np.ones(n, bool)
    for low, high in cls._ordered:
        theta[low], theta[high] = np.sort([theta[low], theta[high]], axis=0)
        keep &= theta[low] < theta[high]
    return cls(**{name: entry[keep] for name, entry in theta.items()})


def uniforms(rng, n):
    """Uniform noise: central, in both tails, and next to ½."""
    tail = np.maximum(np.exp(rng.uniform(-37.4, -0.01, n)), 2.0**-54)
    return one_of(
        rng,
        rng.choice([2.0**-54, 0.5 - 2.0**-54, 0.5, 0.5 + 2.0**-53, 1.0 - 2.0**-53], n),
        rng.uniform(2.0**-54, 1.0 - 2.0**-53, n),
        tail,
        np.minimum(1.0 - tail, 1.0 - 2.0**-53),
    )


def noises(rng, n, cls):
    """Noise of the kind that a distribution takes."""
    if cls.noise is UNIFORM:
        return uniforms(rng, n)
    return one_of(rng, rng.uniform(-9.0, 9.0, n), inside(rng, n, REAL))


def column(numbers):
    """Numbers in order, to broadcast with sets of parameters: shape (numbers, 1)."""
    return np.sort(numbers)[:, np.newaxis]


# What is said of it


def values_of(rng, d, *sizes):
    """Values in a support that doesn't move."""
    return column(inside(rng, NUMBERS, d._support, *sizes))


def assert_numbers(what, entries):
    for name, entry in entries.items():
        assert not np.any(np.isnan(entry)), f"{what} {name}"


def assert_sound(draw):
    """Values in the support, derivatives numbers and finite wherever the value is no overflow."""
    d, y = draw.distribution, draw.value
    low, high = d.support
    assert np.all((low <= y) & (y <= high))
    assert d.noise.domain.first_outside(draw.noise) is None
    assert_numbers("∂y/∂θ of", draw.jacobian())
    for name, entry in draw.jacobian().items():
        theta = getattr(d, name)
        moderate = np.abs(y) < 1e290 * np.minimum(theta if np.all(theta > 0.0) else 1.0, 1.0)
        assert np.all(np.isfinite(entry[moderate])), name
        if d._support == POSITIVE:
            assert np.all(entry[y == 0.0] == 0.0), name
    for view in d._views:
        assert np.all(np.isfinite(getattr(draw, view))), view
        for name, entry in draw.jacobian(of=view).items():
            assert np.all(np.isfinite(entry)), f"∂{view}/∂{name}"


@every_distribution
def test_no_value_or_derivative_is_nan_whatever_the_parameters(cls):
    rng = np.random.default_rng(1)
    d = distributions(rng, cls, normal)
    low, high = d.support
    for draw in (d.transform(column(noises(rng, NUMBERS, cls))), d.rsample(5, rng=1)):
        assert np.all((low <= draw.value) & (draw.value <= high))
        assert_numbers("∂y/∂θ of", draw.jacobian())
        for view in cls._views:
            assert_numbers(f"∂{view}/∂θ of", draw.jacobian(of=view))


@pytest.mark.parametrize("cls", [c for c in CLASSES if c.path == "map"], ids=lambda cls: cls.name)
def test_closed_forms_are_sound_for_all_parameters_there_are(cls):
    rng = np.random.default_rng(2)
    d = distributions(rng, cls, anywhere)
    draw = d.transform(column(noises(rng, NUMBERS, cls)))
    low, high = d.support
    assert np.all((low <= draw.value) & (draw.value <= high))
    assert_numbers("∂y/∂θ of", draw.jacobian())
    y = d.icdf(column(uniforms(rng, NUMBERS))) if d.moving else values_of(rng, d)
    assert_numbers("pathwise", d.pathwise(y))
    assert_numbers("score", d.score(y))
    assert_numbers("density", {"log": d.log_prob(y)})
    undefined = lacks_mean(d) & np.isinf(low) & np.isinf(high)  # ∞ − ∞
    statistics = {"mean": d.mean, "variance": d.variance}
    known = {what: np.where(undefined, 0.0, entry) for what, entry in statistics.items()}
    assert_numbers("statistic", {**known, "entropy": d.entropy})


def assert_functions_sound(d, y):
    """Probabilities of any value are probabilities, and no function of it is NaN."""
    for probability in (d.cdf(y), d.sf(y)):
        assert np.all((probability >= 0.0) & (probability <= 1.0))
    assert_numbers("density", {"log": d.log_prob(y)})
    assert_numbers("score", d.score(y))
    assert_numbers("pathwise", d.pathwise(y))


def assert_tails_fit(d, y):
    """cdf and sf are monotone, and each other's complement."""
    cdf, sf = d.cdf(y), d.sf(y)
    assert np.all(np.diff(cdf, axis=0) >= -1e-12 * cdf[1:])
    assert np.all(np.diff(sf, axis=0) <= 1e-12 * sf[:-1])
    np.testing.assert_allclose(cdf + sf, 1.0, rtol=1e-12)


def assert_quantiles_fit(d, u, y):
    """The quantile is monotone, and inverts cdf and sf."""
    ulp = np.spacing(np.minimum(np.abs(y) + np.abs(getattr(d, "loc", 0.0)), 1e300))
    with np.errstate(over="ignore"):
        steep = np.spacing(u) * np.exp(-d.log_prob(y))  # what the rounding of u moves
    steep = np.where(np.isfinite(steep), steep, 0.0)
    assert np.all(y[1:] >= y[:-1] - 8.0 * (ulp[1:] + steep[1:]))
    clear = (np.abs(y) > 1e-290) & (np.abs(y) < 1e290) & (d.log_prob(y) < 600.0)
    density = np.exp(np.where(clear, d.log_prob(y), 0.0))
    moved = 8.0 * ulp * density
    # γ + δ arsinh z, say, has no more digits than γ: what an ulp of each parameter moves
    for name, slope in d.pathwise(y).items():
        moved += np.spacing(np.abs(d[name])) * np.abs(np.where(clear, slope, 0.0)) * density
    # at an end of the support, the density says nothing of all that rounds to it
    moved += d.cdf(np.nextafter(y, np.inf)) - d.cdf(np.nextafter(y, -np.inf))
    assert np.all((np.abs(d.cdf(y) - u) <= 1e-11 * u + moved)[clear])
    assert np.all((np.abs(d.sf(y) - (1.0 - u)) <= 1e-11 * (1.0 - u) + moved)[clear])


@every_distribution
def test_everything_is_sound_far_beyond_typical_parameters(cls):
    rng = np.random.default_rng(3)
    d = distributions(rng, cls, wide)
    assert_sound(d.transform(column(noises(rng, NUMBERS, cls))))
    assert_sound(d.rsample(20, rng=4))
    u = column(uniforms(rng, NUMBERS))
    y = d.icdf(u)
    assert_tails_fit(d, np.sort(y, axis=0))
    assert_quantiles_fit(d, u, y)
    assert_functions_sound(d, y if d.moving else values_of(rng, d, *SIZES))


def everything(d, z, u, y):
    """Return all that is computed element by element, of noise, u and a value."""
    draw = d.transform(z)
    found = {"value": draw.value, "icdf": d.icdf(u), "cdf": d.cdf(y), "sf": d.sf(y)}
    found["log_prob"] = d.log_prob(y)
    slopes = {"jacobian": draw.jacobian(), "score": d.score(y), "pathwise": d.pathwise(y)}
    return found | {
        f"{what} {name}": entry for what, each in slopes.items() for name, entry in each.items()
    }


@every_distribution
def test_element_alone_is_the_element_in_a_batch(cls):
    rng = np.random.default_rng(5)
    batch = distributions(rng, cls, wide if cls.path == "field" else anywhere, ROWS)
    rows = batch.batch_shape[0]
    support = REAL if batch.moving else cls._support
    points = noises(rng, rows, cls), uniforms(rng, rows), inside(rng, rows, support)
    together = everything(batch, *points)
    for i in range(rows):
        theta = {name: batch[name][i] for name in cls.parameters}
        for what, alone in everything(cls(**theta), *(each[i] for each in points)).items():
            np.testing.assert_array_equal(together[what][i], alone, err_msg=f"{what} at {theta}")
