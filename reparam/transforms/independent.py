"""Vectors whose entries are independent, each from a scalar distribution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About, Distribution
from reparam.base.products import scaled
from reparam.base.reparameterized import Marginal, Reparameterized
from reparam.base.second_order import along_tangents
from reparam.base.tree import Children, flat
from reparam.domains import Interval
from reparam.engine.noise import Noise
from reparam.families.entries import Marginals
from reparam.regions import RealVector
from reparam.transforms._children import SeveralContinuous

__all__ = ["Independent", "independent"]


class Independent(Marginals, Reparameterized):
    """The product of scalar distributions: a vector with an independent entry from each.

    p(y) = Π_k p_k(y_k). The distributions are any, composed ones included; their batches broadcast
    together. Derivatives are in the parameters of each, ``laws[0].loc`` and so on.
    """

    name = "independent"
    laws: Children[Reparameterized] = SeveralContinuous("The distributions p_k of the entries")
    about = About(
        density="p(y) = Π_k p_k(y_k)",
        transform="y_k = f_k(z_k), each of noise of its own",
        derivatives={"laws[k].θ": "∂y_k/∂θ of distribution k, and 0 for the other entries"},
        source="the definition of independence",
    )
    mechanism = "independent"
    _support: ClassVar[Interval] = RealVector()
    _extras = 1  # those of all the laws, one after another

    if TYPE_CHECKING:

        def __init__(self, *laws: Reparameterized | list[Reparameterized]) -> None: ...

    else:

        def __init__(self, *laws: Any, **named: Any) -> None:
            several = laws and all(isinstance(law, Distribution) for law in laws)
            super().__init__(*([[*laws]] if several else laws), **named)

    def _check(self) -> None:
        if any(law.path == "field" for law in self.laws):
            self.__dict__["path"] = "field"

    def _of_entries(self, chosen: list[int]) -> Independent:
        return Independent([self.laws[k] for k in chosen])

    @classmethod
    def _called(cls, *values: Any, **named: Any) -> Independent:
        """Return what a call in text makes: ``independent(gaussian, gamma)``."""
        return cls(*values, **named)

    def _unified(self, parts: Mapping[str, Any]) -> dict[str, int]:
        return {"K": len(parts["laws"])} if "laws" in parts else {}

    def _ends(self, *theta: Any) -> tuple[Any, Any]:
        ends = [law._ends(*own) for law, own in zip(self.laws, theta[0], strict=True)]
        low, high = zip(*ends, strict=True)
        return _stacked(low), _stacked(high)

    @property
    def moving(self) -> tuple[str, ...]:
        """The parameters that move an endpoint of an entry's support."""
        return tuple(f"laws[{k}].{path}" for k, law in enumerate(self.laws) for path in law.moving)

    def _noises(self) -> list[tuple[Noise, tuple[int, ...]]]:
        return [pair for law in self.laws for pair in law._noises()]

    def _extra_events(self) -> list[tuple[int, ...]]:
        return [(sum(law._extras for law in self.laws),)]

    # Formulas --------------------------------------------------------------------------------

    def _each(self, theta: tuple[Any, ...]) -> Iterator[tuple[int, Reparameterized, Any]]:
        """Yield the number, the law and the parameters of each entry."""
        yield from (
            (k, law, own) for k, (law, own) in enumerate(zip(self.laws, theta[0], strict=True))
        )

    def _transform(self, *noise_and_theta: Any) -> tuple[Array, ...]:
        noise, values, extras = iter(noise_and_theta[:-1]), [], []
        for _, law, own in self._each(noise_and_theta[-1:]):
            numbers = [next(noise) for _ in law._noises()]
            formula = law._sampler if law.path == "field" else law._transform
            value, *more = formula(*numbers, *own)
            values.append(value)
            extras += more
        rows = np.shape(noise_and_theta[0])
        y = _stacked([np.broadcast_to(value, rows) for value in values])
        return y, _stacked([np.broadcast_to(each, rows) for each in extras], rows)

    def _each_draw(
        self, y: Array, extras: Array, theta: tuple[Any, ...]
    ) -> Iterator[tuple[int, Reparameterized, tuple[Any, ...]]]:
        """Yield the number and the law of each entry, and what formulas of its draws take."""
        at = 0
        for k, law, own in self._each(theta):
            several = [extras[..., at + j] for j in range(law._extras)]
            at += law._extras
            yield k, law, (y[..., k], *several, *own)

    def _pull(self, upstream: Array, y: Array, extras: Array, *theta: Any) -> tuple[Any, ...]:
        return tuple(
            scaled(upstream[..., k], slope)
            for k, law, arguments in self._each_draw(y, extras, theta)
            for slope in flat(law._jacobian(*arguments))
        )

    def _pull_along(
        self, upstream: Array, tangents: tuple[Any, ...], y: Array, extras: Array, *theta: Any
    ) -> tuple[Any, ...]:
        found, rest = [], iter(tangents)
        for k, law, arguments in self._each_draw(y, extras, theta):
            own = [next(rest) for _ in law.parameters.differentiable]
            changes = along_tangents(law, law._hessian(*arguments), own)
            found += [scaled(upstream[..., k], change) for change in changes]
        return tuple(found)

    def _log_prob(self, y: Array, *theta: Any) -> Array:
        terms = [
            law._guarded("_log_prob", -np.inf)(y[..., k], *flat(own))
            for k, law, own in self._each(theta)
        ]
        return np.asarray(sum(terms[1:], start=terms[0]))

    def _score(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        inside = ~np.isneginf(self._log_prob(y, *theta))
        return tuple(
            np.where(inside.reshape(inside.shape + (1,) * (np.ndim(s) - inside.ndim)), s, np.nan)
            for k, law, own in self._each(theta)
            for s in flat(law._guarded("_score", np.nan)(y[..., k], *flat(own)))
        )

    def _stein_score(self, y: Array, *theta: Any) -> Array:
        return _stacked(
            [
                law._guarded("_stein_score", np.nan)(y[..., k], *flat(own))
                for k, law, own in self._each(theta)
            ]
        )

    def _mean(self, *theta: Any) -> Array:
        return _stacked([law._mean(*own) for _, law, own in self._each(theta)])

    def _variance(self, *theta: Any) -> Array:
        return _stacked([law._variance(*own) for _, law, own in self._each(theta)])

    def _covariance(self, *theta: Any) -> Array:
        return np.asarray(self._variance(*theta)[..., np.newaxis] * np.eye(len(self.laws)))

    def _entropy(self, *theta: Any) -> Array:
        terms = [np.asarray(law._entropy(*own)) for _, law, own in self._each(theta)]
        return np.asarray(sum(terms[1:], start=terms[0]))

    def _marginals(self, *theta: Any) -> tuple[Marginal, ...]:
        def entry(k: int) -> Marginal:
            return Marginal(f"y_{k}", lambda y: y[..., k], self.laws[k])

        return tuple(map(entry, range(len(self.laws))))


def _stacked(entries: Any, rows: tuple[int, ...] = ()) -> Array:
    """Return vectors made of numbers that broadcast together; of none those of length 0."""
    entries = [*entries]
    if not entries:
        return np.zeros((*rows, 0))
    return np.stack(np.broadcast_arrays(*entries), axis=-1)


def independent(*laws: Reparameterized) -> Independent:
    """Return the distribution of vectors with an independent entry from each distribution.

    Parameters
    ----------
    *laws
        Scalar distributions.

    Returns
    -------
    Independent
        Its parameters are those of the laws, ``laws[0].loc`` and so on.

    Examples
    --------
    >>> import reparam as rp
    >>> d = rp.independent(rp.Gaussian(loc=1.0), rp.Gamma(alpha=2.0))
    >>> d.mean, round(float(d.log_prob([1.0, 2.0])), 12)
    (array([1., 2.]), -2.225791352645)
    >>> {name: gradient.shape for name, gradient in d.rsample(100, rng=1).vjp(1.0).items()}
    {'laws[0].loc': (), 'laws[0].scale': (), 'laws[1].alpha': (), 'laws[1].rate': ()}
    """
    return Independent(*laws)
