"""Gaussian copulas: margins of any kind, their tails, and what correlates them."""

import math
import pickle

import numpy as np
import pytest
from mpmath import mp, mpf

import reparam as rp
from reparam.errors import ParameterError, ShapeError

R = np.array([[1.0, 0.5, -0.3], [0.5, 1.0, 0.2], [-0.3, 0.2, 1.0]])
MIXTURE = rp.mixture([0.3, 0.7], rp.Gaussian(), rp.Laplace(2.0, 0.5))
MARGINS = [rp.truncate(rp.Gaussian(1.0, 2.0), low=0.0), rp.Gamma(2.5, 0.5), MIXTURE]
WAYS = {"correlation": R, "correlation_tril": np.linalg.cholesky(R)}
each_way = pytest.mark.parametrize("way", WAYS)


def moved(d, name, step):
    value = d[name] + step
    if name == "correlation_tril":
        value = value / np.linalg.norm(value, axis=-1, keepdims=True)
    return d.replace({name: value})


def steps(d, name, size):
    """A step in each free entry."""
    if name == "correlation":
        units = [np.zeros((3, 3)) for _ in range(3)]
        for unit, (i, j) in zip(units, [(1, 0), (2, 0), (2, 1)], strict=True):
            unit[i, j] = unit[j, i] = size
        return units
    if name == "correlation_tril":
        units = []
        for i, j in ((1, 0), (2, 0), (2, 1), (2, 2)):
            unit = np.zeros((3, 3))
            unit[i, j] = size
            units.append(unit - np.sum(unit * d[name], axis=1, keepdims=True) * d[name])
        return units
    return [*(size * np.eye(np.size(d[name])))] if np.ndim(d[name]) else [np.array(size)]


@each_way
def test_derivatives_and_scores(way):
    """Beside differences of draws at one noise, and of the log density."""
    d = rp.GaussianCopula(MARGINS, **{way: WAYS[way]})
    draw = d.rsample(40, rng=1)
    y, jacobian, score = draw.value, draw.jacobian(), d.score(draw.value)
    assert set(jacobian) == {*d.parameters.differentiable}
    for name in jacobian:
        for unit in steps(d, name, 1e-6):
            up, down = moved(d, name, unit), moved(d, name, -unit)
            change = 0.5 * (up.transform(draw.noise).value - down.transform(draw.noise).value)
            found = jacobian[name].reshape(40, 3, -1) @ unit.ravel()
            assert np.allclose(change, found, rtol=1e-5, atol=2e-14), name
            if name != "margins[0].low":
                change = 0.5 * (up.log_prob(y) - down.log_prob(y))
                found = score[name].reshape(40, -1) @ unit.ravel()
                assert np.allclose(change, found, rtol=1e-5, atol=1e-14), name
    for k, unit in enumerate(1e-6 * np.eye(3)):
        change = 0.5 * (d.log_prob(y + unit) - d.log_prob(y - unit)) / 1e-6
        assert np.allclose(change, d.stein_score(y)[:, k], rtol=1e-5, atol=1e-8)
    upstream = np.cos(np.arange(120.0)).reshape(40, 3)
    for name, gradient in draw.vjp(upstream).items():
        assert np.allclose(np.einsum("ni,ni...->...", upstream, jacobian[name]), gradient)
        (tangent,) = steps(d, name, 1.0)[:1]
        along = jacobian[name].reshape(40, 3, -1) @ tangent.ravel()
        assert np.allclose(draw.jvp({name: tangent}), along)


def test_gaussian_margins():
    """A multivariate Gaussian."""
    scales = np.array([2.0, 3.0, 0.5])
    d = rp.GaussianCopula([rp.Gaussian(k, s) for k, s in enumerate(scales)], correlation=R)
    same = rp.MultivariateGaussian([0.0, 1.0, 2.0], covariance=R * np.outer(scales, scales))
    y = same.sample(200, rng=3) * 1.5
    assert np.allclose(d.log_prob(y), same.log_prob(y), rtol=1e-13)
    assert np.allclose(d.stein_score(y), same.stein_score(y), rtol=1e-9, atol=1e-11)
    assert np.allclose(
        d.transform(same.rsample(9, rng=1).noise).value, same.rsample(9, rng=1).value
    )
    assert math.isclose(d.entropy, same.entropy, rel_tol=1e-14)
    assert np.allclose(d.variance, same.variance, rtol=1e-14)
    for law in (d, rp.GaussianCopula(d.margins, correlation_tril=np.linalg.cholesky(R))):
        part, expected = (each.marginal([2, 0]).log_prob(y[:, [2, 0]]) for each in (law, same))
        assert np.allclose(part, expected, rtol=1e-13)


def test_far_tails():
    """Of exponential margins y = −ln Φ(−x), with ∂y/∂x = φ(x)/Φ(−x), at |x| up to 37."""
    d = rp.GaussianCopula([rp.Exponential(), rp.Exponential(rate=2.0)], correlation_tril=np.eye(2))
    z = np.array([[-37.0, 37.0], [-9.0, 8.5], [-1e-9, 0.3], [30.0, -20.0]])
    draw = d.transform(z)
    weights = d._weights(draw.value, z, tuple((m.rate,) for m in d.margins))
    log_p = d.log_prob(draw.value)
    with mp.workdps(350):
        for row, each in enumerate(z):
            tails = [mp.erfc(mpf(x) / mp.sqrt(2)) / 2 for x in each]
            values = [-mp.log(tail) for tail in tails]
            slopes = [mp.npdf(mpf(x)) / tail for x, tail in zip(each, tails, strict=True)]
            exact = [float(values[0]), float(values[1] / 2)]
            assert np.allclose(draw.value[row], exact, rtol=2e-13, atol=0.0)
            exact = [float(slopes[0]), float(slopes[1] / 2)]
            assert np.allclose(weights[row], exact, rtol=5e-13, atol=0.0)
            assert math.isclose(log_p[row], -float(sum(values)) + math.log(2.0), rel_tol=1e-12)
    # independent, so that densities need no quantile: with correlation they do
    tied = rp.GaussianCopula(d.margins, correlation=[[1.0, 0.6], [0.6, 1.0]])
    draw = tied.transform(z)
    x = draw._extras[0]
    expected = -0.5 * np.sum(z**2 - x**2, axis=1) - math.log(0.8) - draw.value @ [1.0, 2.0]
    assert np.allclose(tied.log_prob(draw.value), expected + math.log(2.0), rtol=1e-11)


@each_way
def test_statistics(way):
    n = 50_000
    d = rp.GaussianCopula(MARGINS, **{way: WAYS[way]})
    y = d.sample(n, rng=5)
    for found, exact in ((y, d.mean), ((y - d.mean) ** 2, d.variance), (-d.log_prob(y), d.entropy)):
        error = np.std(found, axis=0) / math.sqrt(n)
        assert np.all(np.abs(np.mean(found, axis=0) - exact) < 4.5 * error)


def test_rows_and_batches():
    """Draws depend on the seed, their number and their own parameters alone."""
    d = rp.GaussianCopula(
        [rp.Gamma([1.0, 2.0]), rp.Gaussian()], correlation=[np.eye(2), 0.5 + 0.5 * np.eye(2)]
    )
    assert d.batch_shape == (2,)
    assert d.event_shape == (2,)
    draw = d.rsample(30, rng=2)
    for k, alpha in enumerate((1.0, 2.0)):
        one = rp.GaussianCopula([rp.Gamma(alpha), rp.Gaussian()], correlation=d.correlation[k])
        same = one.rsample(60, rng=2)
        assert np.array_equal(draw.value[:, k], same.value.reshape(30, 2, 2)[:, k])
        assert np.array_equal(d.log_prob(draw.value)[:, k], one.log_prob(draw.value[:, k]))
    copy = pickle.loads(pickle.dumps(d))
    assert np.array_equal(copy.rsample(30, rng=2).value, draw.value)


def test_supports():
    d = rp.GaussianCopula([rp.Uniform(), rp.Gamma()], correlation_tril=[[1.0, 0.0], [0.6, 0.8]])
    assert np.array_equal(d.support, [[0.0, 0.0], [1.0, np.inf]])
    values = [[0.5, 1.0], [1.5, 1.0], [0.5, -1.0], [np.nan, 1.0]]
    found = d.log_prob(values)
    assert np.isfinite(found[0])
    assert np.all(found[1:3] == -np.inf)
    assert np.isnan(found[3])
    assert d.moving == ("margins[0].low", "margins[0].high")
    assert repr(d) == (
        "GaussianCopula([Uniform(low=0.0, high=1.0), Gamma(alpha=1.0, rate=1.0)],"
        " correlation_tril=[[1.0, 0.0], [0.6, 0.8]])"
    )
    assert np.array_equal(rp.GaussianCopula([rp.Uniform()] * 4).correlation_tril, np.eye(4))


def test_messages():
    pair = [rp.Gaussian(), rp.Gamma()]
    with pytest.raises(ShapeError, match="there are 2 margins"):
        rp.GaussianCopula(pair, correlation=np.eye(3))
    with pytest.raises(ParameterError, match=r"entry \[1, 1\], on the diagonal, is 2"):
        rp.GaussianCopula(pair, correlation=np.diag([1.0, 2.0]))
    with pytest.raises(ParameterError, match="minor of order 2"):
        rp.GaussianCopula(pair, correlation=[[1.0, 1.0], [1.0, 1.0]])
    with pytest.raises(ParameterError, match="draws integers"):
        rp.GaussianCopula([rp.Poisson(), rp.Gamma()])
