"""The sweep of ``tools/accuracy_sweep``: a small share of its points, and that it can fail."""

import csv
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reparam import registry
from reparam.base.reparameterized import Reparameterized

ROOT = Path(__file__).parents[2]
SWEEP = ROOT / "tools" / "accuracy_sweep"
#: Any other seed does, too; this one has no slow reference.
SEED = "4"
RECORD = json.loads((ROOT / "tests/helpers/reference/sweep.json").read_text(encoding="utf-8"))


def sweep(*arguments, script=""):
    """Run the sweep as a program, or a script that may import its modules."""
    command = ["-c", script] if script else [SWEEP]
    paths = [str(ROOT), *([str(SWEEP)] if script else [])]
    return subprocess.run(
        [sys.executable, *map(str, command), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"},
    )


def test_a_case_of_every_law_is_within_the_bound():
    result = sweep("--cases", "1", "--seed", SEED, "--jobs", "1", "--worst", "0")
    assert not result.returncode, result.stdout + result.stderr
    compared, points = map(
        int, re.search(r"(\d+) points compared of (\d+)", result.stdout).groups()
    )
    assert compared > 300
    assert compared >= 0.98 * points


@pytest.mark.long
def test_errors_are_those_on_record():
    arguments = ["--laws", *RECORD, "--cases", "1", "--jobs", "1", "--worst", "0", "--compare"]
    result = sweep(*arguments)
    assert not result.returncode, result.stdout + result.stderr


def test_the_record_is_the_page_and_of_all_continuous_laws_of_numbers():
    page = (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8")
    for law, quantities in RECORD.items():
        row = re.search(rf"^\| {law} \|.*$", page, re.MULTILINE)[0]
        cells = [cell for cell in row.split(" | ")[2:-1] if cell]
        for at, name in enumerate(("error", "excess")):
            shown = max(float(cell.split(" / ")[at]) for cell in cells)
            assert shown == pytest.approx(max(each[name] for each in quantities.values()), rel=0.1)
    laws = (registry.get(name) for name in registry.BUILT_IN)
    numbers = {
        law.name for law in laws if issubclass(law, Reparameterized) and not law._support.rank
    }
    assert numbers == set(RECORD)


#: What is found, what is right, and how far that is beyond what half an ulp in the inputs forces.
JUDGED = [
    ("2.0 * (1.0 + 1e-12)", "a + b", 10.0),
    ("math.nan", "a + b", math.inf),
    ("-math.inf", "a + b", math.inf),
    ("math.inf", "a + b", math.inf),
    ("0.0", "arb(10) ** 400", math.inf),
    ("math.inf", "arb(10) ** 400", 0.0),
    ("0.0", "arb(10) ** -400", 0.0),
    ("math.nan", "math.nan", 0.0),
    ("2.0", "math.nan", math.inf),
    # a ulp off where the inputs cancel: half an ulp in each forces as much
    ("1.1102230246251565e-16", "a - 1 + b - 1 + arb(2) ** -52", 0.025),
]


def test_a_number_is_judged_by_what_its_inputs_force():
    judged = (
        f"judging.judged({found}, lambda a, b: {right}, [1.0, 1.0])" for found, right, _ in JUDGED
    )
    script = f"""
import json, math
import judging
from flint import arb
print(json.dumps([{", ".join(judged)}]))
"""
    result = sweep(script=script)
    assert not result.returncode, result.stderr
    for found, row in zip(json.loads(result.stdout), JUDGED, strict=True):
        assert found["excess"] == pytest.approx(row[2], rel=0.02), row


def test_a_wrong_formula_fails(tmp_path):
    script = f"""
import runpy, sys
import reparam as rp
right = rp.Exponential._sf
rp.Exponential._sf = staticmethod(lambda y, rate: right(y, rate) * (1.0 + 1e-11))
sys.argv[1:] = ["--laws", "exponential", "--cases", "3", "--jobs", "1"]
runpy.run_path({str(SWEEP)!r}, run_name="__main__")
"""
    result = sweep(script=script)
    assert result.returncode == 1
    assert "exponential sf: 3 above the bound, not explained" in result.stdout
    assert "exponential cdf: 3 compared\n" in result.stdout


def test_a_run_that_was_stopped_goes_on(tmp_path):
    arguments = ["--laws", "poisson", "--jobs", "1", "--directory", str(tmp_path)]
    first = sweep(*arguments, "--cases", "2")
    (path,) = tmp_path.iterdir()
    complete = path.read_text()
    path.write_text(complete[:-20])  # the second case is lost
    second = sweep(*arguments, "--cases", "3")
    whole = sweep(*arguments[:-2], "--cases", "3")
    assert first.returncode == second.returncode == whole.returncode == 0
    assert second.stdout.splitlines()[:-1] == whole.stdout.splitlines()[:-1]
    assert complete.splitlines()[1] in path.read_text()


def test_the_documentation_states_what_is_explained():
    page = (ROOT / "docs" / "numerics.md").read_text(encoding="utf-8")
    with (SWEEP / "explained.csv").open(newline="", encoding="utf-8") as lines:
        rows = [f"| {' | '.join(entry.values())} |" for entry in csv.DictReader(lines)]
    assert [row for row in rows if row not in page] == []


@pytest.mark.long
def test_large_degrees_of_freedom_are_within_the_bound():
    names = ["f", "student-t"]
    result = sweep("--laws", *names, "--cases", "12", "--jobs", "1", "--worst", "0")
    assert not result.returncode, result.stdout + result.stderr
