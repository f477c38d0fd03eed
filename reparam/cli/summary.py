"""What ``reparam sample --summary`` writes: moments, quantiles and a histogram of the draws."""

from __future__ import annotations

import math
from collections.abc import Iterator
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

from reparam.cli import blocks, output
from reparam.cli.messages import report
from reparam.cli.progress import tracked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reparam._typing import Array
    from reparam.base.distribution import Distribution
    from reparam.summaries import Summary

__all__ = ["write"]

#: The probabilities of the quantiles, and their names as columns.
_PROBABILITIES = (0.05, 0.25, 0.5, 0.75, 0.95)
_NAMES = tuple(f"q{100 * u:g}" for u in _PROBABILITIES)

#: Elements of a draw that are shown on a terminal.
_MOST = 20

#: Lines of a histogram.
_ROWS = 6

#: Significant digits, and bars of histograms that are a line high: the first that fit are taken.
_TABLES = ((6, 16), (5, 16), (4, 16), (3, 16), (3, 8), (2, 8), (2, 0))

#: Elements from which on each has one line.
_MANY = 2


def write(
    distribution: Distribution,
    values: Iterator[Array],
    numbers: range,
    *,
    out: str,
    format: str,
    dtype: np.dtype[Any],
) -> None:
    """Write the summary of draws: text in place of a table, else one row per element.

    Parameters
    ----------
    distribution
        What the draws are from.
    values
        Blocks of draws.
    numbers
        The numbers of the draws.
    out, format
        Where to write, and how.
    dtype
        The type to write.
    """
    from reparam.summaries import summarize

    shape = distribution.batch_shape + distribution.event_shape
    named = ({"y": block} for block in values)
    shown = tracked(named, len(numbers) * math.prod(shape))
    summary = summarize((block["y"] for block in shown), shape)
    if format == "table":
        width = min(max(get_terminal_size((80, 24)).columns, 60), 120) if out == "-" else 80
        output.write_text("\n".join(_text(distribution, summary, width)) + "\n", out)
    else:
        _write_rows(summary, out, format, dtype)
    if not summary.exact:
        report("Note", _inexact(summary))


def _inexact(summary: Summary) -> str:
    """Return what quantiles are of, if it is not all draws."""
    kept = len(summary.kept)
    if not kept:
        return "one draw has more numbers than are kept: there are no quantiles"
    return (
        f"quantiles and histogram are those of the first {kept:,} draws, and their standard error"
        f" is {0.5 / math.sqrt(kept):.1g} in probability at most; all else is of all draws"
    )


def _columns(summary: Summary) -> dict[str, Array]:
    """Return a row for each element."""
    import numpy as np

    quantiles = summary.quantile(_PROBABILITIES)
    columns = {
        "mean": summary.mean,
        "sd": summary.standard_deviation,
        "min": summary.minimum,
        **dict(zip(_NAMES, quantiles, strict=True)),
        "max": summary.maximum,
    }
    return {name: np.ravel(column) for name, column in columns.items()}


def _write_rows(summary: Summary, out: str, format: str, dtype: np.dtype[Any]) -> None:
    import numpy as np

    from reparam.formats import Records

    numbers = _columns(summary)
    size = len(numbers["mean"])
    element = {"element": np.arange(size)} if np.ndim(summary.mean) else {}
    block: dict[str, NDArray[Any]] = {
        **element,
        "count": np.full(size, summary.count),
        **numbers,
        "quantiles_of": np.full(size, len(summary.kept)),
    }
    types = {name: dtype if name in numbers else column.dtype for name, column in block.items()}
    output.write(Records(types, (size,), iter([block])), out, format)


def _text(distribution: Distribution, summary: Summary, width: int) -> Iterator[str]:
    """Yield the lines that a terminal shows."""
    columns = _columns(summary)
    size = len(columns["mean"])
    count = f"{summary.count:,} draw{'s' * (summary.count != 1)} from"
    title = f"{count} {distribution!r}"
    yield title if len(title) <= width else f"{count} {distribution.name}"
    kept = summary.kept.reshape(len(summary.kept), size)
    if size >= _MANY or not size:
        shown = min(size, _MOST)
        yield from _table(columns, [kept[:, k] for k in range(shown)], width)
        if size > shown:
            yield f"… and {size - shown} more elements; --format csv writes all"
        return
    yield from _histogram(kept[:, 0], width)
    rows = {name: float(column[0]) for name, column in columns.items()}
    known = _exact(distribution)
    moments = {name: name for name in ("mean", "sd", "min", "max")}
    quantiles = {name: f"{100 * u:g} %" for name, u in zip(_NAMES, _PROBABILITIES, strict=True)}
    for names in (moments, quantiles):
        lines = [["", *names.values()], ["draws", *(f"{rows[name]:.6g}" for name in names)]]
        if any(name in known for name in names):
            lines.append(
                ["exact", *(f"{known[name]:.6g}" if name in known else "" for name in names)]
            )
        yield ""
        yield from _aligned(lines)


def _exact(distribution: Distribution) -> dict[str, float]:
    """Return what is known without draws: mean, standard deviation and quantiles."""
    import numpy as np

    from reparam.base.reparameterized import Reparameterized
    from reparam.errors import NoFormulaError

    try:
        known = {"mean": float(distribution.mean), "sd": float(np.sqrt(distribution.variance))}
    except NoFormulaError:
        known = {}
    if isinstance(distribution, Reparameterized):
        quantiles = np.ravel(distribution.icdf(np.array(_PROBABILITIES)))
        known |= dict(zip(_NAMES, quantiles.tolist(), strict=True))
    return known


def _aligned(rows: list[list[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *cells in rows:
        line = "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
        yield f"{first:<{widths[0]}}  {line}".rstrip()


def _table(columns: dict[str, Array], kept: list[Array], width: int) -> list[str]:
    """Return a line for each element, with as many digits and bars as fit."""
    for digits, bars in _TABLES:
        rows = [["", *columns, *["histogram"] * bool(bars)]]
        for k, draws in enumerate(kept):
            numbers = (f"{column[k]:.{digits}g}" for column in columns.values())
            rows.append([str(k), *numbers, *([_sparks(draws, bars)] if bars else [])])
        lines = list(_aligned(rows))
        if max(map(len, lines)) <= width:
            break
    return lines


def _window(kept: Array) -> tuple[float, float] | None:
    """Return the range of a histogram: of what is finite, without the last of heavy tails."""
    import numpy as np

    finite = kept[np.isfinite(kept)]
    if not finite.size:
        return None
    low, tenth, median, ninetieth, high = np.quantile(finite, [0.0, 0.1, 0.5, 0.9, 1.0]).tolist()
    low = max(low, median - 4.0 * (median - tenth))
    high = min(high, median + 4.0 * (ninetieth - median))
    return (low, high) if low < high else (median - 0.5, median + 0.5)


def _sparks(kept: Array, bars: int) -> str:
    import numpy as np

    limits = _window(kept)
    if limits is None:
        return ""
    inside = kept[(kept >= limits[0]) & (kept <= limits[1])]
    return blocks.sparkline(np.histogram(inside, bars, limits)[0])


def _histogram(kept: Array, width: int) -> list[str]:
    """Return a histogram of the draws that were kept."""
    import numpy as np

    from reparam.plots import Bars, Panel
    from reparam.plots._histogram import count, edges

    limits = _window(kept)
    if limits is None:
        return []
    whole = bool(np.all(kept == np.floor(kept))) and limits[1] - limits[0] >= 1.0
    quartiles = np.quantile(kept[np.isfinite(kept)], [0.25, 0.75]).tolist()
    bounds = edges(limits, (quartiles[0], quartiles[1]), len(kept), whole=whole)
    counts, total = count([kept], bounds)
    heights = counts / (total * np.diff(bounds))
    bars = Bars(bounds, heights, total, total - int(counts.sum()))
    room = (limits[0] - 0.5, limits[1] + 0.5) if whole else limits
    panel = Panel("density", "y", "share", (bars,), room, (0.0, 1.08 * float(bars.y.max())))
    lines = [str(line) for line in blocks.columns(panel, width, _ROWS, 0)]
    if bars.outside:
        lines.append(f"{bars.outside:,} of {total:,} draws lie beyond the histogram")
    return lines
