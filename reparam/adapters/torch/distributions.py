"""The base of classes for ``torch.distributions``: everything but the declarations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.distributions import Distribution
from torch.distributions.utils import broadcast_all

from reparam.adapters.torch._constraints import between
from reparam.adapters.torch.derivatives import drawn
from reparam.adapters.torch.functions import applied, fresh_seed
from reparam.adapters.torch.operators import arrays
from reparam.adapters.torch.types import double, kind, like
from reparam.base.reparameterized import Reparameterized
from reparam.errors import ParameterError, UnknownParameterError

__all__ = ["Univariate"]


class Univariate(Distribution):
    """A distribution of numbers whose draws and functions have exact derivatives.

    Subclasses are made from the registry, by :mod:`reparam.adapters.torch.classes`. Parameters are
    passed by position, or by name or alias: tensors, or numbers, that broadcast together.
    """

    has_rsample = True
    #: The same distribution, in NumPy.
    law: ClassVar[type[Reparameterized]]
    #: The text that stands for it in operators.
    key: ClassVar[str]
    #: The parameters' names, and defaults, in declared order.
    _defaults: ClassVar[dict[str, float]]
    #: Any spelling of a parameter's name -> that name.
    _spellings: ClassVar[dict[str, str]]

    def __init__(self, *args: Any, validate_args: bool | None = None, **parameters: Any) -> None:
        given = {**self._defaults, **self._given(args, parameters)}
        values = broadcast_all(*given.values())
        for name, value in zip(given, values, strict=True):
            setattr(self, name, value)
        # data can't decide what is compiled: operators check parameters when they run
        validate_args = False if torch.compiler.is_compiling() else validate_args
        super().__init__(values[0].shape, validate_args=validate_args)
        if self._validate_args:
            self._check_order()

    @property
    def theta(self) -> list[Tensor]:
        """The parameters, in declared order."""
        return [getattr(self, name) for name in self._defaults]

    def moving_support(self) -> Any:
        """Return the closed interval that draws lie in, where parameters move an end of it."""
        values = dict(zip(self.law._own, self.theta, strict=True))
        if values.keys() >= set(self.law._support.moved_by):
            return between(*self.law._support.ends(values))
        numbers = arrays([*map(double, self.theta)])
        ends = self.law(*numbers)._ends(*numbers)
        return between(*(like(torch.as_tensor(end), self.theta) for end in ends))

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

    def _given(self, args: Sequence[Any], parameters: dict[str, Any]) -> dict[str, Any]:
        """Return arguments by the parameters' names."""
        given = dict(zip(self._defaults, args, strict=False))
        if len(args) > len(self._defaults):
            raise UnknownParameterError(
                f"{type(self).__name__} takes {len(self._defaults)} parameters"
                f" ({', '.join(self._defaults)}) but got {len(args)}"
            )
        for spelling, value in parameters.items():
            if spelling not in self._spellings:
                self.law.parameters.canonical(spelling)  # raises: what is meant may be known
            name = self._spellings[spelling]
            if name in given:
                raise UnknownParameterError(
                    f"{type(self).__name__} got {name!r} twice; pass it once"
                )
            given[name] = value
        return given

    def _check_order(self) -> None:
        for low, high in self.law._ordered:
            below, above = getattr(self, self._spellings[low]), getattr(self, self._spellings[high])
            if not torch.all(below < above):
                raise ParameterError(f"{low} is not below {high}; pass {low} < {high}")
