"""Distributions whose draws are differentiable: y = f(z; θ), with z outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple, Self, final

import numpy as np

from reparam._typing import Array, ArrayLike, RNGLike, Shape
from reparam.base.distribution import View, stand_in
from reparam.base.draw import Draw
from reparam.base.operators import Arithmetic
from reparam.base.second_order import SecondOrder
from reparam.domains import Interval
from reparam.engine.blocks import evaluate
from reparam.engine.noise import Noise, Stream
from reparam.engine.operands import Operand, operand
from reparam.engine.shapes import broadcast_shapes, sample_shape
from reparam.errors import NoiseError
from reparam.regions import Dims

__all__ = ["Flow", "Marginal", "Reparameterized", "View"]


class Marginal(NamedTuple):
    """A number that a vector makes, and the distribution that it has."""

    #: In mathematical notation: ``"ln(y_0/y_1)"``.
    what: str
    #: From ln y of vectors on the simplex, of others from y: the last axis is that of entries.
    of: Callable[[Array], Array]
    #: The distribution.
    law: Reparameterized


class Flow(NamedTuple):
    """Probability that goes through a place where the density ends, or jumps, as that moves."""

    #: The place.
    end: Array
    #: Infinite, with the sign of the side that the density is on, or that of a component.
    inner: float
    #: The density there, or that of a component: negative if it is above the place.
    density: Array
    #: ∂end/∂θ, by each parameter that moves it.
    speeds: dict[str, Array]

    @property
    def through(self) -> dict[str, Array]:
        """±p ∂end/∂θ by parameter."""
        with np.errstate(all="ignore"):  # ∞ times 0 is NaN
            return {
                name: np.where(self.density == 0.0, 0.0, self.density * speed)
                for name, speed in self.speeds.items()
            }


class Reparameterized(Arithmetic, SecondOrder):
    """A distribution whose draws are y = f(z; θ), differentiable in θ, with z outside.

    Draws are numbers, or vectors where the support is of vectors. The author of a distribution of
    numbers writes the log density and ``_cdf`` or ``_icdf`` (``_sf`` and ``_isf`` keep the upper
    tail's digits); everything else follows numerically until a formula replaces it. The author of
    one of vectors writes ``_transform``, which makes the value and the auxiliary arrays that
    derivatives are best computed from, and ``_pull``, from which come all derivatives.

    Where another exact sampler is faster than the quantile, ``path`` is "field" and ``_sampler``
    makes the same of a fixed count of random numbers.
    """

    #: How noise becomes a value: "location-scale", "inverse CDF" or "implicit".
    mechanism: ClassVar[str] = "implicit"
    _support: ClassVar[Interval]
    #: What derivatives of draws are: "map", ∂f/∂θ at the draw's own noise, which differences at
    #: one seed agree with; "field", the velocity of the quantile path at the value, which an
    #: exact sampler of another kind draws.
    path: ClassVar[Literal["map", "field"]] = "map"
    #: Whether values rise with the noise of ``transform``, or fall; None if neither.
    _rises: ClassVar[bool | None] = True
    #: Whether derivatives of draws are those of the quantile path.
    _on_quantile_path: ClassVar[bool] = True
    #: Whether :meth:`by_quantile` made it.
    _is_by_quantile: ClassVar[bool] = False
    #: How many arrays there are beside the value.
    _extras: ClassVar[int] = 0
    #: Their axes, if they don't have the shape of the value.
    _extra_dims: ClassVar[tuple[Dims, ...]] = ()

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
    def transform(self, *noise: ArrayLike) -> Draw:
        """Return the draw that given noise makes: y = f(noise; θ).

        Parameters
        ----------
        *noise
            Of the declared kind; broadcasts with the parameters. For vectors and matrices, with
            last axes of its own; the other axes broadcast. Several arrays, in order, where
            ``Draw.noise`` is a tuple of several.

        Returns
        -------
        Draw
            Its value has the broadcast shape.

        Raises
        ------
        NoiseError
            If an element is outside the noise's domain, or there is another number of arrays.
        ShapeError
            If the noise doesn't broadcast with the parameters.

        Examples
        --------
        >>> import reparam as rp
        >>> rp.Gaussian(loc=10.0, scale=2.0).transform([-1.0, 0.0, 0.5]).value
        array([ 8., 10., 11.])
        """
        return self._replay(*self._valid_noise(noise))

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
        self._needs_numbers("quantile")
        drawn = type(self)(**self._parts)
        drawn.__dict__.update(path="map", _is_by_quantile=True, _on_quantile_path=True)
        return drawn

    def __reduce__(self) -> tuple[Any, ...]:
        if self._is_by_quantile:
            return _by_quantile, (type(self)(**self._parts),)
        return super().__reduce__()

    def __repr__(self) -> str:
        text = super().__repr__()
        return f"ByQuantile({text})" if self._is_by_quantile else text

    def _rebuilt(self, values: Mapping[str, Any], prefix: str) -> Self:
        new = super()._rebuilt(values, prefix)
        return new.by_quantile() if self._is_by_quantile else new

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
    def stein_score(self, value: ArrayLike) -> Array:
        """Return the Stein score ∂ log p(y; θ)/∂y: NaN outside the support.

        At a value where the density has a kink it is the mean of both sides, or one of them. Of
        vectors and matrices it has the derivative D in each entry, with d log p = Σ D · dy for all
        dy that stay in the support: symmetric in a symmetric matrix, zero above the diagonal of a
        triangular one. On the simplex it is that of log p(w/Σw) in weights w at y, so that
        Σ_k y_k D_k = 0; on the sphere that of log p(x/‖x‖), which is tangent.

        Parameters
        ----------
        value
            Where to evaluate; broadcasts with the parameters.

        Returns
        -------
        ndarray
            Of the broadcast shape, followed by the event shape.

        Raises
        ------
        NoFormulaError
            If values are vectors and nobody has written the formula.

        Examples
        --------
        >>> import reparam as rp
        >>> rp.Gaussian(loc=1.0, scale=2.0).stein_score([1.0, 5.0])  # (μ − y)/σ²
        array([-0., -1.])
        """
        formula = self._guarded("_stein_score", np.nan)
        return self._at("value", value, formula, event=self.event_shape)[0][()]

    @final
    def icdf(self, u: ArrayLike) -> Array:
        """Return the quantile F⁻¹(u; θ): endpoints of the support at 0 and 1, NaN outside [0, 1].

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
            Of the broadcast shape: the upper endpoint of the support at 0, the lower at 1.

        Examples
        --------
        >>> import reparam as rp
        >>> rp.Exponential(rate=2.0).isf([1.0, 1e-200])
        array([  0.       , 230.2585093])
        """
        return self._of_probability("v", v, "_isf")

    # What a distribution's author, or a mechanism, writes ------------------------------------

    @stand_in
    def _transform(self, noise: Array, *theta: Any) -> tuple[Array, ...]:
        """Return value and auxiliary arrays; of vectors, from each array of noise, then θ."""
        return (self._icdf(noise, *theta),)

    def _transform_upper(self, v: Array, *theta: Any) -> tuple[Array, ...]:
        """Return what ``_transform`` makes of the uniform noise 1 − v: of a field."""
        if self._extras:
            return self._transform(1.0 - v, *theta)
        return (self._isf(v, *theta),)

    def _sampler(self, *numbers_and_theta: Any) -> tuple[Array, ...]:
        """Return the same from the numbers of ``_substreams``: of numbers on a field."""
        raise NotImplementedError

    @stand_in
    def _pull(self, upstream: Array, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        """Return Σ upstream ∂y/∂θ of each draw, for each parameter: of vectors."""
        raise NotImplementedError

    def _jacobian(self, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        """Return ∂y/∂θ for each parameter, from what ``_transform`` made: of numbers."""
        return self._pathwise(y, *extras_and_theta[self._extras :])

    def _score_of_draw(self, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        """∂ log p/∂θ of a draw: another where auxiliary arrays are finer than the value."""
        score: tuple[Any, ...] = self._score(y, *extras_and_theta[self._extras :])
        return score

    def _joints(self, *theta: Any) -> tuple[Array, ...]:
        """Return values inside the support that integrals are best split at.

        The density is not smooth there, or changes from one scale to another.
        """
        return ()

    def _flows(self) -> list[Flow]:
        """Return where the density ends, or jumps, and what moves each place.

        For each parameter that does, E[∂ log p/∂θ] and all flows are 0 together.
        """
        found = []
        for end, inner in zip(self.support, (np.inf, -np.inf), strict=True):
            finite = np.isfinite(end)
            if not np.any(finite):
                continue
            at = np.where(finite, end, 0.0)
            density = np.where(finite, np.exp(self.log_prob(at)), 0.0) * -np.sign(inner)
            speeds = self.pathwise(at) if self.moving else {}
            moved = {name: speeds[name] for name in self.moving}
            found.append(Flow(np.asarray(end), inner, density, moved))
        return [*found, *self._jumps()]

    def _jumps(self) -> list[Flow]:
        """Return those of them that are inside the support."""
        return []

    def _marginals(self, *theta: Any) -> tuple[Marginal, ...]:
        """Return numbers made of y whose distributions are known, for ``reparam verify``.

        Optional, of vectors, and of no batch. Draws are compared with them, and integrals of the
        density.
        """
        return ()

    # What follows numerically ----------------------------------------------------------------
    #
    # See the base class, StandIns.

    # Machinery -------------------------------------------------------------------------------

    @classmethod
    @cache
    def _missing(cls) -> tuple[str, ...]:
        lacking = super()._missing()
        if getattr(getattr(cls, "_support", None), "rank", 0):
            return (*lacking, *filter(cls._follows, ("_transform", "_pull")))
        return (*lacking, *(["_cdf or _icdf"] if all(map(cls._follows, ("_cdf", "_icdf"))) else []))

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

    def _noises(self) -> list[tuple[Noise, tuple[int, ...]]]:
        if self.path == "map" and not self._support.rank:
            return [(self.noise, ())]
        return super()._noises()

    def _extra_events(self) -> list[tuple[int, ...]]:
        """Return the shape that each of the auxiliary arrays has for one draw."""
        if self._extra_dims:
            return [self._shape_of(dims) for dims in self._extra_dims]
        return [self.event_shape] * self._extras

    @final
    @property
    def _drawing(self) -> Callable[..., tuple[Array, ...]]:
        """The formula of the value and the auxiliary arrays, of random numbers and θ."""
        field = self.path == "field" and not self._support.rank
        return self._formula("_sampler" if field else "_transform")

    @final
    def _valid_noise(self, noise: Sequence[ArrayLike]) -> list[Array]:
        """Return arrays of noise, one of each kind, as float64."""
        wanted = self._noises() if self._support.rank else [(self.noise, ())]
        if len(noise) != len(wanted):
            kinds = " and ".join(f"{kind.name} of shape (…, {str(e)[1:]}" for kind, e in wanted)
            raise NoiseError(
                f"{self.name} takes {len(wanted)} arrays of noise, {kinds}, but got {len(noise)}"
            )
        return [kind.validated(each) for (kind, _), each in zip(wanted, noise, strict=True)]

    @final
    def _draw(self, shape: tuple[int, ...], stream: Stream, first: int = 0) -> Draw:
        """Return the draw of that shape whose first element is number `first` of the stream."""
        operands = [*self._source(stream), *self._theta_operands(shape, first)]
        return self._made(self._drawing, operands, shape, stream, first)

    @final
    def _replay(self, *noise: Array) -> Draw:
        """Return the draw that valid noise makes."""
        events = [event for _, event in self._noises()] if self._support.rank else [()]
        several = len(events) > 1
        labels = [f"noise[{k}]" if several else "noise" for k in range(len(events))]
        rows = {
            label: self._without(event, label, each)
            for label, each, event in zip(labels, noise, events, strict=True)
        }
        shape = broadcast_shapes(**rows, **{"the batch": self.batch_shape})
        pairs = [*zip(noise, events, strict=True)]
        operands = [operand(each, shape, event=event) for each, event in pairs]
        operands += self._theta_operands(shape)
        source = tuple(np.broadcast_to(each, shape + event) for each, event in pairs)
        return self._made(self._formula("_transform"), operands, shape, source, 0)

    @final
    def _made(
        self,
        formula: Callable[..., tuple[Array, ...]],
        operands: list[Operand],
        shape: tuple[int, ...],
        source: tuple[Array, ...] | Stream,
        first: int,
    ) -> Draw:
        events = [self.event_shape, *self._extra_events()]
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
    def _noise_of(
        self, value: Array, source: tuple[Array, ...] | Stream, first: int
    ) -> tuple[Array, ...]:
        """Return the noise of draws: given, of their stream, or that of the quantile path."""
        if not isinstance(source, Stream):
            return source
        if self.path == "field" and not self._support.rank:
            return (np.asarray(np.clip(self.cdf(value), 2.0**-54, 1.0 - 2.0**-53)),)
        shape = value.shape[: value.ndim - self._support.rank]
        operands, events = self._source(source), [event for _, event in self._noises()]
        return tuple(evaluate(lambda *z: z, operands, shape, events=events, first=first))


def _by_quantile(distribution: Reparameterized) -> Reparameterized:
    return distribution.by_quantile()
