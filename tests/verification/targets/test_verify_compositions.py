"""Verification of distributions made of distributions, by their text."""

import pytest

import reparam as rp
from reparam.verification.results import Outcome

pytestmark = pytest.mark.usefixtures("at_once")

#: Those that take more than a few seconds are long.
RIGHT = [
    "truncated(gaussian(loc=1), low=0.5, high=2)",
    "mixture([0.3, 0.7], gaussian, gamma(alpha=2))",
]
LONG = [
    "truncated(gaussian, low=0)",
    "mixture([0.5, 0.5], gaussian(-3), gaussian(3))",
    "order_statistic(gaussian, r=2, n=5)",
    "truncated(gamma(alpha=2.5), low=1)",
    "byquantile(beta(2, 3))",
    "truncated(laplace, low=-0.2, high=0.1)",
    "byquantile(mixture([0.3, 0.7], truncated(gaussian, low=0), gaussian(2)))",
    "mixture([mixture([1, 2], gaussian, gaussian(3)), laplace], logits=[0, 1])",
    "truncated(mixture([0.3, 0.7], gaussian, laplace(1)), low=0.5)",
    "order_statistic(gamma(alpha=2), r=9, n=10)",
    "order_statistic(mixture([1, 2], gaussian, gaussian(3)), r=1, n=3)",
    "mixture([1, 2], order_statistic(logistic, r=2, n=3), exponential)",
    "1 - beta(2, 3)",
    "tanh(mixture([0.3, 0.7], gaussian, gaussian(2)))",
    "truncated(exponential, low=1) - 1",
    "sigmoid(truncated(gaussian, low=-1, high=2))",
    "truncated(exp(gaussian), high=3)",
    "order_statistic(truncated(gaussian, low=0), r=2, n=3)",
    "truncated(truncated(gaussian, low=0), high=1)",
    "exp(mixture([1, 2], gaussian, gaussian(3)))",
    # it does not depend on the second location, as long as that is 0
    "abs(mixture([1, 2], gaussian(1), student_t(3)))",
]
#: Some numerical references are too uncertain: of scores where a density jumps, and of ends with
#: probabilities that move.
OPEN = [
    "mixture([1, 2], uniform, uniform(0.5, 3))",
    pytest.param("1 - mixture([1, 2], exponential, gaussian)", marks=pytest.mark.long),
    pytest.param("clipped(gaussian, low=0)", marks=pytest.mark.long),
    pytest.param("clipped(mixture([1, 2], gaussian, gaussian(3)), high=2)", marks=pytest.mark.long),
]


@pytest.mark.parametrize("text", [*RIGHT, *(pytest.param(t, marks=pytest.mark.long) for t in LONG)])
def test_compositions_hold(text):
    report = rp.verify(text, level="quick", seed=1)
    assert report.holds, report


@pytest.mark.parametrize("text", OPEN)
def test_nothing_is_wrong_with_these(text):
    report = rp.verify(text, level="quick", seed=1)
    assert not any(check.outcome is Outcome.FAILS for check in report.checks), report
    held = {check.witness for check in report.checks if check.outcome is Outcome.HOLDS}
    assert {"distribution", "identity"} <= held


@pytest.mark.parametrize(
    ("text", "witness"),
    [
        ("1 - uniform", "score"),
        ("log(1 - uniform)", "derivative"),
        ("mixture([0, 1], gaussian, gaussian(2))", "score"),
        ("bernoulli(1)", "identity"),
        ("binomial(3, 1)", "identity"),
    ],
)
def test_parameters_on_the_edge_of_what_is_allowed_are_kept(text, witness):
    report = rp.verify(text, witnesses=[witness], level="quick", seed=1)
    assert report.holds, report


@pytest.mark.parametrize(
    ("text", "witness"),
    [
        ("exp(40 + beta(2, 2))", "score"),
        ("2 + beta(0.4, 3)", "expectation"),
        ("5 - beta(0.3, 0.3)", "expectation"),
        ("1e8 + normal()", "expectation"),
        ("exp(3 + gamma(0.3))", "expectation"),
    ],
)
def test_what_rounding_forces_next_to_an_end_that_moves_is_no_error(text, witness):
    """Rounding 40 moves scores by more than 1e-7; φ p is infinite at 2; few values are near e³."""
    report = rp.verify(text, witnesses=[witness], level="quick", seed=1)
    assert report.holds, report


def test_infinite_bounds_are_no_parameters_to_differentiate_in():
    report = rp.verify("truncated(gaussian, low=0)", witnesses=["edges"], level="quick", seed=1)
    what = {comparison.what for check in report.checks for comparison in check.comparisons}
    assert any("low" in text for text in what)
    assert not any("high" in text for text in what)
