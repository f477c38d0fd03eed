"""Outputs that can't be written: the error names that output, and nothing is replaced."""

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")

SAMPLE = ("sample", "-n", 3, "--seed", 1)
VERIFY = ("verify", "exponential", "--quick", "--only", "identity", "--seed", 1, "--workers", 1)


@pytest.mark.parametrize(
    ("options", "blamed"),
    [
        ("--out r.json --junit-xml /dev/full", "/dev/full"),
        ("--out /dev/full --format json --junit-xml r.xml", "/dev/full"),
        ("--out r.json --junit-xml none/r.xml", "none/r.xml"),
        ("--out none/r.json --junit-xml r.xml", "none/r.json"),
        ("--junit-xml /dev/full", "/dev/full"),
    ],
)
def test_error_names_the_output_that_fails(cli, tmp_path, options, blamed):
    result = cli(*VERIFY, *options.split(), code=2)
    assert f"Error: can't write {blamed}: " in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["y.csv", "y.npy", "y.npz", "y.parquet", "y.jsonl"])
def test_full_disk_is_blamed_on_the_file(cli, tmp_path, name):
    (tmp_path / name).symlink_to("/dev/full")
    result = cli(*SAMPLE, "--out", name, code=2)
    assert result.stderr.splitlines()[-1] == f"Error: can't write {name}: No space left on device"


def test_link_to_itself_is_refused_and_stays(cli, tmp_path):
    (tmp_path / "a.csv").symlink_to("a.csv")
    (tmp_path / "b.csv").symlink_to("c.csv")
    (tmp_path / "c.csv").symlink_to("b.csv")
    for name in ("a.csv", "b.csv"):
        result = cli(*SAMPLE, "--out", name, code=2)
        assert f"Error: can't write {name}: Too many levels of symbolic links" in result.stderr
    links = {path.name: str(path.readlink()) for path in tmp_path.iterdir()}
    assert links == {"a.csv": "a.csv", "b.csv": "c.csv", "c.csv": "b.csv"}


def test_link_to_a_file_that_does_not_exist_yet_is_written_through(cli, tmp_path):
    (tmp_path / "a.csv").symlink_to("b.csv")
    cli(*SAMPLE, "--out", "a.csv")
    assert (tmp_path / "a.csv").is_symlink()
    assert (tmp_path / "b.csv").read_text().startswith("y\n")


GONE = """
import os, sys
from reparam.cli import main
os.mkdir("gone")
os.chdir("gone")
os.rmdir("../gone")
sys.argv = ["reparam", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("sample -n 3 --seed 1", ""),
        ("verify laplace --junit-xml r.xml", "can't write r.xml: the working directory does not"),
        *(
            pytest.param(*row, marks=pytest.mark.long)
            for row in (
                ("list --format csv", ""),
                ("show gamma", ""),
                ("grad -n 3 --seed 1 --format csv", ""),
                ("sample -n 3 --out y.csv", "can't write y.csv: the working directory does not ex"),
                ("verify laplace", "the working directory does not exist any more; change to an"),
            )
        ),
    ],
)
def test_deleted_working_directory(python, tmp_path, monkeypatch, command, error):
    monkeypatch.chdir(tmp_path)
    result = python("-c", GONE, *command.split(), check=False)
    assert result.returncode == (2 if error else 0)
    assert "Traceback" not in result.stderr
    assert "stdout" not in result.stderr
    assert error in result.stderr
    assert bool(result.stdout) is not bool(error)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_file_that_may_not_be_written_stays(cli, tmp_path):
    (tmp_path / "y.csv").write_text("mine")
    (tmp_path / "y.csv").chmod(0o400)
    assert "can't write y.csv: Permission denied" in cli(*SAMPLE, "--out", "y.csv", code=2).stderr
    assert (tmp_path / "y.csv").read_text() == "mine"
