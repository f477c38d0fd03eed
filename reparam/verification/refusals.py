"""Why there is nothing to compare: what a witness, or a target, raises."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

__all__ = ["Faulty", "NoGradient", "NotApplicable", "origin", "said"]


class Faulty(Exception):  # noqa: N818 - what is wrong with a target, a finding and no error
    """The target does something that no sampler may: the message says what."""


class NoGradient(Faulty):
    """No gradient flows through the target's draws: the message says why."""


class NotApplicable(Exception):  # noqa: N818 - a reason, no error
    """A witness has nothing to look at: the message says why."""


def said(error: BaseException) -> str:
    """Return an exception's type, and what it says, if anything."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def origin(error: BaseException) -> str:
    """Return where a stranger's code raised something: ``" (dists.py:12)"``, or nothing."""
    here = str(Path(__file__).parent)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith((here, "<frozen"))]
    own = [frame for frame in own if "importlib" not in frame.filename]
    return f" ({own[-1].filename.rpartition(os.sep)[2]}:{own[-1].lineno})" if own else ""
