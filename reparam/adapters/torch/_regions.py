"""PyTorch's constraints for vectors and matrices."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributions import constraints

from reparam.adapters.constraints import of_parameter
from reparam.domains import Domain
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

__all__ = ["of_entries", "of_region"]


def of_entries(domain: Domain, rank: int) -> Any:
    """Return the constraint of a parameter: of a vector or a matrix, the interval's for each entry.

    Parameters
    ----------
    domain, rank
        Where the parameter lies, and how many axes it has.
    """
    if isinstance(domain, Region):
        return of_region(domain)
    each = of_parameter(constraints, domain)
    return constraints.independent(each, rank) if rank else each


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
