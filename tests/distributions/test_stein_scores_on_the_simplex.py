"""∂ log p/∂y of vectors of shares: that of log p(w/Σw) in weights w, by complex steps in mpmath."""

import numpy as np
import pytest
from mpmath import mp, mpc, mpf

import reparam as rp
from reparam.errors import NoFormulaError

LOWER = [[0.5, 0.0, 0.0], [3.0, 2.0, 0.0], [-1.0, 0.25, 0.125]]
LAWS = [
    rp.Dirichlet([1e-3, 2.0, 3e5, 40.0]),
    rp.Concrete(temperature=0.7, logits=[5.0, 1.0, -2.0, -4.0]),
    rp.Concrete(temperature=30.0, logits=[0.0, 1.0, -2.0, 3.0]),
    rp.LogisticNormal([0.5, -1.0, 3.0], scale_tril=LOWER),
    rp.StickBreakingNormal([0.5, -1.0, 3.0], scale_tril=LOWER),
]
each_law = pytest.mark.parametrize("d", LAWS, ids=repr)


def log_density(d, weights):
    """Return log p of weights divided by their sum, less a constant, term by term as in books."""
    y = [w / mp.fsum(weights) for w in weights]
    theta = {name: value.tolist() for name, value in d._values.items()}
    sum_of_logs = mp.fsum(map(mp.log, y))
    if d.name == "dirichlet":
        return mp.fsum(
            (mpf(a) - 1) * mp.log(s) for a, s in zip(theta["concentration"], y, strict=True)
        )
    if d.name == "concrete":
        tau, logits = mpf(theta["temperature"]), theta["logits"]
        total = mp.fsum(mp.exp(a) * s**-tau for a, s in zip(logits, y, strict=True))
        return (-tau - 1) * sum_of_logs - len(y) * mp.log(total)
    if d.name == "logistic-normal":
        x = [mp.log(share / y[-1]) for share in y[:-1]]
    else:
        n = len(y) - 1
        x = [mp.log(y[k] / mp.fsum(y[k + 1 :]) * (n - k)) for k in range(n)]
    z = []
    for at, loc, row in zip(x, theta["loc"], theta["scale_tril"], strict=True):
        known = mp.fsum(mpf(f) * each for f, each in zip(row, z, strict=False))
        z.append((at - mpf(loc) - known) / mpf(row[len(z)]))
    return -mp.fsum(each * each for each in z) / 2 - sum_of_logs


def slopes(d, y):
    """Return the derivative in each weight, from one tiny complex step."""
    found = []
    for k, share in enumerate(y):
        step = mpf(10) ** -60 * mpf(share)
        weights = [mpc(w, step if i == k else 0) for i, w in enumerate(y)]
        found.append(mp.im(log_density(d, weights)) / step)
    return found


@each_law
def test_accuracy(d):
    """Within 1e-13, or 20 times what half an ulp of the shares changes; next to corners, too."""
    logs = np.geomspace(0.5, 60.0, 8)[:, np.newaxis] * np.random.default_rng(1).gumbel(size=(8, 4))
    shares = np.exp(logs - logs.max(axis=-1, keepdims=True))
    points = np.concatenate([d.sample(2, rng=2), shares / shares.sum(axis=-1, keepdims=True)])
    found = d.stein_score(points)
    with mp.workdps(90):
        for y, row in zip(points, found, strict=True):
            exact = slopes(d, y)
            moved = [slopes(d, y + 0.5 * np.spacing(y) * unit) for unit in np.eye(4)]
            forced = [sum(abs(at[k] - own) for at in moved) for k, own in enumerate(exact)]
            for own, right, bound in zip(row, exact, forced, strict=True):
                assert abs(mpf(own) - right) <= max(1e-13 * abs(right), 20 * bound)


@each_law
def test_convention(d):
    """Σ y D = 0, and for steps dy with sum 0 the change of log p is Σ D dy."""
    y = np.array([0.1, 0.2, 0.3, 0.4])
    slope, step = d.stein_score(y), 1e-6 * np.array([1.0, -2.0, 3.0, -2.0])
    assert abs(slope @ y) < 1e-12 * np.abs(slope * y).sum()
    change = 0.5 * (d.log_prob(y + step) - d.log_prob(y - step))
    assert slope @ step == pytest.approx(change, rel=1e-6)


def test_boundary():
    d = rp.Dirichlet([[0.5, 2.0, 3.0], [1.0, 2.0, 3.0], [2.0, 2.0, 3.0]])
    found = d.stein_score([0.0, 0.5, 0.5])
    np.testing.assert_array_equal(found[:, 0], [-np.inf, -3.0, np.inf])
    np.testing.assert_allclose(found[1, 1:], [2.0 - 3.0, 4.0 - 3.0])
    assert np.all(np.isnan(d.stein_score([0.5, 0.6, 0.2])))
    assert np.all(np.isinf(rp.Concrete().stein_score([0.0, 0.5, 0.5])[0]))


def test_a_law_whose_author_has_not_written_it():
    class Lacking(rp.Dirichlet):
        name = "lacking"
        _stein_score = rp.Reparameterized._stein_score

    with pytest.raises(NoFormulaError, match=r"no ∂ log p/∂y: nobody has written its formula"):
        Lacking().stein_score([0.2, 0.3, 0.5])
