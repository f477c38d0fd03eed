"""From the text of options to values, with messages that name what to write instead."""

from __future__ import annotations

import math
import re
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reparam.cli import reading
from reparam.errors import (
    CountError,
    InputError,
    ParameterError,
    SeedError,
    ShapeError,
    UnknownParameterError,
)

if TYPE_CHECKING:
    import numpy as np

    from reparam._typing import Array
    from reparam.base.distribution import Distribution
    from reparam.base.reparameterized import Reparameterized

__all__ = [
    "assignments",
    "by_draw",
    "chosen",
    "count",
    "distribution",
    "draws",
    "dtype",
    "law",
    "numbers",
    "reparameterized",
    "seed",
    "seeded",
    "stands_for_numbers",
    "threads",
]


def chosen(
    law: str | None, option_law: str | None, default: str = "gaussian", option: str = "--dist"
) -> str:
    """Return the one law that is named, as an argument or by an option."""
    if law is not None and option_law is not None:
        raise InputError(f"{law} and {option} {option_law} are two distributions; name one")
    return next((each for each in (law, option_law) if each is not None), default)


def count(text: str, what: str = "count", least: int = 0, example: str = "1000 or 1e6") -> int:
    """Return a whole number: ``1000``, ``1e6`` and ``1_000_000`` are understood."""
    try:
        value = Decimal(text)
        fine = value.is_finite() and least <= value < 2**63 and value == value.to_integral_value()
    except InvalidOperation:
        fine = False
    if not fine:
        raise CountError(
            f"{what} {text!r} is not a whole number from {least} to 2**63 - 1;"
            f" pass for example {example}"
        )
    return int(value)


@contextmanager
def seeded(text: str | None) -> Iterator[int]:
    """Give the seed, or a fresh one: then report it on stderr, once draws came out of it."""
    if text is not None:
        yield seed(text)
        return
    fresh, failed = secrets.randbits(64), False
    try:
        yield fresh
    except Exception:
        failed = True
        raise
    finally:  # also when Ctrl-C cuts a long run short
        if not failed:
            sys.stderr.write(f"Fresh seed; repeat with --seed {fresh}\n")


def seed(text: str) -> int:
    """Return a seed: any non-negative integer."""
    digits = text.strip().replace("_", "")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 4000:
        raise SeedError(f"seed {text!r} is not a non-negative integer; pass for example --seed 42")
    return int(digits)


def draws(n: str | None, shard: str | None, batch: tuple[int, ...]) -> range:
    """Return the numbers of the draws in shard ``K/N``; of all without one.

    Parameters
    ----------
    n
        How many draws. Default: ten.
    shard
        ``K/N``, or None.
    batch
        The shape of a draw.
    """
    from reparam import sampling

    total = 10 if n is None else count(n)
    if total * math.prod(batch) >= 2**63:
        raise CountError(
            f"{total} draws of shape {batch} are 2**63 numbers or more; pass a smaller --count"
        )
    if shard is None:
        return range(total)
    match = re.fullmatch("([0-9]{1,19})/([0-9]{1,19})", shard)
    if match is None:
        raise CountError(f"shard {shard!r} is not of the form K/N; pass for example --shard 1/4")
    return sampling.shard(total, int(match[1]), int(match[2]))


def dtype(text: str) -> np.dtype[np.float64] | np.dtype[np.float32]:
    """Return the type of that name."""
    import numpy as np

    if text not in ("float64", "float32"):
        raise InputError(f"dtype {text!r} is not float64 or float32; pass one of the two")
    return np.dtype(np.float64) if text == "float64" else np.dtype(np.float32)


def threads(text: str | None) -> int:
    """Return how many threads to use, by default as many as the library would."""
    if text is not None:
        return count(text, "number of threads", least=1, example="2")
    from reparam.engine.threads import thread_count

    return thread_count()


def law(text: str) -> type[Distribution] | Distribution:
    """Return the distribution that is meant: a class, if its parameters are left open.

    Parameters
    ----------
    text
        A name of the registry, ``gaussian``; an expression, ``gaussian(loc=1)``; or what a module
        or a file has, ``package.module:Class`` or ``path/to/file.py:instance``, which expressions
        may have in them, too.
    """
    from reparam import importing, registry, spelling

    if spelling.is_name(text):
        return registry.constructor(text.strip())
    with importing.importable(Path.cwd()):
        if ":" in text and "(" not in text:
            return importing.imported_law(text.strip())
        return spelling.read(text, imported=importing.imported_law)


def reparameterized(
    text: str, parameters: list[str] | None, instead: str = "--loss y"
) -> Reparameterized:
    """Return the distribution that is meant, with its parameters, if it has a reparameterization.

    Parameters
    ----------
    text, parameters
        What was written.
    instead
        The option with which a parameter may be a formula, for messages.
    """
    from reparam import registry
    from reparam.base.reparameterized import Reparameterized

    found = law(text)
    cls = found if isinstance(found, type) else type(found)
    if not (issubclass(cls, Reparameterized) and cls._support.rank):
        registry.reparameterized_class(cls)
    remedy = f"; a formula needs a loss, such as {instead}"
    drawn: Any = _with(found, parameters, remedy=remedy)
    return drawn  # type: ignore[no-any-return]


def distribution(text: str, parameters: list[str] | None, option: str = "-p") -> Distribution:
    """Return the distribution that is meant, with parameters that an option gives."""
    return _with(law(text), parameters, option)


def _with(
    found: type[Distribution] | Distribution,
    parameters: list[str] | None,
    option: str = "-p",
    remedy: str = "",
) -> Distribution:
    """Return a distribution with parameters given as ``name=value``, in place of those it has."""
    texts = assignments(found, parameters or [], option)
    values = {
        name: numbers(value, f"parameter {key}", key, name, remedy=remedy)
        for name, (key, value) in texts.items()
    }
    if isinstance(found, type):
        return found(**values)
    return found.replace(values) if values else found


def assignments(
    law: type[Distribution] | Distribution, parameters: Sequence[str], option: str = "-p"
) -> dict[str, tuple[str, str]]:
    """Return, by parameter, the name by which it was given and the text of its value."""
    known = law.parameters if isinstance(law, type) else law._replaceable
    pairs = []
    for text in parameters:
        key, equals, value = text.partition("=")
        key, value = key.strip(), value.strip()
        canonical = known.canonical(key, value)
        if not equals or not value:
            raise UnknownParameterError(
                f"parameter {key!r} has no value; write for example"
                f" {option} {key}={known[canonical].initial_text}"
            )
        pairs.append((key, (key, value)))
    return known.by_name(pairs)


def numbers(
    text: str, what: str, *columns: str, remedy: str = "", may_be_empty: bool = False
) -> Array:
    """Return the numbers that an option's value stands for.

    Parameters
    ----------
    text
        A number, several with commas between, nested lists in brackets, ``@FILE``,
        ``@FILE:COLUMN``, or ``-`` for stdin.
    what
        What they are, for messages.
    columns
        The names to look for in a file with several columns.
    remedy
        What else the message may offer for text that is neither a number nor a file's name.
    may_be_empty
        Whether a header without numbers will do.
    """
    import numpy as np

    if reading.is_file(text):
        return _of_file(text, what, columns, may_be_empty)
    values = _typed(text)
    if values is None and text.startswith("["):
        return _nested(text, what)
    if values is None:
        hint = f"; for a file write @{text}" if text and Path(text).exists() else remedy
        raise ParameterError(f"{what}: {text!r} is not a number{hint}")
    return np.array(values[0] if len(values) == 1 else values)


def stands_for_numbers(text: str) -> bool:
    """Whether :func:`numbers` takes the text: otherwise it may be a formula."""
    return reading.is_file(text) or text.startswith("[") or _typed(text) is not None


def _typed(text: str) -> list[float] | None:
    """Return the numbers of which text consists, with commas between, or None.

    Integers that float64 lacks stay integers, for parameters that must be one to refuse them.
    """
    try:
        return [_number(cell) for cell in text.split(",")]
    except ValueError:
        return None


def _nested(text: str, what: str) -> Array:
    """Return the array that nested lists in brackets are, as JSON and Python write them."""
    import json

    from reparam.real_arrays import as_real_array

    try:
        return as_real_array(what, json.loads(text))
    except (ValueError, RecursionError):
        raise ParameterError(
            f"{what}: {reading.brief(text)} is not a list of numbers, or of lists of one length;"
            " write for example [0,1] or [[1,0],[0.5,1]]"
        ) from None


def _number(cell: str) -> float:
    number = float(cell)
    digits = cell.strip().lstrip("+-").replace("_", "")
    if abs(number) < 2.0**53 or not digits.isdecimal() or len(digits) > 300:
        return number
    return int(cell)


def by_draw(values: Array, draw: tuple[int, ...]) -> Array:
    """Return noise with the shape (draws, *draw)."""
    size = math.prod(draw)
    if values.size % size if size else values.size:
        raise ShapeError(
            f"noise has shape {values.shape} and the parameters have shape {draw}:"
            f" pass a multiple of {size} values, one per element of each draw"
        )
    return values.reshape(-1, *draw) if size else values.reshape(0, *draw)


def _of_file(text: str, what: str, names: tuple[str, ...], may_be_empty: bool) -> Array:
    from reparam.real_arrays import as_real_array

    if text.lower().endswith(".json"):
        whole = reading.text(text, what)
        if re.match(r"\s*\[\s*[-+.\d\[]", whole):  # numbers or lists, and no objects with columns
            return _nested(whole, what)
    with reading.columns(text, what) as columns:
        array = as_real_array(what, columns.read(*names))
        if columns.is_text and not array.size and not may_be_empty:
            raise InputError("there are no numbers in it")
        return array
