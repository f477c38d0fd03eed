"""The base of classes for ``torch.distributions``: everything but the declarations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.utils import broadcast_all

from reparam.adapters.classes import Declared
from reparam.adapters.constraints import between
from reparam.adapters.draws import way_of
from reparam.adapters.torch.differentiable import Differentiable
from reparam.adapters.torch.draws import drawn
from reparam.adapters.torch.functions import applied, fresh_seed
from reparam.adapters.torch.operators import arrays
from reparam.adapters.torch.types import array, double, kind, like

__all__ = ["Univariate"]


class Univariate(Declared, Differentiable):
    """A scalar distribution whose draws and functions have exact derivatives.

    Subclasses are made from the registry, by :mod:`reparam.adapters.torch.classes`. Parameters are
    passed by position, or by name or alias: tensors, or numbers, that broadcast together.
    """

    def __init__(self, *args: Any, validate_args: bool | None = None, **parameters: Any) -> None:
        given = self._given(args, parameters)
        values = broadcast_all(*given.values())
        for name, value in zip(given, values, strict=True):
            setattr(self, name, value)
        # data can't decide what is compiled: operators check parameters when they run
        default: bool = Distribution._validate_args
        is_checked = default if validate_args is None else validate_args
        is_checked = is_checked and not torch.compiler.is_compiling()
        is_inside = is_checked and self._are_inside(values)
        super().__init__(values[0].shape, validate_args=is_checked and not is_inside)
        self._validate_args = is_checked
        if is_checked:
            self._check_order(lambda low, high: bool(torch.all(low < high)))

    def _are_inside(self, values: Sequence[Tensor]) -> bool:
        """Whether parameters are in their domains, in less time than constraints take; or False."""
        if torch._C._are_functorch_transforms_active():
            return False
        return way_of(self.key, "draw").holds([*map(array, values)])

    def moving_support(self) -> Any:
        """Return the closed interval that draws lie in, where parameters move an endpoint of it."""
        values = dict(zip(self.law._own, self.theta, strict=True))
        if values.keys() >= set(self.law._support.moved_by):
            return between(constraints, *self.law._support.ends(values))
        numbers = arrays([*map(double, self.theta)])
        return between(constraints, *map(self._bound, self.law(*numbers)._ends(*numbers)))

    def _bound(self, end: Any) -> Any:
        """Return an endpoint of the support: a number if it is infinite in the whole batch."""
        if np.size(end) and np.all(np.isinf(end)) and np.min(end) == np.max(end):
            return float(np.min(end))
        return like(torch.as_tensor(end), self.theta)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Univariate:
        """Return the same distribution with parameters expanded to a batch shape."""
        new: Univariate = self._get_checked_instance(Univariate, _instance)
        batch_shape = torch.Size(batch_shape)
        for name in self._defaults:
            setattr(new, name, getattr(self, name).expand(batch_shape))
        Distribution.__init__(new, batch_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def mean(self) -> Tensor:
        """The expectation; its derivatives are numerical."""
        return applied(self.key, "mean", [], self.theta)

    @property
    def variance(self) -> Tensor:
        """The variance; its derivatives are numerical."""
        return applied(self.key, "variance", [], self.theta)

    def entropy(self) -> Tensor:
        """Return the differential entropy, in nats; its derivatives are numerical."""
        return applied(self.key, "entropy", [], self.theta)

    def _drawn(self, shape: tuple[int, ...], generator: torch.Generator | None) -> Tensor:
        theta = self.theta
        return drawn(self.key, "draw", fresh_seed(generator), 0, shape, theta, kind(theta))

    def _function(self, name: str, value: Tensor) -> Tensor:
        return applied(self.key, name, [value], self.theta)
