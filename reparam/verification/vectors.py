"""Distributions of vectors, as targets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.draw import Draw
from reparam.base.reparameterized import Marginal, Reparameterized
from reparam.engine.noise import NORMAL, UNIFORM
from reparam.errors import InputError, NoFormulaError, ParameterError
from reparam.regions import Region, Simplex
from reparam.verification.context import noise_of
from reparam.verification.entries import Entries, Entrywise
from reparam.verification.targets import Later, Sample, Target, moments_of

__all__ = ["LEAST_LOGARITHM", "Vectors"]

#: Numbers of gradients that are averaged.
_GRADIENTS = 12 * 2**17
#: Smaller entries have lost digits, or all of them.
_LOST = float(np.finfo(np.float64).tiny)
#: The logarithm of the smallest number.
LEAST_LOGARITHM = math.log(5e-324)


class Vectors(Target):
    """A distribution of vectors of this library, or of a plugin.

    Values and their derivatives have a last axis of `length` entries, those of matrices row after
    row; a vector or matrix parameter is a number for each of its entries that is free. Parameters
    broadcast with rows. Noise is rows of `width` numbers, of all kinds one after another.

    Parameters
    ----------
    thing
        The class, or a distribution of no batch, whose parameters are then kept.
    name
        As it was asked for.

    Raises
    ------
    InputError
        If vectors have a single entry.
    """

    strict = True
    _WAYS: ClassVar = ("shared parameters", "a parameter set a draw")

    def __init__(self, thing: type[Reparameterized] | Reparameterized, name: str):
        cls = thing if isinstance(thing, type) else type(thing)
        self.name, self._cls, self.entries = name, cls, Entries(thing)
        self._instance = None if isinstance(thing, type) else thing
        made = thing() if isinstance(thing, type) else thing
        self.region, self.event, self._noises = cls._support, made.event_shape, made._noises()
        self.length = math.prod(self.event)
        self.width = sum(math.prod(event) for _, event in self._noises)
        if self.length < 2:
            raise InputError(f"{name} has vectors of one entry; verify one with more")
        self.fixed = {} if isinstance(thing, type) else self.entries.of(thing)
        self.parameters = self.entries.numbers
        # as many numbers of gradients, however many there are of one draw
        self.gradient_draws = _GRADIENTS // max(12, self.length * len(self.parameters))
        same = {kind.name for kind, _ in self._noises} == {NORMAL.name}
        self.noise = NORMAL if same else UNIFORM
        self.is_map = made.path == "map"
        #: Whether the density has no ends inside the region.
        self.is_whole = isinstance(made._support, Simplex) or bool(np.all(np.isinf(made.support)))
        self.reference = cls.name
        self.formulas = {
            "log_prob": lambda at, /, **theta: self.law(theta).log_prob(at),
            "score": lambda at, /, **theta: self.law(theta).score(at),
        }
        if cls.has_formula("stein_score"):
            self.formulas["stein_score"] = lambda at, /, **theta: self.law(theta).stein_score(at)

    def made(self, theta: Mapping[str, Any]) -> Reparameterized:
        """Return the distribution."""
        values = self.entries.joined(theta)
        return self._instance.replace(values) if self._instance else self._cls(**values)

    @property
    def ways(self) -> tuple[str, ...]:
        """With one parameter set for all draws, and with one for each."""
        return self._WAYS

    def draws(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Sample:
        """Return n vectors with gradients."""
        d, shape = self._shaped(theta, n, way)
        draw = d.rsample(shape, rng=seed)
        return Sample(self._flat(draw.value), self._gradients(draw, theta))

    def values(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Array:
        """Return n vectors: the same ones, without gradients."""
        d, shape = self._shaped(theta, n, way)
        return self._flat(d.sample(shape, rng=seed))

    def logarithms(
        self, theta: Mapping[str, float], n: int, seed: int, way: str = ""
    ) -> tuple[Array, Array]:
        """Return n vectors y, and ln y: also where an entry underflows, if draws tell it.

        It is at most that of the smallest number otherwise. Off the simplex it is y itself.
        """
        if not isinstance(self.region, Simplex):
            y = self.values(theta, n, seed, way)
            return y, y
        d, shape = self._shaped(theta, n, way)
        draw = d.rsample(shape, rng=seed)
        with np.errstate(all="ignore"):
            log_y = np.log(draw.value)
            lost = draw.value < _LOST
        if np.any(lost):
            told = (
                draw.log_value if "log_value" in self.views else np.maximum(log_y, LEAST_LOGARITHM)
            )
            log_y = np.where(lost, told, log_y)
        return draw.value, log_y

    def _shaped(self, theta: Mapping[str, float], n: int, way: str) -> tuple[Reparameterized, Any]:
        """Return the distribution, and the shape to ask for, that make n draws in that way."""
        if way == self._WAYS[1]:
            return self.made({name: np.full(n, value) for name, value in theta.items()}), ()
        return self.made(theta), n

    def transform(self, noise: Array, /, **theta: Any) -> Sample:
        """Return the vectors that rows of noise make, with gradients."""
        draw = self._of_noise(noise, theta)
        return Sample(self._flat(draw.value), Later(lambda: self._gradients(draw, theta)))

    @property
    def views(self) -> tuple[str, ...]:
        """Such as ``"log_value"``."""
        return tuple(self._cls._views)

    def view(self, name: str, noise: Array, /, **theta: Any) -> Sample:
        """Return a view of the vectors that rows of noise make, with gradients."""
        draw = self._of_noise(noise, theta)
        value = self._flat(getattr(draw, name))
        return Sample(value, Later(lambda: self._gradients(draw, theta, name)))

    def _of_noise(self, noise: Array, theta: Mapping[str, Any]) -> Draw:
        """Return the draw that rows of noise make, each kind from its part of a row."""
        arrays, at = [], 0
        for kind, event in self._noises:
            size = math.prod(event)
            part = noise[..., at : at + size]
            if kind is NORMAL and self.noise is not NORMAL:
                part = noise_of(NORMAL, part)
            arrays.append(part.reshape(part.shape[:-1] + event))
            at += size
        return self.made(theta).transform(*arrays)

    @property
    def is_of_matrices(self) -> bool:
        """Whether values are matrices, which far out round to singular ones."""
        return len(self.event) > 1

    def allows(self, theta: Mapping[str, Any]) -> bool:
        """Return whether there is a distribution with these parameters."""
        try:
            self.made(theta)
        except ParameterError:
            return False
        return True

    def outside(self, theta: Mapping[str, Any], y: Array) -> NDArray[np.bool_]:
        """Return which rows are outside the support."""
        d = self.made(theta)
        region = cast(Region, self.region)
        return region.outside(y.reshape(*y.shape[:-1], *self.event), d._values)

    def _flat(self, values: Array) -> Array:
        """Return the entries of values on one last axis."""
        return values.reshape(*values.shape[: values.ndim - len(self.event)], -1)

    def _gradients(
        self, draw: Draw, theta: Mapping[str, Any], of: str = "value"
    ) -> dict[str, Array]:
        """Return the derivatives of entries in each number."""
        rows = (*draw.value.shape[: draw.value.ndim - len(self.event)], self.length)
        rank = draw.value.ndim
        entries = {
            name: entry.reshape(rows + entry.shape[rank:])
            for name, entry in draw.jacobian(of).items()
        }
        return self.entries.split(entries, theta)

    def law(self, theta: Mapping[str, float], seed: int = 0) -> Entrywise:
        """Return the distribution itself: its density is compared with everything else."""
        return Entrywise(self.made(theta), self.entries, theta)

    def entropy(self, theta: Mapping[str, float]) -> float:
        """Return the entropy, NaN if there is no formula."""
        try:
            return float(self.made(theta).entropy)
        except NoFormulaError:
            return math.nan

    def moments(self, theta: Mapping[str, float]) -> dict[str, Array]:
        """Return the moments and the entropy that have formulas."""
        return moments_of(self.made(theta))

    def marginals(self, theta: Mapping[str, float]) -> tuple[Marginal, ...]:
        """Return functions of ln y, off the simplex of y, whose laws are known."""
        d = self.made(theta)
        return d._marginals(*d._theta)
