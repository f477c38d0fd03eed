"""``reparam show``: one distribution."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reparam.cli.options import Name
from reparam.errors import InputError

if TYPE_CHECKING:
    from reparam.distribution import Distribution

__all__ = ["show"]


def show(
    dist: Name,
    format: Annotated[
        str,
        typer.Option("--format", "-f", metavar="table|json", help="For people, or for programs."),
    ] = "table",
) -> None:
    """Show a distribution: density, y = f(z; θ), each ∂y/∂θ, domains, defaults, source.

    [bold]Examples[/bold]

    reparam show laplace

    reparam show normal --format json
    """
    from reparam import registry

    card = _card(registry.get(dist))
    match format:
        case "json":
            typer.echo(json.dumps(card, ensure_ascii=False, indent=2))
        case "table":
            typer.echo(_page(card))
        case _:
            raise InputError(f"no format is called {format!r} (there are table, json)")


def _card(distribution: type[Distribution]) -> dict[str, Any]:
    """Return what there is to tell, as JSON values."""
    from reparam.distribution import Reparameterized

    assert issubclass(distribution, Reparameterized)
    about, noise = distribution.about, distribution.noise
    return {
        "name": distribution.name,
        "aliases": list(distribution.aliases),
        "density": about.density,
        "transform": about.transform,
        "derivatives": dict(about.derivatives),
        "support": str(distribution._support),
        "noise": {"kind": noise.name, "symbol": noise.symbol, "domain": str(noise.domain)},
        "mechanism": distribution.mechanism,
        "parameters": [
            {
                "name": parameter.name,
                "symbol": parameter.symbol,
                "domain": str(parameter.domain),
                "default": parameter.default,
                "aliases": list(parameter.aliases),
                "description": parameter.description,
            }
            for parameter in distribution.parameters.values()
        ],
        "source": about.source,
    }


def _page(card: dict[str, Any]) -> str:
    """Lay the card out for the terminal's width."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    noise = card["noise"]
    rows = [
        ("name", ", also ".join([card["name"], *card["aliases"]])),
        ("density", card["density"]),
        ("transform", card["transform"]),
        *((f"∂y/∂{name}", text) for name, text in card["derivatives"].items()),
        *(
            (
                parameter["name"],
                f"{parameter['description']} {parameter['symbol']} in {parameter['domain']},"
                f" default {parameter['default']:g}"
                + (f"; also {', '.join(parameter['aliases'])}" if parameter["aliases"] else ""),
            )
            for parameter in card["parameters"]
        ),
        ("support", card["support"]),
        ("noise", f"{noise['symbol']}, {noise['kind']} on {noise['domain']}"),
        ("mechanism", card["mechanism"]),
        ("source", card["source"]),
    ]
    for label, text in rows:
        grid.add_row(label, Text(text))
    console = Console()
    with console.capture() as capture:
        console.print(grid)
    return capture.get().rstrip("\n")
