"""Derivatives of streams of draws, and back-propagation through them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.base.draw import Draw
from reparam.base.reparameterized import Reparameterized
from reparam.base.second_order import triangle

__all__ = ["Gradients"]


@dataclass
class Gradients:
    """∂y/∂θ per draw and, given ∂L/∂y, ∂L/∂θ per draw and in total.

    The draws are gone through once, by :meth:`blocks` or by :meth:`sum`. Of vectors there are
    derivatives of each entry y_i, in each entry ``name[k]`` of a vector parameter, or
    ``name[j][k]`` of a matrix; ∂L/∂θ is then
    cut into its terms ∂L/∂y_i ∂y_i/∂θ.

    Attributes
    ----------
    distribution
        What the draws are from.
    draws
        The draws, chunk by chunk.
    upstream
        ∂L/∂y for each value, of shape (draws, *batch shape, *event shape), or None.
    second
        Whether to yield ∂²y/∂θ∂φ per draw, too: of numbers.
    totals
        ∂L/∂θ by parameter, of the parameter's own shape: the sum over the chunks seen so far.
    """

    distribution: Reparameterized
    draws: Iterator[Draw]
    upstream: Array | None = None
    second: bool = False
    totals: dict[str, Array] = field(init=False)

    def __post_init__(self) -> None:
        theta = self.distribution.parameters.differentiable if self.upstream is not None else ()
        self.totals = {name: np.zeros_like(self.distribution[name]) for name in theta}

    @property
    def columns(self) -> list[str]:
        """The names of the columns that :meth:`blocks` yields."""
        declared, values = self.distribution.parameters, self.distribution._values
        thetas = [
            entry
            for name in declared.differentiable
            for entry in _names(name, declared[name].event(values[name]))
        ]
        noise = ["noise"] if _has_noise(self.distribution) else []
        names = [*noise, "y", *(f"dy_d{theta}" for theta in thetas)]
        if self.second:
            names += _pairs(thetas)
        if self.upstream is not None:
            names += ["upstream", *(f"dL_d{theta}" for theta in thetas)]
        return names

    def blocks(self) -> Iterator[dict[str, Array]]:
        """Yield the columns chunk by chunk, adding to the totals."""
        for draw, upstream in self._pairs():
            jacobian = _entries(draw)
            noise = {"noise": draw.noise} if _has_noise(draw.distribution) else {}
            block = {**noise, "y": draw.value}
            block |= {f"dy_d{name}": entry for name, entry in jacobian.items()}
            if self.second:
                block |= zip(_pairs([*jacobian]), triangle(draw), strict=True)
            if upstream is not None:
                block["upstream"] = upstream
                with np.errstate(all="ignore"):
                    products = {name: upstream * entry for name, entry in jacobian.items()}
                block |= {f"dL_d{name}": product for name, product in products.items()}
                d = draw.distribution
                if d.event_shape or not d.parameters.are_numbers:
                    self._add(draw.vjp(upstream))
                else:
                    self._add(draw._summed(products.values()))
            yield block

    def sum(self) -> dict[str, Array]:
        """Return the totals over all the draws, without the columns."""
        for draw, upstream in self._pairs():
            if upstream is not None:
                self._add(draw.vjp(upstream))
        return self.totals

    def _pairs(self) -> Iterator[tuple[Draw, Array | None]]:
        seen = 0
        for draw in self.draws:
            stop = seen + len(draw.value)
            yield draw, None if self.upstream is None else self.upstream[seen:stop]
            seen = stop

    def _add(self, gradients: dict[str, Array]) -> None:
        for name, gradient in gradients.items():
            self.totals[name] = self.totals[name] + gradient


def _pairs(names: Sequence[str]) -> list[str]:
    """Return the columns of ∂²y/∂θ∂φ, each pair once."""
    pairs = combinations_with_replacement(names, 2)
    return [f"d2y_d{one}_d{other}" for one, other in pairs]


def _entries(draw: Draw) -> dict[str, Array]:
    """Return ∂y/∂θ, of a vector parameter for each of its entries."""
    result: dict[str, Array] = {}
    for name, entry in draw.jacobian().items():
        event = entry.shape[draw.value.ndim :]
        flat = entry.reshape(*draw.value.shape, -1)
        result |= {each: flat[..., k] for k, each in enumerate(_names(name, event))}
    return result


def _names(name: str, event: tuple[int, ...]) -> list[str]:
    """Return the names of the entries of a parameter: its own, of a number."""
    return [name + "".join(f"[{k}]" for k in at) for at in np.ndindex(*event)]


def _has_noise(d: Distribution) -> bool:
    """Whether there is a number of noise for each number of a draw."""
    return not d.event_shape or [event for _, event in d._noises()] == [d.event_shape]
