"""Types and devices: what is computed in float64 on the CPU, and what results are given back in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from reparam._typing import Array

__all__ = ["Kind", "Number", "array", "double", "kind", "like"]

#: What a parameter, or a value, may be given as.
Number: TypeAlias = "Tensor | float | Sequence[Any]"


class Kind(NamedTuple):
    """The type and the device of a result."""

    dtype: torch.dtype
    device: torch.device | str


def double(value: Number) -> Tensor:
    """Return a value in float64 on the CPU: itself if it is there."""
    if isinstance(value, Tensor):
        return value.to("cpu", torch.float64)
    return torch.tensor(value, dtype=torch.float64)


def array(tensor: Tensor) -> Array:
    """Return a tensor as an array in float64, which shares its memory if it can."""
    if tensor.dtype is torch.bfloat16:  # NumPy has none
        tensor = tensor.double()
    found: Array = tensor.numpy(force=True).astype(np.float64, copy=False)
    return found


def kind(tensors: Iterable[Number]) -> Kind:
    """Return the type and the device of what is made of tensors."""
    given = [tensor for tensor in tensors if isinstance(tensor, Tensor)]
    dtypes = {tensor.dtype for tensor in given if tensor.is_floating_point()}
    if len(dtypes) == 1:
        (dtype,) = dtypes
    else:
        dtype = reduce(torch.promote_types, dtypes) if dtypes else torch.get_default_dtype()
    others = [tensor.device for tensor in given if not tensor.is_cpu]
    return Kind(dtype, others[0] if others else "cpu")


def like(result: Tensor, tensors: Iterable[Number]) -> Tensor:
    """Return a result in the type and on the device of the tensors that it was made of."""
    dtype, device = kind(tensors)
    return result.to(device, dtype)
