"""PyTorch: draws, and torch.distributions, with exact derivatives.

Public as :mod:`reparam.torch`.

Raises
------
MissingExtraError
    If PyTorch is not installed.
"""

from reparam.adapters.extras import need

need("torch", "PyTorch")
