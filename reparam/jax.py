"""JAX: exact derivatives for draws.

``attach`` gives draws of any sampler their derivatives, and ``rsample`` draws from addressable
streams. Needs the extra ``reparam[jax]``.
"""

from reparam.adapters.jax.functions import attach, rsample

__all__ = ["attach", "rsample"]
