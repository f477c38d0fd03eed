"""Verification: whether samplers' gradients, and all that belongs to them, are right.

Its rooms, each of which imports from those before it alone: ``numerics`` knows nothing of samplers;
``laws`` are what draws should follow; ``targets`` are what is verified; ``evidence`` compares;
``witnesses`` ask one question each; ``formats`` write reports; ``run`` has processes check.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reparam.verification.results import Check as Check
    from reparam.verification.results import Comparison as Comparison
    from reparam.verification.results import Outcome as Outcome
    from reparam.verification.results import Report as Report
    from reparam.verification.run.planning import TargetSpec as TargetSpec
    from reparam.verification.run.running import verify as verify
    from reparam.verification.targets.objects import Sampler as Sampler

#: The module each public name lives in; importing the package imports none of these.
_HOMES = {
    "Check": "reparam.verification.results",
    "Comparison": "reparam.verification.results",
    "Outcome": "reparam.verification.results",
    "Report": "reparam.verification.results",
    "Sampler": "reparam.verification.targets.objects",
    "TargetSpec": "reparam.verification.run.planning",
    "verify": "reparam.verification.run.running",
}

__all__ = [*_HOMES]  # noqa: PLE0604 - every entry is a string


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'reparam.verification' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
