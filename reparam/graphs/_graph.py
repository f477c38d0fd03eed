"""The public class."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, final

from reparam._typing import Array, ArrayLike
from reparam.distribution import Distribution
from reparam.errors import GraphError, did_you_mean
from reparam.expressions._scan import normalized
from reparam.graphs._model import Model
from reparam.graphs._parse import Node, Sampled, parse
from reparam.parameters import as_real_array

__all__ = ["Graph"]


@final
@dataclass(frozen=True, repr=False)
class Graph:
    """A stochastic computation graph given as text, a node a line.

    ========================================== ====================================================
    line                                       node
    ========================================== ====================================================
    ``name = formula``                         computed; formulas are those of
                                               :class:`~reparam.Expression`
    ``name ~ distribution(loc=formula, …)``    drawn; names of distributions and parameters are the
                                               registry's, parameters without a name have the
                                               declared order, and those left out their default
    ``loss = formula``                         the objective, if there is one
    ``# …``                                    a comment; it may also end a line
    ========================================== ====================================================

    A node refers to earlier nodes and to inputs: names that are no node's. Every distribution must
    have a reparameterization. With :meth:`at`, inputs get their values.

    A graph doesn't change: it can be shared between threads, and be pickled. Two are equal if their
    texts are.

    Parameters
    ----------
    text
        The lines: at most 100,000 characters, and 1,000 nodes and parameters.
    classes
        Distributions that are not registered, which the text calls by their ``name``.

    Attributes
    ----------
    inputs
        The names of the inputs, in the order of their first appearance.
    names
        The names of the nodes, in order.
    draws
        The names of those that are drawn.

    Raises
    ------
    GraphError
        If a line is no node, a name has two, or a node refers to itself or to a later one.
    ExpressionError
        If a formula can't be read.
    UnknownDistributionError, UnknownParameterError
        If there is no such distribution or parameter.
    NotReparameterizable
        If a distribution has no reparameterization.

    Examples
    --------
    >>> import reparam as rp
    >>> graph = rp.Graph('''
    ...     mu = w*x + c
    ...     z ~ gaussian(loc=mu, scale=exp(s))
    ...     loss = (z - 1)**2
    ... ''')
    >>> graph.inputs
    ('w', 'x', 'c', 's')
    >>> draw = graph.at(w=0.5, x=2.0, c=0.1, s=-1.0).rsample(100_000, rng=1)
    >>> gradient = draw.vjp(loss=1.0 / 100_000)
    >>> {name: round(float(entry), 2) for name, entry in gradient.items()}
    {'w': 0.4, 'x': 0.1, 'c': 0.2, 's': 0.27}
    """

    text: str
    classes: tuple[type[Distribution], ...] = ()
    inputs: tuple[str, ...] = field(init=False, compare=False)
    names: tuple[str, ...] = field(init=False, compare=False)
    draws: tuple[str, ...] = field(init=False, compare=False)
    _nodes: tuple[Node, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise GraphError(f"a graph is text, not of type {type(self.text).__name__}; pass a str")
        nodes = parse(self.text, self.classes)
        known = {node.name for node in nodes}
        used = dict.fromkeys(name for node in nodes for name in node.arguments)
        object.__setattr__(self, "inputs", tuple(name for name in used if name not in known))
        object.__setattr__(
            self, "names", tuple(node.name for node in nodes if "." not in node.name)
        )
        object.__setattr__(
            self, "draws", tuple(node.name for node in nodes if isinstance(node, Sampled))
        )
        object.__setattr__(self, "_nodes", nodes)

    def at(self, /, **inputs: ArrayLike) -> Model:
        """Give the inputs values.

        Parameters
        ----------
        **inputs
            A number or an array for each input. Arrays broadcast, as in the formulas.

        Returns
        -------
        Model
            What to draw from.

        Raises
        ------
        GraphError
            If an input has no value, or there is no such input.
        ParameterError
            If a value is not made of real numbers, or a distribution's parameter that depends on no
            draw lies outside its domain.
        ShapeError
            If shapes don't broadcast together.
        """
        values: dict[str, Array] = {}
        for name, value in inputs.items():
            known = normalized(name)
            if known not in self.inputs:
                what = "is a node of the graph, not an input" if known in self.names else "is none"
                raise GraphError(
                    f"{name} {what}{did_you_mean(known, self.inputs)}"
                    f" (the inputs are {', '.join(self.inputs) or 'none'})"
                )
            values[known] = as_real_array(name, value)
        missing = [name for name in self.inputs if name not in values]
        if missing:
            have = ", ".join(values) or "none"
            raise GraphError(
                f"the graph needs a value for {', '.join(missing)}; pass one for each input"
                f" (values are given for: {have})"
            )
        return Model(self, {name: values[name] for name in self.inputs})

    def __reduce__(self) -> tuple[type[Graph], tuple[Any, ...]]:
        return Graph, (self.text, self.classes)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Graph({self.text!r})"
