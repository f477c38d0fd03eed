"""The public classes: a graph, and a graph with values for its inputs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from reparam._typing import Array, ArrayLike, RNGLike
from reparam.arguments import draw_count
from reparam.base.distribution import Distribution
from reparam.engine.shapes import check_memory
from reparam.engine.threads import in_order
from reparam.errors import CountError, GraphError, ParameterError, did_you_mean
from reparam.expressions._scan import normalized
from reparam.graphs._compare import GraphEstimates, compared
from reparam.graphs._draw import GraphDraw
from reparam.graphs._estimation import expectation
from reparam.graphs._evaluator import Evaluator, Source
from reparam.graphs._expectation import Expectation
from reparam.graphs._parse import Structure, parse
from reparam.real_arrays import as_real_array

__all__ = ["Graph", "Model"]


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
                                               declared order, and those left out their default;
                                               ``truncated(gaussian(loc=formula), low=0)``, too
    ``k ~ poisson(rate=formula)``              drawn, and differentiated by its score
    ``b ~ bernoulli(formula) relaxed(0.5)``    a relaxed draw at that temperature; or
                                               ``straight-through(0.5)``: both are biased, and there
                                               for categorical and one-hot-categorical, too
    ``w ~ mvn(loc=m, scale_tril=L)``           a vector: m and L are arrays, or lists of formulas,
                                               ``[a, 2*a]``
    ``w ~ independent(gaussian(m), gamma(a))`` a vector with an entry from each distribution
    ``x ~ distribution(…) observed(formula)``  a value that is given; ``log_prob(x)`` is its
                                               log-likelihood
    ``loss = formula``                         the objective, if there is one
    ``# …``                                    a comment; it may also end a line
    ========================================== ====================================================

    Formulas have densities, too: ``log_prob(z)`` of a node that is drawn or observed, at its value;
    ``log_prob(gaussian(0, 1), y)`` of any distribution; ``entropy(p)`` and ``kl(p, q)`` of nodes
    and distributions. ``stop_gradient(z)`` in place of z there is its distribution without
    derivatives in the parameters. ``sum(formula)`` is one number per draw, the sum over all
    elements.

    Of arrays there are entries and slices, ``w[0]``, ``X[:, 1]``, ``w[1:]``, as NumPy has them;
    ``mu[k]``, the entry that a draw k selects along the first axis; and ``dot(X, w)``, the sum of
    products over the last axes, by which a matrix and a vector are multiplied. All else is
    elementwise, and broadcasts.

    A node refers to earlier nodes and to inputs: names that are no node's. Discrete distributions
    are differentiated by their score, all others must have a reparameterization. With :meth:`at`,
    inputs get their values.

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
        If a line is not a node, a name is defined twice, or a node refers to itself or
        to a later one.
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
    _structure: Structure = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise GraphError(f"a graph is text, not of type {type(self.text).__name__}; pass a str")
        structure = parse(self.text, self.classes)
        object.__setattr__(self, "inputs", structure.inputs)
        object.__setattr__(self, "names", structure.names)
        object.__setattr__(self, "draws", structure.draws)
        object.__setattr__(self, "_structure", structure)

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
                what = (
                    "is a node of the graph, not an input"
                    if known in self.names
                    else "is not an input"
                )
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


@final
@dataclass(frozen=True, eq=False)
class Model(Evaluator):
    """A graph with values for its inputs: made by :meth:`Graph.at`.

    Nodes have shapes by the rules of broadcasting: a formula's is what its names broadcast to, a
    draw's what its parameters do. So z ~ gaussian(loc=m, scale=1) is one number per draw if m is
    one number, also where a later formula meets arrays: they share it. If m is an array, z is an
    array of independent draws.

    The objective is E[J], with J the sum of the loss over the batch, which is its shape. A term
    that is one number counts once for each element there: ``sum`` in all other terms makes it count
    once.

    Draws of vectors and matrices have their entries as last axes, and arrays of parameters make
    arrays of these: w ~ mvn(loc=X, scale_tril=L) is one vector for each row of X.

    The gradient is that along the path of each draw. Discrete draws have none: there it is their
    score, times those terms of the loss that depend on the draw, less the mean of these terms over
    other draws (leave-one-out baseline). Both are unbiased.

    Attributes
    ----------
    graph
        The graph.
    inputs
        The inputs' values, by name: read-only.
    """

    graph: Graph
    inputs: Mapping[str, Array]

    def __post_init__(self) -> None:
        super().__init__(self.graph._structure, self.inputs)

    def __reduce__(self) -> tuple[Any, ...]:
        return Model, (self.graph, dict(self.inputs))

    def rsample(self, n: int, *, rng: RNGLike = None) -> GraphDraw[Model]:
        """Draw all nodes, and keep them.

        Parameters
        ----------
        n
            How many draws.
        rng
            None, a non-negative integer, a ``SeedSequence`` or a ``Generator`` (SPEC 7). Draw i
            depends only on the seed and i. Each node has a stream of its own; the first one's is
            that of its distribution's ``rsample(n, rng=rng)``, if that has the same parameters.

        Returns
        -------
        GraphDraw
            The values of all nodes, to differentiate.

        Raises
        ------
        CountError
            If `n` is not a non-negative integer.
        ParameterError
            If a parameter that depends on draws gets outside its domain.
        SeedError
            If `rng` can't seed random numbers.
        TooLargeError
            If there is no memory for the draws.
        """
        draws = range(draw_count(n))
        check_memory([(n, *self._shapes[name]) for name in self.graph.names])
        return self._held(draws, self._streams(rng))

    def transform(self, /, **noise: Any) -> GraphDraw[Model]:
        """Return the draws that given noise makes: the same noise again, perhaps at other inputs.

        Parameters
        ----------
        **noise
            For each node that is drawn, noise of the kind that its distribution declares, of shape
            draws + the node's shape; for vectors what ``noise`` of a draw has, perhaps a tuple of
            several arrays.

        Returns
        -------
        GraphDraw
            The values of all nodes, to differentiate.

        Raises
        ------
        GraphError
            If a node has no noise, or there is no such node.
        NoiseError
            If an element is outside the noise's domain.
        ShapeError
            If an array has another shape than that, or the numbers of draws differ.
        """
        draws, source = self._replayed(noise)
        return self._held(draws, source)

    def expectation(
        self, n: int | range, *, rng: RNGLike = None, wrt: str | Sequence[str] | None = None
    ) -> Expectation:
        """Estimate E[J] and its gradient from `n` draws, of which few are in memory at a time.

        Parameters
        ----------
        n
            How many draws, or the range of their numbers.
        rng
            As for :meth:`rsample`, whose draws these are.
        wrt
            The name or names to differentiate in: all inputs by default. Nodes' names are
            possible, and ``z.loc`` for the parameter of a draw.

        Returns
        -------
        Expectation
            Means over the draws, with standard errors.

        Raises
        ------
        GraphError
            If the graph has no loss, or no such name.
        CountError, ParameterError, SeedError
            As for :meth:`rsample`.

        Examples
        --------
        >>> import reparam as rp
        >>> graph = rp.Graph('''
        ...     y ~ gaussian(loc=m, scale=s)
        ...     loss = y**2
        ... ''')
        >>> result = graph.at(m=0.6, s=0.4).expectation(1_000_000, rng=1)
        >>> print(f"{result.value:.2f} ± {result.standard_error.value:.4f}")
        0.52 ± 0.0005
        >>> {name: round(float(entry), 2) for name, entry in result.gradient.items()}
        {'m': 1.2, 's': 0.8}
        """
        if isinstance(n, range) and (n.start < 0 or n.step != 1):
            raise CountError(f"{n!r} has numbers that draws don't have; pass range(start, stop)")
        draws = n if isinstance(n, range) else range(draw_count(n))
        return expectation(self, draws, self._streams(rng), self._wanted(wrt))

    def estimate(
        self,
        n: int = 100_000,
        *,
        estimators: str | Iterable[str] | None = None,
        rng: RNGLike = None,
        temperature: float = 0.5,
        wrt: str | Sequence[str] | None = None,
    ) -> GraphEstimates:
        r"""Estimate ∂E[J]/∂input by several estimators, to compare them.

        ====================== =====================================================================
        estimator              how draws are differentiated
        ====================== =====================================================================
        ``pathwise``           along the path; if no draw is discrete
        ``mixed``              along the path, discrete draws by the score with leave-one-out
                               baseline: what :meth:`expectation` does
        ``mixed-score``        the same without baseline
        ``score``              all by the score
        ``score-loo``          all by the score with leave-one-out baseline
        ``relaxed``            along the path, draws of categories relaxed: biased
        ``straight-through``   along the path, these along the relaxed path: biased
        ====================== =====================================================================

        Exact values are there where sums over the values of discrete draws, and cubature over the
        others, give them: up to about three continuous numbers for each term of the loss, and any
        number of Gaussian ones if the loss is a polynomial in them. A note reports where not.

        Parameters
        ----------
        n
            How many draws each estimator takes.
        estimators
            A name, several, or ``"all"``, those that can serve, which is the default.
        rng
            As for :meth:`rsample`.
        temperature
            Of relaxations.
        wrt
            The input or inputs to differentiate in: all by default.

        Returns
        -------
        GraphEstimates
            One row for each estimator and element of an input.

        Raises
        ------
        EstimatorError
            If there is no such estimator, or it doesn't apply to the graph.
        GraphError
            If the graph has no loss, or no such input.
        CountError
            If `n` is not an integer of at least 2.
        ParameterError
            If the temperature is not a positive number, or a parameter leaves its domain.

        Examples
        --------
        >>> import reparam as rp
        >>> graph = rp.Graph("b ~ bernoulli(sigmoid(a))\nloss = (b - 0.45)**2")
        >>> rows = graph.at(a=0.0).estimate(10_000, rng=1)
        >>> [(row.estimator, row.biased) for row in rows]
        [('mixed', False), ('mixed-score', False), ('relaxed', True), ('straight-through', True)]
        >>> round(rows.rows[0].exact, 12)
        0.025
        """
        value = float(as_real_array("temperature", temperature).reshape(-1)[0])
        if not (np.ndim(temperature) == 0 and 0.0 < value < math.inf):
            raise ParameterError(
                f"temperature={temperature!r} is not in (0, inf); pass for example 0.5"
            )
        wanted = self._wanted(wrt)
        if others := [name for name in wanted if name not in self.inputs]:
            raise GraphError(f"{others[0]} is not an input; name inputs, or take expectation(n)")
        return compared(self, draw_count(n, least=2), estimators, rng, value, wanted)

    def _held(self, draws: range, source: Source) -> GraphDraw[Model]:
        frames = in_order(lambda at: self._forward(at, source), self._pieces(draws))
        return GraphDraw(self, draws, tuple(frames))
