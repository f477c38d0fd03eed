"""What samplers of other libraries draw from: the rows of ``samplers.toml``."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.domains import Interval
from reparam.expressions import Expression
from reparam.parameters import Parameter
from reparam.verification.laws.law import Chained, Law

__all__ = ["Row", "range_of", "rows"]


@dataclass(frozen=True)
class Row:
    """What a sampler draws from; what each of these is, ``samplers.toml`` explains."""

    law: str = ""
    #: For each of the law's parameters the formula in the sampler's that it is.
    links: Mapping[str, Expression] = field(default_factory=dict)
    ranges: Mapping[str, Parameter] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    discrete: bool = False
    circular: bool = False
    diagonal: Collection[str] = ()
    columns: Collection[str] = ()

    @property
    def names(self) -> dict[str, str]:
        """The law's parameters that are one of the sampler's, and the latter's names."""
        return {ours: link.text for ours, link in self.links.items() if link.text in link.names}

    def parameters(self) -> dict[str, Parameter]:
        """Return the sampler's parameters by their own names.

        One that is one of the law's has its domain and typical range.
        """
        found = {}
        for ours, link in self.links.items():
            for theirs in link.names:
                found[theirs] = self.ranges.get(theirs) or _known(self.law).parameters[ours]
        return {name: _named(name, kind) for name, kind in {**found, **self.ranges}.items()}

    def at(self, theta: Mapping[str, float]) -> Law:
        """Return the law at these parameters."""
        known = _known(self.law)
        found = {ours: link.gradient(theta) for ours, link in self.links.items()}
        values = {ours: float(value) for ours, (value, _) in found.items()}
        made = known(**values) if isinstance(known, type) else known.replace(values)
        return Chained(made, {ours: slopes for ours, (_, slopes) in found.items()})

    @property
    def moving(self) -> tuple[str, ...]:
        """The sampler's parameters that move an end of the law's support."""
        if not self.law:
            return ()
        known = _known(self.law)
        ours = (known() if isinstance(known, type) else known).moving
        links = [self.links[name] for name in ours if name in self.links]
        return tuple({theirs: None for link in links for theirs in link.names})

    @property
    def ordered(self) -> tuple[tuple[str, str], ...]:
        """Pairs of the sampler's parameters the first of which is below the second."""
        pairs, named = _known(self.law)._ordered if self.law else (), self.names
        return tuple((named[a], named[b]) for a, b in pairs if a in named and b in named)

    @property
    def kept(self) -> dict[str, Any]:
        """The law's parameters that stay, such as lengths."""
        names = self.names.items()
        return {ours: self.constants[theirs] for ours, theirs in names if theirs in self.constants}

    def arguments(self, theta: Mapping[str, Array]) -> dict[str, Array]:
        """Return the arguments of a sampler of vectors, given the law's parameters."""
        found = {}
        for ours, theirs in self.names.items():
            if theirs in self.diagonal:
                found[theirs] = np.diagonal(theta[ours])
            elif theirs not in self.constants:
                found[theirs] = theta[ours][..., None] if theirs in self.columns else theta[ours]
        return found

    def slopes(self, found: Mapping[str, Array]) -> dict[str, Array]:
        """Return derivatives in the law's parameters, given those in :meth:`arguments`."""
        ours = {theirs: ours for ours, theirs in self.names.items()}
        return {
            ours[theirs]: each[..., None] * np.eye(each.shape[-1])
            if theirs in self.diagonal
            else (each[..., 0] if theirs in self.columns else each)
            for theirs, each in found.items()
        }

    def left_out(self, name: str) -> bool:
        """Return whether a number is off the diagonal of a matrix that only has one."""
        parameter, _, at = name.partition("[")
        row, _, column = at.rstrip("]").partition("][")
        return self.names[parameter] in self.diagonal and row != column


def rows(*sections: str) -> dict[str, Row]:
    """Return the rows of sections of ``samplers.toml``, by name."""
    return {name: _row(given) for each in sections for name, given in _table()[each].items()}


def _row(given: str | Mapping[str, Any]) -> Row:
    entry: dict[str, Any] = {"law": given} if isinstance(given, str) else dict(given)
    law, _, links = entry.pop("law", "").partition(": ")
    ranges = {name: range_of(kind) for name, kind in entry.pop("ranges", {}).items()}
    pairs = (link.partition("=") for link in links.split(", ") if link)
    formulas = {ours: Expression(theirs or ours) for ours, _, theirs in pairs}
    return Row(law, formulas, ranges, **entry)


def range_of(kind: str) -> Parameter:
    """Return the parameter that ``samplers.toml`` has under that name."""
    given = {"low": -math.inf, "high": math.inf, **_table()["ranges"][kind]}
    domain, typical = Interval(given["low"], given["high"]), tuple(given["typical"])
    return Parameter(kind, domain, given["default"], typical)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("samplers.toml").read_text("utf-8"))


@cache
def _known(law: str) -> Any:
    """Return a registered distribution's class, or a composed distribution."""
    from reparam import registry, spelling

    return spelling.read(law) if "(" in law else registry.get(law)


def _named(name: str, kind: Parameter) -> Parameter:
    """Return the same declaration under another name."""
    parameter = replace(kind, aliases=(), conversions={})
    parameter.__set_name__(Row, name)
    return parameter
