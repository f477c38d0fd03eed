"""Where records go: a file that appears only when it is complete, or stdout."""

from __future__ import annotations

import errno
import io
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from reparam.cli.progress import tracked
from reparam.errors import InputError, OutputError, did_you_mean

if TYPE_CHECKING:
    from reparam.formats import Records
    from reparam.formats.records import Block

__all__ = [
    "abandon_stdout",
    "can_show",
    "colourful",
    "destination",
    "format_for",
    "on_terminal",
    "real_path",
    "typed",
    "write",
    "write_text",
]


def format_for(out: str, name: str | None) -> str:
    """Return the format's name: as asked for, by the file's suffix, or fit for stdout."""
    from reparam import formats

    if name == "zarr" or (name is None and Path(out).suffix == ".zarr"):
        raise InputError("zarr is a folder of chunks, which workers write; add --dask local")
    if name is None:
        if out == "-":
            return "table" if on_terminal() else "csv"
        if not out:
            raise InputError("--out needs the name of a file, or '-' for stdout")
        name = formats.by_suffix(out)
        if name is None:
            known = ", ".join(suffix for suffixes in formats.NAMES.values() for suffix in suffixes)
            raise InputError(f"{out} has no suffix of a known format ({known}); pass --format NAME")
    elif name not in formats.NAMES:
        raise InputError(
            f"no format is called {name!r}{did_you_mean(name, formats.NAMES)}"
            f" (there are {', '.join(formats.NAMES)})"
        )
    if name in formats.BINARY and out == "-" and on_terminal():
        raise InputError(f"{name} is binary, nothing for a terminal; pass --out FILE or use a pipe")
    return name


def write(records: Records, out: str, name: str) -> None:
    """Write records, as their columns' types, to a file, or to stdout for ``-``."""
    from reparam import formats
    from reparam.sampling import ahead

    target = formats.load(name)
    _check_room(out, target.minimum_size(records))
    quiet = out == "-" and on_terminal()
    with destination(out) as stream:
        made = typed(records)
        # the first block before a header, and on this thread: what goes wrong with it leaves stdout
        # empty, and if it is all there is, however long it takes, signals are heeded meanwhile
        blocks: Iterator[Block] = chain(list(islice(made, 1)), ahead(made))
        if not quiet:
            blocks = tracked(blocks, records.elements)
        target.write(replace(records, blocks=blocks), stream)


def typed(records: Records) -> Iterator[Block]:
    """Yield the blocks in the columns' types: values outside float32's range become infinite."""
    import numpy as np

    for block in records.blocks:
        with np.errstate(over="ignore"):
            typed = {
                name: block[name].astype(dtype, copy=False)
                for name, dtype in records.columns.items()
            }
        yield typed


def on_terminal() -> bool:
    """Return whether stdout is a terminal."""
    return sys.stdout.isatty()


def can_show(text: str) -> bool:
    """Return whether stdout's encoding has all characters of a text."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def colourful() -> bool:
    """Return whether stdout shows colours: it is a terminal, and nobody wants it plain."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return on_terminal() and not plain


def write_text(text: str, out: str) -> None:
    """Write a chart to a file, or to stdout for ``-``: in ASCII if its encoding has no blocks."""
    from reparam.cli.blocks import ASCII

    encoding = "utf-8" if out != "-" else sys.stdout.encoding or "ascii"
    if out == "-" and not can_show("▁█▙●┤∂θ"):
        text = text.translate(ASCII)
    with destination(out) as stream:
        stream.write(text.encode(encoding, errors="replace"))


def _check_room(out: str, size: int) -> None:
    path = None if out == "-" else real_path(out)
    if path is None or (path.exists() and not path.is_file()):
        return  # not a file on a disk
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:
        return  # opening it will report what is wrong
    if size > free:
        raise OutputError(
            f"{out} would take at least {_human(size)} and there are {_human(free)} free on its"
            " disk; draw fewer, or write shards to several disks (--shard K/N)"
        )


def _human(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} EB"


def real_path(out: str) -> Path:
    """Return the file that is written to, at the end of symbolic links."""
    try:
        path = Path(os.path.realpath(out))  # write through a symbolic link, don't replace it
    except FileNotFoundError:
        raise OutputError(
            f"can't write {out}: the working directory does not exist any more; change to another"
        ) from None
    if path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), out)
    return path


@contextmanager
def destination(out: str) -> Iterator[BinaryIO]:
    """Open a file that appears only when it is complete, or stdout for ``-``.

    Errors in writing to it have its name. Others, perhaps of another output, are left as they are.
    """
    if out == "-":
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    path = real_path(out)
    if path.exists() and not path.is_file():  # a device or a pipe (or a directory: refused)
        with _opened(path, "wb", out) as stream:
            yield stream
    else:
        with _replacing(path, out) as stream:
            yield stream


class _File(io.FileIO):
    """A file whose errors in writing name an output."""

    out: str

    def write(self, data: Any) -> int:
        with _naming(self.out):
            return super().write(data)


@contextmanager
def _naming(out: str) -> Iterator[None]:
    """Let errors of the system name an output."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = out, None
        raise


def _opened(path: Path, mode: str, out: str, descriptor: int | None = None) -> BinaryIO:
    with _naming(out):
        file = _File(path, mode, opener=None if descriptor is None else lambda *_: descriptor)
    file.out = out
    return cast(BinaryIO, io.BufferedWriter(file))


@contextmanager
def _replacing(path: Path, out: str) -> Iterator[BinaryIO]:
    """Open a temporary file beside that file, which takes its place once it is complete."""
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    if mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), out)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    nameless = _nameless(path.parent)
    try:
        # the stream's name is the one that it gets in the end
        with _opened(temporary, "xb" if nameless is None else "wb", out, nameless) as stream:
            if mode is not None:
                with _naming(out):
                    os.chmod(temporary if nameless is None else nameless, mode)  # noqa: PTH101
            yield stream
            stream.flush()
            with _naming(out):
                os.fsync(stream.fileno())
                if nameless is not None:
                    _name(nameless, temporary)
        with _naming(out):
            temporary.replace(path)
    finally:
        with suppress(OSError):  # what went wrong before is the error
            temporary.unlink()


def _nameless(directory: Path) -> int | None:
    """Open a file that has no name yet, so that nothing stays of a killed process; None if not."""
    if not hasattr(os, "O_TMPFILE"):
        return None
    try:
        descriptor = os.open(directory, os.O_TMPFILE | os.O_WRONLY, 0o666)
    except OSError:
        return None  # the file system can't
    if _link(descriptor).exists():
        return descriptor
    os.close(descriptor)
    return None


def _name(descriptor: int, name: Path) -> None:
    """Give a file a name: through the link to it, which only linkat follows."""
    directory = os.open(name.parent, os.O_RDONLY)
    try:
        os.link(_link(descriptor), name.name, dst_dir_fd=directory, follow_symlinks=True)
    finally:
        os.close(directory)


def _link(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}")


def abandon_stdout() -> None:
    """Keep the interpreter from flushing, at exit, what can't be written."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return  # not a real file: a test's capture
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
