"""Gradients of some draws of many: those of all, computed at these alone."""

import numpy as np
import pytest

import reparam as rp
from reparam.base.draw import Draw
from reparam.verification.targets.registered import Registered

THETA = {"alpha": 2.5, "beta": 0.7}


@pytest.mark.parametrize("way", Registered._WAYS)
def test_gradients_at_some_draws_are_theirs_and_no_others_are_computed(way, monkeypatch):
    sizes, jacobian = [], Draw.jacobian

    def counted(draw, of="value"):
        sizes.append(draw.value.size)
        return jacobian(draw, of)

    monkeypatch.setattr(Draw, "jacobian", counted)
    sample = Registered(rp.Beta, "beta").draws(THETA, 70_000, 1, way)
    places = np.array([3, 5, 40_000, 69_999])
    some = sample.at(places)
    np.testing.assert_array_equal(some.value, sample.value[places])
    few = {name: np.array(each) for name, each in some.gradients.items()}
    assert sizes == [4]
    for name, gradient in sample.gradients.items():
        np.testing.assert_array_equal(few[name], gradient[places])
    assert sizes == [4, 70_000]
    again = sample.at(places[:2])
    np.testing.assert_array_equal(again.gradients["alpha"], few["alpha"][:2])
    assert sizes == [4, 70_000]
