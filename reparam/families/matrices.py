"""Parameters that are matrices."""

from __future__ import annotations

from collections.abc import Mapping

from reparam.conversions import Conversion
from reparam.parameters import Parameter
from reparam.regions import Region

__all__ = ["matrix"]


def matrix(
    symbol: str,
    region: Region,
    aliases: tuple[str, ...],
    description: str,
    dims: tuple[str, str] = ("K", "K"),
    conversions: Mapping[str, Conversion] | None = None,
) -> Parameter:
    """Declare a square matrix of a region: by default the identity, with entries in [−1, 1]."""
    return Parameter(
        *(symbol, region, 1.0, (-1.0, 1.0), aliases, description),
        dims=dims,
        conversions=conversions or {},
    )
