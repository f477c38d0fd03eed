"""Draws are plain arrays: they can be pickled, copied, and returned by worker processes."""

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from kinds import REPARAMETERIZED, VECTORS

import reparam as rp
from reparam import sampling

DRAWS = {
    **{name: rp.get(name)().rsample(5, rng=1) for name in (*REPARAMETERIZED, *VECTORS)},
    "given noise": rp.Laplace([0.0, 1.0]).transform([[0.2], [0.7]]),
    "by quantile": rp.Gamma(2.0).by_quantile().rsample(5, rng=1),
    "truncated": rp.Truncated(rp.Gaussian(), low=1.0).rsample(5, rng=1),
    "part of a stream": next(sampling.stream(rp.Gamma(2.0), range(7, 12), rng=1)),
}


def facts(draw):
    """Return what there is to know of a draw, as lists."""
    jacobian = {name: entry.tolist() for name, entry in draw.jacobian().items()}
    vjp = {name: np.asarray(entry).tolist() for name, entry in draw.vjp(draw.value).items()}
    path, noise = draw.distribution.path, draw.noise
    noise = [each.tolist() for each in (noise if isinstance(noise, tuple) else (noise,))]
    return draw.value.tolist(), noise, jacobian, vjp, path, repr(draw.distribution)


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_copy_knows_the_same(draw):
    known = facts(draw)
    for copied in (pickle.loads(pickle.dumps(draw)), copy.copy(draw), copy.deepcopy(draw)):
        assert facts(copied) == known


def test_draws_of_a_graph():
    draw = rp.Graph("z ~ gaussian(loc=m)\ny ~ gamma(alpha=2, rate=exp(z))\nloss = z*y").at(m=0.5)
    drawn = draw.rsample(20, rng=1)
    again = pickle.loads(pickle.dumps(drawn))
    for name in drawn.value:
        np.testing.assert_array_equal(again.value[name], drawn.value[name])
    assert again.vjp(loss=1.0) == drawn.vjp(loss=1.0)


def drawn_there(alpha):
    return rp.Gamma(alpha).rsample(1000, rng=3)


def test_worker_processes_return_draws():
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        there = pool.submit(drawn_there, 2.0).result()
    assert facts(there) == facts(drawn_there(2.0))
