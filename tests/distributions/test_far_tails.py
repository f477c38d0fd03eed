"""Where squares, quotients and the values themselves over- or underflow, or shapes are extreme."""

import math

import numpy as np
import pytest
from scipy.special import digamma

import reparam as rp

LARGEST = np.finfo(np.float64).max


def assert_numbers(*entries):
    assert not any(np.any(np.isnan(entry)) for entry in entries)


# Closed forms and Student's t


@pytest.mark.parametrize("df", [0.002, 0.1, 1.0])
def test_tail_of_student_t_is_a_power_of_the_value(df):
    d = rp.StudentT(df)
    near, far = 1e90, np.array([1.0001e100, 1e154, 1e160, 1e300])
    expected = math.log(d.cdf(-near)) - df * np.log(far / near)
    np.testing.assert_allclose(np.log(d.cdf(-far)), expected, rtol=1e-13)
    np.testing.assert_array_equal(d.sf(far), d.cdf(-far))
    np.testing.assert_array_equal(d.cdf(far), 1.0 - d.cdf(-far))


def test_tail_of_student_t_does_not_depend_on_neighbours():
    d = rp.StudentT(0.01)
    y = np.array([-1e300, -1.0, 0.0, 2.0, np.nan, np.inf, -np.inf])
    np.testing.assert_array_equal(d.cdf(y), [d.cdf(entry) for entry in y])
    assert d.cdf([-np.inf, np.inf]).tolist() == [0.0, 1.0]


def test_student_t_draw_that_overflows_moves_towards_the_centre():
    draw = rp.StudentT(1e-3).transform([2.0**-54, 0.5, 1.0 - 2.0**-53])
    assert draw.value.tolist() == [-np.inf, 0.0, np.inf]
    assert draw.jacobian()["df"].tolist() == [np.inf, 0.0, -np.inf]


@pytest.mark.parametrize(
    ("d", "scale_score"),
    [
        (rp.StudentT(3.0, scale=1e-3), 3e3),
        (rp.Gaussian(scale=1e-3), np.inf),
        (rp.Laplace(scale=1e-3), np.inf),
        (rp.Logistic(scale=1e-3), np.inf),
    ],
    ids=repr,
)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_score_of_a_value_whose_standard_variate_overflows(d, scale_score, sign):
    score = d.score(sign * LARGEST)
    assert score["scale"] == pytest.approx(scale_score, rel=1e-12)
    assert score["loc"] * sign >= 0.0


def test_score_of_an_exponential_whose_mean_overflows():
    assert rp.Exponential(5e-324).score(1.0)["rate"] == np.inf
    assert rp.Exponential(5e-324).score(np.inf)["rate"] == -np.inf


# Gamma, beta and what is made of them


@pytest.mark.parametrize(
    "d",
    [
        rp.F(2.5160906256148197e-30, 1e300),
        rp.F(4.746251238484355e-63, 1e300),
        rp.F(1e300, 4.746251238484355e-63),
        rp.BetaPrime(2.693566956741117e241, 1e-300),
        rp.Gamma(1e-3, 5e-324),
        rp.Gamma(1e-310),
        rp.ChiSquare(1e-310),
        rp.Chi(1e-310),
        rp.InverseGamma(1e-310),
        rp.Beta(1e-310, 1.0),
        rp.Beta(1.0, 1e-310),
    ],
    ids=repr,
)
def test_extreme_parameters_give_numbers(d):
    for draw in (d.transform([0.01, 0.5, 0.99]), d.rsample(10, rng=1)):
        assert_numbers(draw.value, *draw.jacobian().values())
        assert np.all(draw.value >= 0.0)
        for view in d._views:
            assert np.all(np.isfinite(getattr(draw, view)))
            assert_numbers(*draw.jacobian(of=view).values())


def test_scale_that_overflows():
    draw = rp.Gamma(1e-3, 5e-324).rsample(50, rng=1)
    unit = rp.Gamma(1e-3, 1.0).rsample(50, rng=1)
    shift = -math.log(5e-324)
    np.testing.assert_allclose(draw.log_value, unit.log_value + shift, rtol=1e-14)
    np.testing.assert_allclose(draw.value, np.exp(draw.log_value), rtol=1e-12)
    low, high = rp.F(1e-200, 1e200).transform([0.3, 0.7]).log_value
    assert low == pytest.approx(math.log(0.3) / 5e-201, rel=1e-14)
    assert high == pytest.approx(math.log(0.7) / 5e-201, rel=1e-14)


@pytest.mark.parametrize(
    ("d", "y", "log_prob"),
    [
        (rp.Chi(3.0), 1e155, -math.inf),
        (rp.Gamma(2.0, 5.0), LARGEST, -math.inf),
        (rp.InverseGamma(2.5, 0.05), 5e-324, -math.inf),
        (rp.Chi(3.0), 1e-200, 0.5 * math.log(2.0 / math.pi) - 400.0 * math.log(10.0)),
        (rp.Gamma(2.0, 1e-200), 1e-200, -600.0 * math.log(10.0)),
        (rp.InverseGamma(2.0, 1e-200), 1e200, -1000.0 * math.log(10.0)),
    ],
    ids=repr,
)
def test_density_where_the_standard_variate_over_or_underflows(d, y, log_prob):
    assert d.log_prob(y) == pytest.approx(log_prob, rel=1e-15)


def test_derivatives_where_the_standard_variate_overflows():
    score = rp.Chi(3.0).score(1e155)["df"]
    assert score == pytest.approx(math.log(1e155) - 0.5 * (math.log(2.0) + digamma(1.5)), rel=1e-15)
    assert 0.0 < rp.Chi(3.0).pathwise(1e155)["df"] < 1e-100
    slopes = rp.Gamma(2.0, 5.0).pathwise(LARGEST)
    assert 0.0 <= slopes["alpha"] < 1e5
    assert slopes["rate"] == -LARGEST / 5.0


@pytest.mark.parametrize("y", [5e-324, 1e-305])
def test_derivatives_of_f_where_the_odds_underflow(y):
    d = rp.F(1.0, 20.0)
    log_odds, step = math.log(y) - math.log(20.0), digamma(10.5) - digamma(0.5)
    assert d.score(y)["df1"] == pytest.approx(0.5 * (log_odds + step + 1.0), rel=1e-14)
    slope = (-log_odds - step + 2.0) - 1.0  # from F = x^α/(α B)
    assert d.pathwise(y)["df1"] == pytest.approx(y * slope, rel=1e-13, abs=5e-324)


@pytest.mark.parametrize(
    ("d", "y", "expected"),
    [
        (rp.Beta(1e-3, 1.0), 0.0, {"alpha": -np.inf, "beta": digamma(1.001) - digamma(1.0)}),
        (rp.Beta(1.0, 1e-3), 1.0, {"alpha": digamma(1.001) - digamma(1.0), "beta": -np.inf}),
        (rp.BetaPrime(1e-3, 1.0), 0.0, {"alpha": -np.inf, "beta": digamma(1.001) - digamma(1.0)}),
        (rp.F(1e-3, 1.0), 0.0, {"df1": -np.inf}),
        (rp.Gamma(1e-3, 2.0), 0.0, {"alpha": -np.inf, "rate": 5e-4}),
        (rp.InverseGamma(2.0), 0.0, {"alpha": np.inf, "scale": -np.inf}),
    ],
    ids=repr,
)
def test_score_at_an_end_of_the_support(d, y, expected):
    score = d.score(y)
    assert_numbers(*score.values())
    for name, value in expected.items():
        assert score[name] == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    "d", [rp.InverseGamma(1e-3), rp.BetaPrime(1.0, 1e-3), rp.F(1.0, 1e-3)], ids=repr
)
def test_derivative_at_an_infinite_value_is_that_of_the_draw(d):
    draw = d.transform(1.0 - 2.0**-53)
    assert draw.value == np.inf
    assert d.pathwise(np.inf) == draw.jacobian()


def test_probabilities_do_not_exceed_1():
    assert rp.Gamma(2.679333206827622e-277).cdf(1.0) == 1.0
    assert rp.InverseGamma(1.55e-159).sf(2.0) == 1.0


@pytest.mark.parametrize("d", [rp.F(1.0, 1.0), rp.BetaPrime(0.5, 0.5)], ids=repr)
def test_tail_of_the_odds_of_the_arcsine_distribution(d):
    y = np.array([3.0, 1e5, 1.4381038472513276e21])
    tail = 2.0 / np.pi * np.arctan(1.0 / np.sqrt(y))
    np.testing.assert_allclose(d.sf(y), tail, rtol=1e-15)
    np.testing.assert_allclose(d.cdf(y), 1.0 - tail, rtol=4e-16)


@pytest.mark.parametrize(
    ("d", "entropy"),
    [
        (rp.Beta(1e-310, 1.0), -np.inf),
        (rp.Beta(1e-300, 1.0), -1e300),
        (rp.Gamma(5e-324), -np.inf),
        (rp.Gamma(1e-300), -1e300),
        (rp.F(1e-257, 5e-324), np.inf),
    ],
    ids=repr,
)
def test_entropy_of_tiny_shapes(d, entropy):
    assert d.entropy == pytest.approx(entropy, rel=1e-14)


@pytest.mark.parametrize(("alpha", "beta"), [(10.0, 1e160), (1.0, 1e200), (0.3, 1e250)])
def test_tails_of_shapes_so_large_that_scipy_has_none(alpha, beta):
    u = np.array([1e-10, 0.1, 0.5, 0.9, 1.0 - 1e-9])
    for d in (rp.Beta(alpha, beta), rp.BetaPrime(alpha, beta), rp.F(2.0 * alpha, 2.0 * beta)):
        y = d.icdf(u)
        gamma = rp.Gamma(alpha, beta)
        np.testing.assert_allclose(y, gamma.icdf(u) * (d.mean / gamma.mean), rtol=1e-12)
        np.testing.assert_allclose(d.cdf(y), u, rtol=1e-12)
        np.testing.assert_allclose(d.sf(y), 1.0 - u, rtol=1e-12)


@pytest.mark.parametrize(
    ("d", "y", "log_prob"),
    [
        (rp.Beta(1.0, 1e300), 0.0, math.log(1e300)),
        (rp.Beta(1e300, 1.0), 1.0, math.log(1e300)),
        (rp.Beta(1e226, 1e283), 1.0, -math.inf),
        (rp.Beta(1e226, 1e-283), 1.0, math.inf),
        (rp.BetaPrime(1e200, 1e86), 0.0, -math.inf),
        (rp.F(2.0, 1e300), 0.0, 0.0),
    ],
    ids=repr,
)
def test_density_at_an_end_of_the_support(d, y, log_prob):
    assert d.log_prob(y) == pytest.approx(log_prob, rel=1e-14, abs=1e-12)


@pytest.mark.parametrize("d", [rp.Beta(0.01, 0.01), rp.Beta(np.full(2**18, 0.01), 0.01)])
def test_beta_draws_whose_gamma_variates_underflow(d):
    """One gamma variate may be 0 where the other is as small that their ratio is not."""
    draw = d.rsample(() if d.batch_shape else 2**18, rng=3)
    y, log_y = draw.value, draw.log_value
    normal = log_y > np.log(np.finfo(float).tiny)
    np.testing.assert_allclose(y[normal], np.exp(log_y[normal]), rtol=1e-12)
    subnormal = ~normal & (log_y > -740.0)
    assert np.sum(subnormal) > 10
    np.testing.assert_allclose(y[subnormal], np.exp(log_y[subnormal]), rtol=1e-12, atol=5e-324)
