"""Worker processes for tasks that may hang, crash or end their process.

Every task gets an answer: one that takes too long is killed, and a worker that is gone is replaced.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import Any, Self

from reparam.errors import ReparamError
from reparam.verification.worker import BOOT, Answer, Lost, Ready, Unreadable

__all__ = ["Pool", "Task"]

#: A function and its arguments, by keyword.
Task = tuple[Any, Mapping[str, Any]]

#: In a process group of its own, a worker does not get the terminal's Ctrl-C, and can be killed
#: with whatever processes the target started.
_GROUP: dict[str, Any] = (
    {"creationflags": 0x200}  # CREATE_NEW_PROCESS_GROUP, which subprocess has there only
    if sys.platform == "win32"
    else {"process_group": 0}
)
#: Seconds between looks at the clock: where a wait can't be interrupted (Windows), Ctrl-C needs it.
_TICK = 1.0
#: Seconds for a process that has closed its pipe to end.
_GRACE = 2.0


class Pool:
    """Up to `size` worker processes, started when there is work for them.

    Parameters
    ----------
    size
        The number of workers. With more than one, each computes in one thread.
    time_limit
        Seconds for a task.
    """

    def __init__(self, size: int, time_limit: float) -> None:
        self._size, self._limit = size, time_limit
        self._workers: list[_Worker] = []
        self._inbox: queue.SimpleQueue[tuple[_Worker, Any]] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.kill()
        self._workers.clear()

    def answers(self, tasks: Mapping[int, Task]) -> Iterator[tuple[int, Answer]]:
        """Yield the tasks' numbers and answers as they come; tasks start in the order given.

        A task that can't be pickled, or not be read in another process, is ``Unreadable``.

        Raises
        ------
        ReparamError
            If worker processes can't be started.
        """
        waiting: list[tuple[int, bytes]] = []
        for number, task in tasks.items():
            try:
                waiting.append((number, pickle.dumps(task)))
            except Exception:  # whatever a stranger's __reduce__ raises
                yield number, Unreadable()
        waiting.reverse()
        unanswered = len(waiting)
        while unanswered:
            while len(self._workers) < min(self._size, unanswered):
                self._workers.append(_Worker(self._inbox, alone=self._size == 1))
            for worker in self._workers:
                if waiting and worker.idle:
                    worker.give(*waiting.pop(), self._limit)
            worker, message = self._next()
            if worker not in self._workers:
                continue  # it was killed: its pipe ends
            if isinstance(message, Ready):
                worker.ready = True
                continue
            if isinstance(message, Lost):
                self._workers.remove(worker)
                if not worker.ready:
                    raise ReparamError(
                        f"a worker process can't start: {message.reason}; stderr has what it said"
                    )
            done, worker.task, worker.deadline = worker.task, None, math.inf
            if done is not None:
                unanswered -= 1
                yield done, message

    def _next(self) -> tuple[_Worker, Ready | Answer]:
        """Wait for the next message; for a worker that is late or dead, say so."""
        while True:
            left = min(worker.deadline for worker in self._workers) - time.monotonic()
            try:
                worker, message = self._inbox.get(timeout=min(max(left, 0.0), _TICK))
            except queue.Empty:
                late = [each for each in self._workers if time.monotonic() >= each.deadline]
                if not late:
                    continue
                late[0].kill()
                return late[0], Lost(f"no answer within {self._limit:g} s", self._limit)
            if message is None:
                message = Lost(worker.obituary(), time.monotonic() - worker.since)
            return worker, message


class _Worker:
    """A worker process, and what it is doing.

    Attributes
    ----------
    ready
        Whether it has started.
    task, since, deadline
        The number of its task, if it has one, when it got it and when that must be answered.
    """

    def __init__(self, inbox: queue.SimpleQueue[tuple[_Worker, Any]], *, alone: bool) -> None:
        threads = {} if alone else {"REPARAM_NUM_THREADS": "1"}
        self.ready = False
        self.task: int | None = None
        self.since, self.deadline = 0.0, math.inf
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", BOOT, json.dumps([str(place) for place in sys.path])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **threads},
            **_GROUP,
        )
        Thread(target=self._listen, args=(inbox,), daemon=True).start()

    @property
    def idle(self) -> bool:
        """Whether it can be given a task."""
        return self.ready and self.task is None

    def give(self, number: int, task: bytes, limit: float) -> None:
        """Make it work on a task."""
        assert self._process.stdin is not None
        self.task, self.since = number, time.monotonic()
        self.deadline = self.since + limit
        with suppress(BrokenPipeError):  # it is dead: its pipe tells
            pickle.dump(task, self._process.stdin)
            self._process.stdin.flush()

    def _listen(self, inbox: queue.SimpleQueue[tuple[_Worker, Any]]) -> None:
        """Pass on what it says, and None when it is dead."""
        assert self._process.stdout is not None
        with self._process.stdout as source, suppress(Exception):  # however its last word ends
            while True:
                inbox.put((self, pickle.load(source)))
        inbox.put((self, None))

    def obituary(self) -> str:
        """Return what it died of."""
        try:
            status = self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.kill()
            return "its process closed its pipes"
        self._close()
        if status >= 0:
            return f"its process died (exit status {status})"
        with suppress(ValueError):
            return f"its process died (signal {signal.Signals(-status).name})"
        return f"its process died (signal {-status})"

    def kill(self) -> None:
        """End it, and the processes that it started."""
        if sys.platform == "win32":
            self._process.kill()
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._close()

    def _close(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
