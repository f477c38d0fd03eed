"""Addressable randomness: draw i depends on the seed and i, and on nothing else."""

from itertools import pairwise, product

import numpy as np
import pytest
from kinds import DISCRETE, REPARAMETERIZED, marked
from scipy.special import ndtr
from scipy.stats import chisquare, kstest

import reparam as rp
from reparam import sampling
from reparam.engine import noise
from reparam.engine.noise import BLOCK, NORMAL, UNIFORM, Stream
from reparam.errors import CountError, NoiseError, ReparamError, SeedError
from reparam.families import gamma_draws, log_gamma_draws
from reparam.testing import typical

SEED = 2**200 + 1


def everything(draw):
    """Return all that one can ask a draw for, by name."""
    views = {view: getattr(draw, view) for view in draw.distribution._views}
    jacobian = {f"dy_d{name}": entry for name, entry in draw.jacobian().items()}
    return {"value": draw.value, "noise": draw.noise, **views, **jacobian}


def joined(draws):
    parts = [everything(draw) for draw in draws]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def assert_same_bits(actual, expected):
    assert actual.keys() == expected.keys()
    for key, values in expected.items():
        np.testing.assert_array_equal(actual[key], values, err_msg=key, strict=True)


#: Distributions, and how many draws reach into a second block.
CASES = {
    f"{name}-{kind}": (d, n, marked(name))
    for name in REPARAMETERIZED
    for kind, d, n in (
        ("scalar", rp.get(name)(), BLOCK + 5),
        ("batch", typical(rp.get(name), 3), BLOCK // 3 + 2),
    )
}


@pytest.fixture(scope="module", params=[pytest.param(key, marks=CASES[key][2]) for key in CASES])
def case(request):
    """A distribution, a number of draws, and all about them when one thread draws them at once."""
    d, n, _ = CASES[request.param]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPARAM_NUM_THREADS", "1")
        return d, n, everything(d.rsample(n, rng=SEED))


@pytest.fixture(scope="module", params=CASES)
def seam(request):
    """A distribution, draws on both sides of a block's end, and all about them."""
    d, n, _ = CASES[request.param]
    (draw,) = sampling.stream(d, range(n - 100, n + 100), rng=SEED)
    return d, range(n - 100, n + 100), everything(draw)


# The same bits, however the work is divided


@pytest.mark.parametrize("threads", ["2", "8"])
def test_number_of_threads_changes_nothing(case, threads, monkeypatch):
    d, n, whole = case
    monkeypatch.setenv("REPARAM_NUM_THREADS", threads)
    assert_same_bits(everything(d.rsample(n, rng=SEED)), whole)
    np.testing.assert_array_equal(d.sample(n, rng=SEED), whole["value"])


def test_number_of_threads_changes_no_sum(case, monkeypatch):
    d, n, whole = case
    draw = d.rsample(n, rng=SEED)
    sums = []
    for threads in ("1", "8"):
        monkeypatch.setenv("REPARAM_NUM_THREADS", threads)
        sums.append(draw.vjp(np.cos(whole["noise"])))
    assert_same_bits(*sums)


@pytest.mark.parametrize("size", [20_011, BLOCK])
def test_chunks_change_nothing(case, size, monkeypatch):
    d, n, whole = case
    monkeypatch.setattr(sampling, "CHUNK", size)
    chunks = list(sampling.stream(d, range(n), rng=SEED))
    assert len(chunks) == -(-n // (size // d.mean.size))
    assert_same_bits(joined(chunks), whole)


def test_shards_put_together_are_the_whole(case):
    d, n, whole = case
    pieces = (sampling.shard(n, part, 3) for part in (1, 2, 3))
    draws = [draw for p in pieces for draw in sampling.stream(d, p, rng=SEED)]
    assert_same_bits(joined(draws), whole)


def test_pieces_around_the_end_of_a_block_are_the_whole(seam):
    d, numbers, whole = seam
    pieces = [numbers[start : start + 77] for start in range(0, len(numbers), 77)]
    draws = [draw for piece in pieces for draw in sampling.stream(d, piece, rng=SEED)]
    assert_same_bits(joined(draws), whole)
    for threads in ("1", "8"):
        with rp.threads(int(threads)):
            (values,) = sampling.values(d, numbers, rng=SEED)
            np.testing.assert_array_equal(values, whole["value"])


def test_vectors_in_pieces_are_the_whole_and_whole_blocks_draw_no_number_in_vain(monkeypatch):
    d, block = rp.MultivariateStudentT(4.0, np.zeros(3), scale_tril=np.tri(3)), BLOCK // 3
    whole = d.sample(3 * block, rng=SEED)
    for start in (block - 7, 2 * block - 7):
        around = range(start, start + 14)
        for size in (5, 14):
            pieces = (around[k : k + size] for k in range(0, 14, size))
            parts = [v for piece in pieces for v in sampling.values(d, piece, rng=SEED)]
            np.testing.assert_array_equal(np.concatenate(parts), whole[start : start + 14])
    drawn = []
    take = Stream.take

    def counted(stream, kind, number, start, stop, size):
        drawn.append(start % size + stop - start)
        return take(stream, kind, number, start, stop, size)

    monkeypatch.setattr(Stream, "take", counted)
    np.testing.assert_array_equal(d.sample(3 * block, rng=SEED), whole)
    assert sum(drawn) == 3 * block * (3 + 1 + 1)


@pytest.mark.parametrize("name", REPARAMETERIZED)
def test_fewer_draws_are_the_first_of_more(name):
    for d in (rp.get(name)(), typical(rp.get(name), 3)):
        many = d.sample(1000, rng=SEED)
        np.testing.assert_array_equal(d.sample(300, rng=SEED), many[:300])


@pytest.mark.parametrize("name", rp.names())
def test_shape_of_the_sample_changes_nothing(name):
    d = typical(rp.get(name), 3)
    flat = d.sample(20, rng=SEED)
    np.testing.assert_array_equal(d.sample((4, 5), rng=SEED).reshape(flat.shape), flat)


@pytest.mark.parametrize("name", REPARAMETERIZED)
def test_equal_parameters_in_a_batch_draw_what_a_scalar_draws(name):
    cls = rp.get(name)
    batch = cls(**{key: np.full(3, p.default) for key, p in cls.parameters.items()})
    np.testing.assert_array_equal(batch.sample(50, rng=SEED).ravel(), cls().sample(150, rng=SEED))


@pytest.mark.parametrize("name", REPARAMETERIZED)
def test_blocks_are_different(name):
    d = rp.get(name)()
    firsts = (range(block * BLOCK, block * BLOCK + 1) for block in range(40))  # of three families
    values = [next(sampling.values(d, first, rng=SEED))[0] for first in firsts]
    assert len(np.unique(values)) == 40


@pytest.mark.parametrize(("n", "parts"), [(10, 1), (10, 3), (3, 7), (0, 2), (2**63 - 1, 1000)])
def test_shards_partition_the_draws_evenly(n, parts):
    shards = [sampling.shard(n, part, parts) for part in range(1, parts + 1)]
    assert shards[0].start == 0
    assert shards[-1].stop == n
    assert all(one.stop == other.start for one, other in pairwise(shards))
    sizes = {shard.stop - shard.start for shard in shards}
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(("part", "parts"), [(0, 2), (3, 2), (-1, 2), (1, 0)])
def test_shard_that_does_not_exist_is_an_error(part, parts):
    with pytest.raises(CountError, match=f"shard {part}/{parts} does not exist; pass K/N"):
        sampling.shard(10, part, parts)


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_number_of_threads_that_makes_no_sense_is_an_error(text, monkeypatch):
    monkeypatch.setenv("REPARAM_NUM_THREADS", text)
    with pytest.raises(ReparamError, match=f"REPARAM_NUM_THREADS={text} is not a positive"):
        rp.Gaussian().sample(2 * BLOCK, rng=1)


# Streams of noise


@pytest.mark.parametrize("kind", [NORMAL, UNIFORM], ids=lambda kind: kind.name)
@pytest.mark.parametrize("start", [0, 1, BLOCK - 1, BLOCK, 5 * BLOCK + 3, 16 * BLOCK, 2**62])
def test_element_depends_only_on_its_number(kind, start):
    stop = min(start + 10, (start // BLOCK + 1) * BLOCK)
    ten = Stream(SEED).take(kind, 0, start, stop)
    one_by_one = [Stream(SEED).take(kind, 0, i, i + 1)[0] for i in range(start, stop)]
    np.testing.assert_array_equal(ten, one_by_one)


def test_stream_may_be_read_in_any_order():
    stream, blocks = Stream(SEED), [0, 17, 3, 40, 3, 0]
    for block in blocks:
        first = block * BLOCK
        np.testing.assert_array_equal(
            stream.take(UNIFORM, 0, first, first + 5),
            Stream(SEED).take(UNIFORM, 0, first, first + 5),
        )


def test_substreams_and_blocks_have_generators_of_their_own():
    stream = Stream(SEED)
    words = [
        tuple(stream.generator(block, number).integers(0, 2**63, 4))
        for block in range(40)
        for number in range(4)
    ]
    assert len(set(words)) == len(words)


def test_uniform_noise_is_in_the_open_interval_even_where_the_generator_gives_zero():
    class Zeros:
        def random(self, out):
            out[...] = [0.0, 0.5, 1.0 - 2.0**-53, 0.0]

    out = np.empty(4)
    UNIFORM.fill(Zeros(), out)
    assert out.tolist() == [2.0**-54, 0.5, 1.0 - 2.0**-53, 2.0**-54]
    for d in (rp.Exponential(), rp.Logistic(), rp.Laplace()):
        assert np.all(np.isfinite(d.transform(out).value))


@pytest.mark.parametrize("name", REPARAMETERIZED)
def test_noise_of_draws_is_in_its_domain(name):
    d = typical(rp.get(name))
    assert d.noise.domain.first_outside(d.rsample(10_000, rng=SEED).noise) is None


@pytest.mark.parametrize(
    ("d", "value", "message"),
    [
        (rp.Laplace(), 0.0, "noise=0.0 is not in (0, 1); uniform noise is a value strictly"),
        (rp.Laplace(), [0.5, 1.0], "noise[1]=1.0 is not in (0, 1); uniform noise is a value"),
        (rp.Beta(), [[np.nan]], "noise[0, 0]=nan is not in (0, 1); uniform noise is a value"),
        (rp.Gaussian(), np.inf, "noise=inf is not in (-inf, inf); normal noise is a finite value"),
    ],
)
def test_noise_outside_its_domain_is_named_with_rule_and_remedy(d, value, message):
    with pytest.raises(NoiseError) as caught:
        d.transform(value)
    assert message in str(caught.value)


# Seeds (SPEC 7)


@pytest.mark.parametrize(
    "seed", [-1, np.int64(-1), 1.0, 0.5, True, np.True_, "1", [1], (1, 2), b""]
)
def test_what_cannot_seed_is_an_error(seed):
    with pytest.raises(SeedError, match="can't seed random numbers; pass None, a non-negative"):
        rp.Gaussian().sample(3, rng=seed)


@pytest.mark.parametrize("kind", [ValueError, TypeError, ReparamError])
def test_seed_error_is_of_the_expected_built_in_kinds(kind):
    assert issubclass(SeedError, kind)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (7, np.int32(7)),
        (7, np.uint64(7)),
        (7, np.random.SeedSequence(7)),
        (2**200, np.random.SeedSequence(2**200)),
    ],
    ids=repr,
)
def test_spellings_of_a_seed_are_the_same(one, other):
    d = rp.Gamma(2.0)
    np.testing.assert_array_equal(d.sample(5, rng=one), d.sample(5, rng=other))
    np.testing.assert_array_equal(d.sample(5, rng=other), d.sample(5, rng=other))


SEEDS = [
    *(0, 1, 2**32, 2**64, 2**200, 2**200 + 1),
    *np.random.SeedSequence(0).spawn(2),
    np.random.SeedSequence(0, spawn_key=(0, 0)),
    np.random.SeedSequence(0, pool_size=8),
]


def test_different_seeds_give_different_draws():
    draws = [rp.Gaussian().sample(2, rng=seed).tobytes() for seed in SEEDS]
    assert len(set(draws)) == len(draws)


def test_no_seed_gives_different_draws_each_time():
    assert np.all(rp.Gaussian().sample(3) != rp.Gaussian().sample(3))
    assert np.all(rp.Gaussian().sample(3, rng=None) != rp.Gaussian().sample(3, rng=None))


def test_generator_advances():
    generator = np.random.default_rng(5)
    first, second = (rp.Laplace().sample(4, rng=generator) for _ in range(2))
    assert np.all(first != second)
    again = np.random.default_rng(5)
    np.testing.assert_array_equal(rp.Laplace().sample(4, rng=again), first)
    np.testing.assert_array_equal(rp.Laplace().rsample(4, rng=again).value, second)


@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937, np.random.Philox])
def test_any_bit_generator_will_do(bits):
    values = rp.Laplace().sample(4, rng=np.random.Generator(bits(3)))
    np.testing.assert_array_equal(values, rp.Laplace().sample(4, rng=np.random.Generator(bits(3))))


def test_noise_of_a_draw_from_a_generator_is_the_noise_that_made_it():
    generator = np.random.default_rng(5)
    draw = rp.Laplace().rsample(4, rng=generator)
    generator.random(100)
    np.testing.assert_array_equal(rp.Laplace().transform(draw.noise).value, draw.value)


def test_seed_sequence_is_left_as_it_was():
    root = np.random.SeedSequence(9)
    rp.Gamma().rsample(3, rng=root).jacobian()
    assert root.n_children_spawned == 0


@pytest.mark.parametrize("rng", [1, None, np.random.SeedSequence(2)], ids=repr)
def test_numpys_global_state_is_left_as_it_was(rng):
    before = np.random.get_state()  # noqa: NPY002
    for name in REPARAMETERIZED:
        rp.get(name)().rsample(3, rng=rng).jacobian()
    for name in DISCRETE:
        rp.get(name)().sample(3, rng=rng)
    after = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


def test_rng_is_keyword_only():
    with pytest.raises(TypeError):
        rp.Gaussian().sample(3, 42)


def test_further_numbers_are_uniform_and_independent_of_the_noise_that_makes_them():
    rng = np.random.default_rng(5)
    z, u = rng.standard_normal(400_000), rng.random(400_000)
    numbers = (ndtr(z), u, *noise.further(z, u))
    for entry in numbers:
        assert kstest(entry, "uniform").pvalue > 1e-3
    cells = 8 * np.arange(9) / 64  # 8 × 8 cells for each pair, also of the lowest bits
    for k in range(4):
        for one, other in product((numbers[k], (numbers[k] * 2.0**40) % 1.0), numbers[k + 1 :]):
            table = np.histogram2d(one, other, bins=(cells, cells))[0]
            assert chisquare(table.ravel()).pvalue > 1e-4


def test_rejected_proposals_of_a_draw_move_no_other():
    z, u = np.full(5, 0.1), np.full(5, 0.5)
    u[2] = 1.0 - 2.0**-53  # rejected: the density at 0.1 is below the bound
    alone = gamma_draws(z[2:3], u[2:3], np.array(0.3))
    together = gamma_draws(z, u, np.array(0.3))
    for one, many in zip(alone, together, strict=True):
        assert one[0] == many[2]
        assert len({*many[[0, 1, 3, 4]].tolist()}) == 1
    np.testing.assert_array_equal(log_gamma_draws(z, u, np.array(0.3)), together[1])
