"""Examples in README.md, docs/ and docstrings are tests.

Each page has a temporary directory of its own. Python blocks are executed, those written as a
session with what they print. In a ``console`` block each line ``$ command`` is run by the shell, on
a terminal of 80 columns, and must print exactly the lines that follow, where ``[...]`` stands for
whatever is there in a line, and indented on a line of its own for any lines. A ``py``, ``toml`` or
``text`` block whose first line is a comment with a file's name is that file.
"""

import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout, suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from unittest import mock

# as many processes as cores run tests: threads of OpenBLAS, which spin when they are idle, would
# take time from the others. Read when NumPy is imported, which this precedes
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from sybil import Example, Sybil
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser

from reparam.cli import app
from reparam.importing import importable


def on_terminal(command: str) -> str:
    """Run a command on a plain terminal, and return what a reader would see on it."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("REPARAM_")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    plain = {"PATH": path, "PYTHONUTF8": "1", "COLUMNS": "80", "TERM": "dumb"}
    plain["REPARAM_NUM_THREADS"] = "1"  # other pages have the other cores
    run = run_here if RUNS_HERE.fullmatch(command) else run_in_shell
    ours, its = os.openpty()
    with ThreadPoolExecutor(1) as pool:  # reads along: a terminal holds some kilobytes
        seen = pool.submit(lambda: b"".join(iter(lambda: read(ours), b"")))
        try:
            run(command, {**inherited, **plain}, its)
        finally:
            os.close(its)
    os.close(ours)
    return neat(seen.result().decode())


def run_in_shell(command: str, environment: dict[str, str], terminal: int) -> None:
    subprocess.run(
        command,
        shell=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
        check=False,
    )


#: Commands that run in this process, because starting another takes longer than most of them do:
#: those without shell syntax that start no processes and import no module of the page.
RUNS_HERE = re.compile(r"reparam (?!verify|lesson)[^|<>&;$~:#]*")


def run_here(command: str, environment: dict[str, str], terminal: int) -> None:
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        open(terminal, "w", encoding="utf-8", buffering=1, closefd=False) as screen,
        redirect_stdout(screen),
        redirect_stderr(screen),
        suppress(SystemExit),
    ):
        app(shlex.split(command)[1:], prog_name="reparam")


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 2**16)
    except OSError:  # how Linux says that the other end is closed
        return b""


def neat(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def run_console(example: Example) -> str | None:
    """Run the commands of a block, and return what is wrong, if anything."""
    for session in ("\n" + example.parsed).split("\n$ ")[1:]:
        command, _, expected = session.partition("\n")
        printed = on_terminal(command)
        pattern = re.escape(neat(expected)).replace(re.escape("    [...]\n"), "(?:.*\n)*")
        pattern = pattern.replace(re.escape("[...]"), ".*")
        if not re.fullmatch(pattern, printed):
            return f"$ {command}\nshould print\n{expected}\nand prints\n{printed}"
    return None


def write_file(example: Example) -> None:
    named = re.match(r"# (\S+\.\w+)\n", example.parsed)
    if named:
        Path(named[1]).write_text(example.parsed, encoding="utf-8")


def open_page(names: dict[str, object]) -> None:
    names["page"] = stack = ExitStack()
    stack.enter_context(chdir(stack.enter_context(TemporaryDirectory())))
    stack.enter_context(importable(Path.cwd()))
    for package in ("torch", "jax", "numpyro", "dask", "joblib"):
        names[f"{package}_is_missing"] = find_spec(package) is None
    # a module that has the page's names, so that its classes can be pickled
    sys.modules["page"] = module = ModuleType("page")
    names["__name__"] = "page"

    def look_up(name: str) -> object:
        try:
            return names[name]
        except KeyError:
            raise AttributeError(name) from None

    module.__getattr__ = look_up


def close_page(names: dict[str, object]) -> None:
    names["page"].close()
    del sys.modules["page"]


pages = Sybil(
    parsers=[
        SkipParser(),
        PythonCodeBlockParser(),
        CodeBlockParser("console", run_console),
        CodeBlockParser("py", write_file),
        CodeBlockParser("toml", write_file),
        CodeBlockParser("text", write_file),
    ],
    patterns=["README.md", "docs/*.md", "docs/cli/*.md"],
    setup=open_page,
    teardown=close_page,
)
docstrings = Sybil(parsers=[DocTestParser()], patterns=["reparam/*.py", "reparam/*/*.py"])

pytest_collect_file = (pages + docstrings).pytest()
