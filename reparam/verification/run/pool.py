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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self

from reparam.errors import ReparamError
from reparam.verification.run.worker import BOOT, Answer, Begun, Lost, Ready, Unreadable

__all__ = ["Pool", "Task", "pickled"]

#: A function and its arguments, by keyword.
Task = tuple[Any, Mapping[str, Any]]

#: In a process group of its own, a worker does not get the terminal's Ctrl-C, and can be killed
#: with whatever processes the target started (not on Windows, where it is killed alone).
_GROUP: dict[str, Any] = (
    {"creationflags": 0x200}  # CREATE_NEW_PROCESS_GROUP, which subprocess has there only
    if sys.platform == "win32"
    else {"process_group": 0}
)
#: Seconds between looks at the clock: where a wait can't be interrupted (Windows), Ctrl-C needs it.
_TICK = 1.0
#: The share of the processor's time that a process has at least, unless it does nothing, and how
#: many times its limit may pass.
_IDLE, _PATIENCE = 0.02, 20.0
#: Seconds for a process that has closed its pipe to end.
_GRACE = 2.0
#: Seconds, at least, for a worker to start, and for what a task names to be imported.
_START, _IMPORT = 60.0, 20.0
#: Of several workers each computes in one thread, if this is heeded.
_THREADS = (
    *("REPARAM_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    *("NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
)


def pickled(tasks: Mapping[int, Task]) -> tuple[dict[int, bytes], list[tuple[int, Answer]]]:
    """Return tasks that can be pickled, by number, and an answer to each of the others."""
    readable: dict[int, bytes] = {}
    unreadable: list[tuple[int, Answer]] = []
    for number, task in tasks.items():
        try:
            readable[number] = pickle.dumps(task)
        except Exception:  # whatever a user-supplied __reduce__ raises
            unreadable.append((number, Unreadable()))
    return readable, unreadable


class Pool:
    """Up to `size` worker processes, started when there is work for them.

    Parameters
    ----------
    size
        The number of workers. With more than one, each computes in one thread.
    time_limit
        Seconds for a task, once what it names has been imported.
    before
        Directories for the front of the workers' ``sys.path``.
    alone
        Whether a worker may compute in all threads. Default: if it is the only one.
    """

    def __init__(
        self,
        size: int,
        time_limit: float,
        before: Sequence[str] = (),
        *,
        alone: bool | None = None,
    ) -> None:
        self._size, self._limit, self._before = size, time_limit, list(before)
        self._alone = size == 1 if alone is None else alone
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

        Raises ReparamError if worker processes can't be started.
        """
        readable, unreadable = pickled(tasks)
        yield from unreadable
        yield from self.answers_to(readable)

    def answers_to(self, tasks: Mapping[int, bytes]) -> Iterator[tuple[int, Answer]]:
        """Yield the same of tasks that are pickled."""
        waiting = [*tasks.items()][::-1]
        unanswered, again = len(waiting), dict(waiting)
        while unanswered:
            while len(self._workers) < min(self._size, unanswered):
                self._workers.append(
                    _Worker(self._inbox, self._before, self._limit, alone=self._alone)
                )
            for worker in self._workers:
                if waiting and worker.idle:
                    worker.give(*waiting.pop())
            worker, message = self._next()
            if worker not in self._workers:
                continue  # it was killed: its pipe ends
            if isinstance(message, Ready | Begun):
                worker.goes_on(message)
                continue
            done, worker.task, worker.deadline = worker.task, None, math.inf
            if isinstance(message, Lost) and message.is_gone:
                self._workers.remove(worker)
                if not worker.ready:
                    raise ReparamError(
                        f"a worker process can't start: {message.reason}; stderr has its output"
                    )
                # what another task has left behind in its process may be to blame: once more
                if message.died and worker.answered and done in again:
                    waiting.append((done, again.pop(done)))
                    continue
            worker.answered += 1
            if done is not None:
                unanswered -= 1
                yield done, message

    def _next(self) -> tuple[_Worker, Ready | Begun | Answer]:
        """Wait for the next message; for a worker that is late or dead, say so."""
        while True:
            left = min(worker.deadline for worker in self._workers) - time.monotonic()
            try:
                worker, message = self._inbox.get(timeout=min(max(left, 0.0), _TICK))
            except queue.Empty:
                late = [each for each in self._workers if each.is_late]
                if not late:
                    continue
                late[0].kill()
                return late[0], late[0].too_late()
            if message is None:
                message = Lost(worker.obituary(), time.monotonic() - worker.since, True, True)
            return worker, message


class _Worker:
    """A worker process, and what it is doing."""

    def __init__(
        self,
        inbox: queue.SimpleQueue[tuple[_Worker, Any]],
        before: list[str],
        limit: float,
        *,
        alone: bool,
    ) -> None:
        threads = {} if alone else {name: os.environ.get(name, "1") for name in _THREADS[1:]}
        threads |= {} if alone else {_THREADS[0]: "1"}
        self._limit, self._begun = limit, False
        self.ready, self.answered = False, 0
        self.task: int | None = None
        places = [str(place) for place in sys.path]
        if places[: len(before)] == before:
            places = places[len(before) :]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", BOOT, json.dumps([before, places])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **threads},
            **_GROUP,
        )
        self._start_clock(max(_START, limit))
        Thread(target=self._listen, args=(inbox,), daemon=True).start()

    @property
    def idle(self) -> bool:
        """Whether it can be given a task."""
        return self.ready and self.task is None

    def give(self, number: int, task: bytes) -> None:
        """Make it work on a task."""
        assert self._process.stdin is not None
        self.task, self._begun = number, False
        self._start_clock(max(_IMPORT, self._limit))
        with suppress(BrokenPipeError):  # it is dead, and its pipe is closed
            pickle.dump(task, self._process.stdin)
            self._process.stdin.flush()

    def goes_on(self, message: Ready | Begun) -> None:
        """Note that it is ready for tasks, or has begun with one."""
        self.ready, self._begun = True, isinstance(message, Begun)
        self._start_clock(self._limit if self._begun else math.inf)

    def _start_clock(self, seconds: float) -> None:
        """Note that its time begins, and when to look at the clock."""
        self.since = self._looked = time.monotonic()
        self._allowed, self._begun_with = seconds, self._own_time()
        self._used, self.deadline = 0.0, self.since + seconds

    @property
    def is_late(self) -> bool:
        """Whether its time is over: that of the process itself, unless it does nothing.

        Otherwise what others have taken of the processor is added to its deadline.
        """
        now = time.monotonic()
        if now < self.deadline:
            return False
        used, passed = self._own_time() - self._begun_with, now - self._looked
        idle = not used - self._used > _IDLE * passed
        if idle or used >= self._allowed or now - self.since > _PATIENCE * self._allowed:
            return True
        self._used, self._looked = used, now
        self.deadline = now + max(self._allowed - used, _TICK)
        return False

    def _own_time(self) -> float:
        """Return how many seconds of the processor the process has had; NaN where none says."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
            return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, AttributeError):
            return math.nan

    def too_late(self) -> Lost:
        """Return the finding of its last task."""
        seconds = time.monotonic() - self.since
        if self._begun:
            reason = (
                f"not finished within {self._limit:g} s; --time-limit {10 * self._limit:g} allows"
            )
            return Lost(f"{reason} for more", self._limit, is_gone=True, is_late=True)
        what = "importing it takes" if self.ready else "it takes"
        return Lost(f"{what} more than {seconds:.0f} s", seconds, is_gone=True)

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
        self.kill()
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
