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
        (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n", encoding="utf-8")
        return tmp_path

    return make


def run(folder, *options):
    environment = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v", *options],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(folder)},
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
    (folder / "test_own.py").write_text(
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
    ],
)
def test_a_mistake_in_the_configuration_is_a_usage_error(project, settings, message):
    result = run(project(settings), "--reparam")
    assert result.returncode == 4
    assert message in result.stderr


def test_a_target_that_is_not_there_fails_its_items(project):
    result = run(project('only = ["edges"]\ntargets = ["dists:MyLaplac"]\n'), "--reparam")
    assert result.returncode == 1
    assert "dists has no 'MyLaplac'; did you mean 'MyLaplace'?" in result.stdout
