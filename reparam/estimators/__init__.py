"""Gradients of expectations by Monte Carlo: ∂/∂θ E[J(y)] for y ~ p(y; θ), by several estimators.

``_table`` lists the estimators. Each makes terms whose mean is the gradient, block by block, which
``reparam.moments`` adds up; ``_exact`` has their exact values, and ``_tails`` finds where
their variance is infinite.
"""

from reparam.estimators._estimate import DRAWS, TEMPERATURE, estimate
from reparam.estimators._objective import Objective
from reparam.estimators._result import Estimate, Estimates, parted
from reparam.estimators._table import ESTIMATORS

__all__ = [
    "DRAWS",
    "ESTIMATORS",
    "TEMPERATURE",
    "Estimate",
    "Estimates",
    "Objective",
    "estimate",
    "parted",
]
