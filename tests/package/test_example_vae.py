"""The variational autoencoder of ``examples/``: its gradients, what it learns, what it writes."""

import contextlib
import importlib.util
import io
import re
from pathlib import Path

import numpy as np
import pytest

import reparam as rp

pytestmark = pytest.mark.long

SCRIPT = Path(__file__).parents[2] / "examples/vae.py"
SCORE = ["score, leave-one-out", "score, no baseline"]


@pytest.fixture(scope="module")
def vae():
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    spec = importlib.util.spec_from_file_location("vae", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def images(vae):
    return vae.load_digits().data


@pytest.fixture
def small(vae, images, monkeypatch):
    """A model with few units, whose weights are all of a size to matter, and some images."""
    monkeypatch.setattr(vae, "HIDDEN", 5)
    monkeypatch.setattr(vae, "LATENT", 3)
    rng = np.random.default_rng(2)
    model = vae.new_vae(images, rng)
    for array in arrays(model):
        array += 0.3 * rng.normal(size=array.shape)
    return model, images[:6]


def arrays(model):
    return [*model.encoder, *model.decoder]


def flat(model):
    return np.concatenate([array.ravel() for array in arrays(model)])


def test_gradient_is_the_derivative_in_every_weight_at_fixed_noise(vae, small):
    model, x = small
    step = 1e-4
    numerical = []
    for array in arrays(model):
        for index in np.ndindex(array.shape):
            there, values = array[index], []
            for steps in (-2, -1, 1, 2):
                array[index] = there + steps * step
                values.append(vae.elbo(model, x, rng=7))
            array[index] = there
            numerical.append(np.dot([1, -8, 8, -1], values) / (12 * step))
    gradient = flat(vae.gradient(model, x, 7, "pathwise"))
    assert np.count_nonzero(gradient) > 0.85 * gradient.size  # some pixels are always white
    np.testing.assert_allclose(gradient, numerical, rtol=1e-7, atol=2e-8)


@pytest.mark.parametrize("estimator", SCORE)
def test_score_function_has_the_same_expectation(vae, small, estimator):
    """Some 350 means within 4.5 standard errors: a right one fails in 0.3 % of all seeds."""
    model, x = small

    def difference(seed):
        pathwise, score = (vae.gradient(model, x, seed, name) for name in ("pathwise", estimator))
        assert all(map(np.array_equal, score.decoder, pathwise.decoder))
        pairs = zip(score.encoder, pathwise.encoder, strict=True)
        return np.concatenate([(one - other).ravel() for one, other in pairs])

    differences = np.array([difference(seed) for seed in range(2000)])
    error = differences.std(axis=0, ddof=1) / np.sqrt(len(differences))
    size = np.linalg.norm(flat(vae.gradient(model, x, 1, "pathwise"))[: len(error)])
    assert np.linalg.norm(error) < size / 2
    moves = error > 0.0
    assert np.abs(differences.mean(axis=0)[moves] / error[moves]).max() < 4.5
    assert not differences[:, ~moves].any()


def test_likelihood_is_binomial(vae):
    x, logits = np.arange(17.0), np.linspace(-6.0, 6.0, 5)
    p = 1.0 / (1.0 + np.exp(-logits))
    found = vae.log_likelihood(x[:, None, None], logits[:, None])
    np.testing.assert_allclose(found, rp.Binomial(16, p).log_prob(x[:, None]), rtol=1e-12)
    np.testing.assert_allclose(np.exp(found).sum(axis=0), 1.0, rtol=1e-12)


def test_elbo_is_a_lower_bound(vae, images):
    """log p(x) by importance sampling, whose proposal is q, is above it, by KL(q‖p(z | x))."""
    *_, model = vae.train(images[:200], "pathwise", 3, 1e-3, seed=1)
    x = images[:20]
    q, _ = model.encode(x)
    z = q.sample(5000, rng=2)
    logits, _ = model.decoder.forward(z)
    ratio = (vae.PRIOR.log_prob(z) - q.log_prob(z)).sum(axis=-1)
    log_weights = vae.log_likelihood(x, logits) + ratio
    found = vae.elbo(model, x, rng=3, draws=5000)
    assert abs(found - log_weights.mean()) < 0.2
    evidence = np.log(np.exp(log_weights - log_weights.max(axis=0)).mean(axis=0))
    assert (evidence + log_weights.max(axis=0)).mean() > found + 0.5


@pytest.mark.parametrize("estimator", ["pathwise", *SCORE])
def test_same_seed_same_model(vae, images, estimator):
    def trained(seed):
        *_, model = vae.train(images[:100], estimator, 2, 1e-3, seed)
        return flat(model)

    assert np.array_equal(trained(1), trained(1))
    assert not np.array_equal(trained(1), trained(2))


@pytest.fixture(scope="module")
def run(vae, tmp_path_factory):
    """A short training with two seeds: the folder of its pictures, and what it printed."""
    out = tmp_path_factory.mktemp("pictures") / "new"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        vae.main(["--epochs", "10", "--seed", "1", "2", "--out", str(out)])
    return out, printed.getvalue()


def test_training_raises_the_elbo_and_pathwise_gradients_most(run):
    _, printed = run
    epochs = re.findall(r"^\d+ .*", printed, re.MULTILINE)
    curves = np.array([line.split() for line in epochs], dtype=float)
    assert curves[:, 0].tolist() == [*range(11)] * 2
    for curve in (curves[:11, 1:], curves[11:, 1:]):
        first, last = curve[[0, -1]].reshape(2, 3, 2)
        assert np.all(first == first[0])  # the same model to begin with
        pathwise, leave_one_out, none = last  # in training, and held out
        assert np.all(pathwise > first[0] + 90.0)
        assert np.all(leave_one_out > first[0] + 60.0)
        assert np.all(pathwise > leave_one_out + 10.0)
        assert np.all(leave_one_out > none + 50.0)
    assert not np.array_equal(curves[:11], curves[11:])


def test_variance_is_told_relative_to_pathwise(run):
    _, printed = run
    table = printed.partition("ELBO at the end")[2]
    pathwise, leave_one_out, none = (float(line.split()[-1]) for line in table.splitlines()[1:])
    assert pathwise == 1.0
    assert leave_one_out > 10.0
    assert none > 50.0 * leave_one_out
    assert table.count("±") == 6


def test_pictures_are_written(run):
    from matplotlib.image import imread

    out, _ = run
    sizes = {path.name: path.stat().st_size for path in out.iterdir()}
    assert sorted(sizes) == ["vae-elbo.png", "vae-reconstructions.png", "vae-samples.png"]
    for name, size in sizes.items():
        picture = imread(out / name)
        assert picture.shape[1] == 840
        assert picture[..., :3].min() < 0.1 < 0.9 < picture[..., :3].max()
        assert size < 100_000


@pytest.mark.parametrize("package", ["sklearn", "matplotlib"])
def test_missing_extra_is_said_in_a_line(package, python):
    code = f"import sys, runpy; sys.modules['{package}'] = None; runpy.run_path(sys.argv[1])"
    done = python("-c", code, SCRIPT, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert package in line
    assert 'pip install -e ".[examples]"' in line
