"""Distributions of this library, and of plugins, as targets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import Distribution
from reparam.base.draw import Draw
from reparam.base.reparameterized import Reparameterized
from reparam.domains import Interval
from reparam.errors import NoFormulaError, ParameterError
from reparam.verification.laws.entries import Entries, Entrywise
from reparam.verification.laws.law import Law
from reparam.verification.refusals import NoGradient, NotApplicable
from reparam.verification.targets.target import FORMULAS, Bends, Later, Sample, Target, Unlike

__all__ = ["Masses", "Registered"]

#: How far parameters of an instance are moved, at most, relative to 1 + |θ|; and bisections that
#: find where there is no distribution any more.
_REACH, _HALVINGS = 0.25, 40
#: Draws of given noise that are kept for their views.
_LATE = 64
#: The most draws of a distribution whose formulas are slow that these are computed at.
_OF_SLOW = 2**12

#: What distributions have beside FORMULAS, and discrete ones.
_LOGARITHMS = ("log_cdf", "log_sf")
_OF_NUMBERS = (*FORMULAS, *_LOGARITHMS, "stein_score", "isf")
_OF_INTEGERS: tuple[str, ...] = (*FORMULAS[:-1], *_LOGARITHMS)
_OF_COUNTS = ("log_prob", "score")
#: The sum of vectors of counts, if none is given.
_TOTAL = 5.0
#: What distributions may have a formula for; of numbers it follows numerically, else.
_MOMENTS = ("mean", "variance", "covariance", "entropy")
#: Functions without which the formulas are still exact.
_BESIDE = frozenset({"log_cdf", "log_sf", "pathwise2", "stein_score"})


class Registered(Target):
    """A distribution of this library, or of a plugin."""

    strict, rounding = True, 0.0
    #: One number for all draws, or one per draw: both must draw alike.
    _WAYS: ClassVar = ("shared parameters", "a parameter set a draw")

    def __init__(self, thing: type[Reparameterized] | Reparameterized, name: str) -> None:
        self._thing, self.name = thing, name
        self._cls = cls = thing if isinstance(thing, type) else type(thing)
        self.fixed = {}
        self.entries = Entries(thing, thing.parameters.differentiable)
        if isinstance(thing, Reparameterized):
            # there is no derivative in an infinite one
            values = self.entries.of(thing)
            self.fixed = {key: value for key, value in values.items() if math.isfinite(value)}
        self._late: dict[tuple[bytes, ...], Draw] = {}
        self.parameters = {
            key: parameter
            for key, parameter in self.entries.numbers.items()
            if key in self.fixed or isinstance(thing, type)
        }
        if isinstance(thing, Reparameterized):
            self._stay_inside()
        if cls._is_slow:
            self.gradient_draws = self.formula_draws = _OF_SLOW
        self.noise, self.rises = thing.noise, thing._rises
        self.replays = thing.path == "map"
        moving = (thing() if isinstance(thing, type) else thing).moving
        self.moving = tuple(name for name in moving if name in self.parameters)
        if isinstance(thing, type):
            self.ordered = thing._ordered
        # the table is of the defaults of parameters without derivatives
        constants = cls.parameters.keys() - {*cls.parameters.differentiable}
        usual = isinstance(thing, type) or all(
            np.all(thing[key] == cls.parameters[key].initial) for key in constants
        )
        self.reference = cls.name if usual else None
        if not _BESIDE.issuperset(cls.numerical_formulas()):  # which lose digits in the tails
            self.strict, self.rounding = False, Target.rounding
        self.formulas = {formula: self._formula(formula) for formula in _OF_NUMBERS}

    def _stay_inside(self) -> None:
        """Narrow domains to where there is a distribution, with the other parameters as they are.

        What is on the edge of that is kept: there is no derivative from both sides.
        """
        declared, self.parameters = self.parameters, {}
        for name, parameter in declared.items():
            centre = self.fixed[name]
            low, high = (float(end) for end in parameter.domain.ends({}))
            for side in (-_REACH, _REACH):
                inside, outside = centre, centre + side * (1.0 + abs(centre))
                if not low < outside < high or self.allows({**self.fixed, name: outside}):
                    continue
                for _ in range(_HALVINGS):
                    middle = 0.5 * (inside + outside)
                    if self.allows({**self.fixed, name: middle}):
                        inside = middle
                    else:
                        outside = middle
                low, high = (inside, high) if side < 0.0 else (low, inside)
            if low < centre < high:
                domain = Interval(low, high)
                narrower = replace(parameter, domain=domain)
                narrower.__set_name__(self._cls, name)
                kept = (low, high) == tuple(map(float, parameter.domain.ends({})))
                self.parameters[name] = parameter if kept else narrower

    def allows(self, theta: Mapping[str, Any]) -> bool:
        """Return whether there is a distribution with these parameters."""
        try:
            self._made(theta)
        except ParameterError:
            return False
        return True

    def _sample(self, draw: Draw, theta: Mapping[str, Any], of: str = "value") -> Sample:
        """Return a draw's values, or a view of them, and derivatives once they are asked for."""
        at = partial(self._gradients_at, draw, theta, of)
        return Sample(getattr(draw, of), Later(partial(self._gradients, draw, of), at))

    def _gradients(self, draw: Draw, of: str) -> dict[str, Array]:
        """Return ∂y/∂θ in each parameter that is not infinite."""
        entries = self.entries.split(draw.jacobian(of))
        return {key: entry for key, entry in entries.items() if key in self.parameters}

    def _gradients_at(
        self, draw: Draw, theta: Mapping[str, Any], of: str, places: NDArray[np.integer]
    ) -> dict[str, Array]:
        """Return ∂y/∂θ at some of the draws, as if only these had been made."""
        d, value = draw.distribution, draw.value
        if d.batch_shape:
            each = {name: np.broadcast_to(theta[name], value.shape)[places] for name in theta}
            d = self._made(each)
        extras = tuple(extra[places] for extra in draw._extras)
        return self._gradients(Draw(d, value[places], extras, (), 0), of)

    def _made(self, theta: Mapping[str, Any]) -> Reparameterized:
        """Return the distribution with these parameters, by path."""
        thing, values = self._thing, self.entries.joined(theta)
        return thing.replace(values) if isinstance(thing, Reparameterized) else thing(**values)

    @property
    def ways(self) -> tuple[str, ...]:
        """With numbers for parameters, and with arrays."""
        return self._WAYS

    def draws(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Sample:
        """Return n values with gradients."""
        d, shape = self._distribution(theta, n, way)
        return self._sample(d.rsample(shape, rng=seed), theta)

    def values(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Array:
        """Return n values: the same ones, without gradients."""
        d, shape = self._distribution(theta, n, way)
        return d.sample(shape, rng=seed)

    def second(self, theta: Mapping[str, float], n: int, seed: int) -> tuple[Sample, Bends]:
        """Return n values with gradients, and second derivatives by pairs of parameters."""
        if self.entries.are_of_vectors:
            return super().second(theta, n, seed)
        draw = self._made(theta).rsample(n, rng=seed)
        try:
            rows = draw.hessian()
        except NoFormulaError as refusal:
            raise NotApplicable(f"it offers no second derivatives: {refusal}") from None
        bends = {(a, b): each for a, row in rows.items() for b, each in row.items()}
        return self._sample(draw, theta), bends

    def consecutive(self, theta: Mapping[str, float], n: int, seed: int) -> list[Array] | None:
        """Return the n values of each of two calls with one generator."""
        d, rng = self._made(theta), np.random.default_rng(seed)
        return [d.sample(n, rng=rng) for _ in range(2)]

    def _distribution(
        self, theta: Mapping[str, float], n: int, way: str
    ) -> tuple[Reparameterized, Any]:
        """Return the distribution, and the shape to ask for, that make n draws in that way."""
        if way == self._WAYS[1]:
            return self._made({name: np.full(n, value) for name, value in theta.items()}), ()
        return self._made(theta), n

    def unlike(self, n: int, seed: int) -> Unlike | None:
        """Return n values with gradients, of typical parameters at random."""
        if not self._thing._on_quantile_path:
            return None
        rng = np.random.default_rng(seed)
        theta = {
            name: np.full(n, self.fixed[name])
            if name in self.fixed
            else parameter.typical_at(rng.random(n))
            for name, parameter in self.parameters.items()
        }
        d = self._made(theta)
        draw = d.rsample(rng=seed)
        return Unlike(theta, self._sample(draw, theta), self._law_of(d))

    def transform(self, noise: Array, /, **theta: Any) -> Sample:
        """Return the values that this noise makes, with gradients."""
        return self._sample(self._transformed(noise, theta), theta)

    @property
    def views(self) -> tuple[str, ...]:
        """Such as ``"log_value"``."""
        return tuple(self._cls._views)

    def view(self, name: str, noise: Array, /, **theta: Any) -> Sample:
        """Return a view of the values that this noise makes, with gradients."""
        return self._sample(self._transformed(noise, theta), theta, name)

    def _transformed(self, noise: Array, theta: Mapping[str, Any]) -> Draw:
        """Return the draw that this noise makes: of late ones the same, whatever is looked at."""
        key = (noise.tobytes(), *(np.asarray(value).tobytes() for value in theta.values()))
        if key not in self._late:
            if len(self._late) >= _LATE:
                self._late.clear()
            self._late[key] = self._of_noise(noise, theta)
        return self._late[key]

    def _of_noise(self, noise: Array, theta: Mapping[str, Any]) -> Draw:
        return self._made(theta).transform(noise)

    def law(self, theta: Mapping[str, float], seed: int) -> Law:
        """Return the distribution itself: its formulas are compared with each other."""
        return self._law_of(self._made(theta))

    def joints(self, theta: Mapping[str, float]) -> Array:
        """Return values that integrals are best split at."""
        d = self._made(theta)
        places = d._joints(*d._nested(d._theta))
        return np.concatenate([np.zeros(0), *map(np.ravel, places)])

    def jumps(self, theta: Mapping[str, float]) -> list[tuple[float, Mapping[str, float]]]:
        """Return where the density jumps inside the support, at a place that moves."""
        d = self._made(theta)
        low, high = d.support
        return [
            (float(flow.end), {name: float(gone) for name, gone in flow.through.items()})
            for flow in d._flows()
            if low < flow.end < high
        ]

    def moments(self, theta: Mapping[str, float]) -> dict[str, Array]:
        """Return the mean, the variance and the entropy."""
        return _moments_of(self._made(theta))

    def _law_of(self, d: Reparameterized) -> Law:
        return Entrywise(d, self.entries) if self.entries.are_of_vectors else d


def _moments_of(d: Distribution) -> dict[str, Array]:
    """Return the moments and the entropy of a distribution of no batch."""
    rank, found = len(d.event_shape), {}
    for name in _MOMENTS:
        exists = rank or name != "covariance"
        if exists and (not rank or d.has_formula(name)):
            with suppress(NoFormulaError):  # at these parameters
                found[name] = np.asarray(getattr(d, name))
    return found


class Masses(Target):
    """A discrete distribution of this library, or of a plugin: draws without gradients.

    A vector parameter is a number for each of its entries. Parameters that are not differentiable
    are constants. Values may be vectors of counts, which have no cumulative functions; unless their
    sum is given it is `_TOTAL`.
    """

    strict, rounding = True, 0.0

    def __init__(self, thing: type[Discrete] | Discrete, name: str) -> None:
        cls = thing if isinstance(thing, type) else type(thing)
        self.name, self._thing = name, thing
        self.obstacle = cls.obstacle()
        self.region = cls._support
        declared = thing.parameters
        differentiable = declared.differentiable
        self._entries = Entries(thing, differentiable)
        self.parameters = self._entries.numbers
        self.constants = {
            key: parameter for key, parameter in declared.items() if key not in differentiable
        }
        self.fixed, formulas = {}, _OF_INTEGERS
        if cls._support.rank:
            self.length = math.prod((thing() if isinstance(thing, type) else thing).event_shape)
            formulas = _OF_COUNTS
            self.fixed = dict.fromkeys(self.constants, _TOTAL)
        if isinstance(thing, Discrete):
            kept = {key: float(thing[key]) for key in self.constants}
            self.fixed = {**kept, **self._entries.of(thing)}
            # there is no derivative from both sides on the edge of a domain
            self.parameters = {
                key: each
                for key, each in self.parameters.items()
                if each.domain.ends({})[0] < self.fixed[key] < each.domain.ends({})[1]
            }
        self.formulas = {formula: self._formula(formula) for formula in formulas}

    def _made(self, theta: Mapping[str, Any]) -> Discrete:
        kept = {key: self.fixed[key] for key in self.constants if key in self.fixed}
        values = {**kept, **self._entries.joined(theta)}
        return (
            self._thing(**values) if isinstance(self._thing, type) else self._thing.replace(values)
        )

    def draws(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Sample:
        """Raise: there are none with gradients."""
        raise NoGradient(self.obstacle)

    def values(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Array:
        """Return n values."""
        return np.asarray(self._made(theta).sample(n, rng=seed))

    def law(self, theta: Mapping[str, Any], seed: int = 0) -> Law:
        """Return the distribution itself: its formulas are compared with each other."""
        return Entrywise(self._made(theta), self._entries, theta)

    def total(self, theta: Mapping[str, float]) -> int:
        """Return the sum of each vector's counts."""
        support: Any = self.region
        return int(self._made(theta)[support.total]) if support.total else 1

    def moments(self, theta: Mapping[str, float]) -> dict[str, Array]:
        """Return the mean, the variance and the entropy."""
        return _moments_of(self._made(theta))
