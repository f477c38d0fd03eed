"""Every distribution in the registry has every property of the public conformance suite."""

import pytest

import reparam as rp
from reparam import testing


@pytest.mark.parametrize("prop", testing.PROPERTIES, ids=lambda prop: prop.__name__)
@pytest.mark.parametrize("name", rp.names())
def test_property(name, prop):
    prop(rp.get(name))
