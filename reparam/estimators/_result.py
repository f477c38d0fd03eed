"""What estimates are told as."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reparam.distribution import Distribution
from reparam.errors import EstimatorError

__all__ = ["Estimate", "Estimates"]


@dataclass(frozen=True)
class Estimate:
    """What one estimator says of the derivative in one parameter.

    Attributes
    ----------
    estimator, parameter
        Their names; of an entry of a vector ``name[k]``.
    value
        The estimate of ∂/∂θ E[φ(y)].
    standard_error
        Of the value; infinite if the variance is, and 0 if the value is exact.
    variance
        Of a draw: what the square of the standard error is with one, if it falls as 1/n. For
        antithetic and quasi-random noise, the variance of a mean times its number of draws.
    draws
        How many draws were taken; for enumeration, how many values.
    units
        How many independent terms these make: pairs of draws, sequences, or draws.
    cost
        Nanoseconds a draw took, for all parameters together, on all threads.
    efficiency
        Variance times cost of the reference, the plain pathwise estimator or else the plain score
        function, over its own: how many times as fast it gets to a given standard error.
    exact
        The derivative itself, NaN if it is not known.
    biased
        Whether the estimator's expectation is something else.
    """

    estimator: str
    parameter: str
    value: float
    standard_error: float
    variance: float
    draws: int
    units: int
    cost: float
    efficiency: float
    exact: float
    biased: bool

    @property
    def error(self) -> float:
        """The value less the exact one: of a biased estimator the bias, up to chance."""
        return self.value - self.exact

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return a confidence interval for the estimator's expectation.

        Parameters
        ----------
        level
            How probably it covers: Student's t for as many terms as there are.

        Returns
        -------
        tuple of float
            Its ends.

        Raises
        ------
        EstimatorError
            If the level is not between 0 and 1.
        """
        from scipy.special import stdtrit

        if not 0.0 < level < 1.0:
            raise EstimatorError(f"level={level!r} is not in (0, 1); pass for example 0.95")
        if not self.standard_error:
            return self.value, self.value
        reach = float(stdtrit(max(self.units - 1, 1), 0.5 + 0.5 * level)) * self.standard_error
        return self.value - reach, self.value + reach


@dataclass(frozen=True)
class Estimates:
    """Estimates of ∂/∂θ E[φ(y)] by several estimators, in the order of the table.

    Attributes
    ----------
    distribution
        p(y; θ).
    objective
        φ, as text.
    rows
        One estimate for each estimator and parameter.
    left_out
        The estimators that can't serve, or ``"estimator, parameter"``, each with the reason.
    notes
        What else there is to know: numbers of draws rounded up, infinite variances, biases.
    """

    distribution: Distribution
    objective: str
    rows: tuple[Estimate, ...]
    left_out: Mapping[str, str]
    notes: tuple[str, ...]

    def __iter__(self) -> Iterator[Estimate]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: tuple[str, str]) -> Estimate:
        """Return the estimate of that estimator and parameter, or its alias."""
        estimator, parameter = key
        vector, bracket, entry = parameter.partition("[")
        name = self.distribution.parameters.canonical(vector) + bracket + entry
        for row in self.rows:
            if (row.estimator, row.parameter) == (estimator, name):
                return row
        known = ", ".join(f"{row.estimator}/{row.parameter}" for row in self.rows)
        raise EstimatorError(
            f"there is no estimate by {estimator!r} of the derivative in {name!r} (there are"
            f" {known})"
        )

    def gradient(self, estimator: str) -> dict[str, float]:
        """Return an estimator's values by parameter.

        Raises
        ------
        EstimatorError
            If it was not asked for.
        """
        found = {row.parameter: row.value for row in self.rows if row.estimator == estimator}
        if not found:
            known = ", ".join(dict.fromkeys(row.estimator for row in self.rows))
            raise EstimatorError(f"there are no estimates by {estimator!r} (there are {known})")
        return found


def ratio(above: float, below: float) -> float:
    """Return a quotient of non-negative numbers, NaN for 0/0."""
    if below == 0.0 or math.isinf(below):
        return math.nan if above == below else (math.inf if below == 0.0 else 0.0)
    return above / below
