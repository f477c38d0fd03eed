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

from reparam.errors import (
    NotReparameterizable,
    PluginWarning,
    UnknownDistributionError,
    did_you_mean,
)

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from reparam.distribution import Distribution, Reparameterized

__all__ = ["BUILT_IN", "GROUP", "get", "names", "reparameterized"]

#: The entry-point group that plugins use.
GROUP = "reparam.distributions"

#: The built-in distributions: canonical name -> class name, in the module of that name (with
#: underscores) in ``reparam.distributions``.
BUILT_IN = {
    "bernoulli": "Bernoulli",
    "beta": "Beta",
    "beta-prime": "BetaPrime",
    "binomial": "Binomial",
    "categorical": "Categorical",
    "chi": "Chi",
    "chi-square": "ChiSquare",
    "concrete": "Concrete",
    "exponential": "Exponential",
    "f": "F",
    "gamma": "Gamma",
    "gaussian": "Gaussian",
    "geometric": "Geometric",
    "inverse-gamma": "InverseGamma",
    "laplace": "Laplace",
    "logistic": "Logistic",
    "negative-binomial": "NegativeBinomial",
    "poisson": "Poisson",
    "relaxed-bernoulli": "RelaxedBernoulli",
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

    Examples
    --------
    >>> get("normal").name
    'gaussian'
    """
    wanted = str(name).lower()
    if wanted in BUILT_IN:
        return _built_in(wanted)
    known: dict[str, str] = {}
    for distribution in _all():
        for spelling in (distribution.name, *distribution.aliases):
            if spelling == wanted:
                return distribution
            known[spelling] = distribution.name
    near = did_you_mean(wanted, known) if isinstance(name, str) else ""  # None is no misspelling
    raise UnknownDistributionError(
        f"no distribution is called {name!r}{near}"
        f" (there are {', '.join(sorted(set(known.values())))})"
    )


def reparameterized(name: str) -> type[Reparameterized]:
    """Return the distribution of that name or alias, if numbers are drawn by reparameterization.

    Raises
    ------
    UnknownDistributionError
        If there is none of that name.
    NotReparameterizable
        If it has none, or draws vectors; the message says why, and what to use instead.
    """
    from reparam.discrete import Discrete
    from reparam.distribution import Reparameterized
    from reparam.vectors import VectorReparameterized

    cls = get(name)
    if issubclass(cls, Discrete):
        raise NotReparameterizable(cls.obstacle())
    if issubclass(cls, VectorReparameterized):
        raise NotReparameterizable(
            f"{cls.__name__} draws vectors, and here draws are numbers; use rsample, whose draws"
            " have vjp, or 'reparam grad' without a loss"
        )
    if not issubclass(cls, Reparameterized):
        raise NotReparameterizable(
            f"{cls.__name__} has no reparameterization y = f(z; θ); 'reparam list' tells which have"
        )
    return cls


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


def _plugins() -> dict[str, list[EntryPoint]]:
    """Return the plugins' entry points by name, without importing what they name."""
    found: dict[str, list[EntryPoint]] = {}
    if os.environ.get("REPARAM_NO_PLUGINS", "") in ("", "0"):
        from importlib.metadata import entry_points

        for point in entry_points(group=GROUP):
            found.setdefault(point.name, []).append(point)
    return found


@cache
def _plugin(name: str) -> type[Distribution] | None:
    """Return what the first plugin of that name provides, or None; warn of what is wrong."""
    point, *others = _plugins()[name]
    for other in others:
        _warn(other, f"{_package(point)} provides it already")
    provided = _provided(point)
    if isinstance(provided, str):
        _warn(point, provided)
        return None
    return provided


def _provided(point: EntryPoint) -> type[Distribution] | str:
    """Return the distribution that an entry point names, or what is wrong with it."""
    from reparam.distribution import Distribution

    if any(point.name in (known.name, *known.aliases) for known in map(_built_in, BUILT_IN)):
        return "a built-in distribution has that name"
    try:
        provided = point.load()
    except Exception as error:  # whatever a stranger's module raises must not stop us
        return f"{type(error).__name__}: {error}"
    if not (isinstance(provided, type) and issubclass(provided, Distribution)):
        return f"{point.value} is not a subclass of reparam.Distribution"
    if provided.name != point.name:
        return f"{point.value} calls itself {provided.name!r}"
    return provided


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def _warn(point: EntryPoint, problem: str) -> None:
    package, name = _package(point), point.name
    warnings.warn(
        f"plugin package {package} can't provide the distribution {name!r}: {problem}",
        PluginWarning,
        stacklevel=3,
    )
