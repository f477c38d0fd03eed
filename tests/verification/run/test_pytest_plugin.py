"""``pytest --reparam``: in projects made for it, in temporary folders."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

pytestmark = pytest.mark.long

TARGETS = '''
import numpy as np


class MyLaplace:
    """A Laplace sampler with gradients."""

    distribution = "laplace"

    def rsample(self, n, *, rng, loc, scale):
        u = rng.uniform(size=n)
        z = np.where(u < 0.5, np.log(2.0 * u), -np.log(2.0 * (1.0 - u)))
        return loc + scale * z, {"loc": np.ones(n), "scale": z}


class WrongSign(MyLaplace):
    def rsample(self, n, *, rng, loc, scale):
        y, gradients = super().rsample(n, rng=rng, loc=loc, scale=scale)
        return y, {**gradients, "scale": -gradients["scale"]}
'''


#: One argument, or none.
NO_CACHE = ["-pno:cacheprovider"]


@pytest.fixture
def project(tmp_path):
    def make(settings):
        (tmp_path / "dists.py").write_text(TARGETS, encoding="utf-8")
        (tmp_path / "pyproject.toml").write_text(
            '[tool.reparam]\nlevel = "quick"\nseed = 1\n' + settings, encoding="utf-8"
        )
        (tmp_path / ".git").mkdir()  # configuration further up is nothing to these tests
        tests = tmp_path / "tests"  # so that importing them doesn't put the project on the path
        tests.mkdir()
        (tests / "test_own.py").write_text("def test_own():\n    pass\n", encoding="utf-8")
        return tmp_path

    return make


def run(folder, *options, cache=False):
    environment = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}
    return subprocess.run(
        # the command pytest puts no directory on the path: nor does python -P
        [sys.executable, "-P", "-m", "pytest", *NO_CACHE[cache:], "-v", *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )


def test_items_pass_fail_and_are_skipped(project):
    only = 'only = ["derivative", "identity", "edges"]\n'
    folder = project(only + 'targets = ["dists:MyLaplace", "dists:WrongSign"]\n')
    result = run(folder, "--reparam", "--junit-xml", "report.xml")
    assert result.returncode == 1, result.stdout + result.stderr
    for line in (
        "pyproject.toml::dists:MyLaplace::derivative PASSED",
        "pyproject.toml::dists:MyLaplace::identity SKIPPED",
        "pyproject.toml::dists:WrongSign::derivative FAILED",
        "pyproject.toml::dists:WrongSign::edges FAILED",
        "test_own.py::test_own PASSED",
    ):
        assert line in result.stdout
    assert "∂y/∂scale" in result.stdout
    assert "reparam: seed 1" in result.stdout
    assert "Traceback" not in result.stdout
    cases = ET.parse(folder / "report.xml").getroot().findall(".//testcase")
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert failed == ["derivative", "edges"]
    assert len(cases) == 7
    told = {each.get("name"): each.get("value") for each in cases[0].iter("property")}
    assert (told["seed"], told["level"], told["outcome"]) == ("1", "quick", "holds")


def test_selection_runs_what_is_selected(project):
    folder = project('targets = ["dists:WrongSign", "laplace"]\n')
    result = run(folder, "--reparam", "-k", "laplace and score")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "pyproject.toml::laplace::score PASSED" in result.stdout
    assert "1 passed, 18 deselected" in result.stdout


def test_items_are_selected_by_name(project):
    folder = project('only = ["score"]\ntargets = ["gaussian", "laplace"]\n')
    result = run(folder, "--reparam", "pyproject.toml::laplace::score")
    assert "1 passed" in result.stdout, result.stdout + result.stderr
    result = run(folder, "--reparam", "pyproject.toml")
    assert "2 passed" in result.stdout, result.stdout + result.stderr
    result = run(folder, "--reparam", ".")
    assert "3 passed" in result.stdout, result.stdout + result.stderr
    result = run(folder, "--reparam", "tests")
    assert "3 passed" in result.stdout, result.stdout + result.stderr


def test_what_has_failed_runs_again(project):
    folder = project('only = ["edges"]\ntargets = ["dists:WrongSign", "laplace"]\n')
    result = run(folder, "--reparam", cache=True)
    assert "1 failed, 2 passed" in result.stdout, result.stdout + result.stderr
    result = run(folder, "--reparam", "--lf", cache=True)
    assert "1 failed" in result.stdout
    assert "passed" not in result.stdout


def test_a_failure_tells_how_to_see_it_again(project):
    folder = project('only = ["edges"]\ntargets = ["dists:WrongSign"]\n')
    result = run(folder, "--reparam", "--reparam-seed", "17", "-q")
    assert "level quick, --reparam-seed 17" in result.stdout
    result = run(folder, "--reparam", "--reparam-seed", "-1")
    assert result.returncode == 4
    assert "seed '-1' is not a non-negative integer" in result.stderr


class TestOtherProcesses:
    """With pytest-xdist."""

    def test_all_have_one_seed_and_share_the_items(self, project):
        folder = project('only = ["score", "edges"]\ntargets = ["laplace", "gaussian"]\n')
        settings = (folder / "pyproject.toml").read_text().replace("seed = 1\n", "")
        (folder / "pyproject.toml").write_text(settings)
        result = run(folder, "--reparam", "-n", "2", "--junit-xml", "report.xml")
        assert "5 passed" in result.stdout, result.stdout + result.stderr
        cases = ET.parse(folder / "report.xml").getroot().findall(".//testcase")
        told = [each.get("value") for each in ET.parse(folder / "report.xml").iter("property")]
        seeds = {
            each.get("value")
            for case in cases
            for each in case.iter("property")
            if each.get("name") == "seed"
        }
        assert len(seeds) == 1
        assert told.count(seeds.pop()) == 4

    def test_what_can_not_run_is_told_before_any_of_them_starts(self, project):
        result = run(project('targets = ["nowhere:X"]\n'), "--reparam", "-n", "2")
        assert result.returncode == 4
        assert "nowhere:X can't be imported: ModuleNotFoundError" in result.stderr


def test_a_configuration_further_up_has_targets_of_its_own(project):
    folder = project('only = ["score"]\ntargets = ["dists:MyLaplace", "laplace"]\n')
    (folder / "deep").mkdir()
    (folder / "deep/pytest.ini").write_text("[pytest]\n")
    (folder / "deep/test_deep.py").write_text("def test_deep():\n    pass\n")
    result = run(folder / "deep", "--reparam")
    assert "pyproject.toml::laplace::score PASSED" in result.stdout, result.stdout + result.stderr


def test_without_the_option_nothing_is_added_nor_imported(project):
    folder = project('targets = ["dists:WrongSign"]\n')
    (folder / "tests/test_own.py").write_text(
        "import sys\n\n\ndef test_own():\n"
        "    assert 'reparam.pytest_plugin' in sys.modules\n"
        "    assert not {'numpy', 'scipy', 'typer', 'rich'} & set(sys.modules)\n",
        encoding="utf-8",
    )
    result = run(folder)
    assert "1 passed" in result.stdout, result.stdout


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('target = ["laplace"]\n', "unknown key 'target'; did you mean 'targets'?"),
        ('targets = ["laplace"]\nonly = ["derivativ"]\n', "did you mean 'derivative'?"),
        ("", "--reparam verifies the targets of [tool.reparam] in pyproject.toml, and"),
        (
            'targets = ["laplace", "dists:MyLaplac"]\n',
            "dists has no 'MyLaplac'; did you mean 'MyLaplace'?",
        ),
        ('targets = ["nowhere:X"]\n', "nowhere:X can't be imported: ModuleNotFoundError"),
        ('targets = [{ target = "laplace", parameters = { rate = 1 } }]\n', "no parameter 'rate'"),
    ],
)
@pytest.mark.parametrize("options", [(), ("-q", "-q")], ids=["", "without a header"])
def test_what_can_not_run_is_a_usage_error(project, settings, message, options):
    result = run(project(settings), "--reparam", *options)
    assert result.returncode == 4
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("ERROR: ")
    assert message in line


def test_items_alone_are_counted_and_listed(project):
    folder = project('only = ["edges"]\ntargets = ["dists:MyLaplace", "normal"]\n')
    (folder / "tests/test_own.py").unlink()
    listed = run(folder, "--reparam", "--collect-only")
    assert listed.returncode == 0
    assert "<VerificationTarget dists:MyLaplace>" in listed.stdout
    assert "<VerificationItem edges>" in listed.stdout
    assert "2 tests collected in" in listed.stdout
    result = run(folder, "--reparam")
    assert "collected 2 items" in result.stdout
    assert "pyproject.toml::gaussian::edges PASSED" in result.stdout


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["one process", "two"])
def test_a_target_of_which_nothing_is_verified_fails(project, processes):
    folder = project('only = ["identity", "score"]\ntargets = ["dists:MyLaplace", "laplace"]\n')
    result = run(folder, "--reparam", *processes)
    assert result.returncode == 1
    assert "1 failed, 3 passed, 1 skipped" in result.stdout
    assert "nothing was verified of dists:MyLaplace\nidentity: it has no cdf" in result.stdout
    assert "\nscore: it has no score, or no log_prob\n" in result.stdout


def test_nothing_is_said_of_a_target_whose_other_witnesses_were_deselected(project):
    folder = project('only = ["identity", "score"]\ntargets = ["dists:MyLaplace"]\n')
    result = run(folder, "--reparam", "-k", "score or own")
    assert result.returncode == 0
    assert "1 passed, 1 skipped, 1 deselected" in result.stdout
