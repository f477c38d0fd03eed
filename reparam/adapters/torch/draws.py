"""Draws from streams of random numbers, differentiable twice in parameters."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch._functorch.utils import unwrap_dead_wrappers
from torch.autograd import forward_ad

from reparam.adapters import formulas
from reparam.adapters.draws import Drawn, way_of
from reparam.adapters.torch import operators
from reparam.adapters.torch._constants import differentiable
from reparam.adapters.torch.derivatives import (
    At,
    by_parameter,
    evaluate,
    is_differentiated,
    weighted,
)
from reparam.adapters.torch.once import stacked
from reparam.adapters.torch.types import Kind, array, double
from reparam.errors import NotReparameterizable

__all__ = ["drawn"]


def drawn(
    law: str,
    function: str,
    seed: Tensor,
    first: int,
    shape: Sequence[int],
    theta: Sequence[Tensor],
    kind: Kind,
) -> Tensor:
    """Return draws of that shape from the stream of a seed, differentiable twice in parameters.

    Parameters
    ----------
    law, function
        The distribution, and one of :data:`~reparam.adapters.formulas.DRAWS`.
    seed
        An int64 tensor: see :func:`~reparam.adapters.torch.operators.stream_of`.
    first
        The number of the first draw.
    shape
        The shape, which includes that of the parameters.
    theta
        The parameters, in declared order, of any type and on any device.
    kind
        The type and the device of the draws.
    """
    if torch.compiler.is_compiling():
        made = operators.noise(law, function, seed, first, shape)
    elif torch._C._are_functorch_transforms_active():
        made = _Noise.apply(law, function, seed, first, tuple(shape))
    else:
        theta = unwrap_dead_wrappers(theta)
        way, shape = way_of(law, function), tuple(shape)
        values = way.checked([*map(array, theta)])
        stream = operators.stream_of(seed)
        if way.is_placed:
            z = torch.from_numpy(way.standard(stream, first, shape))
            loc, scale = theta if kind.device == "cpu" else map(double, theta)
            return (scale * z + loc).to(kind.device, kind.dtype)  # PyTorch differentiates this
        made = way.draw(stream, first, shape, values)
        result: Tensor = _apply(law, made, kind, *theta)
        return result
    return evaluate(law, function, made, [*map(double, theta)]).to(kind.device, kind.dtype)


class _Drawn(torch.autograd.Function):
    """Draws that the library made of parameters, outside ``torch.compile`` and ``torch.func``."""

    @staticmethod
    def forward(ctx: Any, law: str, made: Drawn, kind: Kind, *theta: Tensor) -> Tensor:
        ctx.law, ctx.drawn = law, made
        value = torch.from_numpy(made.made[0]).to(kind.device, kind.dtype)
        ctx.save_for_backward(value, *theta)
        if forward_ad._current_level >= 0:
            ctx.save_for_forward(value, *theta)
        return value

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        _, *theta = ctx.saved_tensors  # raises if one was changed in place
        needed = ctx.needs_input_grad[3:]
        if is_differentiated():
            columns = _columns(ctx, theta, needed)
            upstream = double(upstream)
            found = [
                weighted([upstream], columns[k]).sum_to_size(each.shape) if k in columns else None
                for k, each in enumerate(theta)
            ]
        else:
            found = _pulled(ctx, array(upstream), needed)
        pairs = zip(found, theta, strict=True)
        return (
            None,
            None,
            None,
            *[x if x is None else x.to(each.device, each.dtype) for x, each in pairs],
        )

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        value, *theta = ctx.saved_tensors
        moving = tangents[3:]
        columns = _columns(ctx, theta, [tangent is not None for tangent in moving])
        entries = [column[0] for column in columns.values()]
        found = weighted([double(moving[k]) for k in columns], entries)
        return found.expand(value.shape).to(value)


#: Without a look at the signature, which is for ``torch.func``.
_apply = super(torch.autograd.Function, _Drawn).apply


def _columns(
    ctx: Any, theta: Sequence[Tensor], needed: Sequence[bool]
) -> dict[int, Sequence[Tensor]]:
    """Return the derivatives of draws in each of the needed parameters."""
    theta = [*map(double, theta)]
    at = At(ctx.law, operators.tensors(ctx.drawn.made), theta)
    return by_parameter(ctx.law, [at("of_draw")], theta, needed)


def _pulled(ctx: Any, upstream: Any, needed: Sequence[bool]) -> list[Tensor | None]:
    """Return the gradients of draws in the needed parameters."""
    gradients = iter(ctx.drawn.pull(upstream))
    found: list[Tensor | None] = []
    for k, has_derivative in enumerate(differentiable(ctx.law)):
        gradient = next(gradients) if has_derivative else None
        if needed[k] and gradient is None:
            raise NotReparameterizable(f"{ctx.law} has no derivative in parameter {k}; detach it")
        found.append(torch.from_numpy(gradient) if needed[k] else None)
    return found


class _Noise(torch.autograd.Function):
    """Random numbers, as a function that can be batched."""

    @staticmethod
    def forward(
        law: str, function: str, seed: Tensor, first: int, shape: tuple[int, ...]
    ) -> tuple[Tensor, ...]:
        stream = operators.stream_of(seed)
        return tuple(operators.tensors(formulas.noise(law, function, stream, first, shape)))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.mark_non_differentiable(*output)

    @staticmethod
    def vmap(info: Any, dims: Any, law: str, function: str, seed: Tensor, *rest: Any) -> Any:
        each = [_Noise.apply(law, function, one, *rest) for one in seed.movedim(dims[2], 0)]
        return stacked(each)

    @staticmethod
    def jvp(ctx: Any, *_: Any) -> None:
        return None


# PyTorch asks for this signature at each call, which takes longer than a small draw
_Noise.forward.__dict__["__signature__"] = inspect.signature(_Noise.forward)
