"""Threads: how many, and those that are kept."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TypeVar

from reparam.errors import ReparamError

__all__ = ["available", "in_order", "pool", "thread_count", "threads"]

S = TypeVar("S")
T = TypeVar("T")

#: How many threads to use, where :func:`threads` sets it.
_wanted: ContextVar[int | None] = ContextVar("_wanted", default=None)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Use that many threads within a ``with`` statement.

    Examples
    --------
    >>> import reparam as rp
    >>> with rp.threads(1):
    ...     draw = rp.Gaussian().rsample(1_000_000, rng=1)
    """
    if count < 1:
        raise ReparamError(f"{count} threads can't work; pass a positive integer")
    before = _wanted.set(count)
    try:
        yield
    finally:
        _wanted.reset(before)


def thread_count() -> int:
    """Return how many threads to use.

    That is the number of :func:`threads`, or ``REPARAM_NUM_THREADS``, or one per available core.
    """
    if (wanted := _wanted.get()) is not None:
        return wanted
    text = os.environ.get("REPARAM_NUM_THREADS", "")
    if not text:
        affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
        return len(affinity(0)) if affinity else os.cpu_count() or 1
    if not text.isdecimal() or int(text) < 1:
        raise ReparamError(f"REPARAM_NUM_THREADS={text} is not a positive integer; set or unset it")
    return int(text)


@cache
def pool(workers: int) -> ThreadPoolExecutor:
    """Return threads that are kept: to start one costs as much as a hundred thousand sums."""
    return ThreadPoolExecutor(workers, thread_name_prefix="reparam")


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=pool.cache_clear)


class _State(threading.local):
    """Whether this thread is one of several already, at work on something larger."""

    nested = False


_state = _State()


def in_order(function: Callable[[S], T], items: Sequence[S]) -> Iterator[T]:
    """Yield ``function(item)`` for each item, in order; several threads work a few items ahead.

    What a function evaluates block by block stays on its thread: to wait there for other threads,
    all of which wait likewise, would never end.
    """
    workers = min(thread_count(), len(items))
    if workers < 2:
        yield from map(function, items)
        return

    def alone(item: S) -> T:
        _state.nested = True
        try:
            return function(item)
        finally:
            _state.nested = False

    kept, coming = pool(workers), deque[Future[T]]()
    try:
        for item in items:
            coming.append(kept.submit(alone, item))
            if len(coming) > 2 * workers:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:
        for future in coming:
            future.cancel()


def available(tasks: int) -> int:
    """Return how many threads may work on the tasks: one where others work already."""
    return 1 if _state.nested else min(thread_count(), tasks)
