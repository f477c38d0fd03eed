"""The names of the registry's distributions, plugins' included, by kind."""

import reparam as rp


def named(kind):
    """Return the names of the distributions of a kind, a base class."""
    return [name for name in rp.names() if issubclass(rp.get(name), kind)]


VECTORS = [name for name in named(rp.Reparameterized) if rp.get(name)._support.rank]
REPARAMETERIZED = [name for name in named(rp.Reparameterized) if name not in VECTORS]
DISCRETE = [name for name in named(rp.Discrete) if not rp.get(name)._support.rank]
