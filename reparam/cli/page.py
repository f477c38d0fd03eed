"""A picture as lines of text: charts of blocks, then numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from reparam.cli import blocks

if TYPE_CHECKING:
    from reparam.plots import Panel, Picture, Quantile

__all__ = ["of"]

#: Lines of the density of one distribution.
_TALL = 10

#: Lines of each density of several.
_OF_SEVERAL = 6

#: Lines of a path and of a derivative.
_DERIVATIVE = 8

#: Columns from which on a path and a derivative have room beside each other.
_SIDE_BY_SIDE = 72

#: Columns between these.
_GAP = 2

#: How a terminal colours distributions, in their order.
_COLOURS = ("blue", "red", "green", "magenta", "yellow", "cyan")

#: Significant digits of numbers: as many as fit.
_DIGITS = (5, 4, 3)


def of(picture: Picture, width: int, *, colour: bool = False) -> str:
    """Return the text of a picture.

    Parameters
    ----------
    picture
        What is shown.
    width
        Characters of a line, at most.
    colour
        Whether to use colours; labels carry the same information.
    """
    import numpy as np

    with np.errstate(over="ignore"):  # what overflows is beyond the picture
        lines = [*_densities(picture, width, colour), *_derivatives(picture, width, colour)]
        lines += _numbers(picture, width, colour)
    return "\n".join(lines) + "\n"


def _densities(picture: Picture, width: int, colour: bool) -> Iterator[str]:
    from reparam.plots import Bars

    several = len(picture.titles) > 1
    for group, title in enumerate(picture.titles):
        layers = [layer for layer in picture.density.layers if layer.group == group]
        drawn = next((x for x in layers if isinstance(x, Bars)), None)
        key = ""
        if drawn:
            key = f": {drawn.total:,} draws" + ", • p(y)" * (len(layers) > 1)
        yield from _cut(title, key, width, colour)
        rows = _OF_SEVERAL if several else _TALL
        chart = blocks.columns(picture.density, width, rows, group)
        yield from (_shown(line, group, colour) for line in chart)


def _derivatives(picture: Picture, width: int, colour: bool) -> Iterator[str]:
    for path, gradient in picture.derivatives:
        for group, title in enumerate(picture.titles):
            if any(layer.group == group for layer in path.layers):
                yield ""
                if len(picture.titles) > 1:
                    yield from _cut(title, "", width, colour)
                yield from _pair(path, gradient, group, width, colour)


def _pair(path: Panel, gradient: Panel, group: int, width: int, colour: bool) -> Iterator[str]:
    """Yield the lines of a path, and of the derivative beside it or below it."""
    if width < _SIDE_BY_SIDE:
        for panel in (path, gradient):
            yield _head(panel, width)
            chart = blocks.lines(panel, width, _DERIVATIVE, group)
            yield from (_shown(line, group, colour) for line in chart)
        return
    half = (width - _GAP) // 2
    left, right = (blocks.lines(panel, half, _DERIVATIVE, group) for panel in (path, gradient))
    yield f"{_head(path, half):{half + _GAP}}{gradient.y_label}"
    for one, other in zip(left, right, strict=True):
        room = " " * (half + _GAP - len(f"{one.margin}{one.body}{one.after}"))
        yield f"{_coloured(one, group, colour)}{room}{_shown(other, group, colour)}"


def _head(panel: Panel, width: int) -> str:
    """Return what a chart shows, above it; u is at the right ends of paths."""
    if not panel.name.startswith("path"):
        return panel.y_label
    return f"{panel.y_label:{width - 5}} u"


def _shown(line: blocks.Line, group: int, colour: bool) -> str:
    return _coloured(line, group, colour) if colour else str(line)


def _coloured(line: blocks.Line, group: int, colour: bool) -> str:
    body = typer.style(line.body, fg=_COLOURS[group]) if colour and line.is_chart else line.body
    return f"{line.margin}{body}{line.after}"


def _cut(title: str, rest: str, width: int, colour: bool) -> Iterator[str]:
    """Yield a title in one line, or with the rest in a second one."""
    lines = [title + rest] if len(title + rest) <= width else [title, rest.removeprefix(": ")]
    for line in lines:
        if line:
            short = line if len(line) <= width else f"{line[: width - 1]}…"
            yield typer.style(short, bold=True) if colour else short


def _numbers(picture: Picture, width: int, colour: bool) -> Iterator[str]:
    """Yield a table of quantiles for each distribution."""
    for group, title in enumerate(picture.titles):
        rows = [row for row in picture.quantiles if row.group == group]
        if rows:
            yield ""
            if len(picture.titles) > 1:
                yield from _cut(title, "", width, colour)
            yield from _table(rows, picture, width)


def _table(rows: Sequence[Quantile], picture: Picture, width: int) -> list[str]:
    """Return a table in as many digits as fit, or in several parts."""
    symbols = {
        panel.name.removeprefix("gradient "): panel.y_label
        for _, panel in picture.derivatives
        if panel.name.startswith("gradient ")
    }
    heads = ["u", "y", "p(y)", *(symbols.get(name, f"∂/∂{name}") for name in rows[0].gradient)]
    values = [(row.u, row.y, row.density, *row.gradient.values()) for row in rows]
    for digits in _DIGITS:
        cells = [heads, *([f"{value + 0.0:.{digits}g}" for value in row] for row in values)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        if sum(widths) + 2 * len(widths) <= width:
            break
    # what does not fit goes below, each part with u and y
    parts: list[list[int]] = [[0, 1]]
    for k in range(2, len(heads)):
        if sum(widths[j] + 2 for j in [*parts[-1], k]) > width and len(parts[-1]) > 2:
            parts.append([0, 1])
        parts[-1].append(k)
    return ["  ".join(f"{row[k]:>{widths[k]}}" for k in part) for part in parts for row in cells]
