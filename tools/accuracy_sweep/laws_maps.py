"""Maps of a Gaussian variable x = μ + σ z: log-normal, logit-normal, tanh-normal."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from flint import acb, arb
from laws import Formula, Law, half_log_two_pi, normal_tails


def lower(at: Any, mu: Any, sigma: Any) -> Any:
    """P(X ≤ λ)."""
    return normal_tails((at - mu) / sigma)[0]


def upper(at: Any, mu: Any, sigma: Any) -> Any:
    """P(X > λ)."""
    return normal_tails((at - mu) / sigma)[1]


def log_density(at: Any, mu: Any, sigma: Any) -> Any:
    """The log density of x."""
    return -(((at - mu) / sigma) ** 2) / 2 - sigma.log() - half_log_two_pi()


class OfTanh(Law):
    """y = tanh λ."""

    def point(self, y: Any) -> Any:
        """Artanh y."""
        return ((1 + y) / (1 - y)).log() / 2

    def log_stretch(self, at: Any) -> Any:
        """ln(1 − tanh² λ)."""
        return -2 * at.cosh().log()

    def seen(self, name: str, at: Any) -> Any:
        """y, 1 − y or ln(1 − y)."""
        rest = 2 / (1 + (2 * at).exp())
        return {"complement": rest, "log_complement": rest.log()}.get(name, at.tanh())

    def view_slope(self, name: str, i: int, start: float, noise: Formula = normal_tails) -> Formula:
        """The derivative of y, 1 − y or ln(1 − y)."""

        def formula(z: Any, *theta: Any) -> Any:
            at = self.quantile(*noise(z), start, *theta)
            factor = self.log_stretch(at).exp()
            if name == "log_complement":
                factor = -2 / (1 + (-2 * at).exp())
            return self.slope(i, at, *theta) * (-factor if name == "complement" else factor)

        return formula


def expected(function: Callable[[Any, int, bool], Any]) -> Formula:
    """E[f(x, sign of x)], by FLINT's own integrals over z."""

    def formula(mu: Any, sigma: Any) -> Any:
        width = float(sigma.mid())
        middle = -float(mu.mid()) / width
        last = 30.0 + 2.0 * width
        near = {middle + sign * size / width for sign in (-1, 1) for size in (0, 2, 8, 30, 100)}
        near |= {k * width + d for k in (0, 1, 2) for d in (-12.0, -3.0, 0.0, 3.0, 12.0)}
        inside = {edge for edge in near if -30.0 < edge < last}
        edges = sorted({-30.0, last, *inside})
        small = arb(2) ** -110

        def piece(start: float, stop: float) -> Any:
            sign = 1 if start >= middle else -1

            def inner(z: Any, analytic: bool) -> Any:
                x = acb(mu) + acb(sigma) * z
                return function(x, sign, analytic) * (-z * z / 2).exp()

            return acb.integral(inner, start, stop, rel_tol=small, abs_tol=arb(10) ** -400)

        pieces = (piece(start, stop) for start, stop in pairwise(edges))
        return sum(pieces, acb(0)).real / (2 * arb.pi()).sqrt()

    return formula


def log_slope(x: Any, sign: int, analytic: bool) -> Any:
    """ln(σ(x) σ(−x))."""
    return -sign * x - 2 * (1 + (-sign * x).exp()).log(analytic=analytic)


def twice(x: Any) -> tuple[Any, Any]:
    """The parameters of 2x."""
    return 2 * x[0], 2 * x[1]


mean_of_sigmoid = expected(lambda x, *_: 1 / (1 + (-x).exp()))
mean_of_tanh = expected(lambda x, *_: x.tanh())
mean_log_slope = expected(log_slope)


def variance_of_sigmoid(mu: Any, sigma: Any) -> Any:
    """The variance of σ(x), of the smaller of both sides."""
    mu = -abs(mu)
    mean = acb(mean_of_sigmoid(mu, sigma))
    return expected(lambda x, *_: (1 / (1 + (-x).exp()) - mean) ** 2)(mu, sigma)


def gaussian_entropy(sigma: Any) -> Any:
    return sigma.log() + half_log_two_pi() + 0.5


def spread(rng: np.random.Generator) -> list[float]:
    """μ from −50 to 50 and σ from 1e-3 to 1e3."""
    return [float(rng.uniform(-50.0, 50.0) * rng.uniform() ** 3), float(10.0 ** rng.uniform(-3, 3))]


def moderate(rng: np.random.Generator) -> list[float]:
    """Parameters with which moments don't overflow."""
    return [float(rng.normal() * 10.0 ** rng.uniform(-2, 2)), float(10.0 ** rng.uniform(-3, 1))]


LAWS: dict[str, Law] = {
    "log-normal": Law(
        "log",
        lower,
        upper,
        log_density,
        lambda m, s: m + gaussian_entropy(s),
        lambda m, s: (m + s * s / 2).exp(),
        lambda m, s: (s * s).expm1() * (2 * m + s * s).exp(),
        moderate,
    ),
    "logit-normal": Law(
        "logit",
        lower,
        upper,
        log_density,
        lambda m, s: gaussian_entropy(s) + mean_log_slope(m, s),
        mean_of_sigmoid,
        variance_of_sigmoid,
        spread,
    ),
    "tanh-normal": OfTanh(
        "tanh",
        lower,
        upper,
        log_density,
        lambda m, s: gaussian_entropy(s) + 2 * arb(2).log() + mean_log_slope(*twice((m, s))),
        mean_of_tanh,
        lambda m, s: 4 * variance_of_sigmoid(*twice((m, s))),
        spread,
        beyond=False,
    ),
}
