"""A progress bar on stderr, when someone is there to see it and the work is long."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reparam.formats.records import Block

__all__ = ["tracked"]

#: Seconds of work before the bar appears.
_PATIENCE = 1.0


def tracked(blocks: Iterator[Block], total: int) -> Iterator[Block]:
    """Yield the blocks, showing how many of `total` elements are done, the rate and time left."""
    if not sys.stderr.isatty():
        yield from blocks
        return
    started, done = time.monotonic(), 0
    for block in blocks:
        yield block
        done += len(next(iter(block.values())).ravel())
        if time.monotonic() - started > _PATIENCE:
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
