"""Distributions that are another one after a map of y: KL does not change when y does, one to one.

Families register the formula once, and what each of their members is in it. Distributions that are
maps of others by construction need no entry: two with one map have the divergence of their bases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from reparam._typing import Array
from reparam.base.derived import Derived
from reparam.base.distribution import Distribution
from reparam.base.tree import flat
from reparam.divergences import _kl
from reparam.divergences._registry import Terms, register_kl
from reparam.divergences._result import INFINITE
from reparam.divergences._sizes import of_any_size
from reparam.transforms.transformed import Transformed

__all__ = ["Image", "Monomial", "register_images"]


class Monomial:
    """A product of a number and powers of parameters: ``Monomial(0.5, scale=-2)`` is 1/2σ²."""

    def __init__(self, factor: float = 1.0, **powers: float) -> None:
        self.factor, self.powers = factor, powers

    def value(self, theta: Mapping[str, Array]) -> Array:
        """Return the product."""
        result = np.asarray(self.factor)
        for name, power in self.powers.items():
            result = result * (theta[name] if power == 1 else theta[name] ** power)
        return result

    def slope(self, name: str, theta: Mapping[str, Array]) -> Array:
        """Return its derivative in a parameter that it has."""
        others = {**self.powers, name: self.powers[name] - 1}
        lower = {each: power for each, power in others.items() if power}
        return Monomial(self.factor * self.powers[name], **lower).value(theta)


#: A parameter of a family: a number, or a monomial in the distribution's parameters.
Source: TypeAlias = float | Monomial


@dataclass(frozen=True)
class Image:
    """A family's distribution of g(y), for a g that does not depend on the parameters.

    Attributes
    ----------
    kind
        The class of y.
    sources
        The family's parameters in those of the class.
    """

    kind: type[Distribution]
    sources: tuple[Source, ...]

    def _monomials(self) -> list[Monomial]:
        return [each if isinstance(each, Monomial) else Monomial(each) for each in self.sources]

    def values(self, theta: tuple[Array, ...]) -> tuple[Array, ...]:
        """Return the family's parameters, from those of the distribution in declared order."""
        named = dict(zip(self.kind.parameters, theta, strict=True))
        return tuple(each.value(named) for each in self._monomials())

    def chained(self, gradient: tuple[Array, ...], theta: tuple[Array, ...]) -> tuple[Array, ...]:
        """Return the derivatives in the distribution's parameters, from those in the family's."""
        named = dict(zip(self.kind.parameters, theta, strict=True))
        found: dict[str, Array] = {}
        for each, entry in zip(self._monomials(), gradient, strict=True):
            for name in each.powers:
                product = entry * each.slope(name, named)
                found[name] = found[name] + product if name in found else product
        return tuple(found[name] for name in self.kind.parameters)


def _of_images(
    family: Callable[..., Terms], image_p: Image, image_q: Image, p: Any, q: Any
) -> Terms:
    def formula(*theta: Array) -> Terms:
        of_p, of_q = theta[: len(p._theta)], theta[len(p._theta) :]
        value, in_p, in_q = family(*image_p.values(of_p), *image_q.values(of_q))
        return value, image_p.chained(in_p, of_p), image_q.chained(in_q, of_q)

    return of_any_size(formula, *p._theta, *q._theta)


def register_images(family: Callable[..., Terms], *images: Image) -> None:
    """Register a family's formula for all pairs of distributions with the same g.

    A later family replaces the formula of a pair that has one.
    """
    for first in images:
        for second in images:
            formula = partial(_of_images, family, first, second)
            register_kl(first.kind, second.kind)(formula)


def _terms(p: Distribution, q: Distribution) -> Terms | None:
    """Return the divergence's terms if it takes no draws, and its tails don't make it infinite."""
    found = _kl.exact(p, q)
    if found is None or found.method == INFINITE:
        return None
    return found.value, tuple(found.gradient_p.values()), tuple(found.gradient_q.values())


@register_kl(Transformed, Transformed)
def transformed(p: Transformed, q: Transformed) -> Terms | None:
    """That of the bases, if both maps are one without parameters."""
    one = type(p.map) is type(q.map) and repr(p.map) == repr(q.map)
    return _terms(p.base, q.base) if one and not p.map.parameters else None


def _of(d: Distribution) -> Distribution:
    """Return the distribution that a derived one is."""
    if not isinstance(d, Derived):
        return d
    inner = flat(d._inner(*d._theta))
    return d._of.replace(dict(zip(d._of.parameters, inner, strict=True)))


@register_kl(Derived, Derived)
@register_kl(Derived, Transformed)
@register_kl(Transformed, Derived)
def derived(p: Distribution, q: Distribution) -> Terms | None:
    """That of the distributions which they are in other parameters."""
    terms = _terms(_of(p), _of(q))
    if terms is None:
        return None
    value, in_p, in_q = terms
    in_p, in_q = (
        d._chained(entries, d._theta) if isinstance(d, Derived) else entries
        for d, entries in ((p, in_p), (q, in_q))
    )
    return value, in_p, in_q
