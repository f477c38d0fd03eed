"""What is to be estimated, as the estimators see it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.engine.noise import Noise, Stream
from reparam.errors import EstimatorError, NotReparameterizable, ReparamError
from reparam.estimators._objective import Objective
from reparam.regions import Region

__all__ = ["Path", "Problem"]


@dataclass(frozen=True)
class Problem:
    """∂/∂θ E[J(y)] for y ~ p(y; θ) with one set of parameters.

    Attributes
    ----------
    distribution
        p.
    objective
        J.
    temperature
        Of relaxations.
    """

    distribution: Distribution
    objective: Objective
    temperature: float

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The parameters to differentiate in: ``name[k]`` and ``name[j,k]`` for each entry."""
        return tuple(
            f"{name}[{','.join(map(str, place))}]" if place else name
            for name, places in self._places.items()
            for place in places
        )

    @cached_property
    def _events(self) -> dict[str, tuple[int, ...]]:
        declared, values = self.distribution.parameters, self.distribution._values
        return {name: declared[name].event(values[name]) for name in declared.differentiable}

    @cached_property
    def _places(self) -> dict[str, list[tuple[int, ...]]]:
        """The places of a parameter's entries that move: not those above a triangle."""
        found = {}
        for name, event in self._events.items():
            domain, value = self.distribution.parameters[name].domain, self.distribution[name]
            found[name] = [place for place in np.ndindex(*event) if _moves(domain, value, place)]
        return found

    @property
    def of_vectors(self) -> bool:
        """Whether draws are vectors or matrices."""
        return bool(self.distribution.event_shape)

    @property
    def theta(self) -> tuple[Any, ...]:
        """All parameters, as numbers or vectors; of vectors' distributions, what formulas take."""
        own = self.distribution._ready if self.of_vectors else self.distribution._theta
        return tuple(value[()] for value in own)

    @property
    def instead(self) -> str:
        """An estimator that serves where others don't: not by the score if it doesn't see all."""
        return "pathwise" if self.distribution.moving else "score-loo"

    def needs_slope(self, estimator: str) -> ReparamError | None:
        """Return what is wrong for an estimator that uses J′, if anything is."""
        if self.objective.derivative is None:
            return EstimatorError(
                f"{estimator} needs the slope of objective {self.objective.text}; pass (J, J′)"
            )
        return None

    def needs_path(self, estimator: str) -> ReparamError | None:
        """Return what is wrong for an estimator that uses J′(y) ∂y/∂θ, if anything is."""
        if not isinstance(self.distribution, Reparameterized):
            cls = type(self.distribution)
            why = getattr(cls, "obstacle", lambda: f"{cls.__name__} has no reparameterization")
            return NotReparameterizable(why())
        return self.needs_slope(estimator)

    def score(self, y: Array) -> list[Array]:
        """Return ∂ log p(y)/∂θ for each of :attr:`names`, on the caller's thread."""
        distribution = self.distribution
        if self.of_vectors:
            return self._rows(y, [*distribution.score(y).values()])
        return self._rows(y, distribution._guarded("_score", np.nan)(y, *self.theta))

    def score_of_draws(self, y: Array, *extras: Array) -> list[Array]:
        """Return the same of draws with auxiliary arrays, also where y rounds or underflows."""
        distribution = self.distribution
        if not isinstance(distribution, Reparameterized):
            return self.score(y)
        score = distribution._formula("_score_of_draw")
        if self.of_vectors:
            return self._rows(y, self.in_theta(score(y, *extras, *self.theta), len(y)))
        return self._rows(y, score(y, *extras, *self.theta))

    def score_sums(self, y: Array, weight: Array) -> tuple[Array, Array]:
        """Return Σ w ∂ log p/∂θ over integers y, and Σ |w ∂ log p/∂θ|, for each of `names`."""
        distribution = self.distribution
        if isinstance(distribution, Discrete):
            sums = distribution._score_sums(y, weight, *self.theta)
            if sums is not None:
                return sums
        terms = [np.where(weight == 0.0, 0.0, weight * score) for score in self.score(y)]
        return np.array([term.sum() for term in terms]), np.array(
            [np.abs(term).sum() for term in terms]
        )

    def by_number(self, derivatives: Iterable[Any]) -> list[Any]:
        """Return derivatives by parameter as one for each of :attr:`names`, numbers as they are."""
        result: list[Any] = []
        for entry, places in zip(derivatives, self._places.values(), strict=True):
            for place in places:
                index: Any = (..., *place)
                result.append(np.asarray(entry)[index] if place else entry)
        return result

    def in_theta(self, entries: Sequence[Any], count: int) -> list[Array]:
        """Return derivatives in parameters from those that formulas of this many vectors return."""
        events = self.distribution._formula_events()
        whole = [
            np.broadcast_to(np.asarray(entry), (count, *event))
            for entry, event in zip(entries, events, strict=True)
        ]
        return self.distribution._in_theta(whole)

    def _rows(self, y: Array, scores: Sequence[Array]) -> list[Array]:
        """Return scores by parameter as one array for each of :attr:`names`."""
        draws = y.shape[: y.ndim - len(self.distribution.event_shape)]
        whole = [
            np.broadcast_to(score, draws + event)
            for score, event in zip(scores, self._events.values(), strict=True)
        ]
        return self.by_number(whole)


def _moves(domain: Any, value: Array, place: tuple[int, ...]) -> bool:
    """Return whether an entry of a parameter is free to move."""
    if not isinstance(domain, Region):
        return True
    unit = np.zeros(value.shape)
    unit[place] = 1.0
    return bool(np.any(domain.projected(unit, value)))


class Path:
    """Draws and their derivatives, at most a block at a time and on the caller's thread.

    It does what ``rsample`` and ``jacobian`` do, without the arrays that a
    :class:`~reparam.Draw` keeps for later.

    Parameters
    ----------
    problem
        Whose distribution has a reparameterization.
    """

    def __init__(self, problem: Problem) -> None:
        assert isinstance(problem.distribution, Reparameterized)
        self._problem = problem
        self._distribution, self._theta = problem.distribution, problem.theta
        self._by_number = problem.by_number

    @property
    def noise(self) -> Noise:
        """The kind of noise that :meth:`replayed` takes: of numbers."""
        return self._distribution.noise

    @property
    def noises(self) -> list[tuple[Noise, tuple[int, ...]]]:
        """The kinds of noise that :meth:`replayed` takes, each with the shape of one draw's."""
        return self._distribution._noises() if self._problem.of_vectors else [(self.noise, ())]

    @property
    def size(self) -> int:
        """How many numbers there are for each draw, with the derivatives."""
        events = self._distribution._formula_events()
        return sum(map(math.prod, (*events, self._distribution.event_shape)))

    def drawn(self, root: np.random.SeedSequence) -> Callable[[int, int], tuple[Array, ...]]:
        """Return a function of start and stop: those draws of the seed's stream, with extras."""
        distribution, theta = self._distribution, self._theta
        source = distribution._source(Stream(root))

        def drawn(start: int, stop: int) -> tuple[Array, ...]:
            numbers = (operand.take(start, stop) for operand in source)
            return distribution._drawing(*numbers, *theta)

        return drawn

    def replayed(self, *noise: Array) -> tuple[Array, ...]:
        """Return the values that noise makes, with extras."""
        made: tuple[Array, ...] = self._distribution._formula("_transform")(*noise, *self._theta)
        return made

    def pulled(self, upstream: Array, *out: Array) -> list[Array]:
        """Return J′(y) ∂y/∂θ of vectors, from J′(y), values and auxiliary arrays."""
        entries = self._distribution._formula("_pull")(upstream, *out, *self._theta)
        return self._by_number(self._problem.in_theta(entries, len(upstream)))

    def differentiated(self, *out: Array) -> tuple[Array, list[Array | float]]:
        """Return the values and their derivatives, from values and auxiliary arrays."""
        derivatives = self._distribution._formula("_jacobian")(*out, *self._theta)
        return out[0], self._by_number(derivatives)

    @property
    def has_logs(self) -> bool:
        """Whether draws have ln y."""
        return "log_value" in self._distribution._views

    def in_logs(self, *out: Array) -> tuple[Array, list[Array]]:
        """Return ln y and its derivatives, from values and auxiliary arrays."""
        view = self._distribution._views["log_value"]
        log_y, slopes = (
            self._distribution._formula(formula)(*out, *self._theta)
            for formula in (view.value, view.jacobian)
        )
        numbers = self._by_number(slopes)
        return log_y, [np.broadcast_to(slope, log_y.shape) for slope in numbers]
