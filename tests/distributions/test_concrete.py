"""The Concrete distribution: vectors on the simplex, with exact derivatives in all parameters."""

import csv
import math

import mpmath as mp
import numpy as np
import pytest
from scipy import integrate, stats

import reparam as rp
from reparam import sampling
from reparam.engine.noise import BLOCK
from reparam.errors import (
    NoFormulaError,
    NoiseError,
    ParameterError,
    ShapeError,
    UnknownParameterError,
    UnknownViewError,
)
from reparam.estimators import estimate

#: Parameters at which reference values are compared.
SETS = [
    (0.5, [0.0, 1.0, 2.0]),
    (1.0, [0.0, 0.0]),
    (3.0, [-2.0, 0.5, 1.0, 3.0, -0.1]),
    (0.05, [1.0, -1.0, 0.3]),
    (40.0, [1.0, -1.0, 0.3]),
    (0.7, [30.0, -30.0, 0.0]),
]
ALL = pytest.mark.parametrize(("temperature", "logits"), SETS)
#: Of references: y < 1e-313 is added to 1.
DIGITS = 400
#: Chance that a statistical test here fails although all is right.
FALSE_ALARM = 1e-6


def reference(temperature, logits, noise):
    """Return y, ln y, ∂y_i/∂τ and ∂y_i/∂η_j of one vector, to many digits."""
    with mp.workdps(DIGITS):
        t = mp.mpf(temperature)
        gumbel = [-mp.log(-mp.log(mp.mpf(u))) for u in noise]
        x = [(mp.mpf(e) + g) / t for e, g in zip(logits, gumbel, strict=True)]
        top = max(x)
        weights = [mp.exp(entry - top) for entry in x]
        y = [weight / mp.fsum(weights) for weight in weights]
        log_y = [entry - top - mp.log(mp.fsum(weights)) for entry in x]
        pairs = list(zip(y, x, strict=True))
        in_t = [-p * mp.fsum(q * (mine - other) for q, other in pairs) / t for p, mine in pairs]
        rest = [mp.fsum(q for k, q in enumerate(y) if k != i) for i in range(len(y))]
        in_logits = [
            [y[i] * rest[i] / t if i == j else -y[i] * y[j] / t for j in range(len(y))]
            for i in range(len(y))
        ]
        return [np.array(part, dtype=float) for part in (y, log_y, in_t, in_logits)]


def log_density(y, temperature, logits):
    """Equation 10 of Maddison, Mnih & Teh, to many digits."""
    with mp.workdps(DIGITS):
        t, n = mp.mpf(temperature), len(y)
        y = [mp.mpf(float(entry)) for entry in y]
        weights = [mp.exp(mp.mpf(e)) * p**-t for e, p in zip(logits, y, strict=True)]
        product = mp.fsum(mp.log(weight / p) for weight, p in zip(weights, y, strict=True))
        return float(mp.loggamma(n) + (n - 1) * mp.log(t) + product - n * mp.log(mp.fsum(weights)))


def quantile(tests):
    """Return the |z| that one of so many normal tests exceeds with the false-alarm probability."""
    return stats.norm.isf(FALSE_ALARM / tests / 2)


# Values and derivatives ---------------------------------------------------------------------------


@ALL
def test_values_and_derivatives_have_all_digits(temperature, logits):
    """Relative to what one rounding of the noise's logarithms forces, in η/τ."""
    draw = rp.Concrete(temperature, logits).rsample(40, rng=1)
    jacobian = draw.jacobian()
    for i, noise in enumerate(draw.noise):
        y, log_y, in_t, in_logits = reference(temperature, logits, noise)
        size = np.max(np.abs(logits)) + 40.0
        bar = 1e-15 * size / temperature + 1e-14
        np.testing.assert_allclose(draw.value[i], y, rtol=bar, atol=1e-300)
        np.testing.assert_allclose(draw.log_value[i], log_y, rtol=1e-13, atol=bar * (1 - y).max())
        np.testing.assert_allclose(jacobian["logits"][i], in_logits, rtol=3 * bar, atol=1e-300)
        scale = np.abs(y * (1.0 + np.abs(log_y))) / temperature
        assert np.all(np.abs(jacobian["temperature"][i] - in_t) <= 3 * bar * scale + 1e-300)


def test_the_greatest_entry_keeps_its_derivative_where_it_rounds_to_one():
    draw = rp.Concrete(0.1, [0.0, 0.0]).transform([1.0 - 1e-9, 0.5])
    assert draw.value[0] == 1.0
    _, log_y, in_t, in_logits = reference(0.1, [0.0, 0.0], [1.0 - 1e-9, 0.5])
    assert in_logits[0, 0] > 0.0
    np.testing.assert_allclose(draw.jacobian()["logits"], in_logits, rtol=1e-12)
    np.testing.assert_allclose(draw.jacobian()["temperature"], in_t, rtol=1e-12)
    np.testing.assert_allclose(draw.log_value, log_y, rtol=1e-12)
    assert log_y[0] < 0.0


@ALL
def test_derivatives_are_torch_s(temperature, logits):
    torch = pytest.importorskip("torch")
    t = torch.tensor(temperature, dtype=torch.float64, requires_grad=True)
    eta = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    draw = rp.Concrete(temperature, logits).rsample(200, rng=2)
    gumbel = -torch.log(-torch.log(torch.tensor(np.array(draw.noise))))
    x = (eta + gumbel) / t
    y = torch.softmax(x, dim=-1)
    upstream = np.random.default_rng(0).normal(size=draw.value.shape)
    (y * torch.tensor(upstream)).sum().backward()
    ours = draw.vjp(upstream)
    # torch works with x = (η + g)/τ, whose rounding y = 1 does not get rid of
    lost = 1e-15 * y.numel() * x.abs().max().item() / temperature
    np.testing.assert_allclose(draw.value, y.detach().numpy(), rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(ours["temperature"], t.grad.numpy(), rtol=1e-9, atol=lost)
    np.testing.assert_allclose(ours["logits"], eta.grad.numpy(), rtol=1e-9, atol=1e-10)


def test_torch_draws_have_its_density():
    torch = pytest.importorskip("torch")
    claimed = torch.distributions.RelaxedOneHotCategorical
    for temperature, logits in SETS[:3]:
        d = rp.Concrete(temperature, logits)
        y = d.sample(100, rng=3)
        eta = torch.tensor(logits, dtype=torch.float64)
        theirs = claimed(torch.tensor(temperature, dtype=torch.float64), logits=eta)
        np.testing.assert_allclose(
            d.log_prob(y), theirs.log_prob(torch.tensor(y)), rtol=1e-11, atol=1e-13
        )


def test_shapes_of_a_batch():
    d = rp.Concrete(temperature=[[0.5], [1.0]], logits=[[0.0, 1.0, 2.0], [0.1, 0.2, 0.3]])
    assert (d.batch_shape, d.event_shape) == ((2, 2), (3,))
    draw = d.rsample((5, 4), rng=1)
    assert draw.value.shape == draw.noise.shape == draw.log_value.shape == (5, 4, 2, 2, 3)
    jacobian = draw.jacobian()
    assert jacobian["temperature"].shape == (5, 4, 2, 2, 3)
    assert jacobian["logits"].shape == (5, 4, 2, 2, 3, 3)
    pulled = draw.vjp(np.ones(3))
    assert (pulled["temperature"].shape, pulled["logits"].shape) == ((2, 1), (2, 3))
    assert draw.jvp(tau=1.0).shape == draw.jvp(logits=[1.0, 0.0, 0.0]).shape == draw.value.shape
    assert d.log_prob(draw.value).shape == (5, 4, 2, 2)
    score = d.score(draw.value)
    assert (score["temperature"].shape, score["logits"].shape) == ((5, 4, 2, 2), (5, 4, 2, 2, 3))
    assert all(end.shape == (2, 2, 3) for end in d.support)


def test_each_of_a_batch_is_what_it_is_alone():
    d = rp.Concrete(temperature=[0.3, 2.0], logits=[[0.0, 1.0, 2.0], [3.0, 0.2, 0.3]])
    noise = rp.Concrete().rsample(50, rng=1).noise[:, np.newaxis]
    together = d.transform(noise)
    for k in range(2):
        alone = rp.Concrete(d.temperature[k], d.logits[k]).transform(noise[:, 0])
        np.testing.assert_array_equal(together.value[:, k], alone.value)
        for name, entry in alone.jacobian().items():
            np.testing.assert_array_equal(together.jacobian()[name][:, k], entry)


def test_jvp_moves_what_it_is_told_to():
    draw = rp.Concrete(0.5, [0.0, 1.0, 2.0]).rsample(20, rng=1)
    jacobian = draw.jacobian()
    np.testing.assert_array_equal(draw.jvp(), np.zeros((20, 3)))
    np.testing.assert_allclose(draw.jvp(temperature=2.0), 2.0 * jacobian["temperature"])
    np.testing.assert_allclose(
        draw.jvp(eta=[1.0, -1.0, 0.5]), jacobian["logits"] @ [1.0, -1.0, 0.5], atol=1e-15
    )
    # logits that move together move nothing
    np.testing.assert_allclose(draw.jvp(logits=1.0), 0.0, atol=1e-15)


@pytest.mark.parametrize("temperature", [5e-324, 1e-310, 1e-5, 1.0, 1e5, 1e300])
@pytest.mark.parametrize("logits", [[0.0, 0.0], [1e308, -1e308, 0.0], [1e-300, 700.0, -700.0]])
def test_extremes_are_on_the_simplex(temperature, logits):
    d = rp.Concrete(temperature, logits)
    noise = np.array(d.rsample(100, rng=4).noise)
    noise[0], noise[1] = 5e-324, 1.0 - 2.0**-53
    draw = d.transform(noise)
    assert np.all((draw.value >= 0.0) & (draw.value <= 1.0))
    np.testing.assert_allclose(draw.value.sum(axis=-1), 1.0, rtol=0, atol=1e-15)
    for of in ("value", "log_value"):
        assert not any(np.any(np.isnan(entry)) for entry in draw.jacobian(of).values())
    assert not np.any(np.isnan(draw.log_value))


def test_one_category_is_certain():
    d = rp.Concrete(0.5, [3.0])
    draw = d.rsample(4, rng=1)
    np.testing.assert_array_equal(draw.value, np.ones((4, 1)))
    np.testing.assert_array_equal(draw.jacobian()["logits"], np.zeros((4, 1, 1)))
    np.testing.assert_array_equal(d.log_prob(draw.value), np.zeros(4))


# Densities ----------------------------------------------------------------------------------------


@ALL
def test_density_is_equation_10(temperature, logits):
    d = rp.Concrete(temperature, logits)
    y = d.sample(50, rng=5)
    y = y[np.all(y > 0.0, axis=-1)]
    assert len(y) > 5
    expected = np.array([log_density(row, temperature, logits) for row in y])
    n = len(logits)
    size = n * (np.abs(logits).max() + (1.0 + temperature) * np.abs(np.log(y)).max(axis=-1))
    assert np.all(np.abs(d.log_prob(y) - expected) <= 1e-15 * n * size)


@pytest.mark.parametrize(("temperature", "logits"), [(0.6, [0.3, -0.4]), (2.0, [1.0, 0.0])])
def test_two_categories_are_the_relaxed_bernoulli_s(temperature, logits):
    d = rp.Concrete(temperature, logits)
    binary = rp.RelaxedBernoulli(temperature, logits[0] - logits[1])
    y = np.linspace(0.01, 0.99, 99)
    pairs = np.stack([y, 1.0 - y], axis=-1)
    np.testing.assert_allclose(d.log_prob(pairs), binary.log_prob(y), rtol=1e-12, atol=1e-13)

    # at a low temperature half the mass is very near an end: in x = logit y there is none
    def density(x):
        y, rest = 1.0 / (1.0 + math.exp(-x)), 1.0 / (1.0 + math.exp(x))
        return math.exp(d.log_prob([y, rest])) * y * rest

    mass, error = integrate.quad(density, -60.0, 60.0, epsabs=1e-12)
    assert abs(mass - 1.0) <= 1e-9 + error


def test_density_of_three_categories_integrates_to_one():
    d = rp.Concrete(0.9, [0.5, -0.3, 0.1])

    def density(a, b):
        """In a = ln(y₁/y₃) and b = ln(y₂/y₃), where dy₁ dy₂ = y₁ y₂ y₃ da db."""
        top = np.maximum(np.maximum(a, b), 0.0)
        weights = np.exp(np.stack([a, b, np.zeros_like(a)], axis=-1) - top[..., np.newaxis])
        y = weights / weights.sum(axis=-1, keepdims=True)
        return np.exp(d.log_prob(y)) * y.prod(axis=-1)

    grid = np.linspace(-60.0, 60.0, 1201)  # of a smooth function with exponential tails
    mass = density(*np.meshgrid(grid, grid)).sum() * (grid[1] - grid[0]) ** 2
    assert abs(mass - 1.0) < 1e-9


def test_density_off_the_simplex():
    d = rp.Concrete(0.5, [0.0, 1.0])
    outside = [[0.5, 0.6], [1.2, -0.2], [0.2, 0.2]]
    np.testing.assert_array_equal(d.log_prob(outside), -np.inf)
    assert all(np.all(np.isnan(entry)) for entry in d.score(outside).values())
    assert np.isnan(d.log_prob([math.nan, 0.5]))
    assert np.isfinite(d.log_prob(np.float32([0.7, 0.3])))


@pytest.mark.parametrize("temperature", [1e-3, 0.05, 0.5, 2.0, 30.0])
def test_entries_that_underflow(temperature):
    """The limits as they tend to 0 together: those that a density with tiny entries approaches."""
    logits = [0.5, -1.0, 2.0, 0.0]
    d = rp.Concrete(temperature, logits)
    zeros = [0.0, 0.3, 0.0, 0.7]
    tiny = np.array([1e-300, 0.3, 1e-300, 0.7])
    score, near = d.score(zeros), d.score(tiny)
    assert score["temperature"] == -np.inf
    weights = np.exp([0.5, 2.0]) / np.sum(np.exp([0.5, 2.0]))
    wanted = [1.0 - 4.0 * weights[0], 1.0, 1.0 - 4.0 * weights[1], 1.0]
    np.testing.assert_allclose(score["logits"], wanted, rtol=1e-14)
    if temperature > 0.1:
        np.testing.assert_allclose(near["logits"], wanted, rtol=1e-14)
    assert d.log_prob(zeros) == math.copysign(np.inf, 1.0 - temperature)


def test_density_at_the_boundary_where_it_is_finite():
    d = rp.Concrete(1.0, [0.5, -1.0, 2.0, 0.0])
    near, at = np.array([1e-200, 0.3, 1e-200, 0.7]), np.array([0.0, 0.3, 0.0, 0.7])
    np.testing.assert_allclose(d.log_prob(at), d.log_prob(near), rtol=1e-13)


@pytest.mark.parametrize("count", [2, 5])
def test_nothing_is_nan_on_own_draws_at_low_temperature(count):
    d = rp.Concrete(1e-3, np.arange(float(count)))
    y = d.sample(1000, rng=1)
    assert np.any(y == 0.0)
    assert not np.any(np.isnan(d.log_prob(y)))
    assert not any(np.any(np.isnan(entry)) for entry in d.score(y).values())
    if count == 2:
        relaxed = rp.RelaxedBernoulli(1e-3, 1.0)
        lost = y[:, 0] == 0.0
        np.testing.assert_array_equal(d.log_prob(y)[lost], relaxed.log_prob(y[lost, 1]))


def test_score_has_mean_zero():
    d = rp.Concrete(0.6, [0.0, 1.0, -0.5])
    score = d.score(d.sample(200_000, rng=6))
    columns = np.column_stack([score["temperature"], score["logits"]])
    z = columns.mean(axis=0) / columns.std(axis=0) * math.sqrt(len(columns))
    assert np.all(np.abs(z) < quantile(4))
    assert np.all(columns.std(axis=0) > 0.1)


# Theorems -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.01, 0.5, 1.0, 20.0])
def test_the_greatest_entry_is_a_categorical_draw(temperature):
    logits, n = [0.0, 1.0, 2.5, -1.0], 200_000
    y = rp.Concrete(temperature, logits).sample(n, rng=7)
    seen = np.bincount(y.argmax(axis=-1), minlength=4)
    p = np.exp(rp.Categorical(logits).log_prob(np.arange(4.0)))
    assert stats.chisquare(seen, n * p).pvalue > FALSE_ALARM / 4


def test_the_gradient_of_an_expectation_is_unbiased():
    """φ(y) = y₁², y of two categories, whose density is integrated."""
    temperature, logits, n = 0.7, np.array([0.4, -0.3]), 400_000

    def expectation(tau, a, b):
        d = rp.RelaxedBernoulli(tau, a - b)

        def integrand(x):
            y = 1.0 / (1.0 + math.exp(-x))
            return y**2 * math.exp(d.log_prob(y)) * y / (1.0 + math.exp(x))

        return integrate.quad(integrand, -36.0, 36.0, epsabs=1e-13, epsrel=1e-12, limit=200)[0]

    h = 1e-3
    theta = np.array([temperature, *logits])
    expected = [
        (expectation(*(theta + step)) - expectation(*(theta - step))) / (2 * h)
        for step in h * np.eye(3)
    ]
    draw = rp.Concrete(temperature, logits).rsample(n, rng=8)
    jacobian = draw.jacobian()
    slope = 2.0 * draw.value[:, 0]
    terms = np.column_stack(
        [slope * jacobian["temperature"][:, 0], slope[:, np.newaxis] * jacobian["logits"][:, 0]]
    )
    error = terms.std(axis=0) / math.sqrt(n)
    bias = 1e-6  # of the central differences
    assert np.all(np.abs(terms.mean(axis=0) - expected) < quantile(3) * error + bias)
    assert np.all(np.abs(expected) > 10 * error)


# Streams ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [(), (3,)])
def test_chunks_threads_and_shards_change_nothing(monkeypatch, batch):
    d = rp.Concrete(np.full(batch, 0.5), [0.0, 1.0, 2.0, 3.0, 4.0])
    n = BLOCK + 12_345
    monkeypatch.setenv("REPARAM_NUM_THREADS", "1")
    whole = d.rsample(n, rng=9)
    upstream = np.array(whole.value)
    pulled = whole.vjp(upstream)
    monkeypatch.setenv("REPARAM_NUM_THREADS", "3")
    again = d.rsample(n, rng=9)
    np.testing.assert_array_equal(again.value, whole.value)
    np.testing.assert_array_equal(again.noise, whole.noise)
    for name, gradient in again.vjp(upstream).items():
        np.testing.assert_array_equal(gradient, pulled[name])
    monkeypatch.setattr(sampling, "CHUNK", 70_001)
    for part in range(1, 4):
        numbers = sampling.shard(n, part, 3)
        draws = list(sampling.stream(d, numbers, rng=9))
        assert len(draws) > 1
        at = slice(numbers.start, numbers.stop)
        np.testing.assert_array_equal(np.concatenate([x.value for x in draws]), whole.value[at])
        np.testing.assert_array_equal(np.concatenate([x.noise for x in draws]), whole.noise[at])
        values = np.concatenate(list(sampling.values(d, numbers, rng=9)))
        np.testing.assert_array_equal(values, whole.value[at])


# Command line -------------------------------------------------------------------------------------


def rows(cli, *arguments):
    return list(csv.DictReader(cli(*arguments).stdout.splitlines()))


def test_sample_writes_a_row_a_draw(cli):
    found = rows(cli, "sample", "-d", "gumbel-softmax", "-n", 2, "--seed", 1, "--with-noise")
    draw = rp.Concrete().rsample(2, rng=1)
    for row, value, noise in zip(found, draw.value, draw.noise, strict=True):
        assert list(row) == [f"{letter}_{k}" for letter in ("noise", "y") for k in range(3)]
        assert [float(row[f"y_{k}"]) for k in range(3)] == value.tolist()
        assert [float(row[f"noise_{k}"]) for k in range(3)] == noise.tolist()


def test_kl_of_vectors_is_an_estimate():
    p, q = rp.Concrete(0.5, [0.0, 1.0]), rp.Concrete(0.7, [0.0, 0.0])
    divergence = rp.kl(p, q, rng=1, n=20_000)
    y = p.sample(20_000, rng=1)
    expected = np.mean(p.log_prob(y) - q.log_prob(y))
    assert divergence.method == "Monte Carlo"
    np.testing.assert_allclose(divergence.value, expected, rtol=1e-12)
    assert divergence.gradient_q["logits"].shape == (2,)


def test_grad_writes_the_jacobian_and_totals(cli):
    options = ["grad", "-d", "concrete", "-p", "tau=0.5", "-p", "logits=0,1"]
    options += ["--noise", "0.2,0.3,0.5,0.1", "--upstream", "1,2,3,4"]
    columns = cli.columns(*options)
    draw = rp.Concrete(0.5, [0.0, 1.0]).transform([[0.2, 0.3], [0.5, 0.1]])
    jacobian, upstream = draw.jacobian(), np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(columns["y"], draw.value.ravel())
    np.testing.assert_array_equal(columns["dy_dtemperature"], jacobian["temperature"].ravel())
    for k in range(2):
        entry = jacobian["logits"][..., k]
        np.testing.assert_array_equal(columns[f"dy_dlogits[{k}]"], entry.ravel())
        np.testing.assert_array_equal(columns[f"dL_dlogits[{k}]"], (upstream * entry).ravel())
    totals = [float(row["gradient"]) for row in rows(cli, *options, "--sum")]
    pulled = draw.vjp(upstream)
    np.testing.assert_array_equal(totals, [pulled["temperature"], *pulled["logits"]])


def test_a_file_of_draws_is_an_array_of_vectors(cli):
    cli("grad", "-d", "concrete", "-n", 7, "--seed", 1, "--out", "draws.npz")
    with np.load("draws.npz") as draws:
        assert draws["y"].shape == draws["dy_dlogits[2]"].shape == (7, 3)


@pytest.mark.parametrize(
    "arguments",
    [
        ["grad", "-d", "concrete", "--loss", "y"],
        ["grad", "--node", "z ~ concrete()", "--loss", "z"],
        ["kl", "--from", "concrete", "--to", "gaussian"],
        ["kl", "--from", "gaussian", "--to", "concrete"],
    ],
)
def test_commands_for_numbers_refuse_vectors(cli, arguments):
    assert "vectors" in cli(*arguments, code=2).stderr


# Refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda d: d.mean,
        lambda d: d.variance,
        lambda d: d.entropy,
        lambda d: d.cdf([0.5, 0.5]),
        lambda d: d.sf([0.5, 0.5]),
        lambda d: d.icdf(0.5),
        lambda d: d.pathwise([0.5, 0.5]),
    ],
)
def test_there_is_no_formula(call):
    with pytest.raises(NoFormulaError, match="Concrete has no"):
        call(rp.Concrete(0.5, [0.0, 1.0]))


@pytest.mark.parametrize(
    ("error", "call", "match"),
    [
        (ShapeError, lambda d: d.transform(0.5), "vectors of 2 entries"),
        (ShapeError, lambda d: d.transform([0.5, 0.5, 0.5]), "last axis has length 2"),
        (ShapeError, lambda d: d.log_prob([0.2, 0.3, 0.5]), "last axis has length 2"),
        (NoiseError, lambda d: d.transform([0.0, 0.5]), "strictly between 0 and 1"),
        (ShapeError, lambda d: d.transform([0.2, 0.3]).vjp(np.ones(3)), "upstream"),
        (ShapeError, lambda d: d.transform([0.2, 0.3]).jvp(logits=np.ones(3)), "logits"),
        (ShapeError, lambda d: d.transform([0.2, 0.3]).jvp(tau=np.ones(3)), "temperature"),
        (UnknownParameterError, lambda d: d.transform([0.2, 0.3]).jvp(scale=1.0), "scale"),
        (UnknownViewError, lambda d: d.transform([0.2, 0.3]).jacobian("complement"), "log_value"),
        (ParameterError, lambda d: type(d)(0.0, [0.0, 1.0]), "positive"),
        (ParameterError, lambda d: type(d)(1.0, 0.0), "not a vector"),
        (ShapeError, lambda d: estimate(d, "y", 10), r"take an entry, y\[0\]"),
        (ShapeError, lambda d: rp.kl(d, rp.Gaussian()), "vectors"),
    ],
)
def test_refusals_say_what_is_wrong(error, call, match):
    with pytest.raises(error, match=match):
        call(rp.Concrete(0.5, [0.0, 1.0]))


def test_draws_are_read_only():
    draw = rp.Concrete().rsample(3, rng=1)
    for array in (draw.value, draw.noise, draw.log_value):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0
