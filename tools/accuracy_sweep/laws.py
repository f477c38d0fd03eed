"""Continuous laws in FLINT's balls, on the scale λ on which nothing underflows.

Further laws are in modules beside this one, whose names begin with ``laws_``: each has a ``LAWS``.

λ is y itself, ln y of a positive y, or logit y of a y between 0 and 1. A law gives the two tails
and the density of λ; derivatives are central differences of these at high precision, so that no
formula of a derivative is shared with the library, nor any code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from balls import derivative, log_beta, log_tail, lower_beta, lower_gamma, upper_gamma
from flint import acb, arb, ctx

Formula = Callable[..., Any]
Parameters = Callable[[np.random.Generator], list[float]]
NAN, INF = float("nan"), float("inf")


def log_two() -> Any:
    return arb(2).log()


def half_log_two_pi() -> Any:
    return (2 * arb.pi()).log() / 2


def uniform_tails(u: Any) -> tuple[Any, Any]:
    """u and 1 − u."""
    return u, 1 - u


def normal_tails(z: Any) -> tuple[Any, Any]:
    """Φ(z) and 1 − Φ(z)."""
    x = z / arb(2).sqrt()
    return (-x).erfc() / 2, x.erfc() / 2


@dataclass(frozen=True)
class Law:
    """F, 1 − F and the log density of λ, what depends on θ alone, and how cases are made.

    Attributes
    ----------
    theta
        Makes a case's parameters of random numbers; if it is None, their names decide.
    beyond
        Whether values far from the quantiles of doubles are tried, too.
    """

    scale: str
    lower: Formula
    upper: Formula
    log_density: Formula
    entropy: Formula
    mean: Formula
    variance: Formula
    theta: Parameters | None = None
    beyond: bool = True

    def point(self, y: Any) -> Any:
        """λ of y."""
        if self.scale == "real":
            return y
        return y.log() if self.scale == "log" else y.log() - (1 - y).log()

    def log_stretch(self, at: Any) -> Any:
        """ln dy/dλ."""
        if self.scale == "real":
            return arb(0)
        return at if self.scale == "log" else -(at.exp().log1p()) - (-at).exp().log1p()

    def cdf(self, y: Any, *theta: Any) -> Any:
        """F(y)."""
        return self.lower(self.point(y), *theta)

    def sf(self, y: Any, *theta: Any) -> Any:
        """1 − F(y)."""
        return self.upper(self.point(y), *theta)

    def log_cdf(self, y: Any, *theta: Any) -> Any:
        """ln F(y)."""
        return log_tail(self.lower, self.upper)(self.point(y), *theta)

    def log_sf(self, y: Any, *theta: Any) -> Any:
        """ln(1 − F(y))."""
        return log_tail(self.upper, self.lower)(self.point(y), *theta)

    def log_prob(self, y: Any, *theta: Any) -> Any:
        """ln p(y)."""
        at = self.point(y)
        return self.log_density(at, *theta) - self.log_stretch(at)

    def stein_score(self, y: Any, *theta: Any) -> Any:
        """∂ ln p(y)/∂y."""
        return derivative(lambda y: self.log_prob(y, *theta), (y,), 0)

    def score(self, i: int) -> Formula:
        """∂ ln p(y)/∂θ_i."""
        return lambda y, *theta: derivative(lambda *t: self.log_prob(y, *t), theta, i)

    def slope(self, i: int, at: Any, *theta: Any) -> Any:
        """∂λ/∂θ_i at a fixed quantile, −F_θ/p, from the smaller tail."""
        small = self.lower(at, *theta) < 0.5
        tail = self.lower if small else self.upper
        moved = derivative(lambda *t: tail(at, *t), theta, i)
        return (-moved if small else moved) / self.log_density(at, *theta).exp()

    def pathwise(self, i: int) -> Formula:
        """∂y/∂θ_i at the quantile that y is."""

        def formula(y: Any, *theta: Any) -> Any:
            at = self.point(y)
            return self.slope(i, at, *theta) * self.log_stretch(at).exp()

        return formula

    def quantile(self, u: Any, v: Any, start: float, *theta: Any) -> Any:
        """λ where F is u = 1 − v, by Newton's method on the logarithm of the smaller tail."""
        small, at, last = u <= 0.5, arb(start), arb(2) ** -(ctx.prec // 3)
        tail, goal = (self.lower, u.log()) if small else (self.upper, v.log())
        for _ in range(60):
            found = tail(at, *theta)
            step = (goal - found.log()) * found / self.log_density(at, *theta).exp()
            step = step if small else -step
            if not step.is_finite():
                return step
            if abs(step.mid()) < last * (abs(at) + 1).mid():
                return at + step
            reach = (5 + 5 * abs(at)).mid()  # from the wrong side a step may be absurdly long
            at = (at + step.max(-reach).min(reach)).mid()
        return arb("nan")

    def view(self, name: str, start: float, noise: Formula = uniform_tails) -> Formula:
        """The value of a draw or a view of it, of its noise."""
        return lambda z, *theta: self.seen(name, self.quantile(*noise(z), start, *theta))

    def seen(self, name: str, at: Any) -> Any:
        """y, ln y, 1 − y or ln(1 − y) at λ."""
        if self.scale == "real":
            return at
        if self.scale == "log":
            return at if name == "log_value" else at.exp()
        log_y, log_rest = -((-at).exp().log1p()), -(at.exp().log1p())
        by_name = {"log_value": log_y, "log_complement": log_rest}
        return by_name[name] if name in by_name else (log_rest if name[0] == "c" else log_y).exp()

    def view_slope(
        self, name: str, i: int, start: float, noise: Formula = uniform_tails
    ) -> Formula:
        """The derivative of a view in θ_i, of the draw's noise."""

        def formula(z: Any, *theta: Any) -> Any:
            at = self.quantile(*noise(z), start, *theta)
            slope = self.slope(i, at, *theta)
            if self.scale == "real":
                return slope
            if self.scale == "log":
                return slope if name == "log_value" else slope * at.exp()
            y, rest = 1 / (1 + (-at).exp()), 1 / (1 + at.exp())
            factors = {"log_value": rest, "complement": -y * rest, "log_complement": -y}
            return slope * factors.get(name, y * rest)

        return formula


def gamma_law(
    shape: Formula, log_scale: Formula, power: Any, mean: Formula, variance: Formula
) -> Law:
    """y = c x^power with x ~ Gamma(shape)."""

    def log_x(at: Any, *theta: Any) -> Any:
        return (at - log_scale(*theta)) / power

    def tail(at: Any, *theta: Any, upper: bool) -> Any:
        which = upper_gamma if upper != (power < 0) else lower_gamma
        return which(shape(*theta), log_x(at, *theta).exp())

    def log_density(at: Any, *theta: Any) -> Any:
        a, x = shape(*theta), log_x(at, *theta)
        return a * x - x.exp() - a.lgamma() - abs(power).log()

    def entropy(*theta: Any) -> Any:
        a = shape(*theta)
        plain = a + a.lgamma() + (1 - a) * a.digamma()
        return plain + log_scale(*theta) + abs(power).log() + (power - 1) * a.digamma()

    return Law(
        "log",
        lambda at, *theta: tail(at, *theta, upper=False),
        lambda at, *theta: tail(at, *theta, upper=True),
        log_density,
        entropy,
        mean,
        variance,
    )


def beta_law(
    shapes: Formula, log_scale: Formula | None, entropy: Formula, mean: Formula, variance: Formula
) -> Law:
    """x ~ Beta(shapes), or with a scale c x/(1 − x)."""

    def logit(at: Any, *theta: Any) -> Any:
        return at - log_scale(*theta) if log_scale else at

    def tail(at: Any, *theta: Any, upper: bool) -> Any:
        (a, b), z = shapes(*theta), logit(at, *theta)
        x, rest = 1 / (1 + (-z).exp()), 1 / (1 + z.exp())
        return lower_beta(b, a, rest, x) if upper else lower_beta(a, b, x, rest)

    def log_density(at: Any, *theta: Any) -> Any:
        (a, b), z = shapes(*theta), logit(at, *theta)
        return -a * (-z).exp().log1p() - b * z.exp().log1p() - log_beta(a, b)

    return Law(
        "log" if log_scale else "logit",
        lambda at, *theta: tail(at, *theta, upper=False),
        lambda at, *theta: tail(at, *theta, upper=True),
        log_density,
        entropy,
        mean,
        variance,
    )


def beta_entropy(a: Any, b: Any) -> Any:
    whole = a + b
    return (
        log_beta(a, b)
        - (a - 1) * a.digamma()
        - (b - 1) * b.digamma()
        + (whole - 2) * whole.digamma()
    )


def odds_entropy(a: Any, b: Any) -> Any:
    return beta_entropy(a, b) - 2 * (b.digamma() - (a + b).digamma())


def located(lower: Formula, log_density: Formula, moments: Formula) -> Law:
    """y = loc + scale·z with symmetric standard z; its lower tail, log density and moments."""

    def at(y: Any, theta: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        *shapes, loc, scale = theta
        return (y - loc) / scale, tuple(shapes)

    def tail(y: Any, *theta: Any, sign: int) -> Any:
        z, shapes = at(y, theta)
        return lower(sign * z, *shapes)

    def density(y: Any, *theta: Any) -> Any:
        z, shapes = at(y, theta)
        return log_density(z, *shapes) - theta[-1].log()

    def moment(which: int) -> Formula:
        def formula(*theta: Any) -> Any:
            mean, variance, entropy = moments(*theta[:-2])
            if which == 0:
                return theta[-2] if mean == 0 else mean
            if which == 1:
                return variance if isinstance(variance, float) else variance * theta[-1] ** 2
            return entropy + theta[-1].log()

        return formula

    return Law(
        "real",
        lambda y, *theta: tail(y, *theta, sign=1),
        lambda y, *theta: tail(y, *theta, sign=-1),
        density,
        moment(2),
        moment(0),
        moment(1),
    )


def laplace_tail(z: Any) -> Any:
    return z.exp() / 2 if z < 0 else 1 - (-z).exp() / 2


def student_tail(z: Any, df: Any) -> Any:
    """F(z): from the tail where |z| is large, else from the centre."""
    square = z * z
    near, far = square / (df + square), df / (df + square)
    half = arb(1) / 2
    if square.mid() < df.mid() and square.mid() < 100:
        centre = near.beta_lower(half, df / 2, 1) / 2 if z != 0 else arb(0)
        return half - centre if z < 0 else half + centre
    tail = far.beta_lower(df / 2, half, 1) / 2
    return tail if z < 0 else 1 - tail


def student_log_density(z: Any, df: Any) -> Any:
    half = df / 2
    constant = (half + 0.5).lgamma() - half.lgamma() - (df * arb.pi()).log() / 2
    return constant - (half + 0.5) * (z * z / df).log1p()


def student_moments(df: Any) -> tuple[Any, Any, Any]:
    half = df / 2
    entropy = (half + 0.5) * ((half + 0.5).digamma() - half.digamma())
    variance = df / (df - 2) if df > 2 else INF if df > 1 else NAN
    return (
        0.0 if df > 1 else NAN,
        variance,
        entropy - (half + 0.5).lgamma() + half.lgamma() + (df * arb.pi()).log() / 2,
    )


def relaxed(function: Callable[[Any, int, bool], Any]) -> Formula:
    """E[f(x, sign of x)] with x = (η + l)/τ and l logistic, by FLINT's own integrals."""

    def formula(tau: Any, eta: Any) -> Any:
        middle, width = -float(eta.mid()), float(tau.mid())
        near = {middle + sign * size * width for sign in (-1, 1) for size in (0, 2, 8, 40)}
        far = {-500.0, -100.0, -30.0, -8.0, 0.0, 8.0, 30.0, 100.0, 500.0}
        edges = sorted(edge for edge in far | near if abs(edge) <= 500.0)
        tau, eta, accuracy = acb(tau), acb(eta), arb(2) ** -(ctx.prec // 2)

        def piece(start: float, stop: float) -> Any:
            sign = 1 if start >= middle else -1

            def inner(noise: Any, analytic: bool) -> Any:
                weight = ((noise / 2).exp() + (-noise / 2).exp()) ** 2
                return function((eta + noise) / tau, sign, analytic) / weight

            return acb.integral(inner, start, stop, rel_tol=accuracy)

        pieces = (piece(start, stop) for start, stop in pairwise(edges))
        return sum(pieces, acb(0)).real

    return formula


def relaxed_log(x: Any, sign: int, analytic: bool) -> Any:
    """ln y + ln(1 − y)."""
    return -sign * x - 2 * (1 + (-sign * x).exp()).log(analytic=analytic)


relaxed_mean = relaxed(lambda x, *_: 1 / (1 + (-x).exp()))
relaxed_square = relaxed(lambda x, *_: 1 / (1 + (-x).exp()) ** 2)
relaxed_logs = relaxed(relaxed_log)


def beta_prime_variance(a: Any, b: Any) -> Any:
    if b > 2:
        return a * (a + b - 1) / (b - 1) ** 2 / (b - 2)
    return INF


def f_variance(d1: Any, d2: Any) -> Any:
    if d2 > 4:
        return 2 * d2**2 * (d1 + d2 - 2) / (d1 * (d2 - 2) ** 2 * (d2 - 4))
    return INF


def chi_mean(df: Any) -> Any:
    return arb(2).sqrt() * ((df + 1) / 2).lgamma().exp() / (df / 2).lgamma().exp()


def inverse_gamma_variance(a: Any, s: Any) -> Any:
    return (s / (a - 1)) ** 2 / (a - 2) if a > 2 else INF


def uniform_ends(rng: np.random.Generator) -> list[float]:
    low = float(rng.normal() * 10.0 ** rng.uniform(-2, 2))
    return [low, low + float(10.0 ** rng.uniform(-3, 3))]


def relaxed_theta(rng: np.random.Generator) -> list[float]:
    return [float(10.0 ** rng.uniform(-2, 2)), float(rng.normal() * 10.0 ** rng.uniform(-2, 1))]


LAWS: dict[str, Law] = {
    "gamma": gamma_law(
        lambda a, r: a, lambda a, r: -r.log(), arb(1), lambda a, r: a / r, lambda a, r: a / r**2
    ),
    "chi-square": gamma_law(
        lambda v: v / 2, lambda v: log_two(), arb(1), lambda v: v, lambda v: 2 * v
    ),
    "chi": gamma_law(
        lambda v: v / 2, lambda v: log_two() / 2, arb(0.5), chi_mean, lambda v: v - chi_mean(v) ** 2
    ),
    "inverse-gamma": gamma_law(
        lambda a, s: a,
        lambda a, s: s.log(),
        arb(-1),
        lambda a, s: s / (a - 1) if a > 1 else INF,
        inverse_gamma_variance,
    ),
    "beta": beta_law(
        lambda a, b: (a, b),
        None,
        beta_entropy,
        lambda a, b: a / (a + b),
        lambda a, b: a * b / (a + b) ** 2 / (a + b + 1),
    ),
    "beta-prime": beta_law(
        lambda a, b: (a, b),
        lambda a, b: arb(0),
        odds_entropy,
        lambda a, b: a / (b - 1) if b > 1 else INF,
        beta_prime_variance,
    ),
    "f": beta_law(
        lambda a, b: (a / 2, b / 2),
        lambda a, b: (b / a).log(),
        lambda a, b: odds_entropy(a / 2, b / 2) + (b / a).log(),
        lambda a, b: b / (b - 2) if b > 2 else INF,
        f_variance,
    ),
    "exponential": Law(
        "log",
        lambda at, r: -((-r * at.exp()).expm1()),
        lambda at, r: (-r * at.exp()).exp(),
        lambda at, r: r.log() - r * at.exp() + at,
        lambda r: 1 - r.log(),
        lambda r: 1 / r,
        lambda r: 1 / r**2,
    ),
    "gaussian": located(
        lambda z: (-z / arb(2).sqrt()).erfc() / 2,
        lambda z: -z * z / 2 - half_log_two_pi(),
        lambda: (0.0, arb(1), half_log_two_pi() + 0.5),
    ),
    "laplace": located(
        laplace_tail, lambda z: -abs(z) - log_two(), lambda: (0.0, arb(2), 1 + log_two())
    ),
    "logistic": located(
        lambda z: 1 / (1 + (-z).exp()),
        lambda z: -(z.exp().log1p()) - (-z).exp().log1p(),
        lambda: (0.0, arb.pi() ** 2 / 3, arb(2)),
    ),
    "uniform": Law(
        "real",
        lambda at, a, b: (at - a) / (b - a),
        lambda at, a, b: (b - at) / (b - a),
        lambda at, a, b: -((b - a).log()),
        lambda a, b: (b - a).log(),
        lambda a, b: (a + b) / 2,
        lambda a, b: (b - a) ** 2 / 12,
        uniform_ends,
        beyond=False,
    ),
    "student-t": located(student_tail, student_log_density, student_moments),
    "relaxed-bernoulli": Law(
        "logit",
        lambda at, t, n: 1 / (1 + (n - t * at).exp()),
        lambda at, t, n: 1 / (1 + (t * at - n).exp()),
        lambda at, t, n: t.log() - (t * at - n).exp().log1p() - (n - t * at).exp().log1p(),
        lambda t, n: 2 - t.log() + relaxed_logs(t, n),
        relaxed_mean,
        lambda t, n: relaxed_square(t, n) - relaxed_mean(t, n) ** 2,
        relaxed_theta,
    ),
}
