"""``reparam verify --second-order``: what is right holds, what is dropped or wrong is found."""

from dataclasses import replace
from importlib.util import find_spec

import pytest

from reparam.verification import verify
from reparam.verification.evidence.context import LEVELS
from reparam.verification.results import Outcome
from reparam.verification.run.checking import run_check
from reparam.verification.run.planning import planned
from reparam.verification.targets.resolving import resolve
from reparam.verification.witnesses import DEFAULTS

LEVEL = replace(LEVELS["quick"], draws=2**13)


def check(thing):
    return run_check(resolve(thing), "second", LEVEL, seed=3, alpha=1e-11)


@pytest.mark.parametrize(
    "name", ["gaussian", "gamma", "weibull", "laplace", "uniform", "asymmetric-laplace"]
)
def test_second_derivatives_hold(name):
    assert check(name).outcome is Outcome.HOLDS


@pytest.mark.parametrize("factor", [0.0, -1.0])
def test_dropped_and_wrong_ones_are_found(factor):
    target = resolve("gamma")
    right = target.second

    def wrong(*args):
        sample, bends = right(*args)
        return sample, {pair: factor * each for pair, each in bends.items()}

    target.second = wrong
    found = check(target)
    assert found.outcome is Outcome.FAILS
    assert any("is 0, all of them" in each.note for each in found.comparisons) == (factor == 0.0)


@pytest.mark.parametrize("name", ["dirichlet", "poisson"])
def test_without_them_it_is_skipped_and_says_why(name):
    found = check(name)
    assert found.outcome is Outcome.SKIPPED
    assert found.reason


def test_it_is_asked_on_request():
    arguments = ("quick", 1, None, {})
    asked = [witness for _, witness in planned(["gaussian"], None, *arguments).jobs]
    assert asked == list(DEFAULTS)
    asked = [witness for _, witness in planned(["gaussian"], ["second"], *arguments).jobs]
    assert asked == ["second"]


@pytest.mark.long
def test_it_holds_in_a_run():
    assert verify(["gaussian"], witnesses="second", level="quick", seed=1, workers=1).holds


@pytest.mark.skipif(find_spec("torch") is None, reason="needs PyTorch")
def test_pytorch_drops_those_of_beta():
    assert check("torch:Beta").outcome is Outcome.FAILS
    assert check("torch:Normal").outcome is Outcome.HOLDS
