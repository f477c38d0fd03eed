"""Samplers of vectors and matrices by anybody, as targets.

Parameters are seen as numbers, entry by entry, as those of registered distributions are. One of
these is the reference, or a log density that is differentiated numerically.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.reparameterized import Marginal, Reparameterized
from reparam.errors import InputError, UnknownDistributionError
from reparam.parameters import Parameter
from reparam.regions import RealMatrix, RealVector, Region, Simplex
from reparam.verification.laws.entries import Entries
from reparam.verification.laws.law import Formula, Law
from reparam.verification.numerics.calculus import derivative_in, one_after_another
from reparam.verification.refusals import Faulty, NoGradient
from reparam.verification.targets.target import Sample, Target
from reparam.verification.targets.vectors import LEAST_LOGARITHM, Vectors

__all__ = ["SampledVectors", "Slopes", "VectorSampling", "declares_vectors", "of_object"]

#: Numbers of gradients that are asked for, and draws at the most.
_GRADIENTS, _DRAWS = 12 * 2**15, 2**16
#: What the gradients of a row may be: by parameter, or a function of upstream gradients.
Slopes = Mapping[str, Array] | Callable[[Array], Mapping[str, Array]]


class VectorSampling(Protocol):
    """A sampler, given its parameters as numbers or arrays."""

    @property
    def formulas(self) -> Mapping[str, Formula]:
        """The log density, as ``log_prob``, or of numbers the ``cdf``, if it has one of them."""

    def values(self, theta: Mapping[str, Any], n: int, seed: int) -> Array:
        """Return n draws: the first axis is theirs."""

    def sample(self, theta: Mapping[str, Any], n: int, seed: int) -> tuple[Array, Slopes]:
        """Return the same draws, with gradients, or raise NoGradient.

        By parameter, of the value's shape followed by the parameter's. Or a function that makes,
        of upstream gradients of the value's shape, those in each parameter, one row per draw.
        """


class _Declared:
    """A distribution of vectors of which the log density and the parameters are all there is."""

    def __init__(
        self, parameters: Mapping[str, Parameter], region: Region, event: tuple[int, ...]
    ) -> None:
        owner = type("Declared", (), {"parameters": dict(parameters), "_alternatives": ()})
        self.entries = Entries(owner)
        self.parameters: Mapping[str, Parameter] = self.entries.numbers
        self.fixed: Mapping[str, float] = {}
        self.formulas: Mapping[str, Callable[..., Any]] = {}
        self.region: Any = region
        self.event, self.length = event, math.prod(event)
        self.is_whole = isinstance(region, RealVector | RealMatrix | Simplex)

    def law(self, theta: Mapping[str, float]) -> Law:
        at = {name: partial(_at, formula, theta) for name, formula in self.formulas.items()}
        return cast(Law, SimpleNamespace(**at))

    def entropy(self, theta: Mapping[str, float]) -> float:
        return math.nan

    def marginals(self, theta: Mapping[str, float]) -> tuple[Marginal, ...]:
        return ()

    def outside(self, theta: Mapping[str, Any], y: Array) -> NDArray[np.bool_]:
        return np.asarray(self.region.outside(y.reshape(*y.shape[:-1], *self.event)))

    def allows(self, theta: Mapping[str, Any]) -> bool:
        return True


def _at(formula: Callable[..., Any], theta: Mapping[str, float], y: Array) -> Any:
    return formula(y, **theta)


class SampledVectors(Target):
    """Vectors that a third-party sampler draws."""

    may_be_slow = True

    def __init__(
        self,
        name: str,
        sampling: VectorSampling,
        reference: Vectors | _Declared,
        left_out: Callable[[str], bool] = lambda name: False,
    ) -> None:
        self.name, self._sampling, self._reference = name, sampling, reference
        self.length, self.region, self.event = reference.length, reference.region, reference.event
        if self.length < 2:
            raise InputError(f"{name} has vectors of one entry; verify one with more")
        every = reference.parameters
        self.parameters = {key: each for key, each in every.items() if not left_out(key)}
        self._kept = {key: each.default for key, each in every.items() if left_out(key)}
        self.fixed = {
            key: reference.fixed[key] for key in self.parameters if key in reference.fixed
        }
        self.is_whole = reference.is_whole
        # what of_vectors asks of vectors
        self.allows, self.outside, self.entropy, self.marginals = (
            partial(self._asked, function)
            for function in (
                *(reference.allows, reference.outside),
                *(reference.entropy, reference.marginals),
            )
        )
        self.gradient_draws = min(
            _DRAWS, _GRADIENTS // (self.length * max(1, len(self.parameters)))
        )
        self.formulas = {
            key: partial(self._by_reference, formula) for key, formula in reference.formulas.items()
        }
        theta = {key: self.fixed.get(key, each.default) for key, each in self.parameters.items()}
        if "log_prob" in sampling.formulas:
            self._own(self.values(theta, 2, 0), theta)
            self.formulas["log_prob"] = self._log_prob
        elif "log_prob" not in self.formulas:
            raise InputError(f"{name} has no log_prob, so that its distribution is unknown")
        if isinstance(reference, _Declared):
            self.formulas["score"], self.is_numerical = self._score, True
            reference.formulas = self.formulas

    @property
    def is_of_matrices(self) -> bool:
        """Whether values are matrices."""
        return len(self.event) > 1

    def _arrays(self, theta: Mapping[str, Any]) -> dict[str, Array]:
        joined = self._reference.entries.joined({**self._kept, **theta})
        return {name: np.asarray(value) for name, value in joined.items()}

    def draws(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Sample:
        """Return n vectors with gradients, as the sampler has them."""
        y, slopes = self._sampling.sample(self._arrays(theta), n, seed)
        y = self._flat(y, n)
        given = slopes if isinstance(slopes, Mapping) else self._pulled(slopes, n)
        shapes = {name: np.shape(each) for name, each in self._arrays(theta).items()}
        declared = {key.partition("[")[0] for key in self.parameters}
        if missing := sorted(name for name in declared if given.get(name) is None):
            raise NoGradient(f"rsample returned no gradient in {', '.join(missing)}")
        arrays = {}
        for name in declared:
            expected, array = (n, *self.event, *shapes[name]), np.asarray(given[name])
            if array.shape != expected:
                raise Faulty(
                    f"the array of ∂y/∂{name} has shape {array.shape}, expected {expected}: that of"
                    " the values, then that of the parameter"
                )
            arrays[name] = array.astype(np.float64).reshape(n, self.length, *shapes[name])
        numbers = self._reference.entries.split(arrays, {**self._kept, **theta})
        return Sample(y, {key: numbers[key] for key in self.parameters})

    def _pulled(self, pull: Callable[[Array], Mapping[str, Array]], n: int) -> dict[str, Array]:
        """Return the derivative of each entry, by upstream gradients that are 1 for it alone."""
        rows: list[Mapping[str, Array]] = []
        for at in np.ndindex(*self.event):
            upstream = np.zeros((n, *self.event))
            upstream[(slice(None), *at)] = 1.0
            rows.append(pull(upstream))
        return {
            name: np.stack([np.asarray(row[name]) for row in rows], axis=1).reshape(
                n, *self.event, *np.shape(rows[0][name])[1:]
            )
            for name in rows[0]
        }

    def values(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Array:
        """Return n vectors: the same ones, also where no gradient flows."""
        return self._flat(self._sampling.values(self._arrays(theta), n, seed), n)

    def _flat(self, y: Any, n: int) -> Array:
        array = np.asarray(y)
        if array.shape != (n, *self.event):
            raise Faulty(f"{n} draws have shape {array.shape}, expected {(n, *self.event)}")
        return array.astype(np.float64).reshape(n, self.length)

    def logarithms(
        self, theta: Mapping[str, float], n: int, seed: int, way: str = ""
    ) -> tuple[Array, Array]:
        """Return n vectors y, and ln y on the simplex; y itself off it."""
        y = self.values(theta, n, seed, way)
        if not isinstance(self.region, Simplex):
            return y, y
        with np.errstate(all="ignore"):
            return y, np.maximum(np.log(y), LEAST_LOGARITHM)

    def _by_reference(self, formula: Callable[..., Any], y: Array, /, **theta: Any) -> Any:
        return formula(y, **{**self._kept, **theta})

    def _log_prob(self, y: Array, /, **theta: Any) -> Array:
        """Return the sampler's own log density, once for each parameter set."""
        return one_after_another(partial(self._own, y), theta)

    def _own(self, y: Array, theta: Mapping[str, Any]) -> Array:
        log_prob = self._sampling.formulas["log_prob"]
        found = np.asarray(log_prob(y.reshape(*y.shape[:-1], *self.event), **self._arrays(theta)))
        if found.shape != y.shape[:-1]:
            raise Faulty(
                f"log_prob returned an array of shape {found.shape} for {y.shape[:-1]} draws"
            )
        return found

    def _score(self, y: Array, /, **theta: float) -> dict[str, Array]:
        """Return ∂ log p/∂θ by differences of the sampler's own log density."""
        return {
            name: derivative_in(
                name, partial(self._log_prob, y), theta, self.parameters, shape=(1,)
            )[0]
            for name in self.parameters
        }

    def law(self, theta: Mapping[str, float], seed: int = 0) -> Law:
        """Return the distribution that draws should follow."""
        return self._reference.law({**self._kept, **theta})

    def _asked(self, function: Callable[..., Any], theta: Mapping[str, Any], *more: Any) -> Any:
        """Return what the reference says, with all of its parameters."""
        return function({**self._kept, **theta}, *more)


# Objects ------------------------------------------------------------------------------------------


def declares_vectors(thing: Any) -> bool:
    """Return whether an object's draws are vectors: by its distribution, or its parameters."""
    given = getattr(thing, "parameters", None)
    if isinstance(given, Mapping) and any(
        isinstance(each, Parameter) and each.dims for each in given.values()
    ):
        return True
    return _claimed(thing) is not None


def _claimed(thing: Any) -> type[Reparameterized] | None:
    """Return the registered distribution of vectors that an object claims to be."""
    from reparam import registry

    try:
        cls = registry.get(str(getattr(thing, "distribution", None)))
    except UnknownDistributionError:
        return None
    return cls if issubclass(cls, Reparameterized) and cls._support.rank else None


def of_object(thing: Any, name: str) -> SampledVectors:
    """Return the target that an object is whose draws are vectors or matrices.

    Raises InputError if it lacks part of the protocol.
    """
    if not callable(getattr(thing, "rsample", None)):
        raise InputError(
            f"{name} lacks rsample(n, rng=…, **parameters), which returns n vectors and gradients"
            " by parameter"
        )
    cls = _claimed(thing)
    given: Any = getattr(thing, "parameters", None)
    if cls is not None:
        if given is not None and not isinstance(given, Mapping):
            raise InputError(
                f"{name} has parameters={given!r}; it should be a dict of arrays of"
                f" {cls.name}'s parameters"
            )
        made = cls if given is None else cls(**given)
        found = SampledVectors(name, _Object(thing), Vectors(made, name))
        found.fixed = {}
        return found
    if not callable(getattr(thing, "log_prob", None)):
        raise InputError(
            f"{name} lacks what its draws should be: log_prob(y, **parameters), or the name of a"
            " registered distribution of vectors as distribution"
        )
    numbers = [key for key, each in given.items() if not isinstance(each, Parameter)]
    if numbers:
        raise InputError(
            f"{name} draws vectors, and declares {', '.join(numbers)} without a domain; make it a"
            " reparam.Parameter"
        )
    event, region = getattr(thing, "event_shape", None), getattr(thing, "region", None)
    if not isinstance(event, tuple) or not all(isinstance(each, int) for each in event):
        raise InputError(f"{name} lacks event_shape, the shape of one draw, such as (3,)")
    if region is not None and not isinstance(region, Region):
        raise InputError(
            f"{name} has region={region!r}; it should be one of reparam.regions, such as Simplex()"
        )
    for key, each in given.items():
        each.__set_name__(type(thing), key)
    region = region or (RealVector() if len(event) == 1 else RealMatrix())
    return SampledVectors(name, _Object(thing), _Declared(given, region, event))


class _Object:
    """An object that draws vectors: the protocol with arrays for parameters."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing
        log_prob = getattr(thing, "log_prob", None)
        self.formulas: dict[str, Formula] = (
            {} if log_prob is None else {"log_prob": lambda y, /, **at: log_prob(y, **_plain(at))}
        )

    def values(self, theta: Mapping[str, Array], n: int, seed: int) -> Array:
        return self.sample(theta, n, seed)[0]

    def sample(self, theta: Mapping[str, Array], n: int, seed: int) -> tuple[Array, Slopes]:
        result = self._thing.rsample(n, rng=np.random.default_rng(seed), **_plain(theta))
        if hasattr(result, "jacobian"):
            return result.value, result.jacobian()
        try:
            value, slopes = result
        except (TypeError, ValueError):
            slopes = value = None
        if value is None or not (isinstance(slopes, Mapping) or callable(slopes)):
            raise Faulty(
                f"rsample returned {type(result).__name__}, not (values, {{parameter:"
                " ∂y/∂parameter}) or (values, function of upstream gradients)"
            )
        return np.asarray(value), slopes


def _plain(theta: Mapping[str, Array]) -> dict[str, Any]:
    """Return numbers as floats, and vectors and matrices as arrays."""
    return {name: float(each) if each.ndim == 0 else each.copy() for name, each in theta.items()}
