"""E[J] and its gradient from the pieces of many draws."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.engine.threads import in_order
from reparam.graphs._evaluator import ONE, Evaluator, Frame, Source
from reparam.graphs._expectation import Expectation, summary
from reparam.graphs._notes import notes_on
from reparam.graphs._terms import LOSS
from reparam.moments import Moments
from reparam.notes import UndefinedDraws

__all__ = ["combined", "expectation", "of_loss", "undefined"]


def expectation(
    evaluator: Evaluator, draws: range, source: Source, wanted: Sequence[str]
) -> Expectation:
    """Return E[J] and its gradient in the names `wanted`."""
    evaluator._check_loss()
    active = evaluator._active(wanted)

    def piece(at: range) -> list[Any]:
        with np.errstate(all="ignore"):
            frame = evaluator._forward(at, source, active)
            gradient = evaluator._backward(frame, {LOSS: ONE}, wanted)
            moments = [of_loss(evaluator, frame), *map(Moments.of, gradient)]
            return [*moments, undefined(evaluator, frame, dict(zip(wanted, gradient, strict=True)))]

    return combined(evaluator, in_order(piece, evaluator._pieces(draws)), wanted)


def of_loss(evaluator: Evaluator, frame: Frame) -> Moments:
    """Return the moments of J, the sum over the batch."""
    loss = evaluator._whole(frame, LOSS)
    return Moments.of(loss.sum(axis=tuple(range(1, loss.ndim))) if loss.ndim > 1 else loss)


def undefined(evaluator: Evaluator, frame: Frame, gradient: Mapping[str, Array]) -> UndefinedDraws:
    """Return in which draws J, or its derivative in a name, is NaN or infinite."""
    whole = evaluator._padded(LOSS)
    drawn = {
        name: evaluator._whole(frame, name)
        for name in evaluator._structure.draws
        if all(k in (1, n) for k, n in zip(evaluator._padded(name), whole, strict=True))
    }
    loss = evaluator._whole(frame, LOSS)
    return UndefinedDraws.of(frame.at.start, loss, gradient, drawn)


def combined(
    evaluator: Evaluator, moments: Iterator[list[Any]], wanted: Sequence[str]
) -> Expectation:
    """Return what the moments of all pieces make together."""
    total: list[Any] = [Moments(0, nan := np.array(np.nan), nan)]
    total += [Moments(0, full := np.full(evaluator._padded(name), np.nan), full) for name in wanted]
    total.append(UndefinedDraws())
    for number, piece in enumerate(moments):
        total = list(map(operator.add, total, piece)) if number else piece
    shaped = {
        name: Moments(
            found.count,
            found.mean.reshape(evaluator._shapes[name])[()],
            found.norm.reshape(evaluator._shapes[name])[()],
        )
        for name, found in zip(wanted, total[1:-1], strict=True)
    }
    # a derivative in a draw is that along the path by definition
    inputs = tuple(name for name in wanted if name not in evaluator._structure.draws)
    return summary(total[0], shaped, total[-1], partial(notes_on, evaluator, inputs))
