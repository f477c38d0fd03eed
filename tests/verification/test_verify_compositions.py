"""Verification of distributions made of distributions, by their text."""

import pytest

import reparam as rp

RIGHT = [
    "truncated(gaussian, low=0)",
    "truncated(gaussian(loc=1), low=0.5, high=2)",
    pytest.param("truncated(gamma(alpha=2.5), low=1)", marks=pytest.mark.long),
    pytest.param("byquantile(beta(2, 3))", marks=pytest.mark.long),
]


@pytest.mark.parametrize("text", RIGHT)
def test_compositions_hold(text):
    report = rp.verify(text, level="quick", seed=1)
    assert report.holds, report


def test_infinite_bounds_are_no_parameters_to_differentiate_in():
    report = rp.verify("truncated(gaussian, low=0)", witnesses=["edges"], level="quick", seed=1)
    what = {comparison.what for check in report.checks for comparison in check.comparisons}
    assert any("low" in text for text in what)
    assert not any("high" in text for text in what)
