"""Fixtures that several tests share, and one profile for all property tests."""

import os
import subprocess
import sys

import hypothesis
import pytest

hypothesis.settings.register_profile("reparam", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("reparam")


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
