"""The variational autoencoder in PyTorch of ``examples/``: it learns the same with both modules."""

import importlib.util
import re
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "examples/vae_torch.py"

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def vae():
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    spec = importlib.util.spec_from_file_location("vae_torch", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    threads = module.torch.get_num_threads()
    module.torch.set_num_threads(1)
    yield module
    module.torch.set_num_threads(threads)


@pytest.mark.parametrize("latent", ["gamma", "beta"])
def test_both_modules_learn_the_same(vae, latent):
    found = [vae.train(module, latent, 3, 1, images=300).elbo for module in vae.MODULES.values()]
    first = vae.train(vae.rpt, latent, 1, 1, images=300).elbo
    assert abs(found[0] - found[1]) < 10.0
    assert found[1] > first + 50.0


def test_table(vae, capsys):
    vae.main(["--epochs", "1", "--images", "100"])
    rows = capsys.readouterr().out.splitlines()[1:]
    assert [row.split()[:2] for row in rows] == [
        [latent, name] for latent in vae.LATENTS for name in vae.MODULES
    ]
    assert all(re.search(r"-\d+\.\d +\d+$", row) for row in rows)
