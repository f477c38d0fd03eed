"""Second derivatives of functions of numbers: of probabilities and quantiles from path and scores.

With v = ∂y/∂θ at fixed F, scores s = ∂ ln p/∂θ and t = ∂ ln p/∂y, the drift is s + t v = −∂v/∂y,
and ∂v/∂φ at fixed y is ∂²y/∂θ∂φ at fixed F plus the drift in θ times v in φ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from reparam._typing import Array
from reparam.base.numerical import as_rows, in_parameters, in_values
from reparam.base.reparameterized import Reparameterized
from reparam.base.tree import flat

__all__ = ["OF_CDF", "Along", "of_density", "of_probability", "of_quantile", "times"]

#: Functions f of F(y) by name: ∂f/∂y from the log density and f.
OF_CDF: Mapping[str, Callable[[Array, Array], Array]] = {
    "cdf": lambda log_prob, f: np.exp(log_prob),
    "sf": lambda log_prob, f: -np.exp(log_prob),
    "log_cdf": lambda log_prob, f: np.exp(log_prob - f),
    "log_sf": lambda log_prob, f: -np.exp(log_prob - f),
}


class Along:
    """Derivatives of a distribution of numbers at values, along a direction of its parameters.

    Parameters
    ----------
    law, y
        The distribution, and values.
    tangents
        The direction, by path.
    """

    def __init__(self, law: Reparameterized, y: Array, tangents: Mapping[str, Array]) -> None:
        self.speeds: Mapping[str, Array] = law.pathwise(y)
        self.scores: Mapping[str, Array] = law.score(y)
        self.slope = law.stein_score(y)
        self._bends = law.pathwise2(y) if tangents else {}
        self._law, self._tangents = law, tangents

    def drift(self, path: str) -> Array:
        """Return s + t v."""
        return self.scores[path] + times(self.slope, self.speeds[path])

    def sum(self, of: Callable[[str], Array]) -> Array:
        """Return what parameters have, summed with the direction's entries."""
        found = [self._product(path, of(path), 0) for path in self._tangents]
        return sum(found, np.zeros(()))

    def bend(self, path: str) -> Array:
        """Return ∂²y/∂θ∂φ at fixed F, along the direction of θ."""
        rank = self._law.parameters[path].rank
        found = [self._product(k, self._bends[k][path], rank) for k in self._tangents]
        return sum(found, np.zeros(()))

    def _product(self, path: str, derivative: Array, further: int) -> Array:
        """Return the sum over the entries of a parameter, which the last axes but some are."""
        weight = self._tangents[path]
        batch = (1,) * (np.ndim(derivative) - weight.ndim - further)
        product = times(weight.reshape(batch + weight.shape + (1,) * further), derivative)
        rank = self._law.parameters[path].rank
        axes = tuple(range(product.ndim - further - rank, product.ndim - further))
        return np.asarray(np.sum(product, axis=axes))


def of_probability(
    law: Reparameterized, name: str, y: Array, f: Array, weight: Array, along: Along
) -> tuple[Array, Array, Callable[[str], Array]]:
    """Return ∇f · w, its derivative in y, and those in parameters, for f of F(y).

    Parameters
    ----------
    law, name, y, f
        The distribution, one of :data:`OF_CDF`, where, and its result.
    weight, along
        The direction w: in y, and in the parameters.
    """
    steep, log = OF_CDF[name](law.log_prob(y), f), float(name.startswith("log"))
    moved = weight - along.sum(along.speeds.__getitem__)
    drifts = along.sum(along.drift)

    def in_parameter(path: str) -> Array:
        speed = along.speeds[path]
        own = times(moved, along.scores[path] + log * times(steep, speed))
        return times(steep, own - along.bend(path) - times(drifts, speed))

    in_y = times(steep, times(moved, along.slope - log * steep) + drifts)
    return times(steep, moved), in_y, in_parameter


def of_quantile(
    law: Reparameterized, sign: float, y: Array, weight: Array, along: Along
) -> tuple[Array, Array, Callable[[str], Array]]:
    """Return ∇y · w, its derivative in the probability, and those in parameters, for quantiles y.

    Parameters
    ----------
    law, sign, y
        The distribution, 1 or −1 for probabilities of the upper tail, and quantiles.
    weight, along
        The direction w: in the probability, and in the parameters.
    """
    steep = sign * np.exp(-law.log_prob(y))
    moved, drifts = times(weight, steep), along.sum(along.drift)
    in_u = -times(steep, times(moved, along.slope) + drifts)
    return (
        moved + along.sum(along.speeds.__getitem__),
        in_u,
        lambda path: along.bend(path) - times(moved, along.drift(path)),
    )


def of_density(
    law: Reparameterized, y: Array, weight: Array, tangents: Mapping[str, Array]
) -> tuple[Array, Array, Callable[[str], Array]]:
    """Return ∇ ln p · w, its derivative in y, and those in parameters: differences of the scores.

    Parameters
    ----------
    law, y
        The distribution, of numbers, and where.
    weight, tangents
        The direction w: in y, and in the parameters by path.
    """
    slope, score = law._formula("_stein_score"), law._formula("_score")
    declared, paths = law._all_declared, law.parameters.differentiable
    moving = [path for path in paths if path in tangents]
    further = [replace(law.parameters[path], differentiable=False) for path in moving]
    count = len(declared)

    def along(y: Array, *leaves: Array) -> Array:
        theta, (own, *weights) = leaves[:count], leaves[count:]
        scores = dict(zip(paths, flat(score(y, *theta)), strict=True))
        total = times(own, np.broadcast_to(slope(y, *theta), y.shape))
        for path, entries in zip(moving, weights, strict=True):
            product = times(entries, np.broadcast_to(scores[path], entries.shape))
            total = total + np.sum(product, axis=tuple(range(1, product.ndim)))
        return np.asarray(total)

    number = replace(declared[0], differentiable=False, dims=())
    every = (*declared, number, *further)
    given = (*law._theta, weight, *(tangents[path] for path in moving))
    shape, rows, theta = as_rows(y, given, every)
    low, high = law._ends_of_rows(shape, law._nested(law._theta))
    in_y = in_values(along, rows, theta, low, high)
    in_theta = dict(zip(paths, in_parameters(along, y, given, every), strict=True))
    return along(rows, *theta).reshape(shape), in_y.reshape(shape), in_theta.__getitem__


def times(factor: Array, derivative: Array) -> Array:
    """Return the product with a derivative, which may have further axes.

    It is 0 where the factor is 0 and the derivative infinite or undefined.
    """
    further = (1,) * (np.ndim(derivative) - np.ndim(factor))
    factor = np.reshape(factor, np.shape(factor) + further)
    lost = (factor == 0.0) & ~np.isfinite(derivative)
    return np.asarray(factor * np.where(lost, 0.0, derivative))
