"""Third-party code by its name: ``package.module:attribute`` and ``path/to/file.py:attribute``."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from io import BytesIO, TextIOWrapper
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from reparam.errors import InputError, PluginWarning, did_you_mean

if TYPE_CHECKING:
    from reparam.base.distribution import Distribution

__all__ = ["importable", "imported", "imported_law", "one_line", "origin", "quietly", "said"]

T = TypeVar("T")

_SUFFIX = ".py:"

#: Files whose frames never are the place of a mistake in third-party code.
_OWN = (str(Path(__file__).parent / "verification"), __file__, "<frozen")


def imported(spec: str) -> Any:
    """Return what a module, or a file, has under a name.

    What importing prints goes into a warning, because stdout is for data.

    Parameters
    ----------
    spec
        ``package.module:attribute`` or ``path/to/file.py:attribute``; an attribute may have dots.

    Raises
    ------
    InputError
        If the module can't be imported, or has no such attribute.
    """
    is_file = _SUFFIX in spec
    module, _, attribute = spec.partition(_SUFFIX if is_file else ":")
    module += ".py" * is_file
    if not (module and attribute):
        raise InputError(f"{spec} is incomplete; write package.module:attribute")
    try:
        found, printed = quietly(lambda: _of_file(module) if is_file else import_module(module))
    except (Exception, SystemExit) as error:  # whatever a third-party module raises
        if not is_file and "/" in module:
            raise InputError(f"{spec} names no Python file; write path/to/file.py:name") from None
        raise InputError(f"{spec} can't be imported: {said(error)}{origin(error)}") from error
    if printed:
        warnings.warn(
            one_line(f"importing {module} prints {printed[:60]!r}; it should print nothing"),
            PluginWarning,
            stacklevel=2,
        )
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            owner = module if isinstance(found, ModuleType) else getattr(found, "__name__", spec)
            raise InputError(
                f"{spec}: {owner} has no {part!r}{did_you_mean(part, dir(found))}"
            ) from None
    return found


def imported_law(spec: str) -> type[Distribution] | Distribution:
    """Return the distribution, or the class of one, that a module or a file has.

    Raises
    ------
    InputError, IncompleteError
        If it has none of that name, or the class lacks something.
    """
    from reparam.base.distribution import Distribution

    found = imported(spec)
    if isinstance(found, type) and issubclass(found, Distribution):
        found._need_complete()
        return found
    if isinstance(found, Distribution):
        return found
    kind = f"the class {found.__name__}" if isinstance(found, type) else type(found).__name__
    raise InputError(
        f"{spec} is not a distribution but {kind}; name a subclass of reparam.Distribution, or an"
        " instance of one"
    )


@contextmanager
def importable(directory: Path | str) -> Iterator[None]:
    """Let modules in a directory be imported, as ``python -m`` does."""
    place = str(directory)
    sys.path.insert(0, place)
    try:
        yield
    finally:
        sys.path.remove(place)


def quietly(load: Callable[[], T]) -> tuple[T, str]:
    """Return what a function returns, and what it printed, which does not go to stdout."""
    printed = TextIOWrapper(BytesIO(), encoding="utf-8", errors="replace", write_through=True)
    with redirect_stdout(printed):
        result = load()
    return result, printed.buffer.getvalue().decode()


def _of_file(path: str) -> ModuleType:
    """Import a file once, as a module of that path."""
    name = os.path.realpath(path)
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, name)
    assert spec is not None  # since the name ends in .py
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        with importable(Path(name).parent):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def said(error: BaseException) -> str:
    """Return an exception's type, and its message, if it has one."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def origin(error: BaseException) -> str:
    """Return where third-party code raised something: ``" (dists.py:12)"``, or nothing."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(_OWN)]
    own = [frame for frame in own if "importlib" not in frame.filename]
    return f" ({own[-1].filename.rpartition(os.sep)[2]}:{own[-1].lineno})" if own else ""


def one_line(text: str) -> str:
    """Return text in one line, without control characters: CI services take commands from lines."""
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
