"""Whether draws are random and independent: of each other, of earlier ones and of other seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.verification.evidence.comparing import ROUNDED, Tally, failure, is_single
from reparam.verification.evidence.context import Context
from reparam.verification.numerics import statistics
from reparam.verification.results import Comparison

__all__ = ["TESTS", "add_dependence", "add_evenness", "of_the_generator"]

#: How far apart draws are that must be independent; half of all, too.
_LAGS = tuple(range(1, 65))
#: Numbers of cells of equal probability whose counts may be too even.
_CELLS = (16, 64)
#: Draws in each cell that are enough to judge.
_IN_A_CELL = 64
#: Contrasts of counts: of all cells, of mirror images, of cells half of all apart.
_CONTRASTS = 3
#: Tests at each parameter set.
TESTS = 2 * (len(_LAGS) + 1) + _CONTRASTS * len(_CELLS)
#: Draws by which two seeds are distinguished.
_DRAWN = 256
#: Seeds whose draws are compared with each other, how many draws of each, and how many may repeat
#: another seed's: samplers seeded with 32 bits repeat two with a probability of 1e-13.
_SEEDS, _EACH, _REPEATED = 64, 16, 1
#: Draws that occur once, out of `_EACH` of a seed, if these distinguish it from others.
_DISTINCT = 8


def add_dependence(
    tally: Tally, theta: Mapping[str, float], value: Array, ordered: Array, alpha: float
) -> float:
    """Test whether draws agree with others in being above the median, or in being central."""
    quarters = ordered[[ordered.size // 4, ordered.size // 2, 3 * ordered.size // 4]]
    series: tuple[NDArray[np.bool_], ...] = (
        np.asarray(value > quarters[1]),
        np.asarray((value > quarters[0]) & (value <= quarters[2])),
    )
    lags = [lag for lag in (*_LAGS, value.size // 2) if 0 < lag < value.size]
    scores = [[statistics.serial_score(ones, lag) for lag in lags] for ones in series]
    critical = statistics.critical_value(alpha)
    return tally.add(theta, np.array(scores), 0.0, atol=critical, lag=np.array(lags))


def add_evenness(
    tally: Tally,
    theta: Mapping[str, float],
    count: Callable[[Array], Array],
    n: int,
    alpha: float,
) -> float:
    """Test whether draws are more even than random ones, as stratified and antithetic ones are.

    Counts of cells of equal probability, of mirror images and of cells half of all apart differ by
    as much as χ² says, or more where the law is another; less if draws avoid each other. A function
    counts how many of n draws have a smaller F than each probability.
    """
    from scipy.special import gammainc

    most = max((m for m in _CELLS if n >= _IN_A_CELL * m), default=0)
    if not most:
        return -np.inf
    below = count(np.arange(1.0, most) / most)
    fine = np.diff(below, prepend=0.0, append=float(n))
    scores, cells = [], []
    for m in (m for m in _CELLS if m <= most):
        counts, expected = fine.reshape(m, -1).sum(axis=1), n / m
        if np.any(counts < 0.5 * expected):  # an atom, or another law
            break
        half = m // 2
        mirrored, apart = counts - counts[::-1], counts[:half] - counts[half:]
        for off, freedom in (
            (np.sum(np.square(counts - expected)) / expected, m - 1),
            (np.sum(np.square(mirrored[:half])) / (2.0 * expected), half),
            (np.sum(np.square(apart)) / (2.0 * expected), half),
        ):
            chance = float(gammainc(0.5 * freedom, 0.5 * off))
            scores.append(statistics.critical_value(min(1.0, max(2.0 * chance, 1e-300))))
            cells.append(m)
    critical = statistics.critical_value(alpha)
    return tally.add(theta, np.array(scores), 0.0, atol=critical, cells=np.array(cells))


def of_the_generator(
    context: Context, theta: Mapping[str, float], way: str, what: str
) -> Iterator[Comparison]:
    """Yield failures for draws that repeat those of other seeds, or of the call before.

    Not where values occur several times: at an atom, or by rounding.
    """
    target = context.target
    first, *others = (
        target.values(theta, _DRAWN, context.seeded("seed", number), way) for number in range(3)
    )
    if is_single(first):
        yield failure(what, theta, ROUNDED)
        return
    once = _occurs_once(first)
    same = np.all([first == other for other in others], axis=0) & once
    if np.any(same):
        note = f"{np.sum(same)} of {_DRAWN} are the same with other seeds: the rng had no effect"
        yield failure(what, theta, note)
        return
    if np.sum(once) < _DISTINCT:
        return
    seeds = {context.seeded("stream", number) for number in range(_SEEDS)}
    streams = [target.values(theta, _EACH, seed, way).tobytes() for seed in sorted(seeds)]
    if len(streams) - len(set(streams)) > _REPEATED:
        note = f"{len(streams)} seeds make {len(set(streams))} sequences: most of the seed is lost"
        yield failure(what, theta, note)
    if (calls := target.consecutive(theta, _DRAWN, context.seeded("calls"))) is None:
        return
    again = np.isin(calls[1], calls[0][_occurs_once(calls[0])])
    if np.sum(again) >= _DISTINCT:
        note = (
            f"{np.sum(again)} of {_DRAWN} repeat those of the call before, with the same rng:"
            " draw from the rng that is passed, not from a copy"
        )
        yield failure(what, theta, note)


def _occurs_once(value: Array) -> NDArray[np.bool_]:
    _, place, count = np.unique(value, return_inverse=True, return_counts=True)
    return np.asarray(count[place] == 1)
