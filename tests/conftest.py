"""Fixtures that several tests share, and one profile for all property tests."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import typer
from at_once import AtOnce
from typer.testing import CliRunner

from reparam.cli import app

hypothesis.settings.register_profile(
    "reparam",
    derandomize=True,
    deadline=None,
    max_examples=25,
    database=None,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],  # examples are short as found
    report_multiple_bugs=False,
)
hypothesis.settings.load_profile("reparam")

# Typer makes its commands of their declarations in each call, which takes longer than most of them
typer.testing._get_command = cache(typer.main.get_command)

#: A package that provides a distribution.
PLUGIN = Path(__file__).parent / "helpers" / "plugin"


@pytest.fixture(scope="session")
def python():
    """Run Python in a fresh process, with additions to its environment; return what it did."""

    def run(*args, check=True, **environment):
        done = subprocess.run(
            [sys.executable, *map(str, args)],
            env=os.environ | {name: str(value) for name, value in environment.items()},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture
def at_once(monkeypatch):
    """Let ``reparam verify`` work in this process: workers take longer to start than most tests."""
    monkeypatch.setattr("reparam.verification.run.running.Pool", AtOnce)


@pytest.fixture(scope="session")
def site(tmp_path_factory, python):
    """A directory with the package in tests/helpers/plugin, installed there by pip."""
    source = shutil.copytree(PLUGIN, tmp_path_factory.mktemp("source"), dirs_exist_ok=True)
    target = tmp_path_factory.mktemp("site")
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    python("-m", "pip", "install", "--quiet", *offline, "--target", target, source)
    return target


class CommandLine:
    """The command line, run in this process; a failure that is no exit is raised."""

    def __call__(self, *arguments, stdin=None, code=0):
        result = self.any(*arguments, stdin=stdin)
        assert result.exit_code == code, result.output
        return result

    def any(self, *arguments, stdin=None):
        """Run it, whatever its exit code."""
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def columns(self, *arguments, stdin=None):
        """Return what it prints as CSV, an array a column."""
        header, *rows = self(*arguments, stdin=stdin).stdout.splitlines()
        names = header.split(",")
        cells = np.array([row.split(",") for row in rows], dtype=float)
        return dict(zip(names, cells.reshape(-1, len(names)).T, strict=True))


@pytest.fixture
def cli(tmp_path, monkeypatch):
    """Run the command line in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return CommandLine()
