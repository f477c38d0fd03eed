"""Derivatives of the operators, first and second, in reverse and in forward mode.

PyTorch 2.13 can't differentiate a custom operator under ``torch.func`` if its derivative is
registered with it, so that derivatives belong to a ``torch.autograd.Function`` that calls the
operators. :mod:`reparam.adapters.rules` has the mathematics.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from functools import reduce
from typing import Any

import torch
from torch import Tensor
from torch._functorch.utils import unwrap_dead_wrappers
from torch.autograd import forward_ad

from reparam.adapters import formulas
from reparam.adapters.laws import law_of
from reparam.adapters.rules import RULES
from reparam.adapters.torch import operators
from reparam.adapters.torch._constants import differentiable
from reparam.errors import NoFormulaError, NotReparameterizable

__all__ = ["At", "applied", "by_parameter", "evaluate", "is_differentiated", "weighted"]


def evaluate(law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]) -> Tensor:
    """Return a function of a distribution, differentiable twice in values and parameters.

    All are float64 tensors on the CPU that broadcast together; the function is one of
    :data:`~reparam.adapters.rules.RULES` that has one result.
    """
    if torch.compiler.is_compiling():
        different = [tensor.view_as(tensor) for tensor in (*values, *theta)]  # PyTorch wants so
        found: tuple[Tensor, ...] = _Evaluated.apply(law, function, len(values), *different)
    else:
        found = applied(_Differentiable, law, function, len(values), *values, *theta)
    return found[0]


class _Evaluated(torch.autograd.Function):
    """A function of a distribution, and what its derivatives are computed from."""

    @staticmethod
    def forward(law: str, function: str, count: int, *tensors: Tensor) -> tuple[Tensor, ...]:
        values, theta = tensors[:count], tensors[count:]
        if torch.compiler.is_compiling():
            return tuple(operators.evaluate(law, function, values, theta))
        return _now(law, function, values, theta)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.save_for_backward(*_kept(ctx, inputs, output))

    @staticmethod
    def vmap(info: Any, dims: Any, law: str, function: str, count: int, *tensors: Tensor) -> Any:
        moved = operators.in_front(tensors, dims[3:])
        found = applied(_Differentiable, law, function, count, *moved)
        return found, (0,) * len(found)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        needed = ctx.needs_input_grad[3:]
        found: list[Tensor | None] = [None] * len(needed)
        for k, column in _columns(ctx, needed).items():
            total = weighted(upstream, column)  # of auxiliary arrays there are no derivatives
            found[k] = total.sum_to_size(ctx.shapes[k])
        return None, None, None, *found


class _Differentiable(_Evaluated):
    """The same, also in forward mode: ``torch.compile`` takes no function that has it."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        kept = _kept(ctx, inputs, output)
        ctx.save_for_backward(*kept)
        ctx.save_for_forward(*kept)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> tuple[Tensor | None, ...]:
        _not_forward_twice(ctx.law)
        moving = tangents[3:]
        columns = _columns(ctx, [tangent is not None for tangent in moving])
        rows = zip(*columns.values(), strict=True)
        found = [weighted([moving[k] for k in columns], row).expand(ctx.shape) for row in rows]
        return *found, *([None] * (ctx.results - len(found)))


# PyTorch asks for these signatures at each call, which takes longer than a small draw
_Evaluated.forward.__dict__["__signature__"] = inspect.signature(_Evaluated.forward)


# Derivatives -------------------------------------------------------------------------------------


def _kept(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> list[Tensor]:
    """Return the tensors that derivatives are computed from, and note what they are."""
    ctx.law, ctx.function, ctx.values, *tensors = inputs
    ctx.results, ctx.shape = len(output), output[0].shape
    ctx.shapes = [tensor.shape for tensor in tensors]
    if ctx.function in formulas.DRAWS and len(output) > 1:
        ctx.mark_non_differentiable(*output[1:])
    rule = RULES.get(ctx.function)
    if rule is None:
        return []
    where = list(output) if rule.of_result else tensors[: ctx.values]
    ctx.where = len(where)
    return [*where, output[0], *tensors[ctx.values :]]


def _columns(ctx: Any, needed: Sequence[bool]) -> dict[int, Sequence[Tensor]]:
    """Return for each of the needed arguments the derivatives of all results in it."""
    rule = RULES.get(ctx.function)
    if rule is None:
        raise _too_often(ctx.law, ctx.function)
    saved = ctx.saved_tensors
    where, result, theta = saved[: ctx.where], saved[ctx.where], saved[ctx.where + 1 :]
    at, count = At(ctx.law, where, theta), ctx.values
    found: dict[int, Sequence[Tensor]] = {}
    if rule.slopes and any(needed[:count]):
        found[0] = rule.slopes(at, result)
    if any(needed[count:]):
        entries = rule.partials(at, result)
        found |= by_parameter(ctx.law, entries, theta, needed[count:], count)
    return found


def by_parameter(
    law: str,
    rows: Sequence[Sequence[Tensor]],
    theta: Sequence[Tensor],
    needed: Sequence[bool],
    first: int = 0,
) -> dict[int, Sequence[Tensor]]:
    """Return derivatives in each needed parameter, by the number of the argument."""
    columns = zip(*rows, strict=True)
    found: dict[int, Sequence[Tensor]] = {}
    for k, has_derivative in enumerate(differentiable(law)):
        column: Sequence[Tensor] | None = next(columns) if has_derivative else None
        if not needed[k]:
            continue
        if column is None:
            if theta[k].requires_grad:
                raise NotReparameterizable(f"{law} has no derivative in parameter {k}; detach it")
            # torch.func needs those of constants, too: times makes this 0 where their tangent is
            column = [torch.full_like(theta[k], math.nan)] * len(rows)
        found[first + k] = column
    return found


class At:
    """Functions of a distribution at values and parameters: each is computed once."""

    def __init__(self, law: str, values: Sequence[Tensor], theta: Sequence[Tensor]) -> None:
        self._law, self._values, self._theta = law, values, theta
        self._found: dict[str, Sequence[Tensor]] = {}

    def __call__(self, function: str) -> Sequence[Tensor]:
        """Return a function's results."""
        if function not in self._found:
            self._found[function] = _again(self._law, function, self._values, self._theta)
        return self._found[function]

    exp = staticmethod(torch.exp)

    @staticmethod
    def times(factor: Tensor, derivative: Tensor) -> Tensor:
        """Return the product: 0 where the factor is 0 and the derivative infinite or undefined."""
        lost = (factor == 0.0) & ~derivative.isfinite()
        return factor * torch.where(lost, 0.0, derivative)


def _again(
    law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]
) -> Sequence[Tensor]:
    """Return a function in a derivative, which may itself be differentiated."""
    if torch.compiler.is_compiling():  # what is compiled is differentiated once
        return list(operators.evaluate(law, function, values, theta))
    if not (is_differentiated() or torch._C._are_functorch_transforms_active()):
        return _now(law, function, values, theta)
    found: Sequence[Tensor] = applied(_Differentiable, law, function, len(values), *values, *theta)
    return found


def _now(
    law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]
) -> tuple[Tensor, ...]:
    """Return a function that isn't differentiated."""
    arrays = operators.arrays(values), operators.arrays(theta)
    return tuple(operators.tensors(formulas.value(law, function, *arrays)))


def weighted(weights: Sequence[Tensor], derivatives: Sequence[Tensor]) -> Tensor:
    """Return the sum of products: there may be more weights than derivatives."""
    products = map(At.times, weights, derivatives)
    return reduce(torch.add, products)


def is_differentiated() -> bool:
    """Whether PyTorch records what is computed now."""
    is_forward: bool = forward_ad._current_level >= 0
    return is_forward or torch.is_grad_enabled()


def applied(function: type[torch.autograd.Function], *arguments: Any) -> Any:
    """Apply a function: outside ``torch.func`` without a look at its signature."""
    if torch._C._are_functorch_transforms_active():
        return function.apply(*arguments)
    return super(torch.autograd.Function, function).apply(*unwrap_dead_wrappers(arguments))


def _not_forward_twice(law: str) -> None:
    """Raise in forward over forward mode, where PyTorch drops derivatives of its Functions."""
    stack = torch._C._functorch.get_interpreter_stack() or ()
    if sum(level.key() == torch._C._functorch.TransformType.Jvp for level in stack) > 1:
        raise NoFormulaError(
            f"second derivatives of {law_of(law).__name__} in forward over forward mode are not"
            " available in PyTorch; use torch.func.hessian, which is forward over reverse mode"
        )


def _too_often(law: str, function: str) -> NoFormulaError:
    return NoFormulaError(
        f"derivatives of {law_of(law).__name__} of that order are not available in PyTorch: this"
        f" one needs the derivative of {function!r}; differentiate less often, or detach"
    )
