"""What is known to be wrong: a fix makes the test fail, and the test is then to go."""

import pytest

import reparam as rp


@pytest.mark.xfail(reason="products of the shape overflow in the gamma kernels")
@pytest.mark.parametrize("alpha", [1e307, 1.7e308])
def test_cdf_of_a_gamma_whose_shape_is_next_to_the_largest_number(alpha):
    assert 0.0 <= rp.Gamma(alpha).cdf(alpha) <= 1.0
