"""The Kullback-Leibler divergence of any two distributions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array, RNGLike
from reparam.blockwise import broadcast_shapes
from reparam.distribution import Distribution
from reparam.divergences import _monte_carlo
from reparam.divergences._registry import Terms, formulas
from reparam.divergences._result import CLOSED_FORM, MONTE_CARLO, Divergence, StandardError
from reparam.errors import CountError, ShapeError
from reparam.parameters import Integers

__all__ = ["DRAWS", "closed_form", "kl"]

#: How many draws an estimate is made of, unless it is said.
DRAWS = 100_000


def kl(p: Distribution, q: Distribution, *, n: int = DRAWS, rng: RNGLike = None) -> Divergence:
    """Return the Kullback-Leibler divergence KL(p‖q) with its gradients in all parameters.

    It is E_p[log p(y) − log q(y)], in nats: by a closed form where one is registered for the two
    classes, otherwise by Monte Carlo, unbiased and with standard errors.

    Parameters
    ----------
    p, q
        The distributions; their batches broadcast.
    n
        How many draws from p an estimate is made of, at least 2. A closed form has no use for it.
    rng
        None, a non-negative integer, a ``SeedSequence`` or a ``Generator`` (SPEC 7), for the same
        draws that ``p.sample(n, rng=rng)`` gives.

    Returns
    -------
    Divergence
        Arrays of the shape that the batches broadcast to. Where p puts mass where q has none the
        value is infinite, and the gradients are NaN.

    Raises
    ------
    ShapeError
        If the batches don't broadcast together.
    CountError
        If `n` is not an integer of at least 2.
    SeedError
        If `rng` can't seed random numbers.

    Notes
    -----
    An estimate is the mean of l = log p(y) − log q(y), and −E_p[∂log q/∂θ] for q's parameters.
    For those of p, since E_p[∂log p/∂θ] = 0:

    - if both are location-scale, E_p[(∂log p/∂y − ∂log q/∂y) ∂y/∂θ], the pathwise derivative
      without the score (Roeder, Wu & Duvenaud 2017),
    - otherwise the sample covariance of l and the score ∂log p/∂θ: the score-function estimator
      with the mean of the other draws as baseline (Mnih & Rezende 2016).

    Both are unbiased, and have no variance where p and q are the same.

    Examples
    --------
    >>> import reparam as rp
    >>> divergence = rp.kl(rp.Gaussian(loc=0.6, scale=0.4), rp.Gaussian())
    >>> print(f"{divergence.value:.12f} by {divergence.method}")
    0.676290731874 by closed form
    >>> {name: round(float(entry), 12) for name, entry in divergence.gradient_p.items()}
    {'loc': 0.6, 'scale': -2.1}
    >>> estimate = rp.kl(rp.Logistic(), rp.StudentT(df=3.0), rng=42)
    >>> estimate.method
    'Monte Carlo'
    """
    return closed_form(p, q) or _estimated(p, q, n, rng)


def closed_form(p: Distribution, q: Distribution) -> Divergence | None:
    """Return the divergence if it has a closed form, or is infinite throughout; else None.

    Parameters
    ----------
    p, q
        The distributions; their batches broadcast.
    """
    shape = _shape(p, q)
    impossible = np.broadcast_to(_singular(p, q), shape)
    if impossible.all():
        return _divergence(p, q, _constant(np.inf, p, q), None, impossible)
    with np.errstate(all="ignore"):
        for formula in formulas(type(p), type(q)):
            terms = formula(p, q)
            if terms is not None:
                return _divergence(p, q, terms, None, impossible)
    return None


def _estimated(p: Distribution, q: Distribution, n: int, rng: RNGLike) -> Divergence:
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < 2:
        raise CountError(f"n={n!r} draws give no standard error; pass an integer of at least 2")
    with np.errstate(all="ignore"):
        terms, errors = _monte_carlo.estimate(p, q, int(n), rng, _shape(p, q))
        return _divergence(p, q, terms, errors, np.asarray(_singular(p, q)))


def _shape(p: Distribution, q: Distribution) -> tuple[int, ...]:
    for distribution in (p, q):
        if distribution.event_shape:
            raise ShapeError(
                f"{distribution.name} draws vectors, and kl is of distributions of numbers;"
                " average p.log_prob(y) - q.log_prob(y) over draws y from p"
            )
    return broadcast_shapes(p=p.batch_shape, q=q.batch_shape)


def _singular(p: Distribution, q: Distribution) -> NDArray[np.bool_]:
    """Where p's support reaches beyond q's: also integers' beyond an interval, and vice versa."""
    if isinstance(p._support, Integers) != isinstance(q._support, Integers):
        return np.asarray(True)
    (low_p, high_p), (low_q, high_q) = p.support, q.support
    return np.asarray((low_p < low_q) | (high_p > high_q))


def _constant(value: float, p: Distribution, q: Distribution) -> Terms:
    """The same for the value and all gradients."""
    array = np.asarray(value)
    thetas = p.parameters.differentiable, q.parameters.differentiable
    in_p, in_q = ((array,) * len(theta) for theta in thetas)
    return array, in_p, in_q


def _divergence(
    p: Distribution,
    q: Distribution,
    terms: Terms,
    errors: Terms | None,
    singular: NDArray[np.bool_],
) -> Divergence:
    """Make a result of values and standard errors, of the broadcast shape."""
    shape = _shape(p, q)

    def whole(array: Array, beyond: float) -> Array:
        broadcast = np.broadcast_to(array, shape)
        return (np.where(singular, beyond, broadcast) + 0.0)[()]  # no −0.0

    def by_name(of: Distribution, arrays: tuple[Array, ...], beyond: float) -> dict[str, Array]:
        pairs = zip(of.parameters.differentiable, arrays, strict=True)
        return {name: whole(array, beyond) for name, array in pairs}

    of_value, of_p, of_q = errors or _constant(0.0, p, q)
    beyond = np.nan if errors else 0.0
    return Divergence(
        p,
        q,
        whole(terms[0], np.inf),
        by_name(p, terms[1], np.nan),
        by_name(q, terms[2], np.nan),
        StandardError(whole(of_value, 0.0), by_name(p, of_p, beyond), by_name(q, of_q, beyond)),
        MONTE_CARLO if errors else CLOSED_FORM,
    )
