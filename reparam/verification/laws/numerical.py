"""A law known by its cdf or its log density alone: the rest follows numerically."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array, ArrayLike
from reparam.parameters import Parameter
from reparam.verification.laws import contradictions
from reparam.verification.laws.ends import Frame, find_ends, gap
from reparam.verification.laws.law import Formula
from reparam.verification.numerics.calculus import (
    derivative_in,
    differentiate,
    of_tails,
    rounding_of,
)
from reparam.verification.numerics.piecewise import Integrals, evaluated

__all__ = ["NumericalLaw"]

#: Pieces between quantiles of the pilot draws.
_PIECES = 64
#: How close to the ends of the support a density is looked at, where it has digits: absolutely, in
#: units in the last place, and relative to how far draws are from an end that moves.
_CLOSEST, _ULPS, _MOVING = 1e-290, 8.0, 1e-14
#: What is farther out than a knot is nothing, beside what is farther out than all draws, if its
#: logarithm is so much less.
_NOTHING = 70.0
#: Densities below this have lost digits.
_TINY = 1e-280
#: The error of a cdf and a sf, which may be differences such as 1 − e^−x, and the relative one of
#: a density that is such a cdf's slope.
_FLOOR, _NOISE = 2.0**-51, 1e-9
#: How far a density's integral may be from 1, error included, if F made of it is of any use.
_SURE = 1e-4
#: The share of draws that an atom has, at least, and the cdf's jump there.
_ATOM, _JUMP = 2e-3, 1e-4
#: How far a parameter moves, relatively, to see whether atoms stay.
_MOVE = 1e-4
#: The relative error up to which a derivative is worth comparing anything with.
_CERTAIN = 1e-8
#: Quantiles of the pilot draws where ∂F/∂θ is made sure of, by differences of integrals over steps
#: of θ as short as this, and how well they agree, relative to the largest.
_PLACES, _STEP, _AGREE = 9, 1e-6, 1e-5
#: The share of the way from an end to the draws where F no longer moves unless its end does, and
#: what counts as none, relative to the largest.
_INSIDE, _STILL = 2.0**-10, 1e-3
#: The relative errors of scores between points where they are evaluated: those of a cdf, which is
#: differentiated twice, are less accurate, and means of draws are noisier still.
_ONCE, _TWICE = 1e-10, 1e-5


class NumericalLaw:
    """A law known by its cdf or its log density alone.

    What is missing comes from quadrature and numerical differentiation: about ten digits for
    smooth densities. Derivatives of which fewer than eight digits are certain are NaN, unless
    nothing at all depends on the parameter there: then they are 0.

    Ends of the support may depend on parameters. A density that jumps elsewhere, where a parameter
    moves, needs a cdf beside it: what passes the jump is not an integral of ∂p/∂θ. Without one all
    derivatives in that parameter are NaN.

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
        self._log_prob, self._cdf, self._sf = log_prob, cdf, sf
        self._support = support
        contradictions.of_draws(self._theta, self._pilot, has_cdf=cdf is not None)
        self._is_a_law()

    @property
    def support(self) -> tuple[Array, Array]:
        """The ends of the interval that values lie in."""
        return np.float64(self._support[0]), np.float64(self._support[1])  # type: ignore[return-value]

    def _is_a_law(self) -> None:
        """Look at what was given where draws are, before anything is made of it.

        Raises Faulty if a cdf is not a cdf, or what was given contradicts itself.
        """
        y = self._pilot
        with np.errstate(all="ignore"):
            if self._cdf is not None:
                below = np.asarray(self._cdf(y, **self._theta))
                above = None if self._sf is None else np.asarray(self._sf(y, **self._theta))
                contradictions.of_probabilities(self._theta, y, below, above)
            if self._log_prob is not None:
                log_density = np.asarray(self._log_prob(y, **self._theta))
                contradictions.of_density(self._theta, y, log_density)
        if self._cdf is not None and self._log_prob is not None:
            some = contradictions.some(y)
            some = some[np.isin(some, self.atoms, invert=True)]
            slope, error = self._slope_in_y(some)
            contradictions.of_both(self._theta, some, np.exp(self.log_prob(some)), slope, error)

    @property
    def is_known(self) -> bool:
        """Whether probabilities are: the density's integral is 1, if they are made of it."""
        if self.mass is None:
            return True
        mass, error = self.mass
        return abs(mass - 1.0) + error <= _SURE

    @property
    def is_never_negative(self) -> bool:
        """Whether the logarithm of the density is positive, or 0, at all draws."""
        return bool(np.all(self.log_prob(self._pilot) >= 0.0))

    @property
    def has_density(self) -> bool:
        """Whether the density was given, and is not a numerical derivative."""
        return self._log_prob is not None

    @property
    def doubt(self) -> float:
        """The error that probabilities may have: of differences, or of integrals."""
        return _FLOOR if self._cdf is not None else max(_FLOOR, float(self._integrals.total[1][0]))

    @cached_property
    def atoms(self) -> Array:
        """Values that many draws have, and at which the cdf jumps."""
        if self._cdf is None:
            return np.empty(0)
        value, count = np.unique(self._pilot, return_counts=True)
        value = value[count >= max(_ATOM * self._pilot.size, 2.0)]
        return np.asarray(value[self._jump(value, **self._theta) > _JUMP])

    def _jump(self, y: Array, /, **theta: Any) -> Array:
        assert self._cdf is not None
        with np.errstate(all="ignore"):
            before = self._cdf(np.nextafter(y, -np.inf), **theta)
            return np.asarray(np.asarray(self._cdf(y, **theta)) - before)

    def _stays(self, name: str) -> NDArray[np.bool_]:
        """Whether each atom stays where it is as a parameter moves."""
        low, high = self._parameters[name].domain.ends({})
        centre = self._theta[name]
        step = min(_MOVE * (1.0 + abs(centre)), 0.1 * (centre - low), 0.1 * (high - centre))
        mass = self._jump(self.atoms, **self._theta)
        sides = [
            self._jump(self.atoms, **{**self._theta, name: centre + side * step})
            for side in (-1.0, 1.0)
        ]
        return np.asarray(np.all([side > 0.5 * mass for side in sides], axis=0))

    @property
    def mass(self) -> tuple[float, float] | None:
        """The density's integral and its error; None if there is a cdf, so that none is needed."""
        if self._cdf is not None:
            return None
        (total, *_), (error, *_) = self._integrals.total
        inner = self._integrals.inner_error[0]
        # what lies beyond the pieces can't be negative
        return float(total), float(inner if total - inner > 1.0 else error)

    def log_prob(self, value: ArrayLike, /) -> Array:
        """Return the log density: as given, or of the cdf's slope; infinite at atoms."""
        y = np.asarray(value, dtype=np.float64)
        with np.errstate(all="ignore"):
            if self._log_prob is not None:
                return np.asarray(self._log_prob(y, **self._theta))
            log = np.log(self._density(y)[0])
            return np.where(np.isin(y, self.atoms), np.inf, log)

    def cdf(self, value: ArrayLike, /) -> Array:
        """Return P(Y ≤ y): as given, or the density's integral."""
        y = np.asarray(value, dtype=np.float64)
        if self._cdf is not None:
            return np.asarray(self._cdf(y, **self._theta))
        return self._tail(y, upper=False)

    def sf(self, value: ArrayLike, /) -> Array:
        """Return P(Y > y): as given, 1 − F, or the density's integral."""
        y = np.asarray(value, dtype=np.float64)
        if self._sf is not None:
            return np.asarray(self._sf(y, **self._theta))
        if self._cdf is not None:
            return 1.0 - self.cdf(y)
        return self._tail(y, upper=True)

    def score(self, value: ArrayLike, /) -> dict[str, Array]:
        """Return ∂ log p/∂θ; NaN in parameters that an end of the support moves with.

        There the expectation of ∂ log p/∂θ is not 0, and it is not a score. Nor is it at an atom.
        """
        y = np.asarray(value, dtype=np.float64)
        accuracy = _TWICE if self._log_prob is None else _ONCE
        return {
            name: np.full(y.shape, np.nan)
            if self.atoms.size or self._moves_end(name)
            else evaluated(partial(self._score, name), y, rtol=accuracy)[0]
            for name in self._theta
        }

    def pathwise(self, value: ArrayLike, /) -> dict[str, Array]:
        """Return −F_θ/p where it is certain: 0, too, if no difference at all was found."""
        found, errors = self.paths(value)
        certain = {}
        for name, path in found.items():
            size = np.where(path == 0.0, self._typical[name], np.abs(path))
            certain[name] = np.where(errors[name] <= _CERTAIN * size, path, np.nan)
        return certain

    def paths(self, value: ArrayLike, /) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return −F_θ/p, and its errors.

        F_θ is made by differentiating the cdf, or integrating p times the score. At an atom that
        stays where it is the path is 0, at one that moves NaN.
        """
        y = np.asarray(value, dtype=np.float64)
        found, errors = {}, {}
        for name in self._theta:
            path, error = evaluated(partial(self._path, name), y)
            there = self._stays(name) if self.atoms.size else ()
            for atom, stays in zip(self.atoms, there, strict=True):
                path = np.where(y == atom, 0.0 if stays else np.nan, path)
                error = np.where(y == atom, 0.0, error)
            found[name], errors[name] = path, error
        return found, errors

    def _path(self, name: str, y: Array) -> tuple[Array, Array]:
        slope, error = self._slope(name, y)
        density, off = self._density(y)
        with np.errstate(all="ignore"):
            path, error = -slope / density, (error + np.abs(slope) * off / density) / density
            if self._cdf is None:  # F moves with the coordinates, too
                motion, own = self._frame.motion(name, y)
                path, error = path + motion, error + own
                path = path if self._is_confirmed[name] else np.full(y.shape, np.nan)
            return path, error

    @cached_property
    def _typical(self) -> Mapping[str, float]:
        """How large most derivatives are, by parameter: what 0 is small in comparison with."""
        inner = np.unique(self._quantiles[1:-1])
        spread = float(np.subtract(*self._quantiles[[-17, 16]]))
        found = {}
        for name, value in self._theta.items():
            path, error = self._path(name, inner)
            known = np.abs(path[error <= _CERTAIN * np.abs(path)])
            known = known[known > 0.0]
            # of a parameter that does nothing, what it might do
            found[name] = float(np.median(known)) if known.size else spread / (1.0 + abs(value))
        return found

    def _tail(self, y: Array, *, upper: bool) -> Array:
        """Return an integral of the density, or what the other leaves of 1 where that is surer."""
        (own, error), (other, other_error) = (
            (rows[0], errors[0])
            for rows, errors in (self._integrals(y, upper=side) for side in (upper, not upper))
        )
        return np.asarray(np.where(other_error < error, 1.0 - other, own))

    def _slope(self, name: str, y: Array) -> tuple[Array, Array]:
        """Return ∂F/∂θ and its error; of a density alone, in coordinates that its ends stay in."""
        if self._cdf is None:
            row = 1 + list(self._theta).index(name)
            below, above = (
                (rows[row], errors[row])
                for rows, errors in (self._integrals(y, upper=side) for side in (False, True))
            )
            return of_tails(below, above)
        tails = [tail for tail in (self._cdf, self._sf) if tail is not None]
        slopes = [
            self._in_theta(
                name,
                partial(tail, y),
                y.shape,
                floor=_FLOOR + rounding_of(partial(tail, **self._theta), y),
            )
            for tail in tails
        ]
        return of_tails(*slopes) if len(slopes) == 2 else slopes[0]

    def _density(self, y: Array) -> tuple[Array, Array]:
        """Return the density and its error: as given, or the cdf's slope."""
        if self._log_prob is not None:
            with np.errstate(all="ignore"):
                return np.exp(self.log_prob(y)), np.zeros(y.shape)
        return self._slope_in_y(y)

    def _slope_in_y(self, y: Array) -> tuple[Array, Array]:
        """Return dF/dy and its error."""
        with np.errstate(all="ignore"):
            tails = [self.cdf, self.sf] if self._sf is not None else [self.cdf]
            slopes = [
                differentiate(tail, y, self._reach(y), floor=_FLOOR + rounding_of(tail, y))
                for tail in tails
            ]
            return of_tails(*slopes) if len(slopes) == 2 else slopes[0]

    def _score(self, name: str, y: Array) -> tuple[Array, Array]:
        if self._log_prob is None:
            return self._in_theta(name, partial(self._log_slope, y), y.shape, floor=_NOISE)
        return self._in_theta(name, partial(self._log_prob, y), y.shape)

    def _log_slope(self, y: Array, /, **theta: Array) -> Array:
        assert self._cdf is not None
        cdf = self._cdf
        # theta moves along leading dimensions
        shape = np.broadcast_shapes(y.shape, *map(np.shape, theta.values()))
        at, step = np.broadcast_to(y, shape), np.broadcast_to(self._reach(y), shape)
        with np.errstate(all="ignore"):
            slope, _ = differentiate(lambda moved: cdf(moved, **theta), at, step, floor=_FLOOR)
            return np.log(slope)

    def _in_theta(
        self,
        name: str,
        f: Callable[..., Array],
        shape: tuple[int, ...],
        *,
        floor: float | Array = 0.0,
    ) -> tuple[Array, Array]:
        return derivative_in(name, f, self._theta, self._parameters, shape=shape, floor=floor)

    def _reach(self, y: Array) -> Array:
        """Return the lengths on which F varies: how far values are from the draws, or an end."""
        median, spread = self._quantiles[_PIECES // 2], np.subtract(*self._quantiles[[-17, 16]])
        low, high = self._ends
        with np.errstate(all="ignore"):
            step = np.fmax(0.2 * spread, 0.1 * np.abs(y - median))
            return np.asarray(np.fmin(step, 0.5 * np.fmin(y - low, high - y)))

    @cached_property
    def _quantiles(self) -> Array:
        return np.quantile(self._pilot, np.linspace(0.0, 1.0, _PIECES + 1))

    @cached_property
    def _ends(self) -> tuple[float, float]:
        """The ends of where the density is not 0, or F neither 0 nor 1."""
        if self._log_prob is not None:
            return self._frame.low, self._frame.high
        low, high = find_ends(self._is_inside, self._quantiles, self._support, **self._theta)
        return float(low[0]), float(high[0])

    def _is_inside(self, y: Array, /, **theta: Array) -> Array:
        assert self._cdf is not None
        with np.errstate(all="ignore"):
            below = np.asarray(self._cdf(y, **theta))
            above = 1.0 - below if self._sf is None else np.asarray(self._sf(y, **theta))
            return np.asarray((below > 0.0) & (above > 0.0))

    @cached_property
    def _frame(self) -> Frame:
        assert self._log_prob is not None
        return Frame(self._log_prob, self._theta, self._parameters, self._quantiles, self._support)

    def _moves_end(self, name: str) -> bool:
        """Whether an end of the support moves with a parameter, where there is mass."""
        if self._log_prob is not None:
            return self._frame.moves(name)
        nearest = self._quantiles[[0, -1]]
        ends = np.where(np.isfinite(self._ends), self._ends, nearest)
        at = np.concatenate([ends + _INSIDE * (nearest - ends), self._quantiles])
        size = np.abs(self._slope(name, at)[0])
        there = np.append(np.isfinite(self._ends), np.zeros(_PIECES + 1, dtype=bool))
        return bool(np.any(size[there] > _STILL * np.nanmax(size)))

    @cached_property
    def _integrals(self) -> Integrals:
        """Integrals of the density, and of its products with the scores in the frame."""

        def integrands(t: Array) -> tuple[Array, Array]:
            values, errors = np.zeros((2, 1 + len(self._theta), t.size))
            values[0], errors[0] = self._rounded(self._frame.log_density, t, **self._theta)
            there = values[0] > _TINY
            p, off = values[0, there], errors[0, there]
            for row, name in enumerate(self._theta if p.size else (), 1):
                moved = partial(self._frame.log_density, t[there])
                score, error = self._in_theta(name, moved, p.shape)
                values[row, there] = p * score
                errors[row, there] = p * error + np.abs(score) * off
            return values, errors

        return self._integrated(integrands)

    @staticmethod
    def _rounded(log_density: Formula, t: Array, /, **theta: Any) -> tuple[Array, Array]:
        """Return the density, 0 where it is not a number, and what rounding t makes of it."""
        p, beside = (
            np.nan_to_num(np.exp(log_density(at, **theta)), posinf=0.0)
            for at in (t, np.nextafter(t, np.inf))
        )
        return p, np.abs(beside - p)

    def _integrated(self, f: Callable[[Array], tuple[Array, Array]]) -> Integrals:
        knots, (low, high) = self._knots, self._ends
        middle = self._quantiles[_PIECES // 2]
        lost = gap(low, knots[0], middle), gap(knots[-1], high, middle)
        return Integrals(f, knots, lost=lost)

    @cached_property
    def _is_confirmed(self) -> Mapping[str, bool]:
        """Whether ∂F/∂θ is what differences of integrals are: not where a jump moves."""
        return {name: self._agrees(name) for name in self._theta}

    def _agrees(self, name: str) -> bool:
        low, high = self._parameters[name].domain.ends({})
        centre = self._theta[name]
        step = min(_STEP * (1.0 + abs(centre)), 0.1 * (centre - low), 0.1 * (high - centre))

        def density(t: Array, at: float) -> tuple[Array, Array]:
            return self._rounded(
                self._frame.log_density, t, **{**self._theta, name: np.array([[at]])}
            )

        t = self._quantiles[:: _PIECES // (_PLACES - 1)]
        t = t[(t >= self._knots[0]) & (t <= self._knots[-1])]
        sides = [self._integrated(partial(density, at=float(centre + h))) for h in (step, -step)]
        (right, off), (left, also_off) = (side(t, upper=False) for side in sides)
        slope, error = self._slope(name, t)
        motion = self._frame.motion(name, t)[0] * self._density(t)[0]
        largest = np.max(np.abs(slope - motion))
        doubt = (off + also_off)[0] / step + error + _AGREE * largest
        return bool(np.all(np.abs((right - left)[0] / (2.0 * step) - slope) <= doubt))

    @cached_property
    def _knots(self) -> Array:
        """Quantiles of the pilot draws, and geometrically on towards the support's ends."""
        low, high = self._ends
        quantiles = np.unique(self._quantiles)
        start, stop = (
            _closest(end, nearest, moving)
            for end, nearest, moving in zip(
                (low, high), quantiles[[0, -1]], self._frame.moving, strict=True
            )
        )
        # draws may be rounded to an end, or nearly
        inner = quantiles[(quantiles - low > start) & (high - quantiles > stop)]
        towards, away = 0.5 ** np.arange(1.0, 1000.0), 2.0 ** np.arange(-3.0, 1000.0)
        span = inner[-1] - inner[0]
        with np.errstate(all="ignore"):
            knots = np.concatenate(
                [
                    *(low + (inner[0] - low) * towards, inner[0] - span * away, inner),
                    *(inner[-1] + span * away, high - (high - inner[-1]) * towards),
                    self._frame.seams,
                ]
            )
            knots = np.unique(knots[np.isfinite(knots)])
            knots = knots[(knots - low >= start) & (high - knots >= stop)]
            # how much is farther out than each: the density there times the way to the end
            density = self._frame.log_density(knots, **self._theta)
            middle = self._quantiles[_PIECES // 2]
            below, above = gap(low, knots, middle), gap(knots, high, middle)
            sides = density + np.log(below), (density + np.log(above))[::-1]
            outermost = np.searchsorted(knots, inner[0]), np.searchsorted(-knots[::-1], -inner[-1])
            first, last = (
                max(0, int(np.argmax(~(side <= side[place] - _NOTHING))) - 1)
                for side, place in zip(sides, outermost, strict=True)
            )
            return knots[first : knots.size - last]


def _closest(end: float, nearest: float, moving: bool) -> float:
    """Return how close to an end of the support a density is looked at."""
    if not np.isfinite(end):
        return 0.0
    far = _MOVING * (abs(end) + abs(nearest - end)) if moving else 0.0
    return float(max(_CLOSEST, _ULPS * np.spacing(abs(end)), far))
