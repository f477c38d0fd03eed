"""Laws: the distribution that a target's draws should have, to compare them with.

A registered distribution is one as it stands. Of anything else a cdf or a log density is enough:
the rest follows numerically.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Protocol

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.parameters import Parameter
from reparam.verification.numerics import derivative_in, differentiate

__all__ = ["Formula", "Law", "Link", "Linked", "NumericalLaw"]

#: A function of values (or probabilities) and of parameters by name.
Formula = Callable[..., Any]

#: Gauss-Legendre nodes in a panel.
_NODES = 20
#: Panels between quantiles of the pilot draws.
_PANELS = 64


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
    """How one of our parameters follows from one of theirs: by value, and slope."""

    theirs: str
    value: Callable[[float], float] = lambda x: x
    slope: Callable[[float], float] = lambda x: 1.0


class Linked:
    """A law of ours in somebody else's parameters.

    Parameters
    ----------
    law
        The law, of its own parameters as keywords.
    links
        For each of our parameters the one of theirs that it follows from, or a constant.
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
        values = {ours: link.value(theta[link.theirs]) for ours, link in self._links.items()}
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

    def _chained(self, ours: Mapping[str, Array]) -> dict[str, Array]:
        theirs: dict[str, Array] = {}
        for name, link in self._links.items():
            term = ours[name] * link.slope(self._theta[link.theirs])
            theirs[link.theirs] = theirs[link.theirs] + term if link.theirs in theirs else term
        return theirs


class NumericalLaw:
    """A law known by its cdf or its log density alone.

    What is missing comes from Gauss-Legendre quadrature and numerical differentiation: about ten
    digits for smooth densities.

    Parameters
    ----------
    theta
        The parameters, numbers.
    parameters
        Their declarations.
    pilot
        Some draws, which tell where the mass is.
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
        self._log_prob, self._cdf = log_prob, cdf
        self._sf = sf or (None if cdf is None else lambda y, **at: 1.0 - cdf(y, **at))
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
            return np.log(self._slope(y))

    def cdf(self, value: ArrayLike, /) -> Array:
        """Return P(Y ≤ y): as given, or the density's integral."""
        y = np.asarray(value, dtype=np.float64)
        if self._cdf is not None:
            return np.asarray(self._cdf(y, **self._theta))
        return self._integral(y, [np.ones_like], upper=False)[0]

    def sf(self, value: ArrayLike, /) -> Array:
        """Return P(Y > y): as given, or the density's integral."""
        y = np.asarray(value, dtype=np.float64)
        if self._sf is not None:
            return np.asarray(self._sf(y, **self._theta))
        return self._integral(y, [np.ones_like], upper=True)[0]

    @property
    def mass(self) -> float:
        """The density's integral, 1 if it is one."""
        knots = self._knots
        return float(np.sum(self._between(knots[:-1], knots[1:], np.ones_like)))

    def score(self, value: ArrayLike, /) -> dict[str, Array]:
        """Return ∂ log p/∂θ by numerical differentiation."""
        y = np.asarray(value, dtype=np.float64)
        return {name: self._score(name, y) for name in self._theta}

    def pathwise(self, value: ArrayLike, /) -> dict[str, Array]:
        """Return −F_θ/p: F_θ by differentiating the cdf, or integrating p times the score."""
        y = np.asarray(value, dtype=np.float64)
        density = np.exp(self.log_prob(y))
        with np.errstate(all="ignore"):
            return {name: -slope / density for name, slope in self._cdf_slopes(y).items()}

    def _cdf_slopes(self, y: Array) -> dict[str, Array]:
        if self._cdf is not None and self._sf is not None:
            upper = self.cdf(y) > 0.5
            slopes = {}
            for name in self._theta:
                below, _ = self._in_theta(name, self._cdf, y)
                above, _ = self._in_theta(name, self._sf, y)
                slopes[name] = np.where(upper, -above, below)
            return slopes
        weights = [partial(self._score, name) for name in self._theta]
        low, high = (self._integral(y, weights, upper=side) for side in (False, True))
        upper = self.cdf(y) > 0.5
        return {
            name: np.where(upper, -above, below)
            for name, below, above in zip(self._theta, low, high, strict=True)
        }

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
        low, high = self._support
        step = np.minimum(0.2 * self._step, 0.5 * np.minimum(y - low, high - y))
        below, _ = differentiate(self.cdf, y, step)
        above, _ = differentiate(self.sf, y, step)
        return np.where(self.cdf(y) > 0.5, -above, below)

    @cached_property
    def _knots(self) -> Array:
        """Panel edges: quantiles of the pilot draws, and geometrically on to the support's ends."""
        inner = np.unique(np.quantile(self._pilot, np.linspace(0.0, 1.0, _PANELS + 1)))
        low, high = self._support
        span = inner[-1] - inner[0]
        towards, away = 2.0 ** -np.arange(4.0, 1000.0, 4.0), 2.0 ** np.arange(0.0, 60.0, 0.5)
        below = low + (inner[0] - low) * towards if np.isfinite(low) else inner[0] - span * away
        above = (
            high - (high - inner[-1]) * towards if np.isfinite(high) else inner[-1] + span * away
        )
        return np.unique(np.concatenate([below, inner, above]))

    def _between(self, start: Array, stop: Array, weight: Callable[[Array], Array]) -> Array:
        """Return the integrals of weight · density over intervals."""
        assert self._log_prob is not None
        node, share = np.polynomial.legendre.leggauss(_NODES)
        half = 0.5 * (stop - start)[..., np.newaxis]
        at = start[..., np.newaxis] + half * (1.0 + node)
        with np.errstate(all="ignore"):
            density = np.exp(self._log_prob(at, **self._theta))
            terms = np.where(density > 0.0, density * weight(at), 0.0)
        return np.asarray(np.sum(half * share * terms, axis=-1))

    def _integral(
        self, y: Array, weights: Sequence[Callable[[Array], Array]], *, upper: bool
    ) -> list[Array]:
        """Return the integrals of weight · density below, or above, each y."""
        knots = self._knots
        clipped = np.clip(y, knots[0], knots[-1])
        panel = np.clip(np.searchsorted(knots, clipped, side="right") - 1, 0, len(knots) - 2)
        results = []
        for weight in weights:
            pieces = self._between(knots[:-1], knots[1:], weight)
            if upper:
                beyond = np.concatenate([np.cumsum(pieces[::-1])[::-1], [0.0]])[panel + 1]
                results.append(beyond + self._between(clipped, knots[panel + 1], weight))
            else:
                before = np.concatenate([[0.0], np.cumsum(pieces)])[panel]
                results.append(before + self._between(knots[panel], clipped, weight))
        return results
