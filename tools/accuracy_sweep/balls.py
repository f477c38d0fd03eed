"""Numbers with error bounds: FLINT's balls, at a precision that grows until it suffices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from flint import arb, ctx

#: Bits of precision to start with and to end with, and accurate bits that a reference has.
START, MOST, GOAL = 360, 6_000, 80
#: What is certainly below 10 to this, at a precision of at least 1,000 bits, is taken for 0.
NOTHING = -400.0


class NoReferenceError(ArithmeticError):
    """The reference is not to be had at any allowed precision."""


def accurate(formula: Callable[[], Any]) -> Any:
    """Return a formula's ball, evaluated at a precision that gives it GOAL accurate bits."""
    bits = START
    while bits <= MOST:
        ctx.prec = bits
        ball = formula()
        if isinstance(ball, float):
            return ball
        if ball.is_finite():
            if ball.rel_accuracy_bits() >= GOAL:
                return ball
            if bits > 1000 and (ball.is_zero() or log10(ball.abs_upper()) < NOTHING):
                return arb(0)
        bits = int(1.7 * bits)
    raise NoReferenceError


def log10(ball: Any) -> float:
    """Return the decimal logarithm of a ball's middle, of any size."""
    mantissa, exponent = ball.mid().man_exp()
    mantissa, exponent = abs(int(mantissa)), int(exponent)
    if abs(exponent) > 10**300:
        return math.inf if exponent > 0 else -math.inf
    return math.log10(mantissa) + exponent * math.log10(2.0) if mantissa else -math.inf


def derivative(function: Callable[..., Any], at: Sequence[Any], i: int) -> Any:
    """Return ∂f/∂θ_i by a central difference, with an error of 2^(−⅔ bits) relative to θ."""
    size = at[i].abs_upper() if at[i] != 0 else arb(1)
    step = size.mid() * arb(2) ** (-(ctx.prec // 3))
    values = [
        function(*(x + sign * step if j == i else x for j, x in enumerate(at))) for sign in (1, -1)
    ]
    return (values[0] - values[1]) / (2 * step)


def lower_gamma(a: Any, x: Any) -> Any:
    """P(a, x)."""
    return gamma_series(a, x) if by_series(a, x) else 1 - x.gamma_upper(a, 1)


def upper_gamma(a: Any, x: Any) -> Any:
    """Q(a, x)."""
    return 1 - gamma_series(a, x) if by_series(a, x) else x.gamma_upper(a, 1)


def by_series(a: Any, x: Any) -> bool:
    """Whether to sum P: FLINT's Q takes minutes in some lower tails of shapes from 1,000 to 1e6."""
    return bool(x.mid() < a.mid() / 2 or (x.mid() < a.mid() and a.mid() < 1e6))


def gamma_series(a: Any, x: Any) -> Any:
    """P(a, x) = x^a e^−x/Γ(a+1) Σ x^k/(a+1)_k, whose terms are positive, for x < a."""
    term = total = arb(1)
    top, small = a, arb(2) ** -(ctx.prec + 8)
    while True:
        for _ in range(16):
            top = top + 1
            term = term * (x / top)
            total = total + term
        ratio = x / (top + 1)
        rest = term * ratio / (1 - ratio)
        if rest < small:
            break
    total = total + arb(0, 1) * rest.abs_upper()
    return total * (a * x.log() - x - (a + 1).lgamma()).exp()


def lower_beta(a: Any, b: Any, x: Any, rest: Any) -> Any:
    """I_x(a, b), given 1 − x, too: below the mean directly, else from the other end.

    A small x, or 1 − x, must not be taken from 1.
    """
    below = x.mid() * b.mid() < rest.mid() * a.mid()
    if rest > 1e-30 and (below or x < 1e-30):
        return x.beta_lower(a, b, 1)
    return 1 - rest.beta_lower(b, a, 1)


def log_tail(own: Callable[..., Any], other: Callable[..., Any]) -> Callable[..., Any]:
    """Return the formula of the logarithm of a tail: from the other one where that is smaller."""

    def formula(*inputs: Any) -> Any:
        tail = own(*inputs)
        if tail.is_zero():
            return -math.inf
        return tail.log() if tail < 0.5 else (-other(*inputs)).log1p()

    return formula


def log_beta(a: Any, b: Any) -> Any:
    """ln B(a, b)."""
    return a.lgamma() + b.lgamma() - (a + b).lgamma()
