"""PyTorch operators, which ``torch.compile`` leaves whole: functions of float64 tensors on the CPU.

There are three, for all distributions: random numbers of a seed, functions of a distribution, and
derivatives of these functions in parameters. They are pure, and the last two are elementwise.
:mod:`reparam.adapters.torch.derivatives` makes them differentiable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from reparam.adapters import formulas
from reparam.adapters.laws import law_of

__all__ = ["arrays", "evaluate", "in_front", "noise", "partials", "tensors"]


def arrays(tensors: Sequence[Tensor]) -> list[Any]:
    """Return tensors as arrays that share their memory."""
    return [tensor.detach().numpy() for tensor in tensors]


def tensors(arrays: Sequence[Any]) -> list[Tensor]:
    """Return arrays as tensors that share their memory."""
    return [torch.from_numpy(array) for array in arrays]


@torch.library.custom_op(
    "reparam::noise",
    mutates_args=(),
    schema="(str law, str function, Tensor seed, SymInt first, SymInt[] shape) -> Tensor[]",
)
def noise(law: str, function: str, seed: Tensor, first: int, shape: Sequence[int]) -> list[Tensor]:
    """Return the random numbers that draws of that shape are made of, one tensor for each kind."""
    return tensors(formulas.noise(law, function, int(seed), first, tuple(shape)))


@torch.library.custom_op(
    "reparam::evaluate",
    mutates_args=(),
    schema="(str law, str function, Tensor[] values, Tensor[] theta) -> Tensor[]",
)
def evaluate(
    law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]
) -> list[Tensor]:
    """Return a function of values and parameters, which broadcast together.

    The function is one of :data:`~reparam.adapters.torch.derivatives.RULES`. Draws are followed by
    the arrays that their derivatives are computed from.
    """
    return tensors(formulas.value(law, function, arrays(values), arrays(theta)))


@torch.library.custom_op(
    "reparam::partials",
    mutates_args=(),
    schema="(str law, str function, Tensor[] values, Tensor[] theta) -> Tensor[]",
)
def partials(
    law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]
) -> list[Tensor]:
    """Return derivatives in each differentiable parameter, of the broadcast shape."""
    return tensors(formulas.partials(law, function, arrays(values), arrays(theta)))


# Shapes ------------------------------------------------------------------------------------------


@noise.register_fake
def _(law: str, function: str, seed: Tensor, first: int, shape: Sequence[int]) -> list[Tensor]:
    kinds = formulas.kinds_of_noise(law, function)
    return [torch.empty(shape, dtype=torch.float64) for _ in kinds]


@evaluate.register_fake
def _(law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]) -> list[Tensor]:
    count = 1 + law_of(law)._extras * (function in formulas.DRAWS)
    return _empty(count, [*values, *theta])


@partials.register_fake
def _(law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]) -> list[Tensor]:
    return _empty(len(law_of(law)._own.differentiable), [*values, *theta])


def _empty(count: int, tensors: Sequence[Tensor]) -> list[Tensor]:
    shape = torch.broadcast_shapes(*(tensor.shape for tensor in tensors))
    return [torch.empty(shape, dtype=torch.float64) for _ in range(count)]


# Batches -----------------------------------------------------------------------------------------


@noise.register_vmap
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
        both = [dims[2] or [None] * len(values), dims[3] or [None] * len(theta)]
        moved = in_front([*values, *theta], [*both[0], *both[1]])
        found = operator(law, function, moved[: len(values)], moved[len(values) :])
        return found, [0] * len(found)

    return rule


def in_front(tensors: Sequence[Tensor], dims: Sequence[int | None]) -> list[Tensor]:
    """Return tensors with the axis of a batch in front of as many others as any of them has."""
    pairs = list(zip(tensors, dims, strict=True))
    rank = max(tensor.ndim - (dim is not None) for tensor, dim in pairs)
    moved = []
    for tensor, dim in pairs:
        if dim is not None:
            tensor = tensor.movedim(dim, 0)
            missing = (1,) * (rank + 1 - tensor.ndim)
            tensor = tensor.reshape(tensor.shape[0], *missing, *tensor.shape[1:])
        moved.append(tensor)
    return moved


evaluate.register_vmap(_batched(evaluate))
partials.register_vmap(_batched(partials))
