"""Arithmetic with distributions: ``2 * d + 1``, ``-d``, ``1 / d``, ``d ** 2``, ``abs(d)``.

The room above determines what an operator makes, and enters it here when it is imported: so
nothing here imports it but by name, on first use.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar

__all__ = ["OPERATIONS", "Arithmetic", "operated"]

#: What operators make of two operands, by name: filled by the module that makes it.
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {}

#: The module of the room above that fills it.
_ROOM = "reparam.transforms.arithmetic"


def operated(name: str, left: Any, right: Any) -> Any:
    """Return what an operator makes of two operands: NotImplemented if they are not for it."""
    if not OPERATIONS:
        import_module(_ROOM)
    return OPERATIONS[name](left, right)


class Arithmetic:
    """The operators between a distribution and numbers, or arrays that broadcast with it."""

    #: NumPy's arrays leave operators to the distribution.
    __array_ufunc__: ClassVar[None] = None

    def __add__(self, other: Any) -> Any:
        return operated("+", self, other)

    def __radd__(self, other: Any) -> Any:
        return operated("+", other, self)

    def __sub__(self, other: Any) -> Any:
        return operated("-", self, other)

    def __rsub__(self, other: Any) -> Any:
        return operated("-", other, self)

    def __mul__(self, other: Any) -> Any:
        return operated("*", self, other)

    def __rmul__(self, other: Any) -> Any:
        return operated("*", other, self)

    def __truediv__(self, other: Any) -> Any:
        return operated("/", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return operated("/", other, self)

    def __pow__(self, other: Any) -> Any:
        return operated("**", self, other)

    def __rpow__(self, other: Any) -> Any:
        return operated("**", other, self)

    def __neg__(self) -> Any:
        return operated("*", self, -1.0)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return operated("abs", self, None)
