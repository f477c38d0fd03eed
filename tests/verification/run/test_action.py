"""The GitHub action and the pre-commit hook: the scripts in them are run."""

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ACTION = (ROOT / "action.yml").read_text("utf-8")
SCRIPT = textwrap.dedent(re.search(r"      run: \|\n(.*?)\n\nbranding:", ACTION, re.DOTALL)[1])

TARGET = """
import numpy as np


class Half:
    distribution = "exponential"

    def rsample(self, n, *, rng, rate):
        y = rng.exponential(size=n) / rate
        return y, {"rate": -0.5 * y / rate}
"""


@pytest.fixture
def act(tmp_path):
    (tmp_path / "dists.py").write_text(TARGET, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.reparam]\nonly = ["derivative"]\ntargets = ["laplace"]\n', encoding="utf-8"
    )
    output, summary = tmp_path / "output", tmp_path / "summary.md"

    def run(**inputs):
        given = {"targets": "", "level": "quick", "seed": "1", "arguments": "", **inputs}
        environment = {f"REPARAM_{name.upper()}": value for name, value in given.items()}
        environment |= {
            "REPARAM_REQUIREMENT": "none",
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }
        script = tmp_path / "script.sh"
        script.write_text(SCRIPT, encoding="utf-8")
        result = subprocess.run(
            # what GitHub makes of "shell: bash"
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=tmp_path,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
        )
        return result, summary.read_text("utf-8") if summary.exists() else ""

    return run


def report(folder):
    """Return the report whose place the script has told last."""
    last = (folder / "output").read_text("utf-8").splitlines()[-1]
    return json.loads(Path(last.removeprefix("report=")).read_text("utf-8"))


def test_every_input_reaches_the_script_by_environment_alone():
    inputs = set(re.findall(r"^  ([a-z-]+):\n    description", ACTION.split("outputs:")[0], re.M))
    passed = re.findall(r"REPARAM_([A-Z]+): \$\{\{ inputs\.([a-z]+) \}\}", ACTION)
    assert {name for _, name in passed} == inputs - {"working-directory"}
    assert all(variable == name.upper() for variable, name in passed)
    assert "${{" not in SCRIPT


@pytest.mark.long
def test_all_holds(act, tmp_path):
    result, summary = act()
    assert result.returncode == 0, result.stderr
    assert "laplace" in summary
    assert report(tmp_path)["outcome"] == "holds"


def test_something_is_wrong(act):
    result, summary = act(targets="dists:Half laplace", arguments="--only derivative")
    assert result.returncode == 1, result.stderr
    assert "::error" in result.stdout
    assert "dists%3AHalf" in result.stdout or "dists:Half" in result.stdout
    assert "dists:Half" in summary
    assert "∂y/∂rate" in summary


@pytest.mark.long
def test_lists_may_have_many_lines(act, tmp_path):
    result, _ = act(targets="laplace\ngaussian\n", arguments="--only derivative\n--workers\n1\n")
    assert result.returncode == 0, result.stderr
    assert [check["target"] for check in report(tmp_path)["checks"]] == ["laplace", "gaussian"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("configured", "asked", "level"),
    [("quick", "", "quick"), ("quick", "default", "default"), (None, "", "default")],
)
def test_the_level_is_that_asked_for_or_else_configured(act, tmp_path, configured, asked, level):
    settings = tmp_path / "pyproject.toml"
    if configured:
        text = settings.read_text("utf-8")
        settings.write_text(f'{text}level = "{configured}"\n', encoding="utf-8")
    act(level=asked, arguments="--only score")
    assert report(tmp_path)["level"] == level


@pytest.mark.parametrize(
    "inputs",
    [pytest.param({"targets": "laplac"}, marks=pytest.mark.long), {"level": "deep; echo pwned"}],
)
def test_it_could_not_run(act, inputs):
    result, summary = act(**inputs)
    assert result.returncode == 2
    assert summary.startswith("**Could not run**")
    assert "Error: no " in summary
    assert "Error: no " in result.stderr
    assert result.stdout.startswith("::error title=reparam verify could not run::Error%3A no ") or (
        result.stdout.startswith("::error title=reparam verify could not run::Error: no ")
    )
    assert result.stdout.count("\n") == 1


@pytest.mark.long
def test_targets_are_no_options(act):
    result, summary = act(targets="--help")
    assert result.returncode == 2
    assert "Could not run" in summary


def test_there_must_be_something_to_verify(act, tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.reparam]\n", encoding="utf-8")
    result, summary = act()
    assert result.returncode == 2
    assert "there are no targets in pyproject.toml" in summary


@pytest.mark.long
def test_each_use_has_a_report_of_its_own(act, tmp_path):
    act(arguments="--only score")
    act(arguments="--only score", targets="gaussian")
    first, second = (tmp_path / "output").read_text("utf-8").split()
    assert first != second
    assert report(tmp_path)["checks"][0]["target"] == "gaussian"


def test_text_in_inputs_is_no_code(act, tmp_path):
    result, _ = act(targets="laplace;touch${IFS}pwned $(touch pwned)", seed="`touch pwned`")
    assert result.returncode == 2
    assert not (tmp_path / "pwned").exists()


def test_the_hook_runs_a_command_that_there_is(tmp_path):
    hook = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
    entry = re.search(r"^  entry: (.+)$", hook, re.MULTILINE)[1].split()
    assert entry[0] == "reparam"
    (tmp_path / "pyproject.toml").write_text(
        '[tool.reparam]\ntargets = ["laplace"]\n', encoding="utf-8"
    )
    result = subprocess.run(
        [sys.executable, "-m", *entry, "--only", "score"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
