"""What all classes for ``torch.distributions`` have: draws, density, probabilities, quantiles."""

from __future__ import annotations

import abc
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import Distribution

__all__ = ["Differentiable"]

#: Whether ``torch.func`` is at work: what it traces has no values to look at.
is_transformed = torch._C._are_functorch_transforms_active


class Differentiable(Distribution, abc.ABC):
    """A distribution whose draws and functions have exact derivatives."""

    has_rsample = True

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
        return self._drawn((*sample_shape, *self._batch_shape), generator)

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
        return self._at("icdf", value)

    def isf(self, value: Tensor) -> Tensor:
        """Return the quantile of the upper tail's probability, differentiable likewise."""
        return self._at("isf", value)

    def _at(self, name: str, value: Tensor) -> Tensor:
        checked = self._validate_args and name not in ("icdf", "isf")
        if checked and not (torch.compiler.is_compiling() or is_transformed()):
            self._validate_sample(value)
        return self._function(name, value)

    @abc.abstractmethod
    def _drawn(self, shape: tuple[int, ...], generator: torch.Generator | None) -> Tensor:
        """Return draws of a shape, which includes the batch but not the event."""

    @abc.abstractmethod
    def _function(self, name: str, value: Tensor) -> Tensor:
        """Return a function of values: ``"log_prob"``, ``"cdf"`` and so on."""
