"""The names of the registry's distributions, plugins' included, by kind."""

import reparam as rp


def named(kind):
    """Return the names of the distributions of a kind, a base class."""
    return [name for name in rp.names() if issubclass(rp.get(name), kind)]


REPARAMETERIZED = named(rp.Reparameterized)
DISCRETE = named(rp.Discrete)
VECTORS = named(rp.VectorReparameterized)
