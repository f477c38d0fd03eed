"""Averages of gradients: whether those of expectations are right, whatever path draws take.

A sampler's gradient J is unbiased for every E[φ(y)] if and only if E[J | y] is the quantile path's
derivative −F_θ/p: whatever J + F_θ/p is weighted with, as a function of y, its mean is 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.verification.evidence import hints
from reparam.verification.evidence.comparing import Tally, beside, not_numbers, results
from reparam.verification.evidence.paths import Drawn
from reparam.verification.laws.law import paths_of
from reparam.verification.laws.numerical import NumericalLaw
from reparam.verification.numerics import statistics
from reparam.verification.results import Comparison

__all__ = ["FREQUENCIES", "TESTS", "Averages", "compare"]

#: Below this share of the sampler's gradients −F_θ/p is what rounding leaves of 0.
_ONLY_ROUNDING = 1e-12
#: Intervals of equal probability in which gradients are averaged.
_BINS = 32
#: Frequencies of the test functions sin(kπF(y)).
FREQUENCIES = (1, 2, 3, 5)
#: Tests of each parameter's gradients.
TESTS = _BINS + len(FREQUENCIES) + 2
#: Why −F_θ/p may be unknown, of a law that its density or its cdf alone has to tell.
_DOUBT = (
    "−F_θ/p takes a smoother density, or cdf (if a density jumps where a parameter moves, a cdf)"
)
#: Draws that tell whether gradients are on the quantile path.
_FEW = 2**13
#: The error that a test must notice to be of any use, relative to the size of −F_θ/p: the scatter
#: of gradients has no say in it.
_NOTICED = 0.5
#: How many times the median a weight is at most.
_HEAVY = 20.0
#: Draws in an interval that are enough to be averaged.
_ENOUGH = 100
#: The share of draws of a parameter set that may tell nothing.
_DOUBTFUL = 0.05


@dataclass(frozen=True)
class Averages:
    """What is compared of the gradients in one parameter: in intervals, and over all draws."""

    given: Tally
    total: Tally
    mean: Tally
    bias: Tally

    @classmethod
    def of(cls, name: str, label: str, value: str = "y") -> Averages:
        """Return those in a parameter, of draws that are called so, of this value."""
        short = value if len(value) == 1 else "x"
        label += "" if short == value else f", x = {value}"
        what = (
            f"E[∂{short}/∂{name} | {short}]",
            f"∂E[sin kπF({short})]/∂{name}",
            f"∂E[{short}]/∂{name}",
            f"bias of ∂{short}/∂{name}",
        )
        return cls(*(Tally(each + label, "standard errors", doubt=_DOUBT) for each in what))

    def can_not_tell(self, theta: Mapping[str, float], why: str) -> None:
        """Note that these gradients can't be judged by either, and why."""
        self.given.add(theta, 0.0, np.nan, note=why)
        self.total.add(theta, 0.0, np.nan, note=why)

    def need_not_tell(self, theta: Mapping[str, float], critical: float) -> None:
        """Note that these gradients are right, one by one, and so are any averages."""
        for tally in (self.given, self.total):
            tally.add(theta, 0.0, 0.0, atol=critical, note="each is −F_θ/p")

    def result(self) -> Iterator[Comparison]:
        """Yield the comparisons."""
        yield from results(self.mean, self.total, self.given, self.bias)


def compare(drawn: Drawn, tallies: Mapping[str, Averages], alpha: float) -> Iterator[Comparison]:
    """Compare all draws' gradients, or some if these are the quantile path's one by one.

    More draws would say no more then, nor would averages. Yields what is not a number.
    """
    theta, law = drawn.theta, drawn.law
    for some in (drawn.thinned(_FEW), drawn):
        exact, unsure = some.exact, some.unsure
        if lost := list(not_numbers(theta, some.sample, exact)):
            yield from lost
            return
        right = some.agreeing()
        wrong = [
            name
            for name in tallies
            if not np.all(right[name] | ~np.isfinite(exact[name]))
            or np.mean(np.isfinite(exact[name])) < 1.0 - _DOUBTFUL
        ]
        if not wrong:
            break
    critical = statistics.critical_value(alpha)
    for name, each in tallies.items():
        if name not in wrong:
            each.need_not_tell(theta, critical)
    if not wrong:
        return
    y = np.asarray(some.sample.value, dtype=np.float64)
    u = np.asarray(law.cdf(y))
    with np.errstate(all="ignore"):
        density = np.exp(law.log_prob(y))
        # any weight will do that is a function of y: not one that at a pole outweighs all others,
        # or is infinite, at an atom
        finite = density[np.isfinite(density)]
        density = np.fmin(density, _HEAVY * np.median(finite) if finite.size else 1.0)
    steady = _steady(some, right)
    for name in wrong:
        each, path = tallies[name], np.asarray(exact[name])
        kept = np.isfinite(path) & np.isfinite(unsure[name]) & steady[name]
        if np.mean(kept) < 1.0 - _DOUBTFUL:
            each.can_not_tell(theta, _DOUBT)
            continue
        own = np.asarray(some.sample.gradients[name], dtype=np.float64)
        off, most = own - path, float(np.max(np.abs((density * own)[kept])))
        weighed = np.where(kept, density * off, 0.0)
        flow = np.where(kept, density * path, 0.0)
        if np.mean(np.abs(flow)) <= _ONLY_ROUNDING * most:
            flow = np.zeros_like(flow)
        doubt = np.where(kept, density * unsure[name], 0.0)
        size, rtol = float(np.mean(np.abs(flow))), some.rtol
        # what rounding leaves of gradients on the quantile path is not a bias, nor is its own error
        slack = rtol * size + float(np.mean(doubt))
        test = _Test(slack, _NOTICED * size, most, critical)
        _in_bins(each.given, theta, u, y, weighed, flow, test)
        _over_all(each.total, theta, u, weighed, flow, test)
        # of a parameter that does nothing, biases are beside what it might do
        along = flow if np.any(flow) else np.where(kept, density * some.usual_size(name), 0.0)
        square = float(np.mean(np.square(along)))
        slack = rtol + float(np.mean(np.abs(along) * doubt)) / square
        largest = float(np.max(np.abs(along[kept] * (density * own)[kept]))) / square
        test = _Test(slack, _NOTICED, largest, critical)
        _along(each.bias, theta, along * weighed / square, test, some.hint(name))
        size = float(np.mean(np.abs(path[kept])))
        slack = rtol * size + float(np.mean(unsure[name][kept]))
        test = _Test(slack, _NOTICED * size, float(np.max(np.abs(own[kept]))), critical)
        _of_mean(each.mean, theta, off[kept], path[kept], test)


def _steady(drawn: Drawn, right: Mapping[str, NDArray[np.bool_]]) -> dict[str, NDArray[np.bool_]]:
    """Return where −F_θ/p is the same for the next number, or else the gradient is `right`.

    Next to an end of the support a value has lost, by rounding, what the gradient was computed
    from.
    """
    value, law, rtol = drawn.sample.value, drawn.law, drawn.rtol
    steady = {name: each.copy() for name, each in right.items()}
    if isinstance(law, NumericalLaw) and law.atoms.size:  # which no value was rounded to
        steady = {name: each | np.isin(value, law.atoms) for name, each in steady.items()}
    doubtful = np.flatnonzero(~np.all(list(steady.values()), axis=0))
    if doubtful.size:
        there, _ = paths_of(law, beside(value[doubtful], math.inf))
        with np.errstate(all="ignore"):
            for name, each in steady.items():
                path = drawn.exact[name][doubtful]
                least = _ONLY_ROUNDING * np.median(np.abs(drawn.sample.gradients[name]))
                each[doubtful] |= np.abs(there[name] - path) <= rtol * np.abs(path) + least
    return steady


@dataclass(frozen=True)
class _Test:
    """A test of whether means are 0.

    Attributes
    ----------
    slack
        What is added to standard errors.
    noticed
        What a mean must be noticed for being off by, if the test is to tell anything.
    most
        The size of the largest gradient: what makes up for others may be too rare to have come up.
    critical
        The score beyond which it fails.
    """

    slack: float
    noticed: float
    most: float
    critical: float

    def add(
        self,
        tally: Tally,
        theta: Mapping[str, float],
        x: Array,
        *,
        path: Array,
        times: float = 1.0,
        plainly: bool = False,
        hint: str = "",
        **where: float,
    ) -> None:
        """Compare the mean of x with 0, which is that of gradients less that of `path`.

        Where it would tell nothing it is not, unless it is off beyond doubt. Both means are shown
        only if `plainly`: they mean something.
        """
        most, slack = times * self.most, times * self.slack
        z = statistics.mean_score(x, most=most, slack=slack)
        if not self.decides(x, times) and not (
            abs(z) > self.critical and statistics.is_summable(x)
        ):
            return
        note = ""
        if abs(z) > self.critical:
            mean, exact = float(np.mean(x)), float(np.mean(path))
            note = (
                f"off by {100.0 * mean / exact:+.3g} %" if exact else f"off by {mean:+.3g} from 0"
            )
            if plainly:
                note = f"{exact + mean:.4g} for {exact:.4g} by −F_θ/p of the same draws, {note}"
            note += f": {hint}" if hint else ""
        tally.add(theta, z, 0.0, atol=self.critical, note=note, **where)

    def decides(self, x: Array, times: float = 1.0) -> bool:
        """Whether the mean of x would be noticed if it were off by what must be noticed."""
        # nothing but what rounding leaves needs no draws
        return (
            float(np.mean(np.abs(x))) <= times * self.slack
            or self.seen(x, times) <= times * self.noticed
        )

    def seen(self, x: Array, times: float = 1.0) -> float:
        """Return the least size of a mean of x that would be noticed."""
        return self.critical * statistics.standard_error(x, most=times * self.most)


def _in_bins(
    tally: Tally,
    theta: Mapping[str, float],
    u: Array,
    y: Array,
    weighed: Array,
    path: Array,
    test: _Test,
) -> None:
    bins = np.minimum((u * _BINS).astype(np.int64), _BINS - 1)
    for number in range(_BINS):
        here = bins == number
        if np.sum(here) >= _ENOUGH:
            place = float(np.median(y[here]))
            test.add(tally, theta, weighed[here], path=path[here], y=place)


def _over_all(
    tally: Tally, theta: Mapping[str, float], u: Array, weighed: Array, path: Array, test: _Test
) -> None:
    for k in FREQUENCIES:
        wave = k * math.pi * np.cos(k * math.pi * u)
        terms, times = wave * weighed, k * math.pi
        test.add(tally, theta, terms, path=wave * path, times=times, k=k)


def _along(tally: Tally, theta: Mapping[str, float], bias: Array, test: _Test, hint: str) -> None:
    """Compare gradients with −F_θ/p weighted with itself, squared: what sees a factor best.

    If scatter hides the bias, nothing can be compared: the finding has the bias that could be.
    """
    before = tally.points
    hint = hint or hints.of_bias(float(np.mean(bias)))
    test.add(tally, theta, bias, path=np.ones(1), hint=hint)
    if tally.points == before:
        unseen = f"a bias below {100.0 * test.seen(bias):.2g} % would go unnoticed"
        tally.add(theta, 0.0, np.nan, note=f"gradients scatter by so much that {unseen}")


def _of_mean(
    tally: Tally, theta: Mapping[str, float], off: Array, path: Array, test: _Test
) -> None:
    """Compare where the moments of y allow for it."""
    if statistics.is_summable(path) or np.ptp(path) == 0.0:
        test.add(tally, theta, off, path=path, plainly=True)
