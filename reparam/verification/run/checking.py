"""One check: a witness looks at a target, and whatever happens becomes a finding."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np

from reparam.importing import origin, said
from reparam.verification import witnesses
from reparam.verification.evidence.comparing import undecided
from reparam.verification.evidence.context import Context, Level
from reparam.verification.refusals import Faulty, NoGradient, NotApplicable, Undecidable
from reparam.verification.results import Check, Comparison, Outcome
from reparam.verification.run.pace import affordable
from reparam.verification.targets.resolving import resolve

__all__ = ["run_check"]


def run_check(
    spec: Any,
    witness: str,
    level: Level,
    *,
    seed: int,
    alpha: float,
    rtol: float | None = None,
    name: str | None = None,
    fail_fast: bool = False,
) -> Check:
    """Return what a witness says of a target: a target that raises is a finding, no crash.

    With ``fail_fast`` it says no more after the first statement that fails.

    Raises ReparamError if there is no such target, or it lacks part of the protocol.
    """
    started = time.perf_counter()
    target = resolve(spec)
    ask = witnesses.load(witness)
    name = name or target.name
    comparisons: list[Comparison] = []
    reason, crashed = "", False
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            if target.obstacle and witness not in witnesses.WITHOUT_GRADIENTS:
                raise NotApplicable(target.obstacle)
            defaults = Context(target, level, seed, alpha).sets()[0]
            context = Context(target, affordable(target, level, defaults), seed, alpha, rtol)
            for comparison in ask(context):  # one by one: what came before it raises stays
                comparisons.append(comparison)
                if fail_fast and comparison.outcome is Outcome.FAILS:
                    break
    except NotApplicable as refusal:
        reason = str(refusal)
        if comparisons:  # what was begun, and can't be finished, shows less than it should
            comparisons.append(undecided(witness, {}, reason))
            reason = ""
    except Undecidable as refusal:
        comparisons.append(undecided("reference", {}, str(refusal)))
    except NoGradient as refusal:
        # what says that it has none has none; of anything else it is a finding
        crashed = not target.obstacle
        reason = f"no gradient flows: {refusal}" if crashed or not comparisons else ""
    except Faulty as fault:
        reason, crashed = str(fault), True
    except Exception as error:
        reason, crashed = f"it raised {said(error)}{origin(error)}", True
    ordered = sorted(comparisons, key=lambda each: (each.outcome.rank, -each.severity))
    if not ordered and not reason:
        reason = "nothing to compare"
    return Check(
        target=name,
        witness=witness,
        comparisons=tuple(ordered),
        reason=reason,
        crashed=crashed,
        seconds=time.perf_counter() - started,
    )
