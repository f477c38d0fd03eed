"""Declarations of trees below a tree: of one, or of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

from reparam.errors import ParameterError

__all__ = ["Child", "Children"]

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class _Below(Generic[T]):
    """What :class:`Child` and :class:`Children` declare: one tree below another, or several.

    Parameters
    ----------
    kind
        A function that returns the class that each must be an instance of.
    description
        A few words on what it is.
    """

    kind: Callable[[], type[T]]
    description: str = ""
    name: str = field(default="", init=False)
    aliases: ClassVar[tuple[str, ...]] = ()
    conversions: ClassVar[Mapping[str, Any]] = {}

    def __set_name__(self, owner: type, name: str) -> None:
        object.__setattr__(self, "name", name)

    def _one(self, label: str, value: object) -> T:
        """Return `value` if it is a tree of the kind; `label` is its name in a message."""
        kind = self.kind()
        if not isinstance(value, kind):
            given = f"the class {value.__name__}" if isinstance(value, type) else repr(value)
            raise ParameterError(
                f"{label}={given} is not a {kind.__name__}; pass an instance, such as Gaussian()"
            )
        return value


@dataclass(frozen=True, eq=False)
class Child(_Below[T]):
    """A tree below this one, declared as a class attribute.

    On the class the attribute is this declaration, on an instance it is the tree.
    """

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Any, owner: type) -> T: ...
    def __get__(self, instance: Any, owner: type) -> Self | T:
        """Return the declaration on the class, the tree on an instance."""
        if instance is None:
            return self
        child: T = instance._parts[self.name]
        return child

    def __set__(self, instance: Any, value: T) -> None:
        """Declare to type checkers what the constructor takes: nothing is ever set."""
        raise AttributeError(self.name)

    def validated(self, value: object) -> T:
        """Return `value` if it is a tree of the kind.

        Raises
        ------
        ParameterError
            If it is anything else.
        """
        return self._one(self.name, value)


@dataclass(frozen=True, eq=False)
class Children(_Below[T]):
    """Several trees below this one, declared as a class attribute.

    On the class the attribute is this declaration, on an instance it is a tuple of trees. Their
    paths are ``components[0]``, ``components[1]`` and so on.
    """

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Any, owner: type) -> tuple[T, ...]: ...
    def __get__(self, instance: Any, owner: type) -> Self | tuple[T, ...]:
        """Return the declaration on the class, the trees on an instance."""
        if instance is None:
            return self
        children: tuple[T, ...] = instance._parts[self.name]
        return children

    def __set__(self, instance: Any, value: Sequence[T]) -> None:
        """Declare to type checkers what the constructor takes: nothing is ever set."""
        raise AttributeError(self.name)

    def validated(self, value: object) -> tuple[T, ...]:
        """Return the trees of a sequence, of which there is at least one.

        Raises
        ------
        ParameterError
            If it is anything else.
        """
        if not isinstance(value, list | tuple) or not value:
            given = (
                repr(value)
                if isinstance(value, list | tuple) or hasattr(value, "_parts")
                else type(value).__name__
            )
            raise ParameterError(
                f"{self.name}={given} is not a list of distributions; pass at least one, such as"
                f" {self.name}=[Gaussian(), Gamma()]"
            )
        return tuple(self._one(f"{self.name}[{k}]", each) for k, each in enumerate(value))
