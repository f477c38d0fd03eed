"""Write the parts of the documentation that the code knows: ``python tools/generate_docs.py``.

They stand between markers in the pages: distributions from the registry, commands from their
declarations, examples that are files of the tests. With ``--check`` nothing is written: what is
out of date is named, and makes the exit status 1.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import typer

from reparam import registry
from reparam.base.discrete import DRAWS, Discrete
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.cli import app
from reparam.cli.show import kinds_of_noise
from reparam.divergences._registry import formulas
from reparam.domains import Domain
from reparam.expressions import Expression
from reparam.parameters import Parameter
from reparam.transforms.gaussian_copula import GaussianCopula
from reparam.transforms.independent import Independent
from reparam.verification import witnesses

ROOT = Path(__file__).resolve().parent.parent
COMMANDS: dict[str, typer.core.TyperCommand] = typer.main.get_command(app).commands
PAGES = (
    "docs/add-a-distribution.md",
    "docs/cli.md",
    *(f"docs/cli/{name}.md" for name in COMMANDS),
    "docs/distributions.md",
    "docs/gallery.md",
    "docs/objectives.md",
    "docs/peers.md",
    "docs/schemas.md",
    "docs/vectors.md",
    "docs/verify.md",
)

MARKERS = re.compile(r"(<!-- generated: ([\w ]+) -->\n).*?(<!-- end of generated -->)", re.DOTALL)


def out_of_date() -> dict[Path, str]:
    """Return what each page should hold, of those that hold something else."""
    pages = {ROOT / name: (ROOT / name).read_text("utf-8") for name in PAGES}
    wanted = {path: filled(text) for path, text in pages.items()}
    return {path: text for path, text in wanted.items() if text != pages[path]}


def filled(page: str) -> str:
    """Return the page with what is between its markers made anew."""
    parts = {
        "table": distributions_table,
        "distributions": all_distributions,
        "commands": commands_table,
        **{f"command {name}": partial(command, name) for name in COMMANDS},
        "vectors": vectors_table,
        "witnesses": witnesses_table,
        "plugin": partial(whole_file, "tests/helpers/plugin/reparam_gumbel_min.py", "python"),
        "functions": functions,
        "peers": peers_tables,
        **{f"schema {name}": partial(schema, name) for name in ("report", "project")},
        "project": partial(whole_file, "tests/helpers/plugin/pyproject.toml", "toml"),
    }
    return MARKERS.sub(lambda found: f"{found[1]}\n{parts[found[2]]()}\n\n{found[3]}", page)


def vectors_table() -> str:
    """Return a table with a line for each distribution of vectors: what it has."""
    laws = [law for law in distributions() if law._support.rank]
    rows = []
    for law in [*laws, Independent, GaussianCopula]:
        has = {
            "∂y/∂θ": getattr(law, "path", ""),
            "hvp": law.has_formula("pull_along"),
            "stein_score": law.has_formula("stein_score"),
            "mean, variance": law.has_formula("mean") and law.has_formula("variance"),
            "covariance": law.has_formula("covariance"),
            "entropy": law.has_formula("entropy"),
            "marginal": hasattr(law, "marginal"),
            "conditional": hasattr(law, "conditional"),
            "kl": law is Independent or next(formulas(law, law), None) is not None,
        }
        cells = [each if isinstance(each, str) else "✓" * each for each in has.values()]
        rows.append([f"`{law.__name__}`", *cells])
    return table(["", *has], rows)


def witnesses_table() -> str:
    """Return a table with a line for each witness of ``reparam verify``."""
    rows = [[f"`{name}`", text] for name, text in witnesses.NAMES.items()]
    return table(["witness", "looks at"], rows)


def whole_file(path: str, language: str) -> str:
    """Return a file as a block of code."""
    return f"```{language}\n{(ROOT / path).read_text('utf-8').rstrip()}\n```"


def distributions() -> list[type[Distribution]]:
    """Return the built-in distributions by name."""
    return [registry.get(name) for name in sorted(registry.BUILT_IN)]


# docs/gallery.md and docs/distributions.md --------------------------------------------------------


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def cell(text: str) -> str:
    """Return text that a Markdown table can hold."""
    return text.replace("|", "\\|")


def interval(domain: Domain) -> str:
    """Return a domain as one writes it by hand."""
    return str(domain).replace("inf", "∞").replace("-", "−")


def distributions_table() -> str:
    """Return a table with a line for each distribution."""
    rows = [
        [linked(d.__name__, d.parameters), f"`{d.name}`", d.about.transform or "—", d.mechanism]
        for d in distributions()
    ]
    return table(["class", "name", "y = f(z; θ)", "mechanism"], rows)


def linked(name: str, parameters: Iterable[str]) -> str:
    """Return a class and its parameters, with a link to its section."""
    return f"[`{name}({', '.join(parameters)})`](distributions.md#{name.lower()})"


def all_distributions() -> str:
    """Return a section on each distribution."""
    return "\n\n".join("\n".join(section(d)) for d in distributions())


def section(d: type[Distribution]) -> Iterator[str]:
    """Yield the lines on one distribution."""
    title, _, description = (d.__doc__ or "").partition("\n\nParameters\n")[0].partition("\n\n")
    yield f"## {d.__name__}\n"
    yield f"{title}\n"
    yield f"{' '.join(description.split())}\n"
    yield table(
        ["parameter", "", "in", "default", "also"],
        [
            *(parameter_row(parameter) for parameter in d.parameters.values()),
            *(
                parameter_row(parameter, instead=d._instead_of(name))
                for name, parameter in d._others()
            ),
        ],
    )
    symbols = {
        name: declared.symbol for name, declared in {**d.parameters, **dict(d._others())}.items()
    }
    facts = {
        "probability" if issubclass(d, Discrete) else "density": d.about.density,
        "transform": d.about.transform,
        **{f"∂y/∂{symbols[name]}": text for name, text in d.about.derivatives.items()},
        **{f"∂ log p/∂{symbols[name]}": text for name, text in d.about.score.items()},
        "support": interval(d._support),
        **(drawing(d) if issubclass(d, Reparameterized) else {}),
        "draws": DRAWS if issubclass(d, Discrete) and not d._support.rank else "",
        "accuracy": ", ".join(f"`{name}` {size:.0e}" for name, size in d.about.accuracy.items()),
        "instead of ∂y/∂θ": getattr(d, "alternatives", ""),
        "source": d.about.source,
    }
    yield ""
    names = ", ".join(f"`{name}`" for name in (d.name, *d.aliases))
    yield table(["name", names], [[label, fact] for label, fact in facts.items() if fact])


def drawing(d: type[Reparameterized]) -> dict[str, str]:
    """Return the facts on how noise becomes a value."""
    return {
        "noise": ", ".join(f"{kind.name} {kind.symbol}" for kind in kinds_of_noise(d)),
        "mechanism": d.mechanism,
        "derived": ", ".join(f"`{view}`" for view in d._views),
    }


def parameter_row(parameter: Parameter, instead: str = "") -> list[str]:
    """Return a parameter's line in the table of its distribution."""
    return [
        f"`{parameter.name}`",
        f"{parameter.description} {parameter.symbol}",
        interval(parameter.domain).replace(", ", ",\u00a0") + parameter.power,
        f"instead of `{instead}`" if instead else parameter.initial_text,
        ", ".join(f"`{alias}`" for alias in parameter.aliases),
    ]


# docs/objectives.md -------------------------------------------------------------------------------


def functions() -> str:
    """Return the table of functions that the docstring of formulas has."""
    lines = inspect.cleandoc(Expression.__doc__ or "").splitlines()
    first, second, last = (k for k, line in enumerate(lines) if line.startswith("===="))
    width = lines[first].index(" ")
    rows: list[list[str]] = []
    for line in lines[second + 1 : last]:
        text = line.replace("\\|", "|")
        name, derivative = text[:width].strip(), text[width:].strip()
        if name:
            rows.append([name, derivative])
        else:
            rows[-1][1] += f" {derivative}"
    named = [[name.replace("``", "`"), text.replace("``", "`")] for name, text in rows]
    return table(["function", "derivative"], named)


# docs/cli.md and docs/cli/ ------------------------------------------------------------------------


def commands_table() -> str:
    """Return a table with a line for each command, and a link to its page."""
    rows = [
        [f"[{name}](cli/{name}.md)", description(COMMANDS[name].help)[0].split("\n\n")[0]]
        for name in COMMANDS
    ]
    return table(["command", ""], rows)


def command(name: str) -> str:
    """Return a command's page before its examples with output."""
    declared = COMMANDS[name]
    text, examples = description(declared.help)
    arguments = [
        p.metavar if p.required else f"[{p.metavar}]" + "..." * (p.nargs == -1)
        for p in declared.params
        if p.param_type_name == "argument"
    ]
    usage = " ".join(["reparam", name, *arguments, "[OPTIONS]"])
    options = table(["option", ""], [option_row(parameter) for parameter in declared.params])
    sections = {"Usage": shell([usage]), "Options": options, "Examples": shell(examples)}
    return "\n\n".join([text, *(f"## {title}\n\n{part}" for title, part in sections.items())])


def shell(lines: list[str]) -> str:
    """Return commands as a block of code."""
    return "\n".join(["```sh", *lines, "```"])


def description(text: str) -> tuple[str, list[str]]:
    """Return what a command's help explains, without markup, and its examples."""
    before, _, after = re.sub(r"\[/?(?!bold)\w+\]", "", text).partition("[bold]Examples[/bold]")
    parts = after.strip().split("\n\n")
    examples = [part for part in parts if part.startswith("reparam ")]
    remarks = [part for part in parts if part not in examples]
    return "\n\n".join([before.strip(), *remarks]).strip(), examples


def option_row(parameter: typer.core.TyperOption | typer.core.TyperArgument) -> list[str]:
    """Return an option's line in the table of its command."""
    stated = parameter.default in (None, False) or "default" in parameter.help.lower()
    default = "" if stated else f" Default: `{parameter.default}`."
    return [f"`{spelling(parameter)}`", parameter.help + default]


def spelling(parameter: typer.core.TyperOption | typer.core.TyperArgument) -> str:
    """Return how a parameter is written: ``-p, --param NAME=VALUE``."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar)
    names = ", ".join(sorted(parameter.opts, key=len))
    return f"{names} {parameter.metavar}" if parameter.metavar else names


# docs/schemas.md ----------------------------------------------------------------------------------


def schema(name: str) -> str:
    """Return a table of keys for each object that a published JSON schema defines."""
    whole = json.loads((ROOT / f"docs/schemas/{name}.schema.json").read_text("utf-8"))
    defined = whole["$defs"]
    parts = [keys(whole, defined)]
    for title, part in defined.items():
        objects = [each for each in (part, *part.get("anyOf", ())) if "properties" in each]
        parts += [f"### {title}\n\n{keys(each, defined)}" for each in objects]
    return "\n\n".join(parts)


def keys(part: dict[str, Any], defined: dict[str, Any]) -> str:
    """Return a table with a line for each key of an object; those in bold must be there."""
    rows = []
    for name, value in part["properties"].items():
        meant = defined.get(value.get("$ref", "").rpartition("/")[2], {})
        value = meant if {"description"} < meant.keys() - {"anyOf"} else value
        found = f"`{name}`" if name not in part.get("required", ()) else f"**`{name}`**"
        rows.append([found, kind(value), value.get("description", "")])
    return table(["key", "value", ""], rows)


def kind(value: dict[str, Any]) -> str:
    """Return what a schema allows, in words."""
    if "$ref" in value:
        return value["$ref"].rpartition("/")[2]
    if "const" in value:
        return f"`{json.dumps(value['const'])}`"
    if "enum" in value:
        return ", ".join(f"`{json.dumps(each)}`" for each in value["enum"])
    inside = value.get("items") or value.get("additionalProperties")
    return f"{value['type']} of {kind(inside)}" if inside else str(value["type"])


# docs/peers.md ------------------------------------------------------------------------------------


def peers_tables() -> str:
    """Return a table for each other library."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from peers import tables
    finally:
        sys.path.pop(0)
    return "\n".join(tables()).rstrip()


def main() -> int:
    """Write the pages, or check them; return the exit status."""
    check = "--check" in sys.argv[1:]
    stale = out_of_date()
    for path, text in stale.items():
        if not check:
            path.write_text(text, "utf-8")
        print(f"{path.relative_to(ROOT)} {'is out of date' if check else 'written'}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
