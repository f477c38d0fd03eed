"""Laws: the distribution that a target's draws should have, to compare them with.

A registered distribution is one as it stands. Of anything else a cdf or a log density is enough:
the rest follows numerically.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Protocol

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.parameters import Parameter
from reparam.verification.numerics import derivative_in, differentiate
from reparam.verification.piecewise import Integrals, evaluated

__all__ = ["Formula", "Law", "Link", "Linked", "NumericalLaw"]

#: A function of values (or probabilities) and of parameters by name.
Formula = Callable[..., Any]

#: Pieces between quantiles of the pilot draws.
_PIECES = 64
#: How close to the ends of the support a density is looked at: closer, numbers lose digits.
_CLOSEST = 1e-290
#: The relative error up to which a derivative is worth comparing anything with.
_CERTAIN = 1e-8


class Law(Protocol):
    """What witnesses ask of a law with scalar parameters."""

    @property
    def support(self) -> tuple[Array, Array]:
        """The ends of the interval that values lie in."""

    def log_prob(self, value: ArrayLike, /) -> Array:
        """Return the log density."""

    def cdf(self, value: ArrayLike, /) -> Array:
        """Return P(Y ≤ y)."""

    def sf(self, value: ArrayLike, /) -> Array:
        """Return P(Y > y)."""

    def score(self, value: ArrayLike, /) -> Mapping[str, Array]:
        """Return ∂ log p/∂θ."""

    def pathwise(self, value: ArrayLike, /) -> Mapping[str, Array]:
        """Return −F_θ/p."""


@dataclass(frozen=True)
class Link:
    """How one of our parameters follows from some of theirs: by value, and a slope in each.

    >>> scale = Link(("low", "high"), lambda a, b: b - a, lambda a, b: (-1.0, 1.0))
    >>> scale.value(1.0, 3.0), scale.slopes(1.0, 3.0)
    (2.0, (-1.0, 1.0))
    """

    theirs: tuple[str, ...]
    value: Callable[..., float] = lambda x: x
    slopes: Callable[..., tuple[float, ...]] = lambda x: (1.0,)


class Linked:
    """A law of ours in somebody else's parameters.

    Parameters
    ----------
    law
        The law, of its own parameters as keywords.
    links
        For each of our parameters those of theirs that it follows from, or a constant.
    theta
        Their parameters.
    """

    def __init__(
        self,
        law: Callable[..., Law],
        links: Mapping[str, Link | float],
        theta: Mapping[str, float],
    ) -> None:
        self._links = {ours: link for ours, link in links.items() if isinstance(link, Link)}
        self._theta = theta
        constants = {ours: link for ours, link in links.items() if not isinstance(link, Link)}
        values = {ours: link.value(*self._given(link)) for ours, link in self._links.items()}
        self._law = law(**constants, **values)

    @property
    def support(self) -> tuple[Array, Array]:
        """The ends of the interval that values lie in."""
        return self._law.support

    def log_prob(self, value: ArrayLike, /) -> Array:
        """Return the log density."""
        return self._law.log_prob(value)

    def cdf(self, value: ArrayLike, /) -> Array:
        """Return P(Y ≤ y)."""
        return self._law.cdf(value)

    def sf(self, value: ArrayLike, /) -> Array:
        """Return P(Y > y)."""
        return self._law.sf(value)

    def score(self, value: ArrayLike, /) -> dict[str, Array]:
        """Return ∂ log p/∂θ in their parameters, by the chain rule."""
        return self._chained(self._law.score(value))

    def pathwise(self, value: ArrayLike, /) -> dict[str, Array]:
        """Return −F_θ/p in their parameters, by the chain rule."""
        return self._chained(self._law.pathwise(value))

    def _given(self, link: Link) -> list[float]:
        return [self._theta[name] for name in link.theirs]

    def _chained(self, ours: Mapping[str, Array]) -> dict[str, Array]:
        theirs: dict[str, Array] = {}
        for name, link in self._links.items():
            for their, slope in zip(link.theirs, link.slopes(*self._given(link)), strict=True):
                term = ours[name] * slope
                theirs[their] = theirs[their] + term if their in theirs else term
        return theirs


class NumericalLaw:
    """A law known by its cdf or its log density alone.

    What is missing comes from quadrature and numerical differentiation: about ten digits for
    smooth densities. Derivatives of which fewer than eight digits are certain are NaN.

    Parameters
    ----------
    theta
        The parameters, numbers.
    parameters
        Their declarations.
    pilot
        Some draws, which tell where the mass is: needed unless both functions are given.
    log_prob, cdf, sf
        Functions of values and of the parameters by name; at least one of the first two.
    support
        The ends of the interval that values lie in.
    """

    def __init__(
        self,
        theta: Mapping[str, float],
        parameters: Mapping[str, Parameter],
        pilot: Array,
        *,
        log_prob: Formula | None = None,
        cdf: Formula | None = None,
        sf: Formula | None = None,
        support: tuple[float, float] = (-np.inf, np.inf),
    ) -> None:
        self._theta, self._parameters = dict(theta), parameters
        self._pilot = np.sort(pilot[np.isfinite(pilot)])
        self._log_prob, self._cdf, self._sf = log_prob, cdf, sf
        self._support = support

    @property
    def support(self) -> tuple[Array, Array]:
        """The ends of the interval that values lie in."""
        return np.float64(self._support[0]), np.float64(self._support[1])  # type: ignore[return-value]

    def log_prob(self, value: ArrayLike, /) -> Array:
        """Return the log density: as given, or of the cdf's slope."""
        y = np.asarray(value, dtype=np.float64)
        if self._log_prob is not None:
            return np.asarray(self._log_prob(y, **self._theta))
        with np.errstate(all="ignore"):
            return np.asarray(np.log(self._slope(y)))

    def cdf(self, value: ArrayLike, /) -> Array:
        """Return P(Y ≤ y): as given, or the density's integral."""
        y = np.asarray(value, dtype=np.float64)
        if self._cdf is not None:
            return np.asarray(self._cdf(y, **self._theta))
        return np.asarray(self._integrals(y, upper=False)[0][0])

    def sf(self, value: ArrayLike, /) -> Array:
        """Return P(Y > y): as given, 1 − F, or the density's integral."""
        y = np.asarray(value, dtype=np.float64)
        if self._sf is not None:
            return np.asarray(self._sf(y, **self._theta))
        if self._cdf is not None:
            return 1.0 - self.cdf(y)
        return np.asarray(self._integrals(y, upper=True)[0][0])

    @property
    def mass(self) -> float:
        """The density's integral, 1 if it is one."""
        return float(self._integrals.total[0])

    def score(self, value: ArrayLike, /) -> dict[str, Array]:
        """Return ∂ log p/∂θ by numerical differentiation."""
        y = np.asarray(value, dtype=np.float64)
        return {name: evaluated(partial(self._score, name), y) for name in self._theta}

    def pathwise(self, value: ArrayLike, /) -> dict[str, Array]:
        """Return −F_θ/p: F_θ by differentiating the cdf, or integrating p times the score."""
        y = np.asarray(value, dtype=np.float64)
        return {name: evaluated(partial(self._pathwise, name), y) for name in self._theta}

    def _pathwise(self, name: str, y: Array) -> Array:
        slope, error = self._cdf_slope(name, y)
        with np.errstate(all="ignore"):
            certain = error <= _CERTAIN * np.abs(slope)
            return np.where(certain, -slope / np.exp(self.log_prob(y)), np.nan)

    def _cdf_slope(self, name: str, y: Array) -> tuple[Array, Array]:
        """Return ∂F/∂θ and its error, from whichever side it is known better."""
        if self._cdf is None:
            row = 1 + list(self._theta).index(name)
            below, above = (self._integrals(y, upper=side) for side in (False, True))
            slope, error = below[0][row], below[1][row]
            other, other_error = -above[0][row], above[1][row]
        else:
            slope, error = self._in_theta(name, self._cdf, y)
            if self._sf is None:
                return slope, error
            other, other_error = self._in_theta(name, self._sf, y)
            other = -other
        return np.where(other_error < error, other, slope), np.fmin(other_error, error)

    def _score(self, name: str, y: Array) -> Array:
        if self._log_prob is None:
            return self._in_theta(name, self._log_slope, y)[0]
        return self._in_theta(name, self._log_prob, y)[0]

    def _log_slope(self, y: Array, **theta: Array) -> Array:
        assert self._cdf is not None
        cdf = self._cdf
        # theta moves along leading dimensions
        at = np.broadcast_to(y, np.broadcast_shapes(y.shape, *map(np.shape, theta.values())))
        with np.errstate(all="ignore"):
            step = np.full(at.shape, self._step)
            return np.log(differentiate(lambda moved: cdf(moved, **theta), at, step)[0])

    def _in_theta(self, name: str, f: Formula, y: Array) -> tuple[Array, Array]:
        return derivative_in(
            name, lambda **at: f(y, **at), self._theta, self._parameters, shape=y.shape
        )

    @cached_property
    def _step(self) -> float:
        return float(self._pilot[-1 - len(self._pilot) // 4] - self._pilot[len(self._pilot) // 4])

    def _slope(self, y: Array) -> Array:
        """Return the cdf's slope, from whichever side it is known better."""
        low, high = self._support
        step = np.minimum(0.2 * self._step, 0.5 * np.minimum(y - low, high - y))
        below, below_error = differentiate(self.cdf, y, step)
        if self._sf is None:
            return below
        above, above_error = differentiate(self.sf, y, step)
        return np.where(above_error < below_error, -above, below)

    @cached_property
    def _integrals(self) -> Integrals:
        """Integrals of the density, and of its products with the scores."""
        assert self._log_prob is not None
        log_prob = self._log_prob

        def integrands(y: Array) -> Array:
            density = np.exp(log_prob(y, **self._theta))
            return np.stack([density, *(density * self._score(name, y) for name in self._theta)])

        knots, (low, high) = self._knots, self._support
        return Integrals(integrands, knots, lost=(_gap(low, knots[0]), _gap(knots[-1], high)))

    @property
    def _knots(self) -> Array:
        """Quantiles of the pilot draws, and geometrically on towards the support's ends."""
        inner = np.unique(np.quantile(self._pilot, np.linspace(0.0, 1.0, _PIECES + 1)))
        low, high = self._support
        span = inner[-1] - inner[0]
        towards, away = 0.5 ** np.arange(1.0, 1000.0), 2.0 ** np.arange(-3.0, 1000.0)
        below = low + (inner[0] - low) * towards if np.isfinite(low) else inner[0] - span * away
        above = (
            high - (high - inner[-1]) * towards if np.isfinite(high) else inner[-1] + span * away
        )
        knots = np.unique(np.concatenate([below, inner, above]))
        inside = (knots - low >= _CLOSEST) & (high - knots >= _CLOSEST)
        return np.asarray(knots[np.isfinite(knots) & inside])


def _gap(low: float, high: float) -> float:
    """Return the distance of two numbers, 0 if one of them is infinite."""
    return float(high - low) if np.isfinite(high - low) else 0.0
