"""Parameters declared as data: name, symbol, domain, default, aliases, typical range.

From one :class:`Parameter` come validation and its messages, the constructor's signature, the
documentation, the command line's help and completion, and the values the tests draw.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, overload

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.conversions import Conversion
from reparam.domains import POSITIVE, Domain, Integers
from reparam.errors import (
    ParameterError,
    ShapeError,
    UnknownParameterError,
    did_you_mean,
)
from reparam.real_arrays import as_real_array, need_exact
from reparam.regions import Region

__all__ = [
    "Parameter",
    "Parameters",
    "degrees_of_freedom",
    "shown",
]


#: Degrees of freedom that stand for inf: the limit is no more than 1e-299 of itself away.
_DEGREES = 1e300

#: Length of an axis of the initial value, unless its declaration has one.
_INITIAL = 2


@dataclass(frozen=True, eq=False)
class Parameter:
    """One parameter of a distribution, declared as a class attribute.

    On the class the attribute is this declaration, on an instance it is the value::

        class Laplace(LocationScale):
            scale: Parameter = Parameter("σ", POSITIVE, default=1.0, ...)

        Laplace.scale.domain        # Interval(low=0.0, high=inf)
        Laplace(scale=2.0).scale    # 2.0

    Parameters
    ----------
    symbol
        The mathematical symbol, used in formulas.
    domain
        The open interval, or the integers, that a value must lie in.
    default
        The value used when none is given.
    typical
        A range of typical values: where tests and examples draw theirs.
    aliases
        Other accepted names, of the same number.
    conversions
        Names that other libraries give to another number: refused, with what this parameter is
        in terms of it.
    description
        A few words on what it is.
    differentiable
        Whether a distribution is differentiated in it.
    vector
        0 for a number. Of a vector parameter, whose last axis is not a batch's, how many entries
        the initial value has; of a matrix, whose last two are not, along each axis, or a pair.
    dims
        The names of the axes of one value: ``("K",)`` of a vector, by default, ``("K", "K")`` of a
        square matrix. An axis has one length in all of a distribution's parameters. If `domain` is
        an interval, each entry lies in it; else the last axes are a member of the region.
    length_of
        The name of the axis that this number is the length of, if it is: an integer, the same for
        all draws.
    infinity
        What stands for inf: so large a number of the domain that the distribution is its limit to
        the last bit, and formulas need no case for it. By default inf is refused.
    """

    symbol: str
    domain: Domain | Region
    default: float
    typical: tuple[float, float]
    aliases: tuple[str, ...] = ()
    description: str = ""
    differentiable: bool = True
    vector: int | tuple[int, ...] = 0
    conversions: Mapping[str, Conversion] = field(default_factory=dict)
    dims: tuple[str, ...] = ()
    length_of: str = ""
    infinity: float = math.inf
    name: str = field(default="", init=False)
    #: How long the axes of the initial value are: none of a number.
    lengths: tuple[int, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        if not self.dims and self.vector:
            object.__setattr__(self, "dims", ("K",))
        several = self.vector or _INITIAL
        each = several if isinstance(several, tuple) else (several,) * len(self.dims)
        object.__setattr__(self, "lengths", each)

    def __set_name__(self, owner: type, name: str) -> None:
        object.__setattr__(self, "name", name)

    @overload
    def __get__(self, instance: None, owner: type) -> Parameter: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Array: ...
    def __get__(self, instance: Any, owner: type) -> Parameter | Array:
        """Return the declaration on the class, the value on an instance."""
        if instance is None:
            return self
        value: Array | None = instance._values.get(self.name)
        return instance._absent(self.name) if value is None else value[()]

    def __set__(self, instance: object, value: ArrayLike) -> None:
        """For type checkers, what the constructor takes: nothing is ever set."""
        raise AttributeError(self.name)

    @property
    def rank(self) -> int:
        """How many axes a value has: 0 of a number, 1 of a vector, 2 of a matrix."""
        return len(self.dims)

    @property
    def power(self) -> str:
        """What follows an interval where entries of a value lie in it: ``"^K"``."""
        if not self.dims or self.domain.rank:
            return ""
        return f"^{self.dims[0]}" if self.rank == 1 else f"^({'×'.join(self.dims)})"

    @property
    def initial(self) -> Any:
        """The value used when none is given: a number, or nested tuples."""
        return self.initial_with({})

    def initial_with(self, sizes: Mapping[str, int]) -> Any:
        """Return the value used when none is given and axes of these names have these lengths."""
        if not self.dims:
            return self.default
        each = zip(self.dims, self.lengths, strict=True)
        shape = tuple(sizes.get(name, length) for name, length in each)
        if isinstance(self.domain, Region):
            return _nested_tuple(self.domain.initial(shape, self.default).tolist())
        return _nested_tuple(np.full(shape, self.default).tolist())

    @property
    def initial_text(self) -> str:
        """The value used when none is given, as it is written on the command line."""
        if self.rank < 2:
            entries = self.initial if self.dims else (self.default,)
            return ",".join(f"{entry:g}" for entry in entries)
        rows = ("[" + ",".join(f"{entry:g}" for entry in row) + "]" for row in self.initial)
        return "[" + ",".join(rows) + "]"

    def typical_at(self, share: ArrayLike) -> Array:
        """Return the value so much of the way up the typical range.

        On a logarithmic scale, if all values in it are positive. Of vectors and matrices in a
        region, the member that real numbers, so much of the way up the typical range of each,
        stand for.
        """
        (low, high), up = self.typical, np.asarray(share)
        if isinstance(self.domain, Region):
            return self.domain.member(low + (high - low) * up)
        return np.asarray(low * (high / low) ** up if low > 0.0 else low + (high - low) * up)

    def event(self, value: Array) -> tuple[int, ...]:
        """Return the shape of one value of those in an array: a vector's, or a number's."""
        return value.shape[value.ndim - self.rank :]

    def batch(self, value: Array) -> tuple[int, ...]:
        """Return the shape that an array of values adds to a batch."""
        return value.shape[: value.ndim - self.rank]

    def validated(self, value: ArrayLike) -> Array:
        """Return `value` as a read-only float64 array, sharing memory where NumPy can.

        Raises
        ------
        ParameterError
            If a value is not a real number, or lies outside the domain (NaN always does), or is
            not a vector with at least one entry where that is wanted.
        """
        array = as_real_array(self.name, value).view()
        if isinstance(self.domain, Integers):
            need_exact(self.name, value, array)
        if self.dims:
            self._check_axes(array)
        if not isinstance(self.domain, Region) and self.domain.plainly_holds(array):
            array.flags.writeable = False
            return array
        if self.infinity < math.inf:
            array = np.where(array == math.inf, self.infinity, array)
        if isinstance(self.domain, Region):
            self._check_region(self.domain, array)
        elif (where := self.domain.first_outside(array)) is not None:
            index = np.unravel_index(where, array.shape)
            label = self._label(index)
            remedy = self.domain.remedy.format(self.name)
            raise ParameterError(
                f"{label}={shown(float(array[index]))} is not in {self.domain}; pass {remedy}"
            )
        if self.length_of and array.ndim:
            raise ShapeError(
                f"{self.name} has shape {array.shape}, and all draws have one length; pass one"
                f" {self.name}"
            )
        array.flags.writeable = False
        return array

    def _check_axes(self, array: Array) -> None:
        """Refuse what is not a vector, or matrix, with at least one entry."""
        event = self.event(array)
        kind = "vector" if self.rank == 1 else "matrix"
        if array.ndim < self.rank or 0 in event:
            given = f"={shown(float(array))}" if array.ndim == 0 else f" of shape {array.shape}"
            raise ParameterError(
                f"{self.name}{given} is not a {kind}; pass several {self.name},"
                f" such as [{self.initial_text.replace(',', ', ')}]"
                if self.rank == 1
                else f"{self.name}{given} is not a {kind}; pass a {self.name} with two axes,"
                f" such as {self.initial_text.replace(',', ', ')}"
            )
        if len(set(self.dims)) < len(set(zip(self.dims, event, strict=True))):
            raise ParameterError(
                f"{self.name} of shape {array.shape} is not square; pass a square {self.name}"
            )

    def _check_region(self, region: Region, array: Array) -> None:
        """Refuse values outside a region."""
        outside = region.outside(array)
        if not np.any(outside):
            return
        index = np.unravel_index(int(np.argmax(outside)), outside.shape)
        problem = region.problem(array[index])
        raise ParameterError(
            f"{self._label(index)} is not {region.one}{problem and f': {problem}'};"
            f" pass {region.remedy.format(self.name)}"
        )

    def _label(self, index: tuple[Any, ...]) -> str:
        return self.name + (f"[{', '.join(map(str, index))}]" if index else "")


def degrees_of_freedom(
    symbol: str,
    default: float,
    typical: tuple[float, float],
    aliases: tuple[str, ...],
    description: str = "Degrees of freedom",
) -> Parameter:
    """Declare degrees of freedom that may be inf."""
    domain = POSITIVE
    return Parameter(symbol, domain, default, typical, aliases, description, infinity=_DEGREES)


def _nested_tuple(entries: Any) -> Any:
    return tuple(map(_nested_tuple, entries)) if isinstance(entries, list) else entries


def shown(value: float) -> str:
    """Return a number in six digits, or in as many as distinguish it from others."""
    short = f"{value:g}"
    return short if float(short) == value or math.isnan(value) else repr(value)


def _number(value: object) -> float | None:
    """Return the number that a value, or its text, is, or None if it is not one."""
    try:
        return float(value) if np.ndim(value) == 0 else None  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


class Parameters(Mapping[str, Parameter]):
    """A distribution's parameters in declared order, looked up by path, name or alias.

    The path of a child's parameter, such as ``base.loc``, may be cut from the left as far as no
    other path ends alike. Parameters that stand for one of these, `others`, are looked up alike,
    and not iterated over.
    """

    def __init__(
        self, owner: str, declared: Mapping[str, Any], others: Mapping[str, Any] | None = None
    ) -> None:
        self._owner = owner
        self._declared = MappingProxyType(dict(declared))
        self._every = {**declared, **(others or {})}
        self._canonical: dict[str, str] = {}
        endings: dict[str, list[str]] = {}
        for path, parameter in self._every.items():
            lead, dot, _ = path.rpartition(".")
            for spelling in (parameter.name, *parameter.aliases):
                self._canonical[lead + dot + spelling] = path
                ending = lead
                while ending:
                    _, _, ending = ending.partition(".")
                    short = f"{ending}.{spelling}" if ending else spelling
                    endings.setdefault(short, []).append(path)
        self._canonical |= {
            short: paths[0]
            for short, paths in endings.items()
            if len(paths) == 1 and short not in self._canonical
        }
        self._several = {
            short: paths
            for short, paths in endings.items()
            if len(paths) > 1 and short not in self._canonical
        }

    def __getitem__(self, name: str) -> Parameter:
        parameter: Parameter = self._every[self._canonical[name]]
        return parameter

    def __iter__(self) -> Iterator[str]:
        return iter(self._declared)

    def __len__(self) -> int:
        return len(self._declared)

    def __contains__(self, name: object) -> bool:
        return name in self._canonical

    @property
    def differentiable(self) -> list[str]:
        """The names of those that the distribution is differentiated in."""
        return self._differentiable.copy()

    @cached_property
    def _differentiable(self) -> list[str]:
        return [name for name, parameter in self._declared.items() if parameter.differentiable]

    @cached_property
    def are_numbers(self) -> bool:
        """Whether each is a number, and none a vector."""
        return not any(parameter.dims for parameter in self._declared.values())

    def canonical(self, name: str, value: object = None) -> str:
        """Return the declared name that `name`, perhaps an alias, stands for.

        If it stands for none, the error may convert the `value`.
        """
        try:
            return self._canonical[name]
        except KeyError:
            if name in self._several:
                raise UnknownParameterError(
                    f"{self._owner} has more than one parameter {name!r}; pass one of"
                    f" {', '.join(self._several[name])}"
                ) from None
            known = ", ".join(self._every)
            remedy = self._converted(name, value) or did_you_mean(name, self._canonical)
            raise UnknownParameterError(
                f"{self._owner} has no parameter {name!r}{remedy} (it has {known})"
            ) from None

    def _converted(self, name: str, value: object) -> str:
        """Return what to pass instead of a number of another convention, or an empty string."""
        for parameter in self._declared.values():
            if conversion := parameter.conversions.get(name):
                remedy = f"; pass {parameter.name}={conversion.formula.format(name)}"
                given = _number(value)
                if given is None or conversion.value is None:
                    return remedy
                with np.errstate(all="ignore"):
                    number = conversion.value(np.float64(given))
                inside = number in parameter.domain
                return remedy + f": {name}={given:g} is {parameter.name}={number:.6g}" * inside
        return ""

    def by_name(
        self, given: Iterable[tuple[str, Any]], *, tangents: bool = False
    ) -> dict[str, Any]:
        """Return pairs (name, value) under declared names, refusing unknown ones and repetition.

        Messages convert values, but not `tangents`.
        """
        result: dict[str, Any] = {}
        for name, value in given:
            canonical = self.canonical(name, None if tangents else value)
            if canonical in result:
                raise UnknownParameterError(
                    f"{self._owner} got {canonical!r} twice"
                    + (f" ({name!r} is an alias of it)" if name != canonical else "")
                    + "; pass it once"
                )
            result[canonical] = value
        return result
