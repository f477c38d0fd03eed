"""Vectors, matrices and composed distributions for ``torch.distributions``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

import reparam.base.distribution as library
from reparam._typing import Array
from reparam.adapters.constraints import between
from reparam.adapters.torch._regions import of_region
from reparam.adapters.torch.compiled import STATISTICS, compiled, computation
from reparam.adapters.torch.differentiable import Differentiable
from reparam.adapters.torch.functions import fresh_seed
from reparam.adapters.torch.once import computed
from reparam.adapters.torch.plans import Plan, Traced, key_of, plan_of, reparameterized, traced
from reparam.adapters.torch.types import Number, array, double, like
from reparam.base.reparameterized import Reparameterized
from reparam.regions import Region

__all__ = ["Wrapped", "distribution", "numbers"]


def distribution(
    law: str | library.Distribution,
    parameters: Mapping[str, Number] | None = None,
    /,
    *,
    validate_args: bool | None = None,
    **named: Number,
) -> Wrapped:
    """Return a distribution of the library, composed ones included, for ``torch.distributions``.

    Parameters
    ----------
    law
        An instance, or text such as ``"truncated(gaussian, low=0)"``.
    parameters, **named
        Tensors, or numbers, by path, name or alias, such as ``{"base.loc": loc}``; the others are
        constants, as in `law`.
    validate_args
        Whether values are checked to be in the support, as in PyTorch. Parameters always are.

    Raises
    ------
    NotReparameterizable
        If draws are integers, or have no reparameterization for another reason.
    UnknownParameterError
        If there is no such parameter, or one is given twice.
    ParameterError
        If a parameter is outside its domain.
    """
    given = [*(parameters or {}).items(), *named.items()]
    if torch.compiler.is_compiling():
        structure = traced(law, given)
        return Wrapped(structure, structure.tensors, validate_args)
    found = reparameterized(law)
    values = found.parameters.by_name(given)
    tensors = {path: value for path, value in values.items() if isinstance(value, Tensor)}
    return Wrapped(found.replace(numbers(values)), tensors, validate_args)


def numbers(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of parameters, those that are tensors as arrays."""
    return {
        path: _values(value) if isinstance(value, Tensor) else value
        for path, value in values.items()
    }


class Wrapped(Differentiable):
    """A distribution of the library whose functions are differentiable once, and draws twice.

    Made by :func:`distribution`, and by the classes of vectors and matrices. Everything is computed
    in float64 on the CPU. Second derivatives of draws need those of the library, which it has where
    draws are a map of their noise.

    Attributes
    ----------
    tensors
        The parameters that are tensors, by path.
    """

    arg_constraints: dict[str, Any] = {}  # noqa: RUF012 - parameters check themselves

    def __init__(
        self,
        template: Reparameterized | Traced,
        tensors: Mapping[str, Tensor],
        validate_args: bool | None = None,
    ) -> None:
        self._template, self.tensors = template, dict(tensors)
        batch, event = torch.Size(template.batch_shape), torch.Size(template.event_shape)
        super().__init__(batch, event, validate_args=False)  # the template's parameters are valid
        self._validate_args = (
            Distribution._validate_args if validate_args is None else validate_args
        )

    @property
    def law(self) -> Reparameterized:
        """The same distribution, in NumPy; its batch is not expanded."""
        values = [_values(tensor) for tensor in self.tensors.values()]
        law: Reparameterized = self.law_at(values)
        return law

    @torch.compiler.disable
    def law_at(self, values: Sequence[Any]) -> Reparameterized:
        """Return the distribution at other values of the parameters that are tensors."""
        return self._plan.at(values)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.law!r})"

    @property
    def support(self) -> Any:
        """The constraint of draws."""
        law = self.law
        if isinstance(law._support, Region):
            return of_region(law._support)
        return between(constraints, *(like(torch.tensor(end), self._given) for end in law.support))

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Wrapped:
        """Return the same distribution with an expanded batch shape."""
        shape = torch.empty(self.batch_shape, device="meta").expand(torch.Size(batch_shape)).shape
        new: Wrapped = type(self).__new__(type(self)) if _instance is None else _instance
        new._template, new.tensors = self._template, self.tensors
        Distribution.__init__(new, shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def mean(self) -> Tensor:
        """The expectation, without derivatives: to ask for these raises."""
        return self._statistic("mean", self.event_shape)

    @property
    def variance(self) -> Tensor:
        """The variance of each entry, likewise."""
        return self._statistic("variance", self.event_shape)

    @property
    def covariance(self) -> Tensor:
        """The covariance matrix of vectors, likewise."""
        return self._statistic("covariance", (*self.event_shape, *self.event_shape))

    def entropy(self) -> Tensor:
        """Return the differential entropy, in nats, likewise."""
        return self._statistic("entropy", ())

    # Machinery -------------------------------------------------------------------------------

    @property
    def _given(self) -> list[Tensor]:
        """The tensors that decide the type of results."""
        if isinstance(self._template, Traced):
            return [self.tensors[path] for path in self._template.deciding]
        return [*self.tensors.values()]

    @property
    def _plan(self) -> Plan:
        if isinstance(self._template, Traced):
            return plan_of(self._template.key)
        return Plan(self._template, tuple(self.tensors))

    @property
    def _key(self) -> str:
        """The text that stands for the plan in compiled graphs."""
        if isinstance(self._template, Traced):
            return self._template.key
        key: str = key_of(self._template, tuple(self.tensors))
        return key

    def _drawn(self, shape: tuple[int, ...], generator: torch.Generator | None) -> Tensor:
        return self._computed("draw", shape, [fresh_seed(generator)], self.event_shape)

    def _function(self, name: str, value: Tensor) -> Tensor:
        value = value if isinstance(value, Tensor) else double(value)
        sample = value.shape[: max(value.ndim - len(self.event_shape), 0)]
        batch = torch.broadcast_shapes(sample, self._template.batch_shape)
        found = self._computed(name, batch, [value])
        return found.expand(torch.broadcast_shapes(found.shape, self.batch_shape))

    def _statistic(self, name: str, event: Sequence[int]) -> Tensor:
        found = self._computed(name, self._template.batch_shape, [], event)
        return found.expand((*self.batch_shape, *event))

    def _computed(
        self, name: str, batch: Sequence[int], values: list[Tensor], event: Sequence[int] = ()
    ) -> Tensor:
        """Return draws, a function or a statistic: of a batch, and of one shape for each of it."""
        theta = [*self.tensors.values()]
        if torch.compiler.is_compiling():
            where = values if name == "draw" else map(double, values)
            shape = (*batch, *event)
            found = compiled(self._key, name, shape, [*where, *map(double, theta)])
            return like(found, [*values, *self._given])
        what = f"{_WHAT.get(name, name)} of {type(self._template).__name__}"
        return computed(computation(self._plan, name, tuple(batch)), what, [*values, *theta])


#: What messages call results, where not by their names.
_WHAT = {"draw": "draws", **{name: f"the {name}" for name in STATISTICS}}


def _values(tensor: Tensor) -> Array:
    """Return a tensor's values, also under ``torch.func``: under ``vmap`` the first of a batch."""
    if not torch._C._are_functorch_transforms_active():
        return array(tensor)
    functorch = torch._C._functorch
    with torch._C._DisableFuncTorch():
        while functorch.is_functorch_wrapped_tensor(tensor):
            dim = functorch.maybe_get_bdim(tensor) if functorch.is_batchedtensor(tensor) else None
            tensor = functorch.get_unwrapped(tensor)
            tensor = tensor if dim is None else tensor.select(dim, 0)
        return array(tensor)
