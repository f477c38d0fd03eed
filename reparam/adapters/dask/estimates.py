"""Estimates by the workers of a dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

import dask
from dask.base import get_scheduler
from dask.delayed import delayed

from reparam._typing import RNGLike
from reparam.base.distribution import Distribution
from reparam.engine.threads import threads
from reparam.estimators import DRAWS, TEMPERATURE, Estimates
from reparam.estimators import estimate as estimate_by
from reparam.estimators._objective import ObjectiveLike

__all__ = ["estimate", "mapped"]

#: Tasks of an estimator at most: the scheduler takes about a millisecond for each.
_TASKS = 10_000


def estimate(
    distribution: Distribution,
    objective: ObjectiveLike,
    n: int = DRAWS,
    *,
    estimators: str | Iterable[str] | None = None,
    rng: RNGLike = None,
    temperature: float = TEMPERATURE,
    on_progress: Callable[[int, int], None] | None = None,
) -> Estimates:
    """Estimate ∂/∂θ E[J(y)] by the workers of dask's scheduler, such as a ``Client``'s cluster.

    Takes what :func:`reparam.estimators.estimate` takes, and returns the same bits, except the
    cost of a draw, which is the time that the whole cluster took.

    Parameters
    ----------
    distribution
        p(y; θ), with one set of parameters and no batch.
    objective
        J: text, an expression, a pair of functions (J, J′) or an object with ``value`` and
        ``slope``.
    n
        How many draws each estimator takes.
    estimators
        A name, several, or ``"all"``: those that can serve. Default: the plain ones that can.
    rng
        None, a non-negative integer, a ``SeedSequence`` or a ``Generator`` (SPEC 7).
    temperature
        Of relaxations.
    on_progress
        Called with the numbers of draws that are done and of all.

    Returns
    -------
    Estimates
        One row for each estimator and parameter.

    Examples
    --------
    >>> import reparam as rp
    >>> from reparam.dask import estimate
    >>> estimates = estimate(rp.Gaussian(loc=1.0, scale=2.0), "y**2", 10_000, rng=42)
    >>> row = estimates["pathwise", "scale"]
    >>> abs(row.value - row.exact) < 4.0 * row.standard_error
    True
    """
    return estimate_by(
        distribution,
        objective,
        n,
        estimators=estimators,
        rng=rng,
        temperature=temperature,
        on_progress=on_progress,
        mapped=mapped,
    )


def mapped(function: Callable[[int], Any], starts: range) -> Iterator[Any]:
    """Apply a function to each of many numbers, by dask's workers; yield the results in order."""
    each = -(-len(starts) // _TASKS)
    shared = delayed(function, traverse=False)
    tasks = [
        delayed(_several)(shared, starts[k : k + each]) for k in range(0, len(starts), each or 1)
    ]
    client = getattr(get_scheduler(), "__self__", None)
    if client is None:
        yield from chain.from_iterable(dask.compute(*tasks))
        return
    for future in client.compute(tasks):  # of a cluster: results as they come, in order
        yield from future.result()


def _several(function: Callable[[int], Any], starts: range) -> list[Any]:
    with threads(1):  # the scheduler knows how many tasks fit on a machine
        return [function(start) for start in starts]
