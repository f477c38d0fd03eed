"""Closed forms and Student's t where squares, quotients and the values themselves overflow."""

import math

import numpy as np
import pytest

import reparam as rp

LARGEST = np.finfo(np.float64).max


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
