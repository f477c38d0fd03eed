"""What a distribution's author declares and writes."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, NamedTuple, TypeVar, final

from reparam._typing import Array
from reparam.base.tails import Tail
from reparam.base.tree import Tree
from reparam.domains import Domain
from reparam.engine.noise import UNIFORM, Noise, Stream
from reparam.errors import IncompleteError, NoFormulaError
from reparam.regions import Dims, Region

__all__ = ["FUNCTIONS", "About", "Formulas", "View", "follows", "stand_in"]


@dataclass(frozen=True)
class About:
    """Formulas of a distribution for its readers, in mathematical notation.

    Parameters
    ----------
    density
        The density, or probability mass, ``"p(y) = …"``.
    transform
        The reparameterization, ``"y = …"`` in terms of the noise, if there is one.
    derivatives
        For each parameter ∂y/∂θ, in terms of noise, value and parameters.
    source
        Where formulas and algorithms come from.
    score
        For each parameter ∂ log p(y)/∂θ, of a distribution without reparameterization.
    scipy
        The distribution in the spelling of ``scipy.stats``, ``"gamma(alpha, scale=1/rate)"``, by
        Python's arithmetic in the names of parameters; empty if SciPy lacks it.
    accuracy
        For each function (of :data:`FUNCTIONS`) whose error exceeds both 1e-13 and 20 times what
        rounding of its inputs forces: a bound of its relative error, at most 1e-10, which
        ``tools/accuracy_sweep`` holds it to.
    """

    density: str
    transform: str = ""
    derivatives: dict[str, str] = field(default_factory=dict)
    source: str = ""
    score: dict[str, str] = field(default_factory=dict)
    scipy: str = ""
    accuracy: dict[str, float] = field(default_factory=dict)


class View(NamedTuple):
    """A function of the draw that stays accurate where the value rounds or underflows.

    All are names of formulas, of the value, the auxiliary arrays and the parameters; that of second
    derivatives may be missing.
    """

    value: str
    jacobian: str
    hessian: str = ""


F = TypeVar("F", bound=Callable[..., Any])

#: The attribute of formulas that stand in for one that an author has not written.
_MARK = "stands_in"

#: The functions of a distribution that follow numerically without a formula, if they do.
FUNCTIONS = (
    *("icdf", "isf", "cdf", "sf", "log_cdf", "log_sf", "pathwise", "pathwise2", "score"),
    *("stein_score", "mean", "variance", "entropy"),
)


def stand_in(formula: F) -> F:
    """Mark a formula of a base class that stands in for one that an author has not written."""
    formula.__dict__[_MARK] = True
    return formula


def follows(formula: Any) -> bool:
    """Whether a formula is one that stands in for what an author has not written."""
    return getattr(formula, _MARK, False)


class Formulas(Tree, abc.ABC):
    """A frozen tree of parameters, and the formulas of a distribution, which take them."""

    #: The registry's name, in lower case.
    name: ClassVar[str]
    #: Other names the registry knows it by.
    aliases: ClassVar[tuple[str, ...]] = ()
    #: Formulas for the reader.
    about: ClassVar[About]
    #: How noise becomes a value, if it does.
    mechanism: ClassVar[str] = "none"
    #: What ``Draw`` offers beside the value, by name.
    _views: ClassVar[Mapping[str, View]] = {}
    _support: ClassVar[Domain | Region]
    #: The kind of noise that a draw is made of: as many numbers as it has, unless ``_substreams``
    #: declares otherwise.
    noise: ClassVar[Noise] = UNIFORM
    #: The kinds of random numbers that a draw is made of, if there are several or another count:
    #: each a kind, of the shape of a draw, or a pair (kind, named axes).
    _substreams: ClassVar[tuple[Noise | tuple[Noise, Dims], ...]] = ()
    #: Whether values at the endpoints of the support have a probability: formulas then see all
    #: values.
    _has_atoms: ClassVar[bool] = False
    #: How fast the probability falls towards the lower and the upper endpoint of the support.
    _tails: ClassVar[tuple[Tail, Tail] | None] = None
    #: Whether formulas take microseconds an element: then fewer draws are verified.
    _is_slow: ClassVar[bool] = False

    # What a distribution's author writes -----------------------------------------------------
    #
    # ``*theta: Any, **_: Any`` is how a signature declares "whatever parameters there are": authors
    # name theirs, ``def _cdf(y, rate)``. θ of a child is one tuple.

    #: The axes of what formulas take in place of θ, if ``_prepared`` makes something else of it.
    _prepared_dims: ClassVar[tuple[Dims, ...]] = ()
    #: How many of these, the last, have no derivatives, as they are functions of the others.
    _functions_of_others: ClassVar[int] = 0

    def _prepared(self, *theta: Any) -> tuple[Array, ...]:
        """What formulas take in place of θ, computed once: of whole batches, such as a factor."""
        raise NotImplementedError

    def _pulled_back(self, entries: Sequence[Array], *theta_and_prepared: Any) -> tuple[Any, ...]:
        """Derivatives in the differentiable θ, from those in what ``_prepared`` makes of it.

        The last axes are a parameter's; those before broadcast.
        """
        raise NotImplementedError

    def _pushed_on(self, tangents: Sequence[Array], *theta_and_prepared: Any) -> tuple[Any, ...]:
        """Tangents of what ``_prepared`` makes of θ, from those of the differentiable θ."""
        raise NotImplementedError

    def _pulled_back_along(
        self, entries: Sequence[Array], tangents: Sequence[Array], *theta_and_prepared: Any
    ) -> tuple[Any, ...]:
        """The derivative of ``_pulled_back`` as θ moves: 0 where it doesn't depend on θ."""
        return (0.0,) * len(tangents)

    @stand_in
    def _pull_along(
        self, upstream: Array, tangents: tuple[Any, ...], y: Array, *extras_and_theta: Any
    ) -> tuple[Any, ...]:
        """The derivative of ``_pull`` in a direction, of vectors on a map."""
        raise NotImplementedError

    @stand_in
    def _push(self, tangents: tuple[Any, ...], y: Array, *extras_and_theta: Any) -> Array:
        """The derivative of a draw in a direction, of vectors: from ``_pull``, if not written."""
        raise NotImplementedError

    @abc.abstractmethod
    def _log_prob(self, y: Array, *theta: Any, **_: Any) -> Array:
        """Log density, or mass, inside the closed support."""

    @abc.abstractmethod
    def _cdf(self, y: Array, *theta: Any, **_: Any) -> Array:
        """P(Y ≤ y) inside the closed support."""

    @abc.abstractmethod
    def _sf(self, y: Array, *theta: Any, **_: Any) -> Array:
        """P(Y > y) inside the closed support, to full relative accuracy."""

    @abc.abstractmethod
    def _log_cdf(self, y: Array, *theta: Any, **_: Any) -> Array:
        """Logarithm of P(Y ≤ y) inside the closed support, to full relative accuracy."""

    @abc.abstractmethod
    def _log_sf(self, y: Array, *theta: Any, **_: Any) -> Array:
        """Logarithm of P(Y > y) inside the closed support, to full relative accuracy."""

    @abc.abstractmethod
    def _score(self, y: Array, *theta: Any, **_: Any) -> tuple[Any, ...]:
        """∂ log p/∂θ for each differentiable parameter in declared order."""

    @abc.abstractmethod
    def _mean(self, *theta: Any, **_: Any) -> Array:
        """E[y]."""

    @abc.abstractmethod
    def _variance(self, *theta: Any, **_: Any) -> Array:
        """Variance."""

    @abc.abstractmethod
    def _entropy(self, *theta: Any, **_: Any) -> Array:
        """Entropy in nats."""

    @stand_in
    def _covariance(self, *theta: Any) -> Array:
        """E[(y − E y)(y − E y)ᵀ], of vectors and of matrices."""
        kind = ("numbers", "vectors", "matrices")[self._support.rank]
        raise NoFormulaError(
            f"{type(self).__name__} has no formula for the covariance of {kind};"
            + (" average over draws, sample(n)" if self._support.rank else " there is the variance")
        )

    def _ends(self, *theta: Any) -> tuple[Any, Any]:
        """The endpoints of the support."""
        return self._support.ends(dict(zip(self._fields, theta, strict=True)))

    @abc.abstractmethod
    def _sample(self, shape: tuple[int, ...], stream: Stream, first: int = 0) -> Array:
        """Draw values of that shape, which ends with the batch shape.

        The first element is number `first` of the stream.
        """

    def _extra_events(self) -> list[tuple[int, ...]]:
        """Return the shape that each of the auxiliary arrays of differentiable draws has."""
        raise NotImplementedError

    def _noise_of(
        self, value: Array, source: tuple[Array, ...] | Stream, first: int
    ) -> tuple[Array, ...]:
        """Return the noise of differentiable draws: given, or of the stream they came from."""
        raise NotImplementedError

    # What there is of them ---------------------------------------------------------------------

    @final
    @classmethod
    def numerical_formulas(cls) -> tuple[str, ...]:
        """Return the names of the functions that follow numerically, for lack of a formula."""
        return () if cls._support.rank else tuple(n for n in FUNCTIONS if cls._follows(f"_{n}"))

    @classmethod
    def has_formula(cls, function: str) -> bool:
        """Return whether a function, such as ``"entropy"``, has a formula that isn't numerical."""
        return hasattr(cls, f"_{function}") and not cls._follows(f"_{function}")

    @classmethod
    def _follows(cls, formula: str) -> bool:
        """Whether a formula is one that stands in for what an author has not written."""
        return follows(getattr(cls, formula, None))

    @final
    @classmethod
    def _need_complete(cls) -> None:
        """Raise if the class lacks what its author must write."""
        if missing := cls._missing():
            raise IncompleteError(
                f"{cls.__name__} lacks {', '.join(missing)}; write what is missing, in the class"
            )

    @classmethod
    @cache
    def _missing(cls) -> tuple[str, ...]:
        """Return the names of what the author has yet to write: "a or b" if one of two will do."""
        lacking = [name for name in ("name", "_support") if not hasattr(cls, name)]
        return (*lacking, *sorted(getattr(cls, "__abstractmethods__", ())))
