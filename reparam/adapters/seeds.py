"""Seeds that fit into the integers of a framework."""

from __future__ import annotations

from reparam.errors import SeedError

__all__ = ["checked"]


def checked(seed: object, bits: int) -> int:
    """Return a seed that is a non-negative integer of this many bits.

    Raises
    ------
    SeedError
        If it is anything else.
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**bits:
        raise SeedError(f"seed={seed!r} can't be used; pass an integer from 0 to 2**{bits} - 1")
    return seed
