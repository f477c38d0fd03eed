"""The panels of a picture: the density, the path y(θ), and the derivative ∂y/∂θ."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.plots._laws import atoms, bounds, is_discrete, moved, quantile, slopes, value
from reparam.plots._picture import Bars, Curve, Layer, Panel, Points, Quantile, Stems
from reparam.plots._points import ceiling, integers, points, poles, span, united, window

__all__ = ["PROBABILITIES", "density", "gradient", "numbers", "path"]

#: The probabilities u of the paths and of the rows of numbers.
PROBABILITIES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])

#: Room above curves, as a share of the height.
_ROOM = 0.08

#: Points of a path.
_PATH = 65

#: Points of a path that has steps: a step may be off by a 400th of the width.
_STEPS = 801


def density(laws: Sequence[Distribution], drawn: Sequence[Bars]) -> Panel:
    """Return the panel of densities or probabilities, with histograms behind."""
    limits = united(map(window, laws))
    top, notes = 0.0, []
    layers: list[Layer] = list(drawn)
    for group, law in enumerate(laws):
        mass = partial(_density, law)
        if is_discrete(law):
            x, every = integers(law, limits)
            y = mass(x)
            layers.append(Stems(x, y, "p(y)", group) if every else Curve(x, y, "p(y)", group))
            if not every:
                notes.append(f"{law.name}: p(y) is drawn as a line, at {len(x)} integers")
            top = max(top, float(y.max()))
            continue
        steep = poles(law)
        heights = partial(_heights, steep=steep, limits=limits)
        x, y = points(mass, law, limits, heights)
        layers.append(Curve(x, y, "p(y)", group, "filled"))
        top = max(top, ceiling(x, y, steep, limits))
        notes += [f"{law.name}: p(y) → ∞ at y = {pole:g}" for pole in steep]
        notes += [
            f"{law.name}: P(y = {y:g}) = {mass:.3g} is not part of the density"
            for y, mass in atoms(law).items()
        ]
    for bars in drawn:
        if bars.outside:
            name = laws[bars.group].name
            notes.append(f"{name}: {bars.outside} of {bars.total} draws lie beyond the picture")
    if not any(isinstance(layer, Curve) and layer.role == "filled" for layer in layers):
        limits = limits[0] - 0.5, limits[1] + 0.5
    label = "probability" if all(map(is_discrete, laws)) else "density"
    highest = max([top, *(_tallest(bars, top) for bars in drawn)])
    y_limits = 0.0, (highest or 1.0) * (1.0 + _ROOM)
    return Panel("density", "y", label, tuple(layers), _wider(limits), y_limits, tuple(notes))


def _density(law: Distribution, y: Array) -> Array:
    if law._has_atoms:  # at the endpoints log_prob is that of probabilities: look next to them
        low, high = law.support
        y = np.clip(y, np.nextafter(low, np.inf), np.nextafter(high, -np.inf))
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(law.log_prob(y)))


def _heights(
    x: Array, y: Array, steep: Sequence[float], limits: tuple[float, float]
) -> tuple[float, float]:
    return 0.0, (ceiling(x, y, steep, limits) or 1.0) * (1.0 + _ROOM)


def _tallest(bars: Bars, top: float) -> float:
    """Return the height of the tallest bar, unless it stands at a pole."""
    return min(float(bars.y.max(initial=0.0)), 1.5 * top) if top else float(bars.y.max(initial=0.0))


def _wider(limits: tuple[float, float], share: float = 0.02) -> tuple[float, float]:
    # where numbers next to each other are all there is, a few of these
    least = 4.0 * float(np.spacing(max(*map(abs, limits), 1e-285)))
    room = max(share * (limits[1] - limits[0]), least)
    return limits[0] - room, limits[1] + room


def path(laws: Sequence[tuple[int, Distribution]], name: str) -> Panel:
    """Return the panel of y(θ) at fixed u: its slope at the dots is ∂y/∂θ."""
    layers: list[Layer] = []
    shown, ranges, notes = [], [], []
    for group, law in laws:
        here = value(law, name)
        y = _finite(quantile(law, PROBABILITIES))
        low, high = _range(law, name, here, y)
        theta = np.linspace(low, high, _STEPS if is_discrete(law) else _PATH)
        values = _finite(quantile(moved(law, name, theta[:, None]), PROBABILITIES))
        role = "steps" if is_discrete(law) else "line"
        layers += [
            Curve(theta, values[:, k], f"u = {u:g}", group, role)
            for k, u in enumerate(PROBABILITIES.tolist())
        ]
        if role == "line":
            reach = 0.16 * (high - low)
            layers += [
                Curve(here + ends, at + slope * ends, "", group, "tangent")
                for at, slope in zip(y, slopes(law, y, name), strict=True)
                for ends in [np.array([-reach, reach])]
            ]
        else:
            notes.append(
                f"{law.name}: y(θ) is a step function, with ∂y/∂θ = 0 almost everywhere;"
                " ∂ log p/∂θ is shown instead"
            )
        layers.append(Points(np.full(len(y), here), y, "", group))
        ranges.append((low, high))
        shown.append(_shown(values, y))
    x_limits, y_limits = _wider(united(ranges)), _wider(united(shown), _ROOM)
    label = f"y({name}) at fixed u"
    return Panel(f"path {name}", name, label, tuple(layers), x_limits, y_limits, tuple(notes))


def _finite(y: Array) -> Array:
    """Return values with NaN for those that are infinite."""
    return np.where(np.isfinite(y), y, np.nan)


def _shown(values: Array, here: Array) -> tuple[float, float]:
    """Return the range of y that is shown: paths may run away at the ends of a parameter's."""
    low, high = _finite_range(here)
    height = max(high - low, 1e-300)
    lowest, highest = _finite_range(values)
    return max(low - height, min(lowest, low)), min(high + height, max(highest, high))


def _range(law: Distribution, name: str, here: float, y: Array) -> tuple[float, float]:
    """Return the range of a parameter: as far as moves its quantiles by half their distance."""
    first, last = bounds(law, name)
    if first > -np.inf and last < np.inf:
        return first + 0.01 * (last - first), last - 0.01 * (last - first)
    most = 2.0 * (here - first) if first > -np.inf else np.inf
    if is_discrete(law):
        step = 0.2 * (here - first) if first > -np.inf else 1.0
        ends = here + step * np.array([-1.0, 1.0])
        median = quantile(moved(law, name, ends), np.array(0.5))
        steepest = float(abs(np.ptp(median)) / np.ptp(ends))
        most = min(0.5 * most, 3.0 + abs(here))
    else:
        steepest = float(np.max(np.abs(slopes(law, y, name))))
    across = float(np.subtract(*_finite_range(y)[::-1]))
    width = min(0.5 * across / steepest if steepest > 0.0 else np.inf, most)
    if not (np.isfinite(width) and width > 0.0):
        width = max(abs(here), 1.0)
    low, high = here - width, here + width
    if low <= first:
        low = first + 0.1 * (here - first)
    if high >= last:
        high = last - 0.1 * (last - here)
    return low, high


def gradient(
    laws: Sequence[tuple[int, Distribution]], name: str, at_draws: Sequence[Points] = ()
) -> Panel:
    """Return the panel of ∂y/∂θ over y."""
    limits = united(window(law) for _, law in laws)
    layers: list[Layer] = []
    shown = []
    for group, law in laws:
        slope = partial(slopes, law, name=name)
        y = np.asarray(quantile(law, PROBABILITIES))
        if is_discrete(law):
            x, every = integers(law, limits)
            layers.append(Stems(x, slope(x), "", group) if every else Curve(x, slope(x), "", group))
            shown.append(_finite_range(slope(x)))
        else:
            x, derivative = points(slope, law, limits, partial(span, limits=limits))
            layers.append(Curve(x, derivative, "", group))
            layers.append(Points(y, _finite(slope(y)), "", group))
            shown.append(span(x, derivative, limits))
    low, high = united([*shown, (0.0, 0.0)])
    if low == high:
        low, high = low - 1.0, high + 1.0
    discrete = all(is_discrete(law) for _, law in laws)
    label = f"∂ log p/∂{name}" if discrete else f"∂y/∂{name}"
    layers += at_draws
    y_limits = _wider((low, high), _ROOM)
    return Panel(f"gradient {name}", "y", label, tuple(layers), _wider(limits), y_limits)


def _finite_range(y: Array) -> tuple[float, float]:
    finite = y[np.isfinite(y)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def numbers(group: int, law: Distribution, names: Sequence[str]) -> list[Quantile]:
    """Return the rows of numbers of one distribution."""
    y = np.asarray(quantile(law, PROBABILITIES))
    mass = _density(law, y)
    slope = {name: slopes(law, y, name).tolist() for name in names}
    return [
        Quantile(group, u, at, p, {name: column[k] for name, column in slope.items()})
        for k, (u, at, p) in enumerate(
            zip(PROBABILITIES.tolist(), y.tolist(), mass.tolist(), strict=True)
        )
    ]
