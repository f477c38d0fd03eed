"""Mixture: weighted sums of distributions."""

import copy
import math
import pickle

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf
from references import Numbers, mixed

import reparam as rp
from reparam.errors import ParameterError, ReparamError, ShapeError, UnknownParameterError
from reparam.estimators import estimate

#: Probabilities from both ends: of the upper half by what is left of 1.
TAILS = [1e-300, 1e-60, 1e-9, 0.003, 0.1, 0.42]


def law(rng):
    """A component at random."""
    name = rng.choice(["gaussian", "laplace", "logistic", "student-t", "gamma", "exponential"])
    size = 10.0 ** rng.uniform(-2.0, 2.0)
    match str(name):
        case "gamma":
            return rp.Gamma(10.0 ** rng.uniform(-0.5, 2.0), 1.0 / size)
        case "exponential":
            return rp.Exponential(1.0 / size)
        case "student-t":
            return rp.StudentT(10.0 ** rng.uniform(0.0, 1.5), rng.uniform(-5.0, 5.0), size)
    return rp.get(str(name))(loc=rng.uniform(-5.0, 5.0) * rng.choice([1.0, 100.0]), scale=size)


def mixture_at_random(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 5))
    components = [law(rng) for _ in range(count)]
    if seed % 5 == 0:
        components[0] = rp.mixture([1.0, 2.0], law(rng), law(rng))
    if seed % 2:
        return rp.Mixture(components, weights=10.0 ** rng.uniform(-4.0, 0.0, count))
    return rp.Mixture(components, logits=rng.uniform(-6.0, 3.0, count))


def relative(got, expected, size=0):
    return float(abs(mpf(float(got)) - expected) / max(abs(expected), size))


@pytest.mark.parametrize("seed", range(10))
def test_everything_against_mpmath(seed):
    """By the roots of F = u, and differences of these roots in each number, at 60 digits."""
    d = mixture_at_random(seed)
    with mp.workdps(60):
        numbers = Numbers(d)
        for tail in TAILS:
            for upper in (False, True):
                y = d.isf(tail) if upper else d.icdf(tail)
                _compare(d, numbers, mpf(float(y)), tail, upper)


def _compare(d, numbers, y, tail, upper):
    below, above, p = mixed(d, y, numbers.values)
    ulp = mpf(2) ** -53
    side = int(upper)

    def tail_of(values, at=y):
        return mixed(d, at, values)[side]

    # the quantile: what half an ulp of the probability, of y and of the parameters forces
    slopes = [numbers.derivative(tail_of, place) for place in range(len(numbers.values))]
    moved = sum(abs(s * v) for s, v in zip(slopes, numbers.values, strict=True))
    forced = ulp * (tail + abs(y) * p + moved)
    assert abs((below, above)[side] - mpf(tail)) < 10 * forced
    for name, expected in (("cdf", below), ("sf", above)):
        assert relative(getattr(d, name)(y_ := float(y)), expected) < max(
            1e-13, 20 * forced / expected
        )
    for name, expected, other in (("log_cdf", below, above), ("log_sf", above, below)):
        log = mpmath.log(expected) if expected < 0.5 else mpmath.log1p(-other)
        off = max(1e-13, 20 * forced / min(expected, other) / max(abs(log), 1))
        assert relative(getattr(d, name)(y_), log) < off
    slope = mpmath.diff(
        lambda at: mpmath.log(mixed(d, at, numbers.values)[2]), y, h=abs(y) * mpf(10) ** -20
    )
    assert relative(d.log_prob(y_), mpmath.log(p), 1) < max(1e-13, 20 * ulp * (1 + abs(slope * y)))
    _compare_derivatives(d, numbers, y, p, slopes, (below, above)[side])


def _compare_derivatives(d, numbers, y, p, slopes, tail):
    paths, scores = d.pathwise(float(y)), d.score(float(y))
    sign = 1 if tail == mixed(d, y, numbers.values)[0] else -1

    def log_density(values):
        return mpmath.log(mixed(d, y, values)[2])

    for place, (path, entry) in enumerate(numbers.names):
        got, score = (
            float(found[path] if entry is None else found[path][entry]) for found in (paths, scores)
        )
        expected = -sign * slopes[place] / p
        # differences F_k − F have zeros, next to which they have the digits of F
        size = tail / p if entry is not None else mpf(10) ** -25 * tail / p
        size /= max(numbers.values[place], mpf(1)) if path.endswith("weights") else 1
        assert relative(got, expected, size) < 3e-13, (path, entry)
        expected = numbers.derivative(log_density, place)
        size = (
            1 / max(abs(numbers.values[place]), mpf(10) ** -9)
            if entry is not None
            else mpf(10) ** -9
        )
        assert relative(score, expected, size) < 3e-13, (path, entry)


def test_the_derivative_is_that_of_the_root():
    """By mpmath's own root and derivative, without any density."""
    d = rp.mixture([0.3, 0.7], rp.Gaussian(0.2, 1.3), rp.Gamma(2.5, 0.8))
    with mp.workdps(40):
        numbers = Numbers(d)
        for u in (1e-12, 0.05, 0.31, 0.8, 0.9999):
            draw = d.transform(u)
            start = mpf(float(draw.value))

            def root(values, start=start, u=u):
                return mpmath.findroot(lambda at: mixed(d, at, values)[0] - mpf(u), start)

            assert relative(draw.value, root(numbers.values)) < 1e-13
            for place, (path, entry) in enumerate(numbers.names):
                got = draw.jacobian()[path]
                got = got if entry is None else got[entry]
                assert relative(got, numbers.derivative(root, place), 1e-6) < 2e-13


def test_draws_follow_the_cdf_and_hold_still():
    d = rp.Mixture([rp.Gaussian(), rp.Gamma(3.0), rp.Gaussian(-5.0, 0.1)], logits=[0.0, 1.0, -1.0])
    draw = d.rsample(200_000, rng=1)
    u = np.sort(d.cdf(draw.value))
    rank = np.arange(1, u.size + 1) / u.size
    assert np.max(np.abs(u - rank)) < math.sqrt(math.log(2 / 1e-9) / 2 / u.size)
    assert np.array_equal(d.sample(7, rng=1), draw.value[:7])
    with rp.threads(1):
        assert np.array_equal(d.sample(200_000, rng=1), draw.value)
    # one parameter set for all draws, or one for each: the same bits
    scale = np.ones(1000)
    scale[1::2] = 3.0
    each = d.replace({"components[0].scale": scale}).sample(rng=1)
    assert np.array_equal(each[::2], draw.value[:1000:2])
    many = d.replace(logits=np.tile(d.logits, (1000, 1))).rsample(rng=1)
    assert np.array_equal(many.value, draw.value[:1000])
    assert many.jacobian()["logits"].shape == (1000, 3)
    assert many.vjp(1.0)["logits"].shape == (1000, 3)


def test_noise_replays_draws():
    d = rp.mixture([0.2, 0.8], rp.Gaussian(-4.0), rp.StudentT(3.0))
    draw = d.rsample(1000, rng=3)
    assert draw.noise.shape == (1000,)
    off = np.abs(d.transform(draw.noise).value - draw.value)
    assert np.all(
        off <= 1e-15 * (1.0 + np.abs(draw.value)) + 8e-16 / np.exp(d.log_prob(draw.value))
    )
    again = d.by_quantile()
    assert (d.path, again.path) == ("field", "map")
    drawn = again.rsample(1000, rng=3)
    assert np.array_equal(drawn.value, d.icdf(drawn.noise))
    assert again.replace(weights=[1.0, 1.0]).path == "map"


@pytest.mark.parametrize("apart", [1e2, 1e6, 1e12])
def test_far_components(apart):
    """F is flat between, and an inverter must end there."""
    d = rp.mixture([0.3, 0.7], rp.Gaussian(-apart), rp.Gaussian(apart))
    u = np.array([1e-200, 0.1, 0.3 - 1e-9, 0.3, 0.3 + 1e-9, 0.5, 1.0 - 2.0**-53])
    y = d.icdf(u)
    assert np.all(np.diff(y) >= 0.0)
    assert np.all(np.abs(y[[0, 1, 2]] + apart) < 40.0)
    assert np.all(np.abs(y[[4, 5, 6]] - apart) < 40.0)
    inner = np.delete(np.arange(7), 3)
    rounded = 4.0 * np.spacing(apart) * np.exp(d.log_prob(y[inner])) + 1e-15 * u[inner]
    assert np.all(np.abs(d.cdf(y[inner]) - u[inner]) <= rounded)
    assert np.allclose(d.icdf(0.1), -apart + rp.Gaussian().icdf(0.1 / 0.3), rtol=1e-14)


def test_densities_of_very_different_sizes():
    """1e±300 beside each other, and weights of 1e-300."""
    narrow = rp.mixture([0.5, 0.5], rp.Gaussian(0.0, 1e-300), rp.Gaussian(0.0, 1e300))
    assert np.allclose(narrow.log_prob(0.0), math.log(0.5) + rp.Gaussian(0.0, 1e-300).log_prob(0.0))
    score = narrow.score([0.0, 1e200])
    assert np.allclose(score["components[0].scale"], [-1e300, 0.0])
    assert np.allclose(score["weights"], [[1.0, -1.0], [-1.0, 1.0]])
    rare = rp.mixture([1e-300, 1.0], rp.Gaussian(), rp.Exponential())
    assert np.allclose(rare.icdf(1e-301), rp.Gaussian().icdf(0.1), rtol=1e-13)
    assert np.allclose(
        rare.log_prob(-1.0), math.log(1e-300) + rp.Gaussian().log_prob(-1.0), rtol=1e-14
    )
    assert np.allclose(rare.pathwise(-1.0)["components[0].loc"], 1.0)
    assert np.allclose(
        rare.pathwise(-1.0)["weights"] * 1e-300,
        [-rp.Gaussian().cdf(-1.0) / np.exp(rp.Gaussian().log_prob(-1.0)), 0.0],
    )
    far = rp.mixture([0.5, 0.5], rp.Gaussian(), rp.Gaussian(1.0))
    found = far.pathwise([-60.0, 61.0])["weights"]  # all densities underflow
    with mp.workdps(50):
        numbers = Numbers(far)
        for y, entries in zip((-60, 61), found, strict=True):
            side = int(y > 0)
            own = [
                mixed(rp.Mixture([c]), mpf(y), [*map(mpf, map(float, c._theta)), mpf(1)])[side]
                for c in far.components
            ]
            p = mixed(far, mpf(y), numbers.values)[2]
            first = (own[0] - own[1]) / (2 * p) * (1 if side else -1)
            assert relative(entries[0], first) < 1e-12
            assert relative(entries[1], -first) < 1e-12


def test_supports_that_differ():
    d = rp.mixture([0.25, 0.75], rp.Uniform(0.0, 1.0), rp.Exponential(2.0))
    assert d.support == (0.0, math.inf)
    assert d.moving == ("components[0].low", "components[0].high")
    at = np.array([-1.0, 0.5, 2.0])
    assert np.allclose(
        d.cdf(at), [0.0, 0.125 - 0.75 * math.expm1(-1.0), 0.25 - 0.75 * math.expm1(-4.0)]
    )
    assert np.allclose(
        np.exp(d.log_prob(at)), [0.0, 0.25 + 1.5 * math.exp(-1.0), 1.5 * math.exp(-4.0)]
    )
    assert np.isnan(d.score(-1.0)["weights"]).all()
    assert np.isnan(d.pathwise(-1.0)["components[1].rate"])
    found = d.pathwise(at[1:])
    density = np.exp(d.log_prob(0.5))
    assert np.allclose(found["components[0].high"], [0.25 * 0.5 / density, 0.0])
    assert np.allclose(found["components[1].rate"], [-1.5 * math.exp(-1.0) * 0.25 / density, -1.0])
    gap = rp.mixture([0.5, 0.5], rp.Uniform(0.0, 1.0), rp.Uniform(2.0, 3.0))
    assert gap.log_prob(1.5) == -np.inf
    assert np.allclose(gap.icdf([0.25, 0.75]), [0.5, 2.5])
    assert np.allclose(gap.log_cdf([1.5, 2.5]), np.log([0.5, 0.75]))


@pytest.mark.parametrize(
    "weights", [{"weights": [0.0, 1.0, 3.0]}, {"logits": [-math.inf, 0.0, math.log(3.0)]}]
)
def test_components_without_weight(weights):
    """Weights of 0, and logits of −∞, are values like others: there is a derivative in a weight."""
    d = rp.Mixture([rp.Uniform(-9.0, -8.0), rp.Gaussian(), rp.Gaussian(2.0)], **weights)
    rest = rp.mixture([1.0, 3.0], rp.Gaussian(), rp.Gaussian(2.0))
    at = np.array([-8.5, 0.3, 5.0])
    for name in ("cdf", "sf", "log_prob", "log_cdf", "log_sf", "stein_score"):
        assert np.allclose(getattr(d, name)(at), getattr(rest, name)(at), rtol=1e-14), name
    assert d.support == rest.support
    assert np.allclose([d.mean, d.variance, d.entropy], [rest.mean, rest.variance, rest.entropy])
    draw = d.rsample(1000, rng=1)
    assert draw.value.min() > -8.0
    gradient = draw.jacobian()
    assert all(np.all(np.isfinite(entry)) for entry in gradient.values())
    name = next(iter(weights))
    first = gradient[name][:, 0]
    if name == "logits":
        assert np.all(first == 0.0)
    else:  # what a little weight would do
        assert np.allclose(first, (d.cdf(draw.value) - 1.0) / np.exp(d.log_prob(draw.value)) / 4.0)


def test_moments_are_those_of_the_components():
    d = rp.mixture([0.3, 0.7], rp.Gaussian(1e8, 1.0), rp.Gaussian(1e8 + 1.0, 2.0))
    assert d.mean == pytest.approx(1e8 + 0.7, rel=1e-15)
    assert d.variance == pytest.approx(0.3 + 2.8 + 0.21, rel=1e-13)
    heavy = rp.mixture([0.5, 0.5], rp.StudentT(0.5), rp.Gaussian())
    assert np.isnan(heavy.mean)
    assert np.isnan(heavy.variance)
    assert np.isinf(rp.mixture([0.5, 0.5], rp.StudentT(1.5), rp.Gaussian()).variance)


def test_names_values_and_texts():
    d = rp.mixture([0.3, 0.7], rp.Gaussian(), rp.Gamma(alpha=2.0))
    assert repr(d) == (
        "Mixture([Gaussian(loc=0.0, scale=1.0), Gamma(alpha=2.0, rate=1.0)], weights=[0.3, 0.7])"
    )
    assert list(d.parameters) == [
        *("components[0].loc", "components[0].scale"),
        *("components[1].alpha", "components[1].rate", "weights"),
    ]
    assert (d["alpha"], d["components[1].alpha"], d["loc"], d["probs"][1]) == (2.0, 2.0, 0.0, 0.7)
    assert isinstance(d.components, tuple)
    for text in (repr(d), "mixture([0.3, 0.7], gaussian, gamma(alpha=2))"):
        assert repr(rp.parse(text)) == repr(d)
    nested = rp.Mixture([d, rp.truncate(d, low=0.5)], logits=[0.0, 1.0])
    assert repr(rp.parse(repr(nested))) == repr(nested)
    assert "components[1].base.components[0].loc" in nested.parameters
    with pytest.raises(UnknownParameterError, match="more than one parameter 'scale'; pass one of"):
        rp.mixture([1.0, 1.0], rp.Gaussian(), rp.Gaussian())["scale"]
    for copied in (pickle.loads(pickle.dumps(nested)), copy.deepcopy(nested)):
        assert repr(copied) == repr(nested)
        assert np.array_equal(copied.sample(5, rng=1), nested.sample(5, rng=1))
    quantile = d.by_quantile()
    assert repr(pickle.loads(pickle.dumps(quantile))) == repr(quantile) == f"ByQuantile({d!r})"
    assert repr(rp.parse(repr(quantile))) == repr(quantile)


def test_replace():
    d = rp.mixture([0.3, 0.7], rp.Gaussian(), rp.Gamma(alpha=2.0))
    assert d.replace(alpha=3.0).components[1].alpha == 3.0
    assert d.replace({"components[0].loc": [1.0, 2.0]}).batch_shape == (2,)
    assert d.replace({"components[1]": rp.Laplace()}).components[1].name == "laplace"
    other = d.replace(components=[rp.Laplace(), rp.Logistic()], weights=[1.0, 3.0])
    assert repr(other.components) == repr((rp.Laplace(), rp.Logistic()))
    assert rp.Mixture([rp.Gaussian(), rp.Laplace()]).weights.tolist() == [0.5, 0.5]
    batch = rp.mixture([[0.3, 0.7], [0.5, 0.5]], rp.Gaussian(), rp.Gaussian(2.0))
    assert batch.batch_shape == (2,)
    assert batch.rsample(3, rng=1).vjp(1.0)["weights"].shape == (2, 2)
    assert np.allclose(batch.mean, [1.4, 1.0])
    assert batch.entropy.shape == (2,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda g: rp.Mixture([]),
            "components=[] is not a list of distributions; pass at least one",
        ),
        (lambda g: rp.Mixture(), "Mixture needs components"),
        (lambda g: rp.Mixture(g), "is not a list of distributions"),
        (lambda g: rp.Mixture([g, rp.Poisson()]), "components[1]=Poisson(rate=1.0) draws integers"),
        (lambda g: rp.Mixture([g, rp.Concrete()]), "draws vectors"),
        (
            lambda g: rp.Mixture([g, rp.Gaussian]),
            "components[1]=the class Gaussian is not a distribution",
        ),
        (
            lambda g: rp.Mixture([g, rp.clip(g, low=0.0)]),
            "has no density: its endpoints have probabilities",
        ),
        (lambda g: rp.mixture([1.0], g, g), "weights has 1 entries and there are 2 components"),
        (lambda g: rp.mixture(1.0, g), "weights=1 is not a vector"),
        (lambda g: rp.mixture([0.0, 0.0], g, g), "weights are all 0, so that no component has"),
        (lambda g: rp.mixture([1.0, -1.0], g, g), "weights[1]=-1 is not in [0, inf]"),
        (lambda g: rp.mixture([1.0, math.inf], g, g), "weights[1]=inf is not finite"),
        (lambda g: rp.Mixture([g, g], logits=[-math.inf] * 2), "logits are all -inf"),
        (lambda g: rp.Mixture([g, g], logits=[0.0, math.inf]), "logits[1]=inf is not finite"),
        (lambda g: rp.Mixture([g, g], logits=[0, 0], weights=[1, 1]), "pass one"),
        (
            lambda g: rp.parse("mixture([1, 2], gaussian, gaussian, logits=[0, 0])"),
            "alone, and got logits",
        ),
    ],
)
def test_messages(make, message):
    with pytest.raises(ReparamError) as caught:
        make(rp.Gaussian())
    assert message in str(caught.value)
    assert isinstance(caught.value, ParameterError | ShapeError | UnknownParameterError)


def test_estimates_agree_with_exact_values():
    """Also in ends of components that move inside, which the score leaves out."""
    for d in (
        rp.mixture([0.3, 0.7], rp.Gaussian(), rp.Gamma(alpha=2.0)),
        rp.mixture([1.0, 2.0], rp.Uniform(), rp.Uniform(0.5, 3.0)),
    ):
        found = estimate(d, "sin(y)", 20_000, rng=2)
        assert {row.parameter for row in found.rows} >= {"weights[0]", "weights[1]"}
        for row in found.rows:
            assert abs(row.value - row.exact) <= 6.0 * row.standard_error + 1e-12, row


def test_kl_of_a_density_that_jumps_inside():
    """By its definition: a density of three steps."""

    def divergence(low, high):
        widths, masses = [low, 1.0 - low, high - 1.0], [1.0 / 3.0, 0.0, 0.0]
        heights = [masses[0], 1.0 / 3.0 + 2.0 / 3.0 / (high - low), 2.0 / 3.0 / (high - low)]
        return sum(w * h * math.log(h) for w, h in zip(widths, heights, strict=True))

    p = rp.mixture([1.0, 2.0], rp.Uniform(), rp.Uniform(0.5, 3.0))
    q = rp.Uniform(-1e6, 1e6)
    found = rp.kl(p, q, n=100_000, rng=1)
    h = 1e-6
    in_low = (divergence(0.5 + h, 3.0) - divergence(0.5 - h, 3.0)) / (2.0 * h)
    error = found.standard_error.gradient_p["components[1].low"]
    assert abs(found.gradient_p["components[1].low"] - in_low) < 6.0 * error + 1e-6


def test_what_is_not_a_number_and_nothing_at_all():
    d = rp.mixture([0.3, 0.7], rp.Gaussian(), rp.Gamma(2.0))
    at = [math.nan, math.inf, -math.inf]
    assert np.array_equal(d.cdf(at), [math.nan, 1.0, 0.0], equal_nan=True)
    assert np.array_equal(d.sf(at), [math.nan, 0.0, 1.0], equal_nan=True)
    assert np.array_equal(d.log_prob(at), [math.nan, -math.inf, -math.inf], equal_nan=True)
    assert np.array_equal(d.icdf([0.0, 1.0]), [-math.inf, math.inf])
    assert np.array_equal(d.isf([0.0, 1.0]), [math.inf, -math.inf])
    assert np.all(np.isnan(d.icdf([math.nan, -0.1, 1.1])))
    gradient = d.rsample(0, rng=1).vjp(1.0)
    assert [entry.shape for entry in gradient.values()] == [(), (), (), (), (2,)]
    assert d.replace(alpha=np.ones(0)).rsample(2).value.shape == (2, 0)
    huge = rp.mixture([1e308, 1e308], rp.Gaussian(), rp.Gaussian(3.0))
    assert huge.cdf(1.5) == pytest.approx(0.5)


@pytest.mark.parametrize("n", [2, 3])
def test_upstream_derivatives_of_each_draw(n):
    """As many draws as weights, too, where axes could be mistaken for each other."""
    draw = rp.mixture([0.3, 0.7], rp.Gaussian(), rp.Gaussian(2.0)).rsample(n, rng=1)
    upstream = np.arange(1.0, n + 1.0)
    wanted = (upstream[:, np.newaxis] * draw.jacobian()["weights"]).sum(axis=0)
    np.testing.assert_allclose(draw.vjp(upstream)["weights"], wanted, rtol=1e-14)
