"""Gaussian copulas: vectors whose entries have any distributions, and depend as Gaussians do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.distribution import About
from reparam.base.products import scaled
from reparam.base.reparameterized import Reparameterized
from reparam.base.second_order import along_tangents
from reparam.base.tree import Children, _text, flat
from reparam.engine.noise import NORMAL, Noise
from reparam.errors import ShapeError
from reparam.families.entries import Marginals
from reparam.families.matrices import matrix
from reparam.parameters import Parameter
from reparam.regions import Correlation, CorrelationCholesky, RealVector
from reparam.special import normal
from reparam.special.matrices import (
    apply,
    cholesky,
    cholesky_pullback,
    cholesky_pullback_along,
    cholesky_push,
    inverse,
    lower_factor,
    transposed,
)
from reparam.special.normal import HALF_LOG_TWO_PI
from reparam.transforms._children import SeveralContinuous
from reparam.transforms._rows import some_rows

__all__ = ["GaussianCopula"]

#: Smaller probabilities have lost digits: the quantile takes their logarithms.
_LEAST = 1e-290


class GaussianCopula(Marginals, Reparameterized):
    """A vector whose entries have given distributions, and depend as Gaussian numbers do.

    y_k = F_k⁻¹(Φ(x_k)) with x ~ N(0, R), for a correlation matrix R and distributions F_k of
    numbers, the margins. Pass one of `correlation_tril`, the Cholesky factor L of R, and
    `correlation`, R itself; for lack of both the entries are independent. Derivatives in the
    factor are tangent, so that its rows keep length 1, and those in R leave the diagonal.
    """

    name = "gaussian-copula"
    margins: Children[Reparameterized] = SeveralContinuous("The distributions F_k of the entries")
    correlation_tril: Parameter = matrix(
        "L",
        CorrelationCholesky(),
        ("cholesky", "correlation_cholesky"),
        "Cholesky factor of the correlation matrix",
    )
    correlation: Parameter = matrix(
        "R",
        Correlation(),
        ("correlation_matrix", "corr"),
        "Correlation matrix of the Gaussian vector",
    )
    about = About(
        density="p(y) = N(x; 0, R) Π_k p_k(y_k)/φ(x_k),  x_k = Φ⁻¹(F_k(y_k))",
        transform="y_k = F_k⁻¹(Φ(x_k)),  x = L z,  z ~ N(0, I),  L Lᵀ = R",
        derivatives={
            "margins[k].θ": "∂y_k/∂θ of margin k at y_k",
            "correlation_tril": "φ(x_i)/p_i(y_i) z_k",
            "correlation": "φ(x_i)/p_i(y_i) dx_i,  dx = L Φ(L⁻¹ dR L⁻ᵀ) z",
        },
        source="Nelsen (2006), An Introduction to Copulas, section 2.3",
    )
    mechanism = "inverse CDF"
    noise: ClassVar[Noise] = NORMAL
    _support = RealVector()
    _alternatives = (("correlation_tril", "correlation"),)
    _extras = 2  # x and z

    if TYPE_CHECKING:

        def __init__(
            self,
            margins: Sequence[Reparameterized],
            *,
            correlation_tril: ArrayLike | None = None,
            correlation: ArrayLike | None = None,
        ) -> None: ...

    def _unified(self, parts: Mapping[str, Any]) -> dict[str, int]:
        sizes, margins = super()._unified(parts), parts.get("margins", ())
        if margins and sizes.setdefault("K", len(margins)) != len(margins):
            name = next(name for group in self._alternatives for name in group if name in parts)
            raise ShapeError(
                f"{name} has shape {parts[name].shape} and there are {len(margins)} margins; pass"
                " one row and one column per margin"
            )
        return sizes

    def _of_entries(self, chosen: list[int]) -> GaussianCopula:
        (name,) = self._choice
        given = self._parts[name][..., chosen, :]
        given = given[..., chosen] if name == "correlation" else lower_factor(given)
        return GaussianCopula([self.margins[k] for k in chosen], **{name: given})

    @property
    def moving(self) -> tuple[str, ...]:
        """The parameters that move an endpoint of a margin's support."""
        return tuple(
            f"margins[{number}].{path}"
            for number, margin in enumerate(self.margins)
            for path in margin.moving
        )

    def _written(self) -> str:
        (name,) = self._choice
        return f"{_text(self.margins)}, {name}={_text(self._parts[name])}"

    # Formulas --------------------------------------------------------------------------------

    def _factor(self, given: Array) -> Array:
        return given if self._choice == ("correlation_tril",) else cholesky(given)

    def _in_given(self, derivative: Array, given: Array, factor: Array) -> Array:
        """Return the derivative in what was given, from that in the entries of the factor."""
        if self._choice == ("correlation_tril",):
            return CorrelationCholesky().projected(derivative, given)
        whole = cholesky_pullback(derivative, factor, inverse(factor))
        return Correlation().projected(whole, given)

    def _each(
        self, name: str, outside: float | tuple[float, float], y: Array, of_margins: Any
    ) -> list[Any]:
        """Return a formula of each margin at its entry of y, which may be outside its support."""
        return [
            margin._guarded(name, outside)(y[..., k], *flat(own))
            for k, (margin, own) in enumerate(zip(self.margins, of_margins, strict=True))
        ]

    def _stacked(self, name: str, y: Array, of_margins: Any, outside: Any) -> Array:
        each = self._each(name, outside, y, of_margins)
        return np.stack([np.broadcast_to(one, y.shape[:-1]) for one in each], axis=-1)

    def _ends(self, *theta: Any) -> tuple[Any, Any]:
        ends = [margin._ends(*own) for margin, own in zip(self.margins, theta[0], strict=True)]
        low, high = (_joined(side) for side in zip(*ends, strict=True))
        return low, high

    def _transform(self, z: Array, of_margins: Any, given: Array) -> tuple[Array, ...]:
        x = apply(self._factor(given), z)
        y = np.empty_like(x)
        for k, (margin, own) in enumerate(zip(self.margins, of_margins, strict=True)):
            y[..., k] = _quantile(margin, x[..., k], own)
        return y, x, z

    def _weights(self, y: Array, x: Array, of_margins: Any) -> Array:
        """Return ∂y_k/∂x_k = φ(x_k)/p_k(y_k)."""
        log_p = self._stacked("_log_prob", y, of_margins, -np.inf)
        return np.exp(-0.5 * x * x - HALF_LOG_TWO_PI - log_p)

    def _pull(
        self, upstream: Array, y: Array, x: Array, z: Array, of_margins: Any, given: Array
    ) -> tuple[Any, ...]:
        slopes = self._each("_pathwise", np.nan, y, of_margins)
        in_margins = tuple(_times(upstream[..., k], each) for k, each in enumerate(slopes))
        in_x = np.where(upstream == 0.0, 0.0, upstream * self._weights(y, x, of_margins))
        in_factor = in_x[..., :, np.newaxis] * z[..., np.newaxis, :]
        return in_margins, self._in_given(in_factor, given, self._factor(given))

    def _pull_along(
        self,
        upstream: Array,
        tangents: tuple[Any, ...],
        y: Array,
        x: Array,
        z: Array,
        of_margins: Any,
        given: Array,
    ) -> tuple[Any, ...]:
        factor, weights = self._factor(given), self._weights(y, x, of_margins)
        moved = self._moved_factor(tangents[-1], factor)
        moved_x, steepness = apply(moved, z), self._stacked("_stein_score", y, of_margins, np.nan)
        scores, slopes, bends = (
            self._each(name, np.nan, y, of_margins)
            for name in ("_score", "_pathwise", "_pathwise2")
        )
        # of ln ∂y_k/∂x_k = ln φ(x_k) − ln p_k(y_k)
        change = -(x + steepness * weights) * moved_x
        in_margins, rest = [], iter(tangents)
        for k, margin in enumerate(self.margins):
            own = [next(rest) for _ in margin.parameters.differentiable]
            curved = along_tangents(margin, bends[k], own)
            for at, (score, slope) in enumerate(zip(flat(scores[k]), flat(slopes[k]), strict=True)):
                lean = score + scaled(steepness[..., k], slope)
                change[..., k] -= _contracted(lean, own[at])
                turned = curved[at] - scaled(weights[..., k] * moved_x[..., k], lean)
                in_margins.append(scaled(upstream[..., k], turned))
        in_x = np.where(upstream == 0.0, 0.0, upstream * weights)
        in_factor, of_factor = (
            each[..., :, np.newaxis] * z[..., np.newaxis, :] for each in (in_x, in_x * change)
        )
        in_given = self._in_given_along(of_factor, in_factor, moved, given, factor)
        return (*in_margins, in_given)

    def _moved_factor(self, tangent: Array, factor: Array) -> Array:
        """Return the tangent of the factor, from that of what was given."""
        if self._choice == ("correlation_tril",):
            return np.tril(tangent)
        return cholesky_push(tangent, factor, inverse(factor))

    def _in_given_along(
        self, change: Array, derivative: Array, moved: Array, given: Array, factor: Array
    ) -> Array:
        """Return the tangent part of what ``_in_given`` changes by, as derivative and factor do."""
        if self._choice == ("correlation_tril",):
            along = np.sum(np.tril(derivative) * given, axis=-1, keepdims=True)
            return np.asarray(CorrelationCholesky().projected(change, given) - along * moved)
        whole = cholesky_pullback_along(derivative, moved, factor, inverse(factor))
        return self._in_given(change, given, factor) + Correlation().projected(whole, given)

    def _gaussian(self, y: Array, of_margins: Any) -> Array:
        """Return x, by the smaller tail of each margin."""
        from scipy.special import ndtri, ndtri_exp

        below = self._stacked("_cdf", y, of_margins, (0.0, 1.0))
        above = self._stacked("_sf", y, of_margins, (1.0, 0.0))
        lower = below < above
        tail = np.where(lower, below, above)
        x = ndtri(tail)
        if np.any(tail < _LEAST):
            logs = [
                self._stacked(name, y, of_margins, outside)
                for name, outside in (("_log_cdf", (-np.inf, 0.0)), ("_log_sf", (0.0, -np.inf)))
            ]
            x = np.where(tail < _LEAST, ndtri_exp(np.where(lower, *logs)), x)
        return np.where(lower, x, -x)

    def _log_prob(self, y: Array, of_margins: Any, given: Array) -> Array:
        factor, log_p = self._factor(given), self._stacked("_log_prob", y, of_margins, -np.inf)
        x = self._gaussian(y, of_margins)
        w = apply(inverse(factor), x)
        # ‖x‖² − ‖w‖²
        copula = 0.5 * np.sum((x - w) * (x + w), axis=-1) - _log_determinant(factor)
        total = np.sum(log_p, axis=-1)
        return np.where(np.any(log_p == -np.inf, axis=-1), -np.inf, copula + total)

    def _pulls(self, y: Array, of_margins: Any, factor: Array) -> tuple[Array, Array, Array]:
        """Return x, w = L⁻¹ x and R⁻¹ x."""
        x, back = self._gaussian(y, of_margins), inverse(factor)
        w = apply(back, x)
        return x, w, apply(transposed(back), w)

    def _score(self, y: Array, of_margins: Any, given: Array) -> tuple[Any, ...]:
        factor = self._factor(given)
        x, w, pull = self._pulls(y, of_margins, factor)
        # F_θ = −p ∂y/∂θ moves x_k by F_θ/φ(x_k)
        lever = (pull - x) / self._weights(y, x, of_margins)
        scores = self._each("_score", np.nan, y, of_margins)
        slopes = self._each("_pathwise", np.nan, y, of_margins)
        in_margins = tuple(
            tuple(map(np.add, flat(score), _times(lever[..., k], slope)))
            for k, (score, slope) in enumerate(zip(scores, slopes, strict=True))
        )
        in_factor = pull[..., :, np.newaxis] * w[..., np.newaxis, :] - transposed(inverse(factor))
        return in_margins, self._in_given(in_factor, given, factor)

    def _stein_score(self, y: Array, of_margins: Any, given: Array) -> Array:
        x, _, pull = self._pulls(y, of_margins, self._factor(given))
        own = self._stacked("_stein_score", y, of_margins, np.nan)
        return own - (pull - x) / self._weights(y, x, of_margins)

    def _mean(self, of_margins: Any, given: Array) -> Array:
        pairs = zip(self.margins, of_margins, strict=True)
        return _joined([margin._mean(*own) for margin, own in pairs])

    def _variance(self, of_margins: Any, given: Array) -> Array:
        pairs = zip(self.margins, of_margins, strict=True)
        return _joined([margin._variance(*own) for margin, own in pairs])

    def _entropy(self, of_margins: Any, given: Array) -> Array:
        pairs = zip(self.margins, of_margins, strict=True)
        own = _joined([margin._entropy(*theta) for margin, theta in pairs])
        return np.asarray(np.sum(own, axis=-1) + _log_determinant(self._factor(given)))


def _quantile(margin: Reparameterized, x: Array, theta: tuple[Any, ...]) -> Array:
    """Return F⁻¹(Φ(x)), by the smaller tail."""
    y = np.empty(x.shape)
    lower = x < 0.0
    for rows, formula in (
        (np.flatnonzero(lower), margin._icdf),
        (np.flatnonzero(~lower), margin._isf),
    ):
        if rows.size:
            own = some_rows(margin, theta, rows, y.size)
            tail = np.maximum(normal.cdf(-np.abs(x[rows])), 5e-324)
            y[rows] = formula(tail, *own)
    return y


def _joined(values: Sequence[Any]) -> Array:
    """Return one entry per margin, along the last axis."""
    return np.stack(np.broadcast_arrays(*values), axis=-1)


def _times(factor: Array, slopes: Any) -> tuple[Array, ...]:
    """Return derivatives times a factor per row, 0 where that is."""
    return tuple(scaled(factor, slope) for slope in flat(slopes))


def _contracted(derivative: Any, tangent: Any) -> Any:
    """Return their product, summed over the entries of a vector parameter."""
    product = derivative * tangent
    return np.sum(product, axis=-1) if np.ndim(derivative) > 1 else product


def _log_determinant(factor: Array) -> Array:
    return np.asarray(np.sum(np.log(np.diagonal(factor, axis1=-2, axis2=-1)), axis=-1))
