"""PyTorch: draws, and torch.distributions, with exact derivatives.

Public as :mod:`reparam.torch`.

Raises
------
MissingExtraError
    If PyTorch is not installed.
"""

from importlib import import_module

from reparam.errors import MissingExtraError

try:
    import_module("torch")
except ImportError as error:
    if error.name != "torch":
        raise
    raise MissingExtraError(
        "reparam.torch needs PyTorch; install it with: pip install 'reparam[torch]'"
    ) from None
