"""Statistics of ``reparam verify``: how often they fail by chance, where that can be computed."""

import numpy as np
import pytest
from scipy.special import betainc, ndtr, xlogy
from scipy.stats import binom

from reparam.verification.numerics import statistics


def two_values(n, ones, p):
    """Return elements with a mean of 0: 1 − p with probability p, −p otherwise."""
    return np.append(np.full(ones, 1.0 - p), np.full(n - ones, -p))


@pytest.mark.parametrize("n", [512, 4096])
@pytest.mark.parametrize("p", [0.5, 0.1, 0.02, 0.001])
@pytest.mark.parametrize("critical", [4.5, 7.0])
def test_means_of_two_values_fail_as_rarely_as_told(n, p, critical):
    """Exactly: by the binomial distribution of the ones. p n may be less than 1."""
    spread = 12.0 * np.sqrt(n * p) + 60.0
    counts = np.arange(0, min(n, int(n * p + spread)) + 1)
    fails = [
        abs(statistics.mean_score(two_values(n, ones, p), most=1.0)) > critical for ones in counts
    ]
    chance = float(np.sum(binom.pmf(counts, n, p)[fails])) + binom.sf(counts[-1], n, p)
    assert chance < 2.0 * 2.0 * ndtr(-critical)


def test_plain_standard_scores_fail_too_often():
    """Which is why it takes more: by a factor of ten thousand here."""
    n, p, critical = 4096, 0.02, 7.0
    counts = np.arange(0, 400)
    spread = np.sqrt(counts / n * (1.0 - counts / n))
    with np.errstate(divide="ignore"):
        z = np.abs(counts / n - p) / spread * np.sqrt(n)
    assert np.sum(binom.pmf(counts, n, p)[z > critical]) > 1e3 * 2.0 * ndtr(-critical)


def test_roots_of_means_are_those_of_the_likelihood():
    n, p, ones = 4096, 0.02, 30
    expected = 2.0 * (xlogy(ones, ones / (n * p)) + xlogy(n - ones, (n - ones) / (n * (1.0 - p))))
    found = statistics.mean_score(two_values(n, ones, p), most=0.0)
    assert found == pytest.approx(-np.sqrt(expected), rel=1e-9)
    assert statistics.mean_score(-two_values(n, ones, p), most=0.0) == pytest.approx(-found)


def test_slack_takes_from_means():
    x = two_values(4096, 140, 0.02)
    off = float(np.mean(x))
    assert statistics.mean_score(x, slack=off) < 1.0
    assert statistics.mean_score(x, slack=0.01 * off) < statistics.mean_score(x)


def test_what_has_not_come_up_may_make_up_for_a_mean():
    nothing = np.full(8192, -1e-3)
    assert abs(statistics.mean_score(nothing, most=1.0)) < 5.0  # of 8 expected ones none
    assert abs(statistics.mean_score(nothing)) > 50.0
    assert statistics.mean_score(np.zeros(100)) == 0.0


@pytest.mark.parametrize("counts", [(1, 127), (8, 120), (64, 64), (127, 1)])
def test_spacings_fail_as_rarely_as_told(counts):
    """Of two shares the first has a beta distribution."""
    counts = np.array(counts, dtype=float)
    expected = counts / np.sum(counts)
    for share in np.linspace(1e-4, 1.0 - 1e-4, 300):
        deviation = np.array([share, 1.0 - share]) - expected
        root = statistics.spacings_score(np.array([1.0, 0.0]), deviation, counts)
        tail = betainc(*counts, share) if root < 0.0 else 1.0 - betainc(*counts, share)
        if 3.0 < abs(root) < 7.0:
            assert tail < 4.0 * ndtr(-abs(root))
        assert np.sign(root) == np.sign(deviation[0])
        swapped = statistics.spacings_score(np.array([0.0, 1.0]), deviation, counts)
        assert swapped == pytest.approx(-root, rel=1e-9)


def test_spacings_are_invariant_to_a_common_weight():
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 50, 20).astype(float)
    deviation = rng.dirichlet(counts) - counts / np.sum(counts)
    weights = rng.normal(size=20)
    root = statistics.spacings_score(weights, deviation, counts)
    assert statistics.spacings_score(weights + 5.0, deviation, counts) == pytest.approx(root)
    assert statistics.spacings_score(3.0 * weights, deviation, counts) == pytest.approx(root)


def test_agreement_of_neighbours_is_standard_normal():
    rng = np.random.default_rng(0)
    scores = [statistics.serial_score(rng.random(1000) < 0.3, lag) for lag in range(1, 800)]
    assert abs(np.mean(scores)) < 4.0 / np.sqrt(800.0)
    assert 0.85 < np.std(scores) < 1.15


@pytest.mark.parametrize(
    ("ones", "lag", "sign"),
    [
        (np.repeat(np.arange(512) % 2 == 0, 2), 1, 0.0),
        (np.tile([True, False], 512), 1, -1.0),
        (np.tile([True, False], 512), 2, 1.0),
        (np.append(np.ones(512, bool), np.zeros(512, bool)), 1, 1.0),
        (np.append(np.ones(512, bool), np.zeros(512, bool)), 512, -1.0),
    ],
)
def test_what_depends_on_others_is_noticed(ones, lag, sign):
    score = statistics.serial_score(ones, lag)
    assert abs(score) < 3.0 if sign == 0.0 else sign * score > 20.0


def test_few_ones_tell_nothing():
    assert statistics.serial_score(np.arange(1000) < 50, 1) == 0.0
