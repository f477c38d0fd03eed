"""KL(p‖q) and its gradients by Monte Carlo, with standard errors, in one pass over the draws."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import add
from typing import Any, TypeAlias

import numpy as np

from reparam import sampling
from reparam._typing import Array, RNGLike
from reparam.base.distribution import Distribution
from reparam.base.draw import Draw
from reparam.base.mechanisms import LocationScale
from reparam.base.reparameterized import Reparameterized
from reparam.divergences._registry import Terms, aligned, events
from reparam.domains import Integers
from reparam.engine.noise import seed_sequence
from reparam.errors import NoFormulaError
from reparam.moments import Moments
from reparam.regions import Region

__all__ = ["estimate", "parts", "pathwise"]

#: What draws that overflow are moved to: nearer than where log p overflows, too.
_FAR = 1e300

#: l = log p − log q; what the gradients in p's parameters are made of; and −∂log q/∂θ.
Parts: TypeAlias = tuple[Array, list[Array], list[Array]]


def pathwise(p: Distribution, q: Distribution) -> bool:
    """Whether the gradients in p's parameters are by draws' derivatives, and not by scores."""
    return isinstance(p, LocationScale) and isinstance(q, LocationScale)


def _along_vectors(p: Distribution, q: Distribution, shape: tuple[int, ...]) -> bool:
    """Whether they are so of vectors: if both have a formula for ∂log p/∂y, and draws the shape."""
    laws = [law for law in (p, q) if isinstance(law, Reparameterized)]
    known = len(laws) == 2 and all(law.has_formula("stein_score") for law in laws)
    return known and p.event_shape != () and p.batch_shape == shape


def parts(p: Distribution, q: Distribution, y: Array) -> Parts:
    """Return what estimates are made of.

    For two location-scale distributions, whose ∂/∂y is −∂/∂loc, those in p's parameters are means
    of (∂log p/∂y − ∂log q/∂y) ∂y/∂θ. For others they are covariances of l with ∂log p/∂θ.
    """
    of_p, of_q = p.score(y), q.score(y)
    if pathwise(p, q):
        assert isinstance(p, LocationScale)
        slope = of_q[list(q.parameters)[-2]] - of_p[list(p.parameters)[-2]]
        of_p = {name: slope * entry for name, entry in p.pathwise(y).items()}
    log_ratio = np.asarray(p.log_prob(y) - q.log_prob(y))
    return log_ratio, list(of_p.values()), [-score for score in of_q.values()]


def _parts_of_draw(p: Any, q: Any, draw: Draw) -> Parts:
    """Return the same for draws of vectors, by their own derivatives."""
    y = draw.value
    in_p = draw._pulled_back(p.stein_score(y) - q.stein_score(y))
    log_ratio = np.asarray(p.log_prob(y) - q.log_prob(y))
    return log_ratio, list(in_p), [-score for score in q.score(y).values()]


class _Covariance:
    """The covariance of l = log p/q with a score s, whose mean is 0."""

    def __init__(self) -> None:
        self.sums = [np.zeros(())] * 5

    def add(self, log_ratio: Array, s: Array) -> None:
        """Take a block of l, less a number near its mean, and of s."""
        first, second = log_ratio * s, s * s
        terms = (s, first, second, log_ratio * second, first * first)
        self.sums = [total + term.sum(axis=0) for total, term in zip(self.sums, terms, strict=True)]

    def result(self, n: int, offset: Array) -> tuple[Array, Array]:
        """Return the sample covariance Σ (l − mean) s/(n − 1), and its standard error.

        Parameters
        ----------
        n
            How many draws there were.
        offset
            The mean of what was taken for l.
        """
        s, ls, ss, lss, llss = self.sums
        covariance = (ls - offset * s) / (n - 1.0)
        squares = llss - 2.0 * offset * lss + offset * offset * ss  # Σ ((l − mean) s)²
        variance = np.maximum(squares / n - covariance * covariance, 0.0)
        return covariance, np.sqrt(variance / (n - 1.0))


def estimate(
    p: Distribution, q: Distribution, n: int, rng: RNGLike, shape: tuple[int, ...]
) -> tuple[Terms, Terms, int]:
    """Return estimates, their standard errors, and how many draws were rounded to an endpoint."""
    along, ends = _along_vectors(p, q, shape), events(p)
    direct = along or pathwise(p, q)
    if p.event_shape and p.moving:
        raise NoFormulaError(
            f"ends of the support of {p.name} move with {', '.join(p.moving)}, in which KL of"
            " vectors has no estimate of its derivative; estimate KL between the entries' laws"
        )
    centre: Array | None = None
    covariances = [_Covariance() for _ in ends]
    blocks: list[list[Moments]] = []
    rounded = 0
    for block in _blocks(p, n, rng, shape, along):
        if isinstance(block, Draw):
            log_ratio, in_p, in_q = _parts_of_draw(p, q, block)
            if not np.all(np.isfinite(log_ratio)):
                rounded += int(np.count_nonzero(~np.isfinite(p.log_prob(block.value))))
        else:
            log_ratio, in_p, in_q = parts(p, q, block)
            inside = _inside(p, block, log_ratio)
            if moved := int(np.count_nonzero(inside != block)):
                rounded += moved
                log_ratio, in_p, in_q = parts(p, q, inside)
        if centre is None:
            centre = log_ratio.mean(axis=0)
        if not direct:
            rest = log_ratio - centre
            for covariance, score, event in zip(covariances, in_p, ends, strict=True):
                covariance.add(aligned(rest, event), score)
        means = [log_ratio, *(in_p if direct else ()), *in_q]
        blocks.append([Moments.of(term) for term in means])
    of_l, *others = (reduce(add, column) for column in zip(*blocks, strict=True))
    found = [(moments.mean, moments.standard_error) for moments in others]
    if not direct:
        offset = of_l.mean - centre
        found = [
            *(
                _with_ends(p, q, name, of_l, covariance.result(n, aligned(offset, event)))
                for name, covariance, event in zip(
                    p.parameters.differentiable, covariances, ends, strict=True
                )
            ),
            *found,
        ]
    values, errors = (tuple(column) for column in zip(*found, strict=True))
    count = len(ends)
    return (
        (of_l.mean, values[:count], values[count:]),
        (of_l.standard_error, errors[:count], errors[count:]),
        rounded,
    )


def _with_ends(
    p: Distribution, q: Distribution, name: str, of_l: Moments, found: tuple[Array, Array]
) -> tuple[Array, Array]:
    """Return a covariance of l with a score, and its error, with what moving endpoints add to it.

    As 0 = ∂/∂θ ∫ p = E[s] + [p g] with the speeds g of the endpoints, between them, ∂/∂θ E[l] is
    Cov(l, s) + [p g (l − 1 − E[l])]. A density may jump inside, too, at a place that moves.
    """
    if name not in p.moving:
        return found
    value, error = found
    assert isinstance(p, Reparameterized)
    for each in p._flows():
        flow = each.through.get(name, np.zeros(()))
        moves = flow != 0.0
        log_ratio = _jump(p, q, each.end, each.inner)
        value = value + np.where(moves, flow * (log_ratio - 1.0 - of_l.mean), 0.0)
        error = error + np.where(moves, np.abs(flow) * of_l.standard_error, 0.0)
    return value, error


def _jump(p: Distribution, q: Distribution, end: Array, inner: float) -> Array:
    """Return the jump of p l, relative to that of p: l where the density is 0 on one side."""
    logs, ratios = zip(
        *(
            (p.log_prob(at), p.log_prob(at) - q.log_prob(at))
            for at in (np.nextafter(end, inner), np.nextafter(end, -inner))
        ),
        strict=True,
    )
    beyond = np.exp(logs[1] - logs[0])
    return np.asarray(
        np.where(beyond > 0.0, (ratios[0] - beyond * ratios[1]) / (1.0 - beyond), ratios[0])
    )


def _inside(p: Distribution, y: Array, log_ratio: Array) -> Array:
    """Return draws, moved inside if they round to an endpoint where l isn't finite."""
    if isinstance(p._support, Integers | Region) or np.all(np.isfinite(log_ratio)):
        return y
    low, high = (np.clip(end, -_FAR, _FAR) for end in p.support)
    within = np.clip(y, np.nextafter(low, np.inf), np.nextafter(high, -np.inf))
    return np.where(np.isfinite(log_ratio), y, within)


def _blocks(
    p: Distribution, n: int, rng: RNGLike, shape: tuple[int, ...], differentiable: bool
) -> Iterator[Array | Draw]:
    """Yield the draws of ``p.sample(n, rng=rng)``, block by block, to broadcast with the batch."""
    lead = (1,) * (len(shape) - len(p.batch_shape))
    seed = seed_sequence(rng)
    for piece in sampling.chunks(range(n), shape + p.event_shape):
        if differentiable and isinstance(p, Reparameterized):
            yield from sampling.stream(p, piece, rng=seed)
            continue
        for y in sampling.values(p, piece, rng=seed):
            yield y.reshape(len(y), *lead, *p.batch_shape, *p.event_shape)
