"""From what was asked for, a name or a thing, to the target that it is."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from reparam import registry, spelling
from reparam.base.discrete import Discrete
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.errors import InputError, UnknownDistributionError
from reparam.importing import imported, imported_law
from reparam.verification.targets.atoms import WithAtoms
from reparam.verification.targets.objects import Object
from reparam.verification.targets.registered import Masses, Registered
from reparam.verification.targets.sampled_vectors import declares_vectors, of_object
from reparam.verification.targets.target import Target
from reparam.verification.targets.vectors import Vectors

__all__ = ["LIBRARIES", "name_of", "place_of", "resolve"]

#: Libraries whose samplers can be named as ``library:sampler``, and their packages.
LIBRARIES = {
    "torch": "torch",
    "jax": "jax",
    "numpyro": "numpyro",
    "distrax": "distrax",
    "tfp": "tensorflow_probability",
}


def resolve(spec: Any, fixed: Mapping[str, float] | None = None, dtype: str = "float64") -> Target:
    """Return the target that is meant.

    Parameters
    ----------
    spec
        A registered distribution's name, or one with parameters as ``repr`` writes it;
        ``"package.module:attribute"`` or ``"path/to/file.py:attribute"``; ``"library:sampler"``
        with a library of :data:`LIBRARIES`; or the thing itself.
    fixed
        Parameters, by name or alias, to keep at these values.
    dtype
        ``"float32"`` for draws in single precision.

    Raises UnknownDistributionError, InputError, MissingExtraError if there is no such thing, or it
    lacks part of the protocol.
    """
    target = _found(spec, fixed or {})
    target.fixed = {**target.fixed, **target.canonical(fixed or {})}
    if dtype != "float64":
        if not target.may_be_slow or target.length:
            raise InputError(
                f"{target.name} draws in float64; {dtype} can be asked for of third-party samplers"
                " of numbers"
            )
        target.dtype = np.float32
    return target


def name_of(spec: Any) -> str:
    """Return what to call a target.

    A registered distribution has its canonical name, whatever alias is given; one with parameters
    is called as it is written. An object of no name of its own has its class's: what ``repr``
    makes of it may be an address.

    Examples
    --------
    >>> name_of("normal"), name_of("torch:Beta"), name_of(dict), name_of(object())
    ('gaussian', 'torch:Beta', 'dict', 'object')
    """
    if isinstance(spec, Target):
        return spec.name
    if isinstance(spec, Distribution):
        return repr(spec)
    if not isinstance(spec, str):
        return getattr(spec, "__qualname__", None) or type(spec).__qualname__
    try:
        return spec if ":" in spec else registry.get(spec).name
    except UnknownDistributionError:
        return spec


def place_of(spec: Any) -> tuple[str, int]:
    """Return the file and the line where a target's class or function begins.

    The file is relative to the working directory; ``("", 0)`` if it isn't below that, or if there
    is not third-party code.
    """
    if isinstance(spec, str):
        if ":" not in spec or "(" in spec or spec.partition(":")[0] in LIBRARIES:
            return "", 0
        spec = imported(spec)
    if isinstance(spec, Target | Mapping):
        return "", 0
    thing = inspect.unwrap(spec.func if isinstance(spec, partial) else spec)
    if not inspect.isroutine(thing) and not isinstance(thing, type):
        thing = type(thing)
    try:
        file, (_, line) = inspect.getsourcefile(thing), inspect.getsourcelines(thing)
        relative = Path(file or "").resolve().relative_to(Path.cwd().resolve())
    except (OSError, TypeError, ValueError):
        return "", 0
    return relative.as_posix(), line


def _found(spec: Any, fixed: Mapping[str, float]) -> Target:
    if isinstance(spec, Target):
        return spec
    if not isinstance(spec, str):
        return _wrapped(spec, name_of(spec))
    if "(" in spec or not (":" in spec or spelling.is_name(spec)):
        return _wrapped(spelling.read(spec, imported=imported_law), spec)
    module, colon, attribute = spec.partition(":")
    if not colon:
        return _registered(spec, fixed)
    if not (module and attribute):
        raise InputError(
            f"{spec} is incomplete; write package.module:attribute, or library:sampler"
        )
    if module in LIBRARIES:
        library = import_module(f"reparam.verification.targets.libraries.{module}")
        target: Target = library.target(spec, attribute)
        return target
    return _wrapped(imported(spec), spec)


def _registered(name: str, fixed: Mapping[str, float]) -> Target:
    """Return a distribution of the registry: with a parameter that is fixed, of several forms."""
    try:
        cls = registry.get(name)
    except UnknownDistributionError as error:
        raise UnknownDistributionError(
            f"{error} (for anything else write package.module:attribute, or library:sampler with"
            f" one of {', '.join(LIBRARIES)})"
        ) from None
    fields = {key.partition("[")[0]: value for key, value in fixed.items()}
    given = {cls._arguments.canonical(k): v for k, v in fields.items() if k in cls._arguments}
    return _wrapped(cls._form_with(given), cls.name)


def _wrapped(thing: Any, name: str) -> Target:
    """Return the target that an object is."""
    cls = thing if isinstance(thing, type) else type(thing)
    if isinstance(thing, Distribution) and thing.batch_shape:
        raise InputError(f"{name} has array parameters; verify one with numbers")
    if issubclass(cls, Reparameterized) and cls._support.rank:
        return Vectors(thing, name)
    if isinstance(thing, Reparameterized) and thing._has_atoms:
        return WithAtoms(thing, name)
    if issubclass(cls, Reparameterized):
        return Registered(thing, name)
    if issubclass(cls, Discrete):
        return Masses(thing, name)
    if issubclass(cls, Distribution):
        raise InputError(f"{name} has no reparameterization: there is no gradient to verify")
    for library, package in LIBRARIES.items():
        if package in _origins(thing):
            recognized: Target | None = import_module(
                f"reparam.verification.targets.libraries.{library}"
            ).recognized(thing, name)
            if recognized is not None:
                return recognized
    if isinstance(thing, type):
        try:
            thing = thing()
        except TypeError as error:
            raise InputError(f"{name} can't be made without arguments: {error}") from None
    return of_object(thing, name) if declares_vectors(thing) else Object(thing, name)


def _origins(thing: Any) -> set[str]:
    """Return the packages that an object's classes come from, those that were imported."""
    cls = thing if isinstance(thing, type) else type(thing)
    packages = {base.__module__.partition(".")[0] for base in cls.__mro__}
    return {name for name in packages if isinstance(sys.modules.get(name), ModuleType)}
