"""Pictures as data: the numbers that a terminal or matplotlib draws, and nothing about looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from reparam._typing import Array

__all__ = ["Bars", "Curve", "Layer", "Panel", "Picture", "Points", "Quantile", "Stems"]

Limits: TypeAlias = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Curve:
    """A line through points, from left to right.

    Attributes
    ----------
    x, y
        The points; `y` is NaN where the line has a gap.
    label
        What the line is, for a legend; empty if another label covers it.
    group
        The number of the distribution that it belongs to: lines of one group share a colour.
    role
        ``"line"``; ``"filled"`` down to 0; ``"steps"``, constant between points; or ``"tangent"``.
    """

    x: Array
    y: Array
    label: str = ""
    group: int = 0
    role: str = "line"


@dataclass(frozen=True, eq=False)
class Stems:
    """Vertical lines from 0 to `y`: functions of integers."""

    x: Array
    y: Array
    label: str = ""
    group: int = 0


@dataclass(frozen=True, eq=False)
class Bars:
    """A histogram of draws.

    Attributes
    ----------
    edges
        The n + 1 bounds of n bars.
    y
        The share of all draws in each bar, divided by its width.
    total, outside
        The number of draws, and how many of them lie in no bar.
    """

    edges: Array
    y: Array
    total: int
    outside: int = 0
    label: str = ""
    group: int = 0

    @property
    def x(self) -> Array:
        """The centres of the bars."""
        return 0.5 * (self.edges[1:] + self.edges[:-1])


@dataclass(frozen=True, eq=False)
class Points:
    """Single points."""

    x: Array
    y: Array
    label: str = ""
    group: int = 0


Layer: TypeAlias = Curve | Stems | Bars | Points


@dataclass(frozen=True, eq=False)
class Panel:
    """One pair of axes.

    Attributes
    ----------
    name
        ``"density"``, ``"path θ"`` or ``"gradient θ"``, with the parameter's name for θ.
    x_label, y_label
        What the axes show.
    layers
        What is drawn, from back to front.
    x_limits, y_limits
        The part that is shown; values may lie beyond, and are infinite nowhere.
    notes
        What the drawing can't show, a sentence each.
    """

    name: str
    x_label: str
    y_label: str
    layers: tuple[Layer, ...]
    x_limits: Limits
    y_limits: Limits
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quantile:
    """A row of numbers below the picture: one quantile of one distribution.

    Attributes
    ----------
    group
        The number of the distribution.
    u, y, density
        P(Y ≤ y), y and p(y).
    gradient
        ∂y/∂θ by parameter; of a discrete distribution ∂ log p/∂θ.
    """

    group: int
    u: float
    y: float
    density: float
    gradient: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Picture:
    """All panels of a picture, and numbers.

    Attributes
    ----------
    titles
        One for each distribution, in the order of their groups.
    density
        The panel of the densities or probabilities, and of the draws.
    derivatives
        For each parameter y(θ) at fixed u, and beside it ∂y/∂θ over y.
    quantiles
        Rows of numbers.
    """

    titles: tuple[str, ...]
    density: Panel
    derivatives: tuple[tuple[Panel, Panel], ...] = ()
    quantiles: tuple[Quantile, ...] = ()

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, in the order of reading."""
        return (self.density, *(panel for pair in self.derivatives for panel in pair))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the drawings can't show, each sentence once."""
        return tuple(dict.fromkeys(note for panel in self.panels for note in panel.notes))

    def rows(self) -> Iterator[tuple[str, str, str, float, float]]:
        """Yield every point: panel, distribution, kind of layer with its label, x and y."""
        for panel in self.panels:
            for layer in panel.layers:
                kind = type(layer).__name__.lower()
                if isinstance(layer, Curve) and layer.role == "tangent":
                    kind = "tangent"
                what = f"{kind} {layer.label}".strip()
                title = self.titles[layer.group]
                for x, y in zip(layer.x.tolist(), layer.y.tolist(), strict=True):
                    yield panel.name, title, what, x, y
