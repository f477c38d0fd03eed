"""A formula of one vector or matrix, as a function of draws and its slope."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.errors import ExpressionError, ReparamError, ShapeError
from reparam.graphs._evaluator import ONE, Evaluator, Frame
from reparam.graphs._laws import Law
from reparam.graphs._nodes import PATHWISE, Sampled
from reparam.graphs._parse import Structure, parse
from reparam.graphs._terms import LOSS

__all__ = ["OfDraws"]


class OfDraws:
    """A formula of the draws of a distribution: ``y[0]*y[1]``, ``sum(y**2)``, ``dot(y, y)``.

    Parameters
    ----------
    text
        The formula, with one name, for the draw.
    distribution
        What the draws are from.

    Raises
    ------
    ExpressionError
        If the formula has several names.
    ShapeError
        If its value is not one number per draw.
    """

    def __init__(self, text: str, distribution: Distribution) -> None:
        self._text, self._distribution = text, distribution
        if np.prod(self._model.shape_of(LOSS), dtype=int) != 1:
            raise ShapeError(
                f"objective {text!r} has shape {self._model.shape_of(LOSS)}, and must be one number"
                " per draw; take an entry, y[0], or a sum, sum(y)"
            )

    def __reduce__(self) -> tuple[type[OfDraws], tuple[Any, ...]]:
        return type(self), (self._text, self._distribution)

    def value(self, y: Array) -> Array:
        """Return the value for each draw."""
        return self._model._whole(self._frame(y), LOSS).reshape(len(y))

    def slope(self, y: Array) -> Array:
        """Return the derivative in each entry of each draw."""
        frame = self._frame(y, self._model._active([self._name]))
        (found,) = self._model._backward(frame, {LOSS: ONE}, [self._name], scores=False)
        return found.reshape(y.shape)

    @cached_property
    def _name(self) -> str:
        """What the formula calls the draw."""
        try:
            names = parse(f"{LOSS} = {self._text}").inputs
        except ReparamError as error:
            raise type(error)(str(error).removeprefix("line 1: ")) from None
        if len(names) > 1:
            raise ExpressionError(
                f"objective {self._text!r} has the names {', '.join(names)} and the draw is all"
                " there is to put in; leave one name and write numbers for the others"
            )
        return names[0] if names else "y"

    @cached_property
    def _model(self) -> Evaluator:
        law, names = Law.of(self._distribution)
        structure = parse(f"{self._name} ~ {law.name}()\n{LOSS} = {self._text}", (law,))
        # the slope in draws of integers, too: what relaxations take
        nodes = (
            replace(node, by=PATHWISE) if isinstance(node, Sampled) else node
            for node in structure.nodes
        )
        structure = Structure(tuple(nodes))
        return Evaluator(structure, {name: value for name, (_, value) in names.items()})

    def _frame(self, y: Array, active: frozenset[str] | None = None) -> Frame:
        def source(node: Sampled, law: Any, at: range) -> Any:
            return _Given(law, y)

        return self._model._forward(range(len(y)), source, active)


class _Given:
    """Draws of given values, as a graph sees them."""

    def __init__(self, distribution: Any, value: Array) -> None:
        self.distribution, self.value = distribution, value
