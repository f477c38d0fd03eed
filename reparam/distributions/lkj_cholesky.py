"""The LKJ distribution of Cholesky factors of correlation matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.reparameterized import Reparameterized
from reparam.domains import POSITIVE, Integers
from reparam.engine.noise import NORMAL, UNIFORM
from reparam.errors import ShapeError
from reparam.families import gamma_draws
from reparam.families.entries import places
from reparam.parameters import Parameter
from reparam.regions import CorrelationCholesky
from reparam.special import beta as special
from reparam.special._accurate import LARGEST, log1pmx
from reparam.special.beta_score import logit_centred_logs
from reparam.special.counts import stirling
from reparam.special.log_beta import log_beta_divergence
from reparam.special.log_gamma import half_step_fall, log_half_step
from reparam.special.matrices import diagonal, diagonally
from reparam.special.polygamma import digamma_difference

__all__ = ["LKJCholesky"]

_LOG_TWO = math.log(2.0)


class LKJCholesky(Reparameterized):
    """The LKJ distribution, of Cholesky factors of d × d correlation matrices.

    The density of a correlation matrix R = y yᵀ is proportional to det(R)^(η−1): uniform at η = 1,
    and nearer to the identity as η grows. That of its factor y, in the entries below the diagonal,
    is proportional to Π_i y_ii^(d−i+2η−2) (Lewandowski, Kurowicka & Joe 2009). Row i is a direction
    of i − 1 entries, times √b with 1 − b = y_ii²: of b, a beta variate, the derivative is that of
    its quantile path, while the direction stays.
    """

    name = "lkj-cholesky"
    dim: Parameter = Parameter(
        "d",
        Integers(2, math.inf),
        3.0,
        (2.0, 4.0),
        ("dimension",),
        "Number of rows",
        differentiable=False,
        length_of="K",
    )
    concentration: Parameter = Parameter("η", POSITIVE, 1.0, (0.3, 30.0), ("eta",), "Concentration")
    about = About(
        density="p(y) = c Π_i y_ii^(d − i + 2η − 2)",
        transform="y_ij = z_ij/s_i,  y_ii = √(2 x_i)/s_i,  s_i² = Σ_{j<i} z_ij² + 2 x_i,"
        "  x_i ~ Gamma(η + (d − i)/2)",
        derivatives={
            "concentration": "y_ij (1 − b) h/2 for j < i,  −y_ii b h/2,  b = 1 − y_ii²,"
            "  h = ∂logit b/∂η of Beta((i − 1)/2, η + (d − i)/2) at a fixed quantile"
        },
        source="Lewandowski, Kurowicka & Joe (2009), Generating random correlation matrices based"
        " on vines and extended onion method, section 3",
    )
    mechanism: ClassVar[str] = "onion"
    path: ClassVar[Literal["map", "field"]] = "field"
    _support = CorrelationCholesky()
    _substreams = ((NORMAL, ("K", "K")), (UNIFORM, ("K",)))
    _extras = 1
    _extra_dims = (("K",),)

    def marginal(self, entries: Sequence[int]) -> LKJCholesky:
        """Return the distribution of the Cholesky factor of some entries' correlations.

        Correlations of k of d entries have η + (d − k)/2, as all orders of entries are alike: each
        correlation alone is 2b − 1 with b ~ Beta(a, a), a = η − 1 + d/2.

        Parameters
        ----------
        entries
            Which rows and columns of the correlation matrix y yᵀ, two or more, in any order.

        Raises
        ------
        ShapeError
            If there are not two or more different ones.

        Examples
        --------
        >>> import reparam as rp
        >>> rp.LKJCholesky(5, concentration=2.0).marginal([3, 1])
        LKJCholesky(dim=2.0, concentration=3.5)
        """
        size = len(places(self, entries))
        if size < 2:
            raise ShapeError(
                f"entries={[*entries]} is one entry, whose correlation matrix is 1; pass two or"
                " more, such as [0, 1]"
            )
        return LKJCholesky(size, self["concentration"] + 0.5 * (self.event_shape[0] - size))

    # The auxiliary array is logit b by row, of the first row 0.

    @staticmethod
    def _shapes(d: int, concentration: Array) -> tuple[Array, Array]:
        """Return the shapes of b for each row but the first, as a last axis."""
        rows = np.arange(1.0, d)
        eta = np.asarray(concentration)[..., np.newaxis]
        half, shape = np.broadcast_arrays(0.5 * rows, eta + 0.5 * (d - 1.0 - rows))
        return half, shape

    @classmethod
    def _transform(cls, z: Array, u: Array, dim: Array, concentration: Array) -> tuple[Array, ...]:
        d = z.shape[-1]
        below = np.tril(z, -1)
        squares = np.sum(below * below, axis=-1)[..., 1:]
        shapes = np.broadcast_to(cls._shapes(d, concentration)[1], squares.shape)
        own, uniform = diagonal(z)[..., 1:], u[..., 1:]
        x, log_x = gamma_draws(own.ravel(), uniform.ravel(), shapes.ravel())
        x, log_x = 2.0 * x.reshape(shapes.shape), _LOG_TWO + log_x.reshape(shapes.shape)
        roots, length, logit = np.ones_like(u), np.ones_like(u), np.zeros_like(u)
        length[..., 1:] = np.sqrt(squares + x)
        # where x underflows its root may not
        roots[..., 1:] = np.where(x > 1e-290, np.sqrt(x), np.exp(0.5 * log_x))
        logit[..., 1:] = np.clip(np.log(squares) - log_x, -LARGEST, LARGEST)
        nothing = length == 0.0  # both underflow: the direction is lost, and its share is 0
        roots, length = np.where(nothing, 1.0, roots), np.where(nothing, 1.0, length)
        return (below + diagonally(roots)) / length[..., np.newaxis], logit

    @classmethod
    def _pull(
        cls, upstream: Array, y: Array, logit: Array, dim: Array, concentration: Array
    ) -> tuple[Array, ...]:
        logit = logit[..., 1:]
        slopes = special.logit_pathwise(logit, *cls._shapes(y.shape[-1], concentration))[1]
        products = upstream * y
        on = diagonal(products)[..., 1:]
        below = np.sum(np.tril(products, -1), axis=-1)[..., 1:]
        pulled = below * special.sigmoid(-logit) - on * special.sigmoid(logit)
        return (0.5 * np.sum(np.where(pulled == 0.0, 0.0, pulled * slopes), axis=-1),)

    @classmethod
    def _log_prob(cls, y: Array, dim: Array, concentration: Array) -> Array:
        half, shape = cls._shapes(y.shape[-1], concentration)
        log_rest = -np.logaddexp(0.0, _logit(y))
        return np.asarray(np.sum(_constant(half, shape) + (shape - 1.0) * log_rest, axis=-1))

    @classmethod
    def _score(cls, y: Array, dim: Array, concentration: Array) -> tuple[Array, ...]:
        logit = _logit(y)
        shapes = cls._shapes(y.shape[-1], concentration)
        return (np.sum(logit_centred_logs(np.exp(logit), logit, *shapes)[1], axis=-1),)

    @classmethod
    def _stein_score(cls, y: Array, dim: Array, concentration: Array) -> Array:
        # of entries below the diagonal: Σ_i (shape_i − 1) ln y_ii² with y_ii² = 1 − Σ_j y_ij²
        _, shape = cls._shapes(y.shape[-1], concentration)
        below, found = np.tril(y, -1)[..., 1:, :], np.zeros(y.shape)
        slope = (shape - 1.0) / np.square(diagonal(y)[..., 1:])
        found[..., 1:, :] = -2.0 * slope[..., np.newaxis] * below
        return found

    def _mean(self, dim: Array, concentration: Array) -> Array:
        half, shape = self._shapes(self.event_shape[0], concentration)
        logs = log_half_step(shape) - log_half_step(shape + half)
        return _padded(np.sqrt(shape / (shape + half)) * np.exp(logs), 1.0)

    def _variance(self, dim: Array, concentration: Array) -> Array:
        half, shape = self._shapes(self.event_shape[0], concentration)
        square = shape / (shape + half)
        variance = _padded(square * -np.expm1(-2.0 * half_step_fall(shape, half)), 0.0)
        each = 0.5 / (shape + half)
        below = np.zeros_like(variance)
        below[..., 1:, :] = each[..., np.newaxis]
        return np.asarray(np.tril(below, -1) + variance)

    def _covariance(self, dim: Array, concentration: Array) -> Array:
        # rows are independent of each other, and signs below the diagonal are of all else
        variance = self._variance(dim, concentration)
        each = variance.reshape(*variance.shape[:-2], -1)
        return diagonally(each).reshape(variance.shape + variance.shape[-2:])

    def _entropy(self, dim: Array, concentration: Array) -> Array:
        half, shape = self._shapes(self.event_shape[0], concentration)
        expected = (shape - 1.0) * digamma_difference(shape, half)
        return np.asarray(np.sum(expected - _constant(half, shape), axis=-1))


def divergence(dim: int, concentration: Array, other: Array) -> tuple[Array, Array, Array]:
    """Return KL of two of one size, and its derivatives: the sum of those of the beta variates."""
    (half, shape), (_, right) = (LKJCholesky._shapes(dim, each) for each in (concentration, other))
    value, (_, in_shape), (_, in_right) = log_beta_divergence(half, right, half, shape)
    return np.sum(value, axis=-1), np.sum(in_shape, axis=-1), np.sum(in_right, axis=-1)


def _logit(y: Array) -> Array:
    """Return logit b of each row but the first, also where y_ii rounds to 1."""
    squares = np.sum(np.tril(y, -1) ** 2, axis=-1)[..., 1:]
    logit = np.log(squares) - 2.0 * np.log(diagonal(y)[..., 1:])
    return np.asarray(np.clip(logit, -LARGEST, LARGEST))


def _constant(half: Array, shape: Array) -> Array:
    """Return ln Γ(shape + half) − ln Γ(shape) − half ln π, without cancellation."""
    end, step = shape + half, half / shape
    steps = shape * log1pmx(step) - 0.5 * np.log1p(step) + half * np.log(end / math.pi)
    return np.asarray(steps + stirling(end) - stirling(shape))


def _padded(entries: Array, first: float) -> Array:
    """Return diagonal matrices, given all entries but the first."""
    lead = np.full((*entries.shape[:-1], 1), first)
    return diagonally(np.concatenate([lead, entries], axis=-1))
