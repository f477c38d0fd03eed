"""``pytest --reparam``: in projects made for it, in temporary folders."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

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


def run(folder, *options):
    environment = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}
    return subprocess.run(
        # the command pytest puts no directory on the path: nor does python -P
        [sys.executable, "-P", "-m", "pytest", "-p", "no:cacheprovider", "-v", *options],
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
        "reparam::dists:MyLaplace[derivative] PASSED",
        "reparam::dists:MyLaplace[identity] SKIPPED",
        "reparam::dists:WrongSign[derivative] FAILED",
        "reparam::dists:WrongSign[edges] PASSED",
        "test_own.py::test_own PASSED",
    ):
        assert line in result.stdout
    assert "∂y/∂scale" in result.stdout
    assert "reparam: seed 1" in result.stdout
    assert "Traceback" not in result.stdout
    cases = ET.parse(folder / "report.xml").getroot().findall(".//testcase")
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert failed == ["dists:WrongSign[derivative]"]
    assert len(cases) == 7


def test_selection_runs_what_is_selected(project):
    folder = project('targets = ["dists:WrongSign", "laplace"]\n')
    result = run(folder, "--reparam", "-k", "laplace and score")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "reparam::laplace[score] PASSED" in result.stdout
    assert "1 passed, 16 deselected" in result.stdout


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
    assert "<VerificationItem dists:MyLaplace[edges]>" in listed.stdout
    assert "2 tests collected in" in listed.stdout
    result = run(folder, "--reparam")
    assert "collected 2 items" in result.stdout
    assert "reparam::gaussian[edges] PASSED" in result.stdout


def test_a_target_of_which_nothing_is_verified_fails(project):
    """But not where its other witnesses were deselected."""
    folder = project('only = ["identity", "score"]\ntargets = ["dists:MyLaplace", "laplace"]\n')
    result = run(folder, "--reparam")
    assert result.returncode == 1
    assert "1 failed, 3 passed, 1 skipped" in result.stdout
    assert "nothing was verified of dists:MyLaplace\nidentity: it has no cdf" in result.stdout
    assert "\nscore: it has no score, or no log_prob\n" in result.stdout
    result = run(folder, "--reparam", "-k", "score")
    assert result.returncode == 0
    assert "1 passed, 1 skipped, 3 deselected" in result.stdout
