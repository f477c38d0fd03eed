"""Quantiles of discrete distributions, and draws, each of which is the quantile of one uniform."""

import math

import mpmath as mp
import numpy as np
import pytest
from kinds import DISCRETE
from precise import log_gamma
from scipy import stats

import reparam as rp
from reparam import sampling
from reparam.engine.noise import UNIFORM, Stream
from reparam.testing import typical

LEAST, LAST = 2.0**-1074, 1.0 - 2.0**-53

#: The relative error of a tail of this library, which may move a quantile to a neighbour.
TAIL = 1e-13

#: Digits of the references.
DIGITS = 50


# References ---------------------------------------------------------------------------------------
#
# A tail is the sum of its probabilities, each from the one before it. Where the sum would be long,
# it is an integral: P(Y > k) is that of a gamma or beta density from 0 to an edge.


def poisson(rate):
    def log_mass(k):
        return k * mp.log(rate) - rate - log_gamma(k + 1)

    def density(t, k):
        return mp.exp(k * mp.log(t) - t - log_gamma(k + 1))

    return log_mass, lambda k: rate / (k + 1), density, rate, lambda k: (k, mp.sqrt(k + 1), mp.inf)


def binomial(n, p):
    def log_mass(k):
        ways = log_gamma(n + 1) - log_gamma(k + 1) - log_gamma(n - k + 1)
        return ways + k * mp.log(p) + (n - k) * mp.log1p(-p)

    def density(t, k):
        log_beta = log_gamma(k + 1) + log_gamma(n - k) - log_gamma(n + 1)
        return mp.exp(k * mp.log(t) + (n - k - 1) * mp.log1p(-t) - log_beta)

    def shape(k):
        return k / n, mp.sqrt(k / n * (1 - k / n) / n), mp.mpf(1)

    return log_mass, lambda k: (n - k) / (k + 1) * p / (1 - p), density, p, shape


def negative_binomial(r, p):
    def log_mass(k):
        ways = log_gamma(k + r) - log_gamma(k + 1) - log_gamma(r)
        return ways + r * mp.log(p) + k * mp.log1p(-p)

    def density(t, k):
        log_beta = log_gamma(r) + log_gamma(k + 1) - log_gamma(k + r + 1)
        return mp.exp((r - 1) * mp.log1p(-t) + k * mp.log(t) - log_beta)

    def shape(k):
        return k / (k + r), mp.sqrt(k * r / (k + r) ** 3), mp.mpf(1)

    return log_mass, lambda k: (k + r) / (k + 1) * (1 - p), density, 1 - p, shape


LAWS = {rp.Poisson: poisson, rp.Binomial: binomial, rp.NegativeBinomial: negative_binomial}


def summed(cls, theta, k, upper):
    """Return F(k), or 1 − F(k), by adding probabilities away from the mean."""
    d = cls(*theta)
    if k < 0.0 or k >= d.support[1]:
        return mp.mpf((k < 0.0) == upper)
    above = k > d.mean
    log_mass, ratio, *_ = LAWS[cls](*map(mp.mpf, theta))
    k = mp.mpf(k) + (1 if above else 0)
    term, total = mp.exp(log_mass(k)), mp.mpf(0)
    while term > total * mp.mpf(10) ** -45:
        total += term
        if not above and k == 0:
            break
        term = term * ratio(k) if above else term / ratio(k - 1)
        k += 1 if above else -1
    return total if above == upper else 1 - total


def integrated(cls, theta, k, upper):
    """Return F(k), or 1 − F(k), by integrating away from the density's peak."""
    *_, density, edge, shape = LAWS[cls](*map(mp.mpf, theta))
    k = mp.mpf(k)
    peak, width, end = shape(k)
    below = edge < peak
    stop = max(edge - 20 * width, mp.mpf(0)) if below else min(edge + 20 * width, end)
    found = abs(mp.quad(lambda t: density(t, k), mp.linspace(edge, stop, 17)))
    return found if below == upper else 1 - found


def assert_is_the_quantile(cls, theta, u, reference, rounding=0.0):
    """Compare the exact tails at a quantile, and at the integer below it, with u or 1 − u.

    `rounding` moves k and the parameters by so much, relative, and the tails with them.
    """
    k = float(cls(*theta).icdf(u))
    upper = u > 0.5
    wanted = 1 - mp.mpf(u) if upper else mp.mpf(u)
    slack = TAIL * wanted + mp.mpf(LEAST)
    further = rounding * k
    at = reference(cls, theta, mp.mpf(k) + further, upper)
    before = reference(cls, theta, mp.mpf(k) - 1 - further, upper)
    if upper:
        assert at <= wanted + slack, (theta, u, k)
        assert before > wanted - slack, (theta, u, k)
    else:
        assert at >= wanted - slack, (theta, u, k)
        assert before < wanted + slack, (theta, u, k)


def probability(rng):
    choices = rng.uniform(0.001, 0.999), 10.0 ** rng.uniform(-12.0, -1.0)
    return (*choices, 1.0 - 10.0 ** rng.uniform(-12.0, -1.0))[rng.integers(3)]


def some_u(rng):
    tails = 10.0 ** rng.uniform(-320.0, 0.0), 1.0 - 10.0 ** rng.uniform(-15.9, 0.0)
    return float(rng.random()), *map(float, tails), LEAST, LAST


def narrow(cls, n):
    """Yield parameters of all sizes for which sums are short."""
    rng = np.random.default_rng(len(cls.name))
    while n:
        p = probability(rng)
        match cls.name:
            case "poisson":
                theta = (10.0 ** rng.uniform(-300.0 if n % 5 == 0 else -3.0, 5.0),)
            case "binomial":
                theta = math.floor(10.0 ** rng.uniform(0.0, 15.9 if n % 3 == 0 else 5.0)), p
            case _:
                least, most = -20.0 if n % 5 == 0 else -2.0, 12.0 if n % 4 == 0 else 4.0
                theta = 10.0 ** rng.uniform(least, most), p
        theta = tuple(map(float, theta))
        d = cls(*theta)
        if d.variance < 1e5 and d.icdf(LAST) - d.mean < 1e4:
            n -= 1
            yield theta


@pytest.mark.parametrize("count", [8, pytest.param(50, marks=pytest.mark.long)])
@pytest.mark.parametrize("cls", LAWS)
def test_quantiles_are_exact_at_random_points_of_the_domain(cls, count):
    rng = np.random.default_rng(1)
    with mp.workdps(DIGITS):
        for theta in narrow(cls, count):
            for u in some_u(rng):
                assert_is_the_quantile(cls, theta, u, summed)


@pytest.mark.parametrize(
    "u", [1e-9, *(pytest.param(u, marks=pytest.mark.long) for u in (0.4, 0.9999, 1.0 - 1e-12))]
)
@pytest.mark.parametrize(
    ("cls", "theta"),
    [
        (rp.Poisson, (1e6,)),
        (rp.Poisson, (3.3e11,)),
        (rp.Poisson, (1e15,)),
        (rp.Binomial, (1e8, 0.3)),
        (rp.Binomial, (2.0**53, 1e-7)),
        (rp.NegativeBinomial, (3e5, 0.01)),
        (rp.NegativeBinomial, (25.0, 1e-5)),
        (rp.NegativeBinomial, (1e12, 0.9)),
    ],
    ids=str,
)
def test_quantiles_of_wide_distributions_are_exact(cls, theta, u):
    """Up to what half an ulp of the parameters and of k does to them."""
    with mp.workdps(DIGITS):
        assert_is_the_quantile(cls, theta, u, integrated, rounding=2.0**-52)


@pytest.mark.parametrize("p", [1e-300, 1e-17, 1e-9, 0.013, 0.5, 0.9, 1.0 - 2.0**-53])
def test_geometric_quantiles_are_exact(p):
    rng = np.random.default_rng(2)
    with mp.workdps(400):
        rate = -mp.log1p(-mp.mpf(p))
        for u in (*some_u(rng), *some_u(rng)):
            exact = -mp.log1p(-mp.mpf(u)) / rate
            found = float(rp.Geometric(p).icdf(u))
            slack = 1 + 8 * mp.mpf(2) ** -53
            assert exact / slack <= found, (p, u)
            assert found - 1 < exact * slack or found == 1.0, (p, u)


# The rule -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("d", "u", "expected"),
    [
        (rp.Geometric(0.5), [0.5, 0.75, 1.0 - 2.0**-40], [1.0, 2.0, 40.0]),
        (rp.Bernoulli(0.25), [0.75], [0.0]),
        (rp.Bernoulli(LAST), [2.0**-53], [0.0]),
        (rp.Bernoulli(2.0**-40), [1.0 - 2.0**-40], [0.0]),
        (rp.Categorical(np.zeros(4)), [0.25, 0.5, 0.75], [0.0, 1.0, 2.0]),
    ],
    ids=str,
)
def test_at_a_step_the_quantile_is_the_lower_integer(d, u, expected):
    """Where float64 has F exactly: at u = F(k), and next to it on either side."""
    u, expected = np.array(u), np.array(expected)
    np.testing.assert_array_equal(d.cdf(expected), u)
    np.testing.assert_array_equal(d.icdf(u), expected)
    np.testing.assert_array_equal(d.icdf(np.nextafter(u, 0.0)), expected)
    np.testing.assert_array_equal(d.icdf(np.nextafter(u, 1.0)), expected + 1.0)


@pytest.mark.parametrize("name", DISCRETE)
def test_quantile_of_the_cdf_is_the_value(name):
    """In either tail: bit for bit at its own steps, and the next integer right above them."""
    d = typical(rp.get(name), 30)
    y, high = d.sample(50, rng=1), d.support[1]
    u, rest = d.cdf(y), d.sf(y)
    lower = u < 0.5
    np.testing.assert_array_equal(d.icdf(u)[lower], y[lower])
    np.testing.assert_array_equal(d.icdf(np.nextafter(u, 1.0))[lower], y[lower] + 1.0)
    upper = (rest < 0.5) & (y < high) & (1.0 - (1.0 - rest) == rest)
    np.testing.assert_array_equal(d.icdf(1.0 - rest)[upper], y[upper])
    missed = d.icdf(np.nextafter(1.0 - rest, 1.0))
    np.testing.assert_array_equal(missed[upper], y[upper] + 1.0)


def by_search(d, u):
    """Return quantiles by a search that the cdf alone decides."""
    theta = [np.broadcast_to(getattr(d, name), u.shape) for name in d.parameters]
    with np.errstate(all="ignore"):
        return rp.Discrete._quantile.__func__(type(d), u, 1.0 - u, *theta)


def any_u(rng, size):
    """Return probabilities: half anywhere, a quarter in each tail."""
    u = np.select(
        [rng.random(size) < 0.5, rng.random(size) < 0.5],
        [rng.random(size), 10.0 ** rng.uniform(-300.0, 0.0, size)],
        1.0 - 10.0 ** rng.uniform(-15.9, 0.0, size),
    )
    return np.clip(u, LEAST, LAST)


def batches():
    """Yield distributions with a batch across the borders of the regimes."""
    rng = np.random.default_rng(3)
    size = 6000
    some = rng.random(size)
    for least, most in ((-5.0, 0.0), (0.95, 1.05), (1.0, 2.0), (2.0, 9.0)):
        yield rp.Poisson(10.0 ** rng.uniform(least, most, size))
    for p in (some, 1e-9 + 1e-5 * some, 1.0 - 1e-9 - 1e-5 * some):
        yield rp.Binomial(np.floor(10.0 ** rng.uniform(0.0, 7.0, size)), p)
    variance = rng.uniform(9.0, 12.0, size)
    yield rp.Binomial(np.ceil(variance / (some * (1.0 - some))), some)
    for least, most in ((-3.0, 1.0), (1.3, 1.9), (1.0, 5.0)):
        yield rp.NegativeBinomial(10.0 ** rng.uniform(least, most, size), 1e-6 + some**3)
    mean = 10.0 ** rng.uniform(2.2, 2.6, size)
    total = 10.0 ** rng.uniform(-1.0, 2.0, size)
    yield rp.NegativeBinomial(total, total / (total + mean))


@pytest.mark.parametrize("d", list(batches()), ids=lambda d: d.name)
def test_approximations_change_no_quantile(d):
    """What they determine is what a search by the cdf alone finds."""
    u = any_u(np.random.default_rng(4), d.batch_shape)
    np.testing.assert_array_equal(d.icdf(u), by_search(d, u))


@pytest.mark.parametrize(
    "d",
    [
        *(rp.Poisson(rate) for rate in (1e-300, 0.7, 9.99, 10.0, 47.0, 1e4)),
        *(rp.Binomial(n, p) for n, p in ((1, 0.3), (1000, 0.995), (100, 0.5), (2**53, LAST))),
        *(rp.NegativeBinomial(r, p) for r, p in ((1e-20, 0.5), (5.0, 0.01), (39.0, 0.02))),
        rp.Binomial(1e300, 1e-299),
        rp.Geometric(1e-5),
    ],
    ids=str,
)
def test_approximations_for_all_elements_change_no_quantile(d):
    u = any_u(np.random.default_rng(5), 4000)
    np.testing.assert_array_equal(d.icdf(u), by_search(d, u))


@pytest.mark.parametrize("shape", [(5,), (2000, 5), (1,), (2000, 300)])
def test_search_takes_parameters_that_are_vectors(shape):
    """For one vector, and for one per element: the search finds what Categorical looks up."""
    rng = np.random.default_rng(7)
    logits, u = 3.0 * rng.normal(size=shape), any_u(rng, 2000)
    found = rp.Discrete._quantile.__func__(rp.Categorical, u, 1.0 - u, logits)
    np.testing.assert_array_equal(rp.Categorical(logits).icdf(u), found)


# The ends -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DISCRETE)
def test_ends_are_those_of_the_support_and_outside_there_is_nothing(name):
    d = typical(rp.get(name), 5)
    low, high = d.support
    np.testing.assert_array_equal(d.icdf(0.0), low)
    np.testing.assert_array_equal(d.icdf(1.0), high)
    assert np.all(np.isnan(d.icdf([[-LEAST], [np.nextafter(1.0, 2.0)], [np.nan], [np.inf]])))


@pytest.mark.parametrize(
    ("d", "spread"),
    [
        (rp.Poisson(1e17), 2e-8),
        (rp.Poisson(1e100), 0.0),
        (rp.Poisson(1e300), 0.0),
        (rp.Binomial(1e300, 0.25), 0.0),
        (rp.Binomial(2.0**53, 0.5), 6e-8),
        (rp.NegativeBinomial(1e300, 0.5), 0.0),
    ],
    ids=str,
)
def test_counts_beyond_the_integers_of_float64_are_near_the_mean(d, spread):
    found = d.icdf([1e-6, 0.5, 1.0 - 1e-6])
    np.testing.assert_allclose(found, d.mean, rtol=spread + 1e-15)
    assert np.all(np.diff(found) >= 0.0)


@pytest.mark.parametrize(
    ("d", "u", "expected"),
    [
        (rp.Poisson(1e-300), [0.5, LAST], [0.0, 0.0]),
        (rp.Poisson(1e-10), [1.0 - 2e-10, 1.0 - 0.5e-10, LAST], [0.0, 1.0, 1.0]),
        (rp.Geometric(LEAST), [0.5], [np.inf]),
        (rp.NegativeBinomial(1e9, 1e-300), [0.5], [np.inf]),
        (rp.NegativeBinomial(LEAST, LEAST), [0.5, LAST], [0.0, 0.0]),
        (rp.Binomial(2.0**53, LAST), [0.3, 0.9], [2.0**53 - 1.0, 2.0**53]),
    ],
    ids=str,
)
def test_extreme_parameters(d, u, expected):
    np.testing.assert_array_equal(d.icdf(u), expected)


# Draws --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DISCRETE)
def test_a_draw_is_the_quantile_of_one_uniform(name):
    d = typical(rp.get(name), 3)
    u = Stream(8).take(UNIFORM, 0, 0, 300).reshape(100, 3)
    np.testing.assert_array_equal(d.sample(100, rng=8), d.icdf(u))


#: Distributions from each regime, with parameters of 30,000 elements.
PER_ELEMENT = {
    "poisson": [{"rate": rate} for rate in (1e-3, 1.0, 9.7, 40.0, 1e6, 1e18)],
    "binomial": [{"total": n, "probs": p} for n, p in ((7, 0.9), (400, 0.5), (10**7, 1e-6))],
    "negative-binomial": [{"total": r, "probs": p} for r, p in ((0.3, 0.6), (5, 0.004), (99, 0.3))],
    "geometric": [{"probs": 0.3}, {"probs": 1e-12}],
    "bernoulli": [{"probs": 0.3}, {"probs": LAST}],
    "categorical": [{"logits": [0.0, 1.0, -2.0, 0.5]}],
}


def stretched(theta, size):
    return {
        name: np.full((size, *np.shape(value)), value, dtype=np.float64)
        for name, value in theta.items()
    }


@pytest.mark.parametrize(
    ("name", "theta"), [(name, theta) for name in PER_ELEMENT for theta in PER_ELEMENT[name]]
)
def test_scalars_give_the_draws_of_arrays_of_equal_numbers(name, theta):
    size = 30_000
    scalar = rp.get(name)(**theta).sample(size, rng=6)
    array = rp.get(name)(**stretched(theta, size)).sample(rng=6)
    np.testing.assert_array_equal(scalar, array)


@pytest.mark.parametrize(
    ("name", "theta"), [(name, theta) for name in PER_ELEMENT for theta in PER_ELEMENT[name]]
)
def test_other_parameters_move_no_other_draw(name, theta, monkeypatch):
    """Half of the parameters change: the draws of the others stay, whatever chunks are."""
    size = 5_000
    cls, before = rp.get(name), stretched(theta, size)
    after = stretched(theta, size)
    others = typical(cls, size // 2, seed=1)
    for key, values in after.items():
        other = getattr(others, key)
        values[1::2] = np.flip(values[1::2], axis=-1) if values.ndim > 1 else other
    kept = cls(**before).sample(3, rng=7)[:, ::2]
    np.testing.assert_array_equal(cls(**after).sample(3, rng=7)[:, ::2], kept)
    monkeypatch.setattr(sampling, "CHUNK", size)
    pieces = np.concatenate(list(sampling.values(cls(**after), range(3), rng=7)))
    np.testing.assert_array_equal(pieces[:, ::2], kept)


#: The probability that right draws fail the test below.
FALSE_ALARM = 1e-9


@pytest.mark.parametrize(
    "d",
    [
        *(rp.Poisson(rate) for rate in (0.01, 1.0, 9.9, 10.1, 300.0)),
        *(rp.Binomial(n, p) for n, p in ((10, 0.3), (50, 0.97), (1000, 0.5))),
        *(rp.NegativeBinomial(r, p) for r, p in ((0.5, 0.1), (3.0, 0.01), (100.0, 0.3))),
        rp.Geometric(0.07),
        rp.Bernoulli(0.9),
        rp.Categorical([0.0, 1.0, 2.0, -1.0, -20.0]),
    ],
    ids=str,
)
def test_draws_pass_the_chi_square_test(d):
    """Pearson's, with values pooled so that at least 50 draws are expected of each group."""
    n = 200_000
    y = np.sort(d.sample(n, rng=10))
    edges, group, upto = [], 0.0, np.arange(d.icdf(1e-15), d.icdf(1.0 - 1e-15) + 1.0)
    for k, mass in zip(upto, np.exp(d.log_prob(upto)), strict=True):
        group += n * mass
        if group >= 50.0 and n * d.sf(k) >= 50.0:
            edges.append(k)
            group = 0.0
    counts = np.diff(np.searchsorted(y, edges, side="right"), prepend=0, append=n)
    expected = n * np.diff(d.cdf(np.array(edges)), prepend=0.0, append=1.0)
    statistic = np.sum((counts - expected) ** 2 / expected)
    assert stats.chi2.sf(statistic, len(edges)) > FALSE_ALARM
