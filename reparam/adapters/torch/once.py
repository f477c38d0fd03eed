"""What is differentiated once: second derivatives raise, and are never 0 by silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from reparam.adapters.torch.operators import in_front
from reparam.adapters.torch.types import double, kind
from reparam.adapters.wrapping import Pull
from reparam.errors import NoFormulaError

__all__ = ["Computation", "Once", "computed"]

#: A function of arrays, which returns a result with its derivatives.
Computation: TypeAlias = Callable[..., tuple[Any, Pull]]


@torch.compiler.disable
def computed(compute: Computation, what: str, tensors: Sequence[Tensor]) -> Tensor:
    """Return what a function in NumPy computes of tensors, in their type and on their device.

    Parameters
    ----------
    compute
        The function.
    what
        What it is, for the message where second derivatives are wanted.
    tensors
        Its arguments, which it gets in float64.
    """
    result: Tensor = _Computed.apply(compute, what, kind(tensors), *tensors)
    return result


class _Computed(torch.autograd.Function):
    """A function in NumPy, differentiable once."""

    @staticmethod
    def forward(
        ctx: Any,
        compute: Computation,
        what: str,
        kind: tuple[torch.dtype, torch.device | str],
        *tensors: Tensor,
    ) -> Tensor:
        result, ctx.pull = compute(*(double(tensor.detach()).numpy() for tensor in tensors))
        ctx.why = f"second derivatives of {what}"
        dtype, device = kind
        found = torch.from_numpy(np.array(result)).to(device, dtype)
        ctx.save_for_backward(found, *tensors)
        return found

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Any:
        saved = ctx.saved_tensors  # raises if one was changed in place
        found = ctx.pull(double(upstream.detach()).numpy(), ctx.needs_input_grad[3:])
        gradients = [
            torch.from_numpy(np.array(each)).to(tensor)
            for each, tensor in zip(found, saved[1:], strict=True)
            if each is not None
        ]
        if torch.is_grad_enabled():
            gradients = [*Once.apply(ctx.why, len(gradients), *gradients, upstream, *saved)]
        entries = iter(gradients)
        return None, None, None, *(None if each is None else next(entries) for each in found)


class Once(torch.autograd.Function):
    """Derivatives, the first of the tensors, that have none in the others; and what they are."""

    @staticmethod
    def forward(why: str, count: int, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Return copies of the derivatives."""
        return tuple(tensor.clone() for tensor in tensors[:count])

    @staticmethod
    def vmap(info: Any, dims: Any, why: str, count: int, *tensors: Tensor) -> Any:
        """Return the same of batches."""
        found = Once.apply(why, count, *in_front(tensors, dims[2:]))
        return found, tuple(None if dim is None else 0 for dim in dims[2 : 2 + count])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        """Note what they are."""
        ctx.why = inputs[0]

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        """Raise."""
        raise NoFormulaError(
            f"{ctx.why} are not available in PyTorch; differentiate once, or detach the gradient"
        )
