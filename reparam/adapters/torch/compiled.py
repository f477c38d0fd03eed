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
from reparam.adapters.torch.once import Computation
from reparam.adapters.torch.operators import stream_of
from reparam.adapters.torch.plans import Plan, plan_of
from reparam.errors import NoFormulaError

__all__ = ["computation", "compute", "gradients"]


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
    """Return what :func:`computation` computes, of a shape: all but seeds is in float64."""
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
    plan = plan_of(key)
    batch = tuple(shape)[: len(shape) - len(plan.template.event_shape)]
    return computation(plan, name, batch)(*[tensor.numpy(force=True) for tensor in tensors])


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


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.plan, ctx.name, ctx.shape, tensors = inputs
    ctx.save_for_backward(*tensors)


def _backward(ctx: Any, upstream: Tensor) -> tuple[Any, ...]:
    needed = [*ctx.needs_input_grad[3]]
    found = iter(gradients(ctx.plan, ctx.name, ctx.shape, ctx.saved_tensors, needed, upstream))
    # PyTorch takes an empty shape for a list of no tensors
    shape = None if ctx.shape else []
    return None, None, shape, [next(found) if wanted else None for wanted in needed]


compute.register_autograd(_backward, setup_context=_setup)
