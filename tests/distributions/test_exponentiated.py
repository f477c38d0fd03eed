"""Fréchet's and the log-logistic distribution: moments next to where they end, values next to 0."""

import math

import numpy as np
import pytest
from exact import close
from mpmath import mp, mpf

import reparam as rp

SHAPES = np.array([2.0 + 2.0**-40, 2.001, 2.5, 3.0, 7.0, 100.0, 1e4, 1e8, 1e12])


@pytest.mark.parametrize(
    ("cls", "moment"),
    [
        (rp.Frechet, lambda s: mp.gamma(1 - s)),
        (rp.LogLogistic, lambda s: mp.pi * s / mp.sin(mp.pi * s)),
    ],
)
def test_moments_next_to_where_they_are_infinite_and_of_large_shapes(cls, moment):
    d = cls(1.0, SHAPES)
    with mp.workdps(100):
        first = [moment(1 / mpf(k)) for k in SHAPES]
        second = [moment(2 / mpf(k)) for k in SHAPES]
    close(d.mean, first, 1e-14)
    with mp.workdps(100):
        variance = [e2 - e1**2 for e1, e2 in zip(first, second, strict=True)]
    # half an ulp of 2 + 2⁻⁴⁰ is 2⁻¹² of what it exceeds 2 by
    close(d.variance[1:], variance[1:], 1e-12)
    assert d.variance[0] == pytest.approx(float(variance[0]), rel=1e-3)
    assert cls(1.0, 1.0).mean == cls(1.0, 2.0).variance == np.inf


def test_frechet_is_the_reciprocal_of_weibull():
    u = np.array([1e-300, 1e-8, 0.3, 0.999])
    frechet, weibull = rp.Frechet(2.0, 3.0), rp.Weibull(0.5, 3.0)
    np.testing.assert_allclose(frechet.icdf(u), 1.0 / weibull.isf(u), rtol=1e-14)
    np.testing.assert_allclose(frechet.cdf([0.5, 4.0]), weibull.sf([2.0, 0.25]), rtol=1e-14)


@pytest.mark.parametrize("concentration", [0.5, 1.0, 3.0])
def test_frechet_at_its_ends(concentration):
    d = rp.Frechet(2.0, concentration)
    assert (d.log_prob(0.0), d.log_prob(np.inf)) == (-np.inf, -np.inf)
    assert (d.stein_score(0.0), d.stein_score(np.inf)) == (np.inf, 0.0)


@pytest.mark.parametrize(
    ("concentration", "log_prob", "slope"),
    [(0.5, np.inf, -np.inf), (1.0, -math.log(2.0), -1.0), (1.5, -np.inf, np.inf)],
)
def test_limits_of_log_logistic_at_zero(concentration, log_prob, slope):
    d = rp.LogLogistic(2.0, concentration)
    assert d.log_prob(0.0) == pytest.approx(log_prob, rel=1e-15)
    assert d.stein_score(0.0) == slope
    assert d.log_prob(np.inf) == -np.inf


def test_stein_score_of_log_logistic_does_not_cancel_next_to_concentration_one():
    k, y = 1.0 + 2.0**-40, 1e-30
    exact = (2.0**-40 - 2.0 * k * y**k) / y
    assert rp.LogLogistic(1.0, k).stein_score(y) == pytest.approx(exact, rel=1e-14)


@pytest.mark.parametrize("cls", [rp.LogLogistic, rp.Weibull])
def test_slope_in_scale_where_the_value_underflows(cls):
    draw = cls(1e-200, 1.0).transform(1e-200)
    assert draw.value == 0.0
    assert draw.jacobian()["scale"] == pytest.approx(1e-200, rel=1e-13)


@pytest.mark.parametrize(
    ("d", "sign"),
    [(rp.BurrXII(1050.0, 1.0, 0.002), -1), (rp.Dagum(5e-324, 1e150, 8.0), 1)],
    ids=["burr-xii", "dagum"],
)
def test_variance_where_the_mean_is_far_smaller(d, sign):
    with mp.workdps(60):
        s, a, log = sign / mpf(float(d.power)), mpf(float(d.concentration)), mp.loggamma
        square = mp.exp(log(a + 2 * s) + log(1 - 2 * s) - log(a))
        exact = mpf(float(d.scale)) ** 2 * square
    close(d.variance, [exact], 1e-11)


def test_names_of_other_libraries():
    assert rp.get("invweibull") is rp.Frechet
    assert rp.get("fisk") is rp.LogLogistic
