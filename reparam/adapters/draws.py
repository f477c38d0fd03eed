"""Draws of numbers for adapters: the bits and the gradients that distributions give, in less time.

A training step makes a few hundred draws at a time, and the objects of a distribution and its draw
take longer than that. What doesn't depend on parameters' values is found once for each
distribution; formulas then take arrays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

from reparam._typing import Array
from reparam.adapters.formulas import DRAWS
from reparam.adapters.laws import law_of
from reparam.base.mechanisms import LocationScale
from reparam.base.products import scaled
from reparam.engine.blocks import evaluate
from reparam.engine.noise import BLOCK, NORMAL, Stream, Substream
from reparam.engine.operands import Operand, batch_operand, operand
from reparam.engine.shapes import broadcast_shapes, summed_to

__all__ = ["Drawn", "Way", "way_of"]


@cache
def way_of(key: str, function: str) -> Way:
    """Return how a distribution is drawn, by one of :data:`~reparam.adapters.formulas.DRAWS`."""
    return Way(key, function)


class Way:
    """How a scalar distribution is drawn.

    Attributes
    ----------
    moving
        The numbers of the parameters that there are derivatives in.
    is_placed
        Whether draws are loc + scale · z, with nothing else that depends on parameters.
    """

    def __init__(self, key: str, function: str) -> None:
        self._law: Any = law_of(key)
        law, default = self._law, self._law()
        d = default.by_quantile() if DRAWS[function] else default
        self._kinds = [kind for kind, _ in d._noises()]
        self._drawing = d._drawing
        self._events: list[tuple[()]] = [()] * (1 + d._extras)
        self._jacobian = d._formula("_jacobian")
        declared = [*d._own.values()]
        self._domains = [each.domain for each in declared]
        self.moving = [k for k, each in enumerate(declared) if each.differentiable]
        self._is_joint = bool(law._ordered or law._not_above or law._above)
        is_placed = issubclass(law, LocationScale) and law._is_without_shapes()
        self.is_placed = is_placed and d.path == "map"

    def holds(self, theta: Sequence[Array]) -> bool:
        """Whether each parameter is plainly in its domain: False may mean nothing."""
        for domain, values in zip(self._domains, theta, strict=True):
            if not domain.plainly_holds(values):
                return False
        return True

    def checked(self, theta: Sequence[Array]) -> Sequence[Array]:
        """Return parameters, with what stands for inf.

        Raises
        ------
        ParameterError
            If one is outside its domain.
        """
        if self._is_joint or not self.holds(theta):
            theta = self._law(*theta)._theta
        return theta

    def standard(self, stream: Stream, first: int, shape: tuple[int, ...]) -> Array:
        """Return the z of draws loc + scale · z, elements of the stream from `first` on."""
        formula, (kind,) = self._law._standard_transform, self._kinds
        if kind is NORMAL and (size := math.prod(shape)) < BLOCK:  # z is the noise
            return stream.take(kind, 0, first, first + size).reshape(shape)
        noise = Substream(stream, kind)
        return evaluate(lambda u: formula(u)[0], [noise], shape, first=first)[0]

    def draw(
        self, stream: Stream, first: int, shape: tuple[int, ...], theta: Sequence[Array]
    ) -> Drawn:
        """Return draws of a shape that checked parameters broadcast to, likewise."""
        batch = broadcast_shapes(**{str(k): values.shape for k, values in enumerate(theta)})
        operands = [batch_operand(values, batch, shape, (), first) for values in theta]
        noise = [Substream(stream, kind, k) for k, kind in enumerate(self._kinds)]
        events = self._events
        made = evaluate(self._drawing, [*noise, *operands], shape, events=events, first=first)
        return Drawn(self, made, theta, operands)

    def products(self, upstream: Array, *made_and_theta: Array) -> tuple[Array, ...]:
        """Return upstream · ∂y/∂θ of each draw, for each parameter."""
        return tuple([scaled(upstream, entry) for entry in self._jacobian(*made_and_theta)])


class Drawn:
    """Draws, and what their derivatives are computed from.

    Attributes
    ----------
    made
        The value, and the auxiliary arrays.
    """

    def __init__(
        self, way: Way, made: list[Array], theta: Sequence[Array], operands: list[Operand]
    ) -> None:
        self.made, self._way, self._theta, self._operands = made, way, theta, operands

    def pull(self, upstream: Array) -> list[Array]:
        """Return Σ upstream · ∂y/∂θ, in the shape of each differentiable parameter."""
        shape = upstream.shape
        own = [self._theta[k] for k in self._way.moving]
        operands = [operand(values, shape) for values in (upstream, *self.made)]
        operands += self._operands
        events, sums = [()] * len(own), [values.ndim == 0 for values in own]
        found = evaluate(self._way.products, operands, shape, events=events, sums=sums)
        return [
            gradient if summed else summed_to(gradient, values.shape)
            for gradient, values, summed in zip(found, own, sums, strict=True)
        ]
