"""The names of the registry's distributions, plugins' included, by kind."""

import pytest

import reparam as rp


def named(kind):
    """Return the names of the distributions of a kind, a base class."""
    return [name for name in rp.names() if issubclass(rp.get(name), kind)]


VECTORS = [name for name in named(rp.Reparameterized) if rp.get(name)._support.rank]
REPARAMETERIZED = [name for name in named(rp.Reparameterized) if name not in VECTORS]
DISCRETE = [name for name in named(rp.Discrete) if not rp.get(name)._support.rank]


def _first_of_each_kind():
    """Return a distribution of each mechanism, rank, path, noise and number of extra arrays.

    The latter is that of maps alone: fields pass extra arrays on as maps do.
    """
    found = {}
    for name in rp.names():
        cls = rp.get(name)
        how = [getattr(cls, key, None) for key in ("mechanism", "path", "noise", "_extras")]
        if how[1] == "field":
            how.pop()
        found.setdefault((cls._support.rank, *how), name)
    return list(found.values())


#: Of each kind of distribution one: what divides the work is the same for all others.
ONE_OF_EACH = _first_of_each_kind()


def marked(name):
    """Return the mark of tests of the engine: with all but one of each kind they are long."""
    return () if name in ONE_OF_EACH else pytest.mark.long
