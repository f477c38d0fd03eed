"""Draws are random, and independent of each other, of earlier calls and of other seeds."""

import numpy as np
import pytest
from misused import FINE, MISUSED

from reparam.verification.evidence.comparing import Tally
from reparam.verification.evidence.context import LEVELS
from reparam.verification.evidence.independence import add_evenness
from reparam.verification.results import Outcome
from reparam.verification.run.checking import run_check

SEEDS = [1, 2, 3]


def checked(target, seed):
    return run_check(target, "distribution", LEVELS["quick"], seed=seed, alpha=1e-10)


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("sampler", "words"), MISUSED.items())
def test_a_misused_generator_is_found(sampler, words, seed):
    check = checked(sampler, seed)
    assert check.outcome is Outcome.FAILS
    assert words in "\n".join(check.findings())


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("sampler", FINE)
def test_a_generator_well_used_holds(sampler, seed):
    assert str(checked(sampler, seed).outcome) == "holds"


def evenness(u, alpha=1e-10):
    ordered = np.sort(u)
    tally = Tally("evenness", "standard errors")
    add_evenness(tally, {}, lambda p: np.searchsorted(ordered, p), u.size, alpha)
    return [each.got for each in tally.result()]


def test_random_draws_are_not_too_even():
    """Of the least of nine probabilities, as a score, thousands stay near what chance makes."""
    rng = np.random.default_rng(0)
    scores = np.concatenate([evenness(rng.random(2**14)) for _ in range(500)])
    assert np.max(scores) < 5.0
    assert np.mean(scores > 3.0) < 9.0 * 0.0027 * 2.0


def test_an_atom_is_not_evenness():
    u = np.random.default_rng(1).random(2**14)
    assert evenness(np.where(u < 0.2, 0.0, u)) == []
    assert evenness(u[:100]) == []
