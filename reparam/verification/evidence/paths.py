"""The quantile path −F_θ/p: whether gradients are meant to be it, and whether they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.verification.evidence import hints
from reparam.verification.evidence.comparing import Tallies, Tally, beside
from reparam.verification.evidence.context import Context
from reparam.verification.laws.law import Law, paths_of
from reparam.verification.laws.numerical import NumericalLaw
from reparam.verification.targets.target import Sample

__all__ = ["Drawn", "are_meant", "on_path"]

#: Gradients whose ratios to −F_θ/p mostly agree this well are meant to be it.
_ALIKE = 1e-2
#: The share of them that have a common factor, if it is a mistake.
_ALL = 0.9999
#: A factor this near to 1 is 1.
_ROUNDING = 1e-6
#: Of errors that are a function of y those of neighbours differ by less than this share of them,
#: and by less than that if they are few; at least this many are needed.
_A_FUNCTION, _OF_FEW, _FEW, _ENOUGH = 0.5, 0.3, 64, 8
#: The relative error of differences at a fixed seed, which tell whether a gradient is of another
#: path; and how much closer to them than −F_θ/p is such a gradient must be.
_ROUGHLY, _CLOSER = 1e-3, 0.5
#: The share of draws for which −F_θ/p may be unknown.
_DOUBTFUL = 0.05
#: Numbers next to y among which the one lies that a gradient was computed from.
_NEIGHBOURS = 8.0
#: What rounding leaves of ∂y/∂θ where the parameter does nothing, in units of y/θ.
_LEFT = 1e-13
#: Next to its zeros a derivative has this much of the relative accuracy that it has around them.
_NEAR = 0.1


def on_path(found: Tallies, context: Context, way: str) -> dict[str, Tally]:
    """Return what is compared of gradients, by parameter."""
    label, about = f" ({way})" if way else "", {"note": "reference −F_θ/p", "tolerated": _DOUBTFUL}
    return {
        name: found.of(f"∂y/∂{name} of draws{label} on the quantile path", "relative", **about)
        for name in context.target.parameters
    }


@dataclass(frozen=True)
class Drawn:
    """Draws with gradients beside the law that they follow, and its −F_θ/p."""

    context: Context
    #: The parameters: numbers, or of each draw its own.
    theta: Mapping[str, Any]
    sample: Sample
    law: Law
    #: How they were drawn.
    seed: int = 0
    way: str = ""
    #: Which of how many draws they are, if not all.
    places: NDArray[np.integer] | None = None
    total: int = 0

    @classmethod
    def of(
        cls, context: Context, theta: Mapping[str, float], n: int, seed: int, way: str = ""
    ) -> Drawn:
        """Return n draws; raise NoGradient if they have no gradients."""
        sample = context.target.draws(theta, n, seed, way)
        return cls(context, theta, sample, context.target.law(theta, context.seed), seed, way)

    def thinned(self, most: int) -> Drawn:
        """Return `most` of the draws, or all: the outermost, and others at random."""
        value = self.sample.value
        kept = self.context.thin(value, most)
        sample = self.sample.at(kept) if kept.size < value.size else self.sample
        return replace(self, sample=sample, places=kept, total=value.size)

    @cached_property
    def _known(self) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
        return paths_of(self.law, self.sample.value)

    @property
    def exact(self) -> Mapping[str, Array]:
        """−F_θ/p by parameter."""
        return self._known[0]

    @property
    def unsure(self) -> Mapping[str, Array]:
        """The errors of −F_θ/p."""
        return self._known[1]

    @property
    def is_known(self) -> bool:
        """Whether the law has probabilities, as a density whose integral is not 1 has not."""
        return not isinstance(self.law, NumericalLaw) or self.law.is_known

    @property
    def rtol(self) -> float:
        """The relative error allowed."""
        return self.context.tolerance(self.sample.value)

    def unit(self, name: str) -> Array:
        """Return what a parameter's changes are small in comparison with."""
        low, _ = self.context.target.parameters[name].domain.ends({})
        value = np.asarray(self.theta[name])
        return np.asarray(value if low == 0.0 else 1.0 + np.abs(value))

    def usual_size(self, name: str) -> float:
        """Return how large derivatives are, or might be: what uncertain ones are judged beside."""
        quartiles = np.nanquantile(self.sample.value, [0.75, 0.25])
        spread = float(np.subtract(*quartiles)) / float(np.mean(self.unit(name)))
        return float(np.fmax(np.nanmean(np.abs(self.exact[name])), spread))

    def hint(self, name: str) -> str:
        """Return what mistake gradients may be."""
        drawn = self.total or self.sample.value.size
        return hints.of_gradients(name, self.sample.gradients[name], self.exact, self.theta, drawn)

    def agreeing(self) -> dict[str, NDArray[np.bool_]]:
        """Return which gradients are −F_θ/p: not where that is unknown."""
        agree = {}
        for name, gradient in self.sample.gradients.items():
            exact, unsure = self.exact[name], self.unsure[name]
            allowed = self.rtol * np.abs(exact) + 10.0 * unsure
            agree[name] = np.isfinite(unsure) & (np.abs(gradient - exact) <= allowed)
        return agree

    def meant(self) -> list[str]:
        """Return the parameters in which gradients are meant to be −F_θ/p."""
        return [
            name
            for name, gradient in self.sample.gradients.items()
            if are_meant(self.sample.value, gradient, self.exact[name], 10.0 * self.unsure[name])
        ]

    def compare(self, found: Mapping[str, Tally]) -> None:
        """Compare gradients with −F_θ/p, in the parameters in which they are meant to be."""
        for name in self.meant():
            self.compare_in(name, found[name], partial(self._is_difference, name), self.hint(name))

    def compare_in(
        self,
        name: str,
        tally: Tally,
        other: Callable[[NDArray[np.integer], Array], NDArray[np.bool_]] | None = None,
        hint: str = "",
    ) -> None:
        """Compare gradients with −F_θ/p, which rounding y has moved a little.

        Not those that are of an `other` path: it gets the places of gradients that are off, and
        their references. A `hint` says what mistake they may be.
        """
        value, gradient, rtol = self.sample.value, self.sample.gradients[name], self.rtol
        exact, unsure, unit = self.exact[name], self.unsure[name], self.unit(name)
        off = ~(np.abs(gradient - exact) <= 0.01 * rtol * np.abs(exact))
        slack = np.zeros(exact.shape)
        if np.any(off):
            unlike = np.ndim(unit) > 0
            at = slice(None) if unlike else off  # unlike parameters have a law per draw
            there = paths_of(self.law, beside(value[at], np.inf))[0][name]
            slack[at] = _NEIGHBOURS * np.abs(there - exact[at])
            slack += _LEFT * np.abs(value) / unit
            slack += 0.0 if unlike else rtol * _NEAR * _around_zero(value, exact)
        wrong = np.abs(gradient - exact) > rtol * np.abs(exact) + slack + 10.0 * unsure
        if other is not None and np.any(wrong):
            places, exact = np.flatnonzero(wrong), exact.copy()
            is_other = other(places, exact[places])
            exact[places] = np.where(is_other, gradient[places], exact[places])
        tally.add(
            self.theta,
            gradient,
            exact,
            rtol=rtol,
            atol=np.where(off, slack, 0.0),
            uncertainty=unsure,
            scale=self.usual_size(name),
            note=f"{hint}; {tally.note}" if hint else "",
            y=value,
        )

    def _is_difference(
        self, name: str, off: NDArray[np.integer], exact: Array
    ) -> NDArray[np.bool_]:
        """Whether gradients are differences at the fixed seed, and −F_θ/p is not: of another path.

        Of a sampler with branches (the larger of two draws, a component of a mixture), most draws
        may come from one of them, and have its quantile path except for what the others add to it.
        """
        target, theta = self.context.target, self.theta
        places = off if self.places is None else self.places[off]
        eps = np.finfo(self.sample.value.dtype).eps
        low, high = target.parameters[name].domain.ends({})
        room = min(theta[name] - float(low), float(high) - theta[name])
        step = min(float(np.cbrt(eps)) * float(self.unit(name)), 0.1 * room)
        total = self.total or self.sample.value.size

        def moved(by: float) -> Array:
            there = target.values({**theta, name: theta[name] + by}, total, self.seed, self.way)
            return np.asarray(there[places], dtype=np.float64)

        above, below = moved(step), moved(-step)
        difference = (above - below) / (2.0 * step)
        lost = 4.0 * eps * np.abs(above) / step
        error = np.abs(self.sample.gradients[name][off] - difference)
        gap = np.abs(exact - difference)
        there = error <= _ROUGHLY * np.abs(difference) + lost
        return np.asarray(there & ((error <= _CLOSER * gap) | (np.maximum(error, gap) <= lost)))


def _around_zero(value: Array, slope: Array) -> Array:
    """Return the size of derivatives next to where they change their sign, 0 elsewhere.

    Next to a zero derivatives have no relative accuracy: it is that of what is within a hundredth
    of the draws from there.
    """
    order, reach = np.argsort(value), max(slope.size // 100, 1)
    ordered, size = slope[order], np.zeros(slope.shape)
    for place in np.flatnonzero(np.diff(np.signbit(ordered))):
        near = slice(max(place - reach, 0), place + reach)
        size[order[near]] = np.nanmax(np.abs(ordered[near]))
    return size


def are_meant(
    value: Array,
    gradient: Array,
    path: Array,
    unsure: Array | float = 0.0,
    *,
    alike: float = _ALIKE,
) -> bool:
    """Whether gradients of draws are meant to be a `path`'s, such as −F_θ/p, if not all are.

    Most are, up to a common factor, to the relative error `alike`. A factor other than 1 is a
    mistake if all have it, and may be a mixture's weight otherwise. Errors of mistaken formulas are
    functions of y. Unbiased gradients of another path have errors X whose mean, given y, is 0;
    those of two draws with the same y then have E|X − X'| ≥ E|X|, by Jensen's inequality, however
    rare the large ones are.
    """
    ratio = np.where(gradient == path, 1.0, gradient / path)
    factor = float(np.nanmedian(ratio))
    off = np.abs(ratio / factor - 1.0)
    if not np.nanmedian(off) < alike:
        return False
    if np.abs(factor - 1.0) > _ROUNDING:
        return bool(np.nanmean(off < _ALIKE) >= _ALL)
    error = gradient - path
    error = np.where(np.abs(error) <= _ROUNDING * np.abs(path) + unsure, 0.0, error)
    error = error / (np.abs(path) + np.nanmean(np.abs(path)))
    error = np.ravel(np.nan_to_num(error, posinf=0.0, neginf=0.0))
    change = np.abs(np.diff(error[np.argsort(np.ravel(value), kind="stable")]))
    count = int(np.count_nonzero(error))
    share = _A_FUNCTION if count >= _FEW else _OF_FEW
    return not count or (count >= _ENOUGH and bool(np.sum(change) <= share * np.sum(np.abs(error))))
