"""Results of estimators, and how they print."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.errors import EstimatorError
from reparam.notation import concise

__all__ = ["Estimate", "Estimates", "parted"]


@dataclass(frozen=True)
class Estimate:
    """One estimator's result for the derivative in one parameter.

    Attributes
    ----------
    estimator, parameter
        Their names; of an entry of a vector ``name[k]``, of a matrix ``name[j,k]``.
    value
        The estimate of ∂/∂θ E[J(y)].
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
        Nanoseconds per draw took, for all parameters together, on all threads.
    variance_ratio
        The variance over that of the reference: the plain pathwise estimator, or the plain score
        function where there is no path or it is biased. A quarter means that a quarter of the draws
        is enough for the same standard error. NaN for what is biased.
    exact
        The derivative itself, NaN if it is not known.
    biased
        Whether the estimator's expectation is something else: of a relaxation, or of a path where
        the objective jumps.
    skewness
        Of a term: E[(t − E t)³] over the 3/2th power of the variance, from the terms.
    """

    estimator: str
    parameter: str
    value: float
    standard_error: float
    variance: float
    draws: int
    units: int
    cost: float
    variance_ratio: float
    exact: float
    biased: bool
    skewness: float

    @property
    def error(self) -> float:
        """The value less the exact one."""
        return self.value - self.exact

    @property
    def bias(self) -> float:
        """0, or of a biased estimator the value less the exact one, up to chance."""
        return self.error if self.biased else 0.0

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return a confidence interval for the estimator's expectation.

        With W the estimate's error over its standard error, a = γ/√n and γ the skewness of n
        terms, W + a W²/3 + a² W³/27 + a/6 is nearly free of skewness (Hall 1992, "On the removal of
        skewness by transformation", JRSS B 54), and is taken for Student's t: the interval
        reaches farther on the side of the long tail. Without skewness it is the usual one.

        Parameters
        ----------
        level
            How probably it covers.

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
        if self.standard_error in (0.0, math.inf):
            return self.value - self.standard_error, self.value + self.standard_error
        t = float(stdtrit(max(self.units - 1, 1), 0.5 + 0.5 * level))
        skew = self.skewness / math.sqrt(self.units)
        low, high = (_unskewed(end, skew) * self.standard_error for end in (t, -t))
        return self.value - low, self.value - high


@dataclass(frozen=True, repr=False)
class Estimates:
    """Estimates of ∂/∂θ E[J(y)] by several estimators, in the order of the table.

    Printed it is a table, of what the seed determines; a notebook shows it as HTML.

    Attributes
    ----------
    distribution
        p(y; θ).
    objective
        J, as text.
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
        """Return the estimate of that estimator and parameter, or its alias.

        Raises
        ------
        EstimatorError
            If there is none, or these are not two names.
        """
        if not (isinstance(key, tuple) and len(key) == 2 and all(isinstance(k, str) for k in key)):
            first = self.rows[0]
            raise EstimatorError(
                f"{key!r} is not an estimator and a parameter; pass two names, such as"
                f" [{first.estimator!r}, {first.parameter!r}], or ask for gradient(estimator)"
            )
        estimator, parameter = key
        vector, entry = parted(parameter.replace(", ", ","))
        name = self.distribution.parameters.canonical(vector) + entry
        for row in self.rows:
            if (row.estimator, row.parameter) == (estimator, name):
                return row
        known = ", ".join(f"{row.estimator}/{row.parameter}" for row in self.rows)
        raise EstimatorError(
            f"there is no estimate by {estimator!r} of the derivative in {name!r} (there are"
            f" {known})"
        )

    def __str__(self) -> str:
        """Return a table as text."""
        rows = self._table()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
        return "\n".join([self._caption, *lines])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return a table for notebooks."""
        from reparam._html import table

        header, *rows = self._table()
        reasons = [f"without {name}: {why}" for name, why in self.left_out.items()]
        return table(self._caption, header, rows, [*self.notes, *reasons])

    @property
    def _caption(self) -> str:
        return f"∂/∂θ E[{self.objective}], y ~ {self.distribution!r}"

    def _table(self) -> list[list[str]]:
        """Return the header, and the cells of each row."""
        rows = [
            {
                "estimator": row.estimator,
                "θ": row.parameter,
                "estimate": concise(row.value, row.standard_error),
                "variance": f"{row.variance:.3g}",
                "ratio": "" if math.isnan(row.variance_ratio) else f"{row.variance_ratio:.3g}",
                "exact": "" if math.isnan(row.exact) else f"{row.exact:.6g}",
                "bias": concise(row.bias, row.standard_error) if row.biased else "",
            }
            for row in self.rows
        ]
        kept = [name for name in rows[0] if name != "bias" or any(row.biased for row in self.rows)]
        return [kept, *([row[name] for name in kept] for row in rows)]

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

    def arrays(self, estimator: str, of: str = "value") -> dict[str, Array]:
        """Return an estimator's values by parameter, as arrays of the parameters' shapes.

        Parameters
        ----------
        estimator
            Its name.
        of
            Which field of the rows: ``"value"``, ``"standard_error"``, ``"exact"`` and so on.

        Returns
        -------
        dict
            Entries that don't move, such as those above a triangle, are 0; parameters that the
            estimator can't serve are missing.

        Raises
        ------
        EstimatorError
            If the estimator was not asked for.

        Examples
        --------
        >>> import reparam as rp
        >>> d = rp.MultivariateGaussian(loc=[1.0, 2.0])
        >>> found = rp.estimate(d, "y[0]*y[1]", 10_000, estimators="pathwise", rng=1)
        >>> found.arrays("pathwise", "exact")["loc"].round(9)
        array([2., 1.])
        """
        self.gradient(estimator)
        arrays: dict[str, Array] = {}
        for row in self.rows:
            if row.estimator == estimator:
                name, entry = parted(row.parameter)
                declared, value = self.distribution.parameters[name], self.distribution[name]
                whole = arrays.setdefault(name, np.zeros(declared.event(np.asarray(value))))
                place = tuple(int(part) for part in entry[1:-1].split(",") if entry)
                whole[place] = getattr(row, of)
        return arrays


def _unskewed(t: float, a: float) -> float:
    """Return the W with W + a W²/3 + a² W³/27 + a/6 = t.

    It is 3 (c − 1)/a with c³ = 1 + a (t − a/6), without the difference.
    """
    rest = t - a / 6.0
    c = math.cbrt(1.0 + a * rest)
    return 3.0 * rest / (c * c + c + 1.0)


def ratio(above: float, below: float) -> float:
    """Return a quotient of non-negative numbers, NaN for 0/0."""
    if below == 0.0 or math.isinf(below):
        return math.nan if above == below else (math.inf if below == 0.0 else 0.0)
    return above / below


def parted(name: str) -> tuple[str, str]:
    """Return the path of a parameter, and ``[k]`` if the name is that of an entry of a vector.

    >>> parted("components[0].logits[1]"), parted("components[0].loc")
    (('components[0].logits', '[1]'), ('components[0].loc', ''))
    """
    path, bracket, entry = name.rpartition("[")
    return (path, bracket + entry) if bracket and name.endswith("]") else (name, "")
