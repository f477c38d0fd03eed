"""What the libraries' samplers have in common: how they become targets, and what can't."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping
from importlib import import_module
from inspect import Parameter as Argument
from inspect import signature
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from reparam._typing import Array
from reparam.domains import Interval
from reparam.errors import InputError, MissingExtraError, did_you_mean
from reparam.parameters import Parameter
from reparam.verification.laws.law import Formula, Law
from reparam.verification.laws.numerical import NumericalLaw
from reparam.verification.refusals import Faulty, NoGradient, NotApplicable
from reparam.verification.targets.libraries._rows import Row
from reparam.verification.targets.sampled_vectors import (
    SampledVectors,
    Slopes,
    VectorSampling,
)
from reparam.verification.targets.target import Bends, Sample, Target
from reparam.verification.targets.vectors import Vectors

__all__ = [
    "LibrarySampler",
    "Sampling",
    "ends",
    "fixed_values",
    "load",
    "looked_up",
    "not_univariate",
    "parameter_in",
    "row_of_constraints",
    "unchecked",
    "vectors",
]

#: A parameter's typical values lie within these distances of one end of its domain.
_NEAR, _FAR = 0.1, 10.0


class Sampling(VectorSampling, Protocol):
    """A sampler as its library has it: draws are in the precision of the parameters given."""

    def second(self, theta: Mapping[str, float], n: int, seed: int) -> tuple[Sample, Bends]:
        """Return draws with gradients and second derivatives; whatever is raised is the reason."""

    def support(self, theta: Mapping[str, float]) -> tuple[float, float]:
        """Return the ends of the interval that values lie in."""


class LibrarySampler(Target):
    """A sampler of another library, in its own parameters."""

    may_be_slow = True

    def __init__(
        self,
        name: str,
        sampling: Sampling,
        row: Row,
        fixed: Mapping[str, float] | None = None,
    ) -> None:
        self.name, self.fixed, self.formulas = name, fixed or {}, {}
        self.parameters = row.parameters()
        self._sampling, self._row = sampling, row
        self.is_numerical = not row.law
        self.moving, self.ordered = row.moving, row.ordered

    def draws(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Sample:
        """Return n values with gradients, as the library differentiates."""
        value, slopes = self._sampling.sample(self.given(theta), n, seed)
        _check(value, n)
        gradients = slopes(np.ones(n)) if callable(slopes) else slopes
        if self._row.discrete and not any(map(np.any, gradients.values())):
            raise NoGradient("draws are whole numbers, and the gradient of each is 0")
        for array in gradients.values():
            _check(array, n)
        return Sample(self._placed(value, theta), gradients)

    def values(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Array:
        """Return n values."""
        value = self._sampling.values(self.given(theta), n, seed)
        _check(value, n)
        return self._placed(value if value.dtype.kind == "f" else value.astype(np.float64), theta)

    def second(self, theta: Mapping[str, float], n: int, seed: int) -> tuple[Sample, Bends]:
        """Return n values with gradients, and second derivatives, as the library has them."""
        if self._row.discrete:
            raise NotApplicable("its values are whole numbers")
        try:
            return self._sampling.second(self.given(theta), n, seed)
        except NoGradient as reason:
            raise NotApplicable(f"it offers no second derivatives: {reason}") from None
        except (RuntimeError, NotImplementedError, ValueError, TypeError) as error:
            text = str(error).splitlines()[0] if str(error) else ""
            raise NotApplicable(
                f"differentiating twice raises {type(error).__name__}: {text}"
            ) from None

    def _placed(self, value: Array, theta: Mapping[str, float]) -> Array:
        """Return values, angles moved into the law's support."""
        if not self._row.circular:
            return value
        low, high = map(float, self.law(theta, 0).support)
        inside = (value > low) & (value < high)  # as they are, to the last digit
        moved = low + np.remainder(value.astype(np.float64) - low, high - low)
        return np.where(inside, value, np.clip(moved, low, high).astype(value.dtype))

    def law(self, theta: Mapping[str, float], seed: int) -> Law:
        """Return the law of the table, or what follows from the library's own density."""
        theta = self.rounded(theta)
        if self._row.discrete:
            raise NotApplicable("its values are whole numbers, and densities are compared here")
        if self._row.law:
            return self._row.at(theta)
        formulas = self._sampling.formulas
        if not formulas:
            raise NotApplicable("it has neither log_prob nor cdf, so its law isn't known")
        return NumericalLaw(
            theta,
            self.parameters,
            self.values(theta, self.pilot_draws, seed),
            **formulas,
            support=self._sampling.support(theta),
        )


class _InTheirs:
    """A sampler of vectors in its own arguments, given the parameters of the law in a row."""

    def __init__(self, sampling: VectorSampling, row: Row) -> None:
        self._sampling, self._row = sampling, row

    @property
    def formulas(self) -> dict[str, Formula]:
        return {
            name: lambda y, /, *, formula=formula, **theta: formula(y, **self._row.arguments(theta))
            for name, formula in self._sampling.formulas.items()
        }

    def values(self, theta: Mapping[str, Array], n: int, seed: int) -> Array:
        return self._sampling.values(self._row.arguments(theta), n, seed)

    def sample(self, theta: Mapping[str, Array], n: int, seed: int) -> tuple[Array, Slopes]:
        y, slopes = self._sampling.sample(self._row.arguments(theta), n, seed)
        if callable(slopes):
            return y, lambda upstream: self._row.slopes(slopes(upstream))
        return y, self._row.slopes(slopes)


def vectors(name: str, sampling: VectorSampling, row: Row, thing: Any = None) -> SampledVectors:
    """Return the target that a sampler is; with the parameters of an object, if that is given."""
    from reparam import registry

    cls: Any = registry.get(row.law)
    values = {
        ours: np.asarray(getattr(thing, theirs), dtype=np.float64)
        for ours, theirs in (row.names.items() if thing is not None else ())
    }
    given = {k: np.diag(v) if row.names[k] in row.diagonal else v for k, v in values.items()}
    made = cls(**{**given, **row.kept})
    if made.batch_shape:
        raise InputError(f"{name} has a batch of parameters; verify one vector's")
    return SampledVectors(name, _InTheirs(sampling, row), Vectors(made, name), row.left_out)


def _check(array: Array, n: int) -> None:
    if array.shape != (n,):
        raise Faulty(f"{n} draws have shape {array.shape}, expected {(n,)}")


def load(spec: str, module: str, library: str, package: str) -> ModuleType:
    """Return a library's module.

    Raises MissingExtraError if it is not installed. Raises InputError if it is, and can't be
    imported.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a library does at home
            return import_module(module)
    except Exception as error:  # whatever a library raises is the finding
        root = module.partition(".")[0]
        if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == root:
            raise MissingExtraError(
                f"{spec} needs {library}; install it with: pip install {package}"
            ) from None
        raise InputError(
            f"{spec}: {library} can't be imported: {type(error).__name__}: {error}"
        ) from error


def looked_up(spec: str, module: ModuleType, name: str, names: Iterable[str]) -> Any:
    """Return what a module has under a name.

    Raises InputError if there is nothing.
    """
    found = getattr(module, name, None)
    if not callable(found):
        raise InputError(
            f"{spec}: {module.__name__} has no sampler {name!r}{did_you_mean(name, names)}"
            f" (known here are {', '.join(sorted(names))})"
        )
    return found


_UNIVARIATE = "only univariate distributions on the real line can be verified"


def not_univariate(spec: str, what: str) -> InputError:
    """Return the error about a sampler of vectors, matrices or the like."""
    return InputError(f"{spec} {what}: {_UNIVARIATE}")


def parameter_in(name: str, low: float, high: float) -> Parameter:
    """Return a parameter of that domain, with a typical range inside."""
    if math.isfinite(low) and math.isfinite(high):
        typical = low + 0.05 * (high - low), high - 0.05 * (high - low)
        default = 0.5 * (low + high)
    elif math.isfinite(low):
        typical, default = (low + _NEAR, low + _FAR), low + 1.0
    elif math.isfinite(high):
        typical, default = (high - _FAR, high - _NEAR), high - 1.0
    else:
        typical, default = (-3.0, 3.0), 0.0
    return Parameter(name, Interval(low, high), default, typical)


def ends(constraint: Any) -> tuple[float, float]:
    """Return the ends of the interval that a constraint of torch or NumPyro describes."""
    return (
        float(getattr(constraint, "lower_bound", -math.inf)),
        float(getattr(constraint, "upper_bound", math.inf)),
    )


def row_of_constraints(spec: str, cls: type) -> Row:
    """Return the row of a distribution class whose parameters torch or NumPyro declares.

    Raises InputError if it isn't univariate, or its parameters aren't numbers.
    """
    constraints = getattr(cls, "arg_constraints", None)
    if not isinstance(constraints, Mapping) or not constraints:
        raise InputError(
            f"{spec} declares no parameters (arg_constraints); verify a class that does, or any"
            " object with rsample and parameters"
        )
    support = getattr(cls, "support", None)
    if any(_dimension(each) > 0 for each in (*constraints.values(), support)):
        raise not_univariate(spec, "is multivariate")
    arguments, takes_any = _arguments(cls)
    names = [name for name in arguments if name in constraints]
    if others := [name for name in constraints if name not in arguments]:
        if not takes_any:
            raise InputError(
                f"{spec} has arg_constraints for {', '.join(others)}, which its constructor doesn't"
                f" take (it takes {', '.join(arguments) or 'nothing'}); give both the same names"
            )
        names += others
    defaults = {
        name: arguments[name].default if name in arguments else Argument.empty for name in names
    }
    # of alternatives, such as probs and logits, the first
    alternatives = [name for name in names if defaults[name] is None][1:]
    lacking = [
        name
        for name, each in arguments.items()
        if each.default is Argument.empty and name not in constraints
    ]
    if lacking:
        raise InputError(
            f"{spec} needs {', '.join(lacking)}, which arg_constraints lacks; give it a default, or"
            " declare its constraint"
        )
    ranges = {}
    for name in names:
        if name in alternatives:
            continue
        if _is_discrete(constraints[name]):
            if defaults[name] is Argument.empty:
                raise InputError(f"{spec} needs {name}, which is a whole number; give it a default")
            continue
        ranges[name] = parameter_in(name, *ends(constraints[name]))
    if not ranges:
        raise InputError(f"{spec} has no parameter that is a real number: nothing has a gradient")
    return Row(ranges=ranges, discrete=_is_discrete(support))


def unchecked(cls: Any) -> dict[str, bool]:
    """Return the argument by which a class of torch or NumPyro checks no values, if it takes it."""
    arguments, takes_any = _arguments(cls)
    return {"validate_args": False} if takes_any or "validate_args" in arguments else {}


def _arguments(cls: Any) -> tuple[dict[str, Argument], bool]:
    """Return a constructor's arguments, and whether it takes any others by name."""
    every = signature(cls).parameters
    named = {
        name: each
        for name, each in every.items()
        if each.kind not in (Argument.VAR_POSITIONAL, Argument.VAR_KEYWORD)
    }
    return named, any(each.kind is Argument.VAR_KEYWORD for each in every.values())


def _dimension(constraint: Any) -> int:
    """Return the number of dimensions of what a constraint is about; 0 if it depends."""
    try:
        return int(getattr(constraint, "event_dim", 0))
    except (NotImplementedError, TypeError):
        return 0


def _is_discrete(constraint: Any) -> bool:
    try:
        return getattr(constraint, "is_discrete", False) is True
    except NotImplementedError:
        return False


def fixed_values(name: str, thing: Any, parameters: Iterable[str]) -> dict[str, float]:
    """Return a distribution object's parameters, which must be numbers."""
    values = {key: np.asarray(getattr(thing, key)) for key in parameters}
    for key, value in values.items():
        if value.shape != ():
            raise InputError(f"{name} has an array for {key}; verify one with numbers")
    return {key: float(value) for key, value in values.items()}
