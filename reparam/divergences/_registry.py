"""Closed forms by the classes of p and q."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.parameters import Parameter

__all__ = ["Formula", "Terms", "aligned", "events", "formulas", "register_kl"]

#: KL(p‖q), then ∂KL/∂θ for each parameter of p, and of q, in declared order: for a vector parameter
#: with a last axis for its entries.
Terms: TypeAlias = tuple[Array, tuple[Array, ...], tuple[Array, ...]]

#: A formula of p and q, which may decline: None.
Formula: TypeAlias = Callable[[Any, Any], Terms | None]

_F = TypeVar("_F", bound=Formula)
_S = TypeVar("_S", bound=np.generic)

_FORMULAS: dict[tuple[type[Distribution], type[Distribution]], Formula] = {}


def register_kl(p: type[Distribution], q: type[Distribution]) -> Callable[[_F], _F]:
    """Register a formula for KL(p‖q) of these classes and their subclasses.

    Parameters
    ----------
    p, q
        The classes, or abstract bases. Subclasses of a distribution have the formula, too, unless
        they change its parameters or its mathematics. The pair of the nearest classes goes first,
        and a later formula for the same pair replaces the earlier.

    Returns
    -------
    callable
        A decorator. The formula takes p and q, two instances whose parameters broadcast, and
        returns the value in nats, a tuple of ∂KL/∂θ for the differentiable parameters of p in
        declared order, and one for those of q: for a vector parameter with a last axis for its
        entries. It may return None where it does not apply: then the next formula is asked. NumPy's
        warnings are off inside.

    Examples
    --------
    >>> import numpy as np
    >>> import reparam as rp
    >>> from reparam.divergences import register_kl
    >>> class Waiting(rp.Exponential):
    ...     name = "waiting"
    >>> @register_kl(Waiting, Waiting)
    ... def waiting(p, q):
    ...     ratio = q.rate / p.rate
    ...     return ratio - 1.0 - np.log(ratio), ((1.0 - ratio) / p.rate,), ((ratio - 1.0) / q.rate,)
    >>> float(rp.kl(Waiting(2.0), Waiting(1.0)).gradient_p["rate"])
    0.25
    """

    def decorate(formula: _F) -> _F:
        _FORMULAS[p, q] = formula
        return formula

    return decorate


def events(distribution: Distribution) -> list[tuple[int, ...]]:
    """Return what each differentiable parameter adds to the shape of a gradient in it."""
    declared, values = distribution.parameters, distribution._values
    return [declared[name].event(values[name]) for name in declared.differentiable]


def aligned(array: NDArray[_S], event: tuple[int, ...]) -> NDArray[_S]:
    """Return numbers so that they broadcast with what has further axes for entries."""
    array = np.asarray(array)
    return array.reshape(array.shape + (1,) * len(event))


def formulas(p: type[Distribution], q: type[Distribution]) -> Iterator[Formula]:
    """Yield the formulas that are registered for these classes or bases of them, nearest first."""
    orders = {
        (first, second): (i + j, i)
        for i, first in enumerate(_laws(p))
        for j, second in enumerate(_laws(q))
        if (first, second) in _FORMULAS
    }
    for pair in sorted(orders, key=orders.__getitem__):
        yield _FORMULAS[pair]


@cache
def _laws(cls: type[Distribution]) -> tuple[type[Distribution], ...]:
    """Return the class, and its bases that are abstract or have the same law."""
    changed, found = False, []
    for base in cls.__mro__:
        if not issubclass(base, Distribution):
            continue
        if base._missing() or not changed:
            found.append(base)
        changed = changed or any(_is_mathematics(*item) for item in vars(base).items())
    return tuple(found)


def _is_mathematics(name: str, value: object) -> bool:
    formula = name.startswith("_") and isinstance(value, staticmethod | classmethod)
    return formula or name == "_support" or isinstance(value, Parameter)
