"""The conformance suite: what every distribution must satisfy, built in or not.

In a plugin's tests::

    import pytest
    from reparam import testing
    from mypackage import Kumaraswamy


    @pytest.mark.parametrize(
        "has_property", testing.properties(Kumaraswamy), ids=lambda p: p.__name__
    )
    def test_conformance(has_property):
        has_property(Kumaraswamy)

Each property takes the distribution's class, and looks at it with parameters from their declared
typical ranges, the same ones each time. There is one for each part of the contract (declarations,
refusals, repetition, shapes, …), and one for each witness of ``reparam verify``, which compares
formulas with each other and with numerical differentiation, and draws with the cdf. An
``AssertionError`` says which distribution, with which parameters, what was compared where, and what
was got and expected. :func:`check` asks the witnesses about any sampler.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reparam.base.discrete import Discrete
from reparam.base.discrete_vectors import DiscreteVectors
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.testing import _declaration, _draws, _products, _support
from reparam.testing._typical import typical
from reparam.testing._witnesses import DISCRETE_WITNESS_PROPERTIES, WITNESS_PROPERTIES, check

__all__ = [
    "DISCRETE_PROPERTIES",
    "DISCRETE_VECTOR_PROPERTIES",
    "PROPERTIES",
    "VECTOR_PROPERTIES",
    "check",
    "properties",
    "typical",
]

Property = Callable[[type[Any]], None]

_ALL: tuple[Property, ...] = (
    _declaration.declares_itself,
    _declaration.refuses_bad_parameters,
    _declaration.is_frozen,
    _draws.draws_repeat,
    _draws.elements_are_independent,
)
_REPARAMETERIZED: tuple[Property, ...] = (
    *_ALL,
    _declaration.refuses_bad_noise,
    _draws.draws_replay,
    _products.products_agree,
)
_DISCRETE: tuple[Property, ...] = (*_ALL, _declaration.refuses_to_be_reparameterized)

#: Every property of a distribution with a reparameterization: a function of its class that raises
#: ``AssertionError``.
PROPERTIES: tuple[Property, ...] = (
    *_REPARAMETERIZED,
    _draws.draws_hold_still,
    _support.lies_in_support,
    *WITNESS_PROPERTIES,
)

#: Every property of a discrete distribution.
DISCRETE_PROPERTIES: tuple[Property, ...] = (
    *_DISCRETE,
    _draws.values_are_of_their_own_parameters,
    _support.probability_is_on_integers_of_the_support,
    _support.quantiles_end_with_the_support,
    *DISCRETE_WITNESS_PROPERTIES,
)

#: Every property of a discrete distribution of vectors.
DISCRETE_VECTOR_PROPERTIES: tuple[Property, ...] = (
    *_DISCRETE,
    _support.count_vectors_are_where_probability_is,
    *DISCRETE_WITNESS_PROPERTIES,
)

#: Every property of a distribution of vectors.
VECTOR_PROPERTIES: tuple[Property, ...] = (
    *_REPARAMETERIZED,
    _products.second_products_agree,
    _support.vector_density_is_of_the_support,
    *WITNESS_PROPERTIES,
)


def properties(cls: type[Distribution]) -> tuple[Callable[[Any], None], ...]:
    """Return the properties that a distribution of that kind must have.

    Parameters
    ----------
    cls
        The distribution's class.

    Returns
    -------
    tuple of callable
        :data:`PROPERTIES`, :data:`DISCRETE_PROPERTIES`, :data:`VECTOR_PROPERTIES` or
        :data:`DISCRETE_VECTOR_PROPERTIES`; none for a class of no kind of these.

    Examples
    --------
    >>> import reparam as rp
    >>> for has_property in properties(rp.Poisson):
    ...     has_property(rp.Poisson)
    """
    if issubclass(cls, DiscreteVectors):
        return DISCRETE_VECTOR_PROPERTIES
    if issubclass(cls, Discrete):
        return DISCRETE_PROPERTIES
    if issubclass(cls, Reparameterized):
        return VECTOR_PROPERTIES if cls._support.rank else PROPERTIES
    return ()
