"""Roots of functions that grow, wherever they are."""

import numpy as np
import pytest

from reparam.base.numerical import roots

#: Roots next to 0, next to the last number, and all between.
AWAY = np.concatenate([10.0 ** np.linspace(-320, 308, 158), [5e-324, 1.0, 1.5, 2.0**-1074 * 3]])
ENDS = {
    "line": (-np.inf, np.inf, np.concatenate([-AWAY, [0.0], AWAY])),
    "above 0": (0.0, np.inf, AWAY),
    "below 0": (-np.inf, 0.0, -AWAY),
    "above 3": (3.0, np.inf, 3.0 + AWAY[AWAY > 1e-14]),
    "below 3": (-np.inf, 3.0, 3.0 - AWAY[AWAY > 1e-14]),
    "unit interval": (0.0, 1.0, np.append(AWAY[AWAY < 1.0], 1.0 - 2.0 ** -np.arange(1.0, 54.0))),
    "finite interval": (-2.0, 1e6, np.linspace(-1.9, 1e6 - 1.0, 101)),
}


@pytest.mark.parametrize("case", ENDS)
@pytest.mark.parametrize("shape", [np.sign, np.arctan, lambda x: np.sign(x) * np.log1p(np.abs(x))])
def test_every_root_is_found_to_the_last_place_by_itself(case, shape):
    low, high, wanted = ENDS[case]
    evaluations = np.zeros(wanted.size, int)

    def excess(y, row):
        assert np.all((low <= y) & (y <= high))
        np.add.at(evaluations, row, 1)
        return shape(y / np.maximum(np.abs(wanted[row]), 5e-324) - np.sign(wanted[row]))

    ends = np.full(wanted.shape, low), np.full(wanted.shape, high)
    found = roots.within(excess, *ends)
    np.testing.assert_allclose(found, wanted, rtol=5e-16, atol=5e-324)
    assert evaluations.max() < 130  # and most of them need few, if the function is smooth
    assert shape is np.sign or np.median(evaluations) < 32
    some = np.arange(0, wanted.size, 3)
    few = roots.within(lambda y, row: excess(y, some[row]), *(end[some] for end in ends))
    np.testing.assert_array_equal(few, found[some])


def test_jumps_are_at_the_number_after_them():
    jump = np.array([0.3, -7.0, 1e-300, 1e300])
    ends = np.full(4, -np.inf), np.full(4, np.inf)
    found = roots.within(lambda y, row: np.where(y < jump[row], -np.inf, 1.0), *ends)
    np.testing.assert_array_equal(found, jump)


def test_what_is_beyond_all_numbers_is_the_end_and_nan_is_nan():
    ends = np.zeros(2), np.full(2, np.inf)
    found = roots.within(lambda y, row: np.where(row == 0, -1.0, np.nan), *ends)
    np.testing.assert_array_equal(found, [np.inf, np.nan])
