"""Formulas that a distribution's author leaves out, computed from those that exist.

Quantiles by iteration on the cdf, the upper tail and logarithms of tails from the density,
derivatives by differences, moments by quadrature. They stand in until the formula is written,
and what can't be found, such as a moment that may be infinite, is NaN.
"""

from reparam.base.numerical.count_tails import log_sum
from reparam.base.numerical.differences import as_rows, in_parameters, in_values
from reparam.base.numerical.inversion import cdf_of_quantile, quantile
from reparam.base.numerical.log_tails import log_tail, log_tail_of_counts
from reparam.base.numerical.members import in_members
from reparam.base.numerical.moments import Half, moments
from reparam.base.numerical.paths import along_quantiles
from reparam.base.numerical.roots import halved
from reparam.base.numerical.tails import FAR_TAIL, by_rows, upper_tail

__all__ = [
    "FAR_TAIL",
    "Half",
    "along_quantiles",
    "as_rows",
    "by_rows",
    "cdf_of_quantile",
    "halved",
    "in_members",
    "in_parameters",
    "in_values",
    "log_sum",
    "log_tail",
    "log_tail_of_counts",
    "moments",
    "quantile",
    "upper_tail",
]
