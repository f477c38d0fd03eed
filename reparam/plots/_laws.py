"""What pictures need of distributions, and all that they know of how these are declared."""

from __future__ import annotations

import math
import re

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.domains import Interval
from reparam.errors import NoFormulaError, ParameterError, ShapeError

__all__ = [
    "MOST",
    "bounds",
    "differentiable",
    "entry_of",
    "is_discrete",
    "is_vector",
    "moved",
    "quantile",
    "singles",
    "slopes",
    "title",
    "value",
]

#: Distributions in one picture, and parameters of one, at most: there are no more colours.
MOST = 6

#: The size of a parameter, at least, if it is not 0: smaller differences are denormal.
_SMALLEST = 1e-300

#: The size of a parameter, at most: differences of larger ones overflow.
_LARGEST = 1e300

#: The largest integer that float64 counts up to, where the search for a quantile ends.
_LAST = 2.0**53


def is_discrete(law: Distribution) -> bool:
    """Return whether values are integers."""
    return isinstance(law, Discrete)


def is_vector(law: Distribution) -> bool:
    """Return whether values are vectors."""
    return law.event_shape != ()


def title(law: Distribution) -> str:
    """Return a distribution as the command line writes it: ``gamma(alpha=2, rate=1)``."""
    inner = ", ".join(f"{name}={_text(getattr(law, name))}" for name in law.parameters)
    return f"{law.name}({inner})"


def _text(value: Array) -> str:
    if np.ndim(value):
        shown = ", ".join(f"{entry:g}" for entry in value.ravel()[:MOST].tolist())
        return f"[{shown}{', …' * (np.size(value) > MOST)}]"
    return f"{float(value):g}"


def singles(law: Distribution) -> list[Distribution]:
    """Return the distributions of a batch, one by one.

    Raises
    ------
    ShapeError
        If there are none, or too many for one picture.
    ParameterError
        If differences of such parameters would overflow.
    """
    size = math.prod(law.batch_shape)
    if not 1 <= size <= MOST:
        raise ShapeError(
            f"a picture shows 1 to {MOST} distributions, and this batch has {size};"
            " pass parameters of fewer elements"
        )
    for name in law.parameters:
        sizes = np.abs(getattr(law, name))
        if np.any((sizes > _LARGEST) | ((sizes > 0.0) & (sizes < _SMALLEST))):
            raise ParameterError(
                f"{name} of {law.name} has an element beyond {_SMALLEST:g} or {_LARGEST:g}, where"
                " pictures end; pass a number nearer to 1"
            )
    arrays = {
        name: np.broadcast_to(value, law.batch_shape + parameter.event(np.asarray(value)))
        for name, parameter in law.parameters.items()
        for value in [getattr(law, name)]
    }
    return [
        type(law)(**{name: array[index] for name, array in arrays.items()})
        for index in np.ndindex(law.batch_shape)
    ]


def differentiable(law: Distribution) -> list[str]:
    """Return the names of parameters to differentiate in: of a vector, those of its entries."""
    names: list[str] = []
    for name in law.parameters.differentiable:
        value = getattr(law, name)
        names += [f"{name}[{k}]" for k in range(len(value))] if np.ndim(value) else [name]
    return names


def entry_of(arrays: dict[str, Array], name: str) -> Array:
    """Return what belongs to a parameter, or to an entry ``name[k]`` of a vector."""
    vector, k = _parts(name)
    return arrays[vector] if k is None else arrays[vector][..., k]


def moved(law: Distribution, name: str, values: Array) -> Distribution:
    """Return a batch in which one parameter, or one entry of a vector, has other values."""
    vector, k = _parts(name)
    given = {key: getattr(law, key) for key in law.parameters}
    if k is None:
        given[vector] = values
    else:
        entries = np.broadcast_to(given[vector], (*values.shape, len(given[vector]))).copy()
        entries[..., k] = values
        given[vector] = entries
    return type(law)(**given)


def _parts(name: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"(\w+)\[(\d+)\]", name)
    return (found[1], int(found[2])) if found else (name, None)


def value(law: Distribution, name: str) -> float:
    """Return the value of a parameter, or of an entry of a vector."""
    return float(entry_of({key: getattr(law, key) for key in law.parameters}, name))


def bounds(law: Distribution, name: str) -> tuple[float, float]:
    """Return the bounds of a parameter's domain, infinite where they depend on others."""
    domain = type(law).parameters[_parts(name)[0]].domain
    if (
        not isinstance(domain, Interval)
        or isinstance(domain.low, str)
        or isinstance(domain.high, str)
    ):
        return -math.inf, math.inf
    return float(domain.low), float(domain.high)


def slopes(law: Distribution, y: Array, name: str) -> Array:
    """Return ∂y/∂θ on the quantile path; of a discrete distribution ∂ log p/∂θ."""
    found = law.pathwise(y) if isinstance(law, Reparameterized) else law.score(y)
    return np.asarray(entry_of(found, name))


def quantile(law: Distribution, u: Array) -> Array:
    """Return the smallest y with F(y) ≥ u, of the shape that u and the batch broadcast to.

    Raises
    ------
    NoFormulaError
        If the distribution has no quantiles.
    """
    if isinstance(law, Reparameterized):
        return np.asarray(law.icdf(u))
    if isinstance(law, Discrete):
        return _search(law, u)
    raise NoFormulaError(f"{type(law).__name__} has no quantiles, and can't be drawn without them")


def _search(law: Discrete, u: Array) -> Array:
    """Return quantiles of integers by bisection, whose bounds double first."""
    u, first, last = np.broadcast_arrays(u, *law.support)
    last = np.minimum(last, _LAST)
    below, above, step = first - 1.0, first, 1.0
    while np.any(short := (law.cdf(above) < u) & (above < last)):
        below = np.where(short, above, below)
        above = np.where(short, np.minimum(above + step, last), above)
        step *= 2.0
    while np.any(above - below > 1.0):
        middle = np.floor(0.5 * (below + above))
        reached = law.cdf(middle) >= u
        above, below = np.where(reached, middle, above), np.where(reached, below, middle)
    return np.asarray(above)
