"""Positive definite matrices made of Bartlett's factor."""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence
from typing import ClassVar, Literal, final

import numpy as np

from reparam._typing import Array
from reparam.base.reparameterized import Reparameterized
from reparam.engine.noise import NORMAL, UNIFORM
from reparam.families._gamma_draws import gamma_draws
from reparam.regions import PositiveDefinite
from reparam.special import gamma as special
from reparam.special.matrices import (
    cholesky,
    cholesky_pullback,
    cholesky_push,
    diagonal,
    diagonally,
    inverse,
    multiplied,
    transposed,
)
from reparam.special.normal import LOG_TWO_PI

__all__ = ["BartlettFamily"]

_LOG_TWO = math.log(2.0)
#: The least a_ii that is distinguished: its inverse is finite, and the square of that is not.
_LEAST = 1e-300


class BartlettFamily(Reparameterized):
    """y = T Tᵀ, with the lower triangular T made of a scale's factor L and of Bartlett's A.

    A Aᵀ and AᵀA have the standard Wishart distribution for lower triangular A with independent
    entries: N(0, 1) below the diagonal, on it roots of χ² variates, with ν, ν − 1, … degrees of
    freedom down the diagonal for A Aᵀ, and up for AᵀA (Bartlett 1933; Smith & Hocking 1972,
    "Algorithm AS 53: Wishart variate generator"). Off the diagonal A is the noise; those on it are
    differentiated in ν on their quantile path.

    Auxiliary arrays are A, and ln(a_ii²/2), finite where a_ii underflows. An upstream derivative is
    that in each entry of y as if these were independent: since y is symmetric, its symmetric part
    counts alone.
    """

    mechanism: ClassVar[str] = "Bartlett"
    path: ClassVar[Literal["map", "field"]] = "field"
    _support = PositiveDefinite()
    _substreams = ((NORMAL, ("K", "K")), (UNIFORM, ("K",)))
    _extras = 2
    _extra_dims = (("K", "K"), ("K",))
    _alternatives: ClassVar[tuple[tuple[str, ...], ...]] = (("scale_tril", "covariance_matrix"),)
    _prepared_dims = ((), ("K", "K"))
    _above = (("df", "K - 1"),)
    #: Whether degrees of freedom rise down the diagonal.
    _ascending: ClassVar[bool]

    @staticmethod
    @abc.abstractmethod
    def _right(a: Array) -> Array:
        """M with T = L M, from A."""

    @staticmethod
    @abc.abstractmethod
    def _left_speeds(a: Array, t: Array, tril: Array) -> Array:
        """Return P, with columns that make ∂T/∂ln a_ii = p_i q_iᵀ."""

    @staticmethod
    @abc.abstractmethod
    def _times_speeds(x: Array, a: Array, m: Array) -> Array:
        """Return X Q, of the columns q."""

    @staticmethod
    @abc.abstractmethod
    def _standard(t: Array, tril: Array) -> Array:
        """A, from T and L."""

    @staticmethod
    @abc.abstractmethod
    def _score_in_tril(a: Array, df: Array, tril: Array) -> Array:
        """∂ log p/∂L."""

    @staticmethod
    @abc.abstractmethod
    def _powers(d: int) -> Array:
        """The powers of a_ii in p(y), beside those in the density of ln a_ii²."""

    @final
    @classmethod
    def _shapes(cls, df: Array, d: int) -> Array:
        """Return halves of the degrees of freedom of a_ii², as a last axis."""
        less = np.arange(float(d))
        return 0.5 * (np.asarray(df)[..., np.newaxis] - (less[::-1] if cls._ascending else less))

    # Formulas take ν, and L in place of the scale

    @final
    def _prepared(self, df: Array, scale: Array) -> tuple[Array, ...]:
        return df, scale if self._choice == ("scale_tril",) else cholesky(scale)

    @final
    def _pulled_back(
        self, entries: Sequence[Array], df: Array, scale: Array, same: Array, tril: Array
    ) -> tuple[Array, ...]:
        in_df, in_tril = entries
        if self._choice == ("scale_tril",):
            return in_df, np.tril(in_tril)
        return in_df, cholesky_pullback(in_tril, tril, inverse(tril))

    @final
    def _pushed_on(
        self, tangents: Sequence[Array], df: Array, scale: Array, same: Array, tril: Array
    ) -> tuple[Array, ...]:
        in_df, moved = tangents
        if self._choice == ("scale_tril",):
            return in_df, np.tril(moved)
        return in_df, cholesky_push(moved, tril, inverse(tril))

    @final
    def _absent(self, name: str) -> Array:
        tril = self._ready[1]
        return tril if name == "scale_tril" else np.asarray(tril @ transposed(tril))

    @final
    def _transform(self, z: Array, u: Array, df: Array, tril: Array) -> tuple[Array, ...]:
        d = z.shape[-1]
        shapes = np.broadcast_to(self._shapes(df, d), u.shape).ravel()
        x, log_x = gamma_draws(diagonal(z).ravel(), u.ravel(), shapes)
        roots = np.where(x > 1e-290, np.sqrt(2.0 * x), np.exp(0.5 * (log_x + _LOG_TWO)))
        a = np.tril(z, -1) + diagonally(np.maximum(roots, _LEAST).reshape(u.shape))
        t = multiplied(tril, self._right(a))
        return multiplied(t, transposed(t)), a, log_x.reshape(u.shape)

    @final
    def _pull(
        self, upstream: Array, y: Array, a: Array, log_x: Array, df: Array, tril: Array
    ) -> tuple[Array, ...]:
        m = self._right(a)
        t = multiplied(tril, m)
        of_factor = multiplied(upstream + transposed(upstream), t)
        least = self._least(a)
        left = self._left_speeds(a, t, tril) * least
        right = self._times_speeds(of_factor * least, a, m)
        on_diagonal = np.einsum("...ki,...ki->...i", left, right)
        in_df = np.einsum("...i,...i->...", on_diagonal, self._slopes(log_x, df))
        return in_df / least[..., 0, 0] / least[..., 0, 0], multiplied(of_factor, transposed(m))

    @final
    def _push(
        self,
        tangents: tuple[Array, ...],
        y: Array,
        a: Array,
        log_x: Array,
        df: Array,
        tril: Array,
    ) -> Array:
        in_df, in_tril = tangents
        m = self._right(a)
        least = self._least(a)
        t = multiplied(tril, m) * least
        speeds = self._slopes(log_x, df) * np.asarray(in_df)[..., np.newaxis]
        # (P D) Qᵀ Tᵀ = P D (T Q)ᵀ
        left = self._left_speeds(a, t, tril) * speeds[..., np.newaxis, :]
        product = multiplied(left, transposed(self._times_speeds(t, a, m)))
        product = product + multiplied(in_tril, m * least, transposed(t))
        return np.asarray((product + transposed(product)) / least / least)

    @final
    @classmethod
    def _least(cls, a: Array) -> Array:
        """Return a number times which huge terms of two signs are finite until they are added up.

        That of the inverse's A is the entry whose inverse may overflow.
        """
        return a[..., :1, :1] if cls._ascending else np.ones((1, 1))

    @final
    def _slopes(self, log_x: Array, df: Array) -> Array:
        """∂ln a_ii/∂ν: half that of the gamma variate a_ii²/2, whose shape is half of ν_i."""
        return np.asarray(0.25 * special.log_pathwise(log_x, self._shapes(df, log_x.shape[-1])))

    @final
    def _log_prob(self, y: Array, df: Array, tril: Array) -> Array:
        """Of A, and minus the logarithm of the map's Jacobian: no large terms cancel."""
        a = self._standard(cholesky(y), tril)
        d, roots = y.shape[-1], diagonal(a)
        weights = special.log_weight(0.5 * roots * roots, self._shapes(df, d))
        on_diagonal = weights + self._powers(d) * np.log(roots)
        on_diagonal = on_diagonal - (d + 1.0) * np.log(diagonal(tril))
        squares = np.sum(np.tril(a, -1) ** 2, axis=(-2, -1))
        constant = 0.25 * d * (d - 1.0) * LOG_TWO_PI
        return np.asarray(np.sum(on_diagonal, axis=-1) - 0.5 * squares - constant)

    @final
    def _score(self, y: Array, df: Array, tril: Array) -> tuple[Array, ...]:
        a = self._standard(cholesky(y), tril)
        return self._score_of_draw(y, a, 2.0 * np.log(diagonal(a)) - _LOG_TWO, df, tril)

    @final
    def _score_of_draw(
        self, y: Array, a: Array, log_x: Array, df: Array, tril: Array
    ) -> tuple[Array, ...]:
        roots = diagonal(a)
        shapes = self._shapes(df, y.shape[-1])
        in_df = 0.5 * np.sum(special.centred_log(0.5 * roots * roots, log_x, shapes), axis=-1)
        return in_df, self._score_in_tril(a, df, tril)

    @final
    def _entropy(self, df: Array, tril: Array) -> Array:
        from scipy.special import digamma

        d = tril.shape[-1]
        shapes = self._shapes(df, d)
        logs = 0.5 * (digamma(shapes) + _LOG_TWO)
        terms = special.log_entropy(shapes) - self._powers(d) * logs
        terms = terms + (d + 1.0) * np.log(diagonal(tril))
        normal = 0.25 * d * (d - 1.0) * (1.0 + LOG_TWO_PI)
        return np.asarray(np.sum(terms, axis=-1) + normal)
