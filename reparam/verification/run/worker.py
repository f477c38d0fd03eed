"""A worker process: it answers one task after the other, until its parent is gone.

Started as ``python -c`` with :data:`BOOT`: unlike ``multiprocessing``, that doesn't import the
parent's main module again, so that a script needs no ``if __name__ == "__main__"``.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
import warnings
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, BinaryIO

from reparam.errors import PluginWarning, ReparamError
from reparam.importing import said

__all__ = [
    "BOOT",
    "Answer",
    "Begun",
    "Lost",
    "Raised",
    "Ready",
    "Returned",
    "Unreadable",
    "begun",
    "main",
]

#: What tasks need: imported before the first, which is not to pay for it.
_PRELOADED = ("scipy.special", "reparam.verification.run.running")

#: The option of Linux's prctl for a signal at the parent's death.
_PR_SET_PDEATHSIG = 1

#: What a worker runs; its argument are the parent's ``sys.path`` and the directories that come
#: before it, as JSON. What may stand there under a name of the standard library's is nothing to us.
BOOT = (
    "import json, sys; before, sys.path[:] = json.loads(sys.argv.pop());"
    " from reparam.verification.run.worker import main; main(before)"
)


@dataclass(frozen=True)
class Ready:
    """The worker waits for its first task."""


@dataclass(frozen=True)
class Begun:
    """The task's own work begins: what it names has been imported."""


@dataclass(frozen=True)
class Returned:
    """What the task's function returned."""

    value: Any


@dataclass(frozen=True)
class Raised:
    """The error of this library that it raised."""

    error: ReparamError


@dataclass(frozen=True)
class Unreadable:
    """The task names something that a fresh process can't import."""


@dataclass(frozen=True)
class Lost:
    """The worker did not answer: the reason says what became of it, and after how many seconds."""

    reason: str
    seconds: float = 0.0
    #: Whether the process is gone, too, and whether it died by itself.
    is_gone: bool = False
    died: bool = False
    #: Whether its time was over.
    is_late: bool = False


Answer = Returned | Raised | Unreadable | Lost

#: Where this process, if it is a worker, says what becomes of its task.
_channel: list[BinaryIO] = []


def main(before: list[str]) -> None:
    """Answer tasks: pickles of a function and its arguments, by keyword."""
    for module in _PRELOADED:
        import_module(module)
    sys.path[:0] = before
    _end_with_the_parent()
    source, sink = _private_channels()
    _channel.append(sink)
    tasks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(source, tasks), daemon=True).start()
    warnings.simplefilter("ignore", PluginWarning)  # the parent has said it
    _send(Ready(), sink)
    while True:
        _send(_answered(tasks.get()), sink)


def begun() -> None:
    """Say that a task's own work begins: from now on its time is limited."""
    for sink in _channel:
        _send(Begun(), sink)


def _end_with_the_parent() -> None:
    """Have the kernel end this process with its parent, whatever it is doing, where it can."""
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


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
    except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:  # nobody's but a target's
        return Lost(f"it raised {said(error)}")
    except Exception as error:  # what a target raises is a finding: this is a bug in reparam
        traceback.print_exc()
        return Raised(
            ReparamError(
                f"reparam verify is broken: {type(error).__name__}: {error}; stderr has where"
            )
        )


def _send(message: Ready | Begun | Answer, sink: BinaryIO) -> None:
    try:
        pickle.dump(message, sink)
        sink.flush()
    except BrokenPipeError:
        os._exit(0)
