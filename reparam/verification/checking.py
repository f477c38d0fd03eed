"""One check: a witness looks at a target, and whatever happens becomes a finding."""

from __future__ import annotations

import os
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from reparam.verification import witnesses
from reparam.verification.comparing import Context, Level, NotApplicable
from reparam.verification.results import Check, Comparison, Outcome
from reparam.verification.targets import Faulty, NoGradient, resolve

__all__ = ["run_check"]

#: Comparisons of a check that a report keeps.
_KEPT = 12


def run_check(
    spec: Any,
    witness: str,
    level: Level,
    *,
    seed: int,
    alpha: float,
    rtol: float | None = None,
    fixed: dict[str, float] | None = None,
    name: str | None = None,
) -> Check:
    """Return what a witness says of a target: a target that raises is a finding, no crash.

    Raises
    ------
    ReparamError
        If there is no such target, or it lacks part of the protocol.
    """
    started = time.perf_counter()
    ask = witnesses.load(witness)  # what this raises is no finding of a target
    target = resolve(spec, fixed)
    name = name or target.name
    context = Context(target, level, seed, alpha, rtol)
    comparisons: list[Comparison] = []
    reason, crashed = "", False
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            if target.obstacle and witness not in witnesses.WITHOUT_GRADIENTS:
                raise NotApplicable(target.obstacle)
            for comparison in ask(context):  # one by one: what came before it raises stays
                comparisons.append(comparison)  # noqa: PERF402
    except NotApplicable as refusal:
        reason = "" if comparisons else str(refusal)
    except NoGradient as refusal:
        # none at all is a reason to look at nothing, none at some parameters or draws a finding
        crashed = bool(comparisons) and not target.obstacle
        reason = f"no gradient flows: {refusal}" if crashed or not comparisons else ""
    except Faulty as fault:
        reason, crashed = str(fault), True
    except Exception as error:
        reason, crashed = _told(error), True
    ordered = sorted(comparisons, key=_rank)
    if not ordered and not reason:
        reason = "nothing to compare"
    return Check(
        target=name,
        witness=witness,
        comparisons=tuple(ordered[:_KEPT]),
        reason=reason,
        crashed=crashed,
        seconds=time.perf_counter() - started,
    )


def _rank(comparison: Comparison) -> tuple[int, float]:
    order = (Outcome.FAILS, Outcome.INCONCLUSIVE, Outcome.HOLDS, Outcome.SKIPPED)
    return order.index(comparison.outcome), -comparison.severity


def _told(error: Exception) -> str:
    """Return what was raised, and where, in a line."""
    frames = traceback.extract_tb(error.__traceback__)
    here = str(Path(__file__).parent)
    own = [frame for frame in frames if not frame.filename.startswith(here)]
    where = f" ({own[-1].filename.rpartition(os.sep)[2]}:{own[-1].lineno})" if own else ""
    return f"it raised {type(error).__name__}: {error}{where}"
