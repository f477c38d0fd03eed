"""The gradient of E[J(y)] of vectors where moments give it: of a quadratic J, and of categories."""

from __future__ import annotations

import math
from itertools import combinations_with_replacement

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.base.numerical import in_members
from reparam.distributions.one_hot_categorical import OneHotCategorical
from reparam.errors import NoFormulaError
from reparam.estimators._problem import Problem

__all__ = ["by_moments"]

#: Entries of a draw up to which J is looked at, and up to which with all of their products.
_ENTRIES, _PAIRED = 200, 24

#: How far J may be from a quadratic in draws, of the largest it is.
_ROUNDING = 1e-9

#: Derivatives below it, in units of the sum of the coefficients, are rounding errors of 0.
_NOTHING = 1e-11

#: The seed of the draws.
_SEED = 20

_NOT_QUADRATIC = "J is not a quadratic polynomial of the entries, and moments don't give it"


def by_moments(problem: Problem) -> tuple[list[float], str]:
    """Return ∂E[J(y)]/∂θ for each of the problem's names, or NaN and why it is not known.

    If J is a quadratic in draws, means and covariances give E[J(y)]; their derivatives are by
    differences, to about ten digits.
    """
    distribution = problem.distribution
    if isinstance(distribution, OneHotCategorical):
        y = np.eye(distribution.event_shape[0])
        weight = problem.objective.value(y) * np.exp(distribution.log_prob(y))
        return [float((weight * row).sum()) for row in problem.score(y)], ""
    unknown = [math.nan] * len(problem.names)
    try:
        quadratic = _Quadratic(problem)
        if not quadratic.fits:
            return unknown, _NOT_QUADRATIC
        slopes = in_members(quadratic.mean, distribution)
    except NoFormulaError as error:
        return unknown, f"a moment is missing ({error})"
    found = np.array([float(each) for each in problem.by_number(slopes.values())])
    if not np.all(np.isfinite(found)):
        return unknown, "a moment is not finite"
    return np.where(np.abs(found) < _NOTHING * quadratic.size, 0.0, found).tolist(), ""


class _Quadratic:
    """J as a polynomial of the entries of y, less their means and over their spreads.

    Parameters
    ----------
    problem
        With J and the distribution.

    Attributes
    ----------
    fits
        Whether J is such a polynomial.
    size
        The sum of its coefficients' absolute values.
    """

    def __init__(self, problem: Problem) -> None:
        d = problem.distribution
        self._size = math.prod(d.event_shape)
        self._centre, self._spread = np.ravel(d.mean), np.sqrt(np.ravel(d.variance))
        self._spread = np.where(self._spread > 0.0, self._spread, 1.0)
        known = len(d.event_shape) == 1 or d.has_formula("covariance")
        self._paired = paired = known and self._size <= _PAIRED
        numbers = range(self._size)
        pairs = (
            [*combinations_with_replacement(numbers, 2)] if paired else [(k, k) for k in numbers]
        )
        self._pairs = np.array(pairs).T
        self.fits, self.size = False, 0.0
        if self._size > _ENTRIES or not np.all(np.isfinite([self._centre, self._spread])):
            return
        count = 1 + self._size + len(pairs)
        y = np.asarray(d.sample(3 * count + 20, rng=_SEED))
        values = problem.objective.value(y)
        columns = self._columns((y.reshape(len(y), -1) - self._centre) / self._spread)
        half = 2 * count
        # of the many on a simplex, or of counts, the least coefficients
        self._coefficients = np.linalg.lstsq(columns[:half], values[:half], rcond=1e-10)[0]
        self.size = float(np.abs(self._coefficients).sum())
        apart = np.abs(columns @ self._coefficients - values)
        self.fits = bool(np.all(apart <= _ROUNDING * np.max(np.abs(values))))

    def _columns(self, u: Array) -> Array:
        """Return 1, u and the products of pairs of u."""
        first, second = self._pairs
        return np.column_stack([np.ones(len(u)), u, u[:, first] * u[:, second]])

    def mean(self, d: Distribution) -> Array:
        """Return E[J(y)] for y from a distribution of the same kind."""
        u = (np.ravel(d.mean) - self._centre) / self._spread
        first, second = self._pairs
        if self._paired:
            spread = np.reshape(d.covariance, (self._size, self._size))[first, second]
        else:
            spread = np.ravel(d.variance)
        products = u[first] * u[second] + spread / (self._spread[first] * self._spread[second])
        return np.asarray(np.concatenate([[1.0], u, products]) @ self._coefficients)
