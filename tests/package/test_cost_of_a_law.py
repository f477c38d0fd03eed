"""Adding a law edits no test, and costs little: a package's law is tested, and timed."""

import json
import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

TESTS = Path(__file__).parents[1]
#: Core-seconds that the tests may take for one more law. This one takes what most take that have
#: closed forms.
ALLOWED = 0.8
#: By how much CPU time may be longer, on a slow machine or one whose cores others share.
SLOWER = 2.5


def test_tests_run_over_a_new_law_unedited_and_take_little_time(site, python, tmp_path):
    times, path = tmp_path / "times.json", [site, TESTS.parent, TESTS / "helpers"]
    done = python(
        *("-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider"),
        *("-p", "cpu_times", "--cpu-times", times, "-k", "gumbel-min", TESTS),
        PYTHONPATH=os.pathsep.join(map(str, path)),
        REPARAM_NUM_THREADS="1",
        check=False,
    )
    assert done.returncode == 0, done.stdout
    seconds = json.loads(times.read_text(encoding="utf-8"))
    assert len(seconds) > 40
    assert sum(seconds.values()) < SLOWER * ALLOWED, sorted(seconds.items(), key=lambda row: row[1])
