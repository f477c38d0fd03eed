"""Quantiles in any precision: of gamma and beta, and of the laws that follow from these.

A quantile is found by Newton's method on the logarithm of the smaller tail, as a series of positive
terms. Further laws are in modules beside this one, whose names begin with ``quantiles_``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mpmath import mp, mpf

#: How many more decimal digits there are where nothing is iterated, so that 1 − u and
#: loc + scale · z lose none.
MARGIN = 600

#: Remembers solutions: differences start from the quantile that they are taken around.
Near = dict[str, Any]


@dataclass(frozen=True)
class Quantile:
    """A law as a function of its noise.

    Attributes
    ----------
    function
        Called as ``function(near, noise, *parameters)``; of vectors, with all noises, and it
        returns all entries.
    kinds
        What each parameter is: a key of ``EXTREMES``, ``"loc"``, ``"low"``, ``"high"``; or
        the default of a parameter without derivatives, the only value that is tabulated.
    noise
        ``"uniform"``, ``"normal"``, or ``"coarse"``: uniform, in units of 2⁻⁵³ above 2⁻⁵³, if 1 − u
        is a derivative, so that it is not half an ulp off.
    length
        How many numbers a vector is made of; 0 if draws are numbers.
    entries
        How many entries it has, if not as many.
    also_blurred
        The names of parameters x in whose derivative a term y/x cancels, which rounds, too.
    made
        Makes a row's parameters of numbers of their kinds, if parameters depend on each other.
    """

    function: Callable[..., Any]
    kinds: Mapping[str, str | float]
    noise: str = "uniform"
    length: int = 0
    entries: int = 0
    also_blurred: tuple[str, ...] = ()
    made: Callable[..., tuple[float, ...]] = lambda *theta: theta


# Quantiles of the standard gamma and beta distributions -----------------------------------------


def newton(
    tail: Callable[[Any], tuple[Any, Any]],
    target: Any,
    start: Any,
    sign: int = 1,
    most: Any = math.inf,
) -> Any:
    """Return where a tail has the target probability: before `most`, rising there if `sign` is 1.

    `tail` returns the probability and its ratio to the density. The logarithm of a tail of ln x or
    logit x is concave, since the density is log-concave: the method converges from any start.
    """
    at, before, log_target = start, start, mp.log(target)
    lost = int(max(0, -log_target / math.log(10))) + 10
    for digits in (30, 60, mp.dps - MARGIN):
        with mp.workdps(digits + lost):
            step = mp.inf
            # the next step would be about the square of this one
            while abs(step) > mpf(10) ** (-digits // 2 - 5) * max(1, abs(at)):
                probability, ratio = tail(at)
                if probability < mpf(10) ** -lost:  # too far out, and no digit of it is right
                    at = (at + before) / 2
                    continue
                step = sign * (log_target - mp.log(probability)) * ratio
                before = at
                at = min(at + step, most)
    return at


def fixed(*values: Any) -> tuple[int, ...]:
    """Return numbers as integers, in units of 2⁻ᵖ for a p that makes series accurate."""
    shift = mp.prec + 40
    return tuple(int(mp.ldexp(value, shift)) for value in (1, *values))


def log_gamma_quantile(alpha: Any, u: Any, complement: Any, start: Any = None) -> Any:
    """Return ln x, P(α, x) = u: P = x^α e^−x/(α Γ(α)) Σ x^k/(α+1)_k."""
    upper = u > complement

    def tail(log_x: Any) -> tuple[Any, Any]:
        x = mp.exp(log_x)
        density = mp.exp(alpha * log_x - x - mp.loggamma(alpha))
        one, factor, below = fixed(x, alpha)
        term = total = one
        while term:
            below += one
            term = term * factor // below
            total += term
        ratio = mpf(total) / one / alpha
        if not upper:
            return density * ratio, ratio
        rest = 1 - density * ratio
        return rest, rest / density

    if start is None:
        start = mp.log(alpha)
        if alpha < 1:
            start = (mp.log(u) + mp.loggamma(alpha + 1)) / alpha
    if not upper:
        return newton(tail, u, start)
    # P(X > α + √(2αt) + t) ≤ e^−t (Boucheron, Lugosi & Massart 2013, section 2.4)
    t = -mp.log(complement)
    return newton(tail, complement, start, -1, mp.log(alpha + mp.sqrt(2 * alpha * t) + t))


def logit_quantile(alpha: Any, beta: Any, u: Any, complement: Any, start: Any = None) -> Any:
    """Return logit x, I_x(α, β) = u: I = x^α (1−x)^β/(α B(α, β)) Σ x^k (α+β)_k/(α+1)_k.

    The series is summed from the end that takes fewer terms.
    """
    if u > complement:
        return -logit_quantile(beta, alpha, complement, u, None if start is None else -start)
    log_beta = mp.loggamma(alpha) + mp.loggamma(beta) - mp.loggamma(alpha + beta)

    def mass(a: Any, b: Any, x: Any) -> Any:
        one, factor, above, below = fixed(x, a + b, a)
        term = total = one
        while term:
            below += one
            term = term * factor // one * above // below
            above += one
            total += term
        return mpf(total) / one / a

    def tail(logit: Any) -> tuple[Any, Any]:
        x, rest = 1 / (1 + mp.exp(-logit)), 1 / (1 + mp.exp(logit))
        log_x, log_rest = -mp.log1p(mp.exp(-logit)), -mp.log1p(mp.exp(logit))
        density = mp.exp(alpha * log_x + beta * log_rest - log_beta)
        if terms(alpha, beta, x) <= terms(beta, alpha, rest):
            ratio = mass(alpha, beta, x)
            return density * ratio, ratio
        probability = 1 - density * mass(beta, alpha, rest)
        return probability, probability / density

    if start is None:
        start = mp.log(alpha / beta)
        if alpha < 1:
            start = min(start, (mp.log(u) + mp.log(alpha) + log_beta) / alpha)
    return newton(tail, u, start)


def terms(alpha: Any, beta: Any, x: Any) -> float:
    """Return roughly how many terms the series takes."""
    a, b, x = float(alpha), float(beta), float(x)
    if x >= 1.0:
        return math.inf
    log_x = math.log(x) if x > 0.0 else -1e4

    def log_term(k: float) -> float:
        rising = math.lgamma(a + b + k) - math.lgamma(a + b)
        return rising - math.lgamma(a + 1 + k) + math.lgamma(a + 1) + k * log_x

    largest = max(0.0, (x * (a + b) - (a + 1)) / (1 - x))
    goal, count = log_term(largest) - mp.dps * math.log(10), 16.0
    while log_term(largest + count) > goal and count < 1e12:
        count *= 1.5
    return largest + count


# Distributions: the quantile, of the noise and the parameters -----------------------------------


def gamma_of(near: Near, alpha: Any, u: Any, v: Any) -> Any:
    near["log"] = log_gamma_quantile(alpha, u, v, near.get("log"))
    return mp.exp(near["log"])


def logit_of(near: Near, alpha: Any, beta: Any, u: Any, v: Any) -> Any:
    near["logit"] = logit_quantile(alpha, beta, u, v, near.get("logit"))
    return near["logit"]


def gaussian(near: Near, z: Any, loc: Any, scale: Any) -> Any:
    return loc + scale * z


def laplace(near: Near, u: Any, loc: Any, scale: Any) -> Any:
    return loc + scale * (mp.log(2 * u) if 2 * u < 1 else -mp.log(2 * (1 - u)))


def logistic(near: Near, u: Any, loc: Any, scale: Any) -> Any:
    return loc + scale * mp.log(u / (1 - u))


def relaxed_bernoulli(near: Near, u: Any, temperature: Any, logits: Any) -> Any:
    return 1 / (1 + mp.exp(-(logits + mp.log(u / (1 - u))) / temperature))


def exponential(near: Near, u: Any, rate: Any) -> Any:
    return -mp.log(1 - u) / rate


def uniform(near: Near, u: Any, low: Any, high: Any) -> Any:
    return (1 - u) * low + u * high


def gamma(near: Near, u: Any, alpha: Any, rate: Any) -> Any:
    return gamma_of(near, alpha, u, 1 - u) / rate


def inverse_gamma(near: Near, u: Any, alpha: Any, scale: Any) -> Any:
    return scale / gamma_of(near, alpha, 1 - u, u)


def chi_square(near: Near, u: Any, df: Any) -> Any:
    return 2 * gamma_of(near, df / 2, u, 1 - u)


def chi(near: Near, u: Any, df: Any) -> Any:
    return mp.sqrt(chi_square(near, u, df))


def beta(near: Near, u: Any, alpha: Any, beta_: Any) -> Any:
    return 1 / (1 + mp.exp(-logit_of(near, alpha, beta_, u, 1 - u)))


def beta_prime(near: Near, u: Any, alpha: Any, beta_: Any) -> Any:
    return mp.exp(logit_of(near, alpha, beta_, u, 1 - u))


def f(near: Near, u: Any, df1: Any, df2: Any) -> Any:
    return df2 / df1 * mp.exp(logit_of(near, df1 / 2, df2 / 2, u, 1 - u))


def student_t(near: Near, u: Any, df: Any, loc: Any, scale: Any) -> Any:
    """ν/(ν + t²) ~ Beta(ν/2, ½), of which both tails of t are the lower one."""
    tails = 2 * min(u, 1 - u)
    if tails == 1:
        return loc
    size = mp.sqrt(df) * mp.exp(-logit_of(near, df / 2, mpf(1) / 2, tails, 1 - tails) / 2)
    return loc + scale * (size if 2 * u > 1 else -size)


def concrete(near: Near, u: Any, v: Any, w: Any, temperature: Any, *logits: Any) -> list[Any]:
    gumbel = [-mp.log(-mp.log(noise)) for noise in (u, v, w)]
    x = [(logit + g) / temperature for logit, g in zip(logits, gumbel, strict=True)]
    return [1 / sum(mp.exp(other - own) for other in x) for own in x]


DISTRIBUTIONS = {
    "beta": Quantile(beta, {"alpha": "shape", "beta": "shape"}),
    "beta-prime": Quantile(beta_prime, {"alpha": "shape", "beta": "shape"}),
    "chi": Quantile(chi, {"df": "shape"}),
    "chi-square": Quantile(chi_square, {"df": "shape"}),
    "concrete": Quantile(
        concrete,
        {"temperature": "scale", "logits[0]": "loc", "logits[1]": "loc", "logits[2]": "loc"},
        length=3,
    ),
    "exponential": Quantile(exponential, {"rate": "scale"}),
    "f": Quantile(f, {"df1": "shape", "df2": "shape"}, also_blurred=("df1", "df2")),
    "gamma": Quantile(gamma, {"alpha": "shape", "rate": "scale"}),
    "gaussian": Quantile(gaussian, {"loc": "loc", "scale": "scale"}, noise="normal"),
    "inverse-gamma": Quantile(inverse_gamma, {"alpha": "shape", "scale": "scale"}),
    "laplace": Quantile(laplace, {"loc": "loc", "scale": "scale"}),
    "logistic": Quantile(logistic, {"loc": "loc", "scale": "scale"}),
    "relaxed-bernoulli": Quantile(relaxed_bernoulli, {"temperature": "scale", "logits": "loc"}),
    "student-t": Quantile(student_t, {"df": "df", "loc": "loc", "scale": "scale"}),
    "uniform": Quantile(uniform, {"low": "low", "high": "high"}, noise="coarse"),
}
