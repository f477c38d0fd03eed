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

__all__ = ["Computation", "Once", "computed", "each_of", "stacked"]

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
        Its arguments, which it gets in float64, or as integers.
    """
    result: Tensor = applied(_Computed, _Call(compute, what, kind(tensors)), *tensors)
    return result


class _Call:
    """A function in NumPy that is called once, and what it found.

    Attributes
    ----------
    what
        What it is.
    """

    def __init__(self, compute: Computation, what: str, kind: Kind) -> None:
        self.what, self._compute, self._kind = what, compute, kind
        self._found: Any = None

    def again(self) -> _Call:
        """Return another call of the function."""
        return _Call(self._compute, self.what, self._kind)

    def result(self, tensors: Sequence[Tensor]) -> Tensor:
        """Return the result."""
        found = torch.from_numpy(np.array(self._made(tensors)[0]))
        return found.to(self._kind.device, self._kind.dtype)

    def pull(self, tensors: Sequence[Tensor]) -> Pull:
        """Return what makes gradients of that in the result."""
        pull: Pull = self._made(tensors)[1]
        return pull

    def bend(self, tensors: Sequence[Tensor]) -> Bend:
        """Return what makes their gradients.

        Raises
        ------
        NoFormulaError
            If there are none.
        """
        _, _, *bend = self._made(tensors)
        if not bend:
            raise NoFormulaError(_unavailable(f"second derivatives of {self.what}"))
        made: Bend = bend[0]
        return made

    def _made(self, tensors: Sequence[Tensor]) -> Any:
        if self._found is None:
            self._found = self._compute(*map(_argument, tensors))
        return self._found


class _Computed(torch.autograd.Function):
    """A function in NumPy."""

    @staticmethod
    def forward(call: _Call, *tensors: Tensor) -> Tensor:
        return call.result(tensors)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.call, *tensors = inputs
        ctx.save_for_backward(output, *tensors)

    @staticmethod
    def vmap(info: Any, dims: Any, call: _Call, *tensors: Tensor) -> Any:
        found = [
            applied(_Computed, call.again(), *each)
            for each in each_of(info.batch_size, dims[1:], tensors)
        ]
        return torch.stack(found), 0

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Any:
        _, *tensors = ctx.saved_tensors  # raises if one was changed in place
        needed = ctx.needs_input_grad[1:]
        gradients = iter(applied(_Pulled, ctx.call, needed, upstream, *tensors))
        return None, *[next(gradients) if wanted else None for wanted in needed]


class _Pulled(torch.autograd.Function):
    """Gradients in those of the arguments that are needed, from that in the result."""

    @staticmethod
    def forward(
        call: _Call, needed: Sequence[bool], upstream: Tensor, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        found = call.pull(tensors)(array(upstream), needed)
        return tuple(each for each in _as(found, tensors) if each is not None)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.call, needed, *tensors = inputs
        ctx.places = [k for k, wanted in enumerate(needed) if wanted]
        ctx.save_for_backward(*tensors)
        ctx.set_materialize_grads(False)

    @staticmethod
    def vmap(info: Any, dims: Any, call: _Call, needed: Any, *tensors: Tensor) -> Any:
        is_same = all(dim is None for dim in dims[3:])  # so that the function is called once
        found = [
            applied(_Pulled, call if is_same else call.again(), needed, *each)
            for each in each_of(info.batch_size, dims[2:], tensors)
        ]
        return stacked(found)

    @staticmethod
    def backward(ctx: Any, *weights: Tensor | None) -> Any:
        upstream, *tensors = ctx.saved_tensors
        given = [weight for weight in weights if weight is not None]
        places = [k for k, w in zip(ctx.places, weights, strict=True) if w is not None]
        found = applied(_Bent, ctx.call, places, upstream, *tensors, *given)
        return None, None, *found


class _Bent(torch.autograd.Function):
    """The gradients of gradients summed with weights, in that in the result and in arguments."""

    @staticmethod
    def forward(
        call: _Call, places: Sequence[int], upstream: Tensor, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        count = len(tensors) - len(places)
        weights = dict(zip(places, map(array, tensors[count:]), strict=True))
        tensors = tensors[:count]
        first, rest = call.bend(tensors)(array(upstream), [weights.get(k) for k in range(count)])
        zeros = [torch.zeros_like(tensor) for tensor in tensors]
        found = _as([first, *rest], [upstream, *tensors])
        return tuple(
            zero if each is None else each
            for each, zero in zip(found, [upstream, *zeros], strict=True)
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.call = inputs[0]

    @staticmethod
    def vmap(info: Any, dims: Any, call: _Call, places: Any, *tensors: Tensor) -> Any:
        found = [
            applied(_Bent, call.again(), places, *each)
            for each in each_of(info.batch_size, dims[2:], tensors)
        ]
        return stacked(found)

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        raise NoFormulaError(_unavailable(f"third derivatives of {ctx.call.what}"))


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
        raise NoFormulaError(_unavailable(ctx.why))


def _unavailable(what: str) -> str:
    return f"{what} are not available in PyTorch; differentiate less often, or detach the gradient"


def _argument(tensor: Tensor) -> Any:
    """Return a tensor as an array: of integers, as they are seeds, or in float64."""
    return array(tensor) if tensor.is_floating_point() else tensor.numpy(force=True)


def each_of(size: int, dims: Sequence[int | None], tensors: Sequence[Tensor]) -> list[list[Tensor]]:
    """Return the tensors of each element of a batch."""
    pairs = [*zip(tensors, dims, strict=True)]
    return [[x if dim is None else x.select(dim, k) for x, dim in pairs] for k in range(size)]


def stacked(found: Sequence[Sequence[Tensor]]) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
    """Return results of each element of a batch as batches, and along which axis these are."""
    batches = tuple(torch.stack(each) for each in zip(*found, strict=True))
    return batches, (0,) * len(batches)


def _as(arrays: Sequence[Any], tensors: Sequence[Tensor]) -> list[Tensor | None]:
    """Return arrays in the type and on the device of tensors; None of None."""
    return [
        None if each is None else torch.from_numpy(np.array(each)).to(like.device, like.dtype)
        for each, like in zip(arrays, tensors, strict=True)
    ]
