"""Every distribution in the registry has every property of the public conformance suite."""

import pytest

import reparam as rp
from reparam import testing

CASES = [(rp.get(name), prop) for name in rp.names() for prop in testing.properties(rp.get(name))]


@pytest.mark.parametrize(
    ("cls", "prop"),
    [pytest.param(*case, id=f"{case[0].name}-{case[1].__name__}") for case in CASES],
)
def test_property(cls, prop):
    prop(cls)


@pytest.mark.parametrize("name", rp.names())
def test_every_kind_of_distribution_has_properties(name):
    assert testing.properties(rp.get(name))
