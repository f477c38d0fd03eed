"""Means and variances of terms that come in pieces, and checks of arguments."""

import math

import numpy as np
import pytest
from scipy import stats

import reparam as rp
from reparam.arguments import draw_count, instance
from reparam.errors import CountError, ParameterError
from reparam.estimators import estimate
from reparam.moments import Moments, moments


def drawn(shape, seed=1):
    return np.random.default_rng(seed).gamma(2.0, size=shape)


def summed(x, edges, **options):
    """Return the moments of pieces of x, added up."""
    parts = [Moments.of(piece, **options) for piece in np.split(x, edges)]
    return sum(parts[1:], start=parts[0])


@pytest.mark.parametrize("edges", [[], [1], [400, 401, 900], [999]])
@pytest.mark.parametrize("shape", [(1000,), (1000, 3), (1000, 1, 2)])
def test_pieces_add_up_to_the_whole(edges, shape):
    x = drawn(shape)
    found = summed(x, edges, cubes=True)
    assert found.count == 1000
    np.testing.assert_allclose(found.mean, x.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(found.deviation, x.std(axis=0, ddof=1), rtol=1e-13)
    error = x.std(axis=0, ddof=1) / math.sqrt(1000)
    np.testing.assert_allclose(found.standard_error, error, rtol=1e-13)
    np.testing.assert_allclose(found.skewness, stats.skew(x), rtol=1e-11)


def test_rows_of_terms():
    rows = drawn((3, 500))
    found = moments(list(rows))
    np.testing.assert_allclose(found.mean, rows.mean(axis=1), rtol=1e-14)
    np.testing.assert_allclose(found.deviation, rows.std(axis=1, ddof=1), rtol=1e-13)
    np.testing.assert_allclose(found.skewness, stats.skew(rows, axis=1), rtol=1e-11)


def test_a_large_mean_costs_no_digits():
    x = drawn(1000) + 2.0**40
    assert summed(x, [300]).deviation == pytest.approx((x - 2.0**40).std(ddof=1), rel=1e-5)


@pytest.mark.parametrize("size", [1e-300, 1e-200, 1e-141, 1e139, 1e200, 1e300])
def test_terms_of_any_size(size):
    """Also where their squares over- and underflow: beside terms that are all the same."""
    x = drawn((1000, 2)) * [1.0, 0.0] + [0.0, 1.0]
    found, usual = summed(x * size, [300]), summed(x, [300])
    np.testing.assert_allclose(found.mean / size, usual.mean, rtol=1e-13)
    np.testing.assert_allclose(
        found.standard_error / size, usual.standard_error, rtol=1e-13, atol=1e-15
    )


@pytest.mark.parametrize("term", [np.inf, np.nan])
def test_terms_that_are_no_numbers(term):
    found = summed(np.array([1.0, 2.0, term, 3.0]), [2], cubes=True)
    np.testing.assert_equal(found.mean, term)
    assert not np.isfinite(found.standard_error)


def test_one_term_has_no_standard_error():
    found = Moments.of(np.array([[1.0, 2.0]]))
    assert np.isnan(found.standard_error).tolist() == [True, True]
    assert np.isnan(found.deviation).tolist() == [True, True]
    assert np.isnan(found.skewness).all()  # nor were cubes asked for


@pytest.mark.parametrize("scale", [1e-150, 1e150])
@pytest.mark.parametrize("name", ["pathwise", "score", "score-average", "score-loo", "qmc"])
def test_estimates_in_any_unit_have_standard_errors(name, scale):
    """The derivatives of E[y²] are of the order of scale, E[y⁴] is out of range."""
    usual = estimate(rp.Gaussian(0.5), "y**2", 2000, estimators=name, rng=1)
    row = estimate(rp.Gaussian(0.5 * scale, scale), "y**2", 2000, estimators=name, rng=1)
    for parameter in ("loc", "scale"):
        error = row[name, parameter].standard_error / scale
        assert error == pytest.approx(usual[name, parameter].standard_error, rel=1e-9)
        assert row[name, parameter].value / scale == pytest.approx(
            usual[name, parameter].value, rel=1e-9
        )
    assert not [note for note in row.notes if "infinite variance" in note]


@pytest.mark.parametrize("n", [0, 5, np.int32(7), np.uint8(3)])
def test_numbers_of_draws(n):
    found = draw_count(n)
    assert (found, type(found)) == (int(n), int)


@pytest.mark.parametrize(
    ("n", "least", "message"),
    [
        (1e5, 2, r"^n=100000\.0 is not an integer; pass an integer of at least 2$"),
        ("9", 0, r"^n='9' is not an integer; pass a non-negative integer$"),
        (None, 2, "^n=None is not an integer"),
        ([5, 5], 0, r"^n=\[5, 5\] is not an integer"),
        (True, 0, "^n=True is not a number of draws"),
        (1, 2, "^n=1 draws give no standard error; pass an integer of at least 2$"),
        (-1, 0, "^n=-1 is too few; pass a non-negative integer$"),
    ],
)
def test_what_is_no_number_of_draws(n, least, message):
    with pytest.raises(CountError, match=message):
        draw_count(n, least)


def test_instances():
    d = rp.Gaussian()
    assert instance("p", d) is d
    with pytest.raises(ParameterError, match=r"^p is 'gamma' and not .* reparam\.get\('gamma'\)"):
        instance("p", "gamma")
    with pytest.raises(ParameterError, match=r"^q is the class Gamma .* such as Gamma\(\)$"):
        instance("q", rp.Gamma)
    with pytest.raises(ParameterError, match=r"^q is of type float and not a distribution"):
        instance("q", 1.0)
