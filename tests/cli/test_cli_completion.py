"""Completion: what a real bash types, and what other shells get."""

import os
import select
import shutil
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from reparam.cli import app
from reparam.cli.composing import completed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shells of POSIX")

#: How long bash may take to type something, in seconds.
PATIENCE = 60.0


def command(arguments, **environment):
    """Return what the command line prints."""
    return subprocess.run(
        [sys.executable, "-m", "reparam", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("completion")
    (directory / "draws.csv").write_text("y\n1\n")
    (directory / "sub").mkdir()
    (directory / "sub" / "x.npy").touch()
    (directory / "bin").mkdir()
    program = directory / "bin" / "reparam"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reparam "$@"\n')
    program.chmod(0o755)
    script = command(
        ["--show-completion", "bash"], _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1"
    )
    assert "complete" in script
    (directory / "rc").write_text(
        f"PS1='> '\nbind 'set bell-style none'\nbind 'set enable-bracketed-paste off'\n{script}\n"
    )
    return directory


@pytest.fixture
def typed(directory):
    """Return what stands on a line of bash after a tab."""
    import pty

    def typed(line, expected):
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(directory)
            os.environ["PATH"] = f"{directory / 'bin'}:{os.environ['PATH']}"
            os.environ["TERM"] = "dumb"
            os.execvp("bash", ["bash", "--noprofile", "--rcfile", str(directory / "rc"), "-i"])
        try:
            seen = b""

            def read_until(wanted):
                nonlocal seen
                end = time.monotonic() + PATIENCE
                while wanted not in seen and time.monotonic() < end:
                    if select.select([terminal], [], [], 0.1)[0]:
                        seen += os.read(terminal, 65536)

            read_until(b"> ")
            seen = b""
            os.write(terminal, f"{line}\t".encode())
            read_until(expected.encode())
            os.write(terminal, b"#END")  # a space before it is what completion typed
            read_until(b"#END")
            return seen.decode()
        finally:
            os.close(terminal)
            os.kill(child, 9)
            os.waitpid(child, 0)

    return typed


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(
    ("line", "typed_then"),
    [
        ("reparam sample -d gamma -p alpha=", "1 #END"),
        ("reparam sample -p mu=@dr", "aws.csv #END"),
        ("reparam verify --only=transform,der", "ivative #END"),
        ('reparam sample --dist="truncated(gamma(alpha=2), lo', "w=#END"),
        *(
            pytest.param(*row, marks=pytest.mark.long)
            for row in (
                ("reparam sample -d gamma -p al", "pha=#END"),
                ("reparam sample --dist=gam", "ma #END"),
                ("reparam sample -d gam", "ma #END"),
                ("reparam sample -p mu=@su", "b/#END"),
                ("reparam grad --noise @dr", "aws.csv #END"),
                ("reparam sample -d 'truncated(gam", "ma#END"),
                ("reparam sample -d 'trunc", "ated(' #END"),
            )
        ),
    ],
)
def test_bash(typed, line, typed_then):
    seen = typed(line, typed_then.removesuffix("#END").rstrip())
    assert seen.endswith(line + typed_then)


@pytest.mark.parametrize("shell", ["fish", "zsh"])
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sample -d gamma -p al", ["alpha=", "alpha=1"]),
        ("sample -d gamma -p shape=", ["shape=", "shape=1"]),
        ("sample --dist=gam", ["--dist=gamma"]),
        ("sample -p mu=@dr", ["mu=@draws.csv"]),
        ("sample -p mu=@su", ["mu=@sub/", "mu=@sub/x.npy"]),
        ("grad --noise=@dr", ["--noise=@draws.csv"]),
        ("kl --from laplace --to gam", ["gamma"]),
    ],
)
def test_other_shells(directory, monkeypatch, shell, line, words):
    monkeypatch.chdir(directory)
    asked = {
        "_REPARAM_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": f"reparam {line}",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    printed = CliRunner().invoke(app, [], env=asked, prog_name="reparam").stdout
    if shell == "fish":
        assert [row.split("\t")[0] for row in printed.splitlines()] == words
    else:
        assert [word for word in printed.split('"')[1::2] if word in words] == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gam", ["gamma"]),
        ("trunc", ["truncated("]),
        ("truncated(gam", ["truncated(gamma", "truncated(gamma("]),
        ("truncated(base=gam", ["truncated(base=gamma", "truncated(base=gamma("]),
        ("truncated( tru", ["truncated( truncated("]),
        ("truncated(gamma(al", ["truncated(gamma(alpha=", "truncated(gamma(alpha=1"]),
        (
            "truncated(gamma(alpha=2, ra",
            [f"truncated(gamma(alpha=2, {w}" for w in ("rate=", "rate=1")],
        ),
        ("truncated(gamma(2), lo", ["truncated(gamma(2), low=", "truncated(gamma(2), low=-inf"]),
        ("truncated(gamma, low=", ["truncated(gamma, low=-inf"]),
        (
            "gaussian(loc=[0, 1], sc",
            ["gaussian(loc=[0, 1], scale=", "gaussian(loc=[0, 1], scale=1"],
        ),
        ("byquantile(gam", ["byquantile(gamma", "byquantile(gamma("]),
        ("truncated(poi", []),  # draws integers
        ("truncated(concr", []),  # draws vectors
        ("truncated(laws.py:Ku", []),
        ("laws.py:Law(a", []),
        ("nolaw(a", []),
        ("truncated(gamma(alpha=2)) ", []),
        ("))(([", []),
    ],
)
def test_inside_compositions(text, words):
    found = list(completed(text, compositions=True))
    assert found == words
    assert all(word.startswith(text) for word in found)


def test_combinators_are_offered_inside_quotation_marks():
    assert list(completed("trunc", compositions=False)) == []
