"""Second derivatives of draws: against mpmath, and against the first."""

import functools
import math

import numpy as np
import pytest
from mpmath import mp, mpf

import reparam as rp
from reparam.base.derived import Derived
from reparam.base.second_order import along_quantiles
from reparam.base.tree import flat
from reparam.domains import POSITIVE, REAL
from reparam.errors import NoFormulaError, ShapeError, UnknownParameterError, UnknownViewError
from reparam.parameters import Parameter

#: The relative error that is allowed, or 20 times what half an ulp in each input forces.
BOUND, ALLOWANCE = 1e-11, 20
DIGITS = 50


def second(function, at, i, j):
    """Return ∂²f/∂x_i∂x_j by central differences in many digits."""
    steps = [mpf(10) ** -(DIGITS // 5) * (abs(x) or 1) for x in at]

    def shifted(k, m):
        moved = list(at)
        moved[i] += k * steps[i]
        moved[j] += m * steps[j]
        return function(*moved)

    if i == j:
        outer, inner = (shifted(k, 0) + shifted(-k, 0) for k in (2, 1))
        return (16 * inner - outer - 30 * function(*at)) / (12 * steps[i] ** 2)
    one, two = (shifted(k, k) - shifted(k, -k) - shifted(-k, k) + shifted(-k, -k) for k in (1, 2))
    return (16 * one - two) / (48 * steps[i] * steps[j])


def first(function, at, i):
    """Return ∂f/∂x_i likewise."""
    step = mpf(10) ** -(DIGITS // 5) * (abs(at[i]) or 1)
    one, two = (
        function(*at[:i], at[i] + k * step, *at[i + 1 :])
        - function(*at[:i], at[i] - k * step, *at[i + 1 :])
        for k in (1, 2)
    )
    return (8 * one - two) / (12 * step)


def of_quantile(quantile):
    """Return what makes ∂²y/∂θ_i∂θ_j of u and θ, of a quantile."""
    return lambda i, j, u, *theta: second(quantile, [u, *theta], 1 + i, 1 + j)


def of_cdf(cdf):
    """Return what makes ∂²y/∂θ_i∂θ_j of y and θ, of a cdf: at fixed u = F(y; θ)."""

    def entry(i, j, *at):
        at = list(at)
        density = first(cdf, at, 0)
        speed, other = (-first(cdf, at, 1 + k) / density for k in (i, j))
        carried = second(cdf, at, 1 + i, 1 + j) + second(cdf, at, 0, 0) * speed * other
        mixed = second(cdf, at, 0, 1 + i) * other + second(cdf, at, 0, 1 + j) * speed
        return -(carried + mixed) / density

    return entry


def assert_second_order(found, entry, inputs):
    """Assert that a nested mapping is what mpmath says, for as many parameters as are given.

    The first input is y or u.
    """
    names = list(found)[: len(inputs) - 1]
    rows = np.broadcast_arrays(*inputs)
    for n in range(rows[0].size):
        numbers = [float(row.flat[n]) for row in rows]
        with mp.workdps(DIGITS):
            exact = [*map(mpf, numbers)]
            for i, name in enumerate(names):
                for j, other in enumerate(names[i:], start=i):
                    value = float(np.broadcast_to(found[name][other], rows[0].shape).flat[n])
                    right = entry(i, j, *exact)
                    scale = max(abs(right), mpf(10) ** -(DIGITS // 2))
                    error = abs(mpf(value) - right) / scale
                    if error > BOUND:
                        forced = mpf(0)
                        for k, number in enumerate(numbers):
                            moved = list(exact)
                            moved[k] += mpf(math.ulp(number)) / 2
                            forced += abs(entry(i, j, *moved) - right) / scale
                        message = f"{name}, {other} at {numbers}: {value} for {mp.nstr(right, 17)}"
                        assert error <= ALLOWANCE * forced, message


QUANTILES = {
    "exponential": lambda u, rate: -mp.log1p(-u) / rate,
    "weibull": lambda u, scale, k: scale * (-mp.log1p(-u)) ** (1 / k),
    "pareto": lambda u, scale, k: scale * (1 - u) ** (-1 / k),
    "log-uniform": lambda u, a, b: a ** (1 - u) * b**u,
    "uniform": lambda u, a, b: (1 - u) * a + u * b,
    "triangular": lambda u, a, b, c: (
        a + mp.sqrt(u * (b - a) * (c - a))
        if u * (b - a) < c - a
        else b - mp.sqrt((1 - u) * (b - a) * (b - c))
    ),
    "kumaraswamy": lambda u, a, b: (1 - (1 - u) ** (1 / b)) ** (1 / a),
    "relaxed-bernoulli": lambda u, t, eta: 1 / (1 + mp.exp(-(eta + mp.log(u / (1 - u))) / t)),
    "asymmetric-laplace": lambda u, k, loc, scale: (
        loc + scale * k * mp.log(u * (1 + k * k) / k**2)
        if u * (1 + k * k) < k * k
        else loc - scale * mp.log((1 - u) * (1 + k * k)) / k
    ),
    "generalized-pareto": lambda u, xi, loc, scale: loc + scale * mp.expm1(-xi * mp.log1p(-u)) / xi,
    "continuous-bernoulli": lambda u, eta: mp.log1p(u * mp.expm1(eta)) / eta,
    "half-cauchy": lambda u, scale: scale * mp.tan(mp.pi * u / 2),
}


def gamma_tail(a, x):
    """P(α, x), or −Q where that is smaller: their derivatives are equal."""
    if x < a:
        return mp.gammainc(a, 0, x, regularized=True)
    return -mp.gammainc(a, x, mp.inf, regularized=True)


def beta_tail(a, b, x, rest):
    """I_x(α, β), or −I_(1−x)(β, α)."""
    if x * b < rest * a:
        return mp.betainc(a, b, 0, x, regularized=True)
    return -mp.betainc(b, a, 0, rest, regularized=True)


def normal_cdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def student(t, nu):
    tail = mp.betainc(nu / 2, mpf(1) / 2, 0, nu / (nu + t * t), regularized=True) / 2
    return tail if t < 0 else -tail


def skew_t(z, a, b):
    root = mp.sqrt(a + b + z * z)
    least = (a + b) / (2 * root * (root + abs(z)))
    return beta_tail(a, b, least, 1 - least) if z < 0 else beta_tail(a, b, 1 - least, least)


def generalized_normal(z, power):
    tail = mp.gammainc(1 / power, abs(z) ** power, mp.inf, regularized=True) / 2
    return tail if z < 0 else -tail


def inverse_gaussian(y, mean, shape):
    root = mp.sqrt(shape / y)
    lower, beyond = normal_cdf(root * (y / mean - 1)), normal_cdf(-root * (y / mean + 1))
    return lower + mp.exp(2 * shape / mean) * beyond


#: The cdf, of a location-scale distribution that of z and the shape alone.
CDFS = {
    "gamma": lambda y, a, rate: gamma_tail(a, y * rate),
    "inverse-gamma": lambda y, a, scale: -gamma_tail(a, scale / y),
    "chi": lambda y, df: gamma_tail(df / 2, y * y / 2),
    "chi-square": lambda y, df: gamma_tail(df / 2, y / 2),
    "beta": lambda y, a, b: beta_tail(a, b, y, 1 - y),
    "beta-prime": lambda y, a, b: beta_tail(a, b, y / (1 + y), 1 / (1 + y)),
    "f": lambda y, m, n: beta_tail(m / 2, n / 2, m * y / (m * y + n), n / (m * y + n)),
    "sigmoid-beta": lambda y, a, b: beta_tail(a, b, 1 / (1 + mp.exp(-y)), 1 / (1 + mp.exp(y))),
    "skew-t": skew_t,
    "student-t": student,
    "generalized-normal": generalized_normal,
    "inverse-gaussian": inverse_gaussian,
}


def typical(cls, rng, count):
    """Return random values of the parameters in their typical ranges."""
    theta = {}
    for name, parameter in cls.parameters.items():
        low, high = parameter.typical
        if low > 0.0:
            theta[name] = np.exp(rng.uniform(math.log(low), math.log(high), count))
        else:
            theta[name] = rng.uniform(low, high, count)
    return cls(**theta)


def standard(d):
    """Return the standard distribution of a location-scale one, and the parameters that matter."""
    if d.mechanism != "location-scale":
        return d, d._theta
    return d.replace(loc=0.0, scale=1.0), d._theta[:-2]


@pytest.mark.parametrize("name", QUANTILES)
def test_closed_forms(name):
    d = typical(rp.get(name), np.random.default_rng(1), 6)
    u = np.array([1e-8, 0.01, 0.3, 0.5, 0.8, 1.0 - 1e-6])
    assert_second_order(d.transform(u).hessian(), of_quantile(QUANTILES[name]), [u, *d._theta])


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long)
        if name in ("inverse-gamma", "chi", "f", "sigmoid-beta", "skew-t")
        else name
        for name in CDFS
    ],
)
def test_implicit_forms(name):
    d, theta = standard(typical(rp.get(name), np.random.default_rng(2), 4))
    y = d.icdf([1e-5, 0.2, 0.6, 0.9])
    assert_second_order(d.pathwise2(y), of_cdf(CDFS[name]), [y, *theta])


@pytest.mark.long
@pytest.mark.parametrize("name", ["gamma", "inverse-gamma", "chi-square", "beta", "student-t"])
def test_shapes_of_all_sizes(name):
    rng, cls = np.random.default_rng(3), rp.get(name)
    shapes = {n: 10.0 ** rng.uniform(-2, 3, 12) for n in ("alpha", "beta", "df") if n in cls._own}
    d, theta = standard(cls(**shapes))
    u = 10.0 ** rng.uniform(-12, 0, 12)
    y = np.where(rng.random(12) < 0.5, d.icdf(u), d.isf(u))
    assert_second_order(d.pathwise2(y), of_cdf(CDFS[name]), [y, *theta])


#: From the logit of x to the value, at the shapes.
OF_LOGIT = {
    "beta": lambda logit, a, b: 1.0 / (1.0 + np.exp(-logit)),
    "beta-prime": lambda logit, a, b: np.exp(logit),
    "f": lambda logit, a, b: np.exp(logit) * b / a,
    "sigmoid-beta": lambda logit, a, b: logit,
    "skew-t": lambda logit, a, b: np.sqrt(a + b) * np.sinh(0.5 * logit),
}

#: Logits of x, and shapes: one much larger than the other, both next to 0, next to 1 and 1e4, and
#: on both sides of where x counts from another endpoint.
HARD = [
    (10.9, 1157470.0, 1.14),
    (27.6, 827.0, 0.006),
    (10.2, 0.73, 1.4e-5),
    (-0.4, 0.0018, 14358.5),
    (-19.0, 1.3e-6, 1.25),
    (18.4, 1e8, 2.5),
    (-6.6, 3e-3, 2e4),
    (-0.9, 0.001, 0.001),
    (0.8, 0.001, 0.002),
    (6.9, math.nextafter(1.0, 0.0), 0.03),
    (6.9, 1.0, 0.03),
    (10.0, 9999.5, 0.5),
    (10.0, 9999.5, 0.6),
    (3.0, 3.0, 0.01),
    (3.1, 3.0, 0.01),
]


def beta_made(name, logit, a, b):
    """Return a distribution made of Beta(a, b), its parameters and its values."""
    y = OF_LOGIT[name](logit, a, b)
    d, theta = standard(rp.get(name)(*((2.0 * a, 2.0 * b) if name == "f" else (a, b))))
    return d, theta, y


@pytest.mark.parametrize("name", OF_LOGIT)
def test_values_made_of_beta_draws(name):
    logit, a, b = np.array(HARD).T
    d, theta, y = beta_made(name, logit, a, b)
    # differences in y must not leave the interval
    inside = logit < 15.0 if name == "beta" else np.isfinite(y)
    assert inside.sum() > 10
    found = d.pathwise2(y)
    found = {k: {m: entry[inside] for m, entry in row.items()} for k, row in found.items()}
    inputs = [each[inside] for each in (y, *theta)]
    assert_second_order(found, of_cdf(CDFS[name]), inputs)


def of_speed(speed):
    """Return what makes ∂²y/∂θ² of y and θ, of a formula for ∂y/∂θ: along the path."""
    return lambda i, j, *at: first(speed, at, 1) + first(speed, at, 0) * speed(*at)


def test_skew_normal_draws():
    def speed(z, alpha):
        density = mp.exp(-((alpha * z) ** 2) / 2) / mp.sqrt(2 * mp.pi)
        return density / normal_cdf(alpha * z) / (1 + alpha**2)

    alpha, z = [-4.0, -0.3, 0.0, 2.0, 50.0], [[-3.0], [0.4], [1.5]]
    found = rp.SkewNormal(alpha).pathwise2(z)
    assert_second_order(found, of_speed(speed), [z, alpha])


@pytest.mark.long
def test_von_mises_draws():
    @functools.cache
    def weights(kappa):
        weights = [mp.besseli(k, kappa) for k in range(40 + int(3 * kappa))]
        return [weight / weights[0] / mp.pi for weight in weights]

    def cdf(y, loc, kappa):
        terms = enumerate(weights(kappa)[1:], start=1)
        rest = mp.fsum(weight * mp.sin(k * (y - loc)) / k for k, weight in terms)
        return (y - loc) / (2 * mp.pi) + rest

    kappa, y = [0.1, 12.0], [-3.1, 0.4]
    found = rp.VonMises(0.0, kappa).pathwise2(y)
    assert_second_order(found, of_cdf(cdf), [y, 0.0, kappa])


def test_large_shapes_do_not_cancel():
    # y = α + z √α + (z² − 1)/3 + (z³ − 7z)/(36 √α) + … on the quantile path
    alpha = np.array([1e8, 1e10, 1e12])
    y = alpha + np.array([[-2.0], [0.5], [3.0]]) * np.sqrt(alpha)
    z = (y - alpha) / np.sqrt(alpha) - ((y - alpha) ** 2 / alpha - 1.0) / 3.0 / np.sqrt(alpha)
    found = rp.Gamma(alpha=alpha).pathwise2(y)["alpha"]["alpha"]
    np.testing.assert_allclose(found, -z / 4.0 * alpha**-1.5, rtol=1e-6)


COMPOSED = [
    rp.mixture([0.3, 0.7], rp.Gaussian(), rp.Gamma(2.0, 1.5)),
    rp.Mixture([rp.Gaussian(-1.0, 0.7), rp.Laplace(1.0, 2.0)], logits=[0.1, -1.0]),
    rp.Truncated(rp.Gaussian(0.3, 1.2), -1.0, 2.0),
    pytest.param(rp.Truncated(rp.Gaussian(), 4.0, 7.0), marks=pytest.mark.long),
    rp.Folded(rp.Gaussian(0.4, 1.1)),
    rp.order_statistic(rp.Gamma(2.0), r=2, n=5),
    rp.Transformed(rp.Gamma(2.0, 3.0), rp.Power(1.7)),
    rp.Transformed(rp.Gaussian(0.1, 0.7), rp.Sigmoid()),
    rp.Transformed(rp.Gamma(0.3, 3.0), rp.Log()),
    rp.transformed(rp.Gaussian(0.2), "sinh(y) + a*y", a=2.0),
    rp.TanhNormal(0.2, 0.8),
]


@pytest.mark.parametrize("d", COMPOSED, ids=repr)
def test_compositions_are_differentiated_along_the_path(d):
    y = d.icdf([0.01, 0.8])
    with np.errstate(all="ignore"):
        found = [np.broadcast_to(e, y.shape) for e in flat(d._pathwise2(y, *d._nested(d._theta)))]
        other = [*flat(along_quantiles(d, y, d._nested(d._theta)))]
    for entry, right in zip(found, other, strict=True):
        size = np.max(np.abs(right))
        np.testing.assert_allclose(entry, right, rtol=1e-8, atol=1e-9 * size + 1e-12)


def test_truncated_and_mixed_draws():
    base = rp.Gaussian(0.3, 1.2)
    u = np.array([0.01, 0.4, 0.95])
    low, high = -1.0, 2.5

    def truncated(y, loc, scale, low, high):
        inner, first, last = (normal_cdf((x - loc) / scale) for x in (y, low, high))
        return (inner - first) / (last - first)

    d = rp.Truncated(base, low, high)
    y = d.icdf(u)
    assert_second_order(d.pathwise2(y), of_cdf(truncated), [y, 0.3, 1.2, low, high])

    def mixed(y, loc, scale, other, width):
        return normal_cdf((y - loc) / scale) / 4 + 3 / (1 + mp.exp((other - y) / width)) / 4

    d = rp.mixture([1.0, 3.0], base, rp.Logistic(-1.0, 0.5))
    y = d.icdf(u)
    assert_second_order(d.pathwise2(y), of_cdf(mixed), [y, 0.3, 1.2, -1.0, 0.5])


def test_folded_draws_keep_their_own_path():
    draw = rp.Folded(rp.Gamma(2.0) - 2.0).rsample(50, rng=1)
    inner = (rp.Gamma(2.0) - 2.0).rsample(50, rng=1)
    found, right = draw.hessian(), inner.hessian()["base.alpha"]["base.alpha"]
    np.testing.assert_allclose(
        found["base.base.alpha"]["base.base.alpha"], np.sign(inner.value) * right, rtol=1e-12
    )


def test_clipped_draws_move_with_the_ends_alone():
    d = rp.Clipped(rp.LogNormal(), 0.5, 2.0)
    draw = d.transform([-3.0, 0.1, 3.0])
    found = draw.hessian()["base.loc"]
    np.testing.assert_allclose(found["base.loc"], [0.0, math.exp(0.1), 0.0])
    np.testing.assert_array_equal(found["low"], 0.0)


def test_logarithms_of_draws():
    for d in (rp.Gamma(0.3, [[2.0], [5.0]]), rp.F(3.0, 7.0), rp.Weibull(2.0, 0.7), rp.BetaPrime()):
        draw = d.rsample((4, 1), rng=1)
        y, slopes, bends = draw.value, draw.jacobian(), draw.hessian()
        log = draw.hessian(of="log_value")
        for name, row in log.items():
            for other, entry in row.items():
                right = bends[name][other] / y - slopes[name] * slopes[other] / y**2
                np.testing.assert_allclose(entry, right, rtol=1e-8, atol=1e-10)


def test_products_with_tangents():
    d = rp.mixture([0.3, 0.7], rp.Gaussian([[0.0], [1.0]]), rp.Gamma([2.0, 3.0, 4.0]))
    draw = d.rsample(5, rng=1)
    hessian, weight = draw.hessian(), np.cos(draw.value)
    tangents = {"alpha": [1.0, -2.0, 0.5], "weights": np.array([0.2, -0.1])}
    found = draw.hvp(weight, tangents)
    names = ["components[1].alpha", "weights"]
    for name, value in found.items():
        one, two = (hessian[name][other] for other in names)
        vector = name == "weights"
        first = one * np.reshape(tangents["alpha"], (3, 1) if vector else 3)
        product = first + two @ tangents["weights"]
        product = product * (weight[..., np.newaxis] if vector else weight)
        summed = product.sum(axis=tuple(range(product.ndim - vector))) if vector else product
        assert value.shape == d[name].shape
        np.testing.assert_allclose(np.sum(value), np.sum(summed), rtol=1e-12)


def test_curvature_makes_the_whole_hessian():
    d, step = rp.Weibull([1.0, 2.0], 1.5), 1e-5
    u = np.random.default_rng(1).random((6, 2))

    def gradient(d):
        draw = d.transform(u)
        return draw.vjp(np.cos(draw.value))

    draw = d.transform(u)
    tangents = {"scale": np.array([0.3, -1.0]), "concentration": 0.7}
    found = draw.hvp(np.cos(draw.value), tangents, curvature=-np.sin(draw.value))
    up, down = (
        gradient(d.replace({k: d[k] + s * step * t for k, t in tangents.items()}))
        for s in (1.0, -1.0)
    )
    for name, value in found.items():
        assert value.shape == d[name].shape
        np.testing.assert_allclose(value, (up[name] - down[name]) / (2.0 * step), rtol=1e-8)


class Plain(rp.Reparameterized):
    """The logistic distribution in other parameters, from its cdf and density."""

    name, _support = "plain", REAL
    middle = Parameter("m", REAL, 0.0, (-3.0, 3.0))
    precision = Parameter("τ", POSITIVE, 1.0, (0.1, 10.0))

    @staticmethod
    def _cdf(y, middle, precision):
        return 1.0 / (1.0 + np.exp(-precision * (y - middle)))

    @staticmethod
    def _sf(y, middle, precision):
        return 1.0 / (1.0 + np.exp(precision * (y - middle)))

    @staticmethod
    def _log_prob(y, middle, precision):
        x = precision * (y - middle)
        return np.log(precision) - np.abs(x) - 2.0 * np.log1p(np.exp(-np.abs(x)))


class WithSpeed(Plain):
    """The same with a formula for the first derivatives."""

    @staticmethod
    def _pathwise(y, middle, precision):
        return 1.0, -(y - middle) / precision


class Inverted(Derived):
    """A gamma distribution by its mean and variance: parameters that are made of others."""

    name, _of, _support = "inverted", rp.Gamma(), POSITIVE
    mean = Parameter("m", POSITIVE, 1.0, (0.5, 2.0))
    variance = Parameter("v", POSITIVE, 1.0, (0.5, 2.0))

    @classmethod
    def _inner(cls, *theta):
        mean, variance = theta
        return mean * mean / variance, mean / variance

    @classmethod
    def _inner_slopes(cls, *theta):
        mean, variance = theta
        square = variance * variance
        return (
            (2.0 * mean / variance, -mean * mean / square),
            (1.0 / variance, -mean / square),
        )


@pytest.mark.parametrize(("cls", "bound"), [(Plain, 1e-8), (WithSpeed, 1e-11)])
def test_differences_stand_in_for_formulas(cls, bound):
    d = cls(1.0, [[0.5], [20.0]])
    y = 1.0 + np.array([-4.0, -0.3, 0.1, 5.0]) / d["precision"]
    found = d.pathwise2(y)
    right = 2.0 * (y - 1.0) / d["precision"] ** 2
    np.testing.assert_allclose(found["precision"]["precision"], right, rtol=bound)
    np.testing.assert_allclose(found["middle"]["middle"], 0.0, atol=bound)
    assert "pathwise2" in cls.numerical_formulas()


def test_derived_laws_bend_by_both():
    d = Inverted(1.3, 0.7)
    y = d.icdf([0.1, 0.5, 0.9])

    def cdf(y, mean, variance):
        return gamma_tail(mean * mean / variance, y * mean / variance)

    assert_second_order(d.pathwise2(y), of_cdf(cdf), [y, 1.3, 0.7])
    assert Inverted.numerical_formulas() == ("pathwise2",)


def test_values_outside_the_support_and_at_its_ends():
    found = rp.Gamma(2.0).pathwise2([-1.0, 0.0, np.nan])["alpha"]["alpha"]
    np.testing.assert_array_equal(found, [np.nan, 0.0, np.nan])
    assert rp.Uniform().pathwise2(2.0)["low"]["high"] != 0.0  # NaN


def test_vectors_and_wrong_arguments_are_refused():
    draw = rp.Concrete(logits=[0.0, 0.0]).rsample(3, rng=1)
    with pytest.raises(NoFormulaError, match="vectors"):
        draw.hessian()
    draw = rp.Gamma().rsample(3, rng=1)
    with pytest.raises(ShapeError, match="curvature has shape"):
        draw.hvp(1.0, curvature=[1.0, 2.0], alpha=1.0)
    with pytest.raises(UnknownParameterError, match="gamma"):
        draw.hvp(1.0, {"gamma": 1.0})
    with pytest.raises(UnknownViewError, match="no second derivatives of 'complement'"):
        rp.Beta().rsample(3, rng=1).hessian(of="complement")
