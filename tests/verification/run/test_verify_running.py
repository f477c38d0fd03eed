"""A run of many checks: in workers, whatever the targets do, with the same findings each time."""

import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from verification_targets import Formulas

import reparam as rp
from reparam.errors import InputError, ReparamError, SeedError, UnknownParameterError
from reparam.verification import Outcome, TargetSpec, verify, witnesses
from reparam.verification.evidence.context import LEVELS
from reparam.verification.numerics.statistics import FALSE_ALARM
from reparam.verification.run import pool
from reparam.verification.run.checking import run_check
from reparam.verification.run.planning import registered

QUICK = {"level": "quick", "seed": 1}

at_once = pytest.mark.usefixtures("at_once")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Make a directory with targets, which workers find on this process's path."""
    source = Path(__file__).parents[2] / "helpers" / "verification_targets.py"
    (tmp_path / "targets.py").write_text(source.read_text())
    (tmp_path / "failing.py").write_text("raise RuntimeError('no such luck')\n")
    (tmp_path / "leaving.py").write_text("import sys; sys.exit(5)\n")
    (tmp_path / "hanging.py").write_text("import time; time.sleep(1000)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def without_times(report):
    checks = tuple(replace(check, seconds=0.0) for check in report.checks)
    return replace(report, checks=checks, seconds=0.0)


def test_the_same_seed_finds_the_same_whatever_the_number_of_workers():
    targets = ["laplace", "gamma"]
    witnesses = ["derivative", "distribution"]
    one = verify(targets, witnesses=witnesses, workers=1, **QUICK)
    three = verify(targets, witnesses=witnesses, workers=3, **QUICK)
    assert without_times(one) == without_times(three)
    assert one.holds
    assert [(check.target, check.witness) for check in one.checks] == [
        (target, witness) for target in targets for witness in witnesses
    ]
    assert (one.seed, one.level, one.version) == (1, "quick", rp.__version__)
    assert 0.0 < max(check.seconds for check in one.checks) < one.seconds
    other = verify(targets, witnesses=witnesses, level="quick", seed=2)
    assert without_times(other) != replace(without_times(one), seed=2)


def test_callbacks_tell_checks_in_order_and_how_many_are_done():
    told, counts = [], []
    report = verify(
        ["beta", "laplace"],
        witnesses=["transform", "derivative", "continuity"],
        workers=2,
        on_check=told.append,
        on_progress=lambda done, total: counts.append((done, total)),
        **QUICK,
    )
    assert tuple(told) == report.checks
    assert counts == [(done, 6) for done in range(7)]


def test_whatever_a_target_does_the_run_goes_on(project):
    names = ["Hanging", "Dying", "Right", "Killed", "Raising", "Leaving", "Shapes", "WrongSign"]
    report = verify(
        [f"targets:{name}" for name in names],
        witnesses=["expectation"],
        workers=2,
        time_limit=4.0,
        **QUICK,
    )
    found = {check.target.partition(":")[2]: check for check in report.checks}
    assert list(found) == names
    assert found.pop("Right").outcome is Outcome.HOLDS
    hanging = found.pop("Hanging")
    assert hanging.outcome is Outcome.INCONCLUSIVE
    assert hanging.worst.note == "not finished within 4 s; --time-limit 40 allows for more"
    assert hanging.seconds == pytest.approx(4.0)
    assert all(check.outcome is Outcome.FAILS for check in found.values())
    wrong = found.pop("WrongSign")
    assert not wrong.crashed
    assert "off by -200 %" in str(wrong.worst)
    assert {name: check.reason for name, check in found.items()} == {
        "Dying": "its process died (exit status 3)",
        "Killed": "its process died (signal SIGKILL)"
        if sys.platform != "win32"
        else "its process died (exit status 9)",
        "Raising": "it raised ValueError: no luck\x1b[2J\ntoday (targets.py:38)",
        "Leaving": "it raised SystemExit: good bye (targets.py:43)",
        "Shapes": "the array of values has shape (65537,), expected (65536,)",
    }
    assert all(check.crashed for check in found.values())


@at_once
def test_nan_among_the_draws_is_found(project):
    assert verify("targets:NaN", witnesses="distribution", **QUICK).outcome is Outcome.FAILS


def test_what_a_target_prints_goes_to_stderr_and_stdin_is_empty(project, capfd):
    assert verify("targets:Printing", witnesses="expectation", **QUICK).holds
    out, err = capfd.readouterr()
    assert out == ""
    assert "said by Python\n" in err
    assert "said below Python\n" in err


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("targets:Lawless", "targets:Lawless lacks what its draws should be"),
        pytest.param(
            *("targets:Rigth", "targets has no 'Rigth'; did you mean 'Right'?"),
            marks=pytest.mark.long,
        ),
        pytest.param(
            *("targets:Broken", "targets:Broken can't be used: RuntimeError: broken property"),
            marks=pytest.mark.long,
        ),
        ("failing:X", "failing:X can't be imported: RuntimeError: no such luck"),
        pytest.param(
            *("leaving:X", "leaving:X can't be imported: SystemExit: 5"), marks=pytest.mark.long
        ),
        ("hanging:X", "hanging:X can't be used: importing it takes more than 2 s"),
        ("nowhere:X", "nowhere:X can't be imported: ModuleNotFoundError"),
        ("laplce", "no distribution is called 'laplce'; did you mean 'laplace'?"),
    ],
)
def test_a_target_of_no_use_is_an_error_before_any_check(project, monkeypatch, target, message):
    monkeypatch.setattr(pool, "_IMPORT", 2.0)

    def unwanted(check):
        pytest.fail(f"{check} was run")

    with pytest.raises(ReparamError) as caught:
        verify(["laplace", target], time_limit=2.0, workers=1, on_check=unwanted, **QUICK)
    assert message in str(caught.value)


@at_once
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"witnesses": ["scor"]}, InputError, "no witness is called 'scor'; did you mean 'score'"),
        ({"witnesses": []}, InputError, "no witness is left to ask"),
        ({"targets": []}, InputError, "there is no target to verify"),
        ({"level": "fast"}, InputError, "no level is called 'fast'"),
        ({"seed": -1}, SeedError, "seed -1 is not a non-negative integer"),
        ({"rtol": 0.0}, InputError, "rtol 0.0 is not a number between 0 and 1"),
        ({"workers": 0}, InputError, "number of workers 0 is not a whole number from 1"),
        ({"time_limit": 0.0}, InputError, "time limit 0.0 is not a positive number"),
        ({"fixed": {"sgma": 1.0}}, UnknownParameterError, "no parameter 'sgma'"),
        ({"fixed": {"scale": -1.0}}, ReparamError, "scale=-1 is not in (0, inf)"),
    ],
)
def test_settings_that_make_no_sense(options, error, message):
    with pytest.raises(error) as caught:
        verify(**({"targets": "laplace"} | QUICK | options))
    assert message in str(caught.value)


@at_once
def test_each_target_has_a_witness_left():
    own = TargetSpec("gaussian", only=("edges",))
    with pytest.raises(InputError, match="no witness is left to ask of gaussian; ask for others"):
        verify(["laplace", own], witnesses="score", **QUICK)


@at_once
def test_targets_of_one_name_are_told_apart():
    report = verify(["laplace", Formulas(), Formulas()], witnesses="score", **QUICK)
    assert [check.target for check in report.checks] == ["laplace", "Formulas", "Formulas (2)"]


@at_once
def test_numbers_of_numpy_are_numbers():
    report = verify(
        "laplace", witnesses="score", level="quick", seed=np.int64(3), workers=np.int8(1)
    )
    assert report.to_json()["seed"] == 3
    assert type(report.seed) is int


@at_once
def test_each_target_may_have_settings_of_its_own():
    report = verify(
        [
            TargetSpec("laplace", rtol=1e-15, only=("derivative",), parameters={"sigma": 3.0}),
            TargetSpec("gaussian", skip=("score",), parameters={"loc": 5.0}),
            "exponential",
        ],
        witnesses=["derivative", "score"],
        fixed={},
        rtol=1e-3,
        **QUICK,
    )
    assert [(check.target, check.witness) for check in report.checks] == [
        ("laplace(sigma=3)", "derivative"),
        ("gaussian(loc=5)", "derivative"),
        ("exponential", "derivative"),
        ("exponential", "score"),
    ]
    tight, loose, *_ = (check.worst for check in report.checks)
    assert tight.bound < 1e-6 < 1e-4 < loose.bound
    assert tight.point["scale"] == 3.0
    assert loose.point["loc"] == 5.0


@at_once
def test_the_chance_of_a_false_alarm_is_shared_out():
    few = verify("laplace", witnesses=["distribution"], **QUICK)
    many = verify(["laplace", "gaussian"], witnesses=["distribution", "expectation"], **QUICK)

    def bound(report):
        (found,) = (
            item
            for item in report.checks[0].comparisons
            if item.what == "tail counts of draws (shared parameters)"
        )
        return found.bound

    assert few.false_alarm == many.false_alarm == FALSE_ALARM
    assert bound(few) < bound(many)
    assert verify("laplace", witnesses=["derivative"], **QUICK).false_alarm == 0.0


@at_once
def test_a_fresh_seed_is_in_the_report():
    first, second = (verify("laplace", witnesses=["score"], level="quick").seed for _ in range(2))
    assert first != second


class TestObjects:
    """Targets that are things, not names."""

    def test_a_class_and_an_instance_of_ours(self):
        report = verify([rp.Laplace, rp.Laplace(1.0, 2.0)], witnesses=["derivative"], **QUICK)
        assert report.holds
        assert report.checks[1].worst.point.items() >= {"loc": 1.0, "scale": 2.0}.items()

    def test_what_only_this_process_knows_is_verified_here(self):
        seen = []

        class Local:
            distribution = "laplace"

            def rsample(self, n, *, rng, **theta):
                seen.append(threading.current_thread())
                draw = rp.Laplace(**theta).rsample(n, rng=rng)
                return draw.value, draw.jacobian()

        report = verify([Local, "laplace"], witnesses=["expectation"], **QUICK)
        assert report.holds
        assert set(seen) == {threading.main_thread()}
        assert [check.target.rpartition(".")[2] for check in report.checks] == ["Local", "laplace"]

    def test_a_script_needs_no_guard(self, project, python):
        script = project / "script.py"
        script.write_text(
            "from targets import Right\n"
            "from reparam.verification import verify\n"
            "class Mine(Right): pass\n"
            "report = verify([Mine, Right], witnesses='derivative', level='quick', seed=1)\n"
            "print(report.holds, [check.target for check in report.checks])\n"
        )
        done = python(script)
        assert done.stdout == "True ['Mine', 'Right']\n"
        assert done.stderr == ""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for a process in /proc")
def test_workers_end_with_the_process_that_started_them(project, python):
    """Also if that is killed, and they are in the middle of a check that would take long."""
    script = (
        "import subprocess\n"
        "from reparam.verification import verify\n"
        "from reparam.verification.run import pool\n"
        "class Told(subprocess.Popen):\n"
        "    def __init__(self, *arguments, **options):\n"
        "        super().__init__(*arguments, **options)\n"
        "        print(self.pid, flush=True)\n"
        "pool.subprocess.Popen = Told\n"
        "verify('targets:Orphaned', witnesses='expectation', level='quick')\n"
    )
    done = python("-c", script, check=False)
    worker = Path("/proc") / done.stdout.strip()
    assert done.returncode == -9
    deadline = time.monotonic() + 30.0
    while worker.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not worker.exists()


def test_all_registered_distributions_are_targets():
    specs = {spec.name: spec for spec in registered()}
    assert {"laplace", "gamma", "poisson", "categorical", "concrete"} <= set(specs)
    assert list(specs) == rp.names()
    assert specs["laplace"].witnesses == tuple(witnesses.DEFAULTS)
    assert specs["poisson"].witnesses == ("identity", "score", "distribution", "moments")


@at_once
def test_what_has_no_gradients_is_looked_at_by_others_unless_it_was_asked_for(monkeypatch):
    monkeypatch.setattr("reparam.registry.names", lambda: ["laplace", "poisson"])
    report = verify(witnesses="continuity", **QUICK)
    assert report.holds
    assert [check.target for check in report.checks] == ["laplace"]
    report = verify(["laplace", "poisson"], witnesses="continuity", **QUICK)
    assert report.unseen == ["poisson"]


@pytest.mark.parametrize(
    ("target", "note"), [("NoNumbers", "draws: NaN or infinite"), ("Zeros", "0 at every draw")]
)
@pytest.mark.usefixtures("project", "at_once")
def test_a_parameter_without_derivatives_is_found_beside_one_that_has_them(target, note):
    level = {**QUICK, "level": "default"}
    (check,) = verify(f"targets:{target}", witnesses="derivative", **level).checks
    lost = [each for each in check.comparisons if each.outcome is Outcome.FAILS]
    assert [each.what for each in lost] == ["∂y/∂loc"]
    assert note in lost[0].note


@pytest.mark.parametrize(
    ("target", "witness", "what"),
    [
        ("Tail", "derivative", "∂y/∂scale of draws on the quantile path"),
        ("MissingHere", "derivative", "∂y/∂θ"),
        ("GlobalState", "continuity", "draws at a fixed seed"),
        ("WrongTransform", "distribution", "spread of draws (noise through transform)"),
    ],
)
@pytest.mark.usefixtures("project", "at_once")
def test_what_is_wrong_in_a_corner_is_found(target, witness, what):
    (check,) = verify(f"targets:{target}", witnesses=witness, seed=1).checks
    assert check.outcome is Outcome.FAILS
    assert check.worst.what == what


@pytest.mark.usefixtures("project", "at_once")
def test_draws_without_gradients_are_looked_at_all_the_same():
    checks = verify("targets:MissingHere", witnesses=["distribution", "continuity"], **QUICK).checks
    assert [check.outcome for check in checks] == [Outcome.HOLDS] * 2


@pytest.mark.parametrize("name", ["", "cdf", "sf", "log_prob", "icdf", "score", "pathwise"])
def test_formulas_are_held_to_the_distribution_that_is_claimed(name):
    """One of them is off by 1 %, or none."""
    of = dict.fromkeys(["cdf", "sf", "log_prob", "icdf", "score", "pathwise"], 1.0)
    thing = type("Altered", (Formulas,), {"of": of | {name: 1.01} if name else of})()
    checks = [
        run_check(thing, witness, LEVELS["default"], seed=1, alpha=1e-9)
        for witness in (["identity"] if name else witnesses.NAMES)
    ]
    found = [check.witness for check in checks if check.outcome is Outcome.FAILS]
    assert ("identity" in found) if name else (found == [])


@pytest.mark.parametrize("target", ["InfiniteGradients", "FewNaN"])
@pytest.mark.usefixtures("project", "at_once")
def test_gradients_that_are_no_numbers_are_found(target):
    (check,) = verify(f"targets:{target}", witnesses="expectation", **QUICK).checks
    assert check.outcome is Outcome.FAILS
    assert check.worst.what == "∂y/∂scale"
    assert "NaN or infinite" in check.worst.note
