"""Mixtures: each draw from one of several distributions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.distribution import About, Distribution
from reparam.base.reparameterized import Flow, Reparameterized
from reparam.base.second_order import Triangle
from reparam.base.seen import Seen, joined, kept
from reparam.base.tree import Children, _text
from reparam.base.weights import check_weights
from reparam.domains import EXTENDED, Interval
from reparam.engine.noise import UNIFORM, Noise
from reparam.errors import ShapeError, UnknownParameterError
from reparam.parameters import Parameter
from reparam.special.softmax import log_softmax
from reparam.transforms._bends import of_mixture
from reparam.transforms._blend import Blend
from reparam.transforms._children import SeveralContinuous
from reparam.transforms._entropy import entropy
from reparam.transforms._moved import moved
from reparam.transforms._rows import as_rows, batch_of

__all__ = ["Mixture", "mixture"]

#: Tails of components at whose quantiles integrals are split, beside their medians.
_TAILS = 1e-4, 1e-11


class Mixture(Reparameterized):
    """A mixture: a draw comes from component k with probability π_k.

    p(y) = Σ π_k p_k(y), with π_k = w_k/Σw of weights w, or π = softmax(η) of logits η; pass one of
    the two. Weights may be 0, and logits −inf, as long as not all are. Draws are a field: u picks
    a component and what is left of it a quantile there, and derivatives are those of the quantile
    path of p.
    """

    name = "mixture"
    components: Children[Reparameterized] = SeveralContinuous("The distributions p_k")
    weights: Parameter = Parameter(
        "w",
        Interval(0.0, np.inf, closed=True),
        1.0,
        (0.2, 0.8),
        ("probs",),
        "Weights, one per component; their sum need not be 1",
        vector=2,
    )
    logits: Parameter = Parameter(
        "η", EXTENDED, 0.0, (-2.0, 2.0), (), "Logarithms of weights, one per component", vector=2
    )
    about = About(
        density="p(y) = Σ_k π_k p_k(y)",
        transform="y = F_k⁻¹((u − Σ_{j<k} π_j) / π_k) for the k with u in that part of (0, 1)",
        derivatives={
            "components[k].θ": "π_k p_k(y)/p(y) · ∂y/∂θ of component k at y",
            "weights": "−(F_k(y) − F(y)) / (p(y) Σw) for each k",
            "logits": "−π_k (F_k(y) − F(y)) / p(y) for each k",
        },
        source="Graves (2016), Stochastic backpropagation through mixture density distributions;"
        " Figurnov, Mohamed & Mnih (2018), Implicit reparameterization gradients",
    )
    mechanism = "implicit"
    noise: ClassVar[Noise] = UNIFORM
    path: ClassVar[Literal["map", "field"]] = "field"
    _substreams: ClassVar[tuple[Noise, ...]] = (UNIFORM,)
    _support = Interval("least lower endpoint", "greatest upper endpoint")
    _alternatives = (("weights", "logits"),)

    if TYPE_CHECKING:

        def __init__(
            self,
            components: Sequence[Reparameterized],
            *,
            weights: ArrayLike | None = None,
            logits: ArrayLike | None = None,
        ) -> None: ...

    def _completed(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return what was given, with equal weights for lack of both weights and logits."""
        components = given.get("components")
        if isinstance(components, list | tuple) and self._choice[0] not in given:
            given["weights"] = np.full(len(components), 1.0 / max(len(components), 1))
        return given

    def _check(self) -> None:
        """Refuse another number of weights than of components, and weights that are all 0."""
        name = self._choice[0]
        values = self._parts[name]
        count, length = len(self.components), values.shape[-1]
        if length != count:
            raise ShapeError(
                f"{name} has {length} entries and there are {count} components; pass one of"
                f" {name} per component"
            )
        check_weights(name, values, 0.0 if name == "weights" else -np.inf, "component")

    @property
    def _weighting(self) -> tuple[str, Array]:
        """The name and the value of the weights or logits, whichever there are."""
        (name,) = self._choice
        return name, self._parts[name]

    @property
    def moving(self) -> tuple[str, ...]:
        """Parameters that move an endpoint of a component, also inside the mixture's support."""
        return tuple(
            f"components[{number}].{path}"
            for number, component in enumerate(self.components)
            for path in component.moving
        )

    def _seen_from(self, end: float, sign: float) -> Seen[Reparameterized] | None:
        parts = [moved(component, end, sign) for component in self.components]
        counts = [len(component.parameters) for component in self.components]
        links = joined(*zip((part.links for part in parts), counts, strict=True), (kept(1), 1))
        name, value = self._weighting
        return Seen(Mixture([part.law for part in parts], **{name: value}), links)

    def _joints(self, *theta: Any) -> tuple[Array, ...]:
        found: list[Array] = []
        for component, own in zip(self.components, theta[0], strict=True):
            found += [*map(np.asarray, component._ends(*own)), *component._joints(*own)]
            shape = batch_of(component, own) or (1,)
            found.append(component._icdf(np.full(shape, 0.5), *own))
            for tail in (np.full(shape, tail) for tail in _TAILS):
                found += [component._icdf(tail, *own), component._isf(tail, *own)]
        return tuple(found)

    def _flows(self) -> list[Flow]:
        shares, found = self._blend(self._nested(self._theta)).shares, []
        for number, component in enumerate(self.components):
            for end, inner, density, speeds in component._flows():
                moved = {f"components[{number}].{path}": s for path, s in speeds.items()}
                found.append(Flow(end, inner, shares[number] * density, moved))
        return found

    def _jumps(self) -> list[Flow]:
        low, high = self.support
        return [flow for flow in self._flows() if np.any((low < flow.end) & (flow.end < high))]

    @classmethod
    def _called(cls, *values: Any, **named: Any) -> Reparameterized:
        """Return what a call in text makes: ``mixture([0.3, 0.7], gaussian, gamma)`` is short."""
        if len(values) < 2 or not isinstance(values[1], Distribution):
            return cls(*values, **named)
        if named:
            raise UnknownParameterError(
                f"mixture([…], …) takes weights and components alone, and got {', '.join(named)};"
                " write mixture([component, component], weights=[…])"
            )
        return mixture(*values)

    def _written(self) -> str:
        name = self._choice[0]
        values = self._parts[name]
        return f"{_text(self.components)}, {name}={_text(values)}"

    # Formulas --------------------------------------------------------------------------------

    def _blend(self, theta: tuple[Any, ...]) -> Blend:
        of_components, weighting = theta
        shares, logs = (_shares if self._choice == ("weights",) else _softmax)(weighting)
        return Blend(self.components, of_components, [*shares], [*logs])

    def _ends(self, *theta: Any) -> tuple[Any, Any]:
        return self._blend(theta).ends()

    def _sampler(self, u: Array, *theta: Any) -> tuple[Array, ...]:
        return (self._blend(theta).drawn(u),)

    def _icdf(self, u: Array, *theta: Any) -> Array:
        return self._blend(theta).quantile(u, 1.0 - u)

    def _isf(self, v: Array, *theta: Any) -> Array:
        return self._blend(theta).quantile(1.0 - v, v)

    def _cdf(self, y: Array, *theta: Any) -> Array:
        return self._blend(theta).tail(y)

    def _sf(self, y: Array, *theta: Any) -> Array:
        return self._blend(theta).tail(y, upper=True)

    def _log_cdf(self, y: Array, *theta: Any) -> Array:
        return self._blend(theta).log_tail(y)

    def _log_sf(self, y: Array, *theta: Any) -> Array:
        return self._blend(theta).log_tail(y, upper=True)

    def _log_prob(self, y: Array, *theta: Any) -> Array:
        return self._blend(theta).densities(y).log

    def _pathwise(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        blend = self._blend(theta)
        at = blend.densities(y)
        tails = blend.excess(blend.tails_over_density(y, at.log))
        return blend.slopes("_pathwise", y, at), self._weighted(blend, tails, -1.0, theta[1])

    def _score(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        blend = self._blend(theta)
        at = blend.densities(y)
        relative = blend.excess(blend.relative(at))
        return blend.slopes("_score", y, at), self._weighted(blend, relative, 1.0, theta[1])

    def _pathwise2(self, y: Array, *theta: Any) -> Triangle:
        blend = self._blend(theta)
        at = blend.densities(y)
        tails = blend.excess(blend.tails_over_density(y, at.log))
        speeds = np.moveaxis(self._weighted(blend, tails, -1.0, theta[1]), -1, 0)
        total = np.sum(theta[1], axis=-1) if "weights" in self._parts else None
        return of_mixture(blend, y, at, [*speeds], total)

    def _weighted(self, blend: Blend, excess: list[Array], sign: float, weighting: Array) -> Array:
        """Return derivatives in the weights, or logits, from those at fixed shares of the rest."""
        if self._choice == ("weights",):
            scale = sign / np.sum(weighting, axis=-1)
            return np.stack(np.broadcast_arrays(*(scale * each for each in excess)), axis=-1)
        terms = (sign * _times(s, each) for s, each in zip(blend.shares, excess, strict=True))
        return np.stack(np.broadcast_arrays(*terms), axis=-1)

    def _stein_score(self, y: Array, *theta: Any) -> Array:
        blend = self._blend(theta)
        return blend.stein_score(y, blend.densities(y))

    def _mean(self, *theta: Any) -> Array:
        return self._moments_of(theta)[0]

    def _variance(self, *theta: Any) -> Array:
        return self._moments_of(theta)[1]

    def _entropy(self, *theta: Any) -> Array:
        rows, batch = as_rows(self, theta)
        return self._or_from_ends(
            entropy(self._blend(rows), math.prod(batch)).reshape(batch), theta
        )

    def _moments_of(self, theta: tuple[Any, ...]) -> tuple[Array, Array]:
        blend = self._blend(theta)
        pairs = [*zip(self.components, theta[0], strict=True)]
        means = [component._mean(*own) for component, own in pairs]
        variances = [component._variance(*own) for component, own in pairs]
        return mean_and_variance(blend.shares, means, variances)


def mean_and_variance(
    shares: Sequence[Array], means: Sequence[Array], variances: Sequence[Array]
) -> tuple[Array, Array]:
    """Return the mean of a mixture, and its variance: within components and between, all positive.

    Parameters
    ----------
    shares
        The probabilities of the components; where one is 0, its moments don't count.
    means, variances
        The moments of the components.
    """
    means = [np.where(s == 0.0, 0.0, m) for s, m in zip(shares, means, strict=True)]
    mean = np.asarray(sum(s * m for s, m in zip(shares, means, strict=True)))
    within = sum(_times(s, v) for s, v in zip(shares, variances, strict=True))
    between: Any = 0.0
    for k, (share, own) in enumerate(zip(shares, means, strict=True)):
        for other_share, other in zip(shares[:k], means[:k], strict=True):
            distance = own - other
            between = between + (share * distance) * (other_share * distance)
    finite = np.where(np.isinf(mean), np.inf, within + between)
    return mean, np.where(np.isnan(mean), np.nan, finite)


def _times(share: Array, value: Any) -> Array:
    """Return a product that is 0 where the share is."""
    return np.where(share == 0.0, 0.0, share * value)


def _shares(weights: Array) -> tuple[Array, Array]:
    """Return w/Σw and its logarithm, components first, of weights of any size."""
    entries = np.moveaxis(np.asarray(weights), -1, 0)
    greatest = entries.max(axis=0)
    total = (entries / greatest).sum(axis=0)
    with np.errstate(divide="ignore"):
        logs = np.log(entries) - np.log(greatest) - np.log(total)
    return entries / greatest / total, logs


def _softmax(logits: Array) -> tuple[Array, Array]:
    """Return softmax(η) and its logarithm, components first."""
    logs = np.moveaxis(log_softmax(np.asarray(logits)), -1, 0)
    return np.exp(logs), logs


def mixture(weights: ArrayLike, *components: Reparameterized) -> Mixture:
    """Return the distribution of draws that come from each component with a certain probability.

    Parameters
    ----------
    weights
        One per component; the probabilities are these, divided by their sum.
    *components
        The distributions, of numbers.

    Returns
    -------
    Mixture
        Its parameters are those of the components, ``components[0].loc`` and so on, and weights.

    Raises
    ------
    ParameterError
        If a weight is negative, or all are 0.
    ShapeError
        If there are not as many weights as components.

    Examples
    --------
    >>> import reparam as rp
    >>> d = rp.mixture([0.3, 0.7], rp.Gaussian(), rp.Gamma(alpha=2.0))
    >>> d
    Mixture([Gaussian(loc=0.0, scale=1.0), Gamma(alpha=2.0, rate=1.0)], weights=[0.3, 0.7])
    >>> draw = d.rsample(1000, rng=1)
    >>> {name: gradient.shape for name, gradient in draw.vjp(1.0).items()}
    {'components[0].loc': (), 'components[0].scale': (), 'components[1].alpha': (), \
'components[1].rate': (), 'weights': (2,)}
    """
    return Mixture(list(components), weights=weights)
