"""KL divergences for ``torch.distributions.kl_divergence``, where there is a closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.distributions import register_kl

from reparam.adapters import formulas
from reparam.adapters.laws import law_of
from reparam.adapters.torch._constants import differentiable
from reparam.adapters.torch.compiled import compiled
from reparam.adapters.torch.compiled import divergence as of_plans
from reparam.adapters.torch.distributions import Univariate
from reparam.adapters.torch.once import Once, computed
from reparam.adapters.torch.operators import arrays, in_front, tensors
from reparam.adapters.torch.types import double, like
from reparam.adapters.torch.wrapped import Wrapped

__all__ = ["divergence"]


@register_kl(Univariate, Univariate)
def divergence(p: Univariate, q: Univariate) -> Tensor:
    """Return KL(p‖q), differentiable in the parameters of both.

    Raises
    ------
    NoFormulaError
        If it has no closed form.
    """
    theta = [*p.theta, *q.theta]
    value = _Divergence.apply(p.key, q.key, len(p.theta), *map(double, theta))[0]
    return like(value, theta)


@register_kl(Wrapped, Wrapped)
def _of_wrapped(p: Wrapped, q: Wrapped) -> Tensor:
    """Return KL(p‖q) of vectors and composed distributions, differentiable once."""
    theta = [*p.tensors.values(), *q.tensors.values()]
    shape = torch.broadcast_shapes(p.batch_shape, q.batch_shape)
    if torch.compiler.is_compiling():
        own = torch.broadcast_shapes(p._template.batch_shape, q._template.batch_shape)
        found = compiled(f"{p._key} {q._key}", "divergence", own, [*map(double, theta)])
        return like(found, [*p._given, *q._given]).expand(shape)
    return computed(of_plans(p._plan, q._plan), f"KL(p‖q) of {p} and {q}", theta).expand(shape)


@torch.library.custom_op(
    "reparam::divergence",
    mutates_args=(),
    schema="(str p, str q, Tensor[] theta_p, Tensor[] theta_q) -> Tensor[]",
)
def _operator(p: str, q: str, theta_p: Sequence[Tensor], theta_q: Sequence[Tensor]) -> list[Tensor]:
    return tensors(formulas.divergence(p, q, arrays(theta_p), arrays(theta_q)))


@_operator.register_fake
def _(p: str, q: str, theta_p: Sequence[Tensor], theta_q: Sequence[Tensor]) -> list[Tensor]:
    shape = torch.broadcast_shapes(*(tensor.shape for tensor in (*theta_p, *theta_q)))
    count = 1 + sum(differentiable(p)) + sum(differentiable(q))
    return [torch.empty(shape, dtype=torch.float64) for _ in range(count)]


class _Divergence(torch.autograd.Function):
    """KL(p‖q) and its derivatives, which are computed together."""

    @staticmethod
    def forward(p: str, q: str, count: int, *theta: Tensor) -> tuple[Tensor, ...]:
        if torch.compiler.is_compiling():
            return tuple(_operator(p, q, theta[:count], theta[count:]))
        both = arrays(theta[:count]), arrays(theta[count:])
        return tuple(tensors(formulas.divergence(p, q, *both)))

    @staticmethod
    def vmap(info: Any, dims: Any, p: str, q: str, count: int, *theta: Tensor) -> Any:
        found = _Divergence.apply(p, q, count, *in_front(theta, dims[3:]))
        return found, (0,) * len(found)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.p, ctx.q, _, *theta = inputs
        ctx.mark_non_differentiable(*output[1:])
        ctx.save_for_backward(*output[1:], *theta)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
        needed = ctx.needs_input_grad[3:]
        saved = ctx.saved_tensors
        theta = saved[len(saved) - len(needed) :]
        slopes = saved[: len(saved) - len(needed)]
        if not torch.compiler.is_compiling():
            pair = " and ".join(law_of(key).__name__ for key in (ctx.p, ctx.q))
            slopes = Once.apply(f"second derivatives of KL(p‖q) of {pair}", len(slopes), *saved)
        entries = iter(slopes)
        found: list[Tensor | None] = [None] * len(needed)
        for k, has_derivative in enumerate((*differentiable(ctx.p), *differentiable(ctx.q))):
            if has_derivative:
                product = upstream * next(entries)
                found[k] = product.sum_to_size(theta[k].shape) if needed[k] else None
        return None, None, None, *found
