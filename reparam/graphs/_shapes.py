"""The shape of a node, from those of its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.engine.shapes import broadcast_shapes
from reparam.errors import GraphError, ShapeError
from reparam.graphs._layout import Layout
from reparam.graphs._nodes import Density, Formula, Node, OfArrays, Placed, Sampled

__all__ = ["added"]


def added(node: Node, layout: Layout, fixed: Mapping[str, Array]) -> None:
    """Add the shape of a node to a layout, and how many axes the vectors have that it is about.

    Parameters
    ----------
    node
        The node.
    layout
        Where all nodes before it are.
    fixed
        The values that depend on inputs alone.

    Raises
    ------
    ShapeError
        If shapes don't fit together.
    """
    shapes: dict[str, tuple[int, ...]] = layout.shapes  # type: ignore[assignment]
    ranks: dict[str, int] = layout.ranks  # type: ignore[assignment]
    own = {name: shapes[name] for name in node.arguments}
    if isinstance(node, OfArrays):
        shapes[node.name] = node.value(*(np.zeros((0, *shape)) for shape in own.values())).shape[1:]
        return
    if isinstance(node, Formula):
        shapes[node.name] = broadcast_shapes(**own)
        return
    ranks[node.name] = 0
    if not any(placed.law.has_vectors for placed in node.placements):
        shapes[node.name] = broadcast_shapes(**own)
        return
    laws = [_example(placed, layout, fixed) for placed in node.placements]
    event, batches = laws[0].event_shape, {str(k): law.batch_shape for k, law in enumerate(laws)}
    ranks[node.name] = len(event)
    if isinstance(node, Density):
        batches[node.of] = laws[0]._without(event, node.of, np.empty(shapes[node.of]))
    shapes[node.name] = broadcast_shapes(**batches) + (event if isinstance(node, Sampled) else ())


def _example(placed: Placed, layout: Layout, fixed: Mapping[str, Array]) -> Any:
    """Return a distribution with parameters of these shapes, and values that are known to do."""
    lengths: dict[str, tuple[int, ...]] = {}
    for leaf in placed.leaves:
        known = lengths.get(leaf.path, leaf.entry)
        lengths[leaf.path] = tuple(map(max, zip(known, leaf.entry, strict=True)))
    values = []
    for leaf, name in zip(placed.leaves, placed.arguments, strict=True):
        declared, shape = leaf.declared, layout.shapes[name]
        if name in fixed:
            values.append(fixed[name])
            continue
        if declared.length_of:
            raise GraphError(f"{leaf} depends on a draw, and is a length; take a formula of inputs")
        if len(shape) < leaf.rank or 0 in (event := shape[len(shape) - leaf.rank :]):
            kind = "vector" if leaf.rank == 1 else "matrix"
            raise ShapeError(
                f"{leaf} has shape {shape} and is a {kind}; make it one, such as [a, b]"
            )
        lead = shape
        if leaf.rank:
            initial = declared.initial_with(dict(zip(declared.dims, event, strict=True)))
            lead = shape[: len(shape) - leaf.rank]
        elif leaf.entry:
            sizes = (last + 1 for last in lengths[leaf.path])
            initial = declared.initial_with(dict(zip(declared.dims, sizes, strict=True)))
            initial = np.asarray(initial)[leaf.entry]
        else:
            initial = declared.default
        values.append(np.broadcast_to(initial, lead + np.shape(initial)))
    return placed.law.made(values)
