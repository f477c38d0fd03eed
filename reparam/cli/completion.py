"""Completion of options' values, in the parts of words that shells ask for.

Bash cuts words at ``=``, ``:`` and ``@``, and replaces the last part alone; other shells replace
the whole word. Typer passes on completions of an option's value: :func:`prepare` joins the parts
that bash cut, and :func:`fitted` turns a completion of the value into what the shell replaces.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import typer

__all__ = ["distributions", "files", "fitted", "options", "prepare", "to_options", "values"]

#: The variable by which a shell asks for completions, and its values for bash.
_REQUEST, _BASH = "_REPARAM_COMPLETE", "complete_bash"

#: Where :func:`prepare` keeps the part of a word that bash replaces.
_PART = "_REPARAM_COMPLETE_PART"

#: Where :func:`prepare` notes that the word is inside quotation marks, which stay as they are.
_QUOTED = "_REPARAM_COMPLETE_QUOTED"

#: Parts of a word that are nothing but places where bash cuts: ``@`` may also begin a word.
_CUT = re.compile("[=:][=:@]*")

#: A command line that ends inside quotation marks, and what comes after the last of these.
_OPEN = re.compile(r"""(?:[^'"]|'[^']*'|"[^"]*")*['"]([^'"]*)""")


def prepare(environment: MutableMapping[str, str] = os.environ) -> None:
    """Join the words that bash cut, where it asks for completions."""
    if environment.get(_REQUEST) != _BASH or not environment.get("COMP_CWORD", "").isdecimal():
        return
    text = environment.get("COMP_WORDS", "")
    parts = text.split("\n" if "\n" in text else " ")
    current = min(int(environment["COMP_CWORD"]), len(parts) - 1)
    words: list[str] = []
    for number, part in enumerate(parts[: current + 1]):
        previous = parts[number - 1] if number else ""
        if words and (_CUT.fullmatch(part) or _CUT.fullmatch(previous) or previous == "@"):
            words[-1] += part
        else:
            words.append(part)
    # Readline counts @ among what it replaces
    last, before = parts[current], parts[current - 1] if current else ""
    cut = _CUT.fullmatch(last) or last == "@"
    at = "@" if (last if cut else before).endswith("@") else ""
    environment[_PART] = at if cut else at + last
    if words[-1][:1] in ("'", '"'):
        environment[_QUOTED], environment[_PART] = "1", words[-1][1:]
    environment["COMP_WORDS"], environment["COMP_CWORD"] = "\n".join(words), str(len(words) - 1)


def fitted(parameter: Any) -> Any:
    """Make a parameter's completions fit what the shell replaces, if one asks."""
    if _REQUEST not in os.environ or "shell_complete" in vars(parameter):
        return parameter
    complete = parameter.shell_complete

    def completed(context: typer.Context, incomplete: str) -> list[Any]:
        items: list[Any] = complete(context, incomplete)
        part = _part()
        for item in items:
            if part.endswith(incomplete):  # the option comes before: --dist=ga
                item.value = part[: len(part) - len(incomplete)] + item.value
            elif incomplete.endswith(part):
                item.value = item.value[len(incomplete) - len(part) :]
        return items

    parameter.shell_complete = completed
    return parameter


def _part() -> str:
    """Return the part of a word that the shell replaces."""
    if os.environ[_REQUEST] == _BASH:
        return os.environ.get(_PART, "")
    text = os.environ.get("_TYPER_COMPLETE_ARGS", "")
    if quoted := _OPEN.fullmatch(text):
        return quoted[1]
    return "" if text[-1:].isspace() else (text.split() or [""])[-1]


def distributions(incomplete: str) -> Iterator[str]:
    """Complete a distribution: its name, and inside quotation marks what it is made of, too."""
    from reparam.cli.composing import completed

    quoted = _QUOTED in os.environ or _OPEN.fullmatch(os.environ.get("_TYPER_COMPLETE_ARGS", ""))
    return completed(incomplete, compositions=bool(quoted))


def options(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Complete a parameter of the distribution."""
    return _assignments(_chosen(context, "law", "dist", "p_law", "from_"), incomplete)


def to_options(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Complete a parameter of the distribution that KL is relative to."""
    return _assignments(_chosen(context, "q_law", "to", default="laplace"), incomplete)


def _chosen(context: typer.Context, *names: str, default: str = "gaussian") -> str:
    """Return the law that one of some parameters names."""
    return next((law for name in names if (law := context.params.get(name))), default)


def _assignments(dist: str, incomplete: str) -> Iterator[tuple[str, str]]:
    """Complete ``NAME=VALUE``.

    After a name alone a shell would put a space: there is always a second completion beside it.
    """
    from reparam.cli import parsing
    from reparam.errors import ReparamError

    name, equals, value = incomplete.partition("=")
    if value.startswith("@"):
        yield from ((f"{name}={file}", "") for file in values(value))
        return
    if ":" in dist:  # completing runs nobody's code
        return
    try:
        law = parsing.law(dist)
    except ReparamError:
        return
    known = law.parameters
    others = law._others() if isinstance(law, type) else []
    for path, parameter in [*known.items(), *others]:
        if name in known and known.canonical(name) == path if equals else path.startswith(name):
            written = name if equals else path
            about = f"{parameter.description}, in {parameter.domain}"
            yield f"{written}=", about
            yield f"{written}={parameter.initial_text}", about


def values(incomplete: str) -> Iterator[str]:
    """Complete ``@FILE``."""
    if incomplete.startswith("@"):
        yield from (f"@{file}" for file in files(incomplete[1:]))


def files(incomplete: str) -> Iterable[str]:
    """Complete the name of a file; a directory alone comes with what it holds."""
    head, slash, begun = incomplete.rpartition("/")
    try:
        entries = sorted(Path(f"{head}{slash}" or ".").iterdir())
    except OSError:
        return []
    found = [
        f"{head}{slash}{entry.name}{'/' * entry.is_dir()}"
        for entry in entries
        if entry.name.startswith(begun) and (begun or not entry.name.startswith("."))
    ]
    if len(found) == 1 and found[0].endswith("/"):
        return [*found, *files(found[0])]
    return found
