"""JAX: draws with exact derivatives.

Public as :mod:`reparam.jax`.

Raises
------
MissingExtraError
    If JAX is not installed.
"""

from reparam.adapters.extras import need

need("jax", "JAX")
