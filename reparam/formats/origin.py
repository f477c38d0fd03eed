"""What draws are from, as the formats keep it that have a place beside their columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reparam.errors import InputError

if TYPE_CHECKING:
    from reparam.base.distribution import Distribution

__all__ = ["Origin"]

#: Numbers of one parameter that are kept: it is None with more.
_MOST = 10_000


@dataclass(frozen=True)
class Origin:
    """The distribution, parameters and seed of draws.

    Attributes
    ----------
    distribution
        The distribution's name.
    parameters
        Its parameters: numbers, lists of them, or None for very long ones.
    seed
        The seed; None if the noise was given.
    """

    distribution: str
    parameters: Mapping[str, Any]
    seed: int | None = None

    @classmethod
    def of(cls, distribution: Distribution, seed: int | None) -> Origin:
        """Return that of draws from a distribution."""
        values = {name: np.asarray(distribution[name]) for name in distribution.parameters}
        kept = {name: v.tolist() if v.size <= _MOST else None for name, v in values.items()}
        return cls(distribution.name, kept, seed)

    @property
    def text(self) -> str:
        """The origin as a JSON object."""
        return json.dumps(
            {
                "distribution": self.distribution,
                "parameters": self.parameters,
                "seed": self.seed,
            }
        )

    @classmethod
    def read(cls, text: bytes) -> Origin:
        """Return the contents of the JSON object.

        Raises
        ------
        InputError
            If it is not such an object.
        """
        try:
            parts = json.loads(text)
            return cls(str(parts["distribution"]), dict(parts["parameters"]), parts["seed"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise InputError(
                "its description of the distribution of its draws is damaged"
            ) from None
