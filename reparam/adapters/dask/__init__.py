"""Dask: draws, their derivatives and estimates by many machines.

Public as :mod:`reparam.dask`.

Raises
------
MissingExtraError
    If dask is not installed.
"""

from reparam.adapters.extras import need

need("dask", "dask")
