"""Every mistake that ``mutants.py`` makes is caught by a default run, and what is right is not."""

import mutants
import pytest
from kinds import REPARAMETERIZED

import reparam as rp
from reparam import registry

SEED = 1
NAMES = [name for name in REPARAMETERIZED if name in registry.BUILT_IN]


@pytest.mark.parametrize("name", NAMES)
def test_every_mutant_is_caught(name):
    by = mutants.caught(name, SEED)
    assert len(by) > 60
    assert [mutant for mutant, witness in by.items() if witness is None] == []


@pytest.mark.parametrize("name", ["exponential", "inverse-gamma"])
def test_what_is_right_is_not_caught(name):
    base = rp.get(name)
    same = type(f"Same{base.__name__}", (base,), {"right": base})
    assert mutants.first_to_catch(mutants.Mutant("nothing", "none", "", "", same), SEED) is None
