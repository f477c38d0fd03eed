"""Vectors and composed distributions for adapters: results in NumPy, with their derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from reparam._typing import Array
from reparam.adapters.curvature import OF_CDF, Along, of_density, of_probability, of_quantile, times
from reparam.base.reparameterized import Reparameterized
from reparam.divergences import exact
from reparam.engine.noise import Stream
from reparam.engine.shapes import summed_to
from reparam.errors import NoFormulaError, NotReparameterizable
from reparam.regions import Region

__all__ = ["Bend", "Pull", "divergence", "draw", "function"]

#: Gradients in those of the arguments that are needed, from that in the result.
Pull: TypeAlias = Callable[[Array, Sequence[bool]], "list[Array | None]"]

#: Of gradients, summed with weights: its own in that in the result, and in the arguments.
Bend: TypeAlias = Callable[[Array, Sequence["Array | None"]], "tuple[Array, list[Array | None]]"]


def draw(
    law: Reparameterized, paths: Sequence[str], stream: Stream, shape: tuple[int, ...]
) -> tuple[Array, Pull, Bend]:
    """Return draws of that shape, which includes the batch, and gradients in parameters, twice.

    Parameters
    ----------
    law, paths
        The distribution, and the paths of the parameters that gradients are wanted in.
    stream, shape
        A stream of random numbers, and the shape of the draws without that of one value.
    """
    made = law._draw(shape, stream)

    def pull(upstream: Array, needed: Sequence[bool]) -> list[Array | None]:
        found = made.vjp(upstream)
        return _chosen(law, paths, needed, lambda path: found[path])

    def bend(upstream: Array, weights: Sequence[Array | None]) -> tuple[Array, list[Array | None]]:
        """Σ w · vjp(u) is u · jvp(w), and hvp(u, w) its gradient in parameters."""
        tangents = _tangents(law, paths, weights)
        found = made.hvp(upstream, tangents)
        return made.jvp(tangents), [found.get(path) for path in paths]

    return made.value, pull, bend


def function(
    law: Reparameterized, paths: Sequence[str], name: str, value: Array
) -> tuple[Array, Pull, Bend]:
    """Return a function of values, and gradients in the values, then in parameters, twice.

    Parameters
    ----------
    law, paths
        The distribution, and the paths of the parameters that gradients are wanted in.
    name, value
        ``"log_prob"``, ``"cdf"``, ``"sf"``, ``"log_cdf"``, ``"log_sf"``, ``"icdf"`` or ``"isf"``,
        and where.
    """
    result = np.asarray(getattr(law, name)(value))

    def pull(upstream: Array, needed: Sequence[bool]) -> list[Array | None]:
        with np.errstate(all="ignore"):
            slope, partials = _derivatives(law, name, value, result)
            first = _weighted(upstream, slope(), value.shape) if needed[0] else None
            found = partials() if any(needed[1:]) else {}
            rest = _chosen(
                law,
                paths,
                needed[1:],
                lambda path: _weighted(upstream, found[path], law[path].shape),
            )
        return [first, *rest]

    def bend(upstream: Array, weights: Sequence[Array | None]) -> tuple[Array, list[Array | None]]:
        if law.event_shape:
            raise NoFormulaError(
                f"second derivatives of {name} of {type(law).__name__} are not available: there are"
                " no derivatives of scores of vectors; differentiate less often, or detach the"
                " gradient"
            )
        tangents = _tangents(law, paths, weights[1:])
        weight = np.broadcast_to(0.0 if weights[0] is None else weights[0], result.shape)
        with np.errstate(all="ignore"):
            if name == "log_prob":
                found = of_density(law, value, weight, tangents)
            elif name in OF_CDF:
                along = Along(law, value, tangents)
                found = of_probability(law, name, value, result, weight, along)
            else:
                along = Along(law, result, tangents)
                found = of_quantile(law, -1.0 if name == "isf" else 1.0, result, weight, along)
            total, first, of_path = found
            rest = [
                _weighted(upstream, of_path(path), law[path].shape)
                if path in law.parameters.differentiable
                else None
                for path in paths
            ]
            return np.broadcast_to(total, result.shape), [
                _weighted(upstream, first, value.shape),
                *rest,
            ]

    return result, pull, bend


def _derivatives(
    law: Reparameterized, name: str, value: Array, result: Array
) -> tuple[Callable[[], Array], Callable[[], Mapping[str, Array]]]:
    """Return the derivative in the value, and those in parameters, as they are wanted."""
    if name == "log_prob":
        return lambda: law.stein_score(value), lambda: law.score(value)
    if name in OF_CDF:
        steep = OF_CDF[name](law.log_prob(value), result)
        return lambda: steep, lambda: {
            path: -times(steep, speed) for path, speed in law.pathwise(value).items()
        }
    sign = -1.0 if name == "isf" else 1.0
    return lambda: sign * np.exp(-law.log_prob(result)), lambda: law.pathwise(result)


def divergence(
    p: Reparameterized, q: Reparameterized, paths: tuple[Sequence[str], Sequence[str]]
) -> tuple[Array, Pull]:
    """Return KL(p‖q), and gradients in parameters of p, then of q.

    Raises
    ------
    NoFormulaError
        If it has no closed form.
    """
    found = exact(p, q)
    if found is None:
        raise NoFormulaError(
            f"KL(p‖q) of {type(p).__name__} and {type(q).__name__} has no closed form;"
            " average p.log_prob(y) - q.log_prob(y) over draws y from p"
        )
    sides = (p, found.gradient_p, paths[0]), (q, found.gradient_q, paths[1])

    def pull(upstream: Array, needed: Sequence[bool]) -> list[Array | None]:
        gradients: list[Array | None] = []
        for law, slopes, own in sides:
            gradients += _chosen(
                law,
                own,
                needed[len(gradients) :],
                lambda path: _weighted(upstream, slopes[path], law[path].shape),  # noqa: B023
            )
        return gradients

    return found.value, pull


def _chosen(
    law: Reparameterized,
    paths: Sequence[str],
    needed: Sequence[bool],
    gradient: Callable[[str], Any],
) -> list[Array | None]:
    """Return the gradients in the needed ones of some parameters."""
    for path, is_needed in zip(paths, needed, strict=False):
        if is_needed and path not in law.parameters.differentiable:
            raise NotReparameterizable(
                f"{type(law).__name__} has no derivative in {path}; detach it"
            )
    return [
        gradient(path) if is_needed else None
        for path, is_needed in zip(paths, needed, strict=False)
    ]


def _tangents(
    law: Reparameterized, paths: Sequence[str], weights: Sequence[Array | None]
) -> dict[str, Array]:
    """Return the parts of weights that derivatives in parameters have."""
    found = {}
    for path, weight in zip(paths, weights, strict=True):
        if weight is not None:
            domain = law.parameters[path].domain
            found[path] = weight
            if isinstance(domain, Region):
                found[path] = domain.projected(weight, law[path])
    return found


def _weighted(upstream: Array, derivative: Array, shape: tuple[int, ...]) -> Array:
    """Return upstream · derivative, which may have further axes, summed to a shape."""
    return summed_to(times(upstream, derivative), shape)
