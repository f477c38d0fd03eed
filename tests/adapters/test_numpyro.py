"""NumPyro: every distribution of real numbers, against NumPy; and in inference."""

import inspect
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

import reparam as rp
from reparam.adapters.classes import class_names
from reparam.errors import ParameterError, UnknownParameterError
from reparam.registry import BUILT_IN

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")
numpyro = pytest.importorskip("numpyro")
dist = pytest.importorskip("numpyro.distributions")
rpn = pytest.importorskip("reparam.numpyro")
check_grads = pytest.importorskip("jax.test_util").check_grads

SCRIPT = Path(__file__).parents[2] / "examples/svi.py"


LAWS = [name for name in BUILT_IN if name in class_names().values()]


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def typical(name):
    """Return parameters by the library's names: the first of a batch of 2, the others numbers."""
    found = {}
    for parameter, declared in rp.get(name).parameters.items():
        middle = float(declared.typical_at(0.5))
        found[parameter] = middle if declared.differentiable else np.round(middle)
    first = next(iter(found))
    return {**found, first: np.full(2, found[first])}


def class_of(name):
    return getattr(rpn, rp.get(name).__name__)


@pytest.mark.parametrize("name", LAWS)
def test_functions_and_derivatives_are_numpys(name):
    theta, cls = typical(name), class_of(name)
    d, u = rp.get(name)(**theta), np.array([0.2, 0.7])
    y = d.icdf(u)
    density, speed = np.exp(d.log_prob(y)), d.pathwise(y)
    expected = {
        "log_prob": (y, d.log_prob(y), d.stein_score(y), d.score(y)),
        "cdf": (y, d.cdf(y), density, {x: -density * v for x, v in speed.items()}),
        "icdf": (u, y, 1.0 / density, speed),
    }
    own = cls(**theta)
    assert own.batch_shape == (2,)
    assert jnp.all(own.support(y))
    for function, (at, value, slope, partials) in expected.items():

        def call(x, theta, function=function):
            return getattr(cls(**theta), function)(x)

        found, pull = jax.vjp(call, at, theta)
        np.testing.assert_allclose(found, value, rtol=1e-15)
        in_x, in_theta = pull(np.array([1.0, 2.0]))
        np.testing.assert_allclose(in_x, slope * np.array([1.0, 2.0]), rtol=1e-13)
        for parameter, partial in partials.items():
            entries = partial * np.array([1.0, 2.0])
            total = entries if np.ndim(theta[parameter]) else entries.sum()
            np.testing.assert_allclose(in_theta[parameter], total, rtol=1e-11, atol=1e-13)
    draws = own.sample(jax.random.key(3), (4,))
    assert draws.shape == (4, 2)
    assert jnp.all(own.support(draws))


def test_second_derivatives_agree_with_differences():
    def functions(alpha, y, u):
        d = rpn.Gamma(alpha)
        return d.log_prob(y) + d.cdf(y) * d.icdf(u)

    check_grads(functions, (2.0, 1.5, 0.7), order=2, modes=["rev"], rtol=1e-4, atol=1e-5)


def test_moments_and_moving_ends():
    def total(alpha):
        gamma = rpn.Gamma(alpha, rate=2.0)
        end = rpn.GeneralizedExtremeValue(alpha, loc=1.0, scale=2.0).support.lower_bound
        return gamma.mean + gamma.variance, gamma.entropy(), end

    found, slopes = total(3.0), jax.jacrev(total)(3.0)
    d = rp.Gamma(3.0, rate=2.0)
    np.testing.assert_allclose(found, [d.mean + d.variance, d.entropy, 1.0 - 2.0 / 3.0])
    expected = [0.75, jax.grad(lambda a: dist.Gamma(a, 2.0).entropy())(3.0), 2.0 / 9.0]
    np.testing.assert_allclose(slopes, expected, rtol=1e-8)


class TestBehaviour:
    def test_names_are_numpyros(self):
        assert list(inspect.signature(rpn.Beta).parameters)[:2] == [
            "concentration1",
            "concentration0",
        ]
        assert rpn.Normal is rpn.Gaussian
        assert rpn.Beta.reparametrized_params == ["concentration1", "concentration0"]
        assert rpn.Gamma().has_rsample
        assert "Normal" in dir(rpn)
        assert rpn.Gamma.infer_shapes((3, 1), rate=(2,)) == ((3, 2), ())
        with pytest.raises(AttributeError, match="has no attribute 'Poisson'"):
            _ = rpn.Poisson

    def test_draws_depend_on_the_key_alone(self):
        d, key = rpn.Gamma(jnp.array([2.0, 3.0])), jax.random.key(1)
        draws = d.sample(key, (5,))
        np.testing.assert_array_equal(jax.jit(lambda d, k: d.sample(k, (5,)))(d, key), draws)
        assert not np.any(d.sample(jax.random.key(2), (5,)) == draws)

    def test_types_are_kept(self):
        d = rpn.Beta(jnp.array([2.0, 3.0], jnp.float32), 3.0)
        y = d.sample(jax.random.key(0))
        assert y.dtype == d.log_prob(y).dtype == jnp.float32
        expected = rp.Beta([2.0, 3.0], 3.0).log_prob(np.asarray(y, np.float64))
        np.testing.assert_array_equal(d.log_prob(y), expected.astype(np.float32))

    def test_expand_mask_and_event(self):
        d, key = rpn.Gamma(jnp.array([2.0, 3.0])), jax.random.key(1)
        expanded = d.expand((4, 2)).to_event(1)
        assert expanded.sample(key, (3,)).shape == (3, 4, 2)
        y = jnp.full((4, 2), 0.5)
        np.testing.assert_allclose(expanded.log_prob(y), jnp.full(4, d.log_prob(0.5).sum()))
        assert d.mask(False).log_prob(y).sum() == 0.0

    def test_trees_keep_parameters(self):
        d = rpn.Gamma(2.0, rate=3.0)
        doubled = jax.tree.map(lambda x: 2.0 * x, d)
        assert (doubled.concentration, doubled.rate) == (4.0, 6.0)
        log_probs = jax.vmap(lambda a: rpn.Gamma(a).log_prob(1.0))(jnp.array([1.0, 2.0]))
        np.testing.assert_array_equal(log_probs, rpn.Gamma(jnp.array([1.0, 2.0])).log_prob(1.0))

    @pytest.mark.parametrize(
        ("call", "error"),
        [
            (lambda: rpn.Gamma(1.0, 2.0, 3.0), UnknownParameterError),
            (lambda: rpn.Gamma(1.0, alpha=2.0), UnknownParameterError),
            (lambda: rpn.Gamma(scale=2.0), UnknownParameterError),
            (lambda: rpn.Uniform(3.0, 2.0, validate_args=True), ParameterError),
            (lambda: rpn.Gamma(-1.0, validate_args=True), ValueError),
        ],
    )
    def test_mistakes(self, call, error):
        with pytest.raises(error):
            call()


def test_half_line_whose_end_moves_has_a_bijection():
    d = rpn.GeneralizedExtremeValue(0.1, 0.6, jnp.array([0.6, 2.0]))
    y, map_ = d.sample(jax.random.key(0), (4,)), dist.biject_to(d.support)
    np.testing.assert_allclose(map_(map_.inv(y)), y, rtol=1e-9)


def test_svi_example_nears_the_evidence():
    example = run_path(str(SCRIPT))
    counts = example["counts_of"](20, seed=1)
    with jax.enable_x64(False):  # callbacks run in threads that don't see the setting of this one
        found, elbo, _ = example["fit"](counts, rpn.Gamma, steps=400, seed=1)
    evidence = example["evidence"](counts, found)
    assert evidence - 3.0 < elbo < evidence + 0.5
    beginning = example["evidence"](counts, {"a": 1.0, "b": 1.0})
    assert evidence > beginning + 5.0
