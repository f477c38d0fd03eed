"""Logarithms of cumulative functions where these underflow or round to 1, and Stein scores."""

import math

import mpmath as mp
import numpy as np
import pytest

import reparam as rp
from reparam.errors import NoFormulaError


@pytest.fixture(autouse=True)
def digits():
    """Digits that survive in the references, whose logarithms may be next to 0."""
    with mp.workdps(60):
        yield


def lower_gamma(a, x):
    a, x = mp.mpf(a), mp.mpf(x)
    return mp.exp(a * mp.log(x) - x - mp.loggamma(a + 1)) * mp.hyp1f1(1, a + 1, x)


def upper_gamma(a, x):
    return mp.gammainc(a, x, mp.inf, regularized=True)


def lower_beta(a, b, x):
    a, b, x = mp.mpf(a), mp.mpf(b), mp.mpf(x)
    power = a * mp.log(x) + b * mp.log1p(-x) - mp.log(mp.beta(a, b)) - mp.log(a)
    return mp.exp(power) * mp.hyp2f1(a + b, 1, a + 1, x)


def normal(z):
    return mp.erfc(-mp.mpf(z) / mp.sqrt(2)) / 2


def t(df, z):
    """P(T ≤ z) for z < 0."""
    df, z = mp.mpf(df), mp.mpf(z)
    return lower_beta(df / 2, mp.mpf(1) / 2, df / (df + z * z)) / 2


#: Distributions, a value, and the smaller tail there: the lower one if −1, else the upper one.
POINTS = {
    "gaussian": (rp.Gaussian(), [(z, -1, normal(z)) for z in (-1e4, -40.0, -5.0, -1.0, -1e-9)]),
    "located": (rp.Gaussian(3.0, 0.25), [(13.5, 1, normal(-42)), (-97.0, -1, normal(-400))]),
    "laplace": (rp.Laplace(), [(z, -1, mp.exp(z) / 2) for z in (-1e300, -800.0, -1e-9)]),
    "logistic": (
        rp.Logistic(),
        [(z, -1, 1 / (1 + mp.exp(-mp.mpf(z)))) for z in (-1e5, -37.0, -1e-9)],
    ),
    "exponential": (
        rp.Exponential(2.0),
        [(1e4, 1, mp.exp(-20_000)), (1e-300, -1, -mp.expm1(-mp.mpf(2) * mp.mpf(1e-300)))],
    ),
    "student-t": (rp.StudentT(2.5), [(z, -1, t(2.5, z)) for z in (-1e200, -1e60, -3.0, -0.01)]),
    "t of a large ν": (rp.StudentT(1e4), [(z, -1, t(1e4, z)) for z in (-1e3, -60.0, -2.0)]),
    "gamma": (
        rp.Gamma(500.0),
        [
            *((x, -1, lower_gamma(500, x)) for x in (1e-300, 1e-3, 30.0, 480.0)),
            *((x, 1, upper_gamma(500, x)) for x in (520.0, 4e3, 1e6)),
        ],
    ),
    "gamma of a small shape": (
        rp.Gamma(0.01),
        [
            (1e-300, 1, 1 - lower_gamma(0.01, 1e-300)),
            *((x, 1, upper_gamma(0.01, x)) for x in (0.4, 0.6, 1e3)),
        ],
    ),
    "inverse-gamma": (
        rp.InverseGamma(3.0, 2.0),
        [(y, -1, upper_gamma(3, 2 / mp.mpf(y))) for y in (1e-6, 0.01, 0.5)]
        + [(y, 1, lower_gamma(3, 2 / mp.mpf(y))) for y in (5.0, 1e200)],
    ),
    "chi": (rp.Chi(4.0), [(80.0, 1, upper_gamma(2, 3200)), (1e-90, -1, lower_gamma(2, 5e-181))]),
    "beta": (
        rp.Beta(30.0, 400.0),
        [
            *((x, -1, lower_beta(30, 400, x)) for x in (1e-300, 1e-9, 0.06)),
            *((x, 1, lower_beta(400, 30, 1 - mp.mpf(x))) for x in (0.08, 0.9, 1 - 2.0**-50)),
        ],
    ),
    "beta-prime": (
        rp.BetaPrime(30.0, 2.5),
        [
            (1e-300, -1, lower_beta(30, 2.5, 1e-300)),
            (1e30, 1, lower_beta(2.5, 30, 1 / mp.mpf(1e30))),
        ],
    ),
    "f": (
        rp.F(40.0, 6.0),
        [(1e-60, -1, lower_beta(20, 3, mp.mpf(1e-60) / (mp.mpf(1e-60) + 0.15)))],
    ),
    "relaxed-bernoulli": (
        rp.RelaxedBernoulli(40.0, 3.0),
        [(1e-30, -1, 1 / (1 + mp.exp(3 - 40 * (mp.log(1e-30) - mp.log1p(-mp.mpf(1e-30))))))],
    ),
    "uniform": (rp.Uniform(-1.0, 3.0), [(3.0 - 2.0**-40, 1, mp.mpf(2) ** -42)]),
    "poisson": (
        rp.Poisson(3.0),
        [(y, 1, lower_gamma(y + 1, 3)) for y in (10.0, 500.0, 1e6)],
    ),
    "poisson of a great rate": (rp.Poisson(1e4), [(100.0, -1, upper_gamma(101, 10_000))]),
    "geometric": (rp.Geometric(0.3), [(5e3, 1, mp.exp(5000 * mp.log1p(-mp.mpf(0.3))))]),
    "binomial": (
        rp.Binomial(10_000.0, 0.25),
        [
            (100.0, -1, lower_beta(9900, 101, 0.75)),
            (9_000.0, 1, lower_beta(9001, 1000, 0.25)),
        ],
    ),
    "negative-binomial": (
        rp.NegativeBinomial(2.5, 0.5),
        [(5e3, 1, lower_beta(5001, 2.5, 0.5))],
    ),
    "categorical": (
        rp.Categorical([0.0, -900.0, -1200.0]),
        [(0.0, 1, mp.exp(-900) * (1 + mp.exp(-300)) / (1 + mp.exp(-900) * (1 + mp.exp(-300))))],
    ),
}


@pytest.mark.parametrize("case", POINTS)
def test_logarithms_of_both_tails(case):
    d, points = POINTS[case]
    for y, sign, tail in points:
        own, other = (d.log_cdf(y), d.log_sf(y))[::-sign]
        assert own == pytest.approx(float(mp.log(tail)), rel=1e-13), (y, "smaller tail")
        # of a tail that is subnormal no logarithm of the other has digits
        assert other == pytest.approx(float(mp.log1p(-tail)), rel=2e-13, abs=1e-310), (y, "larger")


@pytest.mark.parametrize(
    ("d", "y"),
    [
        (rp.Gamma([0.3, 2.0, 1e5]), [[0.0], [np.inf]]),
        (rp.InverseGamma([0.3, 2.0]), [[0.0], [np.inf]]),
        (rp.Beta([0.3, 2.0], [3.0, 0.1]), [[0.0], [1.0]]),
        (rp.F(3.0, [0.5, 9.0]), [[0.0], [np.inf]]),
        (rp.StudentT([0.5, 1e30]), [[-np.inf], [np.inf]]),
        (rp.Gaussian(), [[-np.inf], [np.inf]]),
        (rp.Uniform(1.0, 2.0), [[1.0], [2.0]]),
        (rp.Poisson([1e-300, 50.0]), [[-1.0], [np.inf]]),
        (rp.Binomial([1.0, 7.0], 0.5), [[-1.0], [7.0]]),
        (rp.Categorical([0.0, 1.0]), [[-1.0], [1.0]]),
    ],
    ids=repr,
)
def test_ends_of_the_support(d, y):
    np.testing.assert_array_equal(
        d.log_cdf(y), np.broadcast_to([[-np.inf], [0.0]], d.log_cdf(y).shape)
    )
    np.testing.assert_array_equal(
        d.log_sf(y), np.broadcast_to([[0.0], [-np.inf]], d.log_sf(y).shape)
    )


@pytest.mark.parametrize(
    ("d", "y", "expected"),
    [
        (rp.Gamma([0.5, 1.0, 2.0], 3.0), 0.0, [-np.inf, -3.0, np.inf]),
        (rp.Gamma(1.0, 3.0), 1e-200, -3.0),
        (rp.InverseGamma(2.0, 3.0), [0.0, 1e300], [np.inf, -3e-300]),
        (rp.Chi([0.5, 1.0, 2.0]), 0.0, [-np.inf, 0.0, np.inf]),
        (rp.Chi(2.0), 1e200, -1e200),
        (rp.Beta(1.0, [0.5, 1.0, 3.0]), 0.0, [0.5, 0.0, -2.0]),
        (rp.Beta([0.5, 1.0, 3.0], 1.0), 1.0, [-0.5, 0.0, 2.0]),
        (rp.BetaPrime([0.5, 1.0, 2.0], 3.0), 0.0, [-np.inf, -4.0, np.inf]),
        (rp.BetaPrime(1e10, 3.0), 1e200, -4e-200),
        (rp.F(2.0, 5.0), 0.0, -1.4),
        (rp.StudentT([3.0, 1e300]), 1e-200, [-4e-200 / 3.0, -1e-200]),
        (rp.StudentT(1e-300), 1e-200, -1e100),
        (rp.StudentT(3.0), [1e200, np.inf], [-4e-200, 0.0]),
        (rp.Gaussian(scale=2.0), [np.inf, -np.inf], [-np.inf, np.inf]),
        (rp.Logistic(scale=2.0), [np.inf, 4e-300, 0.0], [-0.5, -5e-301, 0.0]),
        (rp.Laplace(scale=2.0), [3.0, 0.0, -np.inf], [-0.5, 0.0, 0.5]),
        (rp.RelaxedBernoulli(1.0, 2.0), 0.0, -2.0 * math.expm1(-2.0)),
        (rp.RelaxedBernoulli(1.0, 2.0), 1.0, 2.0 * math.expm1(2.0)),
        (rp.RelaxedBernoulli(1.0, 2.0), 1e-300, -2.0 * math.expm1(-2.0)),
        (rp.RelaxedBernoulli([0.5, 2.0], 0.0), 0.0, [-np.inf, np.inf]),
        (rp.Uniform(1.0, 2.0), [1.0, 1.5], 0.0),
        (rp.truncate(rp.Gaussian(), low=1.0), [1.0, 3.0, 0.5], [-1.0, -3.0, np.nan]),
    ],
    ids=repr,
)
def test_stein_scores_at_ends_and_far_out(d, y, expected):
    np.testing.assert_allclose(d.stein_score(y), expected, rtol=1e-13)


def test_stein_score_of_a_relaxed_bernoulli_variable_does_not_cancel():
    y, temperature, logits = 1e-12, 1.0, 1e-6
    z = mp.log(mp.mpf(y)) - mp.log1p(-mp.mpf(y)) - mp.mpf(logits)
    right = (2 * mp.mpf(y) - 1 - mp.tanh(z / 2)) / (mp.mpf(y) * (1 - mp.mpf(y)))
    d = rp.RelaxedBernoulli(temperature, logits)
    assert d.stein_score(y) == pytest.approx(
        float(right), rel=1e-9
    )  # half an ulp of τ forces 1e-10
    assert rp.RelaxedBernoulli(1.0, -logits).stein_score(1.0 - 2.0**-40) == pytest.approx(
        -rp.RelaxedBernoulli(1.0, logits).stein_score(2.0**-40), rel=1e-9
    )


def test_vectors_have_no_tails():
    d = rp.Concrete()
    with pytest.raises(NoFormulaError, match="no log_cdf: its values are vectors"):
        d.log_cdf([0.2, 0.3, 0.5])


# Truncation -----------------------------------------------------------------------------------

WINDOWS = [(-1.0, math.inf), (-1.0, 45.0), (-45.0, 3.0), (-math.inf, 2.0), (0.0, 40.0001)]
VALUES = (-44.9999999, -44.9, -40.0, -0.5, 1.0, 10.0, 39.0, 40.0, 40.00005, 44.9, 44.999999)


def between(a, b):
    """Return Φ(b) − Φ(a) from the tails that keep its digits."""
    return normal(b) - normal(a) if b < 0 else normal(-mp.mpf(a)) - normal(-mp.mpf(b))


@pytest.mark.parametrize(("low", "high"), WINDOWS)
def test_truncated_tails_far_out(low, high):
    d = rp.truncate(rp.Gaussian(), low=low, high=high)
    a, b = (mp.mpf(end) if math.isfinite(end) else end for end in (low, high))
    for y in filter(lambda y: low < y < high, VALUES):
        for found, part, rest in (
            (d.log_cdf(y), between(a, y), between(y, b)),
            (d.log_sf(y), between(y, b), between(a, y)),
        ):
            mass = part + rest
            right = mp.log(part / mass) if part < rest else mp.log1p(-rest / mass)
            assert found == pytest.approx(float(right), rel=2e-14, abs=1e-300), y
