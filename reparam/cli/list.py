"""``reparam list``: the registry, by kind."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reparam.cli import output
from reparam.cli.notation import compact
from reparam.cli.options import OutFile, OutFormat
from reparam.cli.show import kinds_of_noise
from reparam.errors import InputError, did_you_mean, spelled

if TYPE_CHECKING:
    from reparam.base.distribution import Distribution

__all__ = ["list_distributions"]

#: What the values are, and the heading of its group, in the order of the groups.
KINDS = {
    "real": "The real line",
    "positive": "Positive numbers",
    "unit": "Between 0 and 1",
    "bounded": "Intervals with other endpoints",
    "vector": "Vectors",
    "discrete": "Integers",
    "combinator": "Made of other distributions",
}

#: The columns of the table: the others are for machines.
_SHOWN = ("name", "parameters", "support", "noise", "mechanism")

#: Columns are this far apart, and the one of parameters is at least so wide.
_GAP, _NARROWEST = 2, 16

#: A support of more characters is shown as one that depends: on parameters, or on what a law is
#: made of.
_LONGEST = 10

#: Keeps a parameter and its domain together.
_SPACE = "\N{NO-BREAK SPACE}"


def _kinds(incomplete: str) -> Iterator[tuple[str, str]]:
    return ((kind, title) for kind, title in KINDS.items() if kind.startswith(incomplete))


def _functions(incomplete: str) -> Iterator[str]:
    from reparam.base.distribution import FUNCTIONS

    return (name for name in FUNCTIONS if name.startswith(incomplete))


def list_distributions(
    word: Annotated[
        str | None,
        typer.Argument(
            metavar="WORD",
            help="Only distributions with this word in their name or an alias, such as normal.",
        ),
    ] = None,
    support: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(KINDS),
            help="Only distributions of such values.",
            autocompletion=_kinds,
        ),
    ] = None,
    has: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FUNCTION",
            help="Only distributions with a formula, which is not numerical, for this function: "
            "entropy, cdf, log_sf, isf, pathwise, … Repeat for more.",
            autocompletion=_functions,
        ),
    ] = None,
    out: OutFile = "-",
    format: OutFormat = None,
) -> None:
    """List the distributions by kind: parameters, support, noise and mechanism.

    [bold]Examples[/bold]

    reparam list

    reparam list normal

    reparam list --support positive --has entropy

    reparam list --format csv
    """
    import numpy as np

    from reparam.formats import Records

    name, found = output.format_for(out, format), _found(word, support, has or [])
    if name == "table":
        output.write_text(_page(found), out)
        return
    if name in ("json", "jsonl"):
        output.write_text(_as_json(found, name), out)
        return
    rows = [_row(distribution, kind) for distribution, kind in found]
    block = {column: np.array([row[column] for row in rows]) for column in rows[0]}
    types = {column: values.dtype for column, values in block.items()}
    output.write(Records(types, (len(rows),), iter([block])), out, name)


def _found(
    word: str | None, support: str | None, has: list[str]
) -> list[tuple[type[Distribution], str]]:
    """Return the distributions that are asked for, with their kinds.

    Raises
    ------
    InputError
        If there is no such kind or function, or no such distribution.
    """
    from reparam import registry
    from reparam.base.distribution import FUNCTIONS

    for option, given, known in (("support", support, KINDS), ("has", None, FUNCTIONS)):
        for value in has if option == "has" else [given] if given else []:
            if value not in known:
                raise InputError(
                    f"--{option} {value!r} is unknown{did_you_mean(value, known)}"
                    f" (there are {', '.join(known)})"
                )
    every = [(cls, _kind(cls)) for cls in map(registry.get, registry.names())]
    every += [(registry.constructor(name), "combinator") for name in registry.COMBINATORS]
    named = {spelling: cls for cls, _ in every for spelling in (cls.name, *cls.aliases)}
    if word and not any(spelled(word) in spelled(spelling) for spelling in named):
        instead = did_you_mean(word, named) or "; 'reparam list' shows all"
        raise InputError(f"no distribution has {word!r} in its name{instead}")
    found = [
        (cls, kind)
        for cls, kind in every
        if (not word or any(spelled(word) in spelled(s) for s in (cls.name, *cls.aliases)))
        and (not support or kind == support)
        and all(cls.has_formula(function) for function in has)
    ]
    if not found:
        raise InputError("no distribution has all of this; leave an option out")
    return found


def _kind(distribution: type[Distribution]) -> str:
    """Return what a distribution's values are, a key of KINDS."""
    from reparam.domains import POSITIVE, REAL, UNIT, Integers

    support = distribution._support
    if support.rank:
        return "vector"
    if isinstance(support, Integers):
        return "discrete"
    for kind, domain in (("real", REAL), ("positive", POSITIVE), ("unit", UNIT)):
        if (support.low, support.high) == (domain.low, domain.high):
            return kind
    return "bounded"


def _row(distribution: type[Distribution], kind: str) -> dict[str, str]:
    from reparam.base.reparameterized import Reparameterized

    drawn = distribution if issubclass(distribution, Reparameterized) else None
    return {
        "name": distribution.name,
        "kind": kind,
        "parameters": ", ".join(_declared(distribution)),
        "support": str(distribution._support),
        "noise": ", ".join(kind.name for kind in kinds_of_noise(drawn)) if drawn else "none",
        "mechanism": distribution.mechanism,
        "aliases": ", ".join(distribution.aliases),
    }


def _as_json(found: list[tuple[type[Distribution], str]], format: str) -> str:
    """Return rows as JSON, one object per line, with lists of parameters and aliases."""
    import json

    objects: list[dict[str, Any]] = [
        _row(cls, kind)
        | {
            "parameters": [{"name": n, "domain": domain or None} for n, domain in _fields(cls)],
            "aliases": list(cls.aliases),
        }
        for cls, kind in found
    ]
    lines = [json.dumps(each, ensure_ascii=False) for each in objects]
    return "[\n" + ",\n".join(lines) + "\n]\n" if format == "json" else "\n".join(lines) + "\n"


def _declared(distribution: type[Distribution], *, brief: bool = False) -> list[str]:
    """Return the parameters with their domains, and the names of what it is made of."""
    return [f"{name} {domain}".strip() for name, domain in _fields(distribution, brief=brief)]


def _fields(distribution: type[Distribution], *, brief: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the names and the domains of the parameters, and of what it is made of the names."""
    from reparam.parameters import Parameter
    from reparam.regions import Region

    for name, field in distribution._fields.items():
        domain = getattr(field, "domain", None)
        power = field.power if isinstance(field, Parameter) else ""
        domain = domain.brief if brief and isinstance(domain, Region) else domain
        yield name, f"{domain}{power}" if domain else ""


def _page(found: list[tuple[type[Distribution], str]]) -> str:
    """Lay the distributions out for the terminal's width, a group for each kind."""
    groups: dict[str, list[dict[str, str]]] = {}
    for distribution, kind in found:
        groups.setdefault(kind, []).append(_cells(distribution, kind))
    every = [cells for group in groups.values() for cells in group]
    widths = {column: max(map(len, [column, *(c[column] for c in every)])) for column in _SHOWN}
    total = max(40, shutil.get_terminal_size((80, 24)).columns)
    rest = sum(widths.values()) - widths["parameters"] + _GAP * (len(widths) - 1)
    widths["parameters"] = min(widths["parameters"], max(_NARROWEST, total - rest))
    lines = [_line(dict(zip(_SHOWN, _SHOWN, strict=True)), widths)]
    for kind, title in KINDS.items():
        if kind in groups:
            heading = typer.style(title, bold=True) if output.colourful() else title
            lines += ["", heading, *(_line(cells, widths) for cells in groups[kind])]
    return "\n".join(lines) + "\n"


def _cells(distribution: type[Distribution], kind: str) -> dict[str, str]:
    """Return the cells of one row of the table; a parameter is one word of the second."""
    from reparam.regions import Region

    row = _row(distribution, kind)
    cells = {column: compact(row[column]) for column in _SHOWN}
    declared = (compact(text).replace(" ", _SPACE) for text in _declared(distribution, brief=True))
    cells["parameters"] = ", ".join(declared)
    if "," in cells["noise"]:
        cells["noise"] = "several"
    # the column of noise shows that there is none
    cells["mechanism"] = cells["mechanism"].removeprefix("none ").strip("()")
    support = distribution._support
    if isinstance(support, Region):
        cells["support"] = compact(support.brief)
    if len(cells["support"]) > _LONGEST:
        cells["support"] = "depends"
    return cells


def _line(cells: dict[str, str], widths: dict[str, int]) -> str:
    """Return one row: parameters that don't fit go on below, and one alone that doesn't, too."""
    room = widths["parameters"]
    words = cells["parameters"].split(" ")
    words = [word if len(word) <= room else word.replace(_SPACE, " ") for word in words]
    first, *more = textwrap.wrap(" ".join(words), room) or [""]
    text = (" " * _GAP).join(
        (first if column == "parameters" else cells[column]).ljust(width)
        for column, width in widths.items()
    )
    margin = " " * (widths["name"] + _GAP)
    return "\n".join([text.rstrip(), *(margin + line for line in more)]).replace(_SPACE, " ")
