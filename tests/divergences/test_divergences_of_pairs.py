"""KL(p‖q) of pairs in the registry: a number with gradients of the right shapes, or an error.

Whether it is infinite is compared with conditions on the tails' exponents, and its value with sums
over the support that are independent of the library's: integrals in a coordinate in which all tails
fall double-exponentially.
"""

import math
import zlib
from functools import cache
from itertools import product

import numpy as np
import pytest
from facts import tails

import reparam as rp
from reparam.divergences import _registry as registry
from reparam.divergences import exact
from reparam.domains import Integers
from reparam.errors import ReparamError, ShapeError
from reparam.estimators._line import Line
from reparam.testing._typical import one_of, typical

pytestmark = pytest.mark.long

NAMES = [name for name in rp.names() if rp.get(name).__module__.startswith("reparam.")]
#: How many q there are to each p, and p to each q: any, of the same kind of values and support, and
#: with a formula.
PARTNERS = 2


@cache
def kind(name):
    cls = rp.get(name)
    return isinstance(cls._support, Integers), *map(float, np.ravel(cls().support)[:2])


def partners(name, order):
    """Return some names, always the same for this one, whatever others there are."""
    ranked = sorted(NAMES, key=lambda other: zlib.crc32("|".join((name, other)[::order]).encode()))
    alike = [other for other in ranked if kind(other) == kind(name)]
    closed = [other for other in ranked if has_formula(*map(rp.get, (name, other)[::order]))]
    return ranked[:PARTNERS] + alike[:PARTNERS] + closed[:PARTNERS]


def has_formula(p, q):
    return next(registry.formulas(p, q), None) is not None


def some_pairs():
    """Pairs whose number grows like that of the laws."""
    with_itself = {(name, name) for name in NAMES}
    as_p = {(name, other) for name in NAMES for other in partners(name, 1)}
    as_q = {(other, name) for name in NAMES for other in partners(name, -1)}
    return sorted(with_itself | as_p | as_q)


PAIRS = [pytest.param(p, q, id=f"{p}|{q}") for p, q in some_pairs()]


def infinite(p, q, power):
    """Whether E_p[log(p/q)^power] is, where p's support is in q's.

    None if rates decide it, or if −log q grows like an exponential: the mean may be finite and
    beyond all that 4,000 draws show.
    """
    if p._tails is None or q._tails is None:  # integers fall at least exponentially
        return False
    found = False
    for (exponent, fall), (_, growth), end, other in zip(
        tails(p), tails(q), p.support, q.support, strict=True
    ):
        if end != other or math.isnan(growth):
            continue  # q is bounded away from 0 there, or −log q grows like log t
        if growth < math.inf or not math.isnan(exponent):
            found = found or power * growth >= exponent
        elif fall >= 1.0:
            return None
        else:
            found = found or fall < 1.0
    return found


def supports_differ(p, q):
    if isinstance(p._support, Integers) != isinstance(q._support, Integers):
        return True
    return p.support[0] < q.support[0] or p.support[1] > q.support[1]


def drawn(cls, rng):
    """Return a distribution with typical parameters."""
    if cls._support.rank:
        return one_of(typical(cls, seed=int(rng.integers(99))), 1)
    values = {}
    for name, parameter in cls.parameters.items():
        low, high = parameter.typical
        shape = (int(rng.integers(2, 5)),) if parameter.dims else ()
        low = max(low, -2.0)
        values[name] = rng.uniform(low, max(low, min(high, 6.0)), size=shape)
        if isinstance(parameter.domain, Integers):
            values[name] = np.ceil(values[name])
    d = cls(**values)
    return drawn(cls, rng) if crowded(d) else d


def crowded(d):
    """Whether doubles next to an end of the support are too coarse for the integrals."""
    if d._tails is None:
        return False
    return any(
        math.isfinite(end) and end != 0.0 and exponent < 0.6
        for (exponent, _), end in zip(tails(d), d.support, strict=True)
    )


def integral(p, q):
    """Return E_p[log p − log q]."""
    if isinstance(p._support, Integers):
        reach = 60.0 * math.sqrt(p.variance) + 200.0
        first = max(p.support[0], math.floor(p.mean - reach))
        y = np.arange(first, min(p.support[1], p.mean + reach) + 1.0)
        mass = np.exp(p.log_prob(y))
    elif p.log_prob(p.icdf(0.5)) == np.inf:  # each side of a pole, over its probabilities
        t = np.linspace(-3.2, 3.2, 801)
        bent = 0.5 * math.pi * np.sinh(t)
        u = 0.25 * (1.0 + np.tanh(bent))
        weight = 0.125 * math.pi * np.cosh(t) / np.cosh(bent) ** 2 * (t[1] - t[0])
        y, mass = np.concatenate([p.icdf(u), p.isf(u)]), np.tile(weight, 2)
        y, mass = y[inside := np.isfinite(p.log_prob(y))], mass[inside]
    else:
        t = np.linspace(-4.7, 4.7, 6001)
        with np.errstate(all="ignore"):
            y, log_slope = Line(p)(0.5 * math.pi * np.sinh(t))
            mass = np.exp(p.log_prob(y) + log_slope) * 0.5 * math.pi * np.cosh(t) * (t[1] - t[0])
        inside = (y > p.support[0]) & (y < p.support[1]) & (mass > 0.0) & np.isfinite(mass)
        y, mass = y[inside], mass[inside]
    assert math.fsum(mass) == pytest.approx(1.0, abs=2e-5)  # densities may have kinks
    return mass @ (p.log_prob(y) - q.log_prob(y))


def check_shapes(divergence, p, q, batch):
    assert np.shape(divergence.value) == batch
    gradients = zip((p, q), (divergence.gradient_p, divergence.gradient_q), strict=True)
    errors = divergence.standard_error
    for (of, gradient), error in zip(
        gradients, (errors.gradient_p, errors.gradient_q), strict=True
    ):
        assert list(gradient) == list(error) == of.parameters.differentiable
        for name, entry in gradient.items():
            event = of.parameters[name].event(of._values[name])
            assert np.shape(entry) == np.shape(error[name]) == batch + event
    for of, pulled in zip((p, q), divergence.vjp(np.ones(batch)), strict=True):
        for name, entry in pulled.items():
            assert np.shape(entry) == np.shape(getattr(of, name))


@pytest.mark.parametrize(("p_name", "q_name"), PAIRS)
def test_a_pair(p_name, q_name):
    rng = np.random.default_rng([ord(letter) for letter in p_name + q_name])
    for trial in range(3):
        p, q = drawn(rp.get(p_name), rng), drawn(rp.get(q_name), rng)
        if p.event_shape != q.event_shape:
            with pytest.raises(ShapeError, match="draws of p have shape"):
                rp.kl(p, q)
            continue
        divergence = rp.kl(p, q, n=4000, rng=trial)
        check_shapes(divergence, p, q, ())
        if p.event_shape:
            continue
        errors = divergence.standard_error
        if supports_differ(p, q):
            certainly = True
        elif divergence.method == "closed form":
            certainly = False
        elif (certainly := infinite(p, q, 1)) is None:
            continue
        if certainly:
            assert divergence.value == np.inf
            assert divergence.method == "infinite"
            assert any("KL is infinite" in note for note in divergence.notes)
            for gradient in (divergence.gradient_p, divergence.gradient_q):
                assert all(np.all(np.isnan(entry)) for entry in gradient.values())
            continue
        assert divergence.value < np.inf
        wanted = integral(p, q)
        if divergence.exact:
            # what is summed up has kinks
            assert divergence.value == pytest.approx(wanted, rel=1e-4, abs=1e-7)
            assert divergence.notes == ()
        elif infinite(p, q, 2):
            assert errors.value == np.inf
            assert any("infinite variance in KL" in note for note in divergence.notes)
        elif p._tails is not None and any(fall == 0.0 for _, fall in tails(p)):
            continue  # so slow a fall that 4,000 draws miss what is rare and large
        else:
            assert abs(divergence.value - wanted) < 6.0 * errors.value + 1e-12 * (1.0 + abs(wanted))
            assert not any("variance in KL" in note for note in divergence.notes)


@pytest.mark.parametrize(("p_name", "q_name"), PAIRS)
def test_a_pair_in_batches(p_name, q_name):
    """Elements are those of single pairs, where no draws are taken; others have their shapes."""
    rng = np.random.default_rng(1)

    def stacked(name, lead):
        cls = rp.get(name)
        ones = [
            drawn(cls, np.random.default_rng([k, len(name)])) for k in range(lead[-1] * lead[0])
        ]
        values = {}
        for parameter, declared in ones[0].parameters.items():
            entries = [getattr(one, parameter) for one in ones]
            if declared.length_of:
                values[parameter] = entries[0]
                continue
            event = np.shape(entries[0])
            if declared.rank == 1:
                event = min(np.shape(entry) for entry in entries)
                entries = [entry[: event[0]] for entry in entries]
            values[parameter] = np.reshape(entries, lead + event)
        return cls(**values)

    p, q = stacked(p_name, (2, 1)), stacked(q_name, (1, 3))
    try:
        divergence = rp.kl(p, q, n=50, rng=rng)
    except ReparamError:
        assert p.event_shape or q.event_shape
        return
    check_shapes(divergence, p, q, np.broadcast_shapes(p.batch_shape, q.batch_shape))
    assert divergence.exact == (exact(p, q) is not None)
    if () in (p.batch_shape, q.batch_shape):  # no parameter but the length of vectors
        return
    for i, j in product(range(2), range(3)):
        one = rp.kl(element(p, (i, 0)), element(q, (0, j)), n=50, rng=1)
        if one.exact:
            assert divergence.value[i, j] == pytest.approx(one.value, rel=1e-12)
            for side in ("gradient_p", "gradient_q"):
                for name, entry in getattr(one, side).items():
                    found = getattr(divergence, side)[name][i, j]
                    np.testing.assert_allclose(found, entry, rtol=1e-9, atol=1e-12)
        else:
            assert not divergence.exact
            for whole, its in (
                (divergence.standard_error.value[i, j], one.standard_error.value),
                *(
                    (divergence.standard_error.gradient_p[name][i, j], entry)
                    for name, entry in one.standard_error.gradient_p.items()
                ),
            ):
                np.testing.assert_array_equal(np.isinf(whole), np.isinf(its))


def element(distribution, index):
    values = {
        name: getattr(distribution, name)[() if declared.length_of else index]
        for name, declared in distribution.parameters.items()
    }
    return type(distribution)(**values)


EDGES = [
    # p, q of a parameter, the exponent at which KL gets infinite, and that of its variance
    (lambda b: rp.StudentT(b), rp.Gaussian(), 2.0),
    (lambda b: rp.StudentT(b, 3.0, 1e-5), rp.Laplace(), 1.0),
    (lambda b: rp.StudentT(b, 1e6, 1e50), rp.Logistic(0.0, 1e50), 1.0),
    (lambda b: rp.InverseGamma(b, 3.0), rp.Gaussian(), 2.0),
    (lambda b: rp.InverseGamma(b), rp.Gamma(2.0), 1.0),
    (lambda b: rp.InverseGamma(b), rp.ChiSquare(2.0), 1.0),
    (lambda b: rp.BetaPrime(0.3, b), rp.Chi(2.0), 2.0),
    (lambda b: rp.F(3.0, 2.0 * b), rp.Exponential(), 1.0),
    (lambda a: rp.Gamma(a, 20.0), rp.InverseGamma(4.0, 3.0), 1.0),
    (lambda a: rp.Gamma(a, 1e120), rp.InverseGamma(4.0, 1e-120), 1.0),
    (lambda a: rp.Chi(a), rp.InverseGamma(), 1.0),
    (lambda a: rp.ChiSquare(2.0 * a), rp.InverseGamma(), 1.0),
    (lambda a: rp.Beta(a, 0.4), rp.InverseGamma(), 1.0),
    (lambda a: rp.RelaxedBernoulli(a, 1.0), rp.InverseGamma(), 1.0),
    (lambda a: rp.F(2.0 * a, 20.0), rp.InverseGamma(), 1.0),
]


@pytest.mark.parametrize(("p", "q", "edge"), EDGES)
def test_at_the_edge_of_infinity(p, q, edge):
    """No finite divergence is called infinite, however near it is, and no infinite one finite."""
    for exponent in (0.05 * edge, 0.5 * edge, 0.99 * edge, edge):
        found = rp.kl(p(exponent), q, n=10, rng=1)
        assert (found.value, found.method) == (np.inf, "infinite")
    for exponent in (edge * (1.0 + 1e-5), 1.5 * edge, 2.0 * edge):
        found = rp.kl(p(exponent), q, n=10, rng=1)
        assert found.value < np.inf
        assert found.standard_error.value == np.inf
    for exponent in (2.0 * edge * (1.0 + 1e-5), 5.0 * edge, 100.0 * edge):
        found = rp.kl(p(exponent), q, n=10, rng=1)
        assert found.value < np.inf
        assert found.standard_error.value < np.inf


def test_no_formula_is_needed(monkeypatch):
    """Every pair without draws of vectors has an estimate, too."""
    monkeypatch.setattr(registry, "_FORMULAS", {})
    for name in NAMES:
        cls = rp.get(name)
        if not cls().event_shape:
            found = rp.kl(cls(), cls(), n=100, rng=1)
            assert found.value == pytest.approx(0.0, abs=1e-15)
            check_shapes(found, cls(), cls(), ())


@pytest.mark.parametrize("shape", [1e-6, 1e-4, 1e-2, 0.1])
def test_tiny_shapes_have_finite_divergences(shape):
    """Where p dy hardly falls over all doublings that there are, and l grows like log y."""
    for p, q in (
        (rp.Gamma(shape), rp.Logistic()),
        (rp.Beta(shape, 2.0), rp.Laplace()),
        (rp.BetaPrime(shape, 3.0), rp.StudentT()),
        (rp.F(2.0 * shape, 9.0), rp.Gamma(2.0)),
        (rp.StudentT(shape), rp.StudentT(2.0)),
        (rp.InverseGamma(shape), rp.StudentT(2.0)),
        (rp.BetaPrime(2.0, shape), rp.F()),
        (rp.RelaxedBernoulli(shape), rp.Beta(2.0, 2.0)),
    ):
        assert rp.kl(p, q, n=10, rng=1).method == "Monte Carlo"
    for p, q in (
        (rp.Gamma(shape), rp.InverseGamma()),
        (rp.StudentT(shape), rp.Laplace()),
        (rp.InverseGamma(shape), rp.Exponential()),
        (rp.BetaPrime(2.0, shape), rp.Chi()),
        (rp.RelaxedBernoulli(shape), rp.InverseGamma()),
    ):
        assert rp.kl(p, q, n=10, rng=1).method == "infinite"
