"""The loss by step, as a picture."""

from __future__ import annotations

import numpy as np

from reparam.fitting._trace import Trace
from reparam.plots import Curve, Panel, Picture

__all__ = ["picture"]

#: Points of the curve, at most: each is a mean over some steps.
_POINTS = 200


def picture(trace: Trace) -> Picture:
    """Return the loss by step: means over equal numbers of steps, if there are many."""
    size = -(-len(trace) // _POINTS)
    starts = np.arange(0, len(trace), size)
    counts = np.diff(np.append(starts, len(trace)))
    means = np.add.reduceat(trace.loss, starts) / counts
    middles = starts + 0.5 * (counts - 1)
    low, high = float(means.min()), float(means.max())
    room = 0.05 * (high - low) or 0.5 * max(abs(high), 1.0)
    panel = Panel(
        "loss",
        "step",
        "E[J]",
        (Curve(middles, means, "loss"),),
        (0.0, max(len(trace) - 1.0, 1.0)),
        (low - room, high + room),
    )
    return Picture((f"mean of {size} steps" if size > 1 else "each step",), panel)
