"""Constraints of PyTorch and NumPyro, which share names, for the domains of distributions.

Functions take the framework's module of constraints.
"""

from __future__ import annotations

import math
from typing import Any

from reparam.domains import Domain, Interval

__all__ = ["between", "of_parameter"]


def of_parameter(constraints: Any, domain: Domain) -> Any:
    """Return the constraint of a parameter: for an open interval the closed one, as in PyTorch."""
    if not isinstance(domain, Interval):
        return constraints.nonnegative_integer if domain.low == 0 else constraints.positive_integer
    low, high = (float(end) for end in domain.ends({}))
    if low not in domain and math.isfinite(low) and high == math.inf:
        return constraints.positive if low == 0.0 else constraints.greater_than(low)
    return between(constraints, low, high)


def between(constraints: Any, low: Any, high: Any) -> Any:
    """Return the constraint of values between numbers, or tensors: closed, as ``log_prob`` is."""
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
