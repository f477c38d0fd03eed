"""Derivatives of a distribution's functions, by its other functions: of first order, and of these.

A function is a name that :func:`reparam.adapters.formulas.value` knows, and so are its derivatives,
so that second derivatives are the derivatives of derivatives. Where draws stay on a path, the
derivatives of ∂y/∂θ are ∂²y/∂θ∂φ themselves: in parts, which cancel, they would lose digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from reparam.adapters import formulas
from reparam.base.second_order import full, unflattened

__all__ = ["RULES", "At", "Rule"]

#: An array of the framework.
Tensor: TypeAlias = Any


class At(Protocol):
    """Other functions at the same values and parameters, by name; and a framework's arithmetic."""

    def __call__(self, function: str) -> Sequence[Tensor]:
        """Return a function's results."""

    def exp(self, exponent: Tensor, /) -> Tensor:
        """Return e to a power."""

    def times(self, factor: Tensor, derivative: Tensor, /) -> Tensor:
        """Return the product: 0 where the factor is 0 and the derivative infinite or undefined."""


@dataclass(frozen=True)
class Rule:
    """The derivatives of a function f(y; θ), whose results are one tensor or several.

    Attributes
    ----------
    partials
        Per result the derivatives in each differentiable parameter, from other functions and the
        first result.
    slopes
        Per result the derivative in y, likewise; or None if y is a constant.
    of_result
        Whether other functions are taken at the results instead of y.
    """

    partials: Callable[[At, Tensor], Sequence[Sequence[Tensor]]]
    slopes: Callable[[At, Tensor], Sequence[Tensor]] | None = None
    of_result: bool = False


def _only(name: str, of_result: bool = False) -> Rule:
    """Return the rule of a function of the parameters alone, or at a fixed y."""
    return Rule(lambda at, f: [at(name)], of_result=of_result)


def _probability(sign: float, is_log: bool = False) -> Rule:
    """Return the rule of F or 1 − F, or of its log: F_θ = −p ∂y/∂θ."""

    def in_y(at: At, f: Tensor) -> Tensor:
        log_prob = at("log_prob")[0]
        return sign * at.exp(log_prob - f if is_log else log_prob)

    def in_theta(at: At, f: Tensor) -> list[list[Tensor]]:
        steep = in_y(at, f)
        return [[-at.times(steep, speed) for speed in at("pathwise")]]

    return Rule(in_theta, lambda at, f: [in_y(at, f)])


def _quantile(sign: float) -> Rule:
    return Rule(
        lambda at, f: [at("pathwise")],
        lambda at, f: [sign * at.exp(-at("log_prob")[0])],
        of_result=True,
    )


def _path() -> Rule:
    """Return the rule of ∂y/∂θ at any y and θ: ∂/∂y is −s_θ − t y_θ, of the scores s and t."""

    def drifts(at: At) -> list[Tensor]:
        (slope,) = at("stein_score")
        pairs = zip(at("score"), at("pathwise"), strict=True)
        return [score + at.times(speed, slope) for score, speed in pairs]

    def in_theta(at: At, f: Tensor) -> list[list[Tensor]]:
        speeds = at("pathwise")
        rows = zip(drifts(at), full(unflattened(at("path2"))), strict=True)
        return [
            [bend + at.times(speed, drift) for speed, bend in zip(speeds, row, strict=True)]
            for drift, row in rows
        ]

    return Rule(in_theta, lambda at, f: [-drift for drift in drifts(at)])


def _bends(name: str, rows: slice = slice(None)) -> Callable[[At], list[list[Tensor]]]:
    """Return rows of the symmetric matrix that is a function of that name."""
    return lambda at: full(unflattened(at(name)))[rows]


def _log_density(rows: slice) -> Rule:
    """Return the rule of derivatives of the log density in y, the first, or in θ."""
    bends = _bends("log_prob2", rows)
    return Rule(
        lambda at, f: [row[1:] for row in bends(at)],
        lambda at, f: [row[0] for row in bends(at)],
    )


def _fixed(name: str) -> Rule:
    """Return the rule of derivatives in θ at fixed noise, whose own are of that name."""
    bends = _bends(name)
    return Rule(lambda at, f: bends(at))


RULES = {
    "log_prob": Rule(lambda at, f: [at("score")], lambda at, f: at("stein_score")),
    "cdf": _probability(1.0),
    "sf": _probability(-1.0),
    "log_cdf": _probability(1.0, is_log=True),
    "log_sf": _probability(-1.0, is_log=True),
    "icdf": _quantile(1.0),
    "isf": _quantile(-1.0),
    # an endpoint of the support is the quantile of probability 0, or 1
    **{end: _only("pathwise", of_result=True) for end in formulas.ENDS},
    "attach": _only("path"),
    **{function: _only("of_draw", of_result=True) for function in formulas.DRAWS},
    **{statistic: _only(f"of_{statistic}") for statistic in formulas.STATISTICS},
    "stein_score": _log_density(slice(1)),
    "score": _log_density(slice(1, None)),
    "pathwise": _path(),
    "path": _fixed("path2"),
    "of_draw": _fixed("of_draw2"),
}
