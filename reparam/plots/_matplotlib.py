"""Pictures by matplotlib: figures of their own, never pyplot's state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reparam._typing import Array
from reparam.errors import MissingExtraError
from reparam.plots._picture import Bars, Curve, Panel, Picture, Points, Stems

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "draw"]

#: Colours that differ for all kinds of colour vision (Okabe & Ito 2008), darkened until each has a
#: contrast of 3 with white.
COLOURS = ("#0072B2", "#D55E00", "#008F68", "#B8578F", "#A67C00", "#4A4A4A")

#: The width of a figure, in inches.
_WIDTH = 7.2

#: The height of the density, in inches.
_DENSITY = 3.0

#: The height of a parameter's path and derivative, in inches.
_ROW = 2.5

#: Paths whose right ends are nearer to each other than this, in heights, share a label.
_APART = 0.09

#: Powers of ten of tick labels between which these are written out.
_POWERS = (-3, 5)

#: How far beyond the limits a curve is drawn, in heights: what is farther out is cut.
_BEYOND = 1.0


def draw(picture: Picture) -> Figure:
    """Return a figure of all panels."""
    figure_class = _figure_class()
    rows = len(picture.derivatives)
    figure = figure_class(figsize=(_WIDTH, _DENSITY + _ROW * rows), layout="constrained")
    grid = figure.add_gridspec(1 + rows, 2, height_ratios=[_DENSITY, *[_ROW] * rows])
    axes = figure.add_subplot(grid[0, :])
    _panel(axes, picture.density)
    if len(picture.titles) > 1 or any(isinstance(x, Bars) for x in picture.density.layers):
        _legend(axes, picture)
    else:
        axes.set_title(picture.titles[0], fontsize="medium")
    for row, pair in enumerate(picture.derivatives, 1):
        for column, panel in enumerate(pair):
            _panel(figure.add_subplot(grid[row, column]), panel)
    return figure


def _figure_class() -> type[Figure]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError(
            "pictures need matplotlib; install it with: pip install 'reparam[plot]'"
        ) from None
    return Figure


def _panel(axes: Axes, panel: Panel) -> None:
    axes.set(
        xlim=panel.x_limits,
        ylim=panel.y_limits,
        xlabel=panel.x_label,
        ylabel=panel.y_label,
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    if panel.name != "density" and panel.y_limits[0] < 0.0 < panel.y_limits[1]:
        axes.axhline(0.0, color="#808080", linewidth=0.8)
    if any(isinstance(layer, Stems) for layer in panel.layers):
        from matplotlib.ticker import MaxNLocator

        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    else:
        axes.ticklabel_format(axis="x", scilimits=_POWERS)
    if panel.name.startswith("path"):
        _name_paths(axes, panel)
    low, high = panel.y_limits
    room = _BEYOND * (high - low)
    for layer in panel.layers:
        match layer:
            case Curve():
                _curve(axes, layer, np.clip(layer.y, low - room, high + room), panel)
            case Stems():
                _stems(axes, layer, panel)
            case Bars():
                _bars(axes, layer, np.minimum(layer.y, high + room), panel)
            case Points():
                many = layer.label == "draws"
                axes.plot(
                    layer.x,
                    layer.y,
                    linestyle="none",
                    marker="." if many else "o",
                    markersize=4 if many else 5,
                    alpha=0.5 if many else 1.0,
                    markeredgewidth=0.0,
                    color=COLOURS[layer.group],
                    zorder=2.5 if many else 3.0,
                )


def _curve(axes: Axes, curve: Curve, y: Array, panel: Panel) -> None:
    colour = COLOURS[curve.group]
    if curve.role == "tangent":
        axes.plot(curve.x, y, color=colour, linewidth=2.6, alpha=0.9, solid_capstyle="round")
        return
    if curve.role == "filled" and not any(isinstance(layer, Bars) for layer in panel.layers):
        axes.fill_between(curve.x, y, color=colour, alpha=0.12, linewidth=0.0)
    line: dict[str, Any] = {"color": colour, "linewidth": 1.6}
    if panel.name.startswith("path"):
        line |= {"linewidth": 1.1, "alpha": 0.75}
    if curve.role == "steps":
        line |= {"drawstyle": "steps-mid"}
    axes.plot(curve.x, y, **line)


def _bars(axes: Axes, bars: Bars, heights: Array, panel: Panel) -> None:
    colour = COLOURS[bars.group]
    alone = all(layer.group == bars.group for layer in panel.layers)
    if alone:
        axes.stairs(heights, bars.edges, fill=True, color=colour, alpha=0.25, linewidth=0.0)
    vectors = not any(isinstance(layer, Curve | Stems) for layer in panel.layers)
    width, alpha = (1.6, 1.0) if vectors else (0.8, 0.7)
    axes.stairs(heights, bars.edges, color=colour, alpha=alpha, linewidth=width)


def _name_paths(axes: Axes, panel: Panel) -> None:
    """Write u at the right ends of the rightmost distribution's paths, once where these meet."""
    low, high = panel.y_limits
    paths = [layer for layer in panel.layers if isinstance(layer, Curve) and layer.label]
    rightmost = max(paths, key=lambda path: float(path.x[-1])).group
    ends = sorted(
        (float(path.y[-1]), float(path.x[-1]), path.label.removeprefix("u = "))
        for path in paths
        if path.group == rightmost
    )
    named: list[tuple[float, float, list[str]]] = []
    for y, x, text in ends:
        if not low <= y <= high:
            continue
        if named and y - named[-1][0] < _APART * (high - low):
            named[-1][2].append(text)
        else:
            named.append((y, x, [text]))
    for k, (y, x, texts) in enumerate(reversed(named)):
        axes.annotate(
            ("u = " if k == 0 else "") + " … ".join(dict.fromkeys([texts[0], texts[-1]])),
            (x, y),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize="x-small",
            color="#606060",
            annotation_clip=False,
        )


def _stems(axes: Axes, stems: Stems, panel: Panel) -> None:
    colour = COLOURS[stems.group]
    shift = 0.12 * stems.group if len({layer.group for layer in panel.layers}) > 1 else 0.0
    x = stems.x + shift  # beside each other, where distributions are compared
    axes.vlines(x, 0.0, stems.y, color=colour, linewidth=1.2, alpha=0.7)
    size = 5.0 if len(x) <= 40 else 2.5
    axes.plot(x, stems.y, linestyle="none", marker="o", markersize=size, color=colour)


def _legend(axes: Axes, picture: Picture) -> None:
    from matplotlib.lines import Line2D

    drawn = {x.group: x.label for x in picture.density.layers if isinstance(x, Bars)}
    vectors = not any(isinstance(x, Curve | Stems) for x in picture.density.layers)
    labels = [
        title if vectors or group not in drawn else f"{title}, {drawn[group]}"
        for group, title in enumerate(picture.titles)
    ]
    handles = [Line2D([], [], color=COLOURS[group], linewidth=2.5) for group in range(len(labels))]
    # above the axes, where it covers nothing
    axes.legend(
        handles,
        labels,
        loc="lower right",  # the power of ten that ticks are multiples of is on the left
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        fontsize="small",
        borderaxespad=0.2,
    )
