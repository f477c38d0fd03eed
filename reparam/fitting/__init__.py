"""Fits: inputs of a graph that minimize E[loss], by stochastic gradients."""

from __future__ import annotations

from reparam.fitting._fit import fit
from reparam.fitting._picture import picture
from reparam.fitting._result import Change, Fit
from reparam.fitting._run import Run
from reparam.fitting._settings import SCHEDULES, Settings
from reparam.fitting._trace import Trace

__all__ = ["SCHEDULES", "Change", "Fit", "Run", "Settings", "Trace", "fit", "picture"]
