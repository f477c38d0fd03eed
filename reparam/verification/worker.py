"""A worker process: it answers one task after the other, until its parent is gone.

Started as ``python -c`` with :data:`BOOT`: unlike ``multiprocessing``, that doesn't import the
parent's main module again, so that a script needs no ``if __name__ == "__main__"``.
"""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
import traceback
import warnings
from dataclasses import dataclass
from typing import Any, BinaryIO

from reparam.errors import PluginWarning, ReparamError

__all__ = ["BOOT", "Answer", "Lost", "Raised", "Ready", "Returned", "Unreadable", "main"]

#: What a worker runs; the parent's ``sys.path``, as JSON, is its argument.
BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop());"
    " from reparam.verification.worker import main; main()"
)


@dataclass(frozen=True)
class Ready:
    """The worker waits for its first task."""


@dataclass(frozen=True)
class Returned:
    """What the task's function returned."""

    value: Any


@dataclass(frozen=True)
class Raised:
    """The error of ours that it raised."""

    error: ReparamError


@dataclass(frozen=True)
class Unreadable:
    """The task names something that a fresh process can't import."""


@dataclass(frozen=True)
class Lost:
    """The worker did not answer: the reason says what became of it, after so many seconds."""

    reason: str
    seconds: float = 0.0


Answer = Returned | Raised | Unreadable | Lost


def main() -> None:
    """Answer tasks: pickles of a function and its arguments, by keyword."""
    source, sink = _private_channels()
    tasks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(source, tasks), daemon=True).start()
    warnings.simplefilter("ignore", PluginWarning)  # the parent has said it
    _send(Ready(), sink)
    while True:
        _send(_answered(tasks.get()), sink)


def _private_channels() -> tuple[BinaryIO, BinaryIO]:
    """Take over stdin and stdout: a target reads nothing, and what it prints goes to stderr."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr  # at once, without a buffer that is lost if the worker dies
    return source, sink


def _receive(source: BinaryIO, tasks: queue.SimpleQueue[bytes]) -> None:
    """Pass tasks on; without a parent there is nobody to work for, whatever is going on."""
    try:
        while True:
            tasks.put(pickle.load(source))
    except (EOFError, OSError, pickle.UnpicklingError):
        os._exit(0)


def _answered(task: bytes) -> Answer:
    try:
        function, arguments = pickle.loads(task)
    except Exception:  # whatever importing what it names raises
        return Unreadable()
    try:
        return Returned(function(**arguments))
    except ReparamError as error:
        return Raised(error)
    except Exception as error:  # what a target raises is a finding: this is a mistake of ours
        traceback.print_exc()
        return Raised(
            ReparamError(
                f"reparam verify is broken: {type(error).__name__}: {error}; stderr has where"
            )
        )


def _send(message: Ready | Answer, sink: BinaryIO) -> None:
    try:
        pickle.dump(message, sink)
        sink.flush()
    except BrokenPipeError:
        os._exit(0)
