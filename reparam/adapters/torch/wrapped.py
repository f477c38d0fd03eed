"""Vectors, matrices and composed distributions for ``torch.distributions``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

import reparam.base.distribution as library
from reparam._typing import Array
from reparam.adapters import wrapping
from reparam.adapters.constraints import between
from reparam.adapters.torch._regions import of_region
from reparam.adapters.torch.differentiable import Differentiable
from reparam.adapters.torch.functions import fresh_seed
from reparam.adapters.torch.once import computed
from reparam.adapters.torch.operators import stream_of
from reparam.adapters.torch.types import Number, array, double, like
from reparam.base.reparameterized import Reparameterized
from reparam.errors import NoFormulaError, NotReparameterizable
from reparam.regions import Region
from reparam.spelling import parse

__all__ = ["Wrapped", "distribution", "numbers"]


@torch.compiler.disable
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
    found = parse(law) if isinstance(law, str) else law
    if not isinstance(found, Reparameterized):
        raise NotReparameterizable(
            f"{found!r} has no draws that are differentiable; pass a distribution that has"
        )
    given = [*(parameters or {}).items(), *named.items()]
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
    in float64 on the CPU; ``torch.compile`` computes it outside its graphs. Second derivatives of
    draws need those of the library, which it has where draws are a map of their noise.

    Attributes
    ----------
    tensors
        The parameters that are tensors, by path.
    """

    arg_constraints: dict[str, Any] = {}  # noqa: RUF012 - parameters check themselves

    def __init__(
        self,
        template: Reparameterized,
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
        return self._template.replace(dict(zip(self.tensors, values, strict=True)))

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
        return [*self.tensors.values()]

    def _drawn(self, shape: tuple[int, ...], generator: torch.Generator | None) -> Tensor:
        paths = [*self.tensors]

        def compute(seed: Any, *theta: Any) -> Any:
            law, stream = self.law_at(theta), stream_of(seed)
            made, pull, bend = wrapping.draw(law, paths, stream, shape)
            return (
                made,
                lambda upstream, needed: [None, *pull(upstream, needed[1:])],
                lambda upstream, weights: _behind_seed(*bend(upstream, weights[1:])),
            )

        return self._computed(compute, "draws of", [fresh_seed(generator)])

    def _function(self, name: str, value: Tensor) -> Tensor:
        paths = [*self.tensors]

        def compute(value: Any, *theta: Any) -> Any:
            return wrapping.function(self.law_at(theta), paths, name, value)

        found = self._computed(compute, f"{name} of", [value])
        return found.expand(torch.broadcast_shapes(found.shape, self.batch_shape))

    def _statistic(self, name: str, event: Sequence[int]) -> Tensor:
        def compute(*theta: Any) -> Any:
            law = self.law_at(theta)

            def pull(*_: Any) -> Any:
                raise NoFormulaError(
                    f"derivatives of the {name} of {law!r} are not available in PyTorch;"
                    " differentiate an average over draws"
                )

            return getattr(law, name), pull

        found = self._computed(compute, f"the {name} of", [])
        return found.expand((*self.batch_shape, *event))

    def _computed(self, compute: Any, what: str, values: list[Tensor]) -> Tensor:
        where = (x if isinstance(x, Tensor) else double(x) for x in values)
        return computed(compute, f"{what} {type(self._template).__name__}", [*where, *self._given])


def _behind_seed(first: Any, rest: Sequence[Any]) -> tuple[Any, list[Any]]:
    """Return gradients in a result, then in a seed, which has none, and in parameters."""
    return first, [None, *rest]


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
