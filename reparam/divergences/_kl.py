"""The Kullback-Leibler divergence of any two distributions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array, RNGLike
from reparam.arguments import draw_count, instance
from reparam.base.distribution import Distribution
from reparam.divergences import _monte_carlo
from reparam.divergences._registry import Terms, aligned, events, formulas
from reparam.divergences._result import (
    CLOSED_FORM,
    INFINITE,
    MONTE_CARLO,
    SUM,
    Divergence,
    StandardError,
)
from reparam.divergences._sum import summed
from reparam.divergences._tails import Tails, tails
from reparam.domains import Integers
from reparam.engine.noise import seed_sequence, substream
from reparam.engine.shapes import broadcast_shapes
from reparam.errors import NoFormulaError, ShapeError
from reparam.transforms.independent import Independent

__all__ = ["DRAWS", "exact", "kl"]

#: Default number of draws of an estimate.
DRAWS = 100_000


def kl(p: Distribution, q: Distribution, *, n: int = DRAWS, rng: RNGLike = None) -> Divergence:
    """Return the Kullback-Leibler divergence KL(p‖q) with its gradients in all parameters.

    It is E_p[log p(y) − log q(y)], in nats: by a closed form where one is registered for the two
    classes, as a sum where p has at most 2²⁰ values, otherwise by Monte Carlo, unbiased and with
    standard errors. That of two ``Independent`` is the sum over the entries, of which some may be
    exact.

    Parameters
    ----------
    p, q
        The distributions; their batches broadcast.
    n
        How many draws from p an estimate is made of, at least 2. What is exact has no use for it.
    rng
        None, a non-negative integer, a ``SeedSequence`` or a ``Generator`` (SPEC 7), for the same
        draws that ``p.sample(n, rng=rng)`` gives; of ``Independent``, other draws for each entry.

    Returns
    -------
    Divergence
        Arrays of the shape that the batches broadcast to, those of gradients in vector parameters
        with a last axis for the entries, in matrices with two. The value is infinite, and the
        gradients are NaN, where p puts mass where q has none, or q's tails are so light that
        E_p[log q(y)] diverges: of numbers, as tails of vectors are not looked along.

    Raises
    ------
    ParameterError
        If `p` or `q` is not a distribution, but for example a name or a class.
    ShapeError
        If the batches don't broadcast together, or draws have different shapes.
    CountError
        If `n` is not an integer of at least 2.
    SeedError
        If `rng` can't seed random numbers.

    Notes
    -----
    An estimate is the mean of l = log p(y) − log q(y), and −E_p[∂log q/∂θ] for q's parameters.
    For those of p, since E_p[∂log p/∂θ] = 0:

    - if both are location-scale, or vectors with a formula for ∂log p/∂y,
      E_p[(∂log p/∂y − ∂log q/∂y) ∂y/∂θ], the pathwise derivative without the score (Roeder, Wu &
      Duvenaud 2017),
    - otherwise the sample covariance of l and the score ∂log p/∂θ: the score-function estimator
      with the mean of the other draws as baseline (Mnih & Rezende 2016); in a parameter that moves
      an endpoint of the support, with what l is there.

    Both are unbiased, and have no variance where p and q are the same.

    Examples
    --------
    >>> import reparam as rp
    >>> divergence = rp.kl(rp.Gaussian(loc=0.6, scale=0.4), rp.Gaussian())
    >>> print(f"{divergence.value:.12f} by {divergence.method}")
    0.676290731874 by closed form
    >>> {name: round(float(entry), 12) for name, entry in divergence.gradient_p.items()}
    {'loc': 0.6, 'scale': -2.1}
    >>> estimate = rp.kl(rp.Logistic(), rp.StudentT(df=3.0), rng=42)
    >>> estimate.method
    'Monte Carlo'
    """
    pair = _Pair(p, q)
    return pair.exact() or pair.estimated(draw_count(n, least=2), seed_sequence(rng))


def exact(p: Distribution, q: Distribution) -> Divergence | None:
    """Return the divergence if it takes no draws: infinite, a closed form or a sum; else None.

    Parameters
    ----------
    p, q
        The distributions; their batches broadcast.

    Raises
    ------
    ParameterError
        If `p` or `q` is not a distribution.
    ShapeError
        If the batches don't broadcast together, or draws have different shapes.
    """
    return _Pair(p, q).exact()


class _Pair:
    """Two distributions, and what is known of them before any draw."""

    def __init__(self, p: Distribution, q: Distribution) -> None:
        self.p, self.q = instance("p", p), instance("q", q)
        for distribution in (p, q):
            if distribution._has_atoms:
                raise NoFormulaError(
                    f"{distribution!r} has probabilities at its endpoints, and kl is of"
                    " densities or of integers; average p.log_prob(y) - q.log_prob(y) over draws y"
                    " from p"
                )
        if p.event_shape != q.event_shape:
            raise ShapeError(
                f"draws of p have shape {p.event_shape} and draws of q have shape {q.event_shape};"
                " pass two scalar distributions, or two of vectors or matrices of one shape"
            )
        self.shape = broadcast_shapes(p=p.batch_shape, q=q.batch_shape)

    @cached_property
    def entries(self) -> list[_Pair]:
        """The pairs of entries, if both are products."""
        if not isinstance(self.p, Independent) or not isinstance(self.q, Independent):
            return []
        return [_Pair(*laws) for laws in zip(self.p.laws, self.q.laws, strict=True)]

    @cached_property
    def beyond(self) -> NDArray[np.bool_]:
        """Where p's support reaches beyond q's: also integers' beyond an interval, and v.v."""
        p, q = self.p, self.q
        if isinstance(p._support, Integers) != isinstance(q._support, Integers):
            return np.ones(self.shape, dtype=np.bool_)
        (low_p, high_p), (low_q, high_q) = p.support, q.support
        entries = tuple(range(-len(p.event_shape), 0))
        beyond = np.any((low_p < low_q) | (high_p > high_q), axis=entries)
        return np.broadcast_to(beyond, self.shape)

    @cached_property
    def tails(self) -> Tails:
        """What the tails make infinite."""
        return tails(self.p, self.q, self.shape)

    def exact(self) -> Divergence | None:
        """Return the divergence if it takes no draws."""
        if self.beyond.size and self.beyond.all():
            return self._infinite(self.beyond)
        if self.entries:
            found = [each.exact() for each in self.entries]
            known = [each for each in found if each is not None]
            return self._added_up(known) if len(known) == len(found) else None
        with np.errstate(all="ignore"):
            for formula in formulas(type(self.p), type(self.q)):
                terms = formula(self.p, self.q)
                if terms is not None:
                    infinite = self.beyond
                    if np.any(np.isinf(terms[0])):  # or more than numbers have
                        infinite = infinite | self.tails.divergence
                    method = INFINITE if infinite.size and infinite.all() else CLOSED_FORM
                    return self._without_errors(terms, method, infinite)
            terms = summed(self.p, self.q, self.shape)
            if terms is not None:
                return self._without_errors(terms, SUM, self.beyond)
        infinite = self.beyond | self.tails.divergence
        return self._infinite(infinite) if infinite.size and infinite.all() else None

    def estimated(self, n: int, rng: np.random.SeedSequence) -> Divergence:
        """Return the divergence by Monte Carlo, with what the tails make of it."""
        if self.entries:
            each = (
                pair.exact() or pair.estimated(n, substream(rng, k))
                for k, pair in enumerate(self.entries)
            )
            return self._added_up([*each])
        with np.errstate(all="ignore"):
            terms, errors, rounded = _monte_carlo.estimate(self.p, self.q, n, rng, self.shape)
        found, infinite = self.tails, self.beyond | self.tails.divergence
        columns = zip(_flat(errors), (found.value, *found.in_p, *found.in_q), strict=True)
        value, *slopes = (np.where(wild, np.inf, error) for error, wild in columns)
        count = len(events(self.p))
        errors = value, tuple(slopes[:count]), tuple(slopes[count:])
        total = n * math.prod(self.p.batch_shape)
        lost = f"{rounded} of {total} draws round to an endpoint of p's support and " + (
            "log p is infinite there, so that estimates are not numbers: take a p whose draws do"
            " not underflow, or a q of p's family, with a closed form"
            if self.p.event_shape
            else "are moved inside, which biases estimates"
        )
        return self._result(terms, errors, MONTE_CARLO, infinite, [lost] * bool(rounded))

    def _added_up(self, found: Sequence[Divergence]) -> Divergence:
        """Return the sum over entries, whose estimates are independent."""
        with np.errstate(all="ignore"):
            value = np.asarray(sum(each.value for each in found))
            squares = sum(each.standard_error.value**2 for each in found)
        infinite = np.broadcast_to(np.isinf(value), self.shape)
        methods = {INFINITE} if infinite.all() else {each.method for each in found}
        method = next(m for m in (MONTE_CARLO, SUM, CLOSED_FORM, INFINITE) if m in methods)

        def gradients(of: Sequence[Divergence | StandardError]) -> tuple[tuple[Array, ...], ...]:
            pairs = [(each.gradient_p.values(), each.gradient_q.values()) for each in of]
            return tuple(tuple(chain.from_iterable(side)) for side in zip(*pairs, strict=True))

        in_p, in_q = gradients(found)
        error_p, error_q = gradients([each.standard_error for each in found])
        errors = np.sqrt(squares), error_p, error_q
        notes = (f"entry {k}: {note}" for k, each in enumerate(found) for note in each.notes)
        result = self._result((value, in_p, in_q), errors, method, infinite)
        return replace(result, notes=tuple(notes))

    def _infinite(self, where: NDArray[np.bool_]) -> Divergence:
        return self._without_errors(self._constant(np.inf), INFINITE, where)

    def _without_errors(self, terms: Terms, method: str, infinite: NDArray[np.bool_]) -> Divergence:
        return self._result(terms, self._constant(0.0), method, infinite)

    def _constant(self, value: float) -> Terms:
        """Return the same for the value and all gradients."""
        array = np.asarray(value)
        return array, (array,) * len(events(self.p)), (array,) * len(events(self.q))

    def _result(
        self,
        terms: Terms,
        errors: Terms,
        method: str,
        infinite: NDArray[np.bool_],
        notes: Sequence[str] = (),
    ) -> Divergence:
        """Make a result of values and standard errors, of the broadcast shape."""
        unknown = np.nan if method == MONTE_CARLO else 0.0
        value, in_p, in_q = self._whole(terms, infinite, (np.inf, np.nan))
        error, error_p, error_q = self._whole(errors, infinite, (0.0, unknown))
        return Divergence(
            self.p,
            self.q,
            value,
            in_p,
            in_q,
            StandardError(error, error_p, error_q),
            method,
            (*self._notes(infinite, error, error_p, error_q), *notes),
        )

    def _whole(
        self, terms: Terms, infinite: NDArray[np.bool_], there: tuple[float, float]
    ) -> tuple[Array, dict[str, Array], dict[str, Array]]:
        """Return arrays of the whole shape, with other numbers where KL is infinite."""

        def whole(array: Array, event: tuple[int, ...], replaced: float) -> Array:
            broadcast = np.broadcast_to(array, self.shape + event)
            return (np.where(aligned(infinite, event), replaced, broadcast) + 0.0)[()]  # no −0.0

        def by_name(of: Distribution, arrays: tuple[Array, ...]) -> dict[str, Array]:
            entries = zip(of.parameters.differentiable, arrays, events(of), strict=True)
            return {name: whole(array, event, there[1]) for name, array, event in entries}

        value, in_p, in_q = terms
        return whole(value, (), there[0]), by_name(self.p, in_p), by_name(self.q, in_q)

    def _notes(
        self,
        infinite: NDArray[np.bool_],
        error: Array,
        in_p: dict[str, Array],
        in_q: dict[str, Array],
    ) -> Iterator[str]:
        """Yield notes on the numbers."""
        by_tails = infinite & ~self.beyond
        for where, why in (
            (self.beyond, "p puts mass where q has none"),
            (by_tails, "q falls off so fast in a tail that E_p[log q(y)] diverges"),
        ):
            if where.any():
                yield f"KL is infinite{self._some(where)}: {why}"
        quantities = {"KL": error}
        quantities |= {f"∂KL/∂{name} of p": entry for name, entry in in_p.items()}
        quantities |= {f"∂KL/∂{name} of q": entry for name, entry in in_q.items()}
        wild = {what: np.isinf(entry) for what, entry in quantities.items()}
        names = [what for what, where in wild.items() if np.any(where)]
        if names:
            axes = len(self.shape)
            somewhere = np.zeros(self.shape, dtype=np.bool_)
            for where in wild.values():
                somewhere = somewhere | np.any(where, axis=tuple(range(axes, np.ndim(where))))
            yield (
                f"estimates have infinite variance in {', '.join(names)}"
                f"{self._some(somewhere)}: no standard error holds"
            )

    def _some(self, where: NDArray[np.bool_]) -> str:
        """Return which elements of a batch these are, in words."""
        return "" if where.all() else f" for {np.count_nonzero(where)} of {where.size} elements"


def _flat(terms: Terms) -> tuple[Array, ...]:
    return terms[0], *terms[1], *terms[2]
