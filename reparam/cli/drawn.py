"""Draws as records, whose columns a format has: on this machine, or a part of them on another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reparam.cli import parsing

if TYPE_CHECKING:
    import numpy as np

    from reparam.base.distribution import Distribution
    from reparam.base.reparameterized import Reparameterized
    from reparam.formats import Records
    from reparam.formats.records import Block
    from reparam.gradients import Gradients

__all__ = ["gradients", "of_gradients", "records"]


def records(
    distribution: Distribution,
    numbers: range,
    rng: int,
    format: str,
    dtype: np.dtype[Any],
    with_noise: bool = False,
) -> Records:
    """Return the draws with those numbers as a format takes them, and their noise if wanted."""
    from reparam import sampling
    from reparam.base.reparameterized import Reparameterized
    from reparam.cli import vectors
    from reparam.formats import Origin, Records

    wide = bool(distribution.event_shape) and vectors.is_wide(distribution, format, with_noise)
    shape = (len(numbers), *distribution.batch_shape)
    blocks: Iterator[Block]
    if with_noise and isinstance(distribution, Reparameterized):
        draws = sampling.stream(distribution, numbers, rng=rng)
        blocks = ({"noise": draw.noise, "y": draw.value} for draw in draws)
    else:
        blocks = ({"y": y} for y in sampling.values(distribution, numbers, rng=rng))
    columns = ["noise", "y"] if with_noise else ["y"]
    if wide:
        columns = vectors.columns(distribution, with_noise)
        blocks = (vectors.entries(distribution, block) for block in blocks)
    else:
        shape += distribution.event_shape
    double = parsing.dtype("float64")
    types = {c: double if c.startswith("noise") else dtype for c in columns}
    return Records(types, shape, blocks, numbers.start, Origin.of(distribution, rng))


def gradients(
    distribution: Reparameterized,
    numbers: range,
    rng: int,
    dtype: np.dtype[Any],
    second: bool = False,
) -> Records:
    """Return the draws with those numbers, with their noise and derivatives."""
    from reparam import sampling
    from reparam.gradients import Gradients

    made = Gradients(distribution, sampling.stream(distribution, numbers, rng=rng), second=second)
    return of_gradients(made, numbers, rng, dtype)


def of_gradients(
    gradients: Gradients, numbers: range, rng: int | None, dtype: np.dtype[Any]
) -> Records:
    """Return draws that are made already, with the seed that they are from if it is known."""
    from reparam.formats import Origin, Records

    d = gradients.distribution
    double = parsing.dtype("float64")
    types = {column: double if column == "noise" else dtype for column in gradients.columns}
    shape = (len(numbers), *d.batch_shape, *d.event_shape)
    return Records(types, shape, gradients.blocks(), numbers.start, Origin.of(d, rng))
