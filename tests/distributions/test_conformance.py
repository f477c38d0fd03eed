"""Every distribution in the registry has every property of the public conformance suite."""

import pytest

import reparam as rp
from reparam import testing

#: Each distribution, and what it is in parameters that stand for its own.
FIRST = [rp.get(name) for name in rp.names()]
FORMS = [form for cls in FIRST for form in (cls, *cls._forms.values())]
#: Forms have the same draws; other properties look at the chain rule between them.
STATISTICAL = {"passes_expectation", "passes_distribution", "vector_gradients_are_unbiased"}


def case(cls, prop):
    """Return a test of a form, long if another form stands for it, or it is slow to verify."""
    stands = cls in FIRST or prop.__name__ not in STATISTICAL
    slow = cls._is_slow and prop in testing.WITNESS_PROPERTIES
    name = "-".join([cls.name, *cls._choice, prop.__name__])
    return pytest.param(cls, prop, id=name, marks=pytest.mark.long if slow or not stands else ())


@pytest.mark.parametrize(
    ("cls", "prop"), [case(cls, prop) for cls in FORMS for prop in testing.properties(cls)]
)
def test_property(cls, prop):
    prop(cls)


def test_every_kind_of_distribution_has_properties():
    assert all(map(testing.properties, FORMS))
