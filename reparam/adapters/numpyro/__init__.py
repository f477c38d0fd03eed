"""NumPyro: distributions with exact derivatives.

Public as :mod:`reparam.numpyro`.

Raises
------
MissingExtraError
    If NumPyro is not installed.
"""

from reparam.adapters.extras import need

need("numpyro", "NumPyro")
