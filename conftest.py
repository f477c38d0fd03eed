"""Examples in README.md, docs/ and docstrings are tests.

Each page has a temporary directory of its own. Python blocks are executed, those written as a
session with what they print. In a ``console`` block each line ``$ command`` is run by the shell, on
a terminal of 80 columns, and must print exactly the lines that follow, where ``[...]`` stands for
whatever is there in a line, and indented on a line of its own for any lines. A ``py``, ``toml`` or
``text`` block whose first line is a comment with a file's name is that file.
"""

import os
import re
import subprocess
import sys
from contextlib import ExitStack, chdir
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

from sybil import Example, Sybil
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser

from reparam.importing import importable


def on_terminal(command: str) -> str:
    """Run a command on a plain terminal, and return what a reader would see on it."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("REPARAM_")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    plain = {"PATH": path, "PYTHONUTF8": "1", "COLUMNS": "80", "TERM": "dumb"}
    plain["REPARAM_NUM_THREADS"] = "1"  # other pages have the other cores
    ours, its = os.openpty()
    with subprocess.Popen(
        command,
        shell=True,
        env={**inherited, **plain},
        stdin=subprocess.DEVNULL,
        stdout=its,
        stderr=its,
    ):
        os.close(its)
        seen = b"".join(iter(lambda: read(ours), b""))
    os.close(ours)
    return neat(seen.decode())


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
    patterns=["README.md", "docs/*.md"],
    setup=open_page,
    teardown=close_page,
)
docstrings = Sybil(parsers=[DocTestParser()], patterns=["reparam/*.py", "reparam/*/*.py"])

pytest_collect_file = (pages + docstrings).pytest()
