"""KL(p‖q) and its gradients: closed forms to rounding, estimates with honest standard errors.

The references are textbook formulas at high precision, which themselves are checked against
quadrature of their definition.
"""

import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf
from precise import digamma, log_gamma

import reparam as rp
from reparam.base.discrete import Discrete
from reparam.divergences import _registry as registry
from reparam.divergences import exact as without_draws
from reparam.divergences import register_kl
from reparam.domains import POSITIVE, REAL, UNIT, Interval
from reparam.errors import CountError, ParameterError, SeedError, ShapeError

#: Digits of the references: nearby distributions lose 30 of them.
DIGITS = 110


# Log densities, and textbook formulas of both sides' parameters -----------------------------------


def log_gamma_density(y, alpha, rate):
    return alpha * mp.log(rate) + (alpha - 1) * mp.log(y) - rate * y - log_gamma(alpha)


def log_beta_function(a, b):
    return log_gamma(a) + log_gamma(b) - log_gamma(a + b)


LOG_DENSITY = {
    rp.Bernoulli: lambda y, p: mp.log(p if y else 1 - p),
    rp.Geometric: lambda y, p: mp.log(p) + (y - 1) * mp.log(1 - p),
    rp.Poisson: lambda y, rate: y * mp.log(rate) - rate - log_gamma(y + 1),
    rp.Gaussian: lambda y, m, s: -(((y - m) / s) ** 2) / 2 - mp.log(s) - mp.log(2 * mp.pi) / 2,
    rp.Laplace: lambda y, m, b: -abs(y - m) / b - mp.log(2 * b),
    rp.Logistic: lambda y, m, s: (
        -abs(y - m) / s - 2 * mp.log1p(mp.exp(-abs(y - m) / s)) - mp.log(s)
    ),
    rp.Exponential: lambda y, rate: mp.log(rate) - rate * y,
    rp.Gamma: log_gamma_density,
    rp.ChiSquare: lambda y, nu: log_gamma_density(y, nu / 2, mpf(1) / 2),
    rp.Chi: lambda y, nu: log_gamma_density(y * y, nu / 2, mpf(1) / 2) + mp.log(2 * y),
    rp.InverseGamma: lambda y, alpha, scale: log_gamma_density(1 / y, alpha, scale) - 2 * mp.log(y),
    rp.Beta: lambda y, a, b: (
        (a - 1) * mp.log(y) + (b - 1) * mp.log(1 - y) - log_beta_function(a, b)
    ),
    rp.BetaPrime: lambda y, a, b: (
        (a - 1) * mp.log(y) - (a + b) * mp.log(1 + y) - log_beta_function(a, b)
    ),
}


def gaussian_gaussian(m, s, mu, sigma):
    return mp.log(sigma / s) + (s**2 + (m - mu) ** 2) / (2 * sigma**2) - mpf(1) / 2


def laplace_laplace(m, b, mu, c):
    apart = abs(m - mu)
    return mp.log(c / b) + (apart + b * mp.exp(-apart / b)) / c - 1


def laplace_gaussian(m, b, mu, sigma):
    return (
        mp.log(sigma / (2 * b)) + mp.log(2 * mp.pi) / 2 - 1
        + (2 * b**2 + (m - mu) ** 2) / (2 * sigma**2)
    )  # fmt: skip


def logistic_gaussian(m, s, mu, sigma):
    return (
        mp.log(sigma / s) + mp.log(2 * mp.pi) / 2 - 2
        + (s**2 * mp.pi**2 / 3 + (m - mu) ** 2) / (2 * sigma**2)
    )  # fmt: skip


def gaussian_laplace(m, s, mu, b):
    t = (m - mu) / s
    distance = s * mp.sqrt(2 / mp.pi) * mp.exp(-t * t / 2) + (m - mu) * mp.erf(t / mp.sqrt(2))
    return mp.log(2 * b / s) - mp.log(2 * mp.pi) / 2 - mpf(1) / 2 + distance / b


def logistic_laplace(m, s, mu, b):
    apart = abs(m - mu)
    return mp.log(2 * b / s) - 2 + (apart + 2 * s * mp.log1p(mp.exp(-apart / s))) / b


def gamma_gamma(a, b, alpha, beta):
    return (
        (a - alpha) * digamma(a) - log_gamma(a) + log_gamma(alpha)
        + alpha * mp.log(b / beta) + a * (beta - b) / b
    )  # fmt: skip


def beta_beta(a, b, alpha, beta):
    return (
        log_beta_function(alpha, beta) - log_beta_function(a, b)
        + (a - alpha) * digamma(a) + (b - beta) * digamma(b)
        + (alpha + beta - a - b) * digamma(a + b)
    )  # fmt: skip


def coins(p, q):
    return p * mp.log(p / q) + (1 - p) * mp.log((1 - p) / (1 - q))


HALF = mpf(1) / 2
TEXTBOOK = {
    (rp.Bernoulli, rp.Bernoulli): coins,
    (rp.Geometric, rp.Geometric): lambda p, q: coins(p, q) / p,
    (rp.Poisson, rp.Poisson): lambda x, y: x * mp.log(x / y) - x + y,
    (rp.Gaussian, rp.Gaussian): gaussian_gaussian,
    (rp.Laplace, rp.Laplace): laplace_laplace,
    (rp.Laplace, rp.Gaussian): laplace_gaussian,
    (rp.Logistic, rp.Gaussian): logistic_gaussian,
    (rp.Gaussian, rp.Laplace): gaussian_laplace,
    (rp.Logistic, rp.Laplace): logistic_laplace,
    (rp.Gamma, rp.Gamma): gamma_gamma,
    (rp.Exponential, rp.Exponential): lambda b, d: mp.log(b / d) + d / b - 1,
    (rp.Exponential, rp.Gamma): lambda b, c, d: gamma_gamma(1, b, c, d),
    (rp.Gamma, rp.Exponential): lambda a, b, d: gamma_gamma(a, b, 1, d),
    (rp.ChiSquare, rp.ChiSquare): lambda n, k: gamma_gamma(n / 2, HALF, k / 2, HALF),
    (rp.ChiSquare, rp.Gamma): lambda n, c, d: gamma_gamma(n / 2, HALF, c, d),
    (rp.Gamma, rp.ChiSquare): lambda a, b, k: gamma_gamma(a, b, k / 2, HALF),
    (rp.ChiSquare, rp.Exponential): lambda n, d: gamma_gamma(n / 2, HALF, 1, d),
    (rp.Exponential, rp.ChiSquare): lambda b, k: gamma_gamma(1, b, k / 2, HALF),
    (rp.Chi, rp.Chi): lambda n, k: gamma_gamma(n / 2, HALF, k / 2, HALF),
    (rp.InverseGamma, rp.InverseGamma): gamma_gamma,
    (rp.Beta, rp.Beta): beta_beta,
    (rp.BetaPrime, rp.BetaPrime): beta_beta,
}
PAIRS = pytest.mark.parametrize("pair", TEXTBOOK, ids=lambda pair: f"{pair[0].name}|{pair[1].name}")


# Parameters ---------------------------------------------------------------------------------------


def interior(parameter):
    """Return the open interval inside a parameter's domain."""
    return Interval(parameter.domain.low, parameter.domain.high)


def drawn(rng, cls, width):
    """Return parameters of a class: positive ones over so many powers of ten each way."""
    draw = {
        REAL: lambda: rng.normal() * 10 ** rng.uniform(-1, 1),
        POSITIVE: lambda: 10 ** rng.uniform(-width, width),
        UNIT: lambda: 1.0 / (1.0 + 10 ** rng.uniform(-width, width)),
    }
    return [draw[interior(parameter)]() for parameter in cls.parameters.values()]


def nearby(rng, theta):
    """Return numbers at a relative distance of 1e-3 to 1e-14, all but one sometimes the same."""
    step, moving = 10.0 ** rng.uniform(-14, -3), rng.integers(len(theta))
    moved = [t * (1.0 + rng.normal() * step) if rng.random() < 0.5 else t for t in theta]
    if moved[moving] == theta[moving]:
        moved[moving] = np.nextafter(theta[moving] * (1.0 + step), np.inf)
    return moved


def cases(pair, kind, count):
    rng = np.random.default_rng([ord(letter) for letter in f"{pair[0].name} {pair[1].name} {kind}"])
    for _ in range(count):
        width = {"typical": 0.7, "extreme": 6.0, "near": 2.0}[kind]
        p, q = drawn(rng, pair[0], width), drawn(rng, pair[1], width)
        if kind == "near" and pair[0] is pair[1]:
            q = nearby(rng, p)
        yield p, q


def reference(pair, p, q, digits=32):
    """Return KL and its derivatives, at high precision."""
    theta = [mpf(float(t)) for t in (*p, *q)]
    formula = TEXTBOOK[pair]
    gradient = []
    for k, parameter in enumerate(theta):
        # central differences: they are right to twice as many digits, nearly
        step = (abs(parameter) or 1) * mpf(10) ** -digits
        ends = [[*theta[:k], parameter + sign * step, *theta[k + 1 :]] for sign in (1, -1)]
        gradient.append((formula(*ends[0]) - formula(*ends[1])) / (2 * step))
    return formula(*theta), gradient[: len(p)], gradient[len(p) :]


def units(cls, theta):
    """Return what a parameter changes by naturally: itself, for a location the scale."""
    scale = theta[-1]
    return [
        scale if parameter.domain is REAL else value
        for parameter, value in zip(cls.parameters.values(), theta, strict=True)
    ]


def error(got, wanted):
    return 0.0 if got == wanted else float(abs(mpf(float(got)) - wanted) / abs(wanted))


def gradient_error(got, wanted, scales):
    """Return the largest error, relative to the largest entry: each in its natural unit."""
    largest = max(abs(w * s) for w, s in zip(wanted, scales, strict=True))
    worst = max(abs((mpf(float(g)) - w) * s) for g, w, s in zip(got, wanted, scales, strict=True))
    return float(worst / largest) if largest else float(worst)


@PAIRS
@pytest.mark.parametrize("kind", ["typical", "extreme", "near"])
def test_closed_form_is_accurate(pair, kind):
    with mp.workdps(DIGITS):
        for p, q in cases(pair, kind, 40):
            divergence = rp.kl(pair[0](*p), pair[1](*q))
            assert divergence.exact
            value, in_p, in_q = reference(pair, p, q)
            assert error(divergence.value, value) < 1e-13, (p, q)
            for side, gradient, wanted, theta in (
                (pair[0], divergence.gradient_p, in_p, p),
                (pair[1], divergence.gradient_q, in_q, q),
            ):
                assert list(gradient) == list(side.parameters)
                off = gradient_error(gradient.values(), wanted, units(side, theta))
                assert off < 1e-13, (p, q, gradient)


def second_order(pair, p, q):
    """Return KL, its gradient and its Hessian at high precision."""
    theta, formula = [mpf(float(t)) for t in (*p, *q)], TEXTBOOK[pair]
    steps = [(abs(t) or 1) * mpf(10) ** -40 for t in theta]
    count = len(theta)

    def at(*moves):
        moved = list(theta)
        for k, sign in moves:
            moved[k] += sign * steps[k]
        return formula(*moved)

    middle, above, below = at(), *([at((k, sign)) for k in range(count)] for sign in (1, -1))
    gradient = [(above[k] - below[k]) / (2 * steps[k]) for k in range(count)]
    hessian = [[mpf(0)] * count for _ in theta]
    for k in range(count):
        hessian[k][k] = (above[k] - 2 * middle + below[k]) / steps[k] ** 2
        for j in range(k):
            corners = (s * r * at((k, s), (j, r)) for s in (1, -1) for r in (1, -1))
            hessian[k][j] = hessian[j][k] = mp.fsum(corners) / (4 * steps[k] * steps[j])
    return middle, gradient, hessian, theta


def assert_within_what_rounding_forces(pair, p, q):
    """Compare KL and each derivative with max(1e-13, 20 times what half an ulp in θ changes)."""
    divergence = rp.kl(pair[0](*p), pair[1](*q))
    found = [divergence.value, *divergence.gradient_p.values(), *divergence.gradient_q.values()]
    with mp.workdps(280):
        value, gradient, hessian, theta = second_order(pair, p, q)
        for got, wanted, slopes in zip(
            found, [value, *gradient], [gradient, *hessian], strict=True
        ):
            forced = mp.fsum(abs(s * t) for s, t in zip(slopes, theta, strict=True)) * 2.0**-53
            assert np.isfinite(got), (p, q, got, wanted)
            off = abs(mpf(float(got)) - wanted)
            assert off <= max(1e-13 * abs(wanted), 20 * forced), (p, q, got, float(wanted))


SIZES = {
    REAL: lambda rng: rng.normal() * 10 ** rng.uniform(-12, 12),
    POSITIVE: lambda rng: 10 ** rng.uniform(-20, 15),
    UNIT: lambda rng: 1.0 / (1.0 + 10 ** rng.uniform(-15, 20)),
}


@PAIRS
def test_closed_form_is_accurate_for_all_sizes(pair):
    """Shapes and scales from 1e-20 to 1e15, both sides independent of each other."""
    rng = np.random.default_rng([ord(letter) for letter in f"{pair[0].name} {pair[1].name} sizes"])
    for _ in range(30 if rp.Beta in pair else 8):
        p, q = ([SIZES[interior(t)](rng) for t in cls.parameters.values()] for cls in pair)
        assert_within_what_rounding_forces(pair, p, q)


def extreme(rng, cls):
    """Return parameters from 1e-300 to 1e300, locations of either sign, probabilities to 1."""
    draw = {
        REAL: lambda: rng.choice([-1.0, 1.0]) * 10 ** rng.uniform(-300, 300),
        POSITIVE: lambda: 10 ** rng.uniform(-300, 300),
        UNIT: lambda: 10 ** rng.uniform(-300, 0),
    }
    return [draw[interior(parameter)]() for parameter in cls.parameters.values()]


@PAIRS
def test_closed_form_where_products_of_parameters_overflow(pair):
    """Shapes, scales and rates from 1e-300 to 1e300: to 1e-12, where float64 has the result."""
    rng = np.random.default_rng([ord(letter) for letter in f"{pair[0].name} {pair[1].name} wide"])
    largest, least = np.finfo(np.float64).max, 1e-300
    for _ in range(2):
        p, q = (extreme(rng, cls) for cls in pair)
        divergence = rp.kl(pair[0](*p), pair[1](*q))
        found = [divergence.value, *divergence.gradient_p.values(), *divergence.gradient_q.values()]
        # shapes of 1e-300 beside others of 1e300, squared; for locations quotients, squared
        digits = 2000 if REAL in (t.domain for t in pair[0].parameters.values()) else 640
        with mp.workdps(2 * digits + 20):
            value, in_p, in_q = reference(pair, p, q, digits)
        for got, wanted in zip(found, [value, *in_p, *in_q], strict=True):
            if abs(wanted) > largest:
                assert got == np.copysign(np.inf, float(mp.sign(wanted))), (p, q)
            else:
                assert abs(mpf(float(got)) - wanted) <= 1e-12 * abs(wanted) + least, (p, q, got)


def test_closed_form_of_a_batch_with_usual_and_extreme_shapes():
    divergence = rp.kl(rp.Beta([2.0, 1e200], [3.0, 1e200]), rp.Beta([[1e-200], [2.0]], 1e-200))
    for (row, column), value in np.ndenumerate(divergence.value):
        p, q = ((2.0, 3.0), (1e200, 1e200))[column], ((1e-200, 1e-200), (2.0, 1e-200))[row]
        alone = rp.kl(rp.Beta(*p), rp.Beta(*q))
        assert value == alone.value
        assert divergence.gradient_q["beta"][row, column] == alone.gradient_q["beta"]


@pytest.mark.parametrize(
    ("cls", "p", "q", "value"),
    [
        # a shape that is lost beside 1
        (rp.Gamma, (1e-20, 2.0), (3.0, 1.0), 3.0000000000000001641e20),
        (rp.InverseGamma, (1e-20, 2.0), (3.0, 1.0), 3.0000000000000001641e20),
        (rp.Chi, (1e-18,), (7.0,), None),
        (rp.Beta, (1e-18, 1.0), (2.0, 1.0), 1999999999999999813.8),
        (rp.Beta, (1.0, 1e-18), (1.0, 2.0), 1999999999999999813.8),
        # very unequal shapes: each of the terms is far larger than what they add up to
        (rp.BetaPrime, (1e-4, 7.6e12), (4.6e-19, 3.9e-3), None),
        (rp.BetaPrime, (3.3e-5, 7e-17), (1.2e12, 9e4), None),
        (rp.Beta, (0.0107, 0.068), (4.7e-16, 9.4e-16), None),
        (rp.Beta, (1e3, 1e-10), (1e10, 1e-10), None),
        (rp.Beta, (4.6e13, 7.9e14), (6.4e-17, 4.9e-3), None),
        (rp.Beta, (1e-5, 1e-10), (1e10, 2.0), None),
        # the larger scale beside a small one, far away
        (rp.Laplace, (-2e7, 1.4e4), (0.0, 6.7e-19), None),
        (rp.Laplace, (0.0, 1.5), (40.0, 2e-16), None),
        (rp.Poisson, (1e100,), (1e-100,), None),
        (rp.Poisson, (1e-100,), (1e100,), None),
    ],
)
def test_closed_form_where_terms_cancel_or_overflow(cls, p, q, value):
    if value is not None:
        assert rp.kl(cls(*p), cls(*q)).value == pytest.approx(value, rel=1e-15)
    assert_within_what_rounding_forces((cls, cls), p, q)


def test_of_vast_shapes_from_tiny_ones():
    """With p's shapes y and q's x: B(x, x) → 2/x, B(y, y) → √(π/y) 2^(1−2y).

    And ψ(2y) − ψ(y) → ln 2 + 1/4y, so KL → −ln x + ½ ln(y/π) − ½.
    """
    value = rp.kl(rp.Beta(1e200, 1e200), rp.Beta(1e-200, 1e-200)).value
    with mp.workdps(60):
        wanted = mp.log(mpf(1e200) / mp.pi) / 2 - mp.log(mpf(1e-200)) - HALF
        assert error(value, wanted) < 1e-15


def test_half_of_what_overflows():
    # ∂KL/∂ν is half of ∂KL/∂α
    slope = rp.kl(rp.ChiSquare(1.8154218232752458e-295), rp.ChiSquare(3.9809132391744067e-282))
    assert slope.gradient_p["df"] == pytest.approx(-1.2078906206458768e308, rel=1e-14)


def test_of_counts_whose_quotient_overflows():
    divergence = rp.kl(rp.Poisson(1e300), rp.Poisson(1e-300))
    with mp.workdps(50):
        log = mp.log(mpf(1e300)) - mp.log(mpf(1e-300))
        assert error(divergence.value, mpf(1e300) * (log - 1)) < 1e-15
        assert error(divergence.gradient_p["rate"], log) < 1e-15
        coins = rp.kl(rp.Bernoulli(0.5), rp.Bernoulli(1e-320))
        wanted = TEXTBOOK[rp.Bernoulli, rp.Bernoulli](mpf(0.5), mpf(1e-320))
        assert error(coins.value, wanted) < 1e-14
    assert divergence.gradient_q["rate"] == -np.inf  # −1e600


@pytest.mark.parametrize("alpha", [1e-1, 1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("beta", [1e-2, 3.0, 1e4])
def test_a_tiny_shape_beside_another_costs_no_digits(alpha, beta):
    """The divergence is of the tiny shape's order: that of its summands is not."""
    for step in (1e-12, 1e-4, 0.3, 5.0):
        p, q = (alpha, beta), (alpha, beta * (1.0 + step))
        for flip in (1, -1):
            divergence = rp.kl(rp.Beta(*p[::flip]), rp.Beta(*q[::flip]))
            with mp.workdps(DIGITS):
                value, in_p, in_q = reference((rp.Beta, rp.Beta), p, q)
                assert error(divergence.value, value) < 1e-14
                for gradient, wanted in (
                    (divergence.gradient_p, in_p),
                    (divergence.gradient_q, in_q),
                ):
                    for got, exact in zip([*gradient.values()][::flip], wanted, strict=True):
                        assert error(got, exact) < 1e-13


def quadrature(pair, p, q):
    """Return E_p[log p − log q], integrated or summed over the whole support."""
    f, g = (LOG_DENSITY[cls] for cls in pair)
    theta_p, theta_q = [mpf(float(t)) for t in p], [mpf(float(t)) for t in q]

    def integrand(y):
        log = f(y, *theta_p)
        return mp.exp(log) * (log - g(y, *theta_q))

    low, high = pair[0](*p).support
    if issubclass(pair[0], Discrete):
        return mp.fsum(integrand(y) for y in range(int(low), int(min(high, 500)) + 1))
    if low == -np.inf:
        points = sorted([-mp.inf, theta_p[0], theta_q[0], mp.inf])
    else:
        points = [mpf(float(low)), mpf(1) / 2, mpf(1), mp.inf][: 4 if high > 1.0 else 3]
    return mp.quad(integrand, points)


@PAIRS
def test_textbook_formula_is_the_definition(pair):
    rng = np.random.default_rng(5)
    with mp.workdps(40):
        for _ in range(2):
            # shapes above 1: tanh-sinh quadrature resolves no strong singularities
            p, q = (
                [t + (interior(parameter) == POSITIVE) for t, parameter in zip(
                    drawn(rng, cls, 0.4), cls.parameters.values(), strict=True)]
                for cls in pair
            )  # fmt: skip
            integral, formula = quadrature(pair, p, q), TEXTBOOK[pair](*map(mpf, (*p, *q)))
            assert abs(integral / formula - 1) < mpf(10) ** -30


@pytest.mark.parametrize("cls", [p for p, q in TEXTBOOK if p is q], ids=lambda cls: cls.name)
def test_of_equals_is_exactly_zero(cls):
    rng = np.random.default_rng(3)
    for _ in range(20):
        theta = drawn(rng, cls, 5.0)
        divergence = rp.kl(cls(*theta), cls(*theta))
        assert divergence.value == 0.0
        assert set({**divergence.gradient_p, **divergence.gradient_q}.values()) == {0.0}


def test_the_worked_example():
    divergence = rp.kl(rp.Gaussian(loc=0.6, scale=0.4), rp.Gaussian())
    assert divergence.value == pytest.approx(-math.log(0.4) + (0.16 + 0.36 - 1.0) / 2.0, rel=1e-14)
    assert divergence.gradient_p == {"loc": 0.6, "scale": pytest.approx(0.4 - 2.5, rel=1e-15)}
    assert divergence.gradient_q == {"loc": -0.6, "scale": pytest.approx(0.48, rel=1e-14)}


@pytest.mark.parametrize("size", [1e-300, 1e-12, 1e12, 1e300])
@pytest.mark.parametrize(
    ("cls", "theta"),
    [
        (rp.Gaussian, lambda c, k: (k * c, c)),
        (rp.Laplace, lambda c, k: (k * c, k * c)),
        (rp.Exponential, lambda c, k: (k * c,)),
        (rp.Gamma, lambda c, k: (2.0 * k, k * c)),
        (rp.InverseGamma, lambda c, k: (2.0 * k, k * c)),
    ],
)
def test_units_do_not_matter(cls, theta, size):
    """Also where the squares of scales over- and underflow."""
    value = rp.kl(cls(*theta(1.0, 1.0)), cls(*theta(1.0, 3.0))).value
    assert rp.kl(cls(*theta(size, 1.0)), cls(*theta(size, 3.0))).value == pytest.approx(
        value, rel=1e-12
    )


def categorical_reference(eta, theta):
    """Return KL of categorical distributions and its gradients, in many digits."""
    with mp.workdps(700):
        logs = []
        for logits in (eta, theta):
            exact = [mpf(float(x)) for x in logits]
            total = mp.log(mp.fsum(map(mp.exp, exact)))
            logs.append([x - total for x in exact])
        p, q = ([mp.exp(x) for x in log] for log in logs)
        ratio = [a - b for a, b in zip(logs[0], logs[1], strict=False)]
        value = mp.fsum(a * b for a, b in zip(p, ratio, strict=True))
        in_p = [a * (b - value) for a, b in zip(p, ratio, strict=True)]
        return value, in_p, [b - a for a, b in zip([*p, *[0] * (len(q) - len(p))], q, strict=True)]


class TestCategorical:
    @pytest.mark.parametrize("apart", [1e-14, 1e-8, 1e-3, 0.3, 3.0, 100.0])
    @pytest.mark.parametrize("width", [0.5, 5.0, 100.0])
    def test_is_accurate(self, apart, width):
        rng = np.random.default_rng(4)
        for k in (2, 3, 10):
            p = rng.normal(size=k) * width
            q = p + apart * rng.normal(size=k)
            divergence = rp.kl(rp.Categorical(p), rp.Categorical(q))
            assert divergence.method == "closed form"
            value, in_p, in_q = categorical_reference(p, q)
            assert error(divergence.value, value) < 1e-13
            # a gradient's scale is that of its largest entry
            ones = np.ones(k)
            assert gradient_error(divergence.gradient_p["logits"], in_p, ones) < 1e-13
            assert gradient_error(divergence.gradient_q["logits"], in_q, ones) < 1e-13

    def test_a_shift_of_all_logits_is_nothing(self):
        p = rp.Categorical([0.25, 1.0, -3.5])
        divergence = rp.kl(p, rp.Categorical(p.logits + 8.0))
        assert divergence.value == 0.0
        for gradient in (divergence.gradient_p, divergence.gradient_q):
            assert gradient["logits"].tolist() == [0.0, 0.0, 0.0]

    def test_more_categories_in_q(self):
        p, q = [0.5, -1.0], [0.0, 0.2, 3.0]
        divergence = rp.kl(rp.Categorical(p), rp.Categorical(q))
        value, in_p, in_q = categorical_reference(p, q)
        assert error(divergence.value, value) < 1e-14
        np.testing.assert_allclose(divergence.gradient_p["logits"], np.float64(in_p), rtol=1e-13)
        np.testing.assert_allclose(divergence.gradient_q["logits"], np.float64(in_q), rtol=1e-13)

    def test_fewer_categories_in_q(self):
        divergence = rp.kl(rp.Categorical([0.0, 1.0, 2.0]), rp.Categorical([1.0, 0.0]))
        assert (divergence.value, divergence.method) == (np.inf, "infinite")
        assert np.isnan(divergence.gradient_p["logits"]).tolist() == [True] * 3
        assert np.isnan(divergence.gradient_q["logits"]).tolist() == [True] * 2
        in_p, in_q = divergence.vjp()
        assert (in_p["logits"].shape, in_q["logits"].shape) == ((3,), (2,))

    def test_probabilities_that_underflow(self):
        divergence = rp.kl(rp.Categorical([0.0, -2000.0]), rp.Categorical([0.0, 0.0]))
        assert divergence.value == pytest.approx(math.log(2.0), rel=1e-15)
        assert divergence.gradient_p["logits"].tolist() == [0.0, 0.0]
        divergence = rp.kl(rp.Categorical([0.0, 0.0]), rp.Categorical([0.0, -2000.0]))
        assert divergence.value == pytest.approx(1000.0 - math.log(2.0), rel=1e-15)

    def test_vjp_sums_over_the_batch_and_not_over_entries(self):
        p = rp.Categorical([[0.0, 1.0, 2.0], [1.0, 0.0, 0.5]])
        q = rp.Categorical([0.3, 0.2, 0.1])
        divergence = rp.kl(p, q)
        assert divergence.value.shape == (2,)
        in_p, in_q = divergence.vjp([1.0, 10.0])
        weights = np.array([[1.0], [10.0]])
        np.testing.assert_allclose(in_p["logits"], weights * divergence.gradient_p["logits"])
        expected = (weights * divergence.gradient_q["logits"]).sum(axis=0)
        np.testing.assert_allclose(in_q["logits"], expected, rtol=1e-14)


class TestSums:
    """Over p's values, if these are few integers."""

    @pytest.mark.parametrize(
        ("p", "q"),
        [
            (rp.Bernoulli(0.3), rp.Poisson(0.7)),
            (rp.Bernoulli(1e-12), rp.Binomial(1, 2e-12)),
            (rp.Binomial(40, 0.3), rp.NegativeBinomial(3.5, 0.2)),
            (rp.Binomial(3, 0.999999), rp.Categorical([0.1, 0.2, 0.3, 4.0, -2.0])),
            (rp.Categorical([0.3, 0.1, -400.0]), rp.Poisson(1.0)),
        ],
    )
    def test_are_accurate(self, p, q):
        found = rp.kl(p, q)
        assert (found.method, found.exact) == ("sum", True)
        assert found.standard_error.value == 0.0
        y = np.arange(p.support[0], p.support[1] + 1.0)
        mass, ratio = np.exp(p.log_prob(y)), p.log_prob(y) - q.log_prob(y)
        value = math.fsum(mass * ratio)
        assert found.value == pytest.approx(value, rel=1e-12, abs=1e-15)
        for name, score in p.score(y).items():
            terms = mass * (ratio - value) * score.T
            wanted = [math.fsum(row) for row in np.atleast_2d(terms)]
            np.testing.assert_allclose(np.ravel(found.gradient_p[name]), wanted, rtol=1e-9)
        for name, score in q.score(y).items():
            wanted = [-math.fsum(row) for row in np.atleast_2d(mass * score.T)]
            np.testing.assert_allclose(np.ravel(found.gradient_q[name]), wanted, rtol=1e-9)

    def test_do_not_cancel_where_p_is_near_q(self):
        """Against the closed form of the same pair."""
        for apart in (1e-3, 1e-6, 1e-9):
            p, q = rp.Categorical([0.0, 0.5]), rp.Categorical([0.0, 0.5 + apart])
            known = rp.kl(p, q).value
            coin = rp.Bernoulli(1.0 / (1.0 + math.exp(-0.5)))
            found = rp.kl(coin, q)
            assert found.method == "sum"
            assert found.value == pytest.approx(known, rel=1e-6 * 1e-9 / apart + 1e-6)

    def test_of_too_many_values_are_estimates(self):
        assert rp.kl(rp.Binomial(2**20 - 1, 0.3), rp.Poisson(3.0)).method == "sum"
        assert rp.kl(rp.Binomial(2**20, 0.3), rp.Poisson(3.0), n=10, rng=1).method == "Monte Carlo"

    def test_pieces_make_no_difference(self, monkeypatch):
        p, q = rp.Binomial([30, 50], 0.3), rp.Poisson([[3.0], [9.0], [20.0]])
        whole = rp.kl(p, q)
        monkeypatch.setattr("reparam.divergences._sum.CHUNK", 16)
        pieces = rp.kl(p, q)
        np.testing.assert_allclose(whole.value, pieces.value, rtol=1e-14)
        np.testing.assert_allclose(
            whole.gradient_p["probs"], pieces.gradient_p["probs"], rtol=1e-12
        )
        np.testing.assert_allclose(whole.gradient_q["rate"], pieces.gradient_q["rate"], atol=1e-14)


class TestTails:
    """More of them in test_divergences_of_all_pairs.py."""

    def test_infinite_elements_of_a_batch(self):
        found = rp.kl(rp.StudentT([1.0, 3.0, 5.0]), rp.Gaussian(), n=1000, rng=1)
        assert np.isinf(found.value).tolist() == [True, False, False]
        assert np.isnan(found.gradient_p["df"]).tolist() == [True, False, False]
        assert np.isinf(found.standard_error.value).tolist() == [False, True, False]
        assert np.isinf(found.standard_error.gradient_p["scale"]).tolist() == [False, True, False]
        # ∂log q/∂μ grows like y alone
        assert np.isinf(found.standard_error.gradient_q["loc"]).tolist() == [False, False, False]
        infinite, wild = found.notes
        assert infinite.startswith("KL is infinite for 1 of 3 elements: q falls off so fast")
        assert wild == (
            "estimates have infinite variance in KL, ∂KL/∂df of p, ∂KL/∂scale of p,"
            " ∂KL/∂scale of q for 1 of 3 elements: no standard error holds"
        )

    def test_slabs_make_no_difference(self, monkeypatch):
        df = np.linspace(0.5, 9.5, 30).reshape(5, 6)
        whole = rp.kl(rp.StudentT(df), rp.Gaussian(), n=10, rng=1)
        monkeypatch.setattr("reparam.divergences._tails._TOGETHER", 7)
        pieces = rp.kl(rp.StudentT(df), rp.Gaussian(), n=10, rng=1)
        np.testing.assert_array_equal(np.isinf(whole.value), df <= 2.0)
        np.testing.assert_array_equal(np.isinf(pieces.value), df <= 2.0)
        np.testing.assert_array_equal(
            np.isinf(pieces.standard_error.value), (df > 2.0) & (df <= 4.0)
        )

    @pytest.mark.parametrize(
        ("p", "q"),
        [
            (rp.Beta(0.7, 0.25), rp.HalfNormal()),  # y rounds to 1, where p is infinite
            (rp.StudentT(0.01), rp.StudentT()),  # y overflows
        ],
    )
    def test_draws_that_round_to_an_end_are_told(self, p, q):
        found = rp.kl(p, q, n=100_000, rng=1)
        assert np.isfinite(found.value)
        assert len(found.notes) == 1
        assert "of 100000 draws round to an endpoint of p's support" in found.notes[0]


class TestShapes:
    def test_batches_broadcast(self):
        p = rp.Gaussian(loc=[[0.0], [1.0], [2.0]], scale=0.5)
        q = rp.Gaussian(scale=[1.0, 2.0])
        divergence = rp.kl(p, q)
        arrays = [divergence.value, *divergence.gradient_p.values()]
        arrays += divergence.gradient_q.values()
        assert {array.shape for array in arrays} == {(3, 2)}
        for i in range(3):
            for j in range(2):
                one = rp.kl(rp.Gaussian(i, 0.5), rp.Gaussian(0.0, j + 1.0))
                assert divergence.value[i, j] == one.value
                assert divergence.gradient_q["scale"][i, j] == one.gradient_q["scale"]

    @pytest.mark.parametrize("q", [rp.Gaussian, rp.Logistic])
    def test_vjp_sums_to_each_parameter_s_shape(self, q):
        p, q = rp.Gaussian(loc=[[0.0], [1.0], [2.0]], scale=0.5), q(scale=[1.0, 2.0])
        divergence = rp.kl(p, q, n=50, rng=1)
        upstream = np.arange(6.0).reshape(3, 2)
        in_p, in_q = divergence.vjp(upstream)
        loc = (upstream * divergence.gradient_p["loc"]).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(in_p["loc"], loc, rtol=1e-14)
        scale = (upstream * divergence.gradient_q["scale"]).sum(axis=0)
        np.testing.assert_allclose(in_q["scale"], scale, rtol=1e-14)
        assert np.shape(in_p["scale"]) == np.shape(in_q["loc"]) == ()
        total = (upstream * divergence.gradient_p["scale"]).sum()
        assert in_p["scale"] == pytest.approx(total, rel=1e-14)

    @pytest.mark.parametrize("q", [rp.Gaussian, rp.Logistic])
    def test_empty_batches_have_empty_divergences(self, q):
        divergence = rp.kl(rp.Gaussian(loc=np.zeros((0, 1))), q(scale=[1.0, 2.0]), rng=1)
        assert divergence.method == ("closed form" if q is rp.Gaussian else "Monte Carlo")
        assert divergence.notes == ()
        assert divergence.value.shape == divergence.gradient_q["scale"].shape == (0, 2)
        assert divergence.vjp()[1]["scale"].tolist() == [0.0, 0.0]

    def test_scalars_have_scalars(self):
        for q in (rp.Gaussian(), rp.StudentT()):
            divergence = rp.kl(rp.Gaussian(1.0), q, n=10, rng=1)
            assert isinstance(divergence.value, np.float64)
            assert isinstance(divergence.gradient_p["loc"], np.float64)
            assert isinstance(divergence.standard_error.value, np.float64)


class TestSupport:
    @pytest.mark.parametrize(
        ("p", "q"),
        [
            (rp.Gaussian(), rp.Gamma()),
            (rp.Gamma(), rp.Beta()),
            (rp.StudentT(), rp.Beta(alpha=[1.0, 2.0])),
        ],
    )
    def test_mass_where_there_is_none_makes_it_infinite(self, p, q):
        divergence = rp.kl(p, q)
        assert divergence.exact
        assert divergence.method == "infinite"
        assert divergence.notes == ("KL is infinite: p puts mass where q has none",)
        assert np.all(divergence.value == np.inf)
        for gradient in (divergence.gradient_p, divergence.gradient_q):
            assert all(np.all(np.isnan(entry)) for entry in gradient.values())

    @pytest.mark.parametrize(
        ("p", "q"),
        [
            (rp.Poisson(), rp.Binomial(9)),
            (rp.Binomial(9), rp.Binomial(8)),
            (rp.Poisson(), rp.Gamma()),
            (rp.Gamma(), rp.Poisson()),
        ],
    )
    def test_so_do_integers(self, p, q):
        divergence = rp.kl(p, q)
        assert divergence.exact
        assert divergence.value == np.inf
        assert list(divergence.gradient_q) == q.parameters.differentiable

    def test_binomials_of_fewer_trials_are_summed(self):
        p, q = rp.Binomial(2, 0.4), rp.Binomial([1, 2, 3], 0.3)
        found = rp.kl(p, q)
        assert (found.method, found.value[0]) == ("sum", np.inf)
        assert found.notes == ("KL is infinite for 1 of 3 elements: p puts mass where q has none",)
        mass = np.exp(p.log_prob([0, 1, 2]))
        for k in (1, 2):
            exact = mass @ (p.log_prob([0, 1, 2]) - rp.Binomial(k + 1, 0.3).log_prob([0, 1, 2]))
            assert found.value[k] == pytest.approx(exact, rel=1e-13)
        assert (
            without_draws(p, rp.Binomial([1, 2], 0.3)).value[1]
            == rp.kl(p, rp.Binomial(2, 0.3)).value
        )

    def test_less_support_than_the_other_is_fine(self):
        estimate = rp.kl(rp.Beta(2.0, 3.0), rp.HalfNormal(), rng=2)
        moment = 2.0 / 5.0 * 3.0 / 6.0
        exact = -rp.Beta(2.0, 3.0).entropy + 0.5 * math.log(math.pi / 2) + 0.5 * moment
        assert abs(estimate.value - exact) < 5.0 * estimate.standard_error.value


@pytest.fixture(scope="module")
def exact():
    """KL(logistic‖Student's t) and all derivatives, by quadrature."""

    def log_p(y, m, s):
        return LOG_DENSITY[rp.Logistic](y, m, s)

    def log_q(y, nu, m, s):
        constant = log_gamma((nu + 1) / 2) - log_gamma(nu / 2) - mp.log(nu * mp.pi) / 2
        return constant - (nu + 1) / 2 * mp.log1p(((y - m) / s) ** 2 / nu) - mp.log(s)

    with mp.workdps(15):
        theta = [mpf(t) for t in (0.5, 1.2, 4.0, -0.3, 2.0)]

        def divergence(*theta):
            def integrand(y):
                log = log_p(y, *theta[:2])
                return mp.exp(log) * (log - log_q(y, *theta[2:]))

            return mp.quad(integrand, [-mp.inf, -5, theta[0], 5, mp.inf])

        orders = [tuple(int(k == j) for k in range(5)) for j in range(5)]
        gradient = [float(mpmath.diff(divergence, theta, order)) for order in orders]
        return float(divergence(*theta)), gradient[:2], gradient[2:]


class TestMonteCarlo:
    P, Q = rp.Logistic(0.5, 1.2), rp.StudentT(4.0, -0.3, 2.0)

    def test_is_right_within_its_standard_errors(self, exact):
        estimate = rp.kl(self.P, self.Q, n=200_000, rng=7)
        assert estimate.method == "Monte Carlo"
        assert not estimate.exact
        errors = estimate.standard_error
        pairs = [(estimate.value, errors.value, exact[0])]
        pairs += zip(
            estimate.gradient_p.values(), errors.gradient_p.values(), exact[1], strict=True
        )
        pairs += zip(
            estimate.gradient_q.values(), errors.gradient_q.values(), exact[2], strict=True
        )
        assert len(pairs) == 6
        for got, error, wanted in pairs:
            assert 0.0 < error < 0.01
            assert abs(got - wanted) < 5.0 * error

    @pytest.mark.parametrize("pair", ["location-scale", "others"])
    def test_standard_errors_are_honest_and_estimates_unbiased(self, monkeypatch, exact, pair):
        """Even for few draws, where a biased covariance would show: 4000 runs of 30 draws."""
        n, runs = 30, 4000
        if pair == "location-scale":
            p, q = rp.Logistic(np.full(runs, 0.5), 1.2), self.Q
        else:
            p, q = rp.Gamma(np.full(runs, 2.0), 3.0), rp.Gamma(2.5, 2.0)
            whole = rp.kl(rp.Gamma(2.0, 3.0), q)
            exact = whole.value, whole.gradient_p.values(), whole.gradient_q.values()
        monkeypatch.setattr(registry, "_FORMULAS", {})
        estimate = rp.kl(p, q, n=n, rng=11)
        assert estimate.value.shape == (runs,)
        errors = estimate.standard_error
        columns = [(estimate.value, errors.value, exact[0])]
        columns += zip(
            [*estimate.gradient_p.values(), *estimate.gradient_q.values()],
            [*errors.gradient_p.values(), *errors.gradient_q.values()],
            [*exact[1], *exact[2]],
            strict=True,
        )
        for got, error, wanted in columns:
            spread = got.std(ddof=1)
            assert abs(got.mean() - wanted) < 5.0 * spread / math.sqrt(runs)
            assert np.sqrt(np.mean(error**2)) == pytest.approx(spread, rel=0.15)

    @pytest.mark.parametrize(
        ("p", "q"),
        [
            (rp.Gamma(2.0, 3.0), rp.Gamma(2.5, 2.0)),
            (rp.Laplace(0.3, 0.7), rp.Gaussian(-0.2, 1.5)),
            (rp.Beta([2.0, 0.7], 3.0), rp.Beta(2.0, 1.5)),
            (rp.Binomial(7, 0.4), rp.Binomial(7, 0.3)),
            (rp.Geometric(0.4), rp.Geometric(0.3)),
            (rp.Categorical([0.3, 1.2, -0.5]), rp.Categorical([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])),
        ],
    )
    def test_agrees_with_closed_forms(self, monkeypatch, p, q):
        exact = rp.kl(p, q)
        monkeypatch.setattr(registry, "_FORMULAS", {})
        monkeypatch.setattr("reparam.divergences._sum._MOST", 0)
        estimate = rp.kl(p, q, rng=3)
        assert (exact.method, estimate.method) == ("closed form", "Monte Carlo")
        errors = estimate.standard_error
        assert np.all(abs(estimate.value - exact.value) < 5.0 * errors.value)
        for side in ("gradient_p", "gradient_q"):
            for name, wanted in getattr(exact, side).items():
                off = abs(getattr(estimate, side)[name] - wanted)
                assert np.all(off < 5.0 * getattr(errors, side)[name])

    @pytest.mark.parametrize("p", [rp.Gamma(2.0), rp.StudentT(3.0), rp.Poisson(4.0)])
    def test_of_equals_the_value_and_its_gradient_in_p_have_no_variance(self, monkeypatch, p):
        monkeypatch.setattr(registry, "_FORMULAS", {})
        estimate = rp.kl(p, p, n=1000, rng=3)
        assert estimate.value == estimate.standard_error.value == 0.0
        assert set(estimate.gradient_p.values()) == {0.0}
        assert set(estimate.standard_error.gradient_p.values()) == {0.0}

    def test_is_of_the_draws_that_sample_gives(self):
        estimate = rp.kl(self.P, self.Q, n=1000, rng=9)
        y = self.P.sample(1000, rng=9)
        ratio = self.P.log_prob(y) - self.Q.log_prob(y)
        assert estimate.value == pytest.approx(ratio.mean(), rel=1e-13)
        error = ratio.std(ddof=1) / math.sqrt(1000)
        assert estimate.standard_error.value == pytest.approx(error, rel=1e-12)
        slope = self.Q.score(y)["loc"] - self.P.score(y)["loc"]  # ∂/∂y log p/q
        for name, derivative in self.P.pathwise(y).items():
            terms = slope * derivative
            assert estimate.gradient_p[name] == pytest.approx(terms.mean(), rel=1e-12)
            error = terms.std(ddof=1) / math.sqrt(1000)
            assert estimate.standard_error.gradient_p[name] == pytest.approx(error, rel=1e-12)
        for name, score in self.Q.score(y).items():
            assert estimate.gradient_q[name] == pytest.approx(-score.mean(), rel=1e-12)
            error = score.std(ddof=1) / math.sqrt(1000)
            assert estimate.standard_error.gradient_q[name] == pytest.approx(error, rel=1e-12)

    def test_without_a_slope_the_gradient_in_p_is_a_covariance(self):
        p, q = rp.Gamma(2.0, 1.5), rp.Logistic()
        estimate = rp.kl(p, q, n=1000, rng=9)
        y = p.sample(1000, rng=9)
        ratio = p.log_prob(y) - q.log_prob(y)
        for name, score in p.score(y).items():
            covariance = np.cov(ratio, score)[0, 1]
            assert estimate.gradient_p[name] == pytest.approx(covariance, rel=1e-12)
            terms = (ratio - ratio.mean()) * score
            error = math.sqrt((np.mean(terms**2) - covariance**2 * 0.999**2) / 999)
            assert estimate.standard_error.gradient_p[name] == pytest.approx(error, rel=1e-3)

    def test_blocks_make_no_difference(self, monkeypatch):
        whole = rp.kl(rp.Logistic([0.0, 1.0]), self.Q, n=1000, rng=5)
        monkeypatch.setattr("reparam.sampling.CHUNK", 64)
        pieces = rp.kl(rp.Logistic([0.0, 1.0]), self.Q, n=1000, rng=5)
        for one, other in ((whole, pieces), (whole.standard_error, pieces.standard_error)):
            np.testing.assert_allclose(one.value, other.value, rtol=1e-11)
            for side in ("gradient_p", "gradient_q"):
                for name, entry in getattr(one, side).items():
                    np.testing.assert_allclose(entry, getattr(other, side)[name], rtol=1e-11)

    def test_the_seed_decides(self):
        first, again, other = (rp.kl(self.P, self.Q, n=100, rng=k).value for k in (1, 1, 2))
        assert first == again != other
        fresh = {float(rp.kl(self.P, self.Q, n=100).value) for _ in range(3)}
        assert len(fresh) == 3

    def test_where_the_support_is_less_only_elements_are_infinite(self):
        """A distribution whose support depends on its parameters."""

        class Shifted(rp.Exponential):
            name = "shifted"
            start: rp.Parameter = rp.Parameter("a", REAL, 0.0, (0.0, 1.0))
            _support = rp.Interval("start", math.inf)

            @staticmethod
            def _log_prob(y, rate, start):
                return np.log(rate) - rate * (y - start)

            @staticmethod
            def _score(y, rate, start):
                return 1.0 / rate - (y - start), rate + 0.0 * y

            @staticmethod
            def _icdf(u, rate, start):
                return start - np.log1p(-u) / rate

        q = Shifted(2.0, [-1.0, 0.5])
        assert without_draws(rp.ChiSquare(3.0), q) is None
        estimate = rp.kl(rp.ChiSquare(3.0), q, n=1000, rng=1)
        assert np.isfinite(estimate.value).tolist() == [True, False]
        assert estimate.value[1] == np.inf
        assert np.isnan(estimate.gradient_q["rate"]).tolist() == [False, True]
        assert np.isnan(estimate.standard_error.gradient_p["df"]).tolist() == [False, True]
        assert estimate.standard_error.value[1] == 0.0


class TestRegistration:
    class Child(rp.Gaussian):
        name = "child"

    class Grandchild(Child):
        name = "grandchild"

    @pytest.fixture(autouse=True)
    def own_table(self, monkeypatch):
        monkeypatch.setattr(registry, "_FORMULAS", dict(registry._FORMULAS))

    @staticmethod
    def constant(value):
        return lambda p, q: (value, (0.0, 0.0), (0.0, 0.0))

    def test_subclasses_inherit(self):
        p, q = (1.0, 2.0), (0.5, 3.0)
        inherited, own = (
            rp.kl(self.Grandchild(*p), self.Child(*q)),
            rp.kl(rp.Gaussian(*p), rp.Gaussian(*q)),
        )
        assert inherited.value == own.value
        assert inherited.gradient_p == own.gradient_p

    def test_the_nearest_pair_goes_first(self):
        register_kl(rp.Gaussian, self.Child)(self.constant(1.0))
        assert rp.kl(self.Grandchild(), self.Grandchild()).value == 1.0
        register_kl(self.Child, self.Child)(self.constant(2.0))
        assert rp.kl(self.Grandchild(), self.Grandchild()).value == 2.0
        assert rp.kl(rp.Gaussian(), self.Grandchild()).value == 1.0
        assert rp.kl(rp.Gaussian(), rp.Gaussian()).value == 0.0

    def test_a_formula_may_decline(self):
        register_kl(self.Child, self.Child)(lambda p, q: None)
        assert rp.kl(self.Child(1.0), self.Child()).value == 0.5
        register_kl(rp.Logistic, rp.Logistic)(lambda p, q: None)
        assert rp.kl(rp.Logistic(1.0), rp.Logistic(), n=10, rng=1).method == "Monte Carlo"

    def test_any_location_scale_family_has_one_to_a_gaussian(self, monkeypatch):
        """A plugin's, here Gumbel's, whose mean is not its location."""
        monkeypatch.syspath_prepend(Path(__file__).parents[1] / "helpers" / "plugin")
        from reparam_gumbel_min import GumbelMin

        p, q = GumbelMin(0.4, 1.3), rp.Gaussian(-0.5, 2.0)
        exact = rp.kl(p, q)
        assert exact.exact
        monkeypatch.setattr(registry, "_FORMULAS", {})
        estimate = rp.kl(p, q, rng=2)
        errors = estimate.standard_error
        assert abs(estimate.value - exact.value) < 5.0 * errors.value
        for name in ("loc", "scale"):
            for side in ("gradient_p", "gradient_q"):
                off = getattr(estimate, side)[name] - getattr(exact, side)[name]
                assert abs(off) < 5.0 * getattr(errors, side)[name]

    def test_one_with_a_shape_has_none(self):
        assert without_draws(rp.StudentT(), rp.Gaussian()) is None


class TestErrors:
    @pytest.mark.parametrize("n", [1, 0, -5, 10.0, True, "100"])
    def test_too_few_draws(self, n):
        with pytest.raises(CountError, match="pass an integer of at least 2"):
            rp.kl(rp.Logistic(), rp.Logistic(), n=n)

    def test_a_number_that_is_no_integer_is_called_that(self):
        with pytest.raises(CountError, match=r"^n=100000\.0 is not an integer; pass an integer"):
            rp.kl(rp.Logistic(), rp.Logistic(), n=1e5)

    def test_names_and_classes(self):
        for wrong in ("gaussian", rp.Gaussian, 1.0, None):
            with pytest.raises(ParameterError, match=r"^q is .* and not a distribution; pass one"):
                rp.kl(rp.Gaussian(), wrong)
            with pytest.raises(ParameterError, match=r"^p is "):
                without_draws(wrong, rp.Gaussian())

    def test_shapes(self):
        with pytest.raises(ShapeError, match=r"p has shape \(2,\), q has shape \(3,\)"):
            rp.kl(rp.Gaussian([0.0, 1.0]), rp.Gaussian([0.0, 1.0, 2.0]))
        divergence = rp.kl(rp.Gaussian([0.0, 1.0]), rp.Gaussian())
        for upstream in ([1.0, 2.0, 3.0], [[1.0, 2.0]]):
            with pytest.raises(ShapeError, match="upstream"):
                divergence.vjp(upstream)
        with pytest.raises(ParameterError, match="upstream"):
            divergence.vjp("1")

    def test_seed(self):
        with pytest.raises(SeedError):
            rp.kl(rp.Logistic(), rp.Logistic(), rng=-1)
