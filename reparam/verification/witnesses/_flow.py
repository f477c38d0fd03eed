"""The continuity equation: draws that move with θ take the density with them.

Where a derivative v = ∂y/∂θ is a function of y alone, ∂ log p/∂θ + div v + v·∇ log p = 0 at each y.
That holds on any path, also where draws jump as θ moves at fixed noise: y, v and log p are
differentiated in the noise, in which they are smooth almost everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.engine.noise import NORMAL
from reparam.regions import CorrelationCholesky, UnitVector
from reparam.verification.evidence.comparing import Tallies
from reparam.verification.evidence.context import Context
from reparam.verification.numerics.calculus import differentiate
from reparam.verification.results import Comparison
from reparam.verification.targets.target import noise_of
from reparam.verification.targets.vectors import Vectors
from reparam.verification.witnesses._vectors import row_of, target_of

__all__ = ["can_follow", "flow"]

#: Noise has probabilities between this and 1 − this.
_CENTRAL = 0.02
#: The largest steps: of normal noise, and of uniform noise as a share of the way to an end.
_STEP, _SHARE = 0.1, 0.2
#: Numbers that a row of noise makes, values and derivatives, at the most.
_WIDEST = 2000
#: Numbers that are made at once, at the most, when differences are taken at so many places each.
_AT_ONCE, _PLACES = 2**22, 32
#: Relative singular values of ∂y/∂noise: those below the first are what rounding leaves of 0.
_NOTHING, _SOMETHING = 1e-10, 1e-5
#: How well v is explained as a function of y if it is one.
_EXPLAINED = 1e-6
#: What rounding makes of terms that cancel, relative to those of all parameters.
_ROUNDED = 1e-11


def can_follow(target: Vectors) -> bool:
    """Return whether derivatives are a field, of not too many numbers."""
    return not target.is_map and bool(target.parameters) and _width(target) <= _WIDEST


def _width(target: Vectors) -> int:
    return target.length * (1 + len(target.parameters))


class _Change(NamedTuple):
    """Numbers, their derivatives in the noise (the last axis), and the errors of these."""

    value: Array
    slope: Array
    error: Array


def flow(context: Context) -> Iterator[Comparison]:
    """Compare ∂ log p/∂θ with −div v − v·∇ log p, of derivatives v that are functions of y."""
    target = target_of(context)
    found = Tallies(doubt="at too many draws differences are inconclusive")
    rows = min(context.level.points, _AT_ONCE // (_PLACES * _width(target)))
    u = np.random.default_rng([context.seed, 4]).random((rows, target.width))
    u = _CENTRAL + (1.0 - 2.0 * _CENTRAL) * u
    for case in context.cases():
        rows_of_y, y, velocities, log_p = _changes(target, case.theta, u)
        inverse = np.linalg.pinv(np.nan_to_num(y.slope), rcond=_SOMETHING)
        scores = case.formulas.score(rows_of_y)
        fields: dict[str, tuple[Array, Array]] = {}
        for name, v in velocities.items():
            terms, unsure, is_field = _divergence(y, v, log_p, inverse)
            if np.mean(is_field) > 0.5:  # else it depends on the noise otherwise
                terms = np.concatenate([scores[name][np.newaxis], terms])
                fields[name] = terms, np.where(is_field, unsure, np.inf)
        sizes = {name: np.sum(np.abs(terms), axis=0) for name, (terms, _) in fields.items()}
        slack = _ROUNDED * max((float(np.median(size)) for size in sizes.values()), default=0.0)
        for name, (terms, unsure) in fields.items():
            found[f"∂ log p/∂{name}, against −div(p v)/p of v = ∂y/∂{name}"].add(
                case.theta,
                terms[0],
                -terms[1] - terms[2],
                rtol=context.tolerance(rows_of_y),
                size=sizes[name],
                atol=slack,
                uncertainty=unsure,
                **row_of(rows_of_y),
            )
    yield from found.result()


def _divergence(
    y: _Change, v: _Change, log_p: _Change, inverse: Array
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return div v and v·∇ log p, their error, and where v is a function of y.

    `inverse` has the noise that moves y.
    """
    field = v.slope @ inverse
    left = np.max(np.abs(field @ y.slope - v.slope), axis=(1, 2))
    is_field = left <= _EXPLAINED * np.max(np.abs(v.slope), axis=(1, 2))
    noise = np.einsum("nwk,nk->nw", inverse, v.value)
    slope = np.einsum("nw,nwk->nk", log_p.slope, inverse)
    terms = np.stack([np.trace(field, axis1=1, axis2=2), np.sum(log_p.slope * noise, axis=1)])
    off = v.error + np.abs(field) @ y.error
    unsure = np.einsum("nkw,nwk->n", off, np.abs(inverse))
    unsure += np.sum(log_p.error * np.abs(noise), axis=1)
    unsure += np.einsum("nk,nkw,nw->n", np.abs(slope), y.error, np.abs(noise))
    return terms, unsure, is_field


def _changes(
    target: Vectors, theta: dict[str, float], u: Array
) -> tuple[Array, _Change, dict[str, _Change], _Change]:
    """Return y of noise of these probabilities; and y, v and log p as the noise changes them.

    Of y and v they are in units of y's changes, of the entries that the density is of.
    """
    normal, names = target.noise is NORMAL, list(target.parameters)
    noise = noise_of(NORMAL, u) if normal else u
    step = np.full_like(u, _STEP) if normal else _SHARE * np.minimum(u, 1.0 - u)

    def made(at: Array) -> Array:
        sample = target.transform(at, **theta)
        log_p = target.formulas["log_prob"](sample.value, **theta)[..., np.newaxis]
        return np.concatenate([sample.value, *(sample.gradients[k] for k in names), log_p], axis=-1)

    def along(k: int) -> tuple[Array, Array]:
        def moved(at: Array) -> Array:
            there = np.broadcast_to(noise, (*at.shape, target.width)).copy()
            there[..., k] = at
            return np.moveaxis(made(there), -1, 1)

        return differentiate(moved, noise[:, k], step[:, k])

    columns = [along(k) for k in range(target.width)]
    slope, error = (
        np.moveaxis(np.stack(each), 0, -1).swapaxes(0, 1) for each in zip(*columns, strict=True)
    )
    size, here = target.length, made(noise)
    kept = np.arange(size)
    if isinstance(target.region, CorrelationCholesky):  # whose density is of these entries
        kept = np.flatnonzero(np.tril(np.ones(target.event), -1))
    unit = np.max(np.abs(slope[:, :size]), axis=2)
    unit = np.where((unit > 0.0) & ~isinstance(target.region, UnitVector), unit, 1.0)[:, kept]

    def part(number: int) -> _Change:
        these = number * size + kept
        slopes = (each[:, these] / unit[:, :, np.newaxis] for each in (slope, error))
        return _Change(here[:, these] / unit, *slopes)

    y, *velocities = (part(number) for number in range(len(names) + 1))
    is_sure = _has_rank(y.slope)[:, np.newaxis, np.newaxis]
    y = y._replace(error=np.where(is_sure, y.error, np.inf))
    log_p = _Change(here[:, -1], slope[:, -1], error[:, -1])
    return here[:, :size], y, dict(zip(names, velocities, strict=True)), log_p


def _has_rank(slope: Array) -> NDArray[np.bool_]:
    """Return which matrices have a rank that is sure, that of most: one more is of a jump."""
    values = np.linalg.svd(np.nan_to_num(slope), compute_uv=False)
    share = values / values[:, :1]
    rank = np.sum(share > _SOMETHING, axis=1)
    is_sure = np.all((share > _SOMETHING) | (share < _NOTHING), axis=1)
    return np.asarray(is_sure & (rank == np.median(rank)))
