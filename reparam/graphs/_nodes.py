"""The nodes of a graph: formulas, draws, densities and divergences.

Draws aside, those here are *computed*: they have a ``value`` and a ``gradient``, elementwise, or
vector by vector. ``_arrays`` has those that take arrays as a whole.
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
from reparam.distributions.low_rank_gaussian import LowRankMultivariateGaussian
from reparam.distributions.matrix_gaussian import MatrixGaussian
from reparam.errors import GraphError, NoFormulaError
from reparam.expressions import Expression
from reparam.families.elliptical import Elliptical
from reparam.graphs._arrays import OfArrays, Sum
from reparam.graphs._laws import Law, Leaf
from reparam.graphs._layout import Layout

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
    "OfArrays",
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

    def mixed(self, layout: Layout) -> tuple[str, ...]:
        """Return the arguments of which an element of the result depends on several elements."""
        return ()

    def ranks(self, layout: Layout) -> dict[str, int]:
        """Return how many axes more a derivative in an argument has: none."""
        return {}

    def value(self, values: Values, layout: Layout) -> Array:
        """Return the value."""
        return self.expression.value(self._inputs(values))

    def gradient(self, values: Values, wrt: Sequence[str], layout: Layout) -> Gradient:
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

    @cached_property
    def ranks(self) -> tuple[tuple[str, int], ...]:
        """The nodes, each with how many of its last axes are those of one vector or matrix."""
        each = (leaf.rank for leaf in self.leaves)
        return tuple(zip(self.arguments, each, strict=True))

    @property
    def mixed(self) -> tuple[str, ...]:
        """Those of the nodes of which a density depends on several elements."""
        return tuple(name for name, rank in self.ranks if rank)

    def made(self, parameters: Sequence[Array]) -> Any:
        """Return the distribution.

        Raises
        ------
        ParameterError
            If a value is outside its parameter's domain.
        """
        for leaf, value in zip(self.leaves, parameters, strict=True):
            leaf.check(value)
        return self.law.made(parameters)

    def at(self, values: Values, layout: Layout) -> Any:
        """Return the distribution, given values of the nodes."""
        return self.made(layout.aligned(values, self.ranks, self.law.has_vectors))

    def by_argument(self, known: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
        """Yield arguments with what is known by parameter; for vectors there are more axes."""
        for argument, leaf in zip(self.arguments, self.leaves, strict=True):
            if leaf.path in known and not self.stopped:
                index: Any = (..., *leaf.entry)
                yield argument, known[leaf.path][index]


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
    def placements(self) -> tuple[Placed, ...]:
        """The distribution."""
        return (self.placed,)

    def mixed(self, layout: Layout) -> tuple[str, ...]:
        """Return the arguments of which an element of a draw depends on several elements."""
        return self.arguments if layout.ranks[self.name] else self.placed.mixed

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

    @property
    def placements(self) -> tuple[Placed, ...]:
        """The distribution."""
        return (self.placed,)

    def mixed(self, layout: Layout) -> tuple[str, ...]:
        """Return the arguments of which an element of the result depends on several elements."""
        return (*self.placed.mixed, *([self.of] if layout.ranks[self.name] else []))

    def ranks(self, layout: Layout) -> dict[str, int]:
        """Return how many axes more a derivative in an argument has than the value."""
        return {**dict(self.placed.ranks), self.of: layout.ranks[self.name]}

    def value(self, values: Values, layout: Layout) -> Array:
        """Return log p(y)."""
        d, y = self._at(values, layout)
        found: Array = d.log_prob(y)
        return found

    def gradient(self, values: Values, wrt: Sequence[str], layout: Layout) -> Gradient:
        """Return log p(y), and its derivatives: the Stein score and the score."""
        d, y = self._at(values, layout)
        slopes: dict[str, Array] = {}
        if self.of in wrt and not isinstance(d, Discrete):
            try:
                slopes[self.of] = d.stein_score(y)
            except NoFormulaError as error:
                why = str(error).partition(";")[0]
                raise NoFormulaError(f"{why}; take kl(p, q) or entropy(p)") from None
        if not self.placed.stopped and any(name in wrt for name in self.placed.arguments):
            slopes |= _some(self.placed.by_argument(d.score(y)), wrt)
        return d.log_prob(y), slopes

    def _at(self, values: Values, layout: Layout) -> tuple[Any, Array]:
        ranks = (*self.placed.ranks, (self.of, layout.ranks[self.name]))
        *parameters, y = layout.aligned(values, ranks, self.placed.law.has_vectors)
        return self.placed.made(parameters), y


@dataclass(frozen=True)
class Entropy:
    """−E[log p(y)], of a distribution."""

    name: str
    placed: Placed

    @property
    def arguments(self) -> tuple[str, ...]:
        """The parameters."""
        return self.placed.arguments

    @property
    def placements(self) -> tuple[Placed, ...]:
        """The distribution."""
        return (self.placed,)

    def mixed(self, layout: Layout) -> tuple[str, ...]:
        """Return the arguments of which an element of the result depends on several elements."""
        return self.placed.mixed

    def ranks(self, layout: Layout) -> dict[str, int]:
        """Return how many axes more a derivative in an argument has than the value."""
        return dict(self.placed.ranks)

    def value(self, values: Values, layout: Layout) -> Array:
        """Return the entropy."""
        found: Array = self.placed.at(values, layout).entropy
        return found

    def gradient(self, values: Values, wrt: Sequence[str], layout: Layout) -> Gradient:
        """Return the entropy, and its derivatives."""
        d = self.placed.at(values, layout)
        if self.placed.stopped or not any(name in wrt for name in self.arguments):
            return d.entropy, {}
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

    @property
    def placements(self) -> tuple[Placed, ...]:
        """The distributions."""
        return (self.p, self.q)

    def mixed(self, layout: Layout) -> tuple[str, ...]:
        """Return the arguments of which an element of the result depends on several elements."""
        return (*self.p.mixed, *self.q.mixed)

    def ranks(self, layout: Layout) -> dict[str, int]:
        """Return how many axes more a derivative in an argument has than the value."""
        return dict((*self.p.ranks, *self.q.ranks))

    def value(self, values: Values, layout: Layout) -> Array:
        """Return the divergence."""
        return self.gradient(values, (), layout)[0]

    def gradient(self, values: Values, wrt: Sequence[str], layout: Layout) -> Gradient:
        """Return the divergence, and its derivatives."""
        from reparam.divergences._kl import exact

        of_vectors = self.p.law.has_vectors or self.q.law.has_vectors
        parameters = layout.aligned(values, (*self.p.ranks, *self.q.ranks), of_vectors)
        count = len(self.p.ranks)
        found = exact(self.p.made(parameters[:count]), self.q.made(parameters[count:]))
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


Computed: TypeAlias = Formula | Density | Entropy | Divergence
Node: TypeAlias = Computed | Sampled | OfArrays


def _some(entries: Iterator[tuple[str, Array]], names: Sequence[str]) -> dict[str, Array]:
    return {name: entry for name, entry in entries if name in names}


def _slopes_of_entropy(d: Distribution) -> dict[str, Array]:
    """Return ∂H/∂θ by parameter: exact in locations and scales, elsewhere by differences."""
    from reparam.base.numerical import in_members, in_parameters

    if d.event_shape:
        names = d.parameters.differentiable
        exact = dict[str, Array]()
        if isinstance(d, Elliptical | LowRankMultivariateGaussian | MatrixGaussian):
            # H is ln det of the scale and a constant: at the location, so is −ln p
            at_location = d.score(d["loc"])
            exact = {name: -at_location[name] for name in names if name != "df"}
        rest = [name for name in names if name not in exact]
        return {**exact, **in_members(lambda moved: moved.entropy, d, rest)}
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
