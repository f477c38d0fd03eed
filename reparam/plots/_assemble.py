"""From distributions and draws to a picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from reparam import sampling
from reparam._typing import Array, RNGLike
from reparam.base.distribution import Distribution
from reparam.base.draw import Draw
from reparam.errors import CountError, NoFormulaError, ShapeError
from reparam.plots import _panels
from reparam.plots._histogram import count, edges
from reparam.plots._laws import (
    MOST,
    differentiable,
    entry_of,
    is_discrete,
    is_vector,
    quantile,
    singles,
    title,
)
from reparam.plots._picture import Bars, Panel, Picture, Points
from reparam.plots._points import united, window

__all__ = ["Drawable", "picture"]

Drawable = Distribution | Draw

#: Draws whose derivatives are shown as single points.
_MOST_POINTS = 300

#: Draws that show where entries without endpoints lie, and the share of them on either side
#: outside.
_PILOT = 2000
_OUTER = 0.002
#: Draws of vectors, if their number is not given: nothing but draws can be shown of them.
_VECTORS = 10_000

#: The probabilities of the quartiles.
_QUARTILES = np.array([0.25, 0.75])


def picture(
    *items: Drawable, grad: bool = False, draws: int | range = 0, rng: RNGLike = None
) -> Picture:
    """Return the numbers of a picture; :func:`plot` draws them.

    Parameters
    ----------
    *items
        Distributions, or draws from them: the elements of all batches are at most 6.
    grad
        Whether to show, for each parameter, y(θ) at fixed u and ∂y/∂θ over y: of discrete
        distributions the step function y(θ), and ∂ log p/∂θ.
    draws
        How many draws to show as a histogram, or the range of their numbers.
    rng
        What they are made of; draws i of several distributions have the same noise.

    Returns
    -------
    Picture
        Panels and rows of numbers.

    Raises
    ------
    ShapeError
        If there are too many distributions, or vectors beside other values.
    NoFormulaError
        If derivatives are asked for that a distribution does not have.
    CountError
        If the number of draws is negative.
    ParameterError
        If a parameter's size is beyond 1e-300 or 1e300.
    """
    if not items:
        raise ShapeError("a picture needs a distribution or a draw; pass one")
    numbers = draws if isinstance(draws, range) else range(_checked(draws))
    laws = [item if isinstance(item, Distribution) else item.distribution for item in items]
    if any(map(is_vector, laws)):
        return _of_vectors(items, laws, grad, numbers, rng)
    parts = [singles(law) for law in laws]
    if sum(map(len, parts)) > MOST:
        raise ShapeError(
            f"a picture shows at most {MOST} distributions; got {sum(map(len, parts))}"
        )
    with np.errstate(all="ignore"):  # what overflows is beyond the picture
        return _of_numbers(items, parts, grad, numbers, rng)


def _of_numbers(
    items: Sequence[Drawable],
    parts: Sequence[Sequence[Distribution]],
    grad: bool,
    numbers: range,
    rng: RNGLike,
) -> Picture:
    """Return the picture of scalar distributions, each batch in parts."""
    flat = [law for part in parts for law in part]
    limits = united(map(window, flat))
    drawn: list[Bars] = []
    at_draws: dict[str, list[Points]] = {}
    group = 0
    for item, part in zip(items, parts, strict=True):
        blocks = _values(item, numbers, rng)
        drawn += _histograms(blocks, part, group, limits, _size(item, numbers))
        if grad and isinstance(item, Draw):
            _add_points(at_draws, item, len(part), group)
        group += len(part)
    density = _panels.density(flat, drawn)
    more = {law.name: len(differentiable(law)) - MOST for law in flat} if grad else {}
    unseen = tuple(
        f"{name}: {k} more parameters are not shown" for name, k in more.items() if k > 0
    )
    return Picture(
        tuple(map(title, flat)),
        replace(density, notes=density.notes + unseen),
        _derivatives(flat, at_draws) if grad else (),
        tuple(
            row
            for k, law in enumerate(flat)
            for row in _panels.numbers(k, law, differentiable(law) if grad else ())
        ),
    )


def _checked(draws: int) -> int:
    if draws < 0:
        raise CountError(f"draws={draws} is negative; pass how many draws the histogram shows")
    return draws


def _derivatives(
    laws: Sequence[Distribution], at_draws: dict[str, list[Points]]
) -> tuple[tuple[Panel, Panel], ...]:
    """Return the panels of each parameter, those of the same name together."""
    having: dict[tuple[str, bool], list[tuple[int, Distribution]]] = {}
    for group, law in enumerate(laws):
        for name in differentiable(law)[:MOST]:
            having.setdefault((name, is_discrete(law)), []).append((group, law))
    return tuple(
        (
            _panels.path(members, name),
            _panels.gradient(members, name, () if discrete else at_draws.get(name, ())),
        )
        for (name, discrete), members in having.items()
    )


def _size(item: Drawable, numbers: range) -> int:
    """Return how many draws there are of each distribution of a batch."""
    if isinstance(item, Distribution):
        return len(numbers)
    return item.value.size // max(1, math.prod(item.distribution.batch_shape))


def _values(item: Drawable, numbers: range, rng: RNGLike) -> Iterator[tuple[Array, Array]]:
    """Yield blocks of values, and the number in its batch of the distribution of each."""
    law = item if isinstance(item, Distribution) else item.distribution
    if isinstance(item, Distribution):
        blocks: Iterable[Array] = sampling.values(law, numbers, rng=rng) if numbers else ()
    else:
        blocks = [np.asarray(item.value)]
    owner = np.arange(math.prod(law.batch_shape)).reshape(law.batch_shape)
    for block in blocks:
        shape = block.shape[: block.ndim - len(law.event_shape)]
        yield block, np.broadcast_to(owner, shape)


def _histograms(
    blocks: Iterable[tuple[Array, Array]],
    laws: Sequence[Distribution],
    group: int,
    limits: tuple[float, float],
    n: int,
) -> list[Bars]:
    """Return a histogram for each distribution of a batch, if there are draws."""
    if not n:
        return []
    bounds = []
    for law in laws:
        first, last = (float(end) for end in law.support)
        low, high = max(limits[0], first), min(limits[1], last)
        low, high = (low, high) if low < high else limits
        quartiles = quantile(law, _QUARTILES).tolist()
        bounds.append(edges((low, high), (quartiles[0], quartiles[1]), n, whole=is_discrete(law)))
    counts = [np.zeros(len(edge) - 1) for edge in bounds]
    totals = [0] * len(laws)
    for block, owner in blocks:
        for k, edge in enumerate(bounds):
            found, total = count([block[owner == k] if len(laws) > 1 else block], edge)
            counts[k] += found
            totals[k] += total
    return [
        _bars(edge, found, total, f"{total:,} draws", group + k)
        for k, (edge, found, total) in enumerate(zip(bounds, counts, totals, strict=True))
    ]


def _bars(edge: Array, counts: Array, total: int, label: str, group: int) -> Bars:
    heights = counts / (max(total, 1) * np.diff(edge))
    return Bars(edge, heights, total, total - int(counts.sum()), label, group)


def _add_points(at_draws: dict[str, list[Points]], draw: Draw, size: int, group: int) -> None:
    """Add the derivatives of the first draws, by parameter."""
    values = np.asarray(draw.value)
    owner = np.broadcast_to(np.arange(size).reshape(draw.distribution.batch_shape), values.shape)
    jacobian = draw.jacobian()
    for name in differentiable(singles(draw.distribution)[0]):
        slope = np.asarray(entry_of(jacobian, name))
        for k in range(size):
            there = owner == k
            x, y = (array[there].ravel()[:_MOST_POINTS] for array in (values, slope))
            at_draws.setdefault(name, []).append(Points(x, y, "draws", group + k))


def _of_vectors(
    items: Sequence[Drawable],
    laws: Sequence[Distribution],
    grad: bool,
    numbers: range,
    rng: RNGLike,
) -> Picture:
    """Return histograms of the entries of vectors: they have no density of their own here."""
    item, law = items[0], laws[0]
    if len(items) > 1 or law.batch_shape:
        raise ShapeError(
            f"{law.name} draws vectors: a picture shows the entries of one such distribution alone,"
            " without a batch"
        )
    if grad:
        raise NoFormulaError(
            f"{law.name} draws vectors, and a picture shows paths y(θ) of numbers alone; leave"
            " derivatives out, and see the method jacobian of its draws or, without one, score"
        )
    numbers = numbers or range(_VECTORS)
    entries = math.prod(law.event_shape)
    shown = range(min(entries, MOST))
    low, high, quartiles = _windows(law, entries)
    bounds = [
        edges((float(low[k]), float(high[k])), quartiles[k], _size(item, numbers)) for k in shown
    ]
    counts, total = [np.zeros(len(edge) - 1) for edge in bounds], 0
    for block, _ in _values(item, numbers, rng):
        rows = block.reshape(-1, entries)
        total += len(rows)
        for k in shown:
            counts[k] += count([rows[:, k]], bounds[k])[0]
    names = ["_".join(map(str, ("y", *at))) for at in np.ndindex(*law.event_shape)]
    bars = [_bars(bounds[k], counts[k], total, names[k], k) for k in shown]
    # the density may have poles in the first and the last bar
    top = max(min(float(bar.y.max()), 2.0 * float(bar.y[1:-1].max(initial=0.0))) for bar in bars)
    limits = float(low.min()), float(high.max())
    more = entries - len(shown)
    notes = (f"{law.name}: {more} more entries are not shown",) if more else ()
    panel = Panel("density", "y", "density", tuple(bars), limits, (0.0, 1.08 * (top or 1.0)), notes)
    return Picture(tuple(f"{names[k]} of {title(law)}" for k in shown), panel)


def _windows(law: Any, entries: int) -> tuple[Array, Array, list[tuple[float, float]]]:
    """Return where entries are drawn, from and to, and quartiles, or those of the uniform law.

    Entries without endpoints are drawn where all but a few of some draws are.
    """
    low, high = (np.ravel(np.array(end)) for end in law.support)
    quartiles = [(0.25, 0.75)] * entries
    endless = ~(np.isfinite(low) & np.isfinite(high))
    if np.any(endless):
        some = law.sample(_PILOT, rng=0).reshape(_PILOT, entries)
        q = np.quantile(some, [_OUTER, 0.25, 0.75, 1.0 - _OUTER], axis=0)
        low, high = np.where(endless, q[0], low), np.where(endless, q[3], high)
        quartiles = [(float(q[1, k]), float(q[2, k])) for k in range(entries)]
    return low, high, quartiles
