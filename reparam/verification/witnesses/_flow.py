"""The continuity equation: draws that move with θ take the density with them.

Where a derivative v = ∂y/∂θ is a function of y alone, ∂ log p/∂θ + div v + v·∇ log p = 0 at each y.
That holds on any path, also where draws jump as θ moves at fixed noise: y, v and log p are
differentiated in the noise, in which they are smooth almost everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


def flow(context: Context) -> Iterator[Comparison]:
    """Compare ∂ log p/∂θ with −div v − v·∇ log p, of derivatives v that are functions of y."""
    target = target_of(context)
    found = Tallies(doubt="at too many draws differences are inconclusive")
    rows = min(context.level.points, _AT_ONCE // (_PLACES * _width(target)))
    u = np.random.default_rng([context.seed, 4]).random((rows, target.width))
    u = _CENTRAL + (1.0 - 2.0 * _CENTRAL) * u
    for theta in context.sets():
        y, change = _changes(target, theta, u)
        scores = target.formulas["score"](y, **theta)
        fields: dict[str, tuple[Array, Array]] = {}
        for name in target.parameters:
            terms, unsure, is_field = change.divergence(name)
            if np.mean(is_field) > 0.5:  # else it depends on the noise otherwise
                terms = np.concatenate([scores[name][np.newaxis], terms])
                fields[name] = terms, np.where(is_field, unsure, np.inf)
        sizes = {name: np.sum(np.abs(terms), axis=0) for name, (terms, _) in fields.items()}
        slack = _ROUNDED * max((float(np.median(size)) for size in sizes.values()), default=0.0)
        for name, (terms, unsure) in fields.items():
            found[f"∂ log p/∂{name}, against −div(p v)/p of v = ∂y/∂{name}"].add(
                theta,
                terms[0],
                -terms[1] - terms[2],
                rtol=context.tolerance(y),
                size=sizes[name],
                atol=slack,
                uncertainty=unsure,
                **row_of(y),
            )
    yield from found.result()


class _Changes(NamedTuple):
    """Derivatives in noise, and their errors: rows of y (in units of its changes), v and log p.

    `inverse` has the noise that moves y.
    """

    y: Array
    y_error: Array
    velocity: Mapping[str, Array]
    v: Mapping[str, Array]
    v_error: Mapping[str, Array]
    log: Array
    log_error: Array
    inverse: Array

    def divergence(self, name: str) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Return div v and v·∇ log p, their error, and where v is a function of y."""
        field = self.v[name] @ self.inverse
        left = np.max(np.abs(field @ self.y - self.v[name]), axis=(1, 2))
        is_field = left <= _EXPLAINED * np.max(np.abs(self.v[name]), axis=(1, 2))
        noise = np.einsum("nwk,nk->nw", self.inverse, self.velocity[name])
        slope = np.einsum("nw,nwk->nk", self.log, self.inverse)
        terms = np.stack([np.trace(field, axis1=1, axis2=2), np.sum(self.log * noise, axis=1)])
        off = self.v_error[name] + np.abs(field) @ self.y_error
        unsure = np.einsum("nkw,nwk->n", off, np.abs(self.inverse))
        unsure += np.sum(self.log_error * np.abs(noise), axis=1)
        unsure += np.einsum("nk,nkw,nw->n", np.abs(slope), self.y_error, np.abs(noise))
        return terms, unsure, is_field


def _changes(target: Vectors, theta: dict[str, float], u: Array) -> tuple[Array, _Changes]:
    """Return y, and how it changes with the noise of these probabilities."""
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
    y = here[:, :size]
    kept = np.arange(size)
    if isinstance(target.region, CorrelationCholesky):  # whose density is of these entries
        kept = np.flatnonzero(np.tril(np.ones(target.event), -1))
    unit = np.max(np.abs(slope[:, :size]), axis=2)
    unit = np.where((unit > 0.0) & ~isinstance(target.region, UnitVector), unit, 1.0)[:, kept]

    def part(array: Array, number: int) -> Array:
        return array[:, number * size + kept] / unit.reshape(unit.shape + (1,) * (array.ndim - 2))

    numbers = dict(zip(names, range(1, len(names) + 1), strict=True))
    of_y = part(slope, 0)
    return y, _Changes(
        of_y,
        np.where(_has_rank(of_y)[:, np.newaxis, np.newaxis], part(error, 0), np.inf),
        {name: part(here, k) for name, k in numbers.items()},
        {name: part(slope, k) for name, k in numbers.items()},
        {name: part(error, k) for name, k in numbers.items()},
        slope[:, -1],
        error[:, -1],
        np.linalg.pinv(np.nan_to_num(of_y), rcond=_SOMETHING),
    )


def _has_rank(slope: Array) -> NDArray[np.bool_]:
    """Return which matrices have a rank that is sure, that of most: one more is of a jump."""
    values = np.linalg.svd(np.nan_to_num(slope), compute_uv=False)
    share = values / values[:, :1]
    rank = np.sum(share > _SOMETHING, axis=1)
    is_sure = np.all((share > _SOMETHING) | (share < _NOTHING), axis=1)
    return np.asarray(is_sure & (rank == np.median(rank)))
