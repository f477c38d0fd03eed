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
from reparam.testing._declaration import (
    declares_itself,
    is_frozen,
    refuses_bad_noise,
    refuses_bad_parameters,
)
from reparam.testing._discrete import (
    count_vectors_are_where_probability_is,
    probability_is_on_integers_of_the_support,
    quantiles_end_with_the_support,
    refuses_to_be_reparameterized,
    values_are_of_their_own_parameters,
)
from reparam.testing._draws import (
    derivatives_agree,
    draws_hold_still,
    draws_repeat,
    draws_replay,
    elements_are_independent,
)
from reparam.testing._formulas import lies_in_support
from reparam.testing._report import Distributions
from reparam.testing._typical import typical
from reparam.testing._vectors import (
    vector_density_is_of_the_support,
    vector_products_agree,
    vector_second_products_agree,
)
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

#: Every property of a distribution with a reparameterization: a function of its class that raises
#: ``AssertionError``.
PROPERTIES: tuple[Callable[[Distributions], None], ...] = (
    declares_itself,
    refuses_bad_parameters,
    refuses_bad_noise,
    is_frozen,
    draws_hold_still,
    draws_repeat,
    draws_replay,
    lies_in_support,
    derivatives_agree,
    elements_are_independent,
    *WITNESS_PROPERTIES,
)

#: Every property of a discrete distribution.
DISCRETE_PROPERTIES: tuple[Callable[[type[Discrete]], None], ...] = (
    declares_itself,
    refuses_bad_parameters,
    is_frozen,
    refuses_to_be_reparameterized,
    draws_repeat,
    values_are_of_their_own_parameters,
    probability_is_on_integers_of_the_support,
    quantiles_end_with_the_support,
    elements_are_independent,
    *DISCRETE_WITNESS_PROPERTIES,
)

#: Every property of a discrete distribution of vectors.
DISCRETE_VECTOR_PROPERTIES: tuple[Callable[[type[Any]], None], ...] = (
    declares_itself,
    refuses_bad_parameters,
    is_frozen,
    refuses_to_be_reparameterized,
    draws_repeat,
    elements_are_independent,
    count_vectors_are_where_probability_is,
    *DISCRETE_WITNESS_PROPERTIES,
)

#: Every property of a distribution of vectors.
VECTOR_PROPERTIES: tuple[Callable[[type[Reparameterized]], None], ...] = (
    declares_itself,
    refuses_bad_parameters,
    refuses_bad_noise,
    is_frozen,
    draws_repeat,
    draws_replay,
    vector_density_is_of_the_support,
    vector_products_agree,
    vector_second_products_agree,
    elements_are_independent,
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
