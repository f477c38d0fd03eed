"""Gradients that scatter: noise neither hides a bias, nor is it one."""

import re

import pytest
from noisy import BIASED, UNBIASED

from reparam.verification.evidence.context import LEVELS
from reparam.verification.results import Outcome
from reparam.verification.run.checking import run_check

pytestmark = pytest.mark.long

SEEDS = [1, 2]


def checked(target, witness, seed):
    return run_check(target, witness, LEVELS["quick"], seed=seed, alpha=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("witness", ["derivative", "expectation", "edges", "continuity"])
@pytest.mark.parametrize("sampler", UNBIASED)
def test_unbiased_gradients_of_other_paths_hold(sampler, witness, seed):
    check = checked(sampler, witness, seed)
    assert check.outcome in (Outcome.HOLDS, Outcome.SKIPPED), str(check)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("sampler", "telling"), BIASED.items())
def test_noise_hides_no_bias(sampler, telling, seed):
    check = checked(sampler, "expectation", seed)
    assert check.outcome is (Outcome.FAILS if telling else Outcome.INCONCLUSIVE)
    if not telling:
        unseen = re.search(r"a bias below (\S+) % would go unnoticed", check.worst.note)
        assert float(unseen[1]) > 50.0


@pytest.mark.parametrize("sampler", BIASED)
def test_no_witness_calls_a_hidden_bias_right(sampler):
    assert checked(sampler, "derivative", 1).outcome in (Outcome.SKIPPED, Outcome.FAILS)
