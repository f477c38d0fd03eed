"""Any scalar distribution in the distance from a place."""

from __future__ import annotations

from reparam.base.reparameterized import Reparameterized
from reparam.base.seen import Link, Seen, kept
from reparam.transforms._distances import chained
from reparam.transforms.maps import Affine
from reparam.transforms.transformed import Transformed

__all__ = ["moved"]


def moved(base: Reparameterized, end: float, sign: float) -> Seen[Reparameterized]:
    """Return the distribution of sign · (x − end): by a map of x if nothing better is known."""
    if (known := base._seen_from(end, sign)) is not None:
        return known
    count, step = len(base.parameters), Affine(-sign * end, sign)
    links = Link(-sign * end, {}), Link(sign, {})
    return chained(Transformed, Seen(base, kept(count)), count, ((step, links),), 0)
