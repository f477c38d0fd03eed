"""Draws of any sampler, and of addressable streams, with exact derivatives."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from reparam.adapters.laws import Law
from reparam.adapters.seeds import checked
from reparam.adapters.torch._constants import arranged
from reparam.adapters.torch.derivatives import evaluate
from reparam.adapters.torch.draws import drawn
from reparam.adapters.torch.types import Number, double, kind, like
from reparam.errors import CountError, ShapeError

__all__ = ["applied", "attach", "fresh_seed", "rsample"]


def attach(y: Tensor, law: Law, /, **parameters: Number) -> Tensor:
    """Return draws with exact derivatives in the parameters that they were drawn with.

    The derivative is that of the quantile path, ∂y/∂θ = −F_θ(y)/p(y), which needs the values alone:
    any exact sampler's draws will do. Derivatives that `y` has are replaced.

    Parameters
    ----------
    y
        The draws, of any floating type, on any device.
    law
        The name or an alias of a distribution, or its class.
    **parameters
        By name or alias: tensors, or numbers, that broadcast to the shape of `y`. Those left out
        have their defaults.

    Returns
    -------
    Tensor
        A copy of `y` whose first and second derivatives are those.

    Raises
    ------
    UnknownDistributionError, UnknownParameterError, NotReparameterizable
        If there is no such distribution or parameter, or draws are integers or vectors.
    ShapeError
        If parameters don't broadcast to the shape of `y`.
    ParameterError
        If a parameter is outside its domain.

    Examples
    --------
    >>> import torch, reparam.torch as rpt  # doctest: +SKIP
    >>> a = torch.tensor(2.0, requires_grad=True)  # doctest: +SKIP
    >>> y = torch.distributions.Beta(a, 3.0).sample((1000,))  # doctest: +SKIP
    >>> rpt.attach(y, "beta", alpha=a, beta=3.0).mean().backward()  # doctest: +SKIP
    """
    key, theta = _theta(law, parameters)
    shape = torch.broadcast_shapes(y.shape, *(each.shape for each in theta))
    if shape != y.shape:
        raise ShapeError(
            f"y has shape {tuple(y.shape)} and y with the parameters has shape {tuple(shape)};"
            " pass one draw for each set of parameters"
        )
    return like(evaluate(key, "attach", [double(y.detach())], theta), [y])


def rsample(
    law: Law,
    /,
    shape: int | Sequence[int] = (),
    *,
    seed: int | Tensor | None = None,
    start: int = 0,
    by_quantile: bool = False,
    **parameters: Number,
) -> Tensor:
    """Return draws of an addressable stream: draw i depends on `seed`, i, and its parameters alone.

    Parameters
    ----------
    law
        The name or an alias of a distribution, or its class.
    shape
        The sample shape.
    seed
        A non-negative integer below 2⁶³, or an int64 tensor of one; the draws are then those of
        ``rsample(shape, rng=seed)`` in NumPy. None takes one from PyTorch's generator.
    start
        The number of the first draw: ``rsample(n, start=k)`` has draws k … k + n − 1.
    by_quantile
        Whether each draw is the quantile of one uniform number, so that it moves continuously with
        the parameters.
    **parameters
        By name or alias: tensors, or numbers, that broadcast together.

    Returns
    -------
    Tensor
        Of shape `shape` + the parameters' shape, with exact derivatives in the parameters. Of the
        type and device of the tensors among these, computed in float64 on the CPU.

    Raises
    ------
    UnknownDistributionError, UnknownParameterError, NotReparameterizable
        If there is no such distribution or parameter, or draws are integers or vectors.
    ParameterError, SeedError, CountError
        If a parameter is outside its domain, or `seed` or `start` is.
    """
    key, theta = _theta(law, parameters)
    if not isinstance(seed, Tensor):
        seed = fresh_seed() if seed is None else torch.tensor(checked(seed, 63))
    if start < 0:
        raise CountError(f"start={start} is negative; pass the number of the first draw")
    sample = (shape,) if isinstance(shape, int) else tuple(shape)
    function = "draw_by_quantile" if by_quantile else "draw"
    batch = torch.broadcast_shapes(*(each.shape for each in theta))
    first, shape = start * math.prod(batch), (*sample, *batch)
    return drawn(key, function, seed, first, shape, theta, kind(parameters.values()))


def applied(key: str, function: str, values: Sequence[Number], theta: Sequence[Tensor]) -> Tensor:
    """Return a function of a distribution, in the type and on the device of its tensors."""
    result = evaluate(key, function, [*map(double, values)], [*map(double, theta)])
    return like(result, [*values, *theta])


def fresh_seed(generator: torch.Generator | None = None) -> Tensor:
    """Return twice 63 random bits as a seed, which advances a generator, or PyTorch's own."""
    device = "cpu" if generator is None else generator.device
    return torch.randint(2**63 - 1, (2,), generator=generator, device=device).cpu()


def _theta(law: Law, parameters: dict[str, Number]) -> tuple[str, list[Tensor]]:
    """Return a distribution's text, and its parameters in declared order, in float64."""
    key, order = arranged(law, tuple(parameters))
    return key, [double(parameters[x] if isinstance(x, str) else x) for x in order]
