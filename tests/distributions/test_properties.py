"""Properties that hold for parameters all over their domains, and for all noise."""

import math
import operator
from functools import partial

import hypothesis.strategies as st
import numpy as np
import pytest
from facts import lacks_mean
from hypothesis import given
from kinds import REPARAMETERIZED

import reparam as rp
from reparam.domains import POSITIVE, REAL
from reparam.engine.noise import UNIFORM

TINY, HUGE = 5e-324, math.nextafter(math.inf, 0.0)
#: The least and the largest size of values for parameters that are far beyond the typical.
SIZES = 1e-100, 1e100
CLASSES = [rp.get(name) for name in REPARAMETERIZED]


every_distribution = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.name)


# What is drawn


def positive(low=TINY, high=HUGE):
    """Positive numbers, evenly on a logarithmic scale; also the ends, and halves of integers."""
    logarithms = st.floats(math.log(low), math.log(high) - 1e-12)
    return st.one_of(
        logarithms.map(lambda x: max(math.exp(x), low)),
        st.sampled_from([low, high]),
        st.integers(1, 40).map(lambda k: 0.5 * k),
    )


def inside(interval, low=TINY, high=HUGE):
    """Numbers inside an interval, with magnitudes from `low` to `high` where it has no ends."""
    if interval == POSITIVE:
        return positive(low, high)
    if interval == REAL:
        size = positive(low, high)
        return st.one_of(st.just(0.0), size, size.map(operator.neg))
    return st.floats(interval.low, interval.high, exclude_min=True, exclude_max=True)


def anywhere(parameter):
    """Any value of a parameter."""
    return inside(parameter.domain)


def normal(parameter):
    """Any value but those next to the smallest and the largest floating-point numbers."""
    return inside(parameter.domain, 1e-300, 1e300)


def wide(parameter):
    """Values from two decades below the typical range to four decades above."""
    low, high = parameter.typical
    return inside(parameter.domain, 1e-2 * (low if low > 0.0 else 1e-3), 1e4 * max(-low, high))


def one_set(cls, values):
    """One set of parameters."""
    one = st.tuples(*map(values, cls.parameters.values()))
    places = {name: place for place, name in enumerate(cls.parameters)}
    for low, high in cls._ordered:
        one = one.map(partial(in_order, places[low], places[high]))
        one = one.filter(lambda theta, at=places[low], to=places[high]: theta[at] < theta[to])
    return one


def parameter_sets(cls, values):
    """A few sets of parameters."""
    return st.lists(one_set(cls, values), min_size=1, max_size=6)


def in_order(low, high, theta):
    """Parameters, two of them swapped if the first is not the lower."""
    theta = list(theta)
    theta[low], theta[high] = sorted([theta[low], theta[high]])
    return tuple(theta)


def distributions(cls, values):
    """The distribution with a few sets of parameters: batch shape (sets,)."""
    return parameter_sets(cls, values).map(lambda sets: cls(*map(list, zip(*sets, strict=True))))


def uniforms():
    """Uniform noise: central, in both tails, and next to ½."""
    tail = st.floats(-37.4, -0.01).map(lambda x: max(math.exp(x), 2.0**-54))
    return st.one_of(
        st.sampled_from([2.0**-54, 0.5 - 2.0**-54, 0.5, 0.5 + 2.0**-53, 1.0 - 2.0**-53]),
        st.floats(2.0**-54, 1.0 - 2.0**-53),
        tail,
        tail.map(lambda u: min(1.0 - u, 1.0 - 2.0**-53)),
    )


def noises(cls):
    """Noise of the kind that a distribution takes."""
    if cls.noise is UNIFORM:
        return uniforms()
    return st.one_of(st.floats(-9.0, 9.0), inside(REAL))


def column(numbers):
    """A few numbers, to broadcast with sets of parameters: shape (numbers, 1)."""
    some = st.lists(numbers, min_size=1, max_size=6)
    return some.map(lambda values: np.sort(values)[:, np.newaxis])


# What is said of it


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
@given(data=st.data())
def test_no_value_or_derivative_is_nan_whatever_the_parameters(cls, data):
    d = data.draw(distributions(cls, normal))
    low, high = d.support
    for draw in (d.transform(data.draw(column(noises(cls)))), d.rsample(5, rng=1)):
        assert np.all((low <= draw.value) & (draw.value <= high))
        assert_numbers("∂y/∂θ of", draw.jacobian())
        for view in cls._views:
            assert_numbers(f"∂{view}/∂θ of", draw.jacobian(of=view))


@pytest.mark.parametrize("cls", [c for c in CLASSES if c.path == "map"], ids=lambda cls: cls.name)
@given(data=st.data())
def test_closed_forms_are_sound_for_all_parameters_there_are(cls, data):
    d = data.draw(distributions(cls, anywhere))
    draw = d.transform(data.draw(column(noises(cls))))
    low, high = d.support
    assert np.all((low <= draw.value) & (draw.value <= high))
    assert_numbers("∂y/∂θ of", draw.jacobian())
    y = d.icdf(data.draw(column(uniforms()))) if d.moving else data.draw(column(inside(d._support)))
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
    told = (np.abs(y) > 1e-290) & (np.abs(y) < 1e290) & (d.log_prob(y) < 600.0)
    moved = 8.0 * ulp * np.exp(np.where(told, d.log_prob(y), 0.0))
    # at an end of the support, the density says nothing of all that rounds to it
    moved += d.cdf(np.nextafter(y, np.inf)) - d.cdf(np.nextafter(y, -np.inf))
    assert np.all((np.abs(d.cdf(y) - u) <= 1e-11 * u + moved)[told])
    assert np.all((np.abs(d.sf(y) - (1.0 - u)) <= 1e-11 * (1.0 - u) + moved)[told])


@every_distribution
@given(data=st.data())
def test_everything_is_sound_far_beyond_typical_parameters(cls, data):
    d = data.draw(distributions(cls, wide))
    assert_sound(d.transform(data.draw(column(noises(cls)))))
    assert_sound(d.rsample(20, rng=data.draw(st.integers(0, 9))))
    u = data.draw(column(uniforms()))
    y = d.icdf(u)
    assert_tails_fit(d, np.sort(y, axis=0))
    assert_quantiles_fit(d, u, y)
    assert_functions_sound(d, y if d.moving else data.draw(column(inside(d._support, *SIZES))))


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
@given(data=st.data())
def test_element_alone_is_the_element_in_a_batch(cls, data):
    values = wide if cls.path == "field" else anywhere
    support = REAL if cls().moving else cls._support
    row = st.tuples(one_set(cls, values), noises(cls), uniforms(), inside(support))
    rows = data.draw(st.lists(row, min_size=2, max_size=3))
    sets, *points = zip(*rows, strict=True)
    batch = cls(*map(list, zip(*sets, strict=True)))
    together = everything(batch, *points)
    for i, (theta, *point) in enumerate(rows):
        for what, alone in everything(cls(*theta), *point).items():
            np.testing.assert_array_equal(together[what][i], alone, err_msg=what)
