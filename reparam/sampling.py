"""Streams of draws, larger than memory: chunk by chunk, any part of them, by number."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar, cast

from reparam._typing import Array, ArrayLike, RNGLike
from reparam.base.distribution import Distribution
from reparam.base.draw import Draw
from reparam.base.reparameterized import Reparameterized
from reparam.engine.noise import BLOCK, Stream
from reparam.errors import CountError

__all__ = ["CHUNK", "ahead", "chunks", "replay", "shard", "stream", "values"]

T = TypeVar("T")

#: Elements that are in memory at a time: a whole number of blocks for each of many threads.
CHUNK = 16 * BLOCK


def shard(n: int, part: int, parts: int) -> range:
    """Return the draws that are part `part` (from 1) of `parts` nearly equal pieces of `n` draws.

    The pieces put together, in order, are all the draws.
    """
    if not 1 <= part <= parts:
        raise CountError(f"shard {part}/{parts} does not exist; pass K/N with 1 <= K <= N")
    return range(n * (part - 1) // parts, n * part // parts)


def chunks(draws: range, draw_shape: tuple[int, ...]) -> Iterator[range]:
    """Cut a range of draws into pieces of about :data:`CHUNK` elements."""
    step = max(1, CHUNK // max(1, math.prod(draw_shape)))
    for start in range(draws.start, draws.stop, step):
        yield range(start, min(start + step, draws.stop))


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield the items, the next one being made on another thread while one is in use."""
    with ThreadPoolExecutor(1) as pool:
        end = object()
        context = copy_context()  # how many threads to use

        def following() -> T | object:
            return context.run(next, items, end)

        coming = pool.submit(following)
        while (item := coming.result()) is not end:
            coming = pool.submit(following)
            yield cast(T, item)


def stream(distribution: Reparameterized, draws: range, *, rng: RNGLike = None) -> Iterator[Draw]:
    """Yield the draws with those numbers, chunk by chunk.

    ``rsample(n, rng=rng)`` holds draws 0 … n−1 of the same stream.

    Parameters
    ----------
    distribution
        What to draw from.
    draws
        The numbers of the draws.
    rng
        None, a non-negative integer, a ``SeedSequence`` or a ``Generator`` (SPEC 7).

    Yields
    ------
    Draw
        Of shape draws in the chunk + batch shape + event shape.

    Examples
    --------
    >>> import reparam as rp
    >>> d = rp.Exponential(rate=2.0)
    >>> total = sum(draw.value.sum() for draw in stream(d, range(3_000_000), rng=42))
    >>> print(f"{total / 3_000_000:.2f}")
    0.50
    """
    batch = distribution.batch_shape
    noise = Stream(rng)
    for piece in chunks(draws, batch + distribution.event_shape):
        first = piece.start * math.prod(batch)
        yield distribution._draw((len(piece), *batch), noise, first)


def values(distribution: Distribution, draws: range, *, rng: RNGLike = None) -> Iterator[Array]:
    """Yield the values of the draws with those numbers, chunk by chunk.

    ``sample(n, rng=rng)`` holds draws 0 … n−1 of the same stream.

    Parameters
    ----------
    distribution
        What to draw from.
    draws
        The numbers of the draws.
    rng
        None, a non-negative integer, a ``SeedSequence`` or a ``Generator`` (SPEC 7).

    Yields
    ------
    ndarray
        Of shape draws in the chunk + batch shape + event shape.

    Examples
    --------
    >>> import reparam as rp
    >>> d = rp.Poisson(rate=2.0)
    >>> total = sum(part.sum() for part in values(d, range(3_000_000), rng=42))
    >>> print(f"{total / 3_000_000:.2f}")
    2.00
    """
    batch = distribution.batch_shape
    noise = Stream(rng)
    for piece in chunks(draws, batch + distribution.event_shape):
        first = piece.start * math.prod(batch)
        yield distribution._sample((len(piece), *batch), noise, first)


def replay(distribution: Reparameterized, *noise: ArrayLike) -> Iterator[Draw]:
    """Return an iterator over the draws that given noise makes, chunk by chunk.

    Parameters
    ----------
    distribution
        What to draw from.
    *noise
        Of shape draws + batch shape + event shape, or that of the noise: one array of each kind.

    Raises
    ------
    NoiseError
        If an element is outside the noise's domain: at once, before any draw.
    """
    valid = distribution._valid_noise(noise)
    pieces = chunks(range(len(valid[0])), distribution.batch_shape + distribution.event_shape)
    replayed = (distribution._replay(*(z[at.start : at.stop] for z in valid)) for at in pieces)
    return cast(Iterator[Draw], replayed)
