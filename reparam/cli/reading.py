"""From files and stdin to columns of numbers, with messages that name the option and the file."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO

from reparam.errors import InputError, ReparamError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reparam.formats import Origin

__all__ = ["Columns", "brief", "columns", "is_file", "stdin", "text"]

#: Characters of a text that a message shows.
_BRIEF = 60

#: Bytes that are read of a pipe at a time.
_PIECE = 2**20

#: Formats whose numbers are decimal.
_TEXTS = ("csv", "json", "jsonl")

#: What an array file begins with, whatever it is called.
_ARRAY = b"\x93NUMPY"


def is_file(text: str) -> bool:
    """Whether an option's value stands for a file: ``@FILE``, ``@FILE:COLUMN``, or ``-``."""
    return text == "-" or text.startswith("@")


def stdin() -> BinaryIO:
    """Return stdin.

    Raises
    ------
    InputError
        If it is closed.
    """
    if sys.stdin is None:  # ``<&-``
        raise InputError("it is closed")
    return sys.stdin.buffer


@dataclass(frozen=True)
class Columns:
    """The columns of an open file.

    Attributes
    ----------
    source
        The file.
    kind
        The name of its format.
    column
        The column that the option's value names, or an empty string.
    """

    source: BinaryIO
    kind: str
    column: str = ""

    @property
    def is_text(self) -> bool:
        """Whether numbers are decimal, and rounded to the digits that there are."""
        return self.kind in _TEXTS

    def read(self, *names: str) -> NDArray[Any]:
        """Return the chosen column, or else the first of those names, or else the only one."""
        from reparam import formats

        self._rewind()
        wanted = (self.column,) if self.column else names
        return formats.load(self.kind).read(self.source, wanted, bool(self.column))

    def exactly(self, name: str) -> NDArray[Any] | None:
        """Return the column of that name, if there is one."""
        from reparam import formats
        from reparam.formats.records import NoColumnError

        self._rewind()
        try:
            return formats.load(self.kind).read(self.source, (name,), True)
        except NoColumnError:
            return None

    def origin(self) -> Origin | None:
        """Return what the draws in it are from, if it holds that."""
        from reparam import formats

        self._rewind()
        return formats.origin(self.kind, self.source)

    def _rewind(self) -> None:
        if self.source.seekable():
            self.source.seek(0)


@contextmanager
def columns(text: str, what: str) -> Iterator[Columns]:
    """Open the file, or stdin, that an option's value stands for.

    Parameters
    ----------
    text
        The value.
    what
        What the numbers are, for messages.

    Raises
    ------
    InputError
        If it can't be opened, or, in the block, read.
    """
    name, column = ("stdin", "") if text == "-" else _parts(text.removeprefix("@"))
    if not name:
        raise InputError(f"{what}: @ needs the name of a file; write @FILE or @FILE:COLUMN")
    try:
        if text == "-":
            yield _of(io.BytesIO(_slurped(stdin())), "csv")
        else:
            with open(name, "rb") as source:  # noqa: PTH123 - an open file that knows its name
                yield _of(source, _kind(name), column)
    except UnicodeDecodeError:
        reason = "it is not text in UTF-8"
    except MemoryError:
        reason = "there is not enough memory for it"
    except InputError as error:
        reason = str(error)
    except ReparamError:
        raise
    except (OSError, ValueError) as error:  # a ValueError: the name has a byte 0
        reason = getattr(error, "strerror", None) or str(error)
    else:
        return
    raise InputError(f"{what}: can't read {name}: {reason}")


def text(name: str, what: str) -> str:
    """Return all text of the file that an option's value stands for.

    Raises
    ------
    InputError
        If it can't be read.
    """
    with columns(name, what) as opened:
        return opened.source.read().decode()


def brief(text: str) -> str:
    """Return a text for a message, cut off if it is long."""
    return repr(text) if len(text) <= _BRIEF else f"{text[:_BRIEF]!r}…"


def _parts(name: str) -> tuple[str, str]:
    """Return the name of a file and that of a column, which may be empty."""
    path, colon, column = name.rpartition(":")
    return (path, column) if colon and not os.path.lexists(name) else (name, "")


def _kind(name: str) -> str:
    from reparam import formats

    return formats.by_suffix(name) or "csv"


def _of(source: io.BufferedReader | io.BytesIO, kind: str, column: str = "") -> Columns:
    """Return the columns of a file: of a pipe once all is read."""
    piped = isinstance(source, io.BufferedReader) and not stat.S_ISREG(_mode(source))
    if piped:
        source = io.BytesIO(_all(source, kind))
    if source.read(len(_ARRAY)) == _ARRAY:  # a pipe has no suffix
        kind = "npy"
    source.seek(0)
    return Columns(source, kind, column)


@lru_cache(maxsize=1)
def _slurped(source: BinaryIO) -> bytes:
    """Return all of stdin: read once, however many options take a column of it."""
    return _all(source, "csv")


def _all(source: BinaryIO, kind: str) -> bytes:
    """Return all that comes out of a pipe; what never ends, or is not text, is refused early."""
    pieces = [source.read(_PIECE)]
    if pieces[0] and _is_device(source):
        raise InputError("it is a device, not a file or a pipe")
    text = kind in _TEXTS and not pieces[0].startswith(_ARRAY)
    while piece := pieces[-1]:
        if text and b"\0" in piece:
            raise InputError("it is not text: it has a byte 0")
        pieces.append(source.read(_PIECE))
    return b"".join(pieces)


def _is_device(source: BinaryIO) -> bool:
    """Whether a source is a device that may have no end, as /dev/zero, and no terminal."""
    mode = _mode(source)
    return (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)) and not source.isatty()


def _mode(source: BinaryIO) -> int:
    """Return the kind of file of a source as ``os.stat`` does: 0 if it is not a file."""
    try:
        return os.fstat(source.fileno()).st_mode
    except OSError:
        return 0
