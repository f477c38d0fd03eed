"""Targets: whatever is verified, seen through one interface.

A target draws values with gradients. What else it has (a transform of noise, formulas) is looked
at where it is there. A :class:`~reparam.distribution.Distribution` has it all; any other object
follows :class:`Sampler`; samplers of other libraries come through
``reparam.verification.libraries``.
"""

from __future__ import annotations

import abc
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Any, ClassVar, Protocol

import numpy as np

from reparam._typing import Array
from reparam.discrete import Discrete
from reparam.distribution import Distribution, Reparameterized
from reparam.errors import InputError, UnknownDistributionError, did_you_mean
from reparam.noise import NORMAL, UNIFORM, Noise, Stream
from reparam.parameters import POSITIVE, REAL, Parameter, Parameters
from reparam.vectors import VectorReparameterized
from reparam.verification.entries import Entries, Entrywise
from reparam.verification.laws import Formula, Law, NumericalLaw

__all__ = [
    "FORMULAS",
    "LIBRARIES",
    "Faulty",
    "Masses",
    "NoGradient",
    "Object",
    "Registered",
    "Sample",
    "Sampler",
    "Target",
    "name_of",
    "parameter_sets",
    "resolve",
]

#: What a target may have beside its draws: functions of values (``icdf``: of probabilities).
FORMULAS = ("log_prob", "cdf", "sf", "icdf", "score", "pathwise")

#: Libraries whose samplers can be named as ``library:sampler``, and their packages.
LIBRARIES = {
    "torch": "torch",
    "jax": "jax",
    "numpyro": "numpyro",
    "distrax": "distrax",
    "tfp": "tensorflow_probability",
}

#: A way of drawing: what a transform makes of noise.
_BY_TRANSFORM = "noise through transform"
#: Draws that tell where a law's mass is.
_PILOT = 4096


class Faulty(Exception):  # noqa: N818 - what is wrong with a target, a finding and no error
    """The target does something that no sampler may: the message says what."""


class NoGradient(Faulty):
    """No gradient flows through the target's draws: the message says why."""


@dataclass(frozen=True)
class Sample:
    """Values, and the derivative of each in each parameter; all of one shape.

    Those of vectors have a last axis for the entries.
    """

    value: Array
    gradients: Mapping[str, Array]


class Sampler(Protocol):
    """What an object provides to be verified: draws with gradients, and what they should be.

    Beside ``rsample`` it has one of

    - ``distribution``: the name of the registered distribution that it claims to be;
    - ``cdf(y, **theta)``: P(Y ≤ y), and better ``sf`` too;
    - ``log_prob(y, **theta)``: the log density;

    and unless it has the registered distribution's parameters, ``parameters``: for each name the
    range ``(low, high)`` of everyday values, or a :class:`reparam.Parameter`. A range of positive
    numbers is taken to be of a positive parameter. It may have ``support``, two numbers;
    ``score`` and ``pathwise`` (dicts, by parameter) and ``icdf``; and ``transform(z, **theta)``
    with ``noise = "uniform"`` or ``"normal"``, which returns what ``rsample`` does. What is None is
    not there. All but ``rsample`` take arrays, of values and of parameters, that broadcast.
    """

    def rsample(
        self, n: int, *, rng: np.random.Generator, **theta: float
    ) -> tuple[Array, Mapping[str, Array]]:
        """Return n values, and for each parameter the n derivatives ∂y/∂θ."""


class Target(abc.ABC):
    """What witnesses see of whatever is verified."""

    #: As it was asked for.
    name: str
    #: Its parameters, by their own names.
    parameters: Mapping[str, Parameter]
    #: The formulas that it has, of :data:`FORMULAS`.
    formulas: Mapping[str, Formula]
    #: How many entries a value has, 0 if it is a number.
    length: int = 0
    #: The kind of noise that ``transform`` takes, None if there is no transform. Of vectors, rows.
    noise: Noise | None = None
    #: The registered distribution of which there may be a reference table.
    reference: str | None = None
    #: The most draws with gradients that are asked for at once: fewer where they are slow.
    gradient_draws: int = 2**18
    #: The registered distribution that it claims to be, to which its own formulas are held.
    claimed: type[Reparameterized] | None = None
    #: Why it has no gradients, and claims none; empty if it has.
    obstacle: str = ""
    #: Parameters that are kept at these values, instead of typical ones.
    fixed: Mapping[str, float]
    #: Parameters that nothing is differentiated in, each of which has one value: the default, or
    #: that in ``fixed``.
    constants: Mapping[str, Parameter] = MappingProxyType({})

    def canonical(self, given: Mapping[str, float]) -> dict[str, float]:
        """Return parameters under their declared names, validated."""
        declared = Parameters(self.name, {**self.constants, **self.parameters})
        named = declared.by_name(given.items())
        return {name: float(declared[name].validated(value)) for name, value in named.items()}

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways it has of drawing: names for :meth:`draws`."""
        return ("",)

    @abc.abstractmethod
    def draws(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Sample:
        """Return n values with gradients."""

    def values(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Array:
        """Return n values: the same ones, also where no gradient flows."""
        return self.draws(theta, n, seed, way).value

    def transform(self, noise: Array, **theta: Any) -> Sample:
        """Return the values that this noise makes, with gradients."""
        raise NotImplementedError

    @property
    def views(self) -> tuple[str, ...]:
        """The functions of values that it has with derivatives of their own: for :meth:`view`."""
        return ()

    def view(self, name: str, noise: Array, **theta: Any) -> Sample:
        """Return a function of the values that this noise makes, with gradients."""
        raise NotImplementedError

    @abc.abstractmethod
    def law(self, theta: Mapping[str, float], seed: int) -> Law:
        """Return the law that the draws should follow."""

    def _formula(self, formula: str) -> Formula:
        """Return a formula of the law as a function of values and parameters."""
        return lambda at, **theta: getattr(self.law(theta, 0), formula)(at)


class Registered(Target):
    """A distribution of this library, or of a plugin."""

    #: With numbers for parameters draws may come from polynomials, with arrays from rejection.
    _WAYS: ClassVar = ("shared parameters", "a parameter set a draw")

    def __init__(
        self, cls: type[Reparameterized], name: str, fixed: Mapping[str, float] | None = None
    ) -> None:
        self.name, self._cls, self.fixed = name, cls, fixed or {}
        self.parameters = dict(cls.parameters.items())
        self.noise = cls.noise
        self.reference = cls.name
        self.formulas = {formula: self._formula(formula) for formula in FORMULAS}

    @property
    def ways(self) -> tuple[str, ...]:
        """With numbers for parameters, and with arrays."""
        return self._WAYS

    def draws(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Sample:
        """Return n values with gradients."""
        d, shape = self._distribution(theta, n, way)
        draw = d.rsample(shape, rng=seed)
        return Sample(draw.value, draw.jacobian())

    def values(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Array:
        """Return n values: the same ones, without gradients."""
        d, shape = self._distribution(theta, n, way)
        return d.sample(shape, rng=seed)

    def _distribution(
        self, theta: Mapping[str, float], n: int, way: str
    ) -> tuple[Reparameterized, Any]:
        """Return the distribution, and the shape to ask for, that make n draws in that way."""
        if way == self._WAYS[1]:
            return self._cls(**{name: np.full(n, value) for name, value in theta.items()}), ()
        return self._cls(**theta), n

    def transform(self, noise: Array, **theta: Any) -> Sample:
        """Return the values that this noise makes, with gradients."""
        draw = self._cls(**theta).transform(noise)
        return Sample(draw.value, draw.jacobian())

    @property
    def views(self) -> tuple[str, ...]:
        """Such as ``"log_value"``."""
        return tuple(self._cls._views)

    def view(self, name: str, noise: Array, **theta: Any) -> Sample:
        """Return a view of the values that this noise makes, with gradients."""
        draw = self._cls(**theta).transform(noise)
        return Sample(getattr(draw, name), draw.jacobian(of=name))

    def law(self, theta: Mapping[str, float], seed: int) -> Law:
        """Return the distribution itself: its formulas are compared with each other."""
        return self._cls(**theta)


class Masses(Target):
    """A discrete distribution of this library, or of a plugin: draws without gradients.

    A vector parameter is a number for each of its entries. Parameters that are not differentiable
    are constants.

    Parameters
    ----------
    thing
        The class, or a distribution of no batch, whose parameters are then kept.
    name
        As it was asked for.
    """

    def __init__(self, thing: type[Discrete] | Discrete, name: str) -> None:
        cls = thing if isinstance(thing, type) else type(thing)
        self.name, self._cls = name, cls
        self.obstacle = cls.obstacle()
        differentiable = cls.parameters.differentiable
        self._entries = Entries(thing, differentiable)
        self.parameters = self._entries.numbers
        self.constants = {
            key: parameter for key, parameter in cls.parameters.items() if key not in differentiable
        }
        self.fixed = {}
        if isinstance(thing, Discrete):
            kept = {key: float(getattr(thing, key)) for key in self.constants}
            self.fixed = {**kept, **self._entries.of(thing)}
        self.formulas = {
            formula: self._formula(formula) for formula in ("log_prob", "cdf", "sf", "score")
        }

    def _made(self, theta: Mapping[str, Any]) -> Discrete:
        kept = {key: self.fixed[key] for key in self.constants if key in self.fixed}
        return self._cls(**kept, **self._entries.joined(theta))

    def draws(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Sample:
        """Raise: there are none with gradients."""
        raise NoGradient(self.obstacle)

    def values(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Array:
        """Return n values."""
        return np.asarray(self._made(theta).sample(n, rng=seed))

    def law(self, theta: Mapping[str, Any], seed: int = 0) -> Law:
        """Return the distribution itself: its formulas are compared with each other."""
        return Entrywise(self._made(theta), self._entries)


class Object(Target):
    """Any object that follows :class:`Sampler`."""

    def __init__(self, thing: Any, name: str) -> None:
        self.name, self._thing, self.fixed = name, thing, {}
        claimed = getattr(thing, "distribution", None)
        self.claimed = _claimed(name, claimed) if claimed is not None else None
        self.parameters = _declared(name, getattr(thing, "parameters", None), self.claimed)
        methods = _methods(name, thing)
        self.formulas = {key: methods[key] for key in FORMULAS if key in methods}
        lacking = _lacking(methods, self.claimed)
        if lacking:
            raise InputError(f"{name} lacks {lacking}")
        if "transform" in methods:
            self.noise = _noise(name, getattr(thing, "noise", None))
        self._support = _support(name, getattr(thing, "support", None))

    @property
    def ways(self) -> tuple[str, ...]:
        """By rsample, and what transform makes of noise."""
        return ("",) if self.noise is None else ("", _BY_TRANSFORM)

    def draws(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Sample:
        """Return n values with gradients, if they are that."""
        if way == _BY_TRANSFORM:
            return self.transform(self._noise(n, seed), **theta)
        return self._sample(self._rsample(theta, n, seed), (n,), "rsample")

    def values(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Array:
        """Return n values: the same ones, also where no gradient flows."""
        if way == _BY_TRANSFORM:
            made = self._thing.transform(self._noise(n, seed), **theta)
            return _values(made, (n,), "transform")[0]
        return _values(self._rsample(theta, n, seed), (n,), "rsample")[0]

    def _rsample(self, theta: Mapping[str, float], n: int, seed: int) -> Any:
        return self._thing.rsample(n, rng=np.random.default_rng(seed), **theta)

    def _noise(self, n: int, seed: int) -> Array:
        assert self.noise is not None
        return Stream(self.noise, seed).take(0, n)

    def transform(self, noise: Array, **theta: Any) -> Sample:
        """Return the values that this noise makes, with gradients."""
        shape = np.broadcast_shapes(noise.shape, *map(np.shape, theta.values()))
        return self._sample(self._thing.transform(noise, **theta), shape, "transform")

    def law(self, theta: Mapping[str, float], seed: int) -> Law:
        """Return what it claims to be, or what follows from its own cdf or log density."""
        if self.claimed is not None:
            return self.claimed(**theta)
        return NumericalLaw(
            theta,
            self.parameters,
            self.values(theta, _PILOT, seed),
            **{name: self.formulas.get(name) for name in ("log_prob", "cdf", "sf")},
            support=self._support,
        )

    def _sample(self, result: Any, shape: tuple[int, ...], call: str) -> Sample:
        values, named = _values(result, shape, call)
        missing = [name for name in self.parameters if named.get(name) is None]
        if missing:
            raise NoGradient(f"{call} returned no gradient in {', '.join(missing)}")
        gradients = {
            name: _array(f"the array of ∂y/∂{name}", named[name], shape) for name in self.parameters
        }
        return Sample(values, gradients)


def _values(result: Any, shape: tuple[int, ...], call: str) -> tuple[Array, dict[str, Any]]:
    """Return the values that a call has returned, and whatever gradients it has."""
    if hasattr(result, "jacobian"):  # one of our own draws
        result = result.value, result.jacobian()
    try:
        value, gradients = result
        named = dict(gradients)
    except (TypeError, ValueError):
        raise Faulty(
            f"{call} returned {_kind(result)}, not (values, {{parameter: ∂y/∂parameter}})"
        ) from None
    return _array("the array of values", value, shape, exactly=True), named


def _kind(value: Any) -> str:
    """Return a value's type; of a tuple, those of what is in it."""
    if isinstance(value, tuple) and len(value) <= 3:
        return f"({', '.join(map(_kind, value))})"
    return "None" if value is None else type(value).__name__


def _array(what: str, value: Any, shape: tuple[int, ...], *, exactly: bool = False) -> Array:
    """Return an array of that shape, or that broadcasts to it, keeping single precision."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise Faulty(f"{what} has type {array.dtype}, not real numbers")
    if array.shape != shape and (exactly or not _broadcasts(array.shape, shape)):
        raise Faulty(f"{what} has shape {array.shape}, expected {shape}")
    return np.broadcast_to(array, shape)


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False


def _claimed(name: str, claimed: object) -> type[Reparameterized]:
    from reparam import registry

    cls = registry.get(str(claimed))
    if not issubclass(cls, Reparameterized):
        raise InputError(f"{name} claims to be {claimed}, which has no reparameterization")
    return cls


def _declared(name: str, given: Any, claimed: type[Distribution] | None) -> dict[str, Parameter]:
    if given is None and claimed is not None:
        return dict(claimed.parameters.items())
    if given is None:
        raise InputError(
            f"{name} lacks parameters: for each name the range (low, high) of everyday values,"
            " or the name of a registered distribution as distribution"
        )
    if not isinstance(given, Mapping) or not given:
        raise InputError(
            f"{name} has parameters={given!r}; pass a dict with the range (low, high) of everyday"
            ' values of each, such as {"scale": (0.1, 10.0)}'
        )
    if claimed is not None and (others := set(map(str, given)) - set(claimed.parameters)):
        raise InputError(
            f"{name} has the parameters {', '.join(map(str, given))}, and {claimed.name}, which it"
            f" claims to be, has {', '.join(claimed.parameters)}: none of its is called"
            f" {' or '.join(sorted(others))}"
        )
    return {key: _parameter(name, key, value) for key, value in given.items()}


def _parameter(owner: str, name: str, given: Any) -> Parameter:
    if isinstance(given, Parameter):
        declared = given
    else:
        try:
            low, high = map(float, given)
        except (TypeError, ValueError):
            low, high = math.nan, math.nan
        if not low < high:
            raise InputError(f"{owner}: parameter {name} has range {given!r}; pass (low, high)")
        default = math.sqrt(low * high) if low > 0.0 else 0.5 * (low + high)
        declared = Parameter(name, POSITIVE if low > 0.0 else REAL, default, (low, high))
    if not declared.name:
        declared.__set_name__(type(owner), name)
    return declared


def _methods(owner: str, thing: Any) -> dict[str, Formula]:
    """Return the protocol's methods that an object has; one that is None it has not."""
    methods = {}
    for name in ("rsample", "transform", *FORMULAS):
        method = getattr(thing, name, None)
        if method is None:
            continue
        if not callable(method):
            raise InputError(f"{owner} has {name}={method!r}; make it a method, or None for none")
        methods[name] = method
    return methods


def _lacking(methods: Mapping[str, object], claimed: object) -> str:
    if "rsample" not in methods:
        return "rsample(n, rng=…, **parameters), which returns values and gradients by parameter"
    if claimed is None and not {"cdf", "log_prob"} & set(methods):
        return (
            "what its draws should be: cdf(y, **parameters), log_prob(y, **parameters) or the name"
            " of a registered distribution as distribution"
        )
    return ""


def _noise(name: str, kind: object) -> Noise:
    for known in (NORMAL, UNIFORM):
        if kind in (known, known.name):
            return known
    raise InputError(f'{name} has transform and noise={kind!r}; noise is "uniform" or "normal"')


def _support(owner: str, given: Any) -> tuple[float, float]:
    if given is None:
        return -math.inf, math.inf
    try:
        low, high = map(float, given)
    except (TypeError, ValueError):
        low, high = math.nan, math.nan
    if not low < high:
        raise InputError(
            f"{owner} has support={given!r}; pass its ends (low, high), infinite ones too"
        )
    return low, high


def resolve(spec: Any, fixed: Mapping[str, float] | None = None) -> Target:
    """Return the target that is meant.

    Parameters
    ----------
    spec
        A registered distribution's name; ``"package.module:attribute"``; ``"library:sampler"``
        with a library of :data:`LIBRARIES`; or the thing itself.
    fixed
        Parameters, by name or alias, to keep at these values.

    Raises
    ------
    UnknownDistributionError, InputError, MissingExtraError
        If there is no such thing, or it lacks part of the protocol.
    """
    target = _found(spec)
    target.fixed = {**target.fixed, **target.canonical(fixed or {})}
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
    from reparam import registry

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


def _found(spec: Any) -> Target:
    if isinstance(spec, Target):
        return spec
    if not isinstance(spec, str):
        return _wrapped(spec, name_of(spec))
    module, colon, attribute = spec.partition(":")
    if not colon:
        return _registered(spec)
    if module in LIBRARIES:
        library = import_module(f"reparam.verification.libraries.{module}")
        target: Target = library.target(spec, attribute)
        return target
    return _wrapped(_imported(spec, module, attribute), spec)


def _registered(name: str) -> Target:
    from reparam import registry

    try:
        cls = registry.get(name)
    except UnknownDistributionError as error:
        raise UnknownDistributionError(
            f"{error}; for anything else write package.module:attribute, or library:sampler with"
            f" one of {', '.join(LIBRARIES)}"
        ) from None
    return _wrapped(cls, cls.name)


def _imported(spec: str, module: str, attribute: str) -> Any:
    try:
        found: Any = import_module(module)
    except Exception as error:  # whatever a stranger's module raises is what there is to say
        raise InputError(f"{spec} can't be imported: {type(error).__name__}: {error}") from error
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            owner = getattr(found, "__name__", module)
            raise InputError(
                f"{spec}: {owner} has no {part!r}{did_you_mean(part, dir(found))}"
            ) from None
    return found


def _wrapped(thing: Any, name: str) -> Target:
    """Return the target that an object is."""
    cls = thing if isinstance(thing, type) else type(thing)
    if isinstance(thing, Distribution) and thing.batch_shape:
        raise InputError(f"{name} has array parameters; verify one with numbers")
    if issubclass(cls, Reparameterized):
        given = {} if cls is thing else {key: float(getattr(thing, key)) for key in cls.parameters}
        return Registered(cls, name, given)
    if issubclass(cls, VectorReparameterized):
        vectors = import_module("reparam.verification.vectors")
        target: Target = vectors.Vectors(thing, name)
        return target
    if issubclass(cls, Discrete):
        return Masses(thing, name)
    if issubclass(cls, Distribution):
        raise InputError(f"{name} has no reparameterization: there is no gradient to verify")
    for library, package in LIBRARIES.items():
        if package in _origins(thing):
            recognized: Target | None = import_module(
                f"reparam.verification.libraries.{library}"
            ).recognized(thing, name)
            if recognized is not None:
                return recognized
    if isinstance(thing, type):
        try:
            thing = thing()
        except TypeError as error:
            raise InputError(f"{name} can't be made without arguments: {error}") from None
    return Object(thing, name)


def _origins(thing: Any) -> set[str]:
    """Return the packages that an object's classes come from, those that were imported."""
    cls = thing if isinstance(thing, type) else type(thing)
    packages = {base.__module__.partition(".")[0] for base in cls.__mro__}
    return {name for name in packages if isinstance(sys.modules.get(name), ModuleType)}


def parameter_sets(target: Target, n: int, seed: int) -> Iterator[dict[str, float]]:
    """Yield n parameter sets to look at: the defaults, then random ones.

    Random ones are a Latin hypercube in the declared typical ranges (McKay, Beckman & Conover
    1979), on a logarithmic scale where the range is of positive numbers: of n − 1 values that a
    parameter takes, each lies in another of n − 1 equal parts. Values in ``target.fixed`` stand.
    """
    free = [name for name in target.parameters if name not in target.fixed]
    rng = np.random.default_rng(seed)
    yield {name: target.fixed.get(name, p.default) for name, p in target.parameters.items()}
    parts = n - 1 if free else 0
    shares = {name: (rng.permutation(parts) + rng.random(parts)) / parts for name in free}
    for k in range(parts):
        yield {
            name: target.fixed[name] if name in target.fixed else _typical(p, shares[name][k])
            for name, p in target.parameters.items()
        }


def _typical(parameter: Parameter, share: float) -> float:
    """Return a number in the typical range, `share` of the way up."""
    low, high = parameter.typical
    if low > 0.0:
        return float(low * (high / low) ** share)
    return float(low + (high - low) * share)
