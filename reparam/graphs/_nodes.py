"""The nodes of a graph: formulas, draws, densities, divergences and sums.

All but draws and sums are *computed*: they have a ``value`` and a ``gradient``, elementwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import Distribution
from reparam.base.mechanisms import LocationScale
from reparam.errors import GraphError
from reparam.expressions import Expression
from reparam.graphs._laws import Law, Leaf

__all__ = [
    "PATHWISE",
    "SCORE",
    "SCORE_LOO",
    "STRAIGHT_THROUGH",
    "Computed",
    "Density",
    "Divergence",
    "Entropy",
    "Formula",
    "Node",
    "Placed",
    "Sampled",
    "Sum",
]

#: How a draw is differentiated: along its path; by the score, whose factor is the downstream cost,
#: or that cost less its mean over other draws; or along the path of its relaxation.
PATHWISE, SCORE, SCORE_LOO, STRAIGHT_THROUGH = "pathwise", "score", "score-loo", "straight-through"

Values: TypeAlias = Mapping[str, Array]
Gradient: TypeAlias = tuple[Array, dict[str, Array]]


@dataclass(frozen=True)
class Formula:
    """A node that is computed: ``name = expression``.

    A parameter of a draw is such a node, too, called ``draw.parameter``.

    Attributes
    ----------
    arguments
        The nodes and inputs that the expression's names stand for, in order.
    signs
        For a sum of its arguments the sign of each; otherwise empty.
    """

    name: str
    expression: Expression
    arguments: tuple[str, ...]
    signs: tuple[float, ...] = ()

    @cached_property
    def is_copy(self) -> bool:
        """Whether it is another node, or an input, by another name."""
        return self.expression.names == (self.expression.text.strip(),)

    def value(self, values: Values) -> Array:
        """Return the value."""
        return self.expression.value(self._inputs(values))

    def gradient(self, values: Values, wrt: Sequence[str]) -> Gradient:
        """Return the value, and the derivatives in those of the arguments that are in `wrt`."""
        pairs = zip(self.expression.names, self.arguments, strict=True)
        standing = {name: argument for name, argument in pairs if argument in wrt}
        value, slopes = self.expression.gradient(self._inputs(values), list(standing))
        found: dict[str, Array] = {}
        for name, argument in standing.items():
            known = found.get(argument)
            found[argument] = slopes[name] if known is None else known + slopes[name]
        return value, found

    def _inputs(self, values: Values) -> dict[str, Array]:
        pairs = zip(self.expression.names, self.arguments, strict=True)
        return {name: values[argument] for name, argument in pairs}


@dataclass(frozen=True)
class Placed:
    """A distribution with the nodes that are its parameters.

    Attributes
    ----------
    law
        What the distribution is.
    arguments
        The nodes, in the order of the law's numbers.
    stopped
        Whether nothing is differentiated in the parameters.
    """

    law: Law
    arguments: tuple[str, ...]
    stopped: bool = False

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """The numbers that the law is made of, in order."""
        return tuple(leaf for leaf, _ in self.law.leaves())

    def made(self, values: Values) -> Any:
        """Return the distribution.

        Raises
        ------
        ParameterError
            If a value is outside its parameter's domain.
        """
        parameters = [values[name] for name in self.arguments]
        for leaf, value in zip(self.leaves, parameters, strict=True):
            leaf.check(value)
        return self.law.made(parameters)

    def by_argument(self, known: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
        """Yield arguments with what is known by parameter; for vectors there is one more axis."""
        for argument, leaf in zip(self.arguments, self.leaves, strict=True):
            if leaf.path in known and not self.stopped:
                entry = known[leaf.path]
                yield argument, entry if leaf.entry is None else entry[..., leaf.entry]


@dataclass(frozen=True)
class Sampled:
    """A node that is drawn: ``name ~ distribution(…)``.

    Attributes
    ----------
    placed
        What it is drawn from.
    by
        How it is differentiated.
    hard
        The discrete distribution that it stands for, if it is relaxed or straight-through.
    """

    name: str
    placed: Placed
    by: str = PATHWISE
    hard: Placed | None = None

    @property
    def law(self) -> Law:
        """What it is drawn from, without its parameters."""
        return self.placed.law

    @property
    def arguments(self) -> tuple[str, ...]:
        """The nodes that are its parameters, in order."""
        return self.placed.arguments

    @property
    def is_scored(self) -> bool:
        """Whether its derivative is that of its probability."""
        return self.by in (SCORE, SCORE_LOO)

    @property
    def is_discrete(self) -> bool:
        """Whether its distribution is one of integers."""
        return issubclass(self.law.cls, Discrete)


@dataclass(frozen=True)
class Density:
    """log p(y): of a distribution, at a node or an input."""

    name: str
    placed: Placed
    of: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The parameters, and the node that the density is taken at."""
        return (*self.placed.arguments, self.of)

    def value(self, values: Values) -> Array:
        """Return log p(y)."""
        found: Array = self.placed.made(values).log_prob(values[self.of])
        return found

    def gradient(self, values: Values, wrt: Sequence[str]) -> Gradient:
        """Return log p(y), and its derivatives: the Stein score and the score."""
        d, y = self.placed.made(values), values[self.of]
        slopes: dict[str, Array] = {}
        if self.of in wrt and not isinstance(d, Discrete):
            slopes[self.of] = d.stein_score(y)
        if not self.placed.stopped and any(name in wrt for name in self.placed.arguments):
            slopes |= _some(self.placed.by_argument(d.score(y)), wrt)
        return d.log_prob(y), slopes


@dataclass(frozen=True)
class Entropy:
    """−E[log p(y)], of a distribution."""

    name: str
    placed: Placed

    @property
    def arguments(self) -> tuple[str, ...]:
        """The parameters."""
        return self.placed.arguments

    def value(self, values: Values) -> Array:
        """Return the entropy."""
        found: Array = self.placed.made(values).entropy
        return found

    def gradient(self, values: Values, wrt: Sequence[str]) -> Gradient:
        """Return the entropy, and its derivatives."""
        d = self.placed.made(values)
        return d.entropy, _some(self.placed.by_argument(_slopes_of_entropy(d)), wrt)


@dataclass(frozen=True)
class Divergence:
    """KL(p‖q), where that takes no draws."""

    name: str
    p: Placed
    q: Placed

    @property
    def arguments(self) -> tuple[str, ...]:
        """The parameters of both."""
        return (*self.p.arguments, *self.q.arguments)

    def value(self, values: Values) -> Array:
        """Return the divergence."""
        return self.gradient(values, ())[0]

    def gradient(self, values: Values, wrt: Sequence[str]) -> Gradient:
        """Return the divergence, and its derivatives."""
        from reparam.divergences._kl import exact

        found = exact(self.p.made(values), self.q.made(values))
        if found is None:
            p, q = self.p.law.name, self.q.law.name
            raise GraphError(
                f"there is no closed form of kl of {p} and {q}; draw y ~ {p}(…), and write"
                f" log_prob(y) - log_prob({q}(…), y)"
            )
        slopes: dict[str, Array] = {}
        for placed, known in ((self.p, found.gradient_p), (self.q, found.gradient_q)):
            for name, entry in _some(placed.by_argument(known), wrt).items():
                slopes[name] = slopes[name] + entry if name in slopes else entry
        return found.value, slopes


@dataclass(frozen=True)
class Sum:
    """The sum of a node over its elements: one number a draw."""

    name: str
    argument: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The node."""
        return (self.argument,)


Computed: TypeAlias = Formula | Density | Entropy | Divergence
Node: TypeAlias = Computed | Sampled | Sum


def _some(entries: Iterator[tuple[str, Array]], names: Sequence[str]) -> dict[str, Array]:
    return {name: entry for name, entry in entries if name in names}


def _slopes_of_entropy(d: Distribution) -> dict[str, Array]:
    """Return ∂H/∂θ by parameter: exact in a location and a scale, elsewhere by differences."""
    from reparam.base.numerical import in_parameters

    slopes: dict[str, Array] = {}
    if isinstance(d, LocationScale):
        slopes = {"loc": np.zeros(d.batch_shape), "scale": 1.0 / d["scale"]}
    names = d.parameters.differentiable
    if set(names) == slopes.keys():
        return slopes

    def entropy(rows: Array, *theta: Array) -> Array:
        return np.broadcast_to(d._formula("_entropy")(*theta), rows.shape)

    with np.errstate(all="ignore"):
        declared = tuple(d.parameters.values())
        found = in_parameters(entropy, np.zeros(d.batch_shape), list(d._theta), declared)
    return dict(zip(names, found, strict=True)) | slopes
