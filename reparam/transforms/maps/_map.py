"""What a monotone map declares, so that a distribution can be made of it and another one."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.second_order import Triangle
from reparam.base.seen import Link
from reparam.base.tree import Tree, _text
from reparam.domains import REAL, Interval

__all__ = ["Map", "MapView", "Steps", "fixed"]


class MapView(NamedTuple):
    """A function of y = T(x) that keeps digits where y rounds: names of formulas of x, y and φ."""

    #: The function itself.
    value: str
    #: Its derivative in x.
    slope: str
    #: Its derivatives in φ.
    partials: str = "_no_partials"


#: Maps, one after another, each with what its parameters are made of.
Steps = tuple[tuple["Map", tuple[Link, ...]], ...]


class Map(Tree, abc.ABC):
    """Base class of strictly monotone maps y = T(x; φ): a frozen tree of parameters φ.

    Formulas are elementwise, as those of distributions are. They take x, most of them y = T(x)
    too, and then φ: what cancels in one of x and y may not in the other.
    """

    #: What text calls it, in lower case.
    name: ClassVar[str]
    #: The interval that x may lie in.
    domain: ClassVar[Interval] = REAL
    #: T(x), for readers, in the names of the parameters' symbols.
    formula: ClassVar[str]
    #: What draws have beside y, by name.
    views: ClassVar[Mapping[str, MapView]] = {}
    #: Whether T is affine: moments of y are those of x, moved and scaled.
    is_affine: ClassVar[bool] = False
    #: Whether E[ln |T′(x)|] is a formula of E[x].
    needs_mean: ClassVar[bool] = False
    #: Whether ``_of_log`` and ``_slope_in_log`` are written: of ln x, where x under- or overflows.
    has_logs: ClassVar[bool] = False

    @abc.abstractmethod
    def _value(self, x: Array, *phi: Array) -> Array:
        """T(x)."""

    @abc.abstractmethod
    def _inverse(self, y: Array, *phi: Array) -> Array:
        """The x with T(x) = y."""

    @abc.abstractmethod
    def _slope(self, x: Array, y: Array, *phi: Array) -> Array:
        """T′(x)."""

    @abc.abstractmethod
    def _log_slope(self, x: Array, y: Array, *phi: Array) -> Array:
        """ln |T′(x)|, also where T′ under- or overflows."""

    @abc.abstractmethod
    def _bend(self, x: Array, y: Array, *phi: Array) -> Array:
        """T″(x)/T′(x), the derivative of ln |T′| in x."""

    def _partials(self, x: Array, y: Array, *phi: Array) -> tuple[Any, ...]:
        """∂T/∂φ at fixed x, for each parameter."""
        return ()

    def _flows(self, x: Array, y: Array, *phi: Array) -> tuple[Any, ...]:
        """(∂T/∂φ)/T′, for each parameter: minus how x moves with φ where y stays."""
        return ()

    def _flow_slopes(self, x: Array, y: Array, *phi: Array) -> tuple[Any, ...]:
        """The derivatives of ``_flows`` in x."""
        return ()

    def _partial_bends(self, x: Array, y: Array, *phi: Array) -> tuple[Any, ...]:
        """∂²T/∂φ∂x, for each parameter."""
        if not phi:
            return ()
        slope, bend = self._slope(x, y, *phi), self._bend(x, y, *phi)
        return tuple(
            slope * (flow_slope + flow * bend)
            for flow, flow_slope in zip(
                self._flows(x, y, *phi), self._flow_slopes(x, y, *phi), strict=True
            )
        )

    def _parameter_bends(self, x: Array, y: Array, *phi: Array) -> Triangle:
        """∂²T/∂φ² at fixed x, the upper triangle."""
        return ()

    def _falls(self, *phi: Array) -> NDArray[np.bool_] | bool:
        """Whether T is decreasing."""
        return False

    def _of_log(self, log_x: Array, *phi: Array) -> Array:
        """T(x) from ln x."""
        raise NotImplementedError

    def _slope_in_log(self, y: Array, *phi: Array) -> Any:
        """∂T/∂ ln x, from y."""
        raise NotImplementedError

    def _bend_in_log(self, y: Array, *phi: Array) -> Any:
        """∂²T/∂(ln x)², from y."""
        power = self._log_power(*phi)
        return 0.0 if power is None else power * power * y

    def _log_power(self, *phi: Array) -> Any:
        """The p with T(x) = x^p, or None: ln y is p ln x."""
        return None

    def _mean_log_slope(self, mean: Array, *phi: Array) -> Any:
        """E[ln |T′(x)|] if E[x] makes it, else None."""
        return None

    def _from_distance(self, end: float, sign: float) -> Steps:
        """Return maps that make T(x) of sign · (x − end), if that keeps digits; else none."""
        return ()

    def _to_distance(self, end: float, sign: float) -> Steps:
        """Return maps that make sign · (T(x) − end) of x with all digits; or none."""
        return ()

    def _keeps_distance(self, end: float, *phi: Array) -> NDArray[np.bool_] | bool:
        """Whether T(x) has digits next to an endpoint of x that x itself has lost."""
        return True

    def _image(self, low: Any, high: Any, *phi: Array) -> tuple[Any, Any]:
        """Return T at both endpoints of an interval, the lower value first."""
        first, last = self._value(low, *phi), self._value(high, *phi)
        falls = self._falls(*phi)
        return np.where(falls, last, first), np.where(falls, first, last)

    def _admits(self, low: Any, high: Any) -> bool:
        """Whether T is monotone between these endpoints of supports."""
        first, last = self.domain.ends({})
        return bool(np.all(low >= first) and np.all(high <= last))

    def _proved(self, low: Any, high: Any, what: str) -> Self:
        """Return the map on an interval: if it must be shown to be monotone there, shown to be."""
        return self

    def _inverse_between(self, y: Array, low: Any, high: Any, *phi: Array) -> Array:
        """Return the x between these endpoints with T(x) = y."""
        return np.asarray(np.clip(self._inverse(y, *phi), low, high))

    def _no_partials(self, x: Array, y: Array, *phi: Array) -> tuple[Any, ...]:
        return ()

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={_text(part)}" for name, part in self._parts.items())
        return f"{type(self).__name__}({inner})"


def fixed(*values: float) -> tuple[Link, ...]:
    """Return what parameters are made of that are constants."""
    return tuple(Link(value, {}) for value in values)
