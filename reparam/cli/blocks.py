"""Charts for terminals, of block characters: filled columns, and lines in quarters of a cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reparam._typing import Array
    from reparam.plots import Curve, Panel
    from reparam.plots._picture import Layer

__all__ = ["ASCII", "Line", "columns", "lines", "sparkline"]

#: The lower eighths of a cell.
_EIGHTHS = " ▁▂▃▄▅▆▇█"

#: The quarters of a cell, by the bits 1 (upper left), 2 (upper right), 4 and 8 (lower).
_QUARTERS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"

#: What stands for these and for mathematics where a terminal shows ASCII alone.
ASCII = str.maketrans(
    {
        **dict(zip("▁▂▃▄▅▆▇█", "__.:-=##", strict=True)),
        **dict.fromkeys("▘▝▀", "'"),
        **dict.fromkeys("▖▗▄", "."),
        **dict.fromkeys("▌▞▛▚▐▜▙▟", "#"),
        "●": "o", "•": "o", "─": "-", "│": "|", "└": "+", "┬": "+", "┤": "+", "┄": "-",
        "∂": "d", "θ": "theta", "…": "..", "−": "-", "→": "->", "∞": "inf", "≤": "<=", "±": "+-",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A line of a chart: labels in the margin, the chart itself, and what is right of it."""

    margin: str
    body: str
    after: str = ""
    is_chart: bool = True

    def __str__(self) -> str:
        return f"{self.margin}{self.body}{self.after}".rstrip()


def columns(panel: Panel, width: int, rows: int, group: int) -> list[Line]:
    """Return a chart of filled columns: draws if there are any, with dots at p(y), or p(y).

    Parameters
    ----------
    panel
        What is shown.
    width, rows
        Characters that the lines and the columns may take.
    group
        The number of the distribution.
    """
    from reparam.plots import Bars

    layers = [layer for layer in panel.layers if layer.group == group]
    drawn = [layer for layer in layers if isinstance(layer, Bars)]
    exact = [layer for layer in layers if not isinstance(layer, Bars)]
    top = panel.y_limits[1]
    labels = _labels(0.0, top, rows, 1)
    margin = max(map(len, [*labels, "0"])) + 1
    inner = max(width - margin - 1, 8)
    behind = _heights((drawn or exact)[0], panel.x_limits, inner)
    cells = [list(row) for row in _filled(behind / top, rows)]
    if drawn and exact:
        for column, height in enumerate(_heights(exact[0], panel.x_limits, inner).tolist()):
            if not math.isnan(height) and 0.0 <= height <= top:
                cells[min(int(height / top * rows), rows - 1)][column] = "•"
    bodies = ["".join(row) for row in cells]
    return _framed(bodies, labels, "0", panel.x_limits, margin, whole=_is_whole(layers))


def sparkline(heights: Array) -> str:
    """Return a histogram one line high; a bar with a draw is never empty."""
    top = max(heights.tolist(), default=0.0) or 1.0
    return "".join(_EIGHTHS[math.ceil(8 * height / top)] for height in heights.tolist())


def lines(panel: Panel, width: int, rows: int, group: int) -> list[Line]:
    """Return a chart of lines, dots, and stems, with the labels of paths at their right ends."""
    import numpy as np

    from reparam.plots import Curve, Points, Stems

    layers = [layer for layer in panel.layers if layer.group == group]
    low, high = panel.y_limits
    labels = _labels(low, high, rows, 0)
    margin = max(map(len, labels)) + 1
    named = [x for x in layers if isinstance(x, Curve) and x.label] if "path" in panel.name else []
    room = 6 if named else 0
    inner = max(width - margin - 1 - room, 8)
    grid = np.zeros((2 * rows, 2 * inner), dtype=bool)
    dots: list[tuple[int, int]] = []
    for layer in layers:
        if isinstance(layer, Curve) and layer.role != "tangent":
            _trace(grid, layer, panel)
        elif isinstance(layer, Points | Stems) and layer.label != "draws":
            for x, y in zip(layer.x.tolist(), layer.y.tolist(), strict=True):
                column, row = _share(x, panel.x_limits) * inner, _share(y, panel.y_limits) * rows
                if 0.0 <= column <= inner and 0.0 <= row <= rows:
                    dots.append((min(int(row), rows - 1), min(int(column), inner - 1)))
    cells = _quarters(grid)
    if low < 0.0 < high:
        zero = int(_share(0.0, panel.y_limits) * rows)
        cells[zero] = ["┄" if letter == " " else letter for letter in cells[zero]]
    for row_number, column_number in dots:
        cells[row_number][column_number] = "●"
    after = [""] * rows
    for curve in named:
        end = _share(float(curve.y[-1]), panel.y_limits) * rows
        if 0.0 <= end <= rows:
            row = min(int(end), rows - 1)
            known = after[row].rstrip("…")
            after[row] = f"{known}…" if known else " " + curve.label.removeprefix("u = ")
    bodies = ["".join(row) for row in cells]
    whole = _is_whole(layers)
    return _framed(bodies, labels, "", panel.x_limits, margin, after, whole=whole)


def _is_whole(layers: Sequence[Layer]) -> bool:
    """Return whether values are integers."""
    from reparam.plots import Stems

    return any(isinstance(layer, Stems) for layer in layers)


def _share(value: float, limits: tuple[float, float]) -> float:
    """Return where a value is between limits: 0 at the lower, 1 at the upper one."""
    share = (value - limits[0]) / (limits[1] - limits[0])
    return share if math.isfinite(share) else -1.0


def _heights(layer: Layer, limits: tuple[float, float], width: int) -> Array:
    """Return a layer's height in each of `width` columns; NaN where it has none."""
    import numpy as np

    from reparam.plots import Bars, Curve, Stems

    step = (limits[1] - limits[0]) / width
    centres = limits[0] + step * (np.arange(width) + 0.5)
    heights = np.full(width, np.nan)
    match layer:
        case Bars():
            bar = np.searchsorted(layer.edges, centres) - 1
            inside = (bar >= 0) & (bar < len(layer.y))
            heights[inside] = layer.y[bar[inside]]
        case Stems():
            for x, y in zip(layer.x.tolist(), layer.y.tolist(), strict=True):
                there = np.abs(centres - x) <= 0.36
                there[np.clip(int((x - limits[0]) / step), 0, width - 1)] = True
                heights[there] = y
        case Curve():
            known = np.isfinite(layer.y)
            x, y = layer.x[known], layer.y[known]
            heights = np.interp(centres, x, y, left=np.nan, right=np.nan)
            # peaks between centres of columns, and columns that the support begins or ends in
            column = np.clip(((x - limits[0]) / step).astype(int), 0, width - 1)
            np.fmax.at(heights, column, y)
    return heights


def _filled(shares: Array, rows: int) -> list[str]:
    """Return rows of columns that are filled so far, the lowest row first."""
    import numpy as np

    eighths = np.rint(np.clip(np.nan_to_num(shares), 0.0, 1.0) * rows * 8).astype(int).tolist()
    return [
        "".join(_EIGHTHS[min(max(total - 8 * row, 0), 8)] for total in eighths)
        for row in range(rows)
    ]


def _trace(grid: Array, curve: Curve, panel: Panel) -> None:
    """Mark the quarters of cells that a curve passes; the lowest row of the grid is the first."""
    import numpy as np

    rows, width = grid.shape
    known = np.isfinite(curve.y)
    if not known.any():
        return
    low, high = panel.y_limits
    first, last = panel.x_limits
    centres = first + (last - first) * (np.arange(width) + 0.5) / width
    y = np.interp(centres, curve.x[known], curve.y[known], left=np.nan, right=np.nan)
    at = np.clip((y - low) / (high - low), -1.0, 2.0) * rows
    before = math.nan
    for column, here in enumerate(at.tolist()):
        if not math.isnan(here):
            row = math.floor(here)
            if 0 <= row < rows:
                grid[row, column] = True
            if not math.isnan(before):  # steep lines have no gaps
                between = sorted((row, math.floor(before)))
                grid[max(between[0] + 1, 0) : max(between[1], 0), column] = True
        before = here


def _quarters(grid: Array) -> list[list[str]]:
    """Return rows of characters, the lowest first."""
    upper, lower = grid[1::2].astype(int), grid[0::2].astype(int)
    codes = upper[:, ::2] + 2 * upper[:, 1::2] + 4 * lower[:, ::2] + 8 * lower[:, 1::2]
    return [[_QUARTERS[code] for code in row] for row in codes.tolist()]


def _labels(low: float, high: float, rows: int, first: int) -> list[str]:
    """Return the label of each row, the lowest first: a tick's, or none."""
    labels = [""] * rows
    for value, text in _ticks(low, high, max(2, rows // 2)):
        row = min(int(_share(value, (low, high)) * rows), rows - 1)
        if row >= first:
            labels[row] = text
    return labels


def _ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[tuple[float, str]]:
    """Return round numbers, perhaps integers, between limits, `most` of them, with texts."""
    rough = max((high - low) / max(most, 1), 1.0 if whole else 0.0)
    if not (math.isfinite(rough) and rough > 0.0):
        return [(low, f"{low:g}")]
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1.0, 2.0, 5.0, 10.0) if unit * factor >= 0.999 * rough)
    numbers = [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
    largest = max(map(abs, numbers), default=1.0)
    if step >= 1.0 and largest < 1e7:
        return [(number, f"{number:.0f}") for number in numbers]
    digits = max(1, math.ceil(math.log10(max(largest / step, 1.0)) + 1e-9) + 1)
    if 1e-4 <= step < 1.0 and largest < 1e7:
        places = max(0, -math.floor(math.log10(step) + 1e-9))
        return [(number, f"{number:.{places}f}") for number in numbers]
    return [(number, f"{number:.{digits}g}") for number in numbers]


def _framed(
    bodies: Sequence[str],
    labels: Sequence[str],
    corner: str,
    limits: tuple[float, float],
    margin: int,
    after: Sequence[str] = (),
    *,
    whole: bool = False,
) -> list[Line]:
    """Return a chart with axes, the highest line first; bodies and labels are lowest first."""
    width = len(bodies[0])
    frame, texts = ["─"] * width, [" "] * (width + margin + 8)
    free = 0
    for value, text in _ticks(*limits, max(2, width // 8), whole=whole):
        column = min(int(_share(value, limits) * width), width - 1)
        start = min(max(margin + 1 + column - len(text) // 2, 0), margin + 1 + width - len(text))
        frame[column] = "┬"
        if start >= free:
            texts[start : start + len(text)] = text
            free = start + len(text) + 1
    framed = [
        Line(f"{label:>{margin - 1}} {'┤' if label else '│'}", body, right)
        for label, body, right in zip(labels, bodies, after or [""] * len(bodies), strict=True)
    ]
    bottom = [
        Line(f"{corner:>{margin - 1}} └", "".join(frame), is_chart=False),
        Line("".join(texts).rstrip(), "", is_chart=False),
    ]
    return [*reversed(framed), *bottom]
