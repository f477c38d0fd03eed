"""Verification by the workers of a dask cluster."""

from __future__ import annotations

from typing import Any

from reparam.adapters.dask.estimates import mapped
from reparam.verification import Report
from reparam.verification import verify as verify_by

__all__ = ["verify"]


def verify(targets: Any = None, **options: Any) -> Report:
    """Check samplers and their gradients on the machines of dask's scheduler.

    Takes what :func:`reparam.verification.verify` takes, except `workers`, and finds the same,
    whichever machines there are. Each check runs in a process of its own, with its time limit; a
    machine that is lost is replaced by others, which repeat its checks. Modules that only this
    machine has are checked here.

    Parameters
    ----------
    targets
        One target, or a list of them; all registered distributions by default.
    **options
        ``witnesses``, ``level``, ``seed`` and others.

    Returns
    -------
    Report
        The checks by target, then witness.
    """
    return verify_by(targets, mapped=mapped, **options)
