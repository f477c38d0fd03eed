"""Any object as a target, and the protocol that it follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import numpy as np

from reparam._typing import Array
from reparam.engine.noise import Stream, Substream
from reparam.verification.laws.law import Law
from reparam.verification.laws.numerical import NumericalLaw
from reparam.verification.refusals import Faulty, NoGradient
from reparam.verification.targets import declarations
from reparam.verification.targets.formulas import for_arrays, need_arguments, one_by_one, real_array
from reparam.verification.targets.target import FORMULAS, Sample, Target

__all__ = ["Object", "Sampler"]

#: A way of drawing: what a transform makes of noise.
_BY_TRANSFORM = "noise through transform"
#: No parameter's name.
_VALUE = ""


class Sampler(Protocol):
    """What an object provides to be verified: draws with gradients, and what they should be.

    Beside ``rsample`` it has one of

    - ``distribution``: the name of the registered distribution that it claims to be;
    - ``cdf(y, **theta)``: P(Y ≤ y), and better ``sf`` too;
    - ``log_prob(y, **theta)``: the log density;

    and unless it has the registered distribution's parameters, ``parameters``: for each name the
    range ``(low, high)`` of typical values, or a :class:`reparam.Parameter`. A range of positive
    numbers is taken to be of a positive parameter. A number is a constant, in which there is no
    gradient.

    It may have ``support``, two numbers; ``score`` and ``pathwise`` (dicts, by parameter) and
    ``icdf``; and ``transform(z, **theta)`` with ``noise = "uniform"`` or ``"normal"``, which
    returns what ``rsample`` does. With ``independent = False`` draws may know of each other:
    stratified or antithetic ones do. What is None is not there. Formulas take arrays of values.
    They and ``transform`` may get arrays of a parameter, too, which broadcast with values.
    """

    def rsample(
        self, n: int, /, *, rng: np.random.Generator, **theta: float
    ) -> tuple[Array, Mapping[str, Array]]:
        """Return n values, and for each parameter the n derivatives ∂y/∂θ."""


class Object(Target):
    """Any object that follows :class:`Sampler`."""

    may_be_slow = True

    def __init__(self, thing: Any, name: str) -> None:
        self.name, self._thing, self.fixed = name, thing, {}
        methods = declarations.methods_of(name, thing)
        self.claimed = declarations.claimed_by(name, thing)
        self.parameters, self.constants = declarations.parameters_of(name, thing, self.claimed)
        self.noise = None
        if "transform" in methods:
            self.noise = declarations.noise_of(name, getattr(thing, "noise", None))
        self._support = declarations.support_of(name, getattr(thing, "support", None))
        self.independent = bool(getattr(thing, "independent", True))
        need_arguments(name, methods, [*self.parameters, *self.constants])
        self.is_numerical = self.claimed is None
        if self.claimed is not None:
            moving = self.claimed().moving
            self.moving = tuple(key for key in moving if key in self.parameters)
        self._laws: dict[tuple[tuple[tuple[str, float], ...], int], Law] = {}
        self.formulas = {
            key: partial(self._called, for_arrays(key, methods[key]))
            for key in FORMULAS
            if key in methods
        }

    def _called(self, method: Callable[..., Any], /, *args: Any, **theta: Any) -> Any:
        """Return what a method says of these parameters, and of the constants."""
        return method(*args, **self._kept, **theta)

    @property
    def _kept(self) -> dict[str, float]:
        """The constants."""
        return {key: self.fixed.get(key, each.default) for key, each in self.constants.items()}

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
            made = self._called(self._thing.transform, self._noise(n, seed), **self.given(theta))
            return self._in_precision(_values(made, (n,), "transform")[0], "transform")
        values = _values(self._rsample(theta, n, seed), (n,), "rsample")[0]
        return self._in_precision(values, "rsample")

    def consecutive(self, theta: Mapping[str, float], n: int, seed: int) -> list[Array]:
        """Return the n values of each of two calls with one generator."""
        rng = np.random.default_rng(seed)
        return [_values(self._rsample(theta, n, rng), (n,), "rsample")[0] for _ in range(2)]

    def _rsample(self, theta: Mapping[str, float], n: int, seed: int | np.random.Generator) -> Any:
        generator = np.random.default_rng(seed)
        return self._called(self._thing.rsample, n, rng=generator, **self.given(theta))

    def _noise(self, n: int, seed: int) -> Array:
        assert self.noise is not None
        return Substream(Stream(seed), self.noise).take(0, n).astype(self.dtype, copy=False)

    def transform(self, noise: Array, /, **theta: Any) -> Sample:
        """Return the values that this noise makes, with gradients.

        If arrays of parameters are too much for it, it gets one set of them after the other.
        """
        shape = np.broadcast_shapes(noise.shape, *map(np.shape, theta.values()))
        try:
            made = self._called(
                self._thing.transform, noise.astype(self.dtype), **self.given(theta)
            )
        except Exception:
            if not any(map(np.ndim, theta.values())):
                raise
            arrays = one_by_one(self._flat, noise, theta, shape)
            return Sample(arrays[_VALUE], {name: arrays[name] for name in self.parameters})
        return self._sample(made, shape, "transform")

    def _flat(self, noise: Array, /, **theta: float) -> dict[str, Array]:
        """Return the values that this noise makes, and their gradients, in one dict."""
        sample = self.transform(noise, **theta)
        return {_VALUE: sample.value, **sample.gradients}

    def law(self, theta: Mapping[str, float], seed: int) -> Law:
        """Return what it claims to be, or what follows from its own cdf or log density."""
        theta = self.rounded(theta)
        if self.claimed is not None:
            return self.claimed(**theta, **self._kept)
        key = tuple(theta.items()), seed
        if key not in self._laws:
            self._laws[key] = NumericalLaw(
                theta,
                self.parameters,
                self.values(theta, self.pilot_draws, seed),
                **{name: self.formulas.get(name) for name in ("log_prob", "cdf", "sf")},
                support=self._support,
            )
        return self._laws[key]

    def _in_precision(self, values: Array, call: str) -> Array:
        """Return values that are in the precision that was asked for; others are a fault."""
        if self.dtype is np.float32 and values.dtype != np.float32:
            raise Faulty(
                f"{call} returned float64, given parameters in float32: it computes in double"
                " precision; verify it without --dtype"
            )
        return values

    def _sample(self, result: Any, shape: tuple[int, ...], call: str) -> Sample:
        values, named = _values(result, shape, call)
        values = self._in_precision(values, call)
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
    """Return an array of that shape, or that broadcasts to it, keeping single precision.

    It is a copy: samplers may use their arrays again.
    """
    array = real_array(what, value)
    array = array.astype(np.float32 if array.dtype == np.float32 else np.float64)
    with suppress(ValueError):
        if array.shape == shape or not exactly:
            return np.broadcast_to(array, shape)
    raise Faulty(f"{what} has shape {array.shape}, expected {shape}")
