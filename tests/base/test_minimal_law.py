"""Laws of which an author wrote a cdf or a quantile, and the log density: the rest follows."""

import math
import pickle

import numpy as np
import pytest
from minimal_laws import (
    Between,
    Gumbel,
    HalfNormal,
    Kumaraswamy,
    Lomax,
    Normal,
    Shifted,
    T,
    Unfinished,
    UnfinishedCount,
    WithVector,
)
from scipy import special, stats

import reparam as rp
from reparam import sampling
from reparam.base import numerical
from reparam.domains import POSITIVE
from reparam.errors import IncompleteError, NoFormulaError

#: Probabilities from the least to the greatest that draws have, and far below.
U = np.array([1e-300, 1e-30, 1e-9, 1e-4, 0.01, 0.3, 0.5, 0.7, 0.99, 0.9995, 1 - 1e-6, 1 - 1e-12])
U = np.append(U, 1.0 - 2.0**-53)


def kumaraswamy_moments(a, b):
    mean = b * special.beta(1.0 + 1.0 / a, b)
    harmonic = special.digamma(b + 1.0) + np.euler_gamma
    entropy = 1.0 - 1.0 / b + (1.0 - 1.0 / a) * harmonic - math.log(a * b)
    return mean, b * special.beta(1.0 + 2.0 / a, b) - mean * mean, entropy


def kumaraswamy_icdf(u, v, a, b):
    log_v = np.where(u < v, np.log1p(-np.minimum(u, v)), np.log(v))
    return (-np.expm1(log_v / b)) ** (1.0 / a)


def kumaraswamy_path(y, a, b):
    x = y**a
    return {
        "a": -y * np.log(y) / a,
        "b": (1.0 - x) * np.log1p(-x) / (a * b) * y ** (1.0 - a),
    }


def normal(loc, scale):
    return (
        lambda u, v: loc + scale * np.where(u < v, special.ndtri(u), -special.ndtri(v)),
        lambda y: {"loc": np.ones_like(y), "scale": (y - loc) / scale},
    )


#: Laws; their quantile, of u and 1 − u; ∂y/∂θ; mean, variance and entropy; the digits of quantiles.
CASES = {
    "kumaraswamy": (
        Kumaraswamy(a=2.0, b=3.0),
        lambda u, v: kumaraswamy_icdf(u, v, 2.0, 3.0),
        lambda y: kumaraswamy_path(y, 2.0, 3.0),
        kumaraswamy_moments(2.0, 3.0),
    ),
    "kumaraswamy of great shapes": (
        Kumaraswamy(a=50.0, b=40.0),
        lambda u, v: kumaraswamy_icdf(u, v, 50.0, 40.0),
        lambda y: kumaraswamy_path(y, 50.0, 40.0),
        kumaraswamy_moments(50.0, 40.0),
    ),
    "gumbel": (
        Gumbel(loc=0.5, scale=2.0),
        lambda u, v: 0.5 - 2.0 * np.log(-np.where(u < v, np.log(u), np.log1p(-np.minimum(u, v)))),
        lambda y: {"loc": np.ones_like(y), "scale": (y - 0.5) / 2.0},
        (0.5 + 2.0 * np.euler_gamma, 4.0 * math.pi**2 / 6.0, math.log(2.0) + 1.0 + np.euler_gamma),
    ),
    "half-normal": (
        HalfNormal(scale=3.0),
        lambda u, v: 3.0 * -special.ndtri(0.5 * v),
        lambda y: {"scale": y / 3.0},
        (*stats.halfnorm(scale=3.0).stats(), stats.halfnorm(scale=3.0).entropy()),
    ),
    "lomax": (
        Lomax(alpha=2.05, scale=2.0),
        lambda u, v: (
            2.0
            * np.where(
                u < v, np.expm1(-np.log1p(-np.minimum(u, v)) / 2.05), np.expm1(-np.log(v) / 2.05)
            )
        ),
        lambda y: {"alpha": -(y + 2.0) * np.log1p(y / 2.0) / 2.05, "scale": y / 2.0},
        (2.0 / 1.05, 4.0 * 2.05 / (1.05**2 * 0.05), 1.0 + 1.0 / 2.05 - math.log(2.05 / 2.0)),
    ),
    "t": (
        T(df=2.5),
        lambda u, v: np.where(u < v, 1.0, -1.0) * special.stdtrit(2.5, np.minimum(u, v)),
        None,
        (0.0, 5.0, stats.t(2.5).entropy()),
    ),
    "normal of a great scale": (
        Normal(loc=0.0, scale=1e6),
        *normal(0.0, 1e6),
        (0.0, 1e12, math.log(1e6) + 0.5 * math.log(2.0 * math.pi * math.e)),
    ),
    "normal of a tiny scale": (
        Normal(loc=0.0, scale=1e-6),
        *normal(0.0, 1e-6),
        (0.0, 1e-12, math.log(1e-6) + 0.5 * math.log(2.0 * math.pi * math.e)),
    ),
    "shifted": (
        Shifted(rp.Logistic(loc=1.0, scale=0.5), by=2.0),
        lambda u, v: 3.0 + 0.5 * np.log(u / v),
        lambda y: {
            "base.loc": np.ones_like(y),
            "base.scale": (y - 3.0) / 0.5,
            "by": np.ones_like(y),
        },
        (3.0, math.pi**2 / 12.0, 2.0 + math.log(0.5)),
    ),
}


@pytest.mark.parametrize("case", CASES)
class TestAgainstClosedForms:
    def test_quantile_and_cumulative_functions(self, case):
        d, quantile, _, _ = CASES[case]
        u = U[5 if case in ("t", "half-normal") else 0 :]  # 2Φ(y) − 1 and stdtr lose the rest
        y = quantile(u, 1.0 - u)
        np.testing.assert_allclose(d.icdf(u), y, rtol=1e-11)
        rounding = 2e-16 * np.exp(d.log_prob(y)) * np.abs(y)  # of y
        assert np.all(np.abs(d.cdf(y) - u) <= 2e-12 * u + rounding)
        assert np.all(np.abs(d.sf(y) - (1.0 - u)) <= 2e-12 * (1.0 - u) + rounding)

    def test_ends_of_the_unit_interval(self, case):
        d = CASES[case][0]
        assert (d.icdf(0.0), d.icdf(1.0)) == d.support
        assert np.isnan(d.icdf([-0.1, 1.1, np.nan])).all()

    def test_derivatives_along_the_quantile_path(self, case):
        d, quantile, path, _ = CASES[case]
        u = U[5 if case == "half-normal" else 2 :]
        y = quantile(u, 1.0 - u)
        for name, wanted in (path(y) if path else {}).items():
            np.testing.assert_allclose(d.pathwise(y)[name], wanted, rtol=3e-9, err_msg=name)

    def test_score_is_the_derivative_of_the_log_density(self, case):
        d, quantile, _, _ = CASES[case]
        y = quantile(U[2:], 1.0 - U[2:])
        step = 1e-4
        for name, score in d.score(y).items():
            h = step * (np.abs(d[name]) or float(np.sqrt(d.variance)))
            up, down = (d.replace({name: d[name] + k * h}).log_prob(y) for k in (1, -1))
            rough = (up - down) / (2.0 * h)
            np.testing.assert_allclose(score, rough, rtol=2e-4, atol=1e-5 / h * step)

    def test_stein_score_is_the_slope_of_the_log_density(self, case):
        d, quantile, _, _ = CASES[case]
        u = np.array([0.01, 0.3, 0.5, 0.7, 0.99])
        y, spread = quantile(u, 1.0 - u), float(np.sqrt(d.variance))
        h = 1e-3 * np.minimum(spread, np.abs(y - d.support[0]))
        up, down = (d.log_prob(y + k * h) for k in (1, -1))
        slope = (up - down) / (2.0 * h)
        np.testing.assert_allclose(d.stein_score(y), slope, rtol=1e-4, atol=1e-4 / spread)

    def test_logarithms_of_tails(self, case):
        d, quantile, _, _ = CASES[case]
        u = U[5 if case in ("t", "half-normal") else 0 :]  # 2Φ(y) − 1 and stdtr lose the rest
        y = quantile(u, 1.0 - u)
        cdf, sf = d.cdf(y), d.sf(y)
        with np.errstate(divide="ignore"):
            log_cdf = np.where(cdf < 0.5, np.log(cdf), np.log1p(-sf))
            log_sf = np.where(sf < 0.5, np.log(sf), np.log1p(-cdf))
        np.testing.assert_allclose(d.log_cdf(y), log_cdf, rtol=1e-12)
        np.testing.assert_allclose(d.log_sf(y), log_sf, rtol=1e-12)

    def test_moments(self, case):
        d, _, _, (mean, variance, entropy) = CASES[case]
        spread = math.sqrt(variance)
        np.testing.assert_allclose(d.mean, mean, rtol=1e-10, atol=1e-10 * spread)
        np.testing.assert_allclose(d.variance, variance, rtol=1e-10)
        np.testing.assert_allclose(d.entropy, entropy, rtol=1e-10, atol=1e-10)

    def test_draws_have_the_distribution_and_its_derivatives(self, case):
        d, quantile, path, _ = CASES[case]
        draw = d.rsample(500, rng=1)
        y = quantile(draw.noise, 1.0 - draw.noise)
        np.testing.assert_allclose(draw.value, y, rtol=1e-10, atol=1e-12 * np.abs(y).max())
        if path:
            upstream = np.cos(np.arange(500.0))
            for name, column in path(draw.value).items():
                found = draw.vjp(upstream)[name]
                assert found == pytest.approx(upstream @ column, rel=1e-9, abs=1e-9)
        assert pickle.loads(pickle.dumps(draw)).vjp(1.0) == draw.vjp(1.0)

    def test_draws_hold_still(self, case):
        d = CASES[case][0]
        whole = d.rsample(300, rng=3).value
        each = d.replace({name: np.full(300, d[name]) for name in d.parameters})
        np.testing.assert_array_equal(each.rsample(rng=3).value, whole)
        (piece,) = sampling.values(d, range(100, 250), rng=3)
        np.testing.assert_array_equal(piece, whole[100:250])


@pytest.mark.parametrize("a", [0.0005, 0.1, 0.5, 5000.0])
@pytest.mark.parametrize("b", [0.0005, 0.5, 300.0])
def test_quantiles_next_to_ends_are_numbers(a, b):
    d = Kumaraswamy(a=a, b=b)
    u = U[1:]
    with np.errstate(under="ignore"):
        y = kumaraswamy_icdf(u, 1.0 - u, a, b)
    found = d.icdf(u)
    assert np.all(np.diff(found) >= 0.0)
    # half an ulp of y next to an end, and log1p(−yᵃ) of the cdf, which cancels there
    np.testing.assert_allclose(found, y, rtol=1e-11, atol=2e-15 if a < 5000.0 else 1e-12)


def test_infinite_moments_are_infinite_or_undefined():
    assert Lomax(alpha=[1.5, 2.0]).variance.tolist() == [math.inf, math.inf]
    assert Lomax(alpha=[0.7, 1.0]).mean.tolist() == [math.inf, math.inf]
    assert Lomax(alpha=0.7).variance == math.inf
    assert np.isnan(T(df=1.0).mean)
    assert np.isnan(T(df=0.5).variance)
    assert T(df=2.0).variance == math.inf
    np.testing.assert_allclose(Lomax(alpha=[1.01, 3.0]).mean, [100.0, 0.5], rtol=1e-10)


class LogCauchy(rp.Reparameterized):
    """A tail without any moments, heavier than a power."""

    name, _support = "log-cauchy", POSITIVE

    @staticmethod
    def _icdf(u):
        return np.exp(np.tan(np.pi * (u - 0.5)))

    @staticmethod
    def _log_prob(y):
        return -np.log(np.pi * y) - np.log1p(np.log(y) ** 2)


def test_a_tail_that_no_quadrature_reaches_is_undefined():
    d = LogCauchy()
    assert (d.mean, d.variance) == (math.inf, math.inf)
    assert np.isnan(d.entropy)


def test_what_lies_next_to_an_end_has_no_entropy():
    assert np.isnan(Kumaraswamy(a=0.001, b=2.0).entropy)


def test_moments_of_a_batch_are_those_of_each():
    a = np.linspace(0.5, 4.0, 7)[:, np.newaxis]
    d = Kumaraswamy(a=a, b=[0.7, 2.0])
    wanted = [kumaraswamy_moments(x, b) for x in a.ravel() for b in (0.7, 2.0)]
    found = np.stack([d.mean, d.variance, d.entropy], axis=-1).reshape(14, 3)
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-10)


def test_vector_parameters_have_a_derivative_per_entry():
    d = WithVector(rates=[0.5, 2.0])
    y = np.array([0.1, 1.0, 7.0])
    p = np.exp(d.log_prob(y))
    rates = np.array([0.5, 2.0])
    tail = np.exp(-rates * y[:, np.newaxis])
    np.testing.assert_allclose(
        d.pathwise(y)["rates"], -0.5 * y[:, np.newaxis] * tail / p[:, np.newaxis], rtol=1e-8
    )
    score = 0.5 * (1.0 - rates * y[:, np.newaxis]) * tail / p[:, np.newaxis]
    np.testing.assert_allclose(d.score(y)["rates"], score, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(d.mean, 1.25, rtol=1e-10)
    assert d.rsample(5, rng=1).vjp(1.0)["rates"].shape == (2,)


def test_inversion_takes_numbers_and_any_shape():
    u = np.array([[1e-300, 0.25], [0.75, 1.0]])
    v = np.array([[1.0, 0.75], [0.25, 0.0]])

    def cdf(y, rate):
        return -np.expm1(-rate * y)

    def sf(y, rate):
        return np.exp(-rate * y)

    with np.errstate(invalid="ignore"):
        y = numerical.quantile(u, v, cdf, sf, (0.0, math.inf), [2.0])
    wanted = np.array([[1e-300, -np.log(0.75)], [-np.log(0.25), math.inf]]) / 2.0
    np.testing.assert_allclose(y, wanted, rtol=1e-14)


def test_ends_that_move_take_values_along():
    d = Between(low=-1.0, high=3.0)
    y = np.array([-0.999, 0.0, 1.5, 2.999])
    np.testing.assert_allclose(d.icdf([0.0, 0.25, 1.0]), [-1.0, 0.0, 3.0], atol=1e-15)
    np.testing.assert_allclose(d.pathwise(y)["low"], (3.0 - y) / 4.0, rtol=1e-9)
    np.testing.assert_allclose(d.pathwise(y)["high"], (y + 1.0) / 4.0, rtol=1e-9)
    np.testing.assert_allclose([d.mean, d.variance], [1.0, 16.0 / 12.0], rtol=1e-12)
    assert d.entropy == pytest.approx(np.log(4.0), rel=1e-12)


def test_derivatives_stay_inside_the_domain():
    def function(y, rate):
        assert np.all(rate > 0.0)
        return y * np.log(rate)

    declared = (rp.Parameter("λ", POSITIVE, 1.0, (0.1, 1.0)),)
    for rate in (5e-324, 1e-300, 1e-3, 1.0, 1e300):
        with np.errstate(all="ignore"):
            (slope,) = numerical.in_parameters(function, np.array(3.0), (np.array(rate),), declared)
        if rate > 1e-300:
            np.testing.assert_allclose(slope, 3.0 / rate, rtol=1e-10)


def test_what_a_class_lacks_is_named_once():
    with pytest.raises(
        IncompleteError, match=r"^Unfinished lacks _support, _log_prob, _cdf or _icdf;"
    ):
        Unfinished()
    with pytest.raises(
        TypeError, match=r"^UnfinishedCount lacks _entropy, _log_prob, _mean, _score, _v"
    ):
        UnfinishedCount()

    class Vectors(rp.Concrete):
        _transform = rp.Reparameterized._transform

    with pytest.raises(IncompleteError, match=r"^Vectors lacks _transform; write"):
        Vectors()


def test_logarithms_of_tails_that_underflow_integrate_the_density():
    y = np.array([1e-200, 1e-300])
    kumaraswamy = Kumaraswamy(a=2.0, b=3.0)
    wanted = math.log(3.0) + 2.0 * np.log(y)
    np.testing.assert_allclose(kumaraswamy.log_cdf(y), wanted, rtol=1e-14)
    kumaraswamy = Kumaraswamy(a=2.0, b=300.0)
    x = 1.0 - np.array([0.01, 1e-5, 2.0**-50])
    forced = 300.0 * 2.0**-53 / (1.0 - x)  # by half an ulp of y
    found, right = kumaraswamy.log_sf(x), 300.0 * (np.log1p(-x) + np.log1p(x))
    assert np.all(np.abs(found - right) <= 1e-14 * np.abs(right) + forced)
    z = np.array([-50.0, -7.0, 800.0, 1e5])
    gumbel = Gumbel(loc=0.5, scale=2.0)
    np.testing.assert_allclose(gumbel.log_cdf(0.5 + 2.0 * z)[:2], -np.exp(-z[:2]), rtol=1e-13)
    np.testing.assert_allclose(gumbel.log_sf(0.5 + 2.0 * z)[2:], -z[2:], rtol=1e-13)
    half_normal = HalfNormal(scale=3.0)
    np.testing.assert_allclose(
        half_normal.log_sf([150.0, 3e10]),
        special.log_ndtr([-50.0, -1e10]) + math.log(2.0),
        rtol=1e-14,
    )
    assert gumbel.log_cdf([-np.inf, np.inf, np.nan]).tolist()[:2] == [-np.inf, 0.0]
    assert kumaraswamy.log_sf([-1.0, 0.0, 1.0, 2.0]).tolist() == [0.0, 0.0, -np.inf, -np.inf]
    assert np.isnan([kumaraswamy.log_cdf(np.nan), kumaraswamy.stein_score(0.0)]).all()


def test_stein_score_by_differences_keeps_its_digits():
    y = np.array([1e-300, 1e-9, 0.3, 0.9999])
    x = y * y
    slope = 1.0 / y - 2.0 * 2.0 * y / (1.0 - x)
    np.testing.assert_allclose(Kumaraswamy(a=2.0, b=3.0).stein_score(y), slope, rtol=1e-9)
    # next to an end where the density is smooth differences are taken to one side
    lomax = Lomax(alpha=[2.0, 0.5], scale=[1.0, 1e-3])
    near = np.array([0.0, 1e-300, 1e-20, 1e-8])[:, np.newaxis]
    wanted = -(lomax["alpha"] + 1.0) / (near + lomax["scale"])
    np.testing.assert_allclose(lomax.stein_score(near), wanted, rtol=1e-8)
    assert np.isnan(Kumaraswamy().stein_score([0.0, 1.0, -1.0, np.nan])).all()


class SkewedZ(rp.LocationScale):
    """Gumbel's standard distribution, of which neither logarithm is written."""

    name = "skewed"
    loc: rp.Parameter = rp.Parameter("μ", rp.domains.REAL, 0.0, (-1.0, 1.0))
    scale: rp.Parameter = rp.Parameter("β", POSITIVE, 1.0, (0.1, 10.0))

    @staticmethod
    def _standard_icdf(u):
        return -np.log(-np.log(u))

    @staticmethod
    def _standard_cdf(z):
        return np.exp(-np.exp(-z))

    @staticmethod
    def _standard_sf(z):
        return -np.expm1(-np.exp(-z))

    @staticmethod
    def _standard_log_prob(z):
        return -z - np.exp(-z)

    @staticmethod
    def _standard_score(z):
        return (np.exp(-z) - 1.0,)

    @staticmethod
    def _standard_moments():
        return np.euler_gamma, np.pi**2 / 6.0, 1.0 + np.euler_gamma


class Mirrored(SkewedZ):
    """Only said to be symmetric, so that the upper tail's logarithm is the lower's."""

    _symmetric = True

    @staticmethod
    def _standard_log_cdf(z):
        return -np.exp(-z)


def test_logarithms_of_a_standard_distribution_follow():
    d = SkewedZ(loc=1.0, scale=[[2.0], [0.5]])
    z = np.array([-9.0, -1.0, 0.0, 1.0, 800.0])
    y = 1.0 + d.scale * z
    np.testing.assert_allclose(d.log_cdf(y), [-np.exp(-z)] * 2, rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(d.log_sf(y)[:, 1:4], [np.log(-np.expm1(-np.exp(-z[1:4])))] * 2)
    np.testing.assert_allclose(d.log_sf(y)[:, 4], -800.0, rtol=1e-14)
    np.testing.assert_allclose(d.stein_score(y), np.expm1(-z) / d.scale, rtol=1e-12)
    assert SkewedZ.numerical_formulas() == ("log_cdf", "log_sf")
    assert Mirrored.numerical_formulas() == ()
    np.testing.assert_array_equal(Mirrored().log_sf(z), Mirrored().log_cdf(-z))


class Count(rp.Discrete):
    """Poisson's distribution, whose logarithms are not written."""

    name, _support = "count", rp.Integers(0, math.inf)
    rate = rp.Poisson.rate
    _log_prob, _cdf, _sf, _score = (
        staticmethod(getattr(rp.Poisson, name)) for name in ("_log_prob", "_cdf", "_sf", "_score")
    )
    _mean, _variance, _entropy = (
        staticmethod(getattr(rp.Poisson, name)) for name in ("_mean", "_variance", "_entropy")
    )


def test_logarithms_of_counts_add_probabilities():
    y = np.array([-1.0, 0.0, 3.0, 1000.0, 20_000.0, 1e6, np.inf, np.nan])[:, np.newaxis]
    rate = [2.0, 9000.0]
    for name in ("log_cdf", "log_sf"):
        found, right = (getattr(cls(rate), name)(y) for cls in (Count, rp.Poisson))
        np.testing.assert_allclose(found, right, rtol=1e-12, atol=1e-300)
    assert Count.numerical_formulas() == ("log_cdf", "log_sf")
    far = 0.9999 * 1e13
    assert Count(1e13).log_cdf(far) == pytest.approx(float(rp.Poisson(1e13).log_cdf(far)), rel=1e-9)


def test_numerical_formulas_are_listed():
    rest = (
        *("log_cdf", "log_sf", "pathwise", "pathwise2", "score", "stein_score"),
        *("mean", "variance", "entropy"),
    )
    assert Kumaraswamy.numerical_formulas() == ("icdf", "isf", "sf", *rest)
    assert Gumbel.numerical_formulas() == ("isf", "cdf", "sf", *rest)
    for name in rp.names():
        if issubclass(rp.get(name), rp.Reparameterized):
            assert set(rp.get(name).numerical_formulas()) <= {"pathwise2", "entropy"}
    with pytest.raises(NoFormulaError, match="average over draws"):
        _ = rp.Concrete().mean
