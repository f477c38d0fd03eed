"""The quantile of the PERT distribution."""

from __future__ import annotations

from typing import Any

from mpmath import mp
from quantiles import Near, Quantile, logit_of
from quantiles_elementary import with_peak


def pert(near: Near, u: Any, low: Any, high: Any, peak: Any, concentration: Any) -> Any:
    alpha = 1 + concentration * (peak - low) / (high - low)
    beta = 1 + concentration * (high - peak) / (high - low)
    return low + (high - low) / (1 + mp.exp(-logit_of(near, alpha, beta, u, 1 - u)))


def peaked(low: float, high: float, odds: float, weight: float) -> tuple[float, ...]:
    """Return the ends, a peak, and a weight from ½ to 2,000.

    For smaller weights x is nearly uniform, and what the rounding of ln x makes of 1e-300 is not
    conditioning.
    """
    return *with_peak(low, high, odds), min(max(weight, 0.5), 2000.0)


DISTRIBUTIONS = {
    "pert": Quantile(
        pert,
        {"low": "low", "high": "high", "peak": "shape", "concentration": "shape"},
        made=peaked,
    ),
}
