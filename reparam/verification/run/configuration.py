"""``[tool.reparam]`` of a project's pyproject.toml: what to verify, and how.

::

    [tool.reparam]
    level = "quick"
    skip = ["continuity"]
    targets = [
        "mypackage.dists:MyLaplace",
        { target = "torch:Beta", rtol = 1e-3, parameters = { concentration1 = 2.0 } },
    ]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from reparam.errors import InputError, ReparamError, did_you_mean
from reparam.verification.run.planning import (
    TIME_LIMITS,
    TargetSpec,
    need_witnesses,
    registered,
    validated,
)

__all__ = ["Configuration", "merged", "read"]

#: What marks a directory as the root of a repository, beyond which nothing is looked for.
_ROOTS = (".git", ".hg", ".jj")


@dataclass(frozen=True)
class Configuration:
    """What a project asks for; None, or nothing, where it doesn't say.

    Attributes
    ----------
    targets
        The targets, with settings of their own.
    root
        The directory that it is from.
    level, seed, rtol, workers, time_limit, dtype
        As for :func:`~reparam.verification.run.running.verify`.
    only, skip
        Names of witnesses.
    """

    targets: tuple[TargetSpec, ...] = ()
    root: Path | None = None
    level: str | None = None
    seed: int | None = None
    rtol: float | None = None
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    workers: int | None = None
    time_limit: float | None = None
    dtype: str | None = None


def merged(asked: Configuration, project: Configuration) -> Configuration:
    """Return what to do, with nothing left open but the seed: as asked here and now, or else there.

    A target that is asked for by name, or by another of its names, keeps the settings that the
    project has for it. What is asked for of all targets (`rtol`, `only`, `skip`) stands in place of
    what the project says of all and of each; without it a target's own setting does, and what is
    skipped adds up. Raises an InputError if that leaves no witness to ask of a target.
    """
    own: dict[str, list[TargetSpec]] = {}
    for spec in project.targets:
        own.setdefault(spec.name, []).append(spec)
    targets = [each for spec in asked.targets for each in own.get(spec.name, [spec])]
    level = _first(asked.level, project.level, "default")
    specs = tuple(
        replace(
            spec,
            rtol=_first(asked.rtol, spec.rtol, project.rtol),
            dtype=_first(asked.dtype, spec.dtype, project.dtype),
            only=asked.only or spec.only or project.only,
            skip=asked.skip or (*spec.skip, *project.skip),
        )
        for spec in targets or project.targets or registered()
    )
    need_witnesses(specs)
    return Configuration(
        targets=specs,
        root=project.root or Path.cwd(),
        level=level,
        seed=_first(asked.seed, project.seed),
        workers=_first(asked.workers, project.workers),
        time_limit=_first(asked.time_limit, project.time_limit, TIME_LIMITS[level]),
    )


def _first(*values: Any) -> Any:
    """Return the first value that is not None, if there is one."""
    return next((value for value in values if value is not None), None)


def read(start: Path) -> Configuration:
    """Return what the nearest pyproject.toml with ``[tool.reparam]`` says.

    Raises InputError if that file can't be read, or has an unknown key or a value of the wrong
    type.
    """
    for directory in (start, *start.parents):
        path = directory / "pyproject.toml"
        if path.is_file() and (table := _table(path)) is not None:
            found = _configuration(table, f"{path}: [tool.reparam]")
            return replace(found, root=directory)
        if any((directory / name).exists() for name in _ROOTS):
            break
    return Configuration()


def _table(path: Path) -> Any:
    """Return the table [tool.reparam], or None."""
    import tomllib

    try:
        tool = tomllib.loads(path.read_text("utf-8")).get("tool", {})
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror or error}") from None
    except ValueError as error:  # no TOML, or no text in UTF-8
        raise InputError(f"can't read {path}: {error}") from None
    except RecursionError:
        raise InputError(f"can't read {path}: it is nested too deeply; leave that out") from None
    return tool.get("reparam") if isinstance(tool, dict) else None


def _configuration(table: Any, where: str) -> Configuration:
    keys = ("targets", "level", "seed", "rtol", "only", "skip", "workers", "time-limit", "dtype")
    return Configuration(**_settings(table, where, keys))


def _settings(table: Any, where: str, keys: Collection[str]) -> dict[str, Any]:
    """Return a table's values, under the names of attributes."""
    if not isinstance(table, dict):
        raise InputError(f"{where} is {table!r}, not a table")
    settings = {}
    for key, value in table.items():
        if key not in keys:
            raise InputError(
                f"{where} has an unknown key {key!r}{did_you_mean(key, keys)}"
                f" (there are {', '.join(keys)})"
            )
        read = _READERS.get(key) or partial(_setting, key.replace("-", " "))
        settings[key.replace("-", "_")] = read(value, f"{where} {key}")
    return settings


def _setting(what: str, value: Any, where: str) -> Any:
    try:
        return validated(what, value)
    except ReparamError as error:
        raise InputError(f"{where}: {error}") from None


def _witnesses(value: Any, where: str) -> tuple[str, ...]:
    return tuple(_setting("witness", name, where) for name in _listed(value, where))


def _targets(value: Any, where: str) -> tuple[TargetSpec, ...]:
    found = [_target(entry, f"{where}[{at}]") for at, entry in enumerate(_listed(value, where))]
    if not found:
        raise InputError(
            f'{where} is empty; name some, such as "mypackage.dists:MyLaplace", or leave it out for'
            " all registered distributions"
        )
    return tuple(found)


def _target(entry: Any, where: str) -> TargetSpec:
    if isinstance(entry, str):
        return TargetSpec(entry)
    if not isinstance(entry, dict):
        raise InputError(f"{where} is {entry!r}, neither a string nor a table with target")
    keys = ("target", "rtol", "dtype", "only", "skip", "parameters")
    settings = _settings(entry, where, keys)
    if "target" not in settings:
        raise InputError(f'{where} lacks target; write for example target = "laplace"')
    return TargetSpec(**settings)


def _parameters(value: Any, where: str) -> dict[str, float]:
    if not isinstance(value, dict):
        raise InputError(f"{where} is {value!r}, not a table of numbers by name")
    for name, number in value.items():
        if not isinstance(number, int | float) or isinstance(number, bool):
            raise InputError(f"{where} {name} is {number!r}, not a number")
        if isinstance(number, int) and abs(number) > sys.float_info.max:
            raise InputError(f"{where} {name} is {number!r}, beyond the range of float64")
    return {name: float(number) for name, number in value.items()}


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"{where} is {value!r}, not a string")
    return value


def _listed(value: Any, where: str) -> Iterable[Any]:
    if not isinstance(value, list):
        raise InputError(f"{where} is {value!r}, not a list")
    return value


#: What reads the value of a key; other keys are single settings.
_READERS: Mapping[str, Callable[[Any, str], Any]] = {
    "targets": _targets,
    "target": _text,
    "parameters": _parameters,
    "only": _witnesses,
    "skip": _witnesses,
}
