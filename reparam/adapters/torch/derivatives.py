"""Derivatives of the operators, once: derivatives of derivatives raise an error.

PyTorch 2.13 can't differentiate a custom operator under ``torch.func`` if its derivative is
registered with it, so that each derivative belongs to a ``torch.autograd.Function`` that calls the
operators.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from reparam.adapters import formulas
from reparam.adapters.laws import law_of
from reparam.adapters.torch import operators
from reparam.adapters.torch._constants import differentiable
from reparam.errors import NoFormulaError, NotReparameterizable

__all__ = ["RULES", "evaluate", "noise"]

Slope: TypeAlias = Callable[[Callable[[str], Tensor], Tensor], Tensor]


@dataclass(frozen=True)
class Rule:
    """The derivatives of a function f(y; θ).

    Attributes
    ----------
    partials
        What :func:`partials` computes: ∂f/∂θ, or ∂y/∂θ at fixed f if `implicit`.
    slope
        ∂f/∂y, from other functions at y, by name, and f; or None if y is a constant.
    implicit
        Whether ∂f/∂θ is −∂f/∂y ∂y/∂θ.
    of_result
        Whether ``partials``, and other functions, are taken at f instead of y.
    """

    partials: str
    slope: Slope | None = None
    implicit: bool = False
    of_result: bool = False


RULES = {
    "log_prob": Rule("score", lambda at, f: at("stein_score")),
    "cdf": Rule("pathwise", lambda at, f: at("log_prob").exp(), implicit=True),
    "sf": Rule("pathwise", lambda at, f: -at("log_prob").exp(), implicit=True),
    "log_cdf": Rule("pathwise", lambda at, f: (at("log_prob") - f).exp(), implicit=True),
    "log_sf": Rule("pathwise", lambda at, f: -(at("log_prob") - f).exp(), implicit=True),
    "icdf": Rule("pathwise", lambda at, f: (-at("log_prob")).exp(), of_result=True),
    "isf": Rule("pathwise", lambda at, f: -(-at("log_prob")).exp(), of_result=True),
    "attach": Rule("pathwise"),
    **{function: Rule("draw", of_result=True) for function in formulas.DRAWS},
    **{statistic: Rule(statistic) for statistic in formulas.STATISTICS},
}


def noise(law: str, function: str, seed: Tensor, first: int, shape: Sequence[int]) -> list[Tensor]:
    """Return the random numbers that draws of that shape are made of, one tensor for each kind."""
    if torch.compiler.is_compiling():
        return list(operators.noise(law, function, seed, first, shape))
    return list(_Noise.apply(law, function, seed, first, tuple(shape)))


def evaluate(law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]) -> Tensor:
    """Return a function of values and parameters, differentiable in both.

    All are float64 tensors on the CPU that broadcast together; the function is one of
    :data:`RULES`, or ``"stein_score"``.
    """
    result: Tensor = _Evaluated.apply(law, function, len(values), *values, *theta)[0]
    return result


class _Noise(torch.autograd.Function):
    """Random numbers, as a function that can be batched."""

    @staticmethod
    def forward(
        law: str, function: str, seed: Tensor, first: int, shape: tuple[int, ...]
    ) -> tuple[Tensor, ...]:
        return tuple(operators.tensors(formulas.noise(law, function, int(seed), first, shape)))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.mark_non_differentiable(*output)

    @staticmethod
    def vmap(info: Any, dims: Any, law: str, function: str, seed: Tensor, *rest: Any) -> Any:
        each = [_Noise.apply(law, function, one, *rest) for one in seed.movedim(dims[2], 0)]
        together = tuple(torch.stack(kind) for kind in zip(*each, strict=True))
        return together, (0,) * len(together)


class _Evaluated(torch.autograd.Function):
    """A function of a distribution, and what its derivatives are computed from."""

    @staticmethod
    def forward(law: str, function: str, count: int, *tensors: Tensor) -> tuple[Tensor, ...]:
        values, theta = tensors[:count], tensors[count:]
        if torch.compiler.is_compiling():
            return tuple(operators.evaluate(law, function, values, theta))
        arrays = operators.arrays
        return tuple(
            operators.tensors(formulas.value(law, function, arrays(values), arrays(theta)))
        )

    @staticmethod
    def vmap(info: Any, dims: Any, law: str, function: str, count: int, *tensors: Tensor) -> Any:
        found = _Evaluated.apply(law, function, count, *operators.in_front(tensors, dims[3:]))
        return found, (0,) * len(found)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.law, ctx.function, ctx.values, *tensors = inputs
        if len(output) > 1:
            ctx.mark_non_differentiable(*output[1:])
        rule = RULES.get(ctx.function)
        if rule:
            where = list(output) if rule.of_result else tensors[: ctx.values]
            ctx.where, ctx.shapes = len(where), [tensor.shape for tensor in tensors]
            ctx.save_for_backward(*where, output[0], *tensors[ctx.values :])

    @staticmethod
    def backward(ctx: Any, upstream: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
        law, rule = ctx.law, RULES.get(ctx.function)
        if rule is None:
            raise _twice(law, ctx.function)
        saved = ctx.saved_tensors
        where, result, theta = saved[: ctx.where], saved[ctx.where], saved[ctx.where + 1 :]
        needed = ctx.needs_input_grad[3:]
        of_values, of_theta = any(needed[: ctx.values]), any(needed[ctx.values :])
        found: list[Tensor | None] = [None] * len(needed)
        slope = None
        if rule.slope and (of_values or rule.implicit):
            slope = rule.slope(lambda other: _again(law, other, where, theta), result)
        if slope is not None and of_values:
            found[0] = _times(upstream, slope).sum_to_size(ctx.shapes[0])
        if of_theta:
            if slope is not None and rule.implicit:
                upstream = -_times(upstream, slope)
            partials = iter(_partials(law, rule.partials, where, theta))
            for k, has_derivative in enumerate(differentiable(law), ctx.values):
                derivative = next(partials) if has_derivative else None
                if not needed[k]:
                    continue
                if derivative is None:
                    raise NotReparameterizable(
                        f"{law} has no derivative in parameter {k - ctx.values}; detach it"
                    )
                found[k] = _times(upstream, derivative).sum_to_size(ctx.shapes[k])
        return None, None, None, *found


class _Partials(torch.autograd.Function):
    """Derivatives in parameters, which have none of their own."""

    @staticmethod
    def forward(law: str, function: str, count: int, *tensors: Tensor) -> tuple[Tensor, ...]:
        values, theta = map(operators.arrays, (tensors[:count], tensors[count:]))
        return tuple(operators.tensors(formulas.partials(law, function, values, theta)))

    @staticmethod
    def vmap(info: Any, dims: Any, law: str, function: str, count: int, *tensors: Tensor) -> Any:
        found = _Partials.apply(law, function, count, *operators.in_front(tensors, dims[3:]))
        return found, (0,) * len(found)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.law, ctx.function = inputs[:2]

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        raise _twice(ctx.law, ctx.function)


# PyTorch asks for these signatures at each call, which takes longer than a small draw
for _forward in (_Noise.forward, _Evaluated.forward, _Partials.forward):
    _forward.__dict__["__signature__"] = inspect.signature(_forward)


# What is compiled is not differentiated twice, so that backward passes call operators themselves.


def _again(law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]) -> Tensor:
    """Return a function in a backward pass."""
    if torch.compiler.is_compiling():
        return operators.evaluate(law, function, values, theta)[0]
    return evaluate(law, function, values, theta)


def _partials(
    law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]
) -> tuple[Tensor, ...]:
    """Return derivatives in parameters."""
    if torch.compiler.is_compiling():
        return tuple(operators.partials(law, function, values, theta))
    found: tuple[Tensor, ...] = _Partials.apply(law, function, len(values), *values, *theta)
    return found


def _times(upstream: Tensor, derivative: Tensor) -> Tensor:
    """Return the product: 0 where the upstream derivative, or a density, is 0."""
    return torch.where(upstream == 0.0, 0.0, upstream * derivative)


def _twice(law: str, function: str) -> NoFormulaError:
    return NoFormulaError(
        f"second derivatives of {law_of(law).__name__} are not available in PyTorch: this one needs"
        f" the derivative of {function!r}; differentiate once, or detach the gradient"
    )
