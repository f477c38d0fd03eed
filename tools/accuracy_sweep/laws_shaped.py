"""Laws with shapes that are maps of simpler ones, in FLINT's balls: see ``laws.py``."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from balls import log_beta, lower_beta, lower_gamma, upper_gamma
from flint import acb, arb, ctx
from laws import (
    INF,
    Formula,
    Law,
    Parameters,
    gamma_law,
    half_log_two_pi,
    log_two,
    normal_tails,
    student_log_density,
    student_moments,
)
from laws_closed import euler, placed
from laws_elementary import Exceedance, exceedance


def shape_of(low: float, high: float) -> Callable[[np.random.Generator], float]:
    """A third are typical, others integers and halves, or up to powers of ten."""

    def drawn(rng: np.random.Generator) -> float:
        kinds = (
            10.0 ** rng.uniform(-0.5, 1),
            rng.integers(1, 16) / 2,
            10.0 ** rng.uniform(low, high),
        )
        return float(rng.choice(kinds))

    return drawn


def skew_of(rng: np.random.Generator) -> float:
    """Typical, 0, next to 0, or up to 30."""
    sizes = rng.uniform(0, 3), 0.0, 10.0 ** rng.uniform(-6, 0), 10.0 ** rng.uniform(0, 1.5)
    return float(rng.choice([-1, 1]) * rng.choice(sizes))


def place(rng: np.random.Generator) -> list[float]:
    loc = float(rng.choice([0.0, rng.normal() * 10.0 ** rng.uniform(-2, 2)]))
    return [loc, size(rng)]


def size(rng: np.random.Generator) -> float:
    return float(10.0 ** rng.uniform(-3, 3))


def case(*parts: Callable[[np.random.Generator], Any]) -> Parameters:
    """Parameters made of these, in order."""

    def drawn(rng: np.random.Generator) -> list[float]:
        made: list[float] = []
        for part in parts:
            found = part(rng)
            made += found if isinstance(found, list) else [found]
        return made

    return drawn


def shaped(
    lower: Formula, upper: Formula, log_density: Formula, moments: Formula, theta: Parameters,
    *, beyond: bool = True,
) -> Law:  # fmt: skip
    """y = loc + scale·z: tails and log density of z and its shapes, and its three moments."""

    def of_z(formula: Formula) -> Formula:
        return lambda y, *t: formula((y - t[-2]) / t[-1], *t[:-2])

    return Law(
        "real",
        of_z(lower),
        of_z(upper),
        lambda y, *t: log_density((y - t[-2]) / t[-1], *t[:-2]) - t[-1].log(),
        lambda *t: moments(*t[:-2])[2] + t[-1].log(),
        lambda *t: t[-2] + t[-1] * moments(*t[:-2])[0],
        lambda *t: t[-1] ** 2 * moments(*t[:-2])[1],
        theta,
        beyond,
    )


def trigamma(x: Any) -> Any:
    return arb(2).zeta(x)


def expected(function: Formula, edges: Callable[..., list[Any]]) -> Formula:
    """E[f(x, θ)] of standard normal x, by FLINT's own integrals, between edges and ±reach."""

    def formula(*theta: Any) -> Any:
        inside = sorted(float(edge.mid()) for edge in map(arb, edges(*theta)))
        reach = 40.0
        cuts = [-reach, *(edge for edge in inside if -reach < edge < reach), reach]

        def inner(x: Any, analytic: bool) -> Any:
            return function(x, analytic, *map(acb, theta)) * (-x * x / 2).exp()

        pieces = (
            acb.integral(inner, a, b, rel_tol=arb(2) ** -(ctx.prec // 3), abs_tol=arb(10) ** -60)
            for a, b in pairwise(cuts)
        )
        return sum(pieces, acb(0)).real / (2 * arb.pi()).sqrt()

    return formula


# Generalized extreme values -----------------------------------------


def extreme_time(y: Any, xi: Any, loc: Any, scale: Any) -> Any:
    """t = −ln(−ln F)."""
    z = (y - loc) / scale
    return (xi * z).log1p() / xi if xi != 0 else z


def extreme_inverse(u: Any, v: Any, xi: Any, loc: Any, scale: Any) -> Any:
    t = -((-(u.log() if u < 0.5 else (-v).log1p())).log())
    return loc + scale * ((xi * t).expm1() / xi if xi != 0 else t)


def extreme_mean(xi: Any) -> Any:
    return ((1 - xi).gamma() - 1) / xi if xi != 0 else euler()


def extreme_variance(xi: Any) -> Any:
    if xi == 0:
        return arb.pi() ** 2 / 6
    return ((1 - 2 * xi).gamma() - (1 - xi).gamma() ** 2) / xi**2


def extremes(rng: np.random.Generator) -> list[float]:
    xi, loc, scale = exceedance(rng)
    return [xi if abs(xi) < 5.0 else xi / 3.0, loc, scale]


# Johnson's and sinh-arcsinh -----------------------------------------


def johnson_x(z: Any, a: Any, b: Any) -> Any:
    return a + b * z.asinh()


johnson_bent = expected(
    lambda x, analytic, a, b: ((x - a) / b).cosh().log(analytic=analytic),
    lambda a, b: [a - 3 * b, a, a + 3 * b],
)


def johnson_moments(a: Any, b: Any) -> tuple[Any, Any, Any]:
    w = (1 / b**2).exp()
    mean = -w.sqrt() * (a / b).sinh()
    variance = (w - 1) * (w * (2 * a / b).cosh() + 1) / 2
    return mean, variance, half_log_two_pi() + arb(0.5) - b.log() + johnson_bent(a, b)


def pewsey_factor(tau: Any) -> Any:
    return 2 / (tau * arb(2).asinh()).sinh()


def pewsey_x(z: Any, eps: Any, tau: Any) -> Any:
    return ((z / pewsey_factor(tau)).asinh() / tau - eps).sinh()


def pewsey_log_density(z: Any, eps: Any, tau: Any) -> Any:
    x, c = pewsey_x(z, eps, tau), pewsey_factor(tau)
    slope = tau * (c * c + z * z).sqrt() / (1 + x * x).sqrt()
    return -x * x / 2 - half_log_two_pi() - slope.log()


def bessel_moment(q: Any) -> Any:
    """E[cosh(q arsinh x)] (Jones & Pewsey 2009, section 2.1)."""
    quarter = arb(1) / 4
    both = quarter.bessel_k((q + 1) / 2) + quarter.bessel_k((q - 1) / 2)
    return quarter.exp() / (8 * arb.pi()).sqrt() * both


pewsey_bent = expected(
    lambda x, analytic, eps, tau: (
        (tau * (x.asinh() + eps)).cosh().log(analytic=analytic)
        - (1 + x * x).log(analytic=analytic) / 2
    ),
    lambda eps, tau: [(k / tau - eps).sinh() for k in (-4, -1, 0, 1, 4)],
)


def pewsey_moments(eps: Any, tau: Any) -> tuple[Any, Any, Any]:
    c = pewsey_factor(tau)
    mean = c * (tau * eps).sinh() * bessel_moment(tau)
    square = c * c * ((2 * tau * eps).cosh() * bessel_moment(2 * tau) - 1) / 2
    entropy = half_log_two_pi() + arb(0.5) + (c * tau).log() + pewsey_bent(eps, tau)
    return mean, square - mean**2, entropy


# Gamma and beta on a logarithmic scale -----------------------------------------


def exp_gamma_log_density(z: Any, a: Any) -> Any:
    return a * z - z.exp() - a.lgamma()


def gamma_moment(a: Any, s: Any) -> Any:
    return ((a + s).lgamma() - a.lgamma()).exp()


def logit_tail(y: Any, a: Any, b: Any) -> Any:
    return lower_beta(a, b, 1 / (1 + (-y).exp()), 1 / (1 + y.exp()))


def logit_entropy(a: Any, b: Any) -> Any:
    whole = (a + b) * (a + b).digamma() - a * a.digamma() - b * b.digamma()
    return log_beta(a, b) + whole


# Generalized logistic, Burr, Dagum -----------------------------------------


def softplus(z: Any) -> Any:
    return z.exp().log1p()


def genlog_lower(z: Any, c: Any) -> Any:
    return (-c * softplus(-z)).exp()


def genlog_upper(z: Any, c: Any) -> Any:
    return -((-c * softplus(-z)).expm1())


def genlog_log_density(z: Any, c: Any) -> Any:
    return c.log() - z - (c + 1) * softplus(-z)


def genlog_entropy(c: Any) -> Any:
    return -c.log() + c.digamma() + euler() + (c + 1) / c


def genlog_moments(c: Any) -> tuple[Any, Any, Any]:
    mean = c.digamma() + euler()
    return mean, trigamma(c) + arb.pi() ** 2 / 6, genlog_entropy(c)


def powered(sign: int) -> Law:
    """Burr's and Dagum's: ln(y/s) is ∓ a generalized logistic variate over the power."""

    def w(at: Any, s: Any, k: Any) -> Any:
        return sign * k * (at - s.log())

    def moment(c: Any, k: Any, r: int) -> Any:
        s = sign * r / k
        if 1 - s > 0 and c + s > 0:
            return ((c + s).lgamma() + (1 - s).lgamma() - c.lgamma()).exp()
        return INF

    def mean(c: Any, s: Any, k: Any) -> Any:
        found = moment(c, k, 1)
        return found if isinstance(found, float) else s * found

    def variance(c: Any, s: Any, k: Any) -> Any:
        found = moment(c, k, 2)
        return found if isinstance(found, float) else s**2 * (found - moment(c, k, 1) ** 2)

    def tail(which: int) -> Formula:
        formula = genlog_lower if which == sign else genlog_upper
        return lambda at, c, s, k: formula(w(at, s, k), c)

    return Law(
        "log",
        tail(1),
        tail(-1),
        lambda at, c, s, k: k.log() + genlog_log_density(w(at, s, k), c),
        lambda c, s, k: s.log() - k.log() + sign * genlog_moments(c)[0] / k + genlog_entropy(c),
        mean,
        variance,
        case(shape_of(-3, 4), size, shape_of(-1.5, 3)),
        beyond=False,
    )


# Half-t, Gompertz, PERT, two pieces -----------------------------------------


def half_t_outside(at: Any, df: Any, scale: Any) -> Any:
    square = (2 * (at - scale.log())).exp()
    return lower_beta(df / 2, arb(1) / 2, df / (df + square), square / (df + square))


def half_t_inside(at: Any, df: Any, scale: Any) -> Any:
    square = (2 * (at - scale.log())).exp()
    return lower_beta(arb(1) / 2, df / 2, square / (df + square), df / (df + square))


def half_t_mean(df: Any, scale: Any) -> Any:
    if not df > 1:
        return INF
    ratio = ((df + 1) / 2).lgamma() - (df / 2).lgamma()
    return scale * 2 * (df / arb.pi()).sqrt() / (df - 1) * ratio.exp()


def half_t_variance(df: Any, scale: Any) -> Any:
    return scale**2 * df / (df - 2) - half_t_mean(df, scale) ** 2 if df > 2 else INF


def gompertz_time(at: Any, eta: Any, rate: Any) -> Any:
    return eta * (rate * at.exp()).expm1()


def gompertz_mean(eta: Any, rate: Any) -> Any:
    return eta.exp() * eta.expint(arb(1)) / rate


def gompertz_variance(eta: Any, rate: Any) -> Any:
    """∫ (ln(1 + t/η) − m)² e^−t dt, with t = e^s."""
    mean = acb(eta.exp() * eta.expint(arb(1)))

    def inner(s: Any, analytic: bool) -> Any:
        t = s.exp()
        return ((1 + t / acb(eta)).log(analytic=analytic) - mean) ** 2 * (s - t).exp()

    edges = [-90.0, -50.0, -30.0, -20.0, -10.0, -5.0, -2.0, 0.0, 2.0, 3.5, 5.0, 6.5]
    pieces = (acb.integral(inner, a, b, rel_tol=arb(2) ** -110) for a, b in pairwise(edges))
    return sum(pieces, acb(0)).real / rate**2


def halves_lower(z: Any, g: Any) -> Any:
    """Two halves of Gaussians: the cdf."""
    side = 1 / (1 + g * g)
    if z < 0:
        return side * (-z * g / arb(2).sqrt()).erfc()
    return 1 - g * g * side * (z / g / arb(2).sqrt()).erfc()


def halves_upper(z: Any, g: Any) -> Any:
    return halves_lower(-z, 1 / g)


def halves_log_density(z: Any, g: Any) -> Any:
    h = -z * g if z < 0 else z / g
    return (2 / arb.pi()).log() / 2 - h * h / 2 - (g + 1 / g).log()


def halves_moments(g: Any) -> tuple[Any, Any, Any]:
    gap = g - 1 / g
    entropy = (g + 1 / g).log() + (1 + (arb.pi() / 2).log()) / 2
    return (2 / arb.pi()).sqrt() * gap, (1 - 2 / arb.pi()) * gap**2 + 1, entropy


LAWS: dict[str, Law] = {
    "generalized-extreme-value": Exceedance(
        "real",
        lambda y, *theta: (-((-extreme_time(y, *theta)).exp())).exp(),
        lambda y, *theta: -((-((-extreme_time(y, *theta)).exp())).expm1()),
        lambda y, xi, loc, scale: (
            -((1 + xi) * extreme_time(y, xi, loc, scale))
            - (-extreme_time(y, xi, loc, scale)).exp()
            - scale.log()
        ),
        lambda xi, loc, scale: 1 + euler() * (1 + xi) + scale.log(),
        lambda xi, loc, scale: loc + scale * extreme_mean(xi) if xi < 1 else INF,
        lambda xi, loc, scale: scale**2 * extreme_variance(xi) if xi < 0.5 else INF,
        extremes,
        beyond=False,
        inverse=extreme_inverse,
    ),
    "moyal": placed(
        lambda z: ((-z / 2).exp() / arb(2).sqrt()).erfc(),
        lambda z: ((-z / 2).exp() / arb(2).sqrt()).erf(),
        lambda z: -(z + (-z).exp()) / 2 - half_log_two_pi(),
        lambda: (
            euler() + log_two(),
            arb.pi() ** 2 / 2,
            (1 + euler() + (4 * arb.pi()).log()) / 2,
        ),
        beyond=False,
    ),
    "johnson-su": shaped(
        lambda z, a, b: normal_tails(johnson_x(z, a, b))[0],
        lambda z, a, b: normal_tails(johnson_x(z, a, b))[1],
        lambda z, a, b: (
            b.log() - johnson_x(z, a, b) ** 2 / 2 - half_log_two_pi() - (1 + z * z).log() / 2
        ),
        johnson_moments,
        case(skew_of, shape_of(-0.5, 3), place),
    ),
    "johnson-sb": Law(
        "logit",
        lambda at, a, b: normal_tails(a + b * at)[0],
        lambda at, a, b: normal_tails(a + b * at)[1],
        lambda at, a, b: b.log() - (a + b * at) ** 2 / 2 - half_log_two_pi(),
        lambda a, b: LOGIT.entropy(-a / b, 1 / b),
        lambda a, b: LOGIT.mean(-a / b, 1 / b),
        lambda a, b: LOGIT.variance(-a / b, 1 / b),
        case(skew_of, shape_of(-1.5, 3)),
    ),
    "sinh-arcsinh": shaped(
        lambda z, eps, tau: normal_tails(pewsey_x(z, eps, tau))[0],
        lambda z, eps, tau: normal_tails(pewsey_x(z, eps, tau))[1],
        pewsey_log_density,
        pewsey_moments,
        case(lambda rng: skew_of(rng) / 8.0, shape_of(-1.5, 1), place),
    ),
    "exp-gamma": shaped(
        lambda z, a: lower_gamma(a, z.exp()),
        lambda z, a: upper_gamma(a, z.exp()),
        exp_gamma_log_density,
        lambda a: (a.digamma(), trigamma(a), a + a.lgamma() - a * a.digamma()),
        case(shape_of(-6, 7), place),
        beyond=False,
    ),
    "generalized-gamma": gamma_law(
        lambda a, s, k: a,
        lambda a, s, k: s.log(),
        arb(1),
        lambda a, s, k: s * gamma_moment(a, 1 / k),
        lambda a, s, k: s**2 * (gamma_moment(a, 2 / k) - gamma_moment(a, 1 / k) ** 2),
    ),
    "nakagami": gamma_law(
        lambda m, s: m,
        lambda m, s: s.log() - m.log() / 2,
        arb(0.5),
        lambda m, s: s * gamma_moment(m, arb(0.5)) / m.sqrt(),
        lambda m, s: s**2 * (1 - gamma_moment(m, arb(0.5)) ** 2 / m),
    ),
    "half-student-t": Law(
        "log",
        half_t_inside,
        half_t_outside,
        lambda at, df, scale: (
            student_log_density((at - scale.log()).exp(), df) + log_two() + at - scale.log()
        ),
        lambda df, scale: student_moments(df)[2] - log_two() + scale.log(),
        half_t_mean,
        half_t_variance,
    ),
    "generalized-logistic": shaped(
        genlog_lower, genlog_upper, genlog_log_density, genlog_moments, case(shape_of(-6, 7), place)
    ),
    "burr-xii": powered(-1),
    "dagum": powered(1),
    "gompertz": Law(
        "log",
        lambda at, *theta: -((-gompertz_time(at, *theta)).expm1()),
        lambda at, *theta: (-gompertz_time(at, *theta)).exp(),
        lambda at, eta, rate: (
            (eta * rate).log() + rate * at.exp() - gompertz_time(at, eta, rate) + at
        ),
        lambda eta, rate: 1 - (eta * rate).log() - rate * gompertz_mean(eta, rate),
        gompertz_mean,
        gompertz_variance,
        case(shape_of(-6, 6), size),
        beyond=False,
    ),
    "sigmoid-beta": Law(
        "real",
        logit_tail,
        lambda y, a, b: logit_tail(-y, b, a),
        lambda y, a, b: -a * softplus(-y) - b * softplus(y) - log_beta(a, b),
        logit_entropy,
        lambda a, b: a.digamma() - b.digamma(),
        lambda a, b: trigamma(a) + trigamma(b),
    ),
    "two-piece-normal": shaped(
        halves_lower,
        halves_upper,
        halves_log_density,
        halves_moments,
        case(shape_of(-4, 4), place),
    ),
}


def generalized_gamma(law: Law) -> Law:
    """The law of w = k (ln y − ln s), on the scale of ln y."""

    def of_w(formula: Formula) -> Formula:
        return lambda at, a, s, k: formula(k * (at - s.log()), a, arb(1), arb(1))

    def log_density(at: Any, a: Any, s: Any, k: Any) -> Any:
        return exp_gamma_log_density(k * (at - s.log()), a) + k.log()

    def entropy(a: Any, s: Any, k: Any) -> Any:
        return a + a.lgamma() - a * a.digamma() - k.log() + a.digamma() / k + s.log()

    theta = case(shape_of(-4, 6), size, shape_of(-1, 3))
    moments = law.mean, law.variance
    return Law(
        "log", of_w(law.lower), of_w(law.upper), log_density, entropy, *moments, theta, beyond=False
    )


LAWS["generalized-gamma"] = generalized_gamma(LAWS["generalized-gamma"])


def _logit_normal() -> Law:
    from laws_maps import LAWS as MAPS

    return MAPS["logit-normal"]


LOGIT = _logit_normal()
