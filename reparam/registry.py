"""From a name to a distribution: the table of built-ins, and plugins found by entry point.

A package that provides distributions declares them in its ``pyproject.toml``::

    [project.entry-points."reparam.distributions"]
    kumaraswamy = "mypackage.kumaraswamy:Kumaraswamy"

Nothing is imported until it is asked for: a built-in's name imports that built-in alone, plugins
are imported when a name is not a built-in's. ``REPARAM_NO_PLUGINS=1`` turns them off.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from reparam.errors import (
    NotReparameterizable,
    PluginWarning,
    UnknownDistributionError,
    did_you_mean,
    spelled,
)
from reparam.importing import one_line, quietly
from reparam.suggestions import suggestion

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from reparam.base.distribution import Distribution
    from reparam.base.reparameterized import Reparameterized

__all__ = [
    "BUILT_IN",
    "COMBINATORS",
    "GROUP",
    "constructor",
    "get",
    "names",
    "reparameterized",
    "reparameterized_class",
]

#: The entry-point group that plugins use.
GROUP = "reparam.distributions"

#: The built-in distributions: canonical name -> class name, in the module of that name (with
#: underscores) in ``reparam.distributions``.
BUILT_IN = {
    "asymmetric-laplace": "AsymmetricLaplace",
    "bates": "Bates",
    "bernoulli": "Bernoulli",
    "beta": "Beta",
    "beta-binomial": "BetaBinomial",
    "beta-prime": "BetaPrime",
    "binomial": "Binomial",
    "burr-xii": "BurrXII",
    "categorical": "Categorical",
    "cauchy": "Cauchy",
    "chi": "Chi",
    "chi-square": "ChiSquare",
    "concrete": "Concrete",
    "continuous-bernoulli": "ContinuousBernoulli",
    "dagum": "Dagum",
    "dirichlet": "Dirichlet",
    "dirichlet-multinomial": "DirichletMultinomial",
    "discrete-uniform": "DiscreteUniform",
    "ex-gaussian": "ExGaussian",
    "exp-gamma": "ExpGamma",
    "exponential": "Exponential",
    "f": "F",
    "frechet": "Frechet",
    "gamma": "Gamma",
    "gaussian": "Gaussian",
    "generalized-extreme-value": "GeneralizedExtremeValue",
    "generalized-gamma": "GeneralizedGamma",
    "generalized-logistic": "GeneralizedLogistic",
    "generalized-normal": "GeneralizedNormal",
    "generalized-pareto": "GeneralizedPareto",
    "geometric": "Geometric",
    "gompertz": "Gompertz",
    "gumbel": "Gumbel",
    "half-cauchy": "HalfCauchy",
    "half-normal": "HalfNormal",
    "half-student-t": "HalfStudentT",
    "horseshoe": "Horseshoe",
    "hypergeometric": "Hypergeometric",
    "inverse-gamma": "InverseGamma",
    "inverse-gaussian": "InverseGaussian",
    "inverse-wishart": "InverseWishart",
    "johnson-sb": "JohnsonSB",
    "johnson-su": "JohnsonSU",
    "kumaraswamy": "Kumaraswamy",
    "laplace": "Laplace",
    "levy": "Levy",
    "lkj-cholesky": "LKJCholesky",
    "log-logistic": "LogLogistic",
    "log-normal": "LogNormal",
    "log-uniform": "LogUniform",
    "logistic": "Logistic",
    "logistic-normal": "LogisticNormal",
    "logit-normal": "LogitNormal",
    "low-rank-gaussian": "LowRankMultivariateGaussian",
    "matrix-gaussian": "MatrixGaussian",
    "maxwell": "Maxwell",
    "moyal": "Moyal",
    "multinomial": "Multinomial",
    "multivariate-gaussian": "MultivariateGaussian",
    "multivariate-student-t": "MultivariateStudentT",
    "nakagami": "Nakagami",
    "negative-binomial": "NegativeBinomial",
    "noncentral-chi-square": "NoncentralChiSquare",
    "normal-inverse-gaussian": "NormalInverseGaussian",
    "one-hot-categorical": "OneHotCategorical",
    "pareto": "Pareto",
    "pert": "PERT",
    "poisson": "Poisson",
    "power-spherical": "PowerSpherical",
    "projected-normal": "ProjectedNormal",
    "rayleigh": "Rayleigh",
    "relaxed-bernoulli": "RelaxedBernoulli",
    "rice": "Rice",
    "sigmoid-beta": "SigmoidBeta",
    "sinh-arcsinh": "SinhArcsinh",
    "skellam": "Skellam",
    "skew-normal": "SkewNormal",
    "skew-t": "SkewT",
    "soft-laplace": "SoftLaplace",
    "spherical-uniform": "SphericalUniform",
    "stable": "Stable",
    "stick-breaking-normal": "StickBreakingNormal",
    "student-t": "StudentT",
    "tanh-normal": "TanhNormal",
    "triangular": "Triangular",
    "two-piece-normal": "TwoPieceNormal",
    "uniform": "Uniform",
    "von-mises": "VonMises",
    "von-mises-fisher": "VonMisesFisher",
    "weibull": "Weibull",
    "wishart": "Wishart",
    "zipf": "Zipf",
}

#: Classes that make a distribution of others: name -> class name, in the module of that name in
#: ``reparam.transforms``. They have no default parameters, so that they are not among ``names()``.
COMBINATORS: dict[str, str] = {
    "clipped": "Clipped",
    "folded": "Folded",
    "gaussian-copula": "GaussianCopula",
    "independent": "Independent",
    "mixture": "Mixture",
    "order-statistic": "OrderStatistic",
    "transformed": "Transformed",
    "truncated": "Truncated",
    "zero-inflated": "ZeroInflated",
}

_SPELLED = {spelled(name): name for name in BUILT_IN}


def names() -> list[str]:
    """Return the canonical names of all distributions, plugins' included, sorted."""
    return sorted({*BUILT_IN, *(name for name in _plugins() if _plugin(name))})


def get(name: str) -> type[Distribution]:
    """Return the distribution of that name or alias; case, ``-`` and ``_`` don't matter.

    Raises
    ------
    UnknownDistributionError
        If no distribution has it; the message suggests the nearest name.

    Examples
    --------
    >>> get("normal").name
    'gaussian'
    >>> get("Student_T").name
    'student-t'
    """
    wanted = spelled(str(name))
    if wanted in _SPELLED:
        return _built_in(_SPELLED[wanted])
    known: dict[str, str] = {}
    for distribution in _all():
        for spelling in _spellings(distribution):
            if spelled(spelling) == wanted:
                return distribution
            known[spelling] = distribution.name
    near = ""
    if isinstance(name, str):  # None is not a misspelling
        text = suggestion(name)
        near = f"; did you mean {text!r}?" if text else did_you_mean(name, known, known)
    if not near:
        near = f"; reparam.names() has the names of all {len(set(known.values()))}"
    raise UnknownDistributionError(f"no distribution is called {name!r}{near}")


def constructor(name: str) -> type[Distribution]:
    """Return the class of that name, in any spelling, be it a distribution or a combinator.

    Raises
    ------
    UnknownDistributionError
        If there is none; the message has the name that it may misspell.
    """
    for combinator, class_name in COMBINATORS.items():
        if spelled(name) == spelled(combinator):
            module = import_module(f"reparam.transforms.{combinator.replace('-', '_')}")
            found: type[Distribution] = getattr(module, class_name)
            return found
    try:
        return get(name)
    except UnknownDistributionError as error:
        if near := did_you_mean(name, COMBINATORS):
            raise UnknownDistributionError(f"no distribution is called {name!r}{near}") from error
        raise


def reparameterized(name: str) -> type[Reparameterized]:
    """Return the distribution of that name or alias, if numbers are drawn by reparameterization.

    Raises
    ------
    UnknownDistributionError
        If there is none of that name.
    NotReparameterizable
        If it has none, or draws vectors; the message has the reason, and what to use instead.
    """
    return reparameterized_class(get(name))


def reparameterized_class(cls: type[Distribution]) -> type[Reparameterized]:
    """Return a distribution if numbers are drawn from it by reparameterization.

    Raises
    ------
    NotReparameterizable
        If it has none, or draws vectors; the message has the reason, and what to use instead.
    """
    from reparam.base.discrete import Discrete
    from reparam.base.reparameterized import Reparameterized

    if issubclass(cls, Discrete):
        raise NotReparameterizable(cls.obstacle())
    if cls._support.rank:
        raise NotReparameterizable(
            f"{cls.__name__} draws vectors, and here draws are scalars; use rsample, whose draws"
            " have jacobian and vjp"
        )
    if not issubclass(cls, Reparameterized):
        raise NotReparameterizable(
            f"{cls.__name__} has no reparameterization y = f(z; θ); use the score, ∂ log p/∂θ"
        )
    return cls


def _all() -> Iterator[type[Distribution]]:
    """Yield the built-ins, then what the plugins provide."""
    yield from map(_built_in, BUILT_IN)
    for name in _plugins():
        if plugin := _plugin(name):
            yield plugin


@cache
def _built_in(name: str) -> type[Distribution]:
    found: type[Distribution] = getattr(import_module(module_of(name)), BUILT_IN[name])
    return found


def module_of(name: str) -> str:
    """Return the module that a built-in distribution lives in."""
    return f"reparam.distributions.{name.replace('-', '_')}"


def _plugins() -> dict[str, list[EntryPoint]]:
    """Return the plugins' entry points by name, without importing what they name."""
    if os.environ.get("REPARAM_NO_PLUGINS", "") in ("", "0"):
        return _entry_points(tuple(sys.path))
    return {}


@cache  # reading what all installed packages declare takes milliseconds
def _entry_points(_path: tuple[str, ...]) -> dict[str, list[EntryPoint]]:
    """Return the entry points that packages on that path, which is ``sys.path``, declare."""
    from importlib.metadata import entry_points

    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, []).append(point)
    return found


@cache
def _plugin(name: str) -> type[Distribution] | None:
    """Return what the first plugin of that name provides, or None; warn of what is wrong."""
    point, *others = _plugins()[name]
    for other in others:
        _warn(other, f"{_package(point)} provides it already")
    provided: Any = None
    printed = ""
    try:
        provided, printed = quietly(point.load)
        problem = _problem(point, provided)
    except (Exception, SystemExit) as error:  # whatever a third-party module raises
        problem = f"{type(error).__name__}: {error}"
    if problem:
        _warn(point, problem)
        return None
    if printed:
        _warn(point, f"importing it prints {printed[:60]!r}", "should print nothing")
    return provided  # type: ignore[no-any-return]


def _problem(point: EntryPoint, provided: Any) -> str:
    """Return what is wrong with what an entry point names, or an empty string."""
    from reparam.base.distribution import Distribution

    taken = {spelled(alias) for known in map(_built_in, BUILT_IN) for alias in _spellings(known)}
    if spelled(point.name) in taken:
        return "a built-in distribution has that name"
    if not (isinstance(provided, type) and issubclass(provided, Distribution)):
        return f"{point.value} is not a subclass of reparam.Distribution"
    lacking = [*provided._missing(), *([] if hasattr(provided, "about") else ["about"])]
    if lacking:
        return f"{point.value} has no {', '.join(lacking)}"
    if provided.name != point.name:
        return f"{point.value} calls itself {provided.name!r}"
    aliases = provided.aliases
    if not isinstance(aliases, tuple | list) or not all(isinstance(name, str) for name in aliases):
        return f"{point.value} has aliases={aliases!r}, which is not a tuple of names"
    for name in _spellings(provided):
        if not re.fullmatch("[a-z0-9][a-z0-9_-]*", name):
            return f"the name {name!r} is not made of lower-case letters, digits and hyphens"
    return ""


def _spellings(distribution: type[Distribution]) -> tuple[str, ...]:
    return distribution.name, *distribution.aliases


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def _warn(point: EntryPoint, problem: str, what: str = "") -> None:
    what = what or f"can't provide the distribution {point.name!r}"
    text = f"plugin package {_package(point)} {what}: {problem}"
    warnings.warn(one_line(text), PluginWarning, stacklevel=3)
