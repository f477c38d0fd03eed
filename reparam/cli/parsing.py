"""From the text of options to values, with messages that say what to write instead."""

from __future__ import annotations

import io
import os
import sys
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reparam.errors import CountError, InputError, ParameterError, SeedError, UnknownParameterError

if TYPE_CHECKING:
    import numpy as np

    from reparam._typing import Array
    from reparam.distribution import Reparameterized

__all__ = ["count", "distribution", "dtype", "integer_seed", "numbers", "shard", "use_threads"]


def count(text: str, what: str = "count", least: int = 0) -> int:
    """Return a whole number: ``1000``, ``1e6`` and ``1_000_000`` are understood."""
    try:
        value = Decimal(text)
        fine = value.is_finite() and least <= value < 2**63 and value == value.to_integral_value()
    except InvalidOperation:
        fine = False
    if not fine:
        raise CountError(
            f"{what} {text!r} is not a whole number from {least} to 2**63 - 1;"
            " pass for example 1000 or 1e6"
        )
    return int(value)


def integer_seed(text: str | None) -> int:
    """Return the seed, or a fresh one after saying on stderr which."""
    if text is None:
        from numpy.random import SeedSequence

        seed = SeedSequence().entropy
        assert isinstance(seed, int)
        sys.stderr.write(f"Seed: {seed} (pass --seed {seed} to repeat)\n")
        return seed
    digits = text.strip().replace("_", "")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 4000:
        raise SeedError(f"seed {text!r} is not a non-negative integer; pass for example --seed 42")
    return int(digits)


def shard(text: str | None, n: int) -> range:
    """Return the numbers of the draws in shard ``K/N``; all of them without one."""
    from reparam import sampling

    if text is None:
        return range(n)
    part, slash, parts = text.partition("/")
    if not (slash and part.isdecimal() and parts.isdecimal()):
        raise CountError(f"shard {text!r} is not of the form K/N; pass for example --shard 1/4")
    return sampling.shard(n, int(part), int(parts))


def dtype(text: str) -> np.dtype[np.float64] | np.dtype[np.float32]:
    """Return the type of that name."""
    import numpy as np

    if text not in ("float64", "float32"):
        raise InputError(f"dtype {text!r} is not float64 or float32; pass one of the two")
    return np.dtype(np.float64) if text == "float64" else np.dtype(np.float32)


def use_threads(text: str | None) -> None:
    """Make the library use that many threads."""
    if text is not None:
        os.environ["REPARAM_NUM_THREADS"] = str(count(text, "number of threads", least=1))


def distribution(name: str, parameters: list[str] | None) -> Reparameterized:
    """Return the distribution of that name with parameters given as ``name=value``."""
    from reparam import registry
    from reparam.distribution import Reparameterized

    cls = registry.get(name)
    pairs = []
    for text in parameters or []:
        key, equals, value = text.partition("=")
        key, value = key.strip(), value.strip()
        canonical = cls.parameters.canonical(key)
        if not equals or not value:
            raise UnknownParameterError(
                f"parameter {key!r} has no value; write for example"
                f" -p {key}={cls.parameters[canonical].default:g}"
            )
        pairs.append((key, numbers(value, f"parameter {key}", key, canonical)))
    made = cls(**cls.parameters.by_name(pairs))
    assert isinstance(made, Reparameterized)
    return made


def numbers(text: str, what: str, *columns: str) -> Array:
    """Return the numbers that an option's value stands for.

    Parameters
    ----------
    text
        A number, several with commas between, ``@FILE``, ``@FILE:COLUMN``, or ``-`` for stdin.
    what
        What they are, for messages.
    columns
        The names to look for in a file with several columns.
    """
    import numpy as np

    if text == "-":
        return _read("stdin", io.BufferedReader(io.BytesIO(_stdin())), what, columns, "csv")
    if text.startswith("@"):
        return _file(text[1:], what, columns)
    try:
        values = [float(cell) for cell in text.split(",")]
    except ValueError:
        hint = f"; for a file write @{text}" if Path(text).exists() else ""
        raise ParameterError(f"{what}: {text!r} is not a number{hint}") from None
    return np.array(values[0] if len(values) == 1 else values)


@cache
def _stdin() -> bytes:
    """Return all of stdin: read once, however many options take a column of it."""
    return sys.stdin.buffer.read()


def _file(name: str, what: str, columns: tuple[str, ...]) -> Array:
    from reparam import formats

    path, colon, column = name.rpartition(":")
    if colon and not Path(name).exists():
        name, columns = path, (column,)
    try:
        with open(name, "rb") as source:  # noqa: PTH123 - an open file that knows its name
            return _read(name, source, what, columns, formats.by_suffix(name) or "csv")
    except OSError as error:
        raise InputError(f"{what}: can't read {name}: {error.strerror}") from None


def _read(
    name: str, source: io.BufferedReader[Any], what: str, columns: tuple[str, ...], kind: str
) -> Array:
    from reparam import formats
    from reparam.parameters import as_real_array

    if source.peek(6).startswith(b"\x93NUMPY"):  # a pipe has no suffix
        kind = "npy"
    try:
        return as_real_array(what, formats.load(kind).read(source, columns))
    except (InputError, UnicodeDecodeError) as error:
        raise InputError(f"{what}: can't read {name}: {error}") from None
