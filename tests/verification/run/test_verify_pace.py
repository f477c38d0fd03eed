"""Slow samplers: fewer draws, and time limits that count a process's own time."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from strangers import Normal

from reparam.verification import Outcome, verify
from reparam.verification.evidence.context import LEVELS
from reparam.verification.run.checking import run_check
from reparam.verification.run.pace import affordable
from reparam.verification.targets.resolving import resolve

QUICK = LEVELS["quick"]


class Slow(Normal):
    """So many seconds a draw, beside what a call takes."""

    each, a_call = 2e-3, 0.0

    def z(self, n, rng):
        time.sleep(self.a_call + self.each * n)
        return rng.standard_normal(n)


class SlowToCall(Slow):
    each, a_call = 0.0, 0.01


class Interrupted(Normal):
    """As fast as any, but for whatever else the machine does at first."""

    calls = 0

    def z(self, n, rng):
        type(self).calls += 1
        time.sleep(0.01 if n > 1 and self.calls < 8 else 0.0)
        return rng.standard_normal(n)


class SlowAndWrong(Slow):
    each = 2e-4

    def gradients(self, z, loc, scale):
        return {"loc": np.ones(z.size), "scale": -z}


def pace(thing, level=QUICK):
    target = resolve(thing)
    found = affordable(target, level, {"loc": 0.0, "scale": 1.0})
    return found, target


def test_slow_samplers_make_fewer_draws():
    level, target = pace(Slow)
    assert level.draws == target.gradient_draws == target.pilot_draws == 1024
    assert level.points == 12 or level.points == 6
    level, target = pace(Slow, LEVELS["thorough"])
    assert 1024 < level.draws <= 8192


@pytest.mark.parametrize("thing", [Normal, SlowToCall, Interrupted, "laplace"])
def test_others_make_as_many_as_the_level_has(thing):
    level, target = pace(thing)
    assert level == QUICK
    assert target.pilot_draws == 4096


def test_a_slow_sampler_that_is_wrong_is_found():
    check = run_check(SlowAndWrong, "expectation", QUICK, seed=1, alpha=1e-10)
    assert check.outcome is Outcome.FAILS


@pytest.mark.long
@pytest.mark.parametrize("witness", ["distribution", "expectation"])
def test_a_slow_sampler_that_is_right_holds(witness):
    slow = type("Slower", (Slow,), {"each": 2e-4})
    check = run_check(slow, witness, QUICK, seed=1, alpha=1e-10)
    assert check.outcome is Outcome.HOLDS, str(check)


BUSY = """
import time
import numpy as np

class Busy:
    distribution = "gaussian"
    parameters = {"loc": (-3.0, 3.0)}

    def rsample(self, n, *, rng, loc):
        until = time.process_time() + 0.06
        while time.process_time() < until:
            pass
        return loc + rng.standard_normal(n), {"loc": np.ones(n)}
"""


def others(count):
    """Start processes that keep the processor busy."""
    return [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads a process's time in /proc")
def test_what_others_take_of_the_processor_does_not_count(tmp_path, monkeypatch):
    (tmp_path / "busy.py").write_text(BUSY)
    monkeypatch.syspath_prepend(tmp_path)
    busy = others(3 * len(os.sched_getaffinity(0)))
    try:
        report = verify("busy:Busy", witnesses="expectation", level="quick", seed=1, time_limit=1.0)
    finally:
        for each in busy:
            each.kill()
            each.wait()
    assert report.holds
    assert report.checks[0].seconds > 1.0
