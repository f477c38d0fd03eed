"""Types and devices: what is computed in float64 on the CPU, and what results are given back in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any, TypeAlias

import torch
from torch import Tensor

__all__ = ["Number", "double", "kind", "like"]

#: What a parameter, or a value, may be given as.
Number: TypeAlias = "Tensor | float | Sequence[Any]"


def double(value: Number) -> Tensor:
    """Return a value in float64 on the CPU: itself if it is there."""
    if isinstance(value, Tensor):
        return value.cpu().double()
    return torch.tensor(value, dtype=torch.float64)


def kind(tensors: Iterable[Number]) -> tuple[torch.dtype, torch.device | str]:
    """Return the type and the device of what is made of tensors."""
    given = [tensor for tensor in tensors if isinstance(tensor, Tensor)]
    dtypes = {tensor.dtype for tensor in given if tensor.is_floating_point()}
    dtype = reduce(torch.promote_types, dtypes) if dtypes else torch.get_default_dtype()
    devices = (tensor.device for tensor in given if tensor.device.type != "cpu")
    return dtype, next(devices, "cpu")


def like(result: Tensor, tensors: Iterable[Number]) -> Tensor:
    """Return a result in the type and on the device of the tensors that it was made of."""
    dtype, device = kind(tensors)
    return result.to(device, dtype)
