"""Discrete laws, vectors and divergences in FLINT's balls; derivatives are central differences.

Further laws are in modules beside this one, whose names begin with ``discrete_``: each has a
``LAWS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from balls import (
    NoReferenceError,
    derivative,
    log_beta,
    log_tail,
    lower_beta,
    lower_gamma,
    upper_gamma,
)
from flint import arb
from laws import Formula, Parameters, half_log_two_pi, log_two

#: A sum over a law's values has at most this many terms.
MOST_TERMS = 40_000


@dataclass(frozen=True)
class Discrete:
    """F, 1 − F and the log mass of integers y, what depends on θ alone, and how cases are made.

    Attributes
    ----------
    theta
        Makes a case's parameters of random numbers; if it is None, their names decide.
    """

    cdf: Formula
    sf: Formula
    log_prob: Formula
    entropy: Formula
    mean: Formula
    variance: Formula
    theta: Parameters | None = None

    def log_cdf(self, y: Any, *theta: Any) -> Any:
        """ln F(y)."""
        return log_tail(self.cdf, self.sf)(y, *theta)

    def log_sf(self, y: Any, *theta: Any) -> Any:
        """ln(1 − F(y))."""
        return log_tail(self.sf, self.cdf)(y, *theta)

    def score(self, i: int) -> Formula:
        """∂ ln p(y)/∂θ_i."""
        return lambda y, *theta: derivative(lambda *t: self.log_prob(y, *t), theta, i)


def coin_entropy(p: Any) -> Any:
    return -p * p.log() - (1 - p) * (-p).log1p()


def summed_entropy(log_prob: Formula, mean: Formula, variance: Formula) -> Formula:
    """−Σ p ln p: term by term, or where p is wide at every σ/4: the error is e^(−2π² 16).

    Beyond the bell a law's tail may fall like (1 − p)^y.
    """

    def formula(*theta: Any) -> Any:
        middle, sd = float(mean(*theta).mid()), float(variance(*theta).sqrt().mid())
        if middle > 1e4 and sd > 60 and middle > 45 * sd:
            step = int(sd / 4)
            start, stop = int(middle - 40 * sd), int(middle + 40 * sd)
        else:
            slow = -120.0 / float((-theta[1]).log1p().mid()) if log_prob is negative else 0.0
            step, start = 1, max(0, int(middle - 60 * sd - 200))
            stop = int(middle + 60 * sd + slow + 400)
        top = theta[0] if len(theta) == 2 and theta[1] < 1 and log_prob is binomial else None
        if top is not None and top < stop:
            stop = int(float(top.mid()))
        if (stop - start) / step > MOST_TERMS:
            raise NoReferenceError
        total = arb(0)
        for y in range(start, stop + 1, step):
            term = log_prob(arb(y), *theta)
            total = total - term.exp() * term
        return total * step

    return formula


def binomial(y: Any, n: Any, p: Any) -> Any:
    return (
        (n + 1).lgamma()
        - (y + 1).lgamma()
        - (n - y + 1).lgamma()
        + y * p.log()
        + (n - y) * (-p).log1p()
    )


def negative(y: Any, r: Any, p: Any) -> Any:
    return (y + r).lgamma() - (y + 1).lgamma() - r.lgamma() + r * p.log() + y * (-p).log1p()


def poisson(y: Any, rate: Any) -> Any:
    return y * rate.log() - rate - (y + 1).lgamma()


def softmax(logits: tuple[Any, ...]) -> list[Any]:
    weights = [x.exp() for x in logits]
    total = sum(weights, arb(0))
    return [w / total for w in weights]


def index(y: Any) -> int:
    return int(float(y.mid()))


def categorical_variance(*logits: Any) -> Any:
    p = softmax(logits)
    mean = sum((k * q for k, q in enumerate(p)), arb(0))
    return sum((q * (k - mean) ** 2 for k, q in enumerate(p)), arb(0))


LAWS: dict[str, Discrete] = {
    "bernoulli": Discrete(
        lambda y, p: 1 - p if y < 0.5 else arb(1),
        lambda y, p: p if y < 0.5 else arb(0),
        lambda y, p: (-p).log1p() if y < 0.5 else p.log(),
        coin_entropy,
        lambda p: p,
        lambda p: p * (1 - p),
    ),
    "geometric": Discrete(
        lambda y, p: -((y * (-p).log1p()).expm1()),
        lambda y, p: (y * (-p).log1p()).exp(),
        lambda y, p: p.log() + (y - 1) * (-p).log1p(),
        lambda p: coin_entropy(p) / p,
        lambda p: 1 / p,
        lambda p: (1 - p) / p**2,
    ),
    "poisson": Discrete(
        lambda y, r: upper_gamma(y + 1, r),
        lambda y, r: lower_gamma(y + 1, r),
        poisson,
        summed_entropy(poisson, lambda r: r, lambda r: r),
        lambda r: r,
        lambda r: r,
    ),
    "binomial": Discrete(
        lambda y, n, p: lower_beta(n - y, y + 1, 1 - p, p) if y < n else arb(1),
        lambda y, n, p: lower_beta(y + 1, n - y, p, 1 - p) if y < n else arb(0),
        binomial,
        summed_entropy(binomial, lambda n, p: n * p, lambda n, p: n * p * (1 - p)),
        lambda n, p: n * p,
        lambda n, p: n * p * (1 - p),
    ),
    "negative-binomial": Discrete(
        lambda y, r, p: lower_beta(r, y + 1, p, 1 - p),
        lambda y, r, p: lower_beta(y + 1, r, 1 - p, p),
        negative,
        summed_entropy(negative, lambda r, p: r * (1 - p) / p, lambda r, p: r * (1 - p) / p**2),
        lambda r, p: r * (1 - p) / p,
        lambda r, p: r * (1 - p) / p**2,
    ),
    "categorical": Discrete(
        lambda y, *t: sum(softmax(t)[: index(y) + 1], arb(0)) if index(y) < len(t) - 1 else arb(1),
        lambda y, *t: sum(softmax(t)[index(y) + 1 :], arb(0)),
        lambda y, *t: softmax(t)[index(y)].log(),
        lambda *t: -sum((p * p.log() for p in softmax(t)), arb(0)),
        lambda *t: sum((k * p for k, p in enumerate(softmax(t))), arb(0)),
        categorical_variance,
    ),
}


# Concrete: inputs are u_1 … u_K or y_1 … y_K, then τ, then η_1 … η_K -------------------------


def _split(inputs: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any, tuple[Any, ...]]:
    count = (len(inputs) - 1) // 2
    return inputs[:count], inputs[count], inputs[count + 1 :]


def concrete_value(k: int, log: bool) -> Formula:
    """y_k of noise, or its logarithm."""

    def formula(*inputs: Any) -> Any:
        noise, tau, eta = _split(inputs)
        x = [(e - (-(u.log())).log()) / tau for e, u in zip(eta, noise, strict=True)]
        total = sum(((entry - x[k]).exp() for entry in x), arb(0))
        return -(total.log()) if log else 1 / total

    return formula


def concrete_slope(k: int, i: int, log: bool, count: int) -> Formula:
    """Its derivative in parameter i: τ, then the logits."""
    return lambda *inputs: derivative(concrete_value(k, log), inputs, count + i)


def concrete_log_prob(*inputs: Any) -> Any:
    y, tau, eta = _split(inputs)
    count = len(y)
    total = sum(((e - tau * v.log()).exp() for e, v in zip(eta, y, strict=True)), arb(0))
    logs = sum((e - (tau + 1) * v.log() for e, v in zip(eta, y, strict=True)), arb(0))
    return arb(count).lgamma() + (count - 1) * tau.log() + logs - count * total.log()


def concrete_score(i: int, count: int) -> Formula:
    return lambda *inputs: derivative(concrete_log_prob, inputs, count + i)


# Divergences: inputs are the parameters of p, then those of q ---------------------------------


def gamma_kl(a: Any, r: Any, c: Any, s: Any) -> Any:
    return (
        (a - c) * a.digamma() - a.lgamma() + c.lgamma() + c * (r.log() - s.log()) + a * (s - r) / r
    )


def beta_kl(a: Any, b: Any, c: Any, d: Any) -> Any:
    return (
        log_beta(c, d)
        - log_beta(a, b)
        + (a - c) * a.digamma()
        + (b - d) * b.digamma()
        - (a + b - c - d) * (a + b).digamma()
    )


def gaussian_kl(variance: Formula, entropy: Formula) -> Formula:
    """KL of loc + scale·z from a Gaussian."""

    def formula(m: Any, s: Any, n: Any, t: Any) -> Any:
        spread = (variance() * s * s + (m - n) ** 2) / (2 * t * t)
        return spread + t.log() + half_log_two_pi() - entropy() - s.log()

    return formula


def gaussian_distance(t: Any) -> Any:
    density = (-t * t / 2 - half_log_two_pi()).exp()
    return 2 * density + t * (t / arb(2).sqrt()).erf()


def laplace_kl(distance: Formula, entropy: Formula) -> Formula:
    """KL from a Laplace distribution, with E|z + t| of standard z."""

    def formula(m: Any, s: Any, n: Any, b: Any) -> Any:
        t = abs(m - n) / s
        return (2 * b).log() + s * distance(t) / b - entropy() - s.log()

    return formula


def coins_kl(p: Any, q: Any) -> Any:
    return p * (p.log() - q.log()) + (1 - p) * ((-p).log1p() - (-q).log1p())


def categorical_kl(*inputs: Any) -> Any:
    half = len(inputs) // 2
    p, q = softmax(inputs[:half]), softmax(inputs[half:])
    return sum((a * (a.log() - b.log()) for a, b in zip(p, q, strict=True)), arb(0))


def gaussian_entropy() -> Any:
    return half_log_two_pi() + 0.5


def half_shape(formula: Formula, p: bool, q: bool) -> Formula:
    """Gamma's divergence with a chi-square distribution for p, for q, or for both."""

    def changed(*inputs: Any) -> Any:
        first, second = (inputs[:1], inputs[1:]) if p else (inputs[:2], inputs[2:])
        one = (first[0] / 2, arb(0.5)) if p else first
        other = (second[0] / 2, arb(0.5)) if q else second
        return formula(*one, *other)

    return changed


#: Of the classes of p and q: KL(p‖q).
DIVERGENCES: dict[tuple[str, str], Formula] = {
    ("gamma", "gamma"): gamma_kl,
    ("inverse-gamma", "inverse-gamma"): gamma_kl,
    ("chi", "chi"): half_shape(gamma_kl, True, True),
    ("chi-square", "chi-square"): half_shape(gamma_kl, True, True),
    ("gamma", "chi-square"): half_shape(gamma_kl, False, True),
    ("chi-square", "gamma"): half_shape(gamma_kl, True, False),
    ("exponential", "exponential"): lambda r, s: gamma_kl(arb(1), r, arb(1), s),
    ("exponential", "gamma"): lambda r, a, s: gamma_kl(arb(1), r, a, s),
    ("gamma", "exponential"): lambda a, r, s: gamma_kl(a, r, arb(1), s),
    ("beta", "beta"): beta_kl,
    ("beta-prime", "beta-prime"): beta_kl,
    ("gaussian", "gaussian"): gaussian_kl(lambda: arb(1), gaussian_entropy),
    ("laplace", "gaussian"): gaussian_kl(lambda: arb(2), lambda: 1 + log_two()),
    ("logistic", "gaussian"): gaussian_kl(lambda: arb.pi() ** 2 / 3, lambda: arb(2)),
    ("laplace", "laplace"): laplace_kl(lambda t: t + (-t).exp(), lambda: 1 + log_two()),
    ("gaussian", "laplace"): laplace_kl(gaussian_distance, gaussian_entropy),
    ("logistic", "laplace"): laplace_kl(lambda t: t + 2 * (-t).exp().log1p(), lambda: arb(2)),
    ("bernoulli", "bernoulli"): coins_kl,
    ("geometric", "geometric"): lambda p, q: coins_kl(p, q) / p,
    ("poisson", "poisson"): lambda p, q: p * (p.log() - q.log()) - p + q,
    ("categorical", "categorical"): categorical_kl,
}


def gradient(formula: Formula, i: int) -> Formula:
    return lambda *inputs: derivative(formula, inputs, i)
