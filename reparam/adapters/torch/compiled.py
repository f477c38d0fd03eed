"""Operators for vectors, matrices and compositions, which ``torch.compile`` leaves whole.

There are two: what is computed of a distribution, and gradients of that. They are pure, so that
gradients of draws are those of the draws that the seed makes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reparam.adapters import wrapping
from reparam.adapters.torch.once import Computation, each_of, stacked
from reparam.adapters.torch.operators import stream_of
from reparam.adapters.torch.plans import Plan, plan_of
from reparam.errors import NoFormulaError

__all__ = ["STATISTICS", "compiled", "computation", "compute", "divergence", "gradients"]


def computation(plan: Plan, name: str, shape: tuple[int, ...]) -> Computation:
    """Return what computes draws, a function or a statistic, with derivatives.

    Parameters
    ----------
    plan
        The distribution.
    name
        ``"draw"``, of a seed and parameters; a function of a value and parameters, as in
        :func:`reparam.adapters.wrapping.function`; or one of :data:`STATISTICS`, of parameters.
    shape
        The shape of draws, without that of one value.
    """
    if name == "draw":

        def draw(seed: Any, *theta: Any) -> Any:
            law, stream = plan.at(theta), stream_of(seed)
            made, pull, bend = wrapping.draw(law, plan.paths, stream, shape)
            return (
                made,
                lambda upstream, needed: [None, *pull(upstream, needed[1:])],
                lambda upstream, weights: _behind_seed(*bend(upstream, weights[1:])),
            )

        return draw
    if name in STATISTICS:

        def statistic(*theta: Any) -> Any:
            law = plan.at(theta)

            def pull(*_: Any) -> Any:
                raise NoFormulaError(
                    f"derivatives of the {name} of {law!r} are not available in PyTorch;"
                    " differentiate an average over draws"
                )

            return getattr(law, name), pull

        return statistic

    def function(value: Any, *theta: Any) -> Any:
        return wrapping.function(plan.at(theta), plan.paths, name, value)

    return function


def divergence(p: Plan, q: Plan) -> Computation:
    """Return what computes KL(p‖q), with derivatives, of the parameters of both."""
    count, paths = len(p.paths), (p.paths, q.paths)
    return lambda *theta: wrapping.divergence(p.at(theta[:count]), q.at(theta[count:]), paths)


#: What is computed of parameters alone.
STATISTICS = ("mean", "variance", "covariance", "entropy")


def _behind_seed(first: Any, rest: Sequence[Any]) -> tuple[Any, list[Any]]:
    """Return gradients in a result, then in a seed, which has none, and in parameters."""
    return first, [None, *rest]


@torch.library.custom_op(
    "reparam::compute",
    mutates_args=(),
    schema="(str plan, str name, SymInt[] shape, Tensor[] tensors) -> Tensor",
)
def compute(plan: str, name: str, shape: Sequence[int], tensors: Sequence[Tensor]) -> Tensor:
    """Return what :func:`computation` computes, of a shape: all but seeds is in float64.

    With two plans, separated by a space, it is :func:`divergence`.
    """
    result = _computed(plan, name, shape, tensors)[0]
    return torch.from_numpy(np.array(np.broadcast_to(result, tuple(shape))))


@torch.library.custom_op(
    "reparam::gradients",
    mutates_args=(),
    schema=(
        "(str plan, str name, SymInt[] shape, Tensor[] tensors, bool[] needed, Tensor upstream)"
        " -> Tensor[]"
    ),
)
def gradients(
    plan: str,
    name: str,
    shape: Sequence[int],
    tensors: Sequence[Tensor],
    needed: Sequence[bool],
    upstream: Tensor,
) -> list[Tensor]:
    """Return the gradients in the needed tensors, from that in the result."""
    pull = _computed(plan, name, shape, tensors)[1]
    found = pull(upstream.numpy(force=True), needed)
    return [torch.from_numpy(np.array(each)) for each in found if each is not None]


def _computed(key: str, name: str, shape: Sequence[int], tensors: Sequence[Tensor]) -> Any:
    plan, *other = map(plan_of, key.split())
    batch = tuple(shape)[: len(shape) - len(plan.template.event_shape)]
    made = divergence(plan, *other) if other else computation(plan, name, batch)
    return made(*[tensor.numpy(force=True) for tensor in tensors])


@compute.register_fake
def _(plan: str, name: str, shape: Sequence[int], tensors: Sequence[Tensor]) -> Tensor:
    return torch.empty(shape, dtype=torch.float64)


@gradients.register_fake
def _(
    plan: str,
    name: str,
    shape: Sequence[int],
    tensors: Sequence[Tensor],
    needed: Sequence[bool],
    upstream: Tensor,
) -> list[Tensor]:
    pairs = zip(tensors, needed, strict=True)
    return [torch.empty(x.shape, dtype=torch.float64) for x, is_needed in pairs if is_needed]


@compute.register_vmap
def _(
    info: Any, dims: Any, plan: str, name: str, shape: Sequence[int], tensors: Sequence[Tensor]
) -> tuple[Tensor, int]:
    each = each_of(info.batch_size, dims[3], tensors)
    return torch.stack([compute(plan, name, shape, one) for one in each]), 0


@gradients.register_vmap
def _(
    info: Any,
    dims: Any,
    plan: str,
    name: str,
    shape: Sequence[int],
    tensors: Sequence[Tensor],
    needed: Sequence[bool],
    upstream: Tensor,
) -> tuple[list[Tensor], list[int]]:
    own = dims[3] or [None] * len(tensors)
    each = each_of(info.batch_size, [dims[5], *own], [upstream, *tensors])
    found = [gradients(plan, name, shape, rest, needed, first) for first, *rest in each]
    batches, axes = stacked(found)
    return [*batches], [*axes]


class _Compiled(torch.autograd.Function):
    """What an operator computes, with the other as its derivative: also under ``torch.func``."""

    @staticmethod
    def forward(plan: str, name: str, shape: Sequence[int], *tensors: Tensor) -> Tensor:
        return compute(plan, name, shape, tensors)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.plan, ctx.name, ctx.shape, *tensors = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        needed = ctx.needs_input_grad[3:]
        arguments = ctx.plan, ctx.name, ctx.shape, ctx.saved_tensors, needed, upstream
        found = iter(gradients(*arguments))
        return None, None, None, *[next(found) if wanted else None for wanted in needed]


def compiled(plan: str, name: str, shape: Sequence[int], tensors: Sequence[Tensor]) -> Tensor:
    """Return what :func:`compute` does, differentiable once."""
    different = [tensor.view_as(tensor) for tensor in tensors]  # PyTorch wants no tensor twice
    found: Tensor = _Compiled.apply(plan, name, shape, *different)
    return found
