"""Distributions of other libraries, as data: ``laws.csv``, and the tables that are made of it.

A row has a library, its distribution's name, what that is here, arguments (JSON) and its gradient
as measured. What it is here is empty if the registry knows the name, ``-`` if there is none,
``base`` for base classes and wrappers, ``models`` for what a graph is, or text that
``reparam.parse`` reads, of a distribution that may not be registered yet.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import reparam as rp
from reparam.base.discrete import Discrete
from reparam.base.discrete_vectors import DiscreteVectors
from reparam.errors import ReparamError

__all__ = ["DATA", "TITLES", "Law", "laws", "tables"]

DATA = Path(__file__).parent / "laws.csv"
TITLES = {
    "torch": "PyTorch",
    "pyro": "Pyro",
    "numpyro": "NumPyro",
    "tfp": "TFP",
    "distrax": "distrax",
    "jax": "jax.random",
    "scipy": "SciPy",
}
#: Where a CamelCase name has its next word.
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Law:
    """A distribution of another library."""

    library: str
    name: str
    here: str
    arguments: str
    gradient: str

    @property
    def spelling(self) -> str:
        """What it is here, as text of a distribution; empty if there is none."""
        for text in (self.here,) if self.here else self._names():
            try:
                return text if rp.parse(text) else ""
            except ReparamError:
                continue
        return ""

    def _names(self) -> tuple[str, str]:
        return _WORDS.sub("-", self.name).replace("_", "-").lower(), self.name.lower()

    def row(self) -> list[str]:
        """Return the cells of the table: its name, ours, its gradient, and ours."""
        if self.here == "base":
            return [self.name, "a base class or wrapper", "", ""]
        if self.here == "models":
            return [self.name, "[a graph](models.md)", self.gradient, "right"]
        text = self.spelling
        if not text:
            return [self.name, "none", self.gradient, ""]
        d = rp.parse(text)
        registered = type(d).name in rp.names() and "(" not in text
        what = type(d).name if registered else f"composition: `{text}`"
        counts = isinstance(d, Discrete | DiscreteVectors)
        return [self.name, what, self.gradient, "score" if counts else "right"]


def laws() -> list[Law]:
    """Return the rows of the data."""
    with DATA.open(encoding="utf-8", newline="") as file:
        return [Law(**row) for row in csv.DictReader(file)]


def tables() -> Iterator[str]:
    """Yield a table for each library, as Markdown."""
    every = laws()
    for library, title in TITLES.items():
        yield f"## {title}"
        yield ""
        yield "| name there | here | gradient there | gradient here |"
        yield "| --- | --- | --- | --- |"
        for law in every:
            if law.library == library:
                yield "| " + " | ".join(cell.replace("|", "\\|") for cell in law.row()) + " |"
        yield ""
