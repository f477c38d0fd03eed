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
    "atoms",
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

#: Probabilities of single values that are mentioned, at least.
_LEAST_MASS = 1e-6

#: The size of a parameter, at least, if it is not 0: smaller differences are denormal.
_SMALLEST = 1e-300

#: The size of a parameter, at most: differences of larger ones overflow.
_LARGEST = 1e300


def is_discrete(law: Distribution) -> bool:
    """Return whether values are integers."""
    return isinstance(law, Discrete)


def atoms(law: Distribution) -> dict[float, float]:
    """Return the bounds of the support that have probabilities, in a law with a density between."""
    if not law._has_atoms:
        return {}
    low, high = map(float, law.support)
    masses = {low: float(law.cdf(low)), high: float(law.sf(np.nextafter(high, -np.inf)))}
    return {y: mass for y, mass in masses.items() if mass > _LEAST_MASS}


def is_vector(law: Distribution) -> bool:
    """Return whether values are vectors."""
    return law.event_shape != ()


def title(law: Distribution) -> str:
    """Return a distribution as the command line writes it: ``gamma(alpha=2, rate=1)``."""
    if not law._plain:  # made of others
        return repr(law)
    inner = ", ".join(f"{name}={_text(law[name])}" for name in law.parameters)
    return f"{law.name}({inner})"


def _text(value: Array) -> str:
    if np.ndim(value):
        shown = ", ".join(_text(entry) for entry in value[:MOST])
        return f"[{shown}{', …' * (len(value) > MOST)}]"
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
        sizes = np.abs(law[name])
        far = (sizes > _LARGEST) & np.isfinite(sizes)  # an infinite bound is not shown
        if np.any(far | ((sizes > 0.0) & (sizes < _SMALLEST))):
            raise ParameterError(
                f"{name} of {law.name} has an element beyond {_SMALLEST:g} or {_LARGEST:g}, where"
                " pictures end; pass a number nearer to 1"
            )
    arrays = {
        name: np.broadcast_to(value, law.batch_shape + parameter.event(np.asarray(value)))
        for name, parameter in law.parameters.items()
        for value in [law[name]]
    }
    return [
        law.replace({name: array[index] for name, array in arrays.items()})
        for index in np.ndindex(law.batch_shape)
    ]


def differentiable(law: Distribution) -> list[str]:
    """Return the names of parameters to differentiate in: of a vector, those of its entries."""
    names: list[str] = []
    for name in law.parameters.differentiable:
        value = law[name]
        if np.all(np.isfinite(value)):
            names += [f"{name}[{k}]" for k in range(len(value))] if np.ndim(value) else [name]
    return names


def entry_of(arrays: dict[str, Array], name: str) -> Array:
    """Return what belongs to a parameter, or to an entry ``name[k]`` of a vector."""
    vector, k = _parts(name)
    return arrays[vector] if k is None else arrays[vector][..., k]


def moved(law: Distribution, name: str, values: Array) -> Distribution:
    """Return a batch in which one parameter, or one entry of a vector, has other values."""
    vector, k = _parts(name)
    if k is None:
        return law.replace({vector: values})
    entries = np.broadcast_to(law[vector], (*values.shape, len(law[vector]))).copy()
    entries[..., k] = values
    return law.replace({vector: entries})


def _parts(name: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"([\w.]+)\[(\d+)\]", name)
    return (found[1], int(found[2])) if found else (name, None)


def value(law: Distribution, name: str) -> float:
    """Return the value of a parameter, or of an entry of a vector."""
    return float(entry_of({key: law[key] for key in law.parameters}, name))


def bounds(law: Distribution, name: str) -> tuple[float, float]:
    """Return the bounds of a parameter's domain, or the parameters that it must lie between."""
    domain = law.parameters[_parts(name)[0]].domain
    low, high = -math.inf, math.inf
    if (
        isinstance(domain, Interval)
        and not isinstance(domain.low, str)
        and not isinstance(domain.high, str)
    ):
        low, high = float(domain.low), float(domain.high)
    for first, second in law._ordered:
        if name == first:
            high = min(high, value(law, second))
        elif name == second:
            low = max(low, value(law, first))
    return low, high


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
    if isinstance(law, Reparameterized | Discrete):
        return np.asarray(law.icdf(u))
    raise NoFormulaError(f"{type(law).__name__} has no quantiles, and can't be drawn without them")
