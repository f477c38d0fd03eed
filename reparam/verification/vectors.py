"""Distributions of vectors, as targets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.reparameterized import Marginal, Reparameterized
from reparam.errors import InputError
from reparam.verification.entries import Entries, Entrywise
from reparam.verification.targets import Later, Sample, Target

__all__ = ["Vectors"]

#: Smaller entries have lost digits, or all of them.
_LOST = float(np.finfo(np.float64).tiny)
#: The logarithm of the smallest number.
_LEAST = math.log(5e-324)


class Vectors(Target):
    """A distribution of vectors of this library, or of a plugin.

    Values and their derivatives have a last axis of `length` entries; a vector parameter is a
    number for each of its entries. Parameters broadcast with rows.

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
    gradient_draws = 2**17
    _WAYS: ClassVar = ("shared parameters", "a parameter set a draw")

    def __init__(self, thing: type[Reparameterized] | Reparameterized, name: str):
        cls = thing if isinstance(thing, type) else type(thing)
        self.name, self._cls, self._entries = name, cls, Entries(thing)
        self.length = (thing() if isinstance(thing, type) else thing).event_shape[0]
        if self.length < 2:
            raise InputError(f"{name} has vectors of one entry, which is 1; verify one with more")
        self.fixed = {} if isinstance(thing, type) else self._entries.of(thing)
        self.parameters = self._entries.numbers
        self.noise = cls.noise
        self.reference = cls.name
        self.formulas = {
            "log_prob": lambda at, /, **theta: self.made(theta).log_prob(at),
            "score": lambda at, /, **theta: self.law(theta).score(at),
        }

    def made(self, theta: Mapping[str, Any]) -> Reparameterized:
        """Return the distribution."""
        return self._cls(**self._entries.joined(theta))

    @property
    def ways(self) -> tuple[str, ...]:
        """With one parameter set for all draws, and with one for each."""
        return self._WAYS

    def draws(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Sample:
        """Return n vectors with gradients."""
        d, shape = self._shaped(theta, n, way)
        draw = d.rsample(shape, rng=seed)
        return Sample(draw.value, self._entries.split(draw.jacobian()))

    def values(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Array:
        """Return n vectors: the same ones, without gradients."""
        d, shape = self._shaped(theta, n, way)
        return d.sample(shape, rng=seed)

    def logarithms(
        self, theta: Mapping[str, float], n: int, seed: int, way: str = ""
    ) -> tuple[Array, Array]:
        """Return n vectors y, and ln y: also where an entry underflows, if draws tell it.

        It is at most that of the smallest number otherwise.
        """
        d, shape = self._shaped(theta, n, way)
        draw = d.rsample(shape, rng=seed)
        with np.errstate(all="ignore"):
            log_y = np.log(draw.value)
            lost = draw.value < _LOST
        if np.any(lost):
            told = draw.log_value if "log_value" in self.views else np.maximum(log_y, _LEAST)
            log_y = np.where(lost, told, log_y)
        return draw.value, log_y

    def _shaped(self, theta: Mapping[str, float], n: int, way: str) -> tuple[Reparameterized, Any]:
        """Return the distribution, and the shape to ask for, that make n draws in that way."""
        if way == self._WAYS[1]:
            return self.made({name: np.full(n, value) for name, value in theta.items()}), ()
        return self.made(theta), n

    def transform(self, noise: Array, /, **theta: Any) -> Sample:
        """Return the vectors that rows of noise make, with gradients."""
        draw = self.made(theta).transform(noise)
        return Sample(draw.value, Later(lambda: self._entries.split(draw.jacobian())))

    @property
    def views(self) -> tuple[str, ...]:
        """Such as ``"log_value"``."""
        return tuple(self._cls._views)

    def view(self, name: str, noise: Array, /, **theta: Any) -> Sample:
        """Return a view of the vectors that rows of noise make, with gradients."""
        draw = self.made(theta).transform(noise)
        return Sample(
            getattr(draw, name), Later(lambda: self._entries.split(draw.jacobian(of=name)))
        )

    def law(self, theta: Mapping[str, float], seed: int = 0) -> Entrywise:
        """Return the distribution itself: its density is compared with everything else."""
        return Entrywise(self.made(theta), self._entries)

    def marginals(self, theta: Mapping[str, float]) -> tuple[Marginal, ...]:
        """Return functions of ln y whose laws are known."""
        d = self.made(theta)
        return d._marginals(*d._theta)
