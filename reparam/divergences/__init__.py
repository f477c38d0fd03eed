"""Kullback-Leibler divergences KL(p‖q), with gradients in the parameters of both.

:func:`kl` takes a closed form where there is one, or a sum over p's values if they are few, and
otherwise draws. A package that provides distributions adds closed forms of its own with
:func:`register_kl`.
"""

from reparam.divergences import _closed as _closed  # they register closed forms
from reparam.divergences import _continuous as _continuous
from reparam.divergences import _discrete as _discrete
from reparam.divergences import _from_uniform as _from_uniform
from reparam.divergences import _gaussians as _gaussians
from reparam.divergences import _images as _images
from reparam.divergences import _on_unit as _on_unit
from reparam.divergences import _powers_of_gamma as _powers_of_gamma
from reparam.divergences import _sphere as _sphere
from reparam.divergences import _to_gaussian as _to_gaussian
from reparam.divergences import _unlike as _unlike
from reparam.divergences import _vectors as _vectors
from reparam.divergences._kl import DRAWS, exact, kl
from reparam.divergences._registry import register_kl
from reparam.divergences._result import Divergence, StandardError

__all__ = ["DRAWS", "Divergence", "StandardError", "exact", "kl", "register_kl"]
