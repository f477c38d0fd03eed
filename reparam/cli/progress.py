"""A progress bar on stderr, when someone is there to see it and the work is long."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reparam.formats.records import Block

__all__ = ["PATIENCE", "Counter", "tracked"]

#: Seconds of work before the bar appears.
PATIENCE = 1.0


def tracked(blocks: Iterator[Block], total: int) -> Iterator[Block]:
    """Yield the blocks, showing how many of `total` elements are done, the rate and time left."""
    if not sys.stderr.isatty():
        yield from blocks
        return
    started, done = time.monotonic(), 0
    for block in blocks:
        yield block
        done += len(next(iter(block.values())).ravel())
        if time.monotonic() - started > PATIENCE:
            break
    else:
        return

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("[progress.percentage]{task.percentage:>3.0f}%"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task("", total=total, completed=done, rate="")
        for block in blocks:
            yield block
            done += len(next(iter(block.values())).ravel())
            rate = done / (time.monotonic() - started)
            progress.update(task, completed=done, rate=f"{rate / 1e6:.3g} M/s")


class Counter:
    """A bar on stderr, when someone is there to see it: how many of all are done.

    Parameters
    ----------
    what
        What is counted.
    patience
        Seconds of work before the bar appears.
    """

    def __init__(self, what: str = "checks", patience: float = 0.0) -> None:
        self._bar: Any = None
        self._what, self._start = what, time.monotonic() + patience

    def __call__(self, done: int, total: int) -> None:
        """Show how many are done."""
        if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
            return
        if self._bar is None:
            if time.monotonic() < self._start:
                return
            self._bar = _counting(self._what, total)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done)
        if done == total:
            self._bar.stop()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Take the bar away while something is printed, perhaps on the same terminal."""
        shown = self._bar is not None and not self._bar.finished
        if shown:
            self._bar.stop()
        try:
            yield
        finally:
            if shown:
                self._bar.start()

    def __enter__(self) -> Counter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def _counting(what: str, total: int) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        MofNCompleteColumn(),
        TextColumn(what),
        BarColumn(bar_width=None),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    bar.add_task("", total=total)
    return bar
