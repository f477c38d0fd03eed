"""Laws with closed forms in FLINT's balls: see ``laws.py``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from balls import log_beta
from flint import arb
from laws import INF, NAN, Formula, Law, log_two


@dataclass(frozen=True)
class Direct(Law):
    """A law whose quantile λ is found without iteration: of u and θ."""

    inverse: Formula = field(kw_only=True)

    def quantile(self, u: Any, v: Any, start: float, *theta: Any) -> Any:
        """λ where F is u = 1 − v."""
        return self.inverse(u, v, *theta)


def euler() -> Any:
    return arb.const_euler()


def placed(
    lower: Formula, upper: Formula, log_density: Formula, moments: Formula, beyond: bool = True
) -> Law:
    """y = loc + scale·z: both tails, log density and moments of z."""

    def of_z(formula: Formula) -> Formula:
        return lambda y, loc, scale: formula((y - loc) / scale)

    def moment(which: int) -> Formula:
        def formula(loc: Any, scale: Any) -> Any:
            value = moments()[which]
            if isinstance(value, float):
                return value
            return loc + scale * value if which == 0 else value * scale**2

        return formula

    return Law(
        "real",
        of_z(lower),
        of_z(upper),
        lambda y, loc, scale: log_density((y - loc) / scale) - scale.log(),
        lambda loc, scale: moments()[2] + scale.log(),
        moment(0),
        moment(1),
        beyond=beyond,
    )


def scaled(lower: Formula, upper: Formula, log_density: Formula, moments: Formula) -> Law:
    """y = scale·z > 0: both tails and the log density of z, and moments."""

    def moment(power: int) -> Formula:
        def formula(scale: Any) -> Any:
            value = moments()[power - 1]
            return value if isinstance(value, float) else value * scale**power

        return formula

    return Law(
        "log",
        lambda at, scale: lower(at.exp() / scale),
        lambda at, scale: upper(at.exp() / scale),
        lambda at, scale: log_density(at.exp() / scale) + at - scale.log(),
        lambda scale: moments()[2] + scale.log(),
        moment(1),
        moment(2),
    )


def cauchy_tail(z: Any) -> Any:
    """F(z) = ½ + atan(z)/π."""
    return arb.atan2(arb(1), -z) / arb.pi()


def root_half() -> Any:
    return arb(0.5).sqrt()


def weibull_moment(power: int) -> Formula:
    return lambda scale, k: scale**power * (power / k + 1).lgamma().exp()


weibull_mean, weibull_square = weibull_moment(1), weibull_moment(2)


def pareto_variance(scale: Any, alpha: Any) -> Any:
    if alpha > 2:
        return scale**2 * alpha / (alpha - 1) ** 2 / (alpha - 2)
    return INF


def kumaraswamy_moment(power: int) -> Formula:
    return lambda a, b: b * log_beta(power / a + 1, b).exp()


kumaraswamy_mean, kumaraswamy_square = kumaraswamy_moment(1), kumaraswamy_moment(2)


def log_power(at: Any, a: Any) -> Any:
    """ln y^a at the logit of y."""
    return -a * (-at).exp().log1p()


def log_rest(at: Any, a: Any) -> Any:
    """ln(1 − y^a) at the logit of y."""
    return (-(log_power(at, a).expm1())).log()


def kumaraswamy_entropy(a: Any, b: Any) -> Any:
    harmonic = (b + 1).digamma() + euler()
    return (1 - 1 / b) + (1 - 1 / a) * harmonic - (a * b).log()


LAWS: dict[str, Law] = {
    "cauchy": placed(
        cauchy_tail,
        lambda z: cauchy_tail(-z),
        lambda z: -((1 + z * z) * arb.pi()).log(),
        lambda: (NAN, NAN, (4 * arb.pi()).log()),
    ),
    "gumbel": placed(
        lambda z: (-((-z).exp())).exp(),
        lambda z: -((-((-z).exp())).expm1()),
        lambda z: -z - (-z).exp(),
        lambda: (euler(), arb.pi() ** 2 / 6, 1 + euler()),
        beyond=False,  # a doubly exponential tail is too small for differences
    ),
    "half-cauchy": scaled(
        lambda z: 2 * z.atan() / arb.pi(),
        lambda z: 2 * (1 / z).atan() / arb.pi(),
        lambda z: log_two() - ((1 + z * z) * arb.pi()).log(),
        lambda: (INF, INF, (2 * arb.pi()).log()),
    ),
    "half-normal": scaled(
        lambda z: (z * root_half()).erf(),
        lambda z: (z * root_half()).erfc(),
        lambda z: (2 / arb.pi()).log() / 2 - z * z / 2,
        lambda: ((2 / arb.pi()).sqrt(), 1 - 2 / arb.pi(), (1 + (arb.pi() / 2).log()) / 2),
    ),
    "kumaraswamy": Law(
        "logit",
        lambda at, a, b: -((b * log_rest(at, a)).expm1()),
        lambda at, a, b: (b * log_rest(at, a)).exp(),
        lambda at, a, b: (
            (a * b).log() + log_power(at, a) + (b - 1) * log_rest(at, a) - at.exp().log1p()
        ),
        kumaraswamy_entropy,
        kumaraswamy_mean,
        lambda a, b: kumaraswamy_square(a, b) - kumaraswamy_mean(a, b) ** 2,
    ),
    "pareto": Direct(
        "log",
        lambda at, m, alpha: -((alpha * (m.log() - at)).expm1()),
        lambda at, m, alpha: (alpha * (m.log() - at)).exp(),
        lambda at, m, alpha: alpha.log() + alpha * (m.log() - at),
        lambda m, alpha: (m / alpha).log() + 1 / alpha + 1,
        lambda m, alpha: alpha * m / (alpha - 1) if alpha > 1 else INF,
        pareto_variance,
        beyond=False,
        inverse=lambda u, v, m, alpha: m.log() - v.log() / alpha,  # it may all but be the end
    ),
    "weibull": Law(
        "log",
        lambda at, scale, k: -((-((k * (at - scale.log())).exp())).expm1()),
        lambda at, scale, k: (-((k * (at - scale.log())).exp())).exp(),
        lambda at, scale, k: k.log() + k * (at - scale.log()) - (k * (at - scale.log())).exp(),
        lambda scale, k: euler() * (1 - 1 / k) + (scale / k).log() + 1,
        weibull_mean,
        lambda scale, k: weibull_square(scale, k) - weibull_mean(scale, k) ** 2,
        beyond=False,
    ),
}


# Divergences: inputs are the parameters of p, then those of q ---------------------------------


def cauchy_kl(m: Any, s: Any, n: Any, t: Any) -> Any:
    return (((s + t) ** 2 + (m - n) ** 2) / (4 * s * t)).log()


def gumbel_kl(m: Any, s: Any, n: Any, t: Any) -> Any:
    r = s / t
    moved = ((n - m) / t + (r + 1).lgamma()).exp()
    return -r.log() + euler() * (r - 1) + moved - 1 + (m - n) / t


def weibull_kl(scale: Any, k: Any, other: Any, c: Any) -> Any:
    return gumbel_kl(-scale.log(), 1 / k, -other.log(), 1 / c)


def pareto_kl(m: Any, a: Any, n: Any, b: Any) -> Any:
    return (a / b).log() + b * (m / n).log() + b / a - 1 if m >= n else INF


DIVERGENCES: dict[tuple[str, str], Formula] = {
    ("cauchy", "cauchy"): cauchy_kl,
    ("half-cauchy", "half-cauchy"): lambda s, t: cauchy_kl(arb(0), s, arb(0), t),
    ("half-normal", "half-normal"): lambda s, t: ((s / t) ** 2 - 1) / 2 - (s / t).log(),
    ("gumbel", "gumbel"): gumbel_kl,
    ("pareto", "pareto"): pareto_kl,
    ("weibull", "weibull"): weibull_kl,
}
