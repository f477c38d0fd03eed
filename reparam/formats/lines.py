"""The lines of a text, for the formats that are text."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from reparam.errors import InputError

__all__ = ["LONGEST", "Lines", "opened"]

#: Characters that a line may have: the rest of an endless one is not read.
LONGEST = 2**27


class Lines:
    r"""The lines of a text that are not blank, and the number of the last one that was read.

    Lines end in ``\n``, ``\r\n`` or ``\r``.

    Attributes
    ----------
    number
        The number of the last line that was read, from 1.
    """

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while line := self._text.readline(LONGEST + 1):
            self.number += 1
            if len(line) > LONGEST:
                raise InputError(
                    f"line {self.number} has more than {LONGEST:,} characters; break it"
                )
            if "\0" in line:
                raise InputError(f"it is not text: line {self.number} has a byte 0")
            if not line.isspace():
                return line
        raise StopIteration


@contextmanager
def opened(source: BinaryIO) -> Iterator[Lines]:
    """Give the lines of a source, which stays open."""
    text = io.TextIOWrapper(source, encoding="utf-8-sig")
    try:
        yield Lines(text)
    finally:
        text.detach()
