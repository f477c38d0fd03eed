"""``reparam show``: one distribution."""

from __future__ import annotations

import json
import os
import re
import shutil
import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reparam.cli.notation import readable
from reparam.cli.options import Name
from reparam.errors import InputError

if TYPE_CHECKING:
    from reparam._typing import Array
    from reparam.base.distribution import Distribution
    from reparam.engine.noise import Noise

__all__ = ["show"]

#: Numbers of one parameter that are shown, as ``repr`` does.
_FEW = 8


def show(
    dist: Name,
    format: Annotated[
        str,
        typer.Option("--format", "-f", metavar="table|json", help="For people, or for programs."),
    ] = "table",
) -> None:
    """Show a distribution: density, y = f(z; θ), each ∂y/∂θ, domains, defaults, source.

    Of a discrete one: probabilities, score, how draws are made, and what to use
    in place of ∂y/∂θ.

    [bold]Examples[/bold]

    reparam show laplace

    reparam show normal --format json

    reparam show poisson

    reparam show "gaussian(loc=1, scale=2)"

    reparam show laws.py:Kumaraswamy
    """
    from reparam.cli import parsing

    card = _card(parsing.law(dist))
    match format:
        case "json":
            typer.echo(json.dumps(card, ensure_ascii=False, indent=2))
        case "table":
            typer.echo(_page(card))
        case _:
            raise InputError(f"no format is called {format!r} (there are table, json)")


def kinds_of_noise(law: type[Distribution] | Distribution) -> list[Noise]:
    """Return the kinds of ``Draw.noise``, each once: those of vectors may be several."""
    from reparam.engine.noise import Noise

    if not law._support.rank:
        return [law.noise]
    if isinstance(law, type):
        declared = law._substreams or (law.noise,)
        kinds = [each if isinstance(each, Noise) else each[0] for each in declared]
    else:
        kinds = [kind for kind, _ in law._noises()]
    return list({kind.name: kind for kind in kinds}.values())


def _card(law: type[Distribution] | Distribution) -> dict[str, Any]:
    """Return what is shown, as JSON values; of a distribution with parameters, theirs, too."""
    from reparam.base.discrete import DRAWS, Discrete
    from reparam.base.distribution import About
    from reparam.base.reparameterized import Reparameterized

    distribution = law if isinstance(law, type) else type(law)
    about = getattr(distribution, "about", About(""))
    drawn = distribution if issubclass(distribution, Reparameterized) else None
    noises = [
        {"kind": kind.name, "symbol": kind.symbol, "domain": str(kind.domain)}
        for kind in (kinds_of_noise(law) if drawn else ())
    ]
    return {
        "name": getattr(distribution, "name", distribution.__name__),
        "aliases": list(distribution.aliases),
        **({} if isinstance(law, type) else {"law": repr(law)}),
        "density": about.density,
        "transform": about.transform,
        "derivatives": dict(about.derivatives),
        "score": {
            name: text
            for name, text in about.score.items()
            if isinstance(law, type) or name not in law._left_out
        },
        "support": str(law._support),
        "noise": noises[0] if len(noises) == 1 else noises or None,
        "mechanism": law.mechanism if drawn else None,
        "draws": DRAWS if issubclass(distribution, Discrete) and not law._support.rank else None,
        "numerical": list(drawn.numerical_formulas()) if drawn else [],
        "accuracy": dict(about.accuracy),
        "obstacle": distribution.obstacle() if issubclass(distribution, Discrete) else None,
        "parameters": [
            {
                "name": path,
                "symbol": parameter.symbol,
                "domain": str(parameter.domain),
                "default": parameter.initial,
                **({} if isinstance(law, type) else {"value": _kept(law[path])}),
                "vector": bool(parameter.dims),
                **({"power": parameter.power} if parameter.power else {}),
                "aliases": list(parameter.aliases),
                "description": parameter.description,
                "differentiable": parameter.differentiable,
            }
            for path, parameter in law.parameters.items()
        ],
        "instead": [
            {
                "name": path,
                "symbol": parameter.symbol,
                "domain": str(parameter.domain),
                "vector": bool(parameter.vector),
                "aliases": list(parameter.aliases),
                "description": parameter.description,
                "of": distribution._instead_of(path),
            }
            for path, parameter in (distribution._others() if isinstance(law, type) else ())
        ],
        "source": about.source,
    }


def _kept(value: Array) -> Any:
    """Return a parameter's value as numbers or lists: None of an array that ``repr`` shortens."""
    import numpy as np

    return np.asarray(value).tolist() if np.size(value) <= _FEW else None


def _noise(kind: dict[str, str]) -> str:
    return f"{kind['symbol']}, {kind['kind']} on {readable(kind['domain'])}"


def _page(card: dict[str, Any]) -> str:
    """Lay the card out for the terminal's width."""
    noises = card["noise"] or []
    noises = noises if isinstance(noises, list) else [noises]
    rows = [
        ("name", card["name"] + _also(card["aliases"])),
        ("law", card.get("law")),
        ("probability" if card["obstacle"] else "density", card["density"]),
        ("transform", card["transform"]),
        *((f"∂y/∂{name}", formula) for name, formula in card["derivatives"].items()),
        *((f"∂ log p/∂{name}", formula) for name, formula in card["score"].items()),
        *((parameter["name"], _declaration(parameter)) for parameter in card["parameters"]),
        *((parameter["name"], _declaration(parameter)) for parameter in card["instead"]),
        ("support", readable(card["support"])),
        ("noise", ",  ".join(map(_noise, noises))),
        ("mechanism", card["mechanism"]),
        ("draws", card["draws"]),
        ("numerical", ", ".join(card["numerical"])),
        ("accuracy", ", ".join(f"{name} {bound:.0e}" for name, bound in card["accuracy"].items())),
        ("derivatives", card["obstacle"]),
        ("source", card["source"]),
    ]
    rows = [(label, text) for label, text in rows if text]
    margin = max(len(label) for label, _ in rows) + 2
    width = max(40, shutil.get_terminal_size((80, 24)).columns)
    plain = os.environ.get("TERM") == "dumb" or os.environ.get("NO_COLOR")
    lines = []
    for label, text in rows:
        pieces = _wrapped(text, width - margin)
        label = label.ljust(margin)
        lines.append((label if plain else typer.style(label, bold=True)) + pieces[0])
        lines += [" " * margin + piece for piece in pieces[1:]]
    return "\n".join(lines)


def _declaration(parameter: dict[str, Any]) -> str:
    words = f"{parameter['description']} {parameter['symbol']} in {readable(parameter['domain'])}"
    if "of" in parameter:
        role = f"instead of {parameter['of']}"
    else:
        role = f"default {_number(parameter['default'])}"
    return f"{words.lstrip()}{parameter.get('power', '')}, {role}{_also(parameter['aliases'])}"


def _number(value: float | tuple[float, ...]) -> str:
    return f"({', '.join(map(_number, value))})" if isinstance(value, tuple) else f"{value:g}"


def _also(aliases: list[str]) -> str:
    return f"; also {', '.join(aliases)}" if aliases else ""


def _wrapped(text: str, width: int) -> list[str]:
    """Cut a text into lines: each clause of a formula on its own, none inside parentheses."""
    whole = re.sub(r"\([^()]*\)", lambda match: match[0].replace(" ", "\N{NO-BREAK SPACE}"), text)
    lines = [line for clause in whole.split(",  ") for line in textwrap.wrap(clause, width)]
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
