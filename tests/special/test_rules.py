"""Generated quadrature rules and expansions: as exact as they are said to be.

Rules are evaluated in many digits, at points that had no part in making them, so that only the
rules' own errors count.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from mpmath import mp, mpf

from reparam.special import _expansions, _rules

TOOLS = Path(__file__).parents[2] / "tools"


def tool(name):
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


# Each family: from a random generator, an integrand with several values, and where it is cut up ---


def gamma_below(rng):
    alpha = rng.uniform(2.0, 8.0)
    x = rng.uniform(2.0, alpha)

    def values(t):
        weight = mp.exp(alpha * mp.log(t) + x * (1 - t))
        return [weight, weight * mp.log(t)]

    return values, [0, 0.5, 1]


def gamma_above(low, high):
    def family(rng):
        x = log_uniform(rng, low, high)
        alpha = min(x, 16.0) * rng.random()

        def values(v):
            log = mp.log1p(v / x)
            weight = mp.exp((alpha - 1) * log - v)
            return [weight, weight * log]

        return values, [0, 1, 8, 30, 80]

    return family


def gamma_above_in_logs(low, high):
    def family(rng):
        x = log_uniform(rng, low, high)
        alpha = min(x, 8.0) * rng.random()

        def values(s):
            weight = mp.exp(alpha * s - x * mp.expm1(s))
            return [weight, weight * s]

        return values, [0, 0.3, 1, 2, 5]

    return family


def beta_small(least):
    def family(rng):
        alpha, beta_ = rng.uniform(least, 8.0), rng.uniform(0.0, 8.0)
        x = min(alpha / (alpha + beta_), 0.62) * rng.random()

        def values(t):
            rest = mp.log1p(-x * t) - mp.log1p(-x)
            weight = mp.exp(alpha * mp.log(t) + (beta_ - 1) * rest)
            return [weight, weight * mp.log(t), weight * rest]

        return values, [0, 0.01, 0.2, 1]

    return family


def beta_scaled(low, high, least_alpha, least_beta):
    """The weight of the scaled tail integrals at α + 1, on [0, 1] where its exponent ends."""

    def family(rng):
        while True:
            alpha, beta_ = (log_uniform(rng, least, 1e6) for least in (least_alpha, least_beta))
            logit = mp.log(alpha / mpf(beta_)) - rng.random() * 3 * mp.sqrt(1 / alpha + 1 / beta_)
            x = 1 / (1 + mp.exp(-logit))
            if low < x < high:
                break
        a, total = alpha + 1, alpha + beta_ + 1

        def exponent(s):
            return a * s + total * mp.log1p(x * mp.expm1(-s))

        length = mpf(1)
        while exponent(length) < _rules.CUTOFF:
            length *= 2
        length = mp.findroot(
            lambda s: exponent(s) - _rules.CUTOFF, (0, length), solver="anderson", tol=1e-25
        )

        def values(t):
            s = t * length
            fall = mp.log1p(x * mp.expm1(-s))
            weight = mp.exp(-a * s - total * fall)
            return [weight, weight * s, weight * fall / x]

        return values, [0, 0.02, 0.1, 0.3, 1]

    return family


def student_centre(rng):
    nu, t = log_uniform(rng, 1.0, 1e4), 1.55 * rng.random()
    share = t * t / (nu + t * t)

    def values(r):
        log = mp.log1p(-share * r * r)
        weight = mp.exp((nu / 2 - 1) * (log - mp.log1p(-share)))
        return [weight, weight * log]

    return values, [0, 1]


def student_tail(rng):
    nu, t = log_uniform(rng, 1.0, 1e4), log_uniform(rng, 1.55, 1e4)

    def values(rho):
        lost = -mp.expm1(-2 * rho / nu)
        weight = mp.exp(-rho) / mp.sqrt(1 + lost * nu / t**2)
        return [weight, weight * rho, weight * lost]

    return values, [0, 0.2, 1, 8, 30, 80]


FAMILIES = {
    "GAMMA_BELOW": gamma_below,
    "GAMMA_ABOVE_HALF": gamma_above_in_logs(0.5, 2.0),
    "GAMMA_ABOVE_TWO": gamma_above_in_logs(2.0, 5.0),
    "GAMMA_ABOVE_FIVE": gamma_above_in_logs(5.0, 12.0),
    "GAMMA_ABOVE_TWELVE": gamma_above_in_logs(12.0, 30.0),
    "GAMMA_ABOVE_TEN": gamma_above(10.0, 200.0),
    "BETA_SMALL": beta_small(0.0),
    "BETA_MODERATE": beta_small(1.0),
    "BETA_LOW": beta_scaled(0.0, 0.62, 1e-3, 1e-2),
    "BETA_HIGH": beta_scaled(0.62, 1.0, 1e-3, 0.2),
    "BETA_LARGE": beta_scaled(0.0, 1.0, 8.0, 8.0),
    "STUDENT_CENTRE": student_centre,
    "STUDENT_TAIL": student_tail,
}


def test_every_rule_has_a_family():
    assert set(FAMILIES) == {name for name, rule in vars(_rules).items() if type(rule) is tuple}
    assert set(FAMILIES) == set(tool("quadrature_rules").FAMILIES)


@pytest.mark.parametrize("count", [2, pytest.param(6, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", FAMILIES)
def test_rules_integrate_their_families(name, count):
    nodes, weights = getattr(_rules, name)
    assert min(weights) > 0.0
    rng = np.random.default_rng(31)
    with mp.workdps(25):
        for _ in range(count):
            values, edges = FAMILIES[name](rng)
            rows = [values(mpf(node)) for node in nodes]
            for k in range(len(rows[0])):
                found = sum(mpf(w) * row[k] for w, row in zip(weights, rows, strict=True))
                wanted = mp.quad(lambda t, k=k, values=values: values(t)[k], edges)
                assert abs(found / wanted - 1) < 2e-14


@pytest.mark.parametrize("table", _expansions.TABLES, ids=lambda table: f"{table.least:g}")
def test_expansions_are_what_the_tool_fits(table):
    """At the start of each range, where a fit is worst, and within it, over |w| ≤ 5/√α."""
    made = tool("gamma_expansion")
    with mp.workdps(made.DIGITS):
        for alpha in (mpf(table.least), mpf(table.least) * 1.9):
            for step in (-5, mpf("-2.2"), mpf("0.1"), mpf("3.1"), mpf("4.9")):
                w = step / mp.sqrt(alpha)
                fitted = sum(
                    mpf(entry) * w**j / alpha**k
                    for j, row in enumerate(table.rows)
                    for k, entry in enumerate(row)
                )
                wanted = alpha * made.log_derivative(alpha, alpha * mp.exp(w))
                assert abs(fitted / wanted - 1) < 2e-15


def test_expansions_cover_the_ranges_of_the_tool():
    made = tool("gamma_expansion")
    assert [table.least for table in _expansions.TABLES] == [first for first, *_ in made.RANGES]
