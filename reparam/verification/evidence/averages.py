"""Averages of gradients: whether those of expectations are right, whatever path draws take.

A sampler's gradient J is unbiased for every E[φ(y)] if and only if E[J | y] is the quantile path's
derivative −F_θ/p: whatever J + F_θ/p is weighted with, as a function of y, its mean is 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.verification.evidence import hints
from reparam.verification.evidence.comparing import Tallies, Tally, beside, not_numbers
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


class Averages(NamedTuple):
    """What is compared of the gradients in one parameter: in intervals, and over all draws."""

    given: Tally
    total: Tally
    mean: Tally
    bias: Tally

    @classmethod
    def of(cls, found: Tallies, name: str, label: str = "", value: str = "y") -> Averages:
        """Return those in a parameter, of draws that are called so, of this value."""
        short = value if len(value) == 1 else "x"
        label += "" if short == value else f", x = {value}"
        what = (
            f"E[∂{short}/∂{name} | {short}]",
            f"∂E[sin kπF({short})]/∂{name}",
            f"∂E[{short}]/∂{name}",
            f"bias of ∂{short}/∂{name}",
        )
        return cls(*(found.of(each + label, "standard errors", doubt=_DOUBT) for each in what))

    def can_not_tell(self, theta: Mapping[str, float], why: str = _DOUBT) -> None:
        """Note that these gradients can't be judged by either, and why."""
        self.given.add(theta, 0.0, np.nan, note=why)
        self.total.add(theta, 0.0, np.nan, note=why)


def compare(drawn: Drawn, tallies: Mapping[str, Averages], alpha: float) -> Iterator[Comparison]:
    """Compare all draws' gradients, or some if these are the quantile path's one by one.

    More draws would say no more then, nor would averages. Yields what is not a number.
    """
    for some in (drawn.thinned(_FEW), drawn):
        if lost := list(not_numbers(drawn.theta, some.sample, some.exact)):
            yield from lost
            return
        right, known = some.agreeing(), {name: np.isfinite(some.exact[name]) for name in tallies}
        wrong = [
            name
            for name in tallies
            if not np.all(right[name] | ~known[name]) or np.mean(known[name]) < 1.0 - _DOUBTFUL
        ]
        if not wrong:
            break
    critical = statistics.critical_value(alpha)
    for name in tallies.keys() - wrong:
        for tally in (tallies[name].given, tallies[name].total):
            tally.add(drawn.theta, 0.0, 0.0, atol=critical, note="each is −F_θ/p")
    if not wrong:
        return
    y = np.asarray(some.sample.value, dtype=np.float64)
    u, density = np.asarray(drawn.law.cdf(y)), np.exp(drawn.law.log_prob(y))
    # any weight will do that is a function of y: not one that at a pole outweighs all others, or is
    # infinite, at an atom
    finite = density[np.isfinite(density)]
    density = np.fmin(density, _HEAVY * np.median(finite) if finite.size else 1.0)
    steady = _steady(some, right)
    for name in wrong:
        kept = np.isfinite(some.exact[name]) & np.isfinite(some.unsure[name]) & steady[name]
        if np.mean(kept) < 1.0 - _DOUBTFUL:
            tallies[name].can_not_tell(drawn.theta)
        else:
            _average(tallies[name], some, name, kept, u, density, critical)


def _average(
    tallies: Averages,
    drawn: Drawn,
    name: str,
    kept: NDArray[np.bool_],
    u: Array,
    density: Array,
    critical: float,
) -> None:
    """Compare gradients that are not all the quantile path's, of the draws that are kept."""
    y, path, unsure = drawn.sample.value, drawn.exact[name], drawn.unsure[name]
    own = np.asarray(drawn.sample.gradients[name], dtype=np.float64)
    off, most = own - path, float(np.max(np.abs((density * own)[kept])))
    weighed, flow, doubt = (np.where(kept, density * each, 0.0) for each in (off, path, unsure))
    if np.mean(np.abs(flow)) <= _ONLY_ROUNDING * most:
        flow = np.zeros_like(flow)
    size, rtol = float(np.mean(np.abs(flow))), drawn.rtol
    # what rounding leaves of gradients on the quantile path is not a bias, nor is its own error
    slack = rtol * size + float(np.mean(doubt))
    test = _Test(drawn.theta, slack, _NOTICED * size, most, critical)
    bins = np.minimum((u * _BINS).astype(np.int64), _BINS - 1)
    for number in range(_BINS):
        here = bins == number
        if np.sum(here) >= _ENOUGH:
            place = float(np.median(y[here].astype(np.float64)))
            test.add(tallies.given, weighed[here], flow[here], y=place)
    for k in FREQUENCIES:
        wave, times = k * math.pi * np.cos(k * math.pi * u), k * math.pi
        test.add(tallies.total, wave * weighed, wave * flow, times=times, k=k)
    # weighted with −F_θ/p itself, squared, gradients show a factor best; of a parameter that does
    # nothing, biases are beside what it might do
    along = flow if np.any(flow) else np.where(kept, density * drawn.usual_size(name), 0.0)
    square = float(np.mean(np.square(along)))
    slack = rtol + float(np.mean(np.abs(along) * doubt)) / square
    most = float(np.max(np.abs(along[kept] * (density * own)[kept]))) / square
    test, bias = _Test(drawn.theta, slack, _NOTICED, most, critical), along * weighed / square
    hint, before = drawn.hint(name) or hints.of_bias(float(np.mean(bias))), tallies.bias.points
    test.add(tallies.bias, bias, np.ones(1), hint=hint)
    if tallies.bias.points == before:  # scatter hides it: the finding has what could be there
        unseen = f"a bias below {100.0 * test.seen(bias):.2g} % would go unnoticed"
        note = f"gradients scatter by so much that {unseen}"
        tallies.bias.add(drawn.theta, 0.0, np.nan, note=note)
    path, off = path[kept], off[kept]
    if statistics.is_summable(path) or np.ptp(path) == 0.0:  # moments of y allow for it
        size, most = float(np.mean(np.abs(path))), float(np.max(np.abs(own[kept])))
        slack = rtol * size + float(np.mean(unsure[kept]))
        test = _Test(drawn.theta, slack, _NOTICED * size, most, critical)
        test.add(tallies.mean, off, path, plainly=True)


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
        for name, each in steady.items():
            path = drawn.exact[name][doubtful]
            least = _ONLY_ROUNDING * np.median(np.abs(drawn.sample.gradients[name]))
            each[doubtful] |= np.abs(there[name] - path) <= rtol * np.abs(path) + least
    return steady


class _Test(NamedTuple):
    """A test of whether means are 0."""

    theta: Mapping[str, Any]
    #: What is added to standard errors.
    slack: float
    #: What a mean must be noticed for being off by, if the test is to tell anything.
    noticed: float
    #: The size of the largest gradient: what makes up for others may be too rare to have come up.
    most: float
    #: The score beyond which it fails.
    critical: float

    def add(
        self,
        tally: Tally,
        x: Array,
        path: Array,
        *,
        times: float = 1.0,
        plainly: bool = False,
        hint: str = "",
        **where: float,
    ) -> None:
        """Compare the mean of x with 0, which is that of gradients less that of `path`.

        Where it would tell nothing it is not, unless it is off beyond doubt. Both means are shown
        only if `plainly`: they mean something.
        """
        slack = times * self.slack
        z = statistics.mean_score(x, most=times * self.most, slack=slack)
        # nothing but what rounding leaves needs no draws
        decides = float(np.mean(np.abs(x))) <= slack or self.seen(x, times) <= times * self.noticed
        fails = abs(z) > self.critical
        if not (decides or (fails and statistics.is_summable(x))):
            return
        note = ""
        if fails:
            mean, exact = float(np.mean(x)), float(np.mean(path))
            note = (
                f"off by {100.0 * mean / exact:+.3g} %" if exact else f"off by {mean:+.3g} from 0"
            )
            if plainly:
                note = f"{exact + mean:.4g} for {exact:.4g} by −F_θ/p of the same draws, {note}"
            note += f": {hint}" if hint else ""
        tally.add(self.theta, z, 0.0, atol=self.critical, note=note, **where)

    def seen(self, x: Array, times: float = 1.0) -> float:
        """Return the least size of a mean of x that would be noticed."""
        return self.critical * statistics.standard_error(x, most=times * self.most)
