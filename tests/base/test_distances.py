"""Maps next to an end of the base's support that is not 0: 1 − x at x = 1, ln x, x − 1."""

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

import reparam as rp

U = np.array([1e-300, 1e-30, 1e-15, 1e-4, 0.3, 0.7])
TINY = np.array([1e-200, 1e-30, 1e-12, 1e-3, 0.2, 0.45])


@pytest.mark.parametrize(
    ("law", "mirrored", "links"),
    [
        (rp.Beta(2.0, 3.0), rp.Beta(3.0, 2.0), {"alpha": ("beta", 1), "beta": ("alpha", 1)}),
        (
            rp.RelaxedBernoulli(0.7, 0.4),
            rp.RelaxedBernoulli(0.7, -0.4),
            {"temperature": ("temperature", 1), "logits": ("logits", -1)},
        ),
        (
            rp.JohnsonSB(0.5, 1.5),
            rp.JohnsonSB(-0.5, 1.5),
            {"skewness": ("skewness", -1), "tailweight": ("tailweight", 1)},
        ),
        (rp.LogitNormal(0.3), rp.LogitNormal(-0.3), {"loc": ("loc", -1), "scale": ("scale", 1)}),
        (rp.ContinuousBernoulli(2.0), rp.ContinuousBernoulli(-2.0), {"logits": ("logits", -1)}),
        (
            rp.Uniform(0.25, 1.0),
            rp.Uniform(0.0, 0.75),
            {"low": ("high", -1), "high": ("low", -1)},
        ),
        (
            rp.Triangular(0.25, 1.0, 0.5),
            rp.Triangular(0.0, 0.75, 0.5),
            {"low": ("high", -1), "high": ("low", -1), "peak": ("peak", -1)},
        ),
    ],
)
def test_one_minus_x_is_what_the_law_of_that_is(law, mirrored, links):
    d = 1 - law
    for name in ("cdf", "sf", "log_cdf", "log_sf", "log_prob", "stein_score"):
        ours, theirs = (getattr(each, name)(TINY) for each in (d, mirrored))
        np.testing.assert_allclose(ours, theirs, rtol=3e-15, err_msg=name)
    for name in ("icdf", "isf"):
        ours, theirs = (getattr(each, name)(U) for each in (d, mirrored))
        np.testing.assert_allclose(ours, theirs, rtol=3e-15, err_msg=name)
    for name in ("pathwise", "score"):
        ours, theirs = (getattr(each, name)(TINY) for each in (d, mirrored))
        for parameter, (other, sign) in links.items():
            np.testing.assert_allclose(
                ours[f"base.{parameter}"], sign * theirs[other], rtol=3e-15, err_msg=parameter
            )
        if name == "pathwise":
            np.testing.assert_allclose(ours["map.scale"], 1.0 - TINY, rtol=1e-15)


def test_draws_of_one_minus_x_have_the_digits_that_x_has_lost():
    d = 1 - rp.Beta(2.0, 0.05)
    draw = d.rsample(1000, rng=1)
    tiny = draw.value < 1e-18
    assert np.mean(tiny) > 0.1
    exact = rp.Beta(0.05, 2.0).pathwise(draw.value[tiny])
    jacobian = draw.jacobian()
    np.testing.assert_allclose(jacobian["base.alpha"][tiny], exact["beta"], rtol=1e-12)
    np.testing.assert_allclose(jacobian["base.beta"][tiny], exact["alpha"], rtol=1e-12)
    logs = rp.log(rp.Beta(2.0, 0.05)).rsample(1000, rng=1)
    np.testing.assert_allclose(logs.value, np.log1p(-draw.value), rtol=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "1 - truncated(gaussian, low=0, high=1)",
        "truncated(exponential, low=1) - 1",
        "log(truncated(exponential, low=1))",
        "1 - tanh(gaussian)",
        "1 + tanh(gaussian)",
        "1 - sigmoid(gaussian(1))",
        "1 - exp(-exponential)",
        "-log(1 - exp(-exponential))",
        pytest.param("1 - mixture([1, 2], beta(2, 3), beta(4, 1))", marks=pytest.mark.long),
        "1 - order_statistic(uniform, r=5, n=5)",
        "0.5 - truncated(beta(2, 3), high=0.5)",
        "truncated(beta(2, 3), low=0.5) - 0.5",
        "3 - order_statistic(triangular(high=3), r=2, n=3)",
        "log(1 - beta(2, 3))",
        "log(1.05 - uniform)",
        "log(truncated(exponential, low=1, high=3))",
        "exp(uniform(20, 30))",
        "1 - kumaraswamy(0.5, 0.2)",
        "1 - (1 - kumaraswamy(2, 0.3))",
    ],
)
def test_both_tails_keep_their_digits_through_maps(text):
    d = rp.parse(text)
    for quantile, tail in (("icdf", "cdf"), ("isf", "sf")):
        y = getattr(d, quantile)(U)
        sides = [getattr(d, tail)(y + ulps * np.spacing(y)) for ulps in (-4.0, 4.0)]
        error = np.abs(getattr(d, tail)(y) / U - 1.0)
        np.testing.assert_allclose(d.cdf(y) + d.sf(y), 1.0, rtol=1e-14)
        rounded = (U - sides[0]) * (U - sides[1]) <= 0.0
        assert np.all(rounded | (error <= 2e-13)), (quantile, y, error)


def test_one_minus_kumaraswamys_variate_has_its_own_derivatives():
    a, b = 0.5, 0.2
    found = (1 - rp.Kumaraswamy(a, b)).pathwise(TINY)
    with mp.workdps(250):
        for c, in_a, in_b in zip(
            TINY, found["base.concentration1"], found["base.concentration0"], strict=True
        ):
            u = (1 - (1 - mp.mpf(c)) ** a) ** b
            exact_a = mp.diff(lambda x, u=u: 1 - (1 - u ** (1 / mp.mpf(b))) ** (1 / x), a)
            exact_b = mp.diff(lambda x, u=u: 1 - (1 - u ** (1 / x)) ** (1 / a), b)
            assert float(in_a / exact_a) == pytest.approx(1.0, rel=1e-14)
            assert float(in_b / exact_b) == pytest.approx(1.0, rel=1e-13)


def test_noise_makes_the_quantile_next_to_the_end():
    z = np.array([-30.0, -3.0, 5.0, 9.5, 30.0])
    d = 1 - rp.transformed(rp.Gaussian(0.5, 2.0), "tanh")
    mirrored = 2 * rp.transformed(rp.Gaussian(-1.0, 4.0), "sigmoid")
    np.testing.assert_allclose(d.transform(z).value, mirrored.transform(-z).value, rtol=1e-14)
    slopes, exact = d.transform(z).jacobian(), mirrored.transform(-z).jacobian()
    np.testing.assert_allclose(slopes["base.base.loc"], -2.0 * exact["base.base.loc"], rtol=1e-14)
    triangular = (1 - rp.Triangular()).transform(1.0 - 2.0**-50)
    assert float(triangular.value) == pytest.approx(2.0**-25.5, rel=1e-15)


def test_what_is_drawn_from_a_batch_is_drawn_from_each_alone():
    d = 1 - rp.Beta([2.0, 3.0, 0.5], [3.0, 0.05, 0.05])
    each = [1 - rp.Beta(*shapes) for shapes in ((2.0, 3.0), (3.0, 0.05), (0.5, 0.05))]
    y = np.array([1e-30, 1e-5, 0.7])
    for name in ("cdf", "log_prob", "stein_score"):
        alone = [getattr(one, name)(at) for one, at in zip(each, y, strict=True)]
        np.testing.assert_array_equal(getattr(d, name)(y), alone)


def test_what_is_at_an_end_that_no_draw_reaches_is_a_limit():
    d = rp.parse("tanh(mixture([0.3, 0.7], gaussian, gaussian(2)))")
    score = d.score([-1.0, 1.0])
    np.testing.assert_array_equal(score["base.components[0].loc"], [-np.inf, 0.0])
    np.testing.assert_array_equal(score["base.components[1].scale"], [0.0, np.inf])
    np.testing.assert_allclose(score["base.weights"], [[7 / 3, -1], [-1, 3 / 7]], rtol=1e-12)


def test_a_cut_moves_values_of_the_other_tail_where_its_probability_underflows():
    d = rp.truncate(rp.Gaussian(), high=1.0)
    # y F′/p = Φ(y) φ(1)/(Φ(1) φ(y)), with the asymptotic series of Mills' ratio
    y = np.array([-60.0, -100.0])
    mills = (1 - y**-2 + 3 * y**-4 - 15 * y**-6) / -y
    moved = mills * np.exp(rp.Gaussian().log_prob(1.0)) / rp.Gaussian().cdf(1.0)
    found = d.pathwise(y)
    np.testing.assert_allclose(found["high"], moved, rtol=2e-11)
    np.testing.assert_allclose(found["base.loc"], 1.0 - moved, rtol=1e-12)
    nowhere = d.pathwise([-np.inf, -1e300])
    np.testing.assert_array_equal(nowhere["high"], [0.0, 0.0])
    np.testing.assert_array_equal(nowhere["base.loc"], [1.0, 1.0])


def test_all_of_the_probability_is_within_ends_that_are_rounded():
    d = rp.transformed(rp.truncate(rp.Gaussian(), high=13.0), "tanh")
    beyond = np.array([float(d.support[1]), 1.0, 7.0])
    assert beyond[0] < 1.0
    np.testing.assert_array_equal(d.cdf(beyond), 1.0)
    np.testing.assert_array_equal(d.log_sf(beyond), -np.inf)
    np.testing.assert_array_equal(d.sf([-1.0, -2.0]), 1.0)


def test_the_logarithm_of_an_exponential_is_what_it_was():
    d = rp.mixture([0.1, 0.9], rp.Gaussian(), rp.Cauchy())
    y = np.array([-5000.0, -3.0, 700.0])
    same = rp.Transformed(rp.Transformed(d, rp.Exp()), rp.Log())
    for name in ("cdf", "log_sf", "log_prob", "stein_score"):
        np.testing.assert_array_equal(getattr(same, name)(y), getattr(d, name)(y))
    for name in ("pathwise", "score"):
        for path, entry in getattr(d, name)(y).items():
            np.testing.assert_array_equal(getattr(same, name)(y)[f"base.base.{path}"], entry)


def test_of_several_cuts_the_narrowest_moves_values():
    d = rp.truncate(rp.truncate(rp.Gaussian(), low=-1.0, high=1.5), low=-0.5, high=3.0)
    once = rp.truncate(rp.Gaussian(), low=-0.5, high=1.5)
    y = np.array([-0.4, 0.3, 1.2])
    for name in ("pathwise", "score"):
        found, right = (getattr(each, name)(y) for each in (d, once))
        np.testing.assert_array_equal(found["low"], right["low"])
        np.testing.assert_array_equal(found["base.high"], right["high"])
        np.testing.assert_array_equal(found["base.base.scale"], right["base.scale"])
        assert not np.any(found["base.low"])
        assert not np.any(found["high"])
    np.testing.assert_array_equal(d.log_prob(y), once.log_prob(y))


def entropy_of(density):
    """−∫ p ln p over (0, 1), of a density of x and 1 − x that may be infinite at both ends."""

    def term(x, rest):
        return -density(x, rest) * mpmath.log(density(x, rest))

    def both(t):
        x = t**20
        return (term(x, 1 - x) + term(1 - x, x)) * 20 * t**19

    return mpmath.quad(both, [0, mpf(0.5) ** (mpf(1) / 20)])


@pytest.mark.parametrize(
    ("place", "low", "high"),
    [("{}", 0, 1), ("2 + {}", 2, 3), ("-7 - {}", -8, -7), ("100 + {}", 100, 101)],
)
def test_entropies_of_infinite_densities_next_to_any_endpoint(place, low, high):
    """Values that round to an endpoint have their own distances from it."""

    def beta(a, b):
        a, b = mpf(a), mpf(b)
        return lambda x, rest: x ** (a - 1) * rest ** (b - 1) / mpmath.beta(a, b)

    first, second = beta(0.4, 3.0), beta(0.3, 0.2)
    parts = [place.format(text) for text in ("beta(0.4, 3)", "beta(0.3, 0.2)")]
    with mp.workdps(25):
        wanted = {
            f"mixture([0.5, 0.5], {parts[0]}, {parts[1]})": entropy_of(
                lambda x, rest: (first(x, rest) + second(x, rest)) / 2
            ),
            f"truncated({parts[1]}, low={low}, high={high})": entropy_of(second),
            f"order_statistic({parts[1]}, r=1, n=1)": entropy_of(second),
        }
    mean = rp.parse(parts[1]).mean
    for text, exact in wanted.items():
        assert rp.parse(text).entropy == pytest.approx(float(exact), abs=1e-11), text
    assert rp.parse(text).mean == pytest.approx(mean, abs=1e-12), "of the order statistic"
    assert rp.parse(text).variance == pytest.approx(0.6 * 0.4 / 1.5, rel=1e-11)
