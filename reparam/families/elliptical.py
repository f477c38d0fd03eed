"""What laws of vectors y = μ + A x share, with a matrix A that is given in one of several ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.reparameterized import Marginal, Reparameterized
from reparam.domains import Interval
from reparam.regions import Dims, RealVector
from reparam.special.matrices import (
    apply,
    cholesky,
    cholesky_pullback,
    cholesky_pullback_along,
    cholesky_push,
    inverse,
    lower_factor,
    multiplied,
    transposed,
)

__all__ = ["Elliptical", "conditioned", "projections"]


class Elliptical(Reparameterized):
    """y = μ + A x with A Aᵀ = Σ, from the last parameter of θ.

    That is ``scale_tril``, A itself, lower triangular; or Σ, of which A is the Cholesky factor; or
    ``precision``, Σ⁻¹ = L Lᵀ, of which A = L⁻ᵀ. Formulas get A and A⁻¹ in its place, computed once.
    """

    mechanism = "location-scale"
    _support: ClassVar[Interval] = RealVector()
    _alternatives: ClassVar[tuple[tuple[str, ...], ...]]
    _functions_of_others = 1
    #: The axes of the parameters before it.
    _leading: ClassVar[tuple[Dims, ...]] = (("K",),)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._prepared_dims = (*cls._leading, ("K", "K"), ("K", "K"))

    @property
    def _way(self) -> str:
        return self._choice[-1]

    def _prepared(self, *theta: Any) -> tuple[Array, ...]:
        *leading, given = theta
        factor = given if self._way == "scale_tril" else cholesky(given)
        inverted = inverse(factor)
        if self._way == "precision":
            factor, inverted = transposed(inverted), transposed(factor)
        return (*leading, *map(np.ascontiguousarray, (factor, inverted)))

    def _pulled_back(self, entries: Sequence[Array], *theta_and_prepared: Any) -> tuple[Any, ...]:
        *leading, derivative = entries
        a, b = theta_and_prepared[-2:]
        if self._way == "scale_tril":
            return (*leading, np.tril(derivative))
        if self._way == "precision":  # dA = −A dLᵀ A
            inner = multiplied(-a, transposed(derivative), a)
            return (*leading, cholesky_pullback(inner, transposed(b), transposed(a)))
        return (*leading, cholesky_pullback(derivative, a, b))

    def _pulled_back_along(
        self, entries: Sequence[Array], tangents: Sequence[Array], *theta_and_prepared: Any
    ) -> tuple[Any, ...]:
        derivative, moved = entries[-1], tangents[-1]
        a, b = theta_and_prepared[-2:]
        nothing = (0.0,) * (len(tangents) - 1)
        if self._way == "scale_tril":
            return (*nothing, 0.0)
        if self._way != "precision":
            return (*nothing, cholesky_pullback_along(derivative, cholesky_push(moved, a, b), a, b))
        factor, inverted = transposed(b), transposed(a)
        moved = cholesky_push(moved, factor, inverted)
        turned, across = multiplied(-a, transposed(moved), a), transposed(derivative)
        inner = multiplied(-a, across, a)
        change = -(multiplied(turned, across, a) + multiplied(a, across, turned))
        found = cholesky_pullback(change, factor, inverted)
        return (*nothing, found + cholesky_pullback_along(inner, moved, factor, inverted))

    def _pushed_on(self, tangents: Sequence[Array], *theta_and_prepared: Any) -> tuple[Any, ...]:
        *leading, moved = tangents
        a, b = theta_and_prepared[-2:]
        if self._way == "scale_tril":
            moved = np.tril(moved)
        elif self._way == "precision":
            moved = cholesky_push(moved, transposed(b), transposed(a))
            moved = multiplied(-a, transposed(moved), a)
        else:
            moved = cholesky_push(moved, a, b)
        return (*leading, moved)

    @staticmethod
    def _log_scale(a: Array) -> Array:
        """ln det A: A is triangular."""
        diagonal = np.diagonal(a, axis1=-2, axis2=-1)
        return np.asarray(np.sum(np.log(diagonal), axis=-1))

    def _projections(self, law: Callable[..., Reparameterized], loc: Array) -> tuple[Marginal, ...]:
        """Return marginals: see :func:`projections`."""
        return projections(law, loc, self._ready[-2] @ transposed(self._ready[-2]))

    def _absent(self, name: str) -> Array:
        a, b = self._ready[-2:]
        if name == "scale_tril":
            return cholesky(a @ transposed(a)) if self._way == "precision" else a
        if name == "precision":
            return np.asarray(transposed(b) @ b)
        return np.asarray(a @ transposed(a))


def conditioned(
    loc: Array, a: Array, known: Sequence[int], rest: Sequence[int], given: Array
) -> tuple[Array, Array, Array]:
    """Return x of the known entries of y = μ + A x, and μ and the factor of the others given them.

    With the known entries first the lower triangular factor is [[B, 0], [C, D]].
    """
    factor, n = lower_factor(a[..., [*known, *rest], :]), len(known)
    inner, across, outer = factor[..., :n, :n], factor[..., n:, :n], factor[..., n:, n:]
    x = apply(inverse(inner), given - loc[..., known])
    return x, loc[..., rest] + apply(across, x), outer


def projections(
    law: Callable[..., Reparameterized], loc: Array, scale_matrix: Array
) -> tuple[Marginal, ...]:
    """Return each entry, and sums of neighbours, as marginals of vectors of no batch.

    Parameters
    ----------
    law
        The distribution of a projection, of its location and scale.
    loc, scale_matrix
        μ and Σ: cᵀ y has the location cᵀ μ and the scale √(cᵀ Σ c).
    """
    unit = np.eye(loc.shape[-1])
    weights = {f"y_{k}": each for k, each in enumerate(unit)}
    weights |= {f"y_{k} + y_{k + 1}": unit[k] + unit[k + 1] for k in range(len(unit) - 1)}

    def projected(what: str, c: Array) -> Marginal:
        scale = np.sqrt(c @ scale_matrix @ c)
        return Marginal(what, lambda y: np.asarray(y @ c), law(loc @ c, scale))

    return tuple(projected(what, c) for what, c in weights.items())
