"""The base of classes for ``torch.distributions``: everything but the declarations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.utils import broadcast_all

from reparam.adapters.classes import Declared
from reparam.adapters.constraints import between
from reparam.adapters.torch.derivatives import drawn
from reparam.adapters.torch.functions import applied, fresh_seed
from reparam.adapters.torch.operators import arrays
from reparam.adapters.torch.types import double, kind, like

__all__ = ["Univariate"]


class Univariate(Declared, Distribution):
    """A distribution of numbers whose draws and functions have exact derivatives.

    Subclasses are made from the registry, by :mod:`reparam.adapters.torch.classes`. Parameters are
    passed by position, or by name or alias: tensors, or numbers, that broadcast together.
    """

    has_rsample = True

    def __init__(self, *args: Any, validate_args: bool | None = None, **parameters: Any) -> None:
        given = self._given(args, parameters)
        values = broadcast_all(*given.values())
        for name, value in zip(given, values, strict=True):
            setattr(self, name, value)
        # data can't decide what is compiled: operators check parameters when they run
        validate_args = False if torch.compiler.is_compiling() else validate_args
        super().__init__(values[0].shape, validate_args=validate_args)
        if self._validate_args:
            self._check_order(lambda low, high: bool(torch.all(low < high)))

    def moving_support(self) -> Any:
        """Return the closed interval that draws lie in, where parameters move an end of it."""
        values = dict(zip(self.law._own, self.theta, strict=True))
        if values.keys() >= set(self.law._support.moved_by):
            return between(constraints, *self.law._support.ends(values))
        numbers = arrays([*map(double, self.theta)])
        ends = self.law(*numbers)._ends(*numbers)
        return between(constraints, *(like(torch.as_tensor(end), self.theta) for end in ends))

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Univariate:
        """Return the same distribution with parameters expanded to a batch shape."""
        new: Univariate = self._get_checked_instance(Univariate, _instance)
        batch_shape = torch.Size(batch_shape)
        for name in self._defaults:
            setattr(new, name, getattr(self, name).expand(batch_shape))
        Distribution.__init__(new, batch_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def rsample(
        self, sample_shape: Sequence[int] = (), generator: torch.Generator | None = None
    ) -> Tensor:
        """Return draws that are differentiable in the parameters.

        Parameters
        ----------
        sample_shape
            The sample shape.
        generator
            Where the seed of the draws comes from. Default: PyTorch's generator.
        """
        theta = self.theta
        shape = *sample_shape, *self._batch_shape
        return drawn(self.key, "draw", fresh_seed(generator), 0, shape, theta, kind(theta))

    @torch.no_grad()
    def sample(
        self, sample_shape: Sequence[int] = (), generator: torch.Generator | None = None
    ) -> Tensor:
        """Return the draws of :meth:`rsample`, without derivatives."""
        return self.rsample(sample_shape, generator)

    def log_prob(self, value: Tensor) -> Tensor:
        """Return the log density, differentiable in values and parameters."""
        return self._at("log_prob", value)

    def cdf(self, value: Tensor) -> Tensor:
        """Return P(Y ≤ y), differentiable in values and parameters."""
        return self._at("cdf", value)

    def sf(self, value: Tensor) -> Tensor:
        """Return P(Y > y), accurate where it is small, differentiable in values and parameters."""
        return self._at("sf", value)

    def log_cdf(self, value: Tensor) -> Tensor:
        """Return ln P(Y ≤ y), also where that underflows, differentiable likewise."""
        return self._at("log_cdf", value)

    def log_sf(self, value: Tensor) -> Tensor:
        """Return ln P(Y > y), also where that underflows, differentiable likewise."""
        return self._at("log_sf", value)

    def icdf(self, value: Tensor) -> Tensor:
        """Return the quantile of a probability, differentiable in it and in the parameters."""
        return applied(self.key, "icdf", [value], self.theta)

    def isf(self, value: Tensor) -> Tensor:
        """Return the quantile of the upper tail's probability, differentiable likewise."""
        return applied(self.key, "isf", [value], self.theta)

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

    def _at(self, function: str, value: Tensor) -> Tensor:
        if self._validate_args and not torch.compiler.is_compiling():
            self._validate_sample(value)
        return applied(self.key, function, [value], self.theta)
