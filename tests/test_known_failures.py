"""What is known to be wrong: a fix makes the test fail, and its line here is to go.

All of it is next to the largest and the smallest numbers there are.
"""

import numpy as np
import pytest

import reparam as rp

CLAIMS = {
    "gamma cdf: products of the shape overflow": [
        lambda: rp.Gamma(1e307).cdf(1e307),
        lambda: rp.Gamma(1.7e308).cdf(1.7e308),
    ],
    "beta quantile: the sum of the shapes overflows": [
        lambda: rp.Beta(1e308, 1e308).icdf(0.5),
    ],
    "half of the smallest number is 0, and no shape": [
        lambda: rp.ChiSquare(5e-324).icdf(0.5),
        lambda: rp.StudentT(5e-324).icdf(0.4),
        lambda: rp.F(5e-324, 5.5).icdf(0.5),
    ],
    "beta: pathwise derivative for shapes whose ratio overflows": [
        lambda: rp.Beta(1e-300, 1e60).pathwise(0.5)["alpha"],
        lambda: rp.F(1e-77, 1e300).pathwise(np.inf)["df1"],
    ],
}


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(claim, marks=pytest.mark.xfail(reason=reason), id=f"{reason} ({number})")
        for reason, claims in CLAIMS.items()
        for number, claim in enumerate(claims, start=1)
    ],
)
def test_known_failure(claim):
    assert not np.isnan(claim())
