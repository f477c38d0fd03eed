"""Distributions whose draws are differentiable: y = f(z; θ), with z outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self, final

import numpy as np

from reparam import numerical
from reparam._typing import Array, ArrayLike, RNGLike, Shape
from reparam.blockwise import Operand, evaluate, operand
from reparam.distribution import Distribution, sample_shape
from reparam.domains import Interval
from reparam.errors import NoFormulaError
from reparam.noise import Noise, Stream, Substream
from reparam.tree import flat

if TYPE_CHECKING:
    from reparam.draw import Draw

__all__ = ["Marginal", "Reparameterized", "View"]


class View(NamedTuple):
    """A function of the draw that stays accurate where the value rounds or underflows.

    Both are names of formulas, of the value, the extra arrays and the parameters.
    """

    value: str
    jacobian: str


class Marginal(NamedTuple):
    """A number that a vector makes, and the distribution that it has."""

    #: In mathematical notation: ``"ln(y_0/y_1)"``.
    what: str
    #: From ln y, whose last axis is that of the entries.
    of: Callable[[Array], Array]
    #: The distribution.
    law: Reparameterized


class Reparameterized(Distribution):
    """A distribution whose draws are y = f(z; θ), differentiable in θ, with z outside.

    Draws are numbers, or vectors where the support is of vectors. The author of a distribution of
    numbers writes the log density and ``_cdf`` or ``_icdf`` (``_sf`` and ``_isf`` keep the upper
    tail's digits); everything else follows numerically until a formula replaces it. The author of
    one of vectors writes ``_transform``, which makes the value and the extra arrays that
    derivatives are best computed from, and ``_pull``, from which come all derivatives.

    Where another exact sampler is faster than the quantile, ``path`` is "field" and ``_sampler``
    makes the same of a fixed count of random numbers.
    """

    #: How noise becomes a value: "location-scale", "inverse CDF" or "implicit".
    mechanism: ClassVar[str] = "implicit"
    _support: ClassVar[Interval]
    #: The kind of noise that ``transform`` takes: as many numbers as a value has.
    noise: ClassVar[Noise]
    #: The kinds of random numbers that ``_sampler`` makes a draw of, one each: of a field.
    _substreams: ClassVar[tuple[Noise, ...]] = ()
    #: What derivatives of draws are: "map", ∂f/∂θ at the draw's own noise, which differences at
    #: one seed agree with; "field", the velocity of the quantile path at the value, which an
    #: exact sampler of another kind draws.
    path: ClassVar[Literal["map", "field"]] = "map"
    #: How many arrays there are beside the value, of its shape.
    _extras: ClassVar[int] = 0
    #: Names of what ``Draw`` offers beside the value.
    _views: ClassVar[Mapping[str, View]] = {}

    @final
    def rsample(self, shape: Shape = (), *, rng: RNGLike = None) -> Draw:
        """Return reparameterized draws.

        Parameters
        ----------
        shape
            The sample shape, an integer or a tuple.
        rng
            None, a non-negative integer, a ``SeedSequence`` or a ``Generator`` (SPEC 7). Element
            i of the result, in C order, depends only on the seed and i.

        Returns
        -------
        Draw
            Its value has shape sample shape + batch shape + event shape.

        Raises
        ------
        CountError
            If the sample shape is not made of non-negative integers.
        TooLargeError
            If there is no memory for the draws.
        SeedError
            If `rng` can't seed random numbers.

        Examples
        --------
        >>> import reparam as rp
        >>> draw = rp.Laplace(loc=[0.0, 5.0], scale=2.0).rsample(1000, rng=42)
        >>> draw.value.shape
        (1000, 2)
        >>> draw.vjp(1.0)["loc"]
        array([1000., 1000.])
        """
        return self._draw(sample_shape(shape) + self.batch_shape, Stream(rng))

    @final
    def transform(self, noise: ArrayLike) -> Draw:
        """Return the draw that given noise makes: y = f(noise; θ).

        Parameters
        ----------
        noise
            Of the declared kind; broadcasts with the parameters. For vectors, with a last axis of
            K numbers; the other axes broadcast.

        Returns
        -------
        Draw
            Its value has the broadcast shape.

        Raises
        ------
        NoiseError
            If an element is outside the noise's domain.
        ShapeError
            If the noise doesn't broadcast with the parameters.

        Examples
        --------
        >>> import reparam as rp
        >>> rp.Gaussian(loc=10.0, scale=2.0).transform([-1.0, 0.0, 0.5]).value
        array([ 8., 10., 11.])
        """
        return self._replay(self.noise.validated(noise))

    def by_quantile(self) -> Self:
        """Return the same distribution, drawn by its quantile: a map of one uniform number.

        Draws of a field jump as parameters move; those of the quantile do not, which common random
        numbers and quasi-random noise need.

        Returns
        -------
        Distribution
            Itself if its ``path`` is "map" already; else with the same parameters, by the same
            names.

        Examples
        --------
        >>> import reparam as rp
        >>> d = rp.Gamma(alpha=2.0).by_quantile()
        >>> draw = d.rsample(3, rng=1)
        >>> bool((draw.value == d.icdf(draw.noise)).all())
        True
        """
        if self.path == "map":
            return self
        drawn = type(self)(*self._parts.values())
        drawn.__dict__["path"] = "map"
        return drawn

    def __reduce__(self) -> tuple[Any, ...]:
        if "path" in self.__dict__:
            return _by_quantile, (type(self)(*self._parts.values()),)
        return super().__reduce__()

    def __repr__(self) -> str:
        text = super().__repr__()
        return f"ByQuantile({text})" if "path" in self.__dict__ else text

    def _rebuilt(self, values: Mapping[str, Any], prefix: str) -> Self:
        new = super()._rebuilt(values, prefix)
        return new.by_quantile() if "path" in self.__dict__ else new

    @final
    def pathwise(self, value: ArrayLike) -> dict[str, Array]:
        """Return ∂y/∂θ at given values, on the quantile path: −F_θ(y) / p(y).

        This is the derivative of the quantile function at fixed u = F(y), which needs no
        noise: it serves values from any exact sampler. NaN outside the support.

        Parameters
        ----------
        value
            The values y; broadcasts with the parameters.

        Returns
        -------
        dict
            For each parameter an array of the shape that `value` and the parameters broadcast to.

        Examples
        --------
        >>> import reparam as rp
        >>> rp.Exponential(rate=2.0).pathwise([1.0, 3.0])  # −y/λ
        {'rate': array([-0.5, -1.5])}
        """
        self._needs_numbers("∂y/∂θ on the quantile path")
        formula = self._guarded("_pathwise", np.nan)
        return self._by_name(self._at("value", value, formula, many=True))

    @final
    def icdf(self, u: ArrayLike) -> Array:
        """Return the quantile F⁻¹(u; θ): the ends of the support at 0 and 1, NaN outside [0, 1].

        Parameters
        ----------
        u
            Probabilities; broadcasts with the parameters.

        Returns
        -------
        ndarray
            Of the broadcast shape.
        """
        return self._of_probability("u", u, "_icdf")

    @final
    def isf(self, v: ArrayLike) -> Array:
        """Return the quantile of the upper tail: the y with P(Y > y) = v, NaN outside [0, 1].

        That is ``icdf(1 − v)`` to full accuracy, also where 1 − v rounds to 1.

        Parameters
        ----------
        v
            Probabilities; broadcasts with the parameters.

        Returns
        -------
        ndarray
            Of the broadcast shape: the upper end of the support at 0, the lower at 1.

        Examples
        --------
        >>> import reparam as rp
        >>> rp.Exponential(rate=2.0).isf([1.0, 1e-200])
        array([  0.        , 230.25850930])
        """
        return self._of_probability("v", v, "_isf")

    # What a distribution's author, or a mechanism, writes ------------------------------------

    def _transform(self, noise: Array, *theta: Any) -> tuple[Array, ...]:
        """Return the value and the extra arrays."""
        return (self._icdf(noise, *theta),)

    def _sampler(self, *numbers_and_theta: Any) -> tuple[Array, ...]:
        """Return the same from the numbers of ``_substreams``: of a field."""
        raise NotImplementedError

    def _pull(self, upstream: Array, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        """Return Σ upstream ∂y/∂θ of each draw, for each parameter."""
        return tuple(upstream * entry for entry in flat(self._jacobian(y, *extras_and_theta)))

    def _jacobian(self, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        """Return ∂y/∂θ for each parameter, from what ``_transform`` made: of numbers."""
        return self._pathwise(y, *extras_and_theta[self._extras :])

    def _score_of_draw(self, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        """∂ log p/∂θ of a draw: another where extra arrays are finer than a value that rounds."""
        score: tuple[Any, ...] = self._score(y, *extras_and_theta[self._extras :])
        return score

    def _marginals(self, *theta: Any) -> tuple[Marginal, ...]:
        """Return numbers made of ln y whose distributions are known, for ``reparam verify``.

        Optional, of vectors, and of no batch. Draws are compared with them, and integrals of the
        density.
        """
        return ()

    # What follows numerically ----------------------------------------------------------------

    def _icdf(self, u: Array, *theta: Any) -> Array:
        """Quantile for u in [0, 1]."""
        low, high = self._ends(*theta)
        tail = self._formula("_cdf")
        return numerical.quantile_of_cdf(u, tail, (low, high), tuple(flat(theta)))

    def _isf(self, v: Array, *theta: Any) -> Array:
        """Quantile for 1 − v in [0, 1], to full relative accuracy in v."""
        low, high = self._ends(*theta)
        tail = self._formula("_sf")
        return numerical.quantile_of_cdf(v, tail, (high, low), tuple(flat(theta)))

    def _cdf(self, y: Array, *theta: Any) -> Array:
        """P(Y ≤ y) inside the closed support."""
        self._needs_numbers("cdf")
        return numerical.cdf_of_quantile(y, self._formula("_icdf"), tuple(flat(theta)))

    def _sf(self, y: Array, *theta: Any) -> Array:
        """P(Y > y) inside the closed support, to full relative accuracy."""
        self._needs_numbers("sf")
        return np.asarray(1.0 - self._cdf(y, *theta))

    def _pathwise(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        """∂y/∂θ for each parameter, from the value alone: −F_θ/p of the smaller tail."""
        below, above = self._formula("_cdf"), self._formula("_sf")
        lower = np.less(self._cdf(y, *theta), 0.5)

        def tail(*leaves: Any) -> Array:
            return np.asarray(np.where(lower, -below(y, *leaves), above(y, *leaves)))

        slope = np.exp(self._log_prob(y, *theta))
        leaves = tuple(flat(theta))
        found = numerical.in_parameters(tail, leaves, tuple(self.parameters.values()))
        return tuple(entry / slope for entry in found)

    def _score(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        """∂ log p/∂θ for each parameter."""
        log_prob = self._formula("_log_prob")
        leaves = tuple(flat(theta))
        return numerical.in_parameters(
            lambda *leaves: log_prob(y, *leaves), leaves, tuple(self.parameters.values())
        )

    def _mean(self, *theta: Any) -> Array:
        """E[y]."""
        return self._moments("mean", theta)[0]

    def _variance(self, *theta: Any) -> Array:
        """Variance."""
        return self._moments("variance", theta)[1]

    def _entropy(self, *theta: Any) -> Array:
        """Entropy in nats."""
        return self._moments("entropy", theta)[2]

    # Machinery -------------------------------------------------------------------------------

    @final
    @classmethod
    def numerical_formulas(cls) -> tuple[str, ...]:
        """Return the names of the functions that follow numerically, for lack of a formula."""
        names = ("icdf", "isf", "cdf", "sf", "pathwise", "score", "mean", "variance", "entropy")
        if cls._support.rank:
            return ()
        return tuple(
            name
            for name in names
            if getattr(cls, f"_{name}") is getattr(Reparameterized, f"_{name}")
        )

    @final
    def _moments(self, what: str, theta: tuple[Any, ...]) -> tuple[Array, Array, Array]:
        if self.event_shape:
            raise NoFormulaError(
                f"{type(self).__name__} has no formula for the {what}; average over draws,"
                " rsample(n)"
            )
        leaves = [np.asarray(leaf)[..., np.newaxis] for leaf in flat(theta)]
        icdf, log_prob = self._formula("_icdf"), self._formula("_log_prob")
        return numerical.moments(lambda u: icdf(u, *leaves), lambda y: log_prob(y, *leaves))

    @final
    def _of_probability(self, label: str, probability: ArrayLike, name: str) -> Array:
        """Return what a formula has for a probability, and NaN outside [0, 1]."""
        self._needs_numbers("quantile")
        formula = self._formula(name)

        def on_closed_unit(p: Array, *theta: Array) -> Array:
            inside = (p >= 0.0) & (p <= 1.0)
            if np.all(inside):
                return np.asarray(formula(p, *theta))
            return np.where(inside, formula(np.where(inside, p, 0.5), *theta), np.nan)

        found: Array = self._at(label, probability, on_closed_unit)[0][()]
        return found

    @final
    def _needs_numbers(self, what: str) -> None:
        if self.event_shape:
            raise NoFormulaError(
                f"{type(self).__name__} has no {what}: its values are vectors; there are log_prob,"
                " score, and derivatives of draws, rsample(n)"
            )

    @final
    def _source(self, stream: Stream) -> list[Operand]:
        """Return the operands that :attr:`_drawing` makes draws of, beside θ."""
        event = self.event_shape
        kinds = self._substreams if self.path == "field" else (self.noise,)
        return [Substream(stream, kind, number, event) for number, kind in enumerate(kinds)]

    @final
    @property
    def _drawing(self) -> Callable[..., tuple[Array, ...]]:
        """The formula of the value and the extra arrays, of random numbers and θ."""
        return self._formula("_sampler" if self.path == "field" else "_transform")

    @final
    def _draw(self, shape: tuple[int, ...], stream: Stream, first: int = 0) -> Draw:
        """Return the draw of that shape whose first element is number `first` of the stream."""
        operands = [*self._source(stream), *self._theta_operands(shape, first)]
        return self._made(self._drawing, operands, shape, stream, first)

    @final
    def _replay(self, noise: Array) -> Draw:
        """Return the draw that valid noise makes."""
        shape, event = self._shape_with("noise", noise), self.event_shape
        operands = [operand(noise, shape, event=event), *self._theta_operands(shape)]
        source = np.broadcast_to(noise, shape + event)
        return self._made(self._formula("_transform"), operands, shape, source, 0)

    @final
    def _made(
        self,
        formula: Callable[..., tuple[Array, ...]],
        operands: list[Operand],
        shape: tuple[int, ...],
        source: Array | Stream,
        first: int,
    ) -> Draw:
        from reparam.draw import Draw

        events = [self.event_shape] * (1 + self._extras)
        value, *extras = evaluate(formula, operands, shape, events=events, first=first)
        return Draw(self, value, tuple(extras), source, first)

    @final
    def _sample(self, shape: tuple[int, ...], stream: Stream, first: int = 0) -> Array:
        drawing, events = self._drawing, [self.event_shape]
        operands = [*self._source(stream), *self._theta_operands(shape, first)]

        def value(*inputs: Any) -> Array:
            return drawing(*inputs)[0]

        return evaluate(value, operands, shape, events=events, first=first)[0]

    @final
    def _noise_of(self, value: Array, source: Array | Stream, first: int) -> Array:
        """Return the noise of draws: given, of their stream, or that of the quantile path."""
        if not isinstance(source, Stream):
            return source
        if self.path == "field":
            return np.asarray(np.clip(self.cdf(value), 2.0**-54, 1.0 - 2.0**-53))
        event = self.event_shape
        shape = value.shape[: value.ndim - len(event)]
        operands = self._source(source)
        return evaluate(lambda z: z, operands, shape, events=[event], first=first)[0]


def _by_quantile(distribution: Reparameterized) -> Reparameterized:
    return distribution.by_quantile()
