"""Streams of draws: cut into shards and chunks, made ahead, replayed, back-propagated."""

import math
import threading
from itertools import chain, count, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reparam as rp
from reparam import sampling
from reparam.engine.noise import BLOCK
from reparam.errors import CountError, NoiseError
from reparam.gradients import Gradients


@given(n=st.integers(0, 2**63 - 1), parts=st.integers(1, 40))
def test_shards_are_nearly_equal_pieces_in_order(n, parts):
    pieces = [sampling.shard(n, part, parts) for part in range(1, parts + 1)]
    assert pieces[0].start == 0
    assert pieces[-1].stop == n
    assert all(before.stop == after.start for before, after in pairwise(pieces))
    sizes = [piece.stop - piece.start for piece in pieces]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(("part", "parts"), [(0, 4), (5, 4), (-1, 4), (1, 0), (0, 0)])
def test_shards_that_do_not_exist(part, parts):
    with pytest.raises(CountError, match=f"shard {part}/{parts} does not exist"):
        sampling.shard(10, part, parts)


@given(
    start=st.integers(0, 2**62),
    size=st.integers(0, 300),
    batch=st.sampled_from([(), (0,), (1,), (7, 500), (2**19,), (2**20,), (3, 2**20)]),
)
def test_chunks_cover_the_draws_and_are_no_larger_than_said(start, size, batch):
    pieces = list(sampling.chunks(range(start, start + size), batch))
    assert list(chain.from_iterable(pieces)) == list(range(start, start + size))
    for piece in pieces:
        assert len(piece) == 1 or len(piece) * math.prod(batch) <= sampling.CHUNK


def test_a_chunk_is_never_empty():
    assert list(sampling.chunks(range(5, 5), ())) == []


class TestAhead:
    def test_gives_the_items_in_order(self):
        assert list(sampling.ahead(iter(range(50)))) == list(range(50))
        assert list(sampling.ahead(iter(()))) == []

    def test_makes_the_next_while_one_is_in_use(self):
        made = [threading.Event() for _ in range(3)]

        def items():
            for k, event in enumerate(made):
                event.set()
                yield k

        coming = sampling.ahead(items())
        assert next(coming) == 0
        assert made[1].wait(timeout=60.0)
        assert not made[2].is_set()
        coming.close()

    def test_passes_errors_on(self):
        def items():
            yield 1
            raise NoiseError("no more")

        coming = sampling.ahead(items())
        assert next(coming) == 1
        with pytest.raises(NoiseError, match="no more"):
            next(coming)

    def test_may_be_left(self):
        coming = sampling.ahead(count())
        assert next(coming) == 0
        coming.close()
        with pytest.raises(StopIteration):
            next(coming)


def test_a_stream_of_any_range_is_a_part_of_rsample(monkeypatch):
    monkeypatch.setattr(sampling, "CHUNK", 64)
    d = rp.Laplace(loc=[[0.0], [5.0]], scale=[1.0, 2.0, 3.0])
    whole = d.rsample(100, rng=3)
    parts = list(sampling.stream(d, range(17, 90), rng=3))
    assert len(parts) > 1
    np.testing.assert_array_equal(np.concatenate([p.value for p in parts]), whole.value[17:90])
    np.testing.assert_array_equal(np.concatenate([p.noise for p in parts]), whole.noise[17:90])


def test_replay_refuses_bad_noise_before_any_draw():
    with pytest.raises(NoiseError, match=r"noise\[2\]=1.0 is not in \(0, 1\)"):
        sampling.replay(rp.Laplace(), [0.1, 0.5, 1.0])


class TestGradients:
    UPSTREAM = np.random.default_rng(1).standard_normal((40, 3))

    @pytest.fixture
    def d(self):
        return rp.Gamma(alpha=[0.5, 2.0, 30.0], rate=2.0)

    @pytest.fixture
    def draws(self, d, monkeypatch):
        monkeypatch.setattr(sampling, "CHUNK", 30)  # ten draws
        return sampling.stream(d, range(40), rng=3)

    @pytest.fixture
    def whole(self, d):
        return d.rsample(40, rng=3)

    def test_without_upstream(self, d, draws, whole):
        gradients = Gradients(d, draws)
        blocks = list(gradients.blocks())
        assert len(blocks) == 4
        assert gradients.columns == ["noise", "y", "dy_dalpha", "dy_drate"]
        assert all(list(block) == gradients.columns for block in blocks)
        together = {name: np.concatenate([b[name] for b in blocks]) for name in gradients.columns}
        np.testing.assert_array_equal(together["y"], whole.value)
        np.testing.assert_array_equal(together["dy_dalpha"], whole.jacobian()["alpha"])
        assert gradients.totals == {}

    def test_with_upstream(self, d, draws, whole):
        gradients = Gradients(d, draws, self.UPSTREAM)
        blocks = list(gradients.blocks())
        assert gradients.columns[4:] == ["upstream", "dL_dalpha", "dL_drate"]
        assert all(list(block) == gradients.columns for block in blocks)
        products = np.concatenate([block["dL_drate"] for block in blocks])
        np.testing.assert_array_equal(products, self.UPSTREAM * whole.jacobian()["rate"])
        self.assert_totals(gradients.totals, whole)

    def test_sums_alone(self, d, draws, whole):
        gradients = Gradients(d, draws, self.UPSTREAM)
        assert {name: np.shape(total) for name, total in gradients.totals.items()} == {
            "alpha": (3,),
            "rate": (),
        }
        self.assert_totals(gradients.sum(), whole)

    def assert_totals(self, totals, whole):
        for name, expected in whole.vjp(self.UPSTREAM).items():
            np.testing.assert_allclose(totals[name], expected, rtol=1e-13)

    @pytest.mark.parametrize("alpha", [2.0, [0.5, 2.0, 30.0]], ids=["scalar", "batch"])
    def test_totals_beside_columns_have_the_bits_of_the_sums_alone(self, alpha):
        d, draws = rp.Gamma(alpha=alpha, rate=2.0), range(2 * BLOCK + 7)
        upstream = np.cos(np.arange(float(len(draws) * d.mean.size)))
        upstream = upstream.reshape(len(draws), *d.batch_shape)
        beside = Gradients(d, sampling.stream(d, draws, rng=3), upstream)
        for _ in beside.blocks():
            pass
        for name, total in Gradients(d, sampling.stream(d, draws, rng=3), upstream).sum().items():
            np.testing.assert_array_equal(beside.totals[name], total, strict=True)
