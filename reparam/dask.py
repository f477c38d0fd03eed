"""Dask: draws as dask arrays, their derivatives, estimates and verifications by many machines.

Results have the same bits for any chunks, any workers and any scheduler: each block of draws is
made from its number alone, and sums are added in a fixed order. Needs the extra
``reparam[dask]``.
"""

from reparam.adapters.dask.checks import verify
from reparam.adapters.dask.draws import DaskDraw, rsample, sample
from reparam.adapters.dask.estimates import estimate

__all__ = ["DaskDraw", "estimate", "rsample", "sample", "verify"]
