"""``reparam list``: the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reparam.cli import output
from reparam.cli.notation import compact
from reparam.cli.options import OutFile, OutFormat

if TYPE_CHECKING:
    from reparam.base.distribution import Distribution

__all__ = ["list_distributions"]


def list_distributions(out: OutFile = "-", format: OutFormat = None) -> None:
    """List the distributions: parameters with domains, support, noise and mechanism.

    [bold]Examples[/bold]

    reparam list

    reparam list --format csv
    """
    import numpy as np

    from reparam import registry
    from reparam.formats import Records

    name = output.format_for(out, format)
    rows = [_row(registry.get(entry)) for entry in registry.names()]
    if name == "table":
        rows = [{key: compact(cell) for key, cell in row.items()} for row in rows]
        for row in rows:  # the column of noise says that there is none
            row["mechanism"] = row["mechanism"].removeprefix("none ").strip("()")
    block = {column: np.array([row[column] for row in rows]) for column in rows[0]}
    types = {column: values.dtype for column, values in block.items()}
    output.write(Records(types, (len(rows),), iter([block])), out, name)


def _row(distribution: type[Distribution]) -> dict[str, str]:
    from reparam.base.reparameterized import Reparameterized

    drawn = distribution if issubclass(distribution, Reparameterized) else None
    return {
        "name": distribution.name,
        "parameters": ", ".join(
            f"{parameter.name} {parameter.domain}{'^K' if parameter.vector else ''}"
            for parameter in distribution.parameters.values()
        ),
        "support": str(distribution._support),
        "noise": drawn.noise.name if drawn else "none",
        "mechanism": distribution.mechanism,
    }
