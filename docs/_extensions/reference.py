"""Which members the page of a class shows: its own documented methods and properties.

What the class's docstring describes, such as the fields of dataclasses, is left out.
"""

from __future__ import annotations

import enum
import inspect
import re
from functools import cached_property
from importlib import import_module

#: Classes whose objects functions return: their pages show no arguments.
RETURNED = """
    Distribution Reparameterized Discrete Draw LocationScale InverseCDF Implicit
    summaries.Summary plots.Picture plots.Panel plots.Curve plots.Stems plots.Bars plots.Points
    plots.Quantile divergences.Divergence divergences.StandardError verification.Sampler
    verification.Report verification.Check verification.Comparison verification.Outcome
    graphs.Model graphs.GraphDraw graphs.Expectation graphs.ExpectationStandardError
    graphs.GraphEstimates graphs.GraphEstimate fitting.Fit fitting.Change fitting.Trace
    estimators.Estimates estimators.Estimate
"""


def shown(name: str) -> str:
    """Return the names of a class's members that its page shows, separated by commas."""
    cls = named(name)
    if issubclass(cls, enum.Enum):
        return ", ".join(cls.__members__)
    kinds = (property, cached_property, classmethod, staticmethod)
    return ", ".join(
        name
        for name, member in vars(cls).items()
        if not name.startswith("_")
        and (inspect.isfunction(member) or isinstance(member, kinds))
        and member.__doc__
        and not re.search(rf"^ *{name}$", cls.__doc__, re.MULTILINE)
    )


def inherits(name: str) -> bool:
    """Return whether a class has other bases than ``object``."""
    return named(name).__bases__ != (object,)


def named(name: str) -> type:
    """Return a class by its full name."""
    module, _, attribute = name.rpartition(".")
    cls: type = getattr(import_module(module), attribute)
    return cls


CONTEXT = {
    "shown": shown,
    "inherits": inherits,
    "returned": {f"reparam.{name}" for name in RETURNED.split()},
}
