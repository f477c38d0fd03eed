"""What an object declares of itself, read and validated."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.domains import POSITIVE, REAL, Domain
from reparam.engine.noise import NORMAL, UNIFORM, Noise
from reparam.errors import InputError, UnknownDistributionError
from reparam.parameters import Parameter
from reparam.verification.targets.target import FORMULAS

__all__ = ["claimed_by", "methods_of", "noise_of", "parameters_of", "support_of"]


#: The methods of an object that the protocol has, by name.
Methods = Mapping[str, Callable[..., Any]]


def methods_of(owner: str, thing: Any) -> Methods:
    """Return the protocol's methods that an object has; one that is None it has not.

    Raises InputError if it lacks part of the protocol.
    """
    methods = {}
    for name in ("rsample", "transform", *FORMULAS):
        method = getattr(thing, name, None)
        if method is None:
            continue
        if not callable(method):
            raise InputError(f"{owner} has {name}={method!r}; make it a method, or None for none")
        methods[name] = method
    if lacking := _lacking(methods, thing):
        raise InputError(f"{owner} lacks {'; and '.join(lacking)}{_recipe(thing)}")
    return methods


def claimed_by(owner: str, thing: Any) -> type[Reparameterized] | None:
    """Return the registered distribution that an object claims to be."""
    name = getattr(thing, "distribution", None)
    return None if name is None else _claimed(owner, name)


def _claimed(owner: str, claimed: object) -> type[Reparameterized]:
    from reparam import registry

    try:
        cls = registry.get(str(claimed))
    except UnknownDistributionError as error:
        raise InputError(f"{owner} claims a distribution: {error}") from None
    if cls._support.rank:
        raise InputError(
            f"{owner} claims to be {claimed}, of vectors; samplers of numbers can be verified"
        )
    if not issubclass(cls, Reparameterized):
        raise InputError(f"{owner} claims to be {claimed}, which has no reparameterization")
    return cls


def parameters_of(
    owner: str, thing: Any, claimed: type[Distribution] | None
) -> tuple[dict[str, Parameter], dict[str, Parameter]]:
    """Return the parameters with gradients, and the constants, each with its one value."""
    given: Any = getattr(thing, "parameters", None)
    if given is None and claimed is not None:
        return dict(claimed.parameters.items()), {}
    if not isinstance(given, Mapping) or not given:
        what = "a method called parameters" if callable(given) else f"parameters={given!r}"
        raise InputError(
            f"{owner} has {what}; it should be a dict with the range (low, high) of typical values"
            ' of each, such as {"scale": (0.1, 10.0)}'
        )
    if claimed is not None and (others := set(map(str, given)) - set(claimed.parameters)):
        raise InputError(
            f"{owner} has the parameters {', '.join(map(str, given))}, and {claimed.name}, which it"
            f" claims to be, has {', '.join(claimed.parameters)}: none of its is called"
            f" {' or '.join(sorted(others))}"
        )
    if "rng" in given:
        raise InputError(f"{owner} has a parameter rng, as which rsample gets the generator")
    constants = {
        str(name): _named(owner, name, Parameter(name, REAL, value, (value, value)))
        for name, value in given.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    domains = {} if claimed is None else {p.name: p.domain for p in claimed.parameters.values()}
    ranges = {
        name: _parameter(owner, name, value, domains.get(name))
        for name, value in given.items()
        if name not in constants
    }
    for name, parameter in {**constants, **ranges}.items():
        domain = domains.get(name, REAL)
        low, high = domain.ends({})
        if not (low <= parameter.typical[0] and parameter.typical[1] <= high):
            raise InputError(
                f"{owner} has {given[name]!r} for {name}, which is in {domain} for the"
                " distribution that it claims to be"
            )
    if not ranges:
        raise InputError(
            f"{owner} has constants for parameters, and none with a gradient; pass the range"
            " (low, high) of one"
        )
    return ranges, constants


def _parameter(owner: str, name: str, given: Any, domain: Domain | None) -> Parameter:
    """Return a parameter with that range: of the domain, if one is known."""
    if isinstance(given, Parameter):
        parameter = given
    else:
        low, high = _two_numbers(given)
        if not -math.inf < low < high < math.inf:
            raise InputError(
                f"{owner}: parameter {name} has range {given!r}; pass two"
                " numbers (low, high), or one for a constant"
            )
        default = math.sqrt(low * high) if low > 0.0 else 0.5 * (low + high)
        guessed = POSITIVE if low > 0.0 else REAL
        parameter = Parameter(name, domain or guessed, default, (low, high))
    return _named(owner, name, parameter)


def _named(owner: str, name: str, parameter: Parameter) -> Parameter:
    if not parameter.name:
        parameter.__set_name__(type(owner), name)
    return parameter


def _lacking(methods: Methods, thing: Any) -> list[str]:
    """Return what an object lacks, all of it."""
    given, claimed = getattr(thing, "parameters", None), getattr(thing, "distribution", None)
    found = []
    if "rsample" not in methods:
        found.append(
            "rsample(n, rng=…, **parameters), which returns values and gradients by parameter"
        )
    if claimed is None and not {"cdf", "log_prob"} & set(methods):
        found.append(
            "what its draws should be: cdf(y, **parameters), log_prob(y, **parameters) or the name"
            " of a registered distribution as distribution"
        )
    if claimed is None and given is None:
        found.append(
            "parameters: for each name the range (low, high) of typical values, or the name of a"
            " registered distribution as distribution"
        )
    return found


def _recipe(thing: object) -> str:
    """Return how a dict, a function or a law of SciPy becomes a target; nothing for the others."""
    if isinstance(thing, Mapping):
        return "; it is a dict, of which types.SimpleNamespace(**it) makes an object"
    rest = 'parameters = {"scale": (0.1, 10.0)}; distribution = "laplace"'
    if inspect.isroutine(thing) or isinstance(thing, partial):
        name = getattr(thing, "__name__", "it")
        return (
            "; it is a function, which may be the rsample of a class:"
            f" class Own: rsample = staticmethod({name}); {rest}"
        )
    if type(thing).__module__.startswith("scipy.stats"):
        return (
            "; a distribution of SciPy draws without gradients, and may be what draws are compared"
            " with: class Own: rsample = staticmethod(draw);"
            ' parameters = {"scale": (0.1, 10.0)};'
            " cdf = staticmethod(lambda y, scale: stats.norm.cdf(y, scale=scale))"
        )
    return ""


def noise_of(name: str, kind: object) -> Noise:
    """Return the noise that a ``transform`` takes."""
    for known in (NORMAL, UNIFORM):
        if kind in (known, known.name):
            return known
    raise InputError(f'{name} has transform and noise={kind!r}; noise is "uniform" or "normal"')


def support_of(owner: str, given: Any) -> tuple[float, float]:
    """Return the ends of the interval that values lie in."""
    if given is None:
        return -math.inf, math.inf
    low, high = _two_numbers(given)
    if not low < high:
        raise InputError(
            f"{owner} has support={given!r}; pass its ends (low, high), infinite ones too"
        )
    return low, high


def _two_numbers(given: Any) -> tuple[float, float]:
    """Return two numbers, NaN if they are something else."""
    try:
        low, high = map(float, given)
    except (TypeError, ValueError):
        return math.nan, math.nan
    return low, high
