"""PyTorch's constraints for the domains that distributions declare."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.distributions import constraints

from reparam.domains import Domain, Interval
from reparam.regions import (
    CorrelationCholesky,
    LowerTriangular,
    PositiveDefinite,
    PositiveVector,
    RealMatrix,
    RealVector,
    Region,
    Simplex,
)

__all__ = ["between", "of_parameter", "of_region"]


def of_parameter(domain: Domain, rank: int = 0) -> Any:
    """Return the constraint of a parameter: of an open interval, which torch lacks, the closed.

    That of a vector or a matrix, of rank 1 or 2, has the interval for each entry.
    """
    if isinstance(domain, Region):
        return of_region(domain)
    if rank:
        return constraints.independent(of_parameter(domain), rank)
    if not isinstance(domain, Interval):
        return constraints.nonnegative_integer if domain.low == 0 else constraints.positive_integer
    low, high = (float(end) for end in domain.ends({}))
    if low not in domain and math.isfinite(low) and high == math.inf:
        return constraints.positive if low == 0.0 else constraints.greater_than(low)
    return between(low, high)


def between(low: Tensor | float, high: Tensor | float) -> Any:
    """Return the constraint of values from one end to another: closed, as ``log_prob`` is."""
    below, above = isinstance(low, float), isinstance(high, float)
    if below and above and (low, high) == (-math.inf, math.inf):
        return constraints.real
    if above and high == math.inf:
        is_zero = below and low == 0.0
        return constraints.nonnegative if is_zero else constraints.greater_than_eq(low)
    if below and low == -math.inf:
        return constraints.less_than(high)
    is_unit = below and above and (low, high) == (0.0, 1.0)
    return constraints.unit_interval if is_unit else constraints.interval(low, high)


class _InRegion(constraints.Constraint):
    """Membership of a region of vectors or matrices that PyTorch has no constraint for."""

    def __init__(self, region: Region) -> None:
        self.region, self.event_dim = region, region.rank
        super().__init__()

    def check(self, value: Tensor) -> Tensor:
        """Return which values are inside."""
        inside = ~self.region.outside(value.detach().cpu().double().numpy())
        return torch.as_tensor(inside, device=value.device)


#: PyTorch's constraints for regions of vectors and matrices, by class.
_REGIONS: dict[type[Region], Any] = {
    RealVector: constraints.real_vector,
    PositiveVector: constraints.independent(constraints.positive, 1),
    Simplex: constraints.simplex,
    RealMatrix: constraints.independent(constraints.real, 2),
    LowerTriangular: constraints.lower_cholesky,
    PositiveDefinite: constraints.positive_definite,
    CorrelationCholesky: constraints.corr_cholesky,
}


def of_region(region: Region) -> Any:
    """Return the constraint of vectors or matrices."""
    return _REGIONS.get(type(region)) or _InRegion(region)
