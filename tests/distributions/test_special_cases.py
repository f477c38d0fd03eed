"""Distributions that are, for special parameters, others with a quantile in closed form."""

import math

import numpy as np
import pytest
from scipy.special import digamma

import reparam as rp
from reparam.errors import ParameterError

U = np.array([2.0**-54, 1e-12, 1e-8, 1e-4, 0.1, 0.3, 0.4999, 0.7, 0.9, 1.0 - 1e-8, 1.0 - 2.0**-53])
LOWER, UPPER = np.log(U), np.log1p(-U)


def decades(low, high):
    decades = (-300, -100, -50, -20, -12, -8, -4, -3, -2, 0, 2, 4, 8, 16, 30, 50, 100, 300)
    return [
        pytest.param(10.0**decade, id=f"1e{decade}") for decade in decades if low <= decade <= high
    ]


@pytest.mark.parametrize("alpha", decades(-100, 300))
def test_beta_with_second_shape_one_is_a_power_of_uniform(alpha):
    draw = rp.Beta(alpha, 1.0).transform(U)
    np.testing.assert_allclose(draw.log_value, LOWER / alpha, rtol=2e-12)
    np.testing.assert_allclose(
        draw.jacobian(of="log_value")["alpha"], -LOWER / alpha / alpha, rtol=2e-12
    )


@pytest.mark.parametrize("beta", decades(-100, 300))
def test_beta_with_first_shape_one_is_the_complement_of_a_power(beta):
    draw = rp.Beta(1.0, beta).transform(U)
    np.testing.assert_allclose(draw.log_complement, UPPER / beta, rtol=2e-12)
    smallest = np.finfo(np.float64).smallest_normal
    np.testing.assert_allclose(draw.value, -np.expm1(UPPER / beta), rtol=2e-12, atol=smallest)
    np.testing.assert_allclose(
        draw.jacobian(of="log_complement")["beta"], -UPPER / beta / beta, rtol=2e-12
    )


@pytest.mark.parametrize("df", decades(16, 300))
def test_student_t_with_many_degrees_of_freedom_is_gaussian(df):
    np.testing.assert_allclose(rp.StudentT(df).icdf(U), rp.Gaussian().icdf(U), rtol=2e-14)


def test_student_t_with_one_degree_of_freedom_is_cauchy():
    tail = np.minimum(U, 1.0 - U)
    cauchy = np.copysign(1.0 / np.tan(np.pi * tail), U - 0.5)
    np.testing.assert_allclose(rp.StudentT(1.0).icdf(U), cauchy, rtol=1e-12)


@pytest.mark.parametrize(
    ("d", "quantile"),
    [
        (rp.Gamma(1.0, 4.0), -UPPER / 4.0),
        (rp.ChiSquare(2.0), -2.0 * UPPER),
        (rp.Chi(2.0), np.sqrt(-2.0 * UPPER)),
        (rp.InverseGamma(1.0, 4.0), -4.0 / LOWER),
        (rp.BetaPrime(1.0, 1.0), U / (1.0 - U)),
        (rp.BetaPrime(1.0, 3.0), np.expm1(-UPPER / 3.0)),
        (rp.F(2.0, 2.0), U / (1.0 - U)),
        (rp.F(2.0, 8.0), 4.0 * np.expm1(-UPPER / 4.0)),
        (rp.StudentT(2.0), (2.0 * U - 1.0) / np.sqrt(2.0 * U * (1.0 - U))),
    ],
    ids=repr,
)
def test_quantile_in_closed_form(d, quantile):
    np.testing.assert_allclose(d.icdf(U), quantile, rtol=1e-13)


def test_tails_of_the_arcsine_distribution():
    near_zero = np.geomspace(1e-30, 0.5, 60)
    d = rp.Beta(0.5, 0.5)
    lower = 2.0 / np.pi * np.arcsin(np.sqrt(near_zero))
    np.testing.assert_allclose(d.cdf(near_zero), lower, rtol=1e-15)
    np.testing.assert_allclose(d.sf(near_zero), 1.0 - lower, rtol=4e-16)
    near_one = 1.0 - 2.0 ** -np.arange(2.0, 53.0)
    upper = 2.0 / np.pi * np.arcsin(np.sqrt(1.0 - near_one))
    np.testing.assert_allclose(d.sf(near_one), upper, rtol=1e-15)
    np.testing.assert_allclose(d.cdf(near_one), 1.0 - upper, rtol=4e-16)


@pytest.mark.parametrize(
    ("alpha", "beta", "u", "log_complement"),
    [  # ln(1 − y) = (ln(1−u) + ln β B(α, β))/β, from mpmath
        (16163008.133468522, 0.0002834553713842275, 0.249122563495484, -1027.9616413040229133),
        (399.829910383672, 5.394276549028765e-06, 0.009, -1682.5553492846362337),
        (0.01199212492483621, 4.140226323954482e-06, 0.17435731068406712, -46192.661638165973894),
    ],
)
def test_beta_whose_complement_underflows(alpha, beta, u, log_complement):
    draw = rp.Beta(alpha, beta).transform(u)
    assert draw.value == 1.0
    assert draw.log_complement == pytest.approx(log_complement, rel=1e-14)
    slope = (digamma(beta + 1.0) - digamma(alpha + beta) - log_complement) / beta
    assert draw.jacobian(of="log_complement")["beta"] == pytest.approx(slope, rel=1e-13)
    for view in ("value", "log_value", "complement"):
        assert all(entry == 0.0 for entry in draw.jacobian(of=view).values())


def test_tails_of_a_beta_with_first_shape_two():
    x, beta = np.geomspace(1e-7, 2e-5, 200), 1e6
    upper = np.exp(beta * np.log1p(-x)) * (1.0 + beta * x)
    np.testing.assert_allclose(rp.Beta(2.0, beta).sf(x), upper, rtol=3e-14)
    lower = 1.0 - upper
    told = lower > 0.1
    np.testing.assert_allclose(rp.Beta(2.0, beta).cdf(x)[told], lower[told], rtol=3e-14)
    odds = x / (1.0 - x)
    np.testing.assert_allclose(rp.BetaPrime(2.0, beta).cdf(odds)[told], lower[told], rtol=3e-14)


@pytest.mark.parametrize(
    ("alpha", "beta"), [(1e29, 3e29), (3e30, 1e30), (1e200, 1e200), (1e207, 1e300), (1e300, 1e31)]
)
def test_beta_with_huge_shapes_is_its_mean(alpha, beta):
    d = rp.Beta(alpha, beta)
    draw, total = d.transform([1e-12, 0.1, 0.5, 0.9, 1.0 - 1e-12]), alpha + beta
    np.testing.assert_allclose(draw.value, d.mean, rtol=2e-13)
    np.testing.assert_allclose(draw.complement, beta / total, rtol=2e-13)
    slope = draw.jacobian(of="log_value")
    np.testing.assert_allclose(slope["alpha"], beta / total / alpha, rtol=2e-13)
    np.testing.assert_allclose(slope["beta"], -1.0 / total, rtol=2e-13)


@pytest.mark.parametrize(
    ("law", "limit"),
    [
        (rp.StudentT([math.inf, 3.0]), rp.Gaussian()),
        (rp.HalfStudentT([math.inf, 3.0], 2.0), rp.HalfNormal(2.0)),
        (rp.F(3.0, [math.inf, 3.0]), rp.Gamma(1.5, 1.5)),
    ],
    ids=lambda d: type(d).name,
)
def test_infinite_degrees_of_freedom(law, limit):
    """The limit, whatever else is in the batch, and a derivative of 0 in them."""
    y = np.array([0.3, 2.0, 8.0])
    for name in ("log_prob", "cdf", "sf", "log_sf", "stein_score"):
        found = getattr(law, name)(y[:, np.newaxis])[:, 0]
        np.testing.assert_allclose(found, getattr(limit, name)(y), rtol=1e-12)
    np.testing.assert_allclose(law.icdf([[0.01], [0.9]])[:, 0], limit.icdf([0.01, 0.9]), rtol=1e-12)
    for name in ("mean", "variance", "entropy"):
        assert getattr(law, name)[0] == pytest.approx(getattr(limit, name), rel=1e-12)
    df = "df2" if isinstance(law, rp.F) else "df"
    assert np.all(law.rsample(9, rng=1).jacobian()[df][:, 0] == 0.0)


def test_infinite_degrees_of_freedom_of_vectors():
    law = rp.MultivariateStudentT(math.inf, [0.0, 1.0], [[1.0, 0.0], [0.2, 1.0]])
    limit = rp.MultivariateGaussian([0.0, 1.0], [[1.0, 0.0], [0.2, 1.0]])
    assert law.log_prob([0.3, 4.0]) == pytest.approx(limit.log_prob([0.3, 4.0]), rel=1e-13)
    np.testing.assert_allclose(law.covariance, limit.covariance, rtol=1e-15)
    with pytest.raises(ParameterError, match="alpha=inf"):
        rp.Gamma(math.inf, 1.0)
