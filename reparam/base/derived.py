"""Distributions that are another one in other parameters."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import stand_in
from reparam.base.reparameterized import Reparameterized
from reparam.base.second_order import Triangle, along_standard_quantiles, full, unflattened
from reparam.base.tree import flat
from reparam.parameters import Parameter

__all__ = ["Derived"]


class Derived(Reparameterized):
    """A distribution that is another one, ``_of``, in parameters of its own.

    The author names a distribution in ``_of`` and declares the parameters. If they are not those
    of ``_of`` in the same order, ``_inner`` makes these of them, and ``_inner_slopes`` the
    derivatives; the second ones, ``_inner_bends``, are differences until they are written. All
    formulas follow; any that has a shorter form may be written.
    """

    #: What it is: an instance, whose own parameters' values don't matter.
    _of: ClassVar[Reparameterized]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_of" in vars(cls):
            for name in ("noise", "path", "mechanism", "_substreams", "_extras", "_views"):
                if name not in vars(cls):
                    setattr(cls, name, getattr(cls._of, name))

    @classmethod
    def _inner(cls, *theta: Any) -> tuple[Any, ...]:
        """Return the parameters of ``_of``, a child's as one tuple."""
        return cls._of._nested(theta)

    @classmethod
    def _inner_slopes(cls, *theta: Any) -> tuple[tuple[Any, ...], ...] | None:
        """Return for each parameter of ``_of`` its derivatives in each of these: None if equal."""
        return None

    @classmethod
    def _chained(cls, entries: Iterable[Any], theta: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return derivatives in the parameters, from those in the parameters of ``_of``."""
        slopes, found = cls._inner_slopes(*theta), tuple(flat(entries))
        if slopes is None:
            return found
        return tuple(
            np.asarray(sum(slope * entry for slope, entry in zip(own, found, strict=True)))
            for own in zip(*slopes, strict=True)
        )

    @classmethod
    @stand_in
    def _inner_bends(cls, *theta: Any) -> tuple[Triangle, ...]:
        """Return for each parameter of ``_of`` its second derivatives, by differences."""
        return tuple(
            along_standard_quantiles(
                partial(cls._inner_slope, index), inner, theta, cls._declared()
            )
            for index, inner in enumerate(flat(cls._inner(*theta)))
        )

    @classmethod
    def _inner_slope(cls, index: int, _: Array, *theta: Any) -> tuple[Any, ...]:
        slopes = cls._inner_slopes(*theta)
        return () if slopes is None else slopes[index]

    @classmethod
    def _declared(cls) -> list[Parameter]:
        return [*cls._own.values()]

    @classmethod
    def _follows(cls, formula: str) -> bool:
        if formula != "_pathwise2" or cls._pathwise2 is not Derived._pathwise2:
            return super()._follows(formula)
        has_slopes = cls._inner_slopes.__func__ is not Derived._inner_slopes.__func__  # type: ignore[attr-defined]
        return cls._of._follows(formula) or (has_slopes and super()._follows("_inner_bends"))

    @classmethod
    def _bent(cls, slopes: Iterable[Any], triangle: Triangle, theta: tuple[Any, ...]) -> Triangle:
        """Return second derivatives in the parameters, from those in the parameters of ``_of``."""
        inner = cls._inner_slopes(*theta)
        if inner is None:
            return triangle
        bends, first = cls._inner_bends(*theta), tuple(flat(slopes))
        matrix, inside = full(triangle), range(len(first))
        return tuple(
            tuple(
                sum(
                    (
                        inner[i][a] * sum(matrix[i][j] * inner[j][a + b] for j in inside)
                        + first[i] * bends[i][a][b]
                        for i in inside
                    ),
                    start=0.0,
                )
                for b in range(len(theta) - a)
            )
            for a in range(len(theta))
        )

    @classmethod
    def _parted(cls, arrays: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Return auxiliary arrays, and θ, which follows them."""
        return arrays[: cls._extras], arrays[cls._extras :]

    # Draws -----------------------------------------------------------------------------------

    def _transform(self, noise: Array, *theta: Any) -> tuple[Array, ...]:
        return self._of._transform(noise, *self._inner(*theta))

    def _transform_upper(self, v: Array, *theta: Any) -> tuple[Array, ...]:
        return self._of._transform_upper(v, *self._inner(*theta))

    def _sampler(self, *numbers_and_theta: Any) -> tuple[Array, ...]:
        count = len(self._substreams)
        numbers, theta = numbers_and_theta[:count], numbers_and_theta[count:]
        return self._of._sampler(*numbers, *self._inner(*theta))

    def _jacobian(self, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        return self._derivative("_jacobian", y, *extras_and_theta)

    def _hessian(self, y: Array, *extras_and_theta: Any) -> Triangle:
        extras, theta = self._parted(extras_and_theta)
        inner = (*extras, *self._inner(*theta))
        of = self._of
        triangle = unflattened([*flat(of._hessian(y, *inner))])
        return self._bent(of._jacobian(y, *inner), triangle, theta)

    def _score_of_draw(self, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        return self._derivative("_score_of_draw", y, *extras_and_theta)

    def _derivative(self, name: str, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        extras, theta = self._parted(extras_and_theta)
        entries = getattr(self._of, name)(y, *extras, *self._inner(*theta))
        return self._chained(entries, theta)

    def _viewed(self, name: str, y: Array, *extras_and_theta: Any) -> Array:
        extras, theta = self._parted(extras_and_theta)
        value: Array = getattr(self._of, name)(y, *extras, *self._inner(*theta))
        return value

    def _log_value(self, y: Array, *extras_and_theta: Any) -> Array:
        return self._viewed("_log_value", y, *extras_and_theta)

    def _log_jacobian(self, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        return self._derivative("_log_jacobian", y, *extras_and_theta)

    def _complement(self, y: Array, *extras_and_theta: Any) -> Array:
        return self._viewed("_complement", y, *extras_and_theta)

    def _complement_jacobian(self, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        return self._derivative("_complement_jacobian", y, *extras_and_theta)

    def _log_complement(self, y: Array, *extras_and_theta: Any) -> Array:
        return self._viewed("_log_complement", y, *extras_and_theta)

    def _log_complement_jacobian(self, y: Array, *extras_and_theta: Any) -> tuple[Any, ...]:
        return self._derivative("_log_complement_jacobian", y, *extras_and_theta)

    # Functions of values ---------------------------------------------------------------------

    def _pathwise(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        return self._chained(self._of._pathwise(y, *self._inner(*theta)), theta)

    def _pathwise2(self, y: Array, *theta: Any) -> Triangle:
        of, inner = self._of, self._inner(*theta)
        triangle = unflattened([*flat(of._pathwise2(y, *inner))])
        return self._bent(of._pathwise(y, *inner), triangle, theta)

    def _score(self, y: Array, *theta: Any) -> tuple[Any, ...]:
        return self._chained(self._of._score(y, *self._inner(*theta)), theta)

    def _ends(self, *theta: Any) -> tuple[Any, Any]:
        with np.errstate(all="ignore"):
            return self._of._ends(*self._inner(*theta))

    def _icdf(self, u: Array, *theta: Any) -> Array:
        return self._of._icdf(u, *self._inner(*theta))

    def _isf(self, v: Array, *theta: Any) -> Array:
        return self._of._isf(v, *self._inner(*theta))

    def _cdf(self, y: Array, *theta: Any) -> Array:
        return self._of._cdf(y, *self._inner(*theta))

    def _sf(self, y: Array, *theta: Any) -> Array:
        return self._of._sf(y, *self._inner(*theta))

    def _log_cdf(self, y: Array, *theta: Any) -> Array:
        return self._of._log_cdf(y, *self._inner(*theta))

    def _log_sf(self, y: Array, *theta: Any) -> Array:
        return self._of._log_sf(y, *self._inner(*theta))

    def _log_prob(self, y: Array, *theta: Any) -> Array:
        log_prob: Array = self._of._log_prob(y, *self._inner(*theta))
        return log_prob

    def _stein_score(self, y: Array, *theta: Any) -> Array:
        return self._of._stein_score(y, *self._inner(*theta))

    def _mean(self, *theta: Any) -> Array:
        return self._of._mean(*self._inner(*theta))

    def _variance(self, *theta: Any) -> Array:
        return self._of._variance(*self._inner(*theta))

    def _entropy(self, *theta: Any) -> Array:
        return self._of._entropy(*self._inner(*theta))
