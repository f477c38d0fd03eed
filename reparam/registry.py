"""From a name to a distribution: the table of built-ins, and plugins found by entry point.

A package that provides distributions declares them in its ``pyproject.toml``::

    [project.entry-points."reparam.distributions"]
    kumaraswamy = "mypackage.kumaraswamy:Kumaraswamy"

Nothing is imported until it is asked for: a built-in's name imports that built-in alone, plugins
are imported when a name is not a built-in's. ``REPARAM_NO_PLUGINS=1`` turns them off.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from reparam.errors import PluginWarning, UnknownDistributionError, did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from reparam.distribution import Distribution

__all__ = ["BUILT_IN", "GROUP", "get", "names"]

#: The entry-point group that plugins use.
GROUP = "reparam.distributions"

#: The built-in distributions: canonical name -> class name, in the module of that name (with
#: underscores) in ``reparam.distributions``.
BUILT_IN = {
    "beta": "Beta",
    "beta-prime": "BetaPrime",
    "chi": "Chi",
    "chi-square": "ChiSquare",
    "exponential": "Exponential",
    "f": "F",
    "gamma": "Gamma",
    "gaussian": "Gaussian",
    "inverse-gamma": "InverseGamma",
    "laplace": "Laplace",
    "logistic": "Logistic",
    "student-t": "StudentT",
}


def names() -> list[str]:
    """Return the canonical names of all distributions, plugins' included, sorted."""
    return sorted({*BUILT_IN, *(name for name in _plugins() if _plugin(name))})


def get(name: str) -> type[Distribution]:
    """Return the distribution of that name or alias, in whatever case.

    Raises
    ------
    UnknownDistributionError
        If there is none; the message has the nearest name.
    """
    wanted = name.lower()
    if wanted in BUILT_IN:
        return _built_in(wanted)
    known: dict[str, str] = {}
    for distribution in _all():
        for spelling in (distribution.name, *distribution.aliases):
            if spelling == wanted:
                return distribution
            known[spelling] = distribution.name
    raise UnknownDistributionError(
        f"no distribution is called {name!r}{did_you_mean(name, known)}"
        f" (there are {', '.join(sorted(set(known.values())))})"
    )


def _all() -> Iterator[type[Distribution]]:
    """Yield the built-ins, then what the plugins provide."""
    yield from map(_built_in, BUILT_IN)
    for name in _plugins():
        if plugin := _plugin(name):
            yield plugin


def _built_in(name: str) -> type[Distribution]:
    found: type[Distribution] = getattr(import_module(module_of(name)), BUILT_IN[name])
    return found


def module_of(name: str) -> str:
    """Return the module that a built-in distribution lives in."""
    return f"reparam.distributions.{name.replace('-', '_')}"


def _plugins() -> dict[str, EntryPoint]:
    """Return the plugins' entry points by name, without importing what they name."""
    if os.environ.get("REPARAM_NO_PLUGINS", "") not in ("", "0"):
        return {}
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


@cache
def _plugin(name: str) -> type[Distribution] | None:
    """Return what a plugin provides, or None with a warning that names its package."""
    from reparam.distribution import Distribution

    point = _plugins()[name]
    package = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
    if name in BUILT_IN:
        problem = "a built-in distribution has that name"
    else:
        try:
            provided = point.load()
        except Exception as error:  # whatever a stranger's module raises must not stop us
            problem = f"{type(error).__name__}: {error}"
        else:
            if not (isinstance(provided, type) and issubclass(provided, Distribution)):
                problem = f"{point.value} is not a subclass of reparam.Distribution"
            elif provided.name != name:
                problem = f"{point.value} calls itself {provided.name!r}"
            else:
                return provided
    warnings.warn(
        f"plugin package {package} can't provide the distribution {name!r}: {problem}",
        PluginWarning,
        stacklevel=2,
    )
    return None
