"""Numbers judged by mpmath: an error of 1e-13, or 20 times what rounding the inputs forces."""

import math

import numpy as np
from mpmath import mp, mpf

BOUND, ALLOWANCE = mpf("1e-13"), 20
#: Relative errors are of at least the smallest normal number.
TINY = mpf(2) ** -1022


def slope(function, inputs, i):
    """Return ∂f/∂x_i by a central difference in many digits."""
    inputs = list(map(mpf, inputs))
    step = (abs(inputs[i]) or 1) * mpf(10) ** -(mp.dps // 3)
    below, above = (
        function(*inputs[:i], inputs[i] + sign * step, *inputs[i + 1 :]) for sign in (-1, 1)
    )
    return (above - below) / (2 * step)


def root(function, inputs, near):
    """Return where a function of y and inputs is 0, by Newton's method."""
    y = mpf(near)
    for _ in range(60):
        step = function(y, *inputs) / slope(function, (y, *inputs), 0)
        y -= step
        if abs(step) <= abs(y) * mpf(10) ** -(mp.dps // 2):
            break
    return y


def assert_exact(found, function, *inputs, digits=60, what=""):
    """Assert that a float is a function's value within the bound."""
    with mp.workdps(digits):
        exact = list(map(mpf, inputs))
        right = function(*exact)
        assert math.isfinite(found), f"{what} at {inputs}: {found} for {mp.nstr(right, 20)}"
        error, forced = abs(mpf(float(found)) - right), mpf(0)
        if error > BOUND * max(abs(right), TINY):
            for i, value in enumerate(inputs):
                half = mpf(math.ulp(value)) / 2
                forced += max(
                    abs(function(*exact[:i], exact[i] + sign * half, *exact[i + 1 :]) - right)
                    for sign in (-1, 1)
                )
        bound = max(BOUND * max(abs(right), TINY), ALLOWANCE * forced)
        assert error <= bound, (
            f"{what} at {inputs}: {float(found)!r} for {mp.nstr(right, 20)},"
            f" off by {mp.nstr(error / bound, 3)} times what is allowed"
        )


def close(found, exact, rtol=1e-15):
    """Assert that numbers are those of mpmath, relatively."""
    with mp.workdps(60):
        for one, number in zip(np.atleast_1d(found), exact, strict=True):
            assert abs(mpf(float(one)) / number - 1) < rtol, (float(one), number)
