"""The function :func:`fit`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reparam._typing import RNGLike
from reparam.errors import FitError
from reparam.fitting._result import Fit
from reparam.fitting._run import Run
from reparam.fitting._settings import Settings
from reparam.fitting._trace import Trace
from reparam.graphs import Model

__all__ = ["fit"]


def fit(
    model: Model,
    n: int = 100,
    *,
    steps: int = 2000,
    rate: float = 0.05,
    schedule: str = "cosine",
    tolerance: float = math.inf,
    fixed: str | Sequence[str] = (),
    rng: RNGLike = None,
    resume: Trace | None = None,
) -> Fit:
    """Minimize E[loss] over the inputs of a graph, by stochastic gradients.

    Each step draws, and moves the inputs by Adam (Kingma & Ba 2015). The result is the mean over
    the window, which is the last half of the steps (Polyak & Juditsky 1992).

    Parameters
    ----------
    model
        The graph, with the inputs' starting values: ``graph.at(m=0.0, s=0.0)``. Inputs move over
        all real numbers; ``scale=exp(s)`` keeps a parameter positive.
    n
        How many draws each step takes. Draws t·n … (t+1)·n − 1 of the seed's stream are those of
        step t, so that a seed determines all steps, bit for bit.
    steps
        How many steps to take; at a constant rate the most.
    rate
        About how far an input moves in a step, at first.
    schedule
        ``"cosine"``, for a rate that falls to a quarter over the first half of the steps, along
        half a wave, and stays there; or ``"constant"``: then the fit stops early, after 400, 800,
        1600, … steps, once the loss falls by at most two standard errors from the first half of
        the window to the second.
    tolerance
        At a constant rate, the standard error of this fall has to be that small, too.
    fixed
        The name or names of inputs that keep their values.
    rng
        None, a non-negative integer, a ``SeedSequence`` or a ``Generator`` (SPEC 7).
    resume
        The trace of a fit with the same arguments, or with fewer steps at a constant rate, that was
        cut short: its steps are not taken again. The result is the one without a break, bit for
        bit.

    Returns
    -------
    Fit
        The inputs with standard errors, the loss there, and the trace.

    Raises
    ------
    FitError
        If an argument is out of range, the loss or its gradient is NaN or infinite, a parameter
        leaves its domain, or a trace is that of another fit.
    GraphError
        If the graph has no loss, or there is no such input.
    CountError, SeedError
        If `n` is not an integer of at least 2, or `rng` can't seed random numbers.
    TooLargeError
        If there is no memory for the trace.

    Examples
    --------
    The mean of a Gaussian that is nearest to 3, in squares, with a price on being large:

    >>> import reparam as rp
    >>> graph = rp.Graph('''
    ...     y ~ gaussian(loc=m, scale=1)
    ...     loss = (y - 3)**2 + m**2
    ... ''')
    >>> found = rp.fit(graph.at(m=0.0), steps=400, rng=1)
    >>> print(f"{found.inputs['m']:.3f} ± {found.standard_error['m']:.3f}")
    1.504 ± 0.004
    >>> found.converged
    True
    """
    if not isinstance(model, Model):
        raise FitError(
            f"model is of type {type(model).__name__}, not a graph with values; pass"
            " graph.at(name=value, …)"
        )
    names = (fixed,) if isinstance(fixed, str) else tuple(fixed)
    settings = Settings(n, steps, rate, schedule, tolerance)
    run = Run(model, settings, fixed=names, rng=rng, resume=resume)
    for _ in run:
        pass
    return run.result()
