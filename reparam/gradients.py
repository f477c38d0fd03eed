"""Derivatives of streams of draws, and back-propagation through them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from reparam._typing import Array
from reparam.draw import Draw

__all__ = ["Gradients"]


@dataclass
class Gradients:
    """∂y/∂θ a draw and, given ∂L/∂y, ∂L/∂θ a draw and in total.

    Attributes
    ----------
    draws
        The draws, chunk by chunk.
    upstream
        ∂L/∂y for each value, of shape (draws, *batch shape), or None.
    totals
        ∂L/∂θ by parameter, of the parameter's own shape: the sum over the chunks seen so far.
    """

    draws: Iterator[Draw]
    upstream: Array | None = None
    totals: dict[str, Array] = field(default_factory=dict, init=False)

    def names(self, parameters: Iterator[str]) -> list[str]:
        """Return the names of the columns that :meth:`blocks` yields."""
        thetas = list(parameters)
        names = ["noise", "y", *(f"dy_d{theta}" for theta in thetas)]
        if self.upstream is not None:
            names += ["upstream", *(f"dL_d{theta}" for theta in thetas)]
        return names

    def blocks(self) -> Iterator[dict[str, Array]]:
        """Yield the columns chunk by chunk, adding to the totals."""
        seen = 0
        for draw in self.draws:
            jacobian = draw.jacobian()
            block = {"noise": draw.noise, "y": draw.value}
            block |= {f"dy_d{name}": entry for name, entry in jacobian.items()}
            if self.upstream is not None:
                upstream = self.upstream[seen : seen + len(draw.value)]
                seen += len(upstream)
                block["upstream"] = upstream
                block |= {f"dL_d{name}": upstream * entry for name, entry in jacobian.items()}
                for name, gradient in draw.vjp(upstream).items():
                    self.totals[name] = self.totals.get(name, 0.0) + gradient
            yield block
