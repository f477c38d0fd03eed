"""Distributions of vectors, as targets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.draw import Draw
from reparam.base.reparameterized import Marginal, Reparameterized
from reparam.engine.noise import NORMAL, UNIFORM
from reparam.errors import InputError, NoFormulaError
from reparam.regions import Region, Simplex, UnitVector
from reparam.verification.laws.entries import Entries, Entrywise
from reparam.verification.targets.registered import Registered
from reparam.verification.targets.target import Later, Sample, noise_of

__all__ = ["LEAST_LOGARITHM", "Vectors"]

#: Numbers of gradients that are averaged.
_GRADIENTS = 12 * 2**17
#: Smaller entries have lost digits, or all of them.
_LOST = float(np.finfo(np.float64).tiny)
#: The logarithm of the smallest number.
LEAST_LOGARITHM = math.log(5e-324)


class Vectors(Registered):
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

    Raises InputError if vectors have a single entry.
    """

    def __init__(self, thing: type[Reparameterized] | Reparameterized, name: str) -> None:
        cls = thing if isinstance(thing, type) else type(thing)
        self.name, self._thing, self._cls, self.entries = name, thing, cls, Entries(thing)
        self._late = {}
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
        bounded = isinstance(made._support, (Simplex, UnitVector))
        self.is_whole = bounded or bool(np.all(np.isinf(made.support)))
        self.reference = cls.name
        stein = ("stein_score",) if cls.has_formula("stein_score") else ()
        self.formulas = {name: self._formula(name) for name in ("log_prob", "score", *stein)}

    def values(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Array:
        """Return n vectors: the same ones, without gradients."""
        return self._flat(super().values(theta, n, seed, way))

    def logarithms(
        self, theta: Mapping[str, float], n: int, seed: int, way: str = ""
    ) -> tuple[Array, Array]:
        """Return n vectors y, and ln y: also where an entry underflows, if draws tell it.

        It is at most that of the smallest number otherwise. Off the simplex it is y itself.
        """
        if not isinstance(self.region, Simplex):
            y = self.values(theta, n, seed, way)
            return y, y
        d, shape = self._distribution(theta, n, way)
        draw = d.rsample(shape, rng=seed)
        with np.errstate(all="ignore"):
            log_y = np.log(draw.value)
            lost = draw.value < _LOST
        if np.any(lost):
            derived = (
                draw.log_value if "log_value" in self.views else np.maximum(log_y, LEAST_LOGARITHM)
            )
            log_y = np.where(lost, derived, log_y)
        return draw.value, log_y

    def repeated(
        self, theta: Mapping[str, float], n: int, seed: int, way: str
    ) -> tuple[Sample, Sample]:
        """Return n vectors with gradients, and what ``transform`` makes of their own noise."""
        d, shape = self._distribution(theta, n, way)
        draw = d.rsample(shape, rng=seed)
        noise = draw.noise if isinstance(draw.noise, tuple) else (draw.noise,)
        return self._sample(draw, theta), self._sample(d.transform(*noise), theta)

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
        return self._made(theta).transform(*arrays)

    @property
    def is_of_matrices(self) -> bool:
        """Whether values are matrices, which far out round to singular ones."""
        return len(self.event) > 1

    def outside(self, theta: Mapping[str, Any], y: Array) -> NDArray[np.bool_]:
        """Return which rows are outside the support."""
        d = self._made(theta)
        region = cast(Region, self.region)
        return region.outside(y.reshape(*y.shape[:-1], *self.event), d._values)

    def _flat(self, values: Array) -> Array:
        """Return the entries of values on one last axis."""
        return values.reshape(*values.shape[: values.ndim - len(self.event)], -1)

    def _sample(self, draw: Draw, theta: Mapping[str, Any], of: str = "value") -> Sample:
        def gradients() -> dict[str, Array]:
            rows = (*draw.value.shape[: draw.value.ndim - len(self.event)], self.length)
            found = draw.jacobian(of)
            flat = {
                k: each.reshape(rows + each.shape[draw.value.ndim :]) for k, each in found.items()
            }
            return self.entries.split(flat, theta)

        return Sample(self._flat(getattr(draw, of)), Later(gradients))

    def law(self, theta: Mapping[str, float], seed: int = 0) -> Entrywise:
        """Return the distribution itself: its density is compared with everything else."""
        return Entrywise(self._made(theta), self.entries, theta)

    def entropy(self, theta: Mapping[str, float]) -> float:
        """Return the entropy, NaN if there is no formula."""
        try:
            return float(self._made(theta).entropy)
        except NoFormulaError:
            return math.nan

    def marginals(self, theta: Mapping[str, float]) -> tuple[Marginal, ...]:
        """Return functions of ln y, off the simplex of y, whose laws are known."""
        d = self._made(theta)
        return d._marginals(*d._theta)
