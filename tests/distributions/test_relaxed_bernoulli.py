"""Moments of the relaxed Bernoulli distribution, and what it relaxes."""

import mpmath as mp
import numpy as np
import pytest

import reparam as rp

CASES = [
    (temperature, logits)
    for temperature in (0.01, 0.2, 0.999999, 1.0, 1.5, 50.0)
    for logits in (-30.0, -4.0, 0.0, 0.3, 10.0)
]


@pytest.mark.parametrize(
    ("temperature", "logits"),
    [
        *CASES[::3],
        *(pytest.param(*case, marks=pytest.mark.long) for k, case in enumerate(CASES) if k % 3),
    ],
)
def test_moments_and_entropy(temperature, logits):
    with mp.workdps(30):

        def value(noise):
            return 1 / (1 + mp.exp(-(logits + noise) / temperature))

        def log_slope(noise):  # log(y (1 − y))
            x = abs((logits + noise) / temperature)
            return -x - 2 * mp.log1p(mp.exp(-x))

        def expected(f):
            around = [-logits + width * temperature for width in (-60, -20, -5, 0, 5, 20, 60)]
            edges = sorted({*(k for k in (-90, -30, -8, 0, 8, 30, 90)), *map(mp.mpf, around)})
            density = lambda noise: mp.exp(-noise) / (1 + mp.exp(-noise)) ** 2  # noqa: E731
            inside = [edge for edge in edges if -90 <= edge <= 90]
            return mp.quad(lambda noise: f(noise) * density(noise), inside)

        mean = expected(value)
        variance = expected(lambda noise: (value(noise) - mean) ** 2)
        entropy = 2 - mp.log(temperature) + expected(log_slope)
        d = rp.RelaxedBernoulli(temperature=temperature, logits=logits)
        assert abs(d.mean - mean) < 1e-14
        assert abs(d.variance - variance) < 1e-14
        assert abs(d.entropy - entropy) < 1e-14 * (10.0 + abs(entropy))


def test_rounded_it_is_bernoulli():
    noise = np.random.default_rng(1).random(1000)
    for temperature in (0.01, 1.0, 30.0):
        y = rp.RelaxedBernoulli(temperature=temperature, logits=0.7).transform(noise).value
        assert np.array_equal(y > 0.5, noise > 1.0 / (1.0 + np.exp(0.7)))


def test_derivatives_where_values_round_to_the_ends():
    draw = rp.RelaxedBernoulli(temperature=0.01, logits=[-20.0, 20.0]).transform(0.5)
    assert draw.value.tolist() == [0.0, 1.0]
    assert draw.log_value.tolist() == [-2000.0, 0.0]
    assert draw.log_complement.tolist() == [0.0, -2000.0]
    assert draw.jacobian("log_value")["logits"].tolist() == pytest.approx([100.0, 0.0])
    assert draw.jacobian("log_value")["temperature"].tolist() == pytest.approx([200_000.0, 0.0])
    assert all(np.all(np.isfinite(entry)) for entry in draw.jacobian().values())


@pytest.mark.parametrize("temperature", [1e-3, 1.0, 1e3, 1e6])
@pytest.mark.parametrize("logits", [-30.0, 0.0, 0.7])
@pytest.mark.parametrize(
    "y", [1e-300, 0.1, 0.4999, 0.5, 0.5000754920358033, 0.51, 0.9, 1.0 - 1e-15]
)
def test_formulas_are_accurate_for_any_value(temperature, logits, y):
    """To what rounding log(y/(1 − y)) forces: it is nearly 0 near y = ½, at which it cancels."""
    d, eps = rp.RelaxedBernoulli(temperature=temperature, logits=logits), 4.0 * 2.0**-52
    with mp.workdps(40):
        odds = mp.mpf(y) / (1 - mp.mpf(y))
        x = mp.log(odds)
        z = mp.mpf(temperature) * x - mp.mpf(logits)
        moved = 1 + abs(temperature * x) + abs(logits)  # how rounding z moves, at most
        for got, exact in (
            (d.cdf(y), 1 / (1 + mp.exp(-z))),
            (d.sf(y), 1 / (1 + mp.exp(z))),
        ):
            assert abs(got - exact) <= eps * moved * exact + 5e-324
        log_p = mp.log(temperature) - abs(z) - 2 * mp.log1p(mp.exp(-abs(z)))
        log_p -= mp.log(y) + mp.log1p(-mp.mpf(y))
        size = moved + abs(mp.log(temperature)) + abs(mp.log(y)) + abs(mp.log1p(-mp.mpf(y)))
        assert abs(d.log_prob(y) - log_p) <= eps * size
        score, slope = d.score(y), mp.tanh(z / 2)
        assert abs(score["logits"] - slope) <= eps * moved
        in_temperature = 1 / mp.mpf(temperature) - x * slope
        slack = 1 / mp.mpf(temperature) + abs(x) * moved
        assert abs(score["temperature"] - in_temperature) <= eps * slack
        at = d.pathwise(y)
        for name, exact in (("logits", 1), ("temperature", -x)):
            exact = exact * y * (1 - mp.mpf(y)) / temperature
            assert abs(at[name] - exact) <= eps * abs(exact) + 5e-324


def test_log_density_and_score_are_those_of_torch():
    torch = pytest.importorskip("torch")
    y = np.linspace(0.02, 0.98, 13)
    for temperature, logits in ((0.3, -1.0), (1.0, 0.0), (2.5, 4.0)):
        theta = [torch.tensor(value, dtype=torch.float64) for value in (temperature, logits)]
        for parameter in theta:
            parameter.requires_grad_()
        theirs = torch.distributions.RelaxedBernoulli(theta[0], logits=theta[1])
        log_p = theirs.log_prob(torch.tensor(y))
        ours = rp.RelaxedBernoulli(temperature=temperature, logits=logits)
        np.testing.assert_allclose(ours.log_prob(y), log_p.detach().numpy(), atol=1e-12)
        score = torch.autograd.grad(log_p.sum(), theta)
        for name, entry in zip(("temperature", "logits"), score, strict=True):
            np.testing.assert_allclose(
                ours.score(y)[name].sum(), float(entry), rtol=1e-10, atol=1e-12
            )


def test_the_middle_does_not_move_with_the_smallest_temperature():
    slopes = rp.RelaxedBernoulli(5e-324, 0.0).pathwise(0.5)
    assert slopes["temperature"] == 0.0
    assert slopes["logits"] == np.inf
