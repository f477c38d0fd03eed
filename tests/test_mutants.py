"""Every mistake that ``mutants.py`` makes is caught by a default run, and what is right is not."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import mutants
import pytest
from kinds import REPARAMETERIZED

import reparam as rp
from reparam import registry

SEED = 1
NAMES = [name for name in REPARAMETERIZED if name in registry.BUILT_IN]


def _one_thread():
    os.environ["REPARAM_NUM_THREADS"] = "1"


@pytest.fixture(scope="module")
def caught():
    """Return a function from a distribution's name to which witness catches which mutant."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, spawn, initializer=_one_thread) as pool:
        # the slowest first
        order = sorted(NAMES, key=lambda name: (len(rp.get(name).parameters), name), reverse=True)
        found = {name: pool.submit(mutants.caught, name, SEED) for name in order}
        yield lambda name: found[name].result()


@pytest.mark.parametrize("name", NAMES)
def test_every_mutant_is_caught(caught, name):
    by = caught(name)
    assert len(by) > 60
    assert [mutant for mutant, witness in by.items() if witness is None] == []


@pytest.mark.parametrize("name", ["exponential", "inverse-gamma"])
def test_what_is_right_is_not_caught(name):
    base = rp.get(name)
    same = type(f"Same{base.__name__}", (base,), {"right": base})
    assert mutants.first_to_catch(mutants.Mutant("nothing", "none", "", "", same), SEED) is None
