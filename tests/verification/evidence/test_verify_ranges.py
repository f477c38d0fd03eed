"""Faults for some parameters only are found by a default run, at any seed."""

import numpy as np
import pytest
from regional import REGIONAL

from reparam.verification.evidence.context import LEVELS, Context
from reparam.verification.evidence.ranges import _spread
from reparam.verification.results import Outcome
from reparam.verification.run.checking import run_check
from reparam.verification.targets.resolving import resolve


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("sampler", [each for each in REGIONAL if each.cdf])
def test_a_fault_for_some_scales_is_found(sampler, seed):
    check = run_check(sampler, "edges", LEVELS["default"], seed=seed, alpha=1e-10)
    assert check.outcome is Outcome.FAILS
    assert 1.8 < check.worst.point["scale"] < 3.4
    assert "over the ranges" in check.worst.what


@pytest.mark.long
@pytest.mark.parametrize("sampler", [each for each in REGIONAL if not each.cdf])
def test_a_fault_is_found_by_a_density_alone(sampler):
    check = run_check(sampler, "edges", LEVELS["default"], seed=1, alpha=1e-10)
    assert check.outcome is Outcome.FAILS


def test_sums_of_squares_are_judged_by_their_exact_tails():
    """Their scores are standard normal, also where n is small."""
    rng = np.random.default_rng(0)
    for n in (16, 2048):
        squares = np.sum(rng.standard_normal((4000, n)) ** 2, axis=1)
        scores = np.array([_spread(float(each), n) for each in squares])
        assert abs(np.mean(scores)) < 0.06
        assert 0.95 < np.std(scores) < 1.05


def test_the_outermost_draws_are_always_kept():
    context = Context(resolve("laplace"), LEVELS["quick"], 1, 1e-9)
    value = np.random.default_rng(1).normal(size=10_000)
    kept = context.thin(value, 100)
    assert kept.size > 90
    assert set(np.argsort(value)[:8]) | set(np.argsort(value)[-8:]) <= set(kept)
    assert np.all(np.diff(kept) > 0)
    assert context.thin(value[:50], 100).tolist() == list(range(50))
