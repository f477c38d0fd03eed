"""A distribution made by a monotone map of another one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About, View
from reparam.base.reparameterized import Flow, Reparameterized
from reparam.base.second_order import Triangle, unflattened
from reparam.base.seen import Seen, kept
from reparam.base.tree import Child, flat
from reparam.engine.noise import UNIFORM
from reparam.errors import ParameterError
from reparam.parameters import shown
from reparam.special._accurate import LARGEST
from reparam.transforms._children import Monotone
from reparam.transforms._continued import continued, continued_tail
from reparam.transforms._distances import (
    Twin,
    by_distance,
    chained,
    from_the_nearer_end,
    replaced,
    twins,
)
from reparam.transforms._limits import limit_of_log_density, limits_of_scores
from reparam.transforms._mapped import Mapped, times
from reparam.transforms._rows import by_number
from reparam.transforms.maps import Exp, Log, Map

__all__ = ["Transformed"]

#: Beyond these x under- or overflows, or is about to.
_SMALL, _LARGE = 1e-290, 1e290


class Transformed(Mapped):
    """The distribution of T(x), with x from a base and T strictly monotone.

    ln p(y) is ln p₀(x) less the logarithm of the size of T′(x), at x = T⁻¹(y), with density p₀ of
    the base. It is reparameterized as y = T(x): draws are maps of the draws that the base makes at
    the same seed.
    """

    name = "transformed"
    map: Child[Map] = Monotone("The map T")
    about = About(
        density="p(y) = p₀(x) / |T′(x)|,  x = T⁻¹(y)",
        transform="y = T(x)",
        derivatives={"base": "T′(x) ∂x/∂θ", "map": "∂T/∂φ"},
        source="Devroye (1986), Non-Uniform Random Variate Generation, section I.4",
    )

    @property
    def _proved(self) -> Map:
        """The map, where it has been shown to be monotone."""
        proved: Map = self.__dict__["_proved_map"]
        return proved

    @property
    def _is_log(self) -> bool:
        """Whether T is the logarithm."""
        return isinstance(self.map, Log)

    @property
    def _undone(self) -> Reparameterized | None:
        """The x that y is where y = ln(e^x), None elsewhere."""
        base = self.base
        if self._is_log and isinstance(base, Transformed) and isinstance(base.map, Exp):
            return base.base
        return None

    @property
    def _by_logs(self) -> bool:
        """Whether y comes from ln x of the base's draws, where x under- or overflows."""
        by_logs: bool = self.__dict__["_has_logs"]
        return by_logs

    def _check(self) -> None:
        """Refuse bases with values that T has no place for, or isn't monotone on."""
        super()._check()
        base, own_map = self.base, self.map
        ends, phi = base.support, own_map._theta
        what = repr(base)
        if not own_map._admits(*ends):
            low, high = (shown(float(end)) for end in (np.min(ends[0]), np.max(ends[1])))
            inside = own_map.domain if own_map.domain.low == 0.0 else "numbers of one sign"
            raise ParameterError(
                f"{own_map!r} takes {inside}, and {what} has values in ({low}, {high}); pass"
                f" another base, such as Truncated({what}, low=0.0)"
            )
        with np.errstate(all="ignore"):
            own_map = self.__dict__["_proved_map"] = own_map._proved(*ends, what)
            low, high = own_map._image(*ends, *phi)
        self._declare_support(low, high)
        state, falls = self.__dict__, own_map._falls(*phi)
        if base.path == "map" and np.any(falls) and state["_rises"] is not None:
            state["_rises"] = not state["_rises"] if np.all(falls) else None
        state["_has_logs"] = own_map.has_logs and "log_value" in base._views
        own = [*own_map.views]
        if state["_has_logs"] and own_map._log_power(*phi) is not None:
            own = ["log_value"]
        state["_views"] = {name: _VIEWS[name] for name in own}

    @property
    def moving(self) -> tuple[str, ...]:
        """The parameters that move an endpoint: the base's, and the map's where it is finite."""
        found = {f"base.{path}" for path in self.base.moving}
        with np.errstate(all="ignore"):
            phi = self._proved._theta
            for end in self.base.support:
                at = self._proved._value(end, *phi)
                speeds = self._proved._partials(end, at, *phi)
                for path, speed in zip(self.map.parameters.differentiable, speeds, strict=True):
                    if np.any(np.isfinite(at) & np.isfinite(speed) & (speed != 0.0)):
                        found.add(f"map.{path}")
        for flow in self._jumps():
            found |= {path for path, gone in flow.through.items() if np.any(gone)}
        return tuple(path for path in self.parameters if path in found)

    def __repr__(self) -> str:
        text = f"{type(self).__name__}({self.base!r}, {self.map!r})"
        return f"ByQuantile({text})" if self._is_by_quantile else text

    # Draws -----------------------------------------------------------------------------------

    def _transform(self, noise: Array, *theta: Any) -> tuple[Array, ...]:
        of_base, phi = theta
        if self.base.path == "map":
            parts = self.base._transform(noise, *of_base)
        else:
            parts = self._at_probability(noise, of_base, phi)
        y, x, *extras = self._placed(parts, *theta)
        if "complement" not in self.base._views:
            y = replaced(self, x, phi, y, lambda twin: twin.drawn(self, noise, theta))
        return (y, x, *extras)

    def _transform_upper(self, v: Array, *theta: Any) -> tuple[Array, ...]:
        of_base, phi = theta
        return self._placed(self._at_probability(v, of_base, phi, upper=True), *theta)

    def _at_probability(
        self, u: Array, of_base: Any, phi: Any, *, upper: bool = False
    ) -> tuple[Array, ...]:
        """Return x and the base's auxiliary arrays at a probability of y, of a field."""
        base = self.base
        from_above = np.broadcast_to(self._proved._falls(*phi), u.shape) != upper
        if np.all(from_above):
            return base._transform_upper(u, *of_base)
        below = base._transform(u, *of_base)
        if not np.any(from_above):
            return below
        above = base._transform_upper(u, *of_base)
        return tuple(np.where(from_above, a, b) for a, b in zip(above, below, strict=True))

    def _placed(self, parts: tuple[Array, ...], *theta: Any) -> tuple[Array, ...]:
        x, *extras = parts
        of_base, phi = theta
        y = self._proved._value(x, *phi)
        if self._by_logs and np.any(lost := ~((x > _SMALL) & (x < _LARGE))):
            log_x = self._of_view("value", x, *extras, *of_base)
            y = np.where(lost, self._proved._of_log(log_x, *phi), y)
        if self._twins and (view := self.base._views.get("complement")):
            rest = getattr(self.base, view.value)(x, *extras, *of_base)
            y = replaced(self, x, phi, y, lambda twin: twin.value(rest, theta), upper=True)
        return (y, *parts)

    def _of_view(self, what: str, *arguments: Any) -> Any:
        """Return ln x of the base's draws, or its derivatives."""
        return getattr(self.base, getattr(self.base._views["log_value"], what))(*arguments)

    def _jacobian(self, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        x, *rest = extras_and_theta
        extras, (of_base, phi) = self._split(tuple(rest))
        if self._by_logs:
            inner = self._of_view("jacobian", x, *extras, *of_base)
            slope = self._proved._slope_in_log(y, *phi)
        else:
            inner = self.base._jacobian(x, *extras, *of_base)
            slope = self._proved._slope(x, y, *phi)
        entries = self._chained(slope, inner, self._proved._partials(x, y, *phi))
        if self._on_quantile_path and "complement" not in self.base._views:
            entries = by_distance(self, "_pathwise", x, y, (of_base, phi), entries)
        return entries

    def _hessian(self, y: Array, *extras_and_theta: Any) -> Triangle:
        x, *rest = extras_and_theta
        extras, (of_base, phi) = self._split(tuple(rest))
        if not self._by_logs or not (of_log := self.base._views["log_value"].hessian):
            inner = self.base._jacobian(x, *extras, *of_base)
            triangle = self.base._hessian(x, *extras, *of_base)
            return self._bent(x, y, phi, inner, triangle)
        inner = self._of_view("jacobian", x, *extras, *of_base)
        triangle = getattr(self.base, of_log)(x, *extras, *of_base)
        return self._bent(x, y, phi, inner, triangle, in_log=True)

    def _bent(
        self,
        x: Array,
        y: Array,
        phi: tuple[Any, ...],
        inner: tuple[Any, ...],
        triangle: Triangle,
        *,
        in_log: bool = False,
    ) -> Triangle:
        """Return T′ x_θφ + T″ x_θ x_φ, and what the map's own parameters do: or all of ln x."""
        proved = self._proved
        mixed = proved._partial_bends(x, y, *phi)
        if in_log:
            slope, bend = proved._slope_in_log(y, *phi), proved._bend_in_log(y, *phi)
            mixed = tuple(times(x, entry) for entry in mixed)
        else:
            slope = proved._slope(x, y, *phi)
            bend = times(slope, proved._bend(x, y, *phi))
        slopes = by_number(self.base, self.base._theta, inner)
        rows = (
            (
                *(
                    times(slope, entry) + times(bend, times(slopes[i], slopes[i + k]))
                    for k, entry in enumerate(row)
                ),
                *(times(entry, slopes[i]) for entry in mixed),
            )
            for i, row in enumerate(unflattened([*flat(triangle)]))
        )
        return (*rows, *proved._parameter_bends(x, y, *phi))

    def _jumps(self) -> list[Flow]:
        found, (low, high), phi = [], self.base.support, self.map._theta
        for end, inner, density, speeds in self.base._jumps():
            inside = (low < end) & (end < high)
            if not np.any(inside):
                continue
            x = np.where(inside, end, self.base.icdf(0.5))
            with np.errstate(all="ignore"):
                y = self._proved._value(x, *phi)
                slope = self._proved._slope(x, y, *phi)
                partials = self._proved._partials(x, y, *phi)
                here = np.where(inside, density / slope, 0.0)
            moved = {f"base.{path}": slope * speed for path, speed in speeds.items()}
            names = self.map.parameters.differentiable
            moved |= {f"map.{name}": part for name, part in zip(names, partials, strict=True)}
            found.append(Flow(y, inner * float(np.sign(np.mean(slope))), here, moved))
        return found

    @cached_property
    def _twins(self) -> list[Twin]:
        """The same by distances from the base's endpoints."""
        return twins(self.base, self.map, type(self))

    def _seen_from(self, end: float, sign: float) -> Seen[Reparameterized] | None:
        steps = self.map._to_distance(end, sign)
        if not steps:
            return None
        count = len(self.base.parameters)
        whole = Seen(self.base, kept(count))
        return chained(type(self), whole, count, steps, len(self.map.parameters))

    def _joints(self, *theta: Any) -> tuple[Array, ...]:
        of_base, phi = theta
        return tuple(self._proved._value(x, *phi) for x in self.base._joints(*of_base))

    @continued
    @from_the_nearer_end
    def _pathwise(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        of_base, phi = theta
        x = self._x(y, *theta)
        inner, slope = self.base._pathwise(x, *of_base), self._proved._slope(x, y, *phi)
        return self._chained(slope, inner, self._proved._partials(x, y, *phi))

    def _pathwise2(self, y: Array, *theta: Any) -> Triangle:
        of_base, phi = theta
        x = self._x(y, *theta)
        inner, triangle = self.base._pathwise(x, *of_base), self.base._pathwise2(x, *of_base)
        return self._bent(x, y, phi, inner, triangle)

    @staticmethod
    def _chained(slope: Any, inner: Iterable[Any], partials: Iterable[Any]) -> tuple[Any, ...]:
        return (*(times(slope, entry) for entry in flat(inner)), *partials)

    # Derived quantities of draws -------------------------------------------------------------

    def _viewed(self, name: str, y: Array, x: Array, rest: tuple[Any, ...]) -> Array:
        extras, (of_base, phi) = self._split(rest)
        if self._by_logs:
            log_x = self._of_view("value", x, *extras, *of_base)
            return np.asarray(self._proved._log_power(*phi) * log_x)
        value: Array = getattr(self.map, self.map.views[name].value)(x, y, *phi)
        return value

    def _view_jacobian(
        self, name: str, y: Array, x: Array, rest: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        extras, (of_base, phi) = self._split(rest)
        if self._by_logs:
            log_x = self._of_view("value", x, *extras, *of_base)
            inner = self._of_view("jacobian", x, *extras, *of_base)
            return self._chained(self._proved._log_power(*phi), inner, (log_x,) * len(phi))
        view = self.map.views[name]
        slope = getattr(self.map, view.slope)(x, y, *phi)
        partials = getattr(self.map, view.partials)(x, y, *phi)
        entries = self._chained(slope, self.base._jacobian(x, *extras, *of_base), partials)
        # logarithms are finite, and so are their derivatives
        return tuple(np.clip(entry, -LARGEST, LARGEST) for entry in entries)

    def _log_value(self, y: Array, x: Array, *rest: Any) -> Array:
        return self._viewed("log_value", y, x, rest)

    def _log_jacobian(self, y: Array, x: Array, *rest: Any) -> tuple[Any, ...]:
        return self._view_jacobian("log_value", y, x, rest)

    def _complement(self, y: Array, x: Array, *rest: Any) -> Array:
        return self._viewed("complement", y, x, rest)

    def _complement_jacobian(self, y: Array, x: Array, *rest: Any) -> tuple[Any, ...]:
        return self._view_jacobian("complement", y, x, rest)

    def _log_complement(self, y: Array, x: Array, *rest: Any) -> Array:
        return self._viewed("log_complement", y, x, rest)

    def _log_complement_jacobian(self, y: Array, x: Array, *rest: Any) -> tuple[Any, ...]:
        return self._view_jacobian("log_complement", y, x, rest)

    # Functions of values ---------------------------------------------------------------------

    def _ends(self, *theta: Any) -> tuple[Any, Any]:
        of_base, phi = theta
        with np.errstate(all="ignore"):
            return self._proved._image(*self.base._ends(*of_base), *phi)

    def _x(self, y: Array, *theta: Any) -> Array:
        """Return T⁻¹(y), within the base's support."""
        of_base, phi = theta
        return self._proved._inverse_between(y, *self.base._ends(*of_base), *phi)

    def _by_direction(self, rising: str, falling: str, at: Array, of_base: Any, phi: Any) -> Array:
        """Return one of two formulas of the base: the second where T is decreasing."""
        falls = self._proved._falls(*phi)
        if not np.any(falls):
            return np.asarray(getattr(self.base, rising)(at, *of_base))
        other = np.asarray(getattr(self.base, falling)(at, *of_base))
        if np.all(falls):
            return other
        return np.where(falls, other, getattr(self.base, rising)(at, *of_base))

    @continued_tail
    @from_the_nearer_end
    def _cdf(self, y: Array, *theta: Any) -> Array:
        return self._by_direction("_cdf", "_sf", self._x(y, *theta), *theta)

    @continued_tail
    @from_the_nearer_end
    def _sf(self, y: Array, *theta: Any) -> Array:
        return self._by_direction("_sf", "_cdf", self._x(y, *theta), *theta)

    @continued_tail
    @from_the_nearer_end
    def _log_cdf(self, y: Array, *theta: Any) -> Array:
        return self._by_direction("_log_cdf", "_log_sf", self._x(y, *theta), *theta)

    @continued_tail
    @from_the_nearer_end
    def _log_sf(self, y: Array, *theta: Any) -> Array:
        return self._by_direction("_log_sf", "_log_cdf", self._x(y, *theta), *theta)

    def _icdf(self, u: Array, *theta: Any) -> Array:
        return self._quantile(u, *theta, upper=False)

    def _isf(self, v: Array, *theta: Any) -> Array:
        return self._quantile(v, *theta, upper=True)

    def _quantile(self, p: Array, of_base: Any, phi: Any, *, upper: bool) -> Array:
        """Return T at a quantile, and at probabilities 0 and 1 the endpoints themselves."""
        if self._has_log_quantile:
            parts = self._at_probability(p, of_base, phi, upper=upper)
            y = self._placed(parts, of_base, phi)[0]
        else:
            names = ("_isf", "_icdf") if upper else ("_icdf", "_isf")
            y = self._proved._value(self._by_direction(*names, p, of_base, phi), *phi)
        if self._twins:
            x, theta = self._x(y, of_base, phi), (of_base, phi)
            y = replaced(
                self, x, phi, y, lambda twin: twin.formula("_quantile", p, theta, upper=upper)
            )
        if np.any(at_end := (p == 0.0) | (p == 1.0)):
            low, high = self._ends(of_base, phi)
            y = np.where(at_end, np.where((p == 0.0) != upper, low, high), y)
        return y

    @property
    def _has_log_quantile(self) -> bool:
        """Whether the base has ln x of quantiles, where x may underflow."""
        base = self.base
        drawn = not isinstance(base, Mapped) or base.path == "field" or base._is_by_quantile
        return self._by_logs and base.noise is UNIFORM and drawn

    @continued
    @from_the_nearer_end
    def _log_prob(self, y: Array, *theta: Any) -> Array:
        of_base, phi = theta
        x = self._x(y, *theta)
        logs = np.asarray(self._log_density(x, y, of_base, phi))
        if np.any(lost := np.isnan(logs) & ~np.isnan(y)):
            low, _ = self.base._ends(*of_base)

            def log_density(x: Array) -> Array:
                return self._log_density(x, self._proved._value(x, *phi), of_base, phi)

            logs = np.where(lost, limit_of_log_density(log_density, x, y, low), logs)
        return logs

    def _log_density(self, x: Array, y: Array, of_base: Any, phi: Any) -> Array:
        inner: Array = self.base._log_prob(x, *of_base)
        return inner - self._proved._log_slope(x, y, *phi)

    @continued
    @from_the_nearer_end
    def _score(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        x = self._x(y, *theta)
        scores = self._scores(x, y, *theta)
        if not np.any(np.isinf(x)):
            return scores

        def scores_at(x: Array) -> tuple[Any, ...]:
            return self._scores(x, self._proved._value(x, *theta[1]), *theta)

        return limits_of_scores(scores_at, scores, x)

    def _scores(self, x: Array, y: Array, *theta: Any) -> tuple[Any, ...]:
        return (*flat(self.base._score(x, *theta[0])), *self._map_score(x, y, *theta))

    def _score_of_draw(self, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        x, *rest = extras_and_theta
        extras, theta = self._split(tuple(rest))
        inner = self.base._score_of_draw(x, *extras, *theta[0])
        return (*flat(inner), *self._map_score(x, y, *theta))

    def _map_score(self, x: Array, y: Array, of_base: Any, phi: Any) -> tuple[Any, ...]:
        """∂ log p(y)/∂φ: at fixed y, x moves by −T_φ/T′ as φ does."""
        if not phi:
            return ()
        steepness = self._base_stein_score(x, of_base)
        return tuple(
            -times(flow, steepness) - slope
            for flow, slope in zip(
                self._proved._flows(x, y, *phi), self._proved._flow_slopes(x, y, *phi), strict=True
            )
        )

    def _base_stein_score(self, x: Array, of_base: Any) -> Array:
        slope: Array = self.base._stein_score(x, *of_base)
        return slope

    @continued
    @from_the_nearer_end
    def _stein_score(self, y: Array, *theta: Any) -> Array:
        of_base, phi = theta
        x = self._x(y, *theta)
        steepness = self._base_stein_score(x, of_base) - self._proved._bend(x, y, *phi)
        return np.asarray(steepness / self._proved._slope(x, y, *phi))

    # Moments ---------------------------------------------------------------------------------

    def _mean(self, *theta: Any) -> Array:
        of_base, phi = theta
        if not self._proved.is_affine:
            return super()._mean(*theta)
        loc, scale = phi
        return np.asarray(loc + scale * self.base._mean(*of_base))

    def _variance(self, *theta: Any) -> Array:
        of_base, phi = theta
        if not self._proved.is_affine:
            return super()._variance(*theta)
        _, scale = phi
        return np.asarray(scale * (scale * self.base._variance(*of_base)))

    def _entropy(self, *theta: Any) -> Array:
        of_base, phi = theta
        mean = self.base._mean(*of_base) if self.map.needs_mean else np.zeros(())
        known = self._proved._mean_log_slope(mean, *phi)
        if known is None:
            return super()._entropy(*theta)
        return np.asarray(self.base._entropy(*of_base) + known)


_VIEWS = {
    "log_value": View("_log_value", "_log_jacobian"),
    "complement": View("_complement", "_complement_jacobian"),
    "log_complement": View("_log_complement", "_log_complement_jacobian"),
}
