"""Stochastic computation graphs: inputs, formulas, draws and a loss, differentiated in one pass.

A graph is given as text, a node a line; ``_parse`` and ``_reader`` read it into ``_nodes``.
``_evaluator`` goes through it piece by piece, forwards for the values of some draws and backwards
for their derivatives. ``_draw`` holds draws in memory, ``_estimation`` takes means over a stream
of them, with the notes of ``_notes``; ``_terms`` and ``_score`` are for draws that are
differentiated by their score, ``_relaxing`` for those that are relaxed. ``_exact`` takes no
draws, ``_compare`` compares estimators; ``_graph`` has the public classes.
"""

from reparam.graphs._compare import GraphEstimate, GraphEstimates
from reparam.graphs._draw import GraphDraw
from reparam.graphs._expectation import Expectation, ExpectationStandardError
from reparam.graphs._graph import Graph, Model

__all__ = [
    "Expectation",
    "ExpectationStandardError",
    "Graph",
    "GraphDraw",
    "GraphEstimate",
    "GraphEstimates",
    "Model",
]
