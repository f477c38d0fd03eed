"""KL of negative binomial distributions with one number of successes, against mpmath."""

import mpmath as mp
import numpy as np
import pytest

import reparam as rp

POINTS = 60


def near(x, rng):
    """Return numbers at many distances from others."""
    return x * (1.0 + rng.choice([0.0, 1e-9, -1e-6, 1e-3, 0.3], x.shape))


def closed_form(r, p, s, q):
    """KL, and its derivatives in r, p, s and q where r = s."""
    r, p, q = map(mp.mpf, (r, p, q))
    heads, tails = mp.log(p / q), mp.log1p(-p) - mp.log1p(-q)
    mean = r * (1 - p) / p
    # E ln p(y)/q(y); Σ ∂p(y)/∂θ ln p(y)/q(y); and −E ∂ln q(y)/∂θ, where E (ψ(y + r) − ψ(r)) = −ln p
    return (
        r * heads + mean * tails,
        (1 - p) / p * tails,
        -r / p**2 * tails,
        -(mp.log(q) - mp.log(p)),
        -(r / q - mean / (1 - q)),
    )


def by_sums(r, p, s, q):
    """KL as a sum over y, for any r and s: finite differences of it are its derivatives."""

    def log_mass(y, r, p):
        return (
            mp.loggamma(y + r)
            - mp.loggamma(r)
            - mp.loggamma(y + 1)
            + r * mp.log(p)
            + y * mp.log1p(-p)
        )

    def terms(y):
        log = log_mass(y, r, p)
        return mp.exp(log) * (log - log_mass(y, s, q))

    return mp.fsum(terms(y) for y in range(400))


def test_derivatives_of_negative_binomials_are_those_of_sums():
    with mp.workdps(40):
        at = tuple(map(mp.mpf, (1.7, 0.4, 1.7, 0.55)))
        value, *slopes = closed_form(*at)
        assert abs(by_sums(*at) / value - 1) < 1e-30
        for place, slope in enumerate(slopes):

            def along(x, place=place):
                return by_sums(*at[:place], x, *at[place + 1 :])

            assert abs(mp.diff(along, at[place], h=mp.mpf(10) ** -12) / slope - 1) < 1e-15


def test_negative_binomials_with_one_number_of_successes():
    rng = np.random.default_rng(1)
    r = np.exp(rng.uniform(-30.0, 30.0, POINTS))
    p = rng.choice([1e-200, 1e-9, 0.3, 1.0 - 1e-9], POINTS) * rng.uniform(0.2, 1.0, POINTS)
    q = np.minimum(near(p, rng), 1.0 - 2.0**-53)
    found = rp.kl(rp.NegativeBinomial(r, p), rp.NegativeBinomial(r, q))
    assert found.method == "closed form"
    in_p, in_q = found.gradient_p, found.gradient_q
    got = found.value, in_p["total"], in_p["probs"], in_q["total"], in_q["probs"]
    with mp.workdps(60):
        wanted = [closed_form(*map(float, row)) for row in zip(r, p, r, q, strict=True)]
    for each, exact in zip(got, zip(*wanted, strict=True), strict=True):
        np.testing.assert_allclose(each, np.array(exact, dtype=float), rtol=1e-13, atol=0.0)


def test_negative_binomials_at_the_ends():
    surely = rp.NegativeBinomial(2.0, 1.0)
    assert float(rp.kl(surely, surely).value) == 0.0
    assert float(rp.kl(surely, rp.NegativeBinomial(2.0, 0.25)).value) == pytest.approx(
        2.0 * np.log(4.0), rel=1e-15
    )
    assert float(rp.kl(rp.NegativeBinomial(2.0, 0.25), surely).value) == np.inf
    assert rp.kl(rp.NegativeBinomial(2.0, 0.25), rp.NegativeBinomial(3.0, 0.25), rng=1).method == (
        "Monte Carlo"
    )
