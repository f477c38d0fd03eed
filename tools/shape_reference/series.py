"""Route B: differentiated power series in FLINT's ball arithmetic.

Each series is summed to a rigorous bound of what is left out, and the precision raised until every
ball that is returned has a relative radius below 2^−145. Student's t goes through the beta
distribution and the chain rule, in which leading digits cancel: precision takes care of that.

Every function returns a dictionary of balls: ``D`` (∂λ/∂θ for each parameter), ``F`` (∂F/∂θ),
``cdf`` and ``sf``; for t, ``sf`` is that of |t| and ``centre`` is F(|t|) − ½.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from conversions import NoReferenceError
from flint import arb, ctx

#: Bits demanded of every result.
GOAL = 145
MOST_TERMS = 20_000_000
#: Terms between two looks at what is left.
STRIDE = 16

Balls = dict[str, Any]


class Point:
    """x, 1 − x and their logarithms as balls, from a double or a ball."""

    def __init__(self, side: str, value: Any) -> None:
        v = arb(value)
        if side == "logit":
            self.x, self.rest = 1 / (1 + (-v).exp()), 1 / (1 + v.exp())
            self.log_x, self.log_rest = -((-v).exp().log1p()), -(v.exp().log1p())
            return
        near, log_near = (v.exp(), v) if side.startswith("ln") else (v, v.log())
        far = -v.expm1() if side.startswith("ln") else 1 - v
        both = (near, log_near), (far, (-near).log1p())
        (self.x, self.log_x), (self.rest, self.log_rest) = both[::-1] if side[-1] == "c" else both


def log2(v: Any) -> float:
    """Return log₂ of a positive ball's middle, whatever its size."""
    mantissa, exponent = v.mid().man_exp()
    return math.log2(int(mantissa)) + int(exponent) if mantissa else -math.inf


def at_most(v: Any) -> Any:
    """Return a ball around zero that holds everything no larger than v."""
    return arb(0, 1) * v.abs_upper()


def certain(once: Callable[[int], Balls], bits: int) -> Balls:
    """Raise the precision until every ball has GOAL accurate bits."""
    for _ in range(12):
        balls = once(bits)
        worst = min(v.rel_accuracy_bits() for k in balls for v in as_list(balls[k]))
        if worst >= GOAL:
            return balls
        # a ball around zero doesn't say how far off it is
        bits = bits + GOAL - worst + 24 if worst > 16 else 2 * bits
    raise NoReferenceError("precision not reached")


def as_list(value: Any) -> list[Any]:
    """Return a list of one or more."""
    return value if isinstance(value, list) else [value]


# Gamma ----------------------------------------------------------------------------------------


def gamma_sums(a: Any, x: Any, bits: int) -> tuple[Any, Any]:
    """Return Σ t_k and Σ t_k H_k with t_k = x^k/(a)_{k+1}, H_k = Σ_{j≤k} 1/(a+j).

    After term k, with r = x/(a+k+1) < 1: t_{k+m} ≤ t_k r^m and H_{k+m} ≤ H_k + m/(a+k+1).
    """
    term = harmonic = 1 / a
    total, weighted, top = term, term * harmonic, a
    for _ in range(0, MOST_TERMS, STRIDE):
        for _ in range(STRIDE):
            top = top + 1
            term = term * (x / top)
            harmonic = harmonic + 1 / top
            total = total + term
            weighted = weighted + term * harmonic
        ratio = x / (top + 1)
        if ratio < 1:
            left = ratio / (1 - ratio)
            if log2(term * left) < log2(total) - bits:
                rest = left / (1 - ratio) / (top + 1)
                return (
                    total + at_most(term * left),
                    weighted + at_most(term * (harmonic * left + rest)),
                )
    raise NoReferenceError("too many terms")


def gamma_once(alpha: float, side: str, value: Any, bits: int) -> Balls:
    """P = x^a e^−x/Γ(a) Σ t_k, and −P_a = x^a e^−x/Γ(a) Σ t_k (ψ(a) − ln x + H_k)."""
    ctx.prec = bits
    a, point = arb(alpha), Point(side, value)
    total, weighted = gamma_sums(a, point.x, bits)
    density = (a * point.log_x - point.x - a.lgamma()).exp()
    slope = (a.digamma() - point.log_x) * total + weighted
    cdf = density * total
    return {"D": [slope], "F": [-density * slope], "cdf": cdf, "sf": 1 - cdf}


def gamma(alpha: float, side: str, value: float) -> Balls:
    """Both tails and the derivative, certain."""
    start = 256 + int(abs(math.log2(alpha)))
    return certain(lambda bits: gamma_once(alpha, side, value, bits), start)


# Beta -----------------------------------------------------------------------------------------


def beta_sums(a: Any, b: Any, x: Any, bits: int) -> tuple[Any, Any, Any]:
    """Return Σ c_k, Σ c_k (K_k − J_k) and Σ c_k K_k, c_k = x^k (a+b)_k/(a+1)_k.

    K_k = Σ_{j<k} 1/(a+b+j), J_k = Σ_{j<k} 1/(a+1+j). The ratio x (a+b+j)/(a+1+j) tends to x
    monotonically, so that from term k on it is at most r = max(x, its value at k); K − J and K
    grow by at most 1/min(a+b+k, a+1+k) a step.
    """
    upper, lower = a + b, a + 1
    term = total = arb(1)
    rising = difference = in_first = in_second = arb(0)
    for _ in range(0, MOST_TERMS, STRIDE):
        for _ in range(STRIDE):
            one, other = 1 / upper, 1 / lower
            term = term * (x * upper * other)
            rising = rising + one
            difference = difference + (one - other)
            total = total + term
            in_first = in_first + term * difference
            in_second = in_second + term * rising
            upper, lower = upper + 1, lower + 1
        ratio = (x * upper / lower).max(x)
        if ratio < 1:
            left = ratio / (1 - ratio)
            if log2(term * left) < log2(total) - bits:
                grown = left / (1 - ratio) / upper.min(lower)
                return (
                    total + at_most(term * left),
                    in_first + at_most(term * (abs(difference) * left + grown)),
                    in_second + at_most(term * (rising * left + grown)),
                )
    raise NoReferenceError("too many terms")


def beta_once(alpha: Any, beta_: float, side: str, value: Any, bits: int, mirrored: bool) -> Balls:
    """I_x = Q Σ c_k with Q = x^a (1−x)^b/(a B(a, b)), differentiated term by term.

    ∂I/∂a = Q ((ln x − ψ(a+1) + ψ(a+b)) Σ c_k + Σ c_k (K_k − J_k)),
    ∂I/∂b = Q ((ln(1−x) − ψ(b) + ψ(a+b)) Σ c_k + Σ c_k K_k); `mirrored` sums from the other end.
    """
    ctx.prec = bits
    a, b, point = arb(alpha), arb(beta_), Point(side, value)
    total = a + b
    density = (
        a * point.log_x + b * point.log_rest - a.lgamma() - b.lgamma() + total.lgamma()
    ).exp()
    x, log_x, log_rest = point.x, point.log_x, point.log_rest
    if mirrored:
        a, b, x, log_x, log_rest = b, a, point.rest, log_rest, log_x
    mass, in_first, in_second = beta_sums(a, b, x, bits)
    near, both = density * mass / a, total.digamma()
    own = -((log_x - (a + 1).digamma() + both) * mass + in_first) / a
    other = -((log_rest - b.digamma() + both) * mass + in_second) / a
    slopes = [-other, -own] if mirrored else [own, other]
    far = 1 - near
    return {
        "D": slopes,
        "F": [-density * slope for slope in slopes],
        "cdf": far if mirrored else near,
        "sf": near if mirrored else far,
    }


def beta_terms(a: float, b: float, x: float, bits: float) -> float:
    """Return roughly how many terms of the series `bits` bits take."""
    log_x = math.log(x) if x > 0.0 else -1e9
    base = math.lgamma(a + 1) - math.lgamma(a + b)

    def log_term(k: float) -> float:
        return base + math.lgamma(a + b + k) - math.lgamma(a + 1 + k) + k * log_x

    largest = (x * (a + b) - (a + 1)) / (1 - x) if x < 1.0 else math.inf
    if not largest < 1e9:
        return 1e9
    largest = max(largest, 0.0)
    goal, count = log_term(largest) - bits * math.log(2), 16.0
    while log_term(largest + count) > goal and count < 1e9:
        count *= 1.2
    return largest + count


def cheaper_end(alpha: float, beta_: float, logit: float) -> tuple[bool, int]:
    """Return whether to sum from the upper end, and how many bits that loses.

    Summing one tail loses as many bits as the other tail is small.
    """
    from scipy.special import betainc, betaincc

    small = math.exp(-abs(logit))
    x, rest = 1 / (1 + small), small / (1 + small)
    if logit < 0:
        x, rest = rest, x
        cdf, sf = betainc(alpha, beta_, x), betaincc(alpha, beta_, x)
    else:
        cdf, sf = betaincc(beta_, alpha, rest), betainc(beta_, alpha, rest)
    ends = []
    for mirrored, (a, b, y, other_tail) in enumerate(
        ((alpha, beta_, x, sf), (beta_, alpha, rest, cdf))
    ):
        lost = max(0.0, -math.log2(other_tail)) if other_tail > 0.0 else 1100.0
        bits = 240 + lost
        ends.append((beta_terms(a, b, y, bits) * bits, bool(mirrored), int(lost)))
    return min(ends)[1:]


def logit_of(side: str, value: float) -> float:
    """Return logit x as a double."""
    logit = value if side.startswith("ln") else math.log(value) - math.log1p(-value)
    return -logit if side.endswith("c") else logit


def beta(alpha: float, beta_: float, side: str, value: float) -> Balls:
    """Both tails and derivatives, certain."""
    mirrored, lost = cheaper_end(alpha, beta_, logit_of(side, value))
    return certain(
        lambda bits: beta_once(alpha, beta_, side, value, bits, mirrored),
        256 + lost + int(math.log2(alpha + beta_ + 2)),
    )


# Student's t ----------------------------------------------------------------------------------


def student_t(df: float, side: str, value: float) -> Balls:
    """y = ν/(ν + t²) ~ Beta(ν/2, ½), ln t² = ln ν − logit y: D = 1/2ν − ¼ ∂logit y/∂α."""
    size = abs(value)
    mirrored, lost = cheaper_end(df / 2, 0.5, math.log(df) - 2 * math.log(size))

    def once(bits: int) -> Balls:
        ctx.prec = bits
        nu, t = arb(df), arb(size)
        ratio = t * t / nu
        through = beta_once(nu / 2, 0.5, "logit", -ratio.log(), bits, mirrored)
        slope = 1 / (2 * nu) - through["D"][0] / 4
        half = nu / 2
        log_norm = (half + 0.5).lgamma() - half.lgamma() - (nu * arb.pi()).log() / 2
        density = t * (log_norm - (half + 0.5) * ratio.log1p()).exp()
        return {
            "D": [slope],
            "F": [-density * slope if value > 0.0 else density * slope],
            "sf": through["cdf"] / 2,
            "centre": through["sf"] / 2,
        }

    return certain(once, 256 + lost + int(3 * abs(math.log2(df))))
