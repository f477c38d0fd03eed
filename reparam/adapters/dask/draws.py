"""Draws as dask arrays, and back-propagation through them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import dask.array as da
import numpy as np
from dask.delayed import delayed

from reparam._typing import Array, ArrayLike, RNGLike, Shape
from reparam.arguments import instance
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.engine.blocks import elements_per_block
from reparam.engine.noise import Stream
from reparam.engine.shapes import broadcast_shapes, sample_shape
from reparam.engine.threads import threads
from reparam.errors import NotReparameterizable, ShapeError
from reparam.sampling import CHUNK

__all__ = ["DaskDraw", "rsample", "sample"]

#: Blocks that one task of back-propagation adds up.
_BLOCKS = 16


def sample(
    distribution: Distribution, size: Shape = (), *, chunks: Any = None, rng: RNGLike = None
) -> da.Array:
    """Return the values that ``distribution.sample(size, rng=rng)`` has, as a dask array.

    Parameters
    ----------
    distribution
        What to draw from.
    size
        The sample shape.
    chunks
        Of the sample shape, as dask takes them; the axes of the batch and of vectors are not cut.
        Default: pieces of about a million numbers along the first axis.
    rng
        None, a non-negative integer, a ``SeedSequence`` or a ``Generator`` (SPEC 7).

    Returns
    -------
    dask.array.Array
        Of shape sample shape + batch shape + event shape.

    Examples
    --------
    >>> import reparam as rp
    >>> from reparam.dask import sample
    >>> y = sample(rp.Poisson(rate=2.0), 3_000_000, chunks=500_000, rng=42)
    >>> print(f"{y.mean().compute():.2f}")
    2.00
    """
    return _values(instance("distribution", distribution), sample_shape(size), chunks, Stream(rng))


def rsample(
    distribution: Reparameterized, size: Shape = (), *, chunks: Any = None, rng: RNGLike = None
) -> DaskDraw:
    """Return the draw that ``distribution.rsample(size, rng=rng)`` is, with a dask array of values.

    Parameters
    ----------
    distribution
        What to draw from.
    size
        The sample shape.
    chunks
        Of the sample shape, as dask takes them; the axes of the batch and of vectors are not cut.
        Default: pieces of about a million numbers along the first axis.
    rng
        None, a non-negative integer, a ``SeedSequence`` or a ``Generator`` (SPEC 7).

    Returns
    -------
    DaskDraw
        Values, and ``vjp``.

    Raises
    ------
    NotReparameterizable
        If the distribution has no reparameterization.

    Examples
    --------
    >>> import reparam as rp
    >>> from reparam.dask import rsample
    >>> draw = rsample(rp.Gamma(alpha=2.0), 1_000_000, rng=42)
    >>> mean = draw.vjp(1.0 / 1_000_000)["alpha"]  # of ∂y/∂α, which is 1
    >>> print(f"{mean.compute():.2f}")
    1.00
    """
    given = instance("distribution", distribution)
    if not isinstance(given, Reparameterized):
        raise NotReparameterizable(
            f"{given.name} has no reparameterization; use reparam.dask.sample for values"
        )
    shape, stream = sample_shape(size), Stream(rng)
    return DaskDraw(given, _values(given, shape, chunks, stream), stream)


@dataclass(frozen=True, eq=False)
class DaskDraw:
    """Draws y = f(z; θ) that are not computed yet, differentiable in their parameters.

    Made by :func:`rsample`. Whoever computes the derivatives makes the draws again, from their
    numbers: no draw is sent from one machine to another.

    Attributes
    ----------
    distribution
        What the draws are from.
    value
        y, of shape sample shape + batch shape + event shape.
    """

    distribution: Reparameterized
    value: da.Array
    _stream: Stream

    def vjp(self, upstream: ArrayLike | da.Array) -> dict[str, da.Array]:
        """Back-propagate: return ∂L/∂θ given `upstream` = ∂L/∂y.

        The bits depend neither on chunks nor on workers. Where no parameter has a batch, they are
        those of :meth:`reparam.Draw.vjp`; a sum over the draws of a batch may differ from that by
        rounding.

        Parameters
        ----------
        upstream
            An array of NumPy or of dask, or a number; broadcasts to the value's shape.

        Returns
        -------
        dict
            For each parameter a dask array of the parameter's own shape.

        Raises
        ------
        ShapeError
            If `upstream` doesn't broadcast to the value's shape.
        """
        d, shape = self.distribution, self.value.shape
        lead = da.asarray(upstream)
        if broadcast_shapes(upstream=lead.shape, value=shape) != shape:
            raise ShapeError(
                f"upstream has shape {lead.shape} and value has shape {shape}: pass one upstream"
                " derivative per value"
            )
        if lead.shape != shape:
            lead = da.broadcast_to(lead, shape, chunks=self.value.chunks)
        one = d.batch_shape + d.event_shape
        count = math.prod(shape[: len(shape) - len(one)])
        rows = _rows_per_block(d)
        cut = (_BLOCKS * rows, *(-1 for _ in one))
        pieces = lead.reshape((count, *one)).rechunk(cut).to_delayed().ravel()
        shared = delayed(_Rows(d, self._stream, rows), traverse=False)
        sums = [
            delayed(_sums)(shared, start, piece)
            for start, piece in zip(range(0, max(count, 1), _BLOCKS * rows), pieces, strict=True)
        ]
        total = delayed(_total)(shared, sums)
        return {
            name: da.from_delayed(total[name], d[name].shape, dtype=np.float64)
            for name in d.parameters.differentiable
        }


@dataclass(frozen=True)
class _Rows:
    """What a task of back-propagation knows: the draws, and how many rows a block has."""

    distribution: Reparameterized
    stream: Stream
    rows: int


def _rows_per_block(d: Distribution) -> int:
    """Return how many draws of the whole batch are added up together: as ``Draw.vjp`` does."""
    each = math.prod(d.event_shape) if d.event_shape else 0
    width = elements_per_block(d._formula_events(), each)
    return max(1, width // max(1, math.prod(d.batch_shape)))


def _sums(shared: _Rows, start: int, upstream: Array) -> list[Array]:
    """Return, for each derivative that formulas return, the sums over blocks of draws."""
    d, rows, batch = shared.distribution, shared.rows, shared.distribution.batch_shape
    found = []
    with threads(1):
        for low in range(0, max(len(upstream), 1), rows):
            lead = upstream[low : low + rows]
            first = (start + low) * math.prod(batch)
            found.append(d._draw((len(lead), *batch), shared.stream, first)._sums(lead))
    return [np.stack(each) for each in zip(*found, strict=True)]


def _total(shared: _Rows, sums: Sequence[list[Array]]) -> dict[str, Array]:
    """Return ∂L/∂θ from the sums over blocks: all of them, in order."""
    whole = [np.sum(np.concatenate(each), axis=0) for each in zip(*sums, strict=True)]
    return shared.distribution._from_sums(whole)


def _values(d: Distribution, shape: tuple[int, ...], chunks: Any, stream: Stream) -> da.Array:
    one = d.batch_shape + d.event_shape
    if chunks is None:
        each = math.prod(shape[1:]) * math.prod(one)
        chunks = (max(1, CHUNK // max(1, each)), *shape[1:])[: len(shape)]
    cut = da.core.normalize_chunks(chunks, shape, dtype=np.float64)
    return da.map_blocks(
        _block,
        d,
        stream,
        shape,
        chunks=cut + tuple((size,) for size in one),
        dtype=np.float64,
        meta=np.empty((0,) * len(shape + one)),
    )


def _block(
    d: Distribution, stream: Stream, shape: tuple[int, ...], block_info: Any = None
) -> Array:
    """Return the draws of a chunk, whose place dask passes: runs of numbers, one after another."""
    where = block_info[None]["array-location"][: len(shape)]
    ranges = [range(*ends) for ends in where]
    cut = [axis for axis, size in enumerate(shape) if len(ranges[axis]) < size]
    axis = cut[-1] if cut else 0  # along it and behind it numbers are consecutive
    behind = math.prod(shape[axis + 1 :])
    batch = d.batch_shape
    runs = []
    with threads(1):
        for index in product(*ranges[:axis]):
            place = 0
            for at, size in zip(index, shape, strict=False):
                place = place * size + at
            along = ranges[axis] if shape else range(1)
            start = (place * (shape[axis] if shape else 1) + along.start) * behind
            count = len(along) * behind
            runs.append(d._sample((count, *batch), stream, start * math.prod(batch)))
    return np.concatenate(runs).reshape((*map(len, ranges), *batch, *d.event_shape))
