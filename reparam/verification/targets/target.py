"""Targets: whatever is verified, seen through one interface.

A target draws values with gradients. What else it has (a transform of noise, formulas) is looked
at where it is there. A :class:`reparam.Distribution` has it all: see ``registered``. Any other
object is read by ``objects``; samplers of other libraries come through ``libraries``.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.reparameterized import Reparameterized
from reparam.engine.noise import NORMAL, Noise
from reparam.parameters import Parameter, Parameters
from reparam.verification.laws.law import Formula, Law
from reparam.verification.refusals import NotApplicable

__all__ = ["FORMULAS", "Bends", "Later", "Sample", "Target", "Unlike", "noise_of"]

#: What a target may have beside its draws: functions of values (``icdf``: of probabilities).
FORMULAS = ("log_prob", "cdf", "sf", "icdf", "score", "pathwise")

#: Second derivatives of draws in pairs of parameters.
Bends = Mapping[tuple[str, str], Array]


@dataclass(frozen=True)
class Sample:
    """Values, and the derivative of each in each parameter; all of one shape.

    Those of vectors have a last axis for the entries.
    """

    value: Array
    gradients: Mapping[str, Array]

    def at(self, places: NDArray[np.integer]) -> Sample:
        """Return the sample at some places: gradients that are late are computed there alone."""
        if isinstance(self.gradients, Later):
            return Sample(self.value[places], self.gradients.at(places))
        gradients = {name: np.asarray(each)[places] for name, each in self.gradients.items()}
        return Sample(self.value[places], gradients)


class Later(Mapping[str, Array]):
    """Gradients that are computed when they are asked for: differences of values need none.

    Parameters
    ----------
    jacobian
        Returns all gradients.
    jacobian_at
        Returns those at some places, without the others.
    """

    def __init__(
        self,
        jacobian: Callable[[], Mapping[str, Array]],
        jacobian_at: Callable[[NDArray[np.integer]], Mapping[str, Array]] | None = None,
    ) -> None:
        self._jacobian, self._jacobian_at = jacobian, jacobian_at

    def at(self, places: NDArray[np.integer]) -> Mapping[str, Array]:
        """Return the gradients at some places."""
        if self._jacobian_at is None or "_gradients" in self.__dict__:
            return {name: each[places] for name, each in self._gradients.items()}
        return Later(partial(self._jacobian_at, places))

    @cached_property
    def _gradients(self) -> Mapping[str, Array]:
        return self._jacobian()

    def __getitem__(self, name: str) -> Array:
        return self._gradients[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._gradients)

    def __len__(self) -> int:
        return len(self._gradients)


@dataclass(frozen=True)
class Unlike:
    """Draws each of which has parameters of its own, and the law of each."""

    theta: Mapping[str, Array]
    sample: Sample
    law: Law


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
    #: Whether derivatives of vectors are those at fixed noise, which differences can tell.
    is_map: bool = True
    #: How many numbers of noise a vector is made of.
    width: int = 0
    #: Whether formulas are to be right out to the last tail, and for any parameters: those of this
    #: library and its plugins. Third-party formulas may lose digits there.
    strict: bool = False
    #: Whether values rise with the noise of ``transform``, or fall; None if neither.
    rises: bool | None = True
    #: The kind of noise that ``transform`` takes, None if there is no transform. Of vectors, rows.
    noise: Noise | None = None
    #: Whether draws are ``transform`` of noise, so that they have its derivatives at a fixed seed.
    replays: bool = False
    #: The absolute error that probabilities may have: they may be differences, such as 1 − e^−x.
    rounding: float = 8.0 * float(np.finfo(np.float64).eps)
    #: The registered distribution of which there may be a reference table.
    reference: str | None = None
    #: The most draws with gradients that are asked for at once: fewer where they are slow.
    gradient_draws: int = 2**18
    #: The most draws at which formulas are computed, where that is not done in turns.
    formula_draws: int = 2**23
    #: Draws that tell where a law's mass is: fewer where they are slow.
    pilot_draws: int = 4096
    #: Whether its draws are third-party, and have to be timed.
    may_be_slow: bool = False
    #: The precision that its draws are asked for in: that of the parameters it is given.
    dtype: type[np.floating] = np.float64
    #: Whether its law is quadrature and numerical differentiation, which takes time.
    is_numerical: bool = False
    #: The registered distribution that it claims to be, to which its own formulas are held.
    claimed: type[Reparameterized] | None = None
    #: Whether its draws know nothing of each other.
    independent: bool = True
    #: Why it has no gradients, and claims none; empty if it has.
    obstacle: str = ""
    #: Parameters that are kept at these values, instead of typical ones.
    fixed: Mapping[str, float]
    #: The parameters that move an end of the support, in which E[∂ log p/∂θ] is not 0.
    moving: tuple[str, ...] = ()
    #: Pairs of parameters, of which the first must be below the second.
    ordered: tuple[tuple[str, str], ...] = ()
    #: Parameters that nothing is differentiated in, each of which has one value: the default, or
    #: that in ``fixed``.
    constants: Mapping[str, Parameter] = MappingProxyType({})

    def canonical(self, given: Mapping[str, float]) -> dict[str, float]:
        """Return parameters under their declared names, validated."""
        declared = Parameters(self.name, {**self.constants, **self.parameters})
        named = declared.by_name(given.items())
        return {name: float(declared[name].validated(value)) for name, value in named.items()}

    def given(self, theta: Mapping[str, Any]) -> dict[str, Any]:
        """Return parameters in the precision that draws are asked for in."""
        if self.dtype is np.float64:
            return dict(theta)
        return {name: np.asarray(value, self.dtype)[()] for name, value in theta.items()}

    def rounded(self, theta: Mapping[str, float]) -> dict[str, float]:
        """Return the numbers that :meth:`given` makes of parameters."""
        return {name: float(value) for name, value in self.given(theta).items()}

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways it has of drawing: names for :meth:`draws`."""
        return ("",)

    @abc.abstractmethod
    def draws(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Sample:
        """Return n values with gradients."""

    def second(self, theta: Mapping[str, float], n: int, seed: int) -> tuple[Sample, Bends]:
        """Return n values with gradients, and second derivatives by pairs of parameters.

        Raises NotApplicable if there are none.
        """
        raise NotApplicable("it offers no second derivatives")

    def values(self, theta: Mapping[str, float], n: int, seed: int, way: str = "") -> Array:
        """Return n values: the same ones, also where no gradient flows."""
        return self.draws(theta, n, seed, way).value

    def consecutive(self, theta: Mapping[str, float], n: int, seed: int) -> list[Array] | None:
        """Return the n values of each of two calls with one generator; None if it takes none."""
        return None

    def unlike(self, n: int, seed: int) -> Unlike | None:
        """Return n values with gradients, of unlike parameters; None if all share theirs."""
        return None

    def transform(self, noise: Array, /, **theta: Any) -> Sample:
        """Return the values that this noise makes, with gradients."""
        raise NotImplementedError

    @property
    def views(self) -> tuple[str, ...]:
        """The functions of values that it has with derivatives of their own: for :meth:`view`."""
        return ()

    def view(self, name: str, noise: Array, /, **theta: Any) -> Sample:
        """Return a function of the values that this noise makes, with gradients."""
        raise NotImplementedError

    def joints(self, theta: Mapping[str, float]) -> Array:
        """Return values that integrals are best split at: where a density is not smooth."""
        return np.zeros(0)

    def jumps(self, theta: Mapping[str, float]) -> list[tuple[float, Mapping[str, float]]]:
        """Return where a density jumps inside the support at a place that moves, and what it moves.

        By parameter: the jump of p g, with the speed g of the place.
        """
        return []

    @abc.abstractmethod
    def law(self, theta: Mapping[str, float], seed: int) -> Law:
        """Return the law that the draws should follow."""

    def moments(self, theta: Mapping[str, float]) -> dict[str, Array]:
        """Return its mean, variance and entropy, of vectors the covariance, too: those it has.

        Raises NotApplicable if these are no part of what is verified.
        """
        raise NotApplicable("it has no mean, no variance and no entropy")

    def _formula(self, formula: str) -> Formula:
        """Return a formula of the law as a function of values and parameters."""
        return lambda at, /, **theta: getattr(self.law(theta, 0), formula)(at)


def noise_of(kind: Noise, u: Array) -> Array:
    """Return the noise of a kind that has these probabilities."""
    if kind is not NORMAL:
        return u
    from scipy.special import ndtri

    return np.asarray(ndtri(u))
