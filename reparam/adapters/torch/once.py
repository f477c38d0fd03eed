"""What NumPy computes with derivatives, the second only if there are: none is 0 by silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from reparam.adapters.torch.derivatives import applied
from reparam.adapters.torch.operators import in_front
from reparam.adapters.torch.types import Kind, array, kind
from reparam.adapters.wrapping import Bend, Pull
from reparam.errors import NoFormulaError

__all__ = ["Computation", "Once", "computed"]

#: A function of arrays, which returns a result with its derivatives, and perhaps with theirs.
Computation: TypeAlias = Callable[..., "tuple[Any, Pull] | tuple[Any, Pull, Bend]"]


@torch.compiler.disable
def computed(compute: Computation, what: str, tensors: Sequence[Tensor]) -> Tensor:
    """Return what a function in NumPy computes of tensors, in their type and on their device.

    Parameters
    ----------
    compute
        The function.
    what
        What it is, for the message where derivatives of higher order are wanted.
    tensors
        Its arguments, which it gets in float64.
    """
    result: Tensor = applied(_Computed, compute, what, kind(tensors), *tensors)
    return result


class _Computed(torch.autograd.Function):
    """A function in NumPy, and its derivatives."""

    @staticmethod
    def forward(ctx: Any, compute: Computation, what: str, kind: Kind, *tensors: Tensor) -> Tensor:
        result, ctx.pull, *bend = compute(*map(array, tensors))
        ctx.what, ctx.bend = what, bend[0] if bend else None
        found = torch.from_numpy(np.array(result)).to(kind.device, kind.dtype)
        ctx.save_for_backward(found, *tensors)
        return found

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Any:
        saved = ctx.saved_tensors  # raises if one was changed in place
        needed = ctx.needs_input_grad[3:]
        found = _as(ctx.pull(array(upstream), needed), saved[1:])
        if torch.is_grad_enabled():
            gradients = [each for each in found if each is not None]
            places = [k for k, each in enumerate(found) if each is not None]
            if ctx.bend is None:
                why = f"second derivatives of {ctx.what}"
                gradients = [*Once.apply(why, len(gradients), *gradients, upstream, *saved)]
            else:
                tensors = *gradients, upstream, *saved[1:]
                gradients = [*_Pulled.apply(ctx.bend, ctx.what, places, *tensors)]
            for k, gradient in zip(places, gradients, strict=True):
                found[k] = gradient
        return None, None, None, *found


class _Pulled(torch.autograd.Function):
    """Derivatives at some places, the first of the tensors, which have derivatives in the rest."""

    @staticmethod
    def forward(
        ctx: Any, bend: Bend, what: str, places: Sequence[int], *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        count = len(places)
        ctx.bend, ctx.what, ctx.places = bend, what, places
        ctx.save_for_backward(*tensors[count:])
        ctx.set_materialize_grads(False)
        return tuple(tensor.clone() for tensor in tensors[:count])

    @staticmethod
    def backward(ctx: Any, *weights: Tensor | None) -> Any:
        upstream, *theta = ctx.saved_tensors
        by_place = dict(zip(ctx.places, weights, strict=True))
        each = [by_place.get(k) for k in range(len(theta))]
        arrays = [None if weight is None else array(weight) for weight in each]
        of_upstream, of_theta = ctx.bend(array(upstream), arrays)
        found = _as([of_upstream, *of_theta], ctx.saved_tensors)
        if torch.is_grad_enabled():
            gradients = [each for each in found if each is not None]
            given = [weight for weight in weights if weight is not None]
            why = f"third derivatives of {ctx.what}"
            made = iter(Once.apply(why, len(gradients), *gradients, *given, *ctx.saved_tensors))
            found = [None if each is None else next(made) for each in found]
        return None, None, None, *([None] * len(weights)), *found


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
            f"{ctx.why} are not available in PyTorch; differentiate less often, or detach the"
            " gradient"
        )


def _as(arrays: Sequence[Any], tensors: Sequence[Tensor]) -> list[Tensor | None]:
    """Return arrays in the type and on the device of tensors; None of None."""
    return [
        None if each is None else torch.from_numpy(np.array(each)).to(like.device, like.dtype)
        for each, like in zip(arrays, tensors, strict=True)
    ]
