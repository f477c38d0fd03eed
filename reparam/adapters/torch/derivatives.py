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

import numpy as np
import torch
from torch import Tensor
from torch._functorch.utils import unwrap_dead_wrappers
from torch.autograd import forward_ad

from reparam.adapters import formulas
from reparam.adapters.laws import law_of
from reparam.adapters.rules import RULES
from reparam.adapters.torch import operators
from reparam.adapters.torch._constants import differentiable
from reparam.adapters.torch.types import double
from reparam.engine.noise import Stream
from reparam.errors import NoFormulaError, NotReparameterizable

__all__ = ["drawn", "evaluate"]


def evaluate(law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]) -> Tensor:
    """Return a function of a distribution, differentiable twice in values and parameters.

    All are float64 tensors on the CPU that broadcast together; the function is one of
    :data:`~reparam.adapters.rules.RULES` that has one result.
    """
    arguments = law, function, len(values), *values, *theta
    if torch.compiler.is_compiling():
        found: tuple[Tensor, ...] = _Evaluated.apply(*arguments)
    else:
        found = _applied(_Differentiable, *arguments)
    return found[0]


def drawn(
    law: str,
    function: str,
    seed: Tensor,
    first: int,
    shape: Sequence[int],
    theta: Sequence[Tensor],
    kind: tuple[torch.dtype, torch.device | str],
) -> Tensor:
    """Return draws of that shape from the stream of a seed, differentiable twice in parameters.

    Parameters
    ----------
    law, function
        The distribution, and one of :data:`~reparam.adapters.formulas.DRAWS`.
    seed
        An int64 tensor.
    first
        The number of the first draw.
    shape
        The shape, which includes that of the parameters.
    theta
        The parameters, in declared order, of any type and on any device.
    kind
        The type and the device of the draws.
    """
    dtype, device = kind
    if torch.compiler.is_compiling():
        made = operators.noise(law, function, seed, first, shape)
    elif torch._C._are_functorch_transforms_active():
        made = _Noise.apply(law, function, seed, first, tuple(shape))
    else:
        result: Tensor = _Drawn.apply(law, function, int(seed), first, tuple(shape), kind, *theta)
        return result
    return evaluate(law, function, made, [*map(double, theta)]).to(device, dtype)


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

    @staticmethod
    def jvp(ctx: Any, *_: Any) -> None:
        return None


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
        found = _applied(_Differentiable, law, function, count, *moved)
        return found, (0,) * len(found)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        needed = ctx.needs_input_grad[3:]
        found: list[Tensor | None] = [None] * len(needed)
        for k, column in _columns(ctx, needed).items():
            total = _weighted(upstream, column)  # of auxiliary arrays there are no derivatives
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
        found = [_weighted([moving[k] for k in columns], row).expand(ctx.shape) for row in rows]
        return *found, *([None] * (ctx.results - len(found)))


class _Drawn(torch.autograd.Function):
    """Draws by the library itself, outside ``torch.compile`` and ``torch.func``."""

    @staticmethod
    def forward(
        ctx: Any,
        law: str,
        function: str,
        seed: int,
        first: int,
        shape: tuple[int, ...],
        kind: tuple[torch.dtype, torch.device | str],
        *theta: Tensor,
    ) -> Tensor:
        d = law_of(law)(*(double(x.detach()).numpy() for x in theta))
        d = d.by_quantile() if formulas.DRAWS[function] else d
        ctx.law, ctx.draw = law, d._draw(shape, Stream(seed), first)
        dtype, device = kind
        value = torch.from_numpy(ctx.draw._value).to(device, dtype)
        ctx.save_for_backward(value, *theta)
        ctx.save_for_forward(value, *theta)
        return value

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        needed = ctx.needs_input_grad[6:]
        theta = ctx.saved_tensors[1:]
        upstream = double(upstream)
        if _is_differentiated():
            columns = _columns_of_draw(ctx, needed)
            found = [
                _weighted([upstream], columns[k]).sum_to_size(each.shape) if k in columns else None
                for k, each in enumerate(theta)
            ]
        else:
            found = _pulled(ctx, upstream, needed)
        pairs = zip(found, theta, strict=True)
        return *([None] * 6), *(x if x is None else x.to(each) for x, each in pairs)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        moving = tangents[6:]
        columns = _columns_of_draw(ctx, [tangent is not None for tangent in moving])
        entries = [column[0] for column in columns.values()]
        found = _weighted([double(moving[k]) for k in columns], entries)
        return found.expand(ctx.draw._value.shape).to(ctx.saved_tensors[0])


# PyTorch asks for these signatures at each call, which takes longer than a small draw
for _forward in (_Noise.forward, _Evaluated.forward):
    _forward.__dict__["__signature__"] = inspect.signature(_forward)


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
    at, count = _At(ctx.law, where, theta), ctx.values
    found: dict[int, Sequence[Tensor]] = {}
    if rule.slopes and any(needed[:count]):
        found[0] = rule.slopes(at, result)
    if any(needed[count:]):
        entries = rule.partials(at, result)
        found |= _by_parameter(ctx.law, entries, theta, needed[count:], count)
    return found


def _columns_of_draw(ctx: Any, needed: Sequence[bool]) -> dict[int, Sequence[Tensor]]:
    """Return the same of draws that the library made."""
    theta = [*map(double, ctx.saved_tensors[1:])]
    at = _At(ctx.law, operators.tensors((ctx.draw._value, *ctx.draw._extras)), theta)
    return _by_parameter(ctx.law, [at("of_draw")], theta, needed)


def _by_parameter(
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


class _At:
    """Functions of a distribution at values and parameters: each is computed once."""

    def __init__(self, law: str, values: Sequence[Tensor], theta: Sequence[Tensor]) -> None:
        self._law, self._values, self._theta = law, values, theta
        self._found: dict[str, Sequence[Tensor]] = {}

    def __call__(self, function: str) -> Sequence[Tensor]:
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
    if not (_is_differentiated() or torch._C._are_functorch_transforms_active()):
        return _now(law, function, values, theta)
    return _applied(_Differentiable, law, function, len(values), *values, *theta)


def _now(
    law: str, function: str, values: Sequence[Tensor], theta: Sequence[Tensor]
) -> tuple[Tensor, ...]:
    """Return a function that isn't differentiated."""
    arrays = operators.arrays(values), operators.arrays(theta)
    return tuple(operators.tensors(formulas.value(law, function, *arrays)))


def _pulled(ctx: Any, upstream: Tensor, needed: Sequence[bool]) -> list[Tensor | None]:
    """Return the gradients of draws in the needed parameters."""
    gradients = iter(ctx.draw.vjp(upstream.numpy()).values())
    found: list[Tensor | None] = []
    for k, has_derivative in enumerate(differentiable(ctx.law)):
        gradient = next(gradients) if has_derivative else None
        if needed[k] and gradient is None:
            raise NotReparameterizable(f"{ctx.law} has no derivative in parameter {k}; detach it")
        found.append(torch.from_numpy(np.asarray(gradient)) if needed[k] else None)
    return found


def _weighted(weights: Sequence[Tensor], derivatives: Sequence[Tensor]) -> Tensor:
    """Return the sum of products: there may be more weights than derivatives."""
    products = map(_At.times, weights, derivatives)
    return reduce(torch.add, products)


def _is_differentiated() -> bool:
    """Whether PyTorch records what is computed now."""
    is_forward: bool = forward_ad._current_level >= 0
    return is_forward or torch.is_grad_enabled()


def _applied(function: type[torch.autograd.Function], *arguments: Any) -> tuple[Tensor, ...]:
    """Apply a function: outside ``torch.func`` without a look at its signature."""
    if torch._C._are_functorch_transforms_active():
        found: tuple[Tensor, ...] = function.apply(*arguments)
    else:
        found = super(torch.autograd.Function, function).apply(*unwrap_dead_wrappers(arguments))
    return found


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
