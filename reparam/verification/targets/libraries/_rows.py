"""Tables of samplers as data: what each draws from, in its own parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from reparam.domains import POSITIVE, REAL, UNIT
from reparam.parameters import Parameter
from reparam.verification.laws.law import Law, Link, Linked

__all__ = [
    "COMMON",
    "LOCATION",
    "LOG_SCALE",
    "PROBABILITY",
    "SCALE",
    "SHAPE",
    "TEMPERATURE",
    "Row",
    "difference",
    "discrete",
    "exponential",
    "log_odds",
    "minus_log",
    "own",
    "reciprocal",
    "row",
    "truncated_normal",
    "uniform",
    "von_mises",
]

#: Parameters that are none of a law's, in typical ranges.
LOCATION = Parameter("μ", REAL, 0.0, (-3.0, 3.0))
SCALE = Parameter("σ", POSITIVE, 1.0, (0.1, 10.0))
SHAPE = replace(SCALE, symbol="α", typical=(0.5, 10.0))
TEMPERATURE = replace(SCALE, symbol="λ", typical=(0.3, 3.0))
LOG_SCALE = replace(LOCATION, symbol="ln σ", typical=(-2.0, 2.0))
PROBABILITY = Parameter("p", UNIT, 0.3, (0.05, 0.95))


@dataclass(frozen=True)
class Row:
    """What a sampler draws from.

    Attributes
    ----------
    law
        The name of a registered distribution, or an expression of a composed one; empty if the
        library's own density is all there is.
    links
        For each of the law's parameters the sampler's that it follows from, or a constant.
    ranges
        The sampler's parameters that are not simply one of the law's.
    constants
        What else the sampler is given.
    discrete
        Whether values are whole numbers.
    circular
        Whether values are angles, which count modulo 2π: the law's support says which.
    """

    law: str = ""
    links: Mapping[str, Link | float] = field(default_factory=dict)
    ranges: Mapping[str, Parameter] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    discrete: bool = False
    circular: bool = False

    def parameters(self) -> dict[str, Parameter]:
        """Return the sampler's parameters by their own names.

        One that is one of the law's has its domain and typical range.
        """
        found = {}
        for ours, link in self.links.items():
            for theirs in link.theirs if isinstance(link, Link) else ():
                found[theirs] = self.ranges.get(theirs) or _known(self.law).parameters[ours]
        return {name: _named(name, kind) for name, kind in {**found, **self.ranges}.items()}

    def at(self, theta: Mapping[str, float]) -> Law:
        """Return the law at these parameters."""
        known = _known(self.law)
        made = known if isinstance(known, type) else lambda **values: known.replace(values)
        return Linked(made, self.links, theta)

    @property
    def moving(self) -> tuple[str, ...]:
        """The sampler's parameters that move an end of the law's support."""
        if not self.law:
            return ()
        known = _known(self.law)
        ours = (known() if isinstance(known, type) else known).moving
        links = [link for name in ours if isinstance(link := self.links.get(name), Link)]
        return tuple({theirs: None for link in links for theirs in link.theirs})

    @property
    def ordered(self) -> tuple[tuple[str, str], ...]:
        """Pairs of the sampler's parameters the first of which is below the second."""
        if not self.law:
            return ()
        named = {
            ours: link.theirs[0]
            for ours, link in self.links.items()
            if isinstance(link, Link) and len(link.theirs) == 1
        }
        pairs = _known(self.law)._ordered
        return tuple((named[a], named[b]) for a, b in pairs if a in named and b in named)


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


def row(
    law: str, *, ranges: Mapping[str, Parameter] | None = None, **links: str | float | Link
) -> Row:
    """Return a row: for each of the law's parameters the name of theirs, a link or a constant."""
    return Row(
        law,
        {name: Link((link,)) if isinstance(link, str) else link for name, link in links.items()},
        ranges or {},
    )


def own(**ranges: Parameter) -> Row:
    """Return the row of a sampler whose own log density has to do."""
    return Row(ranges=ranges)


def discrete(constants: Mapping[str, Any] | None = None, /, **ranges: Parameter) -> Row:
    """Return the row of a sampler of whole numbers."""
    return Row(ranges=ranges, constants=constants or {}, discrete=True)


def reciprocal(theirs: str) -> Link:
    """Return the link ours = 1/theirs."""
    return Link((theirs,), lambda x: 1.0 / x, lambda x: (-1.0 / x**2,))


def exponential(theirs: str) -> Link:
    """Return the link ours = exp(theirs)."""
    return Link((theirs,), math.exp, lambda x: (math.exp(x),))


def difference(high: str, low: str) -> Link:
    """Return the link ours = high − low."""
    return Link((high, low), lambda b, a: b - a, lambda b, a: (1.0, -1.0))


def minus_log(theirs: str) -> Link:
    """Return the link ours = −log(theirs)."""
    return Link((theirs,), lambda x: -math.log(x), lambda x: (-1.0 / x,))


def log_odds(theirs: str) -> Link:
    """Return the link ours = log(theirs/(1 − theirs))."""
    return Link((theirs,), lambda p: math.log(p / (1.0 - p)), lambda p: (1.0 / (p * (1.0 - p)),))


def truncated_normal(low: str = "low", high: str = "high", **base: str) -> Row:
    """Return the row of a normal distribution between two bounds: `base` has loc and scale."""
    ranges = {
        "loc": replace(LOCATION, typical=(-1.0, 1.0)),
        "scale": replace(SCALE, typical=(0.5, 3.0)),
    }
    return row(
        "truncated(gaussian, low=-1, high=1)",
        low=low,
        high=high,
        **{f"base.{ours}": theirs for ours, theirs in base.items()},
        ranges={
            low: replace(LOCATION, default=-1.0, typical=(-3.0, -1.0)),
            high: replace(LOCATION, default=2.0, typical=(1.0, 3.0)),
            **{theirs: ranges[ours] for ours, theirs in base.items()},
        },
    )


def von_mises() -> Row:
    """Return the row of a von Mises distribution, whose angles count modulo 2π."""
    return replace(row("von-mises", loc="loc", concentration="concentration"), circular=True)


def uniform(low: str = "low", high: str = "high") -> Row:
    """Return the row of a uniform distribution; typical ranges of the ends are well apart."""
    return row(
        "uniform",
        low=low,
        high=high,
        ranges={
            low: replace(LOCATION, default=0.0, typical=(-3.0, 0.0)),
            high: replace(LOCATION, default=1.0, typical=(0.8, 4.0)),
        },
    )


#: Distributions that PyTorch, NumPyro and TensorFlow Probability have under one name, with the same
#: parameters.
COMMON: Mapping[str, Row] = {
    "Bernoulli": discrete(probs=PROBABILITY),
    "Beta": row("beta", alpha="concentration1", beta="concentration0"),
    "Cauchy": row("cauchy", loc="loc", scale="scale"),
    "Chi2": row("chi-square", df="df"),
    "Exponential": row("exponential", rate="rate"),
    "Gamma": row("gamma", alpha="concentration", rate="rate"),
    "Geometric": discrete(probs=PROBABILITY),
    "Gumbel": row("gumbel", loc="loc", scale="scale"),
    "HalfNormal": row("half-normal", scale="scale"),
    "Kumaraswamy": row(
        "kumaraswamy", concentration1="concentration1", concentration0="concentration0"
    ),
    "Laplace": row("laplace", loc="loc", scale="scale"),
    "LogNormal": row("log-normal", loc="loc", scale="scale"),
    "Normal": row("gaussian", loc="loc", scale="scale"),
    "Poisson": discrete(rate=SCALE),
    "RelaxedBernoulli": row(
        "relaxed-bernoulli",
        temperature="temperature",
        logits=log_odds("probs"),
        ranges={"probs": PROBABILITY},
    ),
    "StudentT": row("student-t", df="df", loc="loc", scale="scale"),
    "Uniform": uniform(),
    "VonMises": von_mises(),
}
