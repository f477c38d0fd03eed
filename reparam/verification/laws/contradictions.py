"""Formulas of a law that can't all be right; reported before they are used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

import numpy as np

from reparam._typing import Array
from reparam.verification.refusals import Faulty, Undecidable

__all__ = ["of_both", "of_density", "of_draws", "of_probabilities", "some"]

#: How far probabilities may be outside [0, 1], fall, or not add up to 1: what rounding makes of
#: them is far less. Witnesses look closer.
_PROBABILITY = 1e-6
#: How far a density may be off dF/dy, relatively, and at how many points it must be to tell.
_DENSITY, _SEVERAL = 1e-3, 3
#: The share of draws that are different values, at least, if they have a density.
_FEW_VALUES = 0.05
#: Values in order of size that are looked at: evenly, and as many in both tails.
_EVENLY, _IN_TAILS = 64, 16


def some(ordered: Array) -> Array:
    """Return some of the sorted values: evenly, and the outermost ones."""
    n = ordered.size
    places = np.concatenate(
        [np.linspace(0, n - 1, _EVENLY), np.arange(_IN_TAILS), n - 1 - np.arange(_IN_TAILS)]
    )
    return np.asarray(ordered[np.unique(np.clip(places, 0, n - 1).astype(np.int64))])


def of_draws(theta: Mapping[str, float], y: Array, *, has_cdf: bool) -> None:
    """Look at sorted draws that are finite: whether a density can be theirs.

    Raises Faulty if there are none. Raises Undecidable if they take few values, and no cdf has the
    jumps.
    """
    where = ", ".join(f"{name}={value:.6g}" for name, value in theta.items())
    if not y.size:
        raise Faulty(f"no draw is a finite number at {where}")
    if has_cdf:
        return
    values = 1 + int(np.count_nonzero(np.diff(y)))
    if values == 1:
        raise Undecidable(
            f"all draws are {y[0]:.6g} at {where}, where no density is finite; verify it with"
            " parameters that spread draws (ranges of bounds must not overlap), or with a cdf"
        )
    if values < _FEW_VALUES * y.size:
        raise Undecidable(
            f"{y.size} draws take {values} values at {where}: log_prob may be the log mass of a"
            " discrete distribution, whose draws have no derivative; a cdf would show the jumps"
        )


def of_probabilities(
    theta: Mapping[str, float], y: Array, below: Array, above: Array | None
) -> None:
    """Look at F, and at 1 − F if that is given, at sorted values.

    Raises Faulty if they are not probabilities, F falls, or both don't add up to 1.
    """
    for name, tail in (("cdf", below), ("sf", above)):
        if tail is None:
            continue
        if np.any(wrong := ~((tail > -_PROBABILITY) & (tail < 1.0 + _PROBABILITY))):
            at = int(np.argmax(wrong))
            _tell(f"{name} is {tail[at]:.6g}", theta, y[at], "not between 0 and 1")
    if np.any(wrong := np.diff(below) < -_PROBABILITY):
        at = int(np.argmax(wrong))
        start = f"{below[at]:.6g} at y={y[at]:.6g}"
        what = f"cdf falls from {start} to {below[at + 1]:.6g}"
        _tell(what, theta, y[at + 1], "it should rise from 0 to 1")
    if above is not None and np.any(wrong := np.abs(below + above - 1.0) > _PROBABILITY):
        at = int(np.argmax(wrong))
        _tell(f"cdf is {below[at]:.6g} and sf {above[at]:.6g}", theta, y[at], "their sum is not 1")


def of_density(theta: Mapping[str, float], y: Array, log_density: Array) -> None:
    """Look at ln p at values that were drawn.

    Raises Faulty if it is NaN, or infinite, where most of them are.
    """
    for value, wrong in (("NaN", np.isnan(log_density)), ("−inf", log_density == -np.inf)):
        if (share := np.mean(wrong)) > 0.5:
            at = int(np.argmax(wrong))
            _tell(f"log_prob is {value}", theta, y[at], f"as it is at {share:.0%} of the draws")


def of_both(
    theta: Mapping[str, float], y: Array, density: Array, slope: Array, error: Array
) -> None:
    """Compare a density with the cdf's slope.

    Raises Faulty if they are not the same at several values.
    """
    allowed = _DENSITY * np.maximum(density, np.abs(slope)) + 10.0 * error
    wrong = np.abs(density - slope) > allowed
    if np.sum(wrong) >= _SEVERAL:
        at = int(np.argmax(np.where(wrong, np.abs(density - slope) / allowed, 0.0)))
        _tell(
            f"log_prob and cdf contradict each other: p = {density[at]:.6g} and dF/dy ="
            f" {slope[at]:.6g}",
            theta,
            y[at],
            f"and at {np.sum(wrong) - 1} more of {y.size} values",
        )


def _tell(what: str, theta: Mapping[str, float], y: float, more: str) -> NoReturn:
    where = ", ".join(f"{name}={value:.6g}" for name, value in {**theta, "y": y}.items())
    raise Faulty(f"{what} at {where}: {more}")
