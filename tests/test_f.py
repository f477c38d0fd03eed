"""F: its derivatives in the degrees of freedom are differences, which nearly cancel for many."""

import numpy as np
import pytest
from mpmath import mp, mpf

import reparam as rp


def pathwise(y, df1, df2):
    """−F_θ/p by differentiating the cdf numerically, in many digits."""

    def cdf(a, b, at):
        return mp.betainc(a / 2, b / 2, 0, a * at / (a * at + b), regularized=True)

    with mp.workdps(60):
        y, df1, df2 = mpf(y), mpf(df1), mpf(df2)
        step = mpf(10) ** -20
        slopes = [
            (cdf(df1 + d1, df2 + d2, y + d3) - cdf(df1 - d1, df2 - d2, y - d3)) / (2 * step * unit)
            for d1, d2, d3, unit in (
                (step * df1, 0, 0, df1),
                (0, step * df2, 0, df2),
                (0, 0, step * y, y),
            )
        ]
        return [float(-slope / slopes[2]) for slope in slopes[:2]]


@pytest.mark.parametrize(("df1", "df2"), [(5.0, 7.0), (80.0, 3.0), (1e3, 2e3), (4e3, 50.0)])
@pytest.mark.parametrize("u", [0.01, 0.5, 0.9])
def test_derivatives_relative_to_y_over_df(df1, df2, u):
    d = rp.F(df1, df2)
    y = float(d.icdf(u))
    found = d.pathwise(y)
    for name, df, wanted in zip(("df1", "df2"), (df1, df2), pathwise(y, df1, df2), strict=True):
        assert abs(found[name] - wanted) <= 1e-13 * y / df
        np.testing.assert_allclose(found[name], wanted, rtol=1e-13 * max(df1, df2))
