"""Transformed and Folded: maps of distributions, with derivatives in every leaf."""

import copy
import math
import pickle
import random

import mpmath
import numpy as np
import pytest
import scipy.stats
from mpmath import mp, mpf

import reparam as rp
from reparam.errors import ExpressionError, ParameterError, UnknownParameterError
from reparam.sampling import stream
from reparam.transforms.maps import Reciprocal

# References of arbitrary precision ----------------------------------------------------------------

#: Bases whose values are closed forms of their noise, and these at any precision.
BASES = {
    "gaussian": (rp.Gaussian(0.3, 0.7), lambda z, m, s: m + s * z),
    "exponential": (rp.Exponential(1.3), lambda u, rate: -mpmath.log(1 - u) / rate),
    "logistic": (rp.Logistic(-0.4, 0.6), lambda u, m, s: m + s * mpmath.log(u / (1 - u))),
    "uniform": (rp.Uniform(0.5, 2.5), lambda u, a, b: a + u * (b - a)),
    "laplace": (
        rp.Laplace(0.2, 0.5),
        lambda u, m, b: m + b * (mpmath.log(2 * u) if u < 0.5 else -mpmath.log(2 * (1 - u))),
    ),
}

#: Maps, and these at any precision.
MAPS = {
    "affine": (rp.Affine(0.7, -1.4), lambda x, a, b: a + b * x),
    "scale": (rp.Affine(0.2, 0.6), lambda x, a, b: a + b * x),
    "exp": (rp.Exp(), mpmath.exp),
    "log": (rp.Log(), mpmath.log),
    "sigmoid": (rp.Sigmoid(), lambda x: 1 / (1 + mpmath.exp(-x))),
    "tanh": (rp.Tanh(), mpmath.tanh),
    "softplus": (rp.Softplus(), lambda x: mpmath.log1p(mpmath.exp(x))),
    "power": (rp.Power(1.7), lambda x, p: x**p),
    "root": (rp.Power(-0.6), lambda x, p: x**p),
    "reciprocal": (rp.Reciprocal(), lambda x: 1 / x),
    "sinh": (rp.formula("a*sinh(b*y)", a=1.5, b=0.8), lambda x, a, b: a * mpmath.sinh(b * x)),
    "cubic": (rp.formula("y**3 + c*y", c=0.3), lambda x, c: x**3 + c * x),
}


class Chain:
    """A composition, and its value at any precision as a function of noise and parameters."""

    def __init__(self, base, names):
        self.d, self.quantile = BASES[base]
        self.counts = [len(self.d.parameters)]
        self.steps = []
        for name in names:
            own, step = MAPS[name]
            self.d = rp.Transformed(self.d, own)
            self.steps.append(step)
            self.counts.append(len(own.parameters))
        self.theta = [mpf(float(value)) for value in self.d._theta]

    def value(self, noise, theta):
        ends = np.cumsum([0, *self.counts])
        x = self.quantile(noise, *theta[: ends[1]])
        for number, step in enumerate(self.steps, 1):
            x = step(x, *theta[ends[number] : ends[number + 1]])
        return x

    def slope(self, noise, place, theta=None):
        theta = self.theta if theta is None else theta
        return mpmath.diff(
            lambda t: self.value(noise, [t if i == place else v for i, v in enumerate(theta)]),
            theta[place],
        )

    def log_density(self, noise, theta):
        """From the quantile: the noise's density by dy/dz."""
        log_slope = mpmath.log(abs(mpmath.diff(lambda z: self.value(z, theta), noise)))
        normal = self.d.noise.name == "normal"
        return (mpmath.log(mpmath.npdf(noise)) if normal else mpf(0)) - log_slope

    def noise_at(self, y, start, theta):
        """The noise of a value, by the secant method."""
        near = start, start * (1 + mpf(10) ** -12)
        return mpmath.findroot(lambda z: self.value(z, theta) - y, near, tol=mpf(10) ** -70)


def compositions(count):
    """Random compositions of up to three maps, each valid where its base has values."""
    chance, found = random.Random(11), {}
    while len(found) < count:
        names = chance.choices(list(MAPS), k=chance.randint(1, 3))
        base = chance.choice(list(BASES))
        try:
            chain = Chain(base, names)
        except ParameterError:
            continue
        found[f"{base}, {', '.join(names)}"] = chain
    return found


CHAINS = compositions(20)
EACH_CHAIN = pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)


def noise_of(chain):
    """Noise in the body and in both tails, away from kinks."""
    if chain.d.noise.name == "normal":
        return np.array([-6.0, -2.5, -1.1, -0.3, 1e-3, 0.2, 0.9, 1.7, 3.2, 5.5])
    return np.array([1e-9, 1e-4, 0.03, 0.2, 0.45, 0.51, 0.7, 0.9, 0.999, 1.0 - 2.0**-30])


def allowed(function, inputs, exact):
    """20 times what half an ulp of each input makes of a number, at least 1e-13 of it."""
    forced = mpf(0)
    for i, value in enumerate(inputs):
        moved = [v * (1 + mpf(2) ** -53) if i == k else v for k, v in enumerate(inputs)]
        forced += abs(function(*moved) - exact) if value else mpf(0)
    return max(mpf("1e-13") * abs(exact), 20 * forced)


@EACH_CHAIN
def test_values_and_derivatives_against_mpmath(chain):
    d, noise = chain.d, noise_of(chain)
    draw = d.transform(noise)
    jacobian = draw.jacobian()
    names = list(d.parameters)
    with mp.workdps(60):
        for i, z in enumerate(map(mpf, noise.tolist())):
            inputs = [z, *chain.theta]
            exact = chain.value(z, chain.theta)
            if not 1e-290 < abs(exact) < 1e290:
                continue
            room = allowed(lambda z, *t: chain.value(z, list(t)), inputs, exact)
            assert abs(mpf(float(draw.value[i])) - exact) <= room, (z, exact)
            for place, name in enumerate(names):
                slope = chain.slope(z, place)

                def moved(z, *t, place=place):
                    return chain.slope(z, place, list(t))

                room = allowed(moved, inputs, slope)
                assert abs(mpf(float(jacobian[name][i])) - slope) <= room, (name, z, slope)


@EACH_CHAIN
def test_functions_of_values_against_mpmath(chain):
    """log_prob, scores and the path of values, where the noise is found from the value."""
    d = chain.d
    noise = noise_of(chain)[[2, 4, 7]]
    y = d.transform(noise).value
    paths, scores, stein = d.pathwise(y), d.score(y), d.stein_score(y)
    with mp.workdps(80):
        for i, value in enumerate(y):
            at, start = mpf(float(value)), mpf(float(noise[i]))
            z = chain.noise_at(at, start, chain.theta)

            def log_density(y, *theta, start=z):
                return chain.log_density(chain.noise_at(y, start, list(theta)), list(theta))

            inputs = [at, *chain.theta]
            exact = log_density(*inputs)
            room = allowed(log_density, inputs, exact) + mpf("1e-13")
            assert abs(mpf(float(d.log_prob(value))) - exact) <= room
            rough = "formula" in repr(d)  # second derivatives are differences
            rtol = mpf("1e-9" if rough else "1e-12")
            h = mpf(10) ** -20
            terms = [stein[i], *scores.values()]
            for k, found in enumerate(terms):
                ends = [
                    log_density(*(v + s * h if j == k else v for j, v in enumerate(inputs)))
                    for s in (1, -1)
                ]
                slope = (ends[0] - ends[1]) / (2 * h)
                got = found if k == 0 else found[i]
                size = abs(slope) + abs(1 / inputs[k]) if inputs[k] else abs(slope) + 1
                assert abs(mpf(float(got)) - slope) <= rtol * size * 10, (k, got, slope)
            for place, name in enumerate(d.parameters):
                slope = chain.slope(z, place)
                room = mpf("1e-11") * (abs(slope) + abs(at))
                assert abs(mpf(float(paths[name][i])) - slope) <= room


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_draws_next_to_the_ends_keep_their_digits(name, upper):
    """Derivatives, 1 − y and its logarithm of draws within 1e-12 of an end, and beyond rounding."""
    own, _ = MAPS[name]
    d = rp.Transformed(rp.Gaussian(1.0, 3.0), own)
    z = np.array([9.0, 12.0, 100.0]) * (1.0 if upper else -1.0)
    draw = d.transform(z)
    end = d.support[int(upper)]
    assert np.all(np.abs(draw.value - end) < 1e-10)
    with mp.workdps(700):
        for i, noise in enumerate(z):
            x = 1 + 3 * mpf(float(noise))
            y = mpmath.tanh(x) if name == "tanh" else 1 / (1 + mpmath.exp(-x))
            slope = (1 - y * y) if name == "tanh" else y * (1 - y)
            close(draw.jacobian()["base.scale"][i], slope * mpf(float(noise)), 4e-15 * (1 + abs(x)))
            close(draw.complement[i], 1 - y, 4e-15 * (1 + abs(x)))
            close(draw.log_complement[i], mpmath.log(1 - y), 1e-14)
            found = draw.jacobian(of="log_complement")["base.loc"][i]
            close(found, -slope / (1 - y), 4e-15 * (1 + abs(x)))


def close(got, expected, rtol):
    assert abs(mpf(float(got)) - expected) <= rtol * abs(expected) + mpf("1e-320"), (got, expected)


def test_logarithms_where_values_underflow():
    """ln of a gamma draw that is 0, and its powers: from the base's own logarithm."""
    base = rp.Gamma(alpha=1e-3).by_quantile()
    u = np.array([0.01, 0.3, 0.9])
    own = base.transform(u)
    assert own.value[0] == 0.0
    log = rp.log(base).transform(u)
    np.testing.assert_array_equal(log.value[:2], own.log_value[:2])
    for name, entry in own.jacobian(of="log_value").items():
        np.testing.assert_allclose(log.jacobian()[f"base.{name}"], entry, rtol=1e-14)
    root = (base**1e-3).transform(u)
    np.testing.assert_allclose(root.value, np.exp(1e-3 * own.log_value), rtol=1e-13)
    np.testing.assert_allclose(root.log_value, 1e-3 * own.log_value, rtol=1e-15)
    h = 1e-9
    above, below = ((rp.Gamma(1e-3 + s * h).by_quantile() ** 1e-3).transform(u) for s in (1, -1))
    slope = (above.value - below.value) / (2.0 * h)
    np.testing.assert_allclose(root.jacobian()["base.alpha"], slope, rtol=1e-5)
    np.testing.assert_array_equal(rp.log(base).icdf(u), log.value)


# Draws --------------------------------------------------------------------------------------------

LAWS = {
    "exp of a gaussian": rp.exp(rp.Gaussian(0.2, 0.5)),
    "falling": 1.0 - 2.0 * rp.Gaussian(),
    "falling, of uniform noise": -rp.Exponential(2.0),
    "of a field": rp.log(rp.Gamma(2.5)),
    "falling, of a field": 1.0 / rp.Gamma(8.0),
    "of a field by its quantile": rp.Gamma(2.0).by_quantile() ** 2.0,
    "ends that move": rp.Uniform(1.0, 2.0) ** -1.5,
    "formula": rp.transformed(rp.Logistic(), "a*sinh(y)", a=2.0),
    "of a truncated one": rp.transformed(rp.Truncated(rp.Gaussian(), low=-1.0), "tanh"),
    "truncated": rp.Truncated(rp.exp(rp.Gaussian()), low=0.5),
    "nested": rp.log(rp.transformed(3.0 * rp.StudentT(4.0), "softplus")),
    "folded": rp.abs(rp.Gaussian(0.4, 1.2)),
    "folded field": rp.abs(rp.StudentT(4.0, 0.3)),
}
EACH_LAW = pytest.mark.parametrize("d", LAWS.values(), ids=LAWS)


@EACH_LAW
def test_draws_are_maps_of_the_bases_at_one_seed(d):
    if isinstance(d, rp.Truncated):
        return
    x = d.base.rsample(100, rng=3)
    y = d.rsample(100, rng=3)
    expected = np.abs(x.value) if isinstance(d, rp.Folded) else d.map._value(x.value, *d.map._theta)
    np.testing.assert_allclose(y.value, expected, rtol=1e-14)
    np.testing.assert_array_equal(d.sample(100, rng=3), y.value)
    assert d.noise is d.base.noise
    assert d.path == d.base.path


@EACH_LAW
def test_draws_follow_the_cdf(d):
    """A false alarm has a probability of 1e-9."""
    y = np.sort(d.sample(20_000, rng=5))
    assert scipy.stats.kstest(y, d.cdf).pvalue > 1e-9
    assert np.all((y >= d.support[0]) & (y <= d.support[1]))


@EACH_LAW
def test_functions_agree_with_each_other(d):
    u = np.array([1e-6, 0.4, 0.5, 0.99])
    y = d.icdf(u)
    np.testing.assert_allclose(d.cdf(y), u, rtol=1e-9)
    np.testing.assert_allclose(d.cdf(y) + d.sf(y), 1.0, rtol=1e-14)
    np.testing.assert_allclose(d.sf(d.isf(u)), u, rtol=1e-9)
    np.testing.assert_allclose(np.exp(d.log_cdf(y)), d.cdf(y), rtol=1e-12)
    np.testing.assert_allclose(np.exp(d.log_sf(y)), d.sf(y), rtol=1e-12)
    assert (d.icdf(0.0), d.icdf(1.0)) == d.support == (d.isf(1.0), d.isf(0.0))
    h = 1e-6
    slope = (d.log_prob(y + h) - d.log_prob(y - h))[1:] / (2.0 * h)
    np.testing.assert_allclose(d.stein_score(y)[1:], slope, rtol=1e-4, atol=1e-6)
    density = (d.cdf(y + h) - d.cdf(y - h))[1:] / (2.0 * h)
    np.testing.assert_allclose(np.exp(d.log_prob(y))[1:], density, rtol=1e-6)


@EACH_LAW
def test_derivatives_are_differences_of_the_quantile_and_the_density(d):
    u, h = np.array([0.1, 0.45, 0.8]), 1e-6
    y = d.icdf(u)
    paths, scores = d.pathwise(y), d.score(y)
    for name in d.parameters:
        if not np.isfinite(d[name]):
            continue
        above, below = (d.replace({name: d[name] + k * h}) for k in (1, -1))
        np.testing.assert_allclose(
            paths[name], (above.icdf(u) - below.icdf(u)) / (2.0 * h), rtol=1e-6, atol=1e-8
        )
        slope = (above.log_prob(y) - below.log_prob(y)) / (2.0 * h)
        np.testing.assert_allclose(scores[name], slope, rtol=1e-6, atol=1e-7)


@EACH_LAW
def test_replay_and_quantile(d):
    draw = d.rsample(50, rng=1)
    again = d.transform(draw.noise)
    np.testing.assert_allclose(again.value, draw.value, rtol=1e-10)
    drawn = d.by_quantile()
    assert (drawn is d) == (d.path == "map")
    assert drawn.path == "map"
    u = np.array([1e-12, 0.3, 0.9])
    if d.path == "field":
        np.testing.assert_array_equal(drawn.transform(u).value, d.transform(u).value)
        np.testing.assert_allclose(d.transform(u).value, d.icdf(u), rtol=1e-14)
        jacobian, h = drawn.transform(u).jacobian(), 1e-6
        for name in d.parameters:
            above, below = (
                d.replace({name: d[name] + k * h}).by_quantile().transform(u) for k in (1, -1)
            )
            slope = (above.value - below.value) / (2.0 * h)
            np.testing.assert_allclose(jacobian[name], slope, rtol=2e-5, atol=1e-6)


@EACH_LAW
def test_products_are_those_of_the_jacobian(d):
    draw = d.rsample(1000, rng=1)
    jacobian, upstream = draw.jacobian(), np.cos(draw.value)
    pulled = draw.vjp(upstream)
    assert list(pulled) == list(d.parameters) == list(jacobian)
    for name, entry in jacobian.items():
        assert pulled[name] == pytest.approx(np.sum(upstream * entry), rel=1e-11, abs=1e-300)
        np.testing.assert_array_equal(draw.jvp({name: 2.0}), 2.0 * entry)


@EACH_LAW
def test_moments_are_averages_over_quantiles(d):
    u = (np.arange(50_000) + 0.5) / 50_000
    y = d.icdf(u)
    if not np.isfinite(d.variance) or d is LAWS["formula"]:
        return
    assert d.mean == pytest.approx(y.mean(), rel=2e-3, abs=1e-3)
    assert d.variance == pytest.approx(y.var(), rel=3e-2)
    assert d.entropy == pytest.approx(-d.log_prob(y).mean(), rel=1e-3, abs=1e-3)


def test_moments_of_affine_maps_are_exact():
    d = 3.0 - 2.0 * rp.Gamma(2.5, 0.7)
    assert d.mean == 3.0 - 2.0 * d.base.mean
    assert d.variance == 4.0 * d.base.variance
    assert d.entropy == d.base.entropy + math.log(2.0)
    whole = rp.exp(rp.Gaussian(0.3, 0.8))
    assert whole.entropy == pytest.approx(rp.LogNormal(0.3, 0.8).entropy, rel=1e-15)
    assert whole.mean == pytest.approx(rp.LogNormal(0.3, 0.8).mean, rel=1e-11)


# Folded -------------------------------------------------------------------------------------------


def test_folded_derivatives_are_the_maps_and_the_path_is_their_mean():
    d = rp.abs(rp.Gaussian(0.7, 1.3))
    draw = d.rsample(20_000, rng=1)
    x = d.base.rsample(20_000, rng=1).value
    np.testing.assert_array_equal(draw.jacobian()["base.loc"], np.sign(x))
    # E[∂|x|/∂θ | y] is the quantile path's
    for name in d.parameters:
        gap = draw.jacobian()[name] - d.pathwise(draw.value)[name]
        assert abs(gap.mean()) < 6.5 * gap.std() / math.sqrt(gap.size)
        weighted = gap * np.cos(draw.value)
        assert abs(weighted.mean()) < 6.5 * weighted.std() / math.sqrt(gap.size)


def test_folded_path_next_to_zero_where_branches_cancel():
    """(p(y) − p(−y))/(p(y) + p(−y)) is tanh(μy/σ²) of a Gaussian."""
    y = np.array([1e-300, 1e-15, 1e-8, 1e-4, 0.01, 0.1, 1.0])
    for loc in (1e-3, 1.0, 3.0):
        found = rp.abs(rp.Gaussian(loc)).pathwise(y)["base.loc"]
        np.testing.assert_allclose(found, np.tanh(loc * y), rtol=2e-13)
    kinked = rp.abs(rp.Laplace(1e-3))
    inside = np.array([1e-4, 5e-4])
    np.testing.assert_allclose(kinked.pathwise(inside)["base.loc"], np.tanh(inside), rtol=1e-12)


def test_folded_path_of_a_mixture_keeps_its_digits_next_to_zero():
    a, b, y = 1.3, -0.4, np.array([1e-15, 1e-9, 1e-3])
    d = abs(rp.Mixture([rp.Gaussian(a), rp.Gaussian(b)], weights=[1.0, 2.0]))
    # −F_a/p = (φ(y − a) − φ(y + a)) / (3 p), where the difference is 2 φ(y) φ(a) √2π sinh(a y)
    p = np.exp(-0.5 * (y - a) ** 2) + np.exp(-0.5 * (y + a) ** 2)
    p += 2.0 * (np.exp(-0.5 * (y - b) ** 2) + np.exp(-0.5 * (y + b) ** 2))
    exact = 2.0 * np.exp(-0.5 * (y * y + a * a)) * np.sinh(a * y) / p
    np.testing.assert_allclose(d.pathwise(y)["base.components[0].loc"], exact, rtol=1e-13)


@pytest.mark.parametrize("loc", [0.0, 0.3, -2.0, 20.0])
def test_folded_gaussian_against_mpmath(loc):
    d = rp.abs(rp.Gaussian(loc, 1.5))
    y = np.array([1e-200, 1e-9, 0.4, 3.0, 40.0])
    with mp.workdps(500):
        m, s = mpf(loc), mpf(1.5)
        for value in y:
            at = mpf(float(value))
            below, above = mpmath.ncdf((-at - m) / s), mpmath.ncdf((m - at) / s)
            close(d.sf(value), below + above, 2e-13)
            close(d.cdf(value), 1 - below - above, 2e-13)
            p = mpmath.npdf(at, m, s) + mpmath.npdf(-at, m, s)
            close(d.log_prob(value), mpmath.log(p), 2e-13)
        flat = s * mpmath.sqrt(2 / mpmath.pi) * mpmath.exp(-m * m / (2 * s * s))
        mean = flat + m * (1 - 2 * mpmath.ncdf(-m / s))
        close(d.mean, mean, 1e-13)
        close(d.variance, m * m + s * s - mean * mean, 1e-12)
    found = d.log_sf(1e6)
    assert found == pytest.approx(rp.Gaussian(abs(loc), 1.5).log_sf(1e6), rel=1e-11)


def test_folded_supports():
    assert rp.abs(rp.Uniform(-1.0, 2.0)).support == (0.0, 2.0)
    assert rp.abs(rp.Uniform(-3.0, -1.0)).support == (1.0, 3.0)
    assert rp.abs(rp.Uniform(1.0, 2.0)).support == (1.0, 2.0)
    assert rp.abs(rp.Uniform(-1.0, 2.0)).mean == pytest.approx(5.0 / 6.0, rel=1e-14)
    d = rp.abs(rp.Uniform(-1.0, 2.0))
    np.testing.assert_allclose(d.cdf([0.5, 1.0, 1.5]), [1.0 / 3.0, 2.0 / 3.0, 5.0 / 6.0])
    np.testing.assert_allclose(np.exp(d.log_prob([0.5, 1.5])), [2.0 / 3.0, 1.0 / 3.0])


# Ends, nesting, batches ---------------------------------------------------------------------------


def test_ends_are_mapped_and_falling_maps_swap_them():
    assert rp.exp(rp.Gaussian()).support == (0.0, np.inf)
    assert rp.exp(-rp.Exponential()).support == (0.0, 1.0)
    assert (1.0 / rp.Uniform(1.0, 2.0)).support == (0.5, 1.0)
    assert (1.0 / rp.Truncated(rp.Gaussian(), high=-2.0)).support == (-0.5, 0.0)
    assert (1.0 / rp.Uniform(-2.0, 0.0)).support[0] == -np.inf
    assert rp.log(rp.Gamma()).support == (-np.inf, np.inf)
    assert rp.transformed(rp.Gaussian(), "2*arctan(y)").support == (-math.pi, math.pi)
    assert rp.transformed(rp.Exponential(), "1 - 1/(1 + y)").support == (0.0, 1.0)
    d = -2.0 * rp.Gamma(2.0)
    assert d.cdf(-1.0) == d.base.sf(0.5)
    assert d.isf(1e-200) == -2.0 * d.base.icdf(1e-200)


def test_moving_ends_are_named():
    assert rp.exp(rp.Gaussian()).moving == ()
    assert (rp.Exponential() + 1.0).moving == ("map.loc",)
    assert (rp.Uniform(1.0, 2.0) ** 2).moving == ("base.low", "base.high", "map.exponent")
    assert (rp.Gamma() ** 2).moving == ()
    assert rp.transformed(rp.Gaussian(), "a*tanh(y)", a=2.0).moving == ("map.a",)
    assert rp.abs(rp.Uniform(-1.0, 2.0)).moving == ("base.low", "base.high")


def test_densities_at_ends_are_limits():
    assert rp.exp(rp.Gaussian()).log_prob(0.0) == -np.inf
    assert (rp.Exponential() ** 2).log_prob(0.0) == np.inf
    assert (rp.Exponential() ** 0.5).log_prob(0.0) == -np.inf
    square = rp.Gamma(2.0) ** 2  # its density tends to ½
    assert square.log_prob(0.0) == pytest.approx(math.log(0.5), abs=1e-9)
    assert rp.transformed(rp.Gaussian(), "tanh").log_prob(1.0) == -np.inf
    assert rp.exp(rp.Gaussian()).log_prob(-1.0) == -np.inf
    assert rp.exp(rp.Gaussian()).log_prob(np.inf) == -np.inf


def test_truncation_in_both_orders():
    """A map of a truncated distribution is the truncated map, with the ends mapped."""
    inner = rp.exp(rp.Truncated(rp.Gaussian(0.1, 0.9), low=-1.0, high=2.0))
    outer = rp.Truncated(rp.exp(rp.Gaussian(0.1, 0.9)), low=math.exp(-1.0), high=math.exp(2.0))
    u = np.array([1e-9, 0.2, 0.7, 0.9999])
    y = inner.icdf(u)
    np.testing.assert_allclose(outer.icdf(u), y, rtol=1e-13)
    np.testing.assert_allclose(outer.cdf(y), inner.cdf(y), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(outer.log_prob(y), inner.log_prob(y), rtol=1e-12)
    np.testing.assert_allclose(outer.mean, inner.mean, rtol=1e-10)
    paths, others = inner.pathwise(y), outer.pathwise(y)
    for name in ("loc", "scale"):
        np.testing.assert_allclose(
            paths[f"base.base.{name}"], others[f"base.base.{name}"], rtol=1e-11, atol=1e-13
        )
    np.testing.assert_allclose(
        paths["base.low"], others["low"] * math.exp(-1.0), rtol=1e-11, atol=1e-13
    )
    deep = rp.Truncated(rp.log(rp.abs(rp.Truncated(rp.Gaussian(0.3), low=-2.0))), high=0.5)
    draw = deep.rsample(100, rng=1)
    assert list(draw.vjp(1.0)) == list(deep.parameters)
    assert np.all(draw.value < 0.5)


def test_batches_have_the_values_of_their_elements():
    loc, scale = np.array([[0.0], [1.0]]), np.array([-2.0, 0.5, 3.0])
    d = rp.Transformed(rp.Gamma([[2.0], [3.0]]), rp.Affine(loc, scale))
    assert d.batch_shape == (2, 3)
    y = d.icdf(np.array([0.1, 0.6])[:, np.newaxis, np.newaxis])
    for i, j in np.ndindex(2, 3):
        one = rp.Transformed(rp.Gamma(2.0 + i), rp.Affine(loc[i, 0], scale[j]))
        np.testing.assert_array_equal(y[:, i, j], one.icdf([0.1, 0.6]))
        np.testing.assert_array_equal(d.cdf(y)[:, i, j], one.cdf(y[:, i, j]))
        for name, entry in one.score(y[:, i, j]).items():
            np.testing.assert_allclose(d.score(y)[name][:, i, j], entry, rtol=1e-14)
        assert (d.support[0][i, j], d.support[1][i, j]) == one.support
    shapes = {name: np.shape(entry) for name, entry in d.rsample(5, rng=1).vjp(1.0).items()}
    assert shapes == {"base.alpha": (2, 1), "base.rate": (), "map.loc": (2, 1), "map.scale": (3,)}
    pieces = [draw.value for draw in stream(d, range(40), rng=7)]
    np.testing.assert_array_equal(np.concatenate(pieces), d.rsample(40, rng=7).value)
    assert (np.zeros(0) * rp.Gamma() + 1.0 if False else rp.Gamma() * np.ones(0)).mean.shape == (0,)


# Formulas -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("sinh(y)", "y**3", "y + tanh(y)", "2*y + sin(y)", "-y**3 - y", "arctan(y)", "erf(y)"),
        *(
            "max(y, 2*y)",
            "y*abs(y)",
            "log(1 + exp(y))",
            "expm1(y)",
            "exp(y) - exp(-y)",
            "softplus(y)",
        ),
        *("arcsinh(3*y - 1)", "logaddexp(y, 2*y)", "y + 0.4*sin(2*y)", "square(exp(y))", "1 - 2*y"),
    ],
)
def test_formulas_that_are_proved(text):
    d = rp.transformed(rp.Gaussian(), text)
    x = np.linspace(-3.0, 3.0, 400)
    y = rp.Expression(text).value({"y": x})
    falls = y[-1] < y[0]
    np.testing.assert_allclose(
        d.cdf(y), d.base.sf(x) if falls else d.base.cdf(x), rtol=1e-9, atol=1e-12
    )
    inner = np.array([0.2, 0.7])
    np.testing.assert_allclose(
        d.icdf(inner),
        rp.Expression(text).value({"y": d.base.icdf(1.0 - inner if falls else inner)}),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("y**2", "'y**2' rises between 1 and inf and falls between -inf and -1, where Gaussian"),
        ("y - tanh(2*y)", "falls between -0.25 and 0.25 and rises elsewhere"),
        ("relu(y)", "is constant between -inf and 0"),
        ("clip(y, -1, 1)", "is constant between -inf and -1"),
        ("sign(y)", "constant between"),
        ("1/y", "jumps, or isn't defined, at 0"),
        ("sqrt(y)", "the sign of its derivative is open between -inf and 0"),
        ("log(y)", "the sign of its derivative is open between -inf and 0"),
        ("y + sin(y)", "can't be shown to be monotone: the sign of its derivative is open between"),
        ("tan(y)", "the sign of its derivative is open between"),
        ("where(y > 0, y + 1, y)", "the sign of its derivative is open between 0"),
        ("0*y", "is constant between -inf and inf"),
    ],
)
def test_formulas_that_are_not(text, problem):
    with pytest.raises(ParameterError) as caught:
        rp.transformed(rp.Gaussian(), text)
    assert problem in str(caught.value)
    assert "pass a formula that rises" in str(caught.value)


def test_no_formula_is_accepted_that_is_not_monotone():
    """Random formulas on a grid: those that are accepted rise, or fall, from number to number."""
    chance = random.Random(5)
    leaves = ["y", "y", "y", "0.5", "2", "1.5"]
    unary = ["exp({})", "tanh({})", "sin({})", "abs({})", "-{}", "{}**2", "{}**3", "arctan({})"]
    unary += ["softplus({})", "sinh({})", "relu({})", "cos({})", "sigmoid({})", "log1p({})"]
    binary = ["{} + {}", "{} - {}", "({})*({})", "max({}, {})", "({})/({})", "min({}, {})"]

    def made(depth):
        if depth == 0 or chance.random() < 0.15:
            return chance.choice(leaves)
        if chance.random() < 0.55:
            return chance.choice(unary).format(f"({made(depth - 1)})")
        return chance.choice(binary).format(made(depth - 1), made(depth - 1))

    base, accepted = rp.Uniform(-3.0, 4.0), 0
    x = np.linspace(-3.0, 4.0, 2002)[1:-1]
    for _ in range(400):
        text = made(3)
        try:
            rp.transformed(base, text)
        except rp.ReparamError:
            continue
        accepted += 1
        y = np.broadcast_to(rp.Expression(text).value({"y": x}), x.shape)
        with np.errstate(invalid="ignore"):  # of two that overflow
            steps = np.diff(y) * (-1.0 if y[-1] < y[0] else 1.0)
        finite = np.isfinite(steps)
        assert np.all(steps[finite] >= -1e-13 * np.abs(y[1:][finite])), text
        assert not np.any(np.isnan(y)), text
    assert accepted > 40


def test_parameters_of_formulas():
    d = rp.transformed(rp.Gamma(2.0), "a*y**b", a=2.0, b=[0.5, 2.0])
    assert list(d.parameters) == ["base.alpha", "base.rate", "map.a", "map.b"]
    assert d.batch_shape == (2,)
    with pytest.raises(
        UnknownParameterError, match=r"needs a value for b \(values are given for: a"
    ):
        rp.transformed(rp.Gamma(), "a*y**b", a=2.0)
    with pytest.raises(UnknownParameterError, match="no parameter 'c'"):
        rp.transformed(rp.Gamma(), "a*y", a=2.0, c=1.0)
    with pytest.raises(ExpressionError, match="has no y in it"):
        rp.formula("a*x", a=1.0, x=2.0)
    with pytest.raises(ExpressionError, match="a parameter called replace, which means something"):
        rp.formula("replace*y", replace=1.0)
    with pytest.raises(ParameterError, match="no map is called 'tahn'; did you mean 'tanh'"):
        rp.transformed(rp.Gamma(), "tahn")


# The tree, text, operators ------------------------------------------------------------------------


def test_parameters_are_named_by_path():
    d = 2.0 * rp.Gaussian(loc=1.0) + 3.0
    assert list(d.parameters) == ["base.loc", "base.scale", "map.loc", "map.scale"]
    assert (d["map.loc"], d["base.loc"], d.map.scale) == (3.0, 1.0, 2.0)
    assert d.replace({"map.scale": -1.0}).map.scale == -1.0
    assert d.replace(base=rp.Laplace(), map=rp.Tanh()).support == (-1.0, 1.0)
    with pytest.raises(UnknownParameterError, match="more than one parameter 'scale'"):
        d.replace(scale=1.0)
    with pytest.raises(AttributeError, match="frozen"):
        d.map.scale = 1.0


NAMES = {name: getattr(rp, name) for name in rp.__all__ if name != "__version__"}
NAMES["ByQuantile"] = lambda d: d.by_quantile()


@EACH_LAW
def test_repr_parses_back(d):
    for law in (d, d.by_quantile()):
        for again in (rp.parse(repr(law)), eval(repr(law), NAMES)):
            assert repr(again) == repr(law)
            assert again.path == law.path
            np.testing.assert_array_equal(again.sample(5, rng=1), law.sample(5, rng=1))


@EACH_LAW
@pytest.mark.parametrize("way", [copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d))])
def test_distributions_and_draws_are_copied_and_pickled(d, way):
    for law in (d, d.by_quantile()):
        again = way(law.rsample(4, rng=1))
        assert repr(again.distribution) == repr(law)
        for name, entry in again.vjp(1.0).items():
            np.testing.assert_array_equal(entry, law.rsample(4, rng=1).vjp(1.0)[name])


@pytest.mark.parametrize(
    ("made", "written"),
    [
        (lambda d: 2 * d + 1, "Transformed({}, Affine(loc=1.0, scale=2.0))"),
        (lambda d: 1 - d, "Transformed({}, Affine(loc=1.0, scale=-1.0))"),
        (lambda d: (d - 1) / 4, "Transformed({}, Affine(loc=-0.25, scale=0.25))"),
        (lambda d: -d, "Transformed({}, Affine(loc=0.0, scale=-1.0))"),
        (lambda d: +d, "{}"),
        (lambda d: np.float64(2.0) * d, "Transformed({}, Affine(loc=0.0, scale=2.0))"),
        (lambda d: np.array([1.0, 2.0]) * d, "Transformed({}, Affine(loc=0.0, scale=[1.0, 2.0]))"),
        (lambda d: 1 / d, "Transformed({}, Reciprocal())"),
        (lambda d: d**2, "Transformed({}, Power(exponent=2.0))"),
        (lambda d: abs(d), "Folded({})"),
        (lambda d: rp.log(rp.exp(d)), "{}"),
        (lambda d: rp.exp(rp.log(d)), "{}"),
        (
            lambda d: rp.Gaussian() ** 3,
            "Transformed(Gaussian(loc=0.0, scale=1.0), formula('y**3'))",
        ),
    ],
)
def test_operators(made, written):
    d = rp.Gamma(2.0)
    assert repr(made(d)) == written.format(repr(d))
    x = d.sample(3, rng=1)
    if "Gaussian" not in written and "[" not in written:
        try:
            expected = made(x)
        except rp.ReparamError:
            return
        np.testing.assert_allclose(made(d).sample(3, rng=1), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        (lambda d: d + d, ParameterError, "has two draws in it"),
        (lambda d: d / 0, ParameterError, "divide by a number that is not 0"),
        (lambda d: 0 * d, ParameterError, "scale=0 makes everything the same"),
        (lambda d: d**2, ParameterError, "has values below 0"),
        (lambda d: 1 / d, ParameterError, "takes numbers of one sign"),
        (lambda d: rp.log(d), ParameterError, r"Log\(\) takes \(0, inf\)"),
        (lambda d: d + "a", TypeError, "unsupported operand"),
        (lambda d: (-2) ** d, ParameterError, "has a base that is not positive"),
        (lambda d: rp.Gamma() ** 0, ParameterError, "exponent=0 makes everything 1"),
        (
            lambda d: rp.Transformed(d, "tanh"),
            ParameterError,
            "is not a map; pass one, such as Exp",
        ),
        (lambda d: rp.Transformed(rp.Poisson(), rp.Exp()), ParameterError, "draws integers"),
    ],
)
def test_what_is_refused(made, error, message):
    with pytest.raises(error, match=message):
        made(rp.Gaussian())


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("exp(gaussian)", "Transformed(Gaussian(), Exp())"),
        ("transformed(gaussian, tanh)", "Transformed(Gaussian(), Tanh())"),
        ("2*gaussian(loc=1) + 1", "Transformed(Gaussian(loc=1.0), Affine(loc=1.0, scale=2.0))"),
        ("gaussian-1", "Transformed(Gaussian(), Affine(loc=-1.0))"),
        ("2 - student-t(3)", "Transformed(StudentT(df=3.0), Affine(loc=2.0, scale=-1.0))"),
        ("-gamma**2", "Transformed(Transformed(Gamma(), Power(2.0)), Affine(scale=-1.0))"),
        ("(gaussian + 1)*[1, 2]", "Transformed(Gaussian(), Affine(loc=[1, 2], scale=[1, 2]))"),
        ("abs(gaussian)", "Folded(Gaussian())"),
        ("transformed(gaussian, 'a*y', a=3)", "Transformed(Gaussian(), formula('a*y', a=3.0))"),
        ("power(gamma, exponent=-2)", "Transformed(Gamma(), Power(-2.0))"),
        ("byquantile(1/gamma(2))", "ByQuantile(Transformed(Gamma(2.0), Reciprocal()))"),
        ("gamma**-0.5", "Transformed(Gamma(), Power(-0.5))"),
    ],
)
def test_text(text, same):
    assert repr(rp.parse(text)) == repr(rp.parse(same))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2*3", "column 2: '*' is for a distribution of real numbers and a number"),
        ("gaussian**2", "column 9: Gaussian(loc=0.0, scale=1.0) has values below 0"),
        ("gaussian*gaussian", "column 9: Gaussian(loc=0.0, scale=1.0) * Gaussian"),
        ("exp(3)", "column 1: exp takes one distribution"),
        ("transformed(gaussian)", "column 1: transformed takes a distribution, and a map or a"),
        ("gamma**2**3", "column 9: one power of another needs parentheses"),
        ("gaussian +", "column 11: expected a distribution, a number or a list of numbers"),
        ("poisson + 1", "column 9: '+' is for a distribution of real numbers"),
        ("gaussian('a')", "column 10: expected a distribution, a number"),
        ('transformed(gaussian, "open', "column 23: expected a distribution"),
        ("exp", "column 1: expected a distribution, such as"),
        ("--gaussian", "column 2: expected a number after '-'"),
    ],
)
def test_text_that_cannot_be_read(text, message):
    with pytest.raises(rp.ReparamError) as caught:
        rp.parse(text)
    assert message in str(caught.value)


@pytest.mark.parametrize("alpha", [0.001, 0.01, 0.3, 40.0])
def test_functions_of_logarithms_that_underflow(alpha: float) -> None:
    """ln x of a gamma variate, most of which may lie below ln of the least double."""
    d = rp.log(rp.Gamma(alpha))
    y = np.array([-50.0, -689.99, -690.01, -900.0, -20_000.0])
    with mp.workdps(40):
        a = mp.mpf(alpha)
        below = [mp.gammainc(a, 0, mp.exp(v), regularized=True) for v in y]
        shift = [mp.digamma(a) - v for v in y]
        assert np.allclose(d.cdf(y), [float(p) for p in below], rtol=1e-12, atol=1e-300)
        assert np.allclose(d.sf(y), [float(1 - p) for p in below], rtol=1e-12)
        assert np.allclose(d.log_cdf(y), [float(mp.log(p)) for p in below], rtol=1e-12)
        logs = [float(a * v - mp.exp(v) - mp.loggamma(a)) for v in y]
        assert np.allclose(d.log_prob(y), logs, rtol=1e-12)
        assert np.allclose(d.score(y)["base.alpha"], [-float(s) for s in shift], rtol=1e-12)
        # for small x, F = x^α/Γ(α + 1): ∂y/∂α = (ψ(α + 1) − y)/α
        velocity = [float((s + 1 / a) / a) for s in shift]
        assert np.allclose(d.pathwise(y)["base.alpha"][1:], velocity[1:], rtol=1e-12)
        assert float(d.mean) == pytest.approx(float(mp.digamma(a)), rel=1e-10)
        assert float(d.variance) == pytest.approx(float(mp.polygamma(1, a)), rel=1e-10)
        entropy = float(mp.loggamma(a) - a * mp.digamma(a) + a)
        assert float(d.entropy) == pytest.approx(entropy, rel=1e-10)


def test_logarithms_of_what_is_no_power_are_refused_far_out() -> None:
    """The density of ln x is a parabola for a log-normal x, its tails are not."""
    d, g = rp.log(rp.LogNormal(0.0, 100.0)), rp.Gaussian(0.0, 100.0)
    y = np.array([-900.0, 900.0])
    assert np.allclose(d.log_prob(y), g.log_prob(y), rtol=1e-12)
    assert np.isnan(d.log_cdf(y[0]))
    assert np.isnan(d.log_sf(y[1]))


def test_reciprocals_of_negative_numbers_at_zero() -> None:
    """0 is the image of −∞ there, whichever sign it has."""
    d = rp.Transformed(rp.Truncated(rp.Gaussian(), high=-1.0), Reciprocal())
    for zero in (0.0, -0.0):
        assert (float(d.cdf(zero)), float(d.sf(zero))) == (1.0, 0.0)
        assert (float(d.log_cdf(zero)), float(d.log_sf(zero))) == (0.0, -np.inf)
        assert float(d.log_prob(zero)) == -np.inf
        assert not any(np.isnan(entry) for entry in d.score(zero).values())
