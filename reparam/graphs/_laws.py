"""What a node is drawn from: a distribution, perhaps made of others, with a formula per number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from reparam import registry
from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.base.tree import Child, Children, Tree
from reparam.engine.noise import UNIFORM, Noise
from reparam.errors import GraphError, UnknownParameterError, spelled
from reparam.parameters import Parameter
from reparam.regions import Region
from reparam.transforms._mapped import Mapped
from reparam.transforms.clipped import Clipped
from reparam.transforms.independent import Independent

__all__ = ["Law", "Leaf", "read", "shown", "split"]

_CALL = re.compile(r"\s*([^\W\d][\w-]*)\s*(?:\((.*)\))?\s*", re.DOTALL)
_LIST = re.compile(r"\s*\[(.*)\]\s*", re.DOTALL)
_NAMED = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)(.*)", re.DOTALL)

#: How deep distributions may nest.
_MOST_DEEP = 20


class Leaf(NamedTuple):
    """What a formula gives a distribution: a parameter, or an entry of a vector or a matrix.

    Attributes
    ----------
    path
        The parameter, ``base.loc``.
    entry
        Which entry of a vector or matrix parameter; empty of a whole parameter.
    declared
        Its declaration.
    """

    path: str
    entry: tuple[int, ...]
    declared: Any  # a Parameter, which type checkers take for its value

    @property
    def rank(self) -> int:
        """How many of the last axes of a value are those of one vector or matrix."""
        rank: int = 0 if self.entry else self.declared.rank
        return rank

    def check(self, value: Array) -> None:
        """Check that a value is in the domain: an index within a piece is not compared.

        Raises
        ------
        ParameterError
            If it is not.
        """
        if self.rank:
            flat = value.reshape(-1, *self.declared.event(value)) if value.size else value
            if isinstance(self.declared.domain, Region):
                outside = self.declared.domain.outside(flat)
                flat = flat[np.argmax(outside)] if np.any(outside) else flat[:0]
            if flat.size:
                self.declared.validated(flat)
        elif isinstance(self.declared.domain, Region):
            return  # of a whole matrix alone
        elif (where := self.declared.domain.first_outside(value)) is not None:
            number = np.reshape(value.ravel()[where], (1,) * self.declared.rank)
            self.declared.validated(number)

    def __str__(self) -> str:
        return f"{self.path}[{', '.join(map(str, self.entry))}]" if self.entry else self.path


@dataclass(frozen=True)
class Law:
    """A distribution's class, with its own numbers and what it is made of.

    Attributes
    ----------
    cls
        The class; of a map, too.
    parts
        By field: its formula, for a vector or matrix perhaps a list of formulas, or of lists; or
        what a child is, or children are.
    by_quantile
        Whether it is drawn by its quantile.
    """

    cls: type[Any]
    parts: Mapping[str, Any]
    by_quantile: bool = False

    @classmethod
    def of(cls, tree: Tree, prefix: str = "") -> tuple[Law, dict[str, tuple[str, Array]]]:
        """Return the law of a distribution that there is, with a name for each of its numbers.

        Numbers that are infinite, and so are defaults, have none.

        Returns
        -------
        tuple
            The law; and for each name, which formulas can have, the number's own, and its value.
        """
        parts: dict[str, Any] = {}
        names: dict[str, tuple[str, Array]] = {}

        def child(path: str, part: Tree) -> Law:
            law, inner = cls.of(part, f"{path}.")
            names.update(inner)
            return law

        def number(path: str, value: Array) -> str:
            name = re.sub(r"\W+", "_", path).strip("_")
            names[name] = path, value
            return name

        whole = isinstance(tree._support, Region)  # type: ignore[attr-defined]
        for field, part in tree._parts.items():
            path = f"{prefix}{field}"
            if isinstance(part, Tree):
                parts[field] = child(path, part)
            elif isinstance(part, tuple):
                parts[field] = tuple(child(f"{path}[{k}]", each) for k, each in enumerate(part))
            elif tree._fields[field].dims and not whole:  # type: ignore[union-attr]
                entries = range(part.shape[-1])
                parts[field] = tuple(number(f"{path}[{k}]", part[..., k]) for k in entries)
            elif np.all(np.isfinite(part)):
                parts[field] = number(path, part)
        return cls(type(tree), parts, getattr(tree, "_is_by_quantile", False)), names

    @property
    def name(self) -> str:
        """The name of the distribution."""
        name: str = self.cls.name
        return name

    @property
    def noise(self) -> Noise:
        """The kind of noise that it is made of: a map's or a clipped one's is its base's."""
        base = self.parts.get("base")
        if isinstance(base, Law) and issubclass(self.cls, Mapped | Clipped):
            return base.noise
        noise: Noise = UNIFORM if issubclass(self.cls, Discrete) else self.cls.noise
        return noise

    def leaves(self, prefix: str = "") -> Iterator[tuple[Leaf, str]]:
        """Yield the numbers in order, with their formulas."""
        for field, part in self.parts.items():
            path = f"{prefix}{field}"
            if isinstance(part, Law):
                yield from part.leaves(f"{path}.")
            elif isinstance(part, str):
                yield Leaf(path, (), self.cls._fields[field]), part
            elif isinstance(part[0], Law):
                for k, each in enumerate(part):
                    yield from each.leaves(f"{path}[{k}].")
            else:
                for entry, formula in _entries(part):
                    yield Leaf(path, entry, self.cls._fields[field]), formula

    @cached_property
    def has_vectors(self) -> bool:
        """Whether it draws vectors, or takes a whole vector or matrix."""
        below = (each for part in self.parts.values() for each in _laws(part))
        if isinstance(getattr(self.cls, "_support", None), Region):
            return True
        return any(each.has_vectors for each in below) or any(
            isinstance(part, str) and self.cls._fields[field].rank
            for field, part in self.parts.items()
        )

    @property
    def has_entropy(self) -> bool:
        """Whether there is a formula of the entropy."""
        if issubclass(self.cls, Independent):
            return all(each.has_entropy for each in self.parts["laws"])
        return bool(self.cls._plain and self.cls.has_formula("entropy"))

    def made(self, values: Sequence[Array]) -> Any:
        """Return the distribution with values for its numbers, in order."""
        return self._made(iter(values))

    def _made(self, values: Iterator[Array]) -> Any:
        made: dict[str, Any] = {}
        for field, part in self.parts.items():
            if isinstance(part, Law):
                made[field] = part._made(values)
            elif isinstance(part, str):
                made[field] = next(values)
            elif isinstance(part[0], Law):
                made[field] = [each._made(values) for each in part]
            else:
                entries = np.broadcast_arrays(*(next(values) for _ in _entries(part)))
                whole = np.stack(entries, axis=-1)
                if isinstance(part[0], tuple):
                    whole = whole.reshape(*entries[0].shape, len(part), len(part[0]))
                made[field] = whole
        found = self.cls(**made)
        return found.by_quantile() if self.by_quantile else found


def _entries(part: Sequence[Any]) -> Iterator[tuple[tuple[int, ...], str]]:
    """Yield the formulas of a vector, or of the rows of a matrix, each with its place."""
    for k, each in enumerate(part):
        if isinstance(each, str):
            yield (k,), each
        else:
            yield from (((k, *place), formula) for place, formula in _entries(each))


def _laws(part: Any) -> Iterator[Law]:
    """Yield the laws that are a part of another one."""
    for each in part if isinstance(part, tuple) else (part,):
        if isinstance(each, Law):
            yield each


def read(text: str, own: Mapping[str, type[Distribution] | Law]) -> Law:
    """Return what text describes, without its formulas being read.

    A law among the text's own ones stands for itself, ``name()``.

    Raises
    ------
    GraphError
        If it is not a distribution with parameters.
    UnknownDistributionError, UnknownParameterError, NotReparameterizable
        If that is what is wrong with it; of discrete distributions only the outermost may be one.
    """
    match = _CALL.fullmatch(text)
    if match is None or match[2] is None:
        raise GraphError(
            f"{shown(text)} is not a distribution with parameters; write for example"
            " gaussian(loc=0, scale=1)"
        )
    return _law(text, own, 0)


def _law(text: str, own: Mapping[str, type[Distribution] | Law], depth: int) -> Law:
    """Return the distribution that text is, with or without parameters."""
    match = _CALL.fullmatch(text)
    if match is None:
        raise GraphError(
            f"{shown(text)} is not a distribution; write for example gaussian(loc=0, scale=1)"
        )
    if depth > _MOST_DEEP:
        raise GraphError(f"distributions nest more than {_MOST_DEEP} deep; simplify them")
    cls = own.get(match[1]) or registry.constructor(match[1])
    if isinstance(cls, Law):
        return cls
    of_vectors = issubclass(cls, Reparameterized) and cls._support.rank
    if not of_vectors and (depth or not issubclass(cls, Discrete)):
        registry.reparameterized_class(cls)
    return _read_call(cls, match[2] or "", own, depth)


def _map(text: str, depth: int) -> Law:
    from reparam.transforms.maps import MAPS

    match = _CALL.fullmatch(text)
    cls = MAPS.get(spelled(match[1])) if match else None
    if match is None or cls is None:
        raise GraphError(
            f"{shown(text)} is not a map that a node's distribution can have; take one of"
            f" {', '.join(MAPS)}, or draw from the base, and write a formula of it"
        )
    return _read_call(cls, match[2] or "", {}, depth)


def _read_call(
    cls: type[Any], text: str, own: Mapping[str, type[Distribution] | Law], depth: int
) -> Law:
    """Return the law of a class with what stands in a call's parentheses, and its defaults."""
    given = cls._arguments.by_name(_arguments(cls, text))
    cls = cls._form_with(given)
    parts: dict[str, Any] = {}
    for name, field in cls._fields.items():
        if name in given:
            parts[name] = _part(f"{cls.__name__}'s {name}", field, given[name], own, depth + 1)
        elif isinstance(field, Parameter) and np.isfinite(field.default) and not field.dims:
            parts[name] = repr(float(field.default))
    return Law(cls, parts)


def _part(
    what: str, field: Any, text: str, own: Mapping[str, type[Distribution] | Law], depth: int
) -> Any:
    if isinstance(field, Children):
        return tuple(_law(each, own, depth) for each in _listed(what, text))
    if isinstance(field, Child):
        is_map = not issubclass(field.kind(), Distribution)
        return _map(text, depth) if is_map else _law(text, own, depth)
    if field.dims and _LIST.fullmatch(text):
        return _nested(what, text, field.rank)
    return text.strip()


def _nested(what: str, text: str, rank: int) -> tuple[Any, ...]:
    """Return the formulas of a vector, or of a matrix by rows."""
    parts = [each.strip() for each in _listed(what, text)]
    if rank == 1:
        return tuple(parts)
    rows = tuple(_nested(f"a row of {what}", each, rank - 1) for each in parts)
    if len({len(row) for row in rows}) > 1:
        raise GraphError(f"{what} has rows of several lengths; write as many formulas in each")
    return rows


def _listed(what: str, text: str) -> list[str]:
    match = _LIST.fullmatch(text)
    parts = split(match[1]) if match and match[1].strip() else []
    if not parts:
        raise GraphError(f"{what} is a list in brackets, not {shown(text.strip())}")
    return parts


def _arguments(cls: type[Any], text: str) -> list[tuple[str, str]]:
    """Return the names and texts of parameters: without a name they have the declared order."""
    pairs: list[tuple[str, str]] = []
    names, by_name = list(cls._fields), False
    pieces = split(text) if text.strip() else []
    if issubclass(cls, Independent) and not any(
        form.fullmatch(piece) for piece in pieces for form in (_LIST, _NAMED)
    ):  # independent(gaussian, gamma) is short
        if len(pieces) < 2:
            raise GraphError(
                "independent(…) takes several distributions; arrays of parameters make arrays of"
                " draws: leave it out, and write sum(log_prob(y)) for the density of all"
            )
        return [("laws", f"[{text}]")]
    if getattr(cls, "_called", None) and len(pieces) > 1 and _LIST.fullmatch(pieces[0]):
        first, *rest = pieces
        if not any(map(_NAMED.fullmatch, rest)):  # mixture([0.3, 0.7], gaussian, gamma) is short
            return [("components", f"[{', '.join(rest)}]"), ("weights", first)]
    for position, part in enumerate(pieces):
        match = _NAMED.fullmatch(part)
        by_name = by_name or match is not None
        if match:
            pairs.append((match[1], match[2].strip()))
        elif by_name or position >= len(names):
            raise UnknownParameterError(
                f"{shown(part.strip())} comes after a parameter with a name; give it one, too"
                if by_name
                else f"{cls.__name__} takes {len(names)} parameters ({', '.join(names)}); leave out"
                f" {shown(part.strip())}"
            )
        else:
            pairs.append((names[position], part.strip()))
    return pairs


def split(text: str) -> list[str]:
    """Return what stands between the commas that no brackets enclose."""
    parts, depth, start = [], 0, 0
    for match in re.finditer(r"[(),\[\]]", text):
        token = match.group()
        depth += (token in "([") - (token in ")]")
        if depth < 0:
            raise GraphError(f"a {token!r} closes nothing; leave it out")
        if token == "," and not depth:
            parts.append(text[start : match.start()])
            start = match.end()
    if depth:
        raise GraphError("a '(' is never closed; write a ')'")
    return [*parts, text[start:]]


def shown(text: str) -> str:
    """Return text as messages show it."""
    return repr(text if len(text) <= 60 else f"{text[:59]}…")
