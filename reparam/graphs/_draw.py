"""Draws of a whole graph, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Generic, TypeVar, final

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.engine.shapes import allocated, broadcast_shapes
from reparam.engine.threads import in_order
from reparam.errors import GraphError, ShapeError, did_you_mean
from reparam.expressions._scan import normalized
from reparam.graphs._evaluator import ONE, Evaluator, Frame
from reparam.graphs._terms import LOSS
from reparam.real_arrays import as_real_array

__all__ = ["GraphDraw"]

#: What draws are made of: the public class is above this module.
_Model = TypeVar("_Model", bound=Evaluator)


@final
@dataclass(frozen=True, eq=False, repr=False)
class GraphDraw(Generic[_Model]):
    """Draws of all nodes of a graph, differentiable in its inputs.

    Made by :meth:`Model.rsample` and :meth:`Model.transform`. Arrays have the shape draws + the
    node's shape, and are read-only.

    Attributes
    ----------
    model
        The graph with the values of its inputs.

    Examples
    --------
    >>> import reparam as rp
    >>> graph = rp.Graph('''
    ...     z ~ gaussian(loc=m, scale=2)
    ...     y ~ laplace(loc=z, scale=1)
    ... ''')
    >>> draw = graph.at(m=0.5).transform(z=[-1.0, 0.0, 2.0], y=[0.5, 0.5, 0.5])
    >>> draw.value["y"]
    array([-1.5,  0.5,  4.5])
    >>> gradient = draw.vjp(y=[1.0, 2.0, 4.0])  # ∂L/∂y, from elsewhere
    >>> print(gradient["m"])
    7.0
    """

    model: _Model
    _at: range
    _frames: tuple[Frame, ...]

    def __len__(self) -> int:
        return len(self._at)

    @cached_property
    def value(self) -> Mapping[str, Array]:
        """The value of each node, by name."""
        return MappingProxyType(
            {
                name: self._joined(name, [self.model._whole(frame, name) for frame in self._frames])
                for name in self.model._structure.names
            }
        )

    @cached_property
    def noise(self) -> Mapping[str, Any]:
        """The noise z of each node that is drawn, by name; of vectors perhaps several arrays."""
        found: dict[str, Any] = {}
        for name in self.model._structure.draws:
            pieces = [frame.drawn[name].noise for frame in self._frames]
            if self.model._layout.ranks[name] and pieces:
                several = [piece if isinstance(piece, tuple) else (piece,) for piece in pieces]
                whole = tuple(map(np.concatenate, zip(*several, strict=True)))
                found[name] = whole if len(whole) > 1 else whole[0]
            else:
                found[name] = self._joined(name, pieces)
        return MappingProxyType(found)

    def vjp(self, /, **cotangents: ArrayLike) -> dict[str, Array]:
        """Back-propagate: return ∂L/∂input for all inputs, given ∂L/∂node for some nodes.

        Parameters
        ----------
        **cotangents
            For nodes of the graph, by name: broadcasts to the node's value. A node that is used
            further on in the graph gets what comes back from there in addition.

        Returns
        -------
        dict
            For each input an array of its own shape, the sum over all draws.

        Raises
        ------
        GraphError
            If the graph has no such node, or a draw is differentiated by its score, which takes
            the loss itself.
        ShapeError
            If a cotangent doesn't broadcast to the node's value.
        """
        given = self._given(cotangents)
        model, names = self.model, self.model._structure.inputs
        if scored := model._structure.scored:
            raise GraphError(
                f"{', '.join(scored)} can't be back-propagated through: the derivative of what is"
                " discrete takes the loss itself; give the graph a loss, and use expectation(n) or"
                " gradient()"
            )

        def piece(number: int) -> list[Array]:
            frame = self._frames[number]
            low, high = frame.at.start - self._at.start, frame.at.stop - self._at.start
            with np.errstate(all="ignore"):
                parts = {name: array[low:high] for name, array in given.items()}
                results = model._backward(frame, parts, names)
                return [result.sum(axis=0) for result in results]

        total = [np.zeros(model._padded(name)) for name in names]
        with np.errstate(all="ignore"):
            for sums in in_order(piece, range(len(self._frames))):
                total = [known + more for known, more in zip(total, sums, strict=True)]
        return {
            name: entry.reshape(model._shapes[name])[()]
            for name, entry in zip(names, total, strict=True)
        }

    def gradient(self, *names: str) -> dict[str, Array]:
        """Return ∂J/∂name draw by draw, with J the sum of the loss over the batch.

        Of inputs that discrete draws depend on: terms whose mean is the estimate of ∂E[J]/∂name.

        Parameters
        ----------
        *names
            Inputs, nodes, or ``z.loc`` for the parameter of a draw: all inputs by default.

        Returns
        -------
        dict
            For each name an array of shape draws + that of what has the name.

        Raises
        ------
        GraphError
            If the graph has no loss, or no such name.
        """
        model = self.model
        model._check_loss()
        wanted = model._wanted(names or None)

        def piece(frame: Frame) -> list[Array]:
            with np.errstate(all="ignore"):
                return model._backward(frame, {LOSS: ONE}, wanted)

        pieces = list(in_order(piece, self._frames))
        return {
            name: self._joined(name, [piece[k] for piece in pieces])
            for k, name in enumerate(wanted)
        }

    def _given(self, cotangents: Mapping[str, ArrayLike]) -> dict[str, Array]:
        """Return what arrives from outside, padded with ones."""
        model, given = self.model, {}
        for name, value in cotangents.items():
            known = normalized(name)
            if known not in model._structure.names:
                raise GraphError(
                    f"the graph has no node {name!r}{did_you_mean(known, model._structure.names)}"
                    f" (it has {', '.join(model._structure.names)})"
                )
            array, shape = as_real_array(name, value), (len(self), *model._shapes[known])
            if broadcast_shapes(**{f"∂L/∂{name}": array.shape, name: shape}) != shape:
                raise ShapeError(
                    f"∂L/∂{name} has shape {array.shape}, {name} has shape {shape}: pass one"
                    " derivative per value"
                )
            padded = (len(self), *model._padded(known))
            given[known] = np.broadcast_to(array, shape).reshape(padded)
        return given

    def _joined(self, name: str, pieces: Sequence[Array]) -> Array:
        """Return pieces as one array, without padding."""
        shape = self.model._shapes[name]
        (joined,) = allocated([(len(self), *shape)])
        for frame, piece in zip(self._frames, pieces, strict=True):
            low, high = frame.at.start - self._at.start, frame.at.stop - self._at.start
            joined[low:high] = piece.reshape(high - low, *shape)
        joined.flags.writeable = False
        return joined

    def __repr__(self) -> str:
        return f"GraphDraw({len(self)} draws of {', '.join(self.model._structure.names)})"
