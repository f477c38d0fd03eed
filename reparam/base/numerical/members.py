"""Derivatives of functions of a distribution in its parameters, vectors and matrices too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.base.numerical.differences import extrapolated
from reparam.errors import ReparamError
from reparam.regions import Region

__all__ = ["in_members"]

_D = TypeVar("_D", bound=Distribution)

#: Steps, relative to the largest entry of a parameter.
_STEPS = (1e-2, 1e-3, 1e-4, 1e-6, 1e-8)

#: A relative error at which no other step is tried.
_GOOD = 1e-12


def in_members(
    function: Callable[[_D], Array], d: _D, names: Sequence[str] | None = None
) -> dict[str, Array]:
    """Return the derivatives of ``function(d)`` in parameters, by name.

    Each has the result's shape, followed by that of the parameter. Steps in a region are tangent,
    and so are derivatives. NaN where each step leaves the domain.

    Parameters
    ----------
    function
        Of a distribution, an array whose first axes are the batch.
    d
        The distribution.
    names
        The parameters; all differentiable ones by default.
    """
    here = np.asarray(function(d))
    found: dict[str, Array] = {}
    with np.errstate(all="ignore"):
        for name in d.parameters.differentiable if names is None else names:
            declared, value = d.parameters[name], d[name]
            event = declared.event(np.asarray(value))
            entries = [_derivative(function, here, d, name, place) for place in np.ndindex(*event)]
            stacked = np.stack(np.broadcast_arrays(*entries), axis=-1)
            found[name] = stacked.reshape(here.shape + event)
    return found


def _derivative(
    function: Callable[[_D], Array], here: Array, d: _D, name: str, place: tuple[int, ...]
) -> Array:
    """Return the derivative in one entry, from the value at d: of the step of the least error."""
    declared, value = d.parameters[name], np.asarray(d[name])
    unit = np.zeros(declared.event(value))
    unit[place] = 1.0
    region = declared.domain if isinstance(declared.domain, Region) else None
    direction = (
        np.asarray(region.projected(np.broadcast_to(unit, value.shape), value)) if region else unit
    )
    if not np.any(direction):
        return np.zeros(())
    index: Any = (..., *place)
    entry = np.abs(value[index])
    reach = np.max(np.abs(value), initial=0.0) if region else entry
    size = np.asarray(np.where(reach > 0.0, reach, 1.0))
    extra = here.ndim - len(d.batch_shape)
    best: Array = np.array(np.nan)
    error: Array = np.array(np.inf)
    for relative in _STEPS:
        step = relative * size

        def moved(times: float, step: Array = step) -> Array:
            there = value + np.reshape(times * step, step.shape + (1,) * unit.ndim) * direction
            if region:
                there = region.retracted(there)
            return np.asarray(function(d.replace({name: there})))

        try:
            slope, uncertainty = extrapolated(moved, _over(step, extra))
        except ReparamError:
            continue
        better = uncertainty < error
        best, error = np.where(better, slope, best), np.where(better, uncertainty, error)
        if np.all(error <= _GOOD * (np.abs(best) + np.abs(here) / _over(size, extra))):
            break
    return best


def _over(step: Array, extra: int) -> Array:
    """Return steps with axes for what the function has beside the batch."""
    return step.reshape(step.shape + (1,) * extra) if step.ndim else step
