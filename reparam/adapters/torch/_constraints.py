"""PyTorch's constraints for the domains that distributions declare."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor
from torch.distributions import constraints

from reparam.domains import Domain, Interval

__all__ = ["between", "of_parameter"]


def of_parameter(domain: Domain) -> Any:
    """Return the constraint of a parameter: of an open interval, which torch lacks, the closed."""
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
