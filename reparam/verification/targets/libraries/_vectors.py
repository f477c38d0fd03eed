"""Tables of samplers of vectors and matrices: what each draws from, in our parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reparam.errors import InputError
from reparam.verification.targets.sampled_vectors import SampledVectors, VectorSampling
from reparam.verification.targets.vectors import Vectors

__all__ = ["VectorRow", "diagonal", "sampled", "vectors"]


@dataclass(frozen=True)
class VectorRow:
    """What a sampler of vectors draws from.

    Attributes
    ----------
    law
        The name of a registered distribution of vectors.
    names
        For each of the sampler's arguments the registered parameter that it is.
    diagonal
        Arguments that get the diagonal of a matrix parameter, whose other entries stay 0.
    constants
        Registered parameters that stay, such as lengths.
    columns
        Arguments whose arrays, one number per draw, need an axis for a draw's entries.
    """

    law: str
    names: Mapping[str, str]
    diagonal: frozenset[str] = frozenset()
    constants: Mapping[str, Any] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()

    def arguments(self, theta: Mapping[str, Any], cut: Callable[[Any], Any]) -> dict[str, Any]:
        """Return the sampler's arguments; `cut` returns the diagonals of matrices."""
        found = {
            theirs: cut(theta[ours]) if theirs in self.diagonal else theta[ours]
            for theirs, ours in self.names.items()
            if ours not in self.constants
        }
        for name in self.columns:
            found[name] = found[name][..., None] if found[name].ndim else found[name]
        kept = {t: self.constants[o] for t, o in self.names.items() if o in self.constants}
        return {**found, **kept}

    def left_out(self, name: str) -> bool:
        """Return whether a number is off the diagonal of a matrix that only has one."""
        parameter, _, at = name.partition("[")
        row, _, column = at.rstrip("]").partition("][")
        ours = {self.names[theirs] for theirs in self.diagonal}
        return parameter in ours and row != column


def vectors(law: str, constants: Mapping[str, Any] | None = None, /, **names: str) -> VectorRow:
    """Return a row: for each of the sampler's arguments the registered parameter."""
    return VectorRow(law, names, frozenset(), constants or {})


def diagonal(law: str, **names: str) -> VectorRow:
    """Return a row whose scale is the diagonal of ``scale_tril``."""
    return VectorRow(law, names, frozenset({"scale", "scale_diag"} & set(names)))


def sampled(
    name: str, known: VectorRow, sampling: VectorSampling, thing: Any = None
) -> SampledVectors:
    """Return the target that a sampler is; with the parameters of an object, if that is given."""
    from reparam import registry

    cls: Any = registry.get(known.law)
    if thing is None:
        return SampledVectors(name, sampling, Vectors(cls(**known.constants), name), known.left_out)
    given = {}
    for theirs, ours in known.names.items():
        value = np.asarray(getattr(thing, theirs), dtype=np.float64)
        given[ours] = np.diag(value) if theirs in known.diagonal else value
    made = cls(**{**given, **known.constants})
    if made.batch_shape:
        raise InputError(f"{name} has a batch of parameters; verify one vector's")
    return SampledVectors(name, sampling, Vectors(made, name), known.left_out)
