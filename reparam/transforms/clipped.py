"""A distribution whose values beyond two bounds are moved to these."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array, ArrayLike
from reparam.base.distribution import About
from reparam.base.reparameterized import Flow, Reparameterized
from reparam.base.second_order import Triangle, unflattened
from reparam.base.tree import Child, _text, flat
from reparam.domains import EXTENDED, Interval
from reparam.parameters import Parameter
from reparam.transforms._children import Continuous
from reparam.transforms._rows import as_rows, by_number, by_parameter
from reparam.transforms._window import Window
from reparam.transforms.mixture import mean_and_variance

__all__ = ["Clipped", "clip"]

Rows = NDArray[np.bool_]


class Clipped(Reparameterized):
    """A distribution whose values below a are moved to a, and those above b to b.

    y = min(max(x, a), b) with x from the base. Probabilities of the bounds are F₀(a) and 1 − F₀(b):
    there ``log_prob`` is the logarithm of the probability, and between them that of the density.
    Draws are maps of the base's draws, with its noise and its path.
    """

    name = "clipped"
    base: Child[Reparameterized] = Continuous("The distribution p₀ of x")
    low: Parameter = Parameter("a", EXTENDED, -math.inf, (-2.0, -0.5), (), "Lower bound")
    high: Parameter = Parameter("b", EXTENDED, math.inf, (0.5, 2.0), (), "Upper bound")
    about = About(
        density="p(y) = p₀(y) for a < y < b; P(Y = a) = F₀(a), P(Y = b) = 1 − F₀(b)",
        transform="y = min(max(x, a), b)",
        derivatives={
            "base.θ": "∂x/∂θ for a < y < b, 0 at a and b",
            "low": "1 at a, else 0",
            "high": "1 at b, else 0",
        },
        source="Tobin (1958), Estimation of relationships for limited dependent variables",
    )
    _support = Interval("low", "high", closed=True)
    _ordered = (("low", "high"),)
    _has_atoms: ClassVar[bool] = True

    def _check(self) -> None:
        base = self.base
        self.__dict__.update(
            noise=base.noise,
            path=base.path,
            mechanism=base.mechanism,
            _substreams=base._substreams,
            _extras=base._extras,
        )

    def by_quantile(self) -> Self:
        """Return the same distribution, made of the base drawn by its quantile."""
        return self if self.path == "map" else self.replace({"base": self.base.by_quantile()})

    @property
    def moving(self) -> tuple[str, ...]:
        """The parameters that the score doesn't see all of: ends that cut, and the base's within.

        Where a bound moves, the values there do, and the density next to it.
        """
        first, last = self.base.support
        low, high = self._parts["low"], self._parts["high"]
        found = {
            name for name, cuts in (("low", low > first), ("high", high < last)) if np.any(cuts)
        }
        for flow in self.base._jumps():
            inside = (low < flow.end) & (flow.end < high)
            found |= {
                f"base.{path}"
                for path, gone in flow.through.items()
                if np.any(inside & (gone != 0))
            }
        return tuple(path for path in self.parameters if path in found)

    def _flows(self) -> list[Flow]:
        return []

    def _joints(self, *theta: Any) -> tuple[Array, ...]:
        return self.base._joints(*theta[0])

    def _written(self) -> str:
        ends = (("low", -math.inf), ("high", math.inf))
        parts = ((name, self._parts[name], whole) for name, whole in ends)
        return repr(self.base) + "".join(
            f", {name}={_text(value)}" for name, value, whole in parts if np.any(value != whole)
        )

    # Draws -----------------------------------------------------------------------------------

    def _placed(self, parts: tuple[Array, ...], low: Array, high: Array) -> tuple[Array, ...]:
        x, *extras = parts
        return (np.clip(x, low, high), *extras)

    def _sampler(self, *numbers_and_theta: Any) -> tuple[Array, ...]:
        *numbers, of_base, low, high = numbers_and_theta
        return self._placed(self.base._sampler(*numbers, *of_base), low, high)

    def _transform(self, noise: Array, *theta: Any) -> tuple[Array, ...]:
        of_base, low, high = theta
        return self._placed(self.base._transform(noise, *of_base), low, high)

    def _jacobian(self, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        *extras, of_base, low, high = extras_and_theta
        inner = self.base._jacobian(y, *extras, *of_base)
        return self._moved(y, of_base, low, high, inner)

    def _pathwise(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        of_base, low, high = theta
        *of_inner, in_low, in_high = self._moved(
            y, of_base, low, high, self.base._pathwise(y, *of_base)
        )
        beyond = (y < low) | (y > high)
        outside = (_replaced(entry, beyond, np.nan) for entry in flat(of_inner))
        return (
            tuple(outside),
            _replaced(in_low, beyond, np.nan),
            _replaced(in_high, beyond, np.nan),
        )

    def _hessian(self, y: Array, *extras_and_theta: Any) -> Triangle:
        *extras, of_base, low, high = extras_and_theta
        return self._kept(y, low, high, self.base._hessian(y, *extras, *of_base))

    def _pathwise2(self, y: Array, *theta: Any) -> Triangle:
        of_base, low, high = theta
        triangle = self._kept(y, low, high, self.base._pathwise2(y, *of_base))
        beyond = (y < low) | (y > high)
        return tuple(tuple(_replaced(entry, beyond, np.nan) for entry in row) for row in triangle)

    @staticmethod
    def _kept(y: Array, low: Array, high: Array, triangle: Triangle) -> Triangle:
        """Return ∂²y/∂θ∂φ from that of the base: values at a bound move with the bound alone."""
        clipped = (y <= low) | (y >= high)
        rows = (
            (*(_replaced(entry, clipped, 0.0) for entry in row), 0.0, 0.0)
            for row in unflattened([*flat(triangle)])
        )
        return (*rows, (0.0, 0.0), (0.0,))

    def _moved(
        self, y: Array, of_base: tuple[Any, ...], low: Array, high: Array, inner: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        """Return ∂y/∂θ from that of the base: values at a bound move with the bound alone."""
        at_low, at_high = y <= low, y >= high
        clipped = at_low | at_high
        kept = tuple(_replaced(entry, clipped, 0.0) for entry in flat(inner))
        return kept, at_low.astype(np.float64), at_high.astype(np.float64)

    # Formulas --------------------------------------------------------------------------------

    def _ends(self, *theta: Any) -> tuple[Any, Any]:
        of_base, low, high = theta
        first, last = self.base._ends(*of_base)
        return np.clip(first, low, high), np.clip(last, low, high)

    def _of(self, name: str, outside: Any, y: Array, of_base: tuple[Any, ...]) -> Any:
        return self.base._guarded(name, outside)(y, *flat(of_base))

    def _icdf(self, u: Array, of_base: Any, low: Array, high: Array) -> Array:
        return np.clip(self.base._icdf(u, *of_base), low, high)

    def _isf(self, v: Array, of_base: Any, low: Array, high: Array) -> Array:
        return np.clip(self.base._isf(v, *of_base), low, high)

    def _cdf(self, y: Array, *theta: Any) -> Array:
        return self._cumulative("_cdf", (0.0, 1.0), y, *theta)

    def _sf(self, y: Array, *theta: Any) -> Array:
        return self._cumulative("_sf", (1.0, 0.0), y, *theta)

    def _log_cdf(self, y: Array, *theta: Any) -> Array:
        return self._cumulative("_log_cdf", (-np.inf, 0.0), y, *theta)

    def _log_sf(self, y: Array, *theta: Any) -> Array:
        return self._cumulative("_log_sf", (0.0, -np.inf), y, *theta)

    def _cumulative(
        self,
        name: str,
        outside: tuple[float, float],
        y: Array,
        of_base: Any,
        low: Array,
        high: Array,
    ) -> Array:
        inside = self._of(name, outside, y, of_base)
        found = np.select([y < low, y >= high], [*map(np.float64, outside)], inside)
        return np.asarray(found)

    def _log_prob(self, y: Array, of_base: Any, low: Array, high: Array) -> Array:
        inside = self._of("_log_prob", -np.inf, y, of_base)
        if not np.any(ends := ~((y > low) & (y < high))):
            return np.asarray(inside)
        below = self._of("_log_cdf", (-np.inf, 0.0), y, of_base)
        above = self._of("_log_sf", (0.0, -np.inf), y, of_base)
        at_ends = np.select([y == low, y == high, np.isnan(y)], [below, above, y], -np.inf)
        return np.asarray(np.where(ends, at_ends, inside))

    def _score(self, y: Array, of_base: Any, low: Array, high: Array) -> tuple[Any, ...]:
        inside = by_number(self.base, of_base, self._nest(self._of("_score", np.nan, y, of_base)))
        log_prob = self._of("_log_prob", -np.inf, y, of_base)
        below = np.exp(log_prob - self._of("_log_cdf", (-np.inf, 0.0), y, of_base))
        above = np.exp(log_prob - self._of("_log_sf", (0.0, -np.inf), y, of_base))
        speeds = by_number(self.base, of_base, self._nest(self._of("_pathwise", 0.0, y, of_base)))
        places = [y == low, y == high, (y < low) | (y > high)]
        scores = [
            np.select(places, [-below * speed, above * speed, np.nan], score)
            for score, speed in zip(inside, speeds, strict=True)
        ]
        return (
            tuple(by_parameter(self.base, of_base, scores)),
            np.select(places, [below, 0.0, np.nan], 0.0 * y),
            np.select(places, [0.0, -above, np.nan], 0.0 * y),
        )

    @staticmethod
    def _nest(entries: Any) -> tuple[Any, ...]:
        return entries if isinstance(entries, tuple) else (entries,)

    def _score_of_draw(self, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        *extras, of_base, low, high = extras_and_theta
        scores, in_low, in_high = self._score(y, of_base, low, high)
        inner = (y > low) & (y < high)
        finer = flat(self.base._score_of_draw(y, *extras, *of_base))
        return (
            tuple(
                _replaced(fine, ~inner, entry) for fine, entry in zip(finer, scores, strict=True)
            ),
            in_low,
            in_high,
        )

    def _stein_score(self, y: Array, of_base: Any, low: Array, high: Array) -> Array:
        slope = self._of("_stein_score", np.nan, y, of_base)
        return np.where((y > low) & (y < high), slope, np.nan)

    # Moments ---------------------------------------------------------------------------------

    def _parts_of(self, theta: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the window between the bounds, probabilities there and at these, and these."""
        rows, batch = as_rows(self, theta)
        of_base, low, high = rows
        window = Window(self.base, of_base, low, high)
        below, _, _, above = window.tails
        first, last = self.base._ends(*of_base)
        # where all of the base is on one side of a bound
        below = np.where(low >= last, 1.0, below)
        above = np.where(high <= first, 1.0, above)
        between = np.where((low >= last) | (high <= first), 0.0, window.mass)
        return window, (below, between, above), (low, high), batch

    def _mean(self, *theta: Any) -> Array:
        return self._moments_of(theta)[0]

    def _variance(self, *theta: Any) -> Array:
        return self._moments_of(theta)[1]

    def _moments_of(self, theta: tuple[Any, ...]) -> tuple[Array, Array]:
        window, shares, (low, high), batch = self._parts_of(theta)
        mean = window.expectation(lambda y: y)
        centre = mean[:, np.newaxis, np.newaxis]
        variance = window.expectation(lambda y: (y - centre) ** 2)
        none = np.zeros(mean.shape)
        found = mean_and_variance(shares, (low, mean, high), (none, variance, none))
        return found[0].reshape(batch), found[1].reshape(batch)

    def _entropy(self, *theta: Any) -> Array:
        """Entropy with respect to the length between the bounds, and counting at the bounds."""
        window, (below, between, above), _, batch = self._parts_of(theta)
        inner = np.where(between > 0.0, between * window.entropy(), 0.0)
        shares = below, between, above
        rests = between + above, below + above, below + between
        surprises = sum(_surprise(p, rest) for p, rest in zip(shares, rests, strict=True))
        return np.asarray(inner + surprises).reshape(batch)


def _surprise(p: Array, rest: Array) -> Array:
    """Return −p ln p, from what is left of 1 where p is nearly that."""
    log = np.where(p > 0.5, np.log1p(-np.minimum(rest, 0.5)), np.log(np.where(p > 0.0, p, 1.0)))
    return np.asarray(-p * log)


def _replaced(entry: Any, there: Rows, instead: Any) -> Array:
    """Return an entry of numbers, or of vectors, with something else in some rows."""
    entry = np.asarray(entry)
    if entry.ndim > np.ndim(there):
        there = there[..., np.newaxis]
    return np.asarray(np.where(there, instead, entry))


def clip(
    base: Reparameterized, *, low: ArrayLike = -math.inf, high: ArrayLike = math.inf
) -> Clipped:
    """Return the distribution of values that are moved to the nearer bound if they are beyond it.

    Parameters
    ----------
    base
        The distribution, of numbers.
    low, high
        The bounds; infinite, or beyond the support, they move nothing.

    Returns
    -------
    Clipped
        Its parameters are those of the base, ``base.loc`` and so on, and the bounds.

    Raises
    ------
    ParameterError
        If the bounds are not in order.

    Examples
    --------
    >>> import reparam as rp
    >>> d = rp.clip(rp.Gaussian(), low=0.0)
    >>> draw = d.transform([-1.0, 0.5])
    >>> draw.value, {name: entry.tolist() for name, entry in draw.jacobian().items()}
    (array([0. , 0.5]), {'base.loc': [0.0, 1.0], 'base.scale': [0.0, 0.5], 'low': [1.0, 0.0], \
'high': [0.0, 0.0]})
    >>> d.cdf([-1e-9, 0.0])
    array([0. , 0.5])
    """
    return Clipped(base, low, high)
