"""The topic model of ``examples/``: it finds the same with PyTorch's Dirichlet distribution."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "examples/topics.py"

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def example():
    pytest.importorskip("torch")
    spec = importlib.util.spec_from_file_location("topics", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    threads = module.torch.get_num_threads()
    module.torch.set_num_threads(1)
    yield module
    module.torch.set_num_threads(threads)


def test_documents_have_few_topics_of_a_line_each(example):
    counts, topics = example.corpus(400, seed=0)
    assert counts.shape == (400, 25)
    assert np.all(counts.sum(-1).numpy() == example.LENGTH)
    assert np.all(topics.sum(axis=1) == 1.0)
    expected = example.LENGTH * topics.mean(axis=0)
    np.testing.assert_allclose(counts.mean(axis=0), expected, rtol=0.25)


def test_both_modules_learn_the_same(example):
    torch, ours = (example.fit(module, 30, 1, 600) for module in example.MODULES.values())
    early = example.fit(example.rpt, 2, 1, 600)[0]
    assert abs(torch[0].elbo - ours[0].elbo) < 4.0
    assert ours[0].elbo > early.elbo + 20.0
    assert ours[0].perplexity < 18.0 < early.perplexity
    assert ours[0].distance < early.distance
    assert ours[1].shape == (10, 25)
    np.testing.assert_allclose(ours[1].sum(axis=1), 1.0, rtol=1e-5)


def test_table(example, capsys):
    example.main(["--epochs", "1", "--documents", "120", "--seed", "1", "2"])
    rows = capsys.readouterr().out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == [*example.MODULES]
    assert all(re.search(r"\d ± \d.*-\d+\.\d ± .*\d+$", row) for row in rows)
