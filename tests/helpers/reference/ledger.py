"""The worst errors found, by function and kind of point; a change that worsens one is noticed.

Derivatives and probabilities are measured in relative error, quantiles in multiples of the
unavoidable error, closed forms in ulp. exp and log differ in their last bits between processors and
versions of NumPy, so that a figure may grow by a quarter and a little before it counts as worse.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import NamedTuple

import numpy as np

import reference
from reference import FOLDER, PARAMETERS, closed_forms

PATH = FOLDER / "ledger.json"

#: function -> kind of point -> worst error
Figures = dict[str, dict[str, float]]


class Promise(NamedTuple):
    """What a function promises.

    Attributes
    ----------
    bar
        The error that is never exceeded.
    slack
        How much a figure may grow, beside a quarter of itself.
    """

    bar: float
    slack: float


_EPS = 2.0**-52
_PATHWISE = Promise(1e-13, _EPS)
#: A density of e^−700 has lost log₂ 700 bits to the rounding of its logarithm.
_DENSITY = Promise(2e-12, _EPS)
_TWO_BITS = Promise(4.0, 0.2)
_FOUR_ULP = Promise(4.0, 0.5)

#: By the first word of a function's name in the ledger; the second is an output.
PROMISES = {
    "gamma.pathwise": _PATHWISE,
    "gamma.log_pathwise": _PATHWISE,
    "Gamma.pathwise": _PATHWISE,
    "gamma.cdf_derivative": _DENSITY,
    "gamma.cdf": _DENSITY,
    "gamma.sf": _DENSITY,
    "gamma.quantile": _TWO_BITS,
    "gamma.log_quantile": _TWO_BITS,
    "beta.pathwise": _PATHWISE,
    "beta.logit_pathwise": _PATHWISE,
    "Beta.pathwise": _PATHWISE,
    "beta.cdf_derivatives": _DENSITY,
    "beta.quantile": _TWO_BITS,
    "Beta.log_value": _TWO_BITS,
    "Beta.log_complement": _TWO_BITS,
    "student.pathwise": _PATHWISE,
    "StudentT.pathwise": _PATHWISE,
    "student.quantile": _TWO_BITS,
    "gaussian.value": _FOUR_ULP,
    "gaussian.jacobian": _FOUR_ULP,
    "gaussian.icdf": _FOUR_ULP,
    "laplace.value": _FOUR_ULP,
    "laplace.jacobian": _FOUR_ULP,
    "logistic.value": _FOUR_ULP,
    "logistic.jacobian": _FOUR_ULP,
    "exponential.value": _FOUR_ULP,
    "exponential.jacobian": _FOUR_ULP,
}


def promise(function: str) -> Promise:
    """Return what a function in the ledger promises."""
    return PROMISES[function.split(maxsplit=1)[0]]


def measure() -> Figures:
    """Return the figures of the library as it is."""
    worst: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for name in PARAMETERS:
        for function, row, error in reference.findings(reference.load(name)):
            of_kind = worst[function]
            of_kind[row["kind"]] = max(of_kind.get(row["kind"], 0.0), error)
    for function, errors in closed_forms.findings().items():
        worst[function]["all"] = float(np.max(errors))
    return dict(worst)


def read() -> Figures:
    """Return the recorded figures."""
    figures: Figures = json.loads(PATH.read_text(encoding="utf-8"))
    return figures


def write(figures: Figures) -> None:
    """Record figures, to three digits."""
    rounded = {
        function: {kind: float(f"{error:.3g}") for kind, error in sorted(kinds.items())}
        for function, kinds in sorted(figures.items())
    }
    PATH.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")
