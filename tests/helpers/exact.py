"""Comparison with numbers of high precision."""

import numpy as np
from mpmath import mp, mpf


def close(found, exact, rtol=1e-15):
    """Assert that numbers are those of mpmath, relatively."""
    with mp.workdps(60):
        for one, number in zip(np.atleast_1d(found), exact, strict=True):
            assert abs(mpf(float(one)) / number - 1) < rtol, (float(one), number)
