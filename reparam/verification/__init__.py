"""Verification: whether samplers' gradients, and all that belongs to them, are right."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reparam.verification.objects import Sampler as Sampler
    from reparam.verification.planning import TargetSpec as TargetSpec
    from reparam.verification.results import Check as Check
    from reparam.verification.results import Comparison as Comparison
    from reparam.verification.results import Outcome as Outcome
    from reparam.verification.results import Report as Report
    from reparam.verification.running import verify as verify

#: The module each public name lives in; importing the package imports none of these.
_HOMES = {
    "Check": "reparam.verification.results",
    "Comparison": "reparam.verification.results",
    "Outcome": "reparam.verification.results",
    "Report": "reparam.verification.results",
    "Sampler": "reparam.verification.objects",
    "TargetSpec": "reparam.verification.planning",
    "verify": "reparam.verification.running",
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
