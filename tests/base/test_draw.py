"""Draws: value, noise, and the three ways to take derivatives, in every shape."""

import math
from itertools import product

import numpy as np
import pytest
from kinds import REPARAMETERIZED, marked

import reparam as rp
from reparam.engine.noise import UNIFORM
from reparam.engine.shapes import summed_to
from reparam.errors import ParameterError, ShapeError, UnknownParameterError, UnknownViewError

ALL = pytest.mark.parametrize(
    "cls", [rp.get(name) for name in REPARAMETERIZED], ids=REPARAMETERIZED
)

#: Own shapes of the first parameter and of all others.
BATCHES = [((), ()), ((1,), ()), ((3,), ()), ((), (3,)), ((3, 1), (1, 4)), ((2, 1, 3), (3,))]
SAMPLES = [(), (1,), (5,), (2, 3), (0,), (2, 0)]


def batch(cls, first, others):
    """Return a distribution whose parameters have those shapes and typical, different values."""
    values = {}
    for name, parameter in cls.parameters.items():
        shape = others if values else first
        several = np.linspace(*parameter.typical, 17)[3 : 3 + math.prod(shape)]
        if isinstance(parameter.domain, rp.Integers):
            several = np.round(several)
        values[name] = several.reshape(shape)
    return cls(**values)


def summed(entry, shape):
    """Sum over the dimensions that `shape` was broadcast over, by NumPy's own rules."""
    total = np.zeros(shape)
    index = np.broadcast_to(np.arange(total.size).reshape(shape), entry.shape)
    np.add.at(total.reshape(-1), index, entry)
    return total


@ALL
def test_derivatives_in_every_shape(cls):
    for shapes, sample in product(BATCHES, SAMPLES):
        check_derivatives(batch(cls, *shapes), sample)


def check_derivatives(d, sample):
    draw = d.rsample(sample, rng=1)
    shape = sample + d.batch_shape
    assert draw.value.shape == draw.noise.shape == shape
    jacobian = draw.jacobian()
    assert list(jacobian) == [*d.parameters.differentiable]
    assert {entry.shape for entry in jacobian.values()} == {shape}

    upstream = np.cos(np.arange(float(draw.value.size))).reshape(shape)
    for name, gradient in draw.vjp(upstream).items():
        own = getattr(d, name).shape
        assert gradient.shape == own
        expected = summed(upstream * jacobian[name], own)
        slack = 1e-14 * summed(np.abs(upstream * jacobian[name]), own)
        assert np.all(np.abs(gradient - expected) <= slack)

    tangents = {name: np.sin(1.0 + np.arange(getattr(d, name).size)) for name in jacobian}
    tangents = {name: t.reshape(getattr(d, name).shape) for name, t in tangents.items()}
    terms = [entry * tangents[name] for name, entry in jacobian.items()]
    directional = draw.jvp(**tangents)
    assert directional.shape == shape
    assert np.all(np.abs(directional - sum(terms)) <= 1e-15 * sum(map(np.abs, terms)))


@pytest.mark.parametrize("name", [pytest.param(n, marks=marked(n)) for n in REPARAMETERIZED])
def test_many_draws_of_scalar_parameters_are_consistent_too(name):
    draw = rp.get(name)().rsample(200_000, rng=2)
    jacobian = draw.jacobian()
    upstream = np.cos(draw.value)
    for name, gradient in draw.vjp(upstream).items():
        product = upstream * jacobian[name]
        assert abs(gradient - product.sum()) <= 1e-13 * np.abs(product).sum()
        np.testing.assert_array_equal(draw.jvp(**{name: 1.0}), jacobian[name])


@pytest.mark.parametrize("df", [0.002, 0.01])
def test_draws_whose_squares_overflow_have_derivatives(df):
    jacobian = rp.StudentT(df).rsample(10_000, rng=7).jacobian()
    assert not np.any(np.isnan(jacobian["df"]))


def test_worked_example():
    draw = rp.Gaussian(mu=0.6, sigma=0.4).transform(-0.7)
    assert draw.value == pytest.approx(0.32, rel=1e-15)
    assert draw.noise == -0.7
    assert draw.jacobian() == {"loc": 1.0, "scale": -0.7}
    assert draw.vjp(1.5) == {"loc": 1.5, "scale": pytest.approx(-1.05, rel=1e-15)}
    assert draw.jvp(mu=2.0) == 2.0
    assert draw.jvp(sigma=2.0) == -1.4
    assert draw.jvp() == 0.0


def test_back_propagation_through_a_loss_is_its_numerical_derivative():
    noise = rp.Laplace().rsample(100, rng=3).noise
    h = 1e-6

    def loss(scale):
        return np.sum(np.tanh(rp.Laplace(0.5, scale).transform(noise).value))

    draw = rp.Laplace(0.5, 2.0).transform(noise)
    gradient = draw.vjp(1.0 / np.cosh(draw.value) ** 2)["scale"]
    assert gradient == pytest.approx((loss(2.0 + h) - loss(2.0 - h)) / (2.0 * h), rel=1e-8)


@pytest.mark.parametrize("upstream", [2.0, [2.0], [[2.0, 2.0, 2.0]], np.full((4, 1), 2.0)], ids=str)
def test_upstream_broadcasts_to_the_value(upstream):
    draw = rp.Gaussian([0.0, 1.0, 2.0]).rsample(4, rng=1)
    for name, gradient in draw.vjp(np.full((4, 3), 2.0)).items():
        np.testing.assert_array_equal(draw.vjp(upstream)[name], gradient)


# Replay


@ALL
def test_transform_of_the_noise_is_the_draw(cls):
    exact = cls.path == "map"  # otherwise the value came first, and its noise is rounded
    for shapes in BATCHES:
        d = batch(cls, *shapes)
        draw = d.rsample((2, 5), rng=4)
        again = d.transform(draw.noise)
        np.testing.assert_allclose(again.value, draw.value, rtol=0.0 if exact else 1e-7)
        np.testing.assert_array_equal(again.noise, draw.noise)
        for name, entry in draw.jacobian().items():
            np.testing.assert_allclose(again.jacobian()[name], entry, rtol=0.0 if exact else 1e-6)


@pytest.mark.parametrize("name", [n for n in REPARAMETERIZED if rp.get(n).noise is UNIFORM])
def test_transform_is_the_quantile_of_uniform_noise(name):
    d = batch(rp.get(name), (3,), ())
    u = np.linspace(0.01, 0.99, 21)[:, np.newaxis]
    np.testing.assert_array_equal(d.transform(u).value, d.icdf(u))


def test_gaussian_noise_is_the_standard_variate():
    d = rp.Gaussian(2.0, 3.0)
    np.testing.assert_array_equal(d.transform([-1.0, 0.0, 2.0]).value, [-1.0, 2.0, 8.0])


@pytest.mark.parametrize(
    ("noise", "shape"),
    [(0.3, (3,)), ([0.3], (3,)), ([[0.3], [0.4]], (2, 3)), (np.ones((0, 3)), (0, 3))],
    ids=str,
)
def test_noise_broadcasts_with_the_batch(noise, shape):
    draw = rp.Laplace([0.0, 1.0, 2.0]).transform(noise)
    assert draw.value.shape == draw.noise.shape == draw.jacobian()["scale"].shape == shape
    assert draw.vjp(1.0)["loc"].shape == (3,)


@pytest.mark.parametrize("noise", [[0.1, 0.2], np.full((3, 2), 0.5)], ids=str)
def test_noise_that_does_not_broadcast_is_named(noise):
    with pytest.raises(ShapeError, match=r"noise has shape .*, the batch has shape \(3,\)"):
        rp.Laplace([0.0, 1.0, 2.0]).transform(noise)


@ALL
def test_derivative_from_the_value_is_the_derivative_from_the_noise(cls):
    d = batch(cls, (3, 1), (1, 4))
    draw = d.transform(d.rsample(20, rng=5).noise)
    for name, entry in d.pathwise(draw.value).items():
        scale = np.abs(draw.jacobian()[name]).max(axis=0)
        assert np.all(np.abs(entry - draw.jacobian()[name]) <= 1e-12 * scale)


# Views


VIEWS = pytest.mark.parametrize(
    ("cls", "view"),
    [
        pytest.param(rp.get(name), view, id=f"{name}-{view}")
        for name in REPARAMETERIZED
        for view in rp.get(name)._views
    ],
)
FUNCTIONS = {
    "log_value": (np.log, lambda y: 1.0 / y),
    "complement": (lambda y: 1.0 - y, lambda y: np.full_like(y, -1.0)),
    "log_complement": (lambda y: np.log1p(-y), lambda y: -1.0 / (1.0 - y)),
}


@VIEWS
def test_view_is_a_function_of_the_value(cls, view):
    draw = batch(cls, (3,), ()).transform(np.linspace(0.1, 0.9, 9)[:, np.newaxis])
    function, slope = FUNCTIONS[view]
    blur = 4.0 * np.spacing(draw.value) * np.abs(slope(draw.value))  # the value is rounded
    assert np.all(np.abs(getattr(draw, view) - function(draw.value)) <= blur + 1e-14)
    for name, entry in draw.jacobian(of=view).items():
        expected = slope(draw.value) * draw.jacobian()[name]
        np.testing.assert_allclose(entry, expected, rtol=1e-12)
        upstream = np.arange(27.0).reshape(9, 3)
        np.testing.assert_allclose(
            draw.vjp(upstream, of=view)[name],
            summed(upstream * entry, getattr(draw.distribution, name).shape),
            rtol=1e-13,
        )


@pytest.mark.parametrize(
    ("d", "value", "view"),
    [
        (rp.Gamma(1e-4, 2.0), 0.0, "log_value"),
        (rp.ChiSquare(1e-4), 0.0, "log_value"),
        (rp.Chi(1e-4), 0.0, "log_value"),
        (rp.InverseGamma(1e-4, 2.0), np.inf, "log_value"),
        (rp.BetaPrime(1e-4, 1.0), 0.0, "log_value"),
        (rp.F(1e-4, 1.0), 0.0, "log_value"),
        (rp.Beta(1e-4, 1.0), 0.0, "log_value"),
        (rp.Beta(1.0, 1e-4), 1.0, "complement"),
        (rp.Beta(1.0, 1e-4), 1.0, "log_complement"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value),
)
def test_view_stays_finite_where_the_value_rounds_to_an_end(d, value, view):
    draw = d.rsample(1000, rng=6)
    rounded = draw.value == value
    assert np.mean(rounded) > 0.5
    assert np.all(np.isfinite(getattr(draw, view)))
    for of in ("value", view):
        for entry in draw.jacobian(of=of).values():
            finite = np.isfinite(entry) if of == view else ~np.isnan(entry)
            assert np.all(finite)
    if view != "complement":
        slope = next(iter(draw.jacobian(of=view).values()))
        assert np.all(slope[rounded] != 0.0)


@pytest.mark.parametrize("use", ["attribute", "jacobian", "vjp"])
@pytest.mark.parametrize(
    ("d", "view", "has"),
    [
        (rp.Gaussian(), "log_value", "value"),
        (rp.Gamma(), "complement", "value, log_value"),
    ],
    ids=str,
)
def test_unknown_view_gets_the_list(d, view, has, use):
    draw = d.rsample(3, rng=1)
    calls = {
        "attribute": lambda: getattr(draw, view),
        "jacobian": lambda: draw.jacobian(of=view),
        "vjp": lambda: draw.vjp(1.0, of=view),
    }
    with pytest.raises(UnknownViewError, match=rf"have no {view!r} \(they have {has}\)"):
        calls[use]()


# Errors


@pytest.mark.parametrize("shape", [(3,), (5, 1), (2, 4), (1, 4, 2)])
def test_upstream_of_a_wrong_shape_is_named(shape):
    draw = rp.Gaussian([0.0, 1.0]).rsample(4, rng=1)
    with pytest.raises(ShapeError) as caught:
        draw.vjp(np.ones(shape))
    assert f"upstream has shape {shape}" in str(caught.value)
    assert "value has shape (4, 2)" in str(caught.value)


@pytest.mark.parametrize("upstream", ["1", 1j, None, True])
def test_upstream_that_is_no_real_number_is_an_error(upstream):
    with pytest.raises(ParameterError, match=r"upstream=.* is not a real number"):
        rp.Gaussian().rsample(rng=1).vjp(upstream)


@pytest.mark.parametrize(
    ("tangents", "kind", "message"),
    [
        ({"scael": 1.0}, UnknownParameterError, "no parameter 'scael'; did you mean 'scale'"),
        ({"scale": 1.0, "sigma": 1.0}, UnknownParameterError, "'scale' twice"),
        ({"scale": "1"}, ParameterError, "scale='1' is not a real number"),
        ({"mu": [1.0, 2.0, 3.0]}, ShapeError, r"loc has shape \(3,\), the batch has shape \(2,\)"),
        ({"mu": np.ones((4, 2))}, ShapeError, r"tangent of loc has shape \(4, 2\) and the batch"),
    ],
)
def test_tangents_that_make_no_sense_are_errors(tangents, kind, message):
    draw = rp.Gaussian([0.0, 1.0]).rsample(4, rng=1)
    with pytest.raises(kind, match=message):
        draw.jvp(**tangents)


# Objects


@pytest.mark.parametrize("d", [rp.Laplace([0.0, 1.0]), rp.Beta([2.0, 3.0])], ids=repr)
def test_arrays_of_a_draw_are_read_only(d):
    draw = d.rsample(3, rng=1)
    views = [getattr(draw, view) for view in d._views]
    for array in (draw.value, draw.noise, *views):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


@pytest.mark.parametrize("name", ["value", "noise", "distribution", "anything"])
def test_draws_are_frozen(name):
    with pytest.raises(AttributeError):
        setattr(rp.Laplace().rsample(3, rng=1), name, 1.0)


def test_derivatives_are_the_callers_to_change():
    draw = rp.Laplace().rsample(3, rng=1)
    for call in (draw.jacobian, lambda: draw.vjp(np.ones(3))):
        first = {name: np.array(entry) for name, entry in call().items()}
        for entry in draw.jacobian().values():
            entry[...] = 0.0
        for name, entry in call().items():
            np.testing.assert_array_equal(entry, first[name])


def test_noise_given_stays_the_callers_to_change():
    noise = np.array([0.2, 0.4])
    draw = rp.Laplace().transform(noise)
    assert noise.flags.writeable
    assert not draw.noise.flags.writeable


def test_repr_shows_the_value_and_where_it_is_from():
    draw = rp.Gaussian(1.0, 2.0).transform([0.0, 1.0])
    assert repr(draw) == "Draw(value=array([1., 3.]), distribution=Gaussian(loc=1.0, scale=2.0))"


def test_scalars_come_as_numpy_scalars():
    draw = rp.Gamma(2.0).rsample(rng=1)
    values = [draw.value, draw.noise, draw.log_value, *draw.jacobian().values(), draw.jvp(a=1.0)]
    assert {type(value) for value in [*values, *draw.vjp(1.0).values()]} == {np.float64}


def test_values_that_do_not_count_add_nothing_to_gradients():
    """Upstream 0 times an infinite or undefined derivative is 0, of draws that overflow."""
    base = rp.Pareto(alpha=1e-3)
    batch = rp.Pareto(alpha=[1e-3, 2e-3])
    many = rp.Pareto(np.ones(150_000), np.full(150_000, 1e-3))  # several blocks
    composed = 2.0 * base, rp.Truncated(base, low=3.0), rp.Independent(base, base)
    for law in (base, batch, many, *composed):
        draw = law.rsample(() if law is many else 500, rng=1)
        counted = draw.value < 1e150
        if law.event_shape:
            counted &= counted[:, ::-1]  # both entries of a draw, or none
        assert 50 < np.sum(counted) < counted.size - 100
        found = draw.vjp(1.0 * counted)
        if not law.event_shape:
            for name, derivative in draw.jacobian().items():
                expected = summed_to(np.where(counted, derivative, 0.0), law[name].shape)
                np.testing.assert_allclose(found[name], expected, rtol=1e-13)
        assert not any(np.isnan(gradient).any() for gradient in found.values())
        assert all(np.all(gradient == 0.0) for gradient in draw.vjp(0.0).values())
