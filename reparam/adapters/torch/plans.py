"""Distributions as ``torch.compile`` knows them: texts, for which parameters are still to come."""

from __future__ import annotations

import hashlib
import pickle
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

import reparam.base.distribution as library
from reparam.adapters.torch.types import double
from reparam.base.reparameterized import Reparameterized
from reparam.engine.shapes import broadcast_shapes
from reparam.errors import NotReparameterizable
from reparam.parameters import Parameter
from reparam.spelling import parse

__all__ = ["Plan", "Traced", "key_of", "plan_of", "reparameterized", "traced"]

#: What parameters are replaced in: text or an instance, or the class of vectors or matrices.
Template: TypeAlias = "str | library.Distribution | type[Reparameterized]"


@dataclass(frozen=True, eq=False)
class Plan:
    """A distribution, and the parameters that tensors replace.

    Attributes
    ----------
    template
        The distribution, whose values of those parameters don't matter.
    paths
        Their paths.
    """

    template: Reparameterized
    paths: tuple[str, ...]

    def at(self, values: Sequence[Any]) -> Reparameterized:
        """Return the distribution at values of the parameters."""
        law: Reparameterized = self.template.replace(dict(zip(self.paths, values, strict=True)))
        return law


#: By the text that stands for them in operators.
_plans: dict[str, Plan] = {}


def plan_of(key: str) -> Plan:
    """Return the plan that a text stands for."""
    return _plans[key]


def reparameterized(law: str | library.Distribution) -> Reparameterized:
    """Return a distribution, from text too.

    Raises
    ------
    NotReparameterizable
        If its draws have no derivatives.
    """
    found = parse(law) if isinstance(law, str) else law
    if not isinstance(found, Reparameterized):
        raise NotReparameterizable(
            f"{found!r} has no draws that are differentiable; pass a distribution that has"
        )
    return found


class Traced(NamedTuple):
    """What stands for a distribution of the library in a graph that is being compiled.

    Attributes
    ----------
    key
        The text that stands for its plan.
    batch_shape, event_shape
        As those of the distribution.
    declared
        Of each parameter the name, how many axes a value has, whether it is a length, and the
        value if it is not one of the tensors.
    tensors
        The parameters that were given, numbers too, by path.
    deciding
        The paths of those that were given as tensors, and decide the type of results.
    """

    key: str
    batch_shape: tuple[int, ...]
    event_shape: tuple[int, ...]
    declared: tuple[tuple[str, int, bool, Any], ...]
    tensors: dict[str, Tensor]
    deciding: tuple[str, ...]


def traced(law: Template, given: Sequence[tuple[str, Any]]) -> Traced:
    """Return a distribution at parameters without values, given by path, name or alias."""
    paths, batches, deciding = [], [], []
    events: list[Any] = []
    tensors: dict[str, Tensor] = {}
    known = paths_of(law, tuple([name for name, _ in given]))
    for (path, rank, is_length), (_, value) in zip(known, given, strict=True):
        paths.append(path)
        if is_length:
            events.append(_constant(value))
            continue
        tensor = value if isinstance(value, Tensor) else double(value)
        if isinstance(value, Tensor):
            deciding.append(path)
        axes = max(tensor.ndim - rank, 0)
        tensors[path] = tensor
        batches.append(tensor.shape[:axes])
        events.append(tuple([_constant(length) for length in tensor.shape[axes:]]))
    key, batch, event, declared = planned(law, tuple(paths), tuple(events))
    batch = torch.broadcast_shapes(batch, *batches)
    return Traced(key, batch, event, declared, tensors, tuple(deciding))


def _constant(length: int) -> int:
    """Return a length as one that is decided when a graph is compiled, not when it runs."""
    return len((None,) * length)


# Constants for torch.compile --------------------------------------------------------------------


@torch.compiler.assume_constant_result
def paths_of(law: Template, names: tuple[str, ...]) -> tuple[tuple[str, int, bool], ...]:
    """Return the path of each parameter, how many axes a value has, and whether it is a length."""
    declared = law._arguments if isinstance(law, type) else reparameterized(law)._replaceable
    found = declared.by_name(((name, name) for name in names), tangents=True)
    return tuple((x, declared[x].rank, bool(declared[x].length_of)) for x in found)


@torch.compiler.assume_constant_result
def planned(law: Template, paths: tuple[str, ...], events: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what is known of a distribution while its parameters are not.

    Parameters
    ----------
    law
        Text, an instance, or the class of vectors or matrices.
    paths, events
        The parameters that are given, with the shape of one value each; or the value of a length.

    Returns
    -------
    tuple
        The text that stands for it, the batch of its other parameters, the shape of a draw, and
        the others' values by name.
    """
    given = dict(zip(paths, events, strict=True))
    template = _class_with(law, given) if isinstance(law, type) else _with(law, given)
    declared = template.parameters
    moving = tuple(path for path in paths if not declared[path].length_of)
    others = {name: template[name] for name in declared if name not in moving}
    batch = broadcast_shapes(**{k: declared[k].batch(x) for k, x in others.items()})
    values = tuple(
        (k, declared[k].rank, bool(declared[k].length_of), others[k].tolist() if k in others else 0)
        for k in declared
    )
    return _key(Plan(template, moving)), batch, template.event_shape, values


@torch.compiler.assume_constant_result
def key_of(template: Reparameterized, paths: tuple[str, ...]) -> str:
    """Return the text that stands for a distribution of which tensors replace parameters."""
    return _key(Plan(template, paths))


def _key(plan: Plan) -> str:
    """Return the text for a plan: of equal ones, in other processes too, compiled code is kept."""
    name = type(plan.template).__name__
    try:
        bits = pickle.dumps((plan.template, plan.paths))
    except (pickle.PicklingError, AttributeError, TypeError):  # of a class in a function
        bits = uuid.uuid4().bytes
    key = f"{name}:{hashlib.sha256(bits).hexdigest()}"
    _plans.setdefault(key, plan)
    return key


def _class_with(law: type[Reparameterized], given: dict[str, Any]) -> Reparameterized:
    """Return a distribution of vectors or matrices, with parameters of given shapes."""
    lengths = [n for event in given.values() if isinstance(event, tuple) for n in event]
    above = {name for name, _ in law._above}
    values = {}
    for path, event in given.items():
        declared = law._arguments[path]
        if declared.length_of:
            values[path] = event
        else:  # degrees of freedom are above the number of rows
            values[path] = (
                declared.default + max(lengths, default=0)
                if path in above
                else (_initial(declared, event))
            )
    return law(**values)


def _with(law: str | library.Distribution, given: dict[str, Any]) -> Reparameterized:
    """Return a distribution with parameters of given shapes: its own where they have them."""
    found = reparameterized(law)
    declared = found._replaceable
    return found.replace(
        {
            path: event if declared[path].length_of else _initial(declared[path], event)
            for path, event in given.items()
            if path not in found.parameters
            or declared[path].length_of
            or declared[path].event(found[path]) != event
        }
    )


def _initial(declared: Parameter, event: tuple[int, ...]) -> Any:
    """Return the initial value of a shape; a number, which is refused, if there is none."""
    if len(event) != declared.rank:
        return declared.default
    return declared.initial_with(dict(zip(declared.dims, event, strict=True)))
