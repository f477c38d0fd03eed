"""Mistakes that ``mutants.py`` makes are caught by a default run, and what is right is not.

A twentieth of each distribution's mutants are asked about, which one depends on its name. ``tools/
mutants.py`` asks about all, and writes the page that is read here.
"""

import re
import zlib
from pathlib import Path

import mutants
import pytest
from kinds import REPARAMETERIZED, VECTORS

import reparam as rp
from reparam import registry

pytestmark = pytest.mark.long

DOCS = Path(__file__).parents[3] / "docs"
SEED = 1
NAMES = [name for name in REPARAMETERIZED + VECTORS if name in registry.BUILT_IN]
PARTS = 20


@pytest.mark.parametrize("name", NAMES)
def test_mutants_are_caught(name):
    by = mutants.caught(name, SEED, slice(zlib.crc32(name.encode()) % PARTS, None, PARTS))
    by = by or mutants.caught(name, SEED, slice(1))  # there are fewer
    assert by
    assert [mutant for mutant, witness in by.items() if witness is None] == []


@pytest.mark.parametrize("name", ["exponential", "inverse-gamma"])
def test_what_is_right_is_not_caught(name):
    base = rp.get(name)
    same = type(f"Same{base.__name__}", (base,), {"right": base})
    assert mutants.first_to_catch(mutants.Mutant("nothing", "none", "", "", same), SEED) is None


def table(mode):
    """Return the rows of a table of the page, and the text before it."""
    page = (DOCS / "verification-power.md").read_text(encoding="utf-8")
    made = page.split(f"<!-- made by tools/mutants.py{mode} -->")[1].split("<!-- end -->")[0]
    rows = [line[2:-2].split(" | ") for line in made.splitlines() if line.startswith("| ")]
    return rows[1:], made


def test_the_page_is_about_these_mutants_and_none_survives():
    rows, text = table("")
    for _, kind, count, *_, caught in rows:
        assert caught == count, kind
    assert len(rows) > 60
    listed = re.search(r"^The distributions: ([^.]*)\.$", text, re.MULTILINE)[1]
    classes = map(rp.get, re.findall(r"[\w-]+", listed))
    assert int(rows[-1][2]) == sum(len(list(mutants.mutants(cls))) for cls in classes)


def test_no_mutant_of_any_distribution_survives():
    *rows, total = table(" --first")[0]
    for name, count, caught, *by in [*rows, total]:
        assert count == caught == str(sum(map(int, by))), name
    assert int(total[1]) == sum(int(count) for _, count, *_ in rows)
    assert {name.strip("`") for name, *_ in rows} == {*NAMES, *mutants.COMPOSITIONS}
    for name, count, *_ in rows[::15]:
        assert int(count) == len(list(mutants.all_of(name.strip("`"))[1])), name


def test_the_log_of_runs_on_what_is_right_has_no_alarm():
    lines = (DOCS / "false-alarms.log").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"seed \d+: holds, \d+ s", line)] == []
    assert len({line.split(":")[0] for line in lines}) == len(lines) >= 200
