"""A small run of ``tools/fuzz_command_line.py``, and that it finds what it looks for."""

import importlib.util
import sys
from pathlib import Path

import pytest
import typer

pytestmark = pytest.mark.long

TOOL = Path(__file__).parents[2] / "tools/fuzz_command_line.py"


@pytest.fixture(scope="module")
def fuzz():
    spec = importlib.util.spec_from_file_location("fuzz_command_line", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_small_run_finds_nothing(fuzz):
    assert fuzz.run(400, 12) == []


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (lambda *_: 1 / 0, "raised ZeroDivisionError"),
        (lambda *_: typer.echo("\x1b", err=True), "control characters"),
        (lambda *_: sys.exit(3), "exit code 3"),
        (lambda *_: sys.exit(2), "no message"),
    ],
)
def test_what_is_wrong_is_found(fuzz, monkeypatch, fault, found):
    monkeypatch.setattr("reparam.formats.by_suffix", lambda _: fault())
    contents = dict.fromkeys(fuzz.NAMES[:7], b"1\n")
    monkeypatch.setattr(fuzz, "valid", contents.get)
    assert any(found in line for line in fuzz.run(100, 1))


def test_files_of_a_refused_command_are_found(fuzz, monkeypatch):
    monkeypatch.setattr("reparam.cli.parsing.dtype", lambda _: Path("new").touch())
    assert any("files were written" in line for line in fuzz.run(100, 1))
