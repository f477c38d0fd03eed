"""Every distribution in the registry has every property of the public conformance suite."""

import pytest

import reparam as rp
from reparam import testing

#: Each distribution, and what it is in parameters that stand for its own.
FORMS = [form for cls in map(rp.get, rp.names()) for form in (cls, *cls._forms.values())]
CASES = [(cls, prop) for cls in FORMS for prop in testing.properties(cls)]


@pytest.mark.parametrize(
    ("cls", "prop"),
    [
        pytest.param(cls, prop, id="-".join([cls.name, *cls._choice, prop.__name__]))
        for cls, prop in CASES
    ],
)
def test_property(cls, prop):
    prop(cls)


@pytest.mark.parametrize("name", rp.names())
def test_every_kind_of_distribution_has_properties(name):
    assert testing.properties(rp.get(name))
