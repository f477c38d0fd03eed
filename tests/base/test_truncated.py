"""Truncated: a distribution between two ends, and the tree of its parameters."""

import copy
import math
import pickle
from functools import lru_cache

import mpmath
import numpy as np
import pytest
import scipy.stats
from mpmath import mp, mpf

import reparam as rp
from reparam.base.tree import Child, Tree
from reparam.errors import ParameterError, UnknownParameterError
from reparam.estimators import estimate
from reparam.sampling import stream

# References of arbitrary precision ----------------------------------------------------------------


def tails_of_gamma(y, alpha, rate):
    lower = mpmath.gammainc(alpha, 0, rate * y, regularized=True)
    return lower, mpmath.gammainc(alpha, rate * y, mpmath.inf, regularized=True)


def tails_of_beta(y, alpha, beta):
    lower = mpmath.betainc(alpha, beta, 0, y, regularized=True)
    return lower, mpmath.betainc(beta, alpha, 0, 1 - y, regularized=True)


def tails_of_student(y, df, loc, scale):
    t = (y - loc) / scale
    tail = mpmath.betainc(df / 2, mpf(1) / 2, 0, df / (df + t * t), regularized=True) / 2
    return (tail, 1 - tail) if t < 0 else (1 - tail, tail)


#: F and 1 − F of each base.
TAILS = {
    "gaussian": lambda y, m, s: (mpmath.ncdf((y - m) / s), mpmath.ncdf((m - y) / s)),
    "exponential": lambda y, rate: (-mpmath.expm1(-rate * y), mpmath.exp(-rate * y)),
    "gamma": tails_of_gamma,
    "beta": tails_of_beta,
    "student-t": tails_of_student,
    "uniform": lambda y, a, b: ((y - a) / (b - a), (b - y) / (b - a)),
}


class Reference:
    """The law that a base has between two ends, at 50 digits; own ends of the base stay uncut."""

    def __init__(self, d):
        (low, high), (first, last) = d.support, d.base.support
        self.tails_at = lru_cache(maxsize=None)(TAILS[d.base.name])
        self.own = bool(d.low <= first), bool(d.high >= last)
        self.ends = mpf(float(low)), mpf(float(high))
        self.theta = [mpf(float(value)) for value in d.base._theta]

    def tails(self, y, theta):
        if y == self.ends[0] and self.own[0]:
            return mpf(0), mpf(1)
        return (mpf(1), mpf(0)) if y == self.ends[1] and self.own[1] else self.tails_at(y, *theta)

    def between(self, x, y, theta=None):
        theta = theta or self.theta
        (below_x, above_x), (below_y, above_y) = self.tails(x, theta), self.tails(y, theta)
        return below_y - below_x if below_y < above_x else above_x - above_y

    def cdf(self, y, theta=None):
        return self.between(self.ends[0], y, theta) / self.between(*self.ends, theta)

    def sf(self, y):
        return self.between(y, self.ends[1]) / self.between(*self.ends)

    def base_density(self, y):
        h = mpf(10) ** -26 * max(abs(y), mpf(10) ** -8)
        side = 0 if self.tails(y, self.theta)[0] < 0.5 else 1
        above, below = (self.tails_at(y + k * h, *self.theta)[side] for k in (1, -1))
        return (above - below) / (2 * h) * (1 - 2 * side)

    def density(self, y):
        return self.base_density(y) / self.between(*self.ends)

    def path(self, y, place):
        """−F_θ/p."""
        h = mpf(10) ** -18 * max(abs(self.theta[place]), mpf("0.01"))
        above, below = (
            self.cdf(y, [t + k * h * (i == place) for i, t in enumerate(self.theta)])
            for k in (1, -1)
        )
        return -(above - below) / (2 * h) / self.density(y)

    def path_in_end(self, y, which):
        """p(end)/p(y) times the probability on the other side of y."""
        if self.own[which] or not mpmath.isfinite(self.ends[which]):
            return mpf(0)
        share = self.cdf(y) if which else self.sf(y)
        return share * self.base_density(self.ends[which]) / self.base_density(y)


#: Windows: wide, narrow, far in either tail, at a base's own end, around a value of 0.
GAUSSIANS = [(-30.0, 1.0), (-8.0, 1e-3), (-1.0, math.inf), (-1e-7, 1e-6), (3.0, 0.1)]
GAUSSIANS += [(30.0, 1e-6), (30.0, math.inf), (-math.inf, -3.0)]
WINDOWS = [
    *((rp.Gaussian(0.2, 1.3), 0.2 + 1.3 * low, 0.2 + 1.3 * (low + w)) for low, w in GAUSSIANS[:-1]),
    (rp.Gaussian(0.2, 1.3), -math.inf, -3.0),
    *((rp.Exponential(0.7), low, low + w) for low, w in [(1e-9, 1.0), (5.0, 1e-6), (600.0, 3.0)]),
    *(
        (rp.Gamma(alpha, 1.4), low, high)
        for alpha in (0.05, 2.5, 80.0)
        for low, high in [(1e-6, 1.0), (1.0, 1.0 + 1e-6), (alpha + 10.0, math.inf), (0.7, 0.72)]
    ),
    *(
        (rp.StudentT(df, 0.1, 0.8), low, high)
        for df in (0.5, 3.0, 50.0)
        for low, high in [(-24.0, -23.9), (-1.0, 2.0), (2.0, math.inf), (0.5, 0.500001)]
    ),
    *(
        (rp.Beta(*shapes), low, high)
        for shapes in [(0.3, 0.6), (2.0, 5.0), (50.0, 30.0)]
        for low, high in [(1e-5, 0.1), (0.49, 0.49 + 1e-6), (0.5, math.inf), (0.999999, 1.0)]
    ),
    *(
        (rp.Uniform(-1.0, 2.0), low, high)
        for low, high in [(-0.5, 0.5), (0.1, 9.0), (0.4, 0.400001)]
    ),
]
NOISE = np.array([1e-9, 0.02, 0.3, 0.8, 0.999, 1.0 - 2.0**-30])
EACH_WINDOW = pytest.mark.parametrize(
    "d", [pytest.param(rp.Truncated(*window), id=repr(window)) for window in WINDOWS]
)


def close(got, expected, rtol, atol=0):
    assert abs(mpf(float(got)) - expected) <= rtol * abs(expected) + atol, (got, float(expected))


@EACH_WINDOW
def test_against_mpmath(d):
    """Everything at draws, to the bounds that docs/numerics.md states."""
    with mp.workdps(50):
        reference, draw = Reference(d), d.transform(NOISE)
        paths, scores = d.pathwise(draw.value), d.score(draw.value)
        jacobian, of_base = draw.jacobian(), d.base.pathwise(draw.value)
        low, high = reference.ends
        next_to_one = d.base.name == "beta" and low > 0.99  # 1 − y has lost digits
        for i, (value, u) in enumerate(zip(draw.value, NOISE, strict=True)):
            y, u = mpf(float(value)), mpf(float(u))
            if not low < y < high:
                continue
            exact, p = reference.cdf(y), reference.density(y)
            # the quantile: to what half an ulp of F makes of it, or of the value
            miss = abs(exact - u) / p
            assert miss <= 8 * np.spacing(abs(value)) + 8e-16 * min(u, 1 - u) / p
            close(d.cdf(value), exact, 3e-13, 5e-14 if next_to_one else 0)
            close(d.sf(value), reference.sf(y), 3e-13)
            close(d.log_prob(value), mpmath.log(p), 0, 3e-13)
            for place, name in enumerate(d.base.parameters):
                expected = reference.path(y, place)
                room = 4e-13 * abs(mpf(float(of_base[name][i])))
                for end, edge in zip(("low", "high"), d.support, strict=True):
                    if paths[end][i] > 0.0:
                        room += 4e-13 * float(paths[end][i] * abs(d.base.pathwise(edge)[name]))
                close(paths[f"base.{name}"][i], expected, 1e-12, room)
                moved = mpf(float(abs(jacobian[f"base.{name}"][i]))) * miss * p / min(u, 1 - u)
                apart = float(min(y - low, high - y))
                moved += room / apart * np.spacing(abs(value)) / 4e-13
                close(jacobian[f"base.{name}"][i], expected, 1e-11, room + 10 * moved)
            for which, name in enumerate(("low", "high")):
                close(paths[name][i], reference.path_in_end(y, which), 4e-13, 1e-300)
                edge = reference.ends[which]
                at_end = 0 if reference.own[which] or math.isinf(edge) else reference.density(edge)
                close(scores[name][i], (-1) ** which * at_end, 4e-13, 1e-300)


@EACH_WINDOW
def test_scores_are_differences_of_the_log_density(d):
    y = d.icdf([0.1, 0.5, 0.9])
    scores = d.score(y)
    with mp.workdps(70):
        for place, name in enumerate(d.base.parameters):
            for i, value in enumerate(y):
                at = mpf(float(value))

                def log_density(t, place=place, at=at):
                    reference = Reference(d)
                    reference.theta[place] = t
                    return mpmath.log(reference.density(at))

                t = Reference(d).theta[place]
                h = mpf(10) ** -9 * max(abs(t), mpf("0.01"))
                exact = (log_density(t + h) - log_density(t - h)) / (2 * h)
                size = abs(mpf(float(d.base.score(value)[name])))
                close(scores[f"base.{name}"][i], exact, 1e-12, 4e-13 * (size + 1))


def test_derivatives_in_narrow_windows_keep_relative_digits():
    """There the base's derivatives cancel down to (b − a)² of their size."""
    for width, rtol in ((1e-2, 1e-12), (1e-4, 1e-10), (1e-6, 1e-8)):
        d = rp.Truncated(rp.Gaussian(0.2, 1.3), 3.0, 3.0 + width)
        with mp.workdps(50):
            for place, name in enumerate(d.base.parameters):
                y = d.icdf(0.3)
                close(d.pathwise(y)[f"base.{name}"], Reference(d).path(mpf(float(y)), place), rtol)


# Differences, draws, shapes -----------------------------------------------------------------------

LAWS = {
    "right tail": rp.Truncated(rp.Gaussian(0.5, 1.5), low=1.0),
    "both": rp.Truncated(rp.Gamma(2.5, 1.2), 0.5, 4.0),
    "of a uniform": rp.Truncated(rp.Uniform(-1.0, 2.0), low=0.0),
    "nested": rp.Truncated(rp.Truncated(rp.StudentT(3.0), low=-1.0), high=2.0),
    "narrow": rp.Truncated(rp.Laplace(), 0.5, 0.5001),
    "of a field by its quantile": rp.Truncated(rp.Beta(2.0, 3.0).by_quantile(), high=0.5),
    "nothing cut": rp.Truncated(rp.Logistic(1.0, 2.0)),
}
EACH_LAW = pytest.mark.parametrize("d", LAWS.values(), ids=LAWS)


@EACH_LAW
def test_derivatives_of_draws_are_differences_at_one_seed(d):
    jacobian, h = d.rsample(50, rng=3).jacobian(), 1e-6
    for name in d.parameters:
        if not np.isfinite(d[name]):
            assert np.all(jacobian[name] == 0.0)
            continue
        above, below = (d.replace({name: d[name] + k * h}).rsample(50, rng=3) for k in (1, -1))
        slope = (above.value - below.value) / (2.0 * h)
        np.testing.assert_allclose(jacobian[name], slope, rtol=1e-6, atol=1e-8)


@EACH_LAW
def test_draws_follow_the_cdf(d):
    """A false alarm has a probability of 1e-9."""
    y = np.sort(d.sample(20_000, rng=5))
    assert scipy.stats.kstest(y, d.cdf).pvalue > 1e-9
    assert np.all((y >= d.support[0]) & (y <= d.support[1]))


@EACH_LAW
def test_functions_agree_with_each_other(d):
    u = np.array([1e-3, 0.4, 0.5, 0.99])
    y = d.icdf(u)
    np.testing.assert_allclose(d.cdf(y), u, rtol=1e-6)
    np.testing.assert_allclose(d.cdf(y) + d.sf(y), 1.0, rtol=1e-14)
    np.testing.assert_allclose(d.isf(u), d.icdf(1.0 - u), rtol=1e-6)
    assert (d.icdf(0.0), d.icdf(1.0)) == d.support == (d.isf(1.0), d.isf(0.0))
    outside = d.support[1] + 1.0
    if np.isfinite(outside):
        assert (d.log_prob(outside), d.cdf(outside), d.sf(outside)) == (-np.inf, 1.0, 0.0)
        assert np.isnan(d.score(outside)["low"])
        assert np.isnan(d.pathwise(outside)["high"])


@EACH_LAW
def test_products_are_those_of_the_jacobian(d):
    draw = d.rsample(1000, rng=1)
    jacobian, upstream = draw.jacobian(), np.cos(draw.value)
    pulled = draw.vjp(upstream)
    assert list(pulled) == list(d.parameters) == list(jacobian)
    for name, entry in jacobian.items():
        assert pulled[name] == pytest.approx(np.sum(upstream * entry), rel=1e-12, abs=1e-300)
        np.testing.assert_array_equal(draw.jvp({name: 2.0}), 2.0 * entry)


@EACH_LAW
def test_moments_are_integrals(d):
    u = (np.arange(50_000) + 0.5) / 50_000
    y = d.icdf(u)
    assert d.mean == pytest.approx(y.mean(), rel=2e-4)
    assert d.variance == pytest.approx(y.var(), rel=5e-3)
    assert d.entropy == pytest.approx(-d.log_prob(y).mean(), rel=5e-4, abs=5e-4)


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, math.inf), (-1.0, 0.5), (10.0, math.inf), (30.0, 30.5)]
)
def test_moments_of_a_gaussian_against_mpmath(low, high):
    d = rp.Truncated(rp.Gaussian(), low, high)
    with mp.workdps(50):
        steps = mpmath.linspace(low, min(high, low + 20), 41)
        mass = mpmath.quad(mpmath.npdf, steps)
        mean = mpmath.quad(lambda y: y * mpmath.npdf(y), steps) / mass
        square = mpmath.quad(lambda y: (y - mean) ** 2 * mpmath.npdf(y), steps) / mass
        log = mpmath.quad(lambda y: mpmath.npdf(y) * mpmath.log(mpmath.npdf(y)), steps) / mass
        close(d.mean, mean, 1e-14)
        close(d.variance, square, 1e-11)
        close(d.entropy, mpmath.log(mass) - log, 0, 1e-12)


def test_moments_of_heavy_tails():
    d = rp.Truncated(rp.StudentT(1.0), low=0.0)
    assert d.mean == np.inf
    assert d.variance == np.inf
    assert np.isnan(rp.Truncated(rp.StudentT(1.0)).mean)
    d = rp.Truncated(rp.StudentT(1.5), low=0.0)
    assert d.mean == pytest.approx(2.0444098877, rel=1e-9)
    assert d.variance == np.inf


def test_batches_have_the_values_of_their_elements():
    low, loc = np.array([-1.0, 0.0, 1.0, 3.0]), np.array([[0.0], [1.0]])
    d = rp.Truncated(rp.Gaussian(loc, 0.7), low, [np.inf, 5.0, 1.0 + 1e-6, np.inf])
    assert d.batch_shape == (2, 4)
    u = np.array([1e-9, 0.3, 0.999])[:, np.newaxis, np.newaxis]
    whole, scores = d.transform(u), d.score(d.icdf(u))
    assert d.rsample(3, rng=1).value.shape == (3, 2, 4)
    jacobian = whole.jacobian()
    for i, j in np.ndindex(2, 4):
        one = rp.Truncated(rp.Gaussian(loc[i, 0], 0.7), low[j], d.high[j])
        draw = one.transform(u[:, 0, 0])
        np.testing.assert_array_equal(whole.value[:, i, j], draw.value)
        for name, entry in draw.jacobian().items():
            np.testing.assert_array_equal(jacobian[name][:, i, j], entry)
        for name, entry in one.score(draw.value).items():
            np.testing.assert_allclose(scores[name][:, i, j], entry, rtol=1e-13)
        for what in ("mean", "variance", "entropy"):
            np.testing.assert_allclose(getattr(d, what)[i, j], getattr(one, what), rtol=1e-12)


def test_gradients_have_the_shapes_of_the_parameters():
    d = rp.Truncated(rp.Gaussian(np.zeros((2, 1)), 1.0), low=[0.0, 1.0, 2.0])
    shapes = {name: np.shape(entry) for name, entry in d.rsample(5, rng=1).vjp(1.0).items()}
    assert shapes == {"base.loc": (2, 1), "base.scale": (), "low": (3,), "high": ()}


def test_draws_hold_still():
    d = rp.Truncated(rp.Gamma(2.0), low=[1.0, 1.5, 2.0])
    first = d.rsample(4000, rng=7).value
    moved = d.replace(low=[1.0, 1.5, 3.0]).rsample(4000, rng=7).value
    np.testing.assert_array_equal(first[:, :2], moved[:, :2])
    alike = rp.Truncated(rp.Gamma([2.0, 2.0]), low=1.5).rsample(500, rng=7).value
    np.testing.assert_array_equal(
        rp.Truncated(rp.Gamma(2.0), low=1.5).rsample(1000, rng=7).value, alike.ravel()
    )
    pieces = [draw.value for draw in stream(d, range(4000), rng=7)]
    np.testing.assert_array_equal(np.concatenate(pieces), first)


def test_a_draw_of_noise_repeats_it():
    d = LAWS["both"]
    draw = d.rsample(100, rng=1)
    np.testing.assert_array_equal(d.transform(draw.noise).value, draw.value)
    assert d.by_quantile() is d


# The tree -----------------------------------------------------------------------------------------


def test_parameters_are_named_by_path():
    d = rp.Truncated(rp.Gaussian(loc=1.0), low=2.0)
    assert list(d.parameters) == ["base.loc", "base.scale", "low", "high"]
    assert d["base.loc"] == d["loc"] == d["base.mu"] == d["mean"] == 1.0
    assert (d["low"], d.high, d.base.scale) == (2.0, np.inf, 1.0)


def test_replace_by_path_and_by_unambiguous_ending():
    d = rp.Truncated(rp.Gaussian(), low=2.0)
    assert repr(d.replace({"base.loc": 3.0}, low=2.5)) == repr(d.replace(mu=3.0, low=2.5))
    assert d.replace(base=rp.Laplace())["scale"] == 1.0
    with pytest.raises(UnknownParameterError, match=r"no parameter 'rate'.*base.loc, base.scale"):
        d.replace(rate=1.0)
    with pytest.raises(UnknownParameterError, match=r"got 'base\.loc' twice"):
        d.replace({"loc": 1.0, "base.mu": 1.0})


class Pair(Tree):
    """Two distributions, whose parameters end alike."""

    first = Child(lambda: rp.Truncated, "One")
    second = Child(lambda: rp.Truncated, "Another")


def test_nested_names_and_names_that_are_not_enough():
    d = rp.Truncated(rp.Truncated(rp.Gaussian(), low=-1.0), high=1.0)
    assert list(d.parameters) == [
        *("base.base.loc", "base.base.scale", "base.low", "base.high", "low", "high"),
    ]
    assert d["low"] == -np.inf  # its own
    assert d["base.low"] == -1.0
    assert repr(d.replace(loc=0.5, low=-2.0)) == (
        "Truncated(Truncated(Gaussian(loc=0.5, scale=1.0), low=-1.0), low=-2.0, high=1.0)"
    )

    outer = Pair(rp.Truncated(rp.Gaussian()), rp.Truncated(rp.Laplace()))
    assert outer["first.low"] == -np.inf
    with pytest.raises(UnknownParameterError, match="more than one parameter 'low'; pass one of"):
        outer["low"]


def test_repr_parses_back():
    names = {"Truncated": rp.Truncated, "Gaussian": rp.Gaussian, "Gamma": rp.Gamma}
    for d in (
        rp.Truncated(rp.Gaussian(), low=2.0),
        rp.Truncated(rp.Truncated(rp.Gamma(2.0, 3.0), low=0.5), high=[1.0, 2.0]),
        rp.Truncated(rp.Gaussian()),
    ):
        again = eval(repr(d), names)
        assert repr(again) == repr(d)
        np.testing.assert_array_equal(again.sample(5, rng=1), d.sample(5, rng=1))
    assert repr(rp.truncate(rp.Gaussian(), low=2.0)) == (
        "Truncated(Gaussian(loc=0.0, scale=1.0), low=2.0)"
    )


@pytest.mark.parametrize("way", [copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d))])
def test_distributions_and_draws_are_copied_and_pickled(way):
    d = rp.Truncated(rp.Truncated(rp.Beta(2.0, 3.0).by_quantile(), low=0.1), high=[0.5, 0.9])
    draw = way(d).rsample(4, rng=1)
    np.testing.assert_array_equal(draw.value, d.sample(4, rng=1))
    again = way(draw)
    assert repr(again.distribution) == repr(d)
    for name, entry in again.vjp(1.0).items():
        np.testing.assert_array_equal(entry, draw.vjp(1.0)[name])


def test_it_is_frozen():
    with pytest.raises(AttributeError, match="frozen"):
        rp.Truncated(rp.Gaussian()).low = 1.0


# Moving ends --------------------------------------------------------------------------------------


def test_what_moves_an_end():
    assert rp.Truncated(rp.Gaussian()).moving == ()
    assert rp.Truncated(rp.Gaussian(), low=1.0).moving == ("low",)
    assert rp.Truncated(rp.Exponential(), low=-1.0, high=3.0).moving == ("high",)
    assert rp.Truncated(rp.Uniform(), low=-1.0, high=3.0).moving == ("base.low", "base.high")
    assert rp.Truncated(rp.Uniform(), low=0.5).moving == ("base.high", "low")
    assert rp.Truncated(rp.Uniform(), low=[-1.0, 0.5]).moving == ("base.low", "base.high", "low")
    nested = rp.Truncated(rp.Truncated(rp.Gaussian(), low=-1.0), high=2.0)
    assert nested.moving == ("base.low", "high")


@EACH_LAW
def test_expected_score_is_0_where_no_end_moves(d):
    u = np.linspace(0.0, 1.0, 20_001)
    y = d.icdf(0.5 * (u[1:] + u[:-1]))
    for name, score in d.score(y).items():
        expected = score.mean()
        if name in d.moving:
            assert abs(expected) > 1e-3
        else:
            assert expected == pytest.approx(0.0, abs=2e-3)


def test_exact_derivatives_of_expectations():
    d = rp.Truncated(rp.Gaussian(0.3, 1.2), low=-1.0, high=2.0)
    found = estimate(d, "y**3", 20_000, rng=1)
    u, h = (np.arange(50_000) + 0.5) / 50_000, 1e-5
    for name in d.parameters:
        above, below = (np.mean(d.replace({name: d[name] + k * h}).icdf(u) ** 3) for k in (1, -1))
        row = found["pathwise", name]
        assert row.exact == pytest.approx((above - below) / (2.0 * h), rel=1e-6)
        assert row.value == pytest.approx(row.exact, abs=5.0 * row.standard_error)
    for name in ("base.loc", "base.scale"):
        row = found["score", name]
        assert row.value == pytest.approx(row.exact, abs=5.0 * row.standard_error)
    assert "moves an end" in found.left_out["score, low"]
    assert "moves an end" in found.left_out["score-loo, high"]


def test_kl_from_what_is_truncated():
    p, q = rp.Truncated(rp.Gaussian(0.3, 1.2), -1.0, 2.0), rp.Gaussian(0.0, 1.0)
    found = rp.kl(p, q, rng=1)
    u, h = (np.arange(50_000) + 0.5) / 50_000, 1e-5

    def value(p):
        y = p.icdf(u)
        return np.mean(p.log_prob(y) - q.log_prob(y))

    assert found.value == pytest.approx(value(p), abs=5.0 * found.standard_error.value)
    for name in p.parameters:
        above, below = (value(p.replace({name: p[name] + k * h})) for k in (1, -1))
        assert found.gradient_p[name] == pytest.approx(
            (above - below) / (2.0 * h), abs=5.0 * found.standard_error.gradient_p[name]
        )
    assert rp.kl(q, p).value == np.inf


# Errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: rp.Truncated(rp.Gaussian(), 2.0, 1.0),
            "low=2 is not below high=1; pass low < high",
        ),
        (
            lambda: rp.Truncated(rp.Gaussian(), [0.0, 1.0], 1.0),
            r"low\[1\]=1 is not below high\[1\]=1",
        ),
        (lambda: rp.Truncated(rp.Gaussian(), low=math.nan), r"low=nan is not in \[-inf, inf\]"),
        (
            lambda: rp.Truncated(rp.Uniform(), low=1.5),
            r"low=1.5 is not below the upper endpoint 1 of Uniform\(low=0.0, high=1.0\)",
        ),
        (
            lambda: rp.Truncated(rp.Exponential(), high=[1.0, 0.0]),
            r"high\[1\]=0 is not above the lower endpoint 0 of Exponential",
        ),
        (lambda: rp.Truncated(rp.Gaussian(), low=40.0), "low=40 and high=inf .* below 1e-290"),
        (lambda: rp.Truncated(rp.Poisson()), "draws integers; pass"),
        (lambda: rp.Truncated(rp.Concrete()), "draws vectors; pass"),
        (
            lambda: rp.Truncated(rp.Gaussian),
            "the class Gaussian is not a distribution; pass an inst",
        ),
        (lambda: rp.Truncated("gaussian"), "base='gaussian' is not a distribution"),
        (lambda: rp.Truncated(rp.Gaussian()).replace(scale=-1.0), r"scale=-1 is not in \(0, inf\)"),
    ],
)
def test_what_can_not_be(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_a_base_is_needed_and_names_are_checked():
    with pytest.raises(UnknownParameterError, match="needs base"):
        rp.Truncated(low=1.0)
    with pytest.raises(UnknownParameterError, match="no parameter 'lo'; did you mean 'low'"):
        rp.Truncated(rp.Gaussian(), lo=1.0)


def test_derivatives_where_densities_all_but_underflow():
    """An exponential distribution forgets: y − a is one, wherever it is cut."""
    d = rp.Truncated(rp.Exponential(2.0), low=1.0)
    y = 1.0 + np.array([1e-10, 1.0, 100.0, 340.0, 370.0, 400.0])
    paths = d.pathwise(y)
    np.testing.assert_allclose(paths["base.rate"][:3], -(y[:3] - 1.0) / 2.0, rtol=1e-12)
    np.testing.assert_allclose(paths["low"][:4], 1.0, rtol=1e-12)
    assert all(np.all(np.isfinite(entry)) for entry in paths.values())


def test_draws_that_overflow_have_no_nan():
    d = rp.Truncated(rp.StudentT(1e-3), low=1.0)
    draw = d.transform([0.1, 0.9, 1.0 - 2.0**-53])
    assert draw.value[-1] == np.inf
    assert not any(np.any(np.isnan(entry)) for entry in draw.jacobian().values())
