"""A distribution between two bounds."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.distribution import About
from reparam.base.reparameterized import Flow, Reparameterized
from reparam.base.second_order import Triangle
from reparam.base.seen import Link, Seen, joined
from reparam.base.tree import Child, _text
from reparam.domains import EXTENDED, Interval
from reparam.engine.noise import UNIFORM, Noise
from reparam.errors import ParameterError
from reparam.parameters import Parameter, shown
from reparam.transforms._bends import of_window, safe
from reparam.transforms._children import Continuous
from reparam.transforms._moved import moved
from reparam.transforms._rows import as_rows
from reparam.transforms._window import Theta, Window

__all__ = ["Truncated", "truncate"]

#: Less probability than this is not resolved in float64: F is 0, or has lost digits.
_LEAST = 1e-290


class Truncated(Reparameterized):
    """A distribution given that its value lies between two bounds.

    p(y) = p₀(y)/(F₀(b) − F₀(a)) for a < y < b, with density p₀ and cdf F₀ of the base. It is
    reparameterized through its quantile, y = F₀⁻¹(F₀(a) + u (F₀(b) − F₀(a))).
    """

    name = "truncated"
    base: Child[Reparameterized] = Continuous("The distribution p₀")
    low: Parameter = Parameter("a", EXTENDED, -math.inf, (-2.0, -0.5), (), "Lower bound")
    high: Parameter = Parameter("b", EXTENDED, math.inf, (0.5, 2.0), (), "Upper bound")
    about = About(
        density="p(y) = p₀(y) / (F₀(b) − F₀(a))",
        transform="y = F₀⁻¹(F₀(a) + u (F₀(b) − F₀(a)))",
        derivatives={"low": "(1 − u) p₀(a) / p₀(y)", "high": "u p₀(b) / p₀(y)"},
        source="Devroye (1986), Non-Uniform Random Variate Generation, section II.2",
    )
    mechanism = "inverse CDF"
    noise: ClassVar[Noise] = UNIFORM
    _support = Interval("low", "high")
    _ordered = (("low", "high"),)
    _extras: ClassVar[int] = 1  # u, which keeps its digits where the window is narrow

    def _check(self) -> None:
        """Refuse windows outside the base's support, and such as have no mass in float64."""
        ends = self.base.support
        low, high = self._parts["low"], self._parts["high"]
        for name, value, outside, own, word in (
            ("low", low, low >= ends[1], ends[1], "below the upper"),
            ("high", high, high <= ends[0], ends[0], "above the lower"),
        ):
            if np.any(outside):
                label, number, end = _first(name, outside, value, own)
                raise ParameterError(
                    f"{label}={number} is not {word} endpoint {end} of {self.base!r};"
                    f" pass a {name} that leaves something of it"
                )
        with np.errstate(all="ignore"):
            mass = self._rows(self._nested(self._theta))[0].mass.reshape(self.batch_shape)
        if not np.all(lost := mass > _LEAST):
            label, first, last = _first("", ~lost, low, high)
            raise ParameterError(
                f"{self.base!r} is{' at ' + label if label else ''} between low={first} and"
                f" high={last} with a probability below {_LEAST:g}, too little for float64;"
                " pass bounds that are nearer to its median"
            )

    @property
    def moving(self) -> tuple[str, ...]:
        """The parameters that move an endpoint: own bounds that cut, or the base's."""
        base, found = self.base, []
        first, last = self.support
        ends = zip(("low", "high"), base.support, strict=True)
        for name, own in ends:
            value = self._parts[name]
            if np.any(value > own if name == "low" else value < own):
                found.append(name)
            if base.moving and np.any(value <= own if name == "low" else value >= own):
                speeds = base.pathwise(own)
                found += [f"base.{path}" for path in base.moving if np.any(speeds[path] != 0.0)]
        for flow in base._jumps():
            inside = (first < flow.end) & (flow.end < last)
            found += [
                f"base.{path}"
                for path, gone in flow.through.items()
                if np.any(inside & (gone != 0))
            ]
        return tuple(path for path in self.parameters if path in found)

    def _seen_from(self, end: float, sign: float) -> Seen[Reparameterized] | None:
        inner, count = moved(self.base, end, sign), len(self.base.parameters)
        ends = [Link(-sign * end, {number: sign}) for number in (0, 1)]
        links = joined((inner.links, count), (ends if sign > 0.0 else ends[::-1], 2))
        low, high = (link.of(self._theta) for link in links[-2:])
        return Seen(Truncated(inner.law, low, high), links)

    def _joints(self, *theta: Any) -> tuple[Array, ...]:
        return self.base._joints(*theta[0])

    def _jumps(self) -> list[Flow]:
        found, jumps, (low, high) = [], self.base._jumps(), self.support
        if not jumps:
            return []
        with np.errstate(all="ignore"):
            mass = self._rows(self._nested(self._theta))[0].mass.reshape(self.batch_shape)
        for end, inner, density, speeds in jumps:
            inside = (low < end) & (end < high)
            moved = {f"base.{path}": speed for path, speed in speeds.items()}
            found.append(Flow(end, inner, np.where(inside, density / mass, 0.0), moved))
        return found

    def _written(self) -> str:
        parts = ((name, self._parts[name], infinite) for name, infinite in _WHOLE.items())
        ends = [f", {name}={_text(v)}" for name, v, whole in parts if np.any(v != whole)]
        return f"{self.base!r}{''.join(ends)}"

    # Formulas --------------------------------------------------------------------------------

    def _window(self, theta: Theta, low: Array, high: Array) -> Window:
        """Return the part of what is cut once or several times: of several cuts the narrowest."""
        base: Reparameterized = self.base
        while isinstance(base, Truncated):
            theta, first, last = theta
            low, high = np.maximum(low, first), np.minimum(high, last)
            base = base.base
        return Window(base, theta, low, high)

    def _entries(
        self, found: tuple[list[Array], Array, Array], theta: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        """Return derivatives in the parameters of all cuts: those in bounds are the narrowest's."""
        of_base, in_low, in_high = found
        if not isinstance(self.base, Truncated):
            return (*of_base, in_low, in_high)
        inner, low, high = theta
        first, last = self.base._ends(*inner)
        cuts, own = low > first, high < last
        of_inner = of_base, np.where(cuts, 0.0, in_low), np.where(own, 0.0, in_high)
        return (
            *self.base._entries(of_inner, inner),
            np.where(cuts, in_low, 0.0),
            np.where(own, in_high, 0.0),
        )

    def _rows(self, theta: tuple[Any, ...]) -> tuple[Window, tuple[int, ...]]:
        """Return the window with a row for each element of a batch, and the batch's shape."""
        rows, batch = as_rows(self, theta)
        return self._window(*rows), batch

    def _ends(self, *theta: Any) -> tuple[Any, Any]:
        of_base, low, high = theta
        first, last = self.base._ends(*of_base)
        return np.maximum(low, first), np.minimum(high, last)

    def _transform(self, noise: Array, *theta: Any) -> tuple[Array, ...]:
        return self._window(*theta).quantile(noise, 1.0 - noise), noise

    def _jacobian(self, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        u, *theta = extras_and_theta
        return self._entries(self._window(*theta).velocity(y, u, 1.0 - u), tuple(theta))

    def _pathwise(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        window = self._window(*theta)
        return self._entries(window.velocity(y, window.cdf(y), window.sf(y)), theta)

    def _hessian(self, y: Array, *extras_and_theta: Any) -> Triangle:
        u, *theta = extras_and_theta
        return safe(self, y, tuple(theta), of_window(Window(self.base, *theta), y, u, 1.0 - u))

    def _pathwise2(self, y: Array, *theta: Any) -> Triangle:
        window = Window(self.base, *theta)
        return safe(self, y, theta, of_window(window, y, window.cdf(y), window.sf(y)))

    def _score(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        return self._entries(self._window(*theta).score(y), theta)

    def _icdf(self, u: Array, *theta: Any) -> Array:
        return self._window(*theta).quantile(u, 1.0 - u)

    def _isf(self, v: Array, *theta: Any) -> Array:
        return self._window(*theta).quantile(1.0 - v, v)

    def _cdf(self, y: Array, *theta: Any) -> Array:
        return self._window(*theta).cdf(y)

    def _sf(self, y: Array, *theta: Any) -> Array:
        return self._window(*theta).sf(y)

    def _log_cdf(self, y: Array, *theta: Any) -> Array:
        return self._window(*theta).log_cdf(y)

    def _log_sf(self, y: Array, *theta: Any) -> Array:
        return self._window(*theta).log_sf(y)

    def _stein_score(self, y: Array, *theta: Any) -> Array:
        slope: Array = self.base._stein_score(y, *theta[0])
        return slope

    def _log_prob(self, y: Array, *theta: Any) -> Array:
        window = self._window(*theta)
        log_prob: Array = window.base._log_prob(y, *window.theta)
        return log_prob - np.log(window.mass)

    def _mean(self, *theta: Any) -> Array:
        window, batch = self._rows(theta)
        return window.expectation(lambda y: y).reshape(batch)

    def _variance(self, *theta: Any) -> Array:
        window, batch = self._rows(theta)
        mean = window.expectation(lambda y: y)
        centre = mean[:, np.newaxis, np.newaxis]
        square = window.expectation(lambda y: (y - centre) ** 2)
        return np.where(np.isinf(mean), np.inf, square).reshape(batch)

    def _entropy(self, *theta: Any) -> Array:
        window, batch = self._rows(theta)
        return self._or_from_ends(window.entropy().reshape(batch), theta)


#: Ends that cut nothing off, which ``repr`` leaves out.
_WHOLE = {"low": -math.inf, "high": math.inf}


def truncate(
    base: Reparameterized, *, low: ArrayLike = -math.inf, high: ArrayLike = math.inf
) -> Truncated:
    """Return a distribution given that its value lies between two bounds.

    Parameters
    ----------
    base
        The distribution, of numbers.
    low, high
        The bounds; infinite, or beyond the support, they cut nothing off.

    Returns
    -------
    Truncated
        Its parameters are those of the base, ``base.loc`` and so on, and the bounds.

    Raises
    ------
    ParameterError
        If nothing is between the bounds, or less than float64 has probabilities for.

    Examples
    --------
    >>> import reparam as rp
    >>> d = rp.truncate(rp.Gaussian(), low=2.0)
    >>> d.icdf([0.0, 0.5])
    array([2.        , 2.27760484])
    >>> {name: float(g.round(6)) for name, g in d.transform(0.5).vjp(1.0).items()}
    {'base.loc': 0.094624, 'base.scale': 0.466853, 'low': 0.905376, 'high': 0.0}
    """
    return Truncated(base, low, high)


def _first(name: str, where: Any, *values: Any) -> tuple[str, str, str]:
    """Return the label of the first element there, and the values."""
    whole = np.broadcast_arrays(where, *values)
    index = np.unravel_index(int(np.argmax(whole[0])), whole[0].shape)
    label = name + (f"[{', '.join(map(str, index))}]" if index else "")
    first, second = (shown(float(each[index])) for each in whole[1:])
    return label, first, second
