"""Next to the largest and the smallest numbers: the right value, or one that overflows."""

import numpy as np
import pytest

import reparam as rp

LEAST = 5e-324
LARGE = rp.Beta(1e308, 1e308)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        # gamma: products of the shape overflow
        (lambda: rp.Gamma(1e307).cdf(1e307), 0.5),
        (lambda: rp.Gamma(1.7e308).cdf(1.7e308), 0.5),
        (lambda: rp.Gamma(1.7e308).sf(1.6e308), 1.0),
        (lambda: rp.Gamma(1.7e308).icdf(0.3), 1.7e308),
        # beta: the sum of the shapes overflows
        (lambda: LARGE.icdf(0.5), 0.5),
        (lambda: LARGE.icdf(0.1), 0.5),
        (lambda: LARGE.cdf([0.4, 0.5, 0.6]), [0.0, 0.5, 1.0]),
        (lambda: LARGE.log_prob(0.5), 354.71888655871835),
        (lambda: LARGE.entropy, -354.21888655871835),
        (lambda: LARGE.pathwise(0.5)["alpha"], 2.5e-309),
        (lambda: rp.Beta(1e300, 1e300).log_prob(0.5), 345.50854618698),
        (lambda: rp.BetaPrime(1e308, 1e308).transform(0.75).log_value, 9.538725527843e-155),
        # factors of the density underflow
        (lambda: rp.Beta(1e200, 1e-200).log_prob(0.5), -6.93147180559945309e199),
        (lambda: rp.Beta(1e-200, 1e200).log_prob(0.5), -6.93147180559945309e199),
        (lambda: rp.Beta(LEAST, LEAST).log_prob(0.5), -743.7469247408213),
        (lambda: rp.Beta(4978.02, 0.036178).cdf(0.86444), 8.0264722e-320),
        # shapes whose inverses overflow
        (lambda: rp.Beta(1e-309, 1e-309).icdf([0.3, 0.6]), [0.0, 1.0]),
        (lambda: rp.Beta(1e-309, 1e-309).cdf(0.5), 0.5),
        (lambda: rp.Beta(1e-309, 1e-309).score(0.5)["alpha"], np.inf),
        (lambda: rp.Beta(1e-309, 1e-309).pathwise(0.5)["alpha"], np.inf),
        (lambda: rp.Beta(1e-309, 1e-309).pathwise(0.5)["beta"], -np.inf),
        # a shape of nearly 0 beside a huge one: P(Y ≤ y) = 1e-20 E₁(1e100/y)
        (lambda: rp.BetaPrime(1e100, 1e-20).icdf(1e-20), 3.77733358e100),
        (lambda: rp.BetaPrime(1e100, 1e-20).icdf(1e-25), 1.08708481e99),
        (lambda: rp.Beta(1e100, 1e-300).icdf([LEAST, 1e-300, 0.5]), [1.0, 1.0, 1.0]),
        # half of the smallest number is 0, and no shape
        (lambda: rp.ChiSquare(LEAST).icdf(0.5), 0.0),
        (lambda: rp.StudentT(LEAST).icdf(0.4), -np.inf),
        (lambda: rp.StudentT(LEAST).pathwise(1.0)["df"], -np.inf),
        (lambda: rp.F(LEAST, 5.5).icdf(0.5), 0.0),
        (lambda: rp.F(LEAST, 5.5).pathwise(1.0)["df1"], np.inf),
        # the shapes' ratio overflows
        (lambda: rp.Beta(1e-300, 1e60).pathwise(0.5)["alpha"], 5e239),
        (lambda: rp.F(1e-77, 1e300).pathwise(np.inf)["df1"], -np.inf),
        (lambda: rp.F(1e-77, 1e300).pathwise(np.inf)["df2"], -np.inf),
    ],
)
def test_value(found, wanted):
    np.testing.assert_allclose(found(), wanted, rtol=1e-8, atol=LEAST)


def test_quantiles_of_a_tiny_shape_beside_a_huge_one_ascend():
    u = np.array([0.0, LEAST, 1e-300, 1e-100, 1e-25, 1e-20, 1e-19, 1e-18, 3e-18, 0.1, 0.9, 1.0])
    d = rp.BetaPrime(1e100, 1e-20)
    y = d.icdf(u)
    assert np.all(np.diff(y[np.isfinite(y)]) > 0.0)
    some = (u > 0.0) & np.isfinite(y)
    # E₁ multiplies the relative rounding error of y by up to 700
    np.testing.assert_allclose(d.cdf(y[some]), u[some], rtol=1e-10)


@pytest.mark.parametrize("shape", [1e-309, LEAST])
def test_draws_of_tiny_shapes_are_at_both_ends(shape):
    y = rp.Beta(shape, shape).sample(2000, rng=1)
    assert set(y) == {0.0, 1.0}
    assert 880 < np.sum(y) < 1120  # 5.4 standard deviations: a false alarm of 1e-7


@pytest.mark.parametrize(
    ("total", "probs"), [(1e9, 1e-300), (1e-5, LEAST), (LEAST, LEAST), (2.0, 1e-250)]
)
def test_negative_binomial_draws_that_overflow(total, probs):
    y = rp.NegativeBinomial(total, probs).sample(1000, rng=1)
    assert not np.any(np.isnan(y))
    assert np.all(y >= 0.0)
    if total > 1.0:
        mean = total / probs  # in logs, since it may be infinite
        assert np.all(y == np.inf) if mean == np.inf else abs(np.log(y / mean).mean()) < 1.0


def test_negative_binomial_draws_where_gamma_draws_underflow():
    y = rp.NegativeBinomial(1e-3, 1e-300).sample(20_000, rng=2)
    zero = 1e-300**1e-3  # P(Y = 0) = p^r, 0.501
    assert abs(np.mean(y == 0.0) - zero) < 6.0 * np.sqrt(0.25 / y.size)
