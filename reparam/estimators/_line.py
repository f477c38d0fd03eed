"""A coordinate for integrals over a distribution: all of ℝ, with the mass near 0."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.reparameterized import Reparameterized

__all__ = ["Line"]


class Line:
    """A smooth, increasing map of x in ℝ to y in the support: the quartiles are near ±½.

    Towards an infinite endpoint y grows as fast as exp|x|, and towards a finite one it comes as
    near.

    Parameters
    ----------
    distribution
        With scalar parameters.

    Attributes
    ----------
    width
        Between the quartiles: of ln(y − end) where an endpoint is finite, of the logit where both
        are.
    """

    def __init__(self, distribution: Reparameterized) -> None:
        self._low, self._high = (float(end) for end in distribution.support)
        quartiles = np.asarray(distribution.icdf([0.25, 0.5, 0.75]))
        with np.errstate(all="ignore"):
            first, self._middle, last = self._straight(quartiles)
        self.width = last - first

    @property
    def usable(self) -> bool:
        """Whether the quartiles are apart and inside the support, in floating point."""
        return math.isfinite(self._middle) and 0.0 < self.width < math.inf

    def _straight(self, y: Array) -> Array:
        """Return the coordinate that x is a linear function of."""
        low, high = self._low, self._high
        if math.isfinite(low):
            return np.log(y - low) - (np.log(high - y) if math.isfinite(high) else 0.0)
        return -np.log(high - y) if math.isfinite(high) else y

    def __call__(self, x: Array) -> tuple[Array, Array]:
        """Return y and log dy/dx."""
        low, high = self._low, self._high
        log_width = math.log(self.width)
        if not (math.isfinite(low) or math.isfinite(high)):
            growth = np.abs(x) + np.log1p(np.exp(-2.0 * np.abs(x))) - math.log(2.0)  # log cosh
            return self._middle + self.width * np.sinh(x), log_width + growth
        straight = self._middle + self.width * x
        if math.isfinite(low) and math.isfinite(high):
            log_other = -np.logaddexp(0.0, straight)  # log of (high − y)/(high − low)
            log_share = -np.logaddexp(0.0, -straight)
            span = high - low
            y = np.where(
                straight < 0.0, low + span * np.exp(log_share), high - span * np.exp(log_other)
            )
            return y, log_width + math.log(span) + log_share + log_other
        if math.isfinite(low):
            return low + np.exp(straight), log_width + straight
        return high - np.exp(-straight), log_width - straight
