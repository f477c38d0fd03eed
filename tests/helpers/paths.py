"""Derivatives on the quantile path by a route that shares no code with the library."""

import mpmath


def slope_in_alpha(name, *numbers):
    """Return ∂y/∂α = −F_α/p of gamma and beta draws y, by differences of the smaller tail."""
    with mpmath.workdps(50):
        y, a, b = map(mpmath.mpf, numbers)
        if name == "gamma":
            is_low, x = b * y < a, b * y
            density = x ** (a - 1) * mpmath.exp(-x) / mpmath.gamma(a) * b
        else:
            is_low = y < a / (a + b)
            density = y ** (a - 1) * (1 - y) ** (b - 1) / mpmath.beta(a, b)

        def tail(a):
            match name, is_low:
                case "gamma", True:
                    return mpmath.gammainc(a, 0, x, regularized=True)
                case "gamma", False:
                    return -mpmath.gammainc(a, x, mpmath.inf, regularized=True)
                case _, True:
                    return mpmath.betainc(a, b, 0, y, regularized=True)
            return -mpmath.betainc(b, a, 0, 1 - y, regularized=True)

        step = a * mpmath.mpf(10) ** -12
        near, far = (tail(a + k * step) - tail(a - k * step) for k in (1, 2))
        return -(8 * near - far) / (12 * step) / density
