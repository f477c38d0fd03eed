"""The pieces of ``reparam.special`` against mpmath, and its functions at ends and odd arguments."""

from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from mpmath import mp, mpf
from reference import PARAMETERS, load

from reparam.special import _accurate, beta, entropies, gamma, log_gamma, normal, polygamma, student

INF, NAN = np.inf, np.nan


def psi(z):
    return mp.digamma(z)


#: function, its definition, and for each argument: its least and largest size, and its signs
PIECES = [
    (_accurate.bend, lambda s: mp.expm1(s) - s, [(1e-12, 600.0, "±")]),
    (_accurate.log1pmx, lambda r: mp.log1p(r) - r, [(1e-12, 1e12, "+")]),
    (_accurate.log1pmx, lambda r: mp.log1p(r) - r, [(1e-12, 0.999999, "-")]),
    (
        polygamma.digamma_difference,
        lambda z, h: psi(z + h) - psi(z),
        [(1e-6, 1e9, "+"), (1e-9, 1e9, "+")],
    ),
    (
        lambda z, h: polygamma.delta_differences(h, z)[1],
        lambda z, h: mp.log(z) - psi(z) - mp.log(z + h) + psi(z + h),
        [(10.0, 1e9, "+"), (1e-9, 1e9, "+")],
    ),
    (
        lambda z, h: polygamma.delta_differences(z, h)[0],
        lambda z, h: psi(z + 1) - mp.log(z) - psi(z + h + 1) + mp.log(z + h),
        [(10.0, 1e9, "+"), (1e-9, 1e9, "+")],
    ),
    (
        polygamma.digamma_half_excess,
        lambda z: psi(z + 0.5) - psi(z) - 1 / (2 * z),
        [(1e-6, 1e9, "+")],
    ),
]


def points(ranges, size=300):
    rng = np.random.default_rng(21)
    return [
        np.exp(rng.uniform(np.log(low), np.log(high), size))
        * (rng.choice([-1.0, 1.0], size) if sign == "±" else float(f"{sign}1"))
        for low, high, sign in ranges
    ]


def exact(definition, *arguments):
    with mp.workdps(60):
        rows = zip(*(argument.tolist() for argument in arguments), strict=True)
        return np.array([float(definition(*map(mpf, row))) for row in rows])


@pytest.mark.parametrize(("function", "definition", "ranges"), PIECES)
def test_pieces(function, definition, ranges):
    arguments = points(ranges)
    np.testing.assert_allclose(function(*arguments), exact(definition, *arguments), rtol=2e-15)


def test_delta():
    """Below 10 it is a difference with ψ, and absolute accuracy is what is needed."""
    z = points([(1e-6, 1e9, "+")])[0]
    wanted = exact(lambda z: mp.log(z) - psi(z), z)
    np.testing.assert_allclose(polygamma.delta(z), wanted, rtol=1e-15, atol=1e-15)


def test_log_gamma_star():
    """Absolute accuracy is what is needed: it is a term of a logarithm."""
    z = points([(1.0, 1e9, "+")])[0]
    wanted = exact(lambda z: mp.loggamma(z) - (z - 0.5) * mp.log(z) + z - mp.log(2 * mp.pi) / 2, z)
    np.testing.assert_allclose(log_gamma.log_gamma_star(z), wanted, rtol=1e-15, atol=1e-16)


def test_log_half_step():
    """Below 1 it is a difference of logarithms, and absolute accuracy is what is needed."""
    z = points([(1e-6, 1e9, "+")])[0]
    wanted = exact(lambda z: mp.loggamma(z + 0.5) - mp.loggamma(z) - mp.log(z) / 2, z)
    np.testing.assert_allclose(log_gamma.log_half_step(z), wanted, rtol=2e-15, atol=1e-14)
    large = z >= 1.0
    np.testing.assert_allclose(log_gamma.log_half_step(z[large]), wanted[large], rtol=4e-15)


@pytest.mark.parametrize(
    ("function", "seams"),
    [
        (_accurate.bend, [-0.5, 0.5]),
        (_accurate.log1pmx, [-0.3, 0.3]),
        (lambda z: polygamma.delta_differences(np.full_like(z, 1e-3), z)[1], [10.0]),
        (lambda z: polygamma.delta_differences(np.full_like(z, 30.0), z)[1], [16.0]),
        (lambda z: polygamma.delta_differences(z, np.full_like(z, 1e-3))[0], [10.0]),
        (lambda z: polygamma.delta_differences(z, np.full_like(z, 30.0))[0], [16.0]),
        (log_gamma.log_gamma_star, [2.0, 4.0, 8.0]),
    ],
)
def test_pieces_have_no_jump(function, seams):
    seam = np.array(seams)
    values = [function(np.nextafter(seam, end)) for end in (-INF, INF)]
    np.testing.assert_allclose(*values, rtol=1e-15, atol=1e-16)


@given(*[st.floats(1e-100, 1e100) for _ in range(3)], st.floats(-1e-15, 1e-15))
def test_product_difference(a, b, c, apart):
    """Products that nearly cancel: right to the rounding of the errors' errors."""
    d = a * b / c * (1.0 + apart)
    found = float(_accurate.product_difference(*map(np.float64, (a, b, c, d))))
    wanted = Fraction(a) * Fraction(b) - Fraction(c) * Fraction(d)
    allowed = abs(wanted) * Fraction(2) ** -52 + Fraction(a) * Fraction(b) * Fraction(2) ** -104
    assert abs(Fraction(found) - wanted) <= allowed


def test_normal_tails():
    z = np.array([-38.4, -37.6, -37.4, -20.0, -1.0, 0.0, 1.0, 8.0])
    tails = exact(lambda z: mp.erfc(-z / mp.sqrt(2)) / 2, z)
    np.testing.assert_allclose(normal.cdf(z), tails, rtol=3e-13, atol=5e-324)
    np.testing.assert_array_equal(normal.sf(-z), normal.cdf(z))


# Densities and entropies -----------------------------------------------------------------------


def test_gamma_log_weight_and_entropy():
    alpha = points([(1e-3, 1e8, "+")])[0]
    x = gamma.quantile(np.random.default_rng(3).uniform(0.01, 0.99, alpha.size), alpha)
    alpha, x = alpha[x > 0.0], x[x > 0.0]
    weight = exact(lambda a, x: a * mp.log(x) - x - mp.loggamma(a), alpha, x)
    np.testing.assert_allclose(gamma.log_weight(x, alpha), weight, rtol=1e-14, atol=1e-14)
    entropy = exact(lambda a: mp.loggamma(a) - a * psi(a) + a, alpha)
    np.testing.assert_allclose(gamma.log_entropy(alpha), entropy, rtol=1e-14, atol=1e-14)


def log_beta(a, b):
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def test_beta_log_weight():
    a, b = points([(1e-2, 1e6, "+"), (1e-2, 1e6, "+")])
    x, rest = beta.quantile(np.random.default_rng(4).uniform(0.01, 0.99, a.size), a, b)
    inside = (x > 1e-300) & (rest > 0.5)
    a, b, x = a[inside], b[inside], x[inside]
    weight = exact(lambda a, b, x: a * mp.log(x) + b * mp.log1p(-x) - log_beta(a, b), a, b, x)
    np.testing.assert_allclose(beta.log_weight(x, a, b), weight, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("least", [1.0, 1e-2])
def test_beta_entropy(least):
    a, b = points([(least, 1e6, "+"), (least, 1e6, "+")])
    entropy = exact(
        lambda a, b: log_beta(a, b) - a * psi(a) - b * psi(b) + (a + b) * psi(a + b), a, b
    )
    np.testing.assert_allclose(entropies.logit_entropy(a, b), entropy, rtol=2e-14, atol=2e-14)


# Quantiles -------------------------------------------------------------------------------------

TAIL = np.linspace(-15.9, -2, 100)
U = np.concatenate(
    [
        10.0 ** np.linspace(-300, -16, 150),
        10.0**TAIL,
        np.linspace(0.02, 0.98, 97),
        1.0 - 10.0 ** TAIL[::-1],
    ]
)
QUANTILES = {
    "gamma": (gamma.quantile, [(1e-3,), (0.3,), (1.0,), (7.99,), (50.0,), (1e6,)]),
    "gamma, ln": (gamma.log_quantile, [(1e-3,), (0.3,), (1.0,), (7.99,), (50.0,), (1e6,)]),
    "beta": (
        lambda u, a, b: beta.quantile(u, a, b)[0],
        [(1e-3, 1e-3), (0.3, 0.4), (2.0, 3.0), (1e-2, 1e5), (1e5, 1e-2), (1e3, 2e3)],
    ),
    "beta, complement": (
        lambda u, a, b: -beta.quantile(u, a, b)[1],
        [(1e-3, 1e-3), (0.3, 0.4), (2.0, 3.0), (1e-2, 1e5), (1e5, 1e-2), (1e3, 2e3)],
    ),
    "student": (student.quantile, [(0.3,), (1.0,), (5.0,), (70.0,), (1e6,)]),
}
CASES = [(name, *theta) for name, (_, many) in QUANTILES.items() for theta in many]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_quantiles_increase(case):
    quantile, theta = QUANTILES[case[0]][0], case[1:]
    values = quantile(U, *theta)
    assert np.all(values[1:] >= values[:-1])  # t overflows for few degrees of freedom


@pytest.mark.parametrize("case", CASES, ids=str)
def test_quantiles_at_the_ends(case):
    quantile, theta = QUANTILES[case[0]][0], case[1:]
    lowest = {"gamma": 0.0, "beta": 0.0, "beta, complement": -1.0}.get(case[0], -INF)
    highest = {"beta": 1.0, "beta, complement": 0.0}.get(case[0], INF)
    assert quantile(np.array([0.0, 1.0]), *theta).tolist() == [lowest, highest]


@pytest.mark.parametrize("name", QUANTILES)
def test_quantiles_of_nan(name):
    quantile, (theta, *_) = QUANTILES[name]
    assert np.isnan(quantile(np.array([NAN]), *theta))


# Derivatives -----------------------------------------------------------------------------------

SHAPES = [1e-3, 0.3, 1.0, 7.99, 8.0, 50.0, 1e6]


@pytest.mark.parametrize("shape", SHAPES)
def test_derivatives_vanish_where_the_support_ends(shape):
    assert gamma.pathwise(0.0, shape) == 0.0
    for x in (0.0, 1.0):
        assert beta.pathwise(x, shape, 2.0) == (0.0, 0.0)


@pytest.mark.parametrize("shape", SHAPES)
def test_student_derivative_vanishes_in_the_middle(shape):
    assert student.pathwise(0.0, shape) == 0.0


@pytest.mark.parametrize("function", [gamma.pathwise, gamma.log_pathwise, gamma.cdf_derivative])
@pytest.mark.parametrize("shape", SHAPES)
def test_gamma_derivatives_of_nan(function, shape):
    assert np.isnan(function(NAN, shape))
    assert np.isnan(function(0.5, NAN))


@pytest.mark.parametrize("function", [beta.pathwise, beta.logit_pathwise, beta.cdf_derivatives])
@pytest.mark.parametrize("shape", SHAPES)
def test_beta_derivatives_of_nan(function, shape):
    for arguments in ((NAN, shape, 2.0), (0.5, NAN, 2.0), (0.5, shape, NAN)):
        assert np.all(np.isnan(function(*arguments)))


@pytest.mark.parametrize("shape", SHAPES)
def test_gamma_derivative_far_below_underflow(shape):
    """h(α) ~ (ψ(α+1) − ln x)/α as x → 0."""
    log_x = np.array([-744.0, -746.0, -1e4, -1e8])
    leading = exact(lambda x, a: (psi(a + 1) - x) / a, log_x, np.full(4, shape))
    np.testing.assert_allclose(gamma.log_pathwise(log_x, shape), leading, rtol=1e-14)


@pytest.mark.parametrize("shape", [0.01, 0.3, 1.0, 20.0, 1e5])
def test_beta_derivatives_far_below_underflow(shape):
    """D_α ~ (ψ(α) − ψ(α+β) − ln x)/α + 1/α², D_β ~ (ψ(β) − ψ(α+β))/α as x → 0."""
    logit, other = np.array([-746.0, -1e4, -1e8]), 2.5
    first, second = beta.logit_pathwise(logit, shape, other)
    both = [np.full(3, shape), np.full(3, other)]
    wanted = exact(lambda x, a, b: (psi(a) - psi(a + b) - x) / a + 1 / a**2, logit, *both)
    np.testing.assert_allclose(first, wanted, rtol=1e-14)
    wanted = exact(lambda x, a, b: (psi(b) - psi(a + b)) / a, logit, *both)
    np.testing.assert_allclose(second, wanted, rtol=1e-14)


# Calling conventions ---------------------------------------------------------------------------

FUNCTIONS = {
    "gamma": [gamma.pathwise, gamma.cdf_derivative, gamma.cdf, gamma.sf, gamma.log_weight],
    "beta": [beta.pathwise, beta.cdf_derivatives, beta.log_weight],
    "student_t": [student.pathwise],
}
ALL = [(name, function) for name, functions in FUNCTIONS.items() for function in functions]


def sample(name, size=400):
    table = load(name).where(lambda row: row["side"] == "y")
    chosen = np.random.default_rng(6).permutation(len(table.rows))[:size]
    return [table["point"][chosen], *(theta[chosen] for theta in table.theta)]


@pytest.mark.parametrize(("name", "function"), ALL)
def test_values_do_not_depend_on_neighbours(name, function):
    arguments = sample(name)
    together = np.array(function(*arguments))
    alone = np.array([function(*row) for row in zip(*arguments, strict=True)]).T
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize(("name", "function"), ALL)
def test_arguments_broadcast(name, function):
    point, *theta = sample(name, 5)
    column = [values[:, np.newaxis] for values in theta]
    table = np.array(function(point, *column))
    assert table.shape[-2:] == (5, 5)
    for i, row in enumerate(zip(*theta, strict=True)):
        np.testing.assert_array_equal(table[..., i, :], np.array(function(point, *row)))
    scalar = function(float(point[0]), *(float(values[0]) for values in theta))
    np.testing.assert_array_equal(table[..., 0, 0], np.array(scalar))
    empty = function(np.empty((0, 3)), *(float(values[0]) for values in theta))
    assert np.array(empty).shape[-2:] == (0, 3)


def test_tables_serve_all_kernels():
    assert set(FUNCTIONS) == set(PARAMETERS)
