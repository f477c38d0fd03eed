"""Entropy, mean and variance against mpmath, over all shapes that float64 has room for."""

import numpy as np
import pytest
from facts import tails
from mpmath import mp, mpf
from precise import digamma, log_gamma

import reparam as rp
from reparam.testing import typical


def log_beta(a, b):
    return log_gamma(a) + log_gamma(b) - log_gamma(a + b)


def beta(a, b):
    rest = (a + b - 2) * digamma(a + b) - (a - 1) * digamma(a) - (b - 1) * digamma(b)
    return log_beta(a, b) + rest


def beta_prime(a, b):
    rest = (a + b) * digamma(a + b) - (a - 1) * digamma(a) - (b + 1) * digamma(b)
    return log_beta(a, b) + rest


def f(a, b):
    return beta_prime(a / 2, b / 2) + mp.log(b / a)


def student_t(n):
    gap = digamma((n + 1) / 2) - digamma(n / 2)
    return (n + 1) / 2 * gap + mp.log(n) / 2 + log_beta(n / 2, mpf(1) / 2)


def gamma(a, rate):
    return a - mp.log(rate) + log_gamma(a) + (1 - a) * digamma(a)


def inverse_gamma(a, scale):
    return a + mp.log(scale) + log_gamma(a) - (1 + a) * digamma(a)


def chi(n):
    return log_gamma(n / 2) + (n - mp.log(2) - (n - 1) * digamma(n / 2)) / 2


def chi_square(n):
    return gamma(n / 2, mpf(1) / 2)


#: The law, its entropy, mean and variance; mean and variance are None where they may be infinite.
LAWS = [
    (rp.Beta, beta, lambda a, b: a / (a + b), lambda a, b: a * b / (a + b) ** 2 / (a + b + 1)),
    (rp.BetaPrime, beta_prime, None, None),
    (rp.F, f, None, None),
    (rp.StudentT, student_t, None, None),
    (rp.Gamma, gamma, lambda a, r: a / r, lambda a, r: a / r**2),
    (rp.InverseGamma, inverse_gamma, None, None),
    (
        rp.Chi,
        chi,
        lambda n: mp.sqrt(2) * mp.gammaprod([(n + 1) / 2], [n / 2]),
        lambda n: n - 2 * mp.gammaprod([(n + 1) / 2], [n / 2]) ** 2,
    ),
    (rp.ChiSquare, chi_square, lambda n: n, lambda n: 2 * n),
]


def points(count):
    """Return shapes over all decades, some equal or nearly so, some of them near 1."""
    shapes = 10.0 ** np.random.default_rng(7).uniform(-10.0, 15.0, (count, 2))
    shapes[::4] **= 0.02
    shapes[1::4, 1] = shapes[1::4, 0] * (1.0 + 1e-7)
    shapes[2::8, 1] = shapes[2::8, 0]
    return shapes


@pytest.mark.parametrize(
    ("law", "entropy", "mean", "variance"), LAWS, ids=lambda x: getattr(x, "name", "")
)
def test_statistics_over_all_shapes(law, entropy, mean, variance):
    worst = {}
    for point in points(60):
        theta = point[: 1 if law is rp.StudentT else len(law.parameters)]
        d = law(*theta)
        for what, reference in (("entropy", entropy), ("mean", mean), ("variance", variance)):
            if reference is None:
                continue
            with mp.workdps(80):
                exact = [mpf(value) for value in theta]
                wanted = reference(*exact)
                forced = 0
                for k, value in enumerate(exact):
                    moved = [*exact]
                    moved[k] = value * (1 + mpf(2) ** -53)
                    forced += abs(reference(*moved) - wanted)
                error = abs(mpf(float(getattr(d, what))) - wanted)
                bar = max(mpf("1e-13") * abs(wanted), 20 * forced)
                worst[what, tuple(theta)] = float(error / bar)
    assert {key: ratio for key, ratio in worst.items() if not ratio <= 1.0} == {}


@pytest.mark.parametrize(
    ("df", "wanted"), [(1e6, 1.41893953320492274), (1e14, 1.41893853320468274)]
)
def test_entropy_of_student_t_where_digammas_cancel(df, wanted):
    np.testing.assert_allclose(rp.StudentT(df).entropy, wanted, rtol=3e-16)


def test_beta_entropy_is_zero_for_the_uniform_distribution_alone():
    assert rp.Beta(1.0, 1.0).entropy == 0.0
    assert rp.Beta(1.0, np.nextafter(1.0, 2.0)).entropy < 0.0


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (lambda: rp.Chi(1e200).variance, 0.5),
        (lambda: rp.Chi(1e300).mean, 1e150),
        (lambda: rp.Chi(1e-300).mean, 1.2533141373155003e-300),
        (lambda: rp.F(1e-300, 1e300).variance, 2e300),
        (lambda: rp.F(1e308, 1e308).variance, 4e-308),
        (lambda: rp.F(10.0, 1e308).variance, 0.2),
        (lambda: rp.Beta(1e308, 1e308).mean, 0.5),
        (lambda: rp.Beta(1e308, 1e308).variance, 1.25e-309),
        (lambda: rp.InverseGamma(1e105, 1e308).variance, 1e301),
        (lambda: rp.BetaPrime(1e300, 1e100).variance, 1e300),
        (lambda: rp.StudentT(3.0, 0.0, 1e-160).variance, 3e-320),
    ],
)
def test_moments_at_the_ends_of_float64(found, wanted):
    np.testing.assert_allclose(found(), wanted, rtol=1e-14, atol=5e-324)


HEAVY = [name for name in rp.names() if any(tail.power for tail in rp.get(name)._tails or ())]


@pytest.mark.parametrize("name", HEAVY)
def test_moments_are_infinite_or_undefined_by_one_rule(name):
    """An infinite mean has an infinite variance; of ∞ − ∞, neither is a number."""
    d = typical(rp.get(name), 200, seed=1)
    powers = [
        np.where(np.isinf(end) & np.isfinite(power), power, np.inf)
        for (power, _), end in zip(tails(d), d.support, strict=True)
    ]
    low, high = (power <= 1.0 for power in powers)
    expected = np.where(low & high, np.nan, np.where(high, np.inf, np.where(low, -np.inf, 0.0)))
    np.testing.assert_array_equal(np.where(np.isfinite(d.mean), 0.0, d.mean), expected)
    infinite = np.minimum(*powers) <= 2.0
    expected = np.where(np.isnan(d.mean), np.nan, np.where(infinite, np.inf, 0.0))
    np.testing.assert_array_equal(np.where(np.isfinite(d.variance), 0.0, d.variance), expected)
