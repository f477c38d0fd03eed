"""PyTorch operators, which ``torch.compile`` leaves whole: functions of float64 tensors on the CPU.

There are two, for all distributions: random numbers of a seed, and functions of a distribution,
among them first and second derivatives. They are pure, and the second is elementwise.
:mod:`reparam.adapters.torch.derivatives` makes them differentiable.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reparam.adapters import formulas
from reparam.engine.noise import Stream

__all__ = ["arrays", "evaluate", "in_front", "noise", "stream_of", "tensors"]


def arrays(tensors: Sequence[Tensor]) -> list[Any]:
    """Return tensors as arrays that share their memory."""
    return [tensor.detach().numpy() for tensor in tensors]


def tensors(arrays: Sequence[Any]) -> list[Tensor]:
    """Return arrays as tensors that share their memory."""
    return [torch.from_numpy(array) for array in arrays]


def stream_of(seed: Tensor | Any) -> Stream:
    """Return the stream of a seed: an integer, or two that are random bits and seed it as such."""
    return Stream.of_key(np.asarray(seed).tobytes()) if seed.ndim else Stream(int(seed))


@torch.library.custom_op(
    "reparam::noise",
    mutates_args=(),
    schema="(str law, str function, Tensor seed, SymInt first, SymInt[] shape) -> Tensor[]",
)
def noise(law: str, function: str, seed: Tensor, first: int, shape: Sequence[int]) -> list[Tensor]:
    """Return the random numbers that draws of that shape are made of, one tensor for each kind."""
    return tensors(formulas.noise(law, function, stream_of(seed), first, tuple(shape)))


@torch.library.custom_op(
    "reparam::evaluate",
    mutates_args=(),
    schema="(str law, str function, Tensor[] values, Tensor[] theta) -> Tensor[]",
)
def evaluate(
    law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]
) -> list[Tensor]:
    """Return a function of values and parameters, which broadcast together.

    :func:`reparam.adapters.formulas.value` explains the functions.
    """
    return tensors(formulas.value(law, function, arrays(values), arrays(theta)))


# Shapes ------------------------------------------------------------------------------------------


@noise.register_fake
def _(law: str, function: str, seed: Tensor, first: int, shape: Sequence[int]) -> list[Tensor]:
    kinds = formulas.kinds_of_noise(law, function)
    return [torch.empty(shape, dtype=torch.float64) for _ in kinds]


@evaluate.register_fake
def _(law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]) -> list[Tensor]:
    shape = torch.broadcast_shapes(*(tensor.shape for tensor in (*values, *theta)))
    count = formulas.outputs(law, function)
    return [torch.empty(shape, dtype=torch.float64) for _ in range(count)]


# Batches -----------------------------------------------------------------------------------------


@noise.register_vmap
def _(
    info: Any, dims: Any, law: str, function: str, seed: Tensor, first: int, shape: Sequence[int]
) -> tuple[list[Tensor], list[int]]:
    each = [noise(law, function, one, first, shape) for one in seed.movedim(dims[2], 0)]
    together = [torch.stack(kind) for kind in zip(*each, strict=True)]
    return together, [0] * len(together)


@evaluate.register_vmap
def _(
    info: Any, dims: Any, law: str, function: str, values: Any, theta: Any
) -> tuple[list[Tensor], list[int]]:
    """Batches are a further axis, in front: the operator is elementwise."""
    both = [dims[2] or [None] * len(values), dims[3] or [None] * len(theta)]
    moved = in_front([*values, *theta], [*both[0], *both[1]])
    found = evaluate(law, function, moved[: len(values)], moved[len(values) :])
    return found, [0] * len(found)


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
