"""Trees of parameters: fields declared on the class, values and children on the instance."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property
from itertools import product
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

import numpy as np

from reparam._typing import Array
from reparam.base.children import Child, Children
from reparam.base.signatures import parameters_section, signature
from reparam.engine.shapes import broadcast_shapes
from reparam.errors import ParameterError, ShapeError, UnknownParameterError
from reparam.parameters import Parameter, Parameters, shown
from reparam.regions import Dims, name_and_number

__all__ = ["Child", "Children", "Tree", "flat"]

T = TypeVar("T", bound="Tree")

#: Arrays of more numbers are shortened by ``repr``.
_SHOWN = 8


class _Declared:
    """The parameters: on the class those that it declares, on an instance all of its tree.

    The class finds those that stand for its own by name, too.
    """

    def __get__(self, instance: Tree | None, owner: type[Tree]) -> Parameters:
        if instance is None:
            return owner._known
        return instance._leaves


# no field specifier: in calls of one a type checker finds a default only if it is named
@dataclass_transform(frozen_default=True)
class Tree:
    """Declared parameters and children, frozen.

    Parameters are passed by position or by name (aliases work), as numbers or arrays that broadcast
    together; the common shape is :attr:`batch_shape`. The parameters of a child are named by their
    path, ``base.loc``; an ending of a path that no other path has is enough.

    Raises
    ------
    ParameterError
        If a parameter's value is outside its domain, NaN, or not a real number; or if values
        that must be in order are not.
    UnknownParameterError
        If there is no such parameter, or one is given twice.
    ShapeError
        If the parameters' shapes don't broadcast together.
    """

    #: The declared parameters, by name or alias; of an instance, those of its children, too.
    parameters: ClassVar[_Declared] = _Declared()
    #: Pairs of parameters of which the first must be below the second.
    _ordered: ClassVar[tuple[tuple[str, str], ...]] = ()
    #: Pairs of parameters of which the first must not be above the second.
    _not_above: ClassVar[tuple[tuple[str, str], ...]] = ()
    #: Numbers that must be above a length, and which: ``("df", "K - 1")``.
    _above: ClassVar[tuple[tuple[str, str], ...]] = ()
    #: Groups of parameters that stand for each other, as probabilities and logits do: an instance
    #: has the one of a group that it was given, the first if none was. Each choice but that of the
    #: first ones makes a subclass of the same name, which declares what was chosen alone.
    _alternatives: ClassVar[tuple[tuple[str, ...], ...]] = ()
    #: The one of each group that instances of the class have.
    _choice: ClassVar[tuple[str, ...]] = ()
    _left_out: ClassVar[Set[str]] = frozenset()
    _forms: ClassVar[Mapping[tuple[str, ...], type[Any]]] = {}
    _fields: ClassVar[Mapping[str, Parameter | Child[Any] | Children[Any]]]
    _arguments: ClassVar[Parameters]
    _own: ClassVar[Parameters]
    _known: ClassVar[Parameters]
    _plain: ClassVar[bool]
    _has_axes: ClassVar[bool]
    _parts: dict[str, Any]
    _values: dict[str, Array]
    _batch_shape: tuple[int, ...]
    #: The length of each named axis of vectors and matrices.
    _sizes: dict[str, int]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        every = {
            name: value
            for base in reversed(cls.__mro__)
            for name, value in vars(base).items()
            if isinstance(value, Parameter | Child | Children)
        }
        first = tuple(group[0] for group in cls._alternatives)
        if "_alternatives" in vars(cls):
            cls._choice = first
        alternatives = {name for group in cls._alternatives for name in group}
        cls._left_out = left_out = alternatives - {*cls._choice}
        cls._fields = {name: value for name, value in every.items() if name not in left_out}
        own = {name: value for name, value in cls._fields.items() if isinstance(value, Parameter)}
        others = {name: every[name] for name in every if name in left_out and cls._choice == first}
        cls._own = Parameters(cls.__name__, own)
        cls._known = Parameters(cls.__name__, own, others)
        cls._arguments = Parameters(cls.__name__, {**every} if others else cls._fields)
        cls._plain = len(own) == len(cls._fields)
        cls._has_axes = any(declared.dims or declared.length_of for declared in own.values())
        if cls._fields and not _is_form(cls):
            cls.__signature__ = signature(cls)  # type: ignore[attr-defined]
            cls.__doc__ = f"{inspect.getdoc(cls) or cls.__name__}\n\n{parameters_section(cls)}"
        cls._forms = {}
        if others:
            choices = [choice for choice in product(*cls._alternatives) if choice != first]
            cls._forms = {choice: _form(cls, choice) for choice in choices}

    def __new__(cls, /, *args: Any, **kwargs: Any) -> Self:
        """Make an instance of the class with the parameter that was given."""
        if cls._forms:
            positional = dict(zip(cls._fields, args, strict=False))
            cls = cls._form_with({**positional, **cls._arguments.by_name(kwargs.items())})
        return super().__new__(cls)

    def __init__(self, /, *args: Any, **kwargs: Any) -> None:
        fields = self._fields
        if len(args) > len(fields):
            raise UnknownParameterError(
                f"{type(self).__name__} takes {len(fields)} parameters"
                f" ({', '.join(fields)}) but got {len(args)}"
            )
        given: dict[str, Any] = dict(zip(fields, args, strict=False))
        if kwargs:
            known = self._arguments
            given = known.by_name([*given.items(), *self._present(kwargs).items()])
        if self._alternatives:
            given = self._completed(given)
        parts: dict[str, Any] = {}
        for name, declared in fields.items():
            if name in given:
                parts[name] = declared.validated(given[name])
            elif not isinstance(declared, Parameter):
                raise UnknownParameterError(
                    f"{type(self).__name__} needs {name}; pass a distribution, such as Gaussian()"
                )
            elif not declared.dims:
                parts[name] = declared.validated(declared.initial)
        state = self.__dict__
        state["_sizes"] = self._unified(parts)
        if len(parts) < len(fields):  # vectors and matrices as long as those that were given
            for name, declared in fields.items():
                if name not in parts and isinstance(declared, Parameter):
                    parts[name] = declared.validated(declared.initial_with(self._sizes))
            parts = {name: parts[name] for name in fields}
            state["_sizes"] = self._unified(parts)
        state["_parts"] = parts
        if self._plain:
            state["_values"], state["_leaves"] = parts, self._own
        else:
            state["_values"] = dict(self._walk())
        state["_batch_shape"] = self._common_shape()
        for low, high in self._ordered:
            self._check_order(low, high, np.less, "is not below", "<")
        for low, high in self._not_above:
            self._check_order(low, high, np.less_equal, "is above", "<=")
        for name, length in self._above:
            self._check_above(name, length)
        self._check()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"{type(self).__name__} is frozen; make a new one with the {name} you want"
        )

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen; {name} can't be deleted")

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self._law(), self._parts)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._written()})"

    def _written(self) -> str:
        """Return the arguments that make this tree, as Python writes them."""
        return ", ".join(f"{name}={_text(part)}" for name, part in self._parts.items())

    def __getitem__(self, path: str) -> Array:
        """Return the value of the parameter with that path, name or alias."""
        return self._values[self.parameters.canonical(path)][()]

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """The shape that the parameters broadcast to."""
        return self._batch_shape

    def replace(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Self:
        """Return the same tree with other values.

        Parameters
        ----------
        values, **named
            By path, name or alias: values of parameters, or trees in place of children. One of
            several parameters that stand for each other takes the place of the one that there is.

        Raises
        ------
        UnknownParameterError
            If there is no such parameter, or one is given twice.

        Examples
        --------
        >>> import reparam as rp
        >>> rp.Gaussian(loc=1.0).replace(sigma=3.0)
        Gaussian(loc=1.0, scale=3.0)
        """
        given = [*(values or {}).items(), *named.items()]
        paths = {*self._paths_below()}
        children = {k: v for k, v in given if k in paths}
        leaves = self._replaceable.by_name((k, v) for k, v in given if k not in children)
        return self._rebuilt({**children, **leaves}, "")

    # Machinery -------------------------------------------------------------------------------

    def _walk(self) -> Iterator[tuple[str, Array]]:
        """Yield the path and the value of each parameter, in order."""
        for name, part in self._parts.items():
            below = _trees(name, part)
            for lead, tree in below:
                yield from ((f"{lead}.{path}", value) for path, value in tree._values.items())
            if not below:
                yield name, part

    def _paths_below(self) -> Iterator[str]:
        """Yield the paths of all trees below, and of what declares several of them."""
        for name, part in self._parts.items():
            if isinstance(part, tuple):
                yield name
            for lead, tree in _trees(name, part):
                yield lead
                yield from (f"{lead}.{path}" for path in tree._paths_below())

    @cached_property
    def _replaceable(self) -> Parameters:
        """The parameters, and those that stand for one of them."""
        others = self._instead()
        if not others:
            return self.parameters
        return Parameters(type(self).__name__, dict(self.parameters.items()), others)

    def _instead(self) -> dict[str, Parameter]:
        """Return the declarations of parameters that stand for one here or below, by path."""
        found: dict[str, Parameter] = {}
        if self._left_out:
            every = self._law()._arguments
            found = {name: every[name] for name in every if name in self._left_out}
        for name, part in self._parts.items():
            for lead, tree in _trees(name, part):
                found |= {f"{lead}.{path}": leaf for path, leaf in tree._instead().items()}
        return found

    @cached_property
    def _leaves(self) -> Parameters:
        declared: dict[str, Parameter] = {}
        for name, part in self._parts.items():
            below = _trees(name, part)
            for lead, tree in below:
                declared |= {f"{lead}.{path}": leaf for path, leaf in tree.parameters.items()}
            if not below:
                declared[name] = self._own[name]
        return Parameters(type(self).__name__, declared)

    def _rebuilt(self, values: Mapping[str, Any], prefix: str) -> Self:
        parts: dict[str, Any] = {}
        for name, part in self._parts.items():
            path = prefix + name
            if path in values:
                parts[name] = values[path]
            elif isinstance(part, tuple):
                parts[name] = [
                    values[lead] if lead in values else tree._rebuilt(values, f"{lead}.")
                    for lead, tree in _trees(path, part)
                ]
            elif isinstance(part, Tree):
                parts[name] = part._rebuilt(values, f"{path}.")
            else:
                parts[name] = part
        instead = {k: values[prefix + k] for k in self._left_out if prefix + k in values}
        if not instead:
            return type(self)(**parts)
        law = self._law()
        gone = {k for group in law._alternatives if {*group} & {*instead} for k in group}
        kept = {k: v for k, v in parts.items() if k not in gone or prefix + k in values}
        return law(**kept, **instead)

    def _common_shape(self) -> tuple[int, ...]:
        declared, values = self._leaves, self._values
        if declared.are_numbers:
            if len(shapes := {value.shape for value in values.values()}) == 1:
                return shapes.pop()
            return broadcast_shapes(**{name: value.shape for name, value in values.items()})
        return broadcast_shapes(
            **{name: declared[name].batch(value) for name, value in values.items()}
        )

    @classmethod
    def _form_with(cls, given: Mapping[str, Any]) -> type[Self]:
        """Return the class that has the parameter given, of those that stand for each other."""
        choice = []
        for group in cls._alternatives:
            names = [name for name in group if given.get(name) is not None]
            if len(names) > 1:
                raise UnknownParameterError(
                    f"{cls.__name__} got {' and '.join(names)}, which stand for each other;"
                    " pass one of them"
                )
            choice += names or [group[0]]
        found: type[Self] = cls._forms.get(tuple(choice), cls)
        return found

    @classmethod
    def _law(cls) -> type[Self]:
        """Return the class that takes any of the parameters that stand for each other."""
        law: type[Self] = cls.__mro__[_is_form(cls)]
        return law

    @classmethod
    def _selections(cls) -> list[list[str]]:
        """Return the names of parameters with one of each group of alternatives, in all ways."""
        return [[*form._own] for form in (cls, *cls._forms.values())]

    @classmethod
    def _others(cls) -> list[tuple[str, Any]]:
        """Return the declarations that stand for one of the class's own, by name."""
        every = dict(cls._arguments.items())
        return [(name, declared) for name, declared in every.items() if name not in cls._fields]

    @classmethod
    def _instead_of(cls, name: str) -> str:
        """Return the parameter that another one stands for."""
        return next(group[0] for group in cls._alternatives if name in group)

    @classmethod
    def _present(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Return arguments without None for parameters that others stand for."""
        if not cls._alternatives:
            return given
        alternatives = {name for group in cls._alternatives for name in group}
        return {k: v for k, v in given.items() if v is not None or k not in alternatives}

    def _completed(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return what was given, with what a default that depends on the rest is."""
        return given

    def _absent(self, name: str) -> Array:
        """Return the value of a parameter instead of which there is an alternative."""
        raise AttributeError(f"{self!r} has no {name}; it was made with {', '.join(self._choice)}")

    def _unified(self, parts: Mapping[str, Any]) -> dict[str, int]:
        """Return the length of each named axis, which is one in all of these parameters."""
        if not self._has_axes:
            return {}
        sizes: dict[str, int] = {}
        seen: dict[str, str] = {}
        for name, value in parts.items():
            declared = self._fields[name]
            if isinstance(declared, Parameter) and declared.length_of:
                sizes[declared.length_of] = int(value)
                seen[declared.length_of] = name
            if not isinstance(declared, Parameter) or not declared.dims:
                continue
            for axis, length in zip(declared.dims, declared.event(value), strict=True):
                if sizes.setdefault(axis, length) != length:
                    first = seen[axis]
                    raise ShapeError(
                        f"{first} has shape {parts[first].shape} and {name} has shape"
                        f" {value.shape}: {axis} is {sizes[axis]} in one and {length} in the"
                        f" other; make {axis} equal"
                    )
                seen.setdefault(axis, name)
        return sizes

    def _shape_of(self, dims: Dims) -> tuple[int, ...]:
        """Return the shape that named axes have."""
        return tuple(self._length(axis) for axis in dims)

    def _length(self, axis: str | int) -> int:
        if isinstance(axis, int):
            return axis
        name, more = name_and_number(axis)
        return self._sizes[name] + more

    def _check(self) -> None:
        """Refuse values that don't go together: what a subclass wants beside its declarations."""

    def _check_order(
        self, low: str, high: str, fine: Callable[..., Any], problem: str, sign: str
    ) -> None:
        below, above = self._parts[low], self._parts[high]
        if np.all(fine(below, above)):
            return
        pairs = np.broadcast_arrays(below, above)
        index = np.unravel_index(int(np.argmin(fine(*pairs))), pairs[0].shape)
        label = f"[{', '.join(map(str, index))}]" if index else ""
        values = [shown(float(pair[index])) for pair in pairs]
        raise ParameterError(
            f"{low}{label}={values[0]} {problem} {high}{label}={values[1]};"
            f" pass {low} {sign} {high}"
        )

    def _check_above(self, name: str, length: str) -> None:
        value, least = self._parts[name], self._length(length)
        if np.all(value > least):
            return
        index = np.unravel_index(int(np.argmin(value)), value.shape)
        label = f"[{', '.join(map(str, index))}]" if index else ""
        raise ParameterError(
            f"{name}{label}={shown(float(value[index]))} is not above {least}, which is {length};"
            f" pass {name} > {least}"
        )

    @property
    def _theta(self) -> tuple[Array, ...]:
        """The values of all parameters, in order."""
        return tuple(self._values.values())

    def _nested(self, leaves: Sequence[Any]) -> tuple[Any, ...]:
        """Return one item per parameter as formulas take them: a child's as one tuple."""
        if self._plain:
            return tuple(leaves)
        return self._taken(iter(leaves))

    def _taken(self, leaves: Iterator[Any]) -> tuple[Any, ...]:
        return tuple(
            part._taken(leaves)
            if isinstance(part, Tree)
            else tuple(tree._taken(leaves) for tree in part)
            if isinstance(part, tuple)
            else next(leaves)
            for part in self._parts.values()
        )

    def _formula(self, name: str) -> Callable[..., Any]:
        """Return a formula that takes θ, and returns what it has per parameter, in one row."""
        formula: Callable[..., Any] = getattr(self, name)
        if self._plain:
            return formula
        count = len(self._values)

        def of_leaves(*arguments: Any) -> Any:
            lead = len(arguments) - count
            result = formula(*arguments[:lead], *self._nested(arguments[lead:]))
            return tuple(flat(result)) if isinstance(result, tuple) else result

        return of_leaves


def flat(nested: Iterable[Any]) -> Iterator[Any]:
    """Yield the items of nested tuples, in order."""
    for item in nested:
        if isinstance(item, tuple):
            yield from flat(item)
        else:
            yield item


def _trees(name: str, part: Any) -> list[tuple[str, Tree]]:
    """Return the trees that a part of a tree is, each with its path: none of a parameter."""
    if isinstance(part, tuple):
        return [(f"{name}[{number}]", tree) for number, tree in enumerate(part)]
    return [(name, part)] if isinstance(part, Tree) else []


def _made(cls: type[T], parts: Mapping[str, Any]) -> T:
    """Return the tree that was taken apart to be pickled."""
    return cls(**parts)


def _text(part: Any) -> str:
    """Return a parameter's value, or a child, as Python writes it, long arrays shortened."""
    if isinstance(part, Tree):
        return repr(part)
    if isinstance(part, tuple):
        return f"[{', '.join(map(repr, part))}]"
    if part.size > _SHOWN:
        return f"<array of shape {part.shape}>"
    return repr(part[()].tolist())


def _form(cls: type[T], choice: tuple[str, ...]) -> type[T]:
    """Return the class with these of the parameters that stand for each other."""
    hidden = {key: getattr(cls, key) for key in ("__module__", "__qualname__", "__doc__")}
    made: Any = type(cls)
    form: type[T] = made(cls.__name__, (cls,), {**hidden, "_choice": choice})
    return form


def _is_form(cls: type[Tree]) -> bool:
    """Whether a class is one that :func:`_form` made."""
    return "_choice" in vars(cls) and "_alternatives" not in vars(cls)
