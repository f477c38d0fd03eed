"""The conformance suite: what every distribution must satisfy, built in or not.

In a plugin's tests::

    import pytest
    from reparam import testing
    from mypackage import Kumaraswamy

    @pytest.mark.parametrize("prop", testing.PROPERTIES, ids=lambda prop: prop.__name__)
    def test_conformance(prop):
        prop(Kumaraswamy)

Each property draws parameters from their declared typical ranges, deterministically, and raises
an ``AssertionError`` that says what was expected where. Derivatives are compared with numerical
differentiation, moments with quadrature, draws with the cdf.
"""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.distribution import Reparameterized
from reparam.errors import NoiseError, ParameterError, ShapeError, UnknownParameterError
from reparam.noise import BLOCK, UNIFORM
from reparam.parameters import Interval

__all__ = ["PROPERTIES", "typical"]

Distributions = type[Reparameterized]

#: Parameter sets that a property looks at.
_SETS = 7
#: Draws whose distribution is tested; a false alarm has a probability of 1e-9.
_DRAWS = 20_000


def typical(cls: Distributions, n: int = _SETS, seed: int = 0) -> Reparameterized:
    """Return the distribution with `n` parameter sets from the typical ranges.

    Ranges of positive parameters are covered evenly on a logarithmic scale. The first set is
    the defaults.
    """
    rng = np.random.default_rng(seed)
    values = {}
    for parameter in cls.parameters.values():
        low, high = parameter.typical
        if low > 0.0:
            drawn = np.exp(rng.uniform(math.log(low), math.log(high), n))
        else:
            drawn = rng.uniform(low, high, n)
        drawn[0] = parameter.default
        values[parameter.name] = drawn
    return cls(**values)


def _noise(d: Reparameterized, n: int = 64) -> Array:
    """Return noise of shape (n, *batch): central and in the tails."""
    draws = np.array(d.rsample(n, rng=1).noise)
    if d.noise is UNIFORM:
        draws[: n // 8] *= 1e-3
        draws[n // 8 : n // 4] = 1.0 - draws[n // 8 : n // 4] * 1e-3
    return draws


def _close(actual: Any, expected: Any, what: str, rtol: float, atol: Any = 0.0) -> None:
    actual, expected, atol = np.broadcast_arrays(actual, expected, atol)
    excess = np.abs(actual - expected) - (atol + rtol * np.abs(expected))
    excess = np.where(actual == expected, -np.inf, excess)
    worst = np.unravel_index(np.argmax(np.where(np.isnan(excess), np.inf, excess)), excess.shape)
    assert excess[worst] <= 0.0, (
        f"{what} at {tuple(map(int, worst))}: {actual[worst]!r}, expected {expected[worst]!r}"
        f" within {atol[worst] + rtol * abs(expected[worst]):.3g}"
    )


def _terms(d: Reparameterized, y: Array) -> Array:
    """Return an ulp of y, or of the location in its sum."""
    return np.spacing(np.abs(y) + np.abs(getattr(d, "loc", 0.0)))


def _inside(d: Reparameterized, y: Array) -> Array:
    """Return where y is far enough from the ends of the support to be moved a little."""
    low, high = d.support
    return (y - low > 1e-9 * np.abs(low)) & (high - y > 1e-9 * np.abs(np.minimum(high, 1e300)))


def _moved(d: Reparameterized, name: str, value: Array) -> Reparameterized:
    values = {other: getattr(d, other) for other in d.parameters}
    return type(d)(**{**values, name: value})


def _differentiate(f: Callable[[Array], Array], x: Array, scale: Array) -> tuple[Array, Array]:
    """Return df/dx by Richardson extrapolation of central differences, and its error.

    Of all extrapolations, the one that agrees best with its neighbours is returned, so that a
    kink inside a large step, or the rounding errors of a small one, are passed by.
    """
    steps = scale * 2.0 ** -np.arange(16.0).reshape((-1,) + (1,) * np.ndim(scale))
    table = np.stack([(f(x + h) - f(x - h)) / (2.0 * h) for h in steps])
    rounding = np.stack([np.spacing(np.abs(f(x))) / h for h in steps])
    best, error = table[-1], np.full_like(table[-1], np.inf)
    for order in range(1, 6):
        table = table[1:] + (table[1:] - table[:-1]) / (4.0**order - 1.0)
        change = np.abs(table[2:] - table[1:-1]) + np.abs(table[1:-1] - table[:-2])
        for row, gap in zip(table[1:-1], change + rounding[order + 1 : -1], strict=True):
            best = np.where(gap < error, row, best)
            error = np.minimum(gap, error)
    return best, error


def _room(interval: Interval, x: Array) -> Array:
    """Return a step that stays well inside an interval with numbers for ends."""
    low, high = interval.ends({})
    return np.minimum(np.minimum(0.25 * (x - low), 0.25 * (high - x)), 0.1 * (1.0 + np.abs(x)))


def declares_itself(cls: Distributions) -> None:
    """Name, formulas, parameters with defaults and typical values inside their domains."""
    assert cls.name == cls.name.lower()
    assert cls.parameters, "a distribution has parameters"
    assert list(cls.about.derivatives) == list(cls.parameters)
    assert cls.about.density
    assert cls.about.transform
    assert cls.about.source
    for parameter in cls.parameters.values():
        for value in (parameter.default, *parameter.typical):
            assert value in parameter.domain, f"{parameter.name}={value} outside its domain"
        assert parameter.name in (cls.__doc__ or "")
        assert parameter.description
    spellings = [s for p in cls.parameters.values() for s in (p.name, *p.aliases)]
    assert len(spellings) == len(set(spellings)), "two parameters share a spelling"


def refuses_bad_parameters(cls: Distributions) -> None:
    """Values outside the domain, NaN and unknown names are errors, before any work."""
    for parameter in cls.parameters.values():
        low, high = parameter.domain.ends({})
        for bad in (math.nan, float(low), float(high), np.array([parameter.default, math.nan])):
            _raises(ParameterError, lambda p=parameter, b=bad: cls(**{p.name: b}))
        _raises(ParameterError, lambda p=parameter: cls(**{p.name: "one"}))
        for alias in parameter.aliases:
            _raises(
                UnknownParameterError,
                lambda p=parameter, a=alias: cls(**{p.name: p.default, a: p.default}),
            )
    _raises(UnknownParameterError, lambda: cls(no_such_parameter=1.0))
    if len(cls.parameters) > 1:
        first, second = list(cls.parameters)[:2]
        ones = {
            name: np.full(k, cls.parameters[name].default) for k, name in ((2, first), (3, second))
        }
        _raises(ShapeError, lambda: cls(**ones))


def is_frozen(cls: Distributions) -> None:
    """Attributes can't be set; copies and pickles are equal."""
    d = typical(cls)
    name = next(iter(cls.parameters))
    _raises(AttributeError, lambda: setattr(d, name, 1.0))
    _raises(AttributeError, lambda: setattr(d, "anything", 1.0))
    for twin in (copy.deepcopy(d), pickle.loads(pickle.dumps(d))):
        for parameter in cls.parameters:
            np.testing.assert_array_equal(getattr(twin, parameter), getattr(d, parameter))


def draws_repeat(cls: Distributions) -> None:
    """The same seed gives the same draws; a prefix of more draws is fewer draws."""
    d = typical(cls)
    few, many = d.rsample(5, rng=3), d.rsample(9, rng=3)
    np.testing.assert_array_equal(few.value, many.value[:5])
    np.testing.assert_array_equal(few.noise, many.noise[:5])
    np.testing.assert_array_equal(d.sample(5, rng=3), few.value)
    assert np.any(d.sample(5, rng=4) != few.value)
    assert d.rsample(0, rng=1).value.shape == (0, *d.batch_shape)


def draws_replay(cls: Distributions) -> None:
    """``transform`` of a draw's noise is that draw, also from the middle of a block.

    To the bit where the noise came first; where the value did, to what rounding the noise allows.
    """
    d = typical(cls)
    draw = d.rsample(BLOCK // _SETS + 3, rng=3)
    value, noise = draw.value[-40:], draw.noise[-40:]
    again = d.transform(noise).value
    if d._direct:
        blur = 1e-13 * noise + np.spacing(noise)  # of the cdf, and of the noise itself
        _close(again, value, "replay", 0.0, blur / np.exp(d.log_prob(value)) + _terms(d, value))
    else:
        np.testing.assert_array_equal(again, value)


def refuses_bad_noise(cls: Distributions) -> None:
    """Noise outside its domain is an error."""
    d = cls()
    low, high = d.noise.domain.ends({})
    for bad in (math.nan, float(low), float(high)):
        _raises(NoiseError, lambda b=bad: d.transform(b))


def lies_in_support(cls: Distributions) -> None:
    """Draws lie in the support; outside it the density is 0 and derivatives are NaN."""
    d = typical(cls)
    low, high = d.support
    value = d.rsample(2000, rng=5).value
    assert np.all((value >= low) & (value <= high))
    assert np.all(np.isnan(d.log_prob(math.nan)))
    for end, cdf, outward in ((low, 0.0, -1.0), (high, 1.0, 1.0)):
        if np.all(np.isfinite(end)):
            beyond = end + outward
            assert np.all(d.log_prob(beyond) == -np.inf)
            assert np.all(d.cdf(beyond) == cdf)
            assert np.all(d.sf(beyond) == 1.0 - cdf)
            assert all(np.all(np.isnan(entry)) for entry in d.score(beyond).values())
            assert all(np.all(np.isnan(entry)) for entry in d.pathwise(beyond).values())


def quantile_inverts_cdf(cls: Distributions) -> None:
    """cdf(icdf(u)) = u and sf(icdf(u)) = 1 − u, to what a rounding of the quantile allows."""
    d = typical(cls)
    u = np.concatenate([np.geomspace(1e-12, 0.5, 40), 1.0 - np.geomspace(1e-12, 0.5, 40)])
    u = u.reshape(-1, *(1,) * len(d.batch_shape))
    y = d.icdf(u)
    moved = np.exp(d.log_prob(y)) * _terms(d, y)
    _close(d.cdf(y), u * np.ones_like(y), "cdf(icdf(u))", 1e-13, 4.0 * moved)
    _close(d.sf(y), (1.0 - u) * np.ones_like(y), "sf(icdf(u))", 1e-13, 4.0 * moved)
    low, high = d.support
    np.testing.assert_array_equal(d.icdf(0.0), low)
    np.testing.assert_array_equal(d.icdf(1.0), high)
    assert np.all(np.isnan(d.icdf([[-0.1], [1.1], [math.nan]])))


def density_differentiates_cdf(cls: Distributions) -> None:
    """exp(log_prob) = dF/dy."""
    d = typical(cls)
    u = np.linspace(0.05, 0.95, 19).reshape(-1, 1)
    y = d.icdf(u)
    gap = 0.3 * np.minimum(y - d.icdf(u - 0.04), d.icdf(u + 0.04) - y)
    slope, error = _differentiate(d.cdf, y, gap)
    slope = np.where(_inside(d, y), slope, np.exp(d.log_prob(y)))
    _close(np.exp(d.log_prob(y)), slope, "density", 1e-6, 10.0 * error)


def score_differentiates_log_prob(cls: Distributions) -> None:
    """score = ∂ log p/∂θ."""
    d = typical(cls)
    y = d.rsample(20, rng=7).value
    for name, entry in d.score(y).items():
        theta = np.broadcast_to(getattr(d, name), d.batch_shape)
        slope, error = _differentiate(
            lambda t, n=name: _moved(d, n, t).log_prob(y),
            theta,
            _room(cls.parameters[name].domain, theta),
        )
        _close(entry, slope, f"score in {name}", 1e-6, 10.0 * error)


def jacobian_differentiates_transform(cls: Distributions) -> None:
    """jacobian = ∂y/∂θ at fixed noise, to what numerical differentiation can tell."""
    d = typical(cls)
    noise = _noise(d)
    draw = d.transform(noise)
    for name, entry in draw.jacobian().items():
        theta = np.broadcast_to(getattr(d, name), d.batch_shape)
        slope, error = _differentiate(
            lambda t, n=name: np.asarray(_moved(d, n, t).transform(noise).value),
            theta,
            _room(cls.parameters[name].domain, theta),
        )
        _close(entry, slope, f"∂y/∂{name}", 1e-6, 10.0 * error)


def implicit_identity(cls: Distributions) -> None:
    """p(y) ∂y/∂θ + ∂F/∂θ = 0 for the pathwise derivative."""
    d = typical(cls)
    y = d.rsample(30, rng=9).value
    density = np.exp(d.log_prob(y))
    for name, entry in d.pathwise(y).items():
        theta = np.broadcast_to(getattr(d, name), d.batch_shape)
        slope, error = _differentiate(
            lambda t, n=name: _moved(d, n, t).cdf(y),
            theta,
            _room(cls.parameters[name].domain, theta),
        )
        there = _inside(d, y)
        _close(
            np.where(there, -density * entry, 0.0),
            np.where(there, slope, 0.0),
            f"∂F/∂{name}",
            1e-6,
            10.0 * error,
        )


def pathwise_agrees_with_jacobian(cls: Distributions) -> None:
    """On the quantile path, the derivative from the value is the derivative from the noise."""
    d = typical(cls)
    draw = d.rsample(50, rng=11)
    jacobian = draw.jacobian()
    for name, entry in d.pathwise(draw.value).items():
        scale = np.abs(jacobian[name]).max(axis=0)
        _close(entry, jacobian[name], f"∂y/∂{name}", 1e-9, 1e-12 * scale)


def derivatives_agree(cls: Distributions) -> None:
    """jvp and vjp are the jacobian's products, vjp summed to each parameter's own shape."""
    defaults = {name: parameter.default for name, parameter in cls.parameters.items()}
    first = next(iter(cls.parameters))
    d = cls(**{**defaults, first: np.full((3, 1), defaults[first]) * [[1.0], [1.1], [1.2]]})
    draw = d.rsample((4, 2), rng=13)
    jacobian = draw.jacobian()
    upstream = np.cos(np.arange(draw.value.size, dtype=float)).reshape(draw.value.shape)
    for name, gradient in draw.vjp(upstream).items():
        product = upstream * jacobian[name]
        assert np.shape(gradient) == np.shape(getattr(d, name))
        expected = product.sum(axis=(0, 1)) if np.shape(gradient) else product.sum()
        np.testing.assert_allclose(gradient, expected, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(
            draw.jvp(**{name: 2.0}), 2.0 * jacobian[name], rtol=1e-14, atol=0.0
        )
    together = draw.jvp(**dict.fromkeys(cls.parameters, 1.0))
    np.testing.assert_allclose(together, sum(jacobian.values()), rtol=1e-13, atol=1e-13)


def elements_are_independent(cls: Distributions) -> None:
    """A value does not depend on its neighbours in the batch, nor on the batch's shape."""
    d = typical(cls)
    noise = _noise(d)
    draw = d.transform(noise)
    jacobian, score = draw.jacobian(), d.score(draw.value)
    for i, j in ((0, 0), (5, 3), (17, 6), (63, 1)):
        alone = cls(**{name: getattr(d, name)[j] for name in cls.parameters})
        one = alone.transform(noise[i, j])
        assert one.value == draw.value[i, j]
        assert alone.log_prob(one.value) == d.log_prob(draw.value)[i, j]
        assert alone.cdf(one.value) == d.cdf(draw.value)[i, j]
        for name in cls.parameters:
            assert one.jacobian()[name] == jacobian[name][i, j]
            assert alone.score(one.value)[name] == score[name][i, j]


def moments_match_quadrature(cls: Distributions) -> None:
    """Mean, variance and entropy are integrals over the quantile."""
    d = typical(cls)
    for j in range(_SETS):
        one = cls(**{name: getattr(d, name)[j] for name in cls.parameters})
        centre = float(one.mean)
        for what, expected, f in (
            ("mean", one.mean, lambda y: y),
            ("variance", one.variance, lambda y, m=centre: (y - m) ** 2),
            ("entropy", one.entropy, lambda y, d=one: -d.log_prob(y)),
        ):
            if not np.isfinite(expected):
                continue
            total = _expectation(one, f)
            assert abs(float(expected) - total) <= 1e-7 * (1.0 + abs(total)), (
                f"{what} of {one} is {expected}, expected {total}"
            )


def _expectation(d: Reparameterized, f: Callable[[Array], Array]) -> float:
    """Return E[f(y)]."""
    low, high = map(float, d.support)
    if np.isfinite(high):  # over the quantile, in u = e^t towards both ends
        node, weight = np.polynomial.legendre.leggauss(30)
        edges = np.linspace(math.log(0.5), -36.0, 61)
        half = 0.5 * np.diff(edges)[:, np.newaxis]
        t = edges[:-1, np.newaxis] + half * (1.0 + node)
        both = f(d.icdf(np.exp(t))) + f(d.icdf(-np.expm1(t)))
        return float(np.sum(-half * weight * np.exp(t) * both))
    # over distances e^s from the lower end, or both ways from the median, by the trapezoidal rule
    s = np.linspace(-740.0, 700.0, 200_001)
    total = 0.0
    for centre, way in (
        [(low, 1.0)] if np.isfinite(low) else [(d.icdf(0.5), 1.0), (d.icdf(0.5), -1.0)]
    ):
        y = centre + way * np.exp(s)
        with np.errstate(all="ignore"):
            terms = np.exp(s + d.log_prob(y)) * f(y)
        total += float(np.sum(terms[np.isfinite(terms)])) * (s[1] - s[0])
    return total


def draws_follow_cdf(cls: Distributions) -> None:
    """Draws pass the Dvoretzky-Kiefer-Wolfowitz bound (Massart 1990) at 1e-9."""
    d = typical(cls, 3)
    u = np.sort(d.cdf(d.sample(_DRAWS, rng=17)), axis=0)
    steps = np.arange(1, _DRAWS + 1).reshape(-1, 1) / _DRAWS
    distance = np.maximum(steps - u, u - steps + 1.0 / _DRAWS).max()
    bound = math.sqrt(math.log(2.0 * d.batch_shape[0] / 1e-9) / (2.0 * _DRAWS))
    assert distance < bound, f"empirical cdf is {distance:.4f} away, allowed {bound:.4f}"


def _raises(kind: type[BaseException], call: Callable[[], Any]) -> None:
    try:
        call()
    except kind:
        return
    raise AssertionError(f"expected {kind.__name__}")


#: Every property, a function of the distribution's class.
PROPERTIES: tuple[Callable[[Distributions], None], ...] = (
    declares_itself,
    refuses_bad_parameters,
    is_frozen,
    draws_repeat,
    draws_replay,
    refuses_bad_noise,
    lies_in_support,
    quantile_inverts_cdf,
    density_differentiates_cdf,
    score_differentiates_log_prob,
    jacobian_differentiates_transform,
    implicit_identity,
    pathwise_agrees_with_jacobian,
    derivatives_agree,
    elements_are_independent,
    moments_match_quadrature,
    draws_follow_cdf,
)
