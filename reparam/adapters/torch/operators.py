"""PyTorch operators: pure, elementwise functions of float64 tensors on the CPU.

There are three, for all distributions: random numbers of a seed, functions of a distribution, and
derivatives of these functions in parameters. :mod:`reparam.adapters.torch.derivatives` makes the
functions differentiable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from reparam.adapters.torch import _formulas as formulas
from reparam.adapters.torch.laws import law_of

__all__ = ["evaluate", "noise", "partials"]


@torch.library.custom_op(
    "reparam::noise",
    mutates_args=(),
    schema="(str law, str function, Tensor seed, SymInt first, SymInt[] shape) -> Tensor[]",
)
def noise(law: str, function: str, seed: Tensor, first: int, shape: Sequence[int]) -> list[Tensor]:
    """Return the random numbers that draws of that shape are made of, one tensor for each kind."""
    return _tensors(formulas.noise(law, function, int(seed), first, tuple(shape)))


@torch.library.custom_op(
    "reparam::evaluate",
    mutates_args=(),
    schema="(str law, str function, Tensor[] values, Tensor[] theta) -> Tensor[]",
)
def evaluate(
    law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]
) -> list[Tensor]:
    """Return a function of values and parameters, which broadcast together.

    The function is one of :data:`~reparam.adapters.torch.derivatives.RULES`. Draws are followed by the arrays that their derivatives
    are computed from.
    """
    return _tensors(formulas.value(law, function, _arrays(values), _arrays(theta)))


@torch.library.custom_op(
    "reparam::partials",
    mutates_args=(),
    schema="(str law, str function, Tensor[] values, Tensor[] theta) -> Tensor[]",
)
def partials(
    law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]
) -> list[Tensor]:
    """Return derivatives in each differentiable parameter, of the broadcast shape."""
    return _tensors(formulas.partials(law, function, _arrays(values), _arrays(theta)))


def _arrays(tensors: Sequence[Tensor]) -> list[Any]:
    return [tensor.detach().numpy() for tensor in tensors]


def _tensors(arrays: Sequence[Any]) -> list[Tensor]:
    return [torch.from_numpy(array) for array in arrays]


# Shapes ------------------------------------------------------------------------------------------


@noise.register_fake
def _(law: str, function: str, seed: Tensor, first: int, shape: Sequence[int]) -> list[Tensor]:
    kinds = formulas.kinds_of_noise(law, function)
    return [torch.empty(shape, dtype=torch.float64) for _ in kinds]


@evaluate.register_fake
def _(law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]) -> list[Tensor]:
    count = 1 + law_of(law)._extras * (function in formulas.draws)
    return _empty(count, [*values, *theta])


@partials.register_fake
def _(law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]) -> list[Tensor]:
    return _empty(len(law_of(law)._own.differentiable), [*values, *theta])


def _empty(count: int, tensors: Sequence[Tensor]) -> list[Tensor]:
    shape = torch.broadcast_shapes(*(tensor.shape for tensor in tensors))
    return [torch.empty(shape, dtype=torch.float64) for _ in range(count)]


# Batches -----------------------------------------------------------------------------------------


@noise.register_vmap  # type: ignore[untyped-decorator]
def _(
    info: Any, dims: Any, law: str, function: str, seed: Tensor, first: int, shape: Sequence[int]
) -> tuple[list[Tensor], list[int]]:
    each = [noise(law, function, one, first, shape) for one in seed.movedim(dims[2], 0)]
    together = [torch.stack(kind) for kind in zip(*each, strict=True)]
    return together, [0] * len(together)


def _batched(operator: Callable[..., list[Tensor]]) -> Callable[..., Any]:
    """Return the rule of an elementwise operator: batches are a further axis, in front."""

    def rule(
        info: Any, dims: Any, law: str, function: str, values: Any, theta: Any
    ) -> tuple[list[Tensor], list[int]]:
        pairs = [
            *zip(values, dims[2] or [None] * len(values), strict=True),
            *zip(theta, dims[3] or [None] * len(theta), strict=True),
        ]
        rank = max(tensor.ndim - (dim is not None) for tensor, dim in pairs)
        moved = [tensor if dim is None else _in_front(tensor, dim, rank) for tensor, dim in pairs]
        found = operator(law, function, moved[: len(values)], moved[len(values) :])
        return found, [0] * len(found)

    return rule


def _in_front(tensor: Tensor, dim: int, rank: int) -> Tensor:
    """Return a tensor with the axis of the batch in front of `rank` others."""
    tensor = tensor.movedim(dim, 0)
    return tensor.reshape(tensor.shape[0], *(1,) * (rank + 1 - tensor.ndim), *tensor.shape[1:])


evaluate.register_vmap(_batched(evaluate))
partials.register_vmap(_batched(partials))
